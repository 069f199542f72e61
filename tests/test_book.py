"""The sources of the book keep their rules, and the rules notice when they are broken."""

import itertools
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
import yaml
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from tests import notebooks
from tests.notebooks import MARK, RULES, uncontrolled, unsettled

ROOT = Path(__file__).parents[1]
BOOK = ROOT / "book"
NOTEBOOKS = sorted(BOOK.glob("**/*.ipynb"))
PAGES = sorted(BOOK.glob("**/*.md"))


def read(path: Path) -> NotebookNode:
    return nbformat.read(path, as_version=4)


def toc_files(entry: object) -> list[str]:
    """Every document of the table of contents."""
    if isinstance(entry, list):
        return [file for part in entry for file in toc_files(part)]
    if not isinstance(entry, dict):
        return []
    own = [entry[key] for key in ("root", "file") if key in entry]
    return own + [file for value in entry.values() for file in toc_files(value)]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_notebook_keeps_the_rules(path: Path) -> None:
    """Catches what neither the build nor nbval catches; each rule says what."""
    nb = read(path)
    nbformat.validate(nb)
    assert [complaint for rule in RULES for complaint in rule(nb)] == []


def test_every_source_is_in_the_table_of_contents() -> None:
    """Catches a chapter that is never built: only documents of the table of contents are."""
    listed = {ROOT / file for file in toc_files(yaml.safe_load((ROOT / "_toc.yml").read_text()))}
    assert {path.with_suffix("") for path in [*NOTEBOOKS, *PAGES]} == listed


def test_every_chapter_leads_to_the_next_one() -> None:
    """Catches a last line that leads nowhere, or past a chapter that came between."""
    listed = toc_files(yaml.safe_load((ROOT / "_toc.yml").read_text()))
    names = [Path(file).name for file in listed if Path(file).name[0].isdigit()]
    chapters = [name for name in names if "01" <= name < "70"]
    ends = {name: read(BOOK / f"{name}.ipynb").cells[-1].source.rpartition("**Next.**")[2] for name in chapters}
    follows = dict(itertools.pairwise(names))
    assert [name for name, end in ends.items() if f"{{doc}}`{follows[name]}`" not in end] == []


def test_every_claim_is_verified_or_cited() -> None:
    """Catches a theorem without a check, and a check of a theorem that is gone."""
    cells = [cell for path in NOTEBOOKS for cell in read(path).cells]
    texts = [path.read_text() for path in PAGES] + [cell.source for cell in cells if cell.cell_type == "markdown"]
    codes = [cell.source for cell in cells if cell.cell_type == "code"]
    assert list(unsettled(texts, codes)) == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_every_hypothesis_has_its_control(path: Path) -> None:
    """Catches a hypothesis that nothing drops, and a control that drops something else."""
    cells = read(path).cells
    texts = [cell.source for cell in cells if cell.cell_type == "markdown"]
    assert list(uncontrolled(texts, [cell.source for cell in cells if cell.cell_type == "code"])) == []


def good_notebook() -> NotebookNode:
    """A notebook that keeps every rule."""
    compared = new_code_cell(f"{MARK}\nprint(1)", execution_count=1, outputs=[new_output("stream", text="1\n")])
    drawn = new_code_cell("fig, ax = plt.subplots()\n_ = ax.set(xlabel='x')")
    drawn.metadata["mystnb"] = {"figure": {"name": "fig-a", "caption": "A."}, "image": {"alt": "An empty plot"}}
    cells = [new_markdown_cell("# Title"), compared, drawn, new_code_cell("x = 1")]
    return new_notebook(cells=cells, metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}})


def test_the_rules_allow() -> None:
    """Catches a rule that forbids a good notebook."""
    assert [complaint for rule in RULES for complaint in rule(good_notebook())] == []


Change = Callable[[NotebookNode], object]

BREAKS: list[tuple[str, Change]] = [
    ("compared_outputs", lambda nb: nb.cells[1].update(execution_count=None)),
    ("compared_outputs", lambda nb: nb.cells[1].update(outputs=[])),
    ("compared_outputs", lambda nb: nb.cells[3].update(source=f"x = 1\n{MARK}")),
    ("stripped", lambda nb: nb.cells[3].update(outputs=[new_output("stream", text="1\n")])),
    ("stripped", lambda nb: nb.cells[3].update(execution_count=7)),
    ("no_excuses", lambda nb: nb.cells[3].metadata.update(tags=["raises-exception"])),
    ("no_excuses", lambda nb: nb.cells[3].metadata.update(tags=["nbval-skip"])),
    ("no_excuses", lambda nb: nb.cells[3].metadata.update(tags=["remove-stderr"])),
    ("no_excuses", lambda nb: nb.cells[3].metadata.update(mystnb={"allow_errors": True})),
    ("no_excuses", lambda nb: nb.metadata.update(mystnb={"execution_allow_errors": True})),
    ("no_excuses", lambda nb: nb.metadata.update(mystnb={"execution_mode": "off"})),
    ("no_excuses", lambda nb: nb.cells[3].update(source="# NBVAL_IGNORE_OUTPUT\nx = 1")),
    ("no_magics", lambda nb: nb.cells[3].update(source="%%capture\nx = 1")),
    ("no_magics", lambda nb: nb.cells[3].update(source="!ls")),
    ("no_places", lambda nb: nb.cells[3].update(source="open('/tmp/x')")),
    ("no_places", lambda nb: nb.cells[0].update(source="# Title\nsee pypi.org")),
    ("no_places", lambda nb: nb.cells[1].outputs[0].update(text="File /home/me/x.py")),
    ("figures_described", lambda nb: nb.cells[2].metadata.mystnb.pop("image")),
    ("figures_described", lambda nb: nb.cells[2].metadata.mystnb["figure"].update(caption="")),
    ("figures_described", lambda nb: nb.cells[2].update(source="fig, ax = plt.subplots()\nax.set(xlabel='x')")),
    ("short_cells", lambda nb: nb.cells[3].update(source="x = 1\n" * 21)),
    ("portable_kernel", lambda nb: nb.metadata.kernelspec.update(name="my-kernel")),
    ("one_title", lambda nb: nb.cells[0].update(source="no title")),
    ("one_title", lambda nb: nb.cells[0].update(source="# One\n\n# Two")),
]


