"""What axe-core says of a page: tests/test_site.py asks it for every page, here its answer is put to the test."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.test_site import browser, draw, pytestmark, sketch
from tests.visits import faint, settled, unfold, violations

__all__ = ["browser", "pytestmark", "sketch"]  # fixtures, and when to skip

DEFECTS = {
    "color-contrast": "<details><summary>A</summary><p style='color: #aaa; background: #fff'>faint</p></details>",
    "button-name": "<button></button>",
    "empty-table-header": "<table><tr><th></th><td>1</td></tr></table>",
    "aria-valid-attr": "<p aria-lable='x'>Words.</p>",
    "link-in-text-block": "<p>Words and <a href='#top' style='color: #223; text-decoration: none'>a link</a>.</p>",
}


@pytest.mark.parametrize("defect", DEFECTS)
def test_each_violation_is_seen(browser: Browser, sketch: Path, defect: str) -> None:
    """Catches a check that looks at nothing, or not into folds."""
    draw(sketch, DEFECTS[defect])
    page = browser.new_page()
    settled(page, (sketch / "page.html").as_uri())
    unfold(page)
    assert any(found.startswith(f"{defect}:") for found in violations(page))
    page.close()


@pytest.mark.parametrize("faint_one", ["color: #777", "color: #666; background: #ccc"])
def test_every_look_is_sampled(browser: Browser, sketch: Path, faint_one: str) -> None:
    """Catches a faint text that is taken for the same as a sound one before it."""
    draw(sketch, f"<p style='color: #666'>Words.</p><p style='{faint_one}'>Words.</p>")
    page = browser.new_page()
    settled(page, (sketch / "page.html").as_uri())
    assert [found.partition(":")[0] for found in faint(page)] == ["color-contrast"]
    page.close()
