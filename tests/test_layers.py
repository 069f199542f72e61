"""The layering of the library, on the syntax tree: who may import whom, and who may call a solver."""

import ast
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

LIB = Path(__file__).parents[1] / "lib"

# Each noun may import the nouns before it, and none after it.
ORDER = (
    "results",
    "cores",
    "data",
    "losses",
    "network",
    "bounds",
    "adapters",
    "patterns",
    "zonotope",
    "closed_form",
    "program",
    "kkt",
    "flow",
    "checker",
    "certificate",
    "report",
    "cli",
    "__main__",
    "sweep",
    "verify",
)
# Beyond the order: kkt judges program and flow from outside, flow never sees a solver, checker trusts nothing of ours.
NEVER = {"kkt": {"program"}, "flow": {"program"}, "checker": set(ORDER)}
SOLVERS = {"clarabel", "cvxpy", "ecos", "highspy", "mosek", "osqp", "scs", "gurobipy"}
SOLVER_FUNCTIONS = {"linprog", "milp", "linprog_verbose_callback"}


def noun_of(path: Path) -> str:
    """lib/patterns/listing.py and lib/patterns.py are both of the noun patterns."""
    return path.relative_to(LIB).parts[0].removesuffix(".py")


def imported(tree: ast.Module, package: tuple[str, ...]) -> Iterator[str]:
    """Dotted names of everything a module imports, at any depth; relative imports resolved against its package."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            origin = ".".join([*base, *([node.module] if node.module else [])])
            yield from (f"{origin}.{alias.name}" for alias in node.names)


def solver_uses(tree: ast.Module, names: list[str]) -> Iterator[str]:
    yield from (name for name in names if name.split(".")[0] in SOLVERS)
    yield from (name for name in names if name.split(".")[-1] in SOLVER_FUNCTIONS)
    yield from (n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute) and n.attr in SOLVER_FUNCTIONS)


def complaints(source: str, noun: str, package: tuple[str, ...] = ("lib",)) -> list[str]:
    """What a module of `noun` imports and may not."""
    tree = ast.parse(source)
    names = list(imported(tree, package))
    nouns = {parts[1] for parts in (name.split(".") for name in names) if parts[0] == "lib" and len(parts) > 1} - {noun}
    before = ORDER[: ORDER.index(noun)]
    found = [f"{noun} imports {other}, which comes after it" for other in nouns if other not in before]
    found += [f"{noun} must not know {other}" for other in nouns & NEVER.get(noun, set())]
    drawings = [name for name in names if name.split(".")[0] == "figures"]
    found += [f"{noun} imports {name}: drawings know the mathematics, not the reverse" for name in drawings]
    if noun != "program":
        found += [f"{noun} uses {use}; solvers belong to program" for use in solver_uses(tree, names)]
    return found


def modules() -> list[Path]:
    return sorted(path for path in LIB.rglob("*.py") if path != LIB / "__init__.py")


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(LIB)))
def test_imports_go_one_way(path: Path) -> None:
    """Catches an import against the order, a solver outside `program`, and a noun that has no place in the order."""
    assert noun_of(path) in ORDER, f"{path.name} is no noun of the library: give it a place in ORDER"
    assert complaints(path.read_text(), noun_of(path), ("lib", *path.relative_to(LIB).parts[:-1])) == []


def test_no_module_is_hidden_by_its_own_function() -> None:
    """Catches a package whose __init__ puts a function in the place of the module that holds it: `import a.b` lies."""
    packages = [path.parent for path in LIB.rglob("__init__.py") if path.parent != LIB]
    held = {path: import_module(f"lib.{path.name}") for path in packages}
    names = [(path, module.stem) for path in packages for module in path.glob("*.py") if module.stem != "__init__"]
    for path, name in names:
        import_module(f"lib.{path.name}.{name}")
    assert [
        f"{path.name}.{name}" for path, name in names if not isinstance(getattr(held[path], name), ModuleType)
    ] == []


LONGEST = 25  # lines of a function, without its docstring
LONG: set[str] = set()  # still longer: to be divided


def length(function: ast.FunctionDef) -> int:
    """Lines of the signature and the body, without the docstring."""
    spoken = len(ast.get_docstring(function, clean=False).splitlines()) if ast.get_docstring(function) else 0
    return (function.end_lineno or 0) - function.lineno + 1 - spoken


def test_functions_are_short() -> None:
    """Catches a function that does several things."""
    trees = {path.relative_to(LIB): ast.walk(ast.parse(path.read_text())) for path in modules()}
    functions = [(path, node) for path, nodes in trees.items() for node in nodes if isinstance(node, ast.FunctionDef)]
    found = [
        f"{path}: {one.name}, {length(one)}"
        for path, one in functions
        if length(one) > LONGEST and one.name not in LONG
    ]
    assert found == []


MOVING = 8  # attributes of an object that change during its life


def moving(definition: ast.ClassDef) -> set[str]:
    """Attributes that methods other than the constructor assign."""
    born = {"__init__", "__post_init__", "__new__"}
    methods = [one for one in definition.body if isinstance(one, ast.FunctionDef) and one.name not in born]
    stores = (node for method in methods for node in ast.walk(method) if isinstance(node, ast.Attribute))
    return {
        node.attr
        for node in stores
        if isinstance(node.ctx, ast.Store) and isinstance(node.value, ast.Name) and node.value.id == "self"
    }


def test_objects_change_little() -> None:
    """Catches an object of many moving parts, which nobody can hold in mind."""
    nodes = [(path.name, node) for path in modules() for node in ast.walk(ast.parse(path.read_text()))]
    classes = {f"{name}: {one.name}": moving(one) for name, one in nodes if isinstance(one, ast.ClassDef)}
    assert max(map(len, classes.values())) > 0
    assert {name: found for name, found in classes.items() if len(found) > MOVING} == {}


def test_the_package_imports_nothing() -> None:
    """Catches an `import lib` that pulls in every solver: the names are imported from their modules."""
    assert list(imported(ast.parse((LIB / "__init__.py").read_text()), ("lib",))) == []


@pytest.mark.parametrize(
    ("noun", "source"),
    [
        ("data", "from lib.network import Network"),
        ("kkt", "from lib import program"),
        ("kkt", "def f():\n    import lib.flow"),
        ("flow", "from lib.program.master import solve"),
        ("flow", "from ..program import max_margin"),
        ("checker", "from lib.data import Data"),
        ("zonotope", "import cvxpy as cp"),
        ("patterns", "from scipy.optimize import linprog"),
        ("patterns", "import scipy.optimize as o\no.linprog([1])"),
        ("verify", "from lib.sandbox import x"),
        ("verify", "from figures import style"),
    ],
)
def test_the_rule_notices(noun: str, source: str) -> None:
    """Catches a rule that finds nothing: each of these modules breaks it once."""
    package = ("lib", noun) if ".." in source else ("lib",)
    assert complaints(source, noun, package) != []


def test_the_rule_allows() -> None:
    """Catches a rule that forbids what the design asks for."""
    assert complaints("import numpy\nfrom lib.zonotope import hausdorff\nimport cvxpy", "program") == []
    assert complaints("from scipy.optimize import nnls\nfrom lib.zonotope import hausdorff", "kkt") == []
    assert complaints("from .project import project\nfrom ..data import Data", "zonotope", ("lib", "zonotope")) == []
