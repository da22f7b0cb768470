"""Holds the history of a run against what is promised: docs/guarantees.md. Functions of the history alone."""

import bisect
import collections
import datetime
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from history import History, Operation, Window

# What an alert may take beyond the time after which silence is a loss, and its end after the return.
SLACK = 10.0
# A pause of servers that is longer is left out of every instance's silence; `note_listening` in the migrations.
GAP = 10.0
# By how much a window that the harness saw may differ from the gap that the server notes: it does so every two seconds.
MARGIN = 4.0
FINAL = {"COMPLETED", "FAILED", "REJECTED_EXPIRED", "REJECTED_DUPLICATE", "EXPIRED", "CANCELED", "SUPERSEDED", "DENIED"}
# Amounts are whole numbers of this unit, so that sums of subsets are bits of one number.
UNIT = Decimal("0.0001")


@dataclass(frozen=True)
class Violation:
    check: str
    subject: str
    message: str
    operations: tuple[Operation, ...] = ()


def judge(history: History, stale: float) -> list[Violation]:
    checks = (commands, deliveries, money, positions, ledger, audit, events, refusals)
    return [violation for check in checks for violation in check(history)] + alerts(history, stale)


def report(history: History, violations: list[Violation], most: int = 5) -> str:
    """Each violation with the operations that show it and the faults in between; of each check the first few."""
    lines = []
    for check, found in grouped(violations, key=lambda violation: violation.check).items():
        for violation in found[:most]:
            lines.append(f"VIOLATION {check} {violation.subject}: {violation.message}")
            lines += ["    " + line for line in shortest(history, violation)]
        if len(found) > most:
            lines.append(f"VIOLATION {check}: {len(found) - most} more")
    return "\n".join(lines)


def shortest(history: History, violation: Violation) -> list[str]:
    seen = [(operation.start, history.line(operation)) for operation in violation.operations]
    if violation.operations:
        first, last = min(operation.start for operation in violation.operations), max(operation.end for operation in violation.operations)
        seen += [(window.start, f"{history.span(window)} fault {window.fault}")
                 for window in history.windows if window.start <= last and window.end >= first]
    return [line for _, line in sorted(seen)]


def grouped(items: Iterable, key=lambda item: item.subject) -> dict[str, list]:
    found = collections.defaultdict(list)
    for item in items:
        found[key(item)].append(item)
    return found


def answers(history: History, kind: str) -> list:
    """The rows of a list that was read page by page."""
    return [row for operation in history.of(kind) if operation.is_acknowledged for row in operation.answer]


def acknowledged_at(operations: Iterable[Operation]) -> float:
    return min((operation.end for operation in operations if operation.is_acknowledged), default=float("inf"))


# --- Commands -----------------------------------------------------------------------------------------------------------------

def rank(status: str) -> int:
    return 2 if status in FINAL else 1 if status == "ACCEPTED" else 0


def statuses(history: History) -> dict[str, list[tuple[Operation, str]]]:
    """What was seen of each command's status, except in the answers to repeated requests: they are those of the first time."""
    found = collections.defaultdict(list)
    for operation in history.operations:
        if not operation.is_acknowledged:
            continue
        if operation.kind == "poll":
            for row in operation.answer:
                found[row["command_id"]].append((operation, "PENDING"))
        elif operation.kind in ("ack", "cancel", "status"):
            found[operation.subject].append((operation, operation.answer["status"]))
        elif operation.kind == "final-commands":
            for row in operation.answer:
                found[row["command_id"]].append((operation, row["status"]))
    return found


def commands(history: History) -> list[Violation]:
    """At most one effect; a status that only moves forward and then stays; each acknowledged command is there, once."""
    violations = []
    for identity, effects in grouped(history.of("effect")).items():
        if len(effects) > 1:
            violations.append(Violation("commands", identity, f"{len(effects)} effects", tuple(effects)))
    for identity, seen in statuses(history).items():
        if pair := regression(seen):
            (earlier, before), (later, after) = pair
            violations.append(Violation("commands", identity, f"was {before}, and later {after}", (earlier, later)))
    given = grouped(history.of("command"))
    for identity, requests in given.items():
        answered = [request for request in requests if request.is_acknowledged]
        if any(request.answer != answered[0].answer for request in answered):
            violations.append(Violation("commands", identity, "a repeated request was answered otherwise than the first", tuple(answered)))
    stored = collections.Counter(row["command_id"] for row in answers(history, "final-commands"))
    violations += presence("commands", given, stored, history.of("final-commands"))
    return violations


