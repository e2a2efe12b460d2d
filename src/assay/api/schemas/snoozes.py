"""Snoozes of recommended kills, as they travel."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from assay.api.schemas.tickets import Body
from assay.domain.gates.snoozes import DEFAULT_DAYS, MOST_DAYS
from assay.domain.kernel.model import NUMBER

Rule = Annotated[
    str,
    Field(
        max_length=500,
        description="Name of the rule of thumb, or the text of the ticket's kill criterion.",
        examples=["plateau"],
    ),
]


class SnoozeBody(Body):
    """Why, and for how long, a recommended kill is not followed."""

    rule: Rule
    reason: Annotated[str, Field(max_length=20_000, examples=["The learning rate was wrong until Monday."])]
    days: Annotated[int, NUMBER, Field(ge=1, le=MOST_DAYS)] = DEFAULT_DAYS


class WakeBody(Body):
    """The rule that is pressed again."""

    rule: Rule
