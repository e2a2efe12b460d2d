"""How long does the warm board of 7 x 50 cards take beside the same bytes sent ready-made?

    python benchmarks/board_page.py [--rounds 7] [--requests 60]

Both answers come from one application in this process, in turn, without compression. Asked twice: of a board on which nothing
happened since the last look, and of one on which a card was moved before every look. Judged: the median of the ratios of one
round (medians of its requests). Correctness in the same run: both answers have the same bytes, compressed too; a kept page has
those of one made anew; and after every move the card stands in its new column at once.
"""

import argparse
import asyncio
import os
import re
import statistics
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import httpx2
from starlette.responses import Response
from starlette.routing import Route

from assay.bootstrap import open_workspace
from assay.domain.board.board import Board
from assay.domain.experiments.experiment import TicketContent
from assay.server.app import create_app
from assay.settings import Settings
from assay.workflows.actor import Actor
from assay.workflows.board import Moved, move_card
from assay.workflows.projects import create_project, get_project, save_settings
from assay.workflows.tickets import create_ticket

ACTOR = Actor(name="ada")
SLUG = "vision"
COLUMNS = ("backlog", "hypothesis", "experiment", "evaluation", "iteration", "production", "killed")
CARDS = 50
ADDRESS = f"/p/{SLUG}/board"


def fill(ws) -> None:
    """Seven columns of fifty cards, on a board whose columns take them without gates."""
    create_project(ws, ACTOR, slug=SLUG)
    project = get_project(ws, ACTOR, SLUG)
    open_stages = tuple(
        stage.model_copy(update={"wip_limit": None, "exit_gate": (), "entry_gate": (), "locks": False})
        for stage in project.settings.board.stages
    )
    board = Board(stages=open_stages, transitions=project.settings.board.transitions)
    save_settings(ws, ACTOR, SLUG, expected_version=project.version, board=board)
    routes = {
        "backlog": (),
        "hypothesis": ("hypothesis",),
        "experiment": ("hypothesis", "experiment"),
        "evaluation": ("hypothesis", "experiment", "evaluation"),
        "iteration": ("hypothesis", "experiment", "evaluation", "iteration"),
        "production": ("hypothesis", "experiment", "evaluation", "production"),
        "killed": ("hypothesis", "experiment", "killed"),
    }
    for column in COLUMNS:
        for number in range(CARDS):
            content = TicketContent(
                title=f"Card {number} of {column}: rerank the top twenty with a cross-encoder",
                hypothesis="Reranking lifts answer accuracy by at least two points at less than 50 ms.",
                owner="Ada Lovelace",
            )
            ticket = create_ticket(ws, ACTOR, SLUG, content)
            for stage in routes[column]:
                ticket = move_card(
                    ws, ACTOR, SLUG, ticket.key, to=stage, expected_version=ticket.version
                ).ticket


async def timed_ms(client: httpx2.AsyncClient, address: str) -> tuple[float, bytes]:
    begun = time.perf_counter()
    response = (await client.get(address)).raise_for_status()
    return (time.perf_counter() - begun) * 1000, response.content


async def median_ms(client: httpx2.AsyncClient, address: str, requests: int) -> float:
    return statistics.median([(await timed_ms(client, address))[0] for _ in range(requests)])


def keys_in(page: bytes, column: str) -> list[str]:
    """The cards of one column of the page, from top to bottom."""
    below = page.split(f'data-stage="{column}"'.encode())[1].split(b"</section>")[0]
    return [key.decode() for key in re.findall(rb'data-key="([^"]+)"', below)]


async def median_after_moves_ms(client: httpx2.AsyncClient, ws, page: bytes, requests: int) -> float:
    """The board, each time after one card went to the top of another column."""
    (key, *stay), others = keys_in(page, "backlog"), keys_in(page, "hypothesis")
    tops, taken = {"backlog": stay[0], "hypothesis": others[0]}, []
    for number in range(requests):
        to = ("hypothesis", "backlog")[number % 2]
        moved = move_card(
            ws, ACTOR, SLUG, key, to=to, before_key=tops[to], expected_version=None, reason="to and fro"
        )
        assert isinstance(moved, Moved), moved
        spent, page = await timed_ms(client, ADDRESS)
        taken.append(spent)
        assert keys_in(page, to)[0] == key, f"{key} is not shown in its new column"
    return statistics.median(taken)


async def check(client: httpx2.AsyncClient, app) -> bytes:
    """The page, after it was seen to be the same in every way it can be answered."""
    page = (await client.get(ADDRESS)).content
    kept = (await client.get(ADDRESS)).content
    zipped = (await client.get(ADDRESS, headers={"accept-encoding": "gzip"})).content
    app.state.board_keep = None
    anew = (await client.get(ADDRESS)).content
    assert page == kept == zipped == anew, "a kept page differs from one made anew"
    return page


async def measure(ws, settings: Settings, rounds: int, requests: int) -> None:
    app = create_app(ws, settings)
    transport = httpx2.ASGITransport(app=app)
    headers = {"accept-encoding": "identity", "cookie": f"assay_csrf={'x' * 32}; assay_project={SLUG}"}
    async with httpx2.AsyncClient(
        transport=transport, base_url="http://127.0.0.1", headers=headers
    ) as client:
        page = await check(client, app)
        ready = Response(page, media_type="text/html; charset=utf-8")

        async def prerendered(_request) -> Response:
            return ready

        app.router.routes.insert(0, Route("/ready-made", prerendered))
        assert (await client.get("/ready-made")).content == page
        found = []
        for _ in range(rounds):
            quiet = await median_ms(client, ADDRESS, requests)
            floor = await median_ms(client, "/ready-made", requests)
            found.append((quiet, await median_after_moves_ms(client, ws, page, requests), floor))
    quiet, moved, floor = (statistics.median(column) for column in zip(*found, strict=True))
    print(
        f"board {quiet:.2f} ms, after a move {moved:.2f} ms, the same {len(page) / 1000:.0f} kB ready-made {floor:.2f} ms"
    )
    print(f"board / ready-made: {statistics.median(one[0] / one[2] for one in found):.2f} (at most 5)")
    print(f"board after a move / ready-made: {statistics.median(one[1] / one[2] for one in found):.2f}")
    print(f"{rounds} rounds of {requests} requests, load {os.getloadavg()[0]:.1f}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--requests", type=int, default=60)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        settings = replace(Settings(home=Path(folder) / "home"), sync_interval_s=0)
        with open_workspace(settings) as ws:
            fill(ws)
            asyncio.run(measure(ws, settings, given.rounds, given.requests))


if __name__ == "__main__":
    main()
