"""The command line, the reports, and networks from elsewhere: what a stranger meets on the first try."""

import csv
import json
import os
import re
import subprocess
import sys
from decimal import Decimal, localcontext
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from lib import program
from lib.adapters import from_layers
from lib.bounds import decay_lower, decay_upper, norm_upper, path_norm
from lib.checker import check_file
from lib.cli import BAD_INPUT, IMPROVABLE, OPTIMAL, UNDECIDED, main
from lib.data import Array, gaussian, with_bias
from lib.losses import LOSSES
from lib.network import Network, balanced, dual_variable, margins
from lib.report import report_decay, report_margin
from lib.report.text import as_text
from lib.zonotope import hausdorff
from tests.test_adapters import B1, B2, POINTS, VALUES, W1, W2, safetensors, tensors

ROOT = Path(__file__).parents[1]

# One neuron an example on orthogonal data: a stationary point of cost 3, while the optimum is sqrt 3.
APART = Network(np.eye(3), np.ones(3))
JOINT = Network(np.full((3, 1), 3**-0.25), [3**0.25])


def written(path: Path, X: Array, labels: list[str], header: bool = True) -> Path:
    """A CSV file with the label last."""
    with open(path, "w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        if header:
            table.writerow([*(f"f{j}" for j in range(X.shape[1])), "kind"])
        table.writerows([*row, label] for row, label in zip(X.tolist(), labels, strict=True))
    return path


@pytest.fixture
def orthogonal(tmp_path: Path) -> Path:
    """Three orthogonal examples of label a; the fourth, of label b, is far away and opposite to nothing."""
    return written(tmp_path / "train.csv", np.eye(4), ["b", "b", "b", "a"])


def four(net: Network) -> Network:
    """The network with a neuron for the fourth example: cost 1 more."""
    W1 = np.block([[net.W1, np.zeros((3, 1))], [np.zeros((1, net.m)), np.ones((1, 1))]])
    return Network(W1, np.append(net.w2, -1))


def saved(path: Path, net: Network) -> Path:
    np.savez(path, W1=net.W1, w2=net.w2)
    return path


def run(*args: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "lib", *map(str, args)]
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )


# --- end to end ------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_an_improvable_network_is_told_what_it_lacks(orthogonal: Path, tmp_path: Path) -> None:
    """Catches a wrong verdict, exit status, interval or missing neuron where all are known: the network has one neuron
    an example, cost 4; the best has cost sqrt 3 + 1; missing is (1, 1, 1, 0) / sqrt 3, active on examples 0, 1, 2."""
    done = run("certify", "--data", orthogonal, "--network", saved(tmp_path / "net.npz", four(APART)), "--json")
    assert done.returncode == IMPROVABLE, done.stderr
    report = json.loads(done.stdout)
    assert report["verdict"] == "improvable" and report["value"] == pytest.approx(4)
    assert report["lower"] <= 3**0.5 + 1 + 1e-9 and report["upper"] >= 3**0.5 + 1 - 1e-9
    assert report["upper"] == pytest.approx(3**0.5 + 1, rel=1e-5)
    assert report["missing"]["active"] == [0, 1, 2] and report["missing"]["sign"] == 1
    assert report["missing"]["height"] == pytest.approx(3**0.5, rel=1e-6)


@pytest.mark.slow
def test_an_optimal_network_is_certified_and_its_certificate_checked(orthogonal: Path, tmp_path: Path) -> None:
    """Catches a certificate that `check` refuses, a leftover file, and a changed digit that goes through."""
    proof = tmp_path / "proof.jsonl"
    net = saved(tmp_path / "net.npz", four(JOINT))
    done = run("certify", "--data", orthogonal, "--network", net, "--certificate", proof)
    assert done.returncode == OPTIMAL, done.stdout + done.stderr
    assert "verdict         optimal" in done.stdout and "is proved, for 4 examples" in done.stdout
    assert sorted(path.name for path in tmp_path.iterdir()) == ["net.npz", "proof.jsonl", "train.csv"]
    checked = run("check", proof)
    assert checked.returncode == 0 and "<= P* <=" in checked.stdout
    proof.write_text(proof.read_text().replace('"x": "1 0', '"x": "2 0', 1))
    refused = run("check", proof)
    assert refused.returncode == 1 and refused.stdout.startswith("refused: line ")
    assert "Traceback" not in refused.stderr


