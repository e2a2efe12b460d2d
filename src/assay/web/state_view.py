"""Where a project stands, in plain words; every figure leads to what is behind it."""

from __future__ import annotations

from collections import Counter

from assay.domain.experiments.display import format_difference, format_interval, format_spread, format_value
from assay.domain.gates.wording import hours, limit_text
from assay.domain.portfolio.phases import WEEKS_IN_ALL
from assay.domain.sprints.progress import Progress
from assay.web import wording
from assay.web.contexts.experiment import ChartBox
from assay.web.contexts.state import LinkedFact, RiskLine, StateLine, StatePage
from assay.workflows.state_views import (
    StateTicket,
    StateView,
    ahead_text,
    best_text,
    due_text,
    nothing_text,
    risks_of,
)

_LOOKS = {
    Progress.PROMOTED: "promote",
    Progress.KILLED: "kill",
    Progress.RESULTS: "accent",
    Progress.RUNNING: "accent",
}
_DATA_LOOKS = {"ready": "promote", "at risk": "iterate", "blocked": "blocked"}
_SHOWN = (
    ("met", "shown"),
    ("not_met", "shown not to hold"),
    ("unclear", "not known yet"),
    ("invalid", "broken evidence"),
)


def state_page(view: StateView, chart: ChartBox | None) -> StatePage:
    """Everything the page prints."""
    slug = view.project.slug
    headline, confidence = _headline(view)
    sprint = "In progress" if view.sprint is None else f"Sprint {view.sprint}"
    return StatePage(
        facts=_facts(view),
        headline=headline,
        confidence=confidence,
        ahead=ahead_text(view.headline) if view.headline else "",
        headline_href=f"/p/{slug}/t/{view.headline.best.key}" if view.headline else f"/p/{slug}/experiments",
        meaning=view.headline.metric.description if view.headline else "",
        chart=chart,
        risks=_risks(view),
        sprint_title=sprint,
        sprint_href=f"/p/{slug}/sprints/{view.sprint}" if view.sprint else f"/p/{slug}/board",
        sprint_facts=_sprint_facts(view),
        tickets=tuple(_line(one, slug) for one in view.tickets),
        no_tickets="" if view.tickets else "Nothing is in the sprint, and nothing is in progress.",
    )


def _headline(view: StateView) -> tuple[str, str]:
    one = view.headline
    if one is None:
        said = nothing_text(view.measured_otherwise)
        which = "that is locked from now on" if view.measured_otherwise else "whose criteria are locked"
        return (
            f"{said[0].upper()}{said[1:]}.",
            f"It begins with the first finished run of an experiment {which}.",
        )
    text = best_text(one)
    finding = one.finding
    if finding is None:
        return text, "How sure that is, is not known: its verdict has no primary criterion on it."
    interval = format_interval(finding.interval, lambda value: format_value(one.metric, value))
    named = finding.interval.label if finding.interval else "no interval"
    word = dict(_SHOWN).get(finding.outcome.value, "no evidence")
    return text, f"{finding.check}: {word}. Interval {interval}: {named}."


def _facts(view: StateView) -> tuple[LinkedFact, ...]:
    slug, phase = view.project.slug, view.phase.phase
    week = "since when is not said" if view.week is None else f"week {view.week} of {WEEKS_IN_ALL}"
    found = [LinkedFact("Phase", phase.phase.value.capitalize(), week, f"/p/{slug}/phase")]
    gate = view.next_gate
    found.append(
        LinkedFact("Next milestone", "none with a date", "", f"/p/{slug}/phase")
        if gate is None
        else LinkedFact("Next milestone", gate.gate.question, due_text(gate), f"/p/{slug}/phase")
    )
    one = view.headline
    if one is not None:
        change = (
            "nothing measured 30 days ago"
            if one.change is None
            else f"{format_difference(one.metric, one.change)} in 30 days"
        )
        found.append(
            LinkedFact(
                f"Best {one.metric.name}{one.metric.reading.beside}",
                format_value(one.metric, one.best.value),
                change,
                f"/p/{slug}/t/{one.best.key}",
            )
        )
    return tuple(found)


def _risks(view: StateView) -> tuple[RiskLine, ...]:
    root = f"/p/{view.project.slug}"
    elsewhere = {"compute": f"{root}/experiments{_of_sprint(view)}"}
    return tuple(
        RiskLine(
            one.kind,
            one.text,
            f"{root}/t/{one.ticket}" if one.ticket else elsewhere.get(one.kind, f"{root}/phase"),
        )
        for one in risks_of(view)
    )


def _of_sprint(view: StateView) -> str:
    return f"?sprint={view.sprint}" if view.sprint else ""


def _sprint_facts(view: StateView) -> tuple[LinkedFact, ...]:
    slug = view.project.slug
    listed = f"/p/{slug}/experiments{_of_sprint(view)}"
    ended = f"{view.promoted} promoted, {view.killed} killed"
    # What is in progress is not over: without a sprint there is nothing to count.
    done = [LinkedFact("Completed", str(view.completed), ended, listed)] if view.sprint else []
    data = Counter(one.data for one in view.tickets if one.data)
    stands = ", ".join(f"{data[name]} {name}" for name in ("ready", "at risk", "blocked") if data[name])
    without = sum(one.data is None for one in view.tickets)
    asks = f"{without} name no data" if without else ""
    return (
        LinkedFact("Experiments", str(view.total), f"{view.active} active", listed),
        *done,
        LinkedFact("Compute", *_compute(view), listed),
        LinkedFact("Data", stands or "none named", asks if stands else "", f"/p/{slug}/board"),
    )


def _compute(view: StateView) -> tuple[str, str]:
    if view.gpu_hours is None:
        return wording.UNKNOWN, "no run says what it used"
    least = "at least " if view.runs_without_gpu_hours else ""
    budget = (
        "no budget is set"
        if view.gpu_hours_budget is None
        else f"of {limit_text(view.gpu_hours_budget)} GPU-h budgeted"
    )
    return f"{least}{hours(view.gpu_hours)}", budget


def _line(one: StateTicket, slug: str) -> StateLine:
    at = one.at
    over = at.progress in (Progress.PROMOTED, Progress.KILLED)
    advice = wording.RECOMMENDATIONS.get(one.recommendation, "")
    return StateLine(
        key=at.key,
        href=f"/p/{slug}/t/{at.key}",
        hypothesis=one.hypothesis or at.title,
        progress=at.progress.value.replace("_", " "),
        look=_LOOKS.get(at.progress, ""),
        metric=one.metric,
        best=one.best,
        best_href=f"/p/{slug}/compare?ticket={at.key}",
        target=one.target,
        gap=_gap(one),
        decision=at.progress.value
        if over
        else f"not decided{f', verdict: {advice.lower()}' if advice else ''}",
        data=one.data or "",
        data_look=_DATA_LOOKS.get(one.data or "", ""),
    )


def _gap(one: StateTicket) -> str:
    if one.gap is None:
        return ""
    if one.gap > 0:
        return f"{format_spread(one.declared, one.gap)} short"
    return "reached" if one.is_shown else "estimate beyond it, not shown yet"
