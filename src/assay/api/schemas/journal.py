"""What a verification is asked with."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from assay.api.schemas.tickets import Body


class HeldCheckpoints(Body):
    """Signed checkpoints that were kept elsewhere."""

    checkpoints: Annotated[list[dict[str, Any]], Field(max_length=1000)]
