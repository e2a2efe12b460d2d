"""The flow of a sprint and its kills in words, for its retro."""

from __future__ import annotations

from collections.abc import Sequence

from assay.domain.kernel.durations import duration_text
from assay.domain.kernel.ids import TicketType
from assay.workflows.sprint_views import KillLine, SprintFlow


def flow_lines(flow: SprintFlow) -> tuple[tuple[str, str], ...]:
    """What is counted, and how it stands: data that was ready, lead time, learnings, blockers."""
    return (
        ("Data ready on time", _data(flow)),
        ("Lead time", _lead(flow)),
        ("With learnings", flow.with_learnings.text),
        ("Blockers", _blockers(flow)),
    )


def _data(flow: SprintFlow) -> str:
    parts = [flow.data.text if flow.data.of == 0 else f"{flow.data.text}; {flow.data.band}"]
    if flow.data_late:
        parts.append(f"late: {', '.join(flow.data_late[:8])}")
    if flow.data_unknown:
        parts.append(f"of {flow.data_unknown} nobody said which data they need")
    return "; ".join(parts)


def _lead(flow: SprintFlow) -> str:
    if not flow.deployed:
        return "nothing came into use"
    keys = ", ".join(flow.deployed[:8])
    if flow.lead_days_median is None:
        return f"not known: {keys} came into use, and the day of the idea is not known"
    return f"{duration_text(flow.lead_days_median)} from the idea to its use, in the middle ({keys})"


def _blockers(flow: SprintFlow) -> str:
    if flow.blocker_days_median is None:
        return "none opened"
    least = "at least " if flow.blocker_median_is_at_least else ""
    return f"{flow.blockers_opened} opened, open for {least}{duration_text(flow.blocker_days_median)} in the middle"


def kills_text(kills: Sequence[KillLine], flow: SprintFlow | None) -> str:
    """Why is the number of kills another than the kill rate counts? Empty where both are the same tickets.

    A retro looks back on what is in its sprint, whatever its type; the rate is of experiments, by their first decision.
    """
    if flow is None:
        return ""
    mine, counted = {one.ticket.key for one in kills}, set(flow.killed_items)
    parts = [
        f"not {one.ticket.key} ({_why_not(one, flow)})" for one in kills if one.ticket.key not in counted
    ]
    parts += [
        f"also {key} (killed in these days, not in this sprint)"
        for key in flow.killed_items
        if key not in mine
    ]
    if not parts:
        return ""
    return f"The kill rate counts {flow.killed.count} of {flow.killed.of} decided: {', '.join(parts)}"


def _why_not(kill: KillLine, flow: SprintFlow) -> str:
    if kill.ticket.type != TicketType.EXPERIMENT.value:
        return "no experiment"
    if kill.ticket.decided_at is not None and kill.ticket.decided_at < flow.begin:
        return "decided before the sprint began"
    return "its first decision was another"
