"""A cancelled sprint takes no retro; planned again it says on its page what stands in its way."""

import re

from starlette.testclient import TestClient

from assay.bootstrap import open_workspace
from assay.domain.sprints.sprint import Retro
from assay.server.app import create_app
from assay.settings import Settings
from assay.workflows.commitments import commit_tickets
from assay.workflows.looking_back import save_retro
from assay.workflows.sprint_cancelling import cancel_sprint
from assay.workflows.sprints import create_sprint, get_sprint, start_sprint
from tests.faces.web import story

PAGE = f"/p/{story.SLUG}/sprints/1"


def test_cancelled_sprint_takes_no_retro_and_comes_back_with_what_stands_in_its_way(tmp_path):
    settings = Settings(home=tmp_path, sync_interval_s=0)
    with open_workspace(settings) as ws:
        keys = story.tell(ws)
        days = create_sprint(ws, story.ADA, story.SLUG).sprint.content
        commit_tickets(ws, story.ADA, story.SLUG, 1, [keys["fresh"]])
        said = Retro(went_well="We saw early that it would not fit.")
        save_retro(ws, story.ADA, story.SLUG, 1, said, expected_version=None)
        cancel_sprint(ws, story.ADA, story.SLUG, 1, expected_version=None)
        for number, name in ((2, "fresh"), (3, "next")):
            create_sprint(ws, story.ADA, story.SLUG, days.model_copy(update={"name": f"Sprint {number}"}))
            commit_tickets(ws, story.ADA, story.SLUG, number, [keys[name]])
        start_sprint(ws, story.ADA, story.SLUG, 3, expected_version=None)
        with TestClient(create_app(ws, settings), base_url="http://127.0.0.1") as client:
            retro = client.get(f"{PAGE}/retro").text
            assert (said.went_well in retro, "<fieldset disabled>" in retro) == (True, True)
            assert "never ran: there is nothing to look back on" in retro
            token = re.search(r'name="csrf_token" value="([^"]+)"', retro)[1]
            form = {"csrf_token": token, "expected_version": "3", "went_well": "Other"}
            version = str(get_sprint(ws, story.ADA, story.SLUG, 1).sprint.version)
            refused = client.post(f"{PAGE}/retro", data=form | {"expected_version": version})
            assert (refused.status_code, "it was cancelled and never ran" in refused.text) == (409, True)
            assert get_sprint(ws, story.ADA, story.SLUG, 1).sprint.retro == said
            form = {"csrf_token": token, "expected_version": version}
            assert client.post(f"{PAGE}/restore", data=form, follow_redirects=False).status_code == 303
            page = client.get(PAGE).text
            assert "Sprint 3 runs until" in page
            assert f"{keys['fresh']} stayed in sprint 2 when this one was planned again." in page
            assert "<fieldset disabled>" not in client.get(f"{PAGE}/retro").text
