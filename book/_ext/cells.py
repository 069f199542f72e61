"""Code without nbval's mark, 6e-05 as a formula; no extension we know takes a line off a cell or sets what glue pastes.

The line "# NBVAL_CHECK_OUTPUT" is for nbval alone. A number that a cell computed and a sentence shows is set as one.
"""

import re

from docutils import nodes
from gathered import shows_formulas
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform
from sphinx.transforms.post_transforms import SphinxPostTransform

MARK = "# NBVAL_CHECK_OUTPUT\n"
POWER = re.compile(r"(-?[\d.]+)e([+-]\d+)")


class HideMark(SphinxTransform):
    default_priority = 500

    def apply(self, **_: object) -> None:
        for block in self.document.findall(nodes.literal_block):
            if block.rawsource.startswith(MARK):
                code = block.rawsource.removeprefix(MARK)
                block.rawsource = code
                block.children = []
                block.append(nodes.Text(code))


class PowersOfTen(SphinxPostTransform):
    default_priority = 20  # after numbers of other pages are pasted

    def run(self, **_: object) -> None:
        for pasted in self.document.findall(nodes.inline):
            power = POWER.fullmatch(pasted.astext())
            if power and "pasted-text" in pasted["classes"]:
                formula = rf"{power[1]}\times10^{{{int(power[2])}}}"
                pasted[:] = [nodes.math(formula, formula)]
                shows_formulas(self.env)


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_transform(HideMark)
    app.add_post_transform(PowersOfTen)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
