"""What must somebody be allowed to do to use a page? Every route says so; one that says nothing fails a test."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fastapi import Depends, Request

from assay.web import frame
from assay.workflows.actor import Permission


@dataclass(frozen=True, slots=True)
class Requires:
    """A dependency that lets only actors with this permission pass."""

    permission: Permission | None
    """None: anybody may ask, as for static files."""

    async def __call__(self, request: Request) -> None:
        if self.permission is not None:
            frame.actor(request).require(self.permission)


def requires(permission: Permission) -> list[Any]:
    """For `dependencies=` of a route: only those who hold `permission`."""
    return [Depends(Requires(permission))]


def public() -> list[Any]:
    """For `dependencies=` of a route: everybody."""
    return [Depends(Requires(None))]
