"""Tables and networks from elsewhere: what people have, read as it is meant, or refused by a sentence."""

import contextlib
import gzip
import io
import json
import struct
import sys
import zipfile
from collections import OrderedDict
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from lib.adapters import (
    from_keras,
    from_layers,
    from_sklearn,
    from_state_dict,
    read_layers,
    read_predictions,
    read_table,
    write_network,
)
from lib.adapters.safetensors import read_safetensors
from lib.adapters.weights import layers
from lib.certificate import certify
from lib.checker import check
from lib.data import Array, gaussian, validated_matrix, with_bias
from lib.network import Network
from lib.program import max_margin, regularised
from lib.report import report_decay, report_margin

# --- tables ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "label", "X", "y"),
    [
        ("1,2,-1\n3,4,1\n", "-1", [[1, 2], [3, 4]], [-1, 1]),
        ("a,b,c\n1,2,0\n3,4,1\n", "-1", [[1, 2], [3, 4]], [-1, 1]),
        ("c,a,b\nyes,1,2\nno,3,4\n", "c", [[1, 2], [3, 4]], [1, -1]),
        ("yes,1,2\nno,3,4\n", "0", [[1, 2], [3, 4]], [1, -1]),
        ("\ufeffa;b".replace(";", ",") + "\r\n 1.50 ,10\r\n\r\n-2e-3,9\r\n", "b", [[1.5], [-0.002]], [1, -1]),
    ],
)
def test_tables_as_people_write_them(text: str, label: str, X: list[object], y: list[int], tmp_path: Path) -> None:
    """Catches a header taken for data, labels ordered as words that are numbers, blank lines, marks and spaces."""
    (tmp_path / "t.csv").write_text(text, encoding="utf-8", newline="")
    table = read_table(tmp_path / "t.csv", label=label)
    assert table.X.astype(float).tolist() == X and table.y.tolist() == y


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("a,b\n", "not a finite number"),
        ("1,2\n3,4\n5,6\n", "the label takes 3 values .2, 4, 6.; two are needed"),
        ("1,0\n2,1\n3\n", "line 3: 1 cells, but line 1 has 2"),
        ("x,k\n1,0\n,1\n", "line 3, x: the cell is empty"),
        ("x,k\n1,0\nnan,1\n", "line 3, x: the cell is 'nan'"),
        ("x,k\n1,0\n1e999,1\n", "line 3, x: '1e999' is beyond 1e300"),
        ("1\n2\n", "has one column"),
        ("a,b\x00\n", "is not a table .it holds zero bytes"),
    ],
)
def test_tables_that_cannot_be_used(text: str, message: str, tmp_path: Path) -> None:
    """Catches a bad cell that becomes a number, and an error that does not say where."""
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(ValueError, match=message):
        read_table(tmp_path / "t.csv")


def test_cells_reach_the_certificate_exactly(tmp_path: Path) -> None:
    """Catches a cell that passes through floating point: 0.30 and eighteen digits stay what they are."""
    (tmp_path / "t.csv").write_text("0.30,0,1\n0,0.123456789012345678,0\n")
    table = read_table(tmp_path / "t.csv")
    certificate = certify(Network(np.eye(2) * 9, [9, -9]), table.X, table.y, table.y)
    assert [e["x"] for e in certificate["examples"]] == ["0.30 0", "0 0.123456789012345678"]
    assert check(certificate).accepted


# --- networks from elsewhere -----------------------------------------------------------------------------------

W1, B1, W2, B2 = np.array([[1.0, -2], [0.5, 1], [3, 0]]), np.array([0.1, -0.2]), np.array([1.0, -1.5]), 0.7
POINTS = np.array([[1.0, 2, 3], [-1, 0.5, 2], [0, 0, 0], [-1, 3, 0]])
VALUES = np.maximum(POINTS @ W1 + B1, 0) @ W2 + B2


def tensors(biases: bool) -> dict[str, Array]:
    """A state_dict, as torch.nn.Sequential(Linear, ReLU, Linear) names it."""
    state = {"0.weight": W1.T, "2.weight": W2[None, :]}
    return {**state, "0.bias": B1, "2.bias": np.array([B2])} if biases else state


