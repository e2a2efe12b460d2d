"""Does a filter ask for something that can be there? A value that nothing can have is a slip, not an empty list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from difflib import get_close_matches

from assay.domain.experiments.evidence import RunStatus
from assay.domain.experiments.experiment import Axis, DecisionKind, Mode
from assay.domain.kernel.ids import TicketType
from assay.domain.kernel.verdicts import Recommendation
from assay.domain.portfolio.lanes import LaneBy
from assay.domain.portfolio.phase_of_work import PhaseBegin, phase_of_work
from assay.domain.portfolio.phases import Phase
from assay.errors import Invalid
from assay.workflows.asked import Asked, Begun, Keys
from assay.workflows.phase_history import phases_of
from assay.workflows.ports import ReadTransaction
from assay.workflows.records import Project
from assay.workflows.staleness import stale_cards

NOT_SET = "none"
"""Filter value that stands for "not set", where a ticket may do without."""
PRIORITIES = ("0", "1", "2", "3", "4")
Filters = Mapping[str, str]
Known = Mapping[str, Sequence[str]]

_OF_TICKETS: Known = {
    "type": tuple(TicketType),
    "axis": (*Axis, NOT_SET),
    "mode": (*Mode, NOT_SET),
    "decision": (*DecisionKind, NOT_SET),
    "recommendation": (*Recommendation, NOT_SET),
    "priority": PRIORITIES,
    "blocked": ("yes", "no"),
    "phase": (*Phase, NOT_SET),
    "stale": ("yes", "no"),
    "waiting": ("yes", "no"),
    "lanes": tuple(LaneBy),
}
_OF_RUNS: Known = {"status": tuple(RunStatus), "deleted": ("yes", "no")}


def ticket_filters(project: Project, filters: Filters | None) -> Filters:
    """The filters of a list of tickets, as they were given.

    Raises:
        Invalid: a value that no ticket of this project can have; `field` is the filter, and the message names what exists.
    """
    return _checked({"stage": [stage.key for stage in project.settings.board.stages], **_OF_TICKETS}, filters)


def asked_of_tickets(
    tx: ReadTransaction, project: Project, filters: Filters | None, *, at: datetime
) -> Asked:
    """What these filters ask of tickets at this moment: which are stale, wait for a person, or belong to a phase is looked up.

    Raises:
        Invalid: as with `ticket_filters`.
    """
    given = ticket_filters(project, filters)
    asked: dict[str, str | Keys | Begun] = dict(given)
    stale, waiting, phase = given.get("stale"), given.get("waiting"), given.get("phase")
    if stale:
        asked["stale"] = Keys(frozenset(stale_cards(tx, project, at)), others=stale == "no")
    if waiting:
        asked["waiting"] = Keys(tx.awaited_keys(project), others=waiting == "no")
    if phase:
        asked["phase"] = begun_in_phase(
            None if phase == NOT_SET else Phase(phase), phases_of(tx, project.slug)
        )
    return asked


def begun_in_phase(phase: Phase | None, way: Sequence[PhaseBegin]) -> Begun:
    """When was work begun that belongs to this phase (None: to none that anybody had said)?"""
    ends = [*(one.at for one in way[1:]), *([None] if way else [])]
    spans: list[tuple[datetime | None, datetime | None]] = [
        (one.at, end) for one, end in zip(way, ends, strict=True) if one.phase is phase
    ]
    if phase is None:
        spans = [(None, way[0].at if way else None)]
    return Begun(tuple(spans), waiting=phase_of_work(None, way) is phase)


def run_filters(tx: ReadTransaction, project: Project, filters: Filters | None) -> Filters:
    """The filters of a list of runs, as they were given.

    Raises:
        Invalid: a value that no run of this project can have, as with `ticket_filters`.
    """
    asks_source = bool(filters and filters.get("source"))
    sources = {"source": [source.name for source in tx.sources(project.id)]} if asks_source else {}
    return _checked({**_OF_RUNS, **sources}, filters)


def _checked(known: Known, filters: Filters | None) -> Filters:
    for name, value in (filters or {}).items():
        values = known.get(name)
        if value and values is not None and value not in values:
            close = get_close_matches(value[:60], values, n=1)
            raise Invalid(
                f"cannot filter by {name}: found {ascii(value)[:60]} (expected one of: {', '.join(values) or 'none yet'})",
                hint=f"did you mean {close[0]}?" if close else "leave the filter out for all",
                code="filter-malformed",
                field=name,
            )
    return filters or {}
