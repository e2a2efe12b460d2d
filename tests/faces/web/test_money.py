"""What the runs of a ticket cost stands beside what was allowed, wherever its compute does."""

from decimal import Decimal

import pytest
from starlette.testclient import TestClient

from assay.bootstrap import open_workspace
from assay.cli.main import main
from assay.domain.experiments.experiment import Budget
from assay.server.app import create_app
from assay.settings import Settings, write_settings
from tests.faces.web import story


@pytest.fixture
def dear(tmp_path):
    """A ticket of 100 USD; four of its five runs say that they cost 75 each."""
    home = tmp_path / ".assay"
    write_settings(home, {})
    with open_workspace(Settings(home=home, sync_interval_s=0)) as ws:
        told = story.Story(ws)
        key = told.ticket("Ten times the data", budget=Budget(gpu_hours=Decimal(24), cost_usd=Decimal(100)))
        told.start(key)
        told.runs(key, [0.80, 0.81, 0.82, 0.80, 0.815], costs=(75.0, 75.0, 75.0, 75.0))
    return home, key


def test_money_spent_stands_on_page_card_and_in_json_and_twice_the_budget_is_told(dear):
    home, key = dear
    settings = Settings(home=home, sync_interval_s=0)
    spent = "at least 300 of 100 USD"
    with (
        open_workspace(settings) as ws,
        TestClient(create_app(ws, settings), base_url="http://127.0.0.1") as client,
    ):
        page = client.get(f"/p/{story.SLUG}/t/{key}").text
        assert (f"<b>{spent}</b>" in page, "1 run not counted: no cost known" in page) == (True, True)
        assert "at least 300 USD, more than 2x the budget of 100" in page
        assert f"<span>{spent}</span>" in client.get(f"/p/{story.SLUG}/board").text
        api = f"/api/v1/projects/{story.SLUG}"
        known = client.get(f"{api}/tickets/{key}/page").json()
        assert (known["cost_usd"], known["runs_without_cost"]) == (300.0, 1)
        assert sorted(str(run["cost_usd"]) for run in known["runs"]) == ["75.0"] * 4 + ["None"]
        evidence = client.get(f"{api}/tickets/{key}").json()["evidence"]
        assert (evidence["money_text"], evidence["money_share"]) == (spent, 3.0)
        waiting = client.get(f"{api}/overview").json()["attention"]
        assert [one["why"] for one in waiting if one["key"] == key] == ["decision"]
        assert 'id="spent"' in page

        told = client.get(f"{api}/overview").json()
        assert (told["cost_usd"], told["runs_without_cost"], told["cost_usd_budget"]) == (300.0, 1, 100.0)
        overview = client.get(f"/p/{story.SLUG}").text
        assert "at least 300 USD of 100 budgeted" in overview
        assert "4 of 5 runs have a price" in overview
        assert "<div>at least 300 of 100\u00a0USD</div>" in client.get(f"/p/{story.SLUG}/experiments").text
        [row] = client.get(f"{api}/tickets").json()["rows"]
        assert (row["money_text"], row["compute_text"]) == (spent, evidence["compute_text"])


def test_money_spent_is_shown_on_the_command_line(dear, monkeypatch, capsys):
    home, key = dear
    monkeypatch.chdir(home.parent)
    assert main(["overview", "--project", story.SLUG]) == 0
    assert "at least 300 USD, of 100 budgeted; 4 of 5 runs have a price" in capsys.readouterr().out
    assert main(["ticket", "list", "--project", story.SLUG]) == 0
    assert "300 of 100 USD" in capsys.readouterr().out
    assert main(["ticket", "show", key, "--project", story.SLUG]) == 0
    assert "18 of 24 GPU-hours, at least 300 of 100 USD" in capsys.readouterr().out
