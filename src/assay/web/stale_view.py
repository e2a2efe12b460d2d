"""Stale tickets that may be killed, as the page prints them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from assay.domain.board.staleness import Staleness
from assay.domain.kernel.durations import duration_text
from assay.errors import AssayError
from assay.web import wording
from assay.web.contexts.stale import KillStalePage, StaleRow
from assay.web.errors import sentences
from assay.workflows.records import Project
from assay.workflows.stale_kills import StaleChoice
from assay.workflows.staleness import StaleCard


def stale_words(card: StaleCard) -> str:
    """Why a card is stale, in words."""
    said = {
        Staleness.OVERDUE: f"time box over for {duration_text(card.days)}, and nobody has decided",
        Staleness.QUIET: f"no evidence, note, edit or move for {duration_text(card.days)}",
    }
    return said[card.why]


def kill_page(
    project: Project,
    choices: Sequence[StaleChoice],
    *,
    chosen: Collection[str],
    learnings: Mapping[str, str],
    reason: str,
    csrf_token: str,
    problem: AssayError | None = None,
) -> KillStalePage:
    """Everything the page prints; after a refusal all that was typed is still there."""
    slug, at = project.slug, "" if problem is None else problem.field or ""
    rows = tuple(
        _row(slug, one, chosen, learnings, problem if one.card.key == at else None) for one in choices
    )
    return KillStalePage(
        rows=rows,
        can_kill=any(not row.why_not for row in rows),
        reason=reason,
        problem="" if problem is None else _said(problem),
        problem_hint="" if problem is None or problem.hint.startswith("add --") else problem.hint,
        here=f"/p/{slug}/flow/stale",
        flow_href=f"/p/{slug}/flow",
        csrf_token=csrf_token,
    )


def _row(
    slug: str,
    one: StaleChoice,
    chosen: Collection[str],
    learnings: Mapping[str, str],
    problem: AssayError | None,
) -> StaleRow:
    return StaleRow(
        key=one.card.key,
        href=f"/p/{slug}/t/{one.card.key}",
        title=one.card.title,
        why=stale_words(one.card),
        version=one.version,
        verdict=wording.RECOMMENDATIONS[one.verdict].lower() if one.verdict else "",
        why_not=one.why_not.partition(": ")[2].partition(" (expected")[0],
        do=one.do,
        chosen=not one.why_not and one.card.key in chosen,
        learnings=learnings.get(one.card.key, ""),
        problem="" if problem is None else _said(problem),
    )


def _said(problem: AssayError) -> str:
    what, expected = sentences(problem.message)
    return f"{what}. Expected: {expected}." if expected else what
