"""Gates of a project and what they answered; tickets know when their evidence last changed."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from assay.storage.types import BigInt, Blob, Key, Moment, Words

revision = "0005"
down_revision = "0004"


def _column(
    name: str, kind: sa.types.TypeEngine[Any], comment: str, *, nullable: bool = False
) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=nullable, comment=comment)


def upgrade() -> None:
    op.create_table(
        "gates",
        _column("id", BigInt, "Number in this instance"),
        _column("project_id", BigInt, "Project"),
        _column("name", Key, "Name in the project"),
        _column("version", BigInt, "Version; a row never changes"),
        _column("text", Words, "The gate file as it was sent"),
        _column("files", Words, "Digest by name of the files it names, JSON"),
        _column("body", Words, "The gate, its files read in, JSON"),
        _column("digest", Key, "Digest of what it asks"),
        _column("changes", Words, "Changes against the version before, JSON"),
        _column("reason", Words, "Why it was changed"),
        _column("by", Words, "Who sent it"),
        _column("at", Moment, "When"),
        _column("seq", BigInt, "Journal number"),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_gates_project_id_projects"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gates")),
        sa.UniqueConstraint("project_id", "name", "version", name=op.f("uq_gates_project_id_name_version")),
        comment="Gates of projects: every version, as it was sent",
        sqlite_strict=True,
    )
    op.create_table(
        "gate_runs",
        _column("id", BigInt, "Number in this instance"),
        _column("project_id", BigInt, "Project"),
        _column("number", sa.Integer(), "Number in the project"),
        _column("gate_id", BigInt, "Version of the gate that judged"),
        _column("ticket", Key, "Key of the ticket it is about", nullable=True),
        _column("candidate", Words, "What was judged: files by digest, JSON"),
        _column("baseline", Words, "What it was compared with, JSON; null without", nullable=True),
        _column("dataset", Words, "Evaluation set; null when unknown", nullable=True),
        _column("judged", Key, "Digest of the candidate's files"),
        _column("result", Key, "pass, fail, inconclusive, invalid"),
        _column("headline", Words, "The answer in one line"),
        _column("figure", Words, "The number that leads the answer, JSON; null without one", nullable=True),
        _column("digest", Key, "Digest of the record"),
        _column("body", Blob, "The record, canonical JSON"),
        _column("library_versions", Words, "What computed it, JSON, outside the digest"),
        _column("seen_seq", BigInt, "Newest journal number when its evidence was read"),
        _column("by", Words, "Who asked"),
        _column("at", Moment, "When"),
        _column("seq", BigInt, "Journal number"),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_gate_runs_project_id_projects"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["gate_id"], ["gates.id"], name=op.f("fk_gate_runs_gate_id_gates"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gate_runs")),
        sa.UniqueConstraint("project_id", "number", name=op.f("uq_gate_runs_project_id_number")),
        comment="Answers of gates, with the bytes their digest covers",
        sqlite_strict=True,
    )
    op.create_index("ix_gate_runs_gate_id", "gate_runs", ["gate_id"])
    op.create_index("ix_gate_runs_ticket", "gate_runs", ["project_id", "ticket", "number"])
    op.create_index("ix_gate_runs_dataset", "gate_runs", ["project_id", "dataset", "number"])
    op.add_column(
        "tickets",
        sa.Column(
            "evidence_seq",
            BigInt,
            nullable=False,
            server_default="0",
            comment="Journal number of its newest evidence; 0 for none yet",
        ),
    )


def downgrade() -> None:
    op.drop_column("tickets", "evidence_seq")
    op.drop_table("gate_runs")
    op.drop_table("gates")
