"""Sends samples that are a day late beside heartbeats. Benchmarks/late-samples runs it. Usage: late_samples.py API_URL CLUSTER SAMPLES INSTANCES."""

import http.client
import json
import subprocess
import sys
import threading
import time
import urllib.parse

SENDERS = 32
# Seconds between the heartbeats of an instance.
INTERVAL = 30
SERIES = 50
ARRAY = 500
# Seconds of heartbeats alone, before and after the samples.
MARGIN = 5


def text(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


class Client:
    """A connection that measures its requests."""

    def __init__(self, url: str):
        address = urllib.parse.urlparse(url)
        self.connection = http.client.HTTPConnection(address.hostname, address.port, timeout=60)
        self.times: list[float] = []
        self.failures = 0

    def post(self, path: str, value: object):
        start = time.monotonic()
        self.connection.request("POST", path, json.dumps(value), {"Content-Type": "application/json"})
        response = self.connection.getresponse()
        body = json.loads(response.read())
        self.times.append(time.monotonic() - start)
        if response.status != 202 or body.get("rejected", 0) > 0:
            self.failures += 1


def heartbeat(name: str) -> dict:
    return {"instance_id": name, "bot_id": "b", "runtime_mode": "LIVE", "exchange": "binance", "symbol": "BTCUSDT", "version": "1",
            "timestamp": text(time.time())}


def beat(client: Client, names: list[str], is_over: threading.Event):
    """Sends the heartbeats of some instances, evenly distributed over each interval."""
    number, start = 0, time.monotonic()
    while not is_over.is_set():
        client.post("/ingest/heartbeat", heartbeat(names[number % len(names)]))
        number += 1
        time.sleep(max(0.0, start + number * INTERVAL / len(names) - time.monotonic()))


def percentile(times: list[float], share: float) -> float:
    return sorted(times)[int((len(times) - 1) * share)] * 1000


def main(url: str, cluster: str, samples: int, instances: int):
    names = [f"i{number}" for number in range(instances)]
    setup = Client(url)
    for first in range(0, instances, 1000):
        setup.post("/ingest/heartbeat", [heartbeat(name) for name in names[first:first + 1000]])
    if setup.failures:
        sys.exit("late_samples.py: the instances were not registered")
    clients, is_over = [Client(url) for _ in range(SENDERS)], threading.Event()
    threads = [threading.Thread(target=beat, args=(client, names[number::SENDERS], is_over)) for number, client in enumerate(clients)]
    start = time.monotonic()
    for thread in threads:
        thread.start()
    time.sleep(MARGIN)
    late, day = Client(url), time.time() - 86_400
    for first in range(0, samples, ARRAY):
        late.post("/ingest/metrics", [
            {"instance_id": names[number % SERIES], "symbol": "BTCUSDT", "metric_type": "equity", "value": 1_000 + number % 7,
             "currency": "USDT", "timestamp": text(day + number // SERIES)}
            for number in range(first, min(first + ARRAY, samples))])
    sent = time.monotonic()
    query = ("SELECT (SELECT count(*) FROM touched_buckets)"
             " + (SELECT count(*) FROM metric_latest WHERE unrolled_from < now() - interval '10 minutes')")
    while subprocess.run(["psql", "-qAtX", "-h", cluster, "-U", "flotilla", "-d", "flotilla", "-c", query],
                         capture_output=True, text=True, check=True).stdout.strip() != "0":
        time.sleep(0.2)
    rolled = time.monotonic() - sent
    time.sleep(MARGIN)
    is_over.set()
    for thread in threads:
        thread.join()
    times = [duration for client in clients for duration in client.times]
    failures = sum(client.failures for client in clients) + late.failures
    print(f"{len(times) / (time.monotonic() - start):.0f} {percentile(times, 0.5):.1f} {percentile(times, 0.99):.1f} {max(times) * 1000:.0f} "
          f"{failures} {len(late.times)} {percentile(late.times, 0.99):.0f} {rolled:.1f}")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
