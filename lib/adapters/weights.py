"""Two-layer ReLU networks as others store them: weights and biases of two layers, `Layers`.

A network with biases, f(x) = sum_i w2_i (x'w1_i + b1_i)_+ + b2, is a network without them on the data (x, 1): b1 is a
last row of W1, and b2 one more neuron, along the column of ones. All of them count in the cost.
"""

import re
from collections.abc import Mapping
from itertools import permutations
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit

from lib.adapters.files import listed
from lib.data import Array, reals, validated_matrix
from lib.network import Network
from lib.results import result

AGREE = 1e-5  # a network's own outputs and ours may differ by this share of the sums they are
HALF = 1e-2  # ... and by this one if numbers of 16 bits were on the way: refused, by a message of its own
NORMALISED = re.compile(r"running_(mean|var)|num_batches_tracked|moving_(mean|variance)|gamma$")
SILENT = {"Flatten", "Unflatten", "Identity", "Dropout", "Squeeze"}  # torch modules that change no number
PROPER = re.compile(r"Linear (ReLU )?Linear (Sigmoid )?")

Sample = tuple[ArrayLike, ArrayLike]


@result
class Layers(NamedTuple):
    """f(x) = sum_i w2_i (x'w1_i + b1_i)_+ + b2 as it was saved: `W1` (d, m), `b1`, `w2` (m,), `b2`; `bias`: whether
    there were any."""

    W1: Array
    b1: Array
    w2: Array
    b2: float
    bias: bool

    @property
    def network(self) -> Network:
        """For data with a column of ones if there are biases, else for the data as they are."""
        if not self.bias:
            return Network(self.W1, self.w2)
        size = np.sqrt(np.abs([self.b2] if self.b2 else []))  # of the constant neuron, if there is one
        constant = np.vstack([np.zeros((len(self.W1), len(size))), size])
        weights = np.hstack([np.vstack([self.W1, self.b1]), constant])
        return Network(weights, np.r_[self.w2, np.sign(self.b2) * size])

    def outputs(self, X: Array) -> Array:
        """`f(x_n)` at the rows of X (N, d), without a column of ones."""
        return np.maximum(X @ self.W1 + self.b1, 0) @ self.w2 + self.b2

    def agreeing(self, X: ArrayLike, outputs: ArrayLike) -> "Layers":
        """These layers, if `outputs` (N,) are f(x_n) for the rows of X (N, d), without a column of ones.

        Raises `ValueError` where the difference is above `AGREE`: another activation, order, scaling or transposition.
        """
        X, own = validated_matrix(X), np.ravel(reals(outputs, "the predictions"))
        if own.shape != (len(X),):
            raise ValueError(f"there are {len(own)} predictions for {len(X)} rows; one number a row is needed")
        if not np.isfinite(own).all():
            n = int(np.flatnonzero(~np.isfinite(own))[0])
            raise ValueError(f"row {n}: the prediction is {own[n]}; outputs before any sigmoid are finite numbers")
        beyond = _beyond(self, X, own)
        n = int(beyond.argmax())
        if beyond[n] <= 0:
            return self
        raise ValueError(
            f"row {n}: the network says {own[n]:.7g}, but its weights in Linear, ReLU, Linear give "
            f"{self.outputs(X)[n]:.7g}; {_why(self, X, own)}"
        )


def _why(layers: Layers, X: Array, own: Array) -> str:
    """What would explain outputs that are not f(x_n), and the remedy."""
    square = layers.W1.shape[0] == layers.W1.shape[1]
    if square and _beyond(layers._replace(W1=layers.W1.T), X, own).max() <= 0:
        return "with the first layer transposed they agree: save W1.T"
    if np.abs(expit(layers.outputs(X)) - own).max() <= AGREE:
        return "after a sigmoid they agree: save what stands before it"
    if _beyond(layers, X, own, HALF).max() <= 0:
        return "that is near: is the activation smooth, or are they in half precision (take model.double())?"
    return "is the activation another one, are layers missing or in another order, were the rows scaled?"


def _beyond(layers: Layers, X: Array, own: Array, share: float = AGREE) -> Array:
    """|f(x_n) - own_n|, less this share of the largest sum of the sizes of the terms of an output."""
    sizes = layers._replace(w2=np.abs(layers.w2), b2=abs(layers.b2)).outputs(X)
    return np.abs(layers.outputs(X) - own) - share * sizes.max()


