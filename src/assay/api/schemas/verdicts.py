"""Verdicts as they travel."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from typing_extensions import TypedDict

from assay.domain.experiments.display_findings import ShownFinding
from assay.domain.gates.settings import VerdictSettings
from assay.domain.gates.snoozes import Snooze
from assay.domain.kernel.verdicts import VerdictRecord
from assay.workflows.verdicts import VerdictVersion
from assay.workflows.views import KillView, VerdictSince


class VerdictDocument(TypedDict):
    """The verdict on a ticket, with the digests of all it saw."""

    key: str
    record: VerdictRecord
    exit_code: int
    """What a command that asks for this verdict ends with: 0 promote, 1 iterate or kill, 2 broken evidence, 3 undecided."""
    shown: tuple[ShownFinding, ...]
    """Estimate and interval of every finding as people read them, in the order of the findings."""
    since_kill: VerdictSince | None
    """Of a ticket that is closed by a kill, what came after the verdict it was killed on; null while nothing did."""
    kills: tuple[KillView, ...]
    """The kills that it recommends, with who overruled which until when."""


class PastDocument(TypedDict):
    """What past runs taught the rule for futility."""

    learned: str
    """Compressed, in base64."""
    may_stop: bool
    """Whether its record allows it to stop a run by itself."""
    why: str


class BasisDocument(TypedDict):
    """What a verdict on a ticket would be computed from now."""

    key: str
    dossier: str
    """Lock and runs with their curves, compressed, in base64."""
    settings: VerdictSettings
    snoozes: tuple[Snooze, ...]
    """Recommended kills that somebody overruled for now."""
    past: PastDocument | None
    """What past runs of the metric taught; null where the rule for futility is off, or there is no number to reach."""
    at: datetime


class VerdictHistory(TypedDict):
    """Every verdict a ticket had, oldest first."""

    key: str
    rows: Sequence[VerdictVersion]
