"""The command line: `python -m lib certify` judges a network, `python -m lib check` checks a certificate."""

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

from lib import program
from lib.adapters import Table, read_network, read_table
from lib.certificate import certify, write
from lib.checker import check_file
from lib.network import Network
from lib.report import Report, report_best_margin, report_decay, report_margin
from lib.report.text import as_json, as_text

OPTIMAL, IMPROVABLE, UNDECIDED, BAD_INPUT = 0, 1, 2, 3
CODES = {"optimal": OPTIMAL, "improvable": IMPROVABLE, "undecided": UNDECIDED}

CERTIFY = """\
Is a two-layer ReLU network optimal for its data? Prints an interval that contains the best value any such network has,
of any width, the network's own value, and, if it is not optimal, the neuron that is missing.

examples:
  python -m lib certify --data train.csv --network net.npz
  python -m lib certify --data train.csv --label species --positive virginica --network net.safetensors
  python -m lib certify --data train.csv --network net.npz --loss logistic --beta 0.1
  python -m lib certify --data train.csv --certificate proof.jsonl      (no network: solves for the best one)
"""
EXIT_CERTIFY = """\
networks: .npz with arrays W1 (features x neurons) and w2, perhaps b1 and b2; .npy with one row (w1, w2) a neuron;
.safetensors with a PyTorch state_dict of two Linear layers. Biases are a column of ones in the data.

exit status: 0 the network is optimal within --tol, 1 a better network is known, 2 undecided, 3 bad input.
"""
EXIT_CHECK = (
    "exit status: 0 the theorem is proved, 1 the certificate is refused (the line is named), 3 it cannot be read."
)


class Parser(argparse.ArgumentParser):
    """argparse with the exit status of bad input."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(BAD_INPUT, f"{self.prog}: {message}\n")


def parser() -> argparse.ArgumentParser:
    main = Parser(prog="python -m lib", description="The convex geometry of two-layer ReLU networks.")
    commands = main.add_subparsers(dest="command", required=True, metavar="certify | check", parser_class=Parser)
    raw = argparse.RawDescriptionHelpFormatter
    one = commands.add_parser("certify", formatter_class=raw, description=CERTIFY, epilog=EXIT_CERTIFY)
    one.add_argument("--data", required=True, metavar="CSV", help="a CSV file: numbers, and a column of labels")
    one.add_argument(
        "--label", default="-1", metavar="COLUMN", help="its name, or its number from 0 (default: the last)"
    )
    one.add_argument("--positive", default="", metavar="VALUE", help="the label of +1 (default: the larger of the two)")
    one.add_argument("--network", metavar="FILE", help="the trained network; without it the best one is computed")
    one.add_argument(
        "--bias",
        action=argparse.BooleanOptionalAction,
        help="append a column of ones to the data (default: if the network has biases; yes without a network)",
    )
    one.add_argument("--loss", choices=("none", "logistic", "squared"), default="none", help="none: the largest margin")
    one.add_argument("--beta", type=float, metavar="B", help="weight decay (B/2)(|W1|^2 + |w2|^2), with --loss")
    one.add_argument("--tol", type=float, default=1e-3, help="relative distance that counts as optimal (default 1e-3)")
    one.add_argument("--solve", action=argparse.BooleanOptionalAction, default=True, help="solve the convex program if "
                     "the network's own bound leaves the question open (default: yes)")  # fmt: skip
    one.add_argument("--certificate", metavar="FILE", help="write a proof of the interval that `check` verifies")
    one.add_argument("--json", action="store_true", help="print JSON")
    two = commands.add_parser("check", formatter_class=raw, epilog=EXIT_CHECK,
                              description="Check a certificate with exact integers.")  # fmt: skip
    two.add_argument("file", help="a certificate, as written by certify --certificate")
    return main


def with_ones(table: Table, bias: bool) -> NDArray[np.object_]:
    """The exact data, with the column of ones if asked for."""
    return np.column_stack([table.X, np.ones(len(table.X), dtype=int).astype(object)]) if bias else table.X


def wants_bias(asked: bool | None, net: Network | None, features: int) -> bool:
    """What the flag says, or else what the network's weights say."""
    if net is None:
        return asked is not False
    bias = net.d == features + 1 if asked is None else asked
    if net.d != features + bias:
        ones = " and a column of ones" if bias else ""
        raise ValueError(
            f"the network takes {net.d} inputs, but the data have {features} features{ones}: see --bias, --label"
        )
    return bias


def judged(args: argparse.Namespace, X: NDArray[np.float64], y: NDArray[np.float64], net: Network | None) -> Report:
    """The report on the network, or on the solution of the convex program if there is none."""
    if args.loss == "none":
        return (
            report_margin(net, X, y, tol=args.tol, solve=args.solve) if net else report_best_margin(X, y, tol=args.tol)
        )
    net = net or program.regularised(X, y, args.loss, args.beta, tol=min(args.tol / 10, 1e-7)).network
    return report_decay(net, X, y, args.loss, args.beta, tol=args.tol, solve=args.solve)


def run_certify(args: argparse.Namespace) -> int:
    if (args.loss == "none") != (args.beta is None):
        raise ValueError("--loss logistic or squared needs --beta B, and --beta needs such a --loss")
    if args.certificate and args.loss != "none":
        raise ValueError("--certificate is for the largest margin, without --loss")
    if not args.tol > 0:
        raise ValueError(f"--tol must be positive, not {args.tol}")
    table = read_table(args.data, args.label, args.positive)
    net = read_network(args.network) if args.network else None
    bias = wants_bias(args.bias, net, table.X.shape[1])
    exact, start = with_ones(table, bias), time.perf_counter()
    X = exact.astype(np.float64)
    report = judged(args, X, table.y, net)
    source = f"{len(X)} examples, {table.X.shape[1]} features{' and a bias' if bias else ''}; "
    source += f"+1 is {table.positive}, -1 is {table.negative}"
    seconds = time.perf_counter() - start
    text = as_json(report, source, seconds) if args.json else f"{as_text(report, source)}\n{'time':<16}{seconds:.2f} s"
    sys.stdout.write(text + "\n")
    if args.certificate:
        if np.isinf(report.upper):
            raise ValueError("there is no certificate, because no network with positive margins is known")
        path = write(certify(report.best, exact, table.y, report.lam), args.certificate)
        out = sys.stderr if args.json else sys.stdout
        out.write(f"{'certificate':<16}{path}: {check_file(path).message}\n")
    return CODES[report.verdict]


def run_check(args: argparse.Namespace) -> int:
    verdict = check_file(Path(args.file))
    sys.stdout.write(f"{'' if verdict.accepted else 'refused: '}{verdict.message}\n")
    return int(not verdict.accepted)


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; returns its exit status, and explains bad input in one line."""
    args = parser().parse_args(argv)
    try:
        return {"certify": run_certify, "check": run_check}[args.command](args)
    except OSError as error:
        reason = f"{error.filename}: {error.strerror}" if error.filename else str(error)
    except (ValueError, ArithmeticError) as error:
        reason = str(error)
    sys.stderr.write(f"python -m lib {args.command}: {reason}\n")
    return BAD_INPUT
