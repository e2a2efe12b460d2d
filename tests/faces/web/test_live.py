"""The stream that wakes open pages."""

import asyncio

import pytest

from assay.bootstrap import open_workspace
from assay.settings import Settings
from assay.web.live import ChangeFeed
from assay.workflows.tickets import create_ticket
from tests.faces.web import story


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
