"""Measures pages of the dashboard, and the memory of a browser with an open page, while 10,000 instances report.

Benchmarks/pages runs it. Usage: pages.py API_URL WEB_URL MINUTES
"""

import http.client
import json
import statistics
import sys
import threading
import time
import urllib.parse

from selenium import webdriver

from fleet import EXCHANGES, Fleet, heartbeat

api, web, minutes = sys.argv[1], sys.argv[2], float(sys.argv[3])
fleet = Fleet(api, "benchmark")
COUNT = 10_000


def beats(numbers):
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    return [heartbeat(f"instance-{number:05}", f"bot-{number // 2:04}", now, exchange=EXCHANGES[number % 4][0], symbol=EXCHANGES[number % 4][1],
                      runtime_mode="LIVE" if number % 4 else "PAPER", version=f"2.{number % 3}") for number in numbers]


fleet.heartbeats(beats(range(COUNT)))
for start in range(0, COUNT, 500):
    fleet.call("POST", "/ingest/positions", [
        {"instance_id": f"instance-{number:05}", "symbol": EXCHANGES[number % 4][1], "net_exposure": str(number % 977 - 400),
         "gross_exposure": "1000", "updated_at": fleet.ago(0)} for number in range(start, start + 500)])


def report():
    """Sends heartbeats of a thousandth of the fleet every 30 ms, which is 333 heartbeats per second."""
    number = 0
    while True:
        fleet.heartbeats(beats(range(number, number + 10)))
        number = (number + 10) % COUNT
        time.sleep(0.03)


threading.Thread(target=report, daemon=True).start()
address = urllib.parse.urlparse(web)
connection = http.client.HTTPConnection(address.hostname, address.port)
connection.request("POST", "/login", "token=benchmark", {"Content-Type": "application/x-www-form-urlencoded"})
response = connection.getresponse()
response.read()
cookie = response.getheader("Set-Cookie").split(";")[0]


def fetch(path):
    """Returns the milliseconds to the first byte and to the last, and the size in bytes, compressed as for a browser."""
    started = time.perf_counter()
    connection.request("GET", path, headers={"Cookie": cookie, "Accept-Encoding": "gzip"})
    response = connection.getresponse()
    first = response.read(1)
    first_byte = time.perf_counter()
    body = first + response.read()
    assert response.status == 200, body
    return (first_byte - started) * 1000, (time.perf_counter() - started) * 1000, len(body)


FILTER = "?page_size=200&status=RUNNING&q=instance"
for path, reference in (("/dashboard", "/api/fleet"), ("/bots", "/api/instances"), ("/bots" + FILTER, "/api/instances" + FILTER)):
    pages, references = [], []
    for _ in range(60):
        pages.append(fetch(path))
        references.append(fetch(reference))
    first, last = ([sorted(page[index] for page in pages) for index in (0, 1)])
    complete, bare = statistics.median(last), statistics.median(item[1] for item in references)
    print(f"| {path}, 10,000 instances | first byte p50 {statistics.median(first):.1f} ms, p95 {first[56]:.1f} ms; complete p50 "
          f"{complete:.1f} ms; {pages[-1][2] / 1024:.0f} KiB | {reference}: p50 {bare:.1f} ms | {complete / bare:.2f} |")

options = webdriver.ChromeOptions()
for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
    options.add_argument(argument)
options.set_capability("goog:loggingPrefs", {"performance": "ALL"})
driver = webdriver.Chrome(options=options, service=webdriver.ChromeService("/usr/bin/chromedriver"))
driver.get(web + "/login")
driver.add_cookie({"name": cookie.split("=")[0], "value": cookie.split("=")[1], "path": "/"})


def live_updates(path, seconds=30):
    """Returns the compressed KiB that a page receives while it is open, and the milliseconds of the browser's tasks above 50 ms."""
    driver.get(web + path)
    time.sleep(6)
    driver.get_log("performance")
    driver.execute_script("window.tasks = [];"
                          "new PerformanceObserver((list) => tasks.push(...list.getEntries().map((task) => Math.round(task.duration))))"
                          ".observe({ type: 'longtask' });")
    time.sleep(seconds)
    messages = [json.loads(entry["message"])["message"] for entry in driver.get_log("performance")]
    received = sum(message["params"]["encodedDataLength"] for message in messages if message["method"] == "Network.dataReceived")
    return received / 1024, driver.execute_script("return tasks")


for path in ("/dashboard", "/bots"):
    received, tasks = live_updates(path)
    print(f"| {path}, 30 s of live updates | {received:.0f} KiB received | tasks above 50 ms: {tasks or 'none'} | |")
driver.execute_cdp_cmd("Performance.enable", {})


def browser_usage():
    """Returns the JavaScript heap in MiB and the number of DOM nodes, after a garbage collection."""
    driver.execute_cdp_cmd("HeapProfiler.collectGarbage", {})
    figures = {item["name"]: item["value"] for item in driver.execute_cdp_cmd("Performance.getMetrics", {})["metrics"]}
    return figures["JSHeapUsedSize"] / 1048576, int(figures["Nodes"])


time.sleep(15)
heap_before, nodes_before = browser_usage()
time.sleep(minutes * 60)
heap_after, nodes_after = browser_usage()
print(f"| browser, /bots with live updates for {minutes:.0f} minutes | {heap_after:.1f} MiB of JavaScript heap, {nodes_after} nodes | after 15 s: "
      f"{heap_before:.1f} MiB, {nodes_before} nodes | {heap_after / heap_before:.2f} |")
driver.quit()
