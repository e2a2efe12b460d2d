"""What is remembered, as typed tables. Imported by storage alone.

Every table is listed here once: migrations are compared with this list, and a backup carries exactly these.
"""

from assay.storage.tables.blockers import blockers
from assay.storage.tables.company import attachments, inbox_marks, watchers
from assay.storage.tables.evidence import blobs, curves, past_curves, run_pasts, runs, sources, verdicts
from assay.storage.tables.gates import gate_runs, gates
from assay.storage.tables.instance import instance
from assay.storage.tables.journal import checkpoints, journal, journal_head
from assay.storage.tables.kept import project_documents
from assay.storage.tables.metadata import metadata
from assay.storage.tables.pipelines import pipeline_jobs
from assay.storage.tables.projects import answers, metrics, projects
from assay.storage.tables.sprints import commitments, sprints
from assay.storage.tables.tickets import decisions, links, notes, stage_counts, ticket_documents, tickets
from assay.storage.tables.webhooks import webhook_deliveries, webhooks

__all__ = [
    "answers",
    "attachments",
    "blobs",
    "blockers",
    "checkpoints",
    "commitments",
    "curves",
    "decisions",
    "gate_runs",
    "gates",
    "inbox_marks",
    "instance",
    "journal",
    "journal_head",
    "links",
    "metadata",
    "metrics",
    "notes",
    "past_curves",
    "pipeline_jobs",
    "project_documents",
    "projects",
    "run_pasts",
    "runs",
    "sources",
    "sprints",
    "stage_counts",
    "ticket_documents",
    "tickets",
    "verdicts",
    "watchers",
    "webhook_deliveries",
    "webhooks",
]
