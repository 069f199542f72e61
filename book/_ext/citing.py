"""`{citing}` makes BibTeX out of CITATION.cff; cffconvert needs a jsonschema that is too old for check-jsonschema."""

from collections.abc import Iterator
from pathlib import Path
from textwrap import fill

import yaml
from docutils import nodes
from gathered import Gather, GatherDirective
from sphinx.application import Sphinx

KINDS = {"software": "software", "conference-paper": "inproceedings"}
NOTES = ("version", "doi", "url")


def author(person: dict[str, str]) -> str:
    """A person, or in braces a name that is not one person's."""
    if "name" in person:
        return f"{{{person['name']}}}"
    return f"{person['family-names']}, {person['given-names']}"


def bibtex(work: dict, year: str) -> str:
    """The BibTeX entry of a work that a citation file describes; `year` if it names none."""
    first = work["authors"][0]
    year = str(work.get("year", year))
    key = f"{first.get('family-names', 'book').lower()}{year}"
    fields = {
        "title": f"{{{work['title']}}}",
        "author": " and ".join(map(author, work["authors"])),
        "year": year,
        "booktitle": work.get("collection-title", ""),
        "note": ", ".join(item["value"] for item in work.get("identifiers", [])),
        **{name: str(work.get(name, "")) for name in NOTES},
    }
    lines = [fill(f"  {name} = {{{value}}}", 72, subsequent_indent="    ") for name, value in fields.items() if value]
    return ",\n".join([f"@{KINDS[work['type']]}{{{key}", *lines]) + "\n}"


class Citing(Gather):
    kind = "citing"

    def content(self) -> Iterator[nodes.Node]:
        book = yaml.safe_load(Path(self.app.srcdir, "CITATION.cff").read_text())
        home = self.config.html_baseurl or self.config.html_context.get("repository_url", "")
        for work in ({"url": home, **book}, *book["references"]):
            entry = bibtex(work, self.config.copyright)
            yield nodes.literal_block(entry, entry, language="bibtex")


def setup(app: Sphinx) -> dict[str, bool]:
    app.setup_extension("gathered")
    app.add_directive("citing", GatherDirective)
    app.add_post_transform(Citing)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
