"""The HTTP server of the fake exchange: Binance's spot REST API as far as freqtrade (ccxt) asks for it."""

from __future__ import annotations

import dataclasses
import http.server
import json
import re
import socket
import sys
import threading
import time
import typing
import urllib.parse

from account import Account, Order, OrderRefused
from market import INTERVALS, MARKETS, Market, Prices

_Fields = typing.Dict[str, str]


@dataclasses.dataclass(frozen=True)
class Fault:
    """A fault that tests ask for. It applies to requests whose method and URL contain a match of the pattern."""

    pattern: str
    #: `hang`: no answer while the fault is set. `nonsense`: HTML with status 200. `refuse`: Binance's error. `empty`: an order book without
    #: levels, so that nothing is filled in a dry run.
    action: str
    message: str = "Account has insufficient balance for requested action."


class Exchange:
    """A fake exchange for many bots. A bot's base URL may have any prefix, such as `/bot-7`, which names it in faults."""

    def __init__(self, seed: int) -> None:
        self.prices = Prices(seed)
        #: The faults, set by `POST /_faults` with a JSON array of objects.
        self.faults: list[Fault] = []
        self._accounts: dict[str, Account] = {}
        self._lock = threading.Lock()
        self._info = {
            "timezone": "UTC",
            "serverTime": 0,
            "rateLimits": [],
            "exchangeFilters": [],
            "symbols": [_symbol_information(market) for market in MARKETS],
        }

    def account(self, key: str) -> Account:
        """The account of an API key. The first use of a key opens it."""
        with self._lock:
            return self._accounts.setdefault(key, Account(self.prices))

    def respond(self, method: str, path: str, fields: _Fields, key: str, fault: Fault | None) -> typing.Any:
        """The answer to a request as JSON; raises OrderRefused and KeyError."""
        now = time.time()
        name = f"{method} {path}"
        if name == "GET /api/v3/ping":
            return {}
        if name == "GET /api/v3/time":
            return {"serverTime": int(now * 1000)}
        if name == "GET /api/v3/exchangeInfo":
            return self._info
        if name == "GET /api/v3/klines":
            return self._candles(fields, now)
        if name == "GET /api/v3/depth":
            return self._book(self._market(fields), now, is_empty=fault is not None)
        if name in ("GET /api/v3/ticker/24hr", "GET /api/v3/ticker/bookTicker", "GET /api/v3/ticker/price"):
            tickers = [self._ticker(market, now) for market in MARKETS if fields.get("symbol") in (None, market.symbol)]
            return tickers[0] if "symbol" in fields else tickers
        return self._respond_privately(name, fields, self.account(key), now)

    def _respond_privately(self, name: str, fields: _Fields, account: Account, now: float) -> typing.Any:
        if name == "GET /api/v3/account":
            return {"makerCommission": 10, "takerCommission": 10, "canTrade": True, "balances": account.balances()}
        if name == "POST /api/v3/order":
            return account.place(self._market(fields), fields, now).to_json()
        if name == "GET /api/v3/order":
            return account.order(fields, now).to_json()
        if name == "DELETE /api/v3/order":
            return account.cancel(fields, now).to_json()
        if name in ("GET /api/v3/openOrders", "GET /api/v3/allOrders"):
            orders: list[Order] = account.orders(fields.get("symbol"), name.endswith("openOrders"), now)
            return [order.to_json() for order in orders]
        if name == "GET /api/v3/myTrades":
            return account.trades(fields.get("symbol"), fields.get("orderId"))
        if name in ("GET /sapi/v1/capital/config/getall", "GET /sapi/v1/margin/allPairs", "GET /sapi/v1/margin/isolated/allPairs"):
            return []
        if name == "POST /_account":
            # Tests: {"fill_part": "0.3", "fee_currency": "BNB", "holds": true}
            account.fill_part = type(account.fill_part)(fields.get("fill_part", "1"))
            account.fee_currency = fields.get("fee_currency") or None
            account.holds = fields.get("holds") == "true"
            return {}
        raise KeyError(name)

    def _market(self, fields: _Fields) -> Market:
        market = self.prices.market(fields.get("symbol", ""))
        if market is None:
            raise OrderRefused(-1121, "Invalid symbol.")
        return market

    def _candles(self, fields: _Fields, now: float) -> list[list[typing.Any]]:
        interval = INTERVALS.get(fields.get("interval", ""))
        if interval is None:
            raise OrderRefused(-1120, "Invalid interval.")
        limit = min(int(fields.get("limit", "500")), 1000)
        start = int(fields["startTime"]) // 1000 if "startTime" in fields else int(now) - (limit - 1) * interval
        return self.prices.candles(self._market(fields), interval, start, limit, now)

    def _book(self, market: Market, now: float, is_empty: bool) -> dict[str, typing.Any]:
        volume = f"{1_000_000 / market.anchor:.2f}"
        levels = [] if is_empty else range(1, 21)
        bids = [[self.prices.bid(market, now, level), volume] for level in levels]
        asks = [[self.prices.ask(market, now, level), volume] for level in levels]
        return {"lastUpdateId": int(now * 1000), "bids": bids, "asks": asks}

    def _ticker(self, market: Market, now: float) -> dict[str, typing.Any]:
        last = self.prices.text(market, self.prices.price(market, now))
        volume = f"{100_000_000 / market.anchor:.2f}"
        return {
            "symbol": market.symbol,
            "price": last,
            "priceChange": "0",
            "priceChangePercent": "0",
            "weightedAvgPrice": last,
            "prevClosePrice": last,
            "lastPrice": last,
            "lastQty": "1",
            "bidPrice": self.prices.bid(market, now),
            "bidQty": volume,
            "askPrice": self.prices.ask(market, now),
            "askQty": volume,
            "openPrice": last,
            "highPrice": last,
            "lowPrice": last,
            "volume": volume,
            "quoteVolume": "100000000",
            "openTime": int(now - 86400) * 1000,
            "closeTime": int(now * 1000),
            "firstId": 1,
            "lastId": 2,
            "count": 2,
        }


