"""The first database: projects, tickets, evidence, verdicts, journal."""

import sqlalchemy as sa
from alembic import op

from assay.storage.types import BigInt, Blob, Key, Moment, Real, Words

revision = "0001"
down_revision = None

_SEARCHED = ("key", "title", "hypothesis", "method", "learnings", "notes")
_WEIGHTS = ("A", "A", "B", "C", "B", "D")
_INDEXED_CHARACTERS = 100_000  # a tsvector holds at most 1 MB
_JOINERS = "-_/.:@#+~"  # PostgreSQL's parser would make one word of what they join

_TABLES = (
    "answers",
    "blobs",
    "checkpoints",
    "instance",
    "journal",
    "journal_head",
    "projects",
    "metrics",
    "sources",
    "stage_counts",
    "tickets",
    "decisions",
    "links",
    "notes",
    "runs",
    "ticket_documents",
    "verdicts",
    "curves",
)


def upgrade() -> None:
    op.create_table(
        "answers",
        sa.Column("scope", Key, nullable=False, comment="Who asked what: actor and route"),
        sa.Column("key", Key, nullable=False, comment="Idempotency-Key of the request"),
        sa.Column("request_digest", Key, nullable=False, comment="Digest of the request it answers"),
        sa.Column("status", sa.Integer(), nullable=False, comment="HTTP status given"),
        sa.Column("body", Blob, nullable=False, comment="Body given, byte for byte"),
        sa.Column("headers", Words, nullable=False, comment="Headers given, JSON"),
        sa.Column("at", Moment, nullable=False, comment="When it was answered"),
        sa.PrimaryKeyConstraint("scope", "key", name=op.f("pk_answers")),
        comment="Answers to requests with an Idempotency-Key, kept so that a repeat gets the same",
        sqlite_strict=True,
    )
    op.create_table(
        "blobs",
        sa.Column("digest", Key, nullable=False, comment="sha256: and 64 hex digits of the content"),
        sa.Column("size", sa.Integer(), nullable=False, comment="Bytes"),
        sa.Column("content", Blob, nullable=False, comment="The file"),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_blobs")),
        comment="Files by digest, such as per-example scores",
        sqlite_strict=True,
    )
    op.create_table(
        "checkpoints",
        sa.Column("size", BigInt, autoincrement=False, nullable=False, comment="Entries covered"),
        sa.Column("document", Blob, nullable=False, comment="Signed checkpoint"),
        sa.Column("at", Moment, nullable=False, comment="When it was taken"),
        sa.PrimaryKeyConstraint("size", name=op.f("pk_checkpoints")),
        comment="Signed checkpoints of the journal",
        sqlite_strict=True,
    )
    op.create_table(
        "instance",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False, comment="Always 1"),
        sa.Column(
            "name",
            Key,
            nullable=False,
            comment="Random name made with the database; origin of its checkpoints",
        ),
        sa.CheckConstraint("id = 1", name=op.f("ck_instance_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_instance")),
        comment="The instance itself",
        sqlite_strict=True,
    )
    op.create_table(
        "journal",
        sa.Column("seq", BigInt, autoincrement=False, nullable=False, comment="1, 2, 3, without gaps"),
        sa.Column("body", Blob, nullable=False, comment="Canonical JSON, hashed as it stands"),
        sa.Column("hash", Blob, nullable=False, comment="SHA-256 of a zero byte and the body"),
        sa.Column("at", Moment, nullable=False, comment="Copy from the body, to filter by"),
        sa.Column("actor", Words, nullable=False, comment="Copy from the body, to filter by"),
        sa.Column("kind", Key, nullable=False, comment="Copy from the body, to filter by"),
        sa.Column("project", Key, nullable=True, comment="Copy from the body, to filter by"),
        sa.Column("subject", Words, nullable=True, comment="Copy from the body, to filter by"),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_journal")),
        comment="Everything that happened, in order, chained by hash",
        sqlite_strict=True,
    )
    op.create_index("ix_journal_actor", "journal", ["actor", "seq"], unique=False)
    op.create_index("ix_journal_kind", "journal", ["kind", "seq"], unique=False)
    op.create_index("ix_journal_project", "journal", ["project", "seq"], unique=False)
    op.create_index("ix_journal_subject", "journal", ["subject", "seq"], unique=False)
    op.create_table(
        "journal_head",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False, comment="Always 1"),
        sa.Column("seq", BigInt, nullable=False, comment="Newest number"),
        sa.Column(
            "state", Blob, nullable=False, comment="Head hash and tree frontier; recomputed by audit verify"
        ),
        sa.CheckConstraint("id = 1", name=op.f("ck_journal_head_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_journal_head")),
        comment="What must be remembered to append to the journal",
        sqlite_strict=True,
    )
    op.create_table(
        "projects",
        sa.Column("id", BigInt, nullable=False, comment="Number of the project in this instance"),
        sa.Column("slug", Key, nullable=False, comment="Name in addresses and commands"),
        sa.Column("name", Words, nullable=False, comment="Name for people"),
        sa.Column("settings", Words, nullable=False, comment="Board and verdict settings, JSON"),
        sa.Column("version", sa.Integer(), nullable=False, comment="Raised by every change"),
        sa.Column("next_number", sa.Integer(), nullable=False, comment="Number the next ticket gets"),
        sa.Column("created_at", Moment, nullable=False, comment="When it was made"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_projects")),
        sa.UniqueConstraint("slug", name=op.f("uq_projects_slug")),
        comment="Projects of the instance",
        sqlite_autoincrement=True,
        sqlite_strict=True,
    )
    op.create_table(
        "metrics",
        sa.Column("project_id", BigInt, nullable=False, comment="Project"),
        sa.Column("name", Key, nullable=False, comment="Name as the tracker logs it"),
        sa.Column(
            "body", Words, nullable=False, comment="Direction, unit, decimals, aliases, description, JSON"
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_metrics_project_id_projects"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("project_id", "name", name=op.f("pk_metrics")),
        comment="Metrics a project declared",
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "sources",
        sa.Column("id", BigInt, nullable=False, comment="Number of the source"),
        sa.Column("project_id", BigInt, nullable=False, comment="Project"),
        sa.Column("name", Key, nullable=False, comment="Unique in the project; prefix of its run ids"),
        sa.Column("kind", Key, nullable=False, comment="Kind of tracker, such as mlflow"),
        sa.Column("uri", Words, nullable=False, comment="Where the tracker is"),
        sa.Column(
            "experiment_filter",
            Words,
            nullable=False,
            comment="Tracker experiments to read, JSON list; empty reads all",
        ),
        sa.Column("cursor", Words, nullable=False, comment="Where the last sync stopped, JSON, opaque"),
        sa.Column("last_sync_at", Moment, nullable=True, comment="When it was last read"),
        sa.Column("last_sync_status", Words, nullable=False, comment="How it was read"),
        sa.Column(
            "last_sync_error", Words, nullable=False, comment="Why it could not be read, empty when it could"
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_sources_project_id_projects"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sources")),
        sa.UniqueConstraint("project_id", "name", name=op.f("uq_sources_project_id_name")),
        comment="Trackers a project reads from",
        sqlite_autoincrement=True,
        sqlite_strict=True,
    )
    op.create_table(
        "stage_counts",
        sa.Column("project_id", BigInt, nullable=False, comment="Project"),
        sa.Column("stage", Key, nullable=False, comment="Column of the board"),
        sa.Column("count", sa.Integer(), nullable=False, comment="Tickets in it"),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["projects.id"],
            name=op.f("fk_stage_counts_project_id_projects"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("project_id", "stage", name=op.f("pk_stage_counts")),
        comment="Tickets in each column, kept with every move for the WIP limits",
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "tickets",
        sa.Column("id", BigInt, nullable=False, comment="Number in this instance, never used again"),
        sa.Column("project_id", BigInt, nullable=False, comment="Project"),
        sa.Column("key", Key, nullable=False, comment="Readable key, such as EXP-42"),
        sa.Column("number", sa.Integer(), nullable=False, comment="Number in the key"),
        sa.Column("type", Key, nullable=False, comment="Kind of work"),
        sa.Column("title", Words, nullable=False, comment="Title"),
        sa.Column("owner", Words, nullable=False, comment="Owner"),
        sa.Column("priority", sa.Integer(), nullable=False, comment="0 is most urgent"),
        sa.Column("axis", Key, nullable=True, comment="Knob it turns"),
        sa.Column("mode", Key, nullable=True, comment="explore or exploit"),
        sa.Column("budget_gpu_hours", Real, nullable=True, comment="Compute budget; null when none is set"),
        sa.Column("stage", Key, nullable=False, comment="Column of the board"),
        sa.Column("rank", Real, nullable=False, comment="Order in the column, ascending"),
        sa.Column("version", sa.Integer(), nullable=False, comment="Raised by every edit, move and decision"),
        sa.Column(
            "card_version", sa.Integer(), nullable=False, comment="Raised by everything the card shows"
        ),
        sa.Column("created_at", Moment, nullable=False, comment="When it was made"),
        sa.Column("created_by", Words, nullable=False, comment="Who made it"),
        sa.Column("updated_at", Moment, nullable=False, comment="When version was last raised"),
        sa.Column("entered_stage_at", Moment, nullable=False, comment="When it entered its column"),
        sa.Column("iterations", sa.Integer(), nullable=False, comment="How often it entered Iteration"),
        sa.Column("locked", sa.Integer(), nullable=False, comment="1 once pre-registered"),
        sa.Column("decision", Key, nullable=True, comment="Latest decision: promote, iterate, kill"),
        sa.Column(
            "recommendation", Key, nullable=True, comment="Latest verdict: promote, iterate, kill, undecided"
        ),
        sa.Column("override_stage", Key, nullable=True, comment="Column last entered by an override"),
        sa.Column("override_at", Moment, nullable=True, comment="When that was"),
        sa.Column("card", Words, nullable=False, comment="What the card shows of evidence and verdict, JSON"),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_tickets_project_id_projects"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tickets")),
        sa.UniqueConstraint("project_id", "key", name=op.f("uq_tickets_project_id_key")),
        comment="Tickets as the board knows them",
        sqlite_autoincrement=True,
        sqlite_strict=True,
    )
    op.create_index(
        "ix_tickets_board", "tickets", ["project_id", "stage", "rank", "key", "card_version"], unique=False
    )
    op.create_index("ix_tickets_updated", "tickets", ["project_id", "updated_at", "id"], unique=False)
    op.create_table(
        "decisions",
        sa.Column("id", BigInt, nullable=False, comment="Order of recording"),
        sa.Column("ticket_id", BigInt, nullable=False, comment="Ticket"),
        sa.Column("kind", Key, nullable=False, comment="promote, iterate, kill"),
        sa.Column("learnings", Words, nullable=False, comment="What was learned"),
        sa.Column("at", Moment, nullable=False, comment="When it was recorded"),
        sa.Column("body", Words, nullable=False, comment="The whole decision, JSON"),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["tickets.id"], name=op.f("fk_decisions_ticket_id_tickets"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decisions")),
        comment="What people decided",
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_decisions_ticket_id"), "decisions", ["ticket_id"], unique=False)
    op.create_table(
        "links",
        sa.Column("ticket_id", BigInt, nullable=False, comment="From"),
        sa.Column("kind", Key, nullable=False, comment="How they relate"),
        sa.Column("other_id", BigInt, nullable=False, comment="To"),
        sa.ForeignKeyConstraint(
            ["other_id"], ["tickets.id"], name=op.f("fk_links_other_id_tickets"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["tickets.id"], name=op.f("fk_links_ticket_id_tickets"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("ticket_id", "kind", "other_id", name=op.f("pk_links")),
        comment="How tickets relate",
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_links_other_id"), "links", ["other_id"], unique=False)
    op.create_table(
        "notes",
        sa.Column("id", BigInt, nullable=False, comment="Order of writing"),
        sa.Column("ticket_id", BigInt, nullable=False, comment="Ticket"),
        sa.Column("text", Words, nullable=False, comment="What was written"),
        sa.Column("by", Words, nullable=False, comment="Who wrote it"),
        sa.Column("at", Moment, nullable=False, comment="When"),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["tickets.id"], name=op.f("fk_notes_ticket_id_tickets"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notes")),
        comment="What people wrote on tickets",
        sqlite_autoincrement=True,
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_notes_ticket_id"), "notes", ["ticket_id"], unique=False)
    op.create_table(
        "runs",
        sa.Column("id", BigInt, autoincrement=False, nullable=False, comment="Number in this instance"),
        sa.Column("project_id", BigInt, nullable=False, comment="Project"),
        sa.Column("source_id", BigInt, nullable=False, comment="Source"),
        sa.Column("external_id", Key, nullable=False, comment="Id in the tracker"),
        sa.Column("run_id", Key, nullable=False, comment="Source name, colon, id in the tracker"),
        sa.Column("ticket", Key, nullable=True, comment="Key of the ticket it belongs to"),
        sa.Column("tagged_ticket", Key, nullable=True, comment="Key the tracker names"),
        sa.Column("by_hand", sa.Integer(), nullable=False, comment="1 when a person attached or detached it"),
        sa.Column("name", Words, nullable=False, comment="Name in the tracker"),
        sa.Column("status", Key, nullable=False, comment="What the tracker last said"),
        sa.Column("seed", BigInt, nullable=True, comment="Seed; null when unknown"),
        sa.Column("started_at", Moment, nullable=True, comment="When it began"),
        sa.Column("gpu_hours", Real, nullable=True, comment="Compute used; null when unknown"),
        sa.Column("deleted", sa.Integer(), nullable=False, comment="1 once gone from the tracker"),
        sa.Column("digest", Key, nullable=False, comment="Digest of all a verdict can depend on"),
        sa.Column("seen_seq", BigInt, nullable=False, comment="Journal number at which it was first seen"),
        sa.Column(
            "last_values",
            Words,
            nullable=False,
            comment="Last value by metric, JSON; non-finite ones as text",
        ),
        sa.Column(
            "body",
            Words,
            nullable=False,
            comment="Config, tags, arm, dataset, cost, provenance and the rest, JSON",
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_runs_project_id_projects"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["source_id"], ["sources.id"], name=op.f("fk_runs_source_id_sources"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_runs")),
        sa.UniqueConstraint("project_id", "run_id", name=op.f("uq_runs_project_id_run_id")),
        sa.UniqueConstraint("source_id", "external_id", name=op.f("uq_runs_source_id_external_id")),
        comment="Runs as the trackers tell them",
        sqlite_strict=True,
    )
    op.create_index("ix_runs_started", "runs", ["project_id", "started_at", "id"], unique=False)
    op.create_index("ix_runs_ticket", "runs", ["project_id", "ticket"], unique=False)
    op.create_table(
        "ticket_documents",
        sa.Column("ticket_id", BigInt, autoincrement=False, nullable=False, comment="Ticket"),
        sa.Column("content", Words, nullable=False, comment="All that people wrote on it, JSON"),
        sa.Column("lock", Words, nullable=True, comment="Pre-registration with its amendments, JSON"),
        sa.Column("decision", Words, nullable=True, comment="Latest decision, JSON"),
        sa.Column("attestations", Words, nullable=False, comment="What people vouch for, JSON"),
        sa.Column("overrides", Words, nullable=False, comment="Gates passed by a person's word, JSON"),
        sa.ForeignKeyConstraint(
            ["ticket_id"],
            ["tickets.id"],
            name=op.f("fk_ticket_documents_ticket_id_tickets"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("ticket_id", name=op.f("pk_ticket_documents")),
        comment="The larger parts of a ticket, apart so that a move writes little",
        sqlite_strict=True,
    )
    op.create_table(
        "verdicts",
        sa.Column("id", BigInt, nullable=False, comment="Order of computing"),
        sa.Column("ticket_id", BigInt, nullable=False, comment="Ticket"),
        sa.Column("digest", Key, nullable=False, comment="Digest of the record"),
        sa.Column("body", Blob, nullable=False, comment="The record, canonical JSON"),
        sa.Column(
            "library_versions", Words, nullable=False, comment="What computed it, JSON, outside the digest"
        ),
        sa.Column("at", Moment, nullable=False, comment="When"),
        sa.Column("seq", BigInt, nullable=False, comment="Journal number"),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["tickets.id"], name=op.f("fk_verdicts_ticket_id_tickets"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_verdicts")),
        comment="Every verdict computed, with the bytes its digest covers",
        sqlite_strict=True,
    )
    op.create_index("ix_verdicts_ticket", "verdicts", ["ticket_id", "id"], unique=False)
    op.create_table(
        "curves",
        sa.Column("run_id", BigInt, nullable=False, comment="Run"),
        sa.Column("metric", Key, nullable=False, comment="Metric"),
        sa.Column("points", sa.Integer(), nullable=False, comment="Points of the curve"),
        sa.Column(
            "body",
            Blob,
            nullable=False,
            comment="Form byte, then steps, values, times packed little-endian, 8 bytes each",
        ),
        sa.ForeignKeyConstraint(
            ["run_id"], ["runs.id"], name=op.f("fk_curves_run_id_runs"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("run_id", "metric", name=op.f("pk_curves")),
        comment="Every logged value of one metric of one run, one row a curve",
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )

    op.execute(
        sa.insert(
            sa.table("journal_head", sa.column("id"), sa.column("seq"), sa.column("state", Blob))
        ).values(id=1, seq=0, state=b"")
    )
    if op.get_context().dialect.name == "sqlite":
        _sqlite()
    else:
        _postgresql()


def _sqlite() -> None:
    names = ", ".join(_SEARCHED)
    op.execute(
        f"CREATE VIRTUAL TABLE ticket_search USING fts5({names}, tokenize = 'unicode61 remove_diacritics 2')"
    )
    for action in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER journal_refuses_{action.lower()} BEFORE {action} ON journal "
            "BEGIN SELECT RAISE(ABORT, 'journal entries never change'); END"
        )


def _postgresql() -> None:
    columns = ", ".join(f"{name} text NOT NULL" for name in _SEARCHED)
    spaces = " " * len(_JOINERS)
    parts = " || ".join(
        f"setweight(to_tsvector('simple', translate(left({name}, {_INDEXED_CHARACTERS}), '{_JOINERS}', '{spaces}')), '{weight}')"
        for name, weight in zip(_SEARCHED, _WEIGHTS, strict=True)
    ).replace(":", "\\:")
    op.execute(
        "CREATE TABLE ticket_search (ticket_id bigint PRIMARY KEY REFERENCES tickets (id) ON DELETE CASCADE, "
        f"{columns}, document tsvector GENERATED ALWAYS AS ({parts}) STORED)"
    )
    op.execute("CREATE INDEX ix_ticket_search_document ON ticket_search USING gin (document)")
    op.execute(
        "CREATE FUNCTION journal_refuses() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'journal entries never change'; END $$"
    )
    op.execute(
        "CREATE TRIGGER journal_refuses_change BEFORE UPDATE OR DELETE ON journal "
        "FOR EACH ROW EXECUTE FUNCTION journal_refuses()"
    )
    op.execute(
        "CREATE TRIGGER journal_refuses_truncate BEFORE TRUNCATE ON journal "
        "FOR EACH STATEMENT EXECUTE FUNCTION journal_refuses()"
    )


def downgrade() -> None:
    op.execute("DROP TABLE ticket_search")
    for table in reversed(_TABLES):
        op.drop_table(table)
    if op.get_context().dialect.name == "postgresql":
        op.execute("DROP FUNCTION journal_refuses()")
