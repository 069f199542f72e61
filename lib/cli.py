"""The command line: `certify` judges a network, `check` checks a certificate. See `reluproof --help`."""

import argparse
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from time import perf_counter
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

import lib
from lib import program
from lib.adapters import Layers, Table, read_layers, read_predictions, read_table, write_network
from lib.adapters.files import writable
from lib.certificate import certify, write
from lib.checker import check, check_file
from lib.data import Array
from lib.losses import SMOOTH
from lib.report import Margin, Report, Standing, answered, decay
from lib.report.text import as_head, as_json, as_tail

OPTIMAL, IMPROVABLE, UNDECIDED, BAD_INPUT, INTERRUPTED = 0, 1, 2, 3, 130
CODES = {"optimal": OPTIMAL, "improvable": IMPROVABLE, "undecided": UNDECIDED}
SECONDS = 40.0  # of search, without a flag: with the reading and the last proof an answer comes within a minute
QUIET = 2.0  # seconds without a line of progress

MAIN = """\
Is a trained two-layer ReLU network optimal for its data? How far is it, and which neuron is missing?
See %(prog)s certify --help.
"""
CERTIFY = """\
Is a two-layer ReLU network optimal for its data? Prints the network's own value, an interval that contains the best
value any such network has, of any width, and, if the network is not optimal, the neuron that is missing.

examples:
  %(prog)s --data train.csv --network net.npz
  %(prog)s --data train.csv --network net.npz --predictions outputs.txt   (recommended)
  %(prog)s --data train.csv --network net.safetensors --label species --positive virginica
  %(prog)s --data train.csv --network net.npz --loss logistic --beta 0.1
  %(prog)s --data train.csv --certificate proof.jsonl --output best.npz   (the best network)
"""
NETWORKS = """\
networks: .npz with arrays W1 (features x neurons), w2, and perhaps b1, b2, or what numpy.savez(FILE,
*model.get_weights()) writes for Keras; .safetensors with the state_dict of two Linear layers of PyTorch; .npy with one
row (w1, w2) a neuron. No such file names the activation, or says which way a square layer is stored: with
--predictions the network's own outputs show that it is read as what it is.

"""
STATUS = """\
exit status of certify: 0 the network is optimal within --tol, 1 a better network is known, 2 undecided;
of check: 0 the theorem is proved, 1 the certificate is refused (the line is named);
of both: 3 bad input or a failure, 130 interrupted before there was an answer, or a certificate.
"""


