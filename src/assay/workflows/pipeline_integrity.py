"""Do jobs of pipelines still say what the journal says they said?"""

from __future__ import annotations

from collections.abc import Iterator

from assay.workflows.journaled import differing, rows_of_kind
from assay.workflows.ports import ReadTransaction
from assay.workflows.records import Project


def job_faults(tx: ReadTransaction, project: Project) -> Iterator[tuple[str, str]]:
    """Which ticket is it, and in which way is a job of it not the one in the journal?"""
    told = {str(row.payload.get("run")): row for row in rows_of_kind(tx, project, "job.changed")}
    for job in tx.jobs_with_tickets(project.id):
        row = told.pop(job.run_id, None)
        if row is None:
            yield str(job.ticket), f"pipeline job {job.job}: it is not in the journal"
            continue
        stored = {**job.tells, "ticket": job.ticket}
        other = differing(stored, {**row.payload, "ticket": row.subject})
        if other:
            yield (
                str(job.ticket),
                f"pipeline job {job.job}: it is not the one in the journal: it differs in {', '.join(other)}",
            )
    for row in told.values():
        yield (
            str(row.subject),
            f"pipeline job {row.payload.get('job')}: the journal tells of it, and it is gone",
        )
