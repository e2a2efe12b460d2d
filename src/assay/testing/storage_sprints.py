"""What must every store do with sprints?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import product

from assay.domain.experiments.evidence import UNFINISHED, Run, RunStatus
from assay.domain.experiments.experiment import DecisionKind
from assay.domain.kernel.events import Event
from assay.domain.sprints.progress import RunBegan, RunsSoFar
from assay.domain.sprints.sprint import Capacity, KillCall, Retro, Split, SprintContent, SprintState, Work
from assay.testing.storage_samples import (
    ADA,
    AT,
    curve,
    decision,
    later,
    new_project,
    new_source,
    new_ticket,
    run,
)
from assay.workflows.ports import Store, WriteTransaction

CONTENT = SprintContent(
    name="Sprint 6",
    goal="Know whether reranking pays.",
    starts_on=date(2026, 5, 25),
    ends_on=date(2026, 6, 5),
    capacity=Capacity(person_days=Split(available=Decimal("36.5"), percent={Work.DATA: 25})),
)


def every_kind_of_run() -> list[Run]:
    """Runs of two tickets that differ in all that a ceremony counts by."""
    kinds = product(
        ("EXP-1", "EXP-2"), (None, 0, 10, 30), (None, 5, 20, 40), RunStatus, ("candidate", "baseline"), (0.8, math.nan, None)
    )  # fmt: skip
    return [
        run(
            number, ticket=ticket, status=status, arm=arm, curves={"accuracy": curve() if last is None else curve(0.5, last), "never": curve()},
            started_at=None if begun is None else later(begun), ended_at=None if ended is None else later(ended),
            gpu_hours=(None, 0.5, 2.0)[number % 3], deleted=number % 7 == 0,
        )
        for number, (ticket, begun, ended, status, arm, last) in enumerate(kinds)
    ]  # fmt: skip


def counted(runs: Sequence[Run], begin: datetime, until: datetime) -> RunsSoFar:
    """The same as the store counts, one run after the other."""
    began = [one for one in runs if one.started_at is not None and one.started_at <= until]
    ended = [one for one in runs if one.ended_at is not None and one.ended_at <= until]
    inside = [one for one in began if one.started_at is not None and begin <= one.started_at]
    closed = [one for one in ended if one.ended_at is not None and begin <= one.ended_at]
    counting = [one for one in began if one.arm != "baseline"]
    finished = [
        one
        for one in counting
        if one.status is RunStatus.FINISHED and has_numbers(one) and not is_broken(one)
    ]
    going = [one for one in counting if one.ended_at is None and one.status in UNFINISHED]
    going += [one for one in counting if one.ended_at is not None and one.ended_at > until]
    moments = [one.started_at for one in began] + [one.ended_at for one in ended]
    return RunsSoFar(
        begun=len(counting),
        with_results=sum(one.ended_at is None or one.ended_at <= until for one in finished),
        going=len(going),
        last_sign_at=max((moment for moment in moments if moment is not None), default=None),
        gpu_hours=sum(one.gpu_hours or 0.0 for one in inside),
        without_gpu_hours=sum(one.gpu_hours is None for one in inside),
        ended=len(closed),
        ended_badly=sum(is_broken(one) or one.status is not RunStatus.FINISHED for one in closed),
    )


def is_broken(one: Run) -> bool:
    """Is its last value no number?"""
    return has_numbers(one) and not math.isfinite(one.curves["accuracy"].last)


def has_numbers(one: Run) -> bool:
    """Did it log any?"""
    return len(one.curves["accuracy"].steps) > 0


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
            assert tx.commitment_counts(project.id) == {sprint.id: (2, 1, 1)}
            assert tx.commitment_counts(project.id + 1) == {}
        assert [one.stands for one in (gone, made[1])] == [False, True]

    def test_decisions_are_found_by_ticket_oldest_first(self, store: Store) -> None:
        project = new_project(store)
        tickets = [new_ticket(store, project) for _ in range(2)]
        for ticket, kind in (
            (tickets[1], DecisionKind.ITERATE),
            (tickets[0], DecisionKind.KILL),
            (tickets[1], DecisionKind.PROMOTE),
        ):
            store.write(lambda tx, ticket=ticket, kind=kind: tx.add_decision(ticket.id, decision(kind)))  # type: ignore[misc]
        with store.read() as tx:
            assert [one.kind for one in tx.decided(project.id)] == ["iterate", "kill", "promote"]
            assert [one.kind for one in tx.decided(project.id, ["EXP-2", "EXP-9"])] == ["iterate", "promote"]
            assert tx.decided(project.id, []) == []

    def test_tickets_at_hand_are_open_and_not_in_the_sprint(self, store: Store) -> None:
        project = new_project(store)
        sprint = store.write(lambda tx: tx.add_sprint(project.id, CONTENT, at=AT))
        inside, out, killed, again, over, open_ = (
            new_ticket(store, project, stage="live" if number == 4 else "backlog") for number in range(6)
        )

        def work(tx: WriteTransaction) -> None:
            made = [
                tx.add_commitment(sprint, one, by="Ada", at=AT, after_start=False) for one in (inside, out)
            ]
            tx.save_commitment(replace(made[1], removed_at=later(1)))
            for one in (killed, again):
                tx.add_decision(one.id, decision(DecisionKind.KILL))
            tx.place_ticket(again, stage="evaluation", rank=1.0, at=later(1))

        store.write(work)
        with store.read() as tx:
            found = tx.at_hand(project.id, sprint.id, over=["killed", "live"])
        assert sorted(one.key for one in found) == [out.key, again.key, open_.key]
        assert (found[0].title, found[0].rank) == (out.content.title, out.rank)
        assert over.key not in {one.key for one in found}

    def test_runs_of_tickets_are_counted_as_one_would_count_them_by_hand(self, store: Store) -> None:
        project = new_project(store)
        source, runs = new_source(store, project), every_kind_of_run()
        store.write(lambda tx: tx.put_runs(source, runs, seq=1))
        alive = [one for one in runs if not one.deleted]
        for begin, until in ((AT, later(20)), (later(10), later(60)), (later(60), later(50))):
            with store.read() as tx:
                found = tx.runs_so_far(project.id, ["EXP-1", "EXP-2", "EXP-9"], begin=begin, until=until)
            assert found == {
                key: counted([one for one in alive if one.ticket == key], begin, until)
                for key in ("EXP-1", "EXP-2")
            }
        with store.read() as tx:
            assert tx.runs_so_far(project.id, [], begin=AT, until=AT) == {}

    def test_run_that_changes_leaves_or_goes_is_counted_anew(self, store: Store) -> None:
        project = new_project(store)
        source, going = (
            new_source(store, project),
            run(1, digest="a", status=RunStatus.RUNNING, ended_at=None),
        )
        ended = replace(going, digest="b", status=RunStatus.FINISHED, ended_at=later(9), arm="baseline")

        def so_far() -> list[int]:
            with store.read() as tx:
                found = tx.runs_so_far(project.id, ["EXP-1", "EXP-2"], begin=AT, until=later(60))
            return [found.get(key, RunsSoFar()).ended for key in ("EXP-1", "EXP-2")]

        store.write(lambda tx: tx.put_runs(source, [going], seq=1))
        assert so_far() == [0, 0]
        store.write(lambda tx: tx.put_runs(source, [ended], seq=2))
        assert so_far() == [1, 0]
        store.write(lambda tx: tx.attach_run(project.id, going.run_id, "EXP-2", seq=3))
        assert so_far() == [0, 1]
        store.write(lambda tx: tx.mark_deleted(source.id, [going.external_id], seq=4))
        assert so_far() == [0, 0]

    def test_news_of_runs_are_those_that_go_on_or_ended_since(self, store: Store) -> None:
        project = new_project(store)
        source, runs = new_source(store, project), every_kind_of_run()
        store.write(lambda tx: tx.put_runs(source, runs, seq=1))
        goes_on = (RunStatus.SCHEDULED, RunStatus.RUNNING)
        mine = [one for one in runs if not one.deleted and one.ticket == "EXP-2"]
        with store.read() as tx:
            ends = tx.run_ends(project.id, ["EXP-2"], since=later(5))
            longest = tx.longest_runs(project.id, ["EXP-2", "EXP-9"])
            begun = tx.runs_begun(project.id, ["EXP-2"], since=later(0))
        assert [one.run_id for one in ends] == [
            one.run_id
            for one in mine
            if (one.status in goes_on and one.started_at is not None)
            or (one.status not in goes_on and (one.ended_at or one.started_at or later(0)) > later(5))
        ]
        known = {one.run_id: one for one in mine}
        for end in ends:
            one = known[end.run_id]
            assert (end.name, end.status, end.started_at) == (one.name, one.status, one.started_at)
            assert (end.ended_at, end.broken) == (one.ended_at, ("accuracy",) if is_broken(one) else ())
        assert longest == {"EXP-2": timedelta(minutes=40)}
        late = [one for one in mine if one.started_at is not None and one.started_at > later(0)]
        assert sorted(begun, key=str) == sorted(
            (RunBegan("EXP-2", one.started_at, one.gpu_hours) for one in late if one.started_at), key=str
        )

    def test_newest_entry_is_found_by_subject_kind_and_moment(self, store: Store) -> None:
        project, other = new_project(store), new_project(store, slug="speech")

        def work(tx: WriteTransaction) -> None:
            for minute, key, kind in (
                (1, "EXP-1", "a"),
                (2, "EXP-1", "b"),
                (3, "EXP-1", "c"),
                (4, "EXP-2", "a"),
            ):
                for slug in (project.slug, other.slug):
                    event = Event.of(f"ticket.{kind}", project=slug, subject=key, minute=minute)
                    tx.append(event, actor=ADA, at=later(minute))

        store.write(work)
        kinds = ["ticket.a", "ticket.b"]

        def newest(minute: int) -> dict[str, int]:
            with store.read() as tx:
                found = tx.newest_of(project.slug, ["EXP-1", "EXP-2", "EXP-3"], kinds, until=later(minute))
            assert all(row.project == project.slug for row in found.values())
            return {key: row.payload["minute"] for key, row in found.items()}

        assert (newest(0), newest(1)) == ({}, {"EXP-1": 1})
        assert newest(9) == {"EXP-1": 2, "EXP-2": 4}
