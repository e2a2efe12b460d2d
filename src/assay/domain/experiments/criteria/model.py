"""What a criterion is made of. The structured form is canonical; `text` prints and parses the short form."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from assay.domain.kernel.findings import Role
from assay.domain.kernel.metrics import Unit
from assay.domain.kernel.model import Value

MetricName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_.\-/]{0,99}$")]
Amount = Annotated[Decimal, Field(allow_inf_nan=False, max_digits=18)]


class Comparison(StrEnum):
    """How a value is compared with a threshold."""

    AT_LEAST = ">="
    ABOVE = ">"
    AT_MOST = "<="
    BELOW = "<"
    EQUAL = "=="


class Quantity(Value):
    """An exact number with its unit, which is that of the metric it belongs to. `fraction` is 0..1 (85% is 0.85)."""

    value: Amount
    unit: Unit = Unit.NUMBER


class Margin(Value):
    """How far: in the metric's own unit, or relative to the baseline (0.02 relative is 2%; its unit is then `number`)."""

    value: Annotated[Decimal, Field(allow_inf_nan=False, ge=0, max_digits=18)]
    unit: Unit = Unit.NUMBER
    relative: bool = False


class DatasetRef(Value):
    """An evaluation set, with its version when it has one: `support-eval@3`."""

    name: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.\-/]{0,99}$")]
    version: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.\-]{1,40}$")] | None = None


class Threshold(Value):
    """`accuracy >= 85%`: the metric against a number."""

    kind: Literal["threshold"] = "threshold"
    metric: MetricName
    comparison: Comparison
    value: Quantity


class Improvement(Value):
    """`f1 improves by >= 0.03`: better than the ticket's baseline by a margin, in the metric's good direction."""

    kind: Literal["improvement"] = "improvement"
    metric: MetricName
    comparison: Literal[Comparison.AT_LEAST, Comparison.ABOVE] = Comparison.AT_LEAST
    margin: Margin


class NonInferiority(Value):
    """`toxicity no worse than baseline by 0.2%`: harm beyond the margin is ruled out."""

    kind: Literal["non_inferiority"] = "non_inferiority"
    metric: MetricName
    margin: Margin


class Percentile(Value):
    """`p95 of latency_ms < 500 ms`: a percentile over the examples against a number."""

    kind: Literal["percentile"] = "percentile"
    metric: MetricName
    percent: Annotated[Decimal, Field(ge=1, le=Decimal("99.9"), max_digits=3, decimal_places=1)]
    """95 is the value that 95% of the examples do not exceed."""
    comparison: Literal[Comparison.AT_LEAST, Comparison.ABOVE, Comparison.AT_MOST, Comparison.BELOW]
    value: Quantity


class Spread(Value):
    """`sd of accuracy <= 3%`: the standard deviation over seeds stays within a limit."""

    kind: Literal["spread"] = "spread"
    metric: MetricName
    comparison: Literal[Comparison.AT_MOST, Comparison.BELOW] = Comparison.AT_MOST
    limit: Margin
    claim: bool = False
    """False: an alarm, which more spread must not set off. True (`sd of accuracy shown <= 3%`): it must be ruled out."""

    @model_validator(mode="after")
    def _limit_can_be_tested(self) -> Self:
        if self.limit.relative or self.limit.value == 0:
            raise ValueError("the limit of a spread is an amount above 0 in the metric's unit")
        return self


class CurveFalls(Value):
    """`train_loss falls after epoch 1` (or, negated, `does not fall`): the shape of a curve."""

    kind: Literal["curve_falls"] = "curve_falls"
    metric: MetricName
    after_step: Annotated[int, Field(ge=0, le=10**9)]
    step_name: Literal["epoch", "step"] = "epoch"
    negated: bool = False


class Diverges(Value):
    """`train_loss diverges`: the curve holds NaN or an infinity."""

    kind: Literal["diverges"] = "diverges"
    metric: MetricName


class ResourceUse(Value):
    """`compute > 2x budget`, `compute <= 24 GPU-h`, `cost > 500 USD`, `time > 10 d`: what was spent."""

    kind: Literal["resource"] = "resource"
    resource: Literal["compute", "cost", "time"]
    comparison: Literal[Comparison.ABOVE, Comparison.AT_LEAST, Comparison.BELOW, Comparison.AT_MOST]
    amount: Annotated[Decimal, Field(ge=0, allow_inf_nan=False, max_digits=18)]
    unit: Literal["x budget", "GPU-h", "USD", "d"]
    """`x budget` is a multiple of what the ticket's budget (for time: its time box) allows."""

    @model_validator(mode="after")
    def _unit_measures_resource(self) -> Self:
        own = {"compute": "GPU-h", "cost": "USD", "time": "d"}[self.resource]
        if self.unit not in ("x budget", own):
            raise ValueError(f"{self.resource} is measured in {own} or x budget, not in {self.unit}")
        return self


class Plateau(Value):
    """`accuracy plateau 0.01 over 3 runs`: the last runs (seed groups) lie within the tolerance."""

    kind: Literal["plateau"] = "plateau"
    metric: MetricName
    tolerance: Margin
    runs: Annotated[int, Field(ge=2, le=1000)] = 3


class Gap(Value):
    """`accuracy gap > 0.15`: the best so far is that far short of the target (the primary threshold)."""

    kind: Literal["gap"] = "gap"
    metric: MetricName
    comparison: Literal[Comparison.ABOVE, Comparison.AT_LEAST] = Comparison.ABOVE
    value: Margin


Test = Annotated[
    Threshold
    | Improvement
    | NonInferiority
    | Percentile
    | Spread
    | CurveFalls
    | Diverges
    | ResourceUse
    | Plateau
    | Gap,
    Field(discriminator="kind"),
]


class Condition(Value):
    """When a criterion begins to count: `after training`, `after 3 seeds`."""

    kind: Literal["training", "seeds", "runs"]
    count: Annotated[int, Field(ge=1, le=10_000)] | None = None
    """How many seeds or runs; None for `after training`."""

    @model_validator(mode="after")
    def _count_goes_with_kind(self) -> Self:
        if (self.count is None) != (self.kind == "training"):
            raise ValueError("after training takes no count, after seeds and after runs need one")
        return self


class Criterion(Value):
    """One number that decides: what is tested, on which data, in which role, from when on."""

    role: Role
    test: Test
    dataset: DatasetRef | None = None
    after: Condition | None = None

    @property
    def metric(self) -> str | None:
        """The metric it reads, None for resource rules."""
        return getattr(self.test, "metric", None)
