"""What must every store do with sprints?"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

from assay.domain.sprints.sprint import Capacity, KillCall, Retro, Split, SprintContent, SprintState, Work
from assay.testing.storage_samples import AT, later, new_project, new_ticket
from assay.workflows.ports import Store

CONTENT = SprintContent(
    name="Sprint 6",
    goal="Know whether reranking pays.",
    starts_on=date(2026, 5, 25),
    ends_on=date(2026, 6, 5),
    capacity=Capacity(person_days=Split(available=Decimal("36.5"), percent={Work.DATA: 25})),
)


class SprintContract:
    """Sprints and their commitments."""

    def test_sprint_is_read_back_as_written_under_the_next_number_of_its_project(self, store: Store) -> None:
        project, other = new_project(store), new_project(store, slug="speech")
        first = store.write(lambda tx: tx.add_sprint(project.id, CONTENT, at=AT))
        second = store.write(lambda tx: tx.add_sprint(project.id, CONTENT, at=AT))
        elsewhere = store.write(lambda tx: tx.add_sprint(other.id, CONTENT, at=AT))
        assert (first.number, second.number, elsewhere.number) == (1, 2, 1)
        with store.read() as tx:
            assert tx.sprints(project.id) == [first, second]
            assert tx.sprint(project.id, 2) == second
            assert tx.sprint(project.id, 3) is None

    def test_sprint_saved_on_an_old_version_changes_nothing(self, store: Store) -> None:
        project = new_project(store)
        planned = store.write(lambda tx: tx.add_sprint(project.id, CONTENT, at=AT))
        retro = Retro(went_well="Kills came early.", kill_calls={"EXP-1": KillCall.GOOD})
        active = replace(planned, state=SprintState.ACTIVE, started_at=later(1), retro=retro)
        saved = store.write(lambda tx: tx.save_sprint(active))
        assert saved == replace(active, version=2)
        assert store.write(lambda tx: tx.save_sprint(replace(planned, state=SprintState.ENDED))) is None
        with store.read() as tx:
            assert tx.sprint(project.id, 1) == saved

    def test_commitment_taken_out_is_kept_with_its_reason(self, store: Store) -> None:
        project = new_project(store)
        ticket, other = new_ticket(store, project), new_ticket(store, project)
        sprint = store.write(lambda tx: tx.add_sprint(project.id, CONTENT, at=AT))
        made = store.write(
            lambda tx: [
                tx.add_commitment(sprint, one, by="Ada", at=AT, after_start=after)
                for one, after in ((ticket, False), (other, True))
            ]
        )
        gone = replace(
            made[0], removed_at=later(2), removed_by="Jo", removed_reason="labels late", extension_reason="x"
        )
        store.write(lambda tx: tx.save_commitment(gone))
        with store.read() as tx:
            assert tx.commitments(sprint.id) == [gone, made[1]]
            assert tx.all_commitments(project.id) == [gone, made[1]]
        assert [one.stands for one in (gone, made[1])] == [False, True]
