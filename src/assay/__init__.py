"""Assay: experiments decided on evidence.

    import assay
    answer = assay.gate({"accuracy": candidate}, {"accuracy": baseline}, "accuracy no worse than baseline by 2%")
    assert answer, answer

Importing it loads nothing: each name brings its own code when it is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from assay.errors import AssayError
    from assay.sdk.estimators import scored
    from assay.sdk.gates import gate
    from assay.sdk.report import GateReport

__version__ = "0.1.0"
__all__ = ["AssayError", "GateReport", "__version__", "gate", "scored"]

_HOMES = {
    "AssayError": "assay.errors",
    "GateReport": "assay.sdk.report",
    "gate": "assay.sdk.gates",
    "scored": "assay.sdk.estimators",
}


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'assay' has no attribute '{name}'")
    return getattr(import_module(home), name)


def __dir__() -> list[str]:
    return sorted(__all__)
