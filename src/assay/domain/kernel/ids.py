"""Names of things: readable ticket keys and project slugs."""

from __future__ import annotations

import re
from enum import StrEnum

from assay.errors import Invalid

TICKET_TAG = "assay.ticket"
"""The tag by which a run names its ticket."""
TICKET_KEY = re.compile(r"(EXP|SPK|DATA|ENG|FEAT|INC)-([1-9][0-9]{0,8})\Z", re.ASCII)
PROJECT_SLUG = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*\Z", re.ASCII)
MAX_SLUG_LENGTH = 40


class TicketType(StrEnum):
    """What kind of work a ticket is; decides its key prefix."""

    EXPERIMENT = "experiment"
    SPIKE = "spike"
    DATA = "data"
    ENGINEERING = "engineering"
    FEATURE = "feature"
    INCIDENT = "incident"


KEY_PREFIX = {
    TicketType.EXPERIMENT: "EXP",
    TicketType.SPIKE: "SPK",
    TicketType.DATA: "DATA",
    TicketType.ENGINEERING: "ENG",
    TicketType.FEATURE: "FEAT",
    TicketType.INCIDENT: "INC",
}


def ticket_key(kind: TicketType, number: int) -> str:
    """Which key does ticket `number` of a project get?

    >>> ticket_key(TicketType.EXPERIMENT, 42)
    'EXP-42'
    """
    return f"{KEY_PREFIX[kind]}-{number}"


def key_order(key: str) -> tuple[int, str]:
    """In which order do tickets stand that are alike otherwise? By their number, not by its digits.

    >>> sorted(["EXP-10", "SPK-3", "EXP-2"], key=key_order)
    ['EXP-2', 'SPK-3', 'EXP-10']
    """
    _, _, number = key.rpartition("-")
    return int(number) if number.isascii() and number.isdigit() else 0, key


def checked_ticket_key(text: str) -> str:
    """Is this text a ticket key? Returns it, or raises Invalid naming the form."""
    if TICKET_KEY.match(text) is None:
        raise Invalid(
            f"cannot read ticket key {text[:60]!r}: not a key (expected a form such as EXP-42)",
            hint="assay ticket list",
            code="ticket-key-malformed",
            field="key",
        )
    return text


def ticket_key_in(text: str) -> str | None:
    """Which ticket does this name, whatever its case and the space around it? None where it is no key.

    >>> ticket_key_in(" exp-7 "), ticket_key_in("my EXP-7")
    ('EXP-7', None)
    """
    key = text.strip().upper()
    return key if TICKET_KEY.match(key) else None


def checked_project_slug(text: str) -> str:
    """Is this text a project slug? Returns it, or raises Invalid naming the form."""
    if len(text) > MAX_SLUG_LENGTH or PROJECT_SLUG.match(text) is None:
        raise Invalid(
            f"cannot use project name {text[:60]!r}: not a slug (expected lower-case letters, digits and single "
            f"hyphens, at most {MAX_SLUG_LENGTH} characters, such as support-chatbot)",
            hint="write it such as support-chatbot",
            code="project-slug-malformed",
            field="project",
        )
    return text
