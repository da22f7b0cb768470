"""`./flotilla demo`, without its build: real bots join, trade and end."""

import contextlib
import json
import os
import signal
import stat
import subprocess
import sys
import urllib.request

import pytest

from freqtrade_fleet import ROOT, install, until
from nautilus_fleet import install as install_nautilus

INSTANCES = {
    "basis-bitmex", "basis-deribit", "btc-maker-binance", "btc-maker-kraken", "btc-maker-okx", "eth-grid-binance", "eth-grid-bybit",
    "eth-grid-okx", "sol-trend-bybit", "sol-trend-kraken", "swing-1", "swing-2", "patient-1", "NODE-001", "NODE-002",
}


@pytest.fixture
def demo(flotilla_server, tmp_path):
    try:
        install()
        install_nautilus()
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"freqtrade or NautilusTrader is not installed, and PyPI is unreachable: {error}")
    # PostgreSQL may run as another user, who must be able to enter the folder.
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_mode & stat.S_IXOTH:
            break
        folder.chmod(0o755)
    environment = {**os.environ, "API_ADDRESS": "127.0.0.1:0", "WEB_ADDRESS": "127.0.0.1:0"}
    command = [sys.executable, ROOT / "demo", "--server", flotilla_server, "--folder", tmp_path / "demo"]
    process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
    yield process, tmp_path / "demo"
    process.kill()
    process.wait()


def wait_for_fleet(process, folder):
    """Waits until all bots have joined. Returns the addresses of the dashboard and of the API, and a function that reads from it."""
    line = process.stderr.readline()
    assert line.startswith("flotilla: Flotilla runs. Open http://127.0.0.1:"), line
    web, api = (word for word in line.split() if word.startswith("http://"))
    token = (folder / "token").read_text().strip()

    def get(path):
        request = urllib.request.Request(api + path, headers={"X-Admin-Token": token})
        with urllib.request.urlopen(request, timeout=10) as response:
            return json.load(response)

    until(lambda: {item["instance_id"] for item in get("/instances?page_size=200")["items"]} == INSTANCES, 150)
    return web, api, get


def processes_of(ancestor, folder):
    """The descendants of a process, and the others that name its folder, such as PostgreSQL; each as its id and its arguments."""
    text = subprocess.run(["ps", "-wweo", "pid,ppid,stat,args"], capture_output=True, text=True, check=True).stdout
    rows = [line.split(None, 3) for line in text.splitlines()[1:]]
    found = {str(ancestor), *(pid for pid, _, _, arguments in rows if str(folder) in arguments)}
    while more := {pid for pid, parent, *_ in rows if parent in found} - found:
        found |= more
    return {(pid, arguments) for pid, _, state, arguments in rows if pid in found - {str(ancestor)} and not state.startswith("Z")}


def is_running(process):
    """Whether a process of `processes_of` still runs, and is no other one with its id."""
    listed = subprocess.run(["ps", "-wwo", "stat=,args=", "-p", process[0]], capture_output=True, text=True).stdout.split(None, 1)
    return len(listed) == 2 and not listed[0].startswith("Z") and listed[1].strip() == process[1].strip()


def test_nothing_of_the_demo_outlives_it_when_it_is_killed(demo):
    process, folder = demo
    wait_for_fleet(process, folder)
    started = processes_of(process.pid, folder)
    names = " ".join(arguments for _, arguments in started)
    parts = "flotilla-server serve", "postgres -D", "demo/exchange", "freqtrade trade", "runner freqtrade", "demo/nautilus", "demo/agents.py"
    for part in parts:
        assert part in names, names
    process.kill()
    until(lambda: not [entry for entry in started if is_running(entry)], 60)


def test_a_small_fleet_of_real_bots_joins_trades_and_ends(demo):
    process, folder = demo
    web, api, get = wait_for_fleet(process, folder)
    for instance in ("swing-1", "patient-1", "NODE-001"):
        until(lambda: get(f"/fills?instance_id={instance}")["total"] > 0, 90)
    versions = {item["instance_id"]: item["strategy_version"] for item in get("/instances?bot_id=swing")["items"]}
    assert versions == {"swing-1": "1.1", "swing-2": "1.0"}
    assert get("/alerts?status=OPEN")["items"] == []
    with urllib.request.urlopen(web + "/login", timeout=10) as response:
        assert response.status == 200
    process.send_signal(signal.SIGINT)
    assert process.wait(90) == 0
    # Each process of the demo names its folder, its API, or its exchange.
    left = subprocess.run(["ps", "-wweo", "args"], capture_output=True, text=True, check=True).stdout
    assert [line for line in left.splitlines() if str(folder) in line or api in line] == []
    with contextlib.suppress(OSError):
        urllib.request.urlopen(api + "/healthz", timeout=2)
        raise AssertionError("the API still listens")
