"""`./flotilla demo`: starts Flotilla with a small fleet of real bots on this machine, and ends all of it on Ctrl-C or when it is killed.

The bots trade on a fake exchange and in a sandbox. They need no account and no network, except PyPI to install them once.
"""

import argparse
import contextlib
import json
import os
import pathlib
import secrets
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.request

import agents
import bots
from bots import ROOT, Exchange, FreqtradeBot, install_freqtrade, install_nautilus, sidecar_configuration
from leash import Leash

#: The file that marks the folder of a demo.
MARK = "demo"
#: The freqtrade bots: their strategy and more members of their configuration. Two of them are one bot with two versions of its strategy.
FREQTRADE = {
    "swing-1": ("Swing", {}),
    "swing-2": ("Swing", {"strategy_version": "1.0", "stake_amount": 500}),
    "patient-1": ("Patient", {}),
}
#: The NautilusTrader nodes, and the pause between two steps of their strategies, in seconds.
NODES = {"NODE-001": 2, "NODE-002": 5}


def say(text):
    print(f"flotilla: {text}", file=sys.stderr, flush=True)


class Demo:
    """The processes of the demo, in the order in which they were started."""

    def __init__(self, server, folder):
        self.server, self.folder = pathlib.Path(server).resolve(), folder
        self.processes = {}
        self.launch = Leash().start
        self.lock = threading.Lock()
        self.is_ending = threading.Event()
        self.url = self.web = ""
        self.token = secrets.token_hex(24)

    def keep(self, name, starter):
        """Starts a process, or an object that has one. Ends the thread if the demo is ending, so that no process is left behind."""
        with self.lock:
            if self.is_ending.is_set():
                raise SystemExit
            started = starter()
            self.processes[name] = getattr(started, "process", started)
            return started

    def start(self, name, command, environment=None, **options):
        """Starts a process in a separate session, so that Ctrl-C reaches only this one. Its output is in `logs`."""
        with open(self.folder / "logs" / name, "ab") as log:
            options = {"env": {**os.environ, **(environment or {})}, "start_new_session": True, "stdout": log, "stderr": log, **options}
            return self.keep(name, lambda: self.launch(command, **options))

    # The server

    def start_server(self):
        """Starts the server with a separate cluster and a new token, and waits until it accepts requests."""
        (self.folder / "token").touch(0o600)
        (self.folder / "token").write_text(self.token + "\n")
        environment = {
            "DATA_DIR": str(self.folder / "cluster"), "DATABASE_URL": "", "ADMIN_TOKEN": self.token, "ENVIRONMENT": "DEMO",
            "BOOKS_CURRENCY": "USDT", "LOG_LEVEL": "warning",
        }
        # The working directory has no .env, so a user's settings and database are not used.
        command = [self.server, "serve", "--migrate"]
        process = self.start("server", command, environment, cwd=self.folder, stdout=subprocess.PIPE, text=True)
        # API and WEB with their addresses; nothing if the server has ended.
        self.url, self.web = ((process.stdout.readline().split() + ["", ""])[1] for _ in range(2))
        end = time.monotonic() + 60
        while not self.is_ending.is_set():
            with contextlib.suppress(OSError):
                urllib.request.urlopen(self.url + "/readyz", timeout=5).close()
                return
            if not self.url or process.poll() is not None or time.monotonic() > end:
                raise SystemExit(f"flotilla: the server did not start:\n{self.log('server')}")
            time.sleep(0.2)

    def instances(self):
        """The ids of the instances that have joined."""
        request = urllib.request.Request(f"{self.url}/instances?page_size=200", headers={"X-Admin-Token": self.token})
        with contextlib.suppress(OSError), urllib.request.urlopen(request, timeout=5) as response:
            return {instance["instance_id"] for instance in json.load(response)["items"]}
        return set()

    # The bots

    @property
    def agent(self):
        """The environment of agents, which run from the sources."""
        return {
            "PYTHONPATH": str(ROOT / "sdk" / "python" / "src"), "CONTROL_PLANE_URL": self.url, "HEARTBEAT_INTERVAL_SECONDS": "10",
            "AGENT_DATA_DIR": str(self.folder / "agents"),
        }

    def start_agents(self):
        self.start("agents", [sys.executable, ROOT / "demo" / "agents.py", self.url, self.folder / "agents"], self.agent)
        return {f"{bot}-{exchange}" for (bot, _), exchanges in agents.FLEET.items() for exchange in exchanges}

    def start_freqtrade(self):
        program = install_freqtrade(self.launch)
        exchange = self.keep("exchange", lambda: Exchange(launch=self.launch))
        fleet = []
        for name, (strategy, more) in FREQTRADE.items():
            bot = FreqtradeBot(program, name, self.folder / "freqtrade", exchange, ROOT / "demo" / "strategies", strategy, **more)
            fleet.append(self.keep(name, lambda: bot.start(self.launch)))
        for bot in fleet:
            # A bot that does not listen yet would be unresponsive.
            while not bot.listens() and bot.process.poll() is None and not self.is_ending.wait(0.2):
                pass
        configuration = self.folder / "bots.toml"
        configuration.write_text(sidecar_configuration(fleet, bot_id=lambda bot: bot.name.rpartition("-")[0], ui_url=lambda bot: bot.url))
        environment = {**self.agent, "BOT_PASSWORD": FreqtradeBot.PASSWORD}
        self.start("sidecar", [sys.executable, "-m", "flotilla_agent.runner", "freqtrade", "--config", configuration], environment)
        return set(FREQTRADE)

    def start_nautilus(self):
        python = install_nautilus(self.launch)
        for trader, seconds in NODES.items():
            command = [python, ROOT / "demo" / "nautilus", "--trader", trader, "--seconds", seconds, "--control-plane", self.url]
            self.start(trader, command, {**self.agent, "BOT_ID": "pulse"})
        return set(NODES)

    def join(self, kind, starter, wanted):
        """Starts bots of a kind, or reports that PyPI cannot be reached."""
        try:
            wanted |= starter()
        except (OSError, subprocess.CalledProcessError) as error:
            if not self.is_ending.is_set():
                say(f"{kind} is not installed and PyPI cannot be reached, so its bots are missing: {error}")

    # The whole

    def run(self):
        start = time.monotonic()
        self.start_server()
        say(f"Flotilla runs. Open {self.web} and sign in with the token in {self.folder / 'token'}. The API is at {self.url}")
        wanted = self.start_agents()
        say(f"{len(wanted)} simulated agents start; freqtrade and NautilusTrader are installed in .build the first time")
        joining = [
            threading.Thread(target=self.join, args=arguments, daemon=True)
            for arguments in [("freqtrade", self.start_freqtrade, wanted), ("NautilusTrader", self.start_nautilus, wanted)]
        ]
        for thread in joining:
            thread.start()
        joined = 0
        while not self.is_ending.wait(1):
            self.check()
            if joining and len(found := self.instances()) > joined:
                joined = len(found)
                is_complete = found >= wanted and not any(thread.is_alive() for thread in joining)
                say(f"{joined} bots have joined after {time.monotonic() - start:.0f} s" + ("; Ctrl-C ends the demo" if is_complete else ""))
                joining = [] if is_complete else joining

    def check(self):
        """Says which processes have ended; without the server the demo ends."""
        for name, process in list(self.processes.items()):
            if process.poll() is None:
                continue
            del self.processes[name]
            say(f"{name} has ended with status {process.returncode}:\n{self.log(name)}")
            if name == "server":
                self.is_ending.set()

    def log(self, name):
        """The last lines of a process."""
        files = [self.folder / "logs" / name, self.folder / "freqtrade" / name / "log"]
        return "\n".join(line for file in files if file.exists() for line in file.read_text(errors="replace").splitlines()[-10:])

    def end(self):
        """Ends the processes, the newest first, and the server last."""
        with self.lock:
            self.is_ending.set()
        others = [*bots.installing, *(process for name, process in reversed(self.processes.items()) if name != "server")]
        for process in others:
            process.terminate()
        self.wait(others, 15)
        if (server := self.processes.get("server")) is not None:
            server.terminate()
            self.wait([server], 30)

    @staticmethod
    def wait(processes, seconds):
        """Waits for processes, and kills those that take too long."""
        end = time.monotonic() + seconds
        for process in processes:
            try:
                process.wait(max(end - time.monotonic(), 0.1))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def main():
    parser = argparse.ArgumentParser(prog="./flotilla demo", description=__doc__.split("\n")[0])
    parser.add_argument("--server", required=True, help="the program flotilla-server")
    parser.add_argument("--folder", type=pathlib.Path, default=ROOT / ".flotilla-demo", help="the folder of the demo's data, which is emptied")
    options = parser.parse_args()
    if options.folder.exists() and not (options.folder / MARK).exists():
        parser.error(f"{options.folder} is not the folder of a demo, so it is not emptied; choose a folder that does not exist")
    shutil.rmtree(options.folder, ignore_errors=True)
    (options.folder / "logs").mkdir(parents=True)
    (options.folder / MARK).touch()
    demo = Demo(options.server, options.folder.resolve())
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: demo.is_ending.set())
    try:
        demo.run()
    finally:
        say("ending the demo")
        demo.end()


main()
