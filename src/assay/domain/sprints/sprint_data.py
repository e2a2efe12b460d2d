"""A sprint from plain values: JSON, YAML or a form. What is left out stays as it was."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from assay.domain.experiments.fields import found_text
from assay.domain.sprints.sprint import LONGEST_SPRINT_DAYS, Retro, SprintContent
from assay.errors import Invalid

_EXPECTED = {
    "name": "1 to 200 characters",
    "goal": "at most 20,000 characters",
    "starts_on": "a day such as 2026-05-25",
    "ends_on": "a day such as 2026-06-05",
    "available": "a number of 0 or more",
    "percent": "a whole number from 0 to 100 for each of exploration, optimisation, data, engineering, reserved",
    "capacity": "person_days and gpu_hours, each with available and percent",
    "person_days": "available and percent, such as {available: 20, percent: {data: 25}}",
    "gpu_hours": "available and percent, such as {available: 24, percent: {data: 25}}",
    "demo": "a ticket key such as EXP-42",
    "": f"1 to {LONGEST_SPRINT_DAYS} days",
}


def sprint_from_data(data: Mapping[str, Any], *, before: SprintContent) -> SprintContent:
    """The sprint that `before` becomes with these fields.

    Raises:
        Invalid: a field is unknown or not what it should be; it is named.

    >>> from datetime import date
    >>> planned = SprintContent(name="Six", starts_on=date(2026, 5, 25), ends_on=date(2026, 6, 5))
    >>> sprint_from_data({"ends_on": "2026-06-07"}, before=planned).days
    14
    """
    try:
        return SprintContent.model_validate(before.model_dump() | dict(data))
    except ValidationError as error:
        first = error.errors()[0]
        path = ".".join(str(part) for part in first["loc"] if part != "[key]")
        known = next((part for part in path.split(".")[::-1] if part in _EXPECTED), "")
        if first["type"] == "extra_forbidden":
            expected = "one of: " + ", ".join(SprintContent.model_fields)
        else:
            expected = _EXPECTED[known if path else ""]
        found = found_text(first["input"]) if path else str(first["msg"]).removeprefix("Value error, ")
        raise Invalid(
            f"cannot plan sprint: {path[:60] + ' is ' if path else 'it '}{found} (expected {expected})",
            hint=f"write {expected}",
            code="sprint-malformed",
            field=path[:60] or "ends_on",
        ) from None


def retro_from_data(data: Mapping[str, Any], *, before: Retro) -> Retro:
    """The retro that `before` becomes with these fields.

    Raises:
        Invalid: a field is not what it should be; it is named.

    >>> retro_from_data({"kill_calls": {"EXP-1": "good"}}, before=Retro()).kill_calls["EXP-1"].value
    'good'
    """
    try:
        return Retro.model_validate(before.model_dump() | dict(data))
    except ValidationError as error:
        first = error.errors()[0]
        path = ".".join(str(part) for part in first["loc"] if part != "[key]")[:60]
        calls = path.startswith("kill_calls")
        expected = (
            "good, too_late or too_early for each killed ticket" if calls else "at most 20,000 characters"
        )
        raise Invalid(
            f"cannot keep retro: {path} is {found_text(first['input'])} (expected {expected})",
            hint=f"write {expected}",
            code="retro-malformed",
            field=path,
        ) from None