def safetensors(state: dict[str, Array], dtype: str = "F64") -> bytes:
    """The bytes of a safetensors file, from the description of the format."""
    numbers, header, start = b"", {"__metadata__": {"format": "pt"}}, 0
    for name, array in state.items():
        if dtype == "BF16":
            raw = (array.astype("<f4").view("<u4") >> 16).astype("<u2").tobytes()
        else:
            raw = array.astype({"F64": "<f8", "F32": "<f4", "F16": "<f2"}[dtype]).tobytes()
        header[name] = {"dtype": dtype, "shape": list(array.shape), "data_offsets": [start, start + len(raw)]}  # type: ignore[dict-item]
        numbers, start = numbers + raw, start + len(raw)
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + numbers


def test_biases_become_a_column_and_a_neuron() -> None:
    """Catches a bias that is lost or counted twice: the same values on the data with a column of ones."""
    np.testing.assert_allclose(from_layers(W1, B1, W2, B2).predict(with_bias(POINTS)), VALUES)
    assert from_layers(W1, B1, W2, 0.0).m == 2
    np.testing.assert_allclose(from_layers(W1, B1, W2, -B2).predict(with_bias(POINTS)), VALUES - 2 * B2)


@pytest.mark.parametrize("dtype", ["F64", "F32", "F16", "BF16"])
def test_state_dicts_in_safetensors(dtype: str, tmp_path: Path) -> None:
    """Catches a wrong offset, shape or kind of float."""
    (tmp_path / "net.safetensors").write_bytes(safetensors(tensors(True), dtype))
    net = read_layers(tmp_path / "net.safetensors").network
    tolerance = {"F64": 1e-15, "F32": 1e-6, "F16": 1e-2, "BF16": 5e-2}[dtype]
    np.testing.assert_allclose(net.predict(with_bias(POINTS)), VALUES, rtol=tolerance, atol=tolerance)


def test_every_way_to_store_a_network(tmp_path: Path) -> None:
    """Catches rows taken for columns, and a bias dropped: the same network through each door."""
    np.savez(tmp_path / "plain.npz", W1=W1, w2=W2)
    np.savez(tmp_path / "biased.npz", W1=W1, w2=W2, b1=B1, b2=B2)
    np.savez(tmp_path / "state.npz", **tensors(True))  # type: ignore[arg-type]
    np.save(tmp_path / "rows.npy", np.column_stack([W1.T, W2]))
    plain = np.maximum(POINTS @ W1, 0) @ W2
    for name in ("plain.npz", "rows.npy"):
        np.testing.assert_allclose(read_layers(tmp_path / name).network.predict(POINTS), plain)
    for name in ("biased.npz", "state.npz"):
        np.testing.assert_allclose(read_layers(tmp_path / name).network.predict(with_bias(POINTS)), VALUES)
    np.testing.assert_allclose(from_state_dict(tensors(False)).predict(POINTS), plain)


def test_scikit_learn_networks() -> None:
    """Catches a logit of the wrong sign, or one shifted by a bias: against the estimators' own predictions."""
    rng = np.random.default_rng(0)
    X, y, _ = gaussian(40, 3, rng)
    options = {"hidden_layer_sizes": (7,), "max_iter": 5000, "alpha": 0.01, "solver": "lbfgs"}
    classifier = MLPClassifier(**options).fit(X, np.where(y > 0, "good", "bad"))
    logit = np.log(classifier.predict_proba(X)[:, 1] / classifier.predict_proba(X)[:, 0])
    f = from_sklearn(classifier).predict(with_bias(X))
    assert classifier.classes_[1] == "good"
    near = np.abs(f) < 15
    np.testing.assert_allclose(f[near], logit[near], rtol=1e-6, atol=1e-6)
    regressor = MLPRegressor(**options).fit(X, y)
    np.testing.assert_allclose(from_sklearn(regressor).predict(with_bias(X)), regressor.predict(X), atol=1e-9)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"activation": "tanh"}, "activation is 'tanh'"),
        ({"hidden_layer_sizes": (3, 3)}, "2 hidden layers"),
    ],
)
def test_scikit_learn_networks_of_another_kind(options: dict[str, object], message: str) -> None:
    """Catches a certificate for a network that is no two-layer ReLU network."""
    X, y, _ = gaussian(20, 3, np.random.default_rng(0))
    with pytest.raises(ValueError, match=message):
        from_sklearn(
            MLPRegressor(**{"hidden_layer_sizes": (3,), "max_iter": 2000, "solver": "lbfgs", **options}).fit(X, y)
        )
    three = MLPClassifier((2,)).partial_fit(X, np.arange(20) % 3, classes=[0, 1, 2])
    with pytest.raises(ValueError, match="which is 3 outputs; one is needed: train one class against the rest"):
        from_sklearn(three)
    with pytest.raises(ValueError, match="has no coefs_: fit"):
        from_sklearn(MLPRegressor())


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ({"a.weight": W1.T}, r"\(1, m\) of one output; found a.weight \(2, 3\)"),
        ({"a.weight": W1.T, "b.weight": np.ones((3, 2))}, "expected weights"),
        ({**tensors(True), "4.weight": np.ones((1, 1))}, "expected weights"),
        ({**tensors(True), "norm.scale": np.ones(2)}, "norm.scale belongs to none of two linear layers"),
    ],
)
def test_state_dicts_of_another_kind(state: dict[str, Array], message: str) -> None:
    """Catches a deeper network taken for a shallow one."""
    with pytest.raises(ValueError, match=message):
        from_state_dict(state)


