"""Lists that users arrange: columns, widths, filters and saved views, in a real browser."""

import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from axe import check_pages
from conftest import Browser
from test_dashboard import cookie, get


def titles(browser) -> list[str]:
    return [title.text for title in browser.all("#bots thead th[data-column]")]


def chips(browser) -> list[str]:
    return [chip.text.removeprefix("Remove filter\n") for chip in browser.all("#filters .chips a")]


def views(fleet) -> list:
    return fleet.call("GET", "/saved-views")["items"]


@pytest.fixture
def clean(fleet):
    """Removes what the test has saved for the token of the browser."""
    yield
    for table in ("instances", "commands", "open_trades"):
        fleet.call("DELETE", f"/table-layouts/{table}")
    for view in views(fleet):
        fleet.call("DELETE", f"/saved-views/{view['view_id']}")


def save_view(browser, name: str, is_default: bool = False):
    browser.click(browser.find(".forms summary"))
    browser.find(".forms details[open] [name=name]").send_keys(name)
    if is_default:
        browser.find(".forms details[open] [name=is_default]").click()
    browser.click(browser.find(".forms details[open] button"))
    browser.wait(lambda: "View saved" in browser.text())


STANDARD = ["Status", "Bot", "Mode", "Symbol", "Version", "Last seen", "Heartbeats, 1 h", "Equity", "Drawdown", "Exposure", "NetPnL today", "Open"]


def test_every_title_sorts_the_list_except_the_drawing(browser, fleet):
    browser.open("/bots")
    assert titles(browser) == STANDARD
    links = {link.text: link.get_attribute("href") for link in browser.all("#bots thead a")}
    assert sorted(links) == sorted(set(STANDARD) - {"Heartbeats, 1 h"})
    for title, link in links.items():
        browser.driver.get(link)
        sorted_by = browser.all("#bots th[aria-sort]")
        assert [header.text for header in sorted_by] == [title]
        assert len(browser.all("#bots tbody tr")) > 40


def test_filters_are_chips_that_remove_themselves(browser):
    browser.open("/bots?q=okx&runtime_mode=LIVE&sort=equity&order=desc&page=1")
    assert chips(browser) == ["Search: okx ×", "Mode: LIVE ×", "All filters ×"]
    browser.click(browser.all("#filters .chips a")[0])
    browser.wait(lambda: browser.path == "/bots?runtime_mode=LIVE&sort=equity&order=desc")
    browser.click(browser.find("#filters .chips a"))
    browser.wait(lambda: browser.path == "/bots?sort=equity&order=desc")
    assert browser.all("#filters .chips a") == []


@pytest.mark.parametrize(("path", "chip"), [
    ("/commands?command_type=FLATTEN", "Command: FLATTEN ×"), ("/commands?created_by=x", "Created by: x ×"),
    ("/alerts?status=RESOLVED&severity=CRITICAL", "Severity: CRITICAL ×"), ("/audit?actor=x", "Actor: x ×"),
    ("/admin/modules?status=FAILED", "Status of runs: FAILED ×"), ("/trades?symbol=x", "Symbol: x ×"),
])
def test_each_list_has_chips(browser, path, chip):
    browser.open(path)
    assert chips(browser) == [chip]
    browser.click(browser.find("#filters .chips a"))
    browser.wait(lambda: not browser.all("#filters .chips a"))
    # The tab stays.
    assert ("status=RESOLVED" in browser.path) == ("status=RESOLVED" in path)


def test_columns_are_chosen_moved_and_reset(browser, fleet, clean):
    browser.open("/bots?runtime_mode=LIVE")
    browser.click(browser.find(".columns summary"))
    for name in ("version", "heartbeats", "return_today"):
        browser.click(browser.find(f".columns [name=shown][value={name}]"))
    browser.click(browser.find(".columns [aria-label='Move Equity up']"))
    assert browser.driver.switch_to.active_element.get_attribute("aria-label") == "Move Equity up"
    assert browser.path == "/bots?runtime_mode=LIVE"
    # Below the hidden column that it has passed, the next step is visible.
    browser.driver.switch_to.active_element.send_keys(Keys.ENTER)
    browser.click(browser.find(".columns button[value=save]"))
    browser.wait(lambda: "Columns saved" in browser.text())
    assert browser.path.startswith("/bots?runtime_mode=LIVE&done=")
    expected = ["Status", "Bot", "Mode", "Symbol", "Equity", "Last seen", "Drawdown", "Exposure", "NetPnL today", "Open", "Return today"]
    assert titles(browser) == expected
    # Each value is below its title.
    assert {cell.text for cell in browser.all("#bots tbody td[data-label=Mode]")} == {"LIVE"}
    labels = [cell.get_attribute("data-label") for cell in browser.all("#bots tbody tr:first-child td[data-label]")]
    assert labels == expected
    browser.open("/bots")
    assert titles(browser) == expected
    browser.click(browser.find(".columns summary"))
    assert browser.find(".columns [value=bot][name=shown]").get_attribute("disabled")
    browser.click(browser.find(".columns button[value=reset]"))
    browser.wait(lambda: "Standard columns restored" in browser.text())
    assert titles(browser) == STANDARD


