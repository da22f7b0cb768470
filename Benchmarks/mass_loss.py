"""Loses many instances at once and lets them return. Benchmarks/mass-loss runs it.

Usage: mass_loss.py API_URL CLUSTER MESSAGES COUNT, or mass_loss.py receive MESSAGES, which receives notifications and writes a line for each.
"""

import http.client
import http.server
import json
import subprocess
import sys
import threading
import time
import urllib.parse

THRESHOLD = 30
HEALTHY = 50
LIMIT = 300


def receive(path: str):
    class Receiver(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            with open(path, "a") as file:
                file.write("message\n")
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    print(server.server_port, flush=True)
    server.serve_forever()


class Client:
    def __init__(self, url: str):
        address = urllib.parse.urlparse(url)
        self.connection = http.client.HTTPConnection(address.hostname, address.port, timeout=60)

    def send(self, names: list[str]) -> bool:
        """Sends a heartbeat for each instance in one request. Returns whether all were accepted."""
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        beats = [{"instance_id": name, "bot_id": "b", "runtime_mode": "LIVE", "exchange": "binance", "symbol": "BTCUSDT", "version": "1",
                  "timestamp": now} for name in names]
        self.connection.request("POST", "/ingest/heartbeat", json.dumps(beats), {"Content-Type": "application/json"})
        response = self.connection.getresponse()
        body = json.loads(response.read())
        return response.status == 202 and body["rejected"] == 0


class Healthy(threading.Thread):
    """Instances that keep reporting, fifty heartbeats a second in all."""

    def __init__(self, url: str):
        super().__init__(daemon=True)
        self.client = Client(url)
        self.is_over = threading.Event()
        self.times: list[float] = []
        self.failures = 0

    def run(self):
        number = 0
        while not self.is_over.is_set():
            start = time.monotonic()
            is_accepted = self.client.send([f"healthy-{number % HEALTHY}"])
            self.times.append(time.monotonic() - start)
            self.failures += not is_accepted
            number += 1
            time.sleep(0.02)


def main(url: str, cluster: str, messages: str, count: int):
    def sql(query: str) -> float:
        command = ["psql", "-qAtX", "-h", cluster, "-U", "flotilla", "-d", "flotilla", "-c", query]
        return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)

    def wait(query: str, expected: float) -> float:
        """Waits until the query returns the expected number, and returns the time."""
        end = time.monotonic() + LIMIT
        while (found := sql(query)) != expected:
            if time.monotonic() > end:
                sys.exit(f"mass_loss.py: {found:.0f} after {LIMIT} s, expected {expected}: {query}")
            time.sleep(0.05)
        return time.monotonic()

    client = Client(url)

    def report():
        """A heartbeat from each instance, in arrays of a thousand. Agents repeat what was rejected, too."""
        for first in range(0, count, 1000):
            end = time.monotonic() + LIMIT
            while not client.send([f"i{number}" for number in range(first, min(first + 1000, count))]):
                if time.monotonic() > end:
                    sys.exit(f"mass_loss.py: heartbeats were rejected for {LIMIT} s")
                time.sleep(0.2)

    open_alerts = "SELECT count(*) FROM alerts WHERE source = 'heartbeat_monitor' AND status <> 'RESOLVED'"
    healthy = Healthy(url)
    healthy.start()
    # Registers the instances, which takes longer than later heartbeats.
    report()
    report()
    last = time.monotonic()
    opened = wait(open_alerts, count) - last - THRESHOLD
    # The alerts of a thousand instances have the time at which their transaction began.
    each = sql(f"SELECT extract(epoch FROM max(first_at) - min(first_at)) * 1000000 / {max(count - 1000, 1)} FROM alerts"
               " WHERE source = 'heartbeat_monitor'")
    wait("SELECT (SELECT count(*) FROM notifications WHERE NOT is_routed)"
         " + (SELECT count(*) FROM notification_deliveries WHERE status = 'PENDING')", 0)
    with open(messages) as file:
        sent = len(file.readlines())
    report()
    back = time.monotonic()
    resolved = wait(open_alerts, 0) - back
    healthy.is_over.set()
    healthy.join()
    slowest = max(healthy.times) * 1000
    print(f"{opened:.1f} {each:.0f} {resolved:.1f} {sent} {len(healthy.times)} {healthy.failures} {slowest:.0f}")


if __name__ == "__main__":
    if sys.argv[1] == "receive":
        receive(sys.argv[2])
    else:
        main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))