def test_nothing_is_unpickled(tmp_path: Path) -> None:
    """Catches a loader that runs code: an object array is refused, by a message that says how to save it instead."""
    np.savez(tmp_path / "net.npz", W1=np.array([{}], dtype=object), w2=W2)
    with pytest.raises(ValueError, match=r"without running code in it .* save it with numpy.savez"):
        read_layers(tmp_path / "net.npz")


@pytest.mark.parametrize("cut", [0, 5, 8, 40, -1])
def test_cut_safetensors_are_refused(cut: int, tmp_path: Path) -> None:
    """Catches a traceback, or numbers from nowhere, on a file cut off in its length, its header or its numbers."""
    (tmp_path / "net.safetensors").write_bytes(safetensors(tensors(True))[:cut])
    with pytest.raises(ValueError, match="is not a safetensors file"):
        read_safetensors(tmp_path / "net.safetensors")


# --- tables that can be read in two ways ------------------------------------------------------------------------

DATA = "1.5,2,yes\n3,4.5,no\n5,6,yes\n7,8.5,no\n"


def table_of(tmp_path: Path, text: str | bytes, name: str = "t.csv", **options: Any) -> tuple[list[Any], list[float]]:
    (tmp_path / name).write_bytes(text.encode() if isinstance(text, str) else text)
    table = read_table(tmp_path / name, **options)
    return table.X.astype(float).tolist(), table.y.tolist()


@pytest.mark.parametrize(
    "first",
    ["a,b,kind\n", "0,1,2\n", "0,1,kind\n", "a,b,2\n", '"a","b","2"\n', ",b,kind\n"],
)
def test_headers_of_all_kinds(first: str, tmp_path: Path) -> None:
    """Catches a header taken for an example: names, the numbers that pandas gives to columns, and mixtures."""
    body = DATA
    drop = {"drop": ["0"], "label": "2"} if first.startswith(",") else {}
    X, y = table_of(tmp_path, first + body, **drop)
    assert len(X) == 4 and y == [1, -1, 1, -1]


@pytest.mark.parametrize("first", ["?,2,yes", ",2,yes", "NA,2,yes", "nan,2,yes", "?,?,yes", "1,#N/A,no", ",,no"])
def test_a_missing_cell_makes_no_header(first: str, tmp_path: Path) -> None:
    """Catches a row that is lost because its missing cell looks like a name: it is named as line 1."""
    with pytest.raises(ValueError, match=r"line 1, column \d: the cell is"):
        table_of(tmp_path, f"{first}\n{DATA}")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("abc,2,yes\n" + DATA, "'abc' stands above numbers"),
        ("x,2020,kind\n" + DATA, "'x' stands above numbers"),
        ("0,1,2\n1,0,1\n1,1,2\n0,0,1\n", "it counts 0, 1, 2"),
        ("x,yes\n1,yes\n2.5,no\n", "'x' stands above numbers"),
    ],
)
def test_an_open_first_line_is_asked_about(text: str, why: str, tmp_path: Path) -> None:
    """Catches a guess where the first line may be names or an example; both flags settle it."""
    with pytest.raises(ValueError, match=f"line 1 may be a header or an example .{why}.*--header or --no-header"):
        table_of(tmp_path, text)
    X, _ = table_of(tmp_path, text, header=True)
    assert len(X) == text.count("\n") - 1
    if "2020" not in text and text[0].isdigit():
        assert len(table_of(tmp_path, text, header=False)[0]) == text.count("\n")


