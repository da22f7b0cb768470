"""The phases of `Benchmarks/adoption` after the run: SAFE_MODE measured, and FLATTEN of all freqtrade bots."""

import collections
import time

from comparison import moment
from freqtrade_fleet import until


class Report:
    """Progress while it runs, and the summary at the end."""

    def __init__(self):
        self._began = time.monotonic()
        self.differences = []
        self.compared = []
        self.measured = []
        self.usage = []
        self.kills = 0

    @property
    def seconds(self):
        return time.monotonic() - self._began

    def progress(self, text):
        print(f"{self.seconds:6.0f} s  {text}", flush=True)

    def differ(self, text):
        self.differences.append(text)
        self.progress(f"DIFFERENCE {text[:400]}")

    def measure(self, text):
        self.measured.append(text)
        self.progress(text)

    def attempt(self, title, phase):
        """Runs a phase. Its failure is a difference, and the next phase still runs."""
        self.progress(title)
        try:
            phase()
        except (AssertionError, OSError, KeyError, IndexError, TypeError, ValueError) as error:
            self.differ(f"{title} failed: {error!r}")

    def print(self):
        print("\nSummary")
        for title, lines in (("compared", self.compared), ("measured", self.measured), ("usage", self.usage)):
            for line in lines:
                print(f"{title:10}{line}")
        print(f"{'kills':10}{self.kills}\n{'result':10}{len(self.differences)} differences")
        for line in self.differences[:50]:
            print(f"  {line[:600]}")


def percentiles(seconds):
    ordered = sorted(seconds)
    if not ordered:
        return "no values"
    at = [ordered[min(len(ordered) - 1, int(len(ordered) * part))] for part in (0.5, 0.99)]
    return f"p50 {at[0]:.2f} s, p99 {at[1]:.2f} s, max {ordered[-1]:.2f} s of {len(ordered)}"


def safe_mode(report, control_plane, bots, nodes, rounds):
    """From the request to the gate closed. An agent completes SAFE_MODE when the bot's own answers show that entries are paused; it uses the
    same clock as this program, so the time of its acknowledgement is at or after the closing."""
    kinds = {"freqtrade": bots.names, "nautilus": nodes.names}
    own = {bot.name: bot for bot in bots.bots}
    single, together = collections.defaultdict(list), collections.defaultdict(list)

    def elapsed(name, command, start):
        outcome = control_plane.outcome(command)
        if outcome["status"] != "COMPLETED":
            report.differ(f"{name}: SAFE_MODE {outcome['status']}: {outcome.get('reason')}")
        if name in own and own[name].state != "paused":
            report.differ(f"{name}: SAFE_MODE is COMPLETED, and the bot is {own[name].state}")
        return moment(outcome["timestamp"]).timestamp() - start

    def start_again():
        commands = [(name, control_plane.send(name, "START")) for names in kinds.values() for name in names]
        for name, command in commands:
            if control_plane.outcome(command)["status"] != "COMPLETED":
                report.differ(f"{name}: START failed")

    for number in range(rounds):
        for kind, names in kinds.items():
            for name in names:
                start = time.time()
                single[kind].append(elapsed(name, control_plane.send(name, "SAFE_MODE"), start))
        start_again()
        start = time.time()
        everyone = [name for names in kinds.values() for name in names]
        body = {"command_type": "SAFE_MODE", "target": {"instance_ids": everyone}, "ttl_seconds": 120}
        commands = {item["instance_id"]: item["command_id"] for item in control_plane.call("POST", "/commands/bulk", body)["items"]}
        for kind, names in kinds.items():
            together[kind] += [elapsed(name, commands[name], start) for name in names]
        start_again()
        report.progress(f"SAFE_MODE round {number + 1} of {rounds}")
    for kind, names in kinds.items():
        if names:
            report.measure(f"SAFE_MODE {kind}, one by one: {percentiles(single[kind])}")
            report.measure(f"SAFE_MODE {kind}, all at once: {percentiles(together[kind])}")


def wait_for_trades(bots):
    for bot in bots.bots:
        until(lambda: [trade for trade in bot.call("/status") if trade["amount"]], 300)


def refuse_exits(report, control_plane, exchange, bots):
    """While the exchange has no order books, FLATTEN fails with evidence, and each bot has an open alert."""
    wait_for_trades(bots)
    with exchange.fault(r"/ft-\d+/api/v3/depth", "refuse", "Market is closed."):
        commands = [(bot, control_plane.send(bot.name, "FLATTEN", seconds=300)) for bot in bots.bots]
        failed = 0
        for bot, command in commands:
            outcome = control_plane.outcome(command, 300)
            open_trades = bot.call("/status")
            if outcome["status"] == "COMPLETED":
                if open_trades:
                    report.differ(f"{bot.name}: FLATTEN is COMPLETED while the exchange refuses exits, and {len(open_trades)} trades are open")
                continue
            failed += 1
            evidence = outcome.get("evidence") or {}
            if evidence.get("open_trade_count") != len(open_trades) or "Market is closed." not in (outcome.get("reason") or ""):
                report.differ(f"{bot.name}: FLATTEN failed with {outcome}, and {len(open_trades)} trades are open")
            until(lambda: control_plane.alerts(command) == [("command_failed", "OPEN")], 30)
    report.measure(f"FLATTEN while the exchange refuses exits: {failed} of {len(commands)} FAILED with evidence and an open alert")


def flatten(report, control_plane, bots):
    """FLATTEN of all bots at once. COMPLETED means that the bot itself lists no trade."""
    before = sum(len(bot.call("/status")) for bot in bots.bots)
    start = time.time()
    commands = [(bot, control_plane.send(bot.name, "FLATTEN", seconds=300)) for bot in bots.bots]
    seconds = []
    for bot, command in commands:
        outcome = control_plane.outcome(command, 300)
        open_trades = bot.call("/status")
        if outcome["status"] != "COMPLETED" or open_trades:
            report.differ(f"{bot.name}: FLATTEN {outcome['status']}: {outcome.get('reason')}; {len(open_trades)} trades are open")
        seconds.append(moment(outcome["timestamp"]).timestamp() - start)
    report.measure(f"FLATTEN of {len(commands)} freqtrade bots with {before} open trades: {percentiles(seconds)}")
