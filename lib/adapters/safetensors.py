"""The safetensors format: eight bytes n, a JSON header of n bytes, raw numbers. Reading it executes nothing."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lib.data import Array

MAX_HEADER = 10**8
_DTYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2"}


def _array(entry: dict[str, Any], numbers: bytes) -> Array:
    start, stop = entry["data_offsets"]
    raw: NDArray[Any] = np.frombuffer(numbers[start:stop], dtype=_DTYPES[entry["dtype"]])
    if entry["dtype"] == "BF16":  # the upper half of a 32-bit float
        raw = (raw.astype("<u4") << 16).view("<f4")
    return raw.reshape(entry["shape"]).astype(np.float64)


def read_safetensors(path: str | Path) -> dict[str, Array]:
    """The tensors of a file by their names, as doubles. Raises `ValueError` if it is not a safetensors file."""
    content = Path(path).read_bytes()
    size = int.from_bytes(content[:8], "little")
    try:
        if len(content) < 8 or size > min(MAX_HEADER, len(content) - 8):
            raise ValueError("its header is cut off")
        header = json.loads(content[8 : 8 + size])
        return {name: _array(entry, content[8 + size :]) for name, entry in header.items() if name != "__metadata__"}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(
            f"{path} is not a safetensors file of floats ({type(error).__name__}: {error}); "
            "write one with safetensors.torch.save_file(model.state_dict(), path)"
        ) from error