def test_without_a_network_the_best_one_is_computed(orthogonal: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Catches a missing default: data alone are enough."""
    assert main(["certify", "--data", str(orthogonal), "--no-bias", "--json"]) == OPTIMAL
    assert json.loads(capsys.readouterr().out)["value"] == pytest.approx(3**0.5 + 1, rel=1e-4)


def test_what_is_open_without_solving_stays_open(
    orthogonal: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Catches a verdict that claims more than the network's own bound proves."""
    net = saved(tmp_path / "net.npz", four(APART))
    assert main(["certify", "--data", str(orthogonal), "--network", str(net), "--no-solve"]) == UNDECIDED
    out = capsys.readouterr().out
    assert "undecided: the best value is between" in out and "3 examples, rows 0, 1, 2" in out


def test_a_network_that_errs_is_told_where(
    orthogonal: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Catches a network that does not separate the data and is not told which examples fail."""
    net = saved(tmp_path / "net.npz", Network(np.eye(4)[:, :2], np.ones(2)))
    assert main(["certify", "--data", str(orthogonal), "--network", str(net)]) == IMPROVABLE
    out = capsys.readouterr().out
    assert "2 examples on the wrong side, rows 2, 3" in out and "it does not fit the data" in out


def test_weight_decay_end_to_end(orthogonal: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Catches a command that ignores the loss, and JSON that is not JSON."""
    net = saved(tmp_path / "net.npz", four(APART))
    options = ["--loss", "logistic", "--beta", "0.1", "--json"]
    assert main(["certify", "--data", str(orthogonal), "--network", str(net), *options]) == IMPROVABLE
    report = json.loads(capsys.readouterr().out)
    assert report["objective"] == "logistic loss with weight decay 0.1"
    assert report["lower"] <= report["upper"] < report["value"]


# --- errors, read aloud --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (["--data", "nowhere.csv"], "nowhere.csv: No such file"),
        (["--network", "nowhere.npz"], "nowhere.npz"),
        (["--network", "net.pkl"], "a network is a file .npz, .npy or .safetensors, not a PyTorch pickle"),
        (["--label", "colour"], "there is no column 'colour'; the columns are f0, f1, f2, f3, kind"),
        (["--positive", "c"], "no example has the label 'c'; the labels are a and b"),
        (["--label", "f0"], "kind: 'b' is not a finite number"),
        (["--bias"], "the network was saved with 4 inputs, but the table has 4 features and a column of ones"),
        (["--tol", "0"], "--tol must be positive"),
        (["--loss", "squared"], "needs --beta"),
        (["--beta", "1"], "--beta needs such a --loss"),
        (["--loss", "squared", "--beta", "-1"], "--beta must be positive"),
        (["--loss", "squared", "--beta", "1", "--certificate", "c"], "--certificate is for the largest margin"),
    ],
)
def test_errors_say_what_to_do(
    change: list[str], message: str, orthogonal: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Catches a traceback, a wrong exit status, and a message that does not name the place."""
    net = saved(tmp_path / "net.npz", four(JOINT))
    assert main(["certify", "--data", str(orthogonal), "--network", str(net), *change]) == BAD_INPUT
    err = capsys.readouterr().err
    assert message in err and err.startswith("python -m lib certify: ") and err.count("\n") == 1


@pytest.mark.parametrize("args", [[], ["certify"], ["certify", "--data"], ["solve"], ["check", "a", "b"]])
def test_usage_errors_are_bad_input(args: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Catches argparse's status 2, which here means undecided."""
    with pytest.raises(SystemExit) as stop:
        main(args)
    assert stop.value.code == BAD_INPUT and "usage: python -m lib" in capsys.readouterr().err


def test_help_states_the_exit_status(capsys: pytest.CaptureFixture[str]) -> None:
    """Catches a help text that leaves out what a script needs."""
    with pytest.raises(SystemExit) as stop:
        main(["certify", "--help"])
    out = capsys.readouterr().out
    assert stop.value.code == 0 and "0 the network is optimal within --tol, 1 a better network is known" in out


def test_checking_what_is_no_certificate(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Catches a traceback on a file of another kind, and a missing file taken for a refused one."""
    (tmp_path / "image").write_bytes(bytes(range(256)) * 100)
    assert main(["check", str(tmp_path / "image")]) == 1
    assert capsys.readouterr().out.startswith("refused: line 1: the line is not JSON")
    assert main(["check", str(tmp_path / "nowhere")]) == BAD_INPUT
    assert main(["check", str(tmp_path)]) == BAD_INPUT


# --- reports ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
def test_the_report_brackets_the_solution_of_the_program(seed: int) -> None:
    """Catches a bound on the wrong side, for networks that are random, scaled, unbalanced and optimal."""
    rng = np.random.default_rng(seed)
    X, y, _ = gaussian(8, 3, rng)
    solution = program.max_margin(X, y)
    optimum = solution.primal_value
    wide = Network(np.hstack([3 * solution.network.W1, 1e-3 * rng.standard_normal((3, 5))]),
                   np.append(solution.network.w2 / 2, 1e-3 * rng.standard_normal(5)))  # fmt: skip
    for net in (wide, solution.network, balanced(3, 4, 1.0, rng)):
        report = report_margin(net, X, y)
        assert report.lower <= optimum * (1 + 1e-5) and report.upper >= optimum * (1 - 1e-5)
        assert report.value >= optimum * (1 - 1e-5)
        assert (report.verdict == "optimal") == (report.value <= (1 + 1e-3) * report.lower)
    assert report_margin(solution.network, X, y).verdict == "optimal"


@pytest.mark.parametrize("loss", ["logistic", "squared"])
def test_the_regularised_bound_is_below_every_network_and_tight_at_the_best(loss: str) -> None:
    """Catches a wrong conjugate or scaling: weak duality against random networks, and no gap at the optimum."""
    rng = np.random.default_rng(1)
    X, y, _ = gaussian(8, 3, rng)
    solution = program.regularised(X, y, loss, 0.3, tol=1e-8)
    best = decay_upper(solution.network, X, y, LOSSES[loss], 0.3)
    nets = [balanced(3, 5, scale, rng) for scale in np.geomspace(0.01, 3, 30)]
    duals = [dual_variable(net, X, y, loss) for net in nets]
    bounds = [decay_lower(lam, y, hausdorff(X, lam).upper, LOSSES[loss], 0.3)[0] for lam in duals]
    assert max(bounds) <= min(best, *(decay_upper(net, X, y, LOSSES[loss], 0.3) for net in nets))
    report = report_decay(solution.network, X, y, loss, 0.3, tol=1e-5)
    assert report.verdict == "optimal" and report.residual < 1e-2
    assert report.lower <= best
    assert report_decay(nets[10], X, y, loss, 0.3).verdict == "improvable"


def test_the_missing_neuron_lowers_the_regularised_value() -> None:
    """Catches a missing neuron of the wrong sign or direction: a little of it is added, and the value must fall at the
    rate beta (1 - height)."""
    X, y, net = np.eye(3), np.ones(3), Network(np.eye(3), np.ones(3))
    neuron = report_decay(net, X, y, "logistic", 0.05, solve=False).missing
    eps = 1e-5
    more = Network(np.column_stack([net.W1, eps**0.5 * neuron.u]), np.append(net.w2, neuron.s * eps**0.5))
    change = decay_upper(more, X, y, LOSSES["logistic"], 0.05) - decay_upper(net, X, y, LOSSES["logistic"], 0.05)
    assert neuron.height > 1 and change == pytest.approx(0.05 * eps * (1 - neuron.height), rel=1e-3)


def test_rounding_is_outward() -> None:
    """Catches a bound that excludes the truth by its last digit, computed or printed: P* = sqrt N is known."""
    for N in (2, 3, 5, 6, 7, 10):
        net = Network(np.full((N, 1), N**-0.25), [N**0.25])
        report = report_margin(net, np.eye(N), np.ones(N))
        assert Fraction(report.lower) ** 2 <= N <= Fraction(report.upper) ** 2
        low, high = re.search("between (.*) and (.*)", as_text(report, "")).groups()  # type: ignore[union-attr]
        assert Fraction(low) ** 2 < N < Fraction(high) ** 2 and Fraction(high) - Fraction(low) < Fraction(1, 10**7)


def test_upper_bounds_are_above_the_exact_value() -> None:
    """Catches a path norm or a margin that rounding has made too good: against the same sums with fifty digits."""
    rng = np.random.default_rng(2)
    with localcontext(prec=50):
        for _ in range(200):
            net = Network(rng.standard_normal((3, 4)), rng.standard_normal(4))
            W1, w2 = ([list(map(Decimal, row)) for row in a.tolist()] for a in (net.W1.T, net.w2[None]))
            exact = sum(abs(a) * sum(b * b for b in w).sqrt() for a, w in zip(w2[0], W1, strict=True))
            assert exact <= Decimal(path_norm(net)) <= exact * (1 + Decimal("1e-13"))
            x = rng.standard_normal((1, 3))
            f = sum(a * max(Decimal(0), sum(b * Decimal(c) for b, c in zip(w, x[0].tolist(), strict=True)))
                    for a, w in zip(w2[0], W1, strict=True))  # fmt: skip
            if abs(f) > Decimal("1e-9"):
                assert exact / abs(f) <= Decimal(norm_upper(net, x, np.array([np.sign(float(f))])))


# --- data and networks of others, end to end ----------------------------------------------------------------------


def test_margins_of_a_foreign_network_reach_the_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Catches a bias column that is not appended although the network has biases."""
    net = from_layers(W1, B1, W2, B2)
    path = written(tmp_path / "t.csv", POINTS, ["1" if f > 0 else "0" for f in VALUES], header=False)
    (tmp_path / "net.safetensors").write_bytes(safetensors(tensors(True)))
    arguments = ["certify", "--data", str(path), "--network", str(tmp_path / "net.safetensors"), "--no-solve", "--json"]
    main(arguments)
    report = json.loads(capsys.readouterr().out)
    expected = margins(net, with_bias(POINTS), np.sign(VALUES)).min()
    assert report["margin"] == pytest.approx(expected)


def test_the_iris_certificate(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Catches a loss of digits on real data: the interval for iris agrees to six digits, its file is short."""
    from lib.data import source

    X, y, _ = source("iris")
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    path, proof = written(tmp_path / "iris.csv", X, ["1" if s > 0 else "0" for s in y]), tmp_path / "iris.jsonl"
    assert main(["certify", "--data", str(path), "--certificate", str(proof)]) == OPTIMAL
    verdict = check_file(proof)
    assert verdict.accepted and verdict.upper - verdict.lower < verdict.lower / 10**6
    assert proof.stat().st_size < 60_000 and re.search("is proved, for 100 examples in 5", capsys.readouterr().out)
