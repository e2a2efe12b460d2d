"""Projects, metrics and sources as they travel."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field
from typing_extensions import TypedDict

from assay.api.schemas.tickets import Body
from assay.domain.board.board import Board
from assay.domain.board.templates import BoardTemplate
from assay.domain.gates.settings import VerdictSettings
from assay.domain.kernel.metrics import Direction, Unit
from assay.domain.kernel.model import NUMBER
from assay.domain.kernel.zones import TimeZoneName
from assay.domain.sprints.cadence import Cadence
from assay.domain.sprints.sprint import CommitmentLimits
from assay.workflows.records import Project, Source
from assay.workflows.sync_batches import SyncReport

Name = Annotated[str, Field(max_length=200)]


class ProjectBody(Body):
    """A new project."""

    slug: Annotated[str, Field(max_length=100, examples=["support-chatbot"])]
    name: Name = ""
    template: Annotated[BoardTemplate, Field(description="The board it begins with.")] = (
        BoardTemplate.EXPERIMENT
    )


class SettingsBody(Body):
    """What a project may set; what is left out stays."""

    name: Name | None = None
    board: Board | None = None
    verdicts: VerdictSettings | None = None
    commitments: CommitmentLimits | None = None
    """So many experiments and product tasks a sprint takes in before the team is asked whether it is sure."""
    time_zone: TimeZoneName | None = None
    """Whose nights and weekends the stand-up means, by its name in the IANA database."""


class MetricBody(Body):
    """How a metric is read."""

    direction: Direction
    unit: Unit = Unit.NUMBER
    decimals: Annotated[int, NUMBER, Field(ge=0, le=9)] | None = None
    aliases: Annotated[list[Annotated[str, Field(max_length=100)]], Field(max_length=50)] = Field(
        default_factory=list
    )
    description: Annotated[str, Field(max_length=2000)] = ""
    reading: Annotated[str, Field(max_length=40, examples=["step 1000"])] = "last"
    """Which value of a run's curve counts: last, best, step N or mean of last N."""


class NamedMetricBody(MetricBody):
    """A metric with its name."""

    name: Annotated[str, Field(max_length=100, examples=["accuracy"])]


class SourceBody(Body):
    """A tracker to read."""

    kind: Annotated[str, Field(max_length=40, examples=["mlflow"])]
    uri: Annotated[str, Field(min_length=1, max_length=2000, examples=["sqlite:///mlflow.db"])]
    name: Annotated[str, Field(max_length=100)] | None = None
    experiments: Annotated[list[Annotated[str, Field(max_length=500)]], Field(max_length=1000)] = Field(
        default_factory=list
    )
    qualified: bool = False


class AttachBody(Body):
    """The ticket a run belongs to; null detaches it."""

    ticket: Annotated[str, Field(max_length=40)] | None


class ProjectDocument(TypedDict):
    """A project as it stands."""

    slug: str
    name: str
    version: int
    created_at: datetime
    board: Board
    verdicts: VerdictSettings
    cadence: Cadence
    commitments: CommitmentLimits
    time_zone: str


class SourceDocument(TypedDict):
    """A connected tracker."""

    name: str
    kind: str
    uri: str
    experiments: tuple[str, ...]
    qualified: bool
    last_sync_at: datetime | None
    last_sync_status: str
    last_sync_error: str


class ConnectedDocument(SourceDocument):
    """A tracker just connected, with one line about what was found there."""

    found: str


class SyncDocument(TypedDict):
    """What a sync did, source by source."""

    reports: tuple[SyncReport, ...]


def project_document(project: Project) -> ProjectDocument:
    """A project as the API tells it."""
    return ProjectDocument(
        slug=project.slug,
        name=project.name,
        version=project.version,
        created_at=project.created_at,
        board=project.settings.board,
        verdicts=project.settings.verdicts,
        cadence=project.settings.cadence,
        commitments=project.settings.commitments,
        time_zone=project.settings.time_zone,
    )


def source_document(source: Source) -> SourceDocument:
    """A source as the API tells it; its cursor is nobody's business."""
    return SourceDocument(
        name=source.name,
        kind=source.kind,
        uri=source.uri,
        experiments=source.experiment_filter,
        qualified=source.qualified,
        last_sync_at=source.last_sync_at,
        last_sync_status=source.last_sync_status,
        last_sync_error=source.last_sync_error,
    )


def listed(items: Any) -> dict[str, Any]:
    """A list that is not paged, under the name pages use."""
    return {"rows": items}
