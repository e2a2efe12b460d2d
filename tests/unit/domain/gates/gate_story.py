"""Evaluations for tests of gates: one metric, paired examples, slices."""

from __future__ import annotations

import numpy as np

from assay.domain.experiments.evidence import Evaluation, Labels, Run, RunStatus, Scores
from assay.domain.gates.gate_data import gate_from_data
from assay.domain.kernel.metrics import Direction, Metric, Unit

ACCURACY = Metric(name="accuracy", direction=Direction.HIGHER, unit=Unit.FRACTION)


def ids(n):
    return tuple(f"q{i:05d}" for i in range(n))


def scores(values, *, metric="accuracy", seed=None, names=None, slices=None, clusters=None):
    values = np.asarray(values, dtype=np.float64)
    return Scores(metric, seed, names or ids(len(values)), values, clusters=clusters, slices=slices or {})


def run(name, *columns, seed=None, status=RunStatus.FINISHED, dataset=None, error=None, config=None):
    return Run(
        run_id=name, source="file", external_id=name, name=name, status=status, config=config or {}, seed=seed,
        curves={}, scores={one.metric: one for one in columns}, digest=name, dataset=dataset, scores_error=error,
    )  # fmt: skip


def evaluation(*runs, metrics=(ACCURACY,), digest=None):
    return Evaluation(
        runs=runs, metrics=metrics, reader="test", digest=digest or "+".join(one.run_id for one in runs)
    )


def one_run(values, name="candidate", **more):
    return evaluation(run(name, scores(values, **more)))


def gate(**fields):
    return gate_from_data(fields, name="quality")


def right_and_wrong(n, rate, *, rng, keep=None, changed=0.1):
    """Pass/fail scores: fresh at a rate, or those of `keep` with a share drawn anew."""
    fresh = (rng.random(n) < rate).astype(float)
    return fresh if keep is None else np.where(rng.random(n) < changed, fresh, keep)


def labels(n, *names):
    return Labels(names, (np.arange(n) % len(names)).astype(np.int32))
