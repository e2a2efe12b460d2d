"""Planning as it travels: candidates in order, and how good earlier expectations were."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypedDict

from assay.domain.experiments.experiment import Place
from assay.domain.sprints.load import Load
from assay.domain.sprints.ranking import Per
from assay.domain.sprints.sprint import CommitmentLimits, SprintContent
from assay.stats.elicited_chances import BrierScore, TrackRecord
from assay.workflows.planning import CallsView, PlanRow, PlanView
from assay.workflows.planning_page import PlanningView


class PlanAsked(BaseModel):
    """Which cost is scarce, and which days the sprint has."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    per: Per = Field(default=Per.GPU_HOUR, description="The cost that is scarce.")
    starts_on: date | None = Field(default=None, description="First day; left out: the next Monday.")
    ends_on: date | None = Field(default=None, description="Last day; left out: two weeks.")


class PlanningAsked(BaseModel):
    """The planning page, as data or as Markdown."""

    model_config = ConfigDict(extra="forbid")

    per: Per = Field(default=Per.GPU_HOUR, description="The cost that is scarce.")
    format: Literal["json", "markdown"] = "json"
    sprint: int | None = Field(
        default=None,
        ge=1,
        le=2**31 - 1,
        description="Number of the sprint; left out: the one that is planned next.",
    )


class CallsAsked(BaseModel):
    """Which window of decisions, and the cost that the ranking is by."""

    model_config = ConfigDict(extra="forbid")

    since: date = Field(description="First day, such as 2026-05-12; the ranking is by what was known then.")
    until: date | None = Field(default=None, description="Last day; left out: today.")
    per: Per = Per.GPU_HOUR


class Rate(TypedDict):
    """A worth for a cost; null where it is not known."""

    gpu_hour: float | None
    person_day: float | None


class ReadyDocument(TypedDict):
    """One line of the Definition of Ready."""

    title: str
    outcome: str
    reason: str
    do: str


class CandidateDocument(TypedDict):
    """A candidate at its place."""

    key: str
    title: str
    stage: str
    version: int
    rank: int
    computed_rank: int
    place: Place | None
    sentence: str
    basis: str
    chance: float | None
    chance_said: float | None
    worth: float | None
    gain: float | None
    if_met: float | None
    worth_per: Rate
    gpu_hours: float | None
    person_days: float | None
    missing: tuple[str, ...]
    fit: str
    feasibility: str
    spare_days: float | None
    remedies: tuple[str, ...]
    ready: list[ReadyDocument]


class DelayedDocument(TypedDict):
    """A candidate by cost of delay over job size."""

    key: str
    rank: int
    cost_of_delay: int | None
    score: float | None
    sentence: str
    missing: tuple[str, ...]


class PlanDocument(TypedDict):
    """Candidates for a sprint."""

    starts_on: date
    ends_on: date
    days: Annotated[int, "working days"]
    per: str
    scale: str
    scale_text: str
    candidates: list[CandidateDocument]
    by_cost_of_delay: list[DelayedDocument]
    record: dict[str, Any]
    score: dict[str, Any] | None
    score_text: str


class PlanningDocument(TypedDict):
    """The sprint that is planned next, with its candidates."""

    sprint: int | None
    content: SprintContent
    committed: list[str]
    experiments: int
    product_tasks: int
    limits: CommitmentLimits
    load: Load
    over: tuple[str, ...]
    plan: PlanDocument


class CallDocument(TypedDict):
    """One decided experiment against what was expected of it."""

    key: str
    decided_at: datetime
    said: float | None
    hit: bool
    shipped: bool
    gain: float | None


class CallsDocument(TypedDict):
    """What was expected, what came of it, and whether the ranking paid."""

    since: datetime
    until: datetime
    calls: list[CallDocument]
    score: dict[str, Any] | None
    score_text: str
    before: dict[str, Any]
    paid: dict[str, Any] | None


def plan_document(view: PlanView) -> PlanDocument:
    """Candidates as the API tells them."""
    return PlanDocument(
        starts_on=view.window.starts_on,
        ends_on=view.window.ends_on,
        days=view.window.days,
        per=view.ranking.per.value,
        scale=view.ranking.scale.value,
        scale_text=view.ranking.scale_text,
        candidates=[_candidate(row) for row in view.rows],
        by_cost_of_delay=[
            DelayedDocument(
                key=row.candidate.key,
                rank=row.rank,
                cost_of_delay=row.cost_of_delay,
                score=row.score,
                sentence=row.sentence,
                missing=row.missing,
            )
            for row in view.delayed
        ],
        record=_record(view.record),
        score=_score(view.score),
        score_text=view.score_text,
    )


def planning_document(view: PlanningView) -> PlanningDocument:
    """The planning page as the API tells it."""
    return PlanningDocument(
        sprint=None if view.sprint is None else view.sprint.number,
        content=view.content,
        committed=list(view.committed),
        experiments=view.experiments,
        product_tasks=view.tasks,
        limits=view.limits,
        load=view.load,
        over=view.over,
        plan=plan_document(view.plan),
    )


def _candidate(row: PlanRow) -> CandidateDocument:
    ranked, worth = row.ranked, row.ranked.candidate.worth
    return CandidateDocument(
        key=row.ticket.key,
        title=row.ticket.content.title,
        stage=row.ticket.stage,
        version=row.ticket.version,
        rank=ranked.rank,
        computed_rank=ranked.computed_rank,
        place=row.ticket.content.place,
        sentence=ranked.sentence,
        basis=worth.basis.value,
        chance=worth.chance,
        chance_said=worth.said,
        worth=ranked.worth,
        gain=worth.gain,
        if_met=worth.if_met,
        worth_per=Rate(gpu_hour=ranked.per_gpu_hour, person_day=ranked.per_person_day),
        gpu_hours=ranked.candidate.gpu_hours,
        person_days=ranked.candidate.person_days,
        missing=ranked.missing,
        fit=row.feasibility.fit.value,
        feasibility=row.feasibility.text,
        spare_days=row.feasibility.spare_days,
        remedies=row.feasibility.remedies,
        ready=[
            ReadyDocument(title=one.title, outcome=one.outcome.value, reason=one.reason, do=one.do)
            for one in row.ready
        ],
    )


def calls_document(view: CallsView) -> CallsDocument:
    """Earlier expectations as the API tells them."""
    return CallsDocument(
        since=view.since,
        until=view.until,
        calls=[
            CallDocument(
                key=call.item,
                decided_at=call.decided_at,
                said=call.said,
                hit=call.hit,
                shipped=call.shipped,
                gain=call.gain,
            )
            for call in view.decided
        ],
        score=_score(view.score),
        score_text=view.score_text,
        before=_record(view.before),
        paid=None if view.paid is None else asdict(view.paid),
    )


def _record(record: TrackRecord) -> dict[str, Any]:
    return asdict(record) | {"hit_rate": record.hit_rate, "interval": record.interval}


def _score(score: BrierScore | None) -> dict[str, Any] | None:
    return None if score is None else asdict(score) | {"skill": score.skill}
