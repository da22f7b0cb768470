"""The bots of `Benchmarks/adoption`: each kind starts with pauses, is compared at the end, and ends on Ctrl-C."""

import collections
import concurrent.futures
import contextlib
import datetime
import json
import os
import subprocess
import time
from decimal import Decimal

import freqtrade_comparison
import freqtrade_fleet
import nautilus_comparison
import nautilus_fleet
from comparison import moment
from control_plane import ROOT, rejections
from freqtrade_fleet import until


class Part:
    """A kind of bots."""

    sidecar_name = ""

    def __init__(self, report, control_plane, folder):
        self.report, self.control_plane, self.folder = report, control_plane, folder
        folder.mkdir()
        self.names = []
        self.sidecar = None
        self.restarted_at = None
        self.counts = collections.Counter()

    def kill_sidecar(self):
        """kill -9, and a new process after a second."""
        if self.sidecar is not None:
            self.sidecar.kill()
            time.sleep(1)
            self.restarted_at = datetime.datetime.now(datetime.timezone.utc)
            self.sidecar.start()
            self.report.kills += 1

    def is_back(self, instances):
        """Whether each bot has sent a heartbeat since the last kill. A sidecar that is killed before that has done nothing."""
        if self.sidecar is None or self.restarted_at is None:
            return True
        seen = {item["instance_id"]: moment(item["last_received_at"]) for item in instances}
        return all(seen[name] > self.restarted_at for name in self.names)

    def end(self):
        if self.sidecar is not None and self.sidecar.process is not None:
            self.sidecar.kill()

    def command(self, command_type, payload=None):
        """Sends a command to all instances. A command that is not completed, and a finding in its evidence, is a difference."""
        commands = [self.control_plane.send(name, command_type, payload, 600) for name in self.names]
        for name, command in zip(self.names, commands):
            outcome = self.control_plane.outcome(command, 600)
            if outcome["status"] != "COMPLETED" or (outcome.get("evidence") or {}).get("finding_count"):
                self.report.differ(f"{name}: {command_type} {outcome['status']}: {outcome.get('reason')} {outcome.get('evidence')}")

    def check(self, name, compare, seconds=45):
        """Compares until there is no difference, because the last reports are under way for a moment."""
        end = time.monotonic() + seconds
        while (comparison := compare()).differences and time.monotonic() < end:
            time.sleep(1)
        for difference in comparison.differences:
            self.report.differ(difference)
        for finding in self.control_plane.elements("findings", name):
            if finding["resolved_at"] is None:
                self.report.differ(f"{name}: the comparison of the books found {finding}")
        self.counts += comparison.counts

    def check_rejections(self, *logs):
        for line in rejections(*logs):
            self.report.differ(f"rejected: {line[:300]}")

    def print_counts(self, kind, count):
        counts = ", ".join(f"{number} {name}s" for name, number in sorted(self.counts.items()))
        self.report.compared.append(f"{count} {kind}: {counts}")


def stagger(report, kind, starters, at_once):
    """Starts bots, at most some at the same time. A starter begins to start one, and returns a function that says whether it runs."""
    waiting = []
    for number, starter in enumerate(starters, 1):
        while len(waiting) >= at_once:
            waiting = [is_running for is_running in waiting if not _attempt(is_running)]
            time.sleep(0.2)
        waiting.append(starter())
        if number % 5 == 0:
            report.progress(f"{number} {kind} started")
    for is_running in waiting:
        until(is_running, 300)


def _attempt(condition):
    try:
        return condition()
    except (OSError, KeyError, IndexError):
        return False


class FreqtradeFleet(Part):
    """freqtrade bots in dry-run with one sidecar."""

    sidecar_name = "sidecar of freqtrade"

    def __init__(self, report, control_plane, exchange, folder, throttle, pulse):
        super().__init__(report, control_plane, folder)
        self.exchange, self.throttle, self.pulse = exchange, throttle, pulse
        self.bots = []

    def start(self, count, at_once):
        if not count:
            return
        program = freqtrade_fleet.install()
        settings = {"internals": {"process_throttle_secs": self.throttle}, "pulse_seconds": self.pulse}
        limit = {"entry": "limit", "exit": "limit", "stoploss": "market", "stoploss_on_exchange": False}

        def starter(number):
            # Every third bot also has limit orders for entries, which are canceled and placed again.
            more = {"order_types": limit} if number % 3 == 2 else {}
            bot = freqtrade_fleet.Bot(program, f"ft-{number:02}", self.folder, self.exchange, **settings, **more)
            self.bots.append(bot)
            bot.start()

            def is_running():
                assert bot.process.poll() is None, (bot.folder / "log").read_text()[-2000:]
                return bot.state == "running"

            return is_running

        stagger(self.report, "freqtrade bots", [lambda number=number: starter(number) for number in range(1, count + 1)], at_once)
        self.names = [bot.name for bot in self.bots]
        variables = {"HEARTBEAT_INTERVAL_SECONDS": "10", "COMMAND_TIMEOUT_SECONDS": "90"}
        self.sidecar = freqtrade_fleet.Sidecar(self.bots, self.control_plane.url, self.folder, **variables).start()
        for name in self.names:
            until(lambda: self.control_plane.state(name), 120)

    def compare(self):
        """Compares twice: stopped with open trades, which then no longer change, and after everything was reported again."""
        if not self.bots:
            return
        self.command("STOP", {"leave_trades": True})
        self.check_all()
        before = self.counts
        self.command("SYNC_BALANCE")
        self.check_all()
        if before != self.counts:
            self.report.differ(f"everything reported again changed the counts: {before} and {self.counts}")
        self.command("START")
        self.check_rejections(self.folder / "sidecar.log")
        self.print_counts("freqtrade bots", len(self.bots))

    def check_all(self):
        self.counts = collections.Counter()
        for bot in self.bots:
            self.check(bot.name, lambda: freqtrade_comparison.compare(self.control_plane, bot.name, bot))

    def end(self):
        super().end()
        for bot in self.bots:
            bot.end()


