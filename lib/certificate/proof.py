"""The certificate of a network and a dual variable: lower <= P* <= upper, with everything needed to check it.

Rounding to short decimals is paid for in advance: lam shrinks and the network grows by a relative `SLACK`, so what
is written is feasible exactly and the interval widens by about 4 SLACK.
"""

import hashlib
import sys
from contextlib import nullcontext
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from lib.adapters.files import written
from lib.bounds import path_norm
from lib.certificate.cones import Sides, TooManyCones, cones
from lib.certificate.decimals import above, below, places, printed, rounded, texts
from lib.checker import FORMAT, VERSION, encoded
from lib.data import EPS, Array, Index, signed_dual, validated
from lib.kkt import normalised
from lib.network import Network
from lib.zonotope import hausdorff

Record = dict[str, Any]
SLACK = 1e-9
NOISE = 1e-10  # entries of lam below this share of the sum are left out


def _neurons(X: Array, y: Array, net: Network) -> list[Record]:
    """w_i = |w2_i| w1_i / gamma with signs, grown by 2 SLACK: margins >= 1 survive the rounding of the weights."""
    net = normalised(net, X, y)
    V = (net.W1 * np.abs(net.w2)).T * (1 + 2 * SLACK)
    kept = np.linalg.norm(V, axis=1) > 0
    # each of the margins moves by at most sum_i |x_n| |error of w_i|
    digits = places(SLACK / (1 + np.abs(X).sum(axis=1).max() * kept.sum()))
    signed = zip(np.sign(net.w2[kept]), texts(V[kept], digits), strict=True)
    return [{"neuron": i, "sign": int(sign), "w": " ".join(w)} for i, (sign, w) in enumerate(signed)]


def _scale(X: Array, lam: Array, seconds: float) -> tuple[Array, float]:
    """lam / d_H(lam) without a solver's noise, and what double precision loses in the bounds of its cones."""
    lam = np.where(np.abs(lam) > NOISE * np.abs(lam).sum(), lam, 0.0)
    upper = hausdorff(X, lam, seconds=seconds).upper
    scaled = lam / upper if upper > 0 else np.zeros_like(lam)
    mass = float(np.abs(scaled) @ np.linalg.norm(X, axis=1))
    return scaled, 8 * EPS * (len(X) + X.shape[1]) * mass


def _dual(X: Array, lam: Array, rounding: float, slack: float) -> list[str]:
    """lam, shrunk so that the rounding of its entries and of the cones' coefficients keeps d_H(lam) <= 1 - slack."""
    lengths = np.linalg.norm(X[lam != 0], axis=1).sum()
    digits = places(SLACK / (1 + lengths))
    return [rounded(value, digits) for value in lam * (1 - slack - 2 * SLACK - 2 * rounding)]


def _order(X: Array, lam: Array, rows: Index) -> Index:
    """Support rows, chosen from the last one on so that the radius r of those without a sign grows least."""
    G = X[rows] * lam[rows, None]
    gram = np.abs(G @ G.T)
    adds, last = gram.diagonal() / 2, list[int]()  # half of what a row adds to the sum under the root
    for _ in rows:
        last.append(int(adds.argmin()))
        adds = adds + gram[last[-1]]
        adds[last] = np.inf
    return rows[last[::-1]]


def _listed(rows: Index) -> str:
    return " ".join(map(str, rows))


def _side(X: Array, lam: Array, s: int, rounding: float) -> list[Record]:
    """The line of a side and the lines of its cones."""
    own, opposite = (_order(X, lam, np.flatnonzero(sign * lam > 0)) for sign in (s, -s))
    G = X * np.abs(lam)[:, None]
    head = {"side": s, "own": _listed(own), "opposite": _listed(opposite)}
    try:
        found = cones(Sides(G[own], G[opposite], rounding))
    except TooManyCones as error:
        raise ValueError(
            f"lam has {len(own)} and {len(opposite)} rows in its support: {error}; use a lam of fewer rows, such as "
            "that of the rows of largest |lam_n| ||x_n|| alone, more slack, or fewer features "
            "(lib.data.load(..., components=4) keeps four)"
        ) from error
    return [head, *({"cone": cone.signs, "own": cone.own, "opposite": cone.opposite} for cone in found)]


