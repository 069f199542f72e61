"""Plots draw what `lib` computes, in one style that colour-blind readers can read, and refuse what they cannot draw."""

from collections.abc import Callable

import matplotlib as mpl
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb, to_rgba
from matplotlib.figure import Figure
from matplotlib.patches import Wedge
from matplotlib.text import Annotation

import figures
from lib.zonotope import growth, hausdorff

X = np.array([[1.0, 0.3], [0.4, 1.1], [-0.9, 0.5], [-0.2, -1.0]])
X3 = np.array([[1.0, 0.2, 0.1], [0.1, 1.0, -0.3], [-0.6, 0.4, -0.8]])
Y = np.array([1.0, 1.0, -1.0, -1.0])
LAM = Y * [0.3, 0.2, 0.4, 0.1]
LOG_T = np.r_[-np.inf, np.geomspace(0.5, 1e4, 80)]
LOWER = 2 - 1 / (1 + np.maximum(LOG_T, 0))
UPPER = np.where(LOG_T > 2, 2 + 5 / np.maximum(LOG_T, 1), np.inf)

DRAWINGS: dict[str, Callable[[Axes], Axes]] = {
    "examples": lambda ax: figures.examples(ax, X, Y),
    "arrangement": lambda ax: figures.arrangement(ax, X, Y, np.array([0.8, 0.6])),
    "zonotopes": lambda ax: figures.zonotopes(ax, X, LAM),
    "duel": lambda ax: figures.duel(ax, X, Y, np.array([0.8, 0.6])),
    "basins": lambda ax: figures.basins(ax, X, LAM),
    "globe": lambda ax: figures.globe(ax, X3, Y[:3]),
    "neurons": lambda ax: figures.neurons(ax, X3, Y[:3], X3.T, np.array([1.0, -1.0, 1.0])),
    "landings": lambda ax: figures.landings(ax, X3, np.array([0, -1, 1]), X3[:2]),
    "ellipsoid, two rows": lambda ax: figures.ellipsoid(ax, X3[:2], np.ones(2)),
    "ellipsoid, three rows": lambda ax: figures.ellipsoid(ax, X3, np.ones(3)),
    "bracket": lambda ax: figures.bracket(ax, LOG_T, LOWER, UPPER),
    "gap": lambda ax: figures.gap(ax, LOG_T, LOWER, UPPER),
}


@pytest.fixture
def ax() -> Axes:
    return Figure().subplots()


@pytest.mark.parametrize("name", DRAWINGS)
def test_a_plot_draws_and_returns_its_axes(ax: Axes, name: str) -> None:
    """Catches a plot that draws nothing, that returns something else, or that cannot be rendered."""
    assert DRAWINGS[name](ax) is ax
    assert len(ax.lines) + len(ax.patches) + len(ax.collections) + len(ax.texts) > 0
    assert isinstance(ax.figure, Figure)
    ax.figure.canvas.draw()


@given(arrays(float, (5, 2), elements=st.floats(-2, 2, width=16)))
def test_corners_span_the_support_function(Z: np.ndarray) -> None:
    """Catches a zonotope drawn with a wrong or missing corner: its support function is sum of (z_n'u)_+."""
    angles = np.linspace(0, 2 * np.pi, 60)
    U = np.column_stack([np.cos(angles), np.sin(angles)])
    assert (U @ figures.corners(Z).T).max(axis=1) == pytest.approx(np.maximum(U @ Z.T, 0).sum(axis=1), abs=1e-9)


@pytest.mark.parametrize("lam", [LAM, -LAM, LAM * [1, 0, 1, 1], LAM * [0, 0, 1, 1]])
def test_the_segment_between_the_zonotopes_has_their_distance(ax: Axes, lam: np.ndarray) -> None:
    """Catches a segment of another length, or one that does not end on both zonotopes."""
    figures.zonotopes(ax, X, lam)
    a, b = np.column_stack(ax.lines[-1].get_data()).astype(float)
    best = hausdorff(X, lam)
    assert np.linalg.norm(a - b) == pytest.approx(best.value, abs=1e-9)
    angles = np.linspace(0, 2 * np.pi, 2000)
    U = np.column_stack([np.cos(angles), np.sin(angles)])
    for end, side in ((a, best.s), (b, -best.s)):
        support = np.maximum(U @ X.T, 0) @ np.maximum(side * lam, 0)
        assert (U @ end <= support + 1e-9).all()


def test_the_ring_shows_where_directions_end(ax: Axes) -> None:
    """Catches a ring with a gap, a colour without its end, and an end from which a small step still climbs."""
    figures.basins(ax, X, LAM)
    ring = [patch for patch in ax.patches if isinstance(patch, Wedge)]
    assert sum(arc.theta2 - arc.theta1 for arc in ring) == pytest.approx(360)
    ends = np.array([word.xy for word in ax.texts if isinstance(word, Annotation) and word.arrow_patch])
    tones = {arc.get_facecolor() for arc in ring} - {to_rgba(figures.HAIR)}
    assert len(ends) == len(tones) > 0
    near = np.arctan2(ends[:, 1], ends[:, 0]) + np.array([[-1e-3], [0], [1e-3]])
    heights = growth(X, LAM, np.stack([np.cos(near), np.sin(near)], axis=-1), 1.0)
    assert (heights[1] >= heights.max(axis=0)).all()


