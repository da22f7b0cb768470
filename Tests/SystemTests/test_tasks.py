"""The tasks of operators, with the number of clicks that each of them takes."""

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from conftest import Browser
from fleet import APPROVERS
from test_dashboard import uuid, wait_for_performance


class Operator:
    """Works with the dashboard and counts the clicks."""

    def __init__(self, browser: Browser):
        self.browser = browser
        self.clicks = 0

    def click(self, selector: str):
        """Clicks the first element that matches, once it is shown."""
        self.browser.wait(lambda: self.browser.find(selector).is_displayed())
        self.browser.click(self.browser.find(selector))
        self.clicks += 1

    def follow(self, text: str):
        """Clicks the first link with a text."""
        self.browser.click(self.browser.wait(lambda: self.browser.driver.find_element(By.LINK_TEXT, text)))
        self.clicks += 1


@pytest.fixture
def operator(browser):
    browser.open("/dashboard")
    return Operator(browser)


def test_the_worst_bot_is_one_click_away(operator, browser, fleet):
    wait_for_performance(fleet, "mm-bin-00")
    worst = fleet.call("GET", "/instances?runtime_mode=LIVE&sort=net_pnl_today&order=asc&page_size=1")["items"][0]
    browser.open("/dashboard")
    operator.click("#league tbody tr:first-child a")
    browser.wait(lambda: browser.path == f"/bots/{worst['bot_id']}/{worst['instance_id']}")
    assert operator.clicks == 1


def test_what_changed_the_net_pnl_is_two_clicks_away(operator, browser, fleet):
    wait_for_performance(fleet, "mm-bin-00")
    browser.open("/dashboard")
    operator.click("#money tbody td[data-label='NetPnL today'] a")
    operator.click("#instances tbody tr:first-child button[value=trades], #instances tbody tr:first-child a")
    assert operator.clicks == 2 and browser.path != "/dashboard"


def test_an_alert_is_silenced_and_acknowledged_in_two_clicks(operator, browser, fleet):
    fleet.heartbeat("stuck-1", "stuck", state="UNRESPONSIVE")
    alert = next(item for item in fleet.call("GET", "/alerts?status=OPEN&source=bot_monitor")["items"] if item["target_id"] == "stuck-1")
    try:
        browser.open("/dashboard")
        item = f"#attention li:has(a[href='/alerts/{alert['alert_id']}'])"
        operator.click(f"{item} form[action$='/silence'] button")
        browser.wait(lambda: "Alert silenced" in browser.text())
        operator.click(f"{item} form[action$='/ack'] button")
        browser.wait(lambda: "Alert acknowledged" in browser.text())
        stored = fleet.call("GET", f"/alerts/{alert['alert_id']}")
        assert operator.clicks == 2 and stored["status"] == "ACKED" and stored["silenced_until"]
    finally:
        fleet.heartbeat("stuck-1", "stuck")


def test_safe_mode_for_a_live_bot_takes_four_clicks_at_most(operator, browser):
    operator.follow("Bots")
    operator.click("#bots tbody tr:has(.mode.live) a")
    operator.click("#command button[value=SAFE_MODE]")
    browser.wait(lambda: browser.find("dialog[open] [name=reason]")).send_keys("spread too wide")
    operator.click("dialog[open] .footer button")
    browser.wait(lambda: browser.text("h1").startswith("SAFE_MODE on "))
    assert operator.clicks == 4


def test_four_bots_are_flattened_in_eight_clicks_at_most(operator, browser, fleet):
    operator.follow("Bots")
    for number in range(4):
        browser.click(browser.all("#bots tbody tr:has(.mode.live) input")[number])
        operator.clicks += 1
    operator.click("#bots .bulk button[value=FLATTEN]")
    form = browser.wait(lambda: browser.find("dialog[open] form"))
    form.find_element(By.NAME, "reason").send_keys("venue closed")
    form.find_element(By.NAME, "phrase").send_keys("FLATTEN 4 LIVE")
    operator.click("dialog[open] .footer button")
    browser.wait(lambda: browser.path.startswith("/command-bulks/"))
    assert operator.clicks == 7
    bulk = browser.path.split("/")[2]
    assert {command["status"] for command in fleet.call("GET", f"/commands?bulk_id={bulk}")["items"]} == {"AWAITING_APPROVAL"}


