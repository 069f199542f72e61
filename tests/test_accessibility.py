"""No page has an accessibility violation that axe-core knows, in light or dark, with everything unfolded."""

from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.test_site import DESKTOP, HTML, PAGES, PHONE, REDIRECT, browser, draw, missing, pytestmark, sketch

__all__ = ["browser", "pytestmark", "sketch"]  # fixtures, and when to skip

EVERY: list[str] = []  # no selection of rules
GLYPHS = {"exclude": [["mjx-math"]]}  # what MathJax draws, in the text's colour and hidden from screen readers
SETTLES, PATIENCE = 600, 20_000  # milliseconds
# The theme waits before it looks at a new width, longer on a busy machine.
REACHED = """() => [...document.querySelectorAll("pre")].every(
    (code) => code.scrollWidth <= code.clientWidth || code.tabIndex >= 0)"""


def violations(page: Page, rules: list[str] = EVERY) -> list[str]:
    """Every rule of axe-core, or of those given, that the page breaks now, with the first place where."""
    options = {"runOnly": rules} if rules else {"resultTypes": ["violations"]}
    found = Axe().run(page, GLYPHS, options).response["violations"]
    return [f"{rule['id']}: {rule['help']}: {rule['nodes'][0]['html'][:160]}" for rule in found]


def unfolded(page: Page, address: str) -> None:
    """Open a page, wait until its formulas are set, and open its folds. Nothing fades in or out."""
    page.goto(address)
    page.add_style_tag(content="* { animation: none !important; transition: none !important }")
    page.evaluate("() => window.MathJax?.startup?.promise")
    page.evaluate("() => document.querySelectorAll('details').forEach((fold) => (fold.open = true))")


@pytest.mark.parametrize("path", [path for path in PAGES if path != REDIRECT])
def test_no_violations(browser: Browser, path: str) -> None:
    """Catches what keeps a reader with a keyboard or a screen reader out: names, roles, landmarks, order, contrast."""
    page = browser.new_context(viewport=DESKTOP, color_scheme="light", reduced_motion="reduce").new_page()
    unfolded(page, (HTML / path).as_uri())
    assert violations(page) == []
    page.emulate_media(color_scheme="dark")
    page.wait_for_timeout(SETTLES)
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    assert violations(page, ["color-contrast"]) == []  # nothing else depends on the colours
    page.set_viewport_size(PHONE)
    page.wait_for_function(REACHED, timeout=PATIENCE)
    assert violations(page, ["scrollable-region-focusable"]) == []
    page.context.close()


DEFECTS = {
    "color-contrast": "<details><summary>A</summary><p style='color: #aaa; background: #fff'>faint</p></details>",
    "button-name": "<button></button>",
    "empty-table-header": "<table><tr><th></th><td>1</td></tr></table>",
    "aria-valid-attr": "<p aria-lable='x'>Words.</p>",
}


@pytest.mark.parametrize("defect", DEFECTS)
def test_each_violation_is_seen(browser: Browser, sketch: Path, defect: str) -> None:
    """Catches a check that looks at nothing, or not into folds."""
    draw(sketch, DEFECTS[defect])
    page = browser.new_page()
    unfolded(page, (sketch / "page.html").as_uri())
    assert any(found.startswith(f"{defect}:") for found in violations(page))
    page.close()


def test_the_pages_are_there() -> None:
    """Catches a CI run that looks at no page."""
    assert missing == [] and len(PAGES) > 2
