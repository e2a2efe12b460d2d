"""The seeds of candidate and baseline as dots beside the number they have to clear."""

from __future__ import annotations

from collections.abc import Iterable

from assay.domain.gates.gate_case import GateCase, gate_case
from assay.domain.gates.gate_metrics import with_metrics
from assay.domain.gates.gate_record import GateRecord
from assay.domain.gates.measurements import Measured, measure
from assay.domain.gates.seed_groups import SeedGroup
from assay.domain.kernel.metrics import Metric
from assay.domain.kernel.verdicts import GroupSummary
from assay.stats.samples import summarize
from assay.web.contexts.experiment import SeedDots
from assay.web.seed_dots import drawn_dots
from assay.workflows.gate_views import GateInputs


def gate_seed_dots(inputs: GateInputs, record: GateRecord) -> SeedDots | None:
    """The seeds by the gate's primary metric; None where nothing was measured."""
    sides = (inputs.candidate, *((inputs.baseline,) if inputs.baseline is not None else ()))
    declared = with_metrics(inputs.gate, tuple(metric for side in sides for metric in side.metrics))
    case = gate_case(declared, inputs.candidate, inputs.baseline, lock=inputs.lock, predicts=False)
    name = declared.primary_metric
    metric = None if name is None else case.metric(name)
    if metric is None:
        return None
    values: dict[str, float | None] = {}
    groups = [_summary(group, metric, case, values) for group in _groups(case)]
    present = [group for group in groups if group is not None]
    # A percentile, a spread or a slice has a number too, but none that a seed's own value has to clear.
    on_itself = [
        answer.finding
        for answer in record.answers
        if answer.kind == "criterion" and answer.finding.check.startswith(f"{metric.name} ")
    ]
    return drawn_dots(present, values, metric, on_itself, name=metric.name)


def _groups(case: GateCase) -> Iterable[SeedGroup]:
    chosen = case.choice.group
    return (*(() if chosen is None else (chosen,)), *case.case.own_baselines)


def _summary(
    group: SeedGroup, metric: Metric, case: GateCase, values: dict[str, float | None]
) -> GroupSummary | None:
    found = measure(group, metric, case.gate.dataset)
    if not isinstance(found, Measured):
        return None
    values |= {f"{group.arm}:{seed.run.run_id}": seed.value for seed in found.seeds}
    sample = summarize(found.values)
    return GroupSummary(
        group=group.key,
        label="candidate" if group is case.choice.group else "baseline",
        is_candidate=group is case.choice.group,
        arm=group.arm,
        seeds=group.seeds,
        run_ids=tuple(f"{group.arm}:{seed.run.run_id}" for seed in found.seeds),
        mean=sample.mean,
        sd=sample.sd,
    )