def _examples(X: ArrayLike, y: Array, dual: list[str]) -> list[Record]:
    """The data as it prints: exact numbers of an object array, the shortest decimals of floats."""
    entries = np.asarray(X)
    entries = entries if entries.dtype == object else entries.astype(np.float64)
    rows = zip([" ".join(map(printed, row)) for row in entries], y, dual, strict=True)
    return [{"example": n, "y": int(s), "x": x, "lam": lam} for n, (x, s, lam) in enumerate(rows)]


def _header(shape: tuple[int, ...], neurons: list[Record], dual: list[str]) -> Record:
    """The first line: sizes, and the interval, rounded outward to about nine digits."""
    W = np.array([neuron["w"].split() for neuron in neurons], dtype=np.float64)
    cost = path_norm(Network(W.T, np.ones(len(W))))  # sum_i |w_i| of the weights as written, rounded up
    digits = max(0, 9 - int(np.floor(np.log10(cost))))
    return {
        "certificate": FORMAT,
        "version": VERSION,
        "examples": shape[0],
        "features": shape[1],
        "neurons": len(neurons),
        "lower": below(sum(map(abs, map(Fraction, dual)), Fraction(0)), digits),
        "upper": above(Fraction(cost), digits),
    }


def _closed(certificate: Record) -> Record:
    """With its last line: how many lines there are, and the SHA-256 of those before it."""
    body = encoded(certificate | {"end": {}})[:-1]
    return certificate | {"end": {"end": len(body) + 1, "sha256": hashlib.sha256(b"".join(body)).hexdigest()}}


def certify(
    net: Network, X: ArrayLike, y: ArrayLike, lam: ArrayLike, *, slack: float = 0.0, seconds: float = np.inf
) -> Record:
    """A certificate of y'lam / d_H(lam) <= P* <= sum_i |w2_i| |w1_i| / (least margin), as `lib.checker` reads it.

    P* is the least cost (1/2)(||W1||^2 + ||w2||^2) of a network of any width with margins y_n f(x_n) >= 1. `X` (N, d)
    and `y` (N,) are the data; `net` has positive margins; `lam` (N,) has the signs of y and need not be scaled. The
    entries of X are taken as they print: floats by their shortest decimal, which reads back as the same float, and
    fractions.Fraction or decimal.Decimal exactly. With many rows in the support of lam the cones are many: `slack`
    in [0, 1) gives up that share of the lower bound for fewer. d_H(lam) is bounded for `seconds` at most; what is not
    found by then weakens the lower bound. Raises `ValueError` for bad input, or if lam has too large a support.
    Source: thm-certificate-exists.
    """
    X_, y_ = validated(X, y)
    lam_ = signed_dual(X_, y_, lam)
    if not 0 <= slack < 1:
        raise ValueError(f"slack must be in [0, 1), a share of the lower bound; got {slack}")
    scaled, rounding = _scale(X_, lam_, seconds)
    dual = _dual(X_, scaled, rounding, slack)
    neurons = _neurons(X_, y_, net)
    plus, minus = (_side(X_, np.array(dual, dtype=np.float64), s, rounding) for s in (1, -1))
    header, examples = _header(X_.shape, neurons, dual), _examples(X, y_, dual)
    return _closed({"header": header, "neurons": neurons, "examples": examples, "plus": plus, "minus": minus})


def write(certificate: Record, path: str | Path) -> Path:
    """Write a certificate as JSON lines, to standard output for `-`. A file appears complete or not at all."""
    lines = encoded(certificate)
    with nullcontext(sys.stdout.buffer) if str(path) == "-" else written(path) as file:
        file.writelines(lines)
    return Path(path)
