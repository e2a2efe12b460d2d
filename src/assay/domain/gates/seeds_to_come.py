"""Is it still likely that the primary claim is met, if the seeds to come are as good as was predicted?

The part of futility that concerns seeds that have not begun: what was seen may have ruled out most of the ways to get there. It asks
the prediction that was locked, the only effect that anybody registered; without one it says nothing.

Source: Lan and Wittes (1988), conditional power at the registered effect.
"""

from __future__ import annotations

import math

from assay.domain.experiments.experiment import Lock
from assay.domain.gates.candidates import Choice, primary_metric
from assay.domain.gates.case import Case
from assay.domain.gates.futility_seen import percent
from assay.domain.gates.measurements import Measured, measure
from assay.domain.gates.past_targets import PastTarget, past_target
from assay.domain.gates.wording import count, shown
from assay.domain.kernel.metrics import Direction
from assay.stats.conditional_power import conditional_power
from assay.stats.samples import summarize

LEVEL = 0.1
"""Conditional power below which going on is called futile."""
FEWEST_SEEDS = 3
"""Fewer say next to nothing of the scatter, and what is left rests on it."""
_PLANNED = 0.5
"""Power of the whole plan at the predicted value from which on a fall of it means something: a plan too small for its claim is another matter."""


def expected_value(lock: Lock) -> float | None:
    """Which value of the primary metric does the locked prediction expect? None where nobody predicted one from a number."""
    target, prediction = past_target(lock.registration), lock.prediction
    effect = None if prediction is None else prediction.effect
    if target is None or effect is None:
        return None
    names = {target.metric.name, *target.metric.aliases}
    known = (one.value for one in lock.registration.baseline if one.metric in names and one.value is not None)
    baseline, better = next(known, None), effect.mid if effect.mid is not None else effect.mean
    if baseline is None or better is None:
        return None
    sign = 1 if target.metric.direction is Direction.HIGHER else -1
    return float(baseline + sign * better)


def seeds_to_come(case: Case, choice: Choice) -> str | None:
    """Why is it futile to run the seeds that are left? None where it is not, and where nothing can be said."""
    target, found = past_target(case.registration), primary_metric(case)
    if target is None or found is None or choice.group is None or case.expected is None:
        return None
    measured = measure(choice.group, target.metric, found[0].dataset)
    planned = case.plan.stages[-1]
    if not isinstance(measured, Measured) or measured.table is not None or measured.reported is not None:
        return None
    seeds = len(measured.seeds)
    sample = summarize(measured.values)
    if not FEWEST_SEEDS <= seeds < planned or not sample.sd:
        return None
    power = _power(case, target, (sample.mean, sample.sd, seeds), case.expected)
    if power is None or power >= LEVEL:
        return None
    return (
        f"even if the remaining {count(planned - seeds, 'seed')} are as good as predicted ({shown(case.expected, target.metric)}), "
        f"the chance that {shown(target.value, target.metric)} is shown is {percent(power)}, below {LEVEL:.0%}"
    )


def _power(case: Case, target: PastTarget, seen: tuple[float, float, int], expected: float) -> float | None:
    """None where the whole plan had no good chance at the predicted value from the start."""
    mean, sd, seeds = seen
    sign, planned, alpha = 1 if target.higher else -1, case.plan.stages[-1], case.plan.alphas[-1]
    drift = sign * (expected - target.value) / (sd / math.sqrt(planned))
    z = sign * (mean - target.value) / (sd / math.sqrt(seeds))
    if not (math.isfinite(drift) and math.isfinite(z)):
        return None
    if conditional_power(0.0, 1e-9, drift=drift, alpha=alpha) < _PLANNED:
        return None
    return conditional_power(z, seeds / planned, drift=drift, alpha=alpha)
