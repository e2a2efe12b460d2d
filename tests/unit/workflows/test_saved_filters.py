"""Lists narrowed to a sprint, and filters kept under a name, on both databases."""

import pytest

from assay.errors import NotFound, StaleVersion
from assay.workflows.board import board
from assay.workflows.commitments import release_ticket
from assay.workflows.journal import journal_page
from assay.workflows.overview import list_experiments
from assay.workflows.projects import get_project
from assay.workflows.saved_filters import remove_filter, save_filter
from assay.workflows.sprints import end_sprint
from tests.unit.workflows.conftest import ADA
from tests.unit.workflows.test_life_of_an_experiment import SLUG
from tests.unit.workflows.test_sprints import running, tickets


def found(ws, sprint):
    filters = {"sprint": sprint}
    listed = list_experiments(ws, ADA, SLUG, cursor=None, limit=50, sort="key", filters=filters)
    shown = [card.key for column in board(ws, ADA, SLUG, filters=filters).columns for card in column.cards]
    assert sorted(shown) == sorted(row.key for row in listed.rows)
    return sorted(shown)


def test_board_and_list_show_what_is_in_a_sprint_now(ws):
    first, second = running(ws, count=2)
    (free,) = tickets(ws, 1)
    assert found(ws, "active") == found(ws, "1") == sorted([first, second])
    assert (found(ws, "none"), found(ws, "2")) == ([free], [])
    release_ticket(ws, ADA, SLUG, 1, second, reason="too big")
    assert (found(ws, "active"), found(ws, "none")) == ([first], sorted([second, free]))
    end_sprint(ws, ADA, SLUG, 1, expected_version=None)
    assert (found(ws, "active"), found(ws, "1")) == ([], [first])


def test_filter_is_kept_replaced_and_forgotten_once_each_in_the_journal(ws):
    version = save_filter(ws, ADA, SLUG, "Mine", {"owner": "ada", "q": " "}).version
    assert save_filter(ws, ADA, SLUG, "Mine", {"owner": "ada"}).version == version
    with pytest.raises(StaleVersion):
        save_filter(ws, ADA, SLUG, "Mine", {"owner": "jo"}, expected_version=version - 1)
    save_filter(ws, ADA, SLUG, "Mine", {"owner": "jo"}, expected_version=version)
    assert [one.filters for one in get_project(ws, ADA, SLUG).settings.filters] == [{"owner": "jo"}]
    remove_filter(ws, ADA, SLUG, "Mine")
    with pytest.raises(NotFound, match="expected one of: none yet"):
        remove_filter(ws, ADA, SLUG, "Mine")
    rows = journal_page(ws, ADA, project=SLUG, subject="Mine", limit=50).rows
    assert [row.kind for row in rows][::-1] == ["filter.saved", "filter.saved", "filter.removed"]
