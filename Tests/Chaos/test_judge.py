"""Histories that break each guarantee, to prove that the judge finds every kind of violation."""

import datetime

import pytest

import judge
from history import History, Operation, Window

EPOCH = 1_800_000_000.0


def history(*operations: Operation, windows=()) -> History:
    made = History(EPOCH)
    made.operations, made.windows = list(operations), list(windows)
    return made


def messages(violations) -> list[str]:
    return [f"{violation.check} {violation.subject}: {violation.message}" for violation in violations]


def time(at: float | None) -> str | None:
    return None if at is None else datetime.datetime.fromtimestamp(EPOCH + at, datetime.timezone.utc).isoformat()


# --- Commands -----------------------------------------------------------------------------------------------------------------

def created(identity: str, start: float, end: float, status: int | None = 202, ttl: int = 600) -> Operation:
    return Operation("command", identity, start, end, status, {"instance": "i", "ttl": ttl}, {"status": "PENDING"})


def poll(start: float, *identities: str) -> Operation:
    return Operation("poll", "i", start, start + 0.1, response=[{"command_id": identity} for identity in identities])


def seen(kind: str, identity: str, start: float, status: str) -> Operation:
    return Operation(kind, identity, start, start + 0.1, 200, {"instance": "i"}, {"status": status})


def stored(*rows: tuple[str, str]) -> Operation:
    return Operation("final-commands", "/commands", 90, 91, response=[{"command_id": identity, "status": status} for identity, status in rows])


def test_a_command_with_lost_responses_is_no_violation():
    made = history(created("c", 1, 2, None), created("c", 3, 4), poll(5, "c"), seen("effect", "c", 6, ""), seen("ack", "c", 7, "ACCEPTED"),
                   seen("ack", "c", 8, "COMPLETED"), poll(9), stored(("c", "COMPLETED")))
    assert judge.commands(made) + judge.deliveries(made) == []


def test_a_command_that_takes_effect_twice_is_found():
    made = history(created("c", 1, 2), seen("effect", "c", 3, ""), seen("effect", "c", 4, ""))
    assert messages(judge.commands(made)) == ["commands c: took effect 2 times"]


def test_a_final_status_that_changes_is_found():
    made = history(created("c", 1, 2), seen("ack", "c", 3, "COMPLETED"), seen("status", "c", 4, "CANCELED"))
    assert messages(judge.commands(made)) == ["commands c: was COMPLETED and later CANCELED"]


def test_a_command_that_is_delivered_after_its_end_is_found():
    made = history(created("c", 1, 2), seen("ack", "c", 3, "COMPLETED"), poll(4, "c"))
    assert messages(judge.commands(made)) == ["commands c: was COMPLETED and later PENDING"]


def test_concurrent_observations_may_differ():
    made = history(created("c", 1, 2), seen("ack", "c", 3, "ACCEPTED"), Operation("status", "c", 3.05, 4, response={"status": "PENDING"}))
    assert judge.commands(made) == []


def test_a_different_response_to_a_repeated_request_is_found():
    again = Operation("command", "c", 3, 4, 202, {"instance": "i", "ttl": 600}, {"status": "ACCEPTED"})
    assert messages(judge.commands(history(created("c", 1, 2), again))) == ["commands c: a repeated request got a different response"]
    assert judge.commands(history(created("c", 1, 2), created("c", 3, 4))) == []


def test_a_lost_acknowledged_command_is_found():
    assert messages(judge.commands(history(created("c", 1, 2), stored()))) == ["commands c: was acknowledged but is stored 0 times"]


def test_a_command_without_a_response_that_is_stored_twice_is_found():
    made = history(created("c", 1, 2, None), stored(("c", "PENDING"), ("c", "PENDING")))
    assert messages(judge.commands(made)) == ["commands c: is stored 2 times"]


def test_a_command_that_no_operator_created_is_found():
    made = history(poll(1, "c"), stored(("c", "PENDING")))
    assert messages(judge.commands(made) + judge.deliveries(made)) == [
        "commands c: is stored, but no client sent it", "commands c: was delivered, but no operator created it"]


def test_a_delivery_in_the_wrong_order_is_found():
    made = history(created("a", 1, 2), created("b", 3, 4), poll(5, "b", "a"))
    assert messages(judge.deliveries(made)) == ["order i: b was delivered before a but created after it"]


def test_concurrently_created_commands_have_no_order():
    made = history(created("a", 1, 4), created("b", 3, 4), poll(5, "b", "a"))
    assert judge.deliveries(made) == []


