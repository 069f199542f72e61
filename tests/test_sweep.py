"""Sweeps: nothing lost, nothing doubled, after real kills and on a real cluster."""

import io
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import joblib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from threadpoolctl import threadpool_info

from lib.sweep import case_id, column, product, sweep

ROOT = Path(__file__).parents[1]


def spectrum(seed, n=3):
    """The task of these tests: numbers, arrays, text and nested JSON."""
    eigenvalues = np.linalg.eigvalsh(np.random.default_rng(seed).standard_normal((n, n)))
    return {"top": eigenvalues[-1], "all": eigenvalues, "seed": seed, "note": f"n = {n}", "more": {"shape": [n, n]}}


def sometimes(seed, broken):
    if seed in broken:
        raise ArithmeticError(f"seed {seed} is broken")
    return {"seed": seed}


def threads(seed):
    return {"threads": max([pool["num_threads"] for pool in threadpool_info()], default=1)}


def bad_return(kind):
    return {"text": "no dict", "objects": {"a": np.array([{}])}, "nested": {"a": {"b": np.ones(2)}}}[kind]


def forms(size):
    arrays = {"zero": np.zeros(()), "none": np.zeros((0, 3)), "bool": np.ones(2, bool)}
    return arrays | {"nan": np.nan, "big": 10**30, "x": 0.1}


def files(store):
    return sorted(path.name for path in Path(store).iterdir())


def test_values_come_back_as_they_were(tmp_path):
    """In the grid's order, whatever the order of completion; numbers as numbers, arrays as arrays, to the last bit."""
    grid = product(seed=[3, 1, 2], n=[2, 4])
    cases = sweep(spectrum, grid, tmp_path, n_jobs=2)
    assert [case.params for case in cases] == grid
    for case, params in zip(cases, grid, strict=True):
        expected = spectrum(**params)
        assert (case.values.pop("all") == expected.pop("all")).all()
        assert case.values == expected and case.error == ""
    assert column(cases, "top").tolist() == [spectrum(**params)["top"] for params in grid]
    assert files(tmp_path) == sorted(f"{case.id}.npz" for case in cases)


def test_every_form_of_array_and_number(tmp_path):
    """0-d, empty, boolean, NaN, an integer beyond 64 bits: catches a format that changes types or shapes."""
    (case,) = sweep(forms, [{"size": 1}], tmp_path, n_jobs=1)
    for name, value in forms(1).items():
        back = case.values[name]
        assert np.array_equal(back, value, equal_nan=name == "nan") and np.shape(back) == np.shape(value), name
        assert np.asarray(back).dtype == np.asarray(value).dtype, name


def test_what_is_stored_is_not_run_again(tmp_path, monkeypatch):
    """A larger grid runs the new cases only; a fresh and a resumed sweep return the same. Catches ids that change."""
    first = sweep(spectrum, product(seed=range(4)), tmp_path, n_jobs=1)
    ran = []
    replace = os.replace
    monkeypatch.setattr(os, "replace", lambda draft, path: (ran.append(path.stem), replace(draft, path)))
    cases = sweep(spectrum, product(seed=[5, 3, 2, 1, 0, 4]), tmp_path, n_jobs=1)
    assert sorted(ran) == sorted([cases[0].id, cases[5].id])
    assert [case.id for case in cases[4:0:-1]] == [case.id for case in first]
    assert column(cases, "all")[4:0:-1].tolist() == column(first, "all").tolist()


numbers = st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.booleans()


@pytest.mark.slow
@given(st.dictionaries(st.text(), numbers | st.text()))
def test_an_id_depends_on_the_content_alone(params):
    """Not on the order, nor on numpy's types; any change of a value changes it."""
    id = case_id(spectrum, params)
    assert case_id(spectrum, dict(reversed(params.items()))) == id
    wrapped = {k: np.float64(v) if isinstance(v, float) else v for k, v in params.items()}
    assert case_id(spectrum, wrapped) == id
    assert case_id(sometimes, params) != id
    for key in params:
        assert case_id(spectrum, params | {key: [params[key]]}) != id


def test_an_id_is_the_same_for_ever():
    """Pinned: stores of earlier versions would be lost otherwise, without a word."""
    assert case_id(spectrum, {"seed": 1, "n": 3}) == "9b6bdc7a62acf7bab347"


