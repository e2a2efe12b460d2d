"""Pipelines tell where the jobs of a ticket stand."""

import sqlalchemy as sa
from alembic import op

from assay.storage.types import BigInt, Key, Moment, Words

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.create_table(
        "pipeline_jobs",
        sa.Column("id", BigInt, nullable=False, comment="Order in which they were first told of"),
        sa.Column("project_id", BigInt, nullable=False, comment="Project"),
        sa.Column("run_id", Key, nullable=False, comment="Id of the run, a UUID"),
        sa.Column("namespace", Words, nullable=False, comment="Namespace of the job"),
        sa.Column("job", Words, nullable=False, comment="Name of the job"),
        sa.Column(
            "ticket", Key, nullable=True, comment="Key of the ticket it runs for; null while none is known"
        ),
        sa.Column("parent", Key, nullable=True, comment="Id of the run that started it; null without one"),
        sa.Column("state", Key, nullable=False, comment="running, completed, failed, aborted, unknown"),
        sa.Column("started_at", Moment, nullable=True, comment="When it last began; null while unknown"),
        sa.Column("ended_at", Moment, nullable=True, comment="When it ended; null before"),
        sa.Column("event_at", Moment, nullable=False, comment="Time of the newest event"),
        sa.Column("error", Words, nullable=False, comment="First line of why it failed"),
        sa.Column("url", Words, nullable=False, comment="Where its log is; empty when unknown"),
        sa.Column("tool", Words, nullable=False, comment="What ran it; empty when unknown"),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["projects.id"],
            name=op.f("fk_pipeline_jobs_project_id_projects"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pipeline_jobs")),
        sa.UniqueConstraint("project_id", "run_id", name=op.f("uq_pipeline_jobs_project_id_run_id")),
        comment="Runs of jobs of pipelines, as their events tell them; no evidence",
        sqlite_strict=True,
        sqlite_autoincrement=True,
    )
    op.create_index("ix_pipeline_jobs_ticket", "pipeline_jobs", ["project_id", "ticket", "event_at"])
    op.create_index("ix_pipeline_jobs_parent", "pipeline_jobs", ["project_id", "parent"])
    op.add_column(
        "tickets",
        sa.Column(
            "job_id", BigInt, nullable=True, comment="Job of a pipeline that its card shows; null without one"
        ),
    )


def downgrade() -> None:
    op.drop_column("tickets", "job_id")
    op.drop_table("pipeline_jobs")