def test_a_poll_that_omits_a_command_is_found():
    assert messages(judge.deliveries(history(created("a", 1, 2), poll(3)))) == ["delivery a: a poll of i did not return it"]


def test_a_poll_may_omit_canceled_and_expired_commands():
    made = history(created("a", 1, 2), seen("cancel", "a", 3, "CANCELED"), created("b", 1, 2, ttl=3), poll(5))
    assert judge.deliveries(made) == []


# --- Money --------------------------------------------------------------------------------------------------------------------

def cost(identity: str, start: float, end: float, amount: str, status: int | None = 202, cost_type: str = "FEE") -> Operation:
    return Operation("cost", identity, start, end, status, {"cost_type": cost_type, "amount": amount})


def sums(start: float, fees=None, funding=None, realized=None) -> Operation:
    return Operation("sums", "s", start, start + 0.5,
                     response={"fees": fees, "funding": funding, "realized": realized, "unrealized": None, "net_pnl": None})


def test_a_sum_may_include_or_omit_a_pending_entry():
    made = history(cost("a", 1, 2, "1.5"), cost("b", 3, 8, "-0.25", None), cost("b", 9, 10, "-0.25"), sums(2.5, "1.5"), sums(4, "1.5"),
                   sums(5, "1.25"), sums(11, "1.25"))
    assert judge.money(made) == []


@pytest.mark.parametrize("read", [None, "0", "1.4999", "3"])
def test_a_sum_that_omits_or_doubles_an_acknowledged_entry_is_found(read):
    violations = judge.money(history(cost("a", 1, 2, "1.5"), sums(3, read)))
    assert messages(violations) == [f"money fees: read {read}; the acknowledged entries sum to 1.5000; pending entries: 0"]


def test_a_sum_with_a_rejected_entry_is_found():
    violations = judge.money(history(cost("a", 1, 2, "1"), cost("b", 1, 2, "2", 422), sums(3, "3")))
    assert messages(violations) == ["money fees: read 3; the acknowledged entries sum to 1.0000; pending entries: 0"]


def test_a_pending_entry_that_counts_twice_is_found():
    violations = judge.money(history(cost("a", 1, 2, "1"), cost("b", 3, 8, "0.25", None), sums(9, "1.5"), sums(10, "1")))
    assert messages(violations) == ["money fees: read 1.5; the acknowledged entries sum to 1.0000; pending entries: 1"]


def pnl(start: float, value: str, status: int | None = 202) -> Operation:
    return Operation("pnl", "i", start, start + 0.5, status, {"value": value, "at": start})


def test_only_the_newest_profit_counts():
    made = history(pnl(1, "10"), pnl(2, "-3.5", None), sums(1.7, realized="10"), sums(3, realized="-3.5"), sums(4, realized="10"))
    assert judge.money(made) == []
    made = history(pnl(1, "10"), pnl(2, "-3.5"), sums(3, realized="10"))
    assert messages(judge.money(made)) == [
        "money realized: read 10, which no combination of reports explains; lowest sum: -3.5000; instances with pending reports: 0"]


def test_a_net_pnl_that_is_not_the_sum_of_its_parts_is_found():
    read = Operation("sums", "s", 3, 4, response={"realized": "0", "unrealized": "0", "fees": "0", "funding": "0", "net_pnl": "1"})
    assert messages(judge.money(history(read))) == ["money net_pnl: is not the sum of its parts"]


def test_an_older_position_that_replaces_a_newer_one_is_found():
    def report(start, net):
        return Operation("position", "i", start, start + 0.5, 202, {"net": net, "at": start})

    read = Operation("final-positions", "/", 9, 10, response=[{"instance_id": "i", "net_exposure": "1"}])
    assert messages(judge.positions(history(report(1, "1"), report(2, "2"), read))) == [
        "positions i: the newest report is not stored; stored: 1.0000"]
    assert judge.positions(history(report(1, "2"), report(2, "1"), read)) == []


# --- Acknowledged writes ------------------------------------------------------------------------------------------------------

def booked(*rows: tuple[str, str]) -> Operation:
    return Operation("final-costs", "/", 9, 10, response=[{"entry_id": identity, "amount": amount} for identity, amount in rows])


