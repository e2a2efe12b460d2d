"""Is the candidate better than the baseline by a margin, or no worse than it by more than one?

Shared per-example scores are compared in pairs (crossed with the seeds where an arm has several); otherwise the seeds
of both arms by Welch's t; a bare number is taken as exact and labelled so. "No significant drop" is never an answer.
"""

from __future__ import annotations

import math
from dataclasses import replace

from assay.domain.experiments.criteria.model import Criterion
from assay.domain.gates.case import Case, Checked, compares
from assay.domain.gates.checks.any_time import (
    EARLY,
    any_time_comparison,
    any_time_threshold,
    e_value_notes,
    too_few,
)
from assay.domain.gates.checks.arms import Arms, arms_of, same_scores
from assay.domain.gates.checks.claims import (
    Claimed,
    counts,
    invalid,
    judged,
    problem,
    too_close,
    unproven,
    waiting,
)
from assay.domain.gates.checks.comparison_outlook import settles_comparison
from assay.domain.gates.checks.looks import Level, NotNow, held, level_for
from assay.domain.gates.checks.relative import relative_test
from assay.domain.gates.checks.unchanged import unchanged
from assay.domain.gates.problems import Problem
from assay.domain.gates.seed_groups import SeedGroup
from assay.domain.gates.wording import count, difference, shown
from assay.domain.kernel.findings import Outcome, Settlement
from assay.stats.confidence_sequences import NearlyAlike
from assay.stats.crossed import crossed_against_threshold, crossed_comparison
from assay.stats.estimates import Comparison, ThresholdTest
from assay.stats.means import mean_against_threshold
from assay.stats.samples import DegenerateSample, StatisticsError, TooFewSamples, summarize
from assay.stats.summaries import compare_summaries
from assay.stats.welch import welch_comparison


def check_comparison(criterion: Criterion, group: SeedGroup, case: Case, divisor: float) -> Checked:
    """What is known of `improves by` or `no worse than baseline by`, at levels divided by the correction?"""
    arms = arms_of(criterion, group, case)
    if isinstance(arms, Problem):
        return problem(arms)
    runs = tuple(seed.run for seed in arms.candidate.seeds)
    known = _estimate_only(arms)
    if isinstance(arms.figures, Problem):
        return unproven(arms.figures, known)
    level = comparison_level(arms, case, divisor)
    if isinstance(level, NotNow):
        return waiting(level, arms.candidate, runs=runs, known=known)
    if level.measured is not arms.candidate:  # what decides, decides by its estimate too
        arms = arms.at(level.measured)
        known = _estimate_only(arms)
    try:
        test = _tested(arms, level)
        _refuse_constant(test)
    except (DegenerateSample, TooFewSamples) as error:
        early = level.sequential and isinstance(error, TooFewSamples)
        open_end = _without_spread(known, EARLY if early else _alike(arms, error), level, arms, early=early)
        return unchanged(arms, level, known) or open_end
    except StatisticsError as error:
        return invalid(str(error), "mend the criterion or the scores")
    return _answer(arms, test, level, known, case=case, divisor=divisor)


def comparison_level(arms: Arms, case: Case, divisor: float) -> Level | NotNow:
    """The look of the candidate; a baseline that still grows has to stand at a look too, and the stricter level holds."""
    level = level_for(arms.candidate, case, divisor)
    theirs = arms.baseline.measured
    if isinstance(level, NotNow) or theirs is None:
        return level
    theirs = theirs.for_means(arms.metric)
    grown = held(theirs) or (None if arms.baseline.fixed else level_for(theirs, case, divisor))
    if isinstance(grown, NotNow):
        return replace(grown, reason=f"baseline: {grown.reason}")
    return level if grown is None else _stricter(level, grown)


def _stricter(level: Level, other: Level) -> Level:
    """The candidate's look at the stricter of two levels."""
    alpha = min(level.alpha, other.alpha)
    return replace(level, alpha=alpha, is_last=level.is_last and other.is_last)


def _tested(arms: Arms, level: Level) -> Comparison | ThresholdTest:
    seeds, theirs = len(level.measured.seeds), arms.baseline.measured
    if theirs is None:
        return _against_number(level, arms.baseline.mean + arms.null)
    if arms.share is not None:
        return relative_test(arms, level)
    if isinstance(arms.figures, tuple):
        return compare_summaries(*arms.figures, alpha=level.alpha, null=arms.null)
    if level.sequential and arms.tables is not None:
        return any_time_comparison(*arms.tables, null=arms.null, alpha=level.alpha)
    if arms.tables is None:
        return welch_comparison(level.measured.values, theirs.values, alpha=level.alpha, null=arms.null)
    ours = arms.tables[0].first_seeds(seeds)
    return crossed_comparison(
        ours.matrix, arms.tables[1].matrix, clusters=ours.cluster_labels, alpha=level.alpha, null=arms.null
    )


def _against_number(level: Level, goal: float) -> ThresholdTest:
    table = level.measured.table
    if table is None:
        return mean_against_threshold(level.measured.values, goal, alpha=level.alpha)
    if level.sequential:
        return any_time_threshold(table, goal, alpha=level.alpha)
    return crossed_against_threshold(table.matrix, goal, clusters=table.cluster_labels, alpha=level.alpha)


def _alike(arms: Arms, error: StatisticsError) -> str:
    """Why nothing can be said of the spread, in words."""
    if arms.tables is None:
        return str(error)
    examples = len(arms.tables[0].sample_ids)
    if examples == 1:
        return "one example on both sides has no spread"
    if same_scores(arms.tables):
        return (
            f"both sides have the same score on every one of {count(examples, 'example')}: no spread to go by"
        )
    if isinstance(error, NearlyAlike):
        return f"nearly all of {count(examples, 'example')} differ by the same amount: too few others to know the spread"
    amount = "differ by the same amount" if arms.share is None else "change by the same share"
    return f"all {count(examples, 'example')} {amount}: no spread to go by"


