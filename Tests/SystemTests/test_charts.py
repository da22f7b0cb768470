"""Tests the charts of the dashboard in a real browser."""

import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from axe import axe_source, axe_violations
from conftest import TOKEN, Browser
from fleet import uuid

EQUITY = "#equity-0 figure"
COMMAND = uuid(1, "annotated")
# Collects the uPlot charts as they are created, to read their scales.
WATCH = """
    window.plots = [];
    let library;
    Object.defineProperty(window, 'uPlot', { configurable: true, get: () => library, set: (original) => {
        library = new Proxy(original, { construct: (target, values) => { const made = new target(...values); plots.push(made); return made; } });
    } });
"""


@pytest.fixture(scope="module")
def events(server, fleet):
    """A command to a LIVE instance, a hostile alert, and equity in a second currency."""
    fleet.call("POST", "/commands", {"command_id": COMMAND, "instance_id": "binance-a0", "command_type": "SYNC_BALANCE", "ttl_seconds": 3600})
    server.sql(f"UPDATE commands SET created_at = now() - interval '6 hours' WHERE command_id = '{COMMAND}'")
    server.sql("INSERT INTO alerts (source, severity, target_type, target_id, message, metadata, first_at) "
               "SELECT 'books', 'CRITICAL', 'venue', 'v' || n, '<img src=x onerror=alert(' || n || ')>', '{}', now() - n * interval '80 minutes' "
               "FROM generate_series(1, 14) AS n ON CONFLICT DO NOTHING")
    server.sql("INSERT INTO fleet_equity SELECT date_bin('1 minute', now() - n * interval '6 minutes', 'epoch'), 'LIVE', 'EUR', 1000 + n "
               "FROM generate_series(1, 200) AS n ON CONFLICT DO NOTHING")
    yield
    server.sql("DELETE FROM fleet_equity WHERE currency = 'EUR'")
    server.sql("UPDATE alerts SET status = 'RESOLVED', resolved_at = now() WHERE source = 'books' AND target_type = 'venue'")


@pytest.fixture
def charts(browser, events):
    """The first page with drawn charts, whose uPlot objects are in `window.plots`."""
    script = browser.driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": WATCH})["identifier"]
    browser.open("/dashboard")
    browser.wait(lambda: len(browser.all("figure.drawn")) == 4)
    yield browser
    browser.driver.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", {"identifier": script})


def scales(browser) -> list:
    """The shown range of each chart in seconds, rounded to a minute."""
    return browser.driver.execute_script("return plots.filter((plot) => plot.root.isConnected).map((plot) => "
                                         "[plot.scales.x.min, plot.scales.x.max].map((time) => Math.round(time / 60)))")


def drag(browser, selector: str, start: float, end: float):
    """Drags over a share of the plot."""
    over = browser.find(f"{selector} .u-over")
    browser.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", over)
    width = over.size["width"]
    ActionChains(browser.driver).move_to_element_with_offset(over, round((start - 0.5) * width), 0).click_and_hold() \
        .move_by_offset(round((end - start) * width / 2), 0).move_by_offset(round((end - start) * width / 2), 0).release().perform()


def span(scale: list) -> int:
    return scale[1] - scale[0]


def test_annotations_are_shown_and_linked_without_javascript(server, events):
    browser = Browser(server.web, scripts=False)
    try:
        browser.open("/login")
        browser.find("[name=token]").send_keys(TOKEN)
        browser.find("button").click()
        browser.wait(lambda: browser.path == "/dashboard")
        assert browser.text("#equity-0 h2") == "Equity, LIVE, EUR, 24 hours"
        assert browser.text("#equity-1 h2") == "Equity, LIVE, USDT, 24 hours"
        assert browser.all("canvas") == [] and browser.all("figure.drawn") == []
        notes = browser.all(f"{EQUITY} .notes li")
        assert len(notes) == 12
        assert len(browser.all(f"{EQUITY} svg .note-mark")) == 12
        assert browser.text(f"{EQUITY} > .note").endswith("earlier events are not shown")
        command = next(note for note in notes if "command" in note.text)
        assert "SYNC_BALANCE binance-a0" in command.text
        assert any("<img src=x onerror=alert(2)>" in note.text for note in notes)
        assert browser.all(".notes img") == []
        browser.click(command.find_element("css selector", "a"))
        browser.wait(lambda: browser.path == f"/commands/{COMMAND}")
    finally:
        browser.close()


