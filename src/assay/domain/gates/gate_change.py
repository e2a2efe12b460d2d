"""One difference between two versions of a gate."""

from __future__ import annotations

from typing import Literal

from assay.domain.kernel.model import Value

Kind = Literal["added", "removed", "loosened", "tightened", "changed"]


class GateChange(Value):
    """One difference between two versions of a gate."""

    kind: Kind
    text: str
    """One sentence, such as "loosened primary: accuracy >= 85% is now accuracy >= 80%"."""
    loosens: bool
    """It became easier to pass, or it cannot be told that no results pass now that did not pass before."""


def gate_change(kind: Kind, text: str, *, loosens: bool | None = None) -> GateChange:
    """The change; what was loosened or removed loosens, where nobody says otherwise."""
    easier = kind in ("loosened", "removed") if loosens is None else loosens
    return GateChange(kind=kind, text=text, loosens=easier)


def side(easier: int) -> Kind:
    """Which kind is a change that makes it easier (above 0) or harder (below 0) to pass?"""
    return "loosened" if easier > 0 else "tightened" if easier < 0 else "changed"