def width(browser, title: str) -> float:
    return browser.driver.execute_script("return document.querySelector(arguments[0]).getBoundingClientRect().width", f"#bots th[data-column={title}]")


def test_a_width_is_dragged_typed_and_kept(browser, fleet, clean):
    browser.open("/bots")
    before = width(browser, "bot")
    edge = browser.find("#bots th[data-column=bot] .edge")
    browser.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", edge)
    ActionChains(browser.driver).move_to_element(edge).click_and_hold().move_by_offset(90, 0).release().perform()
    browser.wait(lambda: fleet.call("GET", "/table-layouts/instances")["columns"])
    stored = next(column for column in fleet.call("GET", "/table-layouts/instances")["columns"] if column["name"] == "bot")
    assert abs(stored["width"] - before - 90) <= 2
    browser.open("/bots")
    assert titles(browser) == STANDARD
    assert abs(width(browser, "bot") - stored["width"]) <= 2
    # The form does the same with the keyboard: a larger width is shown while it is typed.
    browser.click(browser.find(".columns summary"))
    field = browser.find("[aria-label='Width of Bot in pixels']")
    assert field.get_attribute("value") == str(stored["width"])
    field.send_keys(Keys.CONTROL, "a")
    field.send_keys("300")
    browser.wait(lambda: abs(width(browser, "bot") - 300) <= 2)
    field.send_keys(Keys.ENTER)
    browser.wait(lambda: "Columns saved" in browser.text())
    assert abs(width(browser, "bot") - 300) <= 2
    edge = browser.find("#bots th[data-column=bot] .edge")
    ActionChains(browser.driver).double_click(edge).perform()
    browser.wait(lambda: abs(width(browser, "bot") - before) <= 2)
    browser.wait(lambda: all(column.get("width") is None for column in fleet.call("GET", "/table-layouts/instances")["columns"]))


def test_updates_keep_the_columns_and_the_open_form(browser, fleet, clean):
    browser.open("/bots?q=binance-a0")
    browser.click(browser.find(".columns summary"))
    browser.click(browser.find(".columns [name=shown][value=version]"))
    fleet.heartbeat("binance-a0", "mm-bin-00", runtime_mode="LIVE", exchange="BINANCE", symbol="BTCUSDT", version="7.7")
    browser.wait(lambda: "7.7" in browser.text("#bots tbody"))
    assert not browser.find(".columns [name=shown][value=version]").is_selected()
    assert browser.all("#bots th .edge")
    browser.click(browser.find(".columns summary"))
    browser.find(".columns summary").send_keys(Keys.NULL)
    browser.driver.execute_script("document.activeElement.blur()")
    # Another window arranges the columns.
    fleet.call("PUT", "/table-layouts/instances", {"columns": [{"name": "mode", "is_shown": True, "width": 200}]})
    browser.wait(lambda: titles(browser)[0] == "Mode")
    assert browser.find("#bots tbody tr td[data-label]").get_attribute("data-label") == "Mode"
    assert browser.all("#bots th .edge")


def test_a_view_is_saved_opened_changed_and_deleted(browser, fleet, clean):
    browser.open("/bots")
    browser.click(browser.find(".columns summary"))
    browser.click(browser.find(".columns [name=shown][value=version]"))
    browser.click(browser.find(".columns button[value=save]"))
    browser.wait(lambda: "Columns saved" in browser.text())
    browser.open("/bots?runtime_mode=LIVE&sort=equity&order=desc")
    save_view(browser, "Largest <i>live</i>")
    assert browser.text(".views [aria-current]") == "Largest <i>live</i>"
    fleet.call("DELETE", "/table-layouts/instances")
    browser.open("/bots")
    browser.click(browser.driver.find_element("link text", "Largest <i>live</i>"))
    browser.wait(lambda: "view=" in browser.path)
    assert {cell.text for cell in browser.all("tbody td[data-label=Mode]")} == {"LIVE"}
    assert "Version" not in titles(browser)
    assert browser.find("#bots th[aria-sort]").get_attribute("aria-sort") == "descending"
    # A changed filter stays in the view until it is saved.
    browser.find("[name=q]").send_keys("okx")
    browser.click(browser.find("#filters button"))
    browser.wait(lambda: "q=okx" in browser.path)
    browser.click(browser.all(".forms summary")[1])
    name = browser.find(".forms details[open] [name=name]")
    name.send_keys(" on OKX")
    browser.find(".forms details[open] [name=is_default]").click()
    name.send_keys(Keys.ENTER)
    browser.wait(lambda: "View saved" in browser.text())
    stored = views(fleet)
    assert [view["name"] for view in stored] == ["Largest <i>live</i> on OKX"]
    assert "q=okx" in stored[0]["query"] and stored[0]["is_default"]
    # The list opens with it, and "All" shows the rest.
    browser.click(browser.find("nav[aria-label=Main] a[href='/bots']"))
    browser.wait(lambda: "q=okx" in browser.path)
    browser.click(browser.driver.find_element("link text", "All"))
    browser.wait(lambda: browser.path == "/bots?view=all")
    assert len(browser.all("#bots tbody tr")) > 40 and titles(browser) == STANDARD
    browser.driver.get(browser.all(".views a")[1].get_attribute("href"))
    browser.click(browser.all(".forms summary")[1])
    browser.click(browser.find(".forms button[value=delete]"))
    browser.wait(lambda: "View deleted" in browser.text())
    assert views(fleet) == [] and browser.all(".views a") == []


