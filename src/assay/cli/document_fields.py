"""Single fields of a document, named by their path: `time_box.ship_by_sprint=8`, `kill[0].then=pivot`."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

from assay.errors import Invalid
from assay.workflows.ticket_file import load_ticket_text

_STEP = re.compile(r"([a-z_]+)|\[([0-9]{1,3})\]", re.ASCII)


def set_field(document: dict[str, Any], change: str) -> None:
    """Put one value into a document; an empty value takes the field away.

    Raises:
        Invalid: there is no `=`, or the path leads nowhere.

    >>> canvas = {"kill": [{"criterion": "accuracy < 80%"}]}
    >>> set_field(canvas, "kill[0].after_sprint=3"); canvas["kill"][0]["after_sprint"]
    3
    """
    path, equals, text = change.partition("=")
    steps = [name or int(number) for name, number in _STEP.findall(path)]
    if (
        not equals
        or not steps
        or "".join(match.group() for match in _STEP.finditer(path)) != path.replace(".", "")
    ):
        raise _malformed(change)
    at: Any = document
    for step, following in pairwise(steps):
        at = _inside(at, step, [] if isinstance(following, int) else {}, change)
    _put(at, steps[-1], load_ticket_text(text, name=path) if text.strip() else None, change)


def _inside(at: Any, step: str | int, empty: Any, change: str) -> Any:
    if isinstance(step, str) and isinstance(at, dict):
        return at.setdefault(step, empty)
    if isinstance(step, int) and isinstance(at, list) and step <= len(at):
        if step == len(at):
            at.append(empty)
        return at[step]
    raise _malformed(change)


def _put(at: Any, step: str | int, value: Any, change: str) -> None:
    if isinstance(step, str) and isinstance(at, dict):
        at[step] = value
    elif isinstance(step, int) and isinstance(at, list) and step <= len(at):
        at[step : step + 1] = [] if value is None else [value]
    else:
        raise _malformed(change)


def _malformed(change: str) -> Invalid:
    return Invalid(
        f"cannot read change {change[:60]!r}: no such place (expected FIELD=VALUE, such as time_box.ship_by_sprint=8)",
        hint="assay canvas export canvas.yaml",
        code="change-malformed",
        field=change.partition("=")[0][:60],
    )
