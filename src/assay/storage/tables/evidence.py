"""Evidence: sources, runs, packed curves, files by digest, and the verdicts taken from them."""

from sqlalchemy import Column, ForeignKey, Index, Integer, Table, UniqueConstraint, text

from assay.storage.tables.metadata import metadata
from assay.storage.types import BigInt, Blob, Key, Moment, Real, Words

sources = Table(
    "sources",
    metadata,
    Column("id", BigInt, primary_key=True, comment="Number of the source"),
    Column(
        "project_id", BigInt, ForeignKey("projects.id", ondelete="CASCADE"), nullable=False, comment="Project"
    ),
    Column("name", Key, nullable=False, comment="Unique in the project; prefix of its run ids"),
    Column("kind", Key, nullable=False, comment="Kind of tracker, such as mlflow"),
    Column("uri", Words, nullable=False, comment="Where the tracker is"),
    Column(
        "experiment_filter",
        Words,
        nullable=False,
        comment="Tracker experiments to read, JSON list; empty reads all",
    ),
    Column("cursor", Words, nullable=False, comment="Where the last sync stopped, JSON, opaque"),
    Column("last_sync_at", Moment, comment="When it was last read"),
    Column("last_sync_status", Words, nullable=False, comment="How it was read"),
    Column("last_sync_error", Words, nullable=False, comment="Why it could not be read, empty when it could"),
    Column(
        "connected",
        Integer,
        nullable=False,
        server_default="1",
        comment="0 once disconnected: kept for the sake of its runs",
    ),
    Column(
        "qualified",
        Integer,
        nullable=False,
        server_default="0",
        comment="1 when only runs whose tags name the project belong to its tickets",
    ),
    UniqueConstraint("project_id", "name"),
    sqlite_strict=True,
    sqlite_autoincrement=True,
    comment="Trackers a project reads from",
)

COUNTED = ("deleted", "of_baseline", "broken", "status", "started_at", "ended_at", "gpu_hours")

runs = Table(
    "runs",
    metadata,
    Column("id", BigInt, primary_key=True, autoincrement=False, comment="Number in this instance"),
    Column(
        "project_id", BigInt, ForeignKey("projects.id", ondelete="CASCADE"), nullable=False, comment="Project"
    ),
    Column(
        "source_id", BigInt, ForeignKey("sources.id", ondelete="CASCADE"), nullable=False, comment="Source"
    ),
    Column("external_id", Key, nullable=False, comment="Id in the tracker"),
    Column("run_id", Key, nullable=False, comment="Source name, colon, id in the tracker"),
    Column("ticket", Key, comment="Key of the ticket it belongs to"),
    Column("tagged_ticket", Key, comment="Key the tracker names"),
    Column("by_hand", Integer, nullable=False, comment="1 when a person attached or detached it"),
    Column("name", Words, nullable=False, comment="Name in the tracker"),
    Column("status", Key, nullable=False, comment="What the tracker last said"),
    Column("seed", BigInt, comment="Seed; null when unknown"),
    Column("started_at", Moment, comment="When it began"),
    Column("gpu_hours", Real, comment="Compute used; null when unknown"),
    Column("deleted", Integer, nullable=False, comment="1 once gone from the tracker"),
    Column("digest", Key, nullable=False, comment="Digest of all a verdict can depend on"),
    Column("seen_seq", BigInt, nullable=False, comment="Journal number at which it was first seen"),
    Column(
        "last_values", Words, nullable=False, comment="Last value by metric, JSON; non-finite ones as text"
    ),
    Column(
        "body",
        Words,
        nullable=False,
        comment="Config, tags, arm, dataset, cost, provenance and the rest, JSON",
    ),
    Column("first_candidate", Key, comment="Candidate it declared when first seen"),
    Column("first_arm", Key, comment="Arm it had when first seen before its end; null when not so seen"),
    Column("ended_at", Moment, comment="When it ended"),
    Column(
        "of_baseline", Integer, nullable=False, server_default="0", comment="1 when its arm is the baseline"
    ),
    Column(
        "broken",
        Integer,
        nullable=False,
        server_default="0",
        comment="1 when the last value of a metric is no finite number, 2 when it logged none",
    ),
    Column("cost_usd", Real, comment="Money paid; null when unknown"),
    UniqueConstraint("source_id", "external_id"),
    UniqueConstraint("project_id", "run_id"),
    # All that a ceremony counts, so that it never opens the rows themselves.
    Index("ix_runs_ticket", "project_id", "ticket", *COUNTED),
    Index("ix_runs_listed", "project_id", "id"),
    Index("ix_runs_used", "project_id", "deleted", "gpu_hours"),
    Index("ix_runs_paid", "project_id", "deleted", "cost_usd", sqlite_where=text("cost_usd IS NOT NULL")),
    sqlite_strict=True,
    comment="Runs as the trackers tell them",
)

