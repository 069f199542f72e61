"""The path of a flow: networks, dual variable, margins, events, and why it stopped."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from lib import kkt
from lib.data import Array, Mask
from lib.flow.boost import shares, transport
from lib.network import Network
from lib.results import Frozen

Kind = Literal["cross", "slide", "leave", "death"]
Reason = Literal[
    "log_t_end", "margin_end", "gap_end", "residual_end", "max_events", "stationary", "unresolved", "interrupted"
]


class Event(NamedTuple):
    """At `tau` (and `log_t`), `neuron` crosses the hyperplane of `example`, starts to slide on it, leaves it, or dies.

    `example` is -1 for a death. Of parallel rows the first stands for all.
    """

    tau: float
    log_t: float
    neuron: int
    example: int
    kind: Kind


class Progress(NamedTuple):
    """After a step: the numbers of `steps` and `events` so far, `tau` and `log_t`."""

    steps: int
    events: int
    tau: float
    log_t: float


Watch = Callable[[Progress], object]


@dataclass(frozen=True, eq=False)
class Trajectory(Frozen):
    """A flow at its steps k = 0..K: `tau` (K+1,) and `log_t` (K+1,), -inf at the start.

    `W1` (K+1, d, m), `w2` (K+1, m): the weights. `lam` (K+1, N): the dual variable divided by the sum of |lam_n|, whose
    logarithm is `log_sum` (K+1,); `losses` (K+1,): L = sum_n weight_n l(f_n, y_n); `margins` (K+1, N): y_n f(x_n).
    `events` in order; `dead` (m,): neurons that no example pulls at the end, or that have shrunk below 1e-290, where
    weights underflow; they stand still. `reason`: the argument of `gradient_flow` whose value is reached, or
    "stationary" (no neuron feels a pull), "interrupted" (Ctrl-C), or "unresolved" (rounding); `detail` says more.
    `pulls` (K, 3, m, d) over steps of the lengths `widths` (K,), which the next one may cut short: from them `at`
    rebuilds the path. Arrays are read-only.
    """

    tau: Array
    log_t: Array
    W1: Array
    w2: Array
    lam: Array
    log_sum: Array
    losses: Array
    margins: Array
    events: tuple[Event, ...]
    dead: Mask
    reason: Reason
    detail: str
    pulls: Array
    widths: Array

    def __repr__(self) -> str:
        kinds = Counter(event.kind for event in self.events)
        counts = ", ".join(f"{kind} {count}" for kind, count in kinds.items())
        return (
            f"Trajectory of {self.W1.shape[2]} neurons on {self.margins.shape[1]} examples, {len(self.widths)} steps\n"
            f"  events: {counts or 'none'}; dead: {self.dead.sum()}\n"
            f"  ends at log t = {self.log_t[-1]:.6g} with loss {self.losses[-1]:.3g}, "
            f"least margin {self.margins[-1].min():.6g}\n"
            f"  because: {self.reason}{': ' * bool(self.detail)}{self.detail}"
        )

    def __len__(self) -> int:
        return len(self.tau)

    def network(self, k: int = -1) -> Network:
        """The network after step k."""
        return Network(self.W1[k], self.w2[k])

    def normalised(self, k: int = -1) -> Network:
        """The network after step k, scaled to minimal margin 1. Raises `ValueError` if the margin is not positive."""
        gamma = self.margins[k].min()
        if not gamma > 0:
            raise ValueError(f"the network of step {k} misclassifies (minimal margin {gamma:g}): it has no scale")
        return self.network(k).scaled(gamma**-0.5)

    def bracket(self, X: ArrayLike, y: ArrayLike, k: int = -1) -> kkt.Bracket:
        """`lower <= P* <= upper` from the network and the dual variable after step k."""
        return kkt.bracket(self.network(k), X, y, self.lam[k])

    def at(self, tau: float) -> Network:
        """The network at any tau between the first and the last. Raises `ValueError` outside."""
        if not self.tau[0] <= tau <= self.tau[-1]:
            raise ValueError(f"tau={tau:g} is outside the run, [{self.tau[0]:g}, {self.tau[-1]:g}]")
        k = min(int(np.searchsorted(self.tau, tau, side="right")) - 1, len(self.pulls) - 1)
        if k < 0:
            return self.network(0)
        theta = np.array([(tau - self.tau[k]) / self.widths[k]])
        W1, w2 = transport(self.W1[k].T, self.w2[k], self.pulls[k], self.widths[k], shares(theta))
        return Network(W1[0].T, w2[0])
