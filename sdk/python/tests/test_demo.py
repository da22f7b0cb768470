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


def test_a_small_fleet_of_real_bots_joins_trades_and_ends(demo):
    process, folder = demo
    line = process.stderr.readline()
    assert line.startswith("flotilla: Flotilla runs. Open http://127.0.0.1:"), line
    web, api = (word for word in line.split() if word.startswith("http://"))
    token = (folder / "token").read_text().strip()

    def get(path):
        request = urllib.request.Request(api + path, headers={"X-Admin-Token": token})
        with urllib.request.urlopen(request, timeout=10) as response:
            return json.load(response)

    until(lambda: {item["instance_id"] for item in get("/instances?page_size=200")["items"]} == INSTANCES, 150)
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
    left = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert [line for line in left.splitlines() if str(folder) in line or api in line] == []
    with contextlib.suppress(OSError):
        urllib.request.urlopen(api + "/healthz", timeout=2)
        raise AssertionError("the API still listens")
