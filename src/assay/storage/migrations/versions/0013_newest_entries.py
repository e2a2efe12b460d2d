"""The newest entry about a subject is found along an index, whatever else was written about it."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.drop_index("ix_journal_subject", "journal")
    told = sa.text("subject IS NOT NULL")
    op.create_index(
        "ix_journal_subject",
        "journal",
        ["subject", "seq", "kind", "at"],
        sqlite_where=told,
    )


def downgrade() -> None:
    op.drop_index("ix_journal_subject", "journal")
    op.create_index("ix_journal_subject", "journal", ["subject", "seq"])