@pytest.mark.parametrize(
    "header_and_index",
    [(",a,b,kind", "0 1 2 3"), ("Unnamed: 0,a,b,kind", "9 7 5 3"), ("id,a,b,kind", "17 4 99 5"),
     ("n,a,b,kind", "1 2 3 4"), ("n,a,b,kind", "2 0 3 1"), (None, "0 1 2 3"), (None, "4 3 1 2")],
)  # fmt: skip
def test_an_index_is_no_feature_without_being_asked(header_and_index: tuple[str | None, str], tmp_path: Path) -> None:
    """Catches the index of a data frame that becomes a feature: by its name, or as it counts, sorted or shuffled."""
    header, index = header_and_index
    rows = [f"{i},{row}" for i, row in zip(index.split(), DATA.splitlines(), strict=True)]
    text = "\n".join(([header] if header else []) + rows) + "\n"
    with pytest.raises(ValueError, match=r"column 0.* seems to number the rows: say --drop 0 .* --keep 0"):
        table_of(tmp_path, text)
    assert len(table_of(tmp_path, text, drop=["0"])[0][0]) == 2
    assert len(table_of(tmp_path, text, keep=["0"])[0][0]) == 3
    if header:
        assert table_of(tmp_path, text, drop=[header.split(",")[0]]) == table_of(tmp_path, text, drop=["0"])


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("t.csv", DATA.replace(",", ";").encode()),
        ("t.tsv", DATA.replace(",", "\t").encode()),
        ("t.csv.gz", gzip.compress(DATA.encode(), mtime=0)),
        ("t.csv", b"\xef\xbb\xbf" + DATA.replace("\n", "\r\n").encode()),
        ("t.csv", DATA.replace("yes", '"ye;s"').encode()),
    ],
)
def test_separators_and_packing(name: str, content: bytes, tmp_path: Path) -> None:
    """Catches a semicolon, a tab or gzip that is not seen, and a semicolon inside a quoted cell that is."""
    X, y = table_of(tmp_path, content, name)
    assert X == [[1.5, 2], [3, 4.5], [5, 6], [7, 8.5]] and np.abs(y).tolist() == [1] * 4


def test_a_table_on_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    """Catches a file called - that is looked for."""
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(DATA.encode())))
    assert read_table("-").X.shape == (4, 2)


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("1e308,1\n2,0\n3.5,1\n", {}, "'1e308' is beyond 1e300"),
        ("1_000,1\n2,0\n3,1\n", {"header": False}, "'1_000' is not a finite number"),
        ("١,1\n2,0\n3,1\n", {"header": False}, "is not a finite number"),
        ("1,5;1\n2,5;0\n3,5;1\n", {}, "'1,5' is not a finite number.*decimals need a point"),
        ("x,k\n1,yes\n2.5,\n3,no\n", {}, "line 3: the label is missing"),
        ("x,x,k\n1,2,0\n2.5,1,1\n", {"drop": ["x"]}, "2 columns are called 'x'"),
        ("x,k\n1,0\n2.5,1\n", {"drop": ["x"]}, "no column is left"),
        ("x,k\n1,0\n2.5,1\n", {"drop": ["z"]}, "there is no column 'z'; the columns are x, k"),
        (",".join(f"p{j}" for j in range(785)) + "\n" + ",".join("1" * 785) + "\n", {"label": "q"},
         r"columns are p0, p1, p2, p3, p4, p5, p6, p7, \.\.\. \(785 in all\)$"),
        (b"\xff\xfe1\x00,\x00", {}, "is not a table .*save it as CSV, in UTF-8"),
        (gzip.compress(DATA.encode(), mtime=0)[:20], {}, "is not a table"),
        ("2019,2020,k\n" + DATA, {}, "the label takes 3 values .k, no, yes.; two are needed.*--header"),
    ],
)  # fmt: skip
def test_tables_and_their_remedies(text: str | bytes, options: Any, message: str, tmp_path: Path) -> None:
    """Catches a message that misleads: each says what is there and what to do."""
    with pytest.raises(ValueError, match=message):
        table_of(tmp_path, text, **options)