def regression(seen: list[tuple[Operation, str]]) -> tuple | None:
    """Two observations, one behind the other, of which the second is of an earlier status or of another end."""
    furthest = None
    ended = sorted(seen, key=lambda item: item[0].end)
    place = 0
    for later, after in sorted(seen, key=lambda item: item[0].start):
        while place < len(ended) and ended[place][0].end < later.start:
            if furthest is None or rank(ended[place][1]) > rank(furthest[1]):
                furthest = ended[place]
            place += 1
        if furthest is not None:
            before = furthest[1]
            if rank(after) < rank(before) or (before in FINAL and after != before):
                return furthest, (later, after)
    return None


def presence(check: str, sent: dict[str, list[Operation]], stored: collections.Counter, lists: list[Operation]) -> list[Violation]:
    """What was acknowledged is stored once, what nobody answered at most once, and what nobody sent not at all."""
    if not lists:
        return []
    violations = []
    for subject, operations in sent.items():
        if any(operation.is_acknowledged for operation in operations) and stored[subject] != 1:
            violations.append(Violation(check, subject, f"was acknowledged, and is stored {stored[subject]} times", tuple(operations)))
        elif stored[subject] > 1:
            violations.append(Violation(check, subject, f"is stored {stored[subject]} times", tuple(operations)))
    violations += [Violation(check, subject, "is stored, and nobody sent it") for subject in stored if subject not in sent]
    return violations


def deliveries(history: History) -> list[Violation]:
    """A poll has every command that was given before it and has not ended, in the order of giving."""
    violations = []
    given = grouped(history.of("command"))
    polls = grouped(operation for operation in history.of("poll") if operation.is_acknowledged)
    first = {identity: min(operation.start for operation in operations) for identity, operations in given.items()}
    known = {identity: acknowledged_at(operations) for identity, operations in given.items()}
    touched: dict[str, float] = {}
    for operation in history.of("ack", "cancel"):
        touched[operation.subject] = min(touched.get(operation.subject, float("inf")), operation.start)
    for instance, answered in polls.items():
        for poll in answered:
            listed = [row["command_id"] for row in poll.answer]
            for before, after in zip(listed, listed[1:]):
                if known.get(after, float("inf")) < first.get(before, 0):
                    operations = (*given[before], *given[after], poll)
                    violations.append(Violation("order", instance, f"{before} was delivered before {after}, and given behind it", operations))
            for identity in listed:
                if identity not in given:
                    violations.append(Violation("commands", identity, "was delivered, and nobody gave it", (poll,)))
    for identity, operations in given.items():
        instance, ttl = operations[0].sent["instance"], operations[0].sent["ttl"]
        # It may expire by the first of the requests that could have stored it.
        until = min(first[identity] + ttl, touched.get(identity, float("inf")))
        answered = polls.get(instance, [])
        for poll in answered[bisect.bisect_right(answered, known[identity], key=lambda poll: poll.start):]:
            if poll.end >= until:
                break
            if identity not in {row["command_id"] for row in poll.answer}:
                violations.append(Violation("delivery", identity, f"{instance} polled and did not get it", (*operations, poll)))
                break
    return violations


# --- Money --------------------------------------------------------------------------------------------------------------------

def units(amount) -> int:
    scaled = Decimal(str(amount)) / UNIT
    if scaled != scaled.to_integral_value():
        raise ValueError(f"{amount} has more digits than the clients send")
    return int(scaled)


def reaches(total: int, choices: list[list[int]]) -> bool:
    """Whether one of each list can be chosen so that their sum is the total."""
    sums, base = 1, 0
    for values in choices:
        least = min(values)
        base += least
        shifted = 0
        for value in set(values):
            shifted |= sums << (value - least)
        sums = shifted
    return total >= base and sums >> (total - base) & 1 == 1


def money(history: History) -> list[Violation]:
    """At every read a sum is that of all acknowledged entries and of any of those whose outcome was unknown then."""
    reads = sorted((operation for operation in history.of("books") if operation.is_acknowledged), key=lambda operation: operation.start)
    violations = []
    for cost_type, member in (("FEE", "fees"), ("FUNDING", "funding")):
        entries = grouped(operation for operation in history.of("cost") if operation.sent["cost_type"] == cost_type)
        violations += sums_of_entries(member, entries, reads)
    violations += sums_of_newest(reads, grouped(history.of("pnl")))
    for read in reads:
        parts = [read.answer[member] for member in ("realized", "unrealized", "fees", "funding", "net_pnl")]
        if None not in parts:
            realized, unrealized, fees, funding, net = map(units, parts)
            if realized + unrealized - fees + funding != net:
                violations.append(Violation("money", "net_pnl", "is not the sum of its parts", (read,)))
    return violations


