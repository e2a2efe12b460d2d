"""Documents of a project as they travel: as YAML text or as the same fields."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field
from typing_extensions import TypedDict

from assay.api.pages import Asked
from assay.api.schemas.tickets import Body
from assay.errors import Invalid
from assay.workflows.canvas import CanvasView, SprintClock
from assay.workflows.canvas_words import NumberLine, kill_lines, latency_line, success_lines
from assay.workflows.ticket_file import dump_ticket_text, load_ticket_text


class KeptAsked(Asked):
    """A document, as data, as the YAML file or as Markdown."""

    format: Literal["json", "yaml", "markdown"] = "json"


class PhaseAsked(Asked):
    """A document, as data or as the YAML file."""

    format: Literal["json", "yaml"] = "json"


class KeptBody(Body):
    """A whole document: its YAML text, or the same as fields."""

    text: Annotated[str, Field(max_length=1_000_000)] | None = None
    document: dict[str, Any] | None = None

    def data(self, name: str) -> Any:
        """The plain fields, whichever way they came."""
        if (self.text is None) == (self.document is None):
            raise Invalid(
                f"cannot read {name}: text and document (expected one of the two)",
                hint="GET the same address for an example",
                code="document-text-or-fields",
                field="document",
            )
        return self.document if self.text is None else (load_ticket_text(self.text, name=name) or {})


class CanvasDocument(TypedDict):
    """A canvas with today's values."""

    version: int
    at: datetime | None
    by: str
    document: Mapping[str, Any]
    text: str
    success: tuple[NumberLine, ...]
    latency: NumberLine | None
    kill: tuple[NumberLine, ...]
    readings: Any
    """What the engine found, by place."""
    judged_at: datetime | None
    clock: SprintClock
    runs: int
    runs_with_hours: int
    gpu_hours: float | None


def canvas_document(view: CanvasView) -> CanvasDocument:
    """A canvas as the API tells it."""
    return CanvasDocument(
        version=view.version,
        at=view.at,
        by=view.by,
        document=view.data,
        text=yaml_text(view.data),
        success=success_lines(view),
        latency=latency_line(view),
        kill=kill_lines(view),
        readings=view.standing.readings if view.standing else (),
        judged_at=view.judged_at,
        clock=view.clock,
        runs=view.runs,
        runs_with_hours=view.runs_with_hours,
        gpu_hours=view.gpu_hours,
    )


def yaml_text(data: Mapping[str, Any]) -> str:
    """The file that holds these fields."""
    return dump_ticket_text(dict(data)) if data else ""