def test_labels_that_are_numbers_are_compared_as_numbers(tmp_path: Path) -> None:
    """Catches 1 and 1.0 taken for two classes, 10 sorted before 9, and a class that is called by the other's label."""
    assert table_of(tmp_path, "2.5,9\n3,10.0\n4,10\n")[1] == [-1, 1, 1]
    assert table_of(tmp_path, "2.5,9\n3,10.0\n4,10\n", positive="9.0")[1] == [1, -1, -1]
    for positive, names in (("", ("9", "10.0")), ("9.0", ("10.0", "9")), ("10.00", ("9", "10.0"))):
        table = read_table(tmp_path / "t.csv", positive=positive)
        assert (table.negative, table.positive) == names


def test_the_line_of_row_0(tmp_path: Path) -> None:
    """Catches rows that cannot be found in the file: the first example may stand after a header and blank lines."""
    (tmp_path / "t.csv").write_text("a,b,k\n\n" + DATA)
    assert read_table(tmp_path / "t.csv").line == 3


# --- networks that could be taken for others ----------------------------------------------------------------------


def npz(path: Path, **arrays: Any) -> Path:
    np.savez(path, **arrays)
    return path


@pytest.mark.parametrize("extra", [{"bias1": B1}, {"W3": np.eye(2)}, {"activation": "tanh"}, {"w1": W1}])
def test_unknown_arrays_are_refused_by_name(extra: dict[str, Any], tmp_path: Path) -> None:
    """Catches a bias, a layer or an activation that is dropped without a word."""
    with pytest.raises(ValueError, match=f"what {next(iter(extra))} may be is not known"):
        read_layers(npz(tmp_path / "net.npz", W1=W1, w2=W2, **extra))
    with pytest.raises(ValueError, match="w2 is missing"):
        read_layers(npz(tmp_path / "net.npz", W1=W1))


def test_what_was_saved_is_known(tmp_path: Path) -> None:
    """Catches biases that are forgotten between the file and the data: a network of 3 inputs and biases is no network
    of 4 inputs."""
    for biases in ({}, {"b1": B1}, {"b2": B2}, {"b1": B1, "b2": B2}):
        found = read_layers(npz(tmp_path / "net.npz", W1=W1, w2=W2, **biases))
        assert found.W1.shape == (3, 2) and found.bias == bool(biases) and found.network.d == 3 + bool(biases)


SQUARE = {"W1": np.array([[1.0, 2], [3, -4]]), "w2": np.array([1.0, -1])}


@pytest.mark.parametrize(
    ("own", "message"),
    [
        (lambda X: np.tanh(X @ SQUARE["W1"]) @ SQUARE["w2"], "is the activation another one"),
        (lambda X: np.maximum(X @ SQUARE["W1"].T, 0) @ SQUARE["w2"], "transposed they agree: save W1.T"),
        (lambda X: np.maximum(X[:, ::-1] @ SQUARE["W1"], 0) @ SQUARE["w2"], "in another order"),
        (lambda X: np.maximum(X @ SQUARE["W1"], 0) @ SQUARE["w2"] + 1e-3, "the network says"),
        (lambda X: np.maximum(X @ SQUARE["W1"], 0).astype(np.float16) @ SQUARE["w2"] * 1.001, "half precision"),
        (lambda X: 1 / (1 + np.exp(-np.maximum(X @ SQUARE["W1"], 0) @ SQUARE["w2"])), "after a sigmoid they agree"),
        (lambda X: np.append(X[:, 0], 1), "5 predictions for 4 rows"),
        (lambda X: np.full(4, np.nan), "the prediction is nan; outputs before any sigmoid"),
    ],
)
def test_predictions_tell_networks_apart(own: Any, message: str, tmp_path: Path) -> None:
    """Catches weights of another activation, order or transposition that are read as a ReLU network's."""
    X = np.array([[1.0, 2], [-1, 0.5], [3, -2], [0.5, 0.5]])
    found = read_layers(npz(tmp_path / "net.npz", **SQUARE))
    with pytest.raises(ValueError, match=message):
        found.agreeing(X, own(X))
    assert found.agreeing(X, np.float32(np.maximum(X @ SQUARE["W1"], 0) @ SQUARE["w2"])[:, None]) is found
    with pytest.raises(ValueError, match=message):
        from_state_dict({"0.weight": SQUARE["W1"].T, "2.weight": SQUARE["w2"][None]}, sample=(X, own(X)))


