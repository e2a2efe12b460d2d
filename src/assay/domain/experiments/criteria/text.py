"""The short form of a criterion: `accuracy >= 85% on support-eval@3`. Parses to the model and prints from it, losslessly."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from assay.domain.experiments.criteria.amounts import TIMES_BUDGET, is_small
from assay.domain.experiments.criteria.draft import Draft, criterion_of
from assay.domain.experiments.criteria.faults import CriterionError, Span
from assay.domain.experiments.criteria.grammar import (
    METRIC_WORD,
    RESERVED,
    RESOURCE_WORD,
    read_draft,
    read_role,
)
from assay.domain.experiments.criteria.model import (
    Comparison,
    Condition,
    Criterion,
    CurveFalls,
    DatasetRef,
    Diverges,
    Gap,
    Improvement,
    Margin,
    NonInferiority,
    Percentile,
    Plateau,
    Quantity,
    ResourceUse,
    Spread,
    Threshold,
)
from assay.domain.experiments.criteria.scanner import Scanner
from assay.domain.experiments.exact_numbers import number_text, percent_text
from assay.domain.experiments.fields import shown
from assay.domain.kernel.findings import Role
from assay.domain.kernel.metrics import MetricCatalog, Unit
from assay.errors import Invalid

MAX_TEXT = 500
Read = TypeVar("Read")
_MetricFirst = Threshold | Improvement | NonInferiority | Gap | CurveFalls | Diverges | Plateau


def parse_criterion(text: str, *, metrics: MetricCatalog, role: Role | None = None) -> Criterion:
    """Which criterion does this line mean in this project?

    Args:
        text: one criterion, at most 500 characters, with or without a role in front (`kill: accuracy < 78%`).
        metrics: the declared metrics; they say what `85%` and `500 ms` mean.
        role: the role when the text has none in front.

    Raises:
        Invalid: `details` holds `position` (0-based character), `end`, `line` (the text), `expected` (what would fit) and
            `readings` (whole lines that would be accepted, one for each thing it could mean).

    >>> from assay.domain.kernel.metrics import Direction, Metric
    >>> known = MetricCatalog.of([Metric(name="accuracy", direction=Direction.HIGHER, unit=Unit.FRACTION)])
    >>> criterion = parse_criterion("primary: accuracy \u2265 0.850", metrics=known)
    >>> criterion_text(criterion, with_role=True)
    'primary: accuracy >= 85%'
    """
    return _read(text, metrics, lambda written, draft: criterion_of(draft, _role(written, role), metrics))


def parse_draft(text: str) -> Draft:
    """What is written in this line, before any metric is asked what it means?

    Raises:
        Invalid: as `parse_criterion`, for what no metric could mend.
    """
    return _read(text, MetricCatalog(), lambda _, draft: draft)


def _read(text: str, metrics: MetricCatalog, meaning: Callable[[Role | None, Draft], Read]) -> Read:
    _check_is_text(text)
    if len(text) > MAX_TEXT:
        fault = CriterionError(
            f"the text has {len(text)} characters",
            expected=(f"at most {MAX_TEXT} characters",),
            code="criterion-too-long",
        )
        raise _invalid(fault, text[:MAX_TEXT], Span(MAX_TEXT, MAX_TEXT), Scanner(""))
    scanner = Scanner(text)
    try:
        written = read_role(scanner)
        return meaning(written, read_draft(scanner, metrics))
    except CriterionError as fault:
        raise _invalid(fault, text, fault.span or _span(fault, scanner), scanner) from None


def criterion_text(
    criterion: Criterion, *, metrics: MetricCatalog | None = None, with_role: bool = False
) -> str:
    """How is the criterion written, in the one canonical spelling?

    Args:
        criterion: a criterion as `parse_criterion` or `criterion_from_data` made it.
        metrics: the declared metrics; needed to tell a resource from a metric called `compute`, `cost` or `time`.
        with_role: put the role in front.
    """
    text = _test_text(criterion, metrics)
    if criterion.dataset is not None:
        text = f"{text} on {dataset_text(criterion.dataset)}"
    if criterion.after is not None:
        text = f"{text} after {condition_text(criterion.after)}"
    return f"{criterion.role}: {text}" if with_role else text


def dataset_text(dataset: DatasetRef) -> str:
    """How is an evaluation set written: `support-eval@3`?"""
    return dataset.name if dataset.version is None else f"{dataset.name}@{dataset.version}"


def condition_text(condition: Condition) -> str:
    """How is a condition written: `training`, `3 seeds`, `5 runs`?"""
    return condition.kind if condition.count is None else f"{condition.count} {condition.kind}"


def quantity_text(quantity: Quantity) -> str:
    """How is a threshold written: `85%`, `500 ms`, `0`?"""
    if quantity.unit is Unit.FRACTION:
        return percent_text(quantity.value)
    number = number_text(quantity.value)
    return number if quantity.unit in (Unit.NUMBER, Unit.COUNT) else f"{number} {quantity.unit}"


def margin_text(margin: Margin) -> str:
    """How is a margin written: `0.2%`, `20 ms`, `2% relative`?"""
    if margin.relative:
        return f"{percent_text(margin.value)} relative"
    return quantity_text(Quantity(value=margin.value, unit=margin.unit))


def _level_text(test: Threshold | Percentile, role: Role) -> str:
    """A threshold, such that it is read back as what it is: less than 1% of what should be high is written without percent."""
    upward = test.comparison in (Comparison.AT_LEAST, Comparison.ABOVE)
    wants_more = test.comparison is not Comparison.EQUAL and upward == (role is not Role.KILL)
    if wants_more and is_small(test.value):
        return number_text(test.value.value)
    return quantity_text(test.value)


def _test_text(criterion: Criterion, metrics: MetricCatalog | None) -> str:
    test = criterion.test
    if isinstance(test, ResourceUse):
        space = "" if test.unit == TIMES_BUDGET else " "
        named = metrics is not None and any(name.lower() == test.resource for name in metrics.by_name)
        subject = f"{RESOURCE_WORD} {test.resource}" if named else test.resource
        return f"{subject} {test.comparison} {number_text(test.amount)}{space}{test.unit}"
    if isinstance(test, Percentile | Spread):
        return _of_text(test, criterion.role)
    subject = f"{METRIC_WORD} {test.metric}" if test.metric.lower() in RESERVED else test.metric
    return f"{subject} {_predicate(test, criterion.role)}"


def _of_text(test: Percentile | Spread, role: Role) -> str:
    if isinstance(test, Percentile):
        return f"p{number_text(test.percent)} of {test.metric} {test.comparison} {_level_text(test, role)}"
    shown_to_be = "shown " if test.claim else ""
    return f"sd of {test.metric} {shown_to_be}{test.comparison} {margin_text(test.limit)}"


def _predicate(test: _MetricFirst, role: Role) -> str:
    match test:
        case Threshold():
            return f"{test.comparison} {_level_text(test, role)}"
        case Improvement():
            return f"improves by {test.comparison} {margin_text(test.margin)}"
        case NonInferiority():
            return f"no worse than baseline by {margin_text(test.margin)}"
        case Gap():
            return f"gap {test.comparison} {margin_text(test.value)}"
        case _:
            return _curve_predicate(test)


def _curve_predicate(test: CurveFalls | Diverges | Plateau) -> str:
    match test:
        case CurveFalls():
            verb = "does not fall" if test.negated else "falls"
            return f"{verb} after {test.step_name} {test.after_step}"
        case Diverges():
            return "diverges"
        case Plateau():
            return f"plateau {margin_text(test.tolerance)} over {test.runs} runs"


def _role(written: Role | None, given: Role | None) -> Role:
    if written is not None and given is not None and written is not given:
        raise CriterionError(
            f"the text says {written}, the list it stands in says {given}",
            expected=(f"{given}:",),
            code="criterion-role-conflict",
            part="role",
            alternatives=(f"{given}:",),
        )
    role = written or given
    if role is None:
        raise CriterionError(
            "no role is given",
            expected=tuple(f"{name}:" for name in Role),
            code="criterion-role-missing",
            part="role",
            span=Span(0, 0),
            hint="put the role in front, such as 'primary: accuracy >= 85%' or 'kill: accuracy < 78% after training'",
        )
    return role


def _span(fault: CriterionError, scanner: Scanner) -> Span:
    return scanner.spans.get(fault.part, Span(0, len(scanner.text.rstrip())))


def _invalid(fault: CriterionError, text: str, span: Span, scanner: Scanner) -> Invalid:
    line = shown(text)
    one_of = " or ".join(fault.expected[:6])
    caret = f"{' ' * span.start}{'^' * max(1, min(span.end, len(text)) - span.start)}"
    part = scanner.spans.get(fault.part)
    readings = [
        f"{line[: part.start]}{other}{line[part.end :]}" for other in fault.alternatives if part is not None
    ]
    hint = f"write `{'` or `'.join(r.strip() for r in readings)}`" if readings else ""
    return Invalid(
        f"cannot read criterion '{line.strip()}': {fault.fact} (expected {one_of})\n  {line}\n  {caret}",
        hint="; ".join(filter(None, (hint, fault.hint)))
        or f"expected {one_of} at character {span.start + 1}",
        code=fault.code,
        field="criterion",
        details={
            "position": span.start,
            "end": span.end,
            "line": line,
            "part": fault.part,
            "expected": list(fault.expected),
            "readings": readings,
        },
    )


def _check_is_text(value: object) -> None:
    if isinstance(value, str):
        return
    raise Invalid(
        f"cannot read criterion: found {type(value).__name__} (expected text such as 'accuracy >= 85%')",
        hint="write the criterion as one line of text",
        code="criterion-syntax",
        field="criterion",
        details={"position": 0, "end": 0, "line": "", "part": "whole", "expected": ["text"], "readings": []},
    )
