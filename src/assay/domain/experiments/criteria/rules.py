"""Which numbers are still missing, or at odds with one another, before an experiment may start?

The answer is a list of problems in words people understand, each with its fix; nothing is raised.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from decimal import Decimal
from itertools import combinations

from assay.domain.experiments.criteria.amounts import TIMES_BUDGET
from assay.domain.experiments.criteria.examples import example_numbers, kill_example, primary_fix
from assay.domain.experiments.criteria.model import (
    Criterion,
    DatasetRef,
    Gap,
    Improvement,
    NonInferiority,
    ResourceUse,
    Threshold,
)
from assay.domain.experiments.criteria.regions import domain_of, region_of
from assay.domain.experiments.criteria.registrable import ComparedWith, Registrable
from assay.domain.experiments.criteria.structured import checked_criterion
from assay.domain.experiments.criteria.text import criterion_text
from assay.domain.kernel.findings import Role
from assay.domain.kernel.ids import TicketType
from assay.domain.kernel.metrics import Direction, Metric, MetricCatalog, Unit
from assay.domain.kernel.model import Value
from assay.errors import Invalid


class Problem(Value):
    """Something that keeps a ticket from being registered."""

    code: str
    """Stable kebab-case name."""
    text: str
    """What is missing or at odds, in one sentence."""
    fix: str
    """What to write, with an example in the project's own metrics."""
    field: str
    """Where on the ticket: `criteria`, `criteria.primary[0]`, `baseline`, `budget`, `hypothesis`."""


def registration_problems(content: Registrable, metrics: MetricCatalog) -> tuple[Problem, ...]:
    """What keeps this ticket from being registered, worst first? Empty when nothing does.

    Tickets of other types than experiment need no hypothesis and no criteria, but those they have must hold.
    """
    found: list[Problem] = []
    if content.type is TicketType.EXPERIMENT:
        found.extend(_missing(content, metrics))
    found.extend(_unreadable(content, metrics))
    if not any(problem.code.startswith("criterion-") for problem in found):
        for check in _CHECKS:
            found.extend(check(content, metrics))
    return tuple(found)


def _missing(content: Registrable, metrics: MetricCatalog) -> Iterator[Problem]:
    if not content.hypothesis.strip():
        yield Problem(
            code="hypothesis-missing",
            text="There is no hypothesis: nothing that could turn out false.",
            fix="Write one sentence, such as 'Fine-tuning on support tickets lifts accuracy from 72% to at least 85%'.",
            field="hypothesis",
        )
    roles = {criterion.role for criterion in content.criteria}
    if Role.PRIMARY not in roles:
        yield Problem(
            code="primary-missing",
            text='There is no primary criterion: "we\'ll know it when we see it" decides nothing.',
            fix=primary_fix(content, metrics),
            field="criteria.primary",
        )
    if Role.KILL not in roles:
        yield Problem(
            code="kill-missing",
            text="There is no kill criterion: nothing says when to stop.",
            fix=f"Write when to stop, such as '{kill_example(content, metrics)}' or 'kill: compute > 2x budget'.",
            field="criteria.kill",
        )


def _unreadable(content: Registrable, metrics: MetricCatalog) -> Iterator[Problem]:
    """Criteria that no longer hold in this project, such as after a metric changed its unit."""
    for path, criterion in _placed(content):
        try:
            checked_criterion(criterion, metrics)
        except Invalid as error:
            code = error.code if error.code.startswith("criterion-") else "criterion-invalid"
            text = f"'{criterion_text(criterion, with_role=True)}' does not hold here: {error.message.partition(': ')[2]}."
            yield Problem(code=code, text=text, fix=f"{error.hint[:1].upper()}{error.hint[1:]}.", field=path)


def _placed(content: Registrable) -> Iterator[tuple[str, Criterion]]:
    seen: Counter[Role] = Counter()
    for criterion in content.criteria:
        yield f"criteria.{criterion.role}[{seen[criterion.role]}]", criterion
        seen[criterion.role] += 1


def _duplicates(content: Registrable, metrics: MetricCatalog) -> Iterator[Problem]:
    first: dict[str, str] = {}
    for path, criterion in _placed(content):
        text = criterion_text(criterion, metrics=metrics)
        where = first.setdefault(text, path)
        if where == path:
            continue
        claimed = criterion.role is Role.KILL and not where.startswith("criteria.kill")
        what = "is claimed and also stops the experiment" if claimed else "stands twice"
        yield Problem(
            code="duplicate-criterion",
            text=f"'{text}' {what}, in {where} and in {path}.",
            fix="Keep one of the two.",
            field=path,
        )


def _contradictions(content: Registrable, metrics: MetricCatalog) -> Iterator[Problem]:
    regions = [(path, c, region) for path, c in _placed(content) if (region := region_of(c.test)) is not None]
    for (_, one, region), (path, other, against) in combinations(regions, 2):
        if region.subject != against.subject or not _same_data(one.dataset, other.dataset):
            continue
        meet = region.meets(against)
        kills = (one.role is Role.KILL) + (other.role is Role.KILL)
        texts = [criterion_text(c, metrics=metrics, with_role=True) for c in (one, other)]
        if texts[0].partition(": ")[2] == texts[1].partition(": ")[2]:
            continue
        if kills == 1 and meet:
            yield _at_odds(
                texts,
                path,
                "the same result would meet both",
                "Let the kill limit end where the claim begins.",
            )
        elif kills == 0 and not meet:
            yield _at_odds(texts, path, "no result can meet both", "Change one of the two limits.")


