"""Runs real freqtrade bots with one sidecar, NautilusTrader nodes and simulated agents against the real server for some minutes.

Then it compares everything in Flotilla with the database or the cache of each bot. The exit status is 1 if there are differences. Options kill
the adapter during the run, measure SAFE_MODE, and flatten all freqtrade bots. The server is FLOTILLA_SERVER or that of the debug build.
"""

import argparse
import contextlib
import pathlib
import signal
import sys
import tempfile
import threading
import time

from adoption_fleet import FreqtradeFleet, NodeFleet, Simulation, StreamFleet
from adoption_phases import Report, flatten, refuse_exits, safe_mode, wait_for_trades
from adoption_usage import Usage
from control_plane import ControlPlane
from freqtrade_fleet import Exchange


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--freqtrade", type=int, default=3, help="freqtrade bots, which share one sidecar (default: 3)")
    parser.add_argument("--nodes", type=int, default=2, help="NautilusTrader nodes with an actor (default: 2)")
    parser.add_argument("--streams", type=int, default=0, help="NautilusTrader nodes with a sidecar on their Redis stream (default: 0)")
    parser.add_argument("--simulated", type=int, default=3, help="agents of fleet-sim (default: 3)")
    parser.add_argument("--minutes", type=float, default=1, help="how long all of them run (default: 1)")
    parser.add_argument("--kills", type=int, default=0, help="kill -9 of each sidecar during the run, each after it came back (default: 0)")
    parser.add_argument("--safe-mode", type=int, default=0, metavar="ROUNDS", help="measure SAFE_MODE, one by one and all at once")
    parser.add_argument("--flatten", action="store_true", help="flatten all freqtrade bots, first while the exchange refuses exits")
    parser.add_argument("--throttle", type=int, help="seconds between iterations of freqtrade (default: 1 up to 6 bots, else 5)")
    parser.add_argument("--pulse", type=float, help="seconds for which freqtrade's trades stay open (default: 12 times the throttle)")
    parser.add_argument("--step", type=float, help="seconds between steps of a node's strategy (default: a tenth of the number of nodes)")
    parser.add_argument("--starting", type=int, default=2, help="bots that start at the same time (default: 2)")
    parser.add_argument("--keep", action="store_true", help="keep the folder with the logs and databases")
    return parser.parse_args()


def run(chosen, folder, report):
    with contextlib.ExitStack() as stack:

        def started(part):
            stack.callback(part.end)
            return part

        usage = Usage()
        report.progress(f"the logs are in {folder}")
        control_plane = started(ControlPlane(HEARTBEAT_STALE_SECONDS="90"))
        usage.follow("flotilla-server", lambda: control_plane.process.pid)
        exchange = started(Exchange(seed=1))
        usage.follow("fake exchange", lambda: exchange.process.pid)
        throttle = chosen.throttle or (1 if chosen.freqtrade <= 6 else 5)
        bots = started(FreqtradeFleet(report, control_plane, exchange, folder / "freqtrade", throttle, chosen.pulse or 12 * throttle))
        step = chosen.step or max(0.2, (chosen.nodes + chosen.streams) / 10)
        nodes = started(NodeFleet(report, control_plane, folder / "nodes", step))
        streams = started(StreamFleet(report, control_plane, folder / "streams", step))
        simulation = started(Simulation(report, control_plane, folder / "simulation"))
        parts = [bots, nodes, streams]
        for part, count in zip(parts, (chosen.freqtrade, chosen.nodes, chosen.streams)):
            part.start(count, chosen.starting)
        for part in (bots, streams):
            if part.sidecar is not None:
                usage.follow(part.sidecar_name, lambda part=part: part.sidecar.process.pid)
        report.progress(f"all bots run after {report.seconds:.0f} s")

        seconds = chosen.minutes * 60
        simulation.start(chosen.simulated, seconds)
        stopping = threading.Event()
        stack.callback(stopping.set)
        usage.start(stopping)
        end, next_line = time.monotonic() + seconds, 0.0
        kills = [end - seconds + seconds * (number + 0.5) / chosen.kills for number in range(chosen.kills)]
        # On a busy machine the sidecars need longer to come back, and the run is longer.
        while (now := time.monotonic()) < end or (kills and now < end + seconds):
            if kills and now >= kills[0]:
                instances = control_plane.instances()
                if all(part.is_back(instances) for part in (bots, streams)):
                    kills.pop(0)
                    for part in (bots, streams):
                        part.kill_sidecar()
            if now >= next_line:
                next_line = now + 10
                states = [item["status"] for item in control_plane.instances() if item["status"] != "RUNNING"]
                others = ", ".join(f"{states.count(state)} {state}" for state in sorted(set(states))) or "all RUNNING"
                report.progress(f"{max(0, end - now):.0f} s left; {others}; {usage.line()}")
            time.sleep(0.2)
        if kills:
            report.differ(f"{len(kills)} kills were not done, because the sidecars did not come back in time")
        report.usage = usage.summary()
        simulation.finish()
        wait_for_reports(report, parts)

        if chosen.safe_mode:
            report.attempt("SAFE_MODE", lambda: safe_mode(report, control_plane, bots, nodes, chosen.safe_mode))
        report.attempt("waiting for open trades", lambda: wait_for_trades(bots))
        report.attempt("the comparison with open trades", bots.compare)
        if chosen.flatten and bots.bots:
            report.attempt("FLATTEN with refused exits", lambda: refuse_exits(report, control_plane, exchange, bots))
            report.attempt("FLATTEN", lambda: flatten(report, control_plane, bots))
            report.attempt("the comparison after FLATTEN", bots.compare)
        report.attempt("the comparison of nodes", nodes.compare)
        report.attempt("the comparison of streams", streams.compare)
        report.attempt("the comparison of totals", lambda: check_totals(report, control_plane))


def wait_for_reports(report, parts):
    """Waits until no instance is UNRESPONSIVE or lost after the last kill."""
    end = time.monotonic() + 60
    for part in parts:
        for name in part.names:
            while (state := part.control_plane.state(name)) in ("UNRESPONSIVE", "LOST", "DEGRADED"):
                if time.monotonic() > end:
                    report.differ(f"{name} is {state} a minute after the run")
                    break
                time.sleep(0.5)


def check_totals(report, control_plane):
    """The totals of the fleet are the sums of its instances."""
    positions, exposure = control_plane.all("positions"), control_plane.call("GET", "/portfolio/exposure")
    for member in ("net_exposure", "gross_exposure"):
        total = sum(item[member] for item in positions)
        if exposure[f"total_{member}"] != total:
            report.differ(f"the {member} of the fleet is {exposure[f'total_{member}']}, and the positions add up to {total}")
    parts, books = control_plane.all("parts"), control_plane.call("GET", "/analytics/net-pnl")
    for member in ("realized", "unrealized", "fees", "funding", "net_pnl"):
        total = sum(item[member] for item in parts)
        if books[member] != total:
            report.differ(f"{member} of the fleet is {books[member]}, and the parts add up to {total}")
    report.compared.append(f"totals of {len(positions)} positions and {len(parts)} parts of the net PnL")


def main():
    chosen = options()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    report = Report()
    with contextlib.ExitStack() as stack:
        if chosen.keep:
            folder = tempfile.mkdtemp(prefix="adoption-")
        else:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="adoption-", ignore_cleanup_errors=True))
        try:
            run(chosen, pathlib.Path(folder), report)
        except KeyboardInterrupt:
            print("interrupted: everything has ended", file=sys.stderr)
            sys.exit(130)
    report.print()
    sys.exit(1 if report.differences else 0)


main()
