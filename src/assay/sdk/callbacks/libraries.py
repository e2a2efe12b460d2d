"""The library of the training itself: it is there, or there is nothing to be logged. Assay never installs one."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from assay.errors import Unavailable


def library(name: str) -> Any:
    """This library.

    Raises:
        Unavailable: it is not installed, or cannot be imported.
    """
    try:
        return import_module(name)
    except ImportError as error:
        package = name.partition(".")[0]
        raise Unavailable(
            f"cannot use {package}: {str(error)[:200]} (expected it installed where the training runs)",
            hint=f"pip install {package}",
            code="library-missing",
        ) from error
