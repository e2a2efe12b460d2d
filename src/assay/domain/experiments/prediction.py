"""What a team expects of an experiment before it runs: how likely, how large, at what cost, and what for.

Nothing here decides anything, so nothing here is part of what a lock hashes. The prediction that stood at the lock is the one that
is scored afterwards; the lock keeps it (docs/decisions/0024).
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from assay.domain.kernel.model import Value

Size = Literal[1, 2, 3, 5, 8, 13]
"""The usual scale of estimates: steps grow as certainty shrinks."""
SIZES: tuple[Size, ...] = (1, 2, 3, 5, 8, 13)
_Number = Annotated[Decimal, Field(allow_inf_nan=False, max_digits=18)]
_Days = Annotated[Decimal, Field(ge=0, le=3650, allow_inf_nan=False, max_digits=18)]


class Effect(Value):
    """How large the improvement is believed to be, in the primary metric's own unit; above 0 is better, whichever way that is.

    Either three quantiles (one chance in ten below `low`, as likely below as above `mid`, one in ten above `high`), or mean and
    standard deviation.
    """

    low: _Number | None = None
    mid: _Number | None = None
    high: _Number | None = None
    mean: _Number | None = None
    sd: Annotated[Decimal, Field(ge=0, allow_inf_nan=False, max_digits=18)] | None = None

    @model_validator(mode="after")
    def _one_whole_form(self) -> Self:
        quantiles, moments = (self.low, self.mid, self.high), (self.mean, self.sd)
        whole = None not in quantiles and moments == (None, None)
        if not whole and (None in moments or quantiles != (None, None, None)):
            raise ValueError("either low, mid and high, or mean and sd")
        rising = [value for value in quantiles if value is not None]
        if rising != sorted(rising):
            raise ValueError("low, mid and high that rise")
        return self


class CostOfDelay(Value):
    """What waiting costs against how long the work takes, each on the scale 1, 2, 3, 5, 8, 13."""

    business_value: Size | None = None
    time_criticality: Size | None = None
    risk_reduction: Size | None = None
    job_size: Size | None = None


class Prediction(Value):
    """What a team expects of an experiment; everything may be left open, and open is not zero."""

    chance: Annotated[Decimal, Field(gt=0, lt=1, allow_inf_nan=False, max_digits=18)] | None = None
    """Of meeting every primary criterion, between 0 and 1."""
    effect: Effect | None = None
    person_days: _Days | None = None
    gpu_hours: Annotated[Decimal, Field(ge=0, le=10**9, allow_inf_nan=False, max_digits=18)] | None = None
    """What it will likely use; left open, the budget stands for it. 0: it needs no GPU."""
    training_days: _Days | None = None
    """Working days from the data to trained models; 0: nothing is trained."""
    evaluation_days: _Days | None = None
    """Working days from trained models to results."""
    reward: Annotated[Decimal, Field(gt=0, allow_inf_nan=False, max_digits=18)] | None = None
    """What one unit of the primary metric is worth, in any one currency of the project."""
    cost_of_delay: CostOfDelay | None = None


def said_something(prediction: Prediction | None) -> Prediction | None:
    """The prediction, or None where it leaves everything open.

    >>> said_something(Prediction(cost_of_delay=CostOfDelay())) is None
    True
    """
    if prediction is None:
        return None
    if prediction.cost_of_delay == CostOfDelay():
        prediction = prediction.model_copy(update={"cost_of_delay": None})
    return None if prediction == Prediction() else prediction
