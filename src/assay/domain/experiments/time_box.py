"""How many days is a time box that was given in sprints?"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from assay.domain.experiments.fields import as_integer, refuse

IN_SPRINTS = "time_box_sprints"
MOST_SPRINTS = 100
_LONGEST_DAYS = 3650
_WRITTEN = re.compile(r"\s*([0-9]{1,6})\s+sprints?\s*\Z", re.ASCII | re.IGNORECASE)


def box_in_days(data: Mapping[str, Any], sprint_days: int) -> dict[str, Any]:
    """What does a ticket say with its time box in days? Once written it stays so, however long later sprints are.

    Args:
        data: the fields of a ticket, `time_box_sprints` perhaps among them.
        sprint_days: how long a sprint of the project is.

    Raises:
        Invalid: `time_box_sprints` is no number from 1 to 100, comes to more than ten years, or stands beside `time_box_days`.

    >>> box_in_days({"title": "Rerank", "time_box_sprints": 2}, 14)
    {'title': 'Rerank', 'time_box_days': 28}
    """
    fields = dict(data)
    said = fields.pop(IN_SPRINTS, None)
    if said is None:
        return fields
    sprints = as_integer(said, IN_SPRINTS, low=1, high=MOST_SPRINTS)
    if fields.get("time_box_days") is not None:
        refuse(
            IN_SPRINTS,
            f"{sprints} beside time_box_days",
            "a time box in sprints or in days, not in both",
            hint="remove one of the two",
        )
    days = sprints * sprint_days
    if days > _LONGEST_DAYS:
        refuse(
            IN_SPRINTS,
            f"{sprints} sprints of {sprint_days} days",
            f"at most {_LONGEST_DAYS} days",
            hint="write fewer sprints",
        )
    return {**fields, "time_box_days": days}


def is_in_sprints(text: str) -> bool:
    """Did a person write sprints into a field for days?

    >>> is_in_sprints("2 sprints"), is_in_sprints("1 Sprint"), is_in_sprints("10")
    (True, True, False)
    """
    return _WRITTEN.match(text) is not None


def days_in(text: str, sprint_days: int) -> str:
    """What does a field for days say, where a person may have written sprints? Other text is left as it is.

    >>> days_in("2 sprints", 14), days_in("10", 14), days_in("soon", 14)
    ('28', '10', 'soon')
    """
    found = _WRITTEN.match(text)
    return f"{int(found[1]) * sprint_days}" if found else text
