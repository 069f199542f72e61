"""Gradient descent with a constant step, as practitioners run it: the foil of the flow."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lib.data import Array, validated_weights
from lib.losses import SMOOTH, Loss, get_loss
from lib.network import Network
from lib.results import Frozen


@dataclass(frozen=True, eq=False)
class Descent(Frozen):
    """Gradient descent after `k` (K+1,) steps, 0 first; `log_t` (K+1,) = log(step k) is -inf there.

    `W1` (K+1, d, m), `w2` (K+1, m): the weights; `losses` (K+1,): L = sum_n weight_n l(f_n, y_n); `margins` (K+1, N):
    y_n f(x_n). `reason`: why it stopped: "steps", "interrupted", or "diverged", and then the last entries are the last
    finite ones. Arrays are read-only.
    """

    k: NDArray[np.int64]
    log_t: Array
    W1: Array
    w2: Array
    losses: Array
    margins: Array
    reason: Literal["steps", "interrupted", "diverged"]

    def __repr__(self) -> str:
        return (
            f"Descent of {self.W1.shape[2]} neurons on {self.margins.shape[1]} examples, {len(self)} snapshots\n"
            f"  ends after {self.k[-1]} steps with loss {self.losses[-1]:.3g}, "
            f"least margin {self.margins[-1].min():.6g}\n"
            f"  because: {self.reason}"
        )

    def __len__(self) -> int:
        return len(self.k)

    def network(self, j: int = -1) -> Network:
        """The network of snapshot j."""
        return Network(self.W1[j], self.w2[j])


class Iterate(NamedTuple):
    """Weights `W1` (d, m), `w2` (m,) after `k` steps."""

    k: int
    W1: Array
    w2: Array


def _iterates(net: Network, X: Array, y: Array, weights: Array, loss: Loss, step: float) -> Iterator[Iterate]:
    """Theta_{k+1} = Theta_k - step * grad L(Theta_k), with 1[z > 0] for the derivative of (z)_+."""
    k, W1, w2 = 0, net.W1, net.w2
    while True:
        yield Iterate(k, W1, w2)
        Z = X @ W1
        A = np.maximum(Z, 0)
        lam = weights * loss.dual(A @ w2, y)
        pulls = X.T @ (lam[:, None] * (Z > 0))  # columns g(u_i, lam)
        k, W1, w2 = k + 1, W1 + (step * w2) * pulls, w2 + step * (lam @ A)


def gradient_descent(
    net: Network,
    X: ArrayLike,
    y: ArrayLike,
    *,
    loss: str = "logistic",
    weights: ArrayLike = 1.0,
    step: float,
    steps: int,
    snapshots: int = 100,
) -> Descent:
    """Theta_{k+1} = Theta_k - `step` grad L(Theta_k) for k < `steps`, with (z)_+' = 1[z > 0].

    L = sum_n weight_n l(f(x_n), y_n), with X (N, d), y (N,) of labels -1 and +1 (squared loss: any real targets) and
    `weights` one number or (N,).
    About `snapshots` iterates are kept, evenly in log k, with the first and the last. An interrupt (Ctrl-C) ends the
    run and returns what there is. Follows the flow to first order in the step; where the flow slides along a
    hyperplane, it chatters across. Raises `ValueError` for bad input, an unknown loss, or a step, a number of steps or
    of snapshots that is not positive.
    """
    law = get_loss(loss, SMOOTH)
    X, y = law.validated(X, y)
    weights = validated_weights(X, weights)
    net.predict(X)  # refuses a network of another width than the data
    if not (np.isfinite(step) and step > 0):
        raise ValueError(f"step must be positive and finite; got {step}")
    if steps < 1 or snapshots < 1:
        raise ValueError(f"steps and snapshots must be at least 1; got steps={steps}, snapshots={snapshots}")
    marks = {*np.geomspace(1, steps, snapshots).round().astype(int).tolist(), steps}
    kept, reason = _run(_iterates(net, X, y, weights, law, step), marks, steps)
    k, W1, w2 = (np.array(column) for column in zip(*kept, strict=True))
    f = np.einsum("kmn,km->kn", np.maximum(W1.swapaxes(1, 2) @ X.T, 0), w2)
    with np.errstate(divide="ignore", over="ignore"):
        return Descent(k, np.log(step * k), W1, w2, law.value(f, y) @ weights, y * f, reason)


def _run(
    iterates: Iterator[Iterate], marks: set[int], steps: int
) -> tuple[list[Iterate], Literal["steps", "interrupted", "diverged"]]:
    """The first iterate, those at the marks while finite, after an interrupt the latest; and why there are no more."""
    now = next(iterates)
    kept = [now]
    try:
        with np.errstate(over="ignore", invalid="ignore"):
            while now.k < steps:
                now = next(iterates)
                if now.k in marks:
                    if not (np.isfinite(now.W1).all() and np.isfinite(now.w2).all()):
                        return kept, "diverged"
                    kept.append(now)
    except KeyboardInterrupt:
        return (kept if now.k in marks or not now.k else [*kept, now]), "interrupted"
    return kept, "steps"
