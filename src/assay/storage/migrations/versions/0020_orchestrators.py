"""Jobs of pipelines remember which orchestrator was asked about them."""

import sqlalchemy as sa
from alembic import op

from assay.storage.types import BigInt

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    op.add_column(
        "pipeline_jobs",
        sa.Column(
            "source_id",
            BigInt,
            nullable=True,
            comment="Orchestrator that was asked about it; null where only events told",
        ),
    )


def downgrade() -> None:
    op.drop_column("pipeline_jobs", "source_id")
