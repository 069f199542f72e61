"""Escape from KKT points that are not optimal, judged by known optima and by a conic solver that saw no flow."""

import numpy as np
import pytest

from lib.data import gaussian
from lib.flow import escape
from lib.losses import get_loss
from lib.network import Network, balanced
from lib.program import reference


@pytest.mark.parametrize("loss", ["exponential", "logistic"])
def test_escape_reaches_the_optimum_of_orthogonal_examples(loss):
    """N neurons that each fit one example: cost 4, twice the optimum; one birth must lead to 2.

    Catches a loss that is not passed on to the flow.
    """
    net = Network(0.1 * np.eye(4), np.full(4, 0.1))
    stages = escape(net, np.eye(4), np.ones(4), loss=loss, tol=1e-4)
    early = stages[0].trajectory
    assert early.losses[0] == pytest.approx(get_loss(loss).value(early.margins[0], 1.0).sum())
    assert stages[0].upper == pytest.approx(4) and stages[0].lower == pytest.approx(2)
    assert len(stages) == 2 and stages[1].trajectory.W1.shape[2] == 5
    assert stages[-1].upper <= 2 * (1 + 1e-4) and stages[-1].lower == pytest.approx(2)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("N", "d", "m", "seed", "stages"), [(8, 3, 12, 11, 4), (12, 3, 20, 0, 4), (6, 3, 12, 0, 2), (8, 2, 10, 2, 2)]
)
def test_small_gaps_close_too(N, d, m, seed, stages):
    """Draws with gaps of 5 %, 26 % and 49 % at their first limits, and one that never fits some examples.

    Catches births that are missing, doubled or of the wrong sign, restarts that forget the last limit, and warnings on
    the way to log t = 1e100: some dual variables are not unique.
    """
    rng = np.random.default_rng(seed)
    X, y, _ = gaussian(N, d, rng)
    found = escape(balanced(d, m, 0.1, rng), X, y, tol=1e-6)
    assert len(found) <= stages
    last, value = found[-1], reference(X, y)
    assert last.lower <= last.upper <= (1 + 1e-6) * last.lower
    assert last.upper == pytest.approx(value.primal_value, rel=1e-5)
    assert found[0].upper > 1.04 * found[0].lower and found[0].upper > 1.001 * last.upper
    assert (np.diff([stage.upper for stage in found if np.isfinite(stage.upper)]) <= 1e-3 * last.upper).all()


def test_an_optimal_limit_needs_no_birth():
    """One covering neuron on orthogonal examples is optimal: one stage, and no neuron more."""
    net = Network(np.array([[0.3], [0.1], [0.2]]), np.array([np.sqrt(0.14)]))
    (stage,) = escape(net, np.eye(3), np.ones(3), tol=1e-8)
    assert stage.upper == pytest.approx(np.sqrt(3), rel=1e-8) and stage.trajectory.W1.shape[2] == 1


@pytest.mark.slow
def test_the_number_of_stages_is_bounded():
    """An alternation that never ends is cut; the last bracket says that it was."""
    rng = np.random.default_rng(9)
    X, y, _ = gaussian(8, 3, rng)
    stages = escape(balanced(3, 12, 0.1, rng), X, y, tol=1e-9, max_stages=2)
    assert len(stages) == 2 and stages[-1].upper > (1 + 1e-9) * stages[-1].lower


def test_a_vanishing_neuron_makes_room_for_a_newborn():
    """A fifth neuron, of 1e-250, sees only the example that has no part in lam, and goes where a neuron is missing.

    Catches one that is kept: its place counts as taken, and four stages pass before it is of any size.
    """
    X, small = np.vstack([np.eye(4, 5), [2.0, 0.0, 0.0, 0.0, 1.0]]), 1e-250
    W1 = np.column_stack([0.1 * np.eye(5, 4), small * np.array([-0.25, 0.0, 0.0, 0.0, 1.0])])
    stages = escape(Network(W1, np.linalg.norm(W1, axis=0).clip(small)), X, np.ones(5), tol=1e-4)
    first = np.linalg.norm(stages[0].trajectory.W1[-1], axis=0)
    assert not stages[0].trajectory.dead.any() and first[4] < 1e-60 * first[0]
    assert len(stages) == 2 and stages[1].upper <= 2 * (1 + 1e-4)