def sums_of_entries(member: str, entries: dict[str, list[Operation]], reads: list[Operation]) -> list[Violation]:
    coming = sorted(
        ((min(operation.start for operation in operations), acknowledged_at(operations), units(operations[0].sent["amount"]), identity)
         for identity, operations in entries.items() if not all(operation.is_refused for operation in operations)), reverse=True)
    booked, has_booked = 0, False
    pending: list = []
    for read in reads:
        while coming and coming[-1][0] <= read.end:
            pending.append(coming.pop())
        booked += sum(amount for _, end, amount, _ in pending if end <= read.start)
        has_booked = has_booked or any(end <= read.start for _, end, _, _ in pending)
        pending = [entry for entry in pending if entry[1] > read.start]
        total = read.answer[member]
        if total is None and not has_booked:
            continue
        if total is None or not reaches(units(total) - booked, [[0, amount] for _, _, amount, _ in pending]):
            open_entries = [operation for _, _, _, identity in pending for operation in entries[identity]]
            message = f"read {total}; acknowledged entries sum to {booked * UNIT}, {len(pending)} entries are undecided"
            return [Violation("money", member, message, (*open_entries, read))]
    return []


def candidates(operations: list[Operation], read: Operation, value) -> list:
    """What the newest report of an instance may be at a read: whatever was sent since the last that was acknowledged before, and that one.
    None stands for no report at all. An instance sends its reports one after the other."""
    possible = []
    for operation in reversed(operations):
        if operation.start > read.end or operation.is_refused:
            continue
        possible.append(value(operation))
        if operation.is_acknowledged and operation.end <= read.start:
            return possible
    return [*possible, None]


def sums_of_newest(reads: list[Operation], reports: dict[str, list[Operation]]) -> list[Violation]:
    for operations in reports.values():
        operations.sort(key=lambda operation: operation.start)
    starts = {instance: [operation.start for operation in operations] for instance, operations in reports.items()}
    for read in reads:
        choices = []
        for instance, operations in reports.items():
            coming = bisect.bisect_right(starts[instance], read.end)
            # Nobody sends so many that are all undecided.
            choices.append(candidates(operations[max(0, coming - 1000):coming], read, lambda operation: units(operation.sent["value"])))
        total = read.answer["realized"]
        if total is None and all(values[-1] is None for values in choices):
            continue
        amounts = [[value or 0 for value in values] for values in choices]
        if total is None or not reaches(units(total), amounts):
            undecided = sum(len(set(values)) > 1 for values in amounts)
            least = sum(min(values) for values in amounts) * UNIT
            message = f"read {total}, which no choice among {undecided} undecided instances explains; at least {least}"
            return [Violation("money", "realized", message, (read,))]
    return []


def positions(history: History) -> list[Violation]:
    """The newest report of a position stands."""
    reads = [operation for operation in history.of("final-positions") if operation.is_acknowledged]
    stored = {row["instance_id"]: units(row["net_exposure"]) for row in answers(history, "final-positions")}
    violations = []
    for instance, operations in grouped(history.of("position")).items() if reads else ():
        if stored.get(instance) not in candidates(operations, reads[0], lambda operation: units(operation.sent["net"])):
            violations.append(Violation("positions", instance, f"{stored.get(instance)} is stored", (*operations[-3:], reads[0])))
    return violations


# --- Acknowledged writes --------------------------------------------------------------------------------------------------------

def ledger(history: History) -> list[Violation]:
    """Each acknowledged entry is booked once, with its amount."""
    rows = answers(history, "final-costs")
    entries = grouped(history.of("cost"))
    violations = presence("ledger", entries, collections.Counter(row["entry_id"] for row in rows), history.of("final-costs"))
    for row in rows:
        sent = entries.get(row["entry_id"])
        if sent and units(row["amount"]) != units(sent[0].sent["amount"]):
            violations.append(Violation("ledger", row["entry_id"], f"is booked with {row['amount']}", tuple(sent)))
    return violations


