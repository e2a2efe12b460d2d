"""Tickets as they travel: what people write, and a ticket as it stands."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypedDict

from assay.domain.experiments.experiment import Axis, Decision, DecisionKind, LinkKind, Lock, Mode
from assay.domain.experiments.ticket_data import ticket_to_data
from assay.domain.experiments.time_box import MOST_SPRINTS
from assay.domain.experiments.type_fields import DataStage
from assay.domain.kernel.findings import Role
from assay.domain.kernel.ids import TicketType
from assay.domain.kernel.model import NUMBER
from assay.workflows.records import Attestation, Note, Override, Ticket

Amount = Annotated[
    int | Annotated[float, Field(allow_inf_nan=False)] | Annotated[str, Field(max_length=40)], NUMBER
]
"""A number, or a number as text where every digit counts."""
Prose = Annotated[str, Field(max_length=20_000)]
Short = Annotated[str, Field(max_length=500)]
Key = Annotated[str, Field(max_length=40, examples=["EXP-42"])]
CriterionData = Annotated[str, Field(max_length=500)] | dict[str, Any]


class Body(BaseModel):
    """A request body: unknown fields are refused, numbers are finite."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class BaselineBody(Body):
    """What the hypothesis is compared with."""

    metric: Annotated[str, Field(max_length=100, examples=["accuracy"])]
    value: Amount | None = None
    source: Short = ""
    ticket: Key | None = None


class BudgetBody(Body):
    """What the experiment may spend."""

    gpu_hours: Amount | None = Field(default=None, examples=[24])
    cost_usd: Amount | None = None


class KillRuleValuesBody(Body):
    """Values of the project's kill rules that differ on this ticket; null: as the project has it."""

    over_budget_multiple: Amount | None = None
    plateau_tolerance: Amount | None = None
    gap: Amount | None = None
    futility: Amount | None = Field(default=None, examples=[0.1])


class DataNeedBody(Body):
    """A data set the experiment cannot start without."""

    dataset: Short
    versions: Short = ""
    needed_by: Short | None = None
    arrives: Annotated[Short, Field(examples=["2026-06-02 to 2026-06-05"])] = ""
    """The day or days on which it is expected."""
    ready: bool = False


class TrackerBody(Body):
    """Where a tracker, a report or a dashboard shows more of it."""

    url: Annotated[str, Field(max_length=2000, examples=["https://tracker.example.org/experiments/7"])]
    title: Short = ""


class SpikeBody(Body):
    """What a spike alone has."""

    question: Prose = ""
    deliverable: Prose = ""


class DataBody(Body):
    """What a data task alone has."""

    source: Short = ""
    volume: Short = ""
    stage: DataStage | None = None
    arrives: Short = ""


class EngineeringBody(Body):
    """What engineering alone has: targets, and the model they are about."""

    model_version: Short = ""
    latency_ms: Amount | None = None
    latency_percentile: Annotated[int, NUMBER, Field(ge=1, le=100)] = 95
    cost_usd_per_1000: Amount | None = None


class FeatureBody(Body):
    """What a feature alone has."""

    fallback: Prose = ""


Size = Annotated[Literal[1, 2, 3, 5, 8, 13], NUMBER]


class EffectBody(Body):
    """How large the improvement is believed to be, above 0 is better: low, mid, high (10, 50, 90%), or mean and sd."""

    low: Amount | None = None
    mid: Amount | None = None
    high: Amount | None = None
    mean: Amount | None = None
    sd: Amount | None = None


class CostOfDelayBody(Body):
    """What waiting costs against how long the work takes."""

    business_value: Size | None = None
    time_criticality: Size | None = None
    risk_reduction: Size | None = None
    job_size: Size | None = None


class PredictionBody(Body):
    """What is expected of the experiment; the one that stands when it is locked is scored when it is decided."""

    chance: Amount | None = Field(default=None, examples=[0.35])
    effect: EffectBody | None = None
    person_days: Amount | None = None
    gpu_hours: Amount | None = None
    training_days: Amount | None = None
    evaluation_days: Amount | None = None
    reward: Amount | None = None
    cost_of_delay: CostOfDelayBody | None = None


class PlaceBody(Body):
    """A place in the planning ranking given by hand."""

    rank: Annotated[int, NUMBER, Field(ge=1, le=1000)]
    reason: Short


