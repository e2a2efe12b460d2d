"""The planning page as Markdown, for the chat or the wiki."""

from __future__ import annotations

from collections.abc import Iterator

from assay.domain.kernel.findings import Outcome
from assay.domain.sprints.feasibility import Feasibility
from assay.domain.sprints.load import silence_text
from assay.domain.sprints.ranking import Ranked
from assay.workflows.ceremony_markdown import written
from assay.workflows.planning import PlanRow
from assay.workflows.planning_page import PlanningView


def planning_markdown(view: PlanningView) -> str:
    """What is committed to, and every candidate with its reason, whether it fits, and what it lacks."""
    return "\n".join(_lines(view)) + "\n"


def _lines(view: PlanningView) -> Iterator[str]:
    content = view.content
    yield f"# Plan {written(content.name)}"
    yield ""
    yield f"{content.starts_on:%d %B} to {content.ends_on:%d %B %Y}, {view.plan.window.days} working days."
    if content.goal:
        yield f"Goal: {written(content.goal)}"
    yield from _section("Committed", [_committed(view, key) for key in view.committed])
    yield from _section("Mind", [*map(written, view.over), *filter(None, [silence_text(view.load)])])
    yield from _section("Candidates", [_candidate(row) for row in view.plan.rows])
    yield ""
    yield f"Worth is {written(view.plan.ranking.scale_text)}. {written(view.plan.score_text)}"


def _section(title: str, lines: list[str]) -> Iterator[str]:
    if lines:
        yield ""
        yield f"## {title}"
        yield ""
        yield from (f"- {line}" for line in lines)


def _committed(view: PlanningView, key: str) -> str:
    fit = view.fits.get(key)
    told = "" if fit is None else f" ({_fit(fit)})"
    return f"{key} {written(view.committed[key].title)}{told}"


def _candidate(row: PlanRow) -> str:
    open_items = [item.title for item in row.ready if item.outcome is not Outcome.MET]
    lacks = f" Not ready: {', '.join(open_items)}." if open_items else ""
    return (
        f"{row.ranked.rank}. {row.ticket.key} {written(row.ticket.content.title)}{_hand(row.ranked)}: "
        f"{written(row.ranked.sentence)} Time: {_fit(row.feasibility)}.{lacks}"
    )


def _hand(ranked: Ranked) -> str:
    place = ranked.candidate.place
    return "" if place is None else f" (by hand, computed {ranked.computed_rank}: {written(place.reason)})"


def _fit(fit: Feasibility) -> str:
    mend = f"; to mend it: {', or '.join(fit.remedies)}" if fit.remedies else ""
    return f"{fit.fit.value}: {written(fit.text)}{written(mend)}"
