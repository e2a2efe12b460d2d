"""What follows from a test result for a claim: met, ruled out or unclear, in words?"""

from __future__ import annotations

from dataclasses import dataclass, replace

from assay.domain.experiments.evidence import Run
from assay.domain.gates.case import Checked
from assay.domain.gates.checks.looks import Level, NotNow, seeds_wanted
from assay.domain.gates.measurements import Measured
from assay.domain.gates.problems import Problem
from assay.domain.gates.wording import count
from assay.domain.kernel.findings import Counts, Outcome, Settlement, ShownInterval
from assay.stats.estimates import Comparison, Direction, Interval, ThresholdTest
from assay.stats.planning import detectable_effect
from assay.stats.power import Outlook, Settles, TooCloseToCall

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


def judged(test: ThresholdTest | Comparison, claim: Direction, level: Level) -> Claimed:
    """What does this test say of the claim, held to the level of the look?"""
    interval = test.estimate.interval if isinstance(test, ThresholdTest) else test.interval
    method = test.estimate.method if isinstance(test, ThresholdTest) else test.method
    se = test.estimate.se if isinstance(test, ThresholdTest) else test.se
    dof = test.estimate.dof if isinstance(test, ThresholdTest) else test.dof
    detectable = detectable_effect(se, dof, alpha=level.alpha) if se is not None and se > 0.0 else None
    return Claimed(
        answer=OUTCOMES[test.answer(claim, level.alpha)],
        p_value=test.p_greater if claim == "greater" else test.p_less,
        interval=shown_interval(interval, level.alpha),
        method=f"{method}, {level.text}",
        detectable=detectable,
        scope_note=("about these models, not the method: one seed an arm",)
        if test.scope == ONE_MODEL
        else (),
    )


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


def settlement(outlook: Outlook | None, runs: tuple[Run, ...], *, noun: str = "example") -> Settlement:
    """What would settle it, in words; too close to call where no honest number exists."""
    if isinstance(outlook, Settles) and outlook.more > 0:
        if outlook.unit == "seeds":
            return seeds_wanted(outlook.more, outlook.total, runs, sure=True)
        also = f" if there are {outlook.assumes}" if outlook.assumes else ""
        text = f"{count(outlook.more, f'more {noun}')} would settle it{also}"
        return Settlement(kind="examples", amount=outlook.more, text=text)
    if isinstance(outlook, TooCloseToCall):
        size = count(outlook.limit, outlook.unit.removesuffix("s"))
        return too_close(f"too close to call: even {size} would probably not settle it")
    return too_close("too close to call: what would settle it cannot be predicted from these scores")


def too_close(text: str) -> Settlement:
    """Nothing affordable would settle it."""
    return Settlement(kind="too_close", text=text)
