"""Compares everything in Flotilla about a NautilusTrader node with the node's own cache."""

import collections
import datetime
import hashlib
from decimal import Decimal

from comparison import Comparison, by, moment

STATUS = {"FILLED": "FILLED", "CANCELED": "CANCELED", "EXPIRED": "EXPIRED", "DENIED": "REJECTED", "REJECTED": "REJECTED"}


def number(value):
    return None if value is None else Decimal(str(value))


def money(text):
    amount, currency = text.split(" ")
    return Decimal(amount), currency


def cost_id(fill_id):
    """The id of a fill's fee: that of the fill, or its hash, because ids of costs are shorter."""
    return fill_id if len(fill_id) <= 64 else hashlib.sha256(fill_id.encode()).hexdigest()


def at(nanoseconds):
    """A time of the node in microseconds, the resolution of the control plane."""
    seconds, rest = divmod(int(nanoseconds), 1_000_000_000)
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).replace(microsecond=rest // 1000)


def rounded(value):
    """An average price, which the node computes as a float."""
    return None if value is None else round(number(value), 9)


def compare(control_plane, name, cache):
    """Compares orders, fills, booked fees, trades, positions, balances and the parts of the net PnL."""
    comparison = Comparison(name)
    trades = control_plane.elements("trades", name)
    _compare_orders(comparison, by(control_plane.elements("orders", name), "order_id"), cache)
    fills = by(control_plane.elements("fills", name), "fill_id")
    costs = by(control_plane.elements("costs", name), "entry_id")
    _compare_fills(comparison, fills, costs, {trade["trade_id"] for trade in trades}, cache)
    _compare_trades(comparison, by(trades, "trade_id"), cache)
    _compare_positions(comparison, control_plane.elements("positions", name), cache)
    _compare_profit(comparison, control_plane.elements("parts", name), trades, cache)
    balances = control_plane.elements("balances", name)
    for member in ("total", "free"):
        own = {(account["id"], currency): number(value) for account in cache["accounts"] for currency, value in account[member].items()}
        comparison.equal(f"{member} balances", {(item["account_id"], item["currency"]): item[member] for item in balances}, own)
    return comparison


def _compare_orders(comparison, orders, cache):
    for order in cache["orders"]:
        key = order["client_order_id"]
        if (reported := comparison.take(orders, key, "order")) is None:
            continue
        symbol, venue = order["instrument_id"].split(".")
        comparison.equal(f"symbol of order {key}", (reported["symbol"], reported["venue"]), (symbol, venue))
        comparison.equal(f"side of order {key}", reported["side"], order["side"])
        if order["emulation_trigger"] == "NO_TRIGGER":
            # A stop order becomes a market order when the emulator releases it.
            comparison.equal(f"type of order {key}", reported["order_type"], order["type"])
        comparison.equal(f"status of order {key}", reported["status"], STATUS.get(order["status"], "OPEN"))
        comparison.equal(f"quantity of order {key}", reported["quantity"], number(order["quantity"]))
        comparison.equal(f"filled quantity of order {key}", reported["filled_quantity"], number(order["filled_qty"]))
        comparison.equal(f"price of order {key}", reported["price"], number(order.get("price")))
        # The node computes average prices as floats, the agent computes those of orders exactly.
        comparison.equal(f"average price of order {key}", rounded(reported["average_price"]), rounded(order["avg_px"]))
        comparison.equal(f"reduce-only of order {key}", reported["is_reduce_only"], order["is_reduce_only"])
        comparison.equal(f"creation of order {key}", moment(reported["created_at"]), at(order["ts_init"]))
    comparison.none_left(orders, "order")


def _compare_fills(comparison, fills, costs, trades, cache):
    for fill in cache["fills"]:
        key = f"{fill['client_order_id']}/{fill['trade_id']}"
        if (reported := comparison.take(fills, key, "fill")) is None:
            continue
        symbol = fill["instrument_id"].split(".")[0]
        comparison.equal(f"order of fill {key}", reported["order_id"], fill["client_order_id"])
        comparison.equal(f"side of fill {key}", (reported["symbol"], reported["side"]), (symbol, fill["order_side"]))
        comparison.equal(f"quantity of fill {key}", reported["quantity"], number(fill["last_qty"]))
        comparison.equal(f"price of fill {key}", reported["price"], number(fill["last_px"]))
        comparison.equal(f"fee of fill {key}", (reported["fee"], reported["fee_currency"]), money(fill["commission"]))
        comparison.equal(f"liquidity of fill {key}", reported["liquidity"], fill["liquidity_side"])
        comparison.equal(f"currency of fill {key}", reported["quote_currency"], fill["currency"])
        comparison.equal(f"time of fill {key}", moment(reported["timestamp"]), at(fill["ts_event"]))
        comparison.equal(f"trade of fill {key} is known", reported["trade_id"] in trades, True)
        if (cost := comparison.take(costs, cost_id(key), "cost")) is not None:
            booked = cost["cost_type"], cost["symbol"], (cost["amount"], cost["currency"]), moment(cost["timestamp"])
            comparison.equal(f"cost {key}", booked, ("FEE", symbol, money(fill["commission"]), at(fill["ts_event"])))
    comparison.none_left(fills, "fill")
    comparison.none_left(costs, "cost")


def _compare_trades(comparison, trades, cache):
    for position in cache["positions"]:
        key = f"{position['position_id']}/{position['ts_opened']}"
        if (reported := comparison.take(trades, key, "trade")) is None:
            continue
        is_closed = position["ts_closed"] is not None
        comparison.equal(f"side of trade {key}", reported["side"], "LONG" if position["entry"] == "BUY" else "SHORT")
        comparison.equal(f"status of trade {key}", reported["status"], "CLOSED" if is_closed else "OPEN")
        comparison.equal(f"quantity of trade {key}", reported["quantity"], number(position["quantity"]))
        entries = sum(number(fill["last_qty"]) for fill in position["fills"] if fill["order_side"] == position["entry"])
        comparison.equal(f"entered quantity of trade {key}", reported["entry_quantity"], entries)
        comparison.equal(f"entry price of trade {key}", rounded(reported["entry_price"]), rounded(position["avg_px_open"]))
        comparison.equal(f"profit of trade {key}", (reported["profit"], reported["currency"]), money(position["realized_pnl"]))
        comparison.equal(f"fees of trade {key}", reported["fees"], _fees(position, reported["currency"]))
        comparison.equal(f"strategy of trade {key}", reported["strategy_name"], position["strategy_id"])
        if is_closed:
            comparison.equal(f"closing of trade {key}", moment(reported["closed_at"]), at(position["ts_closed"]))
            comparison.equal(f"exit price of trade {key}", rounded(reported["exit_price"]), rounded(position["avg_px_close"]))
            comparison.equal(f"current profit of trade {key}", (reported["current_price"], reported["unrealized_profit"]), (None, None))
        elif reported["current_price"] is not None:
            sign = 1 if position["entry"] == "BUY" else -1
            profit = sign * number(position["quantity"]) * (reported["current_price"] - number(position["avg_px_open"]))
            comparison.near(f"current profit of trade {key} at its price", reported["unrealized_profit"], profit, Decimal("1e-6"))
    # The cache forgets a position that a fill has turned. Its fills are in the cache, so the sums of all trades are known.
    comparison.none_left({key: trade for key, trade in trades.items() if trade["status"] != "CLOSED"}, "trade")


def _fees(position, currency):
    """The fees of a position in a currency; None if it has fees in others, because they are not added."""
    fees = {currency: amount for amount, currency in map(money, position["commissions"])}
    return fees.get(currency, Decimal(0)) if fees.keys() <= {currency} else None


def _compare_positions(comparison, positions, cache):
    """The exposure of a symbol is the node's net quantity at a price, in the currency's digits."""
    quantities = collections.Counter()
    for position in cache["positions"]:
        if position["ts_closed"] is None:
            sign = 1 if position["entry"] == "BUY" else -1
            quantities[position["instrument_id"].split(".")[0]] += sign * number(position["quantity"])
    # The market's prices have two digits, and a middle price has a third one.
    comparison.exposures(positions, quantities, 3, 8)


def _compare_profit(comparison, parts, trades, cache):
    fees = collections.Counter()
    for fill in cache["fills"]:
        amount, currency = money(fill["commission"])
        fees[fill["instrument_id"].split(".")[0], currency] += amount
    comparison.booked_fees(parts, fees)
    unknown = {trade["symbol"] for trade in trades if trade["fees"] is None}
    reported = collections.Counter()
    for trade in trades:
        if trade["symbol"] not in unknown:
            reported[trade["symbol"], trade["currency"]] += trade["fees"]
    comparison.equal("fees of trades", dict(reported), {key: value for key, value in fees.items() if key[0] not in unknown})
    # The realized profit is that before fees, which are booked separately. The node subtracts the fees in the currency of the profit.
    gross = collections.Counter()
    for trade in trades:
        gross[trade["symbol"], trade["currency"]] += trade["profit"]
    gross = {key: value + fees[key] for key, value in gross.items()}
    realized = {(part["symbol"], part["currency"]): part["realized"] for part in parts if part["realized_at"]}
    comparison.equal("realized profit", realized, gross)