run_pasts = Table(
    "run_pasts",
    metadata,
    Column("id", BigInt, primary_key=True, comment="Order of remembering"),
    Column("run_id", BigInt, ForeignKey("runs.id", ondelete="CASCADE"), nullable=False, comment="Run"),
    Column("until_seq", BigInt, nullable=False, comment="Journal number at which it changed"),
    Column("ticket", Key, comment="Key of the ticket it belonged to"),
    Column("last_values", Words, nullable=False, comment="Last value by metric, JSON"),
    Column("body", Words, nullable=False, comment="Config, arm, seed, status and the rest, JSON"),
    Column(
        "knows_curves",
        Integer,
        nullable=False,
        server_default="0",
        comment="1 when its curves are known: those kept for it, else those of the next one, else the run's",
    ),
    Index("ix_run_pasts_run", "run_id", "id"),
    Index("ix_run_pasts_ticket", "ticket", "run_id"),
    sqlite_strict=True,
    comment="What runs were before they left a ticket or arm, or before a finished result changed",
)

curves = Table(
    "curves",
    metadata,
    Column("run_id", BigInt, ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True, comment="Run"),
    Column("metric", Key, primary_key=True, comment="Metric"),
    Column("points", Integer, nullable=False, comment="Points of the curve"),
    Column(
        "body",
        Blob,
        nullable=False,
        comment="Form byte, then steps, values, times packed little-endian, 8 bytes each",
    ),
    sqlite_strict=True,
    sqlite_with_rowid=False,
    comment="Every logged value of one metric of one run, one row a curve",
)

past_curves = Table(
    "past_curves",
    metadata,
    Column(
        "past_id",
        BigInt,
        ForeignKey("run_pasts.id", ondelete="CASCADE"),
        primary_key=True,
        comment="What the run was",
    ),
    Column("metric", Key, primary_key=True, comment="Metric"),
    Column("points", Integer, nullable=False, comment="Points of the curve"),
    Column("body", Blob, nullable=False, comment="As in curves"),
    sqlite_strict=True,
    sqlite_with_rowid=False,
    comment="Curves of finished runs as they were before they changed, one row a curve",
)

blobs = Table(
    "blobs",
    metadata,
    Column("digest", Key, primary_key=True, comment="sha256: and 64 hex digits of the content"),
    Column("size", Integer, nullable=False, comment="Bytes"),
    Column("content", Blob, nullable=False, comment="The file"),
    Column(
        "only_attached",
        Integer,
        nullable=False,
        server_default="0",
        comment="1 when it was kept for tickets' files and nothing else: it goes with the last of them",
    ),
    sqlite_strict=True,
    comment="Files by digest, such as per-example scores",
)

verdicts = Table(
    "verdicts",
    metadata,
    Column("id", BigInt, primary_key=True, comment="Order of computing"),
    Column(
        "ticket_id", BigInt, ForeignKey("tickets.id", ondelete="CASCADE"), nullable=False, comment="Ticket"
    ),
    Column("digest", Key, nullable=False, comment="Digest of the record"),
    Column("body", Blob, nullable=False, comment="The record, canonical JSON"),
    Column("library_versions", Words, nullable=False, comment="What computed it, JSON, outside the digest"),
    Column("at", Moment, nullable=False, comment="When"),
    Column("seq", BigInt, nullable=False, comment="Journal number"),
    Index("ix_verdicts_ticket", "ticket_id", "id"),
    sqlite_strict=True,
    comment="Every verdict computed, with the bytes its digest covers",
)
