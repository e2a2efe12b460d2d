"""Stale tickets are chosen beside the funnel and killed on a page that asks what was learned of each."""

import html
import re
from dataclasses import replace
from datetime import timedelta

from starlette.testclient import TestClient

from assay.bootstrap import open_workspace
from assay.domain.experiments.experiment import DecisionKind
from assay.server.app import create_app
from assay.settings import Settings
from assay.workflows.tickets import get_ticket
from tests.faces.web import story

PAGE = f"/p/{story.SLUG}/flow/stale"
LEARNED = "Routing by topic loses the thread of a conversation."


def test_stale_tickets_are_killed_from_the_funnel_once_each_says_what_was_learned(tmp_path):
    settings = Settings(home=tmp_path, sync_interval_s=0)
    with open_workspace(settings) as ws:
        story.tell(ws)
        later = replace(ws, clock=lambda: ws.clock() + timedelta(days=40))
        with TestClient(create_app(later, settings), base_url="http://127.0.0.1") as client:
            flow = client.get(f"/p/{story.SLUG}/flow").text
            keys = re.findall(r'name="key" value="(\w+-\d+)"', flow)
            assert 'action="' + PAGE + '"' in flow
            page = client.get(PAGE, params={"key": keys}).text
            assert "Cannot be killed here: its criteria are not locked. Take it back to Backlog" in page
            first, second = re.findall(r'name="key" value="(\w+-\d+)" checked', page)[:2]
            versions = dict(re.findall(r'name="(version_[\w-]+)" value="(\d+)"', page))
            token = re.search(r'name="csrf_token" value="([^"]+)"', page)[1]
            said = {"csrf_token": token, **versions, "shown": [first, second], "key": [first, second]}
            said |= {f"learnings_{first}": LEARNED, "reason": "Nobody took it up for two sprints."}
            refused = client.post(PAGE, data=said, follow_redirects=False)
            assert refused.status_code == 422
            shown = html.unescape(refused.text)
            assert (LEARNED in shown, f'id="problem-{second}"' in shown) == (True, True)
            assert get_ticket(ws, story.ADA, story.SLUG, first).decision is None
            said[f"learnings_{second}"] = LEARNED
            done = client.post(PAGE, data=said, follow_redirects=False)
            assert (done.status_code, done.headers["location"]) == (
                303,
                f"/p/{story.SLUG}/flow?done=stale-killed",
            )
        for key in (first, second):
            assert get_ticket(ws, story.ADA, story.SLUG, key).decision.kind is DecisionKind.KILL