def audit(history: History) -> list[Violation]:
    """Each acknowledged action has its entry, each number is given once, and the chain is intact."""
    if not history.of("final-audit"):
        return []
    violations = []
    rows = answers(history, "final-audit")
    written = collections.Counter((row["action"], row["target_id"]) for row in rows if row["result"] == "SUCCESS")
    for kind, action, is_once in (("command", "COMMAND_CREATE", True), ("cancel", "COMMAND_CANCEL", True), ("ack", "COMMAND_ACK", False)):
        for subject, operations in grouped(history.of(kind)).items():
            least = sum(operation.is_acknowledged for operation in operations)
            most = sum(not operation.is_refused for operation in operations)
            if is_once:
                least, most = min(least, 1), min(most, 1)
            if not least <= (count := written[action, subject]) <= most:
                message = f"has {count} entries {action}, expected {least if least == most else f'{least} to {most}'}"
                violations.append(Violation("audit", subject, message, tuple(operations)))
    for ordinal, count in collections.Counter(row["ordinal"] for row in rows).items():
        if count > 1:
            violations.append(Violation("audit", str(ordinal), f"the number was given {count} times"))
    for part in history.of("final-verification"):
        if part.is_acknowledged and not part.answer["is_intact"]:
            violations.append(Violation("audit", "chain", f"is broken at {part.answer['broken_at']}: {part.answer['reason']}", (part,)))
    return violations


def refusals(history: History) -> list[Violation]:
    """A valid request is not refused; a command that was answered first cannot be canceled."""
    return [Violation("refusals", operation.subject, f"{operation.kind} was refused", (operation,)) for operation in history.operations
            if operation.is_refused and not (operation.kind == "cancel" and operation.status == 409)]


# --- Events -------------------------------------------------------------------------------------------------------------------

def position(text: str) -> tuple[int, int]:
    transaction, event = text.split("-")
    return int(transaction), int(event)


def events(history: History) -> list[Violation]:
    """Events come in their order and once; between two of them that were seen none is left out. `reset` begins anew."""
    violations = []
    stored = sorted((position(text), text) for text in answers(history, "final-events"))
    segments: list[list[Operation]] = [[]]
    for operation in history.of("event"):
        if operation.sent["kind"] == "reset":
            segments.append([])
            continue
        if segments[-1] and position(operation.subject) <= position(segments[-1][-1].subject):
            again = [seen for seen in segments[-1] if seen.subject == operation.subject]
            message = "came twice" if again else f"came behind {segments[-1][-1].subject}"
            violations.append(Violation("events", operation.subject, message, (*(again or segments[-1][-1:]), operation)))
        segments[-1].append(operation)
    for number, segment in enumerate(segments):
        if not segment or not stored:
            continue
        seen = {position(operation.subject) for operation in segment}
        # The last stream went on until all that was stored had come.
        last = stored[-1][0] if number == len(segments) - 1 else max(seen)
        for place, text in stored:
            if min(seen) <= place <= last and place not in seen:
                before = max((operation for operation in segment if position(operation.subject) < place), key=lambda o: position(o.subject))
                behind = min((operation for operation in segment if position(operation.subject) > place),
                             key=lambda o: position(o.subject), default=before)
                violations.append(Violation("events", text, "did not come", (before, behind)))
        known = {place for place, _ in stored}
        violations += [Violation("events", operation.subject, "came, and is not stored", (operation,)) for operation in segment
                       if position(operation.subject) > stored[0][0] and position(operation.subject) not in known]
    return violations


# --- Alerts -------------------------------------------------------------------------------------------------------------------

def seconds(history: History, time: str | None) -> float | None:
    return None if time is None else datetime.datetime.fromisoformat(time).timestamp() - history.epoch


def joined(windows: Iterable[Window]) -> list[tuple[float, float]]:
    """The times of windows, those that overlap as one."""
    times: list[tuple[float, float]] = []
    for window in sorted(windows, key=lambda window: window.start):
        if times and window.start <= times[-1][1]:
            times[-1] = (times[-1][0], max(times[-1][1], window.end))
        else:
            times.append((window.start, window.end))
    return times


def deadline(start: float, allowed: float, windows: list[Window]) -> float:
    """When so many seconds have passed while a server could act."""
    times = joined(window for window in windows if window.is_away)
    end = start + allowed
    while True:
        away = sum(max(0.0, min(last + MARGIN, end) - max(first - MARGIN, start)) for first, last in times)
        if start + allowed + away <= end + 0.001:
            return end
        end = start + allowed + away


def silence(start: float, end: float, windows: list[Window]) -> float:
    """For how long an instance was silent at most, by the rule that gaps in listening do not count."""
    times = joined(window for window in windows if window.is_away and window.is_gap)
    gaps = (min(last, end) - max(first, start) - MARGIN for first, last in times)
    return end - start - sum(gap for gap in gaps if gap > GAP)


