"""Tests the money pages of the dashboard in a real browser."""

import pytest

from conftest import Browser
from test_dashboard import axe_source, axe_violations, cookie, get

PAGES = [
    "/analytics?mode=LIVE&currency=USDT", "/analytics?tab=days&mode=LIVE&range=90d", "/analytics?tab=equity&mode=LIVE&currency=USDT",
    "/analytics?tab=execution", "/analytics?tab=execution&group=BOT&range=7d&exchange=OKX&mode=LIVE", "/portfolio",
    "/portfolio?mode=ALL&group=EXCHANGE&currency=USDT", "/portfolio?group=CURRENCY", "/reconciliation", "/reconciliation?status=MISMATCH",
    "/trades?currency=USDT&group=ACCOUNT",
]


def chips(browser) -> list[str]:
    return [chip.text.splitlines()[-1].removesuffix(" ×") for chip in browser.all("#filters .chips a")]


def names(browser, block: str, column: str) -> set[str]:
    return {cell.text for cell in browser.all(f"{block} tbody td[data-label={column}]")}


def test_filters_work_without_scripts(server, fleet):
    browser = Browser(server.web, scripts=False)
    try:
        browser.sign_in()
        browser.open("/analytics?tab=execution")
        assert chips(browser) == []
        browser.find("[name=exchange]").send_keys("OKX")
        browser.find("[name=mode] option[value=LIVE]").click()
        browser.find("[name=range] option[value='7d']").click()
        browser.find("#filters button").click()
        browser.wait(lambda: "exchange=OKX" in browser.path)
        assert "tab=execution" in browser.path and "mode=LIVE" in browser.path and "range=7d" in browser.path
        assert chips(browser) == ["Mode: LIVE", "Exchange: OKX", "All filters"]
        assert names(browser, "#groups", "Exchange") == {"OKX"}
        assert names(browser, "#samples", "Symbol") == {"ETHUSDT"}
        browser.find("#filters .chips a").click()
        browser.wait(lambda: "mode=" not in browser.path)
        assert chips(browser) == ["Exchange: OKX"]
        assert browser.find("[name=range] option[value='7d']").is_selected()
        browser.find("#filters .chips a").click()
        browser.wait(lambda: "exchange=OKX" not in browser.path)
        assert names(browser, "#groups", "Exchange") == {"BINANCE", "KRAKEN", "OKX"}
    finally:
        browser.close()


def test_a_csv_has_the_rows_of_the_filters(server, browser, fleet):
    browser.open("/analytics?tab=execution&exchange=OKX&range=7d")
    link = browser.find("#samples a[download]").get_attribute("href")
    rows = get(link, cookie(browser))[2].split("\r\n")[1:]
    listed = fleet.call("GET", "/analytics/execution-samples?exchange=OKX")
    assert listed["total"] == 14
    assert [row.split(",")[1] for row in rows if row] == [item["instance_id"] for item in listed["items"]]


def test_the_table_of_a_histogram_has_the_numbers_of_the_api(browser, fleet):
    browser.open("/analytics?tab=execution")
    histogram = fleet.call("GET", "/analytics/execution-histogram?group_by=EXCHANGE")
    for name, measure in (("slippage", "slippage_bps"), ("latency", "latency_ms")):
        cells = browser.driver.execute_script(
            f"return [...document.querySelectorAll('#{name} tbody tr')].map(row => row.cells[1].textContent)")
        assert list(map(int, cells)) == histogram["all"][measure]["counts"]
        assert len(browser.all(f"#{name} .plot rect.bar")) == len(cells)
        assert sum(map(int, cells)) == 48
    browser.click(browser.find("#slippage summary"))
    browser.wait(lambda: "−1 to 0 bps" in browser.text("#slippage table"))


def test_a_group_leads_to_its_executions(browser):
    browser.open("/analytics?tab=execution&group=BOT")
    link = browser.find("#groups tbody a")
    bot = link.text
    browser.click(link)
    browser.wait(lambda: chips(browser) == [f"Bot: {bot}"])
    assert names(browser, "#groups", "Bot") == {bot}


def test_exposure_of_exchanges_keeps_its_filters(browser, fleet):
    browser.open("/portfolio")
    assert chips(browser) == ["Mode: LIVE"]
    browser.find("[name=group] option[value=EXCHANGE]").click()
    browser.find("[name=currency]").send_keys("USDT")
    browser.find("#filters button").click()
    browser.wait(lambda: chips(browser) == ["Mode: LIVE", "Currency: USDT", "All filters"])
    assert names(browser, "#groups", "Exchange") == {"BINANCE", "OKX"}
    assert names(browser, "#groups", "Currency") == names(browser, "#positions", "Currency") == {"USDT"}
    assert len(browser.all("#groups .spark")) == 2
    browser.click(browser.find("#groups tbody a"))
    browser.wait(lambda: "Exchange: BINANCE" in chips(browser))
    assert names(browser, "#positions", "Exchange") == {"BINANCE"}


def test_mismatches_are_on_top(browser):
    browser.open("/reconciliation")
    assert browser.all("#current tbody td[data-label=Status]")[0].text == "▲ MISMATCH"
    assert browser.all("#current tbody td[data-label=Status]")[-1].text == "OK"
    order = browser.driver.execute_script("return [...document.querySelectorAll('main section')].map(section => section.id)")
    assert order.index("current") < order.index("results")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
def test_axe_reports_no_violations_on_money_pages(browser, theme, width):
    source = axe_source()
    browser.driver.set_window_size(width, 1000)
    browser.theme(theme)
    found = {}
    try:
        for path in PAGES:
            browser.open(path)
            for details in browser.all("figure details"):
                browser.driver.execute_script("arguments[0].open = true", details)
            if violations := axe_violations(browser, source):
                found[path] = violations
            assert not browser.driver.execute_script("return document.documentElement.scrollWidth > innerWidth"), f"{path} at {width} px"
    finally:
        browser.driver.set_window_size(1440, 1000)
        browser.driver.delete_cookie("theme")
    assert found == {}
