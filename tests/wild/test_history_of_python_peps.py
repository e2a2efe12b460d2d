"""The status history of Python's enhancement proposals brought in as a board: its flow against plain counting on the raw file.

Nothing of the product takes part in the counting: rows are read, kept by item, and looked through.
"""

import csv
from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta
from math import floor

import pytest

from assay.connectors.evals.id_list import read_ids
from assay.connectors.evals.long_form import read_scores
from assay.connectors.evals.uploaded import read_uploaded, search_sent_leaks
from assay.connectors.signing.ed25519 import SigningKey
from assay.connectors.trackers.mlflow.artifact_files import list_artifacts
from assay.domain.board.flow import Crossing, Outcome
from assay.storage import open_store
from assay.workflows.board import board
from assay.workflows.board_file import save_board
from assay.workflows.flow import flow
from assay.workflows.history import board_for_history, import_history
from assay.workflows.journal import verify_journal
from assay.workflows.journaled import rows_of_kind
from assay.workflows.ports import Workspace
from assay.workflows.projects import create_project
from tests.support.webhooks import webhook_tools
from tests.unit.workflows.conftest import ADA

pytestmark = pytest.mark.wild

SLUG, NAME = "peps", "status_transitions.csv"
NOW = datetime(2026, 9, 1, tzinfo=UTC)
PROMOTED, KILLED, CLOSED = ("Final",), ("Rejected", "Withdrawn"), ("Superseded",)
ENDED = {
    **dict.fromkeys(PROMOTED, Outcome.PROMOTED),
    **dict.fromkeys(KILLED, Outcome.KILLED),
    **dict.fromkeys(CLOSED, Outcome.CLOSED),
}


@pytest.fixture(scope="module")
def text(wild_data):
    return (wild_data / "flow" / "python-peps" / "status_transitions.csv").read_text(encoding="utf-8")


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def told(request, tmp_path_factory, text):
    """A workspace into which the file was brought, once for all, and what that said."""
    folder = tmp_path_factory.mktemp("peps")
    url = f"sqlite:///{folder / 'assay.db'}"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres_from_template")(
            "empty store", lambda at: open_store(at).close()
        )
    store = open_store(url)
    signer = SigningKey.load_or_create(folder / "signing.key")
    ws = Workspace(
        store=store,
        clock=lambda: NOW,
        sources={},
        read_scores=read_scores,
        read_upload=read_uploaded,
        read_ids=read_ids,
        search_leaks=search_sent_leaks,
        list_artifacts=list_artifacts,
        signer=signer,
        instance_id=store.instance_id(),
        webhooks=webhook_tools(signer),
    )
    create_project(ws, ADA, slug=SLUG, name="Python enhancement proposals")
    board_text = board_for_history(text, name=NAME, ended=ENDED)
    save_board(ws, ADA, SLUG, text=board_text, expected_version=None)
    yield ws, import_history(ws, ADA, SLUG, text, name=NAME)
    store.close()
    if request.param == "postgresql":
        request.getfixturevalue("postgres_server").drop_database(url)


@pytest.fixture
def ws(told):
    return told[0]


@pytest.fixture
def brought_in(told):
    return told[1]


class Raw:
    """The file, counted by hand."""

    def __init__(self, text):
        self.ways = defaultdict(list)
        for row in csv.DictReader(text.splitlines()):
            self.ways[row["item"]].append((datetime.fromisoformat(row["changed_at_utc"]), row["to_status"]))

    def decided(self, begin, end):
        """(item, outcome, days) of those whose first end lies between two moments."""
        found = []
        for item, way in self.ways.items():
            done = next(((at, to) for at, to in way if to in ENDED), None)
            if done and done[1] not in CLOSED and begin <= done[0] < end:
                days = (done[0] - way[0][0]).total_seconds() / 86_400
                found.append((item, "promoted" if done[1] in PROMOTED else "killed", days))
        return found

    def open_at(self, moment):
        """Items by their status at a moment, ended ones left out; an ended one that was taken up again is open."""
        last = {}
        for item, way in self.ways.items():
            known = [to for at, to in way if at <= moment]
            if known and known[-1] not in ENDED:
                last[item] = known[-1]
        return last

    def on_day(self, day):
        end = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1)
        known = [[to for at, to in way if at < end] for way in self.ways.values()]
        return Counter(way[-1] for way in known if way)

    def together(self):
        minutes = defaultdict(set)
        for item, way in self.ways.items():
            for at, _ in way:
                minutes[at.strftime("%Y-%m-%d %H:%M")].add(item)
        return {minute: len(items) for minute, items in minutes.items() if len(items) >= 10}


