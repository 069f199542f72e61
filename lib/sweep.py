"""Many flows or solves at once, over seeds, widths, data sets: in parallel, stored as they come, resumed after a kill.

    def task(seed, m):
        rng = np.random.default_rng(seed)
        ...
        return {"cost": net.cost, "lam": lam}

    cases = sweep(task, product(seed=range(1000), m=[4, 8]), "results")
    column(cases, "cost")

The same lines run on a cluster that is already there, inside `with joblib.parallel_config(backend="dask"):`.
"""

import hashlib
import io
import itertools
import json
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import joblib
import numpy as np
from numpy.typing import NDArray

from lib.adapters.files import written
from lib.cores import one_thread

Task = Callable[..., Mapping[str, Any]]


class Case(NamedTuple):
    """One case: its `id`, its `params`, the `values` that the task returned, and its `error`, a traceback or empty."""

    id: str
    params: dict[str, Any]
    values: dict[str, Any]
    error: str


def product(**axes: Iterable[Any]) -> list[dict[str, Any]]:
    """Every combination of the axes' entries, the last axis fastest: product(seed=range(3), m=[4, 8])."""
    return [dict(zip(axes, entries, strict=True)) for entries in itertools.product(*axes.values())]


def sweep(task: Task, grid: Iterable[Mapping[str, Any]], store: str | Path, *, n_jobs: int = -1) -> tuple[Case, ...]:
    """task(**params) for every params of the grid that `store` does not hold yet; all cases, in the grid's order.

    `task` is a function defined at top level; all that its results depend on, seeds included, is in its params
    (numbers, strings, lists, dicts). It returns a dict of numbers, arrays and whatever JSON holds. Each result becomes
    one file of the directory `store` as soon as it is there, atomically: a killed sweep, called again, loses and
    repeats nothing that was stored. One process at a time may write to a store. A change of the task's code is not
    noticed: take another store.

    Runs on `n_jobs` processes (-1: all cores), each with one thread for linear algebra, or on the engine chosen by
    `joblib.parallel_config`. A case that raises is recorded with its traceback, does not stop the others, and is tried
    again by the next call. Raises `ValueError` for a task without a name, params that JSON cannot hold, equal cases.
    """
    named = _named(task, grid)
    store = Path(store)
    store.mkdir(parents=True, exist_ok=True)
    todo = [id for id in named if not _done(store, id)]
    run = joblib.Parallel(n_jobs=n_jobs, return_as="generator_unordered")
    started, failed = time.monotonic(), 0
    for count, (id, record, ok) in enumerate(run(joblib.delayed(_attempt)(task, id, named[id]) for id in todo), 1):
        with written(_path(store, id)) as file:
            file.write(record)
        failed += not ok
        _progress(count, len(todo), failed, time.monotonic() - started)
    return tuple(_read(_path(store, id)) for id in named)


def column(cases: Sequence[Case], name: str) -> NDArray[Any]:
    """The value `name` of every case, stacked. Raises `ValueError` if a case failed, or has no such value."""
    for case in cases:
        if case.error:
            raise ValueError(f"case {case.id} {case.params} failed, so the column has a hole:\n{case.error}")
        if name not in case.values:
            raise ValueError(f"case {case.id} has no value {name!r}; it has {', '.join(case.values)}")
    return np.array([case.values[name] for case in cases])


# --- cases and their names ---------------------------------------------------------------------------


def _plain(value: object) -> object:
    """What JSON cannot write by itself: numpy's numbers."""
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} is not a number, string, list or dict")


def case_id(task: Task, params: Mapping[str, Any]) -> str:
    """20 hexadecimal digits of SHA-256 of the task's name and its params: the same on every machine, in every order."""
    text = json.dumps([task.__qualname__, params], default=_plain, sort_keys=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:20]


def _named(task: Task, grid: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    if "<" in getattr(task, "__qualname__", "<"):
        raise ValueError(f"task must be a function defined at top level: its name marks its results; got {task!r}")
    named: dict[str, dict[str, Any]] = {}
    for params in grid:
        try:
            id = case_id(task, params)
        except (TypeError, ValueError) as error:
            raise ValueError(f"grid: JSON cannot hold {params} ({error}); pass names, seeds and sizes") from error
        if id in named:
            raise ValueError(f"grid: {params} occurs twice")
        named[id] = dict(params)
    return named


# --- one case, in a worker -----------------------------------------------------------------------------


def _attempt(task: Task, id: str, params: dict[str, Any]) -> tuple[str, bytes, bool]:
    """The record of the case, and whether it succeeded."""
    try:
        with one_thread():
            return id, _encoded(Case(id, params, dict(task(**params)), "")), True
    except Exception:
        return id, _encoded(Case(id, params, {}, traceback.format_exc())), False


def _encoded(case: Case) -> bytes:
    """An npz file: `record` is JSON, and the arrays among the values are entries of their own. Nothing is pickled."""
    rest, arrays = dict(case.values), {}
    for name, value in case.values.items():
        if isinstance(value, np.ndarray):
            if value.dtype.hasobject:
                raise TypeError(f"value {name} is an array of Python objects; return numbers, or lists")
            arrays[f"value {name}"] = rest.pop(name)
    record = json.dumps(case._replace(values=rest)._asdict(), default=_plain)
    file = io.BytesIO()
    np.savez(file, record=np.array(record), **arrays)
    return file.getvalue()


# --- the store --------------------------------------------------------------------------------------------


def _path(store: Path, id: str) -> Path:
    return store / f"{id}.npz"


def _read(path: Path) -> Case:
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name.removeprefix("value "): file[name] for name in file.files if name != "record"}
            case = Case(**json.loads(str(file["record"])))
    except Exception as error:
        raise ValueError(f"{path} is not the record of a case ({error}); delete it, and the case runs again") from error
    return case._replace(values=case.values | arrays)


def _done(store: Path, id: str) -> bool:
    return _path(store, id).exists() and not _read(_path(store, id)).error


def _progress(count: int, total: int, failed: int, seconds: float) -> None:
    """One line that rewrites itself, on a terminal only."""
    if sys.stderr.isatty():
        left = seconds / count * (total - count)
        line = f"\r{count}/{total} cases, {failed} failed, {seconds:.0f} s, {left:.0f} s left"
        sys.stderr.write(f"{line:<60}" + "\n" * (count == total))
        sys.stderr.flush()
