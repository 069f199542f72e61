"""Results: what a function returns cannot be written to, and prints in a few lines however large it is.

While it works it tells whoever watches; unless asked to, nobody.
"""

from functools import wraps
from typing import Any, TypeVar

import numpy as np

Result = TypeVar("Result", bound=type)
FEW = 8  # entries of an array that are printed


def _locked(value: Any) -> Any:
    """A view that cannot be written to; the array that the caller holds stays as it is."""
    if not isinstance(value, np.ndarray) or not value.flags.writeable:
        return value
    view = value.view()
    view.setflags(write=False)
    return view


def _shown(value: object) -> str:
    if isinstance(value, np.ndarray):
        return str(value.tolist()) if value.size <= FEW else f"<{value.dtype} array {value.shape}>"
    return repr(value)


def silent(_: object) -> None:
    """The default of `progress`: reports nothing."""


class Frozen:
    """A frozen dataclass whose arrays are read-only."""

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            object.__setattr__(self, name, _locked(value))


def result(cls: Result) -> Result:
    """A NamedTuple whose arrays are read-only, and whose repr names large ones by type and shape."""
    create = cls.__new__

    @wraps(create)
    def new(kind: type, *values: Any, **named: Any) -> Any:
        whole = create(kind, *values, **named)
        return tuple.__new__(kind, map(_locked, whole))

    def text(self: Any) -> str:
        return f"{type(self).__name__}({', '.join(f'{k}={_shown(v)}' for k, v in self._asdict().items())})"

    methods = {"__new__": new, "_make": classmethod(lambda kind, values: new(kind, *values)), "__repr__": text}
    for name, method in methods.items():
        setattr(cls, name, method)
    return cls