@pytest.mark.parametrize("lam", [np.array([0.6, 0.8]), np.array([0.2, -1.0]), np.array([-3.0, 0.0])])
def test_the_supporting_line_touches_the_ellipsoids(ax: Axes, lam: np.ndarray) -> None:
    """Catches a line at another distance, or sets Q and -Q that are not what neurons can reach."""
    figures.ellipsoid(ax, X[:2], lam)
    *_, positive, negative, support = (np.column_stack(line.get_data()).astype(float) for line in ax.lines)
    d_H = hausdorff(X[:2], lam).value
    assert support @ lam == pytest.approx([d_H, d_H])
    assert max((positive @ lam).max(), (negative @ lam).max()) == pytest.approx(d_H, rel=1e-3)
    assert (positive >= 0).all() and (negative <= 0).all()


@pytest.mark.parametrize(("turn", "tilt"), [(0, 0), (35, 22), (-120, 80)])
def test_a_view_is_a_rotation(turn: float, tilt: float) -> None:
    """Catches a view that stretches or mirrors what it shows."""
    R = figures.seen(np.eye(3), turn, tilt)
    assert pytest.approx(np.eye(3), abs=1e-12) == R @ R.T
    assert np.linalg.det(R) == pytest.approx(1)


def test_the_view_turns_about_the_third_axis() -> None:
    """Catches turn and tilt changing places: without tilt the third axis points up."""
    assert figures.seen([0, 0, 1], 70, 0) == pytest.approx([0, 1, 0])
    assert figures.seen([1, 0, 0], 0, 0) == pytest.approx([0, 0, 1])


@pytest.mark.parametrize("x", [*X3, X[0], np.array([0.0, 0.0, 2.0])])
def test_an_equator_lies_in_the_hyperplane_and_on_the_sphere(x: np.ndarray) -> None:
    """Catches a circle drawn for another row."""
    curve = figures.equator(x)
    assert curve @ x == pytest.approx(np.zeros(len(curve)), abs=1e-12)
    assert np.linalg.norm(curve, axis=1) == pytest.approx(np.ones(len(curve)))


@pytest.mark.parametrize("rows", [X3, X3[:2], X[:3], X[:2, :1]])
def test_coordinates_keep_inner_products(rows: np.ndarray) -> None:
    """Catches an ellipsoid drawn for other data: it depends on the inner products alone."""
    small = figures.coordinates(rows)
    assert small.shape == (len(rows), len(rows))
    assert small @ small.T == pytest.approx(rows @ rows.T)


def test_the_bracket_is_drawn_where_it_is_finite(ax: Axes) -> None:
    """Catches infinite upper bounds entering the limits, or finite ones left out."""
    figures.bracket(ax, LOG_T, LOWER, UPPER)
    lower, upper = ax.lines[0].get_ydata(), ax.lines[1].get_ydata()
    assert len(lower) == (LOG_T >= 1).sum()
    assert len(upper) == np.isfinite(UPPER).sum()
    assert np.isfinite(ax.get_ylim()).all()


@pytest.mark.parametrize(
    ("draw", "needle"),
    [
        (lambda ax: figures.examples(ax, X3, Y[:3]), "2 columns"),
        (lambda ax: figures.zonotopes(ax, X3, Y[:3]), "2 columns"),
        (lambda ax: figures.globe(ax, np.ones((3, 4)), Y[:3]), "2 or 3 columns"),
        (lambda ax: figures.ellipsoid(ax, X, LAM), "2 or 3 rows"),
    ],
)
def test_what_cannot_be_drawn_is_refused(ax: Axes, draw: Callable[[Axes], Axes], needle: str) -> None:
    """Catches a projection drawn as if it were the data."""
    with pytest.raises(ValueError, match=needle):
        draw(ax)


# --- the style -------------------------------------------------------------------------------------


def luminance(colour: str) -> float:
    r, g, b = (v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in to_rgb(colour))
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


# Machado, Oliveira and Fernandes 2009, severity 1: what the three kinds of dichromats see, in linear RGB.
DICHROMATS = {
    "protan": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deutan": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritan": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}


@pytest.mark.parametrize("kind", DICHROMATS)
def test_the_colours_differ_for_colour_blind_readers(kind: str) -> None:
    """Catches two meanings in colours that a colour-blind reader confuses."""
    rgb = np.array([to_rgb(c) for c in (figures.POS, figures.NEG, figures.MARK)])
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    seen = np.clip(linear @ np.array(DICHROMATS[kind]).T, 0, 1) ** (1 / 2.2)
    assert min(np.linalg.norm(seen[i] - seen[j]) for i, j in ((0, 1), (0, 2), (1, 2))) > 0.2


@pytest.mark.parametrize("colour", [figures.POS, figures.NEG, figures.MARK, figures.INK, figures.SOFT])
def test_every_colour_stands_out_from_the_ground(colour: str) -> None:
    """Catches a line too faint to see: 3 to 1 against white (WCAG 2, graphics)."""
    assert 1.05 / (luminance(colour) + 0.05) >= 3


def test_the_style_is_used_on_request_only() -> None:
    """Catches an import that changes other people's plots, and a `use_style` that changes nothing."""
    with mpl.rc_context():
        mpl.rcdefaults()
        figures.drawn(lambda figure: figure.subplots())
        assert mpl.rcParams["axes.spines.top"]
        figures.use_style()
        assert not mpl.rcParams["axes.spines.top"]
        assert mpl.rcParams["savefig.facecolor"] == "white"
