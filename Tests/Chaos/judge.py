"""Compares the history of a run with the guarantees of docs/guarantees.md. All checks are functions of the history alone."""

import bisect
import collections
import datetime
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from history import History, Operation, Window

# The time, in seconds, in which an alert must be raised after the stale threshold, and resolved after a return.
SLACK = 10.0
# A longer time without a listening server, in seconds, does not count as silence: `note_listening` in the migrations.
GAP = 10.0
# By how many seconds the harness's window may differ from the gap that the server records. The server records every two seconds.
MARGIN = 4.0
FINAL = {"COMPLETED", "FAILED", "REJECTED_EXPIRED", "REJECTED_DUPLICATE", "EXPIRED", "CANCELED", "SUPERSEDED", "DENIED"}
# Amounts are integers of this unit, so that the possible sums can be the bits of one integer.
UNIT = Decimal("0.0001")


@dataclass(frozen=True)
class Violation:
    check: str
    subject: str
    message: str
    operations: tuple[Operation, ...] = ()


def judge(history: History, stale: float) -> list[Violation]:
    """Runs all checks. `stale` is HEARTBEAT_STALE_SECONDS."""
    checks = (commands, deliveries, money, positions, ledger, audit, events, rejections)
    return [violation for check in checks for violation in check(history)] + alerts(history, stale)


def report(history: History, violations: list[Violation], limit: int = 5) -> str:
    """The first violations of each check, up to `limit`, with the operations that prove them and the faults at that time."""
    lines = []
    for check, found in grouped(violations, key=lambda violation: violation.check).items():
        for violation in found[:limit]:
            lines.append(f"VIOLATION {check} {violation.subject}: {violation.message}")
            lines += ["    " + line for line in evidence(history, violation)]
        if len(found) > limit:
            lines.append(f"VIOLATION {check}: {len(found) - limit} more")
    return "\n".join(lines)


def evidence(history: History, violation: Violation) -> list[str]:
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


def rows_of(history: History, kind: str) -> list:
    """The rows of all pages of a list."""
    return [row for operation in history.of(kind) if operation.is_acknowledged for row in operation.response]


def acknowledged_at(operations: Iterable[Operation]) -> float:
    return min((operation.end for operation in operations if operation.is_acknowledged), default=float("inf"))


# --- Commands -----------------------------------------------------------------------------------------------------------------

def rank(status: str) -> int:
    return 2 if status in FINAL else 1 if status == "ACCEPTED" else 0


def statuses(history: History) -> dict[str, list[tuple[Operation, str]]]:
    """All observations of each command's status. Responses to creating it are omitted: a repeated request gets the first response."""
    found = collections.defaultdict(list)
    for operation in history.operations:
        if not operation.is_acknowledged:
            continue
        if operation.kind == "poll":
            for row in operation.response:
                found[row["command_id"]].append((operation, "PENDING"))
        elif operation.kind in ("ack", "cancel", "status"):
            found[operation.subject].append((operation, operation.response["status"]))
        elif operation.kind == "final-commands":
            for row in operation.response:
                found[row["command_id"]].append((operation, row["status"]))
    return found


def commands(history: History) -> list[Violation]:
    """A command takes effect at most once, its status only moves forward and its final status never changes.

    An acknowledged command is stored exactly once.
    """
    violations = []
    for identity, effects in grouped(history.of("effect")).items():
        if len(effects) > 1:
            violations.append(Violation("commands", identity, f"took effect {len(effects)} times", tuple(effects)))
    for identity, seen in statuses(history).items():
        if pair := regression(seen):
            (earlier, before), (later, after) = pair
            violations.append(Violation("commands", identity, f"was {before} and later {after}", (earlier, later)))
    created = grouped(history.of("command"))
    for identity, requests in created.items():
        acknowledged = [request for request in requests if request.is_acknowledged]
        if any(request.response != acknowledged[0].response for request in acknowledged):
            violations.append(Violation("commands", identity, "a repeated request got a different response", tuple(acknowledged)))
    stored = collections.Counter(row["command_id"] for row in rows_of(history, "final-commands"))
    violations += check_stored("commands", created, stored, history.of("final-commands"))
    return violations


def regression(seen: list[tuple[Operation, str]]) -> tuple | None:
    """Two sequential observations, of which the later one has an earlier status or another final status; None without such a pair."""
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


