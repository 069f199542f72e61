"""A visit: a page opened in Chromium, over http or from the disk, and what is wrong with it in any state of it."""

import shutil
from collections.abc import Iterator, Sequence
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, Page, Response

PROBE = (Path(__file__).parent / "probe.js").read_text()
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
DESKTOP, PHONE = {"width": 1400, "height": 1000}, {"width": 390, "height": 844}
LAPTOP = {"width": 1280, "height": 900}
PATIENCE = 30_000  # milliseconds
HEAVIEST = 2_000_000  # bytes of a page and all it loads, without fonts
# Lists by nature, and a how-to of commands; on every other page code and tables take less than a tenth of the height.
LISTS = ("32_map", "81_own_network", "82_certificate_format", "about", "ledger", "notation")
TABLES = {f"book/{name}.html" for name in LISTS}
MOVES = "what is read moves"  # of a page that paints late once, on a busy machine, this is no defect
OTHER = {"light": "dark", "dark": "light"}


class Handler(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: the visit reports what failed."""


def serve(folder: Path) -> Iterator[str]:
    """The address of a server of `folder`, on this machine, for as long as it is needed."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder)))
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()


def listen(page: Page, root: str) -> list[str]:
    """A list that fills with what goes wrong while the page loads."""
    heard: list[str] = []
    page.on("console", lambda m: heard.append(f"console: {m.text}") if m.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: heard.append(f"script error: {error}"))
    page.on("requestfailed", lambda request: heard.append(f"failed request: {request.url}"))
    page.on("response", lambda r: heard.append(f"status {r.status}: {r.url}") if r.status >= 400 else None)
    local = (root, "data:", "blob:", "about:")
    page.on("request", lambda r: None if r.url.startswith(local) else heard.append(f"leaves the book: {r.url}"))
    return heard


# --- the states of a page --------------------------------------------------------------------------


# The theme's unused icons are taken out when the book is built: one that is used must be drawn.
ICONS = "() => [...document.querySelectorAll('[class*=fa-]')].every((icon) => icon.querySelector('path'))"


def settled(page: Page, address: str) -> None:
    """Open a page and wait until its formulas are set and its icons drawn."""
    page.goto(address, wait_until="load")
    page.evaluate("() => window.MathJax?.startup?.promise")
    page.wait_for_function(ICONS, timeout=PATIENCE)


def unfold(page: Page) -> None:
    """Open every fold. From now on nothing fades in or out."""
    page.add_style_tag(content="* { animation: none !important; transition: none !important }")
    page.evaluate("""async () => {
        document.querySelectorAll("details").forEach((fold) => (fold.open = true));
        for (let frame = 0; frame < 3; frame++) await new Promise(requestAnimationFrame); // boxes learn their size
    }""")


def recolour(page: Page, colours: str) -> None:
    """The other theme, as a reader's system announces it in the evening."""
    page.emulate_media(color_scheme=colours)  # type: ignore[arg-type]
    page.wait_for_function("(theme) => document.documentElement.dataset.theme === theme", arg=colours, timeout=PATIENCE)


# --- what is wrong with it -------------------------------------------------------------------------

GLYPHS = [["mjx-math"]]  # what MathJax draws, in the text's colour and hidden from screen readers
COLOURS = ["color-contrast", "link-in-text-block"]  # nothing else depends on the colours
# These two rules are nine tenths of axe-core's time. The probe measures the contrast of every text; axe-core, which
# also sees what lies over what, of one text of each look: same colours, size, weight, and classes around it.
SAMPLE = """(within) => {
  document.querySelectorAll("[data-sample]").forEach((element) => element.removeAttribute("data-sample"));
  const looks = new Set(), walker = document.createTreeWalker(document.querySelector(within), NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.textContent.trim() || element.closest("mjx-container, script, style, noscript")) continue;
    const { color, backgroundColor, fontSize, fontWeight, textDecoration } = getComputedStyle(element);
    const around = [];
    for (let box = element; box.parentElement && around.length < 4; box = box.parentElement)
      around.push(`${box.tagName}.${box.className}`);
    const look = [color, backgroundColor, fontSize, fontWeight, textDecoration, ...around].join();
    if (looks.has(look) || !element.checkVisibility({ visibilityProperty: true })) continue;
    looks.add(look);
    element.setAttribute("data-sample", "");
  }
  return looks.size;
}"""


def _axe(page: Page, context: dict[str, Any], options: dict[str, Any]) -> list[str]:
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    options = {"resultTypes": ["violations"], "preload": False, **options}
    run = "async ([context, options]) => (await axe.run(context, options)).violations"
    found = page.evaluate(run, [{"exclude": GLYPHS, **context}, options])
    return [f"{rule['id']}: {rule['help']}: {rule['nodes'][0]['html'][:160]}" for rule in found]


def faint(page: Page, within: str = "html") -> list[str]:
    """What axe-core says of the colours as they are now: of one text of each look."""
    looks = page.evaluate(SAMPLE, within)
    return _axe(page, {"include": [["[data-sample]"]]}, {"runOnly": COLOURS}) if looks else []


# axe-core walks every node once a rule. It has nothing to say about what MathJax draws, nor about one more word of a
# look that it sees anyway: without them a page has a third of its nodes.
LIGHTER = """() => {
  const boxes = [...document.querySelectorAll("mjx-math")].map((box) => [box, box.getBoundingClientRect()]);
  for (const [box, { width, height }] of boxes) {
    box.style.cssText = `display: inline-block; width: ${width}px; height: ${height}px`;
    box.replaceChildren();
  }
  document.querySelectorAll("mjx-assistive-mml > math").forEach((formula) => formula.replaceChildren());
  document.querySelectorAll("pre span:not([data-sample], :has([data-sample]))").forEach((word) => {
    word.replaceWith(word.textContent);
  });
}"""


def lightened(page: Page) -> None:
    """Take out of the page what axe-core need not look at; nothing else is seen of the page after this."""
    page.evaluate(SAMPLE, "html")
    page.evaluate(LIGHTER)


def violations(page: Page, within: str = "html") -> list[str]:
    """Every rule of axe-core that the page, or a part of it, breaks now, with the first place where."""
    off = {rule: {"enabled": False} for rule in [*COLOURS, "scrollable-region-focusable"]}  # the probe sees the last
    return _axe(page, {"include": [[within]]}, {"rules": off}) + faint(page, within)


def seen(page: Page, state: str, *, opening: bool = False, tables: bool = False) -> list[str]:
    """What the probe has to say about the page in this state."""
    return [f"{state}: {complaint}" for complaint in page.evaluate(PROBE, {"opening": opening, "tables": tables})]


PRESENT = "(classes) => classes.filter((name) => document.getElementsByClassName(name).length)"


def weighed(page: Page) -> dict[str, int]:
    """Address -> bytes, of all that the page loads from now on except fonts; nothing is compressed."""
    sizes: dict[str, int] = {}

    def weigh(response: Response) -> None:
        if response.request.resource_type != "font" and response.url.startswith("http"):
            sizes[response.url] = int(response.headers["content-length"])

    page.on("response", weigh)
    return sizes


def complaints(
    browser: Browser, root: str, path: str, colours: str = "light", gone: Sequence[str] = (), **settings: Any
) -> list[str]:
    """What is wrong with a page; one whose text moves is visited again, and blamed if it moves again."""
    found = _looked_at(browser, root, path, colours, gone, **settings)
    again = any(MOVES in one for one in found)
    return _looked_at(browser, root, path, colours, gone, **settings) if again else found


def _looked_at(browser: Browser, root: str, path: str, colours: str, gone: Sequence[str], **settings: Any) -> list[str]:
    """Look at a page as it opens, then with its folds open, then in the other theme.

    No element may have a class of `gone`. On a wide screen axe-core looks too, and over http the page and all that it
    loads are weighed.
    """
    page = browser.new_context(color_scheme=colours, **settings).new_page()  # type: ignore[arg-type]
    heard, sizes = listen(page, root), weighed(page) if root.startswith("http") else {}
    settled(page, root + path)
    found = seen(page, f"{colours}, folded", opening=True, tables=path in TABLES)
    unfold(page)
    found += seen(page, colours)
    recolour(page, OTHER[colours])
    found += seen(page, OTHER[colours])
    found += [f"without its rules: {name}" for name in page.evaluate(PRESENT, list(gone))]
    if settings.get("viewport", DESKTOP) != PHONE:
        lightened(page)
        found += violations(page)
        recolour(page, colours)
        found += faint(page)
    page.context.close()
    if sum(sizes.values()) > HEAVIEST:
        found.append(f"heavy: {sorted(((size, url) for url, size in sizes.items()), reverse=True)[:5]}")
    return heard + found
