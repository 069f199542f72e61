"""Networks in files: .npz, .npy and .safetensors are read, .npz and .safetensors written. Nothing is unpickled."""

import io
import json
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from lib.adapters.files import content, parsing, written
from lib.adapters.safetensors import read_safetensors, safetensors
from lib.adapters.weights import Layers, keras_layers, layers, state_layers
from lib.data import Array

ZIP, NPY = b"PK", b"\x93NUMPY"  # how an .npz and an .npy begin
OURS = {"W1", "b1", "w2", "b2"}
NEURON = "missing_"  # what a report says beside a network: not part of it


def _loaded(path: Path) -> dict[str, Array]:
    """The arrays of an .npz by their names, of an .npy by the empty name."""
    what = "a whole file of arrays, readable without running code in it"
    with parsing(path, what, "copy it again, or save it with numpy.savez"):
        raw = content(path)
        if not raw.startswith((ZIP, NPY)):  # numpy would say that it is a pickle
            raise ValueError("it does not begin as one" if raw else "it is empty")
        if raw.startswith(ZIP) and not zipfile.is_zipfile(io.BytesIO(raw)):
            raise ValueError("its end is cut off")
        loaded = np.load(io.BytesIO(raw), allow_pickle=False)
        arrays = {"": loaded} if isinstance(loaded, np.ndarray) else dict(loaded)
        if strange := [name for name, array in arrays.items() if not isinstance(array, np.ndarray)]:
            raise ValueError(f"{strange[0]} is no array")
        return arrays


def _from_arrays(arrays: Mapping[str, Array]) -> Layers:
    """W1 (d, m) and w2 (m,), perhaps b1 (m,) and b2; or arr_0, ... of numpy.savez(*model.get_weights()); or a state;
    or one row (w1_i, w2_i) a neuron."""
    arrays = {name: array for name, array in arrays.items() if not name.startswith(NEURON)}
    if "" in arrays:
        rows = arrays[""]
        if rows.ndim != 2 or rows.shape[1] < 2:
            raise ValueError(f"an .npy must hold one row (w1_i, w2_i) for each neuron; its shape is {rows.shape}")
        return layers(rows[:, :-1].T, None, rows[:, -1], None)
    if arrays and all(re.fullmatch(r"arr_\d+", name) for name in arrays):
        return keras_layers([arrays[f"arr_{i}"] for i in range(len(arrays))])
    if not OURS & set(arrays):
        return state_layers(arrays)
    unknown, lacking = sorted(set(arrays) - OURS), sorted({"W1", "w2"} - set(arrays))
    if unknown or lacking:
        what = f"what {', '.join(unknown)} may be is not known" if unknown else f"{', '.join(lacking)} is missing"
        raise ValueError(f"{what}: a network is W1 (d, m), w2 (m,) and perhaps b1 (m,), b2, nothing else")
    return layers(arrays["W1"], arrays.get("b1"), arrays["w2"], arrays.get("b2"))


def read_layers(path: str | Path) -> Layers:
    """The network in a file .npz, .npy or .safetensors. Raises `ValueError` for what it holds beside or instead.

    .npz: W1 (d, m), w2 (m,) and perhaps b1 (m,), b2, or a Keras list of weights, or a state_dict; .npy: one row
    (w1_i, w2_i) a neuron; .safetensors: a state_dict.
    """
    path = Path(path)
    ending = path.suffix.lower()
    if ending == ".safetensors":
        return state_layers(read_safetensors(path))
    if ending in (".npz", ".npy"):
        return _from_arrays(_loaded(path))
    what = "a PyTorch pickle, which runs code when it is read" if ending in (".pt", ".pth", ".pkl") else "another file"
    raise ValueError(
        f"{path}: a network is a file .npz, .npy or .safetensors, not {what}; "
        "see safetensors.torch.save_file or numpy.savez"
    )


def read_predictions(path: str | Path) -> Array:
    """One number a row: an .npy file, or a text of numbers."""
    with parsing(path, "a list of numbers", "save one output a row with numpy.savetxt"):
        if str(path).lower().endswith(".npy"):
            return np.ravel(next(iter(_loaded(Path(path)).values()))).astype(np.float64)
        return np.array(content(path).decode("utf-8-sig").replace(",", " ").split(), dtype=np.float64)


def write_network(path: str | Path, found: Layers, neuron: Mapping[str, Any]) -> None:
    """The layers, as `read_layers` and load_state_dict read them, and a missing neuron beside them. By the ending."""
    biases = {"b1": found.b1, "b2": np.array([found.b2])} if found.bias else {}
    beside: dict[str, Any] = {NEURON + name: np.asarray(value) for name, value in neuron.items()}
    with written(path) as file:
        if str(path).lower().endswith(".npz"):
            np.savez(file, **{"W1": found.W1, "w2": found.w2, **biases, **beside})
            return
        state = {"0.weight": found.W1.T, "2.weight": found.w2[None]}
        state |= {name: biases[key] for name, key in (("0.bias", "b1"), ("2.bias", "b2")) if biases}
        file.write(safetensors(state, {name: json.dumps(value.tolist()) for name, value in beside.items()}))