def check_stored(check: str, sent: dict[str, list[Operation]], stored: collections.Counter, lists: list[Operation]) -> list[Violation]:
    """Acknowledged writes are stored once, writes without a response at most once, and nothing is stored that was not sent."""
    if not lists:
        return []
    violations = []
    for subject, operations in sent.items():
        if any(operation.is_acknowledged for operation in operations) and stored[subject] != 1:
            violations.append(Violation(check, subject, f"was acknowledged but is stored {stored[subject]} times", tuple(operations)))
        elif stored[subject] > 1:
            violations.append(Violation(check, subject, f"is stored {stored[subject]} times", tuple(operations)))
    violations += [Violation(check, subject, "is stored, but no client sent it") for subject in stored if subject not in sent]
    return violations


def deliveries(history: History) -> list[Violation]:
    """A poll returns every earlier command that has not ended, in the order in which they were created."""
    violations = []
    created = grouped(history.of("command"))
    polls = grouped(operation for operation in history.of("poll") if operation.is_acknowledged)
    first = {identity: min(operation.start for operation in operations) for identity, operations in created.items()}
    known = {identity: acknowledged_at(operations) for identity, operations in created.items()}
    touched: dict[str, float] = {}
    for operation in history.of("ack", "cancel"):
        touched[operation.subject] = min(touched.get(operation.subject, float("inf")), operation.start)
    for instance, acknowledged in polls.items():
        for poll in acknowledged:
            listed = [row["command_id"] for row in poll.response]
            for before, after in zip(listed, listed[1:]):
                if known.get(after, float("inf")) < first.get(before, 0):
                    operations = (*created[before], *created[after], poll)
                    violations.append(Violation("order", instance, f"{before} was delivered before {after} but created after it", operations))
            for identity in listed:
                if identity not in created:
                    violations.append(Violation("commands", identity, "was delivered, but no operator created it", (poll,)))
    for identity, operations in created.items():
        instance, ttl = operations[0].sent["instance"], operations[0].sent["ttl"]
        # The first of the repeated requests may have started its lifetime.
        until = min(first[identity] + ttl, touched.get(identity, float("inf")))
        acknowledged = polls.get(instance, [])
        for poll in acknowledged[bisect.bisect_right(acknowledged, known[identity], key=lambda poll: poll.start):]:
            if poll.end >= until:
                break
            if identity not in {row["command_id"] for row in poll.response}:
                violations.append(Violation("delivery", identity, f"a poll of {instance} did not return it", (*operations, poll)))
                break
    return violations


# --- Money --------------------------------------------------------------------------------------------------------------------

def units(amount) -> int:
    scaled = Decimal(str(amount)) / UNIT
    if scaled != scaled.to_integral_value():
        raise ValueError(f"{amount} has more decimal places than the clients send")
    return int(scaled)


def is_reachable(total: int, choices: list[list[int]]) -> bool:
    """Whether `total` is the sum of one value from each list."""
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
    """Each sum includes all entries acknowledged before the read, and possibly entries that were pending then."""
    reads = sorted((operation for operation in history.of("sums") if operation.is_acknowledged), key=lambda operation: operation.start)
    violations = []
    for cost_type, member in (("FEE", "fees"), ("FUNDING", "funding")):
        entries = grouped(operation for operation in history.of("cost") if operation.sent["cost_type"] == cost_type)
        violations += sums_of_entries(member, entries, reads)
    violations += sums_of_newest(reads, grouped(history.of("pnl")))
    for read in reads:
        parts = [read.response[member] for member in ("realized", "unrealized", "fees", "funding", "net_pnl")]
        if None not in parts:
            realized, unrealized, fees, funding, net = map(units, parts)
            if realized + unrealized - fees + funding != net:
                violations.append(Violation("money", "net_pnl", "is not the sum of its parts", (read,)))
    return violations


def sums_of_entries(member: str, entries: dict[str, list[Operation]], reads: list[Operation]) -> list[Violation]:
    coming = sorted(
        ((min(operation.start for operation in operations), acknowledged_at(operations), units(operations[0].sent["amount"]), identity)
         for identity, operations in entries.items() if not all(operation.is_rejected for operation in operations)), reverse=True)
    booked, has_booked = 0, False
    pending: list = []
    for read in reads:
        while coming and coming[-1][0] <= read.end:
            pending.append(coming.pop())
        booked += sum(amount for _, end, amount, _ in pending if end <= read.start)
        has_booked = has_booked or any(end <= read.start for _, end, _, _ in pending)
        pending = [entry for entry in pending if entry[1] > read.start]
        total = read.response[member]
        if total is None and not has_booked:
            continue
        if total is None or not is_reachable(units(total) - booked, [[0, amount] for _, _, amount, _ in pending]):
            open_entries = [operation for _, _, _, identity in pending for operation in entries[identity]]
            message = f"read {total}; the acknowledged entries sum to {booked * UNIT}; pending entries: {len(pending)}"
            return [Violation("money", member, message, (*open_entries, read))]
    return []


