"""What must the pages of every store show?"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from functools import partial

import pytest

from assay.domain.board.board import Board
from assay.domain.board.roles import column_roles
from assay.domain.experiments.experiment import Budget, DataNeed, DecisionKind, TicketContent
from assay.domain.kernel.events import Event
from assay.errors import Invalid
from assay.testing.storage_samples import (
    ADA,
    AT,
    curve,
    decision,
    later,
    lock,
    new_project,
    new_source,
    new_ticket,
    run,
)
from assay.workflows.asked import Asked, Begun, Keys
from assay.workflows.ports import Store, WriteTransaction
from assay.workflows.records import Override, Project, Ticket

ROLES = column_roles(Board.default())
HOSTILE = (
    "", " ", '"', "'", "a\x00b", "\ud800", "lora OR", "NEAR(a b)", "lora*", "col:lora", "-lora", "()", "^", "{}", "\\", "%", "_",
    "' | !", ":*", "& &", "<->", "🙂", "a" * 5000, "lora " * 500, "\u202e", "'; DROP TABLE tickets; --",
)  # fmt: skip


def _begin(tx: WriteTransaction, ticket: Ticket, at: datetime) -> None:
    tx.place_ticket(ticket, stage="hypothesis", rank=1.0, at=at)


class PagesContract:
    """Board, lists, overview, search."""

    def test_board_shows_cards_in_rank_order_and_pages_columns(self, store: Store) -> None:
        project = new_project(store)
        for rank in (3.0, 1.0, 2.0, 2.0):
            new_ticket(store, project, rank=rank, hypothesis="It halves memory")
        with store.read() as tx:
            board = tx.board_view(project, per_column=3, filters={})
            first = board.columns[0]
            assert ([card.key for card in first.cards], first.count) == (["EXP-2", "EXP-3", "EXP-4"], 4)
            assert (first.cards[0].hypothesis, first.cards[0].evidence) == ("It halves memory", {})
            assert first.next_cursor is not None
            text, _, key = first.next_cursor.partition("~")
            page = tx.column_page(project, "backlog", after=(float(text), key), limit=3, filters={})
            assert ([card.key for card in page.cards], page.next_cursor) == (["EXP-1"], None)
            assert board.seq == 4
            assert [column.key for column in board.columns] == [
                stage.key for stage in project.settings.board.stages
            ]

    def test_card_says_when_its_time_box_began_and_how_its_data_stands(self, store: Store) -> None:
        project = new_project(store)
        needs = (DataNeed(dataset="labels", needed_by=later(9)), DataNeed(dataset="images", ready=True))
        for number in range(2):
            new_ticket(store, project, rank=float(number), time_box_days=10, data_needs=needs)
        new_ticket(store, project, rank=3.0)
        kept = lock()
        with store.read() as tx:
            begun = tx.tickets(project.id)[0]
        store.write(lambda tx: tx.put_lock(begun.id, kept))
        with store.read() as tx:
            first, second, third = tx.board_view(project, per_column=5, filters={}).columns[0].cards
        assert (first.locked_at, first.time_box_days) == (kept.locked_at, 10)
        assert (first.data, first.data_due) == ("blocked", later(9))
        assert (second.locked_at, second.data) == (None, "at risk")
        assert (third.time_box_days, third.data, third.data_due) == (None, None, None)

    def test_board_slots_and_cards_agree_with_the_board(self, store: Store) -> None:
        project = new_project(store)
        new_ticket(store, project)
        with store.read() as tx:
            slots = tx.board_slots(project, per_column=5, filters={})
            (slot,) = slots.columns[0].slots
            view = tx.board_view(project, per_column=5, filters={})
            assert tx.cards([slot.id, 4711], ROLES) == {slot.id: view.columns[0].cards[0]}
            assert tx.cards([], ROLES) == {}

    def test_board_filter_keeps_what_matches(self, store: Store) -> None:
        project = new_project(store)
        new_ticket(store, project, owner="Ada", title="Rank 8")
        new_ticket(store, project, owner="Bob", title="50%_off")
        with store.read() as tx:
            for filters, key in (
                ({"owner": "Bob"}, "EXP-2"),
                ({"q": "rank"}, "EXP-1"),
                ({"q": "%_"}, "EXP-2"),
            ):
                column = tx.board_view(project, per_column=5, filters=filters).columns[0]
                assert ([card.key for card in column.cards], column.count) == ([key], 1)
            assert tx.board_view(project, per_column=5, filters={"q": "nowhere"}).columns[0].cards == ()
            with pytest.raises(Invalid, match="owner"):
                tx.board_view(project, per_column=5, filters={"owner__password": "x"})

    def test_card_is_marked_when_it_entered_its_column_by_override(self, store: Store) -> None:
        project = new_project(store)
        ticket = new_ticket(store, project)
        moved = store.write(lambda tx: tx.place_ticket(ticket, stage="hypothesis", rank=1, at=later(1)))
        word = Override(
            from_stage="backlog", to_stage="hypothesis", reason="r", unmet=(), by="ada", at=later(1), seq=1
        )
        store.write(lambda tx: tx.add_override(ticket.id, word))
        assert self._overridden(store, project) is True
        assert moved is not None
        back = store.write(lambda tx: tx.place_ticket(moved, stage="backlog", rank=1, at=later(2)))
        assert back is not None
        store.write(lambda tx: tx.place_ticket(back, stage="hypothesis", rank=1, at=later(3)))
        assert self._overridden(store, project) is False

    @staticmethod
    def _overridden(store: Store, project: Project) -> bool:
        with store.read() as tx:
            return tx.board_view(project, per_column=5, filters={}).columns[1].cards[0].overridden

    @pytest.mark.parametrize(
        "sort", ["updated", "-updated", "created", "-key", "key", "title", "-stage", "owner", "priority"]
    )
    def test_experiment_list_pages_meet_every_ticket_once(self, store: Store, sort: str) -> None:
        project = new_project(store)
        for number in range(7):
            new_ticket(store, project, title=f"T{number % 3}", owner=f"o{number % 2}", priority=number % 3)
        keys: list[str] = []
        cursor = None
        with store.read() as tx:
            while True:
                page = tx.experiment_list(project, after=cursor, limit=2, sort=sort, filters={})
                keys += [row.key for row in page.rows]
                cursor = page.next_cursor
                assert page.total == 7
                if cursor is None:
                    break
        assert sorted(keys) == [f"EXP-{number}" for number in range(1, 8)]

    @pytest.mark.parametrize(
        "cursor", ["x", "====", "\ud800", "WzFd", "W251bGwsMV0", "A" * 999, "WyJ4IiwxXQ"]
    )
    def test_cursor_that_no_page_gave_is_invalid(self, store: Store, cursor: str) -> None:
        project = new_project(store)
        with store.read() as tx, pytest.raises(Invalid):
            tx.experiment_list(project, after=cursor, limit=2, sort="-updated", filters={})

    @pytest.mark.parametrize("limit", [-1, 0, 501, 10**20])
    def test_page_size_out_of_range_is_invalid(self, store: Store, limit: int) -> None:
        project = new_project(store)
        with store.read() as tx:
            with pytest.raises(Invalid):
                tx.experiment_list(project, after=None, limit=limit, sort="key", filters={})
            with pytest.raises(Invalid):
                tx.run_list(project, after=None, limit=limit, filters={})
            with pytest.raises(Invalid):
                tx.board_view(project, per_column=limit, filters={})

    def test_sort_by_an_unknown_field_is_invalid(self, store: Store) -> None:
        project = new_project(store)
        with store.read() as tx, pytest.raises(Invalid, match="password_hash"):
            tx.experiment_list(project, after=None, limit=5, sort="password_hash", filters={})

    def test_run_list_filters_and_shows_values_that_are_no_numbers(self, store: Store) -> None:
        project = new_project(store)
        source = new_source(store, project)
        new_ticket(store, project)
        runs = [run(n, ticket="EXP-1" if n % 2 else None) for n in range(4)]
        odd = run(
            4, ticket=None, curves={"a": curve(float("nan")), "b": curve(float("-inf")), "c": curve(0.25)}
        )
        store.write(lambda tx: tx.put_runs(source, [*runs, odd], seq=1))
        with store.read() as tx:
            page = tx.run_list(project, after=None, limit=2, filters={})
            assert (page.total, page.rows[0].metrics) == (5, {"a": "NaN", "b": "-inf", "c": "0.25"})
            rest = tx.run_list(project, after=page.next_cursor, limit=5, filters={})
            assert [row.external_id for row in rest.rows] == ["0002", "0001", "0000"]
            assert tx.run_list(project, after=None, limit=5, filters={"ticket": "none"}).total == 3
            assert [row.ticket for row in rest.rows] == [None, "EXP-1", None]
            assert (
                tx.run_list(project, after=None, limit=5, filters={"q": "run 1"}).rows[0].run_id == "lab:0001"
            )

    def test_runs_of_a_ticket_are_listed_without_their_curves_and_some_curves_are_read(
        self, store: Store
    ) -> None:
        project = new_project(store)
        source = new_source(store, project)
        numbers = {"a": curve(float("nan")), "b": curve(float("-inf")), "c": curve(0.25), "d": curve()}
        odd = run(2, seed=2**60, gpu_hours=None, arm="baseline", curves=numbers)
        store.write(lambda tx: tx.put_runs(source, [odd, run(1), run(3, ticket="EXP-2")], seq=1))
        store.write(lambda tx: tx.mark_deleted(source.id, ["0001"], seq=2))
        with store.read() as tx:
            assert [one.run_id for one in tx.runs(project.id, "EXP-1")] == ["lab:0001", "lab:0002"]
            first, second = tx.runs_of(project.id, "EXP-1")
            assert (first.row.run_id, first.row.deleted, first.row.gpu_hours, first.row.seed) == (
                "lab:0001",
                True,
                0.5,
                1,
            )
            assert (second.arm, second.row.gpu_hours, second.row.seed) == ("baseline", None, str(2**60))
            assert second.row.metrics == {"a": "nan", "b": "-inf", "c": "0.25"}
            asked = ["lab:0002", "lab:0001", "nobody"]
            found = tx.curves_of(project.id, "accuracy", asked)
            assert {run_id: one.values.tolist() for run_id, one in found.items()} == {"lab:0001": [0.5, 0.75]}
            assert tx.curves_of(project.id, "c", asked)["lab:0002"].last == 0.25
            assert tx.curves_of(project.id + 1, "c", asked) == tx.curves_of(project.id, "c", []) == {}

    def test_overview_of_an_empty_project_knows_nothing_rather_than_zero_hours(self, store: Store) -> None:
        project = new_project(store)
        with store.read() as tx:
            view = tx.overview(project)
        assert (view.gpu_hours, view.gpu_hours_budget, view.runs, view.decided) == (None, None, 0, 0)
        assert (view.cost_usd, view.cost_usd_budget, view.runs_without_cost) == (None, None, 0)
        assert (view.learnings, view.attention, view.last_sync_at) == ((), (), None)

    def test_overview_counts_decisions_runs_and_what_waits(self, store: Store) -> None:
        project = new_project(store)
        killed = new_ticket(store, project, stage="killed", budget={"gpu_hours": 5})
        waiting = new_ticket(store, project, stage="evaluation")
        new_ticket(store, project, stage="experiment")
        source = new_source(store, project)
        store.write(lambda tx: tx.add_decision(killed.id, decision()))
        store.write(lambda tx: tx.put_card(waiting.id, {"recommendation": "promote", "chip": "Promote"}))
        paid = [run(1, cost_usd=75.5), run(2, gpu_hours=None), run(3, cost_usd=0.0), run(4, cost_usd=-1.0)]
        store.write(lambda tx: tx.put_runs(source, paid[:2], seq=1))
        with store.read() as tx:
            view = tx.overview(project)
        assert (view.decided, view.killed, view.promoted, view.active, view.undecided) == (1, 1, 0, 2, 1)
        assert (view.runs, view.gpu_hours, view.gpu_hours_budget) == (2, 0.5, 5.0)
        assert [row.key for row in view.attention] == [waiting.key]
        assert [(item.key, item.at) for item in view.learnings] == [(killed.key, AT)]
        assert view.stage_counts["killed"] == 1
        assert (view.cost_usd, view.runs_without_cost, view.cost_usd_budget) == (75.5, 1, None)
        new_ticket(store, project, budget={"cost_usd": "0.1"})
        store.write(lambda tx: tx.put_runs(source, [*paid[2:], run(5, cost_usd=4.5)], seq=2))
        with store.read() as tx:
            view = tx.overview(project)
        assert (view.cost_usd, view.runs_without_cost, view.cost_usd_budget) == (80.0, 2, 0.1)

    def test_overview_adds_budgets_up_in_the_digits_that_were_written(self, store: Store) -> None:
        project = new_project(store)
        for hours in ("0.1", "0.2"):
            new_ticket(store, project, budget=Budget(gpu_hours=Decimal(hours)))
        with store.read() as tx:
            assert repr(tx.overview(project).gpu_hours_budget) == "0.3"

    def test_search_finds_words_in_every_text_and_beginnings(self, store: Store) -> None:
        project, other = new_project(store), new_project(store, "audio")
        ticket = new_ticket(
            store, project, title="Adapter rank", hypothesis="Quantised memory", method="Sweep LoRA-r"
        )
        new_ticket(store, project, title="Something else")
        new_ticket(store, other, title="Adapter elsewhere")
        store.write(lambda tx: tx.add_note(ticket.id, text="the loader was flaky", by="ada", at=AT))
        store.write(lambda tx: tx.add_decision(ticket.id, decision(DecisionKind.KILL, "Overfits quickly")))
        with store.read() as tx:
            for text in (
                "adapter",
                "ADAPT",
                "quantised mem",
                "lora",
                "flaky",
                "overfits quick",
                "exp-1",
                "rank adapter",
            ):
                assert [hit.key for hit in tx.search(project.id, text, limit=5)] == ["EXP-1"], text
            (hit,) = tx.search(project.id, "adapter", limit=5)
            assert (hit.decision, hit.stage) == ("kill", "backlog")
            assert "Adapter" in [hit.excerpt[begin:end] for begin, end in hit.matches]
            assert tx.search(project.id, "adapter elsewhere", limit=5) in ((), [])

    def test_search_finds_a_word_in_the_singular_and_in_the_plural(self, store: Store) -> None:
        project = new_project(store)
        new_ticket(store, project, title="Pruned networks", hypothesis="A random forest of decision policies")
        new_ticket(store, project, title="Bias of one network", hypothesis="Caches of indices; losses")
        expected = {
            "networks": ["EXP-1", "EXP-2"],
            "network": ["EXP-1", "EXP-2"],
            "forests policy": ["EXP-1"],
            "forests ": ["EXP-1"],
            "cache index loss": ["EXP-2"],
            "biases network": ["EXP-2"],
            "netw": ["EXP-1", "EXP-2"],
            "netw ": [],
            "exp-2": ["EXP-2"],
        }
        with store.read() as tx:
            for text, keys in expected.items():
                assert sorted(hit.key for hit in tx.search(project.id, text, limit=5)) == keys, text
            (hit,) = tx.search(project.id, "forests", limit=5)
            assert "forest" in [hit.excerpt[begin:end] for begin, end in hit.matches]

    def test_similar_finds_shared_words_in_the_singular_and_in_the_plural(self, store: Store) -> None:
        project = new_project(store)
        new_ticket(store, project, title="Pruned networks with random forests")
        new_ticket(store, project, title="Forests and a forest")
        with store.read() as tx:
            (hit,) = tx.similar(
                project.id, "A random forest, then forests beside a network", exclude=None, limit=5
            )
            assert (hit.key, hit.shared) == ("EXP-1", ("random", "forest", "network"))

    def test_search_finds_a_ticket_whose_better_matches_crowd_another_project(self, store: Store) -> None:
        project, crowded = new_project(store), new_project(store, "audio")
        new_ticket(
            store, project, title="Something about the schedule", hypothesis="Dropout rises slowly " * 20
        )

        def crowd(tx: WriteTransaction) -> None:
            for _ in range(300):
                content = TicketContent(title="Dropout dropout")
                tx.add_ticket(crowded, content, stage="backlog", rank=1.0, by="ada", at=AT)

        store.write(crowd)
        with store.read() as tx:
            for text in ("dropout", "dropout schedule", "dropout rises "):
                assert [hit.key for hit in tx.search(project.id, text, limit=5)] == ["EXP-1"], text

    def test_search_follows_an_edit(self, store: Store) -> None:
        project = new_project(store)
        ticket = new_ticket(store, project, title="Before")
        content = ticket.content.model_copy(update={"title": "Afterwards"})
        store.write(lambda tx: tx.edit_ticket(ticket, content, at=later(1)))
        with store.read() as tx:
            assert not tx.search(project.id, "before", limit=5)
            assert [hit.key for hit in tx.search(project.id, "afterwards", limit=5)] == ["EXP-1"]

    @pytest.mark.parametrize("text", HOSTILE)
    def test_search_takes_any_text(self, store: Store, text: str) -> None:
        project = new_project(store)
        new_ticket(store, project, title="LoRA")
        with store.read() as tx:
            tx.search(project.id, text, limit=5)
            tx.similar(project.id, text, exclude=None, limit=5)

    def test_similar_finds_shared_telling_words_best_first_and_says_which(self, store: Store) -> None:
        project = new_project(store)
        new_ticket(store, project, title="Mixup augmentation on digits")
        new_ticket(store, project, title="Digits and mixup on a model")
        new_ticket(store, project, title="The digits and the model 2026")
        new_ticket(store, project, title="Adapter rank")
        with store.read() as tx:
            hits = tx.similar(
                project.id, "Would mixup augmentation with the digits help in 2026?", exclude=None, limit=5
            )
            assert [(hit.key, hit.shared) for hit in hits] == [
                ("EXP-1", ("mixup", "augmentation", "digits")),
                ("EXP-2", ("mixup", "digits")),
            ]
            assert [hit.key for hit in tx.similar(project.id, "mixup digits", exclude="EXP-1", limit=5)] == [
                "EXP-2",
                "EXP-3",
            ]

    def test_similar_never_rests_on_numbers_or_on_words_of_the_trade(self, store: Store) -> None:
        project = new_project(store)
        new_ticket(
            store, project, title="The model improves accuracy by 3 points in 2026 and does so for all seeds"
        )
        with store.read() as tx:
            assert not tx.similar(
                project.id, "In 2026 a better model improves accuracy by 3 points", exclude=None, limit=5
            )

    def test_similar_leaves_out_words_that_every_third_ticket_holds(self, store: Store) -> None:
        project = new_project(store)
        for number in range(9):
            new_ticket(store, project, title=f"Reader of meters, variant {'abcdefghi'[number]}x{number}")
        with store.read() as tx:
            assert not tx.similar(project.id, "Another reader of meters, variant zz", exclude=None, limit=5)

    def test_work_begins_with_the_first_move_and_every_move_is_a_sign_of_life(self, store: Store) -> None:
        project = new_project(store)
        ticket = new_ticket(store, project, time_box_days=10)
        new_ticket(store, project)

        def move(tx: WriteTransaction, ticket: Ticket, stage: str, hour: int) -> Ticket:
            moved = tx.place_ticket(ticket, stage=stage, rank=1.0, at=later(hour))
            assert moved is not None
            event = Event.of("ticket.moved", project=project.slug, subject=ticket.key, after=stage)
            tx.append(event, actor=ADA, at=later(hour))
            return moved

        with store.read() as tx:
            assert tx.work_signs(project.id, ["hypothesis"]) == []
        moved = store.write(lambda tx: move(tx, ticket, "hypothesis", 1))
        assert (ticket.begun_at, moved.begun_at) == (None, later(1))
        moved = store.write(lambda tx: move(tx, moved, "experiment", 2))
        ranked = store.write(lambda tx: tx.place_ticket(moved, stage="experiment", rank=2.0, at=later(3)))
        assert ranked is not None
        with store.read() as tx:
            again = tx.ticket(project.id, ticket.key)
            (work,) = tx.work_signs(project.id, ["hypothesis", "experiment"])
        assert again == ranked
        assert ranked.begun_at == later(1)
        assert (work.begun_at, work.last_sign_at, work.time_box_days) == (later(1), later(2), 10)

    def test_items_of_the_diagnosis_say_what_their_tickets_say(self, store: Store) -> None:
        project = new_project(store)
        first, second, third = (new_ticket(store, project, title=title) for title in ("One", "Two", "Three"))
        again, gone = new_ticket(store, project), new_ticket(store, project, stage="killed")
        store.write(lambda tx: tx.put_lock(first.id, lock()))
        store.write(lambda tx: tx.put_lock(gone.id, lock()))
        store.write(lambda tx: tx.put_card(first.id, {"recommendation": "kill"}))
        for kind, ticket in (
            (DecisionKind.ITERATE, second),
            (DecisionKind.KILL, third),
            (DecisionKind.KILL, again),
        ):
            store.write(lambda tx, ticket=ticket: tx.put_lock(ticket.id, lock()))  # type: ignore[misc]
            store.write(lambda tx, ticket=ticket, kind=kind: tx.add_decision(ticket.id, decision(kind)))  # type: ignore[misc]
        store.write(lambda tx: tx.place_ticket(again, stage="experiment", rank=1.0, at=later(9)))
        with store.read() as tx:
            found = tx.work_items(project.id, over=["killed", "live"])
            tickets = tx.tickets(project.id)
        assert [(one.key, one.stage, one.content) for one in found] == [
            (one.key, one.stage, one.content) for one in tickets
        ]
        assert [one.recommendation for one in found] == ["kill", None, None, None, None]
        assert [one.decision for one in found] == [None, DecisionKind.ITERATE, DecisionKind.KILL, None, None]
        assert [one.locked_at for one in found] == [AT, AT, AT, AT, None]

    def test_lists_are_narrowed_to_keys_and_to_when_work_began(self, store: Store) -> None:
        project = new_project(store)
        for number in range(3):
            ticket = new_ticket(store, project, rank=float(number))
            if number:
                store.write(partial(_begin, ticket=ticket, at=later(number)))
        asked: dict[str, tuple[Asked, list[str]]] = {
            "these": ({"stale": Keys(frozenset({"EXP-1", "EXP-9"}))}, ["EXP-1"]),
            "others": ({"stale": Keys(frozenset({"EXP-1"}), others=True)}, ["EXP-2", "EXP-3"]),
            "none": ({"stale": Keys(frozenset())}, []),
            "from": ({"phase": Begun(((later(2), None),), waiting=False)}, ["EXP-3"]),
            "until": ({"phase": Begun(((None, later(2)),), waiting=True)}, ["EXP-1", "EXP-2"]),
            "never": ({"phase": Begun((), waiting=False)}, []),
        }
        with store.read() as tx:
            for filters, keys in asked.values():
                page = tx.experiment_list(project, after=None, limit=9, sort="key", filters=filters)
                assert [row.key for row in page.rows] == keys
