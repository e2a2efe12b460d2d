"""What is expected of a ticket, as its page tells it: the prediction that is scored, and what was written since."""

from __future__ import annotations

from decimal import Decimal

from assay.domain.experiments.criteria.model import Spread
from assay.domain.experiments.display import format_difference
from assay.domain.experiments.exact_numbers import number_text, percent_text
from assay.domain.experiments.experiment import TicketContent
from assay.domain.experiments.prediction import CostOfDelay, Effect, Prediction
from assay.domain.kernel.findings import Role
from assay.domain.kernel.metrics import Metric, MetricCatalog
from assay.web import wording
from assay.web.contexts.experiment import Expectation
from assay.workflows.records import Ticket


def expectation(ticket: Ticket, metrics: MetricCatalog) -> Expectation | None:
    """The prediction with what becomes of it; None where nobody said anything."""
    lock, now = ticket.lock, ticket.content.prediction
    scored = now if lock is None else lock.prediction
    shown = scored or now
    if shown is None:
        return None
    if lock is None:
        note = "Scored as it stands when the ticket is locked."
    elif scored is None:
        note = "Written after the lock: it is not scored."
    else:
        note = f"As it stood at the lock on {wording.day(lock.locked_at)}: this is what is scored."
        if now != scored:
            note += " It was edited since, which changes nothing here."
    place = ticket.content.place
    return Expectation(
        lines=tuple(_lines(shown, _metric(ticket.content, metrics))),
        note=note,
        place="" if place is None else f"Place {place.rank} in planning by hand: {place.reason}",
    )


def _metric(content: TicketContent, metrics: MetricCatalog) -> Metric | None:
    for criterion in content.criteria:
        spread = isinstance(criterion.test, Spread)
        if criterion.role is Role.PRIMARY and criterion.metric is not None and not spread:
            return metrics.get(criterion.metric)
    return None


def _lines(said: Prediction, metric: Metric | None) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    if said.chance is not None:
        found.append(("Chance", percent_text(said.chance)))
    if said.effect is not None:
        found.append(("Improvement", _effect(said.effect, metric)))
    amounts = (
        ("Person-days", said.person_days),
        ("GPU-hours", said.gpu_hours),
        ("Training", said.training_days),
        ("Evaluation", said.evaluation_days),
        ("Worth of one unit", said.reward),
    )
    for name, amount in amounts:
        if amount is not None:
            found.append((name, _days(amount) if name in {"Training", "Evaluation"} else number_text(amount)))
    if said.cost_of_delay is not None:
        found.append(("Cost of delay", _delay(said.cost_of_delay)))
    return found


def _days(amount: Decimal) -> str:
    return f"{number_text(amount)} working day{'' if amount == 1 else 's'}" if amount else "none"


def _effect(effect: Effect, metric: Metric | None) -> str:
    def told(value: Decimal | None) -> str:
        return format_difference(metric, None if value is None else float(value))

    if effect.mid is not None:
        return f"{told(effect.mid)}, 8 in 10 between {told(effect.low)} and {told(effect.high)}"
    return f"{told(effect.mean)}, give or take {told(effect.sd).removeprefix('+')}"


def _delay(said: CostOfDelay) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in said if value is not None)
