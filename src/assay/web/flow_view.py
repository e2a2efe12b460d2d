"""The flow of a project in plain words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from urllib.parse import urlencode

from assay.domain.board.flow import BulkEdit
from assay.domain.kernel.durations import duration_text
from assay.web import wording
from assay.web.charts import flow as charts
from assay.web.contexts.board import Fact
from assay.web.contexts.diagnosis import TicketLink
from assay.web.contexts.flow import AgeLine, BulkLine, FlowPage, OpenLine, StaleLine
from assay.web.contexts.flow_tickets import FlowTicketLine, FlowTicketsPage
from assay.web.contexts.ticket_form import Choice
from assay.web.stale_view import stale_words
from assay.workflows.flow import AgeView, FlowView
from assay.workflows.flow_blockers import BlockersView, OpenBlocker
from assay.workflows.flow_plans import DataView, LeadView
from assay.workflows.flow_shares import ShareView
from assay.workflows.flow_tickets import FlowTicket, FlowTickets
from assay.workflows.records import Project
from assay.workflows.staleness import StaleCard

MOST_AGES = 15
MOST_BLOCKERS = 10
MOST_STALE = 10
MOST_BULK = 12
MOST_TICKETS = 500
MAIN_CHARTS = 4
WINDOWS = (14, 30, 90, 180, 365, 1095)


def flow_page(
    project: Project, view: FlowView, stale: Sequence[StaleCard], *, at: str, days: int, today: date
) -> FlowPage:
    """Everything the page prints."""
    slug = project.slug
    query = "?" + urlencode({**({"at": at} if at else {}), "days": days})
    titles = {stage.key: stage.title for stage in project.settings.board.stages}
    drawn = charts.boxes(view, slug, query)
    return FlowPage(
        headline=_headline(view),
        detail=_detail(view),
        facts=_facts(view),
        bulk=tuple(_bulk(edit, slug) for edit in view.bulk_edits),
        charts=drawn[:MAIN_CHARTS],
        more_charts=drawn[MAIN_CHARTS:],
        ages=tuple(_age(one, titles, slug) for one in view.ages[:MOST_AGES]),
        ages_left_out=max(0, len(view.ages) - MOST_AGES),
        blockers=tuple(_open(one, slug) for one in view.blockers.open[:MOST_BLOCKERS]),
        blockers_left_out=max(0, len(view.blockers.open) - MOST_BLOCKERS),
        stale=tuple(_stale(one, slug) for one in stale[:MOST_STALE]),
        stale_note=f"{wording.plural(len(stale), 'card')} now, the longest first"
        if stale
        else "nothing is, now",
        stale_href=f"/p/{slug}/board?stale=yes",
        kill_href=f"/p/{slug}/flow/stale",
        blockers_note=_blockers_note(view.blockers),
        blockers_href=f"/p/{slug}/blockers",
        here=f"/p/{slug}/flow",
        at=at,
        today=today.isoformat(),
        windows=tuple(
            Choice(value=str(one), label=f"{one} days", chosen=one == days)
            for one in sorted({*WINDOWS, days})
        ),
        is_empty=not (
            view.decided or view.in_progress or view.waiting or any(map(any, view.cumulative.counts))
        ),
        board_href=f"/p/{slug}/board",
        diagnosis_href=f"/p/{slug}/diagnosis?days={days}",
        new_href=f"/p/{slug}/t/new",
        history_href=f"/p/{slug}/history",
    )


def _bulk(edit: BulkEdit, slug: str) -> BulkLine:
    told = "the tool they came from says so" if edit.is_said else "it may have been tidying up"
    plural = "card was" if edit.items == 1 else "cards were"
    return BulkLine(
        text=f"Bulk edit: {edit.items} {plural} moved at once on {wording.minute(edit.at)}. They are counted, though {told}.",
        tickets=tuple(TicketLink(key, f"/p/{slug}/t/{key}") for key in edit.keys[:MOST_BULK]),
        left_out=max(0, len(edit.keys) - MOST_BULK),
    )


def _stale(card: StaleCard, slug: str) -> StaleLine:
    href = f"/p/{slug}/t/{card.key}"
    return StaleLine(card.key, href, card.title, stale_words(card), f"{href}/decide")


def _headline(view: FlowView) -> str:
    if not view.decided:
        return "Nothing was decided in these days."
    decided = wording.plural(view.decided, "experiment")
    return f"{decided} decided: {view.killed.count} killed, {view.promoted.count} promoted."


def _detail(view: FlowView) -> str:
    old = sum(age.is_old for age in view.ages)
    parts = [f"{wording.plural(view.in_progress, 'card')} in progress, {view.waiting} waiting."]
    if old:
        stands = "stands" if old == 1 else "stand"
        parts.append(f"{old} {stands} longer in a column than 85% of those before.")
    if not view.decided and view.in_progress:
        parts.append("A decision to kill or to promote, with learnings, completes an experiment.")
    return " ".join(parts)


def _facts(view: FlowView) -> tuple[Fact, ...]:
    return (
        Fact("Killed", _rate(view.killed), _said(view.killed)),
        Fact("Promoted", _rate(view.promoted), _said(view.promoted)),
        Fact("With learnings", _rate(view.with_learnings), _said(view.with_learnings)),
        _cycle_time(view),
        _lead(view.lead),
        _data(view.data),
        _learned(view),
        _blocked(view.blockers),
    )


def _cycle_time(view: FlowView) -> Fact:
    """How long decisions took, and whether they came within their time boxes."""
    if view.cycle_days_median is None or view.cycle_days_p85 is None:
        return Fact("Cycle time", wording.UNKNOWN, "")
    kept = view.within_box
    boxes = f"{kept.count} of {kept.of} within their time box" if kept.of else kept.text
    said = f"in the middle, 85% within {duration_text(view.cycle_days_p85)}; {boxes}"
    return Fact("Cycle time", duration_text(view.cycle_days_median), said)


def _lead(found: LeadView) -> Fact:
    """From the idea to its use."""
    if found.column is None:
        return Fact("Lead time", wording.UNKNOWN, "no column of the board stands for what is in use")
    if found.days_median is None or found.days_p85 is None:
        return Fact("Lead time", wording.UNKNOWN, f"{found.deployed} came to {found.column} in these days")
    before = (
        ""
        if found.days_median_before is None
        else f"; {duration_text(found.days_median_before)} in as many days before"
    )
    said = f"from idea to {found.column} in the middle, 85% within {duration_text(found.days_p85)}{before}"
    return Fact("Lead time", duration_text(found.days_median), said)


def _data(found: DataView) -> Fact:
    """Whether data was there when experiments needed it."""
    rest = _said(found.ready) if found.ready.of else found.ready.text
    if found.unknown:
        rest += f"; of {found.unknown} nobody said which data they need"
    return Fact("Data ready on time", _rate(found.ready), rest)


def _learned(view: FlowView) -> Fact:
    """What became of the experiments that were started."""
    found = view.learning
    rest = (
        "none was started" if not found.of else f"{found.count} of {found.of} that were started in these days"
    )
    return Fact("Started and learned", _rate(found), rest)


def _blocked(found: BlockersView) -> Fact:
    """How many blockers came in the window, and how long the one in the middle lasted."""
    before = "" if found.opened_before is None else f", {found.opened_before} in as many days before"
    if found.median_days_open is None:
        return Fact("Blockers", "0", f"opened{before}")
    least = "at least " if found.median_is_at_least else ""
    lasted = f"{least}{duration_text(found.median_days_open)}"
    return Fact("Blockers", str(found.opened), f"opened{before}; open for {lasted} in the middle")


def _blockers_note(found: BlockersView) -> str:
    if not found.open:
        return "nothing was"
    return f"{wording.plural(len(found.open), 'blocker')} open, the oldest first"


def _open(one: OpenBlocker, slug: str) -> OpenLine:
    return OpenLine(
        key=one.key,
        href=f"/p/{slug}/t/{one.key}#blockers",
        title=one.title,
        category=one.label,
        days=duration_text(one.days),
    )


def _rate(share: ShareView) -> str:
    return wording.UNKNOWN if share.rate is None else f"{share.rate:.0%}"


def _said(share: ShareView) -> str:
    if share.low is None or share.high is None:
        return share.band
    counted = f"{share.count} of {share.of}, 95% interval {share.low:.0%} to {share.high:.0%}"
    return f"{counted}; {share.band}" if share.band else counted


def _age(one: AgeView, titles: dict[str, str], slug: str) -> AgeLine:
    return AgeLine(
        key=one.key,
        href=f"/p/{slug}/t/{one.key}",
        title=one.title,
        column=titles.get(one.stage, one.stage),
        days=duration_text(one.days),
        usual="usual there not known yet"
        if one.usual_days is None
        else f"85% leave within {duration_text(one.usual_days)}",
        is_old=one.is_old,
        decide_href=f"/p/{slug}/t/{one.key}/decide",
    )


def tickets_page(project: Project, found: FlowTickets, *, at: str) -> FlowTicketsPage:
    """The tickets behind a figure."""
    slug = project.slug
    if found.reached is not None:
        where = f"ever got as far as {found.title}"
    elif found.column is not None:
        where = f"stood in {found.title}"
    else:
        where = f"were in {found.title}" if found.title else "were there"
    return FlowTicketsPage(
        headline=f"{wording.plural(len(found.rows), 'ticket')} that {where} on {wording.minute(found.at)}",
        rows=tuple(_ticket(row, slug) for row in found.rows[:MOST_TICKETS]),
        left_out=max(0, len(found.rows) - MOST_TICKETS),
        flow_href=f"/p/{slug}/flow" + (f"?{urlencode({'at': at})}" if at else ""),
    )


def _ticket(row: FlowTicket, slug: str) -> FlowTicketLine:
    return FlowTicketLine(
        key=row.key,
        href=f"/p/{slug}/t/{row.key}",
        title=row.title,
        column=row.column or "deleted",
        since_iso=wording.iso(row.since),
        since=wording.minute(row.since),
        lasted=duration_text(row.days),
        outcome=row.outcome,
        look={"killed": "kill", "promoted": "promote"}.get(row.outcome, ""),
    )
