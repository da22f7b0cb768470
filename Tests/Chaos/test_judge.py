"""Each promise, broken by hand: a judge that cannot fail judges nothing."""

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

def given(identity: str, start: float, end: float, status: int | None = 202, ttl: int = 600) -> Operation:
    return Operation("command", identity, start, end, status, {"instance": "i", "ttl": ttl}, {"status": "PENDING"})


def poll(start: float, *identities: str) -> Operation:
    return Operation("poll", "i", start, start + 0.1, answer=[{"command_id": identity} for identity in identities])


def seen(kind: str, identity: str, start: float, status: str) -> Operation:
    return Operation(kind, identity, start, start + 0.1, 200, {"instance": "i"}, {"status": status})


def stored(*rows: tuple[str, str]) -> Operation:
    return Operation("final-commands", "/commands", 90, 91, answer=[{"command_id": identity, "status": status} for identity, status in rows])


def test_a_command_with_its_lost_answers_is_right():
    made = history(given("c", 1, 2, None), given("c", 3, 4), poll(5, "c"), seen("effect", "c", 6, ""), seen("ack", "c", 7, "ACCEPTED"),
                   seen("ack", "c", 8, "COMPLETED"), poll(9), stored(("c", "COMPLETED")))
    assert judge.commands(made) + judge.deliveries(made) == []


def test_two_effects():
    made = history(given("c", 1, 2), seen("effect", "c", 3, ""), seen("effect", "c", 4, ""))
    assert messages(judge.commands(made)) == ["commands c: 2 effects"]


def test_a_final_status_that_changes():
    made = history(given("c", 1, 2), seen("ack", "c", 3, "COMPLETED"), seen("status", "c", 4, "CANCELED"))
    assert messages(judge.commands(made)) == ["commands c: was COMPLETED, and later CANCELED"]


def test_a_command_that_is_delivered_after_its_end():
    made = history(given("c", 1, 2), seen("ack", "c", 3, "COMPLETED"), poll(4, "c"))
    assert messages(judge.commands(made)) == ["commands c: was COMPLETED, and later PENDING"]


def test_observations_at_once_may_differ():
    made = history(given("c", 1, 2), seen("ack", "c", 3, "ACCEPTED"), Operation("status", "c", 3.05, 4, answer={"status": "PENDING"}))
    assert judge.commands(made) == []


def test_a_repeated_request_that_is_answered_otherwise():
    again = Operation("command", "c", 3, 4, 202, {"instance": "i", "ttl": 600}, {"status": "ACCEPTED"})
    assert messages(judge.commands(history(given("c", 1, 2), again))) == ["commands c: a repeated request was answered otherwise than the first"]
    assert judge.commands(history(given("c", 1, 2), given("c", 3, 4))) == []


def test_an_acknowledged_command_that_is_gone():
    assert messages(judge.commands(history(given("c", 1, 2), stored()))) == ["commands c: was acknowledged, and is stored 0 times"]


def test_a_command_that_is_stored_twice_although_nobody_answered():
    made = history(given("c", 1, 2, None), stored(("c", "PENDING"), ("c", "PENDING")))
    assert messages(judge.commands(made)) == ["commands c: is stored 2 times"]


def test_a_command_that_nobody_gave():
    made = history(poll(1, "c"), stored(("c", "PENDING")))
    assert messages(judge.commands(made) + judge.deliveries(made)) == [
        "commands c: is stored, and nobody sent it", "commands c: was delivered, and nobody gave it"]


def test_delivery_in_another_order_than_that_of_giving():
    made = history(given("a", 1, 2), given("b", 3, 4), poll(5, "b", "a"))
    assert messages(judge.deliveries(made)) == ["order i: b was delivered before a, and given behind it"]


def test_commands_that_were_given_at_once_have_no_order():
    made = history(given("a", 1, 4), given("b", 3, 4), poll(5, "b", "a"))
    assert judge.deliveries(made) == []


def test_a_poll_that_leaves_a_command_out():
    assert messages(judge.deliveries(history(given("a", 1, 2), poll(3)))) == ["delivery a: i polled and did not get it"]


