"""Does a gate turn round what the results themselves say of a metric?

A gate may know better than the tool that wrote the results, so its word counts. But nobody shall have to find out from a
pass that lower was taken for higher: every finding that reads such a metric says so in its reason.
"""

from __future__ import annotations

from collections.abc import Iterable

from assay.domain.gates.gate_record import GateAnswer, GatePart
from assay.domain.kernel.metrics import Metric, MetricCatalog


def with_contradictions(
    answers: Iterable[GateAnswer], declared: Iterable[Metric], reported: Iterable[Metric]
) -> tuple[GateAnswer, ...]:
    """The answers, where those about a metric whose direction is declared against the results say so.

    Args:
        answers: of criteria and checks.
        declared: what the gate itself says of its metrics.
        reported: what the results say of theirs.
    """
    turned = _turned_round(declared, reported)
    return tuple(_said(answer, turned) for answer in answers) if turned else tuple(answers)


def _turned_round(declared: Iterable[Metric], reported: Iterable[Metric]) -> dict[str, str]:
    """What to say of each metric, by its name in the gate."""
    catalog = MetricCatalog.of(declared)
    found = {}
    for theirs in reported:
        ours = next((one for name in (theirs.name, *theirs.aliases) if (one := catalog.get(name))), None)
        if ours is not None and ours.direction is not theirs.direction:
            found[ours.name] = (
                f"the gate file says {ours.direction} {ours.name} is better, against the results, "
                f"which say {theirs.direction}"
            )
    return found


def _said(answer: GateAnswer, turned: dict[str, str]) -> GateAnswer:
    parts = tuple(_part_said(part, turned) for part in answer.parts)
    names = dict.fromkeys((answer.finding.metric, *(part.metric for part in answer.parts)))
    told = [turned[name] for name in names if name in turned]
    if not told:
        return answer
    reason = "; ".join(filter(None, (answer.finding.reason, *told)))
    return answer.model_copy(
        update={"parts": parts, "finding": answer.finding.model_copy(update={"reason": reason})}
    )


def _part_said(part: GatePart, turned: dict[str, str]) -> GatePart:
    if part.metric not in turned:
        return part
    return part.model_copy(update={"reason": "; ".join(filter(None, (part.reason, turned[part.metric])))})
