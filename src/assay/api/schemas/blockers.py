"""What is in the way of tickets, as it travels."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from assay.api.pages import Asked
from assay.api.schemas.tickets import Body
from assay.domain.board.blockers import BlockerCategory
from assay.domain.kernel.model import NUMBER
from assay.workflows.blockers import BlockerState

Said = Annotated[str, Field(max_length=2000)]


class BlockerBody(Body):
    """Something that is in the way of a ticket."""

    category: BlockerCategory
    text: Annotated[Said, Field(examples=["No A100 before Thursday"])]
    owner: Annotated[str, Field(max_length=80)] = Field(
        default="", description="Who sees to it; left out: the ticket's owner, or else who says so."
    )


class BlockerClosingBody(Body):
    """What took a blocker away."""

    resolution: Annotated[Said, Field(examples=["Two were lent by the vision team"])]
    number: Annotated[int, NUMBER, Field(ge=1, lt=2**31)] | None = Field(
        default=None, description="Its number in the ticket; left out: the only one that is open."
    )


class BlockersAsked(Asked):
    """Blockers of a project, open ones first, the oldest first."""

    state: BlockerState = BlockerState.OPEN


class TicketBlockersAsked(Asked):
    """Blockers of a ticket, open ones first, the oldest first."""

    state: BlockerState = BlockerState.ALL