def _at_odds(texts: list[str], path: str, why: str, fix: str) -> Problem:
    return Problem(
        code="contradiction", text=f"'{texts[0]}' and '{texts[1]}' are at odds: {why}.", fix=fix, field=path
    )


def _same_data(one: DatasetRef | None, other: DatasetRef | None) -> bool:
    return one is None or other is None or one == other


def _vacuous(content: Registrable, metrics: MetricCatalog) -> Iterator[Problem]:
    for path, criterion in _placed(content):
        region = region_of(criterion.test)
        domain = domain_of(criterion.test, metrics.get(criterion.metric or ""))
        if region is None or domain is None:
            continue
        text = criterion_text(criterion, metrics=metrics, with_role=True)
        if not region.meets(domain):
            yield _empty_claim(text, "can never be met", path)
        elif region.covers(domain):
            yield _empty_claim(text, "is always met, whatever the result", path)


def _empty_claim(text: str, what: str, path: str) -> Problem:
    return Problem(
        code="vacuous-criterion",
        text=f"'{text}' {what}.",
        fix="Write a limit that a result can miss.",
        field=path,
    )


def _baselines(content: Registrable, metrics: MetricCatalog) -> Iterator[Problem]:
    counted = Counter(_metric_name(baseline, metrics) for baseline in content.baseline)
    for name, times in counted.items():
        if times > 1:
            yield Problem(
                code="baseline-twice",
                text=f"There are {times} baselines for {name}.",
                fix="Keep one of them.",
                field="baseline",
            )
    by_metric = {_metric_name(baseline, metrics): baseline for baseline in content.baseline}
    for path, criterion in _placed(content):
        if isinstance(criterion.test, Improvement | NonInferiority):
            text = criterion_text(criterion, metrics=metrics, with_role=True)
            yield from _against(criterion.test, by_metric.get(criterion.test.metric), text, path, metrics)


def _metric_name(baseline: ComparedWith, metrics: MetricCatalog) -> str:
    metric = metrics.get(baseline.metric)
    return metric.name if metric is not None else baseline.metric


def _against(
    test: Improvement | NonInferiority,
    baseline: ComparedWith | None,
    text: str,
    path: str,
    metrics: MetricCatalog,
) -> Iterator[Problem]:
    if baseline is None:
        yield Problem(
            code="baseline-missing",
            text=f"'{text}' compares with a baseline, and the ticket names none for {test.metric}.",
            fix=f"Name the baseline of {test.metric}: a value, or the ticket whose runs are the baseline.",
            field="baseline",
        )
        return
    if baseline.value is None:
        return
    if test.margin.relative and baseline.value == 0:
        yield Problem(
            code="baseline-zero",
            text=f"'{text}' is relative to a baseline of 0, which is no amount at all.",
            fix=f"Write the margin in the unit of {test.metric}.",
            field=path,
        )
    elif isinstance(test, Improvement) and not _reachable(test, baseline.value, metrics.get(test.metric)):
        yield _empty_claim(f"{text}' against a baseline of '{baseline.value}", "can never be met", path)


def _reachable(test: Improvement, baseline: Decimal, metric: Metric | None) -> bool:
    if metric is None:
        return True
    margin = test.margin.value * abs(baseline) if test.margin.relative else test.margin.value
    if metric.direction is Direction.LOWER:
        bounded = metric.unit in (Unit.FRACTION, Unit.COUNT)
        return not bounded or baseline >= margin
    return metric.unit is not Unit.FRACTION or baseline + margin <= 1


def _gaps(content: Registrable, metrics: MetricCatalog) -> Iterator[Problem]:
    targets = {c.metric for c in content.criteria if c.role is Role.PRIMARY and isinstance(c.test, Threshold)}
    for path, criterion in _placed(content):
        if isinstance(criterion.test, Gap) and criterion.metric not in targets:
            text = criterion_text(criterion, metrics=metrics, with_role=True)
            metric = metrics.get(criterion.metric or "")
            sign = "<=" if metric is not None and metric.direction is Direction.LOWER else ">="
            example = (
                f"primary: {criterion.metric} {sign} {example_numbers(metric)[0]}"
                if metric
                else "a primary threshold"
            )
            yield Problem(
                code="gap-without-target",
                text=f"'{text}' measures how far the target is, and no primary threshold on {criterion.metric} sets one.",
                fix=f"Write the target, such as '{example}'.",
                field=path,
            )


def _budgets(content: Registrable, metrics: MetricCatalog) -> Iterator[Problem]:
    has = {
        "compute": (
            content.budget.gpu_hours is not None,
            "a compute budget in GPU-hours",
            "budget.gpu_hours",
        ),
        "cost": (content.budget.cost_usd is not None, "a budget in USD", "budget.cost_usd"),
        "time": (content.time_box_days is not None, "a time box in days", "time_box_days"),
    }
    for _, criterion in _placed(content):
        test = criterion.test
        if not isinstance(test, ResourceUse) or test.unit != TIMES_BUDGET:
            continue
        given, what, field = has[test.resource]
        if not given:
            text = criterion_text(criterion, metrics=metrics, with_role=True)
            yield Problem(
                code="budget-missing",
                text=f"'{text}' is a multiple of {what}, and none is set.",
                fix=f"Set {what}.",
                field=field,
            )


_CHECKS: tuple[Callable[[Registrable, MetricCatalog], Iterator[Problem]], ...] = (
    _duplicates,
    _contradictions,
    _vacuous,
    _baselines,
    _gaps,
    _budgets,
)