def _vector(values: ArrayLike, name: str, m: int) -> Array:
    """(m,) from (m,), (m, 1) or (1, m)."""
    array = reals(values, name)
    outputs = array.size // m if m else 0
    if outputs > 1 and outputs * m == array.size:
        remedy = "the difference of its columns is one output" if outputs == 2 else "train one class against the rest"
        raise ValueError(f"{name} has shape {array.shape}, which is {outputs} outputs; one is needed: {remedy}")
    return array.reshape(-1)


def layers(W1: ArrayLike, b1: ArrayLike | None, w2: ArrayLike, b2: ArrayLike | None) -> Layers:
    """The layers of weights `W1` (d, m), `w2` (m,) or (m, 1), and biases (m,) and a number; None: there is none."""
    W1 = reals(W1, "W1")
    m = W1.shape[-1] if W1.ndim else 0
    w2 = _vector(w2, "w2", m)
    bias = b1 is not None or b2 is not None
    first = np.zeros(len(w2)) if b1 is None else _vector(b1, "b1", m)
    second = np.zeros(1) if b2 is None else reals(b2, "b2").reshape(-1)
    if W1.ndim != 2 or W1.shape[1] != len(w2) or first.shape != w2.shape or second.shape != (1,):
        turned = "; W1 seems transposed: save W1.T" if W1.ndim == 2 and len(W1) == len(w2) else ""
        raise ValueError(
            f"W1 must be (d, m), b1 and w2 (m,) and b2 a number; got {W1.shape}, {first.shape}, {w2.shape} "
            f"and {second.shape}{turned}"
        )
    if not (np.isfinite(first).all() and np.isfinite(second).all()):
        raise ValueError("the biases have NaN or infinite entries: the training that made them diverged")
    return Layers(W1, first, w2, float(second[0]), bias)


def from_layers(W1: ArrayLike, b1: ArrayLike, w2: ArrayLike, b2: float) -> Network:
    """The network of weights `W1` (d, m), `w2` (m,) and biases `b1` (m,), `b2`, for data with a column of ones."""
    return layers(W1, b1, w2, b2).network


def _network(found: Layers, sample: Sample | None) -> Network:
    return (found if sample is None else found.agreeing(*sample)).network


# --- scikit-learn ----------------------------------------------------------------------------------


def from_sklearn(estimator: Any, *, sample: Sample | None = None) -> Network:
    """The network of a fitted MLPClassifier (its logit; two classes, the second one is +1) or MLPRegressor.

    It takes data with a column of ones (`lib.data.with_bias`). A search is its best estimator. `sample` = (X, f(X)),
    rows and the network's own outputs on them, is compared with the weights. Raises `ValueError` unless there is one
    hidden layer, activation='relu' and one output.
    """
    estimator = getattr(estimator, "best_estimator_", estimator)
    kind = type(estimator).__name__
    if hasattr(estimator, "steps"):
        raise ValueError(
            f"the network of a {kind} sees transformed rows: use from_sklearn(pipeline[-1]) "
            "with the data pipeline[:-1].transform(X)"
        )
    if not hasattr(estimator, "coefs_"):
        raise ValueError(f"{kind} has no coefs_: fit an MLPClassifier or MLPRegressor first")
    if estimator.activation != "relu":
        raise ValueError(f"activation is {estimator.activation!r}; only 'relu' networks have a certificate")
    if len(estimator.coefs_) != 2:
        raise ValueError(
            f"the estimator has {len(estimator.coefs_) - 1} hidden layers; hidden_layer_sizes=(m,) has one"
        )
    (W1, w2), (b1, b2) = estimator.coefs_, estimator.intercepts_
    return _network(layers(W1, b1, w2, b2), sample)


# --- Keras -----------------------------------------------------------------------------------------


def keras_layers(weights: Any) -> Layers:
    """Those of a Keras model of two Dense layers, or of its `get_weights()`: [W1, b1, W2, b2], or [W1, W2]."""
    if hasattr(weights, "get_weights"):
        named = [layer.activation.__name__ for layer in weights.layers if hasattr(layer, "activation")]
        if named[:1] != ["relu"] or named[1:] not in (["linear"], ["sigmoid"]):
            raise ValueError(f"the activations are {', '.join(named)}; needed are relu, and then linear or sigmoid")
        weights = weights.get_weights()
    arrays = list(weights)
    shapes = ", ".join(str(np.shape(array)) for array in arrays)
    if [np.ndim(array) for array in arrays] not in ([2, 1, 2, 1], [2, 2]):
        raise ValueError(f"two Dense layers have weights W1, b1, W2, b2, or W1, W2; got {len(arrays)} arrays, {shapes}")
    return layers(*arrays) if len(arrays) == 4 else layers(arrays[0], None, arrays[1], None)


