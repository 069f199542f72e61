"""The front page moves and fits its screen; a link to a claim or a word shows what it says."""

import json
import posixpath
import re
from functools import cache
from urllib.parse import unquote, urljoin, urlsplit

import pytest
from playwright.sync_api import Browser, Locator, Page

from tests.test_site import HTML, PAGES, addresses, browser, pytestmark, soup_of
from tests.visits import DESKTOP, PHONE, listen, violations

__all__ = ["addresses", "browser", "pytestmark"]  # fixtures, and when to skip

FRONT, GLOSSARY, SOLUTIONS = "book/00_preface.html", "book/glossary.html", "book/solutions.html"
SCREEN = {"width": 1400, "height": 900}


def opened(browser: Browser, address: str, **settings: object) -> Page:
    page = browser.new_context(**{"viewport": DESKTOP, **settings}).new_page()  # type: ignore[arg-type]
    page.goto(address)
    page.evaluate("() => window.MathJax?.startup?.promise")
    return page


# --- the front page --------------------------------------------------------------------------------


def clock(page: Page) -> Locator:
    return page.locator("#fig-front .player input")


def test_the_front_page_moves_by_itself(browser: Browser, addresses: dict[str, str]) -> None:
    """Catches a front page that stands still, and one that goes on after its reader said stop."""
    page = opened(browser, addresses["file"] + FRONT)
    page.wait_for_function("() => document.querySelector('#fig-front input')?.valueAsNumber > 3", timeout=10_000)
    page.locator("#fig-front button").click()
    at = clock(page).input_value()
    page.wait_for_timeout(300)
    assert clock(page).input_value() == at and 3 < float(at) < float(clock(page).get_attribute("max") or 0)
    page.context.close()


def test_what_is_drawn_is_searched_by_nobody(browser: Browser, addresses: dict[str, str]) -> None:
    """Catches a script that watches the page, and searches a figure of thousands of marks again for each of them."""
    page = opened(browser, addresses["file"] + FRONT, reduced_motion="reduce")
    clock(page).wait_for()
    page.evaluate("""() => {
        const search = Element.prototype.querySelectorAll;
        window.searched = [];
        Element.prototype.querySelectorAll = function (what) {
            searched.push(what.slice(0, 60));
            return search.call(this, what);
        };
        const drawing = document.querySelector("#fig-front svg");
        for (let k = 0; k < 100; k++) drawing.append(document.createElementNS(drawing.namespaceURI, "g"));
    }""")
    page.wait_for_timeout(300)
    assert len(page.evaluate("() => searched")) < 10, page.evaluate("() => searched.slice(0, 3)")
    page.context.close()


def test_it_rests_for_who_asked_for_less_motion(browser: Browser, addresses: dict[str, str]) -> None:
    """Catches a figure that starts although `prefers-reduced-motion` is set."""
    page = opened(browser, addresses["file"] + FRONT, reduced_motion="reduce")
    page.locator("#fig-front button").wait_for()
    page.wait_for_timeout(500)
    assert float(clock(page).input_value()) == 0
    page.context.close()


def test_without_scripts_the_front_page_shows_its_first_frame(browser: Browser, addresses: dict[str, str]) -> None:
    """Catches first content that waits for a script."""
    page = browser.new_context(java_script_enabled=False, viewport=PHONE).new_page()
    page.goto(addresses["file"] + FRONT)
    assert page.locator("#fig-front .still svg").is_visible() and page.locator("article h1").is_visible()
    page.context.close()


def test_the_neurons_end_in_the_rings(browser: Browser, addresses: dict[str, str]) -> None:
    """Catches a front page whose figure does not show what its caption says: in the rings the cost is the least."""
    page = opened(browser, addresses["file"] + FRONT, reduced_motion="reduce")
    clock(page).wait_for()
    ends = """() => {
        const { directions, sizes, targets } = document.querySelector("#fig-front .player").model.get("state");
        const cosine = (u) => Math.max(...targets.map((t) => u.reduce((sum, v, k) => sum + v * t[k], 0)));
        return directions.at(-1).filter((_, i) => sizes.at(-1)[i] > 0.05).map(cosine);
    }"""
    cosines = page.evaluate(ends)
    assert len(cosines) >= 4 and min(cosines) > 0.9999
    assert "not every example" in page.locator("#fig-front .words").inner_text()
    clock(page).evaluate("(input) => { input.value = input.max; input.dispatchEvent(new Event('input')); }")
    page.get_by_text("the network costs 1.00 times the least possible").wait_for()
    page.context.close()


def test_one_screen_shows_the_figure_and_the_ways_in(browser: Browser, addresses: dict[str, str]) -> None:
    """Catches a front page that has to be scrolled before it says what the book is."""
    page = opened(browser, addresses["http"] + FRONT, viewport=SCREEN)
    figure, ways = page.locator("#fig-front .player"), page.locator("article section > ul").first
    clock(page).wait_for()
    for part in (figure, ways):
        box = part.bounding_box()
        assert box is not None and box["y"] + box["height"] < SCREEN["height"]
    assert ways.locator("a").count() >= 4
    page.context.close()


