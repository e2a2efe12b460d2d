"""What runs cost by the price list of their project, on both databases: pages, cards, verdicts and their replay."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from assay.domain.experiments.criteria.model import Role
from assay.domain.experiments.criteria.text import parse_criterion
from assay.domain.experiments.experiment import Budget, DecisionKind
from assay.domain.experiments.prices import PriceList, price_from_text
from assay.domain.gates.verdict import verdict_bytes
from assay.errors import StaleVersion
from assay.testing.storage_samples import run as sample
from assay.workflows.evidence import connect_source, get_run, list_runs, sync_source
from assay.workflows.journal import journal_page, verify_journal
from assay.workflows.overview import overview
from assay.workflows.prices import set_prices
from assay.workflows.replays import replay_verdict
from assay.workflows.ticket_page import ticket_page
from assay.workflows.tickets import get_ticket
from assay.workflows.verdicts import get_verdict
from tests.unit.workflows.conftest import ADA, CATALOG, run
from tests.unit.workflows.test_life_of_an_experiment import GOOD, SLUG, decide_it, start

YEAR = datetime(2026, 1, 1, tzinfo=UTC)


def listed(*lines, default=None):
    return PriceList(prices=tuple(map(price_from_text, lines)), default_device=default)


@pytest.fixture
def costly(ws, tracker, clock):
    """An experiment that is stopped beyond 20 USD; each of its runs used 2 GPU-hours."""
    too_dear = parse_criterion("cost > 20 USD", metrics=CATALOG, role=Role.KILL)
    wins = parse_criterion("accuracy >= 85%", metrics=CATALOG, role=Role.PRIMARY)
    ticket = start(ws, criteria=(wins, too_dear), budget=Budget(gpu_hours="24", cost_usd="10"))
    connect_source(ws, ADA, SLUG, kind="listed", uri="memory", name="listed")
    tracker.put(
        *(
            replace(run(ticket.key, seed, 0.7, value, begun=clock()), gpu_hours=2.0)
            for seed, value in enumerate(GOOD)
        )
    )
    sync_source(ws, ADA, SLUG, "listed")
    return ticket.key


def recommended(ws, key):
    return get_verdict(ws, ADA, SLUG, key).verdict.recommendation.value


def test_price_list_decides_a_criterion_of_money_and_stands_in_the_record_of_the_verdict(ws, costly):
    assert recommended(ws, costly) != "kill"
    assert get_ticket(ws, ADA, SLUG, costly).card["money_share"] is None
    unpriced = get_verdict(ws, ADA, SLUG, costly)
    assert "prices" not in unpriced.inputs
    set_prices(ws, ADA, SLUG, listed("A100 = 3", default="a100"))
    record, card = get_verdict(ws, ADA, SLUG, costly), get_ticket(ws, ADA, SLUG, costly).card
    spent = 2.0 * 3 * len(GOOD)
    assert recommended(ws, costly) == "kill"
    assert record.inputs["prices"] == ["price list: A100 3 USD/h"]
    assert record.run_digests == unpriced.run_digests
    assert card["money_share"] == round(spent / 10, 4)
    assert replay_verdict(ws, ADA, SLUG, costly).same
    page = ticket_page(ws, ADA, SLUG, costly)
    assert (page.cost_usd, page.runs_without_cost) == (spent, 0)
    assert overview(ws, ADA, SLUG).cost_usd == spent
    assert verify_journal(ws, ADA).ok


def test_later_price_shows_at_once_but_a_verdict_decided_on_is_replayed_with_the_prices_it_saw(ws, costly):
    set_prices(ws, ADA, SLUG, listed("A100 = 3", default="A100"))
    ticket = get_ticket(ws, ADA, SLUG, costly)
    decide_it(ws, ticket, DecisionKind.KILL)
    decided = get_ticket(ws, ADA, SLUG, costly).decision.verdict_digest
    set_prices(ws, ADA, SLUG, listed("A100 = 0.1", default="A100"))
    assert ticket_page(ws, ADA, SLUG, costly).cost_usd == pytest.approx(0.2 * len(GOOD))
    assert replay_verdict(ws, ADA, SLUG, costly, digest=decided).same
    assert replay_verdict(ws, ADA, SLUG, costly).same
    assert recommended(ws, costly) == "kill"  # what it was killed on stands


def test_prices_that_are_taken_away_leave_the_verdict_as_it_was_without_them(ws, costly):
    before = verdict_bytes(get_verdict(ws, ADA, SLUG, costly))
    set_prices(ws, ADA, SLUG, listed("A100 = 3", default="A100"))
    set_prices(ws, ADA, SLUG, PriceList())
    assert verdict_bytes(get_verdict(ws, ADA, SLUG, costly)) == before


def test_change_of_prices_is_journaled_once_and_a_stale_one_is_refused(ws, costly):
    prices = listed("A100 = 3 since 2026-01-01", default="A100")
    version = set_prices(ws, ADA, SLUG, prices).version
    assert set_prices(ws, ADA, SLUG, prices).version == version
    [entry] = journal_page(ws, ADA, project=SLUG, kind="prices.set").rows
    assert entry.payload["after"]["prices"][0]["usd_per_hour"] == "3"
    with pytest.raises(StaleVersion):
        set_prices(ws, ADA, SLUG, PriceList(), expected_version=version - 1)


def test_overview_list_and_page_price_a_run_by_its_device_and_the_day_it_began(ws):
    source, _ = connect_source(ws, ADA, SLUG, kind="listed", uri="memory", name="lab")
    lines = ("A100 = 3", "A100 = 2 since 2026-01-01", "H100 = 10 since 2026-06-01")
    set_prices(ws, ADA, SLUG, listed(*lines, default="A100"))
    new, old = {"assay.device": "h100"}, datetime(2025, 12, 31, 23, 59, tzinfo=UTC)
    h100, t4 = {"assay.device_seen": "NVIDIA H100 80GB HBM3"}, {"assay.device_seen": "Tesla T4"}
    told = [
        sample(1, gpu_hours=2.0, tags={}, started_at=old),  # 6 USD
        sample(2, gpu_hours=2.0, tags={}, started_at=YEAR),  # 4 USD
        sample(3, gpu_hours=1.0, tags=new, started_at=YEAR),  # before the first price of its device
        sample(4, gpu_hours=1.0, tags=new, started_at=YEAR.replace(month=7)),  # 10 USD
        sample(5, gpu_hours=9.0, tags=new, cost_usd=0.5, started_at=YEAR),  # says it itself
        sample(6, gpu_hours=None, tags={}, started_at=YEAR),
        sample(7, gpu_hours=5.0, tags={"assay.device": 'B"200'}, started_at=YEAR),
        sample(8, gpu_hours=5.0, tags={}, started_at=None),
        sample(9, gpu_hours=1.0, tags=h100, started_at=YEAR.replace(month=7)),  # 10 USD
        sample(10, gpu_hours=1.0, tags=t4, started_at=YEAR),  # nobody lists it: the default device, 2 USD
        sample(
            11, gpu_hours=1.0, tags={**h100, "assay.device": "A100"}, started_at=YEAR
        ),  # as it says: 2 USD
    ]
    ws.store.write(lambda tx: tx.put_runs(source, told, seq=1))
    view, rows = overview(ws, ADA, SLUG), list_runs(ws, ADA, SLUG).rows
    assert (view.cost_usd, view.runs_without_cost) == (34.5, 4)
    costs = [6.0, 4.0, None, 10.0, 0.5, None, None, None, 10.0, 2.0, 2.0]
    assert [row.cost_usd for row in reversed(rows)] == costs
    shown = get_run(ws, ADA, SLUG, "lab:0002").run
    assert (shown.cost_usd, shown.cost_source) == (4.0, "price list: A100 2 USD/h since 2026-01-01")
    assert get_run(ws, ADA, SLUG, "lab:0005").run.cost_source is None
    unknown = {number: get_run(ws, ADA, SLUG, f"lab:{number:04}").cost_unknown for number in (2, 3, 5, 6, 7)}
    assert unknown == {
        2: None,
        3: "no price of h100 on the day it began",
        5: None,
        6: "its GPU-hours are not known",
        7: 'no price of B"200 on the day it began',
    }
