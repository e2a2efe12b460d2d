"""What would change an answer, and why is a number missing beside it?"""

from __future__ import annotations

from assay.domain.gates.case import Checked
from assay.domain.gates.wording import difference, shown
from assay.domain.kernel.findings import Lacks, Outcome
from assay.domain.kernel.metrics import Metric

_DECIDED = (Outcome.MET, Outcome.NOT_MET)
_ELSE = {
    Outcome.MET: "evidence of the opposite",
    Outcome.NOT_MET: "evidence of the opposite",
    Outcome.UNCLEAR: "more evidence",
    Outcome.NO_EVIDENCE: "evidence on it",
    Outcome.INVALID: "evidence that can be used",
}


def would_change(checked: Checked, metric: Metric | None) -> str:
    """What would change this answer: how much more could be asked for, or what is still needed?

    A decided claim names the value up to which it stays decided, which is the bound that decided it.
    """
    if checked.would_change:
        return checked.would_change
    if checked.outcome in _DECIDED and metric is not None:
        turning = _turning_point(checked, metric)
        if turning:
            return turning
    return _ELSE[checked.outcome] if checked.settle is None else checked.settle.text


def lacks_of(checked: Checked) -> Lacks | None:
    """Why does this answer come without interval, level or detectable effect? None when it has them all."""
    if checked.lacks is not None:
        return checked.lacks
    if checked.outcome is Outcome.INVALID:
        return Lacks.BROKEN_EVIDENCE
    if checked.outcome is Outcome.NO_EVIDENCE:
        return Lacks.NOTHING_MEASURED
    if checked.alpha is None:
        return Lacks.BETWEEN_LOOKS if checked.outcome is Outcome.UNCLEAR else Lacks.CENSUS
    if checked.interval is None:
        return Lacks.NO_SPREAD
    return Lacks.TOO_SMALL if checked.detectable is None else None


def _turning_point(checked: Checked, metric: Metric) -> str:
    if checked.interval is None or checked.threshold is None:
        return ""
    low, high, asked = checked.interval.low, checked.interval.high, checked.threshold
    above, below = low is not None and low >= asked, high is not None and high <= asked
    say = shown if checked.baseline is None else difference
    if checked.outcome is Outcome.MET:
        if above and low is not None:
            return f"asking for more than {say(low, metric)} would leave it open"
        return (
            f"asking for less than {say(high, metric)} would leave it open"
            if below and high is not None
            else ""
        )
    if below and high is not None:
        return f"asking for {say(high, metric)} or less would leave it open"
    return f"asking for {say(low, metric)} or more would leave it open" if above and low is not None else ""