def quantile(days, share):
    ordered, place = sorted(days), (len(days) - 1) * share
    low = floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def test_flow_of_the_imported_board_is_what_counting_the_file_gives(ws, wild_data, text, brought_in):
    raw = Raw(text)
    assert (brought_in.moves, len(brought_in.created), brought_in.unread) == (1823, 738, ("commit",))

    with ws.store.read() as tx:
        project = tx.project(SLUG)
        names = {ticket.key: ticket.content.title for ticket in tx.tickets(project.id)}
        events = [event for _, event in tx.flow_events(SLUG) if isinstance(event, Crossing)]
        stages = {names[ticket.key]: ticket.stage for ticket in tx.tickets(project.id)}
    titles = {stage.key: stage.title for stage in project.settings.board.stages}
    told = Counter((names[event.item], event.at, titles[event.target]) for event in events)
    assert told == Counter((item, at, to) for item, way in raw.ways.items() for at, to in way)

    with (wild_data / "flow" / "python-peps" / "items.csv").open(encoding="utf-8", newline="") as file:
        said = {row["item"]: row["status_at_snapshot"] for row in csv.DictReader(file)}
    assert [item for item, status in said.items() if titles[stages[item]] != status] == ["0401"]
    assert len(said) == 736

    killed = decided = 0
    for year in range(2000, 2027):
        begin, end = datetime(year, 1, 1, tzinfo=UTC), min(datetime(year + 1, 1, 1, tzinfo=UTC), NOW)
        last = (end - timedelta(days=1)).date()
        found = flow(ws, ADA, SLUG, at=last, days=(last - begin.date()).days + 1)
        wanted = raw.decided(begin, end)
        assert {(names[c.key], c.outcome, round(c.days, 9)) for c in found.cycles} == {
            (item, outcome, round(days, 9)) for item, outcome, days in wanted
        }
        assert found.killed.count == sum(outcome == "killed" for _, outcome, _ in wanted)
        if wanted:
            days = [days for _, _, days in wanted]
            assert found.cycle_days_median == pytest.approx(quantile(days, 0.5))
            assert found.cycle_days_p85 == pytest.approx(quantile(days, 0.85))
        still = raw.open_at(found.at)
        assert {names[age.key]: titles[age.stage] for age in found.ages} == still
        assert found.in_progress == len(still)
        for place in (0, len(found.cumulative.days) // 2, -1):
            on_day = raw.on_day(found.cumulative.days[place])
            assert {
                title: count
                for title, count in zip(found.cumulative.titles, found.cumulative.counts[place], strict=True)
                if count
            } == on_day
        killed, decided = killed + found.killed.count, decided + found.decided
    assert (killed, decided, round(killed / decided, 3)) == (208, 588, 0.354)


def test_bulk_edits_are_marked_and_name_their_tickets(ws, text, brought_in):
    wanted = Raw(text).together()
    assert {edit.at.strftime("%Y-%m-%d %H:%M"): edit.items for edit in brought_in.bulk_edits} == wanted
    assert (wanted["2018-07-20 02:36"], wanted["2007-05-18 17:41"], wanted["2013-05-18 07:50"]) == (
        33,
        17,
        12,
    )
    found = flow(ws, ADA, SLUG, at=date(2018, 7, 31), days=31)
    [edit] = found.bulk_edits
    assert (edit.items, len(set(edit.keys)), edit.is_said) == (33, 33, False)
    tidied = {cycle.key for cycle in found.cycles if cycle.is_bulk}
    assert tidied == {
        cycle.key for cycle in found.cycles if cycle.decided_at.date() == date(2018, 7, 20)
    } & set(edit.keys)


def test_same_history_again_changes_nothing_and_the_journal_says_that_it_was_imported(ws, text, brought_in):
    with ws.store.read() as tx:
        before = tx.head()
        entries = rows_of_kind(tx, tx.project(SLUG), "history.imported")
    again = import_history(ws, ADA, SLUG, text, name="another-name.csv")
    assert (again.created, again.extended, again.moves, again.unchanged) == ((), (), 0, 738)
    with ws.store.read() as tx:
        assert tx.head() == before
    assert len(entries) == 738
    assert all(entry.payload["imported"] and entry.at >= NOW for entry in entries)
    assert all(move["at"] < "2026-09" for entry in entries for move in entry.payload["moves"])
    assert verify_journal(ws, ADA).ok
    assert sum(column.count for column in board(ws, ADA, SLUG).columns) == 738
