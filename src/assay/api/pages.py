"""How is a list asked for: how many, from where, which ones, in what order? Unknown parameters are refused."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, PlainValidator

from assay.domain.kernel.time import day_or_time

Limit = Annotated[int, Field(ge=1, le=200)]
Text = Annotated[str, Field(max_length=500)]
Position = Annotated[int, Field(ge=0, lt=2**63)]


class Asked(BaseModel):
    """Query parameters, and no others."""

    model_config = ConfigDict(extra="forbid")


class Paged(Asked):
    """A page of a list."""

    cursor: Text | None = Field(default=None, description="next_cursor of the page before.")
    limit: Limit = 50


class TicketFilters(Asked):
    """Which tickets; `none` stands for "not set"."""

    q: Text | None = Field(default=None, description="Words in key or title.")
    stage: Text | None = None
    owner: Text | None = None
    type: Text | None = None
    axis: Text | None = None
    phase: Text | None = Field(default=None, description="Phase the project was in when work on them began.")
    mode: Text | None = None
    decision: Text | None = None
    recommendation: Text | None = None
    priority: Text | None = None
    blocked: Text | None = Field(default=None, description="yes: something is in their way; no: nothing is.")
    stale: Text | None = Field(
        default=None,
        description="yes: in progress past their time box, or 14 days without evidence, note, edit or move; no: neither.",
    )
    waiting: Text | None = Field(
        default=None,
        description="yes: they wait for a person, to decide, to mend broken evidence, or over budget; no: they do not.",
    )
    sprint: Text | None = Field(default=None, description="Taken into this one: its number, or active.")

    def filters(self) -> dict[str, str]:
        """The filters that were given."""
        names = TicketFilters.model_fields
        return {name: value for name in names if (value := getattr(self, name)) is not None}


class TicketPage(TicketFilters, Paged):
    """A page of tickets."""

    sort: Text = Field(
        default="-updated",
        description="updated, created, key, title, stage, owner or priority; - before it for descending.",
    )


class CardPage(TicketFilters, Paged):
    """A page of a column."""


class BoardAsked(TicketFilters):
    """A board."""

    per_column: Limit = 50


class RunPage(Paged):
    """A page of runs."""

    q: Text | None = None
    ticket: Text | None = None
    source: Text | None = None
    status: Text | None = None
    deleted: Literal["yes", "no"] | None = None

    def filters(self) -> dict[str, str]:
        """The filters that were given."""
        names = ("q", "ticket", "source", "status", "deleted")
        return {name: value for name in names if (value := getattr(self, name)) is not None}


class JournalAsked(Asked):
    """A page of the journal, newest first."""

    project: Text | None = None
    before: Position | None = Field(default=None, description="Entries older than this number.")
    limit: Limit = 50
    kind: Text | None = None
    subject: Text | None = None
    who: Text | None = None


class InboxAsked(Asked):
    """A page of somebody's inbox, newest first."""

    who: Text | None = Field(default=None, description="Whose; left out: of the one who asks.")
    before: Position | None = Field(default=None, description="next_before of the page before.")
    limit: Limit = 50


class GateRunPageAsked(Asked):
    """A page of the answers of gates, newest first."""

    gate: Text | None = Field(default=None, description="Answers of this gate, over all its versions.")
    ticket: Text | None = None
    before: Annotated[int, Field(ge=0, lt=2**31)] | None = Field(
        default=None, description="next_before of the page before."
    )
    limit: Limit = 50


class SearchAsked(Asked):
    """A search."""

    q: Annotated[str, Field(max_length=2000)]
    limit: Limit = 20


class TriedAsked(Asked):
    """A look for past tickets like a draft."""

    q: Annotated[str, Field(max_length=20_000)]
    exclude: Text | None = None
    limit: Limit = 5


def _day_or_time(value: object) -> date:
    return day_or_time(str(value))


class DiagnosisAsked(Asked):
    """The usual causes of not shipping, over so many days until now."""

    days: Annotated[int, Field(ge=1, le=3660)] = 90


class MomentAsked(Asked):
    """As of a moment."""

    at: Annotated[date, PlainValidator(_day_or_time)] | None = Field(
        default=None,
        description="A day (its end), or a time such as 2026-05-12T09:00:00Z; left out: now. What came later is in no figure.",
    )


class FlowAsked(MomentAsked):
    """The flow of a project as of a moment."""

    days: Annotated[int, Field(ge=1, le=3660)] = 90


class FlowTicketsAsked(MomentAsked):
    """Tickets behind a figure of flow."""

    column: Annotated[str, Field(max_length=40)] | None = Field(
        default=None, description="Key of a column: the tickets that stood in it; left out: every ticket."
    )
    reached: Annotated[str, Field(max_length=40)] | None = Field(
        default=None,
        description="Instead the experiments that had ever got so far: key of a column, or `promoted`.",
    )
    sprint: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = Field(
        default=None, description="Only the tickets that were in this sprint then."
    )


class CeremonyAsked(Asked):
    """A ceremony, as data or as Markdown."""

    format: Literal["json", "markdown"] = "json"


class StandupAsked(CeremonyAsked):
    """The stand-up since a moment."""

    since: Annotated[date, PlainValidator(_day_or_time)] | None = Field(
        default=None,
        description="A day (its beginning), or a time such as 2026-05-12T09:00:00Z; left out: the working day before.",
    )
