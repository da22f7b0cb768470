"""Tests the dashboard in a real browser."""

import json
import os
import re
import signal
import time
import urllib.error
import urllib.request

import pytest
from selenium.webdriver.common.keys import Keys

from axe import check_pages
from conftest import TOKEN, Browser
from fleet import APPROVERS, heartbeat, uuid

PAGES = [
    "/dashboard", "/bots", "/bots/mm-bin-00/binance-a0", "/bots/mm-bin-00/binance-a0?tab=metrics", "/commands",
    "/commands/new?type=FLATTEN&instance=binance-a0&instance=okx-d3", "/approvals", "/alerts", "/alerts?status=RESOLVED", "/portfolio",
    "/trades", "/trades?group=BOT&range=90d", "/trades?group=STRATEGY&sort=profit", "/bots/mm-bin-00/binance-a0?tab=trades",
    "/bots/mm-bin-00/binance-a0?tab=trades&view=orders", "/bots/mm-bin-00/binance-a0?tab=trades&view=balances",
    "/bots/mm-bin-00/binance-a0?tab=configuration", "/bots/mm-bin-00/binance-a0?tab=history", "/bots/mm-bin-00/binance-a0?tab=history&view=log",
    "/commands/new?type=FLATTEN&instance=binance-a0", "/commands/new?type=FLATTEN&all=1&runtime_mode=LIVE",
    "/analytics", "/analytics?tab=days", "/compare?instance=binance-a0&instance=okx-d3", "/analytics?tab=execution", "/analytics?tab=equity", "/analytics?tab=runs", "/analytics?tab=resources",
    "/reconciliation", "/admin/modules", "/admin/modules/6f3c1a52-6a3c-4f6e-9d59-0b7e6c1f0a11", "/audit", "/markets", "/datasets",
    "/retired-instances", "/instances/okx-d3/retire",
    "/settings", "/settings?tab=sessions", "/settings?tab=tokens", "/settings?tab=notifications", "/settings?tab=about", "/system", "/killswitch",
]
LABELS = ["Dashboard", "Bots", "Portfolio", "Markets", "Analytics", "Datasets", "Modules / Admin"]


def get(url: str, cookie: str | None = None):
    """Returns the status, headers and body of a response without following redirects."""
    class NoRedirect(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_):
            return None
    request = urllib.request.Request(url, headers={"Cookie": cookie} if cookie else {})
    try:
        response = urllib.request.build_opener(NoRedirect).open(request)
    except urllib.error.HTTPError as error:
        response = error
    return response.status, response.headers, response.read().decode()


def cookie(browser: Browser) -> str:
    return f"flotilla_session={browser.driver.get_cookie('flotilla_session')['value']}"


# --- Sign-in and sessions

def test_an_invalid_token_is_rejected_and_a_valid_one_opens_the_requested_page(server, fleet):
    browser = Browser(server.web)
    try:
        browser.open("/alerts")
        assert browser.path == "/login?next=%2Falerts"
        browser.find("[name=token]").send_keys("not the token")
        browser.find("button").click()
        browser.wait(lambda: browser.text("[role=alert]") == "Invalid token.")
        browser.find("[name=token]").send_keys(TOKEN)
        browser.find("button").click()
        browser.wait(lambda: browser.path == "/alerts")
        session = browser.driver.get_cookie("flotilla_session")
        assert (session["httpOnly"], session["sameSite"]) == (True, "Lax")
        old_cookie = cookie(browser)
        browser.find(".user summary").click()
        browser.find("form[action='/logout'] button").click()
        browser.wait(lambda: browser.path.startswith("/login"))
        assert get(server.web + "/bots", old_cookie)[0] == 303
    finally:
        browser.close()


def test_without_a_session_pages_redirect_to_sign_in_and_the_api_returns_401(server, fleet):
    status, headers, _ = get(server.web + "/bots")
    assert (status, headers["Location"]) == (303, "/login?next=%2Fbots")
    assert get(server.web + "/api/bots")[0] == 401
    assert get(server.web + "/api/stream")[0] == 401
    assert get(server.web + "/login?next=https://evil.example")[2].count("evil.example") == 0


def test_the_token_is_in_no_response_to_the_browser(server, browser):
    for path in PAGES + ["/api/bots?page=1&page_size=50", "/api/portfolio/exposure", "/api/tokens", "/assets/live.js", "/login"]:
        status, headers, body = get(server.web + path, cookie(browser))
        assert status == 200, path
        assert TOKEN not in body and TOKEN not in str(headers), path


def test_a_form_from_another_site_is_rejected(server, browser):
    def post(path: str, body: str, **headers: str) -> int:
        request = urllib.request.Request(server.web + path, data=body.encode(), headers={"Cookie": cookie(browser), **headers})
        try:
            return urllib.request.urlopen(request).status
        except urllib.error.HTTPError as error:
            return error.code
    assert post("/commands", "type=FLATTEN&instance=binance-a0&csrf=0") == 403
    assert post("/logout", "") == 403
    assert post("/login", f"token={TOKEN}", Origin="https://evil.example") == 403
    assert post("/login", f"token={TOKEN}", **{"Sec-Fetch-Site": "cross-site"}) == 403


# --- Pages

@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_complete(browser, path):
    browser.open(path)
    assert browser.find("h1").text
    links = [link.text for link in browser.all("nav[aria-label=Main] a")]
    assert [label for label in LABELS if not any(text.startswith(label) for text in links)] == []
    # Every block with data shows the time of the data.
    undated = browser.driver.execute_script("return [...document.querySelectorAll('main section')].filter("
                                            "e => e.querySelector('.figures, table.rows, figure') && !e.querySelector('time')).map(e => e.id)")
    assert [name for name in undated if name != "evidence"] == []
    ids = browser.driver.execute_script("return [...document.querySelectorAll('[id]')].map(e => e.id)")
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1440])
def test_axe_reports_no_violations(browser, theme, width):
    check_pages(browser, PAGES, width, theme)