def test_a_failing_case_is_recorded_and_stops_nobody(tmp_path):
    """The traceback is kept, the rest is there, and the next call tries the failed case again, and only that one."""
    grid = product(seed=range(5), broken=[[2]])
    cases = sweep(sometimes, grid, tmp_path, n_jobs=2)
    assert [bool(case.error) for case in cases] == [False, False, True, False, False]
    assert "ArithmeticError: seed 2 is broken" in cases[2].error and "in sometimes" in cases[2].error
    with pytest.raises(ValueError, match=r"(?s)'seed': 2.* failed.*seed 2 is broken"):
        column(cases, "seed")
    stamps = [os.stat(tmp_path / f"{case.id}.npz").st_mtime_ns for case in cases]
    sweep(sometimes, grid, tmp_path, n_jobs=2)
    again = [os.stat(tmp_path / f"{case.id}.npz").st_mtime_ns for case in cases]
    assert [a != b for a, b in zip(again, stamps, strict=True)] == [False, False, True, False, False]


@pytest.mark.parametrize(
    ("kind", "words"), [("text", "dictionary update"), ("objects", "Python objects"), ("nested", "ndarray is not")]
)
def test_results_that_cannot_be_stored_are_errors_of_their_case(tmp_path, kind, words):
    """Nothing is pickled, ever: such a case fails, by name, and does not poison the store."""
    (case,) = sweep(bad_return, [{"kind": kind}], tmp_path, n_jobs=1)
    assert words in case.error


@pytest.mark.slow
def test_a_worker_uses_one_thread(tmp_path):
    """Two processes of two threads each on two cores would slow each other down; also without OPENBLAS_NUM_THREADS."""
    script = f"""
        import sys; sys.path[:0] = [{str(ROOT)!r}, {str(ROOT / "tests")!r}]
        from test_sweep import threads
        from lib.sweep import column, sweep, product
        for n_jobs in (1, 2):
            cases = sweep(threads, product(seed=range(2)), {str(tmp_path)!r} + str(n_jobs), n_jobs=n_jobs)
            print(column(cases, "threads").max())
    """
    env = {k: v for k, v in os.environ.items() if not k.endswith("NUM_THREADS")}
    command = [sys.executable, "-c", textwrap.dedent(script)]
    assert subprocess.run(command, env=env, capture_output=True, text=True, check=True).stdout.split() == ["1", "1"]


SLOW = """
    import os, sys, time
    sys.path.insert(0, {root!r})
    from lib.sweep import column, product, sweep

    def slow(seed):
        with open({log!r}, "a") as log:
            log.write(f"{{seed}}\\n")
        time.sleep(0.05)
        while not seed and not os.path.exists({go!r}):
            time.sleep(0.01)
        return {{"square": seed**2}}

    if __name__ == "__main__":
        cases = sweep(slow, product(seed=range(60)), {store!r}, n_jobs=2)
        print(column(cases, "square").tolist())
"""


@pytest.mark.slow
def test_a_killed_sweep_resumes_with_nothing_lost_or_doubled(tmp_path):
    """SIGKILL in the middle, twice: what was stored is never run again, all else is, and the result is that of one run.

    Catches also results that are kept in memory until all, or all earlier ones, are there: the first case hangs until
    the last run.
    """
    store, log, script, go = (tmp_path / name for name in ("store", "log", "slow.py", "go"))
    script.write_text(textwrap.dedent(SLOW.format(root=str(ROOT), log=str(log), store=str(store), go=str(go))))
    for stored in (12, 30):
        process = subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, start_new_session=True)
        deadline = time.monotonic() + 120
        try:
            while len(list(store.glob("*.npz"))) < stored and process.poll() is None and time.monotonic() < deadline:
                time.sleep(0.005)
        finally:
            os.killpg(process.pid, signal.SIGKILL)  # the whole session: the workers too die in the middle
        assert process.wait() == -signal.SIGKILL, "the sweep was over before the kill"
        assert len(list(store.glob("*.npz"))) >= stored
    kept = {path.name: path.stat().st_mtime_ns for path in store.glob("*.npz")}
    assert 30 <= len(kept) < 60
    log.write_text("")
    go.touch()
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str([seed**2 for seed in range(60)])
    ran = [int(seed) for seed in log.read_text().split()]
    assert len(ran) == len(set(ran)) == 60 - len(kept)
    assert all((store / name).stat().st_mtime_ns == stamp for name, stamp in kept.items())
    assert len(files(store)) == 60  # and no draft is left