class Parser(argparse.ArgumentParser):
    """argparse with the exit status of bad input."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(BAD_INPUT, f"{self.prog}: {message}\n")


def _add_table(command: argparse.ArgumentParser, required: bool) -> Callable[..., argparse.Action]:
    add = command.add_argument_group("the data").add_argument
    yes_no = argparse.BooleanOptionalAction
    add("--data", required=required, metavar="FILE", help="a table: numbers, and a column of labels; separated by "
        "commas, semicolons or tabs, perhaps packed by gzip; - is standard input")  # fmt: skip
    add("--label", default="-1", metavar="COLUMN", help="its name, or its number from 0 (default: the last)")
    add("--positive", default="", metavar="VALUE", help="the label of +1 (default: the larger of the two)")
    add("--header", action=yes_no, default=None, help="the first line holds names (default: if it looks so)")
    add("--drop", action="append", default=[], metavar="COLUMN", help="leave a column out, an index for instance")
    add("--keep", action="append", default=[], metavar="COLUMN", help="a column is a feature although it counts rows")
    return add


def _add_certify(one: argparse.ArgumentParser) -> None:
    yes_no = argparse.BooleanOptionalAction
    add = _add_table(one, required=True)
    add("--bias", action=yes_no, help="append a column of ones (default: if the network was saved with biases; yes "
        "without a network)")  # fmt: skip
    add = one.add_argument_group("the network").add_argument
    add("--network", metavar="FILE", help="the trained network; without it the best one is computed")
    add("--predictions", metavar="FILE", help="its own outputs, one number a row (.npy or text), before any sigmoid")
    add = one.add_argument_group("the question").add_argument
    add("--loss", choices=("none", *SMOOTH), default="none", help="none: the largest margin")
    add("--beta", type=float, metavar="B", help="weight decay (B/2)(|W1|^2 + |w2|^2), with --loss")
    add("--tol", type=float, default=1e-3, help="relative distance that counts as optimal (default 1e-3)")
    add("--seconds", type=float, default=SECONDS, help="how long to search (default %(default)g); Ctrl-C ends the "
        "search, too, with what is proved by then")  # fmt: skip
    add("--solve", action=yes_no, default=True, help="solve the convex program if the network's own bound leaves the "
        "question open (default: yes)")  # fmt: skip
    add = one.add_argument_group("the answer").add_argument
    add("--progress", action=yes_no, default=sys.stderr.isatty(), help="the interval as it closes, on standard error "
        "(default: if that is a terminal)")  # fmt: skip
    add("--certificate", metavar="FILE", help="write a proof of the interval, for `check`; - is standard output")
    add("--output", metavar="FILE", help="save the best network known and the missing neuron (.npz or .safetensors)")
    add("--json", action="store_true", help="print JSON")


def parser(prog: str) -> argparse.ArgumentParser:
    raw = argparse.RawDescriptionHelpFormatter
    main = Parser(prog=prog, formatter_class=raw, description=MAIN, epilog=STATUS)
    main.add_argument("--version", action="version", version=f"%(prog)s {lib.__version__}")
    commands = main.add_subparsers(dest="command", required=True, metavar="certify | check", parser_class=Parser)
    _add_certify(commands.add_parser("certify", formatter_class=raw, description=CERTIFY, epilog=NETWORKS + STATUS,
                                     help="judge a network"))  # fmt: skip
    two = commands.add_parser("check", formatter_class=raw, epilog=STATUS, help="check a certificate",
                              description="Check a certificate with exact integers.")  # fmt: skip
    two.add_argument("file", help="a certificate, as written by certify --certificate")
    _add_table(two, required=False)
    return main


# --- certify ---------------------------------------------------------------------------------------


def checked_flags(args: argparse.Namespace) -> None:
    """What can be wrong before anything is read, and files that cannot be written."""
    if (args.loss == "none") != (args.beta is None):
        raise ValueError(f"--loss {', '.join(SMOOTH)} needs --beta B, and --beta needs such a --loss")
    if args.certificate and args.loss != "none":
        raise ValueError("--certificate is for the largest margin, without --loss")
    for name in ("tol", "seconds", "beta"):
        if not (getattr(args, name) is None or getattr(args, name) > 0):
            raise ValueError(f"--{name} must be positive, not {getattr(args, name)}")
    if args.predictions and not args.network:
        raise ValueError("--predictions are those of a --network")
    if args.output and not args.output.lower().endswith((".npz", ".safetensors")):
        raise ValueError(f"--output {args.output} must end in .npz or .safetensors")
    taken = [path for path in (args.data, args.network, args.predictions) if path not in (None, "-")]
    for path in (args.certificate, args.output):
        if path not in (None, "-"):
            writable(path, taken)
            taken.append(path)


def read(args: argparse.Namespace) -> Table:
    named = {name: getattr(args, name) for name in ("label", "positive", "header", "keep", "drop")}
    return read_table(args.data, **named)


@contextmanager
def rows_of(table: Table) -> Iterator[None]:
    """Complaints about rows say where they are in the file."""
    try:
        yield
    except ValueError as error:
        if re.search(r"\brows?\b", str(error)):
            raise ValueError(f"{error} (row 0 is line {table.line})") from error
        raise


def wants_bias(asked: bool | None, found: Layers | None, features: int) -> bool:
    """Whether the data need a column of ones, from what was saved; a network without biases may have one among W1."""
    if found is None:
        return asked is not False
    inputs, bias = len(found.W1), found.bias or bool(asked)
    if found.bias and asked is False:
        raise ValueError("the network has biases, which are weights of a column of ones: leave out --no-bias")
    if inputs != features + (bias and not found.bias):
        hint = " if its last weights are biases say --bias;" if inputs == features + 1 and not found.bias else ""
        raise ValueError(
            f"the network was saved with {inputs} inputs{' and biases' if found.bias else ''}, but the table has "
            f"{features} features{' and a column of ones is asked for' if asked and not found.bias else ''};"
            f"{hint} see --drop, --label"
        )
    return bias


def more_time(report: Report, status: str, estimate: float, seconds: float) -> str:
    """What more time would buy, if the time was too short."""
    if status not in ("out of time", "interrupted") or report.upper <= (1 + report.tol) * report.lower:
        return ""
    near = f"; the search expects it near {estimate:.6g}" if report.lower < estimate < report.upper < np.inf else ""
    return f"{'more time':<16}would narrow the interval{near}: --seconds {max(10 * seconds, 60):g}\n"


def save(args: argparse.Namespace, report: Report, exact: NDArray[np.object_], y: Array, bias: bool) -> Iterator[str]:
    """Write the files asked for, and say what they are."""
    if args.output:
        W1, w2, neuron = report.best.W1, report.best.w2, report.missing
        first, b1 = (W1[:-1], W1[-1]) if bias else (W1, np.zeros(len(w2)))
        beside = {"u": neuron.u, "s": neuron.s, "height": neuron.height}
        write_network(args.output, Layers(first, b1, w2, 0.0, bias), beside)
        yield f"{'network':<16}{args.output}: {report.best.m} neurons, of value {report.upper:.9g}\n"
    if args.certificate:
        if np.isinf(report.upper):
            raise ValueError("there is no certificate, because no network with positive margins is known")
        try:
            certificate = certify(report.best, exact, y, report.lam, seconds=args.seconds)
        except KeyboardInterrupt:
            raise KeyboardInterrupt("interrupted: no certificate is written; the answer stands without it") from None
        write(certificate, args.certificate)
        yield f"{'certificate':<16}{args.certificate}: {check(certificate).message}\n"


class Printer:
    """The report as text, its head as soon as it is known, or as JSON; and lines of progress, one a second."""

    def __init__(self, args: argparse.Namespace, began: float, source: str, outputs: str) -> None:
        self.args, self.began, self.about, self.estimate = args, began, (source, outputs), 0.0
        self.told = QUIET - 1 if args.progress else np.inf
        self.out = sys.stderr if args.certificate == "-" else sys.stdout

    def progress(self, at: program.Progress) -> None:
        self.estimate, seconds = at.estimate, perf_counter() - self.began
        if seconds > self.told + 1:
            self.told = seconds
            known = f"proved {max(at.lower, 0):.6g} <= best" + (f" <= {at.upper:.6g}" if at.upper < np.inf else "")
            said = f"{seconds:6.0f} s  {known}, about {at.estimate:.6g} by the search so far"
            print(said, file=sys.stderr, flush=True)  # noqa: T201

    def head(self, at: Standing) -> None:
        if not self.args.json:
            print(as_head(at, *self.about), file=self.out, flush=True)

    def tail(self, report: Report, status: str) -> None:
        seconds = perf_counter() - self.began
        more = more_time(report, status, self.estimate, self.args.seconds)
        text = f"{as_tail(report)}\n{'time':<16}{seconds:.2f} s\n{more}"
        self.out.write(as_json(report, *self.about, seconds) + "\n" if self.args.json else text)
        self.out.flush()

    def files(self, lines: Iterable[str]) -> None:
        (sys.stderr if self.args.json else self.out).writelines(lines)


def run_certify(args: argparse.Namespace) -> int:
    checked_flags(args)
    began, table = perf_counter(), read(args)
    found = read_layers(args.network) if args.network else None
    with rows_of(table):
        bias = wants_bias(args.bias, found, table.X.shape[1])
        exact = np.insert(table.X, table.X.shape[1], 1, axis=1) if bias else table.X
        X, y = exact.astype(np.float64), table.y
        printer = Printer(args, began, described(table, bias), compared(found, X, args.predictions))
        goal = Margin(X, y) if args.loss == "none" else decay(X, y, args.loss, args.beta)
        net, left = found.network if found else None, max(args.seconds + began - perf_counter(), 1.0)
        report, status = answered(goal, net, tol=args.tol, solve=args.solve, seconds=left,
                                  watch=printer.progress, first=printer.head)  # fmt: skip
        printer.tail(report, status)
        printer.files(save(args, report, exact, y, bias))
    return CODES[report.verdict]


def compared(found: Layers | None, X: Array, predictions: str | None) -> str:
    """Whether the network's own outputs were compared; raises `ValueError` where they differ."""
    if found is None:
        return ""
    if not predictions:
        return "not checked; --predictions compares them with the trained ones"
    found.agreeing(X[:, : len(found.W1)], read_predictions(predictions))
    return f"agree with --predictions on all {len(X)} rows"


