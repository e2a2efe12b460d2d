"""People have an inbox, and the bytes of files that were taken off tickets go."""

import sqlalchemy as sa
from alembic import op

from assay.storage.types import BigInt, Key

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.create_table(
        "inbox_marks",
        sa.Column("project_id", BigInt, nullable=False, comment="Project"),
        sa.Column("name", Key, nullable=False, comment="Who has read"),
        sa.Column("seq", BigInt, nullable=False, comment="Up to which journal number"),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["projects.id"],
            name=op.f("fk_inbox_marks_project_id_projects"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("project_id", "name", name=op.f("pk_inbox_marks")),
        comment="How far people have read what happened on tickets they follow",
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index("ix_watchers_name", "watchers", ["name", "ticket_id"])
    op.add_column(
        "blobs",
        sa.Column(
            "only_attached",
            sa.Integer(),
            nullable=False,
            server_default="0",
            comment="1 when it was kept for tickets' files and nothing else: it goes with the last of them",
        ),
    )


def downgrade() -> None:
    op.drop_column("blobs", "only_attached")
    op.drop_index("ix_watchers_name", "watchers")
    op.drop_table("inbox_marks")