def test_another_user_has_other_columns_and_views(server, browser, fleet, clean):
    browser.open("/bots?runtime_mode=LIVE")
    save_view(browser, "Mine", is_default=True)
    fleet.call("PUT", "/table-layouts/instances", {"columns": [{"name": "mode", "is_shown": True}]})
    other = Browser(server.web)
    try:
        other.sign_in(fleet.call("POST", "/tokens", {"name": "arranges-nothing", "roles": ["viewer"]})["token"])
        other.open("/bots")
        assert other.path == "/bots" and titles(other) == STANDARD
        assert other.all(".views a") == []
    finally:
        other.close()


def test_columns_and_views_work_without_scripts(server, fleet):
    token = fleet.call("POST", "/tokens", {"name": "has-no-scripts", "roles": ["viewer"]})["token"]
    browser = Browser(server.web, scripts=False)
    try:
        browser.sign_in(token)
        browser.open("/bots?runtime_mode=LIVE")
        browser.find(".columns summary").click()
        browser.find("[aria-label='Width of Bot in pixels']").send_keys("321")
        browser.click(browser.find(".columns [aria-label='Move Mode up']"))
        browser.wait(lambda: "arrange=instances" in browser.path)
        assert titles(browser)[:3] == ["Status", "Mode", "Bot"]
        assert abs(browser.find("#bots th[data-column=bot]").rect["width"] - 321) <= 2
        # The form is still open.
        browser.click(browser.find(".columns [name=shown][value=symbol]"))
        browser.click(browser.find(".columns button[value=save]"))
        browser.wait(lambda: "Columns saved" in browser.text())
        assert "Symbol" not in titles(browser)
        save_view(browser, "Live", is_default=True)
        browser.open("/bots")
        browser.wait(lambda: "view=" in browser.path and "runtime_mode=LIVE" in browser.path)
        assert browser.text(".views [aria-current]") == "Live (default)"
    finally:
        browser.close()


def test_forms_of_other_sites_change_nothing(server, browser, fleet):
    import urllib.error
    import urllib.request
    for path in ("/views", "/tables/instances"):
        request = urllib.request.Request(server.web + path, data=b"csrf=0&list=bots&name=x&query=&action=reset", headers={"Cookie": cookie(browser)})
        with pytest.raises(urllib.error.HTTPError) as error:
            urllib.request.urlopen(request)
        assert error.value.code == 403
    assert views(fleet) == []


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
def test_axe_reports_no_violations_on_arranged_lists(browser, fleet, clean, theme, width):
    fleet.call("POST", "/saved-views", {"list": "bots", "name": "Live", "query": "runtime_mode=LIVE", "is_default": True})
    fleet.call("PUT", "/table-layouts/instances", {"columns": [{"name": "bot", "is_shown": True, "width": 300}]})
    pages = ["/bots", "/commands", "/alerts?severity=CRITICAL", "/trades?symbol=x", "/audit?actor=x", "/admin/modules?status=FAILED"]
    check_pages(browser, pages, width, theme, opened="main details")


def test_the_palette_finds_a_bot_with_three_letters_and_alerts_and_commands_by_id(browser, fleet):
    browser.open("/dashboard")
    browser.find("body").send_keys(Keys.CONTROL, "k")
    browser.wait(lambda: browser.find("dialog[open] input")).send_keys("d39", Keys.ENTER)
    browser.wait(lambda: browser.path.endswith("-d39"))
    alert = fleet.call("GET", "/alerts?status=OPEN")["items"][-1]
    command = fleet.call("GET", "/commands?page_size=200")["items"][-1]
    for identity, path in ((alert["alert_id"], "/alerts/"), (command["command_id"], "/commands/")):
        browser.find("body").send_keys(Keys.CONTROL, "k")
        browser.wait(lambda: browser.find("dialog[open] input")).send_keys(identity, Keys.ENTER)
        browser.wait(lambda: browser.path == path + identity)


def test_the_address_of_a_view_is_on_its_list(server, browser, fleet, clean):
    fleet.call("POST", "/saved-views", {"list": "bots", "name": "Elsewhere", "query": "next=//evil.example", "is_default": True})
    status, headers, _ = get(server.web + "/bots", cookie(browser))
    assert status == 303 and headers["Location"].startswith("/bots?next=%2F%2Fevil.example&view=")
