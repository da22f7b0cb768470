"""Tests the money pages of the dashboard in a real browser."""

import datetime

import pytest

from axe import check_pages
from conftest import TOKEN, Browser, Server, running
from fleet import Fleet
from test_dashboard import cookie, get

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
    check_pages(browser, PAGES, width, theme, opened="figure details")


YESTERDAY = datetime.datetime.now(datetime.timezone.utc).replace(hour=0, minute=0, second=0, microsecond=0) - datetime.timedelta(days=1)
DAY = YESTERDAY.date().isoformat()


def at(hours: float) -> str:
    """A time, counted from the beginning of yesterday."""
    return (YESTERDAY + datetime.timedelta(hours=hours)).isoformat().replace("+00:00", "Z")


def rates(fleet, *values: tuple[str, str]):
    now = datetime.datetime.now(datetime.timezone.utc).isoformat().replace("+00:00", "Z")
    fleet.call("POST", "/fx-rates", {"quote_currency": "USDT", "rates": [
        {"currency": currency, "rate": rate, "timestamp": now} for currency, rate in values]})


class Books(Server):
    """A server whose books are in USDT, with two LIVE bots in four currencies, whose reports are of yesterday and before."""

    def __init__(self, folder: str):
        super().__init__(folder, BOOKS_CURRENCY="USDT")
        self.fleet = Fleet(self.api, TOKEN)
        for instance, exchange in (("maker-1", "BINANCE"), ("basis-1", "binance")):
            self.fleet.heartbeat(instance, instance.split("-")[0], runtime_mode="LIVE", exchange=exchange)
        metrics = [
            ("maker-1", "realized_pnl", "100.000000000000000001", "USDT", -20), ("maker-1", "realized_pnl", "112.5", "USDT", 3),
            ("maker-1", "realized_pnl", "84.000000000000000003", "USDT", 12), ("maker-1", "unrealized_pnl", "-2.25", "USDT", 12),
            ("basis-1", "realized_pnl", "0.19", "BTC", 5), ("basis-1", "unrealized_pnl", "-152.25", "USDC", 6),
        ]
        self.fleet.call("POST", "/ingest/metrics", [
            {"instance_id": instance, "symbol": "BTCUSDT", "metric_type": kind, "value": value, "currency": currency, "timestamp": at(hours)}
            for instance, kind, value, currency, hours in metrics])
        costs = [("maker-1", "FEE", "0.000000000000000007", "USDT", 3), ("basis-1", "FEE", "1.5", "USDT", 4),
                 ("basis-1", "FUNDING", "-8.75", "EUR", 8)]
        self.fleet.call("POST", "/ingest/costs", [
            {"instance_id": instance, "symbol": "BTCUSDT", "cost_type": kind, "amount": amount, "currency": currency, "timestamp": at(hours),
             "entry_id": f"{kind}-{number}"}
            for number, (instance, kind, amount, currency, hours) in enumerate(costs)])
        self.fleet.call("POST", "/ingest/positions", [
            {"instance_id": "basis-1", "symbol": "BTCUSDT", "net_exposure": "-1.5", "gross_exposure": "2", "currency": "BTC", "updated_at": self.fleet.ago(0)}])
        rates(self.fleet, ("BTC", "95000"), ("EUR", "1.25"))

    def note(self, browser: Browser):
        """Has the performance noted again, and waits for it."""
        self.sql("UPDATE performance_parts SET marked_at = '-infinity'")
        self.sql("UPDATE performance_horizon SET noted_at = '-infinity'")
        browser.wait(lambda: self.fleet.call("GET", "/analytics/pnl-days")["as_of"], seconds=120)


@pytest.fixture(scope="module")
def books():
    with running(Books) as server:
        yield server


@pytest.fixture(scope="module")
def cashier(books):
    """A signed-in browser of that server."""
    browser = Browser(books.web)
    browser.sign_in()
    books.note(browser)
    yield browser
    browser.close()


@pytest.fixture(scope="module")
def plain(books, cashier):
    """The same without scripts."""
    browser = Browser(books.web, scripts=False)
    browser.sign_in()
    yield browser
    browser.close()


