"""Checks of pages with axe-core, and of their width."""

import importlib.util
import pathlib


def axe_source() -> str:
    package = pathlib.Path(importlib.util.find_spec("axe_playwright_python").origin).parent
    return next(package.rglob("axe.min.js")).read_text()


def axe_violations(browser, source: str) -> list:
    """Returns the rules that the page violates, with the first elements."""
    browser.driver.execute_script(source)
    result = browser.driver.execute_async_script("axe.run().then(arguments[0])")
    return [(rule["id"], [node["html"][:200] for node in rule["nodes"][:3]]) for rule in result["violations"]]


def check_pages(browser, pages: list, width: int, theme: str, opened: str = ""):
    """Requires that no page violates a rule of axe or is wider than the window. `opened` selects details that are opened first."""
    source = axe_source()
    browser.driver.set_window_size(width, 1000)
    browser.theme(theme)
    found = {}
    try:
        for path in pages:
            browser.open(path)
            for details in browser.all(opened) if opened else []:
                browser.driver.execute_script("arguments[0].open = true", details)
            if violations := axe_violations(browser, source):
                found[path] = violations
            assert not browser.driver.execute_script("return document.documentElement.scrollWidth > innerWidth"), f"{path} at {width} px"
    finally:
        browser.driver.set_window_size(1440, 1000)
        browser.driver.delete_cookie("theme")
    assert found == {}
