"""Rules of the contract that JSON Schema cannot express. Descriptions state them, and the server rejects requests that violate them.

Each function changes a schema-valid request so that it satisfies one rule. Deliberately invalid requests are sent unchanged.
"""

import re
from datetime import datetime, timedelta, timezone

import schemathesis


def times(case):
    """A command must expire in the future, and after it was issued."""
    if "expires_at" in case.body:
        case.body["expires_at"] = "9999-12-31T23:59:59Z"
    if "issued_at" in case.body:
        case.body["issued_at"] = datetime.now(timezone.utc).isoformat()


def same_command(case):
    """An acknowledgement must have the command id of its path."""
    case.body["command_id"] = case.path_parameters["command_id"]


def comparison(case):
    """The difference must equal that of the equities, and the comparison must not be dated in the future."""
    not_ahead(case)
    case.body |= {"exchange_equity": case.body["internal_equity"], "difference": 0}


def existing_day(case):
    """A schedule must match some day. With every month, each day of the month exists."""
    minute_hour_day_month_weekday = (case.body.get("schedule_cron") or "").split()
    if len(minute_hour_day_month_weekday) == 5:
        minute_hour_day_month_weekday[3] = "*"
        case.body["schedule_cron"] = " ".join(minute_hour_day_month_weekday)


def not_ahead(case):
    """A report must not be dated ahead of the server's clock."""
    for name in ("timestamp", "updated_at"):
        if isinstance(case.body, dict) and name in case.body:
            case.body[name] = datetime.now(timezone.utc).isoformat()


def one_balance_per_currency(case):
    """A report must have one balance per currency."""
    not_ahead(case)
    if isinstance(case.body, dict):
        case.body["balances"] = list({balance["currency"]: balance for balance in case.body["balances"]}.values())


def trade_status(case):
    """A closed trade must have the time of its end, no quantity and no current price, an open one no end."""
    not_ahead(case)
    if isinstance(case.body, dict) and case.body["status"] == "CLOSED":
        case.body |= {"closed_at": case.body["updated_at"], "quantity": 0}
        case.body.pop("current_price", None)
        case.body.pop("unrealized_profit", None)
    elif isinstance(case.body, dict):
        case.body.pop("closed_at", None)


def short_range(case):
    """Statistics must be of at most 400 days, and histograms of at most 31."""
    if "from" in case.query or "to" in case.query:
        now = datetime.now(timezone.utc)
        case.query |= {"from": (now - timedelta(days=30)).isoformat(), "to": now.isoformat()}


def ended(case):
    """A run must not end in the future."""
    if case.body.get("ended_at") is not None:
        case.body["ended_at"] = datetime.now(timezone.utc).isoformat()


def books_currency(case):
    """Rates must convert other currencies into the books' currency."""
    case.body["quote_currency"] = "USDT"
    for rate in case.body["rates"]:
        if rate["currency"] == "USDT":
            rate["currency"] = "EUR"
        rate["timestamp"] = datetime.now(timezone.utc).isoformat()


RULES = {
    "createCommand": times,
    "acknowledgeCommand": same_command,
    "submitReconcile": comparison,
    "upsertModule": existing_day,
    "reportFxRates": books_currency,
    "updateModuleRun": ended,
    "postMetric": not_ahead,
    "postPosition": not_ahead,
    "postCost": not_ahead,
    "postExecutionSample": not_ahead,
    "postIndex": not_ahead,
    "postResource": not_ahead,
    "postOrder": not_ahead,
    "postFill": not_ahead,
    "postTrade": trade_status,
    "postBalances": one_balance_per_currency,
    "postLogLine": not_ahead,
    "compareBooks": not_ahead,
    "getExecutionHistogram": short_range,
    "getTradeStatistics": short_range,
}


@schemathesis.hook
def before_call(context, case, kwargs):
    # A poll may wait for a minute. One second tests the same code in less time.
    if re.fullmatch(r"([0-9]|[1-5][0-9]|60)s?", str((case.query or {}).get("wait"))):
        case.query["wait"] = "1s"
    rule = RULES.get(case.operation.definition.raw.get("operationId"))
    if rule and case.meta and case.meta.generation.mode.is_positive:
        rule(case)