def test_dragging_zooms_all_charts_of_the_range_and_a_double_click_resets(charts):
    before = scales(charts)
    assert {span(scale) for scale in before} == {1446}
    drag(charts, EQUITY, 0.25, 0.5)
    zoomed = scales(charts)
    assert len(zoomed) == 4
    for scale, whole in zip(zoomed, before):
        assert abs(span(scale) - 1446 / 4) < 8
        assert abs(scale[0] - whole[0] - 1446 / 4) < 8
    reset = charts.find("#depth-1 figure .live-bar button")
    assert reset.is_displayed()
    ActionChains(charts.driver).double_click(charts.find(f"{EQUITY} .u-over")).perform()
    assert scales(charts) == before
    assert not reset.is_displayed()


def test_charts_share_the_cursor_which_reads_the_texts_of_the_table(charts):
    over = charts.find(f"{EQUITY} .u-over")
    charts.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", over)
    ActionChains(charts.driver).move_to_element(over).perform()
    read = charts.wait(lambda: charts.text("#equity-0 .reading"))
    rows = charts.driver.execute_script("return [...document.querySelectorAll('#equity-0 tbody tr')].map("
                                        "row => [...row.cells].map(cell => cell.textContent).join(' · '))")
    assert read in rows
    indexes = charts.driver.execute_script("return plots.map((plot) => plot.cursor.left > 0 && plot.data[0][plot.cursor.idx])")
    assert len(indexes) == 4 and max(indexes) - min(indexes) < 1_300
    assert charts.text("#depth-0 .reading").startswith(read.split(" · ")[0])


def test_the_keyboard_moves_the_cursor_and_zooms(charts):
    figure = charts.find(EQUITY)
    figure.send_keys(Keys.END)
    last = charts.driver.execute_script("return [...document.querySelectorAll('#equity-0 tbody tr')].at(-1).textContent.trim()")
    assert charts.text("#equity-0 .reading").replace(" · ", "") == last
    assert charts.find("#equity-0 .reading").get_attribute("aria-live") == "polite"
    assert charts.find("#depth-0 .reading").get_attribute("aria-live") == "off"
    figure.send_keys("+")
    assert {span(scale) for scale in scales(charts)} == {723}
    figure.send_keys(Keys.HOME)
    first = charts.text("#equity-0 .reading")
    figure.send_keys(Keys.ARROW_RIGHT)
    assert charts.text("#equity-0 .reading") not in ("", first)
    figure.send_keys("0")
    assert {span(scale) for scale in scales(charts)} == {1446}
    charts.driver.execute_script("document.activeElement.blur()")
    charts.wait(lambda: charts.text("#equity-0 .reading") == "")


def test_an_update_keeps_zoom_and_cursor_and_creates_no_chart(charts, server):
    figure = charts.find(EQUITY)
    figure.send_keys(Keys.HOME, Keys.ARROW_RIGHT, Keys.ARROW_RIGHT, "+", "+")
    before, read = scales(charts), charts.text("#equity-0 .reading")
    assert {span(scale) for scale in before} <= {361, 362}
    for value in (5_001, 5_002):
        server.sql(f"INSERT INTO fleet_equity VALUES (date_bin('1 minute', now(), 'epoch'), 'LIVE', 'EUR', {value}) "
                   f"ON CONFLICT (ts, runtime_mode, currency) DO UPDATE SET equity = {value}")
        # The values below the chart, and those that are drawn, are the new ones.
        charts.wait(lambda: f"5\u202f00{value % 10}" in charts.driver.execute_script(
            "return [...document.querySelectorAll('#equity-0 tbody tr')].at(-1).textContent"))
        charts.wait(lambda: charts.driver.execute_script("return plots[0].data[1].at(-1)") == value)
    after = scales(charts)
    assert [span(scale) for scale in after] == [span(scale) for scale in before]
    assert abs(after[0][0] - before[0][0]) <= 1
    assert charts.text("#equity-0 .reading") == read
    assert charts.driver.execute_script("return [plots.length, document.querySelectorAll('canvas').length]") == [4, 4]
    assert charts.driver.execute_script("return document.activeElement.matches('#equity-0 figure')")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_drawn_charts_have_no_axe_violation_in_both_themes(charts, theme):
    charts.theme(theme)
    try:
        for path in ("/dashboard", "/compare?instance=binance-a0&instance=okx-d3"):
            charts.open(path)
            charts.wait(lambda: charts.all("figure.drawn"))
            charts.find("figure").send_keys("+")
            assert axe_violations(charts, axe_source()) == []
    finally:
        charts.driver.delete_cookie("theme")


