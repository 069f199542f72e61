"""Code without the line "# NBVAL_CHECK_OUTPUT", a mark for nbval; no extension we know takes a line off a cell."""

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform

MARK = "# NBVAL_CHECK_OUTPUT\n"


class HideMark(SphinxTransform):
    default_priority = 500

    def apply(self, **_: object) -> None:
        for block in self.document.findall(nodes.literal_block):
            if block.rawsource.startswith(MARK):
                code = block.rawsource.removeprefix(MARK)
                block.rawsource = code
                block.children = []
                block.append(nodes.Text(code))


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_transform(HideMark)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
