"""The same change on many tickets, as it travels."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field
from typing_extensions import TypedDict

from assay.api.schemas.tickets import Body, Key, Short
from assay.domain.experiments.experiment import Axis, Mode
from assay.domain.kernel.model import NUMBER
from assay.workflows.bulk_edits import MOST, BulkChange
from assay.workflows.records import TicketTemplate

Seq = Annotated[int, NUMBER, Field(ge=1, lt=2**63)]


class ChosenTicket(Body):
    """One of the tickets, in the version it was seen in; without a version any is taken."""

    key: Key
    version: Annotated[int, NUMBER, Field(ge=1, lt=2**31)] | None = None


class SharedFields(Body):
    """What becomes of every ticket; what is left out stays."""

    owner: Annotated[str, Field(max_length=80)] = ""
    priority: Annotated[int, NUMBER, Field(ge=0, le=4)] = 2
    axis: Axis | None = None
    mode: Mode | None = None


class BulkBody(Body):
    """The same change on many tickets."""

    tickets: Annotated[list[ChosenTicket], Field(min_length=1, max_length=MOST)]
    set: SharedFields = SharedFields()
    add_labels: Annotated[list[Short], Field(max_length=100)] = Field(default_factory=list)
    remove_labels: Annotated[list[Short], Field(max_length=100)] = Field(default_factory=list)

    def change(self) -> BulkChange:
        """What was sent."""
        fields: dict[str, Any] = self.set.model_dump(exclude_unset=True)
        return BulkChange(
            fields=fields, add_labels=tuple(self.add_labels), remove_labels=tuple(self.remove_labels)
        )


class TemplateBody(Body):
    """A template, as the YAML of a ticket file whose title may be left out."""

    text: Annotated[str, Field(max_length=20_000, examples=["type: spike\ntime_box_days: 3\n"])]


class TemplateList(TypedDict):
    """The templates of a project, by name."""

    rows: tuple[TicketTemplate, ...]


class UndoBody(Body):
    """Which bulk edit: the numbers of its first and its last journal entry."""

    first_seq: Seq
    last_seq: Seq
