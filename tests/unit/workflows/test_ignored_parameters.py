"""Parameters that set no configuration apart: one rule for verdict, comparison and examples, kept by the lock."""

from datetime import UTC, datetime, timedelta

import pytest

from assay.bootstrap import open_workspace
from assay.domain.experiments.evidence import Run, RunStatus
from assay.settings import Settings
from assay.workflows.comparison import compare
from assay.workflows.comparison_asked import comparison_asked
from assay.workflows.journal import verify_journal
from assay.workflows.projects import get_project, save_settings
from assay.workflows.replays import replay_verdict
from assay.workflows.tickets import get_ticket
from assay.workflows.verdicts import get_verdict, refresh_verdict
from tests.faces.web import story


@pytest.fixture
def told(tmp_path):
    with open_workspace(Settings(home=tmp_path, sync_interval_s=0)) as ws:
        yield story.Story(ws)


def ignore(told, *names):
    project = get_project(told.ws, story.ADA, told.slug)
    rules = project.settings.verdicts.model_copy(update={"ignored_parameters": names})
    save_settings(told.ws, story.ADA, told.slug, expected_version=project.version, verdicts=rules)


def trained(told, key):
    """Five seeds, each with an output folder of its own."""
    begun = datetime.now(UTC) + timedelta(seconds=1)
    runs = [
        Run(
            run_id=f"mlflow:{key}{seed}", source="mlflow", external_id=f"{key}{seed}", name=f"run-{seed}",
            status=RunStatus.FINISHED, config={"rank": "16", "output_dir": f"out/{seed}"}, seed=seed,
            curves=story.curves(seed, final, 0.01), ticket=key, started_at=begun, ended_at=begun, digest=f"d{key}{seed}",
        )
        for seed, final in enumerate((0.881, 0.884, 0.879, 0.886, 0.882), start=1)
    ]  # fmt: skip
    told.ws.store.write(lambda tx: tx.put_runs(told.source, runs, seq=tx.head()[0] + 1))
    refresh_verdict(told.ws, told.slug, key)


def groups_of(told, key):
    return get_verdict(told.ws, story.ADA, told.slug, key).verdict.groups


def begun(told, title):
    key = told.ticket(title)
    told.start(key)
    trained(told, key)
    return key


def test_parameter_that_is_ignored_holds_runs_together_in_verdict_and_comparison(told):
    ignore(told, "output_dir", "output_dir")
    key = begun(told, "One folder a seed")
    [group] = groups_of(told, key)
    assert len(group.seeds) == 5
    view = compare(told.ws, story.ADA, told.slug, comparison_asked({"ticket": [key]}))
    [compared] = view.groups
    assert (compared.n, compared.mean) == (5, pytest.approx(group.mean))
    assert (view.ignored, view.splitting) == (("output_dir",), ())
    assert replay_verdict(told.ws, story.ADA, told.slug, key).same


def test_ticket_keeps_what_it_was_locked_with_and_the_comparison_says_so(told):
    key = begun(told, "Locked before")
    assert len(groups_of(told, key)) == 5
    ignore(told, "output_dir")
    refresh_verdict(told.ws, told.slug, key)
    assert len(groups_of(told, key)) == 5
    assert get_ticket(told.ws, story.ADA, told.slug, key).lock.ignored_parameters == ()
    view = compare(told.ws, story.ADA, told.slug, comparison_asked({}))
    assert (len(view.groups), view.locked_otherwise) == (5, (key,))
    assert view.splitting == ("output_dir",), "what keeps five seeds apart is named"


def test_what_a_lock_ignores_stands_in_the_journal_and_cannot_be_changed_behind_it(told):
    ignore(told, "output_dir")
    key = begun(told, "Changed behind")
    ticket = get_ticket(told.ws, story.ADA, told.slug, key)
    assert verify_journal(told.ws, story.ADA).ok
    altered = ticket.lock.model_copy(update={"ignored_parameters": ("output_dir", "rank")})
    told.ws.store.write(lambda tx: tx.put_lock(ticket.id, altered))
    refresh_verdict(told.ws, told.slug, key)
    detail = get_verdict(told.ws, story.ADA, told.slug, key).verdict
    assert "ignored_parameters" in f"{detail.headline} {detail.detail}"
