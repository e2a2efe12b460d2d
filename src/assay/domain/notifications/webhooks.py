"""What a webhook is: who is told, of what, in which form; and which addresses are addresses at all."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from assay.domain.notifications.events import EventType
from assay.domain.notifications.messages import Form
from assay.errors import Invalid

NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}", re.ASCII)
LONGEST_ADDRESS = 2000
DEFAULT_EVENTS = (EventType.KILL_SUGGESTED, EventType.BUDGET_OVERRUN, EventType.DECISION_RECORDED)
_VISIBLE = re.compile(r"[\x21-\x7e]+", re.ASCII)


def checked_name(name: str) -> str:
    """The name of a webhook.

    Raises:
        Invalid: it is none.
    """
    if NAME.fullmatch(name) is None:
        raise Invalid(
            f"cannot read webhook name {name[:40]!r}: not a name (expected 1 to 40 lower-case letters, digits and hyphens)",
            hint="such as team-chat",
            code="webhook-name",
            field="name",
        )
    return name


def checked_url(url: str) -> str:
    """The address of a receiver, as far as its letters tell; where it leads is looked up when it is used.

    Raises:
        Invalid: not an http or https address with a host, or with words that do not belong there.
    """
    fact = _fault(url)
    if fact:
        raise Invalid(
            f"cannot read webhook address '{shown_address(url)}': {fact} (expected an address such as "
            "https://hooks.example.org/assay)",
            hint="copy it whole from the receiver's settings",
            code="webhook-url",
            field="url",
        )
    return url


def _fault(url: str) -> str:
    if len(url) > LONGEST_ADDRESS:
        return f"{len(url)} characters"
    if _VISIBLE.fullmatch(url) is None:
        return "it is empty, or holds blanks or characters that no address has"
    try:
        return _fault_of_parts(url)
    except ValueError as error:
        return str(error)[:100]


def _fault_of_parts(url: str) -> str:
    parts = urlsplit(url)
    port = parts.port
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return "it names no server"
    if "@" in parts.netloc:
        return "it carries a name or password"
    if parts.fragment or "\\" in url or port == 0:
        return "a part of it has no meaning here"
    return ""


def shown_address(url: str) -> str:
    """What people may see of an address: its server. The path of a chat's address is as good as a password.

    >>> shown_address("https://hooks.example.org:8443/services/T0/B0/x?key=y")
    'https://hooks.example.org:8443/...'
    >>> shown_address("nonsense")
    '...'
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return "..."
    if not host or parts.scheme not in ("http", "https"):
        return "..."
    named = f"[{host}]" if ":" in host else host
    whole = f"{parts.scheme}://{named}{f':{port}' if port else ''}"
    printable = "".join(one if one.isprintable() else "\ufffd" for one in whole)[:200]
    return printable if parts.path in ("", "/") and not parts.query else f"{printable}/..."


def checked_events(names: Iterable[str]) -> tuple[str, ...]:
    """The events that are asked for, in the order of the list of all.

    Raises:
        Invalid: one is unknown, or there is none.
    """
    asked, known = set(names), [one.value for one in EventType]
    unknown = sorted(asked - set(known))
    if unknown or not asked:
        fact = f"{unknown[0][:40]!r} is no event" if unknown else "it names no event"
        raise Invalid(
            f"cannot read events of a webhook: {fact} (expected some of: {', '.join(known)})",
            hint="assay webhook add URL --event kill.suggested",
            code="webhook-events",
            field="events",
        )
    return tuple(one for one in known if one in asked)


def checked_form(form: str) -> Form:
    """The form of the messages.

    Raises:
        Invalid: there is no such form.
    """
    if form not in set(Form):
        raise Invalid(
            f"cannot read form {form[:40]!r} of a webhook: there is no such form (expected one of: {', '.join(Form)})",
            hint="json is for programs, slack and teams are for chats",
            code="webhook-form",
            field="form",
        )
    return Form(form)
