"""Requests pages, and keeps one open in a browser, while 10,000 instances report. Called by Benchmarks/pages."""

import http.client
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
    """Sends heartbeats of a thousandth of the fleet every 30 ms: 333 heartbeats a second."""
    number = 0
    while True:
        fleet.heartbeats(beats(range(number, number + 10)))
        number = (number + 10) % COUNT
        time.sleep(0.03)


threading.Thread(target=report, daemon=True).start()
address = urllib.parse.urlparse(web)
connection = http.client.HTTPConnection(address.hostname, address.port)
connection.request("POST", "/login", "token=benchmark")
answer = connection.getresponse()
answer.read()
cookie = answer.getheader("Set-Cookie").split(";")[0]


def ask(path):
    """Returns the milliseconds to the first and to the last byte, and the size in bytes."""
    started = time.perf_counter()
    connection.request("GET", path, headers={"Cookie": cookie})
    answer = connection.getresponse()
    first = answer.read(1)
    began = time.perf_counter()
    body = first + answer.read()
    assert answer.status == 200, body
    return (began - started) * 1000, (time.perf_counter() - started) * 1000, len(body)


for path, reference in (("/dashboard", "/api/fleet"), ("/bots", "/api/instances"), ("/bots?page_size=200&status=RUNNING&q=instance", "/api/instances?page_size=200&status=RUNNING&q=instance")):
    pages, answers = [], []
    for _ in range(60):
        pages.append(ask(path))
        answers.append(ask(reference))
    first, last = ([sorted(page[place] for page in pages) for place in (0, 1)])
    bare = statistics.median(answer[1] for answer in answers)
    print(f"| {path}, 10,000 instances | first byte p50 {statistics.median(first):.1f} ms, p95 {first[56]:.1f} ms; complete p50 "
          f"{statistics.median(last):.1f} ms; {pages[-1][2] / 1024:.0f} KiB | {reference}: p50 {bare:.1f} ms | {statistics.median(last) / bare:.2f} |")

options = webdriver.ChromeOptions()
for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
    options.add_argument(argument)
driver = webdriver.Chrome(options=options, service=webdriver.ChromeService("/usr/bin/chromedriver"))
driver.get(web + "/login")
driver.add_cookie({"name": cookie.split("=")[0], "value": cookie.split("=")[1], "path": "/"})
driver.get(web + "/bots")
driver.execute_cdp_cmd("Performance.enable", {})


def used():
    driver.execute_cdp_cmd("HeapProfiler.collectGarbage", {})
    figures = {item["name"]: item["value"] for item in driver.execute_cdp_cmd("Performance.getMetrics", {})["metrics"]}
    return figures["JSHeapUsedSize"] / 1048576, int(figures["Nodes"])


time.sleep(15)
before, nodes = used()
time.sleep(minutes * 60)
after, more = used()
print(f"| browser, /bots live for {minutes:.0f} minutes | {after:.1f} MiB of JavaScript heap, {more} nodes | after 15 s: {before:.1f} MiB, "
      f"{nodes} nodes | {after / before:.2f} |")
driver.quit()