def alerts(history: History, stale: float) -> list[Violation]:
    """A loss has one live alert within the threshold and ten seconds, a return ends it within ten, and nothing else raises or ends one."""
    violations = []
    finals = [operation for operation in history.of("final-alerts") if operation.is_acknowledged]
    if not finals:
        return []
    horizon = finals[-1].start
    raised = collections.defaultdict(dict)
    for operation in (*history.of("alerts"), *finals):
        live = collections.defaultdict(set)
        for row in operation.answer if operation.is_acknowledged else ():
            if row["source"] != "heartbeat_monitor":
                continue
            if operation.kind == "alerts":
                live[row["target_id"]].add(row["alert_id"])
            raised[row["target_id"]].setdefault(row["alert_id"], [None, None, operation])[1] = operation
            if operation.kind == "final-alerts":
                raised[row["target_id"]][row["alert_id"]][0] = row
        violations += [Violation("alerts", target, f"has {len(found)} live alerts", (operation,))
                       for target, found in live.items() if len(found) > 1]
    beats = grouped(history.of("heartbeat"))
    for instance, operations in beats.items():
        operations.sort(key=lambda operation: operation.start)
        rows = []
        for identity, (row, _, seen) in raised[instance].items():
            if row is None:
                violations.append(Violation("alerts", instance, f"alert {identity} was there, and is not any more", (seen,)))
            else:
                rows.append(Alert(identity, seconds(history, row["first_at"]), seconds(history, row["resolved_at"])))
        rows.sort(key=lambda alert: alert.first)
        violations += alerts_of(history, instance, operations, rows, stale, horizon)
    return violations


@dataclass(frozen=True)
class Alert:
    identity: str
    first: float
    resolved: float | None

    def __str__(self) -> str:
        return f"raised at {self.first:.1f}"

    def operation(self) -> Operation:
        """How it stands in a report."""
        sent = {"resolved": None if self.resolved is None else round(self.resolved, 3)}
        return Operation("alert", self.identity, self.first, self.first, sent=sent)


def alerts_of(history: History, instance: str, beats: list[Operation], raised: list[Alert], stale: float, horizon: float) -> list[Violation]:
    possible = [beat for beat in beats if not beat.is_refused]
    known = [beat for beat in beats if beat.is_acknowledged]
    violations = missed_losses(history, instance, possible, known, raised, stale, horizon)

    def violate(message: str, alert: Alert, *operations: Operation):
        violations.append(Violation("alerts", instance, message, (*operations, alert.operation())))

    for alert, later in zip(raised, [*raised[1:], None]):
        last = max((beat for beat in known if beat.end < alert.first), key=lambda beat: beat.start, default=None)
        if last is not None and (silent := silence(last.start, alert.first, history.windows)) < stale - 1:
            violate(f"{alert}, and it was silent for {silent:.1f} s that count", alert, last)
        if later is not None and (alert.resolved is None or alert.resolved > later.first):
            violate(f"two live alerts, {alert} and at {later.first:.1f}", alert, later.operation())
        back = next((beat for beat in known if beat.start > alert.first), None)
        if back is not None:
            limit = deadline(back.end, SLACK, history.windows)
            if limit < horizon and (alert.resolved is None or alert.resolved > limit):
                end = "is open" if alert.resolved is None else f"was resolved at {alert.resolved:.1f}"
                violate(f"back at {back.end:.1f}, and the alert {alert} {end}", alert, back)
        if alert.resolved is not None and not any(beat.end > alert.first and beat.start < alert.resolved for beat in possible):
            violate(f"the alert {alert} was resolved at {alert.resolved:.1f} without a heartbeat", alert)
    return violations


def missed_losses(history: History, instance: str, possible: list[Operation], known: list[Operation], raised: list[Alert], stale: float,
                  horizon: float) -> list[Violation]:
    violations = []
    for beat, following in zip(possible, [*possible[1:], None]):
        # Only from a heartbeat that is known to be stored the instance has a time to be silent from.
        if not known or beat.start < known[0].start:
            continue
        limit = deadline(beat.start, stale + SLACK, history.windows)
        back = horizon if following is None else following.start
        if limit < back and not any(beat.start < alert.first <= limit for alert in raised):
            late = next((alert for alert in raised if limit < alert.first < back + SLACK), None)
            operations = [beat, *filter(None, [following, late and late.operation()])]
            message = f"silent from {beat.start:.1f} to {back:.1f}, and no alert by {limit:.1f} ({late or 'none at all'})"
            violations.append(Violation("alerts", instance, message, tuple(operations)))
    return violations
