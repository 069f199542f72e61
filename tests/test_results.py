"""Results are read-only and print in a few lines."""

import pickle
from importlib import import_module
from pkgutil import iter_modules
from typing import get_type_hints

import numpy as np
import pytest

import lib
from lib.data import Data, load
from lib.flow import direction_flow, gradient_descent, gradient_flow
from lib.network import Network
from lib.patterns import cells
from lib.zonotope import local_maxima


def test_results_cannot_be_written_to_and_leave_the_caller_alone():
    """Catches a result that a later line can change, also one made by `_replace`, and an argument that is locked."""
    X = np.eye(2)
    data = Data(X, np.ones(2), "mine")
    for one in (data, data._replace(X=X), pickle.loads(pickle.dumps(data)), load("wine")):
        with pytest.raises(ValueError, match="read-only"):
            one.X[0, 0] = 3.0
    X[0, 0] = 3.0
    assert data.X[0, 0] == 3.0


def test_results_print_in_a_few_lines():
    """Catches a thousand cells on the screen; small ones are shown whole."""
    big, small = cells(np.random.default_rng(0).standard_normal((40, 3))), Data(np.eye(2), np.ones(2), "two")
    assert len(repr(big)) < 200 and f"array ({len(big)}, 3)" in repr(big)
    assert repr(small) == "Data(X=[[1.0, 0.0], [0.0, 1.0]], y=[1.0, 1.0], name='two')"
    assert "Maxima(values=" in repr(local_maxima(np.eye(2), np.ones(2)))


def test_runs_are_read_only_too():
    """Catches a trajectory, a descent or paths of directions that a later line can change."""
    net, X, y = Network(np.eye(2), np.ones(2)), np.eye(2), np.ones(2)
    runs = gradient_flow(net, X, y, log_t_end=1.0), gradient_descent(net, X, y, step=0.1, steps=3)
    for array in (runs[0].W1, runs[0].lam, runs[1].losses, direction_flow(y, [[1.0, 0.5]], X, 1.0).limits):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0.0


def test_what_is_public_and_holds_arrays_is_a_result():
    """Catches a NamedTuple of a package whose arrays a caller could write into."""
    packages = [import_module(f"lib.{one.name}") for one in iter_modules(lib.__path__) if one.name != "__main__"]
    classes = {one for package in packages for one in vars(package).values() if isinstance(one, type)}
    tuples = [one for one in classes if issubclass(one, tuple) and one.__module__.startswith("lib.")]
    holding = [one for one in tuples if "ndarray" in str(get_type_hints(one))]
    assert len(holding) > 15
    assert [one.__name__ for one in holding if not hasattr(one.__new__, "__wrapped__")] == []