def test_predictions_are_read_from_text_and_arrays(tmp_path: Path) -> None:
    """Catches a column that is lost, and words taken for numbers."""
    np.save(tmp_path / "f.npy", VALUES[:, None])
    np.savetxt(tmp_path / "f.txt", VALUES)
    np.testing.assert_array_equal(read_predictions(tmp_path / "f.npy"), VALUES)
    np.testing.assert_array_equal(read_predictions(tmp_path / "f.txt"), VALUES)
    (tmp_path / "f.txt").write_text("0\n1.5\nabc\n")
    with pytest.raises(ValueError, match=r"is not a list of numbers .*'abc'"):
        read_predictions(tmp_path / "f.txt")


def test_ambiguous_layers_are_named() -> None:
    """Catches a guess by the alphabet: two layers of one weight, either of which may be the first."""
    with pytest.raises(ValueError, match=r"either of hidden.weight .*, fc.weight .* may be the first layer"):
        from_state_dict(OrderedDict({"hidden.weight": np.ones((1, 1)), "fc.weight": np.full((1, 1), 2.0)}))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.ma.masked_invalid([[1.0, np.nan], [2, 3]]), "masked entries"),
        (np.array([[1.0, 2j]]), "it is complex"),
        ([[1.0, 2j]], "it is complex"),
    ],
)
def test_nothing_is_lost_on_the_way_to_a_float(values: Any, message: str) -> None:
    """Catches a mask, or an imaginary part, that is dropped: in data and in weights."""
    with pytest.raises(ValueError, match=message):
        validated_matrix(values)
    with pytest.raises(ValueError, match=message):
        Network(values, np.ones(2))
    assert validated_matrix(np.ma.masked_less([[1.0, 2]], 0)).tolist() == [[1, 2]]


# --- networks that mean something plain ---------------------------------------------------------------------------


class Tensor:
    """What torch.Tensor does with numpy: it refuses until it is detached, on the processor, and of a known type."""

    def __init__(self, array: Array, grad: bool = True, kind: str = "bfloat16") -> None:
        self.array, self.grad, self.kind = array, grad, kind

    def detach(self) -> "Tensor":
        return Tensor(self.array, False, self.kind)

    def cpu(self) -> "Tensor":
        return self

    def double(self) -> "Tensor":
        return Tensor(self.array, self.grad, "float64")

    def __array__(self, *_: Any, **__: Any) -> Array:
        if self.grad or self.kind == "bfloat16":
            raise RuntimeError("Can't call numpy() on Tensor that requires grad.")
        return self.array


class Module:
    """What torch.nn.Sequential shows of itself."""

    def __init__(self, *kinds: str) -> None:
        self.kinds = kinds

    def modules(self) -> list[Any]:
        leaves = [type(kind, (), {"children": lambda _: []})() for kind in self.kinds]
        return [SimpleNamespace(children=lambda: leaves), *leaves]

    def state_dict(self) -> dict[str, Any]:
        return {name: Tensor(array) for name, array in tensors(True).items()}


@pytest.mark.parametrize(
    "source",
    [
        Module("Linear", "ReLU", "Linear"),
        Module("Flatten", "Linear", "ReLU", "Dropout", "Linear", "Sigmoid"),
        Module().state_dict(),
        {"epoch": 3, "state_dict": Module().state_dict()},
        {"model_state_dict": tensors(True), "optimizer_state_dict": {"state": {}}},
    ],
)
def test_torch_as_people_hold_it(source: Any) -> None:
    """Catches a module, a checkpoint, or tensors with gradients or 16 bits that end in an exception of torch."""
    np.testing.assert_allclose(from_state_dict(source).predict(with_bias(POINTS)), VALUES)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (Module("Linear", "Tanh", "Linear"), "the module is Linear, Tanh, Linear; needed are Linear, ReLU, Linear"),
        (Module("Linear", "BatchNorm1d", "ReLU", "Linear"), "the module is Linear, BatchNorm1d"),
        ([W1, W2], "a list is no state_dict: pass model.state_dict"),
        ({"g": tensors(True), "d": tensors(True)}, "several mappings, g, d"),
        ({**tensors(True), "1.running_mean": B1, "1.weight": B1}, "1.running_mean belongs to a normalisation: fold it"),
        ({**tensors(True), "1.weight": B1}, "1.weight belongs to none of two linear layers"),
        ({"0.weight": W1.T, "2.weight": np.ones((2, 2))}, "expected weights"),
        ({**tensors(True), "0.weight": np.array([["a"]])}, "0.weight is not a numeric array"),
    ],
)
def test_torch_of_another_kind(source: Any, message: str) -> None:
    """Catches another network that is read as ours, and a message that misleads."""
    with pytest.raises(ValueError, match=message):
        from_state_dict(source)


