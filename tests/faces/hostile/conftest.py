"""An application with two projects: one that is attacked, and one that must stay as it is."""

import pytest

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


@pytest.fixture(scope="module")
def target(tmp_path_factory):
    """The application under attack."""
    settings = Settings(home=tmp_path_factory.mktemp("home"), sync_interval_s=0, user="Ada Noor")
    with open_workspace(settings) as ws:
        keys = story.tell(ws)
        a_gate(ws, keys["fresh"])
        create_sprint(ws, Actor(name="Ada Noor"), story.SLUG)
        commit_tickets(ws, Actor(name="Ada Noor"), story.SLUG, 1, [keys["fresh"]])
        kept = story.Story(ws, slug="kept", name="Kept")
        kept_keys = [kept.ticket("Stays as it is"), kept.ticket("This one too")]
        app = create_app(ws, settings)
        asker = Asker(app)
        yield Target(ask=asker, app=app, ws=ws, keys=keys, kept_keys=kept_keys)
        asker.close()
