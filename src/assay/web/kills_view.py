"""Recommended kills as lines with what can be done about each, and the record of the rules as a table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from assay.domain.gates.snoozes import DEFAULT_DAYS, MOST_DAYS
from assay.domain.kernel.kill_rules import KillRuleName
from assay.web import wording
from assay.web.contexts.kills import KillLine, KillRecordSection, RecordLine
from assay.workflows.kill_record import CRITERIA, KillRecord, RuleRecord
from assay.workflows.views import KillView

MOST_ON_A_CARD = 120
_DAYS = (1, 3, DEFAULT_DAYS, 14, MOST_DAYS)


def kill_lines(kills: Iterable[KillView], slug: str) -> tuple[KillLine, ...]:
    """Every recommended kill of a ticket of this project."""
    return tuple(_line(one, slug) for one in kills)


def _line(one: KillView, slug: str) -> KillLine:
    name = one.rule if one.criterion else one.rule.replace("_", " ")
    said = one.snooze
    return KillLine(
        rule=one.rule,
        name=name,
        kind=_kind(one),
        reason=one.reason,
        record_href="" if one.criterion else f"/p/{slug}/backtest#rules",
        snoozed="" if said is None else f"{said.text[:1].upper()}{said.text[1:]}",
        days=tuple((day, wording.plural(day, "day"), day == DEFAULT_DAYS) for day in _DAYS),
    )


def _kind(one: KillView) -> str:
    if one.criterion:
        return "Kill criterion"
    return "Chance to reach the target" if one.rule == KillRuleName.FUTILITY else "Rule of thumb"


def record_section(record: KillRecord) -> KillRecordSection:
    """The table of the settings page."""
    return KillRecordSection(
        rows=tuple(_row(one) for one in record.rows),
        since="" if record.since is None else wording.day(record.since),
    )


def _row(one: RuleRecord) -> RecordLine:
    name = "Criteria of tickets" if one.rule == CRITERIA else one.rule.replace("_", " ").capitalize()
    after = (
        (one.overruled_promoted, "promoted"),
        (one.overruled_killed, "killed"),
        (one.overruled_open, "open"),
    )
    return RecordLine(
        rule=name,
        recommended=one.recommended,
        followed=one.followed,
        promoted=one.decided_otherwise,
        open=one.open,
        overruled=one.overruled,
        became=", ".join(f"{number} {word}" for number, word in after if number),
    )


def card_advice(kills: Sequence[Mapping[str, Any]], chance: str = "") -> str:
    """What rules of thumb say about a card, with their reasons as far as there is room; that of futility is the chance of its runs.

    >>> card_advice([{"rule": "not_falling", "reason": "the training loss never fell after epoch 1 in 3 runs"}])
    'not falling advises to stop: the training loss never fell after epoch 1 in 3 runs'
    """
    if not kills:
        return ""
    names = [str(one["rule"]).replace("_", " ") for one in kills]
    said = f"{' and '.join(names)} {'advises' if len(names) == 1 else 'advise'} to stop: "
    futile = KillRuleName.FUTILITY
    said += "; ".join(chance if chance and one["rule"] == futile else str(one["reason"]) for one in kills)
    return said if len(said) <= MOST_ON_A_CARD else f"{said[: MOST_ON_A_CARD - 1]}\u2026"