def test_batch_normalisation_in_a_safetensors_file(tmp_path: Path) -> None:
    """Catches a counter of integers that makes the file "not a safetensors file": the layer is named."""
    raw = safetensors(tensors(True))
    header = json.loads(raw[8 : 8 + int.from_bytes(raw[:8], "little")])
    numbers = raw[8 + int.from_bytes(raw[:8], "little") :]
    header["1.num_batches_tracked"] = {"dtype": "I64", "shape": [], "data_offsets": [len(numbers), len(numbers) + 8]}
    text = json.dumps(header).encode()
    path = tmp_path / "net.safetensors"
    path.write_bytes(struct.pack("<Q", len(text)) + text + numbers + struct.pack("<q", 7))
    with pytest.raises(ValueError, match=r"1\.num_batches_tracked belongs to a normalisation"):
        read_layers(path)


@pytest.mark.parametrize("change", [{"dtype": "F8_E4M3"}, {"data_offsets": [-48, -1]}, {"data_offsets": [8, 4]}])
def test_safetensors_that_say_something_odd(change: dict[str, Any], tmp_path: Path) -> None:
    """Catches numbers from the wrong place: negative and swapped offsets, an unknown type."""
    raw = safetensors(tensors(True))
    size = int.from_bytes(raw[:8], "little")
    header = json.loads(raw[8 : 8 + size])
    header["0.weight"] |= change
    text = json.dumps(header).encode()
    (tmp_path / "net.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + raw[8 + size :])
    with pytest.raises(ValueError, match=r"0\.weight"):
        read_layers(tmp_path / "net.safetensors")


class Model:
    """What a Keras model shows of itself."""

    def __init__(self, *activations: str) -> None:
        functions = [SimpleNamespace(__name__=name) for name in activations]
        self.layers = [SimpleNamespace(), *(SimpleNamespace(activation=function) for function in functions)]

    def get_weights(self) -> list[Array]:
        return [W1, B1, W2[:, None], np.array([B2])]


def test_keras_networks(tmp_path: Path) -> None:
    """Catches the column (m, 1) of the second layer that is refused, rows taken for columns, and another activation."""
    weights = Model().get_weights()
    np.savez(tmp_path / "net.npz", *weights)
    for net in (from_keras(weights), from_keras(Model("relu", "sigmoid")), from_keras(Model("relu", "linear")),
                read_layers(tmp_path / "net.npz").network, from_layers(*weights)):  # fmt: skip
        np.testing.assert_allclose(net.predict(with_bias(POINTS)), VALUES)
    np.testing.assert_allclose(from_keras(weights[::2]).predict(POINTS), np.maximum(POINTS @ W1, 0) @ W2)
    assert from_keras(weights, sample=(POINTS, VALUES)).m == 3
    with pytest.raises(ValueError, match="row 0: the network says"):
        from_keras(weights, sample=(POINTS, -VALUES))
    kernels = {"d/kernel": W1, "d/bias": B1, "e/kernel": W2[:, None], "e/bias": np.array([B2])}
    np.testing.assert_allclose(from_state_dict(kernels).predict(with_bias(POINTS)), VALUES)
    for model, message in ((Model("tanh", "linear"), "the activations are tanh, linear"),
                           (weights[:3], "got 3 arrays"), ([*weights, *weights], "got 8 arrays"),
                           ([W1, B1, np.ones((2, 2)), [0, 0]], "2 outputs; one is needed: the diff")):  # fmt: skip
        with pytest.raises(ValueError, match=message):
            from_keras(model)


def test_searches_and_pipelines() -> None:
    """Catches a fitted search that is refused, and a pipeline whose network is judged on rows it never saw."""
    X, y, _ = gaussian(30, 3, np.random.default_rng(0))
    net = MLPRegressor(hidden_layer_sizes=(3,), max_iter=2000, solver="lbfgs")
    search = GridSearchCV(net, {"alpha": [0.1]}, cv=2).fit(X, y)
    np.testing.assert_allclose(
        from_sklearn(search, sample=(X, search.predict(X))).predict(with_bias(X)), search.predict(X)
    )
    pipeline = make_pipeline(StandardScaler(), net).fit(X, y)
    for source in (pipeline, GridSearchCV(pipeline, {}, cv=2).fit(X, y)):
        with pytest.raises(ValueError, match=r"from_sklearn\(pipeline\[-1\]\) .* pipeline\[:-1\].transform\(X\)"):
            from_sklearn(source)
    Z = pipeline[:-1].transform(X)
    np.testing.assert_allclose(from_sklearn(pipeline[-1]).predict(with_bias(Z)), pipeline.predict(X))


@pytest.mark.parametrize("name", ["net.npz", "net.safetensors", "NET.NPZ", "net.SafeTensors"])
@pytest.mark.parametrize("bias", [True, False])
def test_networks_that_are_written_are_read(name: str, bias: bool, tmp_path: Path) -> None:
    """Catches a saved network that is another one, or that the missing neuron beside it makes unreadable."""
    found = layers(W1, B1 if bias else None, W2, B2 if bias else None)
    write_network(tmp_path / name, found, {"u": np.ones(3), "s": 1.0})
    again = read_layers(tmp_path / name)
    assert all(np.array_equal(a, b) for a, b in zip(found, again, strict=True))


def cut_zip(path: Path) -> bytes:
    np.savez(path, W1=W1, w2=W2)
    return path.read_bytes()


def test_files_that_are_broken(tmp_path: Path) -> None:
    """Catches a traceback of zipfile, zlib or numpy: every cut and every changed byte of an .npz is refused by a
    sentence, or read as the same arrays or others of the same shapes."""
    whole = cut_zip(tmp_path / "whole.npz")
    net = tmp_path / "net.npz"
    for stop in range(0, len(whole), 7):
        net.write_bytes(whole[:stop])
        why = "its end is cut off" if stop > 3 else "it does not begin as one" if stop else "it is empty"
        with pytest.raises(ValueError, match=f"is not a whole file of arrays, .*{why}.; copy it again"):
            read_layers(net)
    for place in range(0, len(whole), 3):
        net.write_bytes(whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :])
        with contextlib.suppress(ValueError):
            assert read_layers(net).W1.shape == (3, 2)
    with zipfile.ZipFile(net, "w") as archive:
        archive.writestr("W1.npy", b"not an array")
    with pytest.raises(ValueError, match="is not a whole file of arrays"):
        read_layers(net)
    net.write_bytes(b"\x80\x04K\x01.")  # numpy says: "This file contains pickled (object) data"
    with pytest.raises(ValueError, match="it does not begin as one"):
        read_layers(net)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"W1": W1.T, "w2": W2}, r"W1 must be \(d, m\).*W1 seems transposed"),
        ({"W1": W1, "w2": W2, "b1": np.array([1, np.nan])}, "the biases have NaN"),
        ({"W1": W1, "w2": np.ones((2, 3))}, "w2 has shape"),
        ({"W1": W1, "w2": W2, "b2": np.ones(2)}, "b2 a number"),
        ({}, "expected weights .* found none"),
    ],
)
def test_arrays_of_other_shapes(arrays: dict[str, Any], message: str, tmp_path: Path) -> None:
    """Catches shapes that agree by accident, and a message without the remedy."""
    with pytest.raises(ValueError, match=message):
        read_layers(npz(tmp_path / "net.npz", **arrays))


@pytest.mark.parametrize("tol", ["a", None, 0, -1.0, float("nan"), [1]])
def test_tolerances_that_are_none(tol: Any) -> None:
    """Catches an exception about the comparison of a text with a number: each entrance says what is wanted."""
    X, y, net = np.eye(2), np.ones(2), Network(np.eye(2), np.ones(2))
    for call in (
        lambda: max_margin(X, y, tol=tol),
        lambda: regularised(X, y, "logistic", 0.1, tol=tol),
        lambda: regularised(X, y, "logistic", tol),
        lambda: report_margin(net, X, y, tol=tol),
        lambda: report_decay(net, X, y, "logistic", tol),
    ):
        with pytest.raises(ValueError, match="must be positive"):
            call()
