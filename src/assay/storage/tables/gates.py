"""Gates of a project, version by version, and what they answered."""

from sqlalchemy import Column, ForeignKey, Index, Integer, Table, UniqueConstraint

from assay.storage.tables.metadata import metadata
from assay.storage.types import BigInt, Blob, Key, Moment, Words

gates = Table(
    "gates",
    metadata,
    Column("id", BigInt, primary_key=True, comment="Number in this instance"),
    Column(
        "project_id", BigInt, ForeignKey("projects.id", ondelete="CASCADE"), nullable=False, comment="Project"
    ),
    Column("name", Key, nullable=False, comment="Name in the project"),
    Column("version", BigInt, nullable=False, comment="Version; a row never changes"),
    Column("text", Words, nullable=False, comment="The gate file as it was sent"),
    Column("files", Words, nullable=False, comment="Digest by name of the files it names, JSON"),
    Column("body", Words, nullable=False, comment="The gate, its files read in, JSON"),
    Column("digest", Key, nullable=False, comment="Digest of what it asks"),
    Column("changes", Words, nullable=False, comment="Changes against the version before, JSON"),
    Column("reason", Words, nullable=False, comment="Why it was changed"),
    Column("by", Words, nullable=False, comment="Who sent it"),
    Column("at", Moment, nullable=False, comment="When"),
    Column("seq", BigInt, nullable=False, comment="Journal number"),
    UniqueConstraint("project_id", "name", "version"),
    sqlite_strict=True,
    comment="Gates of projects: every version, as it was sent",
)

gate_runs = Table(
    "gate_runs",
    metadata,
    Column("id", BigInt, primary_key=True, comment="Number in this instance"),
    Column(
        "project_id", BigInt, ForeignKey("projects.id", ondelete="CASCADE"), nullable=False, comment="Project"
    ),
    Column("number", Integer, nullable=False, comment="Number in the project"),
    Column(
        "gate_id",
        BigInt,
        ForeignKey("gates.id", ondelete="CASCADE"),
        nullable=False,
        index=True,
        comment="Version of the gate that judged",
    ),
    Column("ticket", Key, comment="Key of the ticket it is about"),
    Column("candidate", Words, nullable=False, comment="What was judged: files by digest, JSON"),
    Column("baseline", Words, comment="What it was compared with, JSON; null without"),
    Column("dataset", Words, comment="Evaluation set; null when unknown"),
    Column("judged", Key, nullable=False, comment="Digest of the candidate's files"),
    Column("result", Key, nullable=False, comment="pass, fail, inconclusive, invalid"),
    Column("headline", Words, nullable=False, comment="The answer in one line"),
    Column("figure", Words, comment="The number that leads the answer, JSON; null without one"),
    Column("digest", Key, nullable=False, comment="Digest of the record"),
    Column("body", Blob, nullable=False, comment="The record, canonical JSON"),
    Column("library_versions", Words, nullable=False, comment="What computed it, JSON, outside the digest"),
    Column("seen_seq", BigInt, nullable=False, comment="Newest journal number when its evidence was read"),
    Column("by", Words, nullable=False, comment="Who asked"),
    Column("at", Moment, nullable=False, comment="When"),
    Column("seq", BigInt, nullable=False, comment="Journal number"),
    UniqueConstraint("project_id", "number"),
    Index("ix_gate_runs_ticket", "project_id", "ticket", "number"),
    Index("ix_gate_runs_dataset", "project_id", "dataset", "number"),
    sqlite_strict=True,
    comment="Answers of gates, with the bytes their digest covers",
)
