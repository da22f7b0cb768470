"""Tests of the translation of NautilusTrader's events, and of the client for Redis."""

import socket
import threading
from decimal import Decimal

import pytest

from flotilla_agent import contract
from flotilla_agent.adapters.nautilus_book import Book
from flotilla_agent.adapters.nautilus_book_json import book_from_json, book_to_json
from flotilla_agent.adapters.nautilus_reports import newest
from flotilla_agent.adapters.nautilus_events import amount, instrument, moment, money, nanoseconds
from flotilla_agent.adapters.redis import Redis, RedisFailure

TIME = 1_795_838_297_000_000_000


def event(kind, number, **members):
    base = {
        "type": kind, "trader_id": "T-1", "strategy_id": "S-1", "instrument_id": "BTCUSDT.BINANCE", "account_id": "BINANCE-1",
        "event_id": f"e{number}", "ts_event": TIME + number * 1000, "ts_init": TIME + number * 1000,
    }
    return {**base, **members}


def initialized(number, order_id="O-1", quantity="2"):
    order = {"client_order_id": order_id, "order_side": "BUY", "order_type": "LIMIT", "quantity": quantity, "options": {"price": "100.5"}}
    return event("OrderInitialized", number, **order)


def filled(number, trade_id, quantity="1", order_id="O-1", side="BUY", price="100.10"):
    return event(
        "OrderFilled", number, client_order_id=order_id, trade_id=trade_id, order_side=side, order_type="LIMIT", last_qty=quantity,
        last_px=price, currency="USDT", commission="0.10 USDT", liquidity_side="MAKER",
    )


def position(kind, number, quantity, last, entry="BUY", **members):
    base = {
        "position_id": "P-1", "entry": entry, "quantity": quantity, "last_qty": last, "last_px": "100.10", "avg_px_open": 100.10000000000001,
        "realized_pnl": "-0.10 USDT", "ts_opened": TIME,
    }
    return event(kind, number, **{**base, **members})


def test_a_filled_order_is_reported_with_its_trade_and_its_newest_state():
    book = Book()
    reports = []
    for step in [initialized(1), filled(2, "a"), position("PositionOpened", 3, "1", "1"), filled(4, "b"), position("PositionChanged", 5, "2", "1")]:
        reports += book.apply(step)
    order, first, second, trade = sorted(newest(reports), key=lambda report: type(report).__name__ != "OrderReport")
    first, second = (report for report in reports if isinstance(report, contract.Fill))
    (trade,) = (report for report in newest(reports) if isinstance(report, contract.TradeReport))
    assert (order.status, order.filled_quantity, order.average_price, order.price) == ("FILLED", 2, Decimal("100.10"), Decimal("100.5"))
    assert (first.fill_id, second.fill_id) == ("O-1/a", "O-1/b")
    assert first.trade_id == second.trade_id == trade.trade_id == f"P-1/{TIME}"
    assert (trade.quantity, trade.entry_quantity, trade.fees) == (2, 2, Decimal("0.20"))
    assert str(trade.entry_price) == "100.10000000000001"
    assert book.orders == {}


def test_a_fill_that_turns_a_position_shares_its_fee_between_two_trades():
    book = Book()
    reports = []
    closed = position("PositionClosed", 5, "0", "1", ts_closed=TIME + 5000)
    opened = position("PositionOpened", 5, "2", "2", "SELL", ts_opened=TIME + 5000)
    for step in [filled(1, "a"), position("PositionOpened", 2, "1", "1"), filled(4, "b", "3", "O-2", "SELL"), closed, opened]:
        reports += book.apply(step)
    first, second = (report for report in newest(reports) if isinstance(report, contract.TradeReport))
    assert (first.status, first.fees, second.status, second.fees) == ("CLOSED", Decimal("0.13"), "OPEN", Decimal("0.07"))
    assert (second.side, second.entry_quantity) == ("SHORT", 2)
    assert len([report for report in reports if isinstance(report, contract.Fill)]) == 2


