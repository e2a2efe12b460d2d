"""What may be logged: numbers of Python, NumPy, PyTorch and whatever else says what number it is, without importing any of it."""

from __future__ import annotations

import operator
from typing import Any

_LARGEST_STEP = 2**63 - 1


def number_of(value: Any) -> float:
    """Which number is this? NaN and infinity are numbers here: that a training diverged is evidence.

    Raises:
        TypeError: it is none; the text says what it is.

    >>> number_of(3), number_of(True), number_of(float("inf"))
    (3.0, 1.0, inf)
    >>> number_of("0.87")
    Traceback (most recent call last):
    TypeError: the text '0.87'
    """
    if isinstance(value, float | int):
        return float(value)
    if isinstance(value, str | bytes):
        raise TypeError(f"the text {value[:40]!r}")
    if value is None:
        raise TypeError("None")
    item = getattr(value, "item", None)  # one element of NumPy, PyTorch, JAX
    try:
        found = item() if callable(item) else float(value)
    except Exception as error:  # whatever a library raises, a training must not end with it
        raise TypeError(_named(value)) from error
    if isinstance(found, float | int):
        return float(found)
    raise TypeError(_named(value))


def step_of(value: Any) -> int:
    """Which step is this?

    Raises:
        TypeError: it is no whole number that fits in 64 bits; the text says what it is.

    >>> step_of(7), step_of(7.0)
    (7, 7)
    """
    try:
        if isinstance(value, float):
            found = int(value) if value.is_integer() else None
        else:
            found = operator.index(value)
    except Exception as error:
        raise TypeError(_named(value)) from error
    if found is None or abs(found) > _LARGEST_STEP:
        raise TypeError(f"the step {str(value)[:40]}")
    return found


def _named(value: Any) -> str:
    """What a value is, where its own text could be a whole tensor."""
    shape = getattr(value, "shape", None)
    return f"a {type(value).__name__}" + (
        f" of shape {tuple(shape)}" if isinstance(shape, tuple) and shape else ""
    )