def candidates(operations: list[Operation], read: Operation, value) -> list:
    """The values that the newest report of an instance may have at a read: the last one acknowledged before, and all sent since.

    None means no report. An instance sends its reports one at a time, and `operations` are in that order.
    """
    possible = []
    for operation in reversed(operations):
        if operation.start > read.end or operation.is_rejected:
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
            # No instance has more than 1,000 pending reports.
            choices.append(candidates(operations[max(0, coming - 1000):coming], read, lambda operation: units(operation.sent["value"])))
        total = read.response["realized"]
        if total is None and all(values[-1] is None for values in choices):
            continue
        amounts = [[value or 0 for value in values] for values in choices]
        if total is None or not is_reachable(units(total), amounts):
            undecided = sum(len(set(values)) > 1 for values in amounts)
            least = sum(min(values) for values in amounts) * UNIT
            message = f"read {total}, which no combination of reports explains; lowest sum: {least}; instances with pending reports: {undecided}"
            return [Violation("money", "realized", message, (read,))]
    return []


def positions(history: History) -> list[Violation]:
    """The newest report of a position wins."""
    reads = [operation for operation in history.of("final-positions") if operation.is_acknowledged]
    stored = {row["instance_id"]: units(row["net_exposure"]) for row in rows_of(history, "final-positions")}
    violations = []
    for instance, operations in grouped(history.of("position")).items() if reads else ():
        if stored.get(instance) not in candidates(operations, reads[0], lambda operation: units(operation.sent["net"])):
            net = "none" if stored.get(instance) is None else stored[instance] * UNIT
            violations.append(Violation("positions", instance, f"the newest report is not stored; stored: {net}", (*operations[-3:], reads[0])))
    return violations


# --- Acknowledged writes --------------------------------------------------------------------------------------------------------

def ledger(history: History) -> list[Violation]:
    """Each acknowledged entry is stored once, with its amount."""
    rows = rows_of(history, "final-costs")
    entries = grouped(history.of("cost"))
    violations = check_stored("ledger", entries, collections.Counter(row["entry_id"] for row in rows), history.of("final-costs"))
    for row in rows:
        sent = entries.get(row["entry_id"])
        if sent and units(row["amount"]) != units(sent[0].sent["amount"]):
            violations.append(Violation("ledger", row["entry_id"], f"is stored with the amount {row['amount']}", tuple(sent)))
    return violations


def audit(history: History) -> list[Violation]:
    """Each acknowledged action has an audit entry, ordinals are unique, and the chain of seals is intact."""
    if not history.of("final-audit"):
        return []
    violations = []
    rows = rows_of(history, "final-audit")
    written = collections.Counter((row["action"], row["target_id"]) for row in rows if row["result"] == "SUCCESS")
    for kind, action, is_once in (("command", "COMMAND_CREATE", True), ("cancel", "COMMAND_CANCEL", True), ("ack", "COMMAND_ACK", False)):
        for subject, operations in grouped(history.of(kind)).items():
            least = sum(operation.is_acknowledged for operation in operations)
            most = sum(not operation.is_rejected for operation in operations)
            if is_once:
                least, most = min(least, 1), min(most, 1)
            if not least <= (count := written[action, subject]) <= most:
                message = f"has {count} {action} entries, expected {least if least == most else f'{least} to {most}'}"
                violations.append(Violation("audit", subject, message, tuple(operations)))
    for ordinal, count in collections.Counter(row["ordinal"] for row in rows).items():
        if count > 1:
            violations.append(Violation("audit", str(ordinal), f"{count} entries have this ordinal"))
    for part in history.of("final-verification"):
        if part.is_acknowledged and not part.response["is_intact"]:
            violations.append(Violation("audit", "chain", f"is broken at {part.response['broken_at']}: {part.response['reason']}", (part,)))
    return violations