@pytest.mark.parametrize(("rule", "change"), BREAKS, ids=[f"{rule}-{i}" for i, (rule, _) in enumerate(BREAKS)])
def test_each_rule_notices(rule: str, change: Change) -> None:
    """Catches a rule that finds nothing: each change breaks exactly the rule named."""
    nb = good_notebook()
    change(nb)
    assert [r.__name__ for r in RULES if list(r(nb))] == [rule]


def test_every_rule_is_broken_once() -> None:
    """Catches a new rule that no bad notebook tests."""
    assert {rule for rule, _ in BREAKS} == {rule.__name__ for rule in RULES}


THEOREM = ":::{prf:theorem} Name\n:label: thm-a\n\nText.\n:::\n"
CITED = "````{prf:lemma}\n:label: lem-b\n:class: cited\n\nBy {cite:t}`x`.\n````\n"
DEFINITION = "```{prf:definition} Cell\n:label: def-c\nText.\n```\n"


def test_claims_are_settled_by_a_check_or_a_source() -> None:
    """Catches a directive or a call that the parser does not see."""
    code = "from lib import verify\nverify.theorem('thm-a', holds={}, fails={})"
    assert list(unsettled([THEOREM + CITED + DEFINITION], [code])) == []


@pytest.mark.parametrize(
    ("text", "code", "complaint"),
    [
        (THEOREM, "", "thm-a is neither verified"),
        ("", "theorem('thm-a', holds={}, fails={})", "verifies no claim"),
        (THEOREM.replace(":label: thm-a\n", ""), "", "no label"),
        (CITED.replace("{cite:t}`x`", "them"), "", "cites nothing"),
        (THEOREM, "theorem('thm-a', {}, {})\ntheorem(label, {}, {})", "not written out"),
        ("::::{prf:theorem}\n:label: thm-a\n:::{note}\n:::\n::::\n", "", "thm-a is neither"),
    ],
)
def test_unsettled_claims_are_noticed(text: str, code: str, complaint: str) -> None:
    """Catches a claim that nothing verifies, or a check of nothing, going unnoticed."""
    assert [c for c in unsettled([text], [code]) if complaint in c] != []


def test_the_claims_of_real_text_are_found() -> None:
    """Catches a parser that finds no claim at all in a cell where several stand."""
    assert [claim.label for claim in notebooks.claims(f"Words.\n\n{THEOREM}\nWords.\n\n{CITED}")] == ["thm-a", "lem-b"]


NUMBERED = THEOREM.replace("Text.", "**(H1)** One. **(H2)** Two.")


def test_hypotheses_with_controls_are_in_order() -> None:
    """Catches a rule that refuses controls in any of the forms in which they are written."""
    fails = "{'H1: a': 1, **{f'H1: {k}': 1 for k in x}, 'wrong: b': 1}"
    code = f"theorem('thm-a', holds={{}}, fails={fails}, without={{'H2': 'c'}})"
    assert list(uncontrolled([NUMBERED], [code])) == []


@pytest.mark.parametrize(
    ("text", "fails", "complaint"),
    [
        (NUMBERED, "{'H1: a': 1}", "no control drops ['H2']"),
        (THEOREM, "{'H1: a': 1}", "does not number ['H1']"),
        (THEOREM, "{'a: b': 1}", "names no hypothesis"),
        (THEOREM, "{f'{k}: b': 1}", "names no hypothesis"),
        (THEOREM, "controls", "names no hypothesis"),
        (NUMBERED, "{'H1: a': 1, 'H2: a': 1}, without={'H2': 'measure zero'}", "a reason for having none"),
    ],
)
def test_hypotheses_without_controls_are_noticed(text: str, fails: str, complaint: str) -> None:
    """Catches a hypothesis that nothing drops, a control of nothing, and a control that is not written out."""
    assert [c for c in uncontrolled([text], [f"theorem('thm-a', holds={{}}, fails={fails})"]) if complaint in c] != []