# --- previews --------------------------------------------------------------------------------------


def preview_texts(path: str) -> dict[str, str]:
    """What the script of a page holds: page#anchor -> HTML."""
    script = (HTML / "_static" / "previews" / path).with_suffix(".js").read_text()
    return json.loads(script.removeprefix("const PREVIEWS = ").rstrip(";\n"))


@cache
def read(path: str) -> tuple[list[str], list[str]]:
    """The names of a page's claims, equations, sources and words; and the links of its text to a place, as written."""
    page = soup_of(HTML / path)
    parts = page.select("div.proof.admonition[id], div.math[id], div.citation[id], dl.glossary > dt[id]")
    links = page.select("article a.reference.internal[href*='#']")
    return [str(part["id"]) for part in parts], [str(link["href"]) for link in links]


def previewed() -> set[str]:
    """page#anchor of every claim, equation, source and word of the book."""
    return {f"{path}#{name}" for path in PAGES for name in read(path)[0]}


def links_to(path: str, goals: set[str]) -> list[tuple[str, str]]:
    """The links of a page's text to any of `goals`: as written, and where they lead."""
    led = [(href, posixpath.normpath(urljoin(f"/{path}", href))[1:]) for href in read(path)[1]]
    return [(href, goal) for href, goal in led if goal in goals]


def test_every_link_to_a_claim_or_a_word_has_its_preview() -> None:
    """Catches a link without its preview, and a preview that carries a link, a name or a picture."""
    goals, texts = previewed(), {}
    for path in (path for path in PAGES if path.startswith("book/")):
        own = preview_texts(path)
        assert {goal for _, goal in links_to(path, goals)} == set(own)
        texts |= own
    assert len(texts) > 20 and not re.search(r"<a\b|<img|<script|\bid=|\bstyle=", "".join(texts.values()))


def cited_elsewhere() -> tuple[str, str]:
    """A page, and its link to a theorem of another."""
    goals = {goal for goal in previewed() if "#thm" in goal}
    found = ((path, href) for path in PAGES for href, goal in links_to(path, goals) if not goal.startswith(path))
    return next((path, href) for path, href in found if "ledger" not in path)


@pytest.mark.parametrize(("scheme", "size"), [("http", DESKTOP), ("file", PHONE)], ids=["http", "file"])
def test_the_pointer_sees_a_theorem_of_another_page(
    browser: Browser, addresses: dict[str, str], scheme: str, size: dict
) -> None:
    """Catches a preview that needs the other page, is cut off, shows raw TeX, or stays when it should go."""
    path, href = cited_elsewhere()
    page = opened(browser, addresses[scheme] + path, viewport=size, color_scheme="dark")
    heard = listen(page, addresses[scheme])
    page.evaluate("() => document.querySelectorAll('details').forEach((fold) => (fold.open = true))")
    link, box = page.locator(f"article a[href='{href}']").first, page.locator("#preview")
    link.hover()
    box.wait_for(state="visible")
    page.wait_for_function("() => !document.querySelector('#preview').textContent.includes('\\\\(')")
    assert box.inner_text().startswith(link.inner_text()) and link.get_attribute("aria-describedby") == "preview"
    corner = box.bounding_box()
    assert corner is not None and corner["x"] >= 0 and corner["x"] + corner["width"] <= size["width"]
    box.hover()
    page.wait_for_timeout(400)
    assert box.is_visible()  # the pointer may move onto it
    assert heard == []
    assert violations(page, "#preview") == []
    page.keyboard.press("Escape")
    assert box.is_hidden() and link.get_attribute("aria-describedby") is None
    page.context.close()


def test_the_keyboard_sees_a_word(browser: Browser, addresses: dict[str, str]) -> None:
    """Catches a preview that only a mouse can call up."""
    page = opened(browser, addresses["file"] + GLOSSARY)
    link = page.locator("article dd a.reference.internal").first
    link.focus()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Tab")
    box = page.locator("#preview")
    box.wait_for(state="visible")
    assert (
        box.locator("strong").first.inner_text() == link.get_attribute("title") or link.inner_text() in box.inner_text()
    )
    page.keyboard.press("Tab")
    assert box.is_hidden() or page.locator("[aria-describedby=preview]").count() == 1
    page.context.close()


def test_a_link_to_a_solution_unfolds_it(browser: Browser, addresses: dict[str, str]) -> None:
    """Catches a solution that stays folded when its link in the list of exercises is followed."""
    page = opened(browser, addresses["http"] + SOLUTIONS)
    page.get_by_role("link", name=re.compile("^Solution")).first.click()
    page.wait_for_load_state("load")
    assert page.locator("details.solution[open]").count() == 1
    body = page.locator("details.solution[open] > div")
    body.wait_for(state="visible")
    assert body.get_attribute("id") == unquote(urlsplit(page.url).fragment)
    page.context.close()