def test_a_write_that_is_cut_short_is_not_a_result(tmp_path, monkeypatch):
    """Killed between the draft and its renaming: the case counts as not run."""

    def cut(draft, path):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", cut)
        with pytest.raises(KeyboardInterrupt):
            sweep(spectrum, product(seed=range(3)), tmp_path, n_jobs=1)
    assert not list(tmp_path.glob("*.npz"))
    assert len(sweep(spectrum, product(seed=range(3)), tmp_path, n_jobs=1)) == 3
    assert all(name.endswith(".npz") for name in files(tmp_path))


def test_a_damaged_store_is_refused(tmp_path):
    """A truncated file is not a result, nor is the evidence of a failing disk overwritten; pickles are not loaded."""
    (case,) = sweep(spectrum, [{"seed": 1}], tmp_path, n_jobs=1)
    path = tmp_path / f"{case.id}.npz"
    whole = path.read_bytes()
    pickled = io.BytesIO()
    np.savez(pickled, record=np.array(np.load(path)["record"].item(), dtype=object))  # the right text, but pickled
    for damaged in (whole[: len(whole) // 2], b"", pickled.getvalue()):
        path.write_bytes(damaged)
        with pytest.raises(ValueError, match=r"not the record of a case .*delete it"):
            sweep(spectrum, [{"seed": 1}], tmp_path, n_jobs=1)


@pytest.mark.slow
def test_the_same_lines_run_on_a_cluster(tmp_path):
    """Two worker processes of a dask cluster, chosen from outside by joblib; the store is that of a local run."""
    import distributed  # half a second, for this test alone

    grid = product(seed=range(12))
    local = sweep(spectrum, grid, tmp_path / "local", n_jobs=1)
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster,
        distributed.Client(cluster) as client,
        joblib.parallel_config(backend="dask"),
    ):
        remote = sweep(spectrum, grid, tmp_path / "remote")
        where = sweep(process_id, product(seed=range(12)), tmp_path / "where")
        workers = set(client.run(os.getpid).values())
    assert set(column(where, "pid")) <= workers and os.getpid() not in workers and len(workers) == 2
    assert [case.id for case in remote] == [case.id for case in local]
    assert (column(remote, "all") == column(local, "all")).all()
    assert sweep(spectrum, grid, tmp_path / "remote", n_jobs=1)[3].values["top"] == local[3].values["top"]


def process_id(seed):
    return {"pid": os.getpid()}


@pytest.mark.parametrize("terminal", [True, False])
def test_progress_is_shown_on_a_terminal_only(tmp_path, monkeypatch, terminal):
    stream = io.StringIO()
    stream.isatty = lambda: terminal
    monkeypatch.setattr(sys, "stderr", stream)
    sweep(sometimes, product(seed=range(3), broken=[[1]]), tmp_path, n_jobs=1)
    assert ("3/3 cases, 1 failed" in stream.getvalue()) == terminal
    assert stream.getvalue().endswith("\n") == terminal


def local_function():
    def inner(seed):
        return {}

    return inner


@pytest.mark.parametrize(
    ("task", "grid", "words"),
    [
        (lambda seed: {}, [{"seed": 1}], "top level"),
        (local_function(), [{"seed": 1}], "top level"),
        (spectrum, [{"seed": 1}, {"seed": 2}, {"seed": np.int64(1)}], r"\{'seed': .*1.*\} occurs twice"),
        (spectrum, [{"seed": np.ones(2)}], "ndarray is not"),
        (spectrum, [{"seed": np.nan}], "JSON cannot hold"),
    ],
)
def test_bad_input_is_refused_before_any_work(tmp_path, task, grid, words):
    with pytest.raises(ValueError, match=words):
        sweep(task, grid, tmp_path / "store")
    assert not (tmp_path / "store").exists()


def test_a_column_that_is_not_there(tmp_path):
    with pytest.raises(ValueError, match=r"no value 'cost'; it has .*top"):
        column(sweep(spectrum, [{"seed": 1}], tmp_path, n_jobs=1), "cost")
