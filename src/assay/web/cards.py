"""Cards as HTML."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from markupsafe import Markup

from assay.domain.board.board import ExitItem
from assay.domain.board.roles import ColumnRole
from assay.domain.experiments.experiment import DecisionKind
from assay.domain.gates.wording import limit_text
from assay.domain.kernel.kill_rules import KillRuleName
from assay.domain.kernel.readings import reading_of
from assay.web import wording
from assay.web.contexts.board import Bar, Card, CardFact
from assay.web.jobs_view import card_job
from assay.web.kills_view import card_advice
from assay.web.templating import environment
from assay.workflows.views import CardSlot, CardView


def join_cards(slug: str, cards: Iterable[CardView]) -> Markup:
    """Cards rendered without being kept: for further pages of a column, which few people ask for."""
    return Markup("".join([render_card(slug, card) for card in cards]))  # noqa: S704 - made by the template


def render_card(slug: str, card: CardView) -> str:
    """One card through its template."""
    template = environment().get_template("fragments/board/_card.html")
    return template.render(card=card_context(slug, card)).strip()


def cards_digest(count: int, slots: Iterable[CardSlot], role: ColumnRole) -> str:
    """Short digest of what a column shows: its count, what it is for, and the versions of its cards in order."""
    text = f"{count}|{role}|" + ",".join([f"{s.id}:{s.card_version}" for s in slots])
    return hashlib.blake2s(text.encode(), digest_size=8).hexdigest()


def card_context(slug: str, card: CardView) -> Card:
    """What the card's template prints."""
    shown = card.evidence
    tone, icon = _tone(card)
    return Card(
        key=card.key,
        href=f"/p/{slug}/t/{card.key}",
        move_href=f"/p/{slug}/t/{card.key}/move",
        title=card.title,
        version=card.version,
        card_version=card.card_version,
        owner=card.owner,
        owner_initials=wording.initials(card.owner),
        chip=_chip(card),
        chip_tone=tone,
        chip_icon=icon,
        priority=("urgent", "high", "", "", "")[card.priority],
        overridden=card.overridden,
        amended_after_results=bool(shown.get("amended_after_results")),
        baseline=shown.get("baseline_text") or "",
        current=_current(shown)[0],
        read=_current(shown)[1],
        target=shown.get("target_text") or "",
        has_numbers=sum(bool(shown.get(name)) for name in ("baseline_text", "current_text", "target_text"))
        > 1,
        bar=_bar(shown.get("bar"), "quiet" if _is_killed(card) else tone),
        bar_label=_bar_label(shown),
        compute=shown.get("compute_text") or "",
        compute_width=wording.percent_of_bar(shown.get("compute_share")),
        compute_hot=(shown.get("compute_share") or 0.0) > 1.0,
        money=shown.get("money_text") or "",
        money_width=wording.percent_of_bar(shown.get("money_share")),
        money_hot=(shown.get("money_share") or 0.0) > 1.0,
        **_time_box(card),
        **_data(card),
        **_blockers(slug, card),
        **card_job(card.job, card.job_unread, is_over=card.is_over),
        why=_why(card),
        foot=_foot(card),
        facts=_facts(card),
        age_word="live" if card.role is ColumnRole.LIVE else "in column",
        entered_iso=wording.iso(card.entered_stage_at),
        entered_day=wording.day(card.entered_stage_at),
    )


def _is_killed(card: CardView) -> bool:
    """By what was decided, not by its column: boards call that as they like."""
    return card.evidence.get("decision") == DecisionKind.KILL


def _chip(card: CardView) -> str:
    if _is_killed(card):
        return wording.DECISIONS[DecisionKind.KILL].capitalize()
    return str(card.evidence.get("chip") or "")


def _tone(card: CardView) -> tuple[str, str]:
    if _is_killed(card):
        return "", "stop"
    recommendation = card.evidence.get("recommendation")
    if recommendation is None:
        return "", "circle"
    if card.evidence.get("snoozed"):
        return "", "stop"
    tone = "iterate" if recommendation == "undecided" else recommendation
    return tone, wording.RECOMMENDATION_ICONS.get(recommendation, "circle")


def _foot(card: CardView) -> str:
    shown = card.evidence
    if _is_killed(card) and shown.get("learnings"):
        return str(shown["learnings"])[:280]
    if card.role is ColumnRole.ITERATING and shown.get("decision") == DecisionKind.ITERATE:
        return (card.reason or str(shown.get("learnings") or ""))[:280]
    if shown.get("gate") and shown.get("gate_stage") == card.stage:
        return str(shown["gate"])
    if shown.get("foot"):
        return str(shown["foot"])
    spent = shown.get("compute_text") or shown.get("money_text")
    return "" if spent else card.hypothesis[:160]


def _why(card: CardView) -> str:
    """Why it was killed: what a person said, else what the verdict said."""
    if not _is_killed(card):
        return ""
    said = str(card.evidence.get("chip") or "").partition("Kill: ")[2]
    return (card.reason or said)[:160]


_SERVING = (
    (ExitItem.SERVING, "serving"),
    (ExitItem.MONITORED, "monitored"),
    (ExitItem.ROLLBACK_TESTED, "rollback tested"),
)