def _refuse_constant(test: Comparison | ThresholdTest) -> None:
    for note in test.notes:
        if note.startswith("constant-"):
            arm = note.removeprefix("constant-")
            raise DegenerateSample(f"all seeds of the {arm} gave one value: its spread is not known")


def _answer(
    arms: Arms, test: Comparison | ThresholdTest, level: Level, known: Checked, *, case: Case, divisor: float
) -> Checked:
    found = judged(test, "greater" if arms.claim == "greater" else "less", level, arms.metric)
    outcome, why = _beside_the_number(found.answer, arms)
    # Tests against a bare number speak of values; the finding speaks of the difference to the baseline.
    shift = arms.baseline.mean if isinstance(test, ThresholdTest) else 0.0
    low, high = found.interval.low, found.interval.high
    interval = found.interval.model_copy(
        update={"low": None if low is None else low - shift, "high": None if high is None else high - shift}
    )
    effect = test.estimate.value - shift if isinstance(test, ThresholdTest) else test.effect
    settle = None
    if outcome is Outcome.UNCLEAR and case.predicts:
        settle = (
            too_close("the locked number and the baseline runs disagree")
            if why
            else settles_comparison(arms, test, level, case=case, divisor=divisor)
        )
    return Checked(
        outcome=outcome,
        method=found.method,
        reason=why or _reason(found, arms, effect, (interval.low, interval.high)),
        point=known.point,
        against_level=found.p_value / level.alpha if not why else float("inf"),
        estimate=effect,
        interval=interval,
        baseline=arms.baseline.mean,
        threshold=arms.null,
        p_value=found.p_value,
        alpha=level.alpha,
        looks=level.spent,
        e_value=found.e_value,
        detectable=found.detectable,
        n=counts(level.measured, arms.baseline.measured),
        settle=settle,
        notes=(
            *level.measured.notes,
            *arms.notes,
            *level.notes,
            *found.scope_note,
            *e_value_notes(found.e_value, level.alpha),
            *_paired_notes(arms, test),
        ),
    )


def _beside_the_number(answer: Outcome, arms: Arms) -> tuple[Outcome, str]:
    """Met against the runs is not enough when the number that was locked is harder to beat than the runs."""
    number, metric = arms.baseline.number, arms.metric
    if answer is not Outcome.MET or number is None or arms.baseline.measured is None:
        return answer, ""
    mean = summarize(arms.candidate.values).mean
    null = arms.null if arms.share is None else math.copysign(arms.share * number, arms.null)
    if compares(mean - number, arms.relation, null):
        return answer, ""
    return Outcome.UNCLEAR, (
        f"{metric.name} clears the baseline runs ({shown(arms.baseline.mean, metric)}), but not the locked baseline "
        f"of {shown(number, metric)}"
    )


def _estimate_only(arms: Arms) -> Checked:
    effect = arms.effect
    return Checked(
        Outcome.UNCLEAR,
        "difference of means",
        "",
        point=Outcome.MET if compares(effect, arms.relation, arms.null) else Outcome.NOT_MET,
        estimate=effect,
        baseline=arms.baseline.mean,
        threshold=arms.null,
        n=counts(arms.candidate, arms.baseline.measured),
    )


def _without_spread(known: Checked, reason: str, level: Level, arms: Arms, *, early: bool) -> Checked:
    more = Settlement(kind="measure", text="seeds or examples that vary in both arms would settle it")
    if early and level.measured.table is not None:
        more = too_few(len(level.measured.table.sample_ids), level.measured.table.clusters)
    return Checked(
        outcome=Outcome.UNCLEAR,
        method=f"none, {level.text}",
        reason=reason,
        point=known.point,
        against_level=float("inf"),
        estimate=known.estimate,
        baseline=known.baseline,
        threshold=known.threshold,
        alpha=level.alpha,
        looks=level.spent,
        n=known.n,
        settle=more,
        notes=(*level.measured.notes, *arms.notes, *level.notes),
    )


def _reason(found: Claimed, arms: Arms, effect: float, bounds: tuple[float | None, float | None]) -> str:
    metric, (low, high) = arms.metric, bounds
    said = f"{metric.name}{metric.reading.beside} {difference(effect, metric)} against {shown(arms.baseline.mean, metric)}"
    goal = difference(arms.null, metric) if arms.null else "no difference"
    span = " to ".join("-" if end is None else difference(end, metric) for end in (low, high))
    if found.answer is Outcome.MET:
        return f"{said}: the interval {span} clears {goal}"
    if found.answer is Outcome.NOT_MET:
        return f"{said}: the interval {span} rules {goal} out"
    return f"{said}: the interval {span} still holds {goal}"


def _paired_notes(arms: Arms, test: Comparison | ThresholdTest) -> tuple[str, ...]:
    if not isinstance(test, Comparison):
        return ()
    known = dict(test.shown)
    if "mid_p_greater" not in known:
        return ()
    mid = known["mid_p_greater"] if arms.claim == "greater" else known["mid_p_less"]
    low, high = (difference(known[name], arms.metric) for name in ("tango_low", "tango_high"))
    return (
        (
            f"exact McNemar decides (mid-p {mid:.3g}, for display); the interval is Tango's of the paired difference, {low} to {high}, "
            "reaching to no difference where exact McNemar does not rule it out"
        ),
    )