def test_a_phone_shows_a_live_bot_in_three_lines_and_has_large_targets(browser, fleet):
    wait_for_performance(fleet, "mm-bin-00")
    browser.driver.set_window_size(390, 844)
    try:
        browser.open("/bots?runtime_mode=LIVE")
        script = "return [...document.querySelectorAll(arguments[0])].filter(e => e.offsetParent).map(e => Math.round(e.getBoundingClientRect().height))"
        cards = browser.driver.execute_script(script, "#bots tbody tr")
        assert cards and max(cards) <= 120, cards
        assert min(browser.driver.execute_script(script, "main button")) >= 44
        assert max(browser.driver.execute_script(script, ".bulk")) <= 56
        assert "NetPnL today" in browser.driver.execute_script("return getComputedStyle(document.querySelector('#bots td[data-label=\"NetPnL today\"]'), '::before').content")
    finally:
        browser.driver.set_window_size(1440, 1000)


def test_the_dashboard_is_installable(browser, server):
    status, headers, text = get(server.web + "/assets/app.webmanifest")
    assert (status, headers["Content-Type"]) == (200, "application/manifest+json")
    manifest = json.loads(text)
    assert manifest["display"] == "standalone"
    for icon in manifest["icons"]:
        assert get(server.web + icon["src"])[1]["Content-Type"] == icon["type"]
    browser.open("/dashboard")
    errors = browser.driver.execute_cdp_cmd("Page.getAppManifest", {})["errors"]
    assert errors == []


def test_pages_are_complete_without_scripts(server, fleet):
    browser = Browser(server.web, scripts=False)
    try:
        browser.sign_in()
        for path in PAGES:
            browser.open(path)
            assert len(browser.all("nav[aria-label=Main] a")) == 15, path
        browser.open("/bots?q=basis-okx-03")
        assert [cell.text for cell in browser.all("tbody tr:first-child td")][2:5] == ["basis-okx-03\nokx-d3", "PAPER", "ETHUSDT\nOKX"]
    finally:
        browser.close()


def test_the_portfolio_shows_the_numbers_of_the_api(browser, fleet):
    exposure = fleet.call("GET", "/portfolio/exposure?mode=LIVE")
    browser.open("/portfolio")
    figures = dict(figure.text.replace("\u202f", "").split("\n")[:2] for figure in browser.all("#figures .figures > div"))
    assert [part["currency"] for part in exposure["by_currency"]] == ["USD", "USDT"]
    for part in exposure["by_currency"]:
        assert figures[f"Net exposure, {part['currency']}"] == f"{part['net_exposure']:.2f}".replace("-", "−")
        assert figures[f"Gross exposure, {part['currency']}"] == f"{part['gross_exposure']:.2f}"
    assert not {"Net exposure", "Gross exposure"} & figures.keys()
    groups = fleet.call("GET", "/portfolio/exposure-groups?mode=LIVE&group_by=SYMBOL")
    first = groups["items"][0]
    whole = next(part["gross_exposure"] for part in groups["totals"] if part["currency"] == first["currency"])
    assert [cell.text.replace("\u202f", "") for cell in browser.all("#groups tbody tr:first-child td")][:5] == [
        first["key"],
        first["currency"],
        f"{first['net_exposure']:.2f}".replace("-", "−"),
        f"{first['gross_exposure']:.2f}",
        f"{100 * first['gross_exposure'] / whole:.2f} %",
    ]


def test_the_first_page_ranks_bots_by_their_performance(browser, fleet):
    wait_for_performance(fleet, "mm-bin-00")

    def ids(sort, order):
        return [item["instance_id"] for item in fleet.call("GET", f"/instances?runtime_mode=LIVE&sort={sort}&order={order}&page_size=10")["items"]]

    def shown():
        return [row.get_attribute("data-key") for row in browser.all("#league tbody tr")]

    browser.open("/dashboard")
    # The worst bot of the day needs no click.
    assert shown() == ids("net_pnl_today", "asc")
    assert browser.find("#league th[aria-sort]").text == "NetPnL today"
    browser.find("#league th[aria-sort] a").click()
    browser.wait(lambda: browser.find("#league th[aria-sort]").get_attribute("aria-sort") == "descending")
    assert shown() == ids("net_pnl_today", "desc")
    # A column whose highest value is the worst begins with it.
    browser.driver.find_element("link text", "Drawdown").click()
    browser.wait(lambda: "sort=drawdown" in browser.path)
    assert shown() == ids("drawdown", "desc")
    browser.find("#equity-0 .choices a[href*='7d']").click()
    browser.wait(lambda: "range=7d" in browser.path)
    assert shown() == ids("drawdown", "desc")


def test_the_first_page_has_the_money_of_each_currency(browser, fleet):
    wait_for_performance(fleet, "mm-bin-00")
    noted = fleet.call("GET", "/analytics/performance?mode=LIVE")
    browser.open("/dashboard")
    rows = [[cell.text for cell in row.find_elements("css selector", "td")][:4] for row in browser.all("#money tbody tr")]
    by_currency = [[part["currency"], amount(part["equity"]).lstrip("+"), amount(part["net_pnl_today"]), amount(part["net_pnl_week"])]
                   for part in noted["by_currency"]]
    assert [part["currency"] for part in noted["by_currency"]] == ["USDT"]
    assert rows == by_currency
    # One click leads to the instances that changed it today.
    browser.find("#money tbody td[data-label='NetPnL today'] a").click()
    browser.wait(lambda: "day=" in browser.path)
    day = browser.path.split("day=")[1].split("&")[0]
    page = fleet.call("GET", f"/analytics/pnl-days/{day}?mode=LIVE")
    assert browser.find("#instances tbody tr").get_attribute("data-key").split(" ")[0] == page["items"][0]["instance_id"]
    assert browser.all("#instances button[value=trades]")