class TicketBody(Body):
    """All that people write on a ticket. Criteria are text (`accuracy >= 85%`) or structured, by role."""

    model_config = ConfigDict(
        extra="forbid",
        allow_inf_nan=False,
        json_schema_extra={
            "examples": [
                {
                    "title": "Fine-tune the 8B model on support tickets",
                    "hypothesis": "Fine-tuning lifts accuracy from 72% to at least 85%.",
                    "baseline": [{"metric": "accuracy", "value": 0.72, "source": "zero-shot"}],
                    "criteria": {
                        "primary": ["accuracy >= 85%"],
                        "kill": ["accuracy < 78% after training"],
                    },
                    "budget": {"gpu_hours": 24},
                    "time_box_days": 10,
                }
            ]
        },
    )

    title: Annotated[str, Field(max_length=1000)]
    type: TicketType = TicketType.EXPERIMENT
    hypothesis: Prose = ""
    method: Prose = ""
    baseline: Annotated[list[BaselineBody], Field(max_length=100)] = Field(default_factory=list)
    criteria: Annotated[
        dict[Role, Annotated[list[CriterionData], Field(max_length=100)]], Field(max_length=4)
    ] = Field(default_factory=dict)
    budget: BudgetBody = BudgetBody()
    gpus: Annotated[int, NUMBER, Field(ge=0, le=10_000)] | None = None
    time_box_days: Annotated[int, NUMBER, Field(ge=1, le=3650)] | None = None
    time_box_sprints: Annotated[int, NUMBER, Field(ge=1, le=MOST_SPRINTS)] | None = None
    """In place of days: counted in days, by the length of the project's last sprint, as it is written."""
    mode: Mode | None = None
    axis: Axis | None = None
    data_needs: Annotated[list[DataNeedBody], Field(max_length=100)] = Field(default_factory=list)
    looks: Annotated[list[Annotated[int, NUMBER, Field(ge=2, le=10_000)]], Field(max_length=50)] | None = None
    candidate: Short | None = None
    owner: Annotated[str, Field(max_length=80)] = ""
    priority: Annotated[int, NUMBER, Field(ge=0, le=4)] = 2
    labels: Annotated[list[Short], Field(max_length=100)] = Field(default_factory=list)
    kill_rules_off: Annotated[list[Short], Field(max_length=100)] = Field(default_factory=list)
    kill_rule_values: KillRuleValuesBody = KillRuleValuesBody()
    prediction: PredictionBody | None = None
    place: PlaceBody | None = None

    trackers: Annotated[list[TrackerBody], Field(max_length=100)] = Field(default_factory=list)
    spike: SpikeBody = SpikeBody()
    data: DataBody = DataBody()
    engineering: EngineeringBody = EngineeringBody()
    feature: FeatureBody = FeatureBody()

    def sent(self) -> dict[str, Any]:
        """What was sent, as plain data for `ticket_from_data`, which knows the rules and the metrics."""
        return self.model_dump(mode="json", exclude_unset=True)


class EditBody(TicketBody):
    """The new content of a ticket, whole. Once locked, a change of what is locked needs `amendment_reason`."""

    amendment_reason: Annotated[str, Field(max_length=2000)] | None = None

    def sent(self) -> dict[str, Any]:
        return self.model_dump(mode="json", exclude_unset=True, exclude={"amendment_reason"})


class PatchBody(EditBody):
    """Some fields of a ticket; those left out stay as they are."""

    title: Annotated[str, Field(max_length=1000)] = ""


class ConfirmationBody(Body):
    """What only a person can know."""

    item: Annotated[str, Field(max_length=60, examples=["agreed"])]
    note: Annotated[str, Field(max_length=2000)] = ""


class NoteBody(Body):
    """A note."""

    text: Annotated[str, Field(max_length=20_000)]


class LinkBody(Body):
    """How this ticket relates to another one."""

    kind: LinkKind
    other: Key


class DecisionBody(Body):
    """What a person decided, and what was learned."""

    kind: DecisionKind
    learnings: Prose = ""
    reason: Annotated[str, Field(max_length=5000)] = ""
    move: bool = Field(default=True, description="Move the card where the decision leads.")


class MoveBody(Body):
    """Where the card shall go."""

    to: Annotated[str, Field(max_length=60, examples=["experiment"])]
    before: Key | None = Field(default=None, description="Key of the card it shall stand above; none: last.")
    reason: Annotated[str, Field(max_length=2000)] = ""
    override_reason: Annotated[str, Field(max_length=2000)] = ""


class ParseBody(Body):
    """One criterion, as text or structured."""

    criterion: CriterionData = Field(examples=["accuracy >= 85% on support-eval@3"])
    role: Role | None = None


class DocumentBody(Body):
    """One ticket file: YAML text, or the same as JSON."""

    name: Annotated[str, Field(min_length=1, max_length=200, examples=["EXP-42.yaml"])]
    text: Annotated[str, Field(max_length=1_000_000)] | None = None
    document: dict[str, Any] | None = None


class ImportBody(Body):
    """Ticket files: all of them come in, or none."""

    documents: Annotated[list[DocumentBody], Field(min_length=1, max_length=1000)]
    amendment_reason: Annotated[str, Field(max_length=2000)] | None = None
    leave_out_circles: bool = Field(
        default=False,
        description="Leave out links that would close a circle, and name them, instead of refusing all.",
    )


class TicketDocument(TypedDict):
    """A ticket as it stands."""

    key: str
    type: str
    title: str
    stage: str
    version: int
    created_at: datetime
    created_by: str
    updated_at: datetime
    entered_stage_at: datetime
    iterations: int
    content: dict[str, Any]
    lock: Lock | None
    decision: Decision | None
    confirmations: tuple[Attestation, ...]
    overrides: tuple[Override, ...]
    evidence: dict[str, Any]


class NoteDocument(TypedDict):
    """A note as it stands."""

    id: int
    text: str
    by: str
    at: datetime


class Ok(TypedDict):
    """Done."""

    done: Literal[True]


def ticket_document(ticket: Ticket) -> TicketDocument:
    """A ticket as the API tells it."""
    return TicketDocument(
        key=ticket.key,
        type=ticket.content.type.value,
        title=ticket.content.title,
        stage=ticket.stage,
        version=ticket.version,
        created_at=ticket.created_at,
        created_by=ticket.created_by,
        updated_at=ticket.updated_at,
        entered_stage_at=ticket.entered_stage_at,
        iterations=ticket.iterations,
        content=ticket_to_data(ticket.content),
        lock=ticket.lock,
        decision=ticket.decision,
        confirmations=ticket.attestations,
        overrides=ticket.overrides,
        evidence=ticket.card,
    )


def note_document(note: Note) -> NoteDocument:
    """A note as the API tells it."""
    return NoteDocument(id=note.id, text=note.text, by=note.by, at=note.at)
