"""What the ticket form writes for people: the sentence of a hypothesis, its primary criterion, and kill criteria."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal, InvalidOperation

from assay.domain.experiments.exact_numbers import number_text
from assay.domain.experiments.guided_hypothesis import Belief, hypothesis_text, proposed_primary
from assay.domain.gates.kill_draft import drafted_kills
from assay.domain.gates.settings import KillRules
from assay.domain.kernel.metrics import MetricCatalog, Unit
from assay.errors import Invalid
from assay.web.contexts.ticket_form import BaselineRow, Typed, Wrong
from assay.web.errors import sentences
from assay.web.ticket_draft import read_draft

_ASKED = {
    "change": "Say what you would change.",
    "metric": "Choose the metric that it moves.",
    "target": "Say where it moves the metric to.",
    "reason": "Say why you believe it.",
}


def composed(typed: Typed, catalog: MetricCatalog) -> tuple[Typed, list[Wrong], str]:
    """The form with the sentence, its number and its baseline written; or what is missing for that, and what was done."""
    belief = Belief(
        change=typed.believe_change,
        metric=typed.believe_metric,
        baseline=typed.believe_baseline,
        target=typed.believe_target,
        reason=typed.believe_reason,
    )
    wrong = [Wrong(field=f"believe_{name}", text=_ASKED[name]) for name in belief.missing]
    if wrong:
        return typed, wrong, ""
    try:
        line = proposed_primary(belief, catalog)
    except Invalid as error:
        field = "believe_metric" if error.field == "metric" else "believe_target"
        what = sentences(error.message.partition("\n")[0])[0]
        return typed, [Wrong(field=field, text=f"{what}.", hint=error.hint)], ""
    written = typed.primary.splitlines()
    if line not in written:
        written.append(line)
    said = replace(
        typed,
        hypothesis=hypothesis_text(belief),
        primary="\n".join(written),
        baselines=_with_baseline(typed, belief, catalog),
    )
    return (
        said,
        [],
        "The hypothesis is written, and what it claims stands under Primary. Nothing is saved yet.",
    )


def _with_baseline(typed: Typed, belief: Belief, catalog: MetricCatalog) -> tuple[BaselineRow, ...]:
    name, value = belief.metric.strip(), _plain_number(belief, catalog)
    if not value or any(row.metric == name for row in typed.baselines):
        return typed.baselines
    return (*typed.baselines, BaselineRow(metric=name, value=value))


def _plain_number(belief: Belief, catalog: MetricCatalog) -> str:
    """The baseline as a number in the metric's unit; empty where it cannot be told."""
    text = belief.baseline.strip()
    metric = catalog.get(belief.metric.strip())
    is_percent = text.endswith("%") and metric is not None and metric.unit is Unit.FRACTION
    try:
        number = Decimal(text.removesuffix("%").strip() if is_percent else text.partition(" ")[0])
    except InvalidOperation:
        return ""
    return number_text(number / 100 if is_percent else number) if number.is_finite() else ""


def with_drafted_kills(typed: Typed, catalog: MetricCatalog, rules: KillRules) -> tuple[Typed, str]:
    """The form with kill criteria drafted from the project's rules, and what was done."""
    # Kill lines that do not read yet are no reason to draft nothing.
    content = read_draft(replace(typed, kill=""), catalog).content
    if content is None:
        return typed, "Nothing was drafted: mend what is marked first."
    present = [line for line in typed.kill.splitlines() if line.strip()]
    new = [line for line in drafted_kills(content, rules, catalog) if line not in present]
    if not new:
        return typed, "Nothing more to draft: set a primary threshold, a budget or a time box first."
    words = "kill criterion is" if len(new) == 1 else "kill criteria are"
    return replace(typed, kill="\n".join((*present, *new))), (
        f"{len(new)} {words} drafted from the project's rules. Keep those that should stop it, strike the others."
    )