def from_keras(weights: Any, *, sample: Sample | None = None) -> Network:
    """The network of a Keras model of Dense(m, 'relu') and Dense(1), or of its `get_weights()`; `sample` as above.

    With biases it takes data with a column of ones. After a sigmoid its logit is meant. Raises `ValueError`.
    """
    return _network(keras_layers(weights), sample)


# --- PyTorch ---------------------------------------------------------------------------------------


def _state(source: Any) -> Mapping[str, Any]:
    """The tensors by their names: of a module, of a checkpoint that holds them, or of a state_dict."""
    if hasattr(source, "state_dict"):
        leaves = [type(one).__name__ for one in source.modules() if not list(one.children())]
        used = [name for name in leaves if name not in SILENT]
        if not PROPER.fullmatch(" ".join([*used, ""])):
            raise ValueError(f"the module is {', '.join(leaves)}; needed are Linear, ReLU, Linear")
        return source.state_dict()
    if not isinstance(source, Mapping):
        raise ValueError(f"a {type(source).__name__} is no state_dict: pass model.state_dict()")
    inner = [key for key, value in source.items() if isinstance(value, Mapping) and "optim" not in str(key)]
    if len(inner) > 1:
        raise ValueError(f"the checkpoint holds several mappings, {listed(inner)}: pass the one that is the state_dict")
    return _state(source[inner[0]]) if inner else source


def _array(name: str, value: Any) -> Array:
    """A tensor as doubles, also one that requires gradients, is elsewhere, or has numbers of 16 bits."""
    for step in ("detach", "cpu", "double"):
        method = getattr(value, step, None)
        value = method() if callable(method) else value
    return reals(value, name)


def _ordered(matrices: dict[str, Array]) -> tuple[str, str]:
    """The names of the hidden and of the output weights: (m, d) and (1, m), or (d, m) and (m, 1) for kernels."""
    sizes = {name: one.shape[:: 1 if name.endswith("kernel") else -1] for name, one in matrices.items()}
    pairs = [(a, b) for a, b in permutations(sizes, 2) if sizes[b] == (sizes[a][1], 1)]
    shapes = listed([f"{name} {array.shape}" for name, array in matrices.items()]) or "none"
    if len(matrices) != 2 or not pairs:
        raise ValueError(f"expected weights (m, d) of a hidden layer and (1, m) of one output; found {shapes}")
    if len(pairs) > 1:
        raise ValueError(f"either of {shapes} may be the first layer; save the arrays as W1, b1, w2, b2 instead")
    return pairs[0]


def state_layers(source: Any) -> Layers:
    """Those of a PyTorch module, checkpoint or state_dict with two Linear layers, with biases or without."""
    arrays = {str(name): _array(str(name), tensor) for name, tensor in _state(source).items()}
    norms = [name for name in arrays if NORMALISED.search(name)]
    if norms:
        raise ValueError(
            f"{norms[0]} belongs to a normalisation: fold it into the linear layer before it "
            "(torch.nn.utils.fuse_linear_bn_eval), and save the two linear layers"
        )
    first, second = _ordered({name: array for name, array in arrays.items() if array.ndim == 2})
    biases = [re.sub("(weight|kernel)$", "bias", name) for name in (first, second)]
    unknown = sorted(set(arrays) - {first, second, *biases})
    if unknown:
        raise ValueError(f"{listed(unknown)} belong{'s' * (len(unknown) == 1)} to none of two linear layers")
    W1 = arrays[first] if first.endswith("kernel") else arrays[first].T
    return layers(W1, arrays.get(biases[0]), arrays[second], arrays.get(biases[1]))


def from_state_dict(source: Any, *, sample: Sample | None = None) -> Network:
    """The network of a PyTorch `state_dict` (tensors or arrays) with two Linear layers, of the module, or a checkpoint.

    With any bias it takes data with a column of ones. A `state_dict` does not say what stands between its layers:
    `sample` = (X, f(X)), rows and the network's own outputs on them, is compared with it. Raises `ValueError`.
    """
    return _network(state_layers(source), sample)
