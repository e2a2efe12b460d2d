"""Locked tickets and runs for tests, written as short as a ticket is spoken of."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np

from assay.domain.experiments.criteria.model import Criterion
from assay.domain.experiments.criteria.text import parse_criterion
from assay.domain.experiments.evidence import Curve, Evidence, Run, RunStatus, Scores
from assay.domain.experiments.experiment import Baseline, Budget, Lock, LookPlan, Registration
from assay.domain.gates.settings import VerdictSettings
from assay.domain.gates.verdict import compute_verdict
from assay.domain.kernel.findings import Role
from assay.domain.kernel.metrics import Direction, Metric, MetricCatalog, Unit

LOCKED = datetime(2026, 5, 12, 9, tzinfo=UTC)
LOCK_SEQ = 100
HIGHER, LOWER = Direction.HIGHER, Direction.LOWER
METRICS = MetricCatalog.of(
    [
        Metric(name="accuracy", direction=HIGHER, unit=Unit.FRACTION, aliases=("acc",)),
        Metric(name="f1", direction=HIGHER, unit=Unit.FRACTION),
        Metric(name="toxicity", direction=LOWER, unit=Unit.FRACTION),
        Metric(name="val_loss", direction=LOWER),
        Metric(name="train_loss", direction=LOWER),
        Metric(name="score", direction=HIGHER),
        Metric(name="latency_p95", direction=LOWER, unit=Unit.MILLISECONDS),
        Metric(name="pii_leaks", direction=LOWER, unit=Unit.COUNT),
    ]
)


def lock(
    *criteria,
    baseline=(),
    gpu_hours=None,
    cost_usd=None,
    time_box_days=None,
    stages=None,
    candidate=None,
    amendments=(),
    metrics=METRICS,
):
    """A locked registration with criteria in text form, such as "primary: accuracy >= 85%"."""
    parsed = []
    for text in criteria:
        role, _, rest = text.partition(": ")
        parsed.append(parse_criterion(rest, metrics=metrics, role=Role(role)))
    registration = Registration(
        hypothesis="It helps.",
        baseline=tuple(baseline),
        criteria=tuple(parsed),
        budget=Budget(gpu_hours=gpu_hours, cost_usd=cost_usd),
        time_box_days=time_box_days,
        looks=LookPlan() if stages is None else LookPlan(stages=stages),
        candidate=candidate,
        metrics=metrics.metrics,
    )
    return Lock(
        registration=registration,
        digest="sha256:registration",
        locked_at=LOCKED,
        locked_by="ana",
        seq=LOCK_SEQ,
        original_digest="sha256:registration",
        amendments=tuple(amendments),
    )


def with_criterion(role, test, **more):
    """A lock whose only criterion is built by hand."""
    locked = lock(**more)
    registration = locked.registration.model_copy(update={"criteria": (Criterion(role=role, test=test),)})
    return locked.model_copy(update={"registration": registration})


def number(metric, value):
    """A bare number as baseline."""
    return Baseline(metric=metric, value=Decimal(str(value)), source="production v12")


def curve(values, steps=None):
    values = np.asarray(values, dtype=np.float64)
    at = np.arange(len(values)) if steps is None else np.asarray(steps)
    return Curve(steps=at.astype(np.int64), values=values, times_ms=at.astype(np.int64))


def scores(metric, values, *, seed=None, ids=None, clusters=None):
    values = np.asarray(values, dtype=np.float64)
    names = tuple(f"ex-{i}" for i in range(len(values))) if ids is None else tuple(ids)
    return Scores(metric=metric, seed=seed, sample_ids=names, values=values, clusters=clusters)


def run(
    seed,
    metrics=None,
    *,
    curves=None,
    per_example=None,
    number=None,
    after=True,
    clusters=None,
    ids=None,
    **fields,
):
    """One run; `metrics` are last values, `per_example` are scores by metric. `after` the lock unless said otherwise."""
    place = (seed or 0) if number is None else number
    arm = fields.get("arm", "candidate")
    name = fields.pop("name", f"{arm}-{place}")
    moment = LOCKED + timedelta(hours=1 + place) if after else LOCKED - timedelta(days=1)
    known = {k: curve([v]) for k, v in (metrics or {}).items()} | {
        k: curve(v) for k, v in (curves or {}).items()
    }
    told = {k: scores(k, v, seed=seed, clusters=clusters, ids=ids) for k, v in (per_example or {}).items()}
    defaults = {
        "status": RunStatus.FINISHED,
        "config": {"lr": "0.1"},
        "started_at": moment,
        "seen_seq": LOCK_SEQ + 1 + place if after else LOCK_SEQ - 1,
    }
    return Run(
        run_id=f"mlflow:{name}", source="mlflow", external_id=name, name=name, seed=seed, curves=known, scores=told,
        digest=f"sha256:{name}", **(defaults | fields),
    )  # fmt: skip


def seeds(metric, values, **fields):
    """One run a value, seeds 1, 2, 3, ..."""
    return [run(i, {metric: value}, **fields) for i, value in enumerate(values, start=1)]


def read_again(runs, source):
    """The same tracker runs as another source reads them."""
    return [replace(one, source=source, run_id=f"{source}:{one.external_id}") for one in runs]


def example_seeds(metric, matrix, **fields):
    """One run a column of an examples x seeds matrix."""
    return [
        run(i, per_example={metric: column}, **fields)
        for i, column in enumerate(np.asarray(matrix).T, start=1)
    ]


def judge(locked, runs, *, settings=None, now=LOCKED + timedelta(days=2), ticket=None, **more):
    """The verdict record; `more` is the rest of the evidence: baseline_runs, detached, baseline_detached."""
    rest = {name: tuple(others) for name, others in more.items()}
    evidence = Evidence(runs=tuple(runs), ticket=ticket, **rest)
    return compute_verdict(locked, evidence, settings=settings or VerdictSettings(), now=now)


def verdict(locked, runs, **more):
    return judge(locked, runs, **more).verdict


def finding(locked, runs, index=0, **more):
    """What the n-th criterion found."""
    return verdict(locked, runs, **more).findings[index]
