"""What must every store do with what is in the way of tickets? Part of the storage contract."""

from __future__ import annotations

from assay.domain.board.blockers import Blocker, BlockerCategory
from assay.testing.storage_samples import AT, later, new_project, new_ticket
from assay.workflows.ports import Store
from assay.workflows.records import Ticket


def put_blocker(
    store: Store,
    ticket: Ticket,
    *,
    minutes: int = 0,
    category: BlockerCategory = BlockerCategory.GPU_SHORTAGE,
) -> int:
    """Something is in the way of this ticket; its number."""
    return store.write(
        lambda tx: tx.open_blocker(
            ticket.id,
            category=category,
            owner="Grace",
            text="no A100 till π day",
            by="ada",
            at=later(minutes),
        )
    )


def end_blocker(store: Store, ticket: Ticket, number: int, *, minutes: int) -> bool:
    """It is no longer in the way; False when it was not open."""
    return store.write(
        lambda tx: tx.close_blocker(
            ticket.id, number, resolution="two were lent", by="bob", at=later(minutes)
        )
    )


class BlockerContract:
    """What is in the way of tickets."""

    def test_blocker_is_read_back_as_written_and_once_closed_with_what_took_it_away(
        self, store: Store
    ) -> None:
        project = new_project(store)
        ticket = new_ticket(store, project)
        number = put_blocker(store, ticket)
        blocker = Blocker(
            ticket="EXP-1", number=1, category=BlockerCategory.GPU_SHORTAGE, owner="Grace", text="no A100 till π day",
            opened_at=AT, opened_by="ada",
        )  # fmt: skip
        with store.read() as tx:
            [found] = tx.blockers_of(ticket.id)
        assert (number, found, found.title, found.is_open) == (1, blocker, ticket.content.title, True)
        assert end_blocker(store, ticket, 1, minutes=5)
        with store.read() as tx:
            [found] = tx.blockers(project.id)
        assert (found.closed_at, found.closed_by, found.resolution) == (later(5), "bob", "two were lent")
        assert not found.is_open

    def test_blocker_is_closed_once_only(self, store: Store) -> None:
        ticket = new_ticket(store, new_project(store))
        put_blocker(store, ticket)
        closed = [end_blocker(store, ticket, number, minutes=n) for n, number in enumerate((9, 1, 1))]
        assert closed == [False, True, False]
        with store.read() as tx:
            assert [one.closed_at for one in tx.blockers_of(ticket.id)] == [later(1)]

    def test_blockers_are_numbered_within_their_ticket_and_listed_by_age(self, store: Store) -> None:
        project, other = new_project(store), new_project(store, "other")
        first, second = new_ticket(store, project), new_ticket(store, project)
        numbers = [
            put_blocker(store, ticket, minutes=minutes)
            for ticket, minutes in ((first, 3), (second, 1), (first, 2), (new_ticket(store, other), 0))
        ]
        assert numbers == [1, 1, 2, 1]
        end_blocker(store, second, 1, minutes=9)
        with store.read() as tx:
            everything = [(one.ticket, one.number) for one in tx.blockers(project.id)]
            still_open = [(one.ticket, one.number) for one in tx.blockers(project.id, open_only=True)]
            assert [one.number for one in tx.blockers_of(first.id)] == [1, 2]
        assert everything == [("EXP-2", 1), ("EXP-1", 2), ("EXP-1", 1)]
        assert still_open == [("EXP-1", 2), ("EXP-1", 1)]

    def test_card_is_another_with_every_blocker_and_the_ticket_is_not(self, store: Store) -> None:
        project = new_project(store)
        ticket = new_ticket(store, project)
        versions = []
        for is_opened in (True, False):
            if is_opened:
                put_blocker(store, ticket)
            else:
                end_blocker(store, ticket, 1, minutes=1)
            end_blocker(store, ticket, 7, minutes=1)
            with store.read() as tx:
                found = tx.ticket(project.id, ticket.key)
            assert found is not None
            versions.append((found.card_version, found.version))
        assert versions == [(2, 1), (3, 1)]

    def test_card_shows_what_is_in_its_way_the_oldest_first(self, store: Store) -> None:
        project = new_project(store)
        blocked, free = new_ticket(store, project), new_ticket(store, project)
        for minutes in (5, 2, 9):
            put_blocker(store, blocked, minutes=minutes)
        end_blocker(store, blocked, 2, minutes=10)
        with store.read() as tx:
            cards = tx.cards([blocked.id, free.id], {})
        assert [(one.number, one.since) for one in cards[blocked.id].blockers] == [
            (1, later(5)),
            (3, later(9)),
        ]
        assert cards[blocked.id].blockers[0].category is BlockerCategory.GPU_SHORTAGE
        assert cards[free.id].blockers == ()

    def test_blocked_tickets_can_be_asked_for(self, store: Store) -> None:
        project = new_project(store)
        blocked, freed, _ = (new_ticket(store, project) for _ in range(3))
        put_blocker(store, blocked)
        put_blocker(store, freed)
        end_blocker(store, freed, 1, minutes=1)
        with store.read() as tx:
            found = {
                asked: [
                    card.key
                    for column in tx.board_view(project, per_column=9, filters={"blocked": asked}).columns
                    for card in column.cards
                ]
                for asked in ("yes", "no", "")
            }
        assert found == {"yes": ["EXP-1"], "no": ["EXP-2", "EXP-3"], "": ["EXP-1", "EXP-2", "EXP-3"]}

    def test_deleted_ticket_takes_its_blockers_along(self, store: Store) -> None:
        project = new_project(store)
        ticket = new_ticket(store, project)
        put_blocker(store, ticket)
        assert store.write(lambda tx: tx.delete_ticket(ticket))
        with store.read() as tx:
            assert tx.blockers(project.id) == []
