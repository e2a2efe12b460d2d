"""Runs side by side as they travel."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field
from typing_extensions import TypedDict

from assay.api.documents import number
from assay.api.pages import Asked, Text
from assay.domain.gates.compared_groups import ComparedGroup, ComparedRun
from assay.domain.kernel.canonical import exact_integer
from assay.workflows.comparison import MOST_DRAWN, MOST_TAKEN
from assay.workflows.comparison_asked import MOST_CONFIG, MOST_METRICS, MOST_RUNS_NAMED, NAMES
from assay.workflows.comparison_views import ComparisonView, CurvesView, DrawnCurve


class ComparisonQuery(Asked):
    """Which runs, by what."""

    run: Annotated[list[Text], Field(max_length=MOST_RUNS_NAMED)] = Field(
        default_factory=list, description="Only these, by run id; may be given several times."
    )
    q: Text | None = Field(default=None, description="Words in name or id.")
    ticket: Text | None = Field(default=None, description="A key, or `none`.")
    status: Text | None = None
    source: Text | None = None
    dataset: Text | None = Field(default=None, description="Evaluation set with its version.")
    seed: Text | None = Field(default=None, description="A whole number.")
    since: Text | None = Field(default=None, description="Begun at or after this day or time.")
    until: Text | None = Field(
        default=None, description="Begun up to the end of this day, or before this time."
    )
    config: Annotated[list[Text], Field(max_length=MOST_CONFIG)] = Field(
        default_factory=list,
        description="NAME=VALUE: a parameter with its value; may be given several times.",
    )
    metric: Annotated[list[Text], Field(max_length=MOST_METRICS)] = Field(
        default_factory=list,
        description="The first one is compared; left out, what most of the tickets are judged by.",
    )
    read: Text | None = Field(
        default=None, description="Which value of a curve counts: last, best, step N, or mean of last N."
    )
    across: Literal["step", "time"] = Field(
        default="step", description="Curves by step, or by hours since their first point."
    )
    smooth: Text | None = Field(
        default=None, description="Weight of a running mean over the curves, 0 to 0.999."
    )
    begin: Text | None = Field(
        default=None,
        description=f"Curves are those of {MOST_DRAWN} runs after so many; the others are asked for so.",
    )
    cursor: Text | None = Field(
        default=None, description=f"next_cursor of the answer before: the runs after its {MOST_TAKEN:,}."
    )

    def words(self) -> dict[str, list[str]]:
        """As addresses of pages say it."""
        return {name: _texts(getattr(self, name, None)) for name in NAMES}


def _texts(value: list[str] | str | None) -> list[str]:
    return [] if value is None else [value] if isinstance(value, str) else value


class ComparedRunDocument(TypedDict):
    """One run; a value that is no finite number is told as text."""

    run_id: str
    name: str
    ticket: str | None
    arm: str
    seed: int | str | None
    dataset: str | None
    status: str
    begun_before_lock: bool
    config: dict[str, str]
    started_at: datetime | None
    url: str | None
    group: str
    value: float | str | None


class ComparedGroupDocument(TypedDict):
    """The runs that differ only in seed."""

    group: str
    label: str
    best: bool
    ticket: str | None
    arm: str
    dataset: str | None
    begun_before_lock: bool
    config: dict[str, str]
    run_ids: list[str]
    n: int
    values: list[float]
    mean: float | None
    sd: float | None
    interval: dict[str, Any] | None
    why: str
    notes: list[str]


class ComparisonDocument(TypedDict):
    """Runs side by side."""

    metric: str | None
    metrics: list[str]
    direction: str | None
    read: str
    logged: dict[str, int]
    ignored_parameters: list[str]
    splitting_parameters: list[str]
    differing_parameters: list[str]
    total: int
    taken: int
    next_cursor: str | None
    groups: list[ComparedGroupDocument]
    runs: list[ComparedRunDocument]


class DrawnCurveDocument(TypedDict):
    """One run's curve, thinned: ends, extremes and the first broken value of every stretch are kept."""

    run_id: str
    across: list[float]
    values: list[float | str]
    raw_across: list[float] | None
    raw_values: list[float | str] | None
    points: int
    broken: int


class CurvesDocument(TypedDict):
    """The curves of one metric."""

    metric: str
    runs_without_it: int
    curves: list[DrawnCurveDocument]


class ComparisonCurvesDocument(TypedDict):
    """Curves of the runs that are drawn, of all that match."""

    total: int
    begin: int
    drawn: int
    across: str
    smooth: float
    pictures: list[CurvesDocument]


def comparison_document(view: ComparisonView) -> ComparisonDocument:
    """Runs side by side as the API tells them."""
    return ComparisonDocument(
        metric=view.metrics[0] if view.metrics else None,
        metrics=list(view.metrics),
        direction=None if view.declared is None else view.declared.direction.value,
        read=view.read.text,
        logged=dict(view.logged),
        ignored_parameters=list(view.ignored),
        splitting_parameters=list(view.splitting),
        differing_parameters=list(view.differing),
        total=view.total,
        taken=len(view.taken),
        next_cursor=view.next_cursor,
        groups=[_group(group, view) for group in view.groups],
        runs=[_run(one, view) for one in view.taken],
    )


def _group(group: ComparedGroup, view: ComparisonView) -> ComparedGroupDocument:
    interval = group.interval
    told = None
    if interval is not None:
        told = {
            "low": interval.low,
            "high": interval.high,
            "confidence": interval.confidence,
            "label": group.method,
        }
    return ComparedGroupDocument(
        group=group.key,
        label=group.label,
        best=view.best is group,
        ticket=group.ticket,
        arm=group.arm,
        dataset=group.dataset,
        begun_before_lock=group.is_early,
        config=dict(group.config),
        run_ids=[one.run.run_id for one in group.runs],
        n=group.n,
        values=list(group.values),
        mean=group.mean,
        sd=group.sd,
        interval=told,
        why=group.why,
        notes=list(group.notes),
    )


def _run(one: ComparedRun, view: ComparisonView) -> ComparedRunDocument:
    run = one.run
    return ComparedRunDocument(
        run_id=run.run_id,
        name=run.name,
        ticket=run.ticket,
        arm=run.arm,
        seed=exact_integer(run.seed),
        dataset=run.dataset,
        status=run.status.value,
        begun_before_lock=one.is_early,
        config=dict(run.config),
        started_at=run.started_at,
        url=run.url,
        group=view.group_of[run.run_id].key,
        value=None if one.value is None else number(one.value),
    )


def curves_document(view: ComparisonView, pictures: Sequence[CurvesView]) -> ComparisonCurvesDocument:
    """The curves as the API tells them."""
    return ComparisonCurvesDocument(
        total=view.total,
        begin=view.asked.begin,
        drawn=len(view.drawn),
        across=view.asked.across.value,
        smooth=view.asked.smooth,
        pictures=[
            CurvesDocument(
                metric=one.metric, runs_without_it=one.without, curves=[_curve(c) for c in one.curves]
            )
            for one in pictures
        ],
    )


def _curve(one: DrawnCurve) -> DrawnCurveDocument:
    return DrawnCurveDocument(
        run_id=one.run_id,
        across=one.across.tolist(),
        values=[number(value) for value in one.values.tolist()],
        raw_across=None if one.raw_across is None else one.raw_across.tolist(),
        raw_values=None if one.raw_values is None else [number(value) for value in one.raw_values.tolist()],
        points=one.points,
        broken=one.broken,
    )
