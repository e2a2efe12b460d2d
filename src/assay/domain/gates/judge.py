"""What does a gate answer? One pure function, on the engine that also judges tickets, and the bytes of its answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module

from assay.domain.experiments.evidence import Evaluation
from assay.domain.experiments.experiment import Lock
from assay.domain.gates.checks.not_measured import nothing_measured
from assay.domain.gates.contradictions import with_contradictions
from assay.domain.gates.decide import EXIT_CODE, Row, cheapest, reasons_text, row_of
from assay.domain.gates.examine import answer, examine, finding_of
from assay.domain.gates.gate import ConsistencyCheck, Gate, GateCheck
from assay.domain.gates.gate_case import GateCase, Judged, gate_case
from assay.domain.gates.gate_data import gate_digest
from assay.domain.gates.gate_metrics import inferred_metrics, with_metrics
from assay.domain.gates.gate_record import GateAnswer, GateRecord, GateResult, GateSide
from assay.domain.gates.gate_text import check_text
from assay.domain.gates.libraries import METHOD_VERSION, library_versions
from assay.domain.gates.measurements import Measured, measure
from assay.domain.gates.overlap import Overlap
from assay.domain.gates.seed_groups import SeedGroup
from assay.domain.gates.wording import count, listed
from assay.domain.kernel.canonical import canonical_bytes, digest_bytes, rounded
from assay.domain.kernel.findings import Finding, Outcome

_RESULT = {
    Row.PASS: GateResult.PASS,
    Row.FAIL: GateResult.FAIL,
    Row.INCONCLUSIVE: GateResult.INCONCLUSIVE,
    Row.INVALID: GateResult.INVALID,
}
_HEADLINE = {
    GateResult.PASS: "Pass",
    GateResult.FAIL: "Fail",
    GateResult.INCONCLUSIVE: "Not known yet",
    GateResult.INVALID: "Broken evidence",
}


def judge(
    gate: Gate,
    candidate: Evaluation,
    baseline: Evaluation | None = None,
    *,
    lock: Lock | None = None,
    overlaps: Mapping[int, Overlap] | None = None,
    predicts: bool = True,
    uses: int | None = None,
) -> GateRecord:
    """Does the candidate pass the gate, and how surely is that known?

    Args:
        gate: what has to hold, its golden files read.
        candidate: what is judged.
        baseline: what it is compared with; claims about a comparison have no evidence without it.
        lock: the ticket's lock on a board: runs from before it are no evidence.
        overlaps: what the evaluation set shares with training data, by the number of the leakage check, from 0.
        predicts: whether an unclear claim is asked what would settle it; a what-if that judges many futures does not ask.
        uses: how many decisions rested on this evaluation set before, where somebody counts; None where nobody does.

    Returns:
        The record; `record_bytes` gives what is stored and hashed.

    Raises:
        Invalid: a criterion means nothing good with what the evaluation declares.
    """
    reported = (*candidate.metrics, *(baseline.metrics if baseline is not None else ()))
    declared = with_metrics(gate, reported)
    case = gate_case(declared, candidate, baseline, lock=lock, overlaps=overlaps, predicts=predicts)
    answers = with_contradictions((*_criteria(case), *_checks(case)), gate.metrics, reported)
    row, because = row_of([one.finding for one in answers], needs_primary=False)
    result = _RESULT[row]
    settle = None if result is GateResult.PASS else cheapest(because)
    return GateRecord(
        gate=gate.name,
        version=gate.version,
        gate_digest=gate_digest(gate),
        result=result,
        exit_code=EXIT_CODE[row],
        headline=_headline(result, because, answers),
        detail=reasons_text(because),
        settle=settle,
        answers=answers,
        point_result=_result_of(answers, "point_outcome"),
        strict_result=_result_of(answers, "strict_outcome"),
        candidate=_side("candidate", candidate, _groups(case), case),
        baseline=None if baseline is None else _side("baseline", baseline, case.case.own_baselines, case),
        settings=gate.settings.model_dump(mode="json"),
        metrics=declared.metrics,
        uses=uses,
        notes=_notes(gate, case, candidate, uses),
        method_version=METHOD_VERSION,
        library_versions=library_versions(),
    )


def record_bytes(record: GateRecord) -> bytes:
    """Which bytes stand for this record: canonical JSON at 12 significant digits, library versions left out?"""
    return canonical_bytes(rounded(record.model_dump(mode="json", exclude={"library_versions"})))


def record_digest(record: GateRecord) -> str:
    """What is the digest of the record's bytes?"""
    return digest_bytes(record_bytes(record))


def _criteria(case: GateCase) -> tuple[GateAnswer, ...]:
    return tuple(
        GateAnswer(
            kind="criterion",
            finding=one.finding,
            point_outcome=one.checked.point_outcome,
            strict_outcome=one.checked.outcome,
        )
        for one in examine(case.case, case.choice)
    )