def cells(browser, block: str, column: str) -> list[str]:
    return [cell.text.replace("\u2007", "").replace("\u2008", "").replace("\u202f", "") for cell in browser.all(f"{block} tbody td[data-label='{column}']")]


@pytest.mark.parametrize("name", ["cashier", "plain"])
def test_each_bar_of_a_day_leads_to_the_entries_that_sum_to_it(name, request, books):
    browser = request.getfixturevalue(name)
    browser.open("/analytics?tab=days")
    browser.click(browser.find(f"#days a[href*='{DAY}']"))
    browser.wait(lambda: f"day={DAY}" in browser.path)
    bars = browser.all("#day-USDT .bars .number")
    assert [bar.text for bar in bars] == ["−15.999999999999999998", "−2.25", "−1.500000000000000007", "0.00", "−19.750000000000000005"]
    days = get(f"{books.web}/api/analytics/pnl-days", cookie(browser))[2]
    assert f'{{"day":"{DAY}","currency":"USDT","realized":-15.999999999999999998,' in days and '"net_pnl":-19.750000000000000005}' in days
    assert [bar.text for bar in browser.all("#day-BTC .bars .number")] == ["+0.19", "0.00", "0.00", "0.00", "+0.19"]
    assert [bar.text for bar in browser.all("#day-EUR .bars .number")][3:] == ["−8.75", "−8.75"]
    browser.click(bars[0])
    browser.wait(lambda: "kind=REALIZED" in browser.path)
    assert "−15.999999999999999998" in browser.text("#sums") and "the sum of the entries below" in browser.text("#sums")
    assert cells(browser, "#entries", "Change") == ["+12.499999999999999999", "−28.499999999999999997"]
    assert cells(browser, "#entries", "Previous value") == ["100.000000000000000001", "112.50"]
    browser.driver.back()
    browser.wait(lambda: "kind=" not in browser.path)
    browser.click(browser.all("#day-USDT .bars .number")[2])
    browser.wait(lambda: "kind=FEE" in browser.path)
    assert cells(browser, "#entries", "Change") == ["−1.50", "−0.000000000000000007"]
    assert cells(browser, "#entries", "Entry") == ["FEE-1", "FEE-0"]
    browser.find("#filters [name=instance_id]").send_keys("maker-1")
    browser.find("#filters button").click()
    browser.wait(lambda: cells(browser, "#entries", "Entry") == ["FEE-0"])
    assert "kind=FEE" in browser.path


def test_an_amount_of_an_instance_leads_to_its_entries(cashier):
    cashier.open(f"/analytics?tab=days&day={DAY}&currency=USDT")
    row = next(row for row in cashier.all("#instances tbody tr") if "basis-1" in row.text)
    cashier.click(row.find_element("css selector", "td[data-label=Fees] a"))
    cashier.wait(lambda: cells(cashier, "#entries", "Entry") == ["FEE-1"])
    assert cells(cashier, "#entries", "Instance") == ["basis-1\nbasis"]