def test_charts_in_one_column_have_the_same_marks_and_list_them_once(charts, fleet):
    fleet.heartbeat("marked-1", "marked")
    for kind in ("equity", "realized_pnl"):
        fleet.call("POST", "/ingest/metrics", [
            {"instance_id": "marked-1", "symbol": "BTCUSDT", "metric_type": kind, "value": str(value), "currency": "USDT",
             "timestamp": fleet.ago(7_200 - 600 * value)} for value in range(1, 4)])
    fleet.call("POST", "/commands", {"command_id": uuid(1, "marked"), "instance_id": "marked-1", "command_type": "SYNC_BALANCE", "ttl_seconds": 60})
    charts.open("/bots/marked/marked-1")
    charts.wait(lambda: len(charts.all("figure.drawn")) == 2)
    assert len(charts.all(".notes")) == 1 and len(charts.all("#series-0 .flag-row a")) == 1 and not charts.all("#series-1 .flag-row a")
    # Drawing each chart again begins one line at the top of the plot, at the time of the command.
    begun = """
        const moves = [];
        const move = CanvasRenderingContext2D.prototype.moveTo;
        CanvasRenderingContext2D.prototype.moveTo = function (x, y) { moves.push([this.canvas, x, y]); return move.call(this, x, y); };
        const drawn = plots.slice(-2);
        for (const plot of drawn) plot.redraw(false);
        setTimeout(() => {
            CanvasRenderingContext2D.prototype.moveTo = move;
            const share = document.querySelector('#series-0 .note-mark').getAttribute('x1') / 1000;
            arguments[0](drawn.map((plot) => {
                const { min, max } = plot.scales.x;
                const x = plot.valToPos(min + share * (max - min), 'x', true);
                return moves.filter(([canvas, left, top]) => canvas === plot.ctx.canvas && Math.abs(left - x) <= 1 && top === plot.bbox.top).length;
            }));
        });"""
    assert charts.driver.execute_async_script(begun) == [1, 1]


def test_the_library_is_loaded_only_by_pages_with_a_chart_over_time(browser, events):
    browser.open("/commands")
    browser.read_logs()
    browser.requests.clear()
    browser.open("/settings")
    browser.wait(lambda: browser.text("#clock"))
    browser.read_logs()
    assert [url for url in browser.requests if "uPlot" in url] == []
    browser.open("/dashboard")
    browser.wait(lambda: browser.all("figure.drawn"))
    assert browser.driver.execute_script("return typeof uPlot") == "function"


def test_axes_are_in_the_selected_zone(charts):
    charts.driver.execute_cdp_cmd("Emulation.setTimezoneOverride", {"timezoneId": "Asia/Kolkata"})
    charts.driver.add_cookie({"name": "zone", "value": "local", "path": "/"})
    labels = "return plots[0].axes[0]._values"
    try:
        charts.open("/dashboard")
        charts.wait(lambda: charts.all("figure.drawn"))
        splits = charts.driver.execute_script("return plots[0].axes[0]._splits.map((time) => new Date(time * 1000).toISOString().slice(11, 16))")
        assert [time[3:] for time in splits] == ["30"] * len(splits) and len(splits) > 2
        assert all(label[3:] == "00" or "-" in label for label in charts.driver.execute_script(labels))
    finally:
        charts.driver.delete_cookie("zone")
        charts.driver.execute_cdp_cmd("Emulation.setTimezoneOverride", {"timezoneId": ""})