def test_alerts_are_acknowledged_and_silenced_on_the_first_page(browser, fleet):
    for number in range(1, 6):
        fleet.call("POST", "/reconcile", {"instance_id": "binance-a0" if number == 1 else "okx-d3", "exchange_equity": "1000",
                                          "internal_equity": "900", "difference": "100", "status": "MISMATCH", "timestamp": fleet.ago(0)})
    alert = next(item for item in fleet.call("GET", "/alerts?status=OPEN&source=reconcile")["items"] if item["target_id"] == "binance-a0")
    try:
        browser.open("/dashboard")
        item = f"#attention li:has(a[href='/alerts/{alert['alert_id']}'])"
        browser.find(f"{item} form[action$='/silence'] button").click()
        browser.wait(lambda: "Alert silenced" in browser.text())
        assert browser.path.startswith("/dashboard") and "silenced" in browser.text(item)
        browser.find(f"{item} form[action$='/ack'] button").click()
        browser.wait(lambda: "Alert acknowledged" in browser.text())
        assert "acknowledged by" in browser.text(f"{item}.handled")
    finally:
        fleet.call("POST", f"/alerts/{alert['alert_id']}/resolve")


def test_the_page_of_a_bot_says_which_command_stopped_it(browser, fleet):
    fleet.heartbeat("cause-1", "cause", state="SAFE_MODE")
    browser.open("/bots/cause/cause-1")
    assert "Cause\nthe instance itself" in browser.text("#state")
    identity = uuid(1, "cause")
    fleet.call("POST", "/commands", {"command_id": identity, "instance_id": "cause-1", "command_type": "FLATTEN", "ttl_seconds": 60, "reason": "venue closed"})
    fleet.approve(identity)
    for status in ("ACCEPTED", "COMPLETED"):
        fleet.call("POST", f"/commands/{identity}/ack", {"command_id": identity, "instance_id": "cause-1", "status": status, "reason": None,
                                                         "timestamp": fleet.ago(0)})
    fleet.heartbeat("cause-1", "cause", state="FLATTENED")
    browser.open("/bots/cause/cause-1")
    assert "Cause\nFLATTEN by admin-token-user" in browser.text("#state") and "venue closed" in browser.text("#state")


def test_bots_are_compared_in_three_clicks(browser, fleet):
    browser.open("/bots?q=okx&sort=bot")
    boxes = browser.all("#bots tbody input")[:2]
    for box in boxes:
        browser.click(box)
    chosen = [box.get_attribute("value") for box in boxes]
    browser.click(browser.find("button[formaction='/compare']"))
    browser.wait(lambda: browser.path.startswith("/compare"))
    assert [row.get_attribute("data-key") for row in browser.all("#figures tbody tr")] == chosen
    assert [item.text for item in browser.all("#compared .legend li")] == chosen
    browser.find("#compared .choices a[href*='30d']").click()
    browser.wait(lambda: "range=30d" in browser.path)
    firsts = browser.driver.execute_script("return [...document.querySelectorAll('#compared tbody tr')].map(row => [row.cells[2].textContent, row.cells[1].textContent])")
    assert {name: next(value for other, value in firsts if other == name) for name, _ in firsts} == {name: "100.00" for name, _ in firsts}
    assert firsts


def test_unchanged_blocks_are_not_sent_again(browser, fleet):
    browser.open("/analytics")
    script = """
        const known = [...document.querySelectorAll('[data-version]')].map((block) => `${block.id}=${block.dataset.version}`).join();
        const sizes = [];
        for (const headers of [{}, {"Flotilla-Blocks": known}, {"Flotilla-Blocks": "pnl=0,=,,"}]) {
            const response = await fetch(location.href, { headers });
            const page = new DOMParser().parseFromString(await response.text(), 'text/html');
            sizes.push([page.querySelectorAll('[data-same]').length, page.querySelectorAll('[data-version]').length]);
        }
        return sizes;"""
    full, known, unknown = browser.driver.execute_async_script(f"(async () => {{ {script} }})().then(arguments[0])")
    assert full[0] == 0 and full[1] > 1
    assert known == [full[1], 0]
    assert unknown == full


def test_unchanged_rows_are_not_sent_again_and_their_ages_advance(browser, fleet):
    fleet.heartbeat("rows-1", "rows")
    fleet.heartbeat("rows-2", "rows")
    browser.open("/bots?q=rows-&sort=bot")
    age = lambda number: browser.text(f"#bots tr[data-key=rows-{number}] time")
    browser.wait(lambda: age(1) not in ("0 s", "1 s"))
    # The marks show that the rows were not replaced.
    browser.driver.execute_script("for (const row of document.querySelectorAll('#bots tbody tr')) row.dataset.mark = row.dataset.row;"
                                  "const send = window.fetch; window.sent = [];"
                                  "window.fetch = async (...values) => { const response = await send(...values);"
                                  " sent.push((await response.clone().text()).match(/<tr data-key=\"rows-[^>]*>/g)); return response; };")
    before = age(2)
    fleet.heartbeat("rows-1", "rows", version="9.9")
    browser.wait(lambda: "9.9" in browser.text("#bots tr[data-key=rows-1]"))
    assert age(2) != before
    sent = next(rows for rows in browser.driver.execute_script("return sent") if rows and any("data-row" in row for row in rows))
    assert "data-row=" in sent[0] and "data-same=" not in sent[0]
    assert re.fullmatch(r'<tr data-key="rows-2" data-same="\d+ s">', sent[1])
    changed, unchanged = browser.all("#bots tbody tr")
    assert changed.get_attribute("data-row") != changed.get_attribute("data-mark")
    assert unchanged.get_attribute("data-row") == unchanged.get_attribute("data-mark")


