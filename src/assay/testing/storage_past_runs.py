"""Which past runs must every store find for a back-test of kill rules, and when may an old answer stand?"""

from __future__ import annotations

from dataclasses import replace

from assay.domain.experiments.evidence import Run, RunStatus
from assay.testing.storage_samples import AT, curve, lock, new_project, new_source, new_ticket, run
from assay.workflows.ports import Store, WriteTransaction
from assay.workflows.records import Project


class PastRunsContract:
    """Runs that are over, of tickets with a lock."""

    def test_runs_that_are_over_are_found_newest_first_with_how_many_there_are(self, store: Store) -> None:
        project = _past(store)
        with store.read() as tx:
            assert set(tx.ticket_locks(project.id)) == {"EXP-1"}
            found, total = tx.ended_runs(project.id, ["EXP-1"], ["accuracy", "loss"], limit=2)
            assert ([one.run_id for one in found], total) == (["lab:0004", "lab:0002"], 3)
            assert [dict(one.points) for one in found] == [{"accuracy": 2}, {"accuracy": 3}]
            curves = list(tx.curves_in_turn(project.id, ["lab:0002"], ["accuracy"]))
        assert [(run_id, metric, one.values.tolist()) for run_id, metric, one in curves] == [
            ("lab:0002", "accuracy", [0.1, 0.2, 0.3])
        ]

    def test_digest_of_past_runs_changes_with_what_a_back_test_reads_and_with_nothing_else(
        self, store: Store
    ) -> None:
        project = _past(store)
        new_source(store, project, "other")

        def digest(limit: int = 10) -> str:
            with store.read() as tx:
                return tx.past_digest(project.id, limit=limit)

        seen = [digest()]
        _put(store, project, run(9, ticket="EXP-2"), run(3, status=RunStatus.RUNNING, digest="more"))
        assert digest() == seen[0]
        assert digest(limit=1) != seen[0]
        _put(store, project, run(2, curves={"accuracy": curve(0.1, 0.2, 0.4)}, digest="other"))
        seen.append(digest())
        store.write(lambda tx: tx.attach_run(project.id, "lab:0001", None, seq=3))
        seen.append(digest())
        _put(store, project, replace(run(11), run_id="other:0011", source="other"), source_name="other")
        seen.append(digest())
        with store.read() as tx:
            ticket = tx.ticket(project.id, "EXP-2")
        assert ticket is not None
        store.write(lambda tx: tx.put_lock(ticket.id, lock(7)))
        seen.append(digest())
        assert len(set(seen)) == len(seen)


def _past(store: Store) -> Project:
    """Runs that are over, one that runs, one gone, and one of a ticket without a lock."""
    project = new_project(store)
    first = new_ticket(store, project)
    new_ticket(store, project)
    new_source(store, project)
    store.write(lambda tx: tx.put_lock(first.id, lock()))
    _put(
        store,
        project,
        run(1, started_at=AT),
        run(2, curves={"accuracy": curve(0.1, 0.2, 0.3)}),
        run(3, status=RunStatus.RUNNING),
        run(4),
        run(5, deleted=True),
        run(6, ticket="EXP-2"),
    )
    return project


def _put(store: Store, project: Project, *runs: Run, source_name: str = "lab") -> None:
    def work(tx: WriteTransaction) -> None:
        source = next(one for one in tx.sources(project.id) if one.name == source_name)
        tx.put_runs(source, runs, seq=2)

    store.write(work)