def test_a_poll_leaves_out_what_was_canceled_or_has_expired():
    made = history(given("a", 1, 2), seen("cancel", "a", 3, "CANCELED"), given("b", 1, 2, ttl=3), poll(5))
    assert judge.deliveries(made) == []


# --- Money --------------------------------------------------------------------------------------------------------------------

def cost(identity: str, start: float, end: float, amount: str, status: int | None = 202, cost_type: str = "FEE") -> Operation:
    return Operation("cost", identity, start, end, status, {"cost_type": cost_type, "amount": amount})


def books(start: float, fees=None, funding=None, realized=None) -> Operation:
    return Operation("books", "s", start, start + 0.5,
                     answer={"fees": fees, "funding": funding, "realized": realized, "unrealized": None, "net_pnl": None})


def test_sums_with_undecided_entries_are_right():
    made = history(cost("a", 1, 2, "1.5"), cost("b", 3, 8, "-0.25", None), cost("b", 9, 10, "-0.25"), books(2.5, "1.5"), books(4, "1.5"),
                   books(5, "1.25"), books(11, "1.25"))
    assert judge.money(made) == []


@pytest.mark.parametrize("read", [None, "0", "1.4999", "3"])
def test_a_sum_without_an_acknowledged_entry_or_with_one_twice(read):
    violations = judge.money(history(cost("a", 1, 2, "1.5"), books(3, read)))
    assert messages(violations) == [f"money fees: read {read}; acknowledged entries sum to 1.5000, 0 entries are undecided"]


def test_an_entry_that_was_refused_is_in_no_sum():
    violations = judge.money(history(cost("a", 1, 2, "1"), cost("b", 1, 2, "2", 422), books(3, "3")))
    assert messages(violations) == ["money fees: read 3; acknowledged entries sum to 1.0000, 0 entries are undecided"]


def test_an_undecided_entry_that_counts_twice():
    violations = judge.money(history(cost("a", 1, 2, "1"), cost("b", 3, 8, "0.25", None), books(9, "1.5"), books(10, "1")))
    assert messages(violations) == ["money fees: read 1.5; acknowledged entries sum to 1.0000, 1 entries are undecided"]


def pnl(start: float, value: str, status: int | None = 202) -> Operation:
    return Operation("pnl", "i", start, start + 0.5, status, {"value": value, "at": start})


def test_the_newest_profit_counts():
    made = history(pnl(1, "10"), pnl(2, "-3.5", None), books(1.7, realized="10"), books(3, realized="-3.5"), books(4, realized="10"))
    assert judge.money(made) == []
    made = history(pnl(1, "10"), pnl(2, "-3.5"), books(3, realized="10"))
    assert messages(judge.money(made)) == ["money realized: read 10, which no choice among 0 undecided instances explains; at least -3.5000"]


def test_a_net_that_is_not_the_sum_of_its_parts():
    read = Operation("books", "s", 3, 4, answer={"realized": "0", "unrealized": "0", "fees": "0", "funding": "0", "net_pnl": "1"})
    assert messages(judge.money(history(read))) == ["money net_pnl: is not the sum of its parts"]


def test_an_older_position_that_stands():
    def report(start, net):
        return Operation("position", "i", start, start + 0.5, 202, {"net": net, "at": start})

    read = Operation("final-positions", "/", 9, 10, answer=[{"instance_id": "i", "net_exposure": "1"}])
    assert messages(judge.positions(history(report(1, "1"), report(2, "2"), read))) == ["positions i: 10000 is stored"]
    assert judge.positions(history(report(1, "2"), report(2, "1"), read)) == []


# --- Acknowledged writes ------------------------------------------------------------------------------------------------------

def booked(*rows: tuple[str, str]) -> Operation:
    return Operation("final-costs", "/", 9, 10, answer=[{"entry_id": identity, "amount": amount} for identity, amount in rows])


def test_entries_that_are_gone_doubled_changed_or_made_up():
    made = history(cost("gone", 1, 2, "1"), cost("twice", 1, 2, "1"), cost("other", 1, 2, "1"), cost("right", 1, 2, "1"),
                   cost("open", 1, 2, "1", None), booked(("twice", "1"), ("twice", "1"), ("other", "1.5"), ("right", "1.0"), ("new", "1")))
    assert messages(judge.ledger(made)) == [
        "ledger gone: was acknowledged, and is stored 0 times", "ledger twice: was acknowledged, and is stored 2 times",
        "ledger new: is stored, and nobody sent it", "ledger other: is booked with 1.5"]


