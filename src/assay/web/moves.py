"""From what workflows know about a move to what a person needs to read about it."""

from __future__ import annotations

from collections.abc import Iterable

from assay.domain.board.board import Board, ExitItem
from assay.domain.board.exit_policies import TITLES
from assay.domain.board.moves import MoveAssessment
from assay.domain.kernel.findings import Finding
from assay.domain.portfolio.lanes import LaneBy
from assay.web import wording
from assay.web.contexts.moves import Check, Move, MovePage, RefusedMove
from assay.web.errors import WayBack
from assay.workflows.board import Moved, MoveRefused
from assay.workflows.lanes import LaneMove
from assay.workflows.records import Project, Ticket


def check(finding: Finding) -> Check:
    """One gate item as a line."""
    word, tone, icon = wording.OUTCOMES[finding.outcome.value]
    return Check(
        text=finding.check,
        word=word,
        tone=tone,
        icon=icon,
        reason=finding.reason,
        how=finding.settle.text if finding.settle is not None else "",
    )


def move(assessment: MoveAssessment, board: Board) -> Move:
    """One way a card can go."""
    stage = board.stage(assessment.target)
    unmet, wip = assessment.unmet, assessment.wip
    full = wip is not None and not wip.has_room
    return Move(
        target=assessment.target,
        title=stage.title if stage else assessment.target,
        allowed=assessment.allowed,
        needs_reason=assessment.needs_reason,
        overridable=assessment.overridable,
        locks=assessment.locks,
        wip=wip.text if wip is not None else "",
        full=full,
        explanation=assessment.explanation,
        unmet=tuple(check(finding) for finding in unmet),
        met=len(assessment.findings) - len(unmet),
        decides=assessment.leads is not None and _waits_for_decision(unmet),
        hint=_hint(assessment, full=full),
    )


def _waits_for_decision(unmet: Iterable[Finding]) -> bool:
    items = {
        TITLES[item]
        for item in (ExitItem.VERDICT_RECORDED, ExitItem.KILL_DECIDED, ExitItem.CRITERIA_MET_OR_KILLED)
    }
    return any(finding.check in items for finding in unmet)


def _hint(assessment: MoveAssessment, *, full: bool) -> str:
    if assessment.unmet:
        return f"Gate: {len(assessment.unmet)} of {len(assessment.findings)} items open"
    if full:
        return "Full"
    return "Needs a reason" if assessment.needs_reason else "Can move here"


def move_page(
    ticket: Ticket, project: Project, assessments: Iterable[MoveAssessment], *, csrf_token: str
) -> MovePage:
    """The ways a card can go."""
    board = project.settings.board
    stage = board.stage(ticket.stage)
    href = f"/p/{project.slug}/t/{ticket.key}"
    ways = (move(one, board) for one in assessments)
    moves = tuple(sorted(ways, key=lambda way: way.needs_reason))
    return MovePage(
        key=ticket.key,
        title=ticket.content.title,
        stage_title=stage.title if stage else ticket.stage,
        version=ticket.version,
        action=f"{href}/move",
        csrf_token=csrf_token,
        moves=moves,
        ticket_href=href,
        decide_href=f"{href}/decide",
        board_href=f"/p/{project.slug}/board",
        closed=not moves,
    )


LANE_WORDS = {
    LaneBy.OWNER: ("belongs to {}", "belongs to nobody"),
    LaneBy.AXIS: ("turns {}", "has no axis"),
    LaneBy.PHASE: ("belongs to {}", "belongs to no phase"),
}


def in_lane(into: LaneMove) -> str:
    """What it means for a card to be in a lane.

    >>> in_lane(LaneMove(LaneBy.OWNER, "Ada")), in_lane(LaneMove(LaneBy.AXIS, ""))
    ('belongs to Ada', 'has no axis')
    """
    named, unnamed = LANE_WORDS[into.by]
    return named.format(into.lane) if into.lane else unnamed


def moved_words(result: Moved, board: Board, into: LaneMove | None) -> str:
    """What a move did, in a sentence or two; `into` is the lane it came to, None where that is as before."""
    key, stage = result.ticket.key, board.stage(result.ticket.stage)
    title = stage.title if stage else result.ticket.stage
    if result.source != result.ticket.stage:
        words = f"{key} moved to {title}{', by an override' if result.overridden else ''}"
        words += f" and {in_lane(into)} now." if into else "."
    else:
        words = f"{key} {in_lane(into)} now." if into else f"{key} has a new place in {title}."
    return f"{words} Hypothesis, criteria, baseline and budget are locked." if result.locked else words


def way_back(slug: str, ticket: Ticket, into: LaneMove, lane_before: str) -> WayBack:
    """The form that puts a card back into the lane it came from."""
    before = lane_before or {LaneBy.OWNER: "nobody"}.get(into.by, f"no {into.by.value}")
    return WayBack(
        label=f"Undo: back to {before}",
        action=f"/p/{slug}/t/{ticket.key}/lane",
        key=ticket.key,
        fields=(("lanes", into.by.value), ("lane", lane_before), ("expected_version", str(ticket.version))),
    )


def refused(
    result: MoveRefused,
    project: Project,
    into: LaneMove | None = None,
    *,
    before_key: str,
    reason: str,
    csrf_token: str,
) -> RefusedMove:
    """A move that did not happen, and how it could."""
    ticket, assessment = result.ticket, result.assessment
    href = f"/p/{project.slug}/t/{ticket.key}"
    shown = move(assessment, project.settings.board)
    return RefusedMove(
        key=ticket.key,
        title=ticket.content.title,
        headline=_headline(assessment, ticket.key, shown.title),
        explanation=_explanation(assessment, shown),
        kind=assessment.refusal or "",
        move=shown,
        before_key=before_key,
        lanes=into.by.value if into else "",
        lane=into.lane if into else "",
        version=ticket.version,
        action=f"{href}/move",
        csrf_token=csrf_token,
        reason=reason,
        ticket_href=href,
        decide_href=f"{href}/decide",
        needs_decision=shown.decides and ticket.lock is not None,
    )


def _headline(assessment: MoveAssessment, key: str, title: str) -> str:
    if assessment.refusal == "reason":
        return f"Moving {key} to {title} needs a reason"
    if assessment.refusal == "wip":
        return f"{key} was not moved: {title} is full"
    return f"{key} was not moved to {title}"


def _explanation(assessment: MoveAssessment, shown: Move) -> str:
    if assessment.refusal == "gate":
        total = len(assessment.findings)
        return f"{wording.plural(len(shown.unmet), 'gate item')} of {total} {'is' if len(shown.unmet) == 1 else 'are'} not met."
    if assessment.refusal == "reason":
        return "Going back is allowed. The reason is kept in the journal."
    return assessment.explanation
