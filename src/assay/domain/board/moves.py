"""May this card go there? Legal moves, exit gates and limits in one answer."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from assay.domain.board.board import Board, ExitItem, LimitBy
from assay.domain.board.exit_policies import (
    TITLES,
    ExitFacts,
    asks_gate,
    asks_of,
    check_gate,
    check_item,
    check_time_box,
)
from assay.domain.board.wip import WipState
from assay.domain.experiments.experiment import DecisionKind
from assay.domain.kernel.findings import Finding, Outcome
from assay.domain.kernel.model import Value

RefusalKind = Literal["illegal", "gate", "wip", "reason"]


class MoveAssessment(Value):
    """All that is known about a move before it is made."""

    source: str
    target: str
    allowed: bool
    refusal: RefusalKind | None = None
    explanation: str
    """One sentence for people, the first obstacle first."""
    legal: tuple[str, ...]
    """Where the card may go from here."""
    findings: tuple[Finding, ...] = ()
    """The exit gate, item by item."""
    wip: WipState | None = None
    needs_reason: bool = False
    overridable: bool = False
    """An authorised person may pass it with a reason."""
    locks: bool = False
    """The move locks hypothesis, criteria, baseline and budget."""
    leads: DecisionKind | None = None
    """The decision that the column stands for."""

    @property
    def unmet(self) -> tuple[Finding, ...]:
        """The exit items that are not met."""
        return tuple(finding for finding in self.findings if finding.outcome is not Outcome.MET)


def assess_move(
    board: Board, *, source: str, facts: ExitFacts, wip: WipState, reason: str = "", type_name: str = "card"
) -> MoveAssessment:
    """May a card go from `source` to `facts.target` now?

    Pure: the caller has counted the target column and gathered the facts. Within one column everything is allowed.
    A refusal is a result, not an error.
    """
    target = facts.target
    legal = board.legal_targets(source)
    if source == target:
        return MoveAssessment(
            source=source, target=target, allowed=True, explanation="same column", legal=legal
        )
    transition = board.transition(source, target)
    if transition is None:
        return _illegal(board, source=source, target=target, legal=legal, type_name=type_name)
    stage, goal = board.stage(source), board.stage(target)
    assert stage is not None
    assert goal is not None
    facts = replace(facts, leads=board.decision_of(target), title=goal.title)
    kind = facts.content.type
    asked = () if transition.skips_exit_gate else stage.exit_gate
    exits = tuple(item for item in asked if asks_of(item, kind))
    findings = tuple(check_item(item, facts) for item in exits)
    if stage.gate is not None and not transition.skips_exit_gate and asks_gate(facts.leads):
        findings += (check_gate(stage.gate, facts),)
    overrun = bool(facts.overrun) and not transition.skips_exit_gate and asks_gate(facts.leads)
    if overrun:
        findings += (check_time_box(facts),)
    entry = tuple(check_item(item, facts) for item in goal.entry_gate if item not in exits)
    refusal, explanation = _first_obstacle(
        findings=findings,
        entry=entry,
        wip=wip,
        needs_reason=transition.needs_reason,
        reason=reason,
        goal=goal.title,
    )
    entry_unmet = any(finding.outcome is not Outcome.MET for finding in entry)
    return MoveAssessment(
        source=source,
        target=target,
        allowed=refusal is None,
        refusal=refusal,
        explanation=explanation,
        legal=legal,
        findings=findings + entry,
        wip=wip,
        needs_reason=transition.needs_reason,
        overridable=refusal in ("gate", "wip")
        and not entry_unmet
        and not overrun
        and not (goal.locks and _registration_missing(findings)),
        locks=goal.locks,
        leads=facts.leads,
    )


def _registration_missing(findings: tuple[Finding, ...]) -> bool:
    """A lock without criteria would lock nothing: nobody may override that."""
    return any(f.check == TITLES[ExitItem.REGISTRABLE] and f.outcome is not Outcome.MET for f in findings)


def _full(goal: str, wip: WipState) -> str:
    if wip.by is LimitBy.CARDS:
        return f"{goal} is full: {wip.text} cards. Finish one there first."
    asked = f"{wip.asks} GPU{'' if wip.asks == 1 else 's'}"
    if wip.limit is not None and wip.asks > wip.limit:
        return f"{goal} has no room for {asked}, even empty: its limit is {wip.limit}. Let it run on fewer, or raise the limit."
    return f"{goal} has no room for {asked}: {wip.text} are taken. Finish one there first."


def _illegal(
    board: Board, *, source: str, target: str, legal: tuple[str, ...], type_name: str
) -> MoveAssessment:
    titles = {stage.key: stage.title for stage in board.stages}
    where = ", ".join(titles[key] for key in legal) or "nowhere: it is closed"
    hint = " Reopening a killed experiment makes a follow-up ticket." if not legal else ""
    return MoveAssessment(
        source=source,
        target=target,
        allowed=False,
        refusal="illegal",
        explanation=f"This {type_name} is in {titles.get(source, source)} and cannot go to {titles.get(target, target)}. "
        f"It can go to: {where}.{hint}",
        legal=legal,
    )


def _first_obstacle(
    *,
    findings: tuple[Finding, ...],
    entry: tuple[Finding, ...],
    wip: WipState,
    needs_reason: bool,
    reason: str,
    goal: str,
) -> tuple[RefusalKind | None, str]:
    unmet = [f for f in (*entry, *findings) if f.outcome is not Outcome.MET]
    if unmet:
        return "gate", f"{len(unmet)} of {len(findings) + len(entry)} gate items unmet: " + "; ".join(
            f"{f.check} ({f.reason})" for f in unmet
        )
    if not wip.has_room:
        return "wip", _full(goal, wip)
    if needs_reason and not reason.strip():
        return "reason", f"Moving to {goal} needs a reason."
    return None, f"can move to {goal}"
