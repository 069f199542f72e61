"""If one line of `lib` is wrong, which cell of the book notices?

Each break changes one line in a copy of the library: a sign, a factor, a dropped row, a missing cell. Then the code
cells of one chapter are executed against the copy, all of them, also those after a failure. A break that no claim
notices, or not the one that it names, is an error here. Writes breaks.md.

    python benchmarks/breaks.py [TEXT]      only the breaks whose module, chapter or words contain TEXT, and no table
"""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent
PATIENCE = 600  # seconds for a chapter
ROOT = HERE.parent


class Break(NamedTuple):
    """In `module` of lib, the text `old`, which occurs once, becomes `new`; `chapter` is the notebook to notice it.

    `claim`, if one is named, must be among those that fail: it is one whose check could once not fail.
    """

    module: str
    old: str
    new: str
    what: str
    chapter: str
    claim: str = ""


CHAPTER = "the chapter's cells"
BREAKS = (
    Break("network.py", "y * net.predict(X)", "net.predict(X)", "margins without labels", "09"),
    Break(
        "losses.py",
        "lambda f, y: y * slope(y * f)",
        "lambda f, y: slope(y * f)",
        "a dual variable without signs",
        "02",
    ),
    Break(
        "losses.py", "lambda q: expit(-q),", "lambda q: expit(q),", "the slope of the logistic loss turned over", "08"
    ),
    Break("patterns/counting.py", "comb(N - 1, k)", "comb(N, k)", "Cover's number, one row off", "03"),
    Break(
        "patterns/counting.py",
        "number > 0, 2 * number, 1)",
        "number > 0, number, 1)",
        "half the cells of a plane",
        "03",
    ),
    Break("patterns/summits.py", "for level in range(r):", "for level in range(r - 1):", "a missing cell", "03"),
    Break("patterns/ties.py", "(number > bases.rows[i])", "(number < bases.rows[i])", "the wrong circuits", "03"),
    Break("zonotope/support.py", "np.maximum(U @ X.T, 0.0) @ lam", "(U @ X.T) @ lam", "growth without the ReLU", "05"),
    Break("zonotope/distance.py", "if len(piece.pair.A)]", "if len(piece.pair.A)][:1]", "one side of d_H", "05"),
    Break(
        "zonotope/ascent.py",
        "cells(pair.A).patterns, until)",
        "cells(pair.A).patterns[1::2], until)",
        "half the vertices",
        "05",
    ),
    Break("zonotope/maxima.py", "stable = [_is_peak", "stable = [not _is_peak", "stable and unstable exchanged", "08"),
    Break("closed_form.py", "-np.expm1(m *", "-np.expm1(2 * m *", "twice the neurons", "11"),
    Break("network.py", "root = np.sqrt(lengths(V[used]))", "root = lengths(V[used])", "a root left out", "04"),
    Break("program/maps.py", "(np.abs(net.w2) * net.W1).T)", "net.W1.T)", "the outer weight left out", "04"),
    Break("program/written.py", "multiply((2 * D - 1).T", "multiply(D.T", "cones without their off rows", "04"),
    Break(
        "data.py",
        "k = min(j % m for j in found)",
        "k = on.tolist().index(n)",
        "no two rows are parallel",
        "04",
    ),
    Break(
        "program/decay.py",
        ".dual(np.zeros(len(y)), y)).upper",
        ".dual(np.zeros(len(y)), y)).upper / 2",
        "half of beta_max",
        "04",
    ),
    Break("program/master.py", "owner], rows", "owner] * 2, rows", "twice the credit", "04"),
    Break(
        "bounds.py",
        "np.ldexp(path_norm(net) / gamma",
        "np.ldexp(path_norm(net) / gamma / 2",
        "half the cost",
        "06",
    ),
    Break("zonotope/kinks.py", "if len(free):", "if not len(free):", "no coefficients on kinks", "07"),
    Break("kkt/sufficient.py", "(cells(X).patterns * lam)", "(cells(X).patterns[:2] * lam)", "two cells for all", "07"),
    Break(
        "kkt/sufficient.py",
        "(peaks.s[:, None] == np.sign(net.w2))",
        "(peaks.s[:, None] != np.sign(net.w2))",
        "hills covered by the wrong sign",
        "07",
    ),
    Break(
        "flow/modes.py",
        "field = rows - (rows @ normals.T) @ duals",
        "field = rows",
        "sliding without projection",
        "02",
    ),
    Break(
        "flow/directions.py",
        "t += float(np.log(first) / length)",
        "t += float(np.log(first))",
        "arcs on a wrong clock",
        "08",
    ),
    Break(
        "flow/births.py",
        "return peaks.U[wanted], peaks.s[wanted]",
        "return peaks.U[wanted], -peaks.s[wanted]",
        "newborns of the wrong sign",
        "11",
    ),
    Break("flow/boost.py", "w2 + growth * w2 + slope * along", "w2 + slope * along", "a boost without its cosh", "28"),
    Break(
        "zonotope/support.py",
        "np.maximum(U @ X.T, 0.0) @ lam",
        "np.maximum(U @ X.T, 0.0) @ -lam",
        "height upside down",
        "28",
    ),
    Break(
        "closed_form.py",
        "_least_norm(units, 1 / lengths[support])",
        "_least_norm(units, lengths[support])",
        "margins in proportion to the rows",
        "27",
    ),
    Break("zonotope/support.py", "0.0).sum(-1) - np.maximum", "0.0).sum(-1) - 2 * np.maximum", "h_A - 2 h_B", "27"),
    Break(
        "certificate/proof.py",
        "(1 + 2 * SLACK)",
        "(1 - 2 * SLACK)",
        "a network rounded short",
        "80",
    ),
    Break("closed_form.py", "sigma + rate * wait.min(), clock", "sigma + rate, clock", "losers that do not wait", "30"),
    Break("closed_form.py", "(S & left) @ (rho * target)", "(S & left) @ (1 * target)", "rates without lengths", "30"),
    Break("closed_form.py", "learnt @ (target / rho) ** 2", "learnt @ (target * rho) ** 2", "cost by D", "30"),
    Break("zonotope/distance.py", "if len(piece.pair.A)]", "if len(piece.pair.A)][:1]", "one side of d_H", "29"),
    Break("zonotope/support.py", "np.maximum(U @ X.T, 0.0) @ lam", "(U @ X.T) @ lam", "a growth that is linear", "29"),
    Break("flow/directions.py", "np.log(first) / length", "np.log(first) * length", "arcs of a wrong length", "30"),
    Break(
        "program/planted.py",
        "unit /= np.linalg.norm(unit)",
        "unit /= np.abs(unit).sum()",
        "recovery of a direction that is not a unit vector",
        "21",
    ),
    Break("program/planted.py", "max(1 / found.upper, 0.5)", "0.5", "recovery without its lower bound", "21"),
    Break(
        "program/affine.py",
        "np.linalg.norm(z[self.unpriced.shape[1] :])",
        "np.linalg.norm(z)",
        "a price on the part that is free",
        "21",
    ),
    Break(
        "data.py",
        "np.asarray(U[:, kept] @ V[kept])",
        "np.asarray(U[:, kept] @ np.diag(sizes[kept] ** 0.5) @ V[kept])",
        "whitening by half",
        "22",
    ),
    Break("zonotope/distance.py", "if len(piece.pair.A)]", "if len(piece.pair.A)][:1]", "one side of d_H", "23"),
    Break("zonotope/maxima.py", "[found.depth > (", "[found.depth < (", "maxima outside their own cells", "23"),
    Break("patterns/listing.py", "turned = packed ^", "turned = packed |", "antipodes with the same pattern", "23"),
    Break(CHAPTER, "[x @ lam == -len(x)]", "[x @ lam == len(x)]", "a beam loaded from the wrong side", "24"),
    Break(CHAPTER, "slopes = np.r_[ge, gt,", "slopes = np.r_[gt, ge,", "one-sided slopes exchanged", "24"),
    Break(CHAPTER, "(len(x) * x.var())", "(len(x) * x.std())", "a score over the deviation", "24"),
    Break(CHAPTER, "np.maximum(z - lengths + rho, 0)", "np.maximum(z - lengths, 0)", "a ramp without its ball", "25"),
    Break(CHAPTER, "left = right = 1 / rho", "left = right = 2 / rho", "a certificate of twice the height", "25"),
    Break(CHAPTER, "mid = rays / l, 2 /", "mid = rays / l, 1 /", "a ramp that is charged half", "25"),
    Break(
        "losses.py", "lambda f, y: np.asarray(y - f)", "lambda f, y: 2 * np.asarray(y - f)", "twice the residual", "27"
    ),
    Break(
        "zonotope/lift.py",
        "at, cone, least = X[n], -X[n], 0.0",
        "at, cone, least = X[n], X[n], 0.0",
        "thresholds below zero",
        "26",
    ),
    Break("zonotope/lift.py", "zonotopes(X - X[n], lam", "zonotopes(X + X[n], lam", "the wrong row subtracted", "26"),
    Break(
        "flow/directions.py",
        "+ s * ((1 - decay)",
        "+ s * ((2 - decay)",
        "a boost that starts late",
        "02",
        "thm-flow-tanh",
    ),
    Break(
        "flow/modes.py",
        "rows = (data.y * coefficients(data, on, slide))[:, None] * data.X",
        "rows = data.y[:, None] * data.X",
        "a pull by every row",
        "02",
        "thm-flow-polar",
    ),
    Break(
        "flow/minnorm.py",
        "np.where(jump < 0, -1.0, 1.0)",
        "np.where(jump < 0, 1.0, 1.0)",
        "a kink turned over",
        "02",
        "thm-flow-sliding",
    ),
    Break(
        "flow/boost.py",
        "w2 + growth * w2 + slope * along",
        "w2 + slope * along",
        "a boost without its cosh",
        "02",
        "thm-flow-homogeneity",
    ),
    Break(
        "bounds.py",
        "return least / height",
        "return least * height",
        "multiplied by d_H, not divided",
        "06",
        "thm-bias-rates",
    ),
    Break("kkt/points.py", "neurons.weights * misses", "misses", "residuals without the sizes of the neurons", "07"),
    Break(
        "flow/clock.py",
        "np.log(h * width) + kappa[-1]",
        "np.log(h * width) + 0.99 * kappa[-1]",
        "a clock that runs late",
        "06",
        "thm-bias",
    ),
    Break(
        "flow/boost.py",
        "w2 + growth * w2 + slope * along",
        "w2 + slope * along",
        "a boost without its cosh",
        "06",
        "thm-bias-margin",
    ),
    Break(
        "zonotope/projection.py",
        "self.patterns)\n        return np.clip(c, 0.0, 1.0)",
        "self.patterns)\n        return np.clip(c, 0.0, 0.5)",
        "coefficients in [0, 1/2]",
        "05",
        "thm-dual-vertices",
    ),
    Break(
        "program/margin.py",
        "return value, lam / max(height, TINY)",
        "return value, lam * 1.01 / max(height, TINY)",
        "a dual variable a hundredth too long",
        "05",
        "thm-dual",
    ),
    Break("program/master.py", "owner], rows", "owner] * 2, rows", "twice the credit", "05", "thm-dual-spike"),
    Break(
        "patterns/listing.py",
        "turned = packed ^",
        "turned = packed |",
        "antipodes with the same pattern",
        "03",
        "thm-patterns-sampling",
    ),
    Break(
        "program/maps.py",
        "ratio.min() * step",
        "ratio.max() * step",
        "a dependence followed too far",
        "04",
        "thm-convex-neurons",
    ),
    Break(
        "network.py",
        "root = np.sqrt(lengths(V[used]))",
        "root = lengths(V[used])",
        "a root left out",
        "07",
        "thm-kkt-exact",
    ),
    Break(
        "kkt/points.py",
        "np.abs(lam) @ np.abs(q - 1)",
        "np.abs(lam) @ np.abs(q)",
        "slack counted from zero",
        "07",
        "thm-kkt-exact",
    ),
    Break("zonotope/kinks.py", "if len(free):", "if not len(free):", "no coefficients on kinks", "09", "thm-os-kkt"),
    Break(
        "closed_form.py",
        "lam[y == label] = label * lam_class",
        "lam[y == label] = label * lam_class / 2",
        "half of each class's multiplier",
        "09",
        "thm-os-flow",
    ),
    Break(
        "flow/directions.py",
        "return tuple(arcs), s * g / length",
        "return tuple(arcs), g / length",
        "limits of the wrong sign",
        "08",
        "thm-early-os",
    ),
    Break(
        "checker.py",
        "return y * f >= denominator",
        "return f >= denominator",
        "a checker that ignores labels",
        "80",
        "thm-iris",
    ),
    Break(
        "zonotope/support.py",
        "0.0).sum(-1) - np.maximum",
        "0.0).sum(-1) + np.maximum",
        "h_A + h_B",
        "01",
        "thm-tour-missing",
    ),
    Break(
        "flow/boost.py",
        "w2 + growth * w2 + slope * along",
        "w2 + slope * along",
        "a boost without its cosh",
        "10",
        "thm-limit-dual",
    ),
    Break(
        "bounds.py",
        "return least / height",
        "return least * height",
        "multiplied by d_H, not divided",
        "10",
        "thm-limit-prices",
    ),
    Break(
        "bounds.py",
        "np.ldexp(path_norm(net) / gamma",
        "np.ldexp(path_norm(net) / gamma / 2",
        "half the cost",
        "12",
        "thm-real-training",
    ),
    Break(
        "bounds.py",
        "return least / height",
        "return least * height",
        "multiplied by d_H, not divided",
        "12",
        "thm-real-interval",
    ),
    Break(
        "certificate/cones.py",
        "- spare(self.own[k:])",
        "- 0.9 * spare(self.own[k:])",
        "a radius nine tenths as long",
        "12",
        "thm-real-interval",
    ),
    Break(
        CHAPTER,
        '] = stored[\\"lam\\"]',
        '] = np.round(stored[\\"lam\\"], 1)',
        "a multiplier of one digit",
        "12",
        "thm-real-interval",
    ),
    Break(
        "flow/stride.py",
        "np.logaddexp(s.log_t, log_elapsed(kappa, self._kappa_rates, step.h, theta))",
        "np.logaddexp(s.log_t, log_elapsed(kappa, self._kappa_rates, step.h, theta) + 0.1)",
        "time that runs a tenth too fast",
        "02",
        "thm-flow-clock",
    ),
    Break(
        "flow/descent.py",
        "w2 + step * (lam @ A)",
        "w2 + 2 * step * (lam @ A)",
        "two layers at two speeds",
        "02",
        "thm-flow-conservation",
    ),
    Break(
        "program/feasibility.py",
        "(k, -s, -label) in ways",
        "(k, -s, label) in ways",
        "antipodes of the same label",
        "04",
        "thm-convex-feasibility",
    ),
    Break(
        "closed_form.py",
        "for label in (1.0, -1.0)))",
        "for label in (1.0, 1.0)))",
        "one class only",
        "09",
        "thm-os-certificate",
    ),
    Break(
        "closed_form.py",
        "_least_norm(units, 1 / lengths[support])",
        "_least_norm(units, lengths[support])",
        "margins in proportion to the rows",
        "09",
        "thm-os-closed",
    ),
)


