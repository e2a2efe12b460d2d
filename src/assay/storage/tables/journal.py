"""The journal: written once, never changed; triggers in the database refuse it too."""

from sqlalchemy import CheckConstraint, Column, Index, Integer, Table, text

from assay.storage.tables.metadata import metadata
from assay.storage.types import BigInt, Blob, Key, Moment, Words

journal = Table(
    "journal",
    metadata,
    Column("seq", BigInt, primary_key=True, autoincrement=False, comment="1, 2, 3, without gaps"),
    Column("body", Blob, nullable=False, comment="Canonical JSON, hashed as it stands"),
    Column("hash", Blob, nullable=False, comment="SHA-256 of a zero byte and the body"),
    Column("at", Moment, nullable=False, comment="Copy from the body, to filter by"),
    Column("actor", Words, nullable=False, comment="Copy from the body, to filter by"),
    Column("kind", Key, nullable=False, comment="Copy from the body, to filter by"),
    Column("project", Key, comment="Copy from the body, to filter by"),
    Column("subject", Words, comment="Copy from the body, to filter by"),
    Index("ix_journal_project", "project", "seq"),
    # The newest entry of a kind by a moment is found along it, whatever else was written about the subject.
    Index(
        "ix_journal_subject",
        "subject",
        "seq",
        "kind",
        "at",
        sqlite_where=text("subject IS NOT NULL"),
    ),
    Index("ix_journal_kind", "kind", "seq"),
    Index("ix_journal_actor", "actor", "seq"),
    sqlite_strict=True,
    comment="Everything that happened, in order, chained by hash",
)

journal_head = Table(
    "journal_head",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False, comment="Always 1"),
    Column("seq", BigInt, nullable=False, comment="Newest number"),
    Column("state", Blob, nullable=False, comment="Head hash and tree frontier; recomputed by audit verify"),
    CheckConstraint("id = 1", name="one_row"),
    sqlite_strict=True,
    comment="What must be remembered to append to the journal",
)

checkpoints = Table(
    "checkpoints",
    metadata,
    Column("size", BigInt, primary_key=True, autoincrement=False, comment="Entries covered"),
    Column("document", Blob, nullable=False, comment="Signed checkpoint"),
    Column("at", Moment, nullable=False, comment="When it was taken"),
    sqlite_strict=True,
    comment="Signed checkpoints of the journal",
)