def shown(label: str) -> str:
    """A label of the table, so that it cannot be taken for something else."""
    try:
        return f"{float(label):g}"
    except ValueError:
        return label[:40] if label.isprintable() else ascii(label[:40])


def described(table: Table, bias: bool) -> str:
    N, d = table.X.shape
    labels = f"+1 is {shown(table.positive)}, -1 is {shown(table.negative)}"
    return f"{N} examples, {d} features{', bias' if bias else ''}; {labels}; row 0 is line {table.line}"


# --- check -----------------------------------------------------------------------------------------


def run_check(args: argparse.Namespace) -> int:
    data = None
    if args.data:
        table = read(args)
        data = [([Fraction(value) for value in x], int(label)) for x, label in zip(table.X, table.y, strict=True)]
    verdict = check_file(args.file, data)
    about = f"; the data are those of {args.data}" if data else ""
    sys.stdout.write(f"{verdict.message}{about}\n" if verdict.accepted else f"refused: {verdict.message}\n")
    return int(not verdict.accepted)


# --- the command -----------------------------------------------------------------------------------


def failure(error: BaseException) -> str:
    """What went wrong, in a sentence."""
    if isinstance(error, KeyboardInterrupt):
        return str(error) or "interrupted before there was an answer"
    if isinstance(error, MemoryError):
        return "the memory of this machine is too small for these data"
    if isinstance(error, OSError):
        return f"{error.filename}: {error.strerror}" if error.filename else str(error)
    if isinstance(error, ValueError | ArithmeticError):
        return " ".join(str(error).split())
    return f"a defect of this program, please report it ({type(error).__name__}: {' '.join(str(error).split())})"


def main(argv: Sequence[str] | None = None, prog: str = "python -m lib") -> int:
    """Run a command; returns its exit status. Whatever goes wrong is said in one line."""
    args = parser(prog).parse_args(argv)
    try:
        return {"certify": run_certify, "check": run_check}[args.command](args)
    except BrokenPipeError:  # the reader of the output has gone; nothing is left to say to it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BAD_INPUT
    except (Exception, KeyboardInterrupt) as error:
        sys.stdout.flush()
        sys.stderr.write(f"{prog} {args.command}: {failure(error)}\n")
        return INTERRUPTED if isinstance(error, KeyboardInterrupt) else BAD_INPUT
