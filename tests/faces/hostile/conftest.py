"""An application with two projects: one that is attacked, and one that must stay as it is."""

import pytest

from assay.bootstrap import open_workspace
from assay.server.app import create_app
from assay.settings import Settings
from tests.faces.hostile.asking import Asker
from tests.faces.hostile.target import Target
from tests.faces.web import story


@pytest.fixture(scope="module")
def target(tmp_path_factory):
    """The application under attack."""
    settings = Settings(home=tmp_path_factory.mktemp("home"), sync_interval_s=0, user="Ada Noor")
    with open_workspace(settings) as ws:
        keys = story.tell(ws)
        kept = story.Story(ws, slug="kept", name="Kept")
        kept_keys = [kept.ticket("Stays as it is"), kept.ticket("This one too")]
        app = create_app(ws, settings)
        asker = Asker(app)
        yield Target(ask=asker, app=app, ws=ws, keys=keys, kept_keys=kept_keys)
        asker.close()
