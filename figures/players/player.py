"""A figure that moves, as one output of a cell: a still for paper, and for the screen an ES module with its data.

The HTML holds the first frame as SVG, its description, and a script that imports the module from a blob: no kernel, no
widget manager, no request. The modules have anywidget's signature `render({model, el})` and depend on nothing.
"""

import hashlib
import html
import io
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from figures.style import STYLE, drawn, themed

HERE = Path(__file__).parent
COMMENT = re.compile(r"^ *(//[^\n]*|/\*\*.*?\*/)\n", re.M | re.S)
IMPORT = re.compile(r'^import \{[^}]*\} from "\./(\w+)\.mjs";\n', re.M)

PAGE = """<div class="player" data-player="{id}"><style>{css}</style>
<div class="live"><div class="still" role="img" aria-label="{alt}">{still}</div><p class="words">{alt}</p></div></div>
<script type="module">
const url = URL.createObjectURL(new Blob([{source}], {{ type: "text/javascript" }}));
const {{ default: {{ render }} }} = await import(url);
URL.revokeObjectURL(url);
for (const figure of document.querySelectorAll('[data-player="{id}"]:not([data-started])')) {{
  figure.dataset.started = "";
  const held = {{ state: {state} }};
  const set = (name, value) => {{ held[name] = value; }};
  figure.model = {{ get: (name) => held[name], set, on() {{}}, off() {{}}, save_changes() {{}} }};
  render({{ model: figure.model, el: figure.querySelector(".live") }});
}}
</script>"""


def plain(value: Any) -> Any:
    """Arrays and numbers as JSON knows them; infinities and NaN become null."""
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray | list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, bool | np.bool_ | str) or value is None:
        return bool(value) if isinstance(value, np.bool_) else value
    number = float(value)
    if not np.isfinite(number):
        return None
    return int(number) if number.is_integer() and abs(number) < 2**53 else number


def _parts(module: str) -> list[str]:
    """The modules that `module` imports, each before whoever needs it, then itself."""
    needed = [part for name in IMPORT.findall((HERE / f"{module}.mjs").read_text()) for part in _parts(name)]
    return list(dict.fromkeys([*needed, module]))


@cache
def bundle(module: str) -> str:
    """One ES module: the source of `module` after the sources of what it imports, without their comments."""
    sources = [(HERE / f"{part}.mjs").read_text() for part in _parts(module)]
    return "\n".join(COMMENT.sub("", IMPORT.sub("", source)) for source in sources)


def _in_script(value: str) -> str:
    """JSON that cannot end the script element it stands in."""
    return value.replace("</", "<\\/").replace("<!--", "<\\!--")


@dataclass(frozen=True, eq=False)
class Player:
    """A moving figure: the ES module that draws it, its data, what the first frame shows in words, and its still."""

    module: str
    state: Mapping[str, Any]
    alt: str
    draw: Callable[[Figure], object]
    width: float = 6.4
    height: float = 3.2

    def __repr__(self) -> str:
        """The same on every machine: no number that depends on rounding."""
        return f"Player({self.module})"

    def still(self) -> Figure:
        """The first frame, drawn by matplotlib."""
        return drawn(self.draw, self.width, self.height)

    def png(self) -> bytes:
        """The still for paper."""
        file = io.BytesIO()
        with mpl.rc_context(STYLE):
            self.still().savefig(file, format="png", dpi=200)
        return file.getvalue()

    def svg(self, salt: str) -> str:
        """The still for the page; `salt` makes the names inside it unlike those of other figures."""
        file = io.StringIO()
        with mpl.rc_context({**STYLE, "svg.hashsalt": salt, "svg.fonttype": "none"}):
            self.still().savefig(file, format="svg", transparent=True, metadata={"Date": None})
        return themed(file.getvalue())

    def html(self) -> str:
        """The figure as HTML that stands alone."""
        state, source = json.dumps(plain(self.state)), json.dumps(bundle(self.module))
        name = hashlib.sha256((source + state).encode()).hexdigest()[:12]
        css, alt = (HERE / "player.css").read_text(), html.escape(self.alt, quote=True)
        return PAGE.format(
            id=name, css=css, alt=alt, still=self.svg(name), source=_in_script(source), state=_in_script(state)
        )

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        return {"text/html": self.html(), "image/png": self.png(), "text/plain": repr(self)}
