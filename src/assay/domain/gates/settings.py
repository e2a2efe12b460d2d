"""How a project judges: strictness, alpha, and which heuristic kill rules advise."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints

from assay.domain.experiments.texts import clean_text
from assay.domain.kernel.kill_rules import KillRuleName
from assay.domain.kernel.metric_name import METRIC_NAME
from assay.domain.kernel.metrics import Metric, Unit
from assay.domain.kernel.model import NUMBER, Value

_FUTILITY = Decimal("0.05")
MetricName = Annotated[
    str, StringConstraints(pattern=METRIC_NAME.pattern.removesuffix(r"\Z") + "$", max_length=100)
]

ParameterName = Annotated[str, StringConstraints(min_length=1, max_length=250), AfterValidator(clean_text)]
"""As trackers take them."""


def _each_once(names: tuple[str, ...]) -> tuple[str, ...]:
    """In one order, so that equal settings are equal."""
    return tuple(sorted(set(names)))


class KillRules(Value):
    """Heuristic rules of a project; each can be tuned or switched off."""

    enabled: tuple[KillRuleName, ...] = tuple(KillRuleName)
    over_budget_multiple: Annotated[Decimal, NUMBER, Field(gt=0)] = Decimal(2)
    plateau_tolerance: Annotated[Decimal, NUMBER, Field(ge=0)] = Decimal("0.01")
    """In the metric's own unit; the default applies to fractions only."""
    plateau_tolerance_for: Literal["fractions", "all"] = "fractions"
    plateau_tolerances: dict[MetricName, Annotated[Decimal, NUMBER, Field(ge=0)]] = Field(
        default_factory=dict, max_length=100, exclude_if=lambda tolerances: not tolerances
    )
    """By metric, each in its own unit; what a metric has here goes before the above. Absent from records where it is empty."""
    plateau_runs: Annotated[int, NUMBER, Field(ge=2, le=100)] = 3
    gap: Annotated[Decimal, NUMBER, Field(gt=0)] = Decimal("0.15")
    """In the metric's own unit; applies to fractions only."""
    futility: Annotated[Decimal, NUMBER, Field(gt=0, lt=0.5)] = Field(
        default=_FUTILITY, exclude_if=lambda level: level == _FUTILITY
    )
    """Chance to reach the target below which going on is called futile. Absent from records where it is the default, which stays
    what it is: records from before there was such a rule come out again as they were."""
    loss_metrics: tuple[str, ...] = ("train_loss", "training_loss", "loss", "train/loss")
    not_falling_after: Annotated[int, NUMBER, Field(ge=0)] = 1

    def plateau_tolerance_of(self, metric: Metric) -> Decimal | None:
        """How far apart may values of this metric lie at a plateau, in its own unit? None where nobody said so.

        >>> from assay.domain.kernel.metrics import Direction
        >>> bleu = Metric(name="bleu", direction=Direction.HIGHER, unit=Unit.NUMBER)
        >>> KillRules().plateau_tolerance_of(bleu), KillRules(plateau_tolerances={"bleu": 0.5}).plateau_tolerance_of(bleu)
        (None, Decimal('0.5'))
        """
        own = self.plateau_tolerances.get(metric.name)
        if own is None and (self.plateau_tolerance_for == "all" or metric.unit is Unit.FRACTION):
            return self.plateau_tolerance
        return own


class VerdictSettings(Value):
    """What the verdict function is told beside criteria and evidence."""

    strictness: Literal["bound", "point"] = "bound"
    alpha: Annotated[float, NUMBER, Field(gt=0, lt=0.5)] = 0.05
    ignored_parameters: Annotated[
        tuple[ParameterName, ...], Field(max_length=100), AfterValidator(_each_once)
    ] = Field(default=(), exclude_if=lambda names: not names)
    """Parameters that set no configuration apart, such as an output folder: runs that differ only in these and their seed form one
    group. Absent from records where there are none."""
    kill_rules: KillRules = KillRules()
