"""What must every store do with who follows a ticket and the files that belong to it? Part of the storage contract."""

from __future__ import annotations

from assay.domain.kernel.canonical import digest_bytes
from assay.testing.storage_samples import AT, later, new_project, new_ticket
from assay.workflows.ports import Store
from assay.workflows.records import Attachment, Ticket

CONTENT = b"\x89PNG\x00"


def put_company(store: Store, ticket: Ticket) -> Attachment:
    """Somebody follows this ticket, and it has a file."""
    file = Attachment(digest=digest_bytes(CONTENT), name="Größe.png", size=len(CONTENT), by="ada", at=AT)
    store.write(lambda tx: tx.watch(ticket.id, "grace", at=AT))
    store.write(lambda tx: tx.put_blob(file.digest, CONTENT))
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
