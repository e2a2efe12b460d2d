"""What the pages of runs say of a run that names a ticket which is not there."""

import pytest

from assay.testing.storage_samples import run
from tests.faces.web import story
from tests.faces.web.test_routes import Browser


@pytest.fixture(scope="module")
def misnamed(open_site):
    def tell(ws):
        told = story.Story(ws)
        runs = [run(1, ticket="EXP-99"), run(2, ticket=None, tags={"assay.ticket": "<b>rank</b>"})]
        ws.store.write(lambda tx: tx.put_runs(told.source, runs, seq=tx.head()[0] + 1))
        return {"slug": told.slug}

    return open_site(tell)


def test_run_that_names_no_ticket_says_what_it_names_and_links_nowhere(misnamed):
    browser, slug = Browser(misnamed.url), misnamed.keys["slug"]
    _, listed = browser.text(f"/p/{slug}/runs")
    assert 'names <span class="mono">EXP-99</span>, which is no ticket of this project' in listed
    assert "&lt;b&gt;rank&lt;/b&gt;" in listed
    assert "/t/EXP-99" not in listed
    _, page = browser.text(f"/p/{slug}/runs/lab:0001")
    assert 'it names <span class="mono wrap">EXP-99</span>, which is no ticket of this project' in page
    assert "/t/EXP-99" not in page
    assert "Detach from" not in page
