"""What follows from a test result for a claim: met, ruled out or unclear, in words?"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from assay.domain.experiments.evidence import Run
from assay.domain.gates.case import Checked
from assay.domain.gates.checks.looks import Level, NotNow, seeds_wanted
from assay.domain.gates.measurements import Measured
from assay.domain.gates.problems import Problem
from assay.domain.gates.wording import count
from assay.domain.kernel.findings import Counts, Outcome, Settlement, ShownInterval
from assay.domain.kernel.metrics import Metric, Unit
from assay.stats.estimates import Comparison, Direction, Interval, ThresholdTest
from assay.stats.paired import MCNEMAR
from assay.stats.planning import (
    AT_ANY_TIME,
    detectable_beside,
    detectable_effect,
    detectable_losses,
    detectable_rate,
)
from assay.stats.power import Outlook, Settles, TooCloseToCall
from assay.stats.proportions import METHOD as CLOPPER_PEARSON

OUTCOMES = {"met": Outcome.MET, "not_met": Outcome.NOT_MET, "unclear": Outcome.UNCLEAR}
LAST_LOOK = "the last registered look is behind and it is still unclear: too close to call with this plan"
ONE_MODEL = "these models, not the method"


@dataclass(frozen=True, slots=True)
class Claimed:
    """A claim with its test result, before it is put in words."""

    answer: Outcome
    p_value: float
    interval: ShownInterval
    method: str
    detectable: float | None
    e_value: float | None
    scope_note: tuple[str, ...]


def problem(found: Problem, method: str = "none") -> Checked:
    """The answer when there is nothing to test."""
    return Checked(found.outcome, method, found.reason, settle=found.settle)


def unproven(found: Problem, known: Checked) -> Checked:
    """The answer when there is an estimate, and nothing that says how sure it is: the estimate is shown, nothing is decided."""
    return replace(
        known, outcome=found.outcome, method="none", reason=found.reason, against_level=float("inf"), settle=found.settle,
        point=known.point if found.outcome is Outcome.NO_EVIDENCE else None,
    )  # fmt: skip


def invalid(reason: str, text: str) -> Checked:
    """The answer when the criterion cannot be tested on this evidence."""
    return Checked(Outcome.INVALID, "none", reason, settle=Settlement(kind="mend", text=text))


def judged(
    test: ThresholdTest | Comparison, claim: Direction, level: Level, metric: Metric | None = None
) -> Claimed:
    """What does this test say of the claim, held to the level of the look? No metric can go beyond its own bound."""
    seen = _detectable(test, claim, level.alpha)
    null = test.threshold if isinstance(test, ThresholdTest) else test.null
    interval = test.estimate.interval if isinstance(test, ThresholdTest) else test.interval
    method = test.estimate.method if isinstance(test, ThresholdTest) else test.method
    return Claimed(
        answer=OUTCOMES[test.answer(claim, level.alpha)],
        p_value=test.p_greater if claim == "greater" else test.p_less,
        interval=shown_interval(interval, level.alpha),
        method=f"{method}, {level.text}",
        detectable=None
        if seen is None or seen > _room(metric, null, claim, alone=isinstance(test, ThresholdTest))
        else seen,
        e_value=dict(test.shown).get(f"e_{claim}"),
        scope_note=("about these models, not the method: one seed an arm",)
        if test.scope == ONE_MODEL
        else (),
    )


def _room(metric: Metric | None, null: float, claim: Direction, *, alone: bool) -> float:
    """How far beyond the null can the truth lie: a fraction ends at 0 and 1, the difference of two at 1 either way."""
    if metric is None or metric.unit is not Unit.FRACTION:
        return math.inf
    if claim == "greater":
        return 1.0 - null
    return null if alone else 1.0 + null


def _detectable(test: ThresholdTest | Comparison, claim: Direction, alpha: float) -> float | None:
    """The smallest true difference that would have been shown with 80% power; None where none would, however large."""
    one = test.estimate if isinstance(test, ThresholdTest) else test
    free = any(name == f"e_{claim}" for name, _ in test.shown)
    if one.se is not None and one.se > 0.0 and not free:
        return detectable_effect(one.se, one.dof, alpha=alpha)
    if isinstance(test, ThresholdTest) and one.method == CLOPPER_PEARSON:
        return detectable_rate(test.estimate.n, test.threshold, claim=claim, alpha=alpha)
    if isinstance(test, Comparison) and one.method == MCNEMAR:
        n, discordant = np.array([float(test.n_candidate)]), np.array([dict(test.shown)["discordant"]])
        seen = float(detectable_losses(n, discordant, 0.0, level=alpha)[0])
        return seen if math.isfinite(seen) else None
    value = test.estimate.value if isinstance(test, ThresholdTest) else test.effect
    bound = one.interval.low if claim == "greater" else one.interval.high
    away = AT_ANY_TIME if free else None
    return None if bound is None else detectable_beside(value - bound, alpha=alpha, errors=away)


def shown_interval(interval: Interval, alpha: float) -> ShownInterval:
    """The interval that the decision inverts, with its name."""
    confidence = 1.0 - 2.0 * alpha
    label = f"{100 * confidence:.6g}% two-sided (one-sided {alpha:.3g})"
    return ShownInterval(low=interval.low, high=interval.high, confidence=confidence, label=label)


def waiting(later: NotNow, measured: Measured, *, runs: tuple[Run, ...], known: Checked) -> Checked:
    """The answer between looks: the estimate is shown, the next look is named, nothing is decided."""
    return replace(
        known,
        outcome=Outcome.UNCLEAR,
        reason=later.reason,
        against_level=float("inf"),
        settle=later.settle or seeds_wanted(later.more, later.total, runs, sure=False),
        n=counts(measured),
        notes=measured.notes,
    )


def counts(measured: Measured, baseline: Measured | None = None) -> Counts:
    """How much evidence is this?"""
    return Counts(
        seeds=len(measured.seeds),
        examples=_examples(measured),
        runs=len(measured.seeds),
        baseline_seeds=None if baseline is None else len(baseline.seeds),
    )


def _examples(measured: Measured) -> int | None:
    if measured.table is not None:
        return len(measured.table.sample_ids)
    return None if measured.reported is None else measured.reported.n


def settlement(
    outlook: Outlook | None, runs: tuple[Run, ...], *, instead: Outlook | None = None
) -> Settlement:
    """What would settle it, and what would do so instead, in words; too close to call where no honest number exists."""
    if isinstance(outlook, Settles) and outlook.more > 0:
        if outlook.unit == "seeds":
            found = seeds_wanted(outlook.more, outlook.total, runs, sure=True)
            if not (isinstance(instead, Settles) and instead.more > 0):
                return found
            other = f"or {count(instead.more, 'more example')} for the seeds there are"
            return found.model_copy(update={"text": f"{found.text}, {other}"})
        also = " if each comes out like those so far" if outlook.assumes else ""
        text = f"{count(outlook.more, 'more example')} would settle it{also}"
        return Settlement(kind="examples", amount=outlook.more, text=text)
    if isinstance(outlook, TooCloseToCall):
        size = count(outlook.limit, outlook.unit.removesuffix("s"))
        return too_close(f"too close to call: even {size} would probably not settle it")
    return too_close("too close to call: what would settle it cannot be predicted from these scores")


def too_close(text: str) -> Settlement:
    """Nothing affordable would settle it."""
    return Settlement(kind="too_close", text=text)
