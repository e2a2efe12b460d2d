"""What must every store keep when many people write at once?"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import pytest

from assay.domain.experiments.experiment import TicketContent
from assay.domain.governance.verification import verify_chain
from assay.domain.kernel.events import Event
from assay.errors import Conflict
from assay.testing.storage_samples import ADA, AT, new_project, new_ticket
from assay.workflows.ports import Store, WriteTransaction
from assay.workflows.records import StoredAnswer

THREADS = 8
T = TypeVar("T")


def _at_once(work: Callable[[int], T], count: int) -> list[T]:
    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(work, range(count)))


class ConcurrencyContract:
    """Races."""

    def test_one_of_many_edits_of_one_version_wins(self, store: Store) -> None:
        project = new_project(store)
        ticket = new_ticket(store, project)
        results = _at_once(
            lambda n: store.write(
                lambda tx: tx.place_ticket(ticket, stage="hypothesis", rank=float(n), at=AT)
            ),
            24,
        )
        assert sum(result is not None for result in results) == 1
        with store.read() as tx:
            assert tx.stage_counts(project.id) == {"hypothesis": 1}
            assert tx.tickets(project.id)[0].version == 2

    def test_column_limit_is_never_exceeded(self, store: Store) -> None:
        project = new_project(store)
        tickets = [new_ticket(store, project) for _ in range(16)]

        def move(tx: WriteTransaction, key: str) -> bool:
            ticket = tx.ticket(project.id, key)
            assert ticket is not None
            if tx.stage_counts(project.id).get("experiment", 0) >= 3:
                return False
            assert tx.place_ticket(ticket, stage="experiment", rank=1.0, at=AT) is not None
            tx.append(Event.of("ticket.moved", project="vision", subject=key), actor=ADA, at=AT)
            return True

        moved = _at_once(lambda n: store.write(lambda tx: move(tx, tickets[n].key)), 16)
        assert sum(moved) == 3
        with store.read() as tx:
            assert tx.stage_counts(project.id) == {"backlog": 13, "experiment": 3}
            assert verify_chain(tx.raw_entries()).ok
            assert tx.head()[0] == 16 + 3

    def test_numbers_of_tickets_and_entries_have_no_gap_and_no_twin(self, store: Store) -> None:
        project = new_project(store)
        keys = _at_once(lambda _: new_ticket(store, project).key, 40)
        assert sorted(keys) == sorted(f"EXP-{number}" for number in range(1, 41))
        with store.read() as tx:
            report = verify_chain(tx.raw_entries())
            assert report.ok
            assert report.head == tx.journal_head()
            assert report.head.size == 40

    def test_failing_transactions_do_not_disturb_their_neighbours(self, store: Store) -> None:
        project = new_project(store)

        def work(number: int) -> str | None:
            def change(tx: WriteTransaction) -> str:

                ticket = tx.add_ticket(
                    project, TicketContent(title=f"n{number}"), stage="backlog", rank=1.0, by="ada", at=AT
                )
                tx.append(Event.of("ticket.created", project="vision", subject=ticket.key), actor=ADA, at=AT)
                if number % 3 == 0:
                    raise ValueError(f"refused {number}")
                return ticket.content.title

            try:
                return store.write(change)
            except ValueError as error:
                assert str(error) == f"refused {number}"  # noqa: PT017  # each caller gets its own failure
                return None

        titles = [title for title in _at_once(work, 30) if title is not None]
        with store.read() as tx:
            kept = tx.tickets(project.id)
            assert sorted(ticket.content.title for ticket in kept) == sorted(titles)
            assert tx.head()[0] == len(kept) == 20
            assert verify_chain(tx.raw_entries()).ok

    def test_same_idempotency_key_at_once_is_one_row(self, store: Store) -> None:
        project = new_project(store)

        def ask(tx: WriteTransaction) -> bytes:
            earlier = tx.answer("ada POST /tickets", "same")
            if earlier is not None:
                return earlier.body

            ticket = tx.add_ticket(
                project, TicketContent(title="once"), stage="backlog", rank=1.0, by="ada", at=AT
            )
            body = ticket.key.encode()
            tx.put_answer("ada POST /tickets", "same", StoredAnswer("d", 201, body, {}), at=AT)
            return body

        assert set(_at_once(lambda _: store.write(ask), 50)) == {b"EXP-1"}
        with store.read() as tx:
            assert len(tx.tickets(project.id)) == 1

    def test_reader_sees_one_moment(self, store: Store) -> None:
        project = new_project(store)
        new_ticket(store, project)
        with store.read() as tx:
            assert len(tx.tickets(project.id)) == 1
            new_ticket(store, project)
            assert len(tx.tickets(project.id)) == 1
            assert tx.head()[0] == 1
        with store.read() as tx:
            assert len(tx.tickets(project.id)) == 2

    def test_submitted_work_answers_through_its_future(self, store: Store) -> None:
        project = new_project(store)
        futures = [store.submit(lambda tx: tx.project("vision")) for _ in range(5)]
        assert [future.result(timeout=10) for future in futures] == [project] * 5

        def fail(_: WriteTransaction) -> None:
            raise Conflict("no")

        with pytest.raises(Conflict, match="no"):
            store.submit(fail).result(timeout=10)
