"""The rules every notebook of the book keeps, each as a function from a notebook to its complaints.

They are about what a build and nbval let pass: outputs that are never compared, errors that are allowed, claims that
no cell verifies.
"""

import ast
import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from nbformat import NotebookNode

MARK = "# NBVAL_CHECK_OUTPUT"
MAX_LINES = 20
# Tags and comments with which a notebook passes although a cell fails or is never run.
EXCUSES = {
    "nbval-ignore-output",
    "nbval-raises-exception",
    "nbval-skip",
    "raises-exception",
    "remove-output",
    "remove-stderr",
    "skip-execution",
}
EXCUSING_COMMENT = re.compile(r"#\s*(NBVAL_(SKIP|IGNORE_OUTPUT|RAISES_EXCEPTION)|PYTEST_VALIDATE_IGNORE_OUTPUT)")
ABSOLUTE_PATH = re.compile(r"(?<![\w.:/~*])/(home|root|tmp|work|usr|Users|var|opt|mnt|etc|srv)/|\b[A-Z]:\\")
REGISTRY = re.compile(r"\b(pypi\.org|pythonhosted\.org|registry\.npmjs\.org|anaconda\.org)\b|\bindex-url\b")
DRAWING = re.compile(r"\bplt\.(subplots|figure|plot|imshow|show)\b")
CLAIMS = {"theorem", "lemma", "proposition", "corollary", "conjecture", "property", "criterion"}
DIRECTIVE = re.compile(
    r"^(?P<fence>`{3,}|:{3,})\{prf:(?P<kind>\w+)\}(?P<title>[^\n]*)\n(?P<body>.*?)^(?P=fence)[ \t]*$", re.M | re.S
)
OPTION = re.compile(r"^:(?P<name>[\w-]+):[ \t]*(?P<value>[^\n]*)$", re.M)


def is_marked(cell: NotebookNode) -> bool:
    return cell.cell_type == "code" and MARK in cell.source.splitlines()[:1]


def code_cells(nb: NotebookNode) -> Iterator[tuple[str, NotebookNode]]:
    """Code cells with the name a complaint gives them."""
    for index, cell in enumerate(nb.cells):
        if cell.cell_type == "code":
            head = next((line for line in cell.source.splitlines() if line.strip() and line != MARK), "")
            yield f"cell {index} ({head[:40]!r})", cell


def compared_outputs(nb: NotebookNode) -> Iterator[str]:
    """nbval compares a cell only if it is marked, was counted, and has an output with text."""
    for where, cell in code_cells(nb):
        if MARK in cell.source and not is_marked(cell):
            yield f"{where}: {MARK} must be the first line"
        if not is_marked(cell):
            continue
        if cell.execution_count is None:
            yield f"{where}: its execution_count is null, so nbval never compares it"
        if not any("text" in output or "text/plain" in output.get("data", {}) for output in cell.outputs):
            yield f"{where}: it is marked, but has no text to compare with"


def stripped(nb: NotebookNode) -> Iterator[str]:
    """Only marked cells keep their output: everything else is made by the build."""
    for where, cell in code_cells(nb):
        if not is_marked(cell) and (cell.outputs or cell.execution_count is not None):
            yield f"{where}: it is not marked, so its output and its count must be stripped"


def no_excuses(nb: NotebookNode) -> Iterator[str]:
    """No cell may fail, or go unexecuted, without failing the book."""
    settings = str({key: value for key, value in nb.metadata.items() if key not in ("kernelspec", "language_info")})
    for word in ("allow_errors", "execution_mode", "raise_on_error", "output_stderr"):
        if word in settings:
            yield f"the notebook's metadata set {word}"
    for where, cell in code_cells(nb):
        for tag in EXCUSES & set(cell.metadata.get("tags", [])):
            yield f"{where}: tag {tag}"
        if "allow_errors" in str(cell.metadata) or "output_stderr" in str(cell.metadata):
            yield f"{where}: its metadata allow errors"
        if EXCUSING_COMMENT.search(cell.source):
            yield f"{where}: a comment tells nbval to look away"


def no_magics(nb: NotebookNode) -> Iterator[str]:
    """Cells are Python: no shell, no magic that hides an error."""
    for where, cell in code_cells(nb):
        if any(line.lstrip().startswith(("%", "!")) for line in cell.source.splitlines()):
            yield f"{where}: a magic or a shell command"


def no_places(nb: NotebookNode) -> Iterator[str]:
    """No path of one machine and no address of a package registry, in text, code or output."""
    for index, cell in enumerate(nb.cells):
        text = cell.source + str(cell.get("outputs", ""))
        for pattern, what in ((ABSOLUTE_PATH, "an absolute path"), (REGISTRY, "the address of a registry")):
            if found := pattern.search(text):
                yield f"cell {index}: {what}: {found.group()!r}"


def figures_described(nb: NotebookNode) -> Iterator[str]:
    """A cell that draws has a figure name, a caption, and a text for those who do not see it."""
    for where, cell in code_cells(nb):
        mystnb = cell.metadata.get("mystnb", {})
        figure, image = mystnb.get("figure", {}), mystnb.get("image", {})
        missing = [key for key in ("name", "caption") if not figure.get(key)] + ["alt"] * (not image.get("alt"))
        if DRAWING.search(cell.source) and missing:
            yield f"{where}: it draws, but metadata.mystnb lacks {', '.join(missing)}"
        if DRAWING.search(cell.source) and isinstance(ast.parse(cell.source).body[-1], ast.Expr):
            yield f"{where}: it draws and ends in a value, which would be set as a second figure; write `_ = ...`"


