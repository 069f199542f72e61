"""How fast a moving figure follows the pointer. Writes frames.md beside it; needs the built book and Chromium.

python benchmarks/frames.py [--seconds 2] [PAGE ...]
"""

import argparse
import re
import sys
import time
from math import cos, pi, sin
from pathlib import Path

import numpy as np
from machine import machine
from playwright.sync_api import CDPSession, Locator, Page, sync_playwright

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))
from tests.visits import CHROMIUM, DESKTOP, QUIET, serve, settled  # noqa: E402

BOOK = ROOT / "_build" / "html"
# What is dragged: a point, a drawing that turns, a slider.
GRIPS = {"point": ".handle .grip", "turn": "svg.turns", "slider": "input[type=range]"}
WATCH = """() => {
    window.frames_taken = [];
    let since = null;
    const begin = () => {
        if (since !== null) return;
        since = performance.now();
        requestAnimationFrame(() => {
            const { port1, port2 } = new MessageChannel(); // a message is read once the frame is painted
            port1.onmessage = () => { frames_taken.push(performance.now() - since); since = null; };
            port2.postMessage(0);
        });
    };
    addEventListener("pointermove", begin, true);
}"""


def work(session: CDPSession) -> float:
    """Milliseconds of the processor that the page's own thread has had so far."""
    metrics = session.send("Performance.getMetrics")["metrics"]
    return 1000 * next(metric["value"] for metric in metrics if metric["name"] == "TaskDuration")


def drag(page: Page, grip: Locator, seconds: float, level: bool) -> list[float]:
    """Milliseconds from an event of the pointer to the paint after it, while it goes about the grip's place."""
    grip.evaluate("(el) => el.scrollIntoView({ block: 'center', behavior: 'instant' })")
    box = grip.bounding_box()
    if box is None:
        return []
    x, y, reach = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, 60 if level else 35
    page.mouse.move(x, y)
    page.mouse.down()
    page.evaluate("() => { frames_taken.length = 0; }")
    end, step = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        step += 1
        turn = 2 * pi * step / 40
        page.mouse.move(x + reach * sin(turn), y + (0 if level else reach * (1 - cos(turn))))
    page.mouse.up()
    return page.evaluate("() => frames_taken")


def rows(page: Page, name: str, seconds: float) -> list[str]:
    """One row for each kind of thing that a reader can drag in each figure of a page."""
    session, found = page.context.new_cdp_session(page), []
    session.send("Performance.enable", {"timeDomain": "threadTicks"})
    for player in page.locator(".player").all():
        figure = player.evaluate("(el) => el.closest('figure')?.id ?? ''")
        for kind, selector in GRIPS.items():
            grips = [grip for grip in player.locator(selector).all() if grip.is_visible()]
            before = work(session)
            times = drag(page, grips[0], seconds, kind == "slider") if grips else []
            if times:
                each = [(work(session) - before) / len(times), *np.percentile(times, [50, 95])]
                numbers = [len(times), *(f"{milliseconds:.0f}" for milliseconds in each)]
                found.append("| " + " | ".join([name, figure, kind, *map(str, numbers)]) + " |")
                print(found[-1], flush=True)
    return found


TEXT = """# How fast a moving figure follows the pointer

Written by `benchmarks/frames.py`. {machine} Chromium {version}, without a graphics card, {width} by {height}.

Each moving figure of the built book is dragged for {seconds:g} seconds by what it offers: its first point, its turning
drawing, its first slider. Work: milliseconds of the processor that a frame takes of the page's own thread, on average;
other programs do not count. Then the median and 95 % of the time from an event of the pointer to the paint after it,
with the figure drawn anew: the wait for the screen's next frame, up to 17 ms, is part of it, and so are other programs.

| page | figure | dragged | frames | work | median | 95 % |
|---|---|---|---|---|---|---|
{rows}
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=2.0, help="time of a drag")
    parser.add_argument("pages", nargs="*", help="names of pages; all, and the table is written, if there are none")
    options, where = parser.parse_args(), machine()
    paths = sorted(BOOK.glob("book/*.html"))
    names = options.pages or [path.stem for path in paths if re.search(r"data-player=", path.read_text())]
    if not names:
        print("no page with a moving figure in _build/html: build the book first (make book)")
        return
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, headless=True, args=QUIET)
        table = []
        for address in serve(BOOK):
            for name in names:
                page = browser.new_page(viewport=DESKTOP)
                settled(page, f"{address}book/{name}.html")
                page.evaluate(WATCH)
                table += rows(page, name, options.seconds)
                page.close()
        sizes, version = DESKTOP, browser.version
        browser.close()
    if not options.pages:
        text = TEXT.format(machine=where, version=version, seconds=options.seconds, rows="\n".join(table), **sizes)
        (ROOT / "benchmarks" / "frames.md").write_text(text)


if __name__ == "__main__":
    main()
