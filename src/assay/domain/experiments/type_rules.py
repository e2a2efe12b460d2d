"""What does a ticket of its type still lack before the work may begin?

An experiment needs a hypothesis and criteria; a spike a question, an end and a number to look for; a data task its source and the
quality it is accepted at; engineering a target; a feature the thresholds it is accepted by, and what the user gets without it.
"""

from __future__ import annotations

from collections.abc import Iterator

from assay.domain.experiments.criteria.examples import example_numbers
from assay.domain.experiments.criteria.rules import Problem, registration_problems
from assay.domain.experiments.experiment import TicketContent
from assay.domain.kernel.findings import Role
from assay.domain.kernel.ids import TicketType
from assay.domain.kernel.metrics import Direction, MetricCatalog


def ticket_problems(content: TicketContent, metrics: MetricCatalog) -> tuple[Problem, ...]:
    """What keeps work on this ticket from beginning, worst first? Empty when nothing does.

    >>> from assay.domain.kernel.metrics import MetricCatalog
    >>> spike = TicketContent(title="Can it run on CPU?", type=TicketType.SPIKE)
    >>> [problem.field for problem in ticket_problems(spike, MetricCatalog.of([]))]
    ['spike.question', 'time_box_days', 'criteria.primary', 'spike.deliverable']
    """
    return (*_missing(content, metrics), *registration_problems(content, metrics))


def _missing(content: TicketContent, metrics: MetricCatalog) -> Iterator[Problem]:
    match content.type:
        case TicketType.SPIKE:
            yield from _spike(content, metrics)
        case TicketType.DATA:
            yield from _data(content, metrics)
        case TicketType.ENGINEERING:
            yield from _engineering(content)
        case TicketType.FEATURE:
            yield from _feature(content, metrics)
        case _:
            pass


def _spike(content: TicketContent, metrics: MetricCatalog) -> Iterator[Problem]:
    if not content.spike.question.strip():
        yield Problem(
            code="question-missing",
            text="There is no question: nothing that the spike would answer.",
            fix="Write the question, such as 'Does the reranker answer within 200 ms on a CPU?'.",
            field="spike.question",
        )
    if content.time_box_days is None:
        yield Problem(
            code="time-box-missing",
            text="There is no time box: a spike without an end is a project.",
            fix="Set the time box in days, such as 3.",
            field="time_box_days",
        )
    if not _has_primary(content):
        yield _threshold("expected-metric-missing", "what number would answer the question", metrics)
    if not content.spike.deliverable.strip():
        yield Problem(
            code="deliverable-missing",
            text="There is no deliverable: nothing says what there is at the end.",
            fix="Write what is handed over, such as 'A page with latency by batch size, and what we recommend'.",
            field="spike.deliverable",
        )


def _data(content: TicketContent, metrics: MetricCatalog) -> Iterator[Problem]:
    for field, what, example in (
        ("source", "where the data comes from", "Tickets closed in 2026, exported from the help desk"),
        ("volume", "how much of it is needed", "12,000 labelled tickets"),
    ):
        if not getattr(content.data, field).strip():
            yield Problem(
                code=f"data-{field}-missing",
                text=f"Nothing says {what}.",
                fix=f"Write it, such as '{example}'.",
                field=f"data.{field}",
            )
    if not _has_primary(content):
        yield _threshold("quality-gate-missing", "at which quality the data is accepted", metrics)


def _engineering(content: TicketContent) -> Iterator[Problem]:
    own = content.engineering
    if own.latency_ms is None and own.cost_usd_per_1000 is None and not _has_primary(content):
        yield Problem(
            code="target-missing",
            text="There is no target: nothing says how fast or how cheap is enough.",
            fix="Set the latency in milliseconds, the cost of 1,000 requests, or a primary criterion.",
            field="engineering.latency_ms",
        )
    if not own.model_version.strip():
        yield Problem(
            code="model-version-missing",
            text="Nothing says which model it is about.",
            fix="Write the model's version, such as 'intent-8b@12'.",
            field="engineering.model_version",
        )


def _feature(content: TicketContent, metrics: MetricCatalog) -> Iterator[Problem]:
    if not _has_primary(content):
        yield _threshold("acceptance-missing", "which numbers the feature is accepted by", metrics)
    if not content.feature.fallback.strip():
        yield Problem(
            code="fallback-missing",
            text="There is no fallback: nothing says what the user gets when the model is unsure or down.",
            fix="Write it, such as 'Below 60% confidence the ticket goes to a person'.",
            field="feature.fallback",
        )


def _has_primary(content: TicketContent) -> bool:
    return any(criterion.role is Role.PRIMARY for criterion in content.criteria)


def _threshold(code: str, what: str, metrics: MetricCatalog) -> Problem:
    return Problem(
        code=code,
        text=f"Nothing says {what}.",
        fix=f"Write a primary criterion, such as '{_example(metrics)}'.",
        field="criteria.primary",
    )


def _example(metrics: MetricCatalog) -> str:
    metric = next(iter(metrics.metrics), None)
    if metric is None:
        return "accuracy >= 85%"
    sign = "<=" if metric.direction is Direction.LOWER else ">="
    return f"{metric.name} {sign} {example_numbers(metric)[0]}"