class Noticed(NamedTuple):
    """The cells that failed, each by the claim it verifies or by its first line, and the first error."""

    cells: list[str]
    error: str


def failures(notebook: Path) -> Noticed:
    """Execute the code cells of a notebook in this process, and go on after those that raise."""
    namespace: dict[str, object] = {"__name__": "__main__"}
    cells, errors = [], []
    for cell in json.loads(notebook.read_text())["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] != "code":
            continue
        try:
            exec(compile(source, "cell", "exec"), namespace)
        except Exception as error:
            cells.append(named(source))
            errors.append(f"{type(error).__name__}: {str(error).strip().splitlines()[-1][:90]}")
    return Noticed(cells, (errors or [""])[0])


def named(source: str) -> str:
    """The label of the claim that a cell verifies, or its first line."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    labels = [call.args[0].value for call in calls if getattr(call.func, "id", "") == "theorem"]
    return labels[0] if labels else source.strip().splitlines()[0]


def source(change: Break, lib: Path, book: Path) -> Path:
    """The file that a break changes."""
    return book / chapter(change.chapter).name if change.module == CHAPTER else lib / change.module


def broken(change: Break, place: Path) -> None:
    """Apply a break to a copy of the library, or of the chapter."""
    path = source(change, place / "lib", place)
    text = path.read_text()
    if text.count(change.old) != 1:
        raise ValueError(f"{change.module} holds {change.old!r} {text.count(change.old)} times; a break needs it once")
    path.write_text(text.replace(change.old, change.new))


def chapter(number: str) -> Path:
    return next((ROOT / "book").glob(f"{number}_*.ipynb"))


def noticed(change: Break) -> Noticed:
    """What the chapter says with the break in place, in a process of its own."""
    with tempfile.TemporaryDirectory() as place:
        shutil.copytree(ROOT / "lib", Path(place) / "lib", ignore=shutil.ignore_patterns("__pycache__"))
        notebook = shutil.copy(chapter(change.chapter), place)
        broken(change, Path(place))
        command = [sys.executable, str(HERE / "breaks.py"), "--execute", notebook]
        environment = {**os.environ, "PYTHONPATH": place, "MPLBACKEND": "agg"}
        try:
            done = subprocess.run(
                command, env=environment, cwd=ROOT / "book", capture_output=True, text=True, timeout=PATIENCE
            )
        except subprocess.TimeoutExpired:
            return Noticed(["the chapter does not end"], f"after {PATIENCE} s")
    if done.returncode:
        return Noticed(["the chapter does not start"], done.stderr.strip().splitlines()[-1][:90])
    return Noticed(*json.loads(done.stdout.splitlines()[-1]))


TEXT = """# What the book notices

Written by `benchmarks/breaks.py`. Each line is one wrong line of `lib`, put into a copy, and the claims of the chapter
that are no longer verified with it: those whose cell fails, or can no longer be computed. A claim in bold is one that
the break was made for, because its check could once not fail.

| module | break | chapter | noticed by |
|---|---|---|---|
{table}

{sum}
"""
SHOWN = 4  # claims in a line of the table


def claims(change: Break, seen: Noticed) -> list[str]:
    """The claims that noticed, the one asked for first; without any, the first cell that failed."""
    found = [cell for cell in dict.fromkeys(seen.cells) if re.fullmatch(r"[a-z-]+", cell)]
    return sorted(found, key=lambda claim: claim != change.claim) or seen.cells[:1]


def satisfied(change: Break, seen: Noticed) -> bool:
    return bool(seen.cells) and change.claim in ("", *seen.cells)


def line(change: Break, seen: Noticed) -> str:
    found = claims(change, seen)
    names = [f"**`{claim}`**" if claim == change.claim else f"`{claim}`" for claim in found[:SHOWN]]
    more = f", {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    missed = "" if satisfied(change, seen) else f"**not by** `{change.claim or 'anybody'}` "
    return f"| {change.module} | {change.what} | {chapter(change.chapter).stem} | {missed}{', '.join(names)}{more} |"


def main(only: str) -> None:
    chosen = [one for one in BREAKS if any(only in text for text in (one.module, one.chapter, one.what))]
    table, missed = [], 0
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for change, seen in zip(chosen, pool.map(noticed, chosen), strict=True):
            missed += not satisfied(change, seen)
            table.append(line(change, seen))
            print(table[-1], seen.error, flush=True)
    if not only:
        total = f"{len(chosen)} breaks; {missed or 'none'} of them survived."
        (HERE / "breaks.md").write_text(TEXT.format(table="\n".join(table), sum=total))
    if missed:
        raise SystemExit(f"{missed} breaks went unnoticed")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--execute"]:
        sys.path[:] = [place for place in sys.path if Path(place or ".").resolve() != HERE]
        print(json.dumps(failures(Path(sys.argv[2]))))
    else:
        main(sys.argv[1] if len(sys.argv) > 1 else "")
