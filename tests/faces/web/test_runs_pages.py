"""What the pages of runs say of a run that names a ticket which is not there."""

import re
from dataclasses import replace

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


@pytest.fixture(scope="module")
def kept_files(open_site, tmp_path_factory):
    name = "0af3" * 8
    root = tmp_path_factory.mktemp("mlruns") / "1" / name / "artifacts"
    root.mkdir(parents=True)
    (root / "a & b.txt").write_bytes(b"abc")

    def tell(ws):
        told = story.Story(ws)
        local = replace(run(1), external_id=name, artifacts=str(root))
        page = "http://127.0.0.1:1/#/experiments/1/runs/2"
        remote = replace(run(2), artifacts="mlflow-artifacts:/1/2/artifacts", url=page)
        ws.store.write(lambda tx: tx.put_runs(told.source, [local, remote, run(3)], seq=tx.head()[0] + 1))
        return {"slug": told.slug}

    return open_site(tell)


def test_page_of_a_run_leads_to_its_files_and_lists_those_of_a_local_folder_when_asked(kept_files):
    browser, slug = Browser(kept_files.url), kept_files.keys["slug"]
    _, page = browser.text(f"/p/{slug}/runs/lab:0001")
    assert f'href="/p/{slug}/runs/lab:0001?files=1#artifacts"' in page
    assert "ba7816bf" not in page
    _, listed = browser.text(f"/p/{slug}/runs/lab:0001?files=1")
    assert "a &amp; b.txt" in listed
    assert "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" in listed
    _, remote = browser.text(f"/p/{slug}/runs/lab:0002")
    assert 'href="http://127.0.0.1:1/#/experiments/1/runs/2/artifacts"' in remote
    _, unknown = browser.text(f"/p/{slug}/runs/lab:0003")
    assert "Where its files lie is not known" in unknown
    _, told = browser.text(f"/api/v1/projects/{slug}/runs/lab:0001/artifacts")
    assert '"path":"a & b.txt","size_bytes":3,"sha256":"ba7816bf' in told


def test_prices_typed_in_settings_show_what_a_run_cost_and_a_line_that_is_no_price_stays_typed(kept_files):
    browser, slug = Browser(kept_files.url), kept_files.keys["slug"]
    here = f"/p/{slug}/settings"

    def save(text, default):
        page = browser.text(here)[1]
        version = re.search(r'name="expected_version" value="(\d+)"', page).group(1)
        form = {"csrf_token": browser.token(here), "expected_version": version}
        return browser.text(f"{here}/prices", form | {"prices": text, "default_device": default})

    status, refused = save("A100 : 3", "A100")
    assert status == 422
    assert "cannot read price" in refused
    assert "A100 : 3</textarea>" in refused
    assert "expected a price of the default device B200" in save("A100 = 3", "B200")[1]
    assert save("A100 = 3 since 2020-01-01\nH100=4", "A100")[0] in (200, 303)
    _, page = browser.text(f"/p/{slug}/runs/lab:0001")
    assert "1.50 USD, from price list: A100 3 USD/h since 2020-01-01" in page