def test_lost_doubled_changed_and_unknown_entries_are_found():
    made = history(cost("gone", 1, 2, "1"), cost("twice", 1, 2, "1"), cost("other", 1, 2, "1"), cost("right", 1, 2, "1"),
                   cost("open", 1, 2, "1", None), booked(("twice", "1"), ("twice", "1"), ("other", "1.5"), ("right", "1.0"), ("new", "1")))
    assert messages(judge.ledger(made)) == [
        "ledger gone: was acknowledged but is stored 0 times", "ledger twice: was acknowledged but is stored 2 times",
        "ledger new: is stored, but no client sent it", "ledger other: is stored with the amount 1.5"]


def entries(*rows: tuple[int, str, str]) -> Operation:
    return Operation("final-audit", "/", 9, 10, response=[{"ordinal": ordinal, "action": action, "target_id": target, "result": "SUCCESS"}
                                                        for ordinal, action, target in rows])


def test_missing_and_doubled_audit_entries_are_found():
    made = history(created("a", 1, 2), created("b", 1, 2), created("b", 3, 4), created("c", 1, 2, None), seen("cancel", "a", 3, "CANCELED"),
                   entries((1, "COMMAND_CREATE", "b"), (2, "COMMAND_CREATE", "b"), (2, "COMMAND_CANCEL", "a")))
    assert messages(judge.audit(made)) == [
        "audit a: has 0 COMMAND_CREATE entries, expected 1", "audit b: has 2 COMMAND_CREATE entries, expected 1",
        "audit 2: 2 entries have this ordinal"]


def test_a_broken_chain_is_found():
    response = {"is_intact": False, "broken_at": 7, "reason": "changed"}
    made = history(entries(), Operation("final-verification", "chain", 1, 2, response=response))
    assert messages(judge.audit(made)) == ["audit chain: is broken at 7: changed"]


def test_a_rejected_valid_request_is_found():
    assert messages(judge.rejections(history(created("a", 1, 2, 409)))) == ["rejections a: command was rejected"]
    assert judge.rejections(history(Operation("cancel", "a", 1, 2, 409))) == []


# --- Events -------------------------------------------------------------------------------------------------------------------

def event(identity: str, at: float = 1, kind: str = "command") -> Operation:
    return Operation("event", identity, at, at, sent={"kind": kind, "key": "k", "stream": 1})


LOG = Operation("final-events", "log", 9, 10, response=["9-1", "10-2", "10-3", "11-4"])


def test_events_in_order_are_no_violation():
    assert judge.events(history(event("9-1"), event("10-2"), event("10-3"), event("11-4"), LOG)) == []
    assert judge.events(history(event("9-1"), event("", kind="reset"), event("11-4"), LOG)) == []
    # It was committed after the log had been read.
    assert judge.events(history(event("9-1"), event("10-2"), event("10-3"), event("11-4"), event("12-5", at=9.5), LOG)) == []


@pytest.mark.parametrize("identities, expected", [
    (["9-1", "10-2", "11-4"], ["events 10-3: was not delivered"]),
    (["9-1", "10-2", "10-3"], ["events 11-4: was not delivered"]),
    (["9-1", "10-2", "10-2", "10-3", "11-4"], ["events 10-2: was delivered twice"]),
    (["9-1", "10-3", "10-2", "11-4"], ["events 10-2: was delivered after 10-3"]),
    (["9-1", "10-2", "10-3", "10-9", "11-4"], ["events 10-9: was delivered but is not stored"]),
])
def test_missing_doubled_misordered_and_unknown_events_are_found(identities, expected):
    assert messages(judge.events(history(*map(event, identities), LOG))) == expected


# --- Alerts -------------------------------------------------------------------------------------------------------------------

def beats(*times: float) -> list[Operation]:
    return [Operation("heartbeat", "i", at, at + 0.1, 202) for at in times]


def alert(first: float, resolved: float | None = None, identity: str = "a", kind: str = "final-alerts", at: float = 200) -> Operation:
    row = {"alert_id": identity, "source": "heartbeat_monitor", "target_id": "i", "first_at": time(first), "resolved_at": time(resolved)}
    return Operation(kind, "live", at, at + 1, response=[row])


NONE = Operation("final-alerts", "live", 200, 201, response=[])


def alerts(*operations: Operation, windows=()) -> list[str]:
    return messages(judge.alerts(history(*operations, windows=windows), stale=30))


def test_a_loss_and_a_return_with_an_alert_are_no_violation():
    assert alerts(*beats(1, 60, 85, 110, 135, 160, 185), alert(33, 60.05)) == []