def rejections(history: History) -> list[Violation]:
    """Valid requests are not rejected, except a cancellation of a command that has already ended."""
    return [Violation("rejections", operation.subject, f"{operation.kind} was rejected", (operation,)) for operation in history.operations
            if operation.is_rejected and not (operation.kind == "cancel" and operation.status == 409)]


# --- Events -------------------------------------------------------------------------------------------------------------------

def position(text: str) -> tuple[int, int]:
    transaction, event = text.split("-")
    return int(transaction), int(event)


def events(history: History) -> list[Violation]:
    """Events arrive in commit order, each once and without gaps. After `reset` events may be missing."""
    violations = []
    stored = sorted((position(text), text) for text in rows_of(history, "final-events"))
    segments: list[list[Operation]] = [[]]
    for operation in history.of("event"):
        if operation.sent["kind"] == "reset":
            segments.append([])
            continue
        if segments[-1] and position(operation.subject) <= position(segments[-1][-1].subject):
            again = [seen for seen in segments[-1] if seen.subject == operation.subject]
            message = "was delivered twice" if again else f"was delivered after {segments[-1][-1].subject}"
            violations.append(Violation("events", operation.subject, message, (*(again or segments[-1][-1:]), operation)))
        segments[-1].append(operation)
    for number, segment in enumerate(segments):
        if not segment or not stored:
            continue
        seen = {position(operation.subject) for operation in segment}
        first = min(seen)
        # The last stream stayed open until all stored events had been delivered.
        last = stored[-1][0] if number == len(segments) - 1 else max(seen)
        for place, text in stored:
            if first <= place <= last and place not in seen:
                before = max((operation for operation in segment if position(operation.subject) < place), key=lambda o: position(o.subject))
                behind = min((operation for operation in segment if position(operation.subject) > place),
                             key=lambda o: position(o.subject), default=before)
                violations.append(Violation("events", text, "was not delivered", (before, behind)))
        known = {place for place, _ in stored}
        # Later events are not in the log: instances that have stopped are lost while a long history is read.
        read = history.of("final-events")[0].start
        violations += [Violation("events", operation.subject, "was delivered but is not stored", (operation,)) for operation in segment
                       if operation.end <= read and position(operation.subject) > stored[0][0] and position(operation.subject) not in known]
    return violations


# --- Alerts -------------------------------------------------------------------------------------------------------------------

def seconds(history: History, time: str | None) -> float | None:
    """An ISO 8601 time as seconds since the run began."""
    return None if time is None else datetime.datetime.fromisoformat(time).timestamp() - history.epoch


def merged(windows: Iterable[Window]) -> list[tuple[float, float]]:
    """The start and end of each window; overlapping windows are merged."""
    times: list[tuple[float, float]] = []
    for window in sorted(windows, key=lambda window: window.start):
        if times and window.start <= times[-1][1]:
            times[-1] = (times[-1][0], max(times[-1][1], window.end))
        else:
            times.append((window.start, window.end))
    return times


class Availability:
    """When the service was available, by the windows of the faults."""

    def __init__(self, windows: Iterable[Window]):
        outages = [window for window in windows if window.is_outage]
        self.outages = merged(outages)
        self.gaps = merged(window for window in outages if window.is_gap)
        self.ends = [end for _, end in self.outages]

    def deadline(self, start: float, allowed: float) -> float:
        """The time at which the service has been available for `allowed` seconds since `start`."""
        later = self.outages[bisect.bisect_left(self.ends, start - MARGIN):]
        end = start + allowed
        while True:
            away = 0.0
            for first, last in later:
                if first - MARGIN >= end:
                    break
                away += max(0.0, min(last + MARGIN, end) - max(first - MARGIN, start))
            if start + allowed + away <= end + 0.001:
                return end
            end = start + allowed + away

    def counted_silence(self, start: float, end: float) -> float:
        """The longest silence, in seconds, that the server may have counted. Long gaps without a listening server do not count."""
        gaps = (min(last, end) - max(first, start) - MARGIN for first, last in self.gaps)
        return end - start - sum(gap for gap in gaps if gap > GAP)