def entries(*rows: tuple[int, str, str]) -> Operation:
    return Operation("final-audit", "/", 9, 10, answer=[{"ordinal": ordinal, "action": action, "target_id": target, "result": "SUCCESS"}
                                                        for ordinal, action, target in rows])


def test_an_action_without_its_entry_and_with_two():
    made = history(given("a", 1, 2), given("b", 1, 2), given("b", 3, 4), given("c", 1, 2, None), seen("cancel", "a", 3, "CANCELED"),
                   entries((1, "COMMAND_CREATE", "b"), (2, "COMMAND_CREATE", "b"), (2, "COMMAND_CANCEL", "a")))
    assert messages(judge.audit(made)) == [
        "audit a: has 0 entries COMMAND_CREATE, expected 1", "audit b: has 2 entries COMMAND_CREATE, expected 1",
        "audit 2: the number was given 2 times"]


def test_a_broken_chain():
    answer = {"is_intact": False, "broken_at": 7, "reason": "changed"}
    made = history(entries(), Operation("final-verification", "chain", 1, 2, answer=answer))
    assert messages(judge.audit(made)) == ["audit chain: is broken at 7: changed"]


def test_a_valid_request_that_is_refused():
    assert messages(judge.refusals(history(given("a", 1, 2, 409)))) == ["refusals a: command was refused"]
    assert judge.refusals(history(Operation("cancel", "a", 1, 2, 409))) == []


# --- Events -------------------------------------------------------------------------------------------------------------------

def event(identity: str, at: float = 1, kind: str = "command") -> Operation:
    return Operation("event", identity, at, at, sent={"kind": kind, "key": "k", "stream": 1})


LOG = Operation("final-events", "log", 9, 10, answer=["9-1", "10-2", "10-3", "11-4"])


def test_events_in_their_order_are_right():
    assert judge.events(history(event("9-1"), event("10-2"), event("10-3"), event("11-4"), LOG)) == []
    assert judge.events(history(event("9-1"), event("", kind="reset"), event("11-4"), LOG)) == []


@pytest.mark.parametrize("identities, expected", [
    (["9-1", "10-2", "11-4"], ["events 10-3: did not come"]),
    (["9-1", "10-2", "10-3"], ["events 11-4: did not come"]),
    (["9-1", "10-2", "10-2", "10-3", "11-4"], ["events 10-2: came twice"]),
    (["9-1", "10-3", "10-2", "11-4"], ["events 10-2: came behind 10-3"]),
    (["9-1", "10-2", "10-3", "10-9", "11-4"], ["events 10-9: came, and is not stored"]),
])
def test_events_that_are_wrong(identities, expected):
    assert messages(judge.events(history(*map(event, identities), LOG))) == expected


# --- Alerts -------------------------------------------------------------------------------------------------------------------

def beats(*times: float) -> list[Operation]:
    return [Operation("heartbeat", "i", at, at + 0.1, 202) for at in times]


def alert(first: float, resolved: float | None = None, identity: str = "a", kind: str = "final-alerts", at: float = 200) -> Operation:
    row = {"alert_id": identity, "source": "heartbeat_monitor", "target_id": "i", "first_at": time(first), "resolved_at": time(resolved)}
    return Operation(kind, "live", at, at + 1, answer=[row])


NONE = Operation("final-alerts", "live", 200, 201, answer=[])


def alerts(*operations: Operation, windows=()) -> list[str]:
    return messages(judge.alerts(history(*operations, windows=windows), stale=30))


def test_a_loss_and_a_return_are_right():
    assert alerts(*beats(1, 60, 85, 110, 135, 160, 185), alert(33, 60.05)) == []


def test_a_loss_without_an_alert_and_with_a_late_one():
    missing = ["alerts i: silent from 1.0 to 60.0, and no alert by 41.0 (none at all)"]
    assert alerts(*beats(1, 60, 85, 110, 135, 160, 185), NONE) == missing
    late = "alerts i: silent from 1.0 to 60.0, and no alert by 41.0 (raised at 45.0)"
    assert late in alerts(*beats(1, 60, 85, 110, 135, 160, 185), alert(45, 60.05))


