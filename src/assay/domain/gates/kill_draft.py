"""Which kill criteria would the project's own rules write on this ticket?

A kill rule of the project recommends; written on the ticket it decides. So the draft is a proposal in the ticket's own metrics and
budget, for a person to keep, change or strike.
"""

from __future__ import annotations

from collections.abc import Iterator

from assay.domain.experiments.criteria.examples import kill_example
from assay.domain.experiments.criteria.model import Threshold
from assay.domain.experiments.criteria.text import criterion_text, parse_criterion
from assay.domain.experiments.exact_numbers import number_text
from assay.domain.experiments.experiment import TicketContent
from assay.domain.gates.settings import KillRules
from assay.domain.kernel.findings import Role
from assay.domain.kernel.kill_rules import KillRuleName
from assay.domain.kernel.metrics import Metric, MetricCatalog, Unit
from assay.errors import Invalid


def drafted_kills(content: TicketContent, rules: KillRules, metrics: MetricCatalog) -> tuple[str, ...]:
    """Kill criteria for this ticket, each as a line that reads there; those it already has are left out.

    Only what the ticket can be held to is drafted: a multiple of the budget needs a budget, a gap a target.
    """
    has = {criterion_text(c, metrics=metrics) for c in content.criteria if c.role is Role.KILL}
    lines = (line for line in _lines(content, rules, metrics) if line not in has)
    return tuple(line for line in dict.fromkeys(lines) if _reads(line, metrics))


def _lines(content: TicketContent, rules: KillRules, metrics: MetricCatalog) -> Iterator[str]:
    target = _target(content, metrics)
    if target is not None:
        yield kill_example(content, metrics).removeprefix("kill: ")
    on = [rule for rule in rules.enabled if rule.value not in content.kill_rules_off]
    if KillRuleName.OVER_BUDGET in on:
        times = number_text(rules.over_budget_multiple)
        if content.budget.gpu_hours is not None:
            yield f"compute > {times}x budget"
        if content.budget.cost_usd is not None:
            yield f"cost > {times}x budget"
    if KillRuleName.TIME_BOX in on and content.time_box_days is not None:
        yield f"time > {content.time_box_days} d"
    tolerance = None if target is None else rules.plateau_tolerance_of(target)
    if target is not None and tolerance is not None and KillRuleName.PLATEAU in on:
        yield f"{target.name} plateau {number_text(tolerance)} over {rules.plateau_runs} runs"
    if target is not None and target.unit is Unit.FRACTION and KillRuleName.GAP in on:
        yield f"{target.name} gap > {number_text(rules.gap)}"


def _target(content: TicketContent, metrics: MetricCatalog) -> Metric | None:
    claims = (c for c in content.criteria if c.role is Role.PRIMARY and isinstance(c.test, Threshold))
    return next((metric for c in claims if (metric := metrics.get(c.metric or "")) is not None), None)


def _reads(line: str, metrics: MetricCatalog) -> bool:
    try:
        parse_criterion(line, metrics=metrics, role=Role.KILL)
    except Invalid:
        return False
    return True