def test_trades_are_filtered_grouped_and_sorted(browser, fleet):
    browser.open("/trades")
    total = fleet.call("GET", "/trades?status=CLOSED")["total"]
    shown = [figure.text.split("\n")[1] for figure in browser.all(".figures > div") if figure.text.startswith("Closed trades, ")]
    assert sum(map(int, shown)) == total
    browser.find("option[value=PAPER]").click()
    browser.find("#filters button").click()
    browser.wait(lambda: "mode=PAPER" in browser.path)
    assert {mode.text for mode in browser.all("#closed-trades .mode")} == {"PAPER"}
    browser.click(next(link for link in browser.all("#groups .choices a") if link.text == "Bot"))
    browser.wait(lambda: "group=BOT" in browser.path and "mode=PAPER" in browser.path)
    browser.click(next(link for link in browser.all("#groups th a") if link.text == "Profit"))
    browser.wait(lambda: browser.find("#groups th[aria-sort=descending]").text == "Profit")
    browser.click(browser.find("#groups th[aria-sort=descending] a"))
    browser.wait(lambda: browser.find("#groups th[aria-sort=ascending]").text == "Profit")


def test_a_bar_of_a_chart_is_read_by_keyboard(browser):
    browser.open("/trades")
    figure = browser.find("#profit-0 figure")
    last = browser.driver.execute_script("return [...document.querySelectorAll('#profit-0 tbody tr')].at(-1).textContent")
    figure.send_keys(Keys.ARROW_RIGHT)
    assert browser.text("#profit-0 .reading").replace(" · ", "") == last.strip()


def test_a_log_keeps_its_lines_and_symbols_can_be_opened(browser, fleet):
    fleet.heartbeat("many-1", "many", symbols=[f"S{number}/USDT" for number in range(500)], ui_url="http://127.0.0.1:8080/ui")
    fleet.call("POST", "/ingest/log", {"instance_id": "many-1", "line_id": "1", "level": "ERROR", "timestamp": fleet.ago(1),
                                       "message": "<script>alert(1)</script>\n  at line 2 \u202e reversed"})
    browser.open("/bots/many/many-1?tab=history&view=log")
    assert browser.find("#log td.message").get_attribute("textContent") == "<script>alert(1)</script>\n  at line 2 \u202e reversed"
    assert browser.driver.execute_script("return getComputedStyle(document.querySelector('#log td.message')).whiteSpace") == "pre-wrap"
    link = browser.find("#state a[rel]")
    assert (link.text, link.get_attribute("rel")) == ("127.0.0.1:8080", "noopener noreferrer")
    browser.open("/bots/many/many-1?tab=configuration")
    details = browser.find("#setup details")
    assert (details.find_element("css selector", "summary").text, details.get_attribute("open")) == ("500 symbols", None)
    browser.find("#setup summary").click()
    browser.wait(lambda: browser.find("#setup details").get_attribute("open") and "S499/USDT" in browser.text("#setup"))


def test_different_strategies_of_a_bot_are_marked(browser, fleet):
    for number, version in ((1, "3"), (2, "4"), (3, "3")):
        fleet.heartbeat(f"drift-{number}", "drifting", strategy_name="Flip", strategy_version=version)
    browser.open("/bots/drifting")
    assert "Flip version 3 on drift-1, drift-3; Flip version 4 on drift-2." in browser.text("#drift")
    assert [cell.text.startswith("≠") for cell in browser.all("td[data-label=Version]")] == [True] * 3


def test_filters_are_in_the_url_and_back_and_forward_work(browser):
    browser.open("/bots")
    browser.find("[name=q]").send_keys("okx")
    browser.find("option[value=LIVE]").click()
    browser.find("#filters button").click()
    browser.wait(lambda: "q=okx" in browser.path and "runtime_mode=LIVE" in browser.path)
    assert {cell.text for cell in browser.all("tbody td[data-label=Mode]")} == {"LIVE"}
    assert {cell.text for cell in browser.all("tbody td[data-label=Symbol] small")} == {"OKX"}
    rows = len(browser.all("tbody tr"))
    browser.driver.back()
    browser.wait(lambda: len(browser.all("tbody tr")) > rows)
    browser.driver.forward()
    browser.wait(lambda: len(browser.all("tbody tr")) == rows)
    browser.open("/bots?nonsense=1")
    assert "ignored unknown filters: nonsense" in browser.text(".head")


def test_a_strip_shows_the_heartbeats_of_a_bot(browser, fleet):
    fleet.heartbeat("strip-1", "strip")
    browser.open("/bots/strip/strip-1")
    # The time before the first heartbeat is unknown, not a gap.
    assert browser.find("#heartbeats svg.strip").get_attribute("aria-label") in ("no gaps", "no data yet")
    assert "no gaps of 90 s or more" in browser.text("#heartbeats")
    assert browser.all("#heartbeats .unknown") != [] and browser.all("#heartbeats .missing") == []
    browser.open("/bots")
    strips = browser.all("#bots svg.strip")
    assert len(strips) == len(browser.all("#bots tbody tr"))


def wait_for_performance(fleet, text: str) -> dict:
    """The instance with the text, once its performance is noted."""
    end = time.monotonic() + 120
    while (instance := fleet.call("GET", f"/instances?q={text}")["items"][0])["net_pnl_today"] is None:
        assert time.monotonic() < end
        time.sleep(1)
    return instance


def amount(value: float) -> str:
    """An amount as pages show it, with its sign."""
    digits = f"{abs(value):,.4f}".rstrip("0").replace(",", "\u202f")
    whole, _, rest = digits.partition(".")
    return ("−" if value < 0 else "+" if value > 0 else "") + f"{whole}.{rest.ljust(2, '0')}"


def test_a_row_shows_equity_over_time_and_net_pnl(browser, fleet):
    browser.open("/bots?q=mm-bin-00")
    row = browser.wait(lambda: browser.find("#bots tbody tr"))
    line = browser.wait(lambda: row.find_element("css selector", "svg.spark[aria-label]")).get_attribute("aria-label")
    assert re.fullmatch(r"1\u202f2\d\d\u202f\d{3}\.\d\d to 1\u202f2\d\d\u202f\d{3}\.\d\d, between .+", line), line
    instance = fleet.call("GET", "/instances?q=mm-bin-00")["items"][0]
    # Losses of 70.40 and 40.15, and a fee of 0.0625.
    assert instance["net_pnl_day"] == -110.6125
    noted = wait_for_performance(fleet, "mm-bin-00")
    browser.wait(lambda: amount(noted["net_pnl_today"]) in row.text)


