"""What must the journal of every store do?"""

from __future__ import annotations

import pytest

from assay.domain.governance.journal import GENESIS, read_body
from assay.domain.governance.verification import verify_chain
from assay.domain.kernel.events import Event
from assay.errors import Invalid
from assay.testing.storage_samples import ADA, AT, later, new_project, new_ticket
from assay.workflows.ports import Store, WriteTransaction


class JournalContract:
    """Appending, reading, checkpoints."""

    def test_empty_journal_begins_at_genesis(self, store: Store) -> None:
        with store.read() as tx:
            assert tx.head() == (0, GENESIS)
            assert list(tx.raw_entries()) == []
        assert store.last_seq() == 0

    def test_entries_chain_across_transactions(self, store: Store) -> None:
        def three(tx: WriteTransaction) -> list[int]:
            return [tx.append(Event.of("a.b", project=None, n=n), actor=ADA, at=later(n)) for n in range(3)]

        assert store.write(three) == [1, 2, 3]
        assert store.write(three) == [4, 5, 6]
        with store.read() as tx:
            report = verify_chain(tx.raw_entries())
            assert report.ok
            assert report.head == tx.journal_head()
            assert tx.head() == (6, report.head.head)
            entries = list(tx.entries(after=4, until=5))
        assert [(entry.seq, entry.at, entry.actor, entry.kind) for entry in entries] == [
            (5, later(1), "ada", "a.b")
        ]
        assert read_body(entries[0].body).event.payload == {"n": 1}
        assert store.last_seq() == 6

    def test_entry_is_undone_with_its_transaction(self, store: Store) -> None:
        def fail(tx: WriteTransaction) -> None:
            tx.append(Event.of("a.lost", project=None), actor=ADA, at=AT)
            raise KeyError("stop")

        project = new_project(store)
        new_ticket(store, project)
        with pytest.raises(KeyError):
            store.write(fail)
        new_ticket(store, project)
        with store.read() as tx:
            assert verify_chain(tx.raw_entries()).ok
            assert [entry.kind for entry in tx.entries()] == ["ticket.created", "ticket.created"]

    def test_event_that_no_journal_can_hold_is_invalid(self, store: Store) -> None:
        event = Event.model_construct(kind="a.b", project=None, subject=None, payload={"x": float("nan")})
        with pytest.raises(Invalid, match=r"payload\.x"):
            store.write(lambda tx: tx.append(event, actor=ADA, at=AT))
        assert store.last_seq() == 0

    def test_head_counts_entries_of_the_open_transaction(self, store: Store) -> None:
        def work(tx: WriteTransaction) -> tuple[int, int]:
            tx.append(Event.of("a.b", project=None), actor=ADA, at=AT)
            return tx.head()[0], tx.journal_head().size

        assert store.write(work) == (1, 1)

    def test_checkpoints_come_oldest_first_and_one_for_a_size(self, store: Store) -> None:
        for size, document in ((5, b"five"), (2, b"two"), (5, b"five again")):
            store.write(
                lambda tx, size=size, document=document: tx.put_checkpoint(
                    size=size, document=document, at=AT
                )  # type: ignore[misc]
            )
        with store.read() as tx:
            assert tx.checkpoints() == [b"two", b"five again"]

    def test_waiting_for_a_change_ends_with_the_change(self, store: Store) -> None:
        assert store.wait_for_change(0, timeout_s=0.05) == 0
        project = new_project(store)
        new_ticket(store, project)
        assert store.wait_for_change(0, timeout_s=5) == 1

    def test_journal_page_filters_and_pages(self, store: Store) -> None:
        project = new_project(store)
        for _ in range(5):
            new_ticket(store, project)
        with store.read() as tx:
            page = tx.journal_page(
                project="vision", before=None, limit=2, kind="ticket.", subject=None, actor="ada"
            )
            assert ([row.seq for row in page.rows], page.total, page.next_before) == ([5, 4], 5, 4)
            rest = tx.journal_page(project=None, before=2, limit=2, kind=None, subject="EXP-1", actor=None)
            assert ([row.subject for row in rest.rows], rest.next_before) == (["EXP-1"], None)
            with pytest.raises(Invalid):
                tx.journal_page(project=None, before=None, limit=-1, kind=None, subject=None, actor=None)

    def test_entries_about_some_subjects_are_told_up_to_a_moment(self, store: Store) -> None:
        project = new_project(store)
        for minute, subject in enumerate(("EXP-1", "EXP-2", "EXP-1", "EXP-3")):
            event = Event.of("ticket.noted", project=project.slug, subject=subject)
            store.write(lambda tx, event=event, minute=minute: tx.append(event, actor=ADA, at=later(minute)))  # type: ignore[misc]
        with store.read() as tx:
            asked = project.slug, ("EXP-1", "EXP-2"), ("ticket.noted",)
            assert [row.seq for row in tx.told_of(*asked)] == [1, 2, 3]
            assert [row.seq for row in tx.told_of(*asked, until=later(1))] == [1, 2]
            assert tx.told_of(project.slug, (), ("ticket.noted",)) == []

    def test_entries_of_some_kinds_of_a_project_come_oldest_first(self, store: Store) -> None:
        for project in (new_project(store), new_project(store, slug="speech")):
            new_ticket(store, project)
        about = {"project": "vision", "subject": "EXP-1"}
        for kind in ("ticket.noted", "ticket.moved", "ticket.noted"):
            store.write(lambda tx, kind=kind: tx.append(Event.of(kind, **about), actor=ADA, at=AT))  # type: ignore[misc]
        with store.read() as tx:
            rows = list(tx.told("vision", ("ticket.noted", "ticket.created")))
            assert [(row.seq, row.kind) for row in rows] == [
                (1, "ticket.created"), (3, "ticket.noted"), (5, "ticket.noted"),
            ]  # fmt: skip
            assert {row.project for row in rows} == {"vision"}
            assert list(tx.told("nobody", ("ticket.noted",))) == []
