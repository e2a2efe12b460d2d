"""Jobs that pipelines run for tickets."""

from sqlalchemy import Column, ForeignKey, Index, Table, UniqueConstraint

from assay.storage.tables.metadata import metadata
from assay.storage.types import BigInt, Key, Moment, Words

pipeline_jobs = Table(
    "pipeline_jobs",
    metadata,
    Column("id", BigInt, primary_key=True, comment="Order in which they were first told of"),
    Column(
        "project_id", BigInt, ForeignKey("projects.id", ondelete="CASCADE"), nullable=False, comment="Project"
    ),
    Column("run_id", Key, nullable=False, comment="Id of the run, a UUID"),
    Column("namespace", Words, nullable=False, comment="Namespace of the job"),
    Column("job", Words, nullable=False, comment="Name of the job"),
    Column("ticket", Key, comment="Key of the ticket it runs for; null while none is known"),
    Column("parent", Key, comment="Id of the run that started it; null without one"),
    Column("state", Key, nullable=False, comment="running, completed, failed, aborted, unknown"),
    Column("started_at", Moment, comment="When it last began; null while unknown"),
    Column("ended_at", Moment, comment="When it ended; null before"),
    Column("event_at", Moment, nullable=False, comment="Time of the newest event"),
    Column("error", Words, nullable=False, comment="First line of why it failed"),
    Column("url", Words, nullable=False, comment="Where its log is; empty when unknown"),
    Column("tool", Words, nullable=False, comment="What ran it; empty when unknown"),
    Column("source_id", BigInt, comment="Orchestrator that was asked about it; null where only events told"),
    UniqueConstraint("project_id", "run_id"),
    Index("ix_pipeline_jobs_ticket", "project_id", "ticket", "event_at"),
    Index("ix_pipeline_jobs_parent", "project_id", "parent"),
    sqlite_strict=True,
    sqlite_autoincrement=True,
    comment="Runs of jobs of pipelines, as their events tell them; no evidence",
)
