"""Compares everything in Flotilla about a freqtrade bot with the bot's own database."""

import collections
import datetime
from decimal import Decimal

from comparison import Comparison, by, moment

STATUS = {"open": "OPEN", "closed": "FILLED", "canceled": "CANCELED", "expired": "EXPIRED", "rejected": "REJECTED"}


def rows(bot):
    """The trades of the bot's database, each with its orders."""
    trades = {trade["id"]: {**trade, "orders": []} for trade in bot.rows("SELECT * FROM trades ORDER BY id")}
    for order in bot.rows("SELECT * FROM orders ORDER BY order_filled_date, order_id"):
        trades[order["ft_trade_id"]]["orders"].append(order)
    return list(trades.values())


def trade_id(trade):
    """The id of a trade in Flotilla."""
    return f"{trade['id']}-{at(trade['open_date']).timestamp() * 1000:.0f}"


def order_id(trade, order):
    """The id of an order in Flotilla."""
    return order["order_id"] if order["order_id"].startswith("dry_run_") else f"{trade['pair']}:{order['order_id']}"


def at(text):
    """A time of the database, in milliseconds as the bot's API has it."""
    time = datetime.datetime.fromisoformat(text).replace(tzinfo=datetime.timezone.utc)
    return time.replace(microsecond=time.microsecond // 1000 * 1000)


def filled_orders(trade, side=None):
    orders = [order for order in trade["orders"] if not order["ft_is_open"] and order["filled"]]
    return [order for order in orders if side in (None, order["ft_order_side"])]


def gross_profit(trade):
    """The profit of a trade in the bot's database before fees, of the part that was sold."""
    sums = {}
    for side in ("buy", "sell"):
        orders = [(order["filled"], order["average"] or order["price"]) for order in filled_orders(trade, side)]
        sums[side] = sum(quantity for quantity, _ in orders), sum(quantity * price for quantity, price in orders)
    (bought, cost), (sold, value) = sums["buy"], sums["sell"]
    return value - cost * sold / bought if sold else Decimal(0)


def compare(control_plane, name, bot, earlier=()):
    """Compares orders, fills, booked fees, trades, positions, balances and realized profit. The bot must not change during the comparison.
    `earlier` are the trades of the bot's databases before this one."""
    comparison = Comparison(name)
    fills = by(control_plane.elements("fills", name), "fill_id")
    orders = by(control_plane.elements("orders", name), "order_id")
    trades = by(control_plane.elements("trades", name), "trade_id")
    costs = by(control_plane.elements("costs", name), "entry_id")
    own = [*earlier, *rows(bot)]
    for trade in own:
        _compare_orders(comparison, orders, trade)
        fees = _compare_fills(comparison, fills, costs, trade)
        _compare_fees(comparison, bot, trade, fees)
        _compare_trade(comparison, trades, trade, fees)
    comparison.none_left(fills, "fill")
    comparison.none_left(trades, "trade")
    comparison.none_left(costs, "cost")
    # freqtrade deletes a trade whose entry was canceled, and with it the order.
    comparison.none_left({key: order for key, order in orders.items() if order["status"] != "CANCELED"}, "order")
    _compare_positions(comparison, control_plane.elements("positions", name), own)
    _compare_profit(comparison, control_plane, name, own)
    balances = {item["currency"]: item["total"] for item in control_plane.elements("balances", name)}
    currencies = {item["currency"]: item["balance"] for item in bot.call("/balance")["currencies"]}
    comparison.equal("balances", balances, currencies)
    return comparison


def _compare_orders(comparison, orders, trade):
    for order in trade["orders"]:
        key = order_id(trade, order)
        if order["status"] == "canceled" and key not in orders:
            # It was placed and canceled between two polls, and freqtrade does not list it.
            continue
        if (reported := comparison.take(orders, key, "order")) is None:
            continue
        comparison.equal(f"status of order {key}", reported["status"], "OPEN" if order["ft_is_open"] else STATUS[order["status"]])
        comparison.equal(f"side of order {key}", reported["side"], order["ft_order_side"].upper())
        comparison.equal(f"symbol of order {key}", reported["symbol"], trade["pair"])
        comparison.equal(f"quantity of order {key}", reported["quantity"], order["amount"] or order["ft_amount"])
        comparison.equal(f"filled quantity of order {key}", reported["filled_quantity"], order["filled"] or 0)


def _compare_fills(comparison, fills, costs, trade):
    """Returns the fees of the fills that Flotilla has, by order."""
    fees = {}
    first_exit = next(iter(filled_orders(trade, "sell")), None)
    for order in filled_orders(trade):
        key = order_id(trade, order)
        if (fill := comparison.take(fills, key, "fill")) is None:
            continue
        comparison.equal(f"quantity of fill {key}", fill["quantity"], order["filled"])
        comparison.equal(f"price of fill {key}", fill["price"], order["average"] or order["price"])
        comparison.equal(f"side of fill {key}", fill["side"], order["ft_order_side"].upper())
        comparison.equal(f"symbol of fill {key}", fill["symbol"], trade["pair"])
        comparison.equal(f"trade of fill {key}", fill["trade_id"], trade_id(trade))
        comparison.equal(f"currency of fill {key}", fill["quote_currency"], "USDT")
        comparison.equal(f"time of fill {key}", moment(fill["timestamp"]), at(order["order_filled_date"]))
        currency = (trade["fee_close_currency"] or "USDT") if order is first_exit else "USDT"
        comparison.equal(f"fee currency of fill {key}", fill["fee_currency"], currency)
        fees[key] = fill["fee"]
        # Each fee is booked once, as it was reported.
        if (cost := comparison.take(costs, key, "cost")) is not None:
            booked = cost["cost_type"], cost["amount"], cost["currency"], cost["symbol"], cost["timestamp"]
            comparison.equal(f"cost {key}", booked, ("FEE", fill["fee"], currency, trade["pair"], fill["timestamp"]))
    return fees


def _compare_fees(comparison, bot, trade, fees):
    """freqtrade stores the fees of all entries as one sum, and of several exits the fee of the first."""
    entries, exits = filled_orders(trade, "buy"), filled_orders(trade, "sell")
    if not all(order_id(trade, order) in fees for order in entries + exits[:1]):
        return
    paid = sum(fees[order_id(trade, order)] for order in entries)
    if len(entries) > 1:
        # On an exchange each entry has its own rate, and freqtrade applies the last one to all.
        tolerance = Decimal("1e-12") if bot.configuration["dry_run"] else trade["fee_open_cost"] / 1000
        comparison.near(f"fees of the entries of trade {trade['id']}", paid, trade["fee_open_cost"], tolerance)
    elif entries:
        comparison.equal(f"fee of the entry of trade {trade['id']}", paid, trade["fee_open_cost"])
    if exits:
        comparison.equal(f"fee of the first exit of trade {trade['id']}", fees[order_id(trade, exits[0])], trade["fee_close_cost"])


def _compare_trade(comparison, trades, trade, fees):
    entries, exits = filled_orders(trade, "buy"), filled_orders(trade, "sell")
    key = trade_id(trade)
    if not entries or (reported := comparison.take(trades, key, "trade")) is None:
        return
    comparison.equal(f"status of trade {key}", reported["status"], "OPEN" if trade["is_open"] else "CLOSED")
    comparison.equal(f"quantity of trade {key}", reported["quantity"], trade["amount"] if trade["is_open"] else 0)
    comparison.equal(f"entered quantity of trade {key}", reported["entry_quantity"], sum(order["filled"] for order in entries))
    comparison.equal(f"entry price of trade {key}", reported["entry_price"], trade["open_rate"])
    is_third = exits and trade["fee_close_currency"] not in (None, "USDT")
    comparison.equal(f"fees of trade {key}", reported["fees"], None if is_third else sum(fees.values()))
    comparison.equal(f"opening of trade {key}", moment(reported["opened_at"]), at(entries[0]["order_filled_date"]))
    comparison.equal(f"entry tag of trade {key}", reported["entry_tag"], trade["enter_tag"])
    comparison.equal(f"exit reason of trade {key}", reported["exit_reason"], trade["exit_reason"])
    if not trade["is_open"]:
        comparison.equal(f"profit of trade {key}", reported["profit"], trade["close_profit_abs"])
        comparison.equal(f"exit price of trade {key}", reported["exit_price"], trade["close_rate"])
        comparison.equal(f"closing of trade {key}", moment(reported["closed_at"]), at(trade["close_date"]))
        comparison.equal(f"current profit of trade {key}", (reported["current_price"], reported["unrealized_profit"]), (None, None))
    elif trade["amount"]:
        # freqtrade computes with floats, and rounds to 8 digits.
        value = trade["amount"] * reported["current_price"] * (1 - trade["fee_close"])
        profit = value - trade["open_trade_value"]
        comparison.near(f"current profit of trade {key} at its price", reported["unrealized_profit"], profit, Decimal("1e-6"))


def _compare_positions(comparison, positions, trades):
    """The exposure of a symbol is the bot's quantity at a price of the exchange, which has few digits."""
    quantities = collections.Counter()
    for trade in trades:
        if trade["is_open"] and trade["amount"]:
            quantities[trade["pair"]] += trade["amount"]
    comparison.exposures(positions, quantities, 8, 18)


def _compare_profit(comparison, control_plane, name, trades):
    """The parts of the net PnL. The fees that freqtrade knows are compared above, so here it is their sum by currency."""
    parts = control_plane.elements("parts", name)
    fees = collections.Counter()
    for fill in control_plane.elements("fills", name):
        fees[fill["symbol"], fill["fee_currency"]] += fill["fee"]
    comparison.booked_fees(parts, fees)
    realized = sum(part["realized"] for part in parts)
    expected = sum(map(gross_profit, trades), Decimal(0))
    # Divisions have no last digit.
    comparison.near("realized profit before fees", realized, expected, Decimal("1e-12"))
