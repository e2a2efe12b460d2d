"""How does somebody who has a change in mind say what could turn out false, in one sentence and in one number?"""

from __future__ import annotations

from dataclasses import dataclass

from assay.domain.experiments.criteria.text import criterion_text, parse_criterion
from assay.domain.kernel.findings import Role
from assay.domain.kernel.metrics import Direction, MetricCatalog
from assay.errors import Invalid


@dataclass(frozen=True, slots=True)
class Belief:
    """The parts of a hypothesis, as they were written."""

    change: str
    metric: str
    baseline: str
    target: str
    reason: str

    @property
    def missing(self) -> tuple[str, ...]:
        """The parts that are not written; the baseline may be measured later."""
        return tuple(n for n in ("change", "metric", "target", "reason") if not getattr(self, n).strip())


def hypothesis_text(belief: Belief) -> str:
    """Which sentence says this belief?

    >>> hypothesis_text(Belief("fine-tuning", "accuracy", "72%", "85%", "our tickets use words that no one else does"))
    'We believe that fine-tuning will move accuracy from 72% to 85% because our tickets use words that no one else does.'
    """
    start = f"from {_part(belief.baseline)} " if belief.baseline.strip() else ""
    return (
        f"We believe that {_part(belief.change)} will move {_part(belief.metric)} {start}to {_part(belief.target)} "
        f"because {_part(belief.reason)}."
    )


def _part(text: str) -> str:
    return " ".join(text.split()).rstrip(".")


def proposed_primary(belief: Belief, metrics: MetricCatalog) -> str:
    """Which primary criterion claims what the sentence claims? As it is written on a ticket.

    Raises:
        Invalid: the metric is not declared, or the target is no value of it.
    """
    metric = metrics.require(belief.metric.strip())
    sign = ">=" if metric.direction is Direction.HIGHER else "<="
    line = f"{metric.name} {sign} {belief.target.strip()}"
    try:
        return criterion_text(parse_criterion(line, metrics=metrics, role=Role.PRIMARY), metrics=metrics)
    except Invalid as error:
        error.field = "believe_target"
        raise
