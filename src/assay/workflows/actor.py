"""Who acts, and what they may do."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from assay.errors import Forbidden


class Permission(StrEnum):
    """One permission a kind of action. Every route and command names one."""

    READ = "read"
    WRITE_TICKETS = "write_tickets"
    MOVE_CARDS = "move_cards"
    OVERRIDE_GATES = "override_gates"
    DECIDE = "decide"
    ADD_EVIDENCE = "add_evidence"
    CONFIGURE = "configure"
    AUDIT = "audit"
    OPERATE = "operate"


ALL_PERMISSIONS = frozenset(Permission)


@dataclass(frozen=True, slots=True)
class Actor:
    """A person, or the system itself, with what they may do."""

    name: str
    """Shown on pages and written to the journal."""
    kind: str = "person"
    """`person` or `system`."""
    permissions: frozenset[Permission] = field(default=ALL_PERMISSIONS)

    def require(self, permission: Permission) -> None:
        """Forbidden unless this actor holds the permission."""
        if permission not in self.permissions:
            raise Forbidden(
                f"cannot act as {self.name!r}: missing permission {permission.value!r}",
                hint="ask an owner of the project for it",
                code="permission-missing",
            )


SYSTEM = Actor(name="assay", kind="system")