def short_cells(nb: NotebookNode) -> Iterator[str]:
    for where, cell in code_cells(nb):
        lines = [line for line in cell.source.splitlines() if line.strip() and line != MARK]
        if len(lines) > MAX_LINES:
            yield f"{where}: {len(lines)} lines; move the mechanics into lib or split it (at most {MAX_LINES})"


def portable_kernel(nb: NotebookNode) -> Iterator[str]:
    if nb.metadata.get("kernelspec", {}).get("name") != "python3":
        yield "the kernelspec must be named python3"


def one_title(nb: NotebookNode) -> Iterator[str]:
    text = "\n".join(cell.source for cell in nb.cells if cell.cell_type == "markdown")
    outside_fences = re.sub(r"^(`{3,}).*?^\1", "", text, flags=re.M | re.S)
    if len(titles := re.findall(r"^# .+$", outside_fences, re.M)) != 1:
        yield f"it needs exactly one title, not {titles}"


RULES: tuple[Callable[[NotebookNode], Iterator[str]], ...] = (
    compared_outputs,
    stripped,
    no_excuses,
    no_magics,
    no_places,
    figures_described,
    short_cells,
    portable_kernel,
    one_title,
)


HYPOTHESIS = re.compile(r"\*\*\((H\d+)\)\*\*")  # **(H1)** in a statement


class Claim(NamedTuple):
    """A theorem, lemma, ... of the text: its label, whether it is cited and names a source, and its hypotheses."""

    label: str
    cited: bool
    sourced: bool
    hypotheses: tuple[str, ...]


def claims(text: str) -> list[Claim]:
    """The claims of a Markdown text, in order. A claim without a label has the label ""."""
    found = []
    for match in DIRECTIVE.finditer(text):
        if match["kind"] in CLAIMS:
            options = {option["name"]: option["value"].strip() for option in OPTION.finditer(match["body"])}
            cited = "cited" in options.get("class", "").split()
            sourced = "{cite" in match["title"] + match["body"]
            numbered = tuple(dict.fromkeys(HYPOTHESIS.findall(match["body"])))
            found.append(Claim(options.get("label", ""), cited, sourced, numbered))
    return found


class Checked(NamedTuple):
    """A call of `theorem`: its label, "" if it is not written out, its controls, and the hypotheses without one."""

    label: str
    controls: list[str]
    without: list[str]


def _words(node: ast.expr | None) -> str:
    """A string as it is written; of an f-string what it begins with."""
    if isinstance(node, ast.JoinedStr):
        return _words(node.values[0]) if node.values else ""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _keys(node: ast.expr | None) -> list[str]:
    """The keys of a dict as it is written; the key of a comprehension once; "" for what is not written out."""
    if isinstance(node, ast.DictComp):
        return [_words(node.key)]
    if not isinstance(node, ast.Dict):
        return [""] if node is not None else []
    pairs = zip(node.keys, node.values, strict=True)
    return [word for key, value in pairs for word in ([_words(key)] if key is not None else _keys(value))]


def checks(code: str) -> list[Checked]:
    """What a cell verifies."""
    calls = [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Call)]
    calls = [call for call in calls if getattr(call.func, "id", getattr(call.func, "attr", "")) == "theorem"]
    named = [{word.arg: word.value for word in call.keywords} for call in calls]
    return [
        Checked(_words(call.args[0]) if call.args else "", _keys(words.get("fails")), _keys(words.get("without")))
        for call, words in zip(calls, named, strict=True)
    ]


def verified(code: str) -> list[str]:
    """The labels that a cell verifies; "" for a call of `theorem` whose label is not written out."""
    return [check.label for check in checks(code)]


def uncontrolled(texts: list[str], codes: list[str]) -> Iterator[str]:
    """Hypotheses that no control drops and no reason excuses, and controls that drop what is no hypothesis."""
    numbered = {claim.label: set(claim.hypotheses) for text in texts for claim in claims(text) if not claim.cited}
    dropped: dict[str, set[str]] = {label: set() for label in numbered}
    for check in (check for code in codes for check in checks(code)):
        names = [control.partition(":")[0] for control in check.controls]
        if not all(name == "wrong" or re.fullmatch(r"H\d+", name) for name in names):
            yield f"{check.label}: a control names no hypothesis: {check.controls}"
        if both := set(names) & set(check.without):
            yield f"{check.label}: {both} has a control and a reason for having none"
        dropped.setdefault(check.label, set()).update({*names, *check.without} - {"wrong"})
    for label, names in numbered.items():
        if missing := names - dropped[label]:
            yield f"{label}: no control drops {sorted(missing)}, and no reason is given"
        if extra := dropped[label] - names:
            yield f"{label}: its statement does not number {sorted(extra)}"


def unsettled(texts: list[str], codes: list[str]) -> Iterator[str]:
    """Claims that are neither verified nor cited, and verifications of what is not claimed."""
    stated = [claim for text in texts for claim in claims(text)]
    labels = {claim.label for claim in stated}
    calls = [label for code in codes for label in verified(code)]
    for claim in stated:
        if not claim.label:
            yield "a claim has no label"
        elif claim.cited and not claim.sourced:
            yield f"{claim.label} is marked as cited and cites nothing"
        elif not claim.cited and claim.label not in calls:
            yield f"{claim.label} is neither verified by a call of theorem(...) nor marked `:class: cited`"
    for label in calls:
        if not label:
            yield "theorem(...) is called with a label that is not written out"
        elif label not in labels:
            yield f"theorem({label!r}, ...) verifies no claim of the book"
