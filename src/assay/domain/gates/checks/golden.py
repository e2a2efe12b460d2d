"""Is every golden example exactly right, in every run? A census of the examples that were picked by hand."""

from __future__ import annotations

from collections.abc import Mapping

from assay.domain.gates.case import Checked
from assay.domain.gates.checks.claims import counts, invalid, problem
from assay.domain.gates.checks.not_measured import nothing_measured, undeclared
from assay.domain.gates.gate import GoldenCheck
from assay.domain.gates.gate_case import GateCase, Judged
from assay.domain.gates.gate_record import GatePart
from assay.domain.gates.measurements import Measured, SeedResult, measure
from assay.domain.gates.problems import Problem
from assay.domain.gates.wording import count, listed, shown
from assay.domain.kernel.findings import Lacks, Outcome, Settlement
from assay.domain.kernel.metrics import Direction, Metric, Unit

METHOD = "census of the golden set"


def check_golden(check: GoldenCheck, case: GateCase, _: int) -> Judged:
    """Did every seed get every golden example right?"""
    name = case.gate.metric_of(check)
    metric = case.metric(name)
    if metric is None:
        return Judged(undeclared(name), metric=name)
    if metric.unit is not Unit.FRACTION:
        reason = f"{name} is measured in {metric.unit.value}: what would be exactly right is not known"
        return Judged(invalid(reason, "name a metric that is 1 where an example is right"), metric=name)
    if not check.examples:
        return Judged(
            invalid(f"the golden file {check.file!r} was not read", "name a file that is there"),
            metric=name,
        )
    if case.choice.group is None:
        return Judged(nothing_measured(), metric=name)
    measured = measure(case.choice.group, metric, case.gate.dataset)
    if isinstance(measured, Problem):
        return Judged(problem(measured, METHOD), metric=name)
    return _census(check, metric, measured)


def _no_examples(metric: Metric, measured: Measured) -> Checked:
    return Checked(
        Outcome.NO_EVIDENCE,
        METHOD,
        f"the golden set needs {metric.name} of every example, and only totals are there",
        n=counts(measured),
        settle=Settlement(kind="measure", text=f"per-example scores of {metric.name}"),
    )


def _census(check: GoldenCheck, metric: Metric, measured: Measured) -> Judged:
    if all(seed.scores is None for seed in measured.seeds):
        return Judged(_no_examples(metric, measured), metric=metric.name)
    missing = sorted({one for seed in measured.seeds for one in _missing(check, seed)})
    if missing:
        reason = f"{count(len(missing), 'golden example')} {'is' if len(missing) == 1 else 'are'} not in the results: {listed(missing)}"
        settle = Settlement(kind="mend", text="score every golden example, or take it off the golden set")
        return Judged(
            Checked(Outcome.INVALID, METHOD, reason, n=counts(measured), settle=settle),
            metric=metric.name,
        )
    right = 1.0 if metric.direction is Direction.HIGHER else 0.0
    wrong = [
        (one, seed.seed, value)
        for seed in measured.seeds
        for one, value in _values(check, seed).items()
        if value != right
    ]
    ids = sorted({one for one, _, _ in wrong})
    outcome = Outcome.NOT_MET if ids else Outcome.MET
    size = count(len(check.examples), "golden example")
    reason = (
        f"{len(ids):,} of {size} {'is' if len(ids) == 1 else 'are'} wrong: {listed(ids)}"
        if ids
        else f"all of {size} are right in {count(len(measured.seeds), 'run')}"
    )
    parts = tuple(
        GatePart(
            label=one,
            outcome=Outcome.NOT_MET,
            estimate=value,
            reason=f"{shown(value, metric)} in seed {'not recorded' if seed is None else seed}",
        )
        for one, seed, value in sorted(wrong, key=lambda item: (item[0], -1 if item[1] is None else item[1]))
    )
    share = 1.0 - len(ids) / len(check.examples)
    estimate = share if metric.direction is Direction.HIGHER else 1.0 - share
    checked = Checked(
        outcome,
        METHOD,
        reason,
        point=outcome,
        estimate=estimate,
        threshold=right,
        n=counts(measured),
        lacks=Lacks.CENSUS,
        would_change="the wrong ones being right in every run"
        if ids
        else "one golden example that is wrong in any run",
        notes=measured.notes,
    )
    return Judged(checked, parts, metric.name)


def _values(check: GoldenCheck, seed: SeedResult) -> Mapping[str, float]:
    if seed.scores is None:
        return {}
    wanted = set(check.examples)
    found = zip(seed.scores.sample_ids, seed.scores.values.tolist(), strict=True)
    return {sample_id: value for sample_id, value in found if sample_id in wanted}


def _missing(check: GoldenCheck, seed: SeedResult) -> set[str]:
    return set(check.examples) - set(_values(check, seed))
