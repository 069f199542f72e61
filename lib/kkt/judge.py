"""The one judge: which dual variables a network suggests, which of them proves most, and the bracket that follows."""

from collections.abc import Iterable
from time import perf_counter
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import softmax

from lib.bounds import LARGEST, Bracket, decay_lower, decay_upper, exponent, in_range, norm_lower, norm_upper
from lib.data import Array, at_least, positive, signed_dual, validated, validated_dual
from lib.kkt.points import multiplier
from lib.losses import LOSSES, SMOOTH, get_loss
from lib.network import Network, dual_variable, margins
from lib.results import result
from lib.zonotope import Maximiser, Search, hausdorff

TEMPERATURES = (0.3, 0.1, 0.03, 0.01, 0.003)  # of a softmax, in units of the largest margin
BUDGET = 200_000  # nodes of a search
LOOKS = 4  # steps of a search that look at a dual variable: a bound and climbs, on both sides
NEGLIGIBLE = 1e-9  # weights below this are left out: they prove nothing, and their rows cost time


@result
class Dual(NamedTuple):
    """A dual variable `lam` (N,) with y'lam = 1, and the maximiser `top` of |lam'(Xu)_+|."""

    lam: Array
    top: Maximiser

    @property
    def lower(self) -> float:
        """`1 / d_H(lam) <= P*`, rounded down."""
        return norm_lower(np.sign(self.lam), self.lam, self.top.upper)


def judged(X: Array, y: Array, offered: Iterable[Array], *, seconds: float = np.inf) -> Dual:
    """The offered lam (y'lam > 0) of least d_H(lam) / y'lam, as far as that is known after about `seconds`.

    All are looked at from a few directions first; one that is then worse than what another has proved is not pursued.
    """
    at_least(seconds, 0.0, "seconds")
    scaled, until = [lam / (y @ lam) for lam in offered], perf_counter() + seconds
    searches = [Search(X, lam) for lam in scaled]
    for search in searches:
        for _ in range(LOOKS):
            search.step(until)
    best: Dual | None = None
    for lam, search in sorted(zip(scaled, searches, strict=True), key=lambda pair: pair[1].bound.value):
        if best is None or search.bound.value < best.top.upper:
            found = Dual(lam, search.run(nodes=BUDGET, seconds=until - perf_counter()))
            best = min(best or found, found, key=lambda dual: dual.top.upper)
    if best is None:
        raise ValueError("offered is empty: at least one dual variable is needed")
    return best


def best_dual(net: Network, X: ArrayLike, y: ArrayLike, *, seconds: float = np.inf) -> Dual:
    """The best of what a network suggests: softmax weights of its margins, and its multiplier if it separates the data.

    At a KKT point the multiplier is exact; on the way there, the weights of a loss are better. Raises `ValueError`.
    """
    X, y = validated(X, y)
    q = margins(in_range(net), X, y)
    soft = [softmax(-q / ((np.abs(q).max() or 1.0) * temperature)) for temperature in TEMPERATURES]
    offered = [y * np.where(weights > NEGLIGIBLE, weights, 0.0) for weights in soft]
    lam = multiplier(net, X, y).lam if q.min() > 0 else np.zeros(len(y))
    return judged(X, y, [*offered, lam] if lam.any() else offered, seconds=seconds)


def lower_bound(X: ArrayLike, y: ArrayLike, lam: ArrayLike, *, seconds: float = np.inf) -> float:
    """y'lam / d_H(lam) <= P* for any lam with y_n lam_n >= 0 (ours); d_H enters by its upper bound after `seconds`.

    0 for lam = 0. Raises `ValueError` if lam has a sign that the label forbids. Source: thm-bias-bracket.
    """
    X, y = validated(X, y)
    lam = signed_dual(X, y, lam)
    X = np.where((lam != 0)[:, None], X, 0.0)  # other rows do not matter, whatever their size
    unit = -exponent(X)
    lam = np.ldexp(lam, -exponent(lam))  # in units of X and lam in which nothing underflows
    height = hausdorff(np.ldexp(X, unit), lam, seconds=seconds).upper
    return min(float(np.ldexp(norm_lower(y, lam, height), unit)), LARGEST)


def upper_bound(net: Network, X: ArrayLike, y: ArrayLike) -> float:
    """P* <= sum_i |w2_i| ||w1_i|| / min_n q_n; infinite if a margin may not be positive. Source: thm-bias-bracket."""
    return norm_upper(net, *validated(X, y))


def bracket(
    net: Network, X: ArrayLike, y: ArrayLike, lam: ArrayLike | None = None, *, seconds: float = np.inf
) -> Bracket:
    """y'lam / d_H(lam) <= P* <= sum_i |w2_i| ||w1_i|| / min_n q_n, for any network, trained by anyone (ours).

    `lam` (N,) with y_n lam_n >= 0 is any dual variable, such as the one a flow or a solver carries; without it the best
    of a few that the network itself suggests is used. `upper` is infinite for a network that errs; after `seconds`
    `lower` is what is proved by then. Raises `ValueError` for bad data or a forbidden sign of lam.
    Source: thm-bias-bracket.
    """
    X, y = validated(X, y)
    if lam is not None:  # which brings the rows that it uses into range, before others make them vanish
        return Bracket(lower_bound(X, y, lam, seconds=seconds), upper_bound(net, X, y))
    unit = -exponent(X)
    X = np.ldexp(X, unit)
    lower = best_dual(net, X, y, seconds=seconds).lower
    return Bracket(float(np.ldexp(lower, unit)), float(np.ldexp(upper_bound(net, X, y), unit)))


def decay_bracket(
    net: Network,
    X: ArrayLike,
    y: ArrayLike,
    loss: str,
    beta: float,
    lam: ArrayLike | None = None,
    *,
    seconds: float = np.inf,
) -> Bracket:
    """The least sum_n l(f_n, y_n) + beta sum_i |w2_i| ||w1_i|| of any network, from below and by this one from above.

    y (N,) are labels, or real targets of the squared loss. `lam` (N,) is any dual variable: what is too much of it is
    scaled down; without it, the network's own, -dl/df, of a smooth loss. `seconds` are those of `bracket`. Raises
    `ValueError` for bad data or an unknown loss. Source: thm-convex-regularised.
    """
    law = get_loss(loss, SMOOTH if lam is None else tuple(LOSSES))
    X, y = law.validated(X, y)
    positive(beta, "beta", "without weight decay use bracket")
    lam = dual_variable(net, X, y, loss=loss) if lam is None else validated_dual(X, lam)[1]
    lower = decay_lower(lam, y, hausdorff(X, lam, seconds=seconds).upper, law, beta)[0]
    return Bracket(max(lower, 0.0), decay_upper(net, X, y, law, beta))
