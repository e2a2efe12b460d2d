"""A page of the journal, on both databases."""

from __future__ import annotations

from assay.storage.queries import journal as queries
from assay.workflows.journal import journal_page
from tests.unit.workflows.conftest import ADA
from tests.unit.workflows.test_life_of_an_experiment import SLUG, start


def test_entries_beyond_the_counted_ones_are_said_to_be_more(ws, monkeypatch):
    start(ws)
    page = journal_page(ws, ADA, project=SLUG, limit=1)
    assert (page.total > 1, page.more_than_total) == (True, False)
    monkeypatch.setattr(queries, "MOST_COUNTED", page.total)
    assert journal_page(ws, ADA, project=SLUG, limit=1) == page
    monkeypatch.setattr(queries, "MOST_COUNTED", 1)
    more = journal_page(ws, ADA, project=SLUG, limit=1)
    assert (more.rows, more.next_before) == (page.rows, page.next_before)
    assert (more.total, more.more_than_total) == (1, True)
