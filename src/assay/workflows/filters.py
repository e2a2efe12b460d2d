"""Does a filter ask for something that can be there? A value that nothing can have is a slip, not an empty list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches

from assay.domain.experiments.evidence import RunStatus
from assay.domain.experiments.experiment import Axis, DecisionKind, Mode
from assay.domain.kernel.ids import TicketType
from assay.domain.kernel.verdicts import Recommendation
from assay.errors import Invalid
from assay.workflows.ports import ReadTransaction
from assay.workflows.records import Project

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
}
_OF_RUNS: Known = {"status": tuple(RunStatus), "deleted": ("yes", "no")}


def ticket_filters(project: Project, filters: Filters | None) -> Filters:
    """The filters of a list of tickets, as they were given.

    Raises:
        Invalid: a value that no ticket of this project can have; `field` is the filter, and the message names what exists.
    """
    return _checked({"stage": [stage.key for stage in project.settings.board.stages], **_OF_TICKETS}, filters)


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
