"""Sprints, and the tickets committed to them."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from assay.storage.types import BigInt, Key, Moment, Words

revision = "0006"
down_revision = "0005"


def _column(
    name: str, kind: sa.types.TypeEngine[Any], comment: str, *, nullable: bool = False
) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=nullable, comment=comment)


def upgrade() -> None:
    op.create_table(
        "sprints",
        _column("id", BigInt, "Number in this instance"),
        _column("project_id", BigInt, "Project"),
        _column("number", sa.Integer(), "Number in the project"),
        _column("state", Key, "planned, active, ended"),
        _column("content", Words, "Name, goal, dates, capacity, JSON"),
        _column("retro", Words, "What the team took from it, JSON"),
        _column("version", sa.Integer(), "Raised by every change"),
        _column("created_at", Moment, "When it was made"),
        _column("started_at", Moment, "When it was started; null before", nullable=True),
        _column("ended_at", Moment, "When it was ended; null before", nullable=True),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_sprints_project_id_projects"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sprints")),
        sa.UniqueConstraint("project_id", "number", name=op.f("uq_sprints_project_id_number")),
        comment="Sprints of projects",
        sqlite_strict=True,
        sqlite_autoincrement=True,
    )
    op.create_table(
        "commitments",
        _column("id", BigInt, "Order of committing"),
        _column("sprint_id", BigInt, "Sprint"),
        _column("ticket_id", BigInt, "Ticket"),
        _column("added_at", Moment, "When it was taken in"),
        _column("added_by", Words, "Who took it in"),
        _column("after_start", sa.Integer(), "1 when the sprint was running already"),
        _column("removed_at", Moment, "When it was taken out; null while it is in", nullable=True),
        _column("removed_by", Words, "Who took it out", nullable=True),
        _column("removed_reason", Words, "Why", nullable=True),
        _column(
            "extension_reason", Words, "Why it is flagged for extension; null when it is not", nullable=True
        ),
        sa.ForeignKeyConstraint(
            ["sprint_id"], ["sprints.id"], name=op.f("fk_commitments_sprint_id_sprints"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["tickets.id"], name=op.f("fk_commitments_ticket_id_tickets"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_commitments")),
        comment="Tickets taken into sprints; taking one out keeps the row",
        sqlite_strict=True,
        sqlite_autoincrement=True,
    )
    op.create_index("ix_commitments_ticket_id", "commitments", ["ticket_id"])
    op.create_index("ix_commitments_sprint", "commitments", ["sprint_id", "id"])


def downgrade() -> None:
    op.drop_table("commitments")
    op.drop_table("sprints")