def _facts(card: CardView) -> tuple[CardFact, ...]:
    """What is asked of a card where it stands, beside what every card shows."""
    if card.role is ColumnRole.PREPARING:
        facts = [
            CardFact("Success criteria", ", ".join(card.success[:2]) + (", …" if card.success[2:] else "")),
            CardFact("Budget", _budget(card)),
        ]
    elif card.role is ColumnRole.ITERATING:
        facts = [CardFact("", f"iteration {card.iterations}" if card.iterations else "")]
    elif card.role is ColumnRole.DEPLOYING:
        said = [word for item, word in _SERVING if item.value in card.confirmed]
        open_ones = [word for item, word in _SERVING if item.value not in card.confirmed]
        facts = [
            CardFact("Model", card.model),
            CardFact("", ", ".join(said)),
            CardFact("", f"open: {', '.join(open_ones)}" if open_ones else ""),
        ]
    elif card.role is ColumnRole.LIVE:
        facts = [CardFact("Runs", card.model)]
    else:
        facts = []
    return tuple(fact for fact in (*facts, *_advised(card)) if fact.text)


def _advised(card: CardView) -> list[CardFact]:
    """What past runs say of those under way, and rules that recommend to kill it; the chip says where a criterion of its own does."""
    shown = card.evidence
    if card.is_over or shown.get("decision") in {DecisionKind.KILL, DecisionKind.PROMOTE}:
        return []
    snoozed = {one["rule"] for one in shown.get("snoozes", ())}
    rules = [one for one in shown.get("kills", ()) if not one["criterion"]]
    pressed = [one for one in rules if one["rule"] not in snoozed]
    chance = str(shown.get("chance") or "")
    # The chance is the reason of the rule for futility, and told once.
    told = any(one["rule"] == KillRuleName.FUTILITY for one in pressed)
    return [CardFact("", "" if told else chance), CardFact("", card_advice(pressed, chance))]


def _budget(card: CardView) -> str:
    hours, dollars = card.budget.gpu_hours, card.budget.cost_usd
    compute = None if hours is None else f"{limit_text(float(hours))} GPU-h"
    money = None if dollars is None else f"${limit_text(float(dollars))}"
    return ", ".join(part for part in (compute, money) if part)


def _time_box(card: CardView) -> dict[str, Any]:
    begun, days = card.locked_at or card.begun_at, card.time_box_days
    if begun is None or days is None or card.is_over:
        return {"box_iso": "", "box_days": 0, "box_end": ""}
    return {
        "box_iso": wording.iso(begun),
        "box_days": days,
        "box_end": wording.day(begun + timedelta(days=days)),
    }


def _data(card: CardView) -> dict[str, Any]:
    if not card.data or card.is_over:
        return {"data": "", "data_text": "", "data_due_iso": ""}
    due = card.data_due
    by = f" by {wording.day(due)}" if due else ""
    text = {"ready": "data ready", "at risk": f"data needed{by}", "blocked": f"data missing{by}"}
    return {
        "data": card.data.replace(" ", "-"),
        "data_text": text[card.data],
        "data_due_iso": wording.iso(due) if due else "",
    }


def _blockers(slug: str, card: CardView) -> dict[str, Any]:
    href = f"/p/{slug}/t/{card.key}/blockers"
    if not card.blockers:
        empty = dict.fromkeys(("block_label", "block_text", "block_more", "block_iso", "block_day"), "")
        return {"block_href": href, **empty}
    oldest, more = card.blockers[0], len(card.blockers) - 1
    return {
        "block_href": href,
        "block_label": oldest.category.label,
        "block_text": oldest.text[:280],
        "block_more": f"+{more}" if more else "",
        "block_iso": wording.iso(oldest.since),
        "block_day": wording.day(oldest.since),
    }


def _bar(shares: dict[str, float] | None, tone: str) -> Bar | None:
    if not shares:
        return None
    low, high = shares.get("low"), shares.get("high")
    width = None
    if low is not None and high is not None and math.isfinite(low) and math.isfinite(high):
        low, high = max(0.0, min(1.0, low)), max(0.0, min(1.0, high))
        width = wording.percent_of_bar(max(0.004, high - low))
    return Bar(
        low=wording.percent_of_bar(low) if width else None,
        width=width,
        estimate=wording.percent_of_bar(shares.get("estimate")),
        target=wording.percent_of_bar(shares.get("target")),
        baseline=wording.percent_of_bar(shares.get("baseline")),
        tone=tone or "none",
    )


def _current(shown: Mapping[str, Any]) -> tuple[str, str]:
    """What was measured, and which value of the runs that is where it is not the last one: too long a word for a row of numbers."""
    reading = shown.get("reading")
    read = reading_of(reading).beside if reading else ""
    return str(shown.get("current_text") or "").removesuffix(read), read.strip()


def _bar_label(shown: dict[str, object]) -> str:
    parts = (("baseline", "baseline_text"), ("now", "current_text"), ("target", "target_text"))
    said = [f"{word} {shown[name]}" for word, name in parts if shown.get(name)]
    return f"{shown.get('metric') or 'Primary metric'}: {', '.join(said)}"
