"""What must the caller be allowed to do? Every route says so, and a route that says nothing fails a test."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fastapi import Depends, Request

from assay.workflows.actor import Actor, Permission
from assay.workflows.ports import Workspace


@dataclass(frozen=True, slots=True)
class Requires:
    """A dependency that lets only actors with this permission pass."""

    permission: Permission | None
    """None: anybody may ask, as for health."""

    async def __call__(self, request: Request) -> None:
        if self.permission is not None:
            actor_of(request).require(self.permission)


def requires(permission: Permission) -> Any:
    """A route for those who hold `permission`."""
    return Depends(Requires(permission))


def public() -> Any:
    """A route for everybody."""
    return Depends(Requires(None))


def actor_of(request: Request) -> Actor:
    """Who asks."""
    found: Actor = request.state.actor
    return found


def workspace_of(request: Request) -> Workspace:
    """What is served."""
    found: Workspace = request.app.state.workspace
    return found
