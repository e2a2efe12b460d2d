"""Runs as lists and pages show them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from assay.domain.experiments.prices import DEVICE_TAG, SEEN_DEVICE_TAG, PriceList, cost_of
from assay.domain.kernel.ids import TICKET_TAG, ticket_key_in

if TYPE_CHECKING:
    from assay.domain.experiments.evidence import Run


class RunView(NamedTuple):
    """One run, what it names as its ticket where the project has no such ticket, and why its cost is not known."""

    run: Run
    unknown_ticket: str | None
    cost_unknown: str | None = None
    """Why nobody knows what it cost; None where that is known."""


@dataclass(frozen=True, slots=True)
class RunRow:
    """One line of the run list.

    `metrics` holds last values as text, non-finite ones as "NaN", "inf", "-inf"; of a metric that is declared to be read
    otherwise the value that counts, "unknown" where its curve does not reach that.
    """

    run_id: str
    source: str
    external_id: str
    name: str
    ticket: str | None
    """None where it names no ticket of the project, too."""
    status: str
    seed: int | str | None
    """As text beyond 2^53 - 1."""
    started_at: datetime | None
    gpu_hours: float | None
    cost_usd: float | None
    deleted: bool
    metrics: dict[str, str]
    url: str | None
    unknown_ticket: str | None = None
    """What it names as its ticket, where the project has no such ticket."""
    device: str | None = None
    """What its tag `assay.device` says."""
    device_seen: str | None = None
    """What its tag `assay.device_seen` says."""
    cost_source: str | None = None
    """The price that its cost was worked out with; None where the run says it itself, or nobody does."""


def priced_row(row: RunRow, prices: PriceList) -> RunRow:
    """The row with what the run cost by the price list, where it does not say so itself."""
    if row.cost_usd is not None or not prices.prices:
        return row
    tags = {DEVICE_TAG: row.device or "", SEEN_DEVICE_TAG: row.device_seen or ""}
    cost = cost_of(said_usd=None, gpu_hours=row.gpu_hours, tags=tags, began=row.started_at, prices=prices)
    return row if cost.usd is None else replace(row, cost_usd=cost.usd, cost_source=cost.source)


@dataclass(frozen=True, slots=True)
class RunListPage:
    """A page of runs."""

    rows: tuple[RunRow, ...]
    next_cursor: str | None
    total: int


def unread_tag(ticket: str | None, tags: Mapping[str, str]) -> str | None:
    """What does the tag of a run without a ticket say, where that is no key of a ticket?

    >>> unread_tag(None, {"assay.ticket": "the big one"}), unread_tag(None, {"assay.ticket": "search/EXP-1"})
    ('the big one', None)
    """
    said = tags.get(TICKET_TAG, "").strip()
    if ticket is not None or not said or ticket_key_in(said.rpartition("/")[2]):
        return None
    return said