class NodeFleet(Part):
    """NautilusTrader nodes with an actor."""

    kind = "NautilusTrader nodes"
    prefix = "NODE"

    def __init__(self, report, control_plane, folder, step):
        super().__init__(report, control_plane, folder)
        self.step = step
        self.nodes = []

    def arguments(self):
        return ["--control-plane", self.control_plane.url]

    def start(self, count, at_once):
        if not count:
            return
        python = nautilus_fleet.install()
        arguments = self.arguments()
        self.names = [f"{self.prefix}-{number:03}" for number in range(1, count + 1)]
        self.before_nodes()

        def starter(number, name):
            variables = {"HEARTBEAT_INTERVAL_SECONDS": "5", "DEADMAN_TIMEOUT_SECONDS": "60", "COMMAND_TIMEOUT_SECONDS": "120"}
            folder = self.folder / name
            node = nautilus_fleet.Node(python, folder, *arguments, "--seed", str(number), trader=name, seconds=self.step, **variables)
            self.nodes.append(node)

            def is_running():
                assert node.process.poll() is None, node.log.read_text()[-2000:]
                return self.control_plane.state(name) is not None

            return is_running

        stagger(self.report, self.kind, [lambda pair=pair: starter(*pair) for pair in enumerate(self.names, 1)], at_once)

    def end_of(self, node):
        """Ends a node, and returns its cache; None, and a difference, if it does not end."""
        node.process.terminate()
        try:
            assert node.process.wait(180) == 0, node.log.read_text(errors="replace")[-1000:]
            return json.loads(node.dump.read_text(), parse_float=Decimal)
        except (AssertionError, OSError, ValueError, subprocess.TimeoutExpired) as error:
            self.report.differ(f"{node.trader} did not end with its cache: {error}")
            return None

    def before_nodes(self):
        pass

    def synchronize(self):
        """Halts the nodes, and lets the control plane compare its books with all that they know."""
        self.command("SAFE_MODE")
        self.command("SYNC_BALANCE")

    def compare(self):
        """Compares after the nodes' end, which is when they write their caches."""
        self.synchronize()
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            caches = list(pool.map(self.end_of, self.nodes))
        for node, cache in zip(self.nodes, caches):
            if cache is None:
                continue
            self.check(node.trader, lambda: nautilus_comparison.compare(self.control_plane, node.trader, cache))
        if self.nodes:
            self.check_rejections(self.folder / "sidecar.log", *(node.log for node in self.nodes))
            self.print_counts(self.kind, len(self.nodes))

    def end(self):
        super().end()
        for node in self.nodes:
            node.kill()


class StreamFleet(NodeFleet):
    """NautilusTrader nodes with one sidecar, which reads their Redis streams."""

    kind = "NautilusTrader nodes over Redis"
    prefix = "STREAM"
    sidecar_name = "sidecar of Redis streams"
    redis = None

    def arguments(self):
        self.redis = nautilus_fleet.RedisServer(self.folder)
        return ["--redis", f"127.0.0.1:{self.redis.port}"]

    def synchronize(self):
        """The stream is read-only, so the nodes trade until their end."""

    def before_nodes(self):
        self.sidecar = nautilus_fleet.StreamSidecar(self.redis, self.names, self.control_plane.url, self.folder).start()

    def end(self):
        super().end()
        if self.redis is not None:
            self.redis.end()


class Simulation:
    """Agents of fleet-sim, which compares their reports itself."""

    def __init__(self, report, control_plane, folder):
        self.report, self.control_plane, self.folder = report, control_plane, folder
        folder.mkdir()
        self.process = None

    def start(self, count, seconds):
        if not count:
            return
        program = os.environ.get("FLEET_SIM") or ROOT / ".build" / "debug" / "fleet-sim"
        arguments = ["--url", self.control_plane.url, "--instances", count, "--duration", max(5, seconds), "--faults", "none"]
        arguments += ["--heartbeat", 5, "--interval", 2, "--stale", 90, "--folder", self.folder / "agents"]
        environment = {**os.environ, "ADMIN_TOKEN": self.control_plane.TOKEN}
        with open(self.folder / "log", "wb") as log:
            self.process = subprocess.Popen([program, *map(str, arguments)], stdout=log, stderr=log, env=environment)

    def finish(self):
        if self.process is None:
            return
        text = self.folder / "log"
        if self.process.wait(300) != 0:
            self.report.differ(f"fleet-sim: {text.read_text(errors='replace')[-2000:]}")
        lines = [line for line in text.read_text(errors="replace").splitlines() if line.startswith(("compared", "differences"))]
        self.report.compared.append("simulated agents: " + "; ".join(" ".join(line.split()).removeprefix("compared ") for line in lines))

    def end(self):
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(20)
            self.process.kill()
