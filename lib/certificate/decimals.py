"""Decimal texts of numbers: as they print, or rounded with a known error."""

import math
from decimal import Decimal
from fractions import Fraction

import numpy as np

from lib.data import Array


def printed(value: object) -> str:
    """A number as it prints: 5.1 for the float nearest to 5.1, which reads it back; fractions and decimals exactly."""
    text = str(value) if isinstance(value, Fraction | Decimal) else repr(float(value))  # type: ignore[arg-type]
    return text.lower().replace("e+", "e").removesuffix(".0")


def places(error: float) -> int:
    """Digits after the point that keep a rounding error below `error`."""
    return max(0, math.ceil(-math.log10(2 * error)))


def rounded(value: float, digits: int) -> str:
    """`value` to the nearest multiple of 10^-digits, without trailing zeros."""
    text = f"{value:.{digits}f}"
    text = text.rstrip("0").removesuffix(".") if digits else text
    return "0" if text == "-0" else text


def texts(values: Array, digits: int) -> list[list[str]]:
    """A matrix of numbers `rounded`, each number that occurs only once."""
    distinct, where = np.unique(values, return_inverse=True)
    words = np.array([rounded(float(value), digits) for value in distinct], dtype=object)
    return words[where.reshape(values.shape)].tolist()


def _pointed(scaled: int, digits: int) -> str:
    """scaled / 10^digits >= 0, with all its digits."""
    text = f"{scaled:0{digits + 1}d}"
    return f"{text[:-digits]}.{text[-digits:]}" if digits else text


def below(value: Fraction, digits: int) -> str:
    """The largest multiple of 10^-digits that is at most `value` >= 0."""
    return _pointed(math.floor(value * 10**digits), digits)


def above(value: Fraction, digits: int) -> str:
    """The smallest multiple of 10^-digits that is at least `value` >= 0."""
    return _pointed(math.ceil(value * 10**digits), digits)