def test_the_time_range_of_charts_is_in_the_url(browser):
    browser.open("/dashboard")
    assert browser.text("#equity-0 h2") == "Equity, LIVE, USDT, 24 hours"
    browser.find("#equity-0 .choices a[href*='7d']").click()
    assert browser.path == "/dashboard?range=7d"
    assert browser.text("#equity-0 h2") == "Equity, LIVE, USDT, 7 days"
    assert browser.find("#equity-0 .choices [aria-current]").text == "7d"
    browser.open("/analytics?tab=equity&mode=LIVE&range=1h")
    assert browser.find("#equity-0 .choices [aria-current]").text == "1h"
    assert "mode=LIVE" in browser.find("#equity-0 .choices a").get_attribute("href")


def test_several_metrics_are_shown_below_each_other(browser):
    browser.open("/bots/mm-bin-00/binance-a0?tab=metrics&metric_type=equity,%20realized_pnl&range=7d")
    assert [title.text for title in browser.all("main h2")][-3:] == ["Equity, BTCUSDT, 7 days", "Realised PnL, BTCUSDT, 7 days", "Newest values"]
    assert browser.all("#series-0 polyline.curve")
    # A lone value is a dot.
    assert len(browser.all("#series-1 path.dot")) == 1


def test_stuck_runs_are_checked_and_a_command_is_repeated(browser, fleet):
    browser.open("/admin/modules?status=QUEUED")
    assert browser.text("#filters .chips").startswith("Remove filter\nStatus of runs: QUEUED")
    browser.find("#stuck button").click()
    browser.wait(lambda: "Check finished" in browser.text())
    command = next(item for item in fleet.call("GET", "/commands?page_size=200")["items"] if item["command_type"] == "SAFE_MODE")
    browser.open(f"/commands/{command['command_id']}")
    browser.find("#receipt button[name=type]").click()
    browser.wait(lambda: f"SAFE_MODE: {command['instance_id']}" in browser.text("dialog[open]"))
    browser.find("dialog[open] .footer button[type=button]").click()


def test_hostile_names_are_shown_as_text(browser, fleet, server):
    names = ["<script>alert(1)</script>", "@everyone", "🤖" * 64, "evil שלום", "\"><img src=x onerror=alert(2)>", "=1+1"]
    for number, name in enumerate(names):
        fleet.heartbeat(f"hostile-{number}", name, symbol=name, exchange=name, version=name, metadata={"note": name, name: name})
        fleet.call("POST", "/ingest/costs", {"instance_id": f"hostile-{number}", "symbol": name, "cost_type": "FEE", "amount": "1",
                                             "timestamp": fleet.ago(1)})
        fleet.call("POST", "/ingest/positions", {"instance_id": f"hostile-{number}", "symbol": name, "net_exposure": "1",
                                                 "gross_exposure": "1", "updated_at": fleet.ago(1)})
    browser.open("/bots?q=hostile")
    shown = browser.driver.execute_script("return [...document.querySelectorAll('td[data-label=Symbol] small')].map(e => e.textContent)")
    assert sorted(shown) == sorted(names)
    for path in ["/dashboard", "/portfolio?mode=ALL", "/analytics", "/killswitch", "/commands/new?type=STOP&all=1&q=hostile"]:
        browser.open(path)
    for link in [row.get_attribute("data-href") for row in (browser.open("/bots?q=hostile"), browser.all("tbody tr"))[1]]:
        browser.open(link + "?tab=configuration")
        assert browser.find("pre").text
    assert browser.driver.execute_script("return document.querySelectorAll('main script, main img').length") == 0
    table = get(server.web + "/api/analytics/costs.csv?instance_id=hostile-5", cookie(browser))[2]
    assert "'=1+1" in table


# --- Live updates

def test_a_heartbeat_appears_within_five_seconds(browser, fleet):
    browser.open("/bots?sort=recent")
    browser.driver.execute_script("window.isOld = true")
    times = []
    # A busy machine may be late once.
    for number in range(3):
        fleet.heartbeat(f"fresh-{number}", f"fresh-bot-{number}")
        started = time.monotonic()
        browser.wait(lambda: f"fresh-bot-{number}" in browser.text("#bots"))
        times.append(time.monotonic() - started)
    assert min(times) < 5, times
    assert browser.driver.execute_script("return window.isOld")


def test_a_selection_survives_updates_of_other_rows(browser, fleet):
    fleet.heartbeat("choice-1", "choice")
    browser.open("/bots?q=choice")
    browser.find("#bots tbody input").click()
    fleet.heartbeat("choice-2", "choice")
    fleet.heartbeat("choice-1", "choice", version="9.9")
    browser.wait(lambda: "9.9" in browser.text("#bots") and len(browser.all("#bots tbody tr")) == 2)
    assert [box.get_attribute("value") for box in browser.all("#bots tbody input:checked")] == ["choice-1"]


def test_an_alert_is_acknowledged_and_the_header_shows_the_state(browser, fleet):
    browser.open("/alerts")
    assert "ATTENTION" in browser.text("#fleet-state") or "CRITICAL" in browser.text("#fleet-state")
    assert browser.driver.title.startswith("(")
    row = browser.wait(lambda: next(row for row in browser.all("#alerts tbody tr") if "Reconciliation mismatch" in row.text))
    identity = row.get_attribute("data-key")
    browser.click(row.find_element("css selector", "button"))
    browser.wait(lambda: "Alert acknowledged" in browser.text())
    alert = fleet.call("GET", f"/alerts/{identity}")
    assert (alert["status"], alert["acked_by"]) == ("ACKED", "admin-token-user")