def test_an_outage_moves_the_time_by_which_an_alert_is_due():
    away = Window("kill-everything", 10, 28, True)
    assert alerts(*beats(1, 60, 85, 110, 135, 160, 185), alert(50, 60.05), windows=[away]) == []
    here = Window("cut", 10, 28, False)
    assert alerts(*beats(1, 60, 85, 110, 135, 160, 185), alert(50, 60.05), windows=[here]) != []


def test_an_alert_of_an_instance_that_lives():
    assert alerts(*beats(1, 20, 40, 60), alert(45, 60.05, at=62)) == ["alerts i: raised at 45.0, and it was silent for 5.0 s that count"]


def test_silence_in_an_outage_does_not_count():
    away = Window("hang-api", 5, 45, True)
    assert alerts(*beats(1, 46), alert(40, 46.05, at=50), windows=[away]) == ["alerts i: raised at 40.0, and it was silent for 8.0 s that count"]


def test_outages_that_overlap_count_once():
    away = [Window("hang-api", 5, 45, True), Window("kill-postgres", 20, 44, True)]
    assert alerts(*beats(1, 90), alert(85, 90.05, at=95), windows=away) == []
    early = ["alerts i: raised at 50.0, and it was silent for 13.0 s that count"]
    assert alerts(*beats(1, 52), alert(50, 52.05, at=60), windows=away) == early


def test_silence_while_a_server_may_have_listened_counts():
    slow = Window("slow-fsync", 5, 25, True, False)
    assert alerts(*beats(1, 46), alert(33, 46.05, at=50), windows=[slow]) == []
    assert alerts(*beats(1, 70), alert(60, 70.05, at=75), windows=[slow]) == []


def test_an_alert_that_stays_after_the_return():
    assert alerts(*beats(1, 60, 80, 100), alert(33, at=110)) == ["alerts i: back at 60.1, and the alert raised at 33.0 is open"]
    assert alerts(*beats(1, 60, 80, 100), alert(33, 75, at=110)) == ["alerts i: back at 60.1, and the alert raised at 33.0 was resolved at 75.0"]


def test_an_alert_that_ends_without_a_return():
    assert alerts(*beats(1), alert(33, 50, at=60)) == ["alerts i: the alert raised at 33.0 was resolved at 50.0 without a heartbeat"]


def test_two_live_alerts_and_one_that_vanished():
    both = Operation("alerts", "live", 50, 51, answer=[*alert(33).answer, *alert(34, identity="b").answer])
    assert alerts(*beats(1), both, alert(33, at=60)) == ["alerts i: has 2 live alerts", "alerts i: alert b was there, and is not any more"]


def test_two_alerts_that_live_at_once():
    rows = Operation("final-alerts", "live", 100, 101, answer=[*alert(33, 60.05).answer, *alert(50, 60.05, "b").answer])
    assert alerts(*beats(1, 60, 80), rows) == ["alerts i: two live alerts, raised at 33.0 and at 50.0"]


def test_the_report_has_the_shortest_history_with_its_faults():
    away = Window("kill-api", 2.5, 2.75, True)
    made = history(given("x", 0, 1), given("a", 1, 2), poll(3), windows=[away, Window("restart", 50, 51, True)])
    text = judge.report(made, [violation for violation in judge.deliveries(made) if violation.subject == "a"])
    assert text.splitlines() == [
        "VIOLATION delivery a: i polled and did not get it",
        '    08:00:01.000     1.000–2.000 command a {"instance": "i", "ttl": 600} → 202 {"status": "PENDING"}',
        '    08:00:02.500     2.500–2.750 fault kill-api',
        "    08:00:03.000     3.000–3.100 poll i {} → 200 []"]


def test_the_report_counts_what_it_leaves_out():
    made = history(*(given(identity, 1, 2) for identity in "abcdefg"), stored())
    assert judge.report(made, judge.commands(made)).splitlines()[-1] == "VIOLATION commands: 2 more"