def test_missing_and_late_alerts_are_found():
    missing = ["alerts i: silent from 1.0 to 60.0 without an alert by 41.0 (never raised)"]
    assert alerts(*beats(1, 60, 85, 110, 135, 160, 185), NONE) == missing
    late = "alerts i: silent from 1.0 to 60.0 without an alert by 41.0 (raised at 45.0)"
    assert late in alerts(*beats(1, 60, 85, 110, 135, 160, 185), alert(45, 60.05))


def test_an_outage_extends_the_time_for_an_alert():
    away = Window("kill-everything", 10, 28, True)
    assert alerts(*beats(1, 60, 85, 110, 135, 160, 185), alert(50, 60.05), windows=[away]) == []
    here = Window("cut", 10, 28, False)
    assert alerts(*beats(1, 60, 85, 110, 135, 160, 185), alert(50, 60.05), windows=[here]) != []


def test_an_alert_for_an_instance_that_is_not_lost_is_found():
    assert alerts(*beats(1, 20, 40, 60), alert(45, 60.05, at=62)) == ["alerts i: raised at 45.0 after only 5.0 s of silence that counts"]


def test_silence_during_an_outage_does_not_count():
    away = Window("hang-api", 5, 45, True)
    assert alerts(*beats(1, 46), alert(40, 46.05, at=50), windows=[away]) == ["alerts i: raised at 40.0 after only 8.0 s of silence that counts"]


def test_overlapping_outages_count_once():
    away = [Window("hang-api", 5, 45, True), Window("kill-postgres", 20, 44, True)]
    assert alerts(*beats(1, 90), alert(85, 90.05, at=95), windows=away) == []
    early = ["alerts i: raised at 50.0 after only 13.0 s of silence that counts"]
    assert alerts(*beats(1, 52), alert(50, 52.05, at=60), windows=away) == early


def test_silence_while_a_server_may_have_listened_counts():
    slow = Window("slow-fsync", 5, 25, True, False)
    assert alerts(*beats(1, 46), alert(33, 46.05, at=50), windows=[slow]) == []
    assert alerts(*beats(1, 70), alert(60, 70.05, at=75), windows=[slow]) == []


def test_an_alert_that_is_not_resolved_in_time_is_found():
    assert alerts(*beats(1, 60, 80, 100), alert(33, at=110)) == ["alerts i: returned at 60.1, but the alert raised at 33.0 is still open"]
    assert alerts(*beats(1, 60, 80, 100), alert(33, 75, at=110)) == ["alerts i: returned at 60.1, but the alert raised at 33.0 was resolved at 75.0"]


def test_an_alert_that_is_resolved_without_a_return_is_found():
    assert alerts(*beats(1), alert(33, 50, at=60)) == ["alerts i: the alert raised at 33.0 was resolved at 50.0 without a heartbeat"]


def test_two_live_alerts_in_one_list_and_a_deleted_alert_are_found():
    both = Operation("alerts", "live", 50, 51, response=[*alert(33).response, *alert(34, identity="b").response])
    assert alerts(*beats(1), both, alert(33, at=60)) == [
        "alerts i: has 2 live alerts", "alerts i: alert b was listed before and is missing at the end"]


def test_alerts_whose_times_overlap_are_found():
    rows = Operation("final-alerts", "live", 100, 101, response=[*alert(33, 60.05).response, *alert(50, 60.05, "b").response])
    assert alerts(*beats(1, 60, 80), rows) == ["alerts i: two live alerts at the same time, raised at 33.0 and at 50.0"]


def test_the_report_lists_only_related_operations_and_faults():
    away = Window("kill-api", 2.5, 2.75, True)
    made = history(created("x", 0, 1), created("a", 1, 2), poll(3), windows=[away, Window("restart", 50, 51, True)])
    text = judge.report(made, [violation for violation in judge.deliveries(made) if violation.subject == "a"])
    assert text.splitlines() == [
        "VIOLATION delivery a: a poll of i did not return it",
        '    08:00:01.000     1.000–2.000 command a {"instance": "i", "ttl": 600} → 202 {"status": "PENDING"}',
        '    08:00:02.500     2.500–2.750 fault kill-api',
        "    08:00:03.000     3.000–3.100 poll i {} → 200 []"]


def test_the_report_counts_omitted_violations():
    made = history(*(created(identity, 1, 2) for identity in "abcdefg"), stored())
    assert judge.report(made, judge.commands(made)).splitlines()[-1] == "VIOLATION commands: 2 more"