def test_the_same_events_give_the_same_reports_after_a_restart_at_any_point():
    steps = [
        initialized(1), filled(2, "a"), position("PositionOpened", 3, "1", "1"), event("OrderCanceled", 4, client_order_id="O-1"),
        filled(5, "b"), position("PositionChanged", 6, "2", "1"), event("TradingStateChanged", 7, state="HALTED"),
    ]
    whole, expected = Book(), []
    for step in steps:
        expected += whole.apply(step)
    for cut in range(len(steps)):
        book, reports = Book(), []
        for number, step in enumerate(steps):
            if number == cut:
                book = book_from_json(book_to_json(book))
            reports += book.apply(step)
        assert reports == expected
        assert book_to_json(book) == book_to_json(whole)


def test_a_fill_after_a_cancel_still_counts_and_times_never_go_back():
    book = Book()
    book.apply(initialized(10))
    (canceled,) = book.apply(event("OrderCanceled", 5, client_order_id="O-1"))
    assert canceled.status == "CANCELED"
    assert canceled.updated_at > canceled.created_at
    (order,) = book.apply(filled(6, "a", "2"))
    assert (order.status, order.filled_quantity) == ("FILLED", 2)
    assert order.updated_at > canceled.updated_at


def test_a_position_that_a_new_process_does_not_know_is_closed():
    book = Book()
    book.apply(position("PositionOpened", 1, "1", "1"))
    ended, opened = book.apply(position("PositionOpened", 9, "2", "2", ts_opened=TIME + 9000))
    assert (ended.status, ended.quantity, ended.exit_reason) == ("CLOSED", 0, "forgotten by the node")
    assert (opened.status, opened.quantity) == ("OPEN", 2)


@pytest.mark.parametrize("broken", [{"type": "OrderFilled"}, {"type": "PositionOpened", "position_id": "P"}, {"type": "AccountState"}])
def test_events_of_another_shape_raise_what_the_adapter_expects(broken):
    with pytest.raises((KeyError, TypeError, ValueError)):
        Book().apply(broken)


def test_members_are_exact():
    assert str(amount("0.010000")) == "0.010000"
    assert str(amount(60211.23999999999)) == "60211.23999999999"
    assert money("-0.60211240 USDT") == (Decimal("-0.60211240"), "USDT")
    assert instrument("ETH-PERP.V.1") == ("ETH-PERP.V", "1")
    assert nanoseconds("2026-11-28T03:58:18.594917388Z") == nanoseconds(1_795_838_298_594_917_388) == nanoseconds("1795838298594917388")
    assert moment(1_795_838_298_594_917_388).isoformat() == "2026-11-28T03:58:18.594917+00:00"
    for value in (True, None, "x", "NaN", float("inf")):
        with pytest.raises((TypeError, ValueError)):
            amount(value)


class Answers:
    """A server on loopback that answers each request with the next bytes."""

    def __init__(self, *answers):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"redis://127.0.0.1:{self.listener.getsockname()[1]}"
        self.requests = []
        threading.Thread(target=self._serve, args=[answers], daemon=True).start()

    def _serve(self, answers):
        connection, _ = self.listener.accept()
        with connection:
            for answer in answers:
                self.requests.append(connection.recv(65_536))
                connection.sendall(answer)


def test_redis_replies_are_read():
    server = Answers(b"+OK\r\n", b"*3\r\n:7\r\n$3\r\na\r\n\r\n$-1\r\n", b"-WRONGTYPE no stream\r\n", b"*-1\r\n")
    client = Redis(server.url, "secret", timeout=2)
    assert client.call("XLEN", "key") == [7, b"a\r\n", None]
    with pytest.raises(RedisFailure, match="WRONGTYPE no stream"):
        client.call("XLEN", "key")
    assert client.call("XREAD") is None
    assert server.requests[0] == b"*2\r\n$4\r\nAUTH\r\n$6\r\nsecret\r\n"
    client.close()


@pytest.mark.parametrize("answer", [b"HTTP/1.1 200 OK\r\n", b"$99999999999\r\n", b"$5\r\nab", b"*1\r\n" * 12, b":x\r\n"])
def test_redis_nonsense_is_a_failure(answer):
    client = Redis(Answers(answer).url, None, timeout=1)
    with pytest.raises(RedisFailure):
        client.call("PING")
    client.close()


def test_redis_urls_are_checked():
    for url in ("http://127.0.0.1", "redis://", "redis://host/name"):
        with pytest.raises(ValueError, match="expected redis://"):
            Redis(url, None)
