"""How is a check of a gate said in one line, in findings and in reviews?"""

from __future__ import annotations

from assay.domain.experiments.criteria.text import criterion_text, margin_text
from assay.domain.experiments.exact_numbers import percent_text
from assay.domain.gates.gate import (
    ConsistencyCheck,
    FairnessCheck,
    Gate,
    GateCheck,
    GoldenCheck,
    Item,
    ItemsCheck,
    LeakageCheck,
    RegressionCheck,
    ReliabilityCheck,
    SlicesCheck,
)
from assay.domain.gates.wording import count, listed


def check_text(check: GateCheck, gate: Gate) -> str:
    """What does this check of the gate ask, in one line?

    >>> from decimal import Decimal
    >>> check = ReliabilityCheck(metric="correct", k=3, all_of_them=True, at_least=Decimal("0.4"))
    >>> check_text(check, Gate(name="g", checks=(check,)))
    'pass^3 of correct >= 40%'
    """
    match check:
        case RegressionCheck():
            return f"no shared metric worse than baseline by {_regression(check)}"
        case LeakageCheck():
            return f"no overlap with {listed(check.against)}"
        case ItemsCheck():
            return f"done: {listed(item.name for item in check.items)}"
        case _:
            return _of_metric(check, gate.metric_of(check))


def _of_metric(
    check: SlicesCheck | GoldenCheck | FairnessCheck | ConsistencyCheck | ReliabilityCheck, metric: str
) -> str:
    match check:
        case SlicesCheck():
            shown = " shown" if check.claim else ""
            return f"{metric} in no slice by {listed(check.by)}{shown} worse than baseline by {margin_text(check.margin)}"
        case GoldenCheck():
            size = (
                count(len(check.examples), "golden example")
                if check.examples
                else f"golden examples of {check.file}"
            )
            return f"{metric} exactly right on {size}"
        case FairnessCheck():
            shown = " shown" if check.claim else ""
            return f"gap of {metric} by {check.by}{shown} <= {margin_text(check.gap)}"
        case ConsistencyCheck():
            return criterion_text(check.criterion(metric))
        case ReliabilityCheck():
            return f"{tries_text(check)} of {metric} >= {percent_text(check.at_least)}"


def tries_text(check: ReliabilityCheck) -> str:
    """Which reliability is asked for: `pass^3` (all of three) or `pass@3` (one of three)?"""
    return f"pass{'^' if check.all_of_them else '@'}{check.k}"


def item_shown(item: Item) -> str:
    """Which evidence shows the item, in a few words; empty where somebody vouches for it."""
    if item.file is not None:
        said = f" saying {listed(item.says)}" if item.says else ""
        return f"shown by {item.file}{said}"
    if item.tests is not None:
        return f"shown by the tests of {item.tests}"
    return f"shown by the runs ({item.known})" if item.known is not None else ""


def _regression(check: RegressionCheck) -> str:
    return f"{margin_text(check.margin)} (no fraction: {margin_text(check.others)})"
