"""What workflows about pipeline jobs need from the outside: parts of the ports that live with all others in `ports`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from assay.domain.experiments.pipeline_jobs import PipelineJob
    from assay.workflows.job_views import UnreadOrchestrator


class PipelineReads(Protocol):
    """What is remembered of jobs of pipelines."""

    def pipeline_job(self, project_id: int, run_id: str) -> PipelineJob | None: ...
    def pipeline_jobs(self, project_id: int, key: str, *, limit: int) -> Sequence[PipelineJob]:
        """The jobs of a ticket, those with the newest events first."""
        ...

    def jobs_with_tickets(self, project_id: int) -> Sequence[PipelineJob]:
        """Every job of a project that belongs to a ticket."""
        ...

    def failed_jobs(self, project_id: int, *, since: datetime) -> Sequence[PipelineJob]:
        """Jobs of tickets that did not end well since then and were not tried again, the newest first."""
        ...

    def unread_orchestrators(self, project_id: int, key: str | None) -> Sequence[UnreadOrchestrator]:
        """Orchestrators that cannot be read now, of those that were asked about jobs of this ticket; of all jobs without one."""
        ...

    def jobs_without_ticket(self, project_id: int, parent: str) -> Sequence[PipelineJob]:
        """Jobs that this run started and that no ticket has."""
        ...


class PipelineWrites(PipelineReads, Protocol):
    """What changes of them."""

    def put_pipeline_job(self, project_id: int, job: PipelineJob) -> None:
        """Write what is known of a run of a job."""
        ...

    def job_read_from(self, project_id: int, run_id: str, source_id: int) -> None:
        """This source was asked about the job."""
        ...

    def renew_cards(self, source_id: int) -> int:
        """Cards that show a job of this source are drawn anew: whether it can be read is on them. Returns how many."""
        ...

    def show_job(self, ticket_id: int, project_id: int, run_id: str | None) -> None:
        """The card of the ticket shows this job from now on, as it stands."""
        ...

    def forget_loose_jobs(self, project_id: int, *, before: datetime) -> int:
        """Drop jobs that belong to no ticket and were silent since; returns how many."""
        ...
