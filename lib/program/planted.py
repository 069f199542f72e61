"""Recovery of a planted linear model by a network with a penalised skip: one number decides (ours)."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg import null_space

from lib.data import Array, validated_matrix
from lib.program.affine import Affine
from lib.program.margin import least_norm
from lib.program.solution import Watch, checked
from lib.results import result, silent


@result
class Recovery(NamedTuple):
    """`lower` <= kappa <= `upper` = d_H(lam), with X'lam = w / ||w||."""

    lower: float
    upper: float
    lam: Array


def recovery(
    X: ArrayLike, w: ArrayLike, *, tol: float = 1e-3, seconds: float = np.inf, progress: Watch = silent
) -> Recovery:
    """kappa = min { d_H(lam) : X'lam = w / ||w|| }, to a relative gap of `tol`, certified on both sides (ours).

    Among the networks f(x) = x'w0 + sum_i c_i (x'u_i)_+ with f(x_n) = x_n'w, w0 = w without neurons has the least
    ||w0|| + sum_i |c_i| iff kappa <= 1, and alone if kappa < 1. Always kappa >= 1/2. Its reciprocal is the least norm
    of neurons that, with a free skip orthogonal to w, add up to the linear function x'w / ||w||; so the patterns are
    never listed. `seconds` and `progress` (of bounds of 1 / kappa) are those of `max_margin`.
    Raises `ValueError` if X does not have full column rank, or for w = 0. Source: thm-recovery-kappa.
    """
    X, w = validated_matrix(X), np.asarray(w, dtype=float)
    checked(tol, seconds)
    if w.shape != (X.shape[1],) or not np.isfinite(w).all() or not w.any():
        raise ValueError(f"w must be ({X.shape[1]},) as the columns of X, finite and not 0; got {w}")
    rank = np.linalg.matrix_rank(X)
    if rank < X.shape[1]:
        raise ValueError(
            f"X must have full column rank, {X.shape[1]}; it has {rank}, so that w is not determined by X w: add rows, "
            "or drop columns that depend on others"
        )
    unit = w / np.abs(w).max()
    unit /= np.linalg.norm(unit)
    others, lengths = Affine(X @ null_space(unit[None]), X[:, :0]), np.linalg.norm(X, axis=1)
    lengths[lengths == 0] = 1.0
    found = least_norm(X, X @ unit, others, lengths, "none", tol, seconds, progress).interval
    return Recovery(max(1 / found.upper, 0.5), 1 / found.lower, found.lam / found.lower)