def test_who_flattened_a_bot_is_one_click_away(operator, browser, fleet):
    fleet.heartbeat("who-1", "who")
    identity = uuid(2, "who")
    fleet.call("POST", "/commands", {"command_id": identity, "instance_id": "who-1", "command_type": "FLATTEN", "ttl_seconds": 60, "reason": "venue closed"})
    fleet.approve(identity)
    for status in ("ACCEPTED", "COMPLETED"):
        fleet.call("POST", f"/commands/{identity}/ack", {"command_id": identity, "instance_id": "who-1", "status": status, "timestamp": fleet.ago(0)})
    browser.open("/bots/who/who-1")
    operator.follow("History")
    row = browser.wait(lambda: browser.find("#history tr:has(a[href^='/commands/'])"))
    assert [cell.text for cell in row.find_elements("css selector", "td")][1:] == ["FLATTEN\ncommand", "COMPLETED", "admin-token-user", "venue closed"]
    # The audit log adds the acknowledgements. Its entry for the creation would repeat the command.
    assert [cell.text for cell in browser.all("#history tbody tr td:nth-child(2)")] == [
        "COMMAND_ACK\naudit log, command", "COMMAND_ACK\naudit log, command", "COMMAND_APPROVE\naudit log, command", "FLATTEN\ncommand"]
    assert operator.clicks == 1


def test_a_metric_is_read_in_two_clicks(operator, browser, fleet):
    browser.open("/bots/mm-bin-00/binance-a0")
    operator.follow("Metrics")
    operator.follow("equity")
    browser.wait(lambda: browser.find("#series-0 figure"))
    newest = next(item for item in fleet.call("GET", "/instances/binance-a0/metrics")["items"] if item["metric_type"] == "equity")
    assert f"{newest['value']:.2f}" in browser.text("#catalogue").replace("\u202f", "")
    assert operator.clicks == 2


def test_two_bots_are_compared_in_three_clicks(operator, browser):
    browser.open("/bots")
    operator.click("#bots tbody tr:nth-child(1) input")
    operator.click("#bots tbody tr:nth-child(2) input")
    operator.click("button[formaction='/compare']")
    browser.wait(lambda: browser.path.startswith("/compare"))
    assert len(browser.all("#figures tbody tr")) == 2 and operator.clicks == 3


def test_a_command_is_approved_in_two_clicks_with_its_exposure_in_view(server, fleet):
    token = APPROVERS["approves-in-two"]
    identity = uuid(3, "approved in two")
    fleet.heartbeat("binance-a0", "mm-bin-00", runtime_mode="LIVE", exchange="BINANCE", symbol="BTCUSDT")
    fleet.call("POST", "/commands", {"command_id": identity, "instance_id": "binance-a0", "command_type": "FLATTEN", "ttl_seconds": 600})
    browser = Browser(server.web)
    try:
        browser.sign_in(token)
        operator = Operator(browser)
        operator.click("nav[aria-label=Main] a[href='/approvals']")
        card = f"#approval-{identity}"
        facts = browser.wait(lambda: browser.text(card))
        assert "Mode\nLIVE" in facts and "Status\nUP" in facts and "USDT net" in facts, facts
        browser.find(f"{card} [name=token]").send_keys(token)
        operator.click(f"{card} button[value=approve]")
        browser.wait(lambda: "Command approved" in browser.text())
        assert operator.clicks == 2
    finally:
        browser.close()


def test_a_bot_is_found_with_three_letters_and_the_keyboard(operator, browser):
    browser.find("body").send_keys(Keys.CONTROL, "k")
    field = browser.wait(lambda: browser.find("dialog[open] input"))
    field.send_keys("mm-")
    browser.wait(lambda: "mm-" in browser.text("dialog[open] .palette"))
    field.send_keys(Keys.ENTER)
    browser.wait(lambda: browser.path.startswith("/bots"))
    assert operator.clicks == 0


@pytest.mark.parametrize("query", ["instance=binance-a0", "all=1&runtime_mode=LIVE"])
def test_a_confirmation_is_in_view_on_a_low_screen(browser, query):
    size = browser.driver.get_window_size()
    try:
        browser.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": 1280, "height": 679, "deviceScaleFactor": 1, "mobile": False})
        browser.open(f"/bots?{'' if 'all' in query else 'q=binance-a0'}")
        if "all" in query:
            browser.click(browser.find(".bulk [name=all]"))
        else:
            browser.click(browser.find("#bots tbody input"))
        browser.click(browser.find(".bulk button[value=FLATTEN]"))
        browser.wait(lambda: browser.find("dialog[open] form"))
        assert browser.driver.switch_to.active_element.get_attribute("name") == "reason"
        hidden = browser.driver.execute_script("""
            const elements = [...document.querySelectorAll('dialog h1, dialog dl, dialog [name=reason], dialog [name=phrase], dialog .footer button')];
            return elements.filter((element) => {
                const box = element.getBoundingClientRect();
                return box.top < 0 || box.bottom > innerHeight;
            }).map((element) => element.name || element.tagName);""")
        assert hidden == []
    finally:
        browser.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        browser.driver.set_window_size(size["width"], size["height"])
