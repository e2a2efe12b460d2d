"""Projects keep documents: canvas, phase, build or buy."""

import sqlalchemy as sa
from alembic import op

from assay.storage.types import BigInt, Key, Moment, Words

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.create_table(
        "project_documents",
        sa.Column("id", BigInt, nullable=False, comment="Order of making"),
        sa.Column("project_id", BigInt, nullable=False, comment="Project"),
        sa.Column("kind", Key, nullable=False, comment="What it is: canvas, standing, phase, choice"),
        sa.Column(
            "name", Key, nullable=False, comment="Which one of its kind; empty where there is only one"
        ),
        sa.Column("version", sa.Integer(), nullable=False, comment="Raised by every change"),
        sa.Column("body", Words, nullable=False, comment="All that it says, JSON"),
        sa.Column("by", Words, nullable=False, comment="Who wrote this version"),
        sa.Column("at", Moment, nullable=False, comment="When"),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["projects.id"],
            name=op.f("fk_project_documents_project_id_projects"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_project_documents")),
        sa.UniqueConstraint(
            "project_id", "kind", "name", name=op.f("uq_project_documents_project_id_kind_name")
        ),
        comment="Documents of projects as they stand; the journal keeps what they said before",
        sqlite_strict=True,
        sqlite_autoincrement=True,
    )


def downgrade() -> None:
    op.drop_table("project_documents")
