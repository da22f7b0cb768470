"""Runs the test kit in the process of a NautilusTrader node, and writes its findings: `python nautilus_kit.py FOLDER`.

It needs NautilusTrader's environment, and the folders of the SDK and of the demo's node in PYTHONPATH.
"""

import argparse
import contextlib
import importlib.util
import json
import os
import pathlib
import signal
import sys
import threading
import time

from nautilus_trader.common.actor import Actor

from flotilla_agent import Agent, AgentConfiguration
from flotilla_agent.adapters.nautilus_gate import OrderGate
from flotilla_agent.adapters.nautilus_node import NodeAdapter
from flotilla_agent.adapters.testkit import check_in_process

DEMO = pathlib.Path(__file__).parents[3] / "demo" / "nautilus" / "__main__.py"


class Gatekeeper(Actor):
    """Gives the adapter its gate, as FlotillaActor does, without a sidecar that would take the reports away from the kit."""

    def join(self, node, folder):
        self.kernel, self.adapter = node.kernel, NodeAdapter(node.kernel)
        configuration = AgentConfiguration("kit", "kit", "unknown", "unknown", command_file=str(folder / "commands"), data_directory=str(folder))
        self.agent = Agent(configuration)
        self.is_attached = threading.Event()
        node.trader.add_actor(self)

    def on_start(self):
        gate = OrderGate(self.kernel, self.agent)
        gate.install()
        self.adapter.attach(gate)
        self.is_attached.set()


@contextlib.contextmanager
def blocked(loop):
    """Blocks the node's event loop during the block."""
    released = threading.Event()
    loop.call_soon_threadsafe(released.wait)
    try:
        yield
    finally:
        released.set()


def main():
    folder = pathlib.Path(sys.argv[1])
    specification = importlib.util.spec_from_file_location("demo_node", DEMO)
    demo = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(demo)
    node = demo.node(argparse.Namespace(trader="KIT-001", redis=None, cache=None, iso=False, seconds=0.3, log_level="ERROR"))
    gatekeeper = Gatekeeper()
    gatekeeper.join(node, folder / "agent")

    def check():
        try:
            assert gatekeeper.is_attached.wait(60)
            while not gatekeeper.adapter.snapshot().trades:
                time.sleep(0.5)
            time.sleep(3)
            findings = check_in_process(gatekeeper.adapter, lambda: blocked(node.kernel.loop), unsupported=["RESTART"])
        except BaseException as error:
            findings = [f"the kit raised {error!r}"]
        (folder / "findings.json").write_text(json.dumps(findings))
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=check, daemon=True).start()
    node.run()
    node.dispose()


if __name__ == "__main__":
    main()
