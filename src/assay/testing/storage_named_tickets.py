"""What every store answers about runs that name a ticket which is not there."""

from __future__ import annotations

from datetime import UTC, datetime

from assay.storage.types import storable
from assay.testing.storage_samples import new_project, new_source, new_ticket, run
from assay.workflows.ports import Store


class NamedTicketContract:
    """Runs that name no ticket of the project (see `assay.testing.storage_contract`)."""

    def test_run_that_names_no_ticket_of_the_project_belongs_to_none_until_there_is_one(
        self, store: Store
    ) -> None:
        project = new_project(store)
        source = new_source(store, project)
        said = run(2, ticket=None, tags={"assay.ticket": "the \x00big one"})
        put = store.write(lambda tx: tx.put_runs(source, [run(1), said, run(3, deleted=True)], seq=1))
        assert put.named == {"EXP-1", storable("the \x00big one")}
        with store.read() as tx:
            assert tx.keys_there(project.id, put.named) == tx.keys_there(project.id, ()) == set()
            rows = tx.run_list(project, after=None, limit=5, filters={"ticket": "none"}).rows
            assert [(row.ticket, row.unknown_ticket) for row in rows] == [
                (None, "EXP-1"),
                (None, storable("the \x00big one")),
                (None, "EXP-1"),
            ]
            assert tx.loose_runs(project.id, since=datetime(2000, 1, 1, tzinfo=UTC)) == 2
        ticket = new_ticket(store, project)
        with store.read() as tx:
            assert tx.keys_there(project.id, put.named) == {ticket.key}
            rows = tx.run_list(project, after=None, limit=5, filters={"ticket": ticket.key}).rows
            assert [(row.ticket, row.unknown_ticket) for row in rows] == [("EXP-1", None)] * 2
            assert tx.loose_runs(project.id, since=datetime(2000, 1, 1, tzinfo=UTC)) == 1
