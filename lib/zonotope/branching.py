"""Branch and bound on max h_A - h_B over the sphere: best first, in batches, honest when stopped.

A tree divides the directions among its nodes. It bounds h_A - h_B on a node by a distance to Z_B plus a cone, and
splits nodes. A node is closed once its bound is at most the best value known, or at most the goal of the caller.
"""

from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from lib.zonotope.ascent import climb, unit
from lib.zonotope.projection import Index, Nearest
from lib.zonotope.support import Array, Mask, Zonotopes

Nodes = NDArray  # (n, ...): one node a slice, in the tree's own encoding


class Tree(Protocol):
    """What divides the directions: `roots` covers all of them, the children of a node cover the node."""

    pair: Zonotopes
    roots: Nodes
    batch: int
    slack: float  # rounding of a bound, beyond that of a distance

    def bound(self, nodes: Nodes, level: float) -> Nearest:
        """h_A - h_B <= upper on each node, in which r points to where it may be reached."""

    def final(self, nodes: Nodes) -> Mask:
        """Where the bound is that of a single cell, and no split can lower it."""

    def split(self, nodes: Nodes, r: Array) -> tuple[Nodes, Index]:
        """Children, and the place of each one's parent in `nodes`; a final node may stay as it is."""


class Search(NamedTuple):
    """`value` = h_A(u) - h_B(u) <= maximum over the sphere <= `upper`."""

    value: float
    upper: float
    u: Array


def search(tree: Tree, value: float, u: Array, goal: float, budget: int) -> Search:
    """Close or bound all nodes, from a value known to be reached at u; at most `budget` nodes are bounded.

    If the nodes run out first, the maximum lies within rounding of max(value, goal) or below; else `upper` is the
    largest bound left open.
    """
    pair = tree.pair
    nodes, bounds, closed = tree.roots, np.full(len(tree.roots), np.inf), value
    while len(nodes) and budget > 0:
        level = max(value, goal) + pair.rounding
        order = np.argsort(-bounds, kind="stable")
        now, later = order[: tree.batch], order[tree.batch :]
        near = tree.bound(nodes[now], level)
        bound = np.minimum(bounds[now], near.upper)
        budget -= len(now)
        # A final node left on the near side of the level has been measured as well as can be.
        alive = (bound > level) & ~(tree.final(nodes[now]) & (near.lower <= level))
        closed = max(closed, bound[~alive].max(initial=0.0))
        value, u = _improved(pair, value, u, near.residual[alive])
        children, parent = tree.split(nodes[now[alive]], near.residual[alive])
        nodes = np.concatenate([nodes[later], children])
        bounds = np.concatenate([bounds[later], bound[alive][parent]])
    return Search(value, max(value, closed, bounds.max(initial=0.0)) + tree.slack, u)


def _improved(pair: Zonotopes, value: float, u: Array, directions: Array) -> tuple[float, Array]:
    """The better of (value, u) and what the climb from the 32 highest directions reaches, if one is above value."""
    U = unit(directions)
    heights = pair.height(U)
    U = U[np.argsort(-heights)[:32]]
    if heights.max(initial=value) <= value:
        return value, u
    U = np.vstack([U, climb(pair, U, np.ones(len(U)))[0]])
    heights = pair.height(U)
    return float(heights.max()), U[heights.argmax()]
