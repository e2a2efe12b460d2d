"""What may be concluded from a figure that a tool reported without the examples behind it?

With a standard error, or as a rate of a known number of examples, it has an interval. Without either, nobody can say how
sure it is, and it is no evidence.
"""

from __future__ import annotations

import math

from assay.domain.experiments.evidence import Aggregate
from assay.domain.gates.measurements import Measured
from assay.domain.gates.problems import Problem, mend
from assay.domain.gates.wording import count, shown
from assay.domain.kernel.findings import Outcome, Settlement
from assay.domain.kernel.metrics import Metric, Unit
from assay.stats.crossed import mean_variance
from assay.stats.power import FARTHEST_FACTOR, Outlook, TooCloseToCall, examples_for_figure
from assay.stats.samples import is_binary
from assay.stats.summaries import Summary

INDEPENDENT = "taken as independent samples, which is careful where both sides saw the same examples"
_UNKNOWN_SIZE = 1000  # stands for "as many as there were" where a tool does not say how many


def summary_of(measured: Measured, metric: Metric) -> Summary | Problem | None:
    """Which figure with its uncertainty stands for this one run? None where the seeds, or a bare value, are all there is.

    A run with its examples beside one without is summed up, so that the two can be compared at all.
    """
    if len(measured.seeds) != 1:
        return None
    if measured.reported is not None:
        return _from_report(measured.reported, metric)
    return None if measured.table is None else _from_examples(measured, metric)


def settles_figure(outlook: Outlook | None, n: int | None, *, compared: bool) -> Settlement:
    """What would settle a claim about reported figures, in words?"""
    better = "the scores of every example on both sides (they are compared in pairs)"
    if outlook is None or isinstance(outlook, TooCloseToCall):
        if compared:
            return Settlement(kind="measure", text=f"{better} may settle it; more examples alone would not")
        factor = FARTHEST_FACTOR
        return Settlement(
            kind="too_close",
            text=f"too close to call: even {factor} times as many examples would probably not settle it",
        )
    if n is None:
        size = f"{outlook.total / _UNKNOWN_SIZE:.1f} times as many examples"
        amount = None
    else:
        size, amount = count(outlook.more, "more example"), outlook.more
    assumed = f" if there are {outlook.assumes}" if outlook.assumes else ""
    instead = f", or {better}" if compared else ""
    return Settlement(kind="examples", amount=amount, text=f"{size} would settle it{assumed}{instead}")


def figure_outlook(distance: float, se: float | None, n: int | None, alpha: float) -> Outlook | None:
    """How many more examples would probably settle a figure this far from its goal? None where its spread is not known."""
    if se is None or se <= 0.0:
        return None
    return examples_for_figure(distance, se, n or _UNKNOWN_SIZE, alpha=alpha)


def _from_report(figure: Aggregate, metric: Metric) -> Summary | Problem:
    said = f"{metric.name} {shown(figure.value, metric)} was reported"
    if figure.n is not None and figure.n < 1:
        return _nothing_to_go_by(f"{said} for {count(figure.n, 'example')}")
    if figure.stderr is not None and not (math.isfinite(figure.stderr) and figure.stderr >= 0.0):
        reason = f"{said} with a standard error of {figure.stderr:.6g} (expected a finite number, 0 or more)"
        return Problem(Outcome.INVALID, reason, mend("write the results again"))
    summary = Summary(figure.value, figure.stderr, figure.n, rate=metric.unit is Unit.FRACTION)
    if summary.spread is not None and (figure.n is None or figure.n > 1 or summary.rate):
        return summary
    if summary.successes is not None:
        return summary
    lacks = "a standard error of 0" if figure.stderr == 0.0 else "no standard error"
    of = "" if figure.n is None else f", for {count(figure.n, 'example')},"
    return _nothing_to_go_by(
        f"{said}{of} with {lacks} and without its examples: how sure it is cannot be known"
    )


def _nothing_to_go_by(reason: str) -> Problem:
    text = "the scores of every example, or the figure's standard error and number of examples, would make it evidence"
    return Problem(Outcome.NO_EVIDENCE, reason, Settlement(kind="measure", text=text))


def _from_examples(measured: Measured, metric: Metric) -> Summary | None:
    assert measured.table is not None
    table, n = measured.table.matrix, len(measured.table.sample_ids)
    rate = metric.unit is Unit.FRACTION and is_binary(table)
    if n == 1:
        return Summary(measured.values[0], None, 1, rate=rate)
    mean, parts = mean_variance(table, measured.table.cluster_labels)
    return Summary(mean, math.sqrt(parts.total), parts.units, rate=rate)
