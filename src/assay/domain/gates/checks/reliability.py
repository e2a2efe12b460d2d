"""How often does it work when tried again: at least once in k tries, or in all of them?

Tries are the repeats of an example by one model; where runs repeat nothing, each run (seed) is a try.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from assay.domain.gates.case import Checked
from assay.domain.gates.checks.any_time import EARLY, any_time_mean, e_value_notes, too_few
from assay.domain.gates.checks.claims import counts, invalid, judged, problem
from assay.domain.gates.checks.looks import Level
from assay.domain.gates.checks.not_measured import nothing_measured, undeclared
from assay.domain.gates.gate import ReliabilityCheck
from assay.domain.gates.gate_case import GateCase, Judged
from assay.domain.gates.gate_text import tries_text
from assay.domain.gates.measurements import Measured, measure
from assay.domain.gates.problems import Problem
from assay.domain.gates.wording import count
from assay.domain.kernel.findings import Looks, Outcome, Settlement
from assay.domain.kernel.metrics import Metric
from assay.stats.confidence_sequences import FIRST_LOOK
from assay.stats.power import examples_for_rate
from assay.stats.reliability import Kind, reliability_against_threshold, reliability_by_task
from assay.stats.samples import DegenerateSample, StatisticsError, TooFewSamples, is_binary

_METHOD = "share of examples for which k tries do"


def check_reliability(check: ReliabilityCheck, case: GateCase, _: int) -> Judged:
    """What is known of pass@k or pass^k?"""
    name = case.gate.metric_of(check)
    return Judged(_checked(check, case, name), metric=name)


def _checked(check: ReliabilityCheck, case: GateCase, name: str) -> Checked:
    metric = case.metric(name)
    if metric is None:
        return undeclared(name)
    if case.choice.group is None:
        return nothing_measured()
    measured = measure(case.choice.group, metric, case.gate.dataset)
    if isinstance(measured, Problem):
        return problem(measured, _METHOD)
    tries = _tries(measured)
    if tries is None:
        return _no_tries(check, metric, measured)
    if not is_binary(tries.ravel()):
        reason = f"{name} has values other than 0 and 1: whether a try worked is not known"
        return invalid(reason, "name a metric that is 1 where a try worked")
    return _judged(check, metric, measured, tries, case)


def _tries(measured: Measured) -> NDArray[np.float64] | None:
    """One row an example, one column a try; None where the examples were not kept or do not line up."""
    scores = [seed.scores for seed in measured.seeds if seed.scores is not None]
    if len(scores) < len(measured.seeds) or measured.table is None:
        return None
    if all(one.repeats is None for one in scores):
        return measured.table.matrix
    if any(one.sample_ids != scores[0].sample_ids for one in scores):
        return None
    return np.hstack([one.values[:, None] if one.repeats is None else one.repeats for one in scores])


def _no_tries(check: ReliabilityCheck, metric: Metric, measured: Measured) -> Checked:
    return Checked(
        Outcome.NO_EVIDENCE,
        _METHOD,
        f"{tries_text(check)} needs {metric.name} of every try of every example",
        n=counts(measured),
        settle=Settlement(
            kind="measure", text=f"every example tried {check.k} times or more, and each try kept"
        ),
    )


def _judged(
    check: ReliabilityCheck, metric: Metric, measured: Measured, tries: NDArray[np.float64], case: GateCase
) -> Checked:
    successes, trials = tries.sum(axis=1), np.full(tries.shape[0], float(tries.shape[1]))
    kind: Kind = "pass^k" if check.all_of_them else "pass@k"
    alpha, limit = case.case.settings.alpha / case.choice.k, float(check.at_least)
    if tries.shape[1] < check.k:
        more = check.k - tries.shape[1]
        return Checked(
            Outcome.NO_EVIDENCE,
            _METHOD,
            f"every example was tried {count(tries.shape[1], 'time')}, {tries_text(check)} needs {check.k}",
            threshold=limit,
            n=counts(measured),
            settle=Settlement(kind="runs", amount=more, text=f"{count(more, 'more try')} of every example"),
        )
    level = Level(alpha, measured, f"{tries.shape[1]} tries", is_last=True)
    if case.case.sequential:
        free = Looks(used=None, planned=None, spent=alpha)
        level = replace(level, text=f"{level.text}, looked at any time", sequential=True, looks=free)
    values = reliability_by_task(successes, trials, check.k, kind)
    try:
        if level.sequential:
            test = any_time_mean(values, limit, alpha=alpha)
        else:
            test = reliability_against_threshold(successes, trials, check.k, kind, limit, alpha=alpha)
    except (TooFewSamples, DegenerateSample) as error:
        return _too_little(check, metric, level, values, str(error))
    except StatisticsError as error:
        return invalid(str(error), "mend the scores")
    said = judged(test, "greater", level, metric)
    value = test.estimate.value
    low, high = said.interval.low, said.interval.high
    span = f"{low or 0.0:.1%} to {1.0 if high is None else high:.1%}"
    words = {Outcome.MET: "clears", Outcome.NOT_MET: "rules out", Outcome.UNCLEAR: "still holds"}
    return Checked(
        outcome=said.answer,
        method=said.method,
        reason=f"{tries_text(check)} of {metric.name} is {value:.1%} over {count(tries.shape[0], 'example')}: the interval {span} {words[said.answer]} {limit:.1%}",
        point=Outcome.MET if value >= limit else Outcome.NOT_MET,
        against_level=said.p_value / alpha,
        estimate=value,
        interval=said.interval,
        threshold=limit,
        p_value=said.p_value,
        alpha=alpha,
        looks=level.spent,
        e_value=said.e_value,
        detectable=said.detectable,
        n=counts(measured),
        settle=_settle(said.answer, value, tries.shape[0], limit, alpha),
        notes=(
            *measured.notes,
            "about this model on these examples: tries are no training seeds",
            *e_value_notes(said.e_value, alpha),
        ),
    )


def _too_little(
    check: ReliabilityCheck, metric: Metric, level: Level, values: NDArray[np.float64], why: str
) -> Checked:
    """The answer before the first look, or while every example came out alike."""
    value = float(values.mean())
    early = values.size < FIRST_LOOK
    return Checked(
        outcome=Outcome.UNCLEAR,
        method=f"none, {level.text}",
        reason=f"{tries_text(check)} of {metric.name}: {EARLY if early else why}",
        point=Outcome.MET if value >= float(check.at_least) else Outcome.NOT_MET,
        against_level=float("inf"),
        estimate=value,
        threshold=float(check.at_least),
        alpha=level.alpha,
        looks=level.spent,
        n=counts(level.measured),
        settle=too_few(values.size),
        notes=level.measured.notes,
    )


def _settle(answer: Outcome, value: float, examples: int, limit: float, alpha: float) -> Settlement | None:
    if answer is not Outcome.UNCLEAR:
        return None
    outlook = examples_for_rate(round(value * examples), examples, limit, alpha=alpha)
    more = getattr(outlook, "more", None)
    if more is None:
        return Settlement(
            kind="too_close", text="too close to call: more examples would probably not settle it"
        )
    return Settlement(
        kind="examples", amount=more, text=f"about {count(more, 'more example')} would settle it"
    )