def alerts(history: History, stale: float) -> list[Violation]:
    """A lost instance has exactly one live alert, raised within ten seconds of the stale threshold.

    It is resolved within ten seconds of the return. No alert is raised without a loss or resolved without a return.
    """
    violations = []
    finals = [operation for operation in history.of("final-alerts") if operation.is_acknowledged]
    if not finals:
        return []
    horizon = finals[-1].start
    raised = collections.defaultdict(dict)
    for operation in (*history.of("alerts"), *finals):
        live = collections.defaultdict(set)
        for row in operation.response if operation.is_acknowledged else ():
            if row["source"] != "heartbeat_monitor":
                continue
            if operation.kind == "alerts":
                live[row["target_id"]].add(row["alert_id"])
            raised[row["target_id"]].setdefault(row["alert_id"], [None, None, operation])[1] = operation
            if operation.kind == "final-alerts":
                raised[row["target_id"]][row["alert_id"]][0] = row
        violations += [Violation("alerts", target, f"has {len(found)} live alerts", (operation,))
                       for target, found in live.items() if len(found) > 1]
    available = Availability(history.windows)
    for instance, operations in grouped(history.of("heartbeat")).items():
        operations.sort(key=lambda operation: operation.start)
        rows = []
        for identity, (row, _, seen) in raised[instance].items():
            if row is None:
                violations.append(Violation("alerts", instance, f"alert {identity} was listed before and is missing at the end", (seen,)))
            else:
                rows.append(Alert(identity, seconds(history, row["first_at"]), seconds(history, row["resolved_at"])))
        rows.sort(key=lambda alert: alert.first)
        violations += alerts_of(available, instance, operations, rows, stale, horizon)
    return violations


@dataclass(frozen=True)
class Alert:
    identity: str
    first: float
    resolved: float | None

    def __str__(self) -> str:
        return f"raised at {self.first:.1f}"

    def operation(self) -> Operation:
        """The alert as an operation of a report."""
        sent = {"resolved": None if self.resolved is None else round(self.resolved, 3)}
        return Operation("alert", self.identity, self.first, self.first, sent=sent)


def alerts_of(available: Availability, instance: str, beats: list[Operation], raised: list[Alert], stale: float,
              horizon: float) -> list[Violation]:
    possible = [beat for beat in beats if not beat.is_rejected]
    known = [beat for beat in beats if beat.is_acknowledged]
    violations = missed_losses(available, instance, possible, known, raised, stale, horizon)

    def violate(message: str, alert: Alert, *operations: Operation):
        violations.append(Violation("alerts", instance, message, (*operations, alert.operation())))

    for alert, later in zip(raised, [*raised[1:], None]):
        last = max((beat for beat in known if beat.end < alert.first), key=lambda beat: beat.start, default=None)
        if last is not None and (silent := available.counted_silence(last.start, alert.first)) < stale - 1:
            violate(f"{alert} after only {silent:.1f} s of silence that counts", alert, last)
        if later is not None and (alert.resolved is None or alert.resolved > later.first):
            violate(f"two live alerts at the same time, {alert} and at {later.first:.1f}", alert, later.operation())
        back = next((beat for beat in known if beat.start > alert.first), None)
        if back is not None:
            limit = available.deadline(back.end, SLACK)
            if limit < horizon and (alert.resolved is None or alert.resolved > limit):
                end = "is still open" if alert.resolved is None else f"was resolved at {alert.resolved:.1f}"
                violate(f"returned at {back.end:.1f}, but the alert {alert} {end}", alert, back)
        if alert.resolved is not None and not any(beat.end > alert.first and beat.start < alert.resolved for beat in possible):
            violate(f"the alert {alert} was resolved at {alert.resolved:.1f} without a heartbeat", alert)
    return violations


def missed_losses(available: Availability, instance: str, possible: list[Operation], known: list[Operation], raised: list[Alert],
                  stale: float, horizon: float) -> list[Violation]:
    violations = []
    for beat, following in zip(possible, [*possible[1:], None]):
        # The instance exists, and can be lost, only since its first acknowledged heartbeat.
        if not known or beat.start < known[0].start:
            continue
        limit = available.deadline(beat.start, stale + SLACK)
        back = horizon if following is None else following.start
        if limit < back and not any(beat.start < alert.first <= limit for alert in raised):
            late = next((alert for alert in raised if limit < alert.first < back + SLACK), None)
            operations = [beat, *filter(None, [following, late and late.operation()])]
            message = f"silent from {beat.start:.1f} to {back:.1f} without an alert by {limit:.1f} ({late or 'never raised'})"
            violations.append(Violation("alerts", instance, message, tuple(operations)))
    return violations
