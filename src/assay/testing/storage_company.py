"""What must every store do with who follows a ticket and the files that belong to it? Part of the storage contract."""

from __future__ import annotations

from assay.domain.kernel.canonical import digest_bytes
from assay.domain.kernel.events import Event
from assay.testing.storage_samples import ADA, AT, later, new_project, new_ticket
from assay.workflows.actor import Actor
from assay.workflows.ports import Store
from assay.workflows.records import Attachment, Ticket

CONTENT = b"\x89PNG\x00"


def put_company(store: Store, ticket: Ticket) -> Attachment:
    """Somebody follows this ticket and has read everything, and it has a file."""
    file = Attachment(digest=digest_bytes(CONTENT), name="Größe.png", size=len(CONTENT), by="ada", at=AT)
    store.write(lambda tx: tx.watch(ticket.id, "grace", at=AT))
    store.write(lambda tx: tx.mark_read(ticket.project_id, "grace", tx.head()[0]))
    store.write(lambda tx: tx.put_blob(file.digest, CONTENT, only_attached=True))
    store.write(lambda tx: tx.add_attachment(ticket.id, file))
    return file


class CompanyContract:
    """The tests; the fixture `store` is an empty store."""

    def test_watchers_are_listed_by_when_they_began_and_each_once(self, store: Store) -> None:
        project = new_project(store)
        ticket, other = new_ticket(store, project), new_ticket(store, project)
        assert store.write(lambda tx: tx.watch(ticket.id, "grace", at=later(1))) is True
        assert store.write(lambda tx: tx.watch(ticket.id, "Ada Noor", at=AT)) is True
        assert store.write(lambda tx: tx.watch(ticket.id, "grace", at=later(2))) is False
        with store.read() as tx:
            assert tx.watchers(ticket.id) == ["Ada Noor", "grace"]
            assert tx.company(ticket.id) == (["Ada Noor", "grace"], [])
            assert tx.watchers(other.id) == []
        assert store.write(lambda tx: tx.unwatch(ticket.id, "grace")) is True
        assert store.write(lambda tx: tx.unwatch(ticket.id, "grace")) is False

    def test_files_are_listed_in_order_and_taken_off_by_digest(self, store: Store) -> None:
        project = new_project(store)
        ticket, other = new_ticket(store, project), new_ticket(store, project)
        file = put_company(store, ticket)
        store.write(lambda tx: tx.add_attachment(other.id, file))
        with store.read() as tx:
            assert tx.attachments(ticket.id) == [file]
            assert tx.company(ticket.id)[1] == [file]
            assert tx.blob(file.digest) == CONTENT
        assert store.write(lambda tx: tx.remove_attachment(ticket.id, file.digest)) is True
        assert store.write(lambda tx: tx.remove_attachment(ticket.id, file.digest)) is False
        with store.read() as tx:
            assert (tx.attachments(ticket.id), tx.attachments(other.id)) == ([], [file])

    def test_deleted_ticket_takes_its_company_along(self, store: Store) -> None:
        project = new_project(store)
        ticket = new_ticket(store, project)
        put_company(store, ticket)
        assert store.write(lambda tx: tx.delete_ticket(ticket)) is True
        with store.read() as tx:
            assert (tx.watchers(ticket.id), tx.attachments(ticket.id)) == ([], [])

    def test_file_goes_with_the_last_ticket_that_had_it_unless_something_else_needs_it(
        self, store: Store
    ) -> None:
        project = new_project(store)
        ticket, other = new_ticket(store, project), new_ticket(store, project)
        file = put_company(store, ticket)
        store.write(lambda tx: tx.add_attachment(other.id, file))
        store.write(lambda tx: tx.remove_attachment(ticket.id, file.digest))
        assert store.write(lambda tx: tx.drop_unattached(file.digest)) is False
        store.write(lambda tx: tx.remove_attachment(other.id, file.digest))
        assert store.write(lambda tx: tx.drop_unattached(file.digest)) is True
        assert store.write(lambda tx: tx.drop_unattached(file.digest)) is False
        with store.read() as tx:
            assert tx.blob(file.digest) is None
        for attached_first in (True, False):
            for only_attached in (attached_first, not attached_first):
                store.write(
                    lambda tx, only=only_attached: tx.put_blob(file.digest, CONTENT, only_attached=only)  # type: ignore[misc]
                )
            assert store.write(lambda tx: tx.drop_unattached(file.digest)) is False

    def test_what_others_did_is_heard_by_those_who_follow_since_they_follow(self, store: Store) -> None:
        project, elsewhere = new_project(store), new_project(store, slug="speech")
        ticket, unheard = new_ticket(store, project, title="Rank 4"), new_ticket(store, project)
        new_ticket(store, elsewhere)

        def tell(slug: str, key: str, minute: int, actor: Actor = ADA, kind: str = "ticket.moved") -> int:
            event = Event.of(kind, project=slug, subject=key)
            return store.write(lambda tx: tx.append(event, actor=actor, at=later(minute)))

        tell("vision", ticket.key, 1)
        store.write(lambda tx: tx.watch(ticket.id, "grace", at=later(2)))
        first = tell("vision", ticket.key, 2)
        tell("vision", ticket.key, 3, kind="ticket.ranked")
        tell("vision", ticket.key, 4, actor=Actor(name="grace"))
        tell("vision", unheard.key, 5)
        tell("speech", "EXP-1", 6)
        second = tell("vision", ticket.key, 7, kind="ticket.noted")
        with store.read() as tx:
            rows, more = tx.heard(project, "grace", before=None, limit=10)
            assert [(one.row.seq, one.title) for one in rows] == [(second, "Rank 4"), (first, "Rank 4")]
            assert more is None
            assert [one.row.seq for one in tx.heard(project, "grace", before=second, limit=1)[0]] == [first]
            assert tx.heard(project, "grace", before=None, limit=1)[1] == second
            assert tx.unread(project, "grace") == (0, 2)
            assert tx.unread(project, "nobody") == (0, 0)
            assert tx.followers(project.id) == [("grace", 1)]
        assert store.write(lambda tx: tx.mark_read(project.id, "grace", first)) == 0
        assert store.write(lambda tx: tx.mark_read(project.id, "grace", first)) == first
        with store.read() as tx:
            assert tx.unread(project, "grace") == (first, 1)
            found, new = tx.projects_and_unread(project, "grace")
            assert ([one.slug for one in found], new) == (["speech", "vision"], 1)
            assert tx.projects_and_unread(elsewhere, "grace")[1] == 0
