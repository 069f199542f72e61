"""Branch and bound on max h_A - h_B over the sphere: best first, in batches, honest whenever it is stopped.

A tree divides the directions among its nodes. It bounds h_A - h_B on a node by a distance to Z_B plus a cone, and
splits nodes. A node is closed once its bound is at most the best value known, or at most the goal of the caller.
"""

from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from lib.data import Array, Index, Mask
from lib.zonotope.ascent import climb
from lib.zonotope.projection import Nearest
from lib.zonotope.support import Zonotopes, unit

MANY = 200_000  # open nodes
KEPT = 64  # directions reached
Nodes = NDArray  # (n, ...): one node a slice, in the tree's own encoding


class Tree(Protocol):
    """What divides the directions: `roots` covers all of them, the children of a node cover the node."""

    pair: Zonotopes
    roots: Nodes
    batch: int
    slack: float  # rounding of a bound, beyond that of a distance

    def bound(self, nodes: Nodes, level: float, until: float = np.inf) -> Nearest:
        """h_A - h_B <= upper on each node, in which r points to where it may be reached; in haste after `until`."""

    def final(self, nodes: Nodes) -> Mask:
        """Where the bound is that of a single cell, and no split can lower it."""

    def split(self, nodes: Nodes, near: Nearest) -> tuple[Nodes, Index]:
        """Children of bounded nodes, and the place of each one's parent; a final node may stay as it is."""


class Front(NamedTuple):
    """A search on its way: `value` is h_A(u) - h_B(u) for u = `U`[0], or 0 where that is less.

    No bound of an open node of `nodes` exceeds its entry of `bounds`.
    Bounds of closed nodes are at most `closed`; all this in the units of the pair. `U` (m, r) are directions reached,
    highest first; `visits` counts the steps so far.
    """

    tree: Tree
    nodes: Nodes
    bounds: Array
    closed: float
    value: float
    U: Array
    visits: int

    @property
    def best(self) -> float:
        """The value, in the units of X lam."""
        return self.tree.pair.units(self.value)

    @property
    def upper(self) -> float:
        """A bound on the maximum over the sphere, in the units of X lam."""
        return self.tree.pair.units(max(self.value, self.closed, self.bounds.max(initial=0.0)) + self.tree.slack)

    @property
    def open(self) -> float:
        """The largest bound of an open node less rounding, in the units of X lam: worth a look if above a level."""
        return self.tree.pair.units(self.bounds.max(initial=0.0) - self.tree.pair.rounding)


def front(tree: Tree, value: float, u: Array, upper: float) -> Front:
    """Nothing bounded yet: a value reached at u, and a bound on all directions."""
    return Front(tree, tree.roots, np.full(len(tree.roots), upper), value, value, u[None], 0)


def advanced(at: Front, goal: float, batch: int, until: float = np.inf) -> Front:
    """The `batch` open nodes of the highest bounds, bounded and closed or split; the goal in the units of X lam.

    If none are left open, the maximum lies within rounding of max(value, goal) or below.
    """
    tree, pair = at.tree, at.tree.pair
    level = max(at.value, float(np.ldexp(goal, -pair.exponent))) + pair.rounding
    now = _foremost(at.bounds, batch)
    later = np.ones(len(at.bounds), dtype=bool)
    later[now] = False
    near = tree.bound(at.nodes[now], level, until)
    bound = np.fmin(at.bounds[now], near.upper)  # a bound that is no number closes nothing
    # A final node left on the near side of the level has been measured as well as can be.
    alive = (bound > level) & ~(tree.final(at.nodes[now]) & (near.lower <= level))
    open_ = Nearest(*(field[alive] for field in near))
    value, U = _improved(pair, at.value, at.U, open_.residual, until)
    children, parent = tree.split(at.nodes[now[alive]], open_)
    return Front(
        tree,
        np.concatenate([at.nodes[later], children]),
        np.concatenate([at.bounds[later], bound[alive][parent]]),
        max(at.closed, float(bound[~alive].max(initial=0.0))),
        value,
        U,
        at.visits + 1,
    )


def _foremost(bounds: Array, n: int) -> Index:
    """The n highest bounds; the newest ones once there are too many, which keeps them from growing further."""
    if n >= len(bounds):
        return np.arange(len(bounds))
    return np.argpartition(-bounds, n)[:n] if len(bounds) < MANY else np.arange(len(bounds) - n, len(bounds))


def highest(pair: Zonotopes, U: Array) -> tuple[float, Array]:
    """The largest height of directions U, and those that are kept, highest first."""
    heights = pair.height(U)
    order = np.argsort(-heights, kind="stable")[:KEPT]
    return float(heights[order[0]]), U[order]


def _improved(pair: Zonotopes, value: float, U: Array, directions: Array, until: float) -> tuple[float, Array]:
    """Of (value, U), and of what the climb from the 32 highest directions reaches if one is above value."""
    V = unit(directions)
    heights = pair.height(V)
    V = V[np.argsort(-heights)[:32]]
    if heights.max(initial=value) <= value:
        return value, U
    return highest(pair, np.vstack([climb(pair, V, np.ones(len(V)), until=until)[0], V[:1], U]))
