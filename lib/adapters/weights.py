"""Two-layer ReLU networks as others store them, as a `Network`.

A network with biases, f(x) = sum_i w2_i (w1_i'x + b1_i)_+ + b2, is a network without them on the data (x, 1): b1 is a
last row of W1, and b2 one more neuron, along the column of ones. All of them count in the cost.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from lib.adapters.safetensors import read_safetensors
from lib.data import Array
from lib.network import Network


def from_layers(W1: ArrayLike, b1: ArrayLike, w2: ArrayLike, b2: float) -> Network:
    """The network of weights `W1` (d, m), `w2` (m,) and biases `b1` (m,), `b2`, for data with a column of ones."""
    W1, b1, w2 = (np.asarray(a, dtype=np.float64) for a in (W1, b1, w2))
    if W1.ndim != 2 or b1.shape != (W1.shape[1],) or w2.shape != b1.shape:
        raise ValueError(f"W1 must be (d, m), b1 and w2 (m,); got {W1.shape}, {b1.shape} and {w2.shape}")
    weights = np.vstack([W1, b1])
    if b2 == 0:
        return Network(weights, w2)
    size = np.sqrt(abs(b2))
    constant = np.r_[np.zeros(len(W1)), size]
    return Network(np.column_stack([weights, constant]), np.r_[w2, np.sign(b2) * size])


def from_sklearn(estimator: Any) -> Network:
    """The network of a fitted MLPClassifier (its logit; two classes, the second one is +1) or MLPRegressor.

    It takes data with a column of ones (`lib.data.with_bias`). Raises `ValueError` unless there is one hidden layer,
    activation='relu' and one output.
    """
    if not hasattr(estimator, "coefs_"):
        raise ValueError(f"{type(estimator).__name__} has no coefs_: fit an MLPClassifier or MLPRegressor first")
    if estimator.activation != "relu":
        raise ValueError(f"activation is {estimator.activation!r}; only 'relu' networks have a certificate")
    if len(estimator.coefs_) != 2:
        raise ValueError(
            f"the estimator has {len(estimator.coefs_) - 1} hidden layers; hidden_layer_sizes=(m,) has one"
        )
    (W1, w2), (b1, b2) = estimator.coefs_, estimator.intercepts_
    if w2.shape[1] != 1:
        raise ValueError(f"the estimator has {w2.shape[1]} outputs; train one against the rest, with two classes")
    return from_layers(W1, b1, w2[:, 0], float(b2[0]))


def _layers(weights: dict[str, Array]) -> tuple[str, str]:
    """The names of the hidden and of the output weights: (m, d) and (1, m), as torch.nn.Linear has them."""
    pairs = [
        (first, second)
        for first in weights
        for second in weights
        if first != second and weights[second].shape == (1, len(weights[first]))
    ]
    if len(weights) != 2 or not pairs:
        shapes = ", ".join(f"{name} {array.shape}" for name, array in weights.items()) or "none"
        raise ValueError(f"expected weights (m, d) of a hidden layer and (1, m) of an output; found {shapes}")
    return min(pairs)


def from_state_dict(state: Mapping[str, Any]) -> Network:
    """The network of a PyTorch state_dict (tensors or arrays) with two Linear layers, with biases or without.

    With any bias it takes data with a column of ones. Raises `ValueError` for other shapes.
    """
    arrays = {name: np.asarray(tensor, dtype=np.float64) for name, tensor in state.items()}
    first, second = _layers({name: array for name, array in arrays.items() if array.ndim == 2})
    W1, w2 = arrays[first].T, arrays[second][0]
    biases = [re.sub("weight$", "bias", name) for name in (first, second)]
    unknown = set(arrays) - {first, second, *biases}
    if unknown:
        raise ValueError(f"the state_dict has more than two linear layers: {', '.join(sorted(unknown))}")
    if not set(biases) & set(arrays):
        return Network(W1, w2)
    b1 = arrays.get(biases[0], np.zeros(len(w2)))
    return from_layers(W1, b1, w2, float(arrays.get(biases[1], np.zeros(1)).reshape(-1)[0]))


def _from_arrays(arrays: Mapping[str, Array]) -> Network:
    """Arrays W1 (d, m) and w2 (m,), with or without b1 (m,) and b2; or those of a state_dict."""
    if not {"W1", "w2"} <= set(arrays):
        return from_state_dict(arrays)
    W1, w2 = arrays["W1"], np.ravel(arrays["w2"])
    if not {"b1", "b2"} & set(arrays):
        return Network(W1, w2)
    return from_layers(W1, arrays.get("b1", np.zeros(len(w2))), w2, float(np.ravel(arrays.get("b2", np.zeros(1)))[0]))


def _unpacked(path: Path) -> dict[str, Array]:
    try:
        loaded = np.load(path, allow_pickle=False)
        return {"": loaded} if isinstance(loaded, np.ndarray) else dict(loaded)
    except (ValueError, EOFError, OSError) as error:
        if isinstance(error, FileNotFoundError):
            raise
        raise ValueError(
            f"{path} cannot be read without running code in it ({error}); save it with numpy.savez"
        ) from error


def read_network(path: str | Path) -> Network:
    """The network in a file: .npz with W1 (d, m), w2 (m,) and perhaps b1 (m,), b2, or the arrays of a state_dict;
    .npy with one row (w1_i, w2_i) a neuron; .safetensors with a state_dict. Raises `ValueError`."""
    path = Path(path)
    if path.suffix == ".safetensors":
        return from_state_dict(read_safetensors(path))
    if path.suffix == ".npz":
        return _from_arrays(_unpacked(path))
    if path.suffix == ".npy":
        rows = next(iter(_unpacked(path).values()))
        if rows.ndim != 2 or rows.shape[1] < 2:
            raise ValueError(f"{path} must hold one row (w1_i, w2_i) for each neuron; its shape is {rows.shape}")
        return Network(rows[:, :-1].T, rows[:, -1])
    raise ValueError(
        f"{path}: a network is a file .npz, .npy or .safetensors, not {path.suffix or 'a file without ending'}"
    )
