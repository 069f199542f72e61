"""The safetensors format: eight bytes n, a JSON header of n bytes, raw numbers. Reading it executes nothing."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lib.adapters.files import content, parsing
from lib.data import Array

MAX_HEADER = 10**8
_DTYPES = {
    "F64": "<f8",
    "F32": "<f4",
    "F16": "<f2",
    "BF16": "<u2",
    "BOOL": "|b1",
    **{f"{kind}{8 * size}": f"<{kind.lower()}{size}" for kind in "IU" for size in (1, 2, 4, 8)},
}


def _array(name: str, entry: dict[str, Any], numbers: bytes) -> Array:
    kind, (start, stop) = entry["dtype"], entry["data_offsets"]
    if kind not in _DTYPES:
        raise ValueError(f"{name} holds numbers of type {kind}, not of {', '.join(_DTYPES)}")
    if not 0 <= start <= stop <= len(numbers):
        raise ValueError(f"the numbers of {name} are cut off")
    raw: NDArray[Any] = np.frombuffer(numbers[start:stop], dtype=_DTYPES[kind])
    if kind == "BF16":  # the upper half of a 32-bit float
        raw = (raw.astype("<u4") << 16).view("<f4")
    return raw.reshape(entry["shape"]).astype(np.float64)


def read_safetensors(path: str | Path) -> dict[str, Array]:
    """The tensors of a file by their names, as doubles. Raises `ValueError` if it is not a safetensors file."""
    with parsing(path, "a safetensors file", "write one with safetensors.torch.save_file(model.state_dict(), path)"):
        raw = content(path)
        size = int.from_bytes(raw[:8], "little")
        if len(raw) < 8 or size > min(MAX_HEADER, len(raw) - 8):
            raise ValueError("its header is cut off")
        header = json.loads(raw[8 : 8 + size])
        return {name: _array(name, one, raw[8 + size :]) for name, one in header.items() if name != "__metadata__"}


def safetensors(arrays: Mapping[str, Array], metadata: Mapping[str, str]) -> bytes:
    """The bytes of a safetensors file with these doubles."""
    header: dict[str, Any] = {"__metadata__": dict(metadata)}
    numbers = b""
    for name, array in arrays.items():
        raw = np.ascontiguousarray(array, dtype="<f8").tobytes()
        offsets = [len(numbers), len(numbers) + len(raw)]
        header[name] = {"dtype": "F64", "shape": list(np.shape(array)), "data_offsets": offsets}
        numbers += raw
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)  # the numbers begin at a multiple of eight
    return len(text).to_bytes(8, "little") + text + numbers
