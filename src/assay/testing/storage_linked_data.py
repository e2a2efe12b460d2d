"""What must every store do with data that tickets wait for? Part of the storage contract."""

from __future__ import annotations

from assay.domain.experiments.experiment import LinkKind
from assay.domain.experiments.supplies import LinkedData
from assay.domain.experiments.type_fields import DataFields, DataStage
from assay.domain.kernel.ids import TicketType
from assay.testing.storage_samples import AT, decision, new_project, new_ticket
from assay.workflows.ports import Store
from assay.workflows.records import Project, Ticket


def new_data(store: Store, project: Project, stage: DataStage = DataStage.QA) -> Ticket:
    """A data ticket."""
    said = DataFields(stage=stage, arrives="2026-06-02")
    return new_ticket(store, project, type=TicketType.DATA, title="Labels", data=said)


def link(store: Store, ticket: Ticket, kind: LinkKind, other: Ticket) -> None:
    """Relate two tickets."""
    assert store.write(lambda tx: tx.add_link(ticket.id, kind, other.id))


class LinkedDataContract:
    """The tests; the fixture `store` is an empty store."""

    def test_data_is_waited_for_whichever_way_it_is_linked_and_told_once(self, store: Store) -> None:
        project = new_project(store)
        taker, free, blocked = (new_ticket(store, project) for _ in range(3))
        data, plain = new_data(store, project), new_ticket(store, project)
        link(store, taker, LinkKind.NEEDS_DATA, data)
        link(store, data, LinkKind.BLOCKS, taker)
        link(store, data, LinkKind.BLOCKS, blocked)
        link(store, plain, LinkKind.BLOCKS, free)
        link(store, free, LinkKind.DERIVED_FROM, data)
        told = (LinkedData(data.key, "Labels", DataStage.QA, "2026-06-02"),)
        with store.read() as tx:
            assert tx.linked_data([taker.id, free.id, blocked.id]) == {taker.id: told, blocked.id: told}
            assert tx.linked_data([]) == {}
            assert tx.data_links(project.id) == {taker.key: told, blocked.key: told}

    def test_card_of_who_waits_is_another_once_the_data_changed(self, store: Store) -> None:
        project = new_project(store)
        taker, stranger = new_ticket(store, project), new_ticket(store, project)
        data = new_data(store, project)
        seen = []

        def look() -> None:
            with store.read() as tx:
                found, other = tx.ticket(project.id, taker.key), tx.ticket(project.id, stranger.key)
            assert found is not None
            assert other == stranger
            assert found.version == taker.version
            seen.append(found.card_version)

        look()
        link(store, taker, LinkKind.NEEDS_DATA, data)
        look()
        ready = data.content.model_copy(update={"data": DataFields(stage=DataStage.READY)})
        store.write(lambda tx: tx.edit_ticket(data, ready, at=AT))
        look()
        store.write(lambda tx: tx.add_decision(data.id, decision()))
        look()
        store.write(lambda tx: tx.remove_link(taker.id, LinkKind.NEEDS_DATA, data.id))
        look()
        link(store, data, LinkKind.BLOCKS, taker)
        look()
        with store.read() as tx:
            fresh = tx.ticket(project.id, data.key)
        assert fresh is not None
        store.write(lambda tx: tx.delete_ticket(fresh))
        look()
        assert seen == sorted(set(seen))

    def test_card_is_the_same_when_another_link_changes(self, store: Store) -> None:
        project = new_project(store)
        ticket, other, data = new_ticket(store, project), new_ticket(store, project), new_data(store, project)
        link(store, other, LinkKind.BLOCKS, ticket)
        link(store, ticket, LinkKind.DERIVED_FROM, data)
        with store.read() as tx:
            assert tx.ticket(project.id, ticket.key) == ticket