@pytest.mark.parametrize("name", ["cashier", "plain"])
def test_totals_are_reported_in_a_selected_currency_with_their_rates(name, request, books):
    browser = request.getfixturevalue(name)
    browser.open(f"/analytics?tab=days&day={DAY}")
    # Without a rate for USDC there is no total, and each currency is listed.
    assert "—" in browser.text("#total") and "no exchange rate to USDT for USDC" in browser.text("#total")
    assert len(browser.all("section[id^=day-]")) == 4
    rates(books.fleet, ("USDC", "1"))
    try:
        browser.open(f"/analytics?tab=days&day={DAY}")
        # 0.19 × 95,000 − 8.75 × 1.25 − 152.25 − 19.750000000000000005
        assert "+17867.0625" in browser.text("#total").replace("\u202f", "")
        assert "BTC at 95000.00, EUR at 1.25, by " in browser.text("#total").replace("\u202f", "")
        browser.find("#filters [name=in] option[value=EUR]").click()
        browser.find("#filters button").click()
        browser.wait(lambda: "in=EUR" in browser.path)
        # 0.19 × 76,000 − 8.75 − 152.25 × 0.8 − 19.750000000000000005 × 0.8
        assert "+14293.65" in browser.text("#total").replace("\u202f", "")
        assert "EUR · BTC at 76000.00, " in browser.text("#total").replace("\u202f", "")
        assert "USDT at 0.80, by admin-token-user, " in browser.text("#total")
        browser.open("/portfolio?in=EUR")
        assert "−114000.00" in browser.text("#figures").replace("\u202f", "")
        browser.open("/settings")
        browser.find("[name=currency] option[value=EUR]").click()
        browser.find("#profile button").click()
        browser.wait(lambda: browser.driver.get_cookie("currency")["value"] == "EUR")
        browser.open("/settings")
        assert browser.find("[name=currency] option[value=EUR]").is_selected()
        browser.open("/dashboard")
        assert "Total, EUR" in browser.text("#money")
        browser.open("/portfolio?in=each")
        assert "−1.50" in browser.text("#figures") and "BTC" in browser.text("#figures")
    finally:
        browser.driver.delete_cookie("currency")
        books.sql("DELETE FROM fx_rates WHERE currency = 'USDC'")


def test_health_chips_say_what_is_known(cashier, books):
    books.sql("DELETE FROM ingest_counts")
    cashier.open("/dashboard")
    assert [chip.text for chip in cashier.all("#health a")] == ["? Ingest errors: unknown · no recent count", "✓ No failed deliveries"]
    books.sql("INSERT INTO ingest_counts VALUES (gen_random_uuid(), now(), 1204, 3)")
    cashier.open("/dashboard")
    assert cashier.all("#health a")[0].text == "■ 3 ingest errors · of 1\u202f204 requests per minute"
    cashier.click(cashier.all("#health a")[0])
    cashier.wait(lambda: cashier.path == "/alerts?source=requests")
    books.sql("DELETE FROM ingest_counts")


def test_spellings_of_an_exchange_are_one(cashier, books):
    cashier.open("/dashboard")
    assert [group["exchange"] for group in books.fleet.call("GET", "/fleet")["groups"]] == ["BINANCE"]
    cashier.open("/portfolio?mode=LIVE&group=EXCHANGE&exchange=BINANCE")
    assert cells(cashier, "#groups", "Exchange") == ["BINANCE"]
    assert cells(cashier, "#positions", "Exchange") == ["binance"]


def test_charts_mark_deployments_and_changes_of_the_number_of_instances(cashier, books):
    books.fleet.heartbeat("maker-1", "maker", runtime_mode="LIVE", exchange="BINANCE", version="2.0")
    cashier.open("/bots/maker/maker-1?range=7d")
    assert "version 1.0 → 2.0" in cashier.text("#series-0 .notes")
    assert len(cashier.all("#series-0 .flags .version")) == 1
    books.sql("INSERT INTO fleet_equity SELECT date_bin('1 minute', now() - n * interval '5 minutes', 'epoch'), 'LIVE', 'USDT', 100 - n, 3 - n "
              "FROM generate_series(1, 2) AS n")
    try:
        cashier.open("/dashboard?range=1h")
        notes = cashier.text("#equity-0 .notes")
        assert "2 instances in the equity, 1 before" in notes and "maker-1: version 1.0 → 2.0" in notes
    finally:
        books.sql("DELETE FROM fleet_equity")


BOOK_PAGES = [
    "/dashboard", f"/analytics?tab=days&day={DAY}", f"/analytics?tab=days&day={DAY}&in=EUR",
    f"/analytics?tab=days&day={DAY}&kind=REALIZED&currency=USDT", f"/analytics?tab=days&day={DAY}&kind=FEE", "/analytics?in=EUR",
    "/portfolio?in=each", "/settings",
]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
def test_axe_reports_no_violations_on_pages_of_books(cashier, theme, width):
    check_pages(cashier, BOOK_PAGES, width, theme, opened="figure details")
