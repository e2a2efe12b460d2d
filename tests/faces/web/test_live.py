"""The stream that wakes open pages."""

import asyncio
import re
from dataclasses import replace

import pytest

from assay.bootstrap import open_workspace
from assay.settings import Settings
from assay.web.live import ChangeFeed
from assay.workflows.ticket_page import ticket_page
from assay.workflows.tickets import create_ticket
from tests.faces.web import story
from tests.faces.web.test_routes import Browser


@pytest.fixture
def told(tmp_path):
    with open_workspace(Settings(home=tmp_path, sync_interval_s=0)) as ws:
        yield story.Story(ws)


async def first_change(stream):
    async for line in stream:
        if line.startswith(b"id:"):
            return line
    return None


def test_stream_says_that_the_journal_has_grown(told):
    async def follow():
        feed = ChangeFeed(told.ws.store)
        stream = feed.events(told.ws.store.last_seq())
        waiting = asyncio.create_task(first_change(stream))
        await asyncio.sleep(0.1)
        await asyncio.to_thread(create_ticket, told.ws, story.ADA, told.slug, story.content("Wakes the page"))
        line = await asyncio.wait_for(waiting, 10)
        feed.close()
        return line

    line = asyncio.run(follow())
    assert (
        line
        == f"id: {told.ws.store.last_seq()}\nevent: change\ndata: {told.ws.store.last_seq()}\n\n".encode()
    )


def test_stream_that_begins_behind_is_told_at_once(told):
    async def follow():
        feed = ChangeFeed(told.ws.store)
        line = await asyncio.wait_for(first_change(feed.events(0)), 10)
        feed.close()
        return line

    assert asyncio.run(follow()).startswith(b"id:")


def test_stream_ends_when_the_server_stops(told):
    async def follow():
        feed = ChangeFeed(told.ws.store)
        stream = feed.events(told.ws.store.last_seq())
        waiting = asyncio.create_task(first_change(stream))
        await asyncio.sleep(0.1)
        feed.close()
        return await asyncio.wait_for(waiting, 5)

    assert asyncio.run(follow()) is None


def test_many_pages_wait_with_one_thread(told):
    import threading

    async def follow():
        before = sum(thread.name == "assay-live" for thread in threading.enumerate())
        feed = ChangeFeed(told.ws.store)
        waiting = [
            asyncio.create_task(first_change(feed.events(told.ws.store.last_seq()))) for _ in range(50)
        ]
        await asyncio.sleep(0.2)
        threads = sum(thread.name == "assay-live" for thread in threading.enumerate())
        feed.close()
        await asyncio.gather(*waiting)
        return threads - before

    assert asyncio.run(follow()) == 1


@pytest.fixture(scope="module")
def site(open_site):
    return open_site(story.tell)


@pytest.mark.parametrize("page", ["/state", "/standup", "/t/{clear}"])
def test_page_says_up_to_which_entry_it_is_true_and_which_parts_follow(site, page):
    seq = site.ws.store.last_seq()
    _, text = Browser(site.url).text(f"/p/{site.slug}{page.format(**site.keys)}")
    assert f'data-live="{seq}"' in text
    parts = re.findall(r'id="([a-z-]+)" data-live-part', text)
    assert len(parts) == len(set(parts)) == text.count("data-live-part") >= 3


@pytest.mark.browser
def test_ticket_that_is_open_shows_what_its_runs_log_and_keeps_what_somebody_writes(site, visit):
    key = site.keys["clear"]
    page = visit(site.at(f"/t/{key}"))
    page.locator("#note-text").fill("Half a thought")
    [first, *_] = ticket_page(site.ws, story.ADA, site.slug, key).runs
    with site.ws.store.read() as tx:
        source = tx.sources(tx.project(site.slug).id)[0]
        [run] = [one for one in tx.runs(tx.project(site.slug).id, key) if one.run_id == first.run_id]
    renamed = replace(run, name="named anew", digest="anew")
    assert page.locator("#runs", has_text="named anew").count() == 0
    site.ws.store.write(lambda tx: tx.put_runs(source, [renamed], seq=tx.head()[0] + 1))
    create_ticket(site.ws, story.ADA, site.slug, story.content("Makes the journal grow"))
    page.locator("#runs", has_text="named anew").wait_for()
    assert page.locator("#note-text").input_value() == "Half a thought"
