"""How are the numbers of a gate's answer, and of its parts, shown? Beside `display_findings`, which knows criteria alone."""

from __future__ import annotations

from collections.abc import Callable

from assay.domain.experiments.display import format_difference, format_interval, format_spread, format_value
from assay.domain.experiments.display_findings import ShownFinding, metric_of, shown_finding
from assay.domain.gates.gate_record import GateAnswer, GatePart
from assay.domain.kernel.findings import Finding, Outcome, Role
from assay.domain.kernel.metrics import MetricCatalog

WORST_FIRST = (Outcome.INVALID, Outcome.NOT_MET, Outcome.UNCLEAR, Outcome.NO_EVIDENCE, Outcome.MET)
_ROLES = (Role.BLOCKING, Role.PRIMARY, Role.SECONDARY)
DIFFERENCES = frozenset({"slices", "regression"})
"""Checks that measure candidate minus baseline."""
_WIDTHS = frozenset({"fairness", "consistency"})


def worst_first(answers: tuple[GateAnswer, ...]) -> tuple[GateAnswer, ...]:
    """The answers with those that decide on top; secondary ones last."""
    return tuple(
        sorted(
            answers,
            key=lambda one: (
                one.finding.role is Role.SECONDARY,
                WORST_FIRST.index(one.finding.outcome),
                _ROLES.index(one.finding.role),
            ),
        )
    )


def worst_parts_first(answer: GateAnswer) -> tuple[GatePart, ...]:
    """The parts of an answer with those that decide on top, then those nearest to it."""
    # The p-value of an alarm speaks for harm, that of a claim against it.
    sign = -1.0 if answer.kind == "regression" else 1.0
    return tuple(
        sorted(
            answer.parts,
            key=lambda part: (
                WORST_FIRST.index(part.outcome),
                1.0 if part.p_value is None else sign * part.p_value,
                part.label,
            ),
        )
    )


def shown_answer(answer: GateAnswer, metrics: MetricCatalog) -> ShownFinding:
    """The numbers of one answer as people read them.

    Args:
        answer: as a record holds it.
        metrics: what the record took every metric to mean.
    """
    finding = answer.finding
    form = value_form(answer, metrics)
    if form is None:
        return shown_finding(finding, metrics)
    return ShownFinding(
        check=finding.check,
        estimate="" if finding.estimate is None else form(finding.estimate),
        interval="" if finding.interval is None else format_interval(finding.interval, form),
    )


def shown_part(part: GatePart, answer: GateAnswer, metrics: MetricCatalog) -> ShownFinding:
    """The numbers of one slice, metric, group, example or item as people read them."""
    form = value_form(answer, metrics, part) or (lambda value: format_value(None, value))
    return ShownFinding(
        check=part.label,
        estimate="" if part.estimate is None else form(part.estimate),
        interval="" if part.interval is None else format_interval(part.interval, form),
    )


def value_form(
    answer: GateAnswer, metrics: MetricCatalog, part: GatePart | None = None
) -> Callable[[float], str] | None:
    """How a number of this answer, or of its part, is written; None for criteria, which say it themselves."""
    finding = answer.finding
    if part is not None and part.metric is not None:
        finding = Finding(
            check=part.label,
            role=finding.role,
            outcome=part.outcome,
            metric=part.metric,
            method="",
            reason="",
        )
    metric = metric_of(finding, metrics)
    if answer.kind in DIFFERENCES:
        return lambda value: format_difference(metric, value)
    if answer.kind in _WIDTHS:
        return lambda value: format_spread(metric, value)
    if answer.kind == "leakage":
        return (lambda count: f"{count:,.0f}") if part is None else (lambda share: f"{share:.0%}")
    return None if answer.kind == "criterion" else (lambda value: format_value(metric, value))