def _checks(case: GateCase) -> tuple[GateAnswer, ...]:
    return tuple(_check(check, case, number) for number, check in enumerate(case.gate.checks))


def _check(check: GateCheck, case: GateCase, number: int) -> GateAnswer:
    judged = _answered(check, case, number)
    return GateAnswer(
        kind=check.kind,
        finding=finding_of(
            check_text(check, case.gate), check.role, judged.metric, judged.checked, case.case
        ),
        point_outcome=judged.checked.point_outcome,
        strict_outcome=judged.checked.outcome,
        parts=judged.parts,
    )


def _consistency(check: ConsistencyCheck, case: GateCase) -> Judged:
    """The check form of `sd of accuracy <= 3%`: answered by the very same code."""
    name = case.gate.metric_of(check)
    if case.choice.group is None:
        return Judged(nothing_measured(), metric=name)
    return Judged(answer(check.criterion(name), case.case, case.choice, float(case.choice.k)), metric=name)


def _answered(check: GateCheck, case: GateCase, number: int) -> Judged:
    """What this check says. Its code comes with it: a gate without slices does not wait for what slices need."""
    if isinstance(check, ConsistencyCheck):
        return _consistency(check, case)
    module, name = _CHECKS[check.kind]
    found: Judged = getattr(import_module(f"assay.domain.gates.checks.{module}"), name)(check, case, number)
    return found


_CHECKS: Mapping[str, tuple[str, str]] = {
    "slices": ("slices", "check_slices"),
    "regression": ("regression", "check_regression"),
    "golden": ("golden", "check_golden"),
    "fairness": ("fairness", "check_fairness"),
    "reliability": ("reliability", "check_reliability"),
    "leakage": ("leaks", "check_leakage"),
    "items": ("items", "check_items"),
}


def _result_of(answers: Sequence[GateAnswer], which: str) -> GateResult:
    findings = [one.finding.model_copy(update={"outcome": getattr(one, which)}) for one in answers]
    return _RESULT[row_of(findings, needs_primary=False)[0]]


def _headline(result: GateResult, because: Sequence[Finding], answers: Sequence[GateAnswer]) -> str:
    word = _HEADLINE[result]
    if result is GateResult.PASS:
        return f"{word}: {count(len(because), 'check')} met" + (
            f", {len(answers) - len(because)} listed beside" if len(answers) > len(because) else ""
        )
    if len(because) != 1:
        says = {
            GateResult.FAIL: "not met",
            GateResult.INCONCLUSIVE: "open",
            GateResult.INVALID: "cannot be judged",
        }[result]
        return f"{word}: {len(because)} checks {'are' if says != 'cannot be judged' else ''} {says}".replace(
            "  ", " "
        )
    return f"{word}: {because[0].check} {_WHY[because[0].outcome]}"


_WHY = {
    Outcome.MET: "is met",
    Outcome.NOT_MET: "is not met",
    Outcome.UNCLEAR: "is unclear",
    Outcome.NO_EVIDENCE: "is not measured",
    Outcome.INVALID: "cannot be judged",
}


def _groups(case: GateCase) -> tuple[SeedGroup, ...]:
    return () if case.choice.group is None else (case.choice.group,)


def _side(label: str, evaluation: Evaluation, groups: Sequence[SeedGroup], case: GateCase) -> GateSide:
    return GateSide(
        label=label,
        reader=evaluation.reader,
        digest=evaluation.digest,
        run_digests={run.run_id: run.digest for run in evaluation.runs},
        seeds=tuple(sorted({seed for group in groups for seed in group.seeds})),
        examples=_examples(groups, case),
        notes=evaluation.notes,
    )


def _examples(groups: Sequence[SeedGroup], case: GateCase) -> int | None:
    name = case.gate.primary_metric
    metric = None if name is None else case.metric(name)
    if metric is None or not groups:
        return None
    found = measure(groups[0], metric, case.gate.dataset)
    return len(found.table.sample_ids) if isinstance(found, Measured) and found.table is not None else None


def _notes(gate: Gate, case: GateCase, candidate: Evaluation, uses: int | None) -> tuple[str, ...]:
    told = {metric.name for metric in candidate.metrics}
    inferred = [one.because for one in inferred_metrics(gate) if one.metric not in told]
    notes = [*case.choice.notes, *case.notes]
    if inferred:
        notes.append(f"taken from the gate file: {listed(inferred)}")
    if uses:
        notes.append(
            f"{count(uses, 'decision')} rested on this evaluation set before: a set that is looked at often wears out"
        )
    if gate.settings.mode == "point":
        notes.append("the estimate alone decides (point mode): the strict answer stands beside it")
    return tuple(notes)