def _symbol_information(market: Market) -> dict[str, typing.Any]:
    tick, step = (f"{10 ** -digits:.{digits}f}" for digits in (market.price_digits, market.quantity_digits))
    return {
        "symbol": market.symbol,
        "status": "TRADING",
        "baseAsset": market.base,
        "quoteAsset": market.quote,
        "baseAssetPrecision": 8,
        "quotePrecision": 8,
        "quoteAssetPrecision": 8,
        "orderTypes": ["LIMIT", "MARKET", "STOP_LOSS_LIMIT"],
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": False,
        "permissions": ["SPOT"],
        "permissionSets": [["SPOT"]],
        "filters": [
            {"filterType": "PRICE_FILTER", "minPrice": tick, "maxPrice": "1000000", "tickSize": tick},
            {"filterType": "LOT_SIZE", "minQty": step, "maxQty": "9000000", "stepSize": step},
            {"filterType": "NOTIONAL", "minNotional": "5"},
        ],
    }


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: ExchangeServer

    def setup(self) -> None:
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def do_GET(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length).decode()
        exchange = self.server.exchange
        if self.path == "/_faults":
            exchange.faults = [Fault(**fault) for fault in json.loads(body)]
            self._send(200, [])
            return
        url = urllib.parse.urlsplit(self.path)
        found = re.search(r"/(?:api|sapi)/v\d/.*|/_account", url.path)
        path = found.group() if found else url.path
        fields = dict(urllib.parse.parse_qsl(url.query + "&" + body))
        request = f"{self.command} {self.path}"
        fault = next((fault for fault in exchange.faults if re.search(fault.pattern, request)), None)
        if fault and fault.action == "hang":
            while fault in exchange.faults:
                time.sleep(0.1)
            self.close_connection = True
        elif fault and fault.action == "nonsense":
            self._send(200, "<html><body>502 Bad Gateway</body></html>")
        elif fault and fault.action == "refuse":
            self._send(400, {"code": -2010, "msg": fault.message})
        else:
            try:
                self._send(200, exchange.respond(self.command, path, fields, self.headers.get("X-MBX-APIKEY", ""), fault))
            except OrderRefused as refusal:
                self._send(400, {"code": refusal.code, "msg": str(refusal)})
            except (KeyError, ValueError, ArithmeticError):
                self._send(404, {"code": -1, "msg": f"the fake exchange does not answer {self.command} {path}"})

    do_POST = do_DELETE = do_PUT = do_GET

    def _send(self, status: int, body: typing.Any) -> None:
        data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *arguments: typing.Any) -> None:
        if self.server.is_verbose:
            super().log_message(*arguments)


class ExchangeServer(http.server.ThreadingHTTPServer):
    """Serves an exchange on loopback."""

    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: object, client_address: object) -> None:
        """Reports an error in a request, except that the client did not wait for the response."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)

    def __init__(self, port: int, seed: int, is_verbose: bool = False) -> None:
        """`port` 0 chooses a free port."""
        super().__init__(("127.0.0.1", port), _Handler)
        self.exchange = Exchange(seed)
        self.is_verbose = is_verbose

    @property
    def url(self) -> str:
        """The base URL."""
        return f"http://127.0.0.1:{self.server_address[1]}"