def test_alerts_are_acknowledged_together(browser, fleet):
    names = [f"together-{number}" for number in range(3)]
    for name in names:
        fleet.heartbeat(name, "together")
        fleet.call("POST", "/reconcile", {"instance_id": name, "exchange_equity": "100", "internal_equity": "50", "difference": "50",
                                          "status": "MISMATCH", "timestamp": fleet.ago(0)})
    browser.open("/alerts")
    rows = browser.wait(lambda: [row for row in browser.all("#alerts tbody tr") if names[0] in row.text or names[1] in row.text])
    assert len(rows) == 2
    for row in rows:
        browser.click(row.find_element("css selector", "input"))
    assert "2 selected" in browser.text("#alerts .bulk")
    # Enter in a checkbox must not press the first button of the form, which acts on another alert.
    browser.find("#alerts tbody input:checked").send_keys(Keys.ENTER)
    assert browser.path == "/alerts" and "acknowledged" not in browser.text(".blocks")
    browser.find("#alerts .bulk button").click()
    browser.wait(lambda: "Alerts acknowledged" in browser.text())
    states = {alert["target_id"]: alert["status"] for alert in fleet.call("GET", "/alerts?page_size=200")["items"] if alert["target_id"] in names}
    assert states == {names[0]: "ACKED", names[1]: "ACKED", names[2]: "OPEN"}


def test_the_alerts_of_an_instance_are_its_own(browser, fleet):
    alerts = fleet.call("GET", "/alerts?page_size=200")["items"]
    target = next(alert["target_id"] for alert in alerts if alert["target_type"] == "instance")
    own = [alert for alert in alerts if alert["target_id"] == target]
    assert len(own) < len(alerts)
    bot = fleet.call("GET", f"/instances?instance_id={target}")["items"][0]["bot_id"]
    browser.open(f"/bots/{bot}/{target}?tab=history&view=alerts")
    assert len(browser.all("#alerts tbody tr")) == len(own)


# --- Confirmations

def test_the_phrase_is_required_and_checked_by_the_server(browser, fleet, server):
    browser.open("/commands/new?type=FLATTEN&instance=binance-a0&instance=okx-f11")
    assert "2 instances, 1 of them LIVE" in browser.text("#confirm")
    button = browser.find("#confirm button")
    assert not button.is_enabled()
    browser.find("[name=reason]").send_keys("venue maintenance")
    browser.find("[name=phrase]").send_keys("flatten 1 live")
    assert not button.is_enabled()
    # Enabling the button by script is not enough: the server checks the phrase.
    browser.driver.execute_script("arguments[0].disabled = false", button)
    before = fleet.call("GET", "/commands")["total"]
    button.click()
    browser.wait(lambda: "The phrase must be “FLATTEN 1 LIVE”. Nothing was sent. (CONFIRMATION_REQUIRED)" in browser.text("#confirm"))
    assert browser.find("[name=reason]").get_attribute("value") == "venue maintenance"
    assert fleet.call("GET", "/commands")["total"] == before
    browser.read_logs()
    browser.messages.clear()  # The browser logs the status 400.
    browser.open("/commands/new?type=FLATTEN&instance=binance-a0&instance=okx-f11")
    browser.find("[name=reason]").send_keys("venue maintenance")
    browser.find("[name=phrase]").send_keys("FLATTEN 1 LIVE")
    browser.find("#confirm button").click()
    browser.wait(lambda: browser.path.startswith("/command-bulks/"))
    assert fleet.call("GET", "/commands")["total"] == before + 2
    assert "FLATTEN on 2 instances" in browser.text("h1")
    assert "Unreachable" in browser.text("#coverage")


def test_an_outdated_preview_is_rejected(browser, fleet):
    fleet.heartbeat("preview-1", "preview")
    browser.open("/commands/new?type=STOP&all=1&q=preview")
    fleet.heartbeat("preview-2", "preview")
    browser.find("[name=reason]").send_keys("end of the day")
    browser.find("#confirm button").click()
    browser.wait(lambda: "The preview is outdated: 1 more instance." in browser.text())
    browser.read_logs()
    browser.messages.clear()  # The browser logs the status 409.


def test_a_command_is_confirmed_in_a_dialog_and_its_page_is_shown(browser, fleet):
    browser.open("/bots/mm-bin-00/binance-a0")
    browser.find("#command button[value=SAFE_MODE]").click()
    dialog = browser.wait(lambda: browser.find("dialog[open]"))
    assert browser.driver.switch_to.active_element.get_attribute("name") == "reason"
    dialog.find_element("name", "reason").send_keys("spread too wide")
    dialog.find_element("css selector", "form button").click()
    browser.wait(lambda: browser.path.startswith("/commands/"))
    identity = browser.path.removeprefix("/commands/")
    assert browser.text("h1") == "SAFE_MODE on binance-a0"
    pending = fleet.call("GET", "/instances/binance-a0/commands/pending")
    assert identity in [command["command_id"] for command in pending]
    fleet.call("POST", f"/commands/{identity}/ack", {"command_id": identity, "instance_id": "binance-a0", "status": "COMPLETED",
                                                     "timestamp": fleet.ago(0)})
    browser.wait(lambda: "COMPLETED" in browser.text("#receipt"))
    assert [cell.text for cell in browser.all("#timeline tbody td:nth-child(2)")] == ["CREATED", "DELIVERED", "COMPLETED"]
    browser.open("/bots/mm-bin-00/binance-a0?tab=history&view=audit")
    rows = [row.text for row in browser.all("#audit tbody tr")]
    assert "COMMAND_ACK" in rows[0] and "COMMAND_CREATE" in rows[1] and "spread too wide" in rows[1], rows[:2]


