"""An application with two projects: one that is attacked, and one that must stay as it is."""

import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from assay.api.routes import API_TABLE
from assay.bootstrap import open_workspace
from assay.server.app import create_app
from assay.settings import Settings
from assay.workflows.actor import Actor
from assay.workflows.commitments import commit_tickets
from assay.workflows.gate_runs import judge_upload
from assay.workflows.gate_views import Upload
from assay.workflows.gates import add_gate
from assay.workflows.sprints import create_sprint
from tests.faces.hostile.asking import Asker
from tests.faces.hostile.good_requests import SCORES
from tests.faces.hostile.target import Target
from tests.faces.web import story


def a_gate(ws, key):
    """A gate of the attacked project, with an answer."""
    actor = Actor(name="Ada Noor")
    add_gate(ws, actor, story.SLUG, text="gate: answers\ncriteria: [accuracy >= 85%]\n")
    upload = Upload({"scores.csv": SCORES})
    judge_upload(ws, actor, story.SLUG, "answers", candidate=upload, ticket=key)


@dataclass(frozen=True)
class Told:
    """A home with both projects in it, their tickets, and the API that serves them."""

    home: Path
    keys: dict
    kept_keys: list
    described: dict


@pytest.fixture(scope="session")
def told(tmp_path_factory):
    """The home that every attack begins with, told once."""
    home = tmp_path_factory.mktemp("told")
    with open_workspace(_settings(home)) as ws:
        keys = story.tell(ws)
        a_gate(ws, keys["fresh"])
        create_sprint(ws, Actor(name="Ada Noor"), story.SLUG)
        commit_tickets(ws, Actor(name="Ada Noor"), story.SLUG, 1, [keys["fresh"]])
        kept = story.Story(ws, slug="kept", name="Kept")
        kept_keys = [kept.ticket("Stays as it is"), kept.ticket("This one too")]
        app = create_app(ws, _settings(home))
        app.router.routes.extend(API_TABLE.routes())
        described = app.openapi()
    return Told(home, keys, kept_keys, described)


@pytest.fixture(scope="session")
def operations(told):
    """Every operation of the API: method, path and its description in OpenAPI."""
    return [
        (method.upper(), path, operation)
        for path, described in told.described["paths"].items()
        for method, operation in described.items()
    ]


@pytest.fixture(scope="session")
def attack(told, tmp_path_factory):
    """`with attack() as target`: a copy of that home under attack, so that none works on what another one piled up.

    Whatever is done to it, the other project is the same afterwards, and the journal holds.
    """

    @contextmanager
    def attacked():
        home = tmp_path_factory.mktemp("attacked") / "home"
        shutil.copytree(told.home, home)
        settings = _settings(home)
        with open_workspace(settings) as ws:
            app = create_app(ws, settings)
            asker = Asker(app)
            target = Target(ask=asker, app=app, ws=ws, keys=told.keys, kept_keys=told.kept_keys)
            before = target.kept()
            yield target
            assert target.kept() == before
            assert b'"ok":true' in target.ask("GET", "/api/v1/journal/verification").body
            asker.close()
        shutil.rmtree(home)

    return attacked


@pytest.fixture(scope="module")
def target(attack):
    """One application for all tests of a file."""
    with attack() as attacked:
        yield attacked


@pytest.fixture
def fresh(attack):
    """An application for this test only."""
    with attack() as attacked:
        yield attacked


def _settings(home):
    return Settings(home=home, sync_interval_s=0, user="Ada Noor")
