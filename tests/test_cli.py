"""The command line, the reports, and networks from elsewhere: what a stranger meets on the first try."""

import csv
import errno
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal, localcontext
from fractions import Fraction
from functools import partial
from pathlib import Path

import numpy as np
import pytest

import lib
from lib import program
from lib.adapters import from_layers
from lib.bounds import decay_lower, decay_upper, norm_upper, path_norm
from lib.checker import check_file
from lib.cli import BAD_INPUT, IMPROVABLE, INTERRUPTED, OPTIMAL, UNDECIDED, main, more_time
from lib.data import Array, gaussian, with_bias
from lib.losses import LOSSES
from lib.network import Network, balanced, dual_variable, margins
from lib.report import Margin, Report, Standing, answered, report_decay, report_margin
from lib.report.text import as_head, as_text
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
    for args in (["--help"], ["certify", "--help"], ["check", "--help"]):
        with pytest.raises(SystemExit) as stop:
            main(args)
        out = capsys.readouterr().out
        assert stop.value.code == 0 and "0 the network is optimal within --tol, 1 a better network is known" in out
        assert "3 bad input or a failure" in out


def test_checking_what_is_no_certificate(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Catches a traceback on a file of another kind, and a missing file taken for a refused one."""
    (tmp_path / "image").write_bytes(bytes(range(256)) * 100)
    assert main(["check", str(tmp_path / "image")]) == 1
    assert capsys.readouterr().out.startswith("refused: line 1: the line is not one JSON object")
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


@pytest.mark.slow
@pytest.mark.parametrize("judge", [report_margin, partial(report_decay, loss="logistic", beta=0.5)])
def test_a_report_without_time_is_honest(judge: Callable[..., Report]) -> None:
    """With seconds=0 no proof is finished. Catches a deadline that is not passed on, and a bound that needs a proof."""
    rng = np.random.default_rng(0)
    X, y, net = rng.standard_normal((60, 6)), np.where(np.arange(60) % 2, 1.0, -1.0), balanced(6, 8, 1.0, rng)
    whole, hasty = judge(net, X, y, solve=False), judge(net, X, y, solve=False, seconds=0.0)
    assert 0 < hasty.lower < whole.lower * 0.95 and hasty.value == whole.value
    assert hasty.missing.height <= whole.missing.height * (1 + 1e-9) <= hasty.missing.upper
    solved, best = judge(net, X, y, seconds=0.0), judge(net, X, y, seconds=4.0)
    assert hasty.lower <= solved.lower <= best.upper and best.lower <= solved.upper <= solved.value


@pytest.mark.parametrize("loss", ["logistic", "squared"])
def test_the_regularised_bound_is_below_every_network_and_tight_at_the_best(loss: str) -> None:
    """Catches a wrong conjugate or scaling: weak duality against random networks, and no gap at the optimum; a
    distance that is printed wrong."""
    rng = np.random.default_rng(1)
    X, y, _ = gaussian(8, 3, rng)
    solution = program.regularised(X, y, loss, 0.3, tol=1e-10)  # the residual tells kinks to about 1e-10
    best = decay_upper(solution.network, X, y, LOSSES[loss], 0.3)
    nets = [balanced(3, 5, scale, rng) for scale in np.geomspace(0.01, 3, 30)]
    duals = [dual_variable(net, X, y, loss=loss) for net in nets]
    bounds = [decay_lower(lam, y, hausdorff(X, lam).upper, LOSSES[loss], 0.3)[0] for lam in duals]
    assert max(bounds) <= min(best, *(decay_upper(net, X, y, LOSSES[loss], 0.3) for net in nets))
    report = report_decay(solution.network, X, y, loss, 0.3, tol=1e-5)
    assert report.verdict == "optimal" and report.residual < 1e-2
    assert report.lower <= best
    report = report_decay(nets[10], X, y, loss, 0.3)
    above = re.findall(r"improvable: (.*) % above a known network", as_text(report, ""))
    assert list(map(float, above)) == pytest.approx([100 * (report.value / report.upper - 1)], rel=1e-2)


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


# --- nothing wrong without a word ----------------------------------------------------------------------------------


def biased(path: Path) -> Path:
    """The network W1, b1, w2, b2 of `test_adapters`."""
    np.savez(path, W1=W1, b1=B1, w2=W2, b2=B2)
    return path


def judged(capsys: pytest.CaptureFixture[str], *args: object) -> tuple[int, str, str]:
    status = main(["certify", *map(str, args)])
    return status, *capsys.readouterr()


def test_an_index_is_not_taken_for_a_feature_and_a_bias_for_a_weight(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Catches the worst: a table with its index and a network with biases, where 4 columns meet 3 + 1 weights, and the
    verdict is about another network. Kept as a feature, it does not fit what was saved."""
    labels = ["1" if f > 0 else "0" for f in VALUES]
    table = written(tmp_path / "t.csv", np.column_stack([np.arange(4), POINTS]), labels)
    net = biased(tmp_path / "net.npz")
    status, _, err = judged(capsys, "--data", table, "--network", net)
    assert status == BAD_INPUT and "column 0 ('f0') seems to number the rows: say --drop 0" in err
    status, _, err = judged(capsys, "--data", table, "--network", net, "--keep", "f0")
    assert status == BAD_INPUT
    assert "the network was saved with 3 inputs and biases, but the table has 4 features" in err
    status, out, _ = judged(capsys, "--data", table, "--network", net, "--drop", "f0", "--no-solve", "--json")
    expected = margins(from_layers(W1, B1, W2, B2), with_bias(POINTS), np.sign(VALUES)).min()
    assert json.loads(out)["margin"] == pytest.approx(expected)


def test_the_last_weights_may_be_biases_if_one_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Catches a network without biases on one input more than there are features that is given a column of ones."""
    table = written(tmp_path / "t.csv", POINTS, ["1" if f > 0 else "0" for f in VALUES])
    net = saved(tmp_path / "net.npz", from_layers(W1, B1, W2, B2))
    status, _, err = judged(capsys, "--data", table, "--network", net)
    assert status == BAD_INPUT and "if its last weights are biases say --bias" in err
    np.savetxt(tmp_path / "own.txt", VALUES)
    status, out, err = judged(capsys, "--data", table, "--network", net, "--bias", "--no-solve", "--json",
                              "--predictions", tmp_path / "own.txt")  # fmt: skip
    assert json.loads(out)["margin"] == pytest.approx(np.abs(VALUES).min()), err
    status, _, err = judged(capsys, "--data", table, "--network", biased(tmp_path / "b.npz"), "--no-bias")
    assert status == BAD_INPUT and "leave out --no-bias" in err


def test_predictions_of_another_network_are_noticed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Catches a tanh network that is judged as a ReLU network, and says which line of the file shows it."""
    table = written(tmp_path / "t.csv", POINTS, ["1" if f > 0 else "0" for f in VALUES])
    np.savetxt(tmp_path / "own.txt", np.tanh(POINTS @ W1 + B1) @ W2 + B2)
    arguments = ["--data", table, "--network", biased(tmp_path / "net.npz"), "--predictions", tmp_path / "own.txt"]
    status, _, err = judged(capsys, *arguments)
    assert status == BAD_INPUT and re.search(r"row \d: the network says .* \(row 0 is line 2\)", err)
    status, _, err = judged(capsys, *arguments[:2], *arguments[4:])
    assert status == BAD_INPUT and "--predictions are those of a --network" in err


def test_outputs_that_nothing_checked_are_called_that(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Catches a report on weights, of a network that may be another, that does not say so; or that says it of outputs
    that were compared, or where there is no network to compare."""
    table = written(tmp_path / "t.csv", POINTS, ["1" if f > 0 else "0" for f in VALUES])
    np.savetxt(tmp_path / "own.txt", VALUES)
    arguments = ["--data", table, "--network", biased(tmp_path / "net.npz"), "--no-solve"]
    own = ["--predictions", tmp_path / "own.txt"]
    for more, line in ((own, "agree with --predictions on all 4 rows"), ([], "not checked; --predictions compares")):
        assert f"outputs         {line}" in judged(capsys, *arguments, *more)[1]
        assert json.loads(judged(capsys, *arguments, *more, "--json")[1])["outputs"].startswith(line)
    _, out, err = judged(capsys, "--data", table)
    assert "network" in out and "outputs" not in out, err


def test_swapped_labels_are_asked_about(orthogonal: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Catches labels the other way round that are only reported as many mistakes."""
    net = saved(tmp_path / "net.npz", four(JOINT))
    _, out, _ = judged(capsys, "--data", orthogonal, "--network", net, "--positive", "a")
    assert "all examples are on the wrong side; are the labels swapped? see --positive" in out


def test_rows_can_be_found_in_the_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Catches rows counted in two ways: the library's complaint about rows says which line row 0 is."""
    table = written(tmp_path / "t.csv", np.array([[1.0, 2], [3, 4], [1, 2]]), ["a", "a", "b"])
    status, _, err = judged(capsys, "--data", table)
    assert status == BAD_INPUT and re.search(r"rows 0 and 2 of X are equal and .* \(row 0 is line 2\)", err)
    assert "append" not in err


# --- nothing lost ---------------------------------------------------------------------------------------------------


def test_inputs_and_special_files_are_not_replaced(
    orthogonal: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Catches a certificate that replaces the table, the network, a link or a device, before and not after solving."""
    net = saved(tmp_path / "net.npz", four(JOINT))
    (tmp_path / "link").symlink_to(tmp_path / "old")
    os.link(orthogonal, tmp_path / "hard")
    (tmp_path / "folder").mkdir()
    (tmp_path / "old").write_text("old")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    names = ("link", "hard", "folder", "nowhere/proof", "old/proof", "x" * 300)
    for path in (orthogonal, net, "/dev/null", "/proc/proof", *(tmp_path / name for name in names)):
        status, out, err = judged(capsys, "--data", orthogonal, "--network", net, "--certificate", path)
        assert (status, out, err.count("\n")) == (BAD_INPUT, "", 1), err
        assert "is not replaced" in err or "cannot be written" in err
    both = ["--certificate", tmp_path / "same.npz", "--output", tmp_path / "same.npz"]
    status, out, err = judged(capsys, "--data", orthogonal, "--network", net, *both)
    assert status == BAD_INPUT and "read or written already" in err
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()} == before
    assert Path("/dev/null").is_char_device()
    status, out, err = judged(capsys, "--data", orthogonal, "--network", net, "--certificate", tmp_path / "old")
    assert status == OPTIMAL and check_file(tmp_path / "old").accepted


@pytest.mark.parametrize("flag", ["--certificate", "--output"])
def test_a_read_only_place_is_noticed_before_anything_is_read(
    flag: str, orthogonal: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Catches an hour of solving for a file that cannot be written: in a folder where none can be made, and over one
    that is read-only. Root may write anywhere, so the refusals of the system are put in its place."""

    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    (tmp_path / "old.npz").write_text("old")
    monkeypatch.setattr("lib.cli.read_table", lambda *_, **__: pytest.fail("the table was read"))
    with monkeypatch.context() as system:
        system.setattr(os, "access", lambda *_, **__: False)
        status, out, err = judged(capsys, "--data", orthogonal, flag, tmp_path / "old.npz")
        assert (status, out) == (BAD_INPUT, "") and "old.npz cannot be written: it is read-only" in err
    with monkeypatch.context() as system:
        system.setattr(os, "open", refuse)
        system.setattr("pathlib.Path.touch", refuse)
        status, out, err = judged(capsys, "--data", orthogonal, flag, tmp_path / "new.npz")
    assert (status, out) == (BAD_INPUT, "") and "new.npz cannot be written: Read-only file system" in err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["old.npz", "train.csv"]


def test_a_certificate_on_standard_output(orthogonal: Path, tmp_path: Path) -> None:
    """Catches a file called -, and a report mixed with the certificate."""
    net = saved(tmp_path / "net.npz", four(JOINT))
    done = run("certify", "--data", orthogonal, "--network", net, "--certificate", "-")
    (tmp_path / "proof").write_text(done.stdout)
    assert check_file(tmp_path / "proof").accepted, done.stderr
    assert "verdict         optimal" in done.stderr and not (ROOT / "-").exists()


@pytest.mark.parametrize("name", ["better.npz", "better.safetensors"])
def test_the_better_network_is_saved(
    name: str, orthogonal: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Catches a saved network that is not the one reported: judged in its turn, it is optimal. The missing neuron,
    (1, 1, 1, 0) / sqrt 3, is beside it."""
    net, better = saved(tmp_path / "net.npz", four(APART)), tmp_path / name
    status, out, _ = judged(capsys, "--data", orthogonal, "--network", net, "--output", better)
    assert status == IMPROVABLE and f"{better}: " in out
    raw = better.read_bytes()
    header = {} if name.endswith("npz") else json.loads(raw[8 : 8 + int.from_bytes(raw[:8], "little")])
    beside = {key: json.loads(text) for key, text in header["__metadata__"].items()} if header else np.load(better)
    np.testing.assert_allclose(beside["missing_u"], np.array([1, 1, 1, 0]) / 3**0.5, atol=1e-6)
    assert beside["missing_s"] == 1 and beside["missing_height"] == pytest.approx(3**0.5, rel=1e-6)
    status, out, err = judged(capsys, "--data", orthogonal, "--network", better)
    assert status == OPTIMAL, out + err
    status, out, _ = judged(capsys, "--data", orthogonal, "--output", better)  # with biases
    assert judged(capsys, "--data", orthogonal, "--network", better)[0] == OPTIMAL
    status, _, err = judged(capsys, "--data", orthogonal, "--output", tmp_path / "better.pt")
    assert status == BAD_INPUT and "must end in .npz or .safetensors" in err


@pytest.mark.parametrize("cut", [0, 10, 100, 400])
def test_a_broken_file_is_bad_input(
    cut: int, orthogonal: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Catches a traceback, whose status 1 would mean that a better network is known."""
    net = saved(tmp_path / "net.npz", four(JOINT))
    net.write_bytes(net.read_bytes()[:cut])
    status, _, err = judged(capsys, "--data", orthogonal, "--network", net)
    assert status == BAD_INPUT and err.count("\n") == 1 and "Traceback" not in err


def test_whatever_goes_wrong_is_a_sentence(
    orthogonal: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Catches an exception that ends in a traceback and status 1, and Ctrl-C that does."""
    for error, status, words in (
        (ZeroDivisionError("x"), BAD_INPUT, "x"),
        (MemoryError(), BAD_INPUT, "the memory of this machine is too small for these data"),
        (RuntimeError("a\nb"), BAD_INPUT, "a defect of this program, please report it (RuntimeError: a b)"),
        (KeyboardInterrupt(), INTERRUPTED, "interrupted before there was an answer"),
    ):

        def fail(*_: object, error: BaseException = error, **__: object) -> None:
            raise error

        monkeypatch.setattr("lib.cli.read_table", fail)
        assert judged(capsys, "--data", orthogonal) == (status, "", f"python -m lib certify: {words}\n")


def slow(tmp_path: Path) -> Path:
    """Data that take minutes: 100 examples in 10 dimensions with labels of coins."""
    rng = np.random.default_rng(0)
    return written(tmp_path / "slow.csv", rng.standard_normal((100, 10)), ["ab"[i] for i in rng.integers(0, 2, 100)])


@pytest.mark.slow
def test_a_deadline_is_kept_and_says_what_is_left(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Catches a flag that is not passed on: the search ends long before it is done, with a valid interval.

    Half of the time is for the search, which is silent for two seconds.
    """
    status, out, err = judged(capsys, "--data", slow(tmp_path), "--seconds", "6", "--tol", "1e-6", "--progress")
    assert status == UNDECIDED, out
    assert "more time       would narrow the interval; the search expects it near" in out and "--seconds" in out
    assert re.search(r"proved .* <= best", err) and "Traceback" not in err


def test_more_time_buys_what_is_inside_the_interval() -> None:
    """Catches an expectation outside of what is proved: the search's own estimate is below a bound of the network's."""
    report = report_margin(APART, np.eye(3), np.ones(3), solve=False)._replace(lower=1.5)
    for estimate, expects in ((0.0, False), (1.4, False), (1.7, True), (4.0, False)):
        said = more_time(report, "out of time", estimate, 40)
        assert "would narrow" in said and "--seconds 400" in said and ("expects it near" in said) == expects
    assert more_time(report, "optimal", 1.7, 40) == ""
    assert "expects" not in more_time(report._replace(upper=np.inf), "out of time", 1e5, 40)  # nothing bounds a guess


@pytest.mark.slow
def test_ctrl_c_ends_the_search_with_what_is_proved(tmp_path: Path) -> None:
    """Catches Ctrl-C that loses the answer, and a value that is not printed before the search."""
    net = saved(tmp_path / "net.npz", balanced(10, 5, 1.0, np.random.default_rng(0)))
    command = [sys.executable, "-m", "lib", "certify", "--data", str(slow(tmp_path)), "--seconds", "100",
               "--network", str(net), "--progress"]  # fmt: skip
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    work = subprocess.Popen(command, cwd=ROOT, env=environment, text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)  # fmt: skip
    assert work.stdout and work.stderr
    head = [work.stdout.readline() for _ in range(6)]
    assert head[5].startswith("value ")
    work.stderr.readline()  # the search has begun
    work.send_signal(signal.SIGINT)
    out, err = work.communicate(timeout=120)
    assert work.returncode in (IMPROVABLE, UNDECIDED) and "verdict" in out and "Traceback" not in err, err
    assert "best value      at least" in out or "best value      between" in out


@pytest.mark.parametrize(
    "phase", ["lib.report.margin.best_dual", "lib.report.margin.max_margin", "lib.report.result.hausdorff"]
)
def test_ctrl_c_outside_the_search_loses_nothing_either(
    phase: str, orthogonal: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Catches Ctrl-C during the network's own bound, before the search has anything, or during the last proof, that
    ends without an answer: the value is there before all of them, what the search found at the last, and a proof gets
    a second more."""
    module, _, name = phase.rpartition(".")
    real, times = getattr(sys.modules[module], name), []

    def stopped(*args: object, seconds: float, **options: object) -> object:
        times.append(seconds)
        if len(times) == 1:
            assert "value           4" in capsys.readouterr().out
            raise KeyboardInterrupt
        return real(*args, seconds=seconds, **options)

    monkeypatch.setattr(phase, stopped)
    net = saved(tmp_path / "net.npz", four(APART))
    status, out, err = judged(capsys, "--data", orthogonal, "--network", net)
    assert (status, err) == (IMPROVABLE if name == "hausdorff" else UNDECIDED, "")
    assert max(times[1:], default=0) <= 1 < times[0] and len(times) == 1 + (name != "max_margin")
    assert "best value      between" in out and ("more time" in out) == (name != "hausdorff")
    times.clear()
    goal = Margin(np.eye(4), np.array([1.0, 1, 1, -1]))

    def first(at: Standing) -> None:
        sys.stdout.write(as_head(at, ""))

    assert answered(goal, four(APART), tol=1e-3, solve=True, seconds=40, first=first)[1] == "interrupted"


def test_ctrl_c_during_the_certificate(
    orthogonal: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Catches a certificate that takes for ever, and Ctrl-C that then denies the answer that is printed already."""
    asked = {}

    def stopped(*_: object, **options: object) -> None:
        asked.update(options)
        raise KeyboardInterrupt

    monkeypatch.setattr("lib.cli.certify", stopped)
    arguments = ["--data", orthogonal, "--no-bias", "--seconds", 9, "--certificate", tmp_path / "c"]
    status, out, err = judged(capsys, *arguments)
    assert status == INTERRUPTED and "verdict         optimal" in out and asked == {"seconds": 9}
    assert "no certificate is written; the answer stands" in err and not (tmp_path / "c").exists()


def test_a_solver_that_has_found_nothing_yet(
    orthogonal: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Catches an exception where the time ends before there is a network or a dual variable."""
    nothing = program.max_margin(np.eye(4), np.ones(4))._replace(
        network=Network(np.zeros((4, 0)), np.zeros(0)), lam=np.zeros(4), status="out of time"
    )
    monkeypatch.setattr("lib.report.margin.max_margin", lambda *_, **__: nothing)
    net = saved(tmp_path / "net.npz", Network(np.eye(4)[:, :2], np.ones(2)))
    for arguments in (["--network", net], ["--no-bias"]):
        status, out, err = judged(capsys, "--data", orthogonal, *arguments)
        assert status == UNDECIDED and "more time" in out and "best value      at least" in out, err
        status, _, err = judged(capsys, "--data", orthogonal, *arguments, "--certificate", tmp_path / "proof")
        assert status == BAD_INPUT and "no network with positive margins is known" in err


# --- the console command ---------------------------------------------------------------------------------------

CONSOLE = "import sys, reluproof; sys.exit(reluproof.main())"


def test_the_console_command_runs_its_own_library(orthogonal: Path, tmp_path: Path) -> None:
    """Catches another package called lib, in the current folder or first on the path, that is run instead."""
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "__init__.py").write_text("raise SystemExit('another lib')")
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}
    command = [sys.executable, "-c", CONSOLE]
    done = subprocess.run([*command, "certify", "--data", orthogonal, "--no-bias"], cwd=tmp_path, env=environment,
                          capture_output=True, text=True)  # fmt: skip
    assert done.returncode == OPTIMAL and "verdict         optimal" in done.stdout, done.stderr
    done = subprocess.run([*command, "--version"], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.stdout == f"reluproof {lib.__version__}\n"
    done = subprocess.run([*command, "certify"], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == BAD_INPUT and "usage: reluproof certify" in done.stderr


def test_a_library_that_was_overwritten_is_noticed(tmp_path: Path) -> None:
    """Catches an ImportError that does not say what was found: another distribution installed its lib over ours."""
    (tmp_path / "reluproof.py").write_text((ROOT / "reluproof.py").read_text())
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "__init__.py").write_text('"""Another library."""')
    done = subprocess.run([sys.executable, "-c", CONSOLE], cwd=tmp_path, capture_output=True, text=True,
                          env={**os.environ, "PYTHONPATH": str(tmp_path)})  # fmt: skip
    assert done.returncode == BAD_INPUT and f"{tmp_path}/lib is another package that is called lib" in done.stderr


def test_check_compares_a_certificate_with_a_table(
    orthogonal: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Catches a proof about other data that is taken for a proof about one's own: with a bias and without."""
    for flag in ("--bias", "--no-bias"):
        proof = tmp_path / f"proof{flag}"
        assert judged(capsys, "--data", orthogonal, flag, "--certificate", proof)[0] == OPTIMAL
        assert main(["check", str(proof), "--data", str(orthogonal)]) == 0
        assert f"; the data are those of {orthogonal}" in capsys.readouterr().out
        other = tmp_path / "other.csv"
        other.write_text(orthogonal.read_text().replace("0.0,0.0,1.0,0.0", "0.0,0.0,1.0,0.5"))
        assert main(["check", str(proof), "--data", str(other)]) == 1
        assert re.search(r"^refused: line \d+: it is not row 2 of the data", capsys.readouterr().out)
        assert main(["check", str(proof), "--data", str(orthogonal), "--positive", "a"]) == 1