def test_a_second_person_approves_with_another_token(server, browser, fleet):
    name = "second-person"
    token = APPROVERS[name]
    identity = uuid(1, "approved")
    fleet.call("POST", "/commands", {"command_id": identity, "instance_id": "binance-a0", "command_type": "FLATTEN", "ttl_seconds": 600})
    browser.open("/approvals")
    assert "You cannot approve or deny your own command" in browser.text(f"#approval-{identity}")
    other = Browser(server.web)
    try:
        other.sign_in(token)
        other.open("/approvals")
        other.find(f"#approval-{identity} [name=token]").send_keys("another token")
        other.find(f"#approval-{identity} button[value=approve]").click()
        other.wait(lambda: "The token does not belong to second-person." in other.text())
        other.open("/approvals")
        other.find(f"#approval-{identity} [name=token]").send_keys(token)
        other.find(f"#approval-{identity} button[value=approve]").click()
        other.wait(lambda: "Command approved" in other.text())
        assert fleet.call("GET", f"/commands/{identity}")["status"] == "PENDING"
        # An approver cannot send commands.
        other.open("/commands/new?type=SYNC_BALANCE&instance=okx-d3")
        other.wait(lambda: "This action requires the role operator." in other.text())
    finally:
        other.close()


def test_a_viewer_is_offered_no_commands(server, fleet):
    token = fleet.call("POST", "/tokens", {"name": "only-looks", "roles": ["viewer"]})["token"]
    viewer = Browser(server.web)
    try:
        viewer.sign_in(token)
        viewer.open("/bots/mm-bin-00/binance-a0")
        assert viewer.text("#state h2") == "Instance binance-a0"
        assert not viewer.all("#command") and not viewer.all("#retire")
        viewer.open("/bots")
        assert viewer.all("#bots tbody tr") and [button.text for button in viewer.all("#bots .bulk button")] == ["Compare"]
        viewer.open("/killswitch")
        assert viewer.text("#stop") == "Commands require the role operator." and not viewer.all("#release")
    finally:
        viewer.close()


def test_a_token_is_revoked_in_two_steps(browser, fleet):
    fleet.call("POST", "/tokens", {"name": "short-lived", "roles": ["viewer"]})
    browser.open("/settings?tab=tokens")
    row = next(row for row in browser.all("#tokens tbody tr") if "short-lived" in row.text)
    assert not row.find_element("css selector", "form button").is_displayed()
    row.find_element("css selector", "summary").click()
    row.find_element("css selector", "form button").click()
    browser.wait(lambda: "done=revoked" in browser.driver.current_url)
    assert "short-lived" not in [token["name"] for token in fleet.call("GET", "/tokens")["items"] if not token.get("revoked_at")]


def test_a_mode_is_selected_before_its_confirmation(browser, fleet):
    browser.open("/bots/basis-okx-03/okx-d3")
    browser.find("#command summary").click()
    browser.find("#command button[value=SET_MODE]").click()
    browser.wait(lambda: browser.find("dialog[open] button[value=LIVE]")).click()
    form = browser.wait(lambda: browser.find("dialog[open] form[data-phrase]"))
    assert form.get_attribute("data-phrase") == "SET_MODE okx-d3"
    form.find_element("name", "reason").send_keys("it has proved itself")
    form.find_element("name", "phrase").send_keys("SET_MODE okx-d3")
    form.find_element("css selector", "button").click()
    browser.wait(lambda: browser.path.startswith("/commands/"))
    command = fleet.call("GET", browser.path)
    assert (command["command_type"], command["payload"], command["status"]) == ("SET_MODE", {"mode": "LIVE"}, "AWAITING_APPROVAL")
    # Switching to PAPER needs only a preview and a click.
    browser.open("/commands/new?type=SET_MODE&instance=okx-d3&mode=PAPER")
    assert browser.all("#confirm form .fields") == []
    browser.find("#confirm button").click()
    browser.wait(lambda: browser.text("h1") == "SET_MODE on okx-d3" and "PENDING" in browser.text("#receipt"))


def test_the_kill_switch_shows_its_progress(browser):
    browser.open("/killswitch")
    browser.find("#stop button[value=SAFE_MODE]").click()
    phrase = browser.wait(lambda: browser.find("dialog[open] form").get_attribute("data-phrase"))
    live = int(phrase.split()[1])
    assert phrase == f"SAFE_MODE {live} LIVE" and live > 10
    browser.find("dialog [name=reason]").send_keys("flash crash")
    browser.find("dialog [name=phrase]").send_keys(phrase)
    browser.find("dialog form button").click()
    browser.wait(lambda: browser.path.startswith("/command-bulks/"))
    assert f"{live}\nby admin-token-user" in browser.text("#coverage")


def test_keyboard_shortcuts_open_pages_and_can_be_turned_off(browser):
    browser.open("/dashboard")
    body = browser.find("body")
    body.send_keys("g")
    body.send_keys("b")
    browser.wait(lambda: browser.path == "/bots")
    browser.find("body").send_keys("?")
    browser.wait(lambda: "Open the kill switch" in browser.text("dialog[open]"))
    browser.find("dialog button").click()
    browser.driver.add_cookie({"name": "keys", "value": "off", "path": "/"})
    browser.open("/dashboard")
    browser.find("body").send_keys("g")
    browser.find("body").send_keys("b")
    time.sleep(0.5)
    assert browser.path == "/dashboard"
    browser.driver.delete_cookie("keys")


def test_the_palette_finds_pages_bots_commands_and_alerts(browser, fleet):
    browser.open("/dashboard")
    browser.find("body").send_keys(Keys.CONTROL, "k")
    field = browser.wait(lambda: browser.find("dialog[open] input"))
    field.send_keys("recon", Keys.ENTER)
    browser.wait(lambda: browser.path == "/reconciliation")
    browser.find("body").send_keys(Keys.CONTROL, "k")
    # Three letters and Enter, before the results have arrived.
    browser.wait(lambda: browser.find("dialog[open] input")).send_keys("-03", Keys.ENTER)
    browser.wait(lambda: browser.path == "/bots/basis-okx-03/okx-d3")
    command = fleet.call("GET", "/commands?page_size=200")["items"][-1]
    browser.find("body").send_keys(Keys.CONTROL, "k")
    field = browser.wait(lambda: browser.find("dialog[open] input"))
    field.send_keys(command["command_id"][:13])
    browser.wait(lambda: command["command_type"] in browser.text("dialog[open] .palette"))
    field.send_keys(Keys.CONTROL, "a")
    field.send_keys("no such thing")
    browser.wait(lambda: "All bots that match" in browser.text("dialog[open] .palette li:first-child"))
    field.send_keys(Keys.ARROW_DOWN)
    browser.driver.switch_to.active_element.send_keys(Keys.ENTER)
    browser.wait(lambda: browser.path == "/bots?q=no%20such%20thing")


