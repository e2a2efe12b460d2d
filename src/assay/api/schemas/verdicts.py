"""Verdicts as they travel."""

from __future__ import annotations

from collections.abc import Sequence

from typing_extensions import TypedDict

from assay.domain.kernel.verdicts import VerdictRecord
from assay.workflows.verdicts import VerdictVersion


class VerdictDocument(TypedDict):
    """The verdict on a ticket, with the digests of all it saw."""

    key: str
    record: VerdictRecord


class VerdictHistory(TypedDict):
    """Every verdict a ticket had, oldest first."""

    key: str
    rows: Sequence[VerdictVersion]
