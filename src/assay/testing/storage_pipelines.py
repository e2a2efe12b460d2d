"""What must every store do with jobs of pipelines? Part of the storage contract."""

from __future__ import annotations

from dataclasses import replace

from assay.domain.board.roles import column_roles
from assay.domain.experiments.pipeline_jobs import JobState, PipelineJob
from assay.testing.storage_samples import AT, later, new_project, new_ticket
from assay.workflows.job_views import UnreadOrchestrator
from assay.workflows.ports import Store
from assay.workflows.records import Ticket

JOB = PipelineJob(
    run_id="3b452093-782c-4ef2-9c0c-aafe2aa6f34d", namespace="ml", job="trainieren π", state=JobState.FAILED, started_at=AT,
    ended_at=later(5), event_at=later(6), ticket="EXP-1", parent="0176a8c2-fe01-7439-87e6-56a1a1b4029f",
    error="out of memory", url="https://example.org/log", tool="AIRFLOW",
)  # fmt: skip


def put_job(store: Store, ticket: Ticket) -> PipelineJob:
    """A pipeline told of this job of the ticket, and its card shows it."""
    job = replace(JOB, ticket=ticket.key)
    store.write(lambda tx: tx.put_pipeline_job(ticket.project_id, job))
    store.write(lambda tx: tx.show_job(ticket.id, ticket.project_id, job.run_id))
    return job


class PipelineContract:
    """The tests; the fixture `store` is an empty store."""

    def test_job_is_read_back_as_written_and_shown_on_the_card_as_it_stands(self, store: Store) -> None:
        project = new_project(store)
        ticket = new_ticket(store, project)
        job = put_job(store, ticket)
        running = replace(job, state=JobState.RUNNING, ended_at=None, error="")
        store.write(lambda tx: tx.put_pipeline_job(project.id, running))
        with store.read() as tx:
            assert tx.pipeline_job(project.id, job.run_id) == running
            assert list(tx.pipeline_jobs(project.id, "EXP-1", limit=5)) == [running]
            [shown] = tx.cards([ticket.id], column_roles(project.settings.board)).values()
            assert (shown.job, shown.card_version) == (running, ticket.card_version + 1)
            assert tx.pipeline_job(project.id + 1, job.run_id) is None
        store.write(lambda tx: tx.show_job(ticket.id, project.id, None))
        with store.read() as tx:
            [shown] = tx.cards([ticket.id], column_roles(project.settings.board)).values()
        assert shown.job is None

    def test_jobs_of_no_ticket_are_found_below_their_parent_and_forgotten_when_silent(
        self, store: Store
    ) -> None:
        project = new_project(store)
        loose = replace(JOB, ticket=None)
        store.write(lambda tx: tx.put_pipeline_job(project.id, loose))
        with store.read() as tx:
            assert list(tx.jobs_without_ticket(project.id, str(JOB.parent))) == [loose]
            assert list(tx.jobs_with_tickets(project.id)) == []
        assert store.write(lambda tx: tx.forget_loose_jobs(project.id, before=later(6))) == 0
        assert store.write(lambda tx: tx.forget_loose_jobs(project.id, before=later(7))) == 1

    def test_failed_jobs_are_those_that_ended_since_and_were_not_tried_again(self, store: Store) -> None:
        project = new_project(store)
        new_ticket(store, project)
        store.write(lambda tx: tx.put_pipeline_job(project.id, JOB))
        with store.read() as tx:
            assert list(tx.failed_jobs(project.id, since=later(5))) == [JOB]
            assert list(tx.failed_jobs(project.id, since=later(6))) == []
        again = replace(
            JOB, run_id="x", state=JobState.COMPLETED, started_at=later(6), ended_at=later(9), error=""
        )
        store.write(lambda tx: tx.put_pipeline_job(project.id, again))
        with store.read() as tx:
            assert list(tx.failed_jobs(project.id, since=AT)) == []

    def test_jobs_of_a_source_that_cannot_be_read_name_it_and_when_it_was(self, store: Store) -> None:
        project = new_project(store)
        ticket = new_ticket(store, project)
        job = put_job(store, ticket)
        source = store.write(
            lambda tx: tx.add_source(
                project.id, name="airflow", kind="airflow", uri="http://af", experiment_filter=()
            )
        )
        roles = column_roles(project.settings.board)

        def unread() -> tuple[object, object, object]:
            with store.read() as tx:
                [card] = tx.cards([ticket.id], roles).values()
                of_ticket = list(tx.unread_orchestrators(project.id, ticket.key))
                return card.job_unread, of_ticket, list(tx.unread_orchestrators(project.id, None))

        failed = replace(source, last_sync_at=AT, last_sync_status="failed", last_sync_error="refused")
        store.write(lambda tx: tx.save_source(failed))
        assert unread() == (None, [], [])  # no job was read from it
        store.write(lambda tx: tx.job_read_from(project.id, job.run_id, source.id))
        one = UnreadOrchestrator("airflow", AT, "refused")
        assert unread() == (one, [one], [one])
        with store.read() as tx:
            assert tx.pipeline_job(project.id, job.run_id) == job
            assert list(tx.unread_orchestrators(project.id, "EXP-77")) == []
        store.write(lambda tx: tx.save_source(replace(failed, last_sync_error="")))
        assert unread() == (None, [], [])
        store.write(lambda tx: tx.remove_source(source.id))
        with store.read() as tx:
            [before] = tx.cards([ticket.id], roles).values()
        store.write(lambda tx: tx.renew_cards(source.id))
        with store.read() as tx:
            [after] = tx.cards([ticket.id], roles).values()
        assert after.card_version == before.card_version + 1
        gone = UnreadOrchestrator("airflow", AT, "")
        assert unread() == (gone, [gone], [])  # it is kept for the sake of its jobs