def test_chart_values_are_available_by_keyboard(browser):
    browser.open("/dashboard")
    figure = browser.find("#equity-0 figure")
    last = browser.driver.execute_script("return [...document.querySelectorAll('#equity-0 tbody tr')].at(-1).cells[1].textContent")
    figure.send_keys(Keys.ARROW_RIGHT)
    assert browser.text("#equity-0 .reading").endswith(last)
    before = browser.text("#equity-0 .reading")
    figure.send_keys(Keys.ARROW_LEFT)
    assert browser.text("#equity-0 .reading") != before


# --- Outage of the API

def test_an_api_outage_is_shown_live_and_commands_are_delivered_afterwards(browser, fleet, server):
    browser.open("/dashboard")
    assert browser.text("#outage") == ""
    api = server.child("api")
    os.kill(api, signal.SIGSTOP)
    try:
        browser.wait(lambda: "The API has not responded since" in browser.text("#outage"), seconds=60)
        assert "CRITICAL" in browser.text("#fleet-state")
        browser.open("/bots/grid-kra-01/kraken-b1")
        browser.find("#command button[value=SAFE_MODE]").click()
        dialog = browser.wait(lambda: browser.find("dialog[open]"))
        dialog.find_element("name", "reason").send_keys("the API is down")
        dialog.find_element("css selector", "form button").click()
        browser.wait(lambda: browser.path.startswith("/commands/"))
        identity = browser.path.removeprefix("/commands/")
        assert "The API has not responded since" in browser.text("#outage")
    finally:
        os.kill(api, signal.SIGCONT)
    browser.wait(lambda: "It is responding again" in browser.text("#outage"), seconds=60)
    pending = fleet.call("GET", "/instances/kraken-b1/commands/pending")
    assert identity in [command["command_id"] for command in pending]


def test_a_server_that_hangs_is_shown_within_seconds_and_the_age_counts_on(browser, server):
    browser.open("/dashboard")
    hung = server.child("dashboard")
    os.kill(hung, signal.SIGSTOP)
    try:
        start = time.monotonic()
        browser.wait(lambda: "Server not responding" in browser.text("#trouble"), seconds=20)
        assert time.monotonic() - start < 14
        browser.wait(lambda: browser.text("#fleet-state").startswith("○ STALE"), seconds=10)
        assert browser.driver.title.startswith("(?) Dashboard")
        first = browser.text("#fleet-state")
        browser.wait(lambda: browser.text("#fleet-state") != first, seconds=3)
        assert browser.text("#fleet-state").startswith("○ STALE")
    finally:
        os.kill(hung, signal.SIGCONT)
    browser.wait(lambda: browser.text("#trouble") == "" and "STALE" not in browser.text("#fleet-state"), seconds=30)
    assert not browser.driver.title.startswith("(?)")
    browser.read_logs()
    browser.messages.clear()  # The browser logs requests that ended.


def test_preferences_are_shown_as_they_are(browser):
    browser.open("/settings")
    for name, value in [("zone", "local"), ("keys", "off"), ("theme", "dark")]:
        browser.find(f"[name={name}] option[value={value}]").click()
    browser.find("#profile button").click()
    browser.wait(lambda: browser.find("[name=zone] option[value=local]").is_selected())
    assert browser.find("[name=keys] option[value=off]").is_selected()
    assert browser.find("[name=theme] option[value=dark]").is_selected()
    # Times in notes and the labels of charts follow the zone.
    browser.open("/dashboard")
    browser.wait(lambda: browser.text("#clock").endswith("local"))
    differ = browser.driver.execute_script("""
        return [...document.querySelectorAll('#equity-0 text[data-time]')].filter((label) => {
            const at = new Date(label.dataset.time);
            const clock = at.toTimeString().slice(0, 5);
            return label.textContent.slice(-5) !== (clock === "00:00" ? label.textContent.slice(0, 5) : clock);
        }).map((label) => label.textContent)""")
    assert differ == [] and len(browser.all("#equity-0 text[data-time]")) > 2
    for name in ("zone", "keys", "theme"):
        browser.driver.delete_cookie(name)


def test_an_open_page_survives_a_crash_of_the_dashboard(browser, server):
    browser.open("/dashboard")
    crashed = server.child("dashboard")
    os.kill(crashed, signal.SIGSEGV)
    browser.wait(lambda: server.child("dashboard") != crashed, seconds=30)
    browser.open("/bots")
    assert browser.text("h1") == "Bots"
    browser.read_logs()
    browser.messages.clear()  # The browser logs the event stream that ended.


# --- Outage of the database. It runs last because it stops all processes of the database.

def test_missing_data_is_never_shown_as_zero(browser, server):
    browser.open("/portfolio")
    shown = browser.text("#figures")
    stopped = server.databases()
    for process in stopped:
        os.kill(process, signal.SIGSTOP)
    try:
        browser.wait(lambda: "Data is" in browser.text("#trouble"), seconds=30)
        assert browser.text("#figures") == shown
        assert "is-stale" in browser.find("body").get_attribute("class")
        browser.wait(lambda: browser.text("#fleet-state").startswith("○ STALE"), seconds=30)
        status, _, body = get(server.web + "/portfolio", cookie(browser))
        assert status == 503 and "Database unavailable" in body and "0.00" not in body
        assert get(server.web + "/api/portfolio/exposure", cookie(browser))[0] == 503
    finally:
        for process in stopped:
            os.kill(process, signal.SIGCONT)
    browser.wait(lambda: browser.text("#trouble") == "" and "is-stale" not in browser.find("body").get_attribute("class"), seconds=30)
    browser.read_logs()
    browser.messages.clear()  # The browser logs each status 503.
