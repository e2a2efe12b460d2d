"""How is an event written down for its receiver: as our own JSON, or as what a chat shows?"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any

from assay.domain.kernel.canonical import canonical_bytes
from assay.domain.kernel.plain_text import without_control
from assay.domain.kernel.time import timestamp
from assay.domain.notifications.events import TESTED, EventType, Told

FORMAT_VERSION = 1
LONGEST_TEXT = 3000
"""Of a chat's message; more than this nobody reads there."""
LONGEST_FIELD = 20_000


class Form(StrEnum):
    """What the receiver reads."""

    JSON = "json"
    SLACK = "slack"
    """`{"text": ...}`: Slack, Mattermost, Rocket.Chat."""
    TEAMS = "teams"
    """An adaptive card: Workflows of Microsoft Teams."""


def message(event: Told, form: Form, *, link: str) -> bytes:
    """The body that is sent: the same event gives the same bytes.

    Args:
        event: what happened.
        form: for whom.
        link: address of the ticket, or of the project where there is no ticket.
    """
    if form is Form.SLACK:
        return canonical_bytes({"text": f"{_escaped(sentence(event))} <{link}|{event.ticket or 'Open'}>"})
    if form is Form.TEAMS:
        return canonical_bytes(_card(sentence(event), link))
    return canonical_bytes(
        {
            "version": FORMAT_VERSION,
            "id": event.id,
            "type": event.type,
            "seq": event.seq,
            "project": event.project,
            "ticket": event.ticket,
            "occurred_at": timestamp(event.occurred_at),
            "actor": event.actor,
            "url": link,
            "data": _sendable(event.data),
        }
    )


def sentence(event: Told) -> str:
    """The event in one sentence, without marks that a chat would read as orders."""
    said = _SENTENCES[event.type](event.data) if event.type in _SENTENCES else event.type
    text = f"{event.ticket or event.project}: {said}"
    plain = " ".join(without_control(text).split())
    return plain if len(plain) <= LONGEST_TEXT else f"{plain[: LONGEST_TEXT - 1]}…"


def _escaped(text: str) -> str:
    """Slack reads `<!channel>` and links between angle brackets: nobody's ticket title may ring for everybody."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _card(text: str, link: str) -> dict[str, Any]:
    block = {"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": text}]}
    card = {
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": [block],
        "actions": [{"type": "Action.OpenUrl", "title": "Open in Assay", "url": link}],
    }
    return {
        "type": "message",
        "attachments": [{"contentType": "application/vnd.microsoft.card.adaptive", "content": card}],
    }


def _sendable(value: Any) -> Any:
    """The value with texts of bounded length: nobody's receiver has to take a book."""
    if isinstance(value, str):
        return value if len(value) <= LONGEST_FIELD else f"{value[: LONGEST_FIELD - 1]}…"
    if isinstance(value, Mapping):
        return {name: _sendable(one) for name, one in value.items()}
    return [_sendable(one) for one in value] if isinstance(value, list | tuple) else value


def _rule(value: object) -> str:
    return str(value or "").replace("_", " ")


def _kills(data: Mapping[str, Any]) -> str:
    listed = data.get("kills")
    kills = [one for one in listed if isinstance(one, Mapping)] if isinstance(listed, list | tuple) else []
    return "kill suggested: " + "; ".join(f"{_rule(one.get('rule'))}, {one.get('reason')}" for one in kills)


def _decided(data: Mapping[str, Any]) -> str:
    said, verdict = data.get("decision"), data.get("verdict")
    other = f" where the verdict says {verdict}" if verdict and verdict != said else ""
    return f"decided: {said}{other}. Learned: {data.get('learnings')}"


def _verdict(data: Mapping[str, Any]) -> str:
    before = data.get("recommendation_before")
    came = f", before {before}" if before else ""
    return f"verdict {data.get('recommendation')}{came}. {data.get('headline')}"


_SENTENCES: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    EventType.KILL_SUGGESTED: _kills,
    EventType.KILL_SNOOZED: lambda data: (
        f"kill by {_rule(data.get('rule'))} snoozed until {str(data.get('until'))[:10]}: {data.get('reason')}"
    ),
    EventType.KILL_WOKEN: lambda data: (
        f"kill by {_rule(data.get('rule'))} is pressed again: {data.get('because')}"
    ),
    EventType.BUDGET_OVERRUN: lambda data: f"budget overrun: {data.get('reason')}",
    EventType.VERDICT_CHANGED: _verdict,
    EventType.DECISION_RECORDED: _decided,
    EventType.CARD_MOVED: lambda data: (
        f"moved from {data.get('before')} to {data.get('after')}"
        + (f": {data['reason']}" if data.get("reason") else "")
    ),
    TESTED: lambda data: "a test of this webhook. Nothing happened.",
}
