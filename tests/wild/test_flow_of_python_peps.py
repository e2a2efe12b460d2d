"""Flow metrics on the status history of Python's enhancement proposals, against the counts told beside the data."""

import csv
from collections import Counter
from datetime import UTC, date, datetime

import numpy as np
import pytest

from assay.domain.board.flow import (
    Crossing,
    FlowRules,
    Outcome,
    bulk_edits,
    cumulative_flow,
    cycle_quantiles,
    decided_between,
    in_progress,
    item_flows,
    share_of,
)

pytestmark = pytest.mark.wild

ENDED = {
    "Final": Outcome.PROMOTED,
    "Rejected": Outcome.KILLED,
    "Withdrawn": Outcome.KILLED,
    "Superseded": Outcome.CLOSED,
}
RULES = FlowRules(waiting=frozenset(), ended=ENDED)


def rows_of(folder, name):
    with (folder / "flow" / "python-peps" / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def crossings(wild_data):
    return [
        Crossing(
            datetime.fromisoformat(row["changed_at_utc"]),
            row["item"],
            row["from_status"] or None,
            row["to_status"],
        )
        for row in rows_of(wild_data, "status_transitions.csv")
    ]


@pytest.fixture(scope="module")
def flows(crossings):
    return item_flows(crossings, RULES)


def at(year):
    return datetime(year, 1, 1, tzinfo=UTC)


def test_every_transition_is_kept_and_each_item_ends_where_the_snapshot_has_it(wild_data, flows):
    assert sum(len(flow.visits) for flow in flows) == 1823
    stage = {flow.item: flow.stage for flow in flows}
    said = {row["item"]: row["status_at_snapshot"] for row in rows_of(wild_data, "items.csv")}
    assert sum(stage[item] == status for item, status in said.items()) == 735
    assert [item for item, status in said.items() if stage[item] != status] == ["0401"]


def test_kill_rate_and_cycle_times_are_those_told_beside_the_data(flows):
    killed = share_of(flows, Outcome.KILLED)
    assert (killed.count, killed.of, round(killed.rate, 3)) == (208, 588, 0.354)
    assert killed.interval.low < 0.354 < killed.interval.high
    by_status = {
        status: [f for f in flows if f.done_at and dict(f.visits)[f.done_at] == status]
        for status in ("Final", "Rejected", "Withdrawn")
    }
    told = {"Final": (380, 412, 1673), "Rejected": (140, 306, 1707), "Withdrawn": (68, 614, 2164)}
    for status, (count, median, most) in told.items():
        assert len(by_status[status]) == count
        assert cycle_quantiles(by_status[status]) == pytest.approx((median, most), abs=1.1)


@pytest.mark.parametrize(("year", "items"), [(2015, 94), (2020, 124), (2025, 130)])
def test_work_in_progress_can_be_asked_for_a_past_date(crossings, year, items):
    then = item_flows(crossings, RULES, until=at(year))
    assert len(in_progress(then, RULES)) == items


def test_cumulative_flow_of_each_day_is_what_replaying_the_days_gives(crossings, flows):
    stages = sorted({crossing.target for crossing in crossings})
    table = cumulative_flow(flows, stages, date(2000, 7, 1), date(2026, 9, 1))
    for number in (0, 30, 4000, len(table) - 1):
        end = np.datetime64("2000-07-01") + number
        last = {c.item: c.target for c in crossings if np.datetime64(c.at.date()) <= end}
        counted = Counter(last.values())
        assert table[number].tolist() == [counted[stage] for stage in stages]


def test_years_add_up_to_all_that_was_decided(flows):
    years = [decided_between(flows, at(year), at(year + 1)) for year in range(2000, 2027)]
    assert sum(map(len, years)) == 588


def test_reopened_items_keep_their_first_end(flows):
    assert sum(flow.reopened for flow in flows) >= 1
    assert all(flow.cycle_days >= 0 for flow in flows if flow.outcome)


def test_bulk_edits_are_marked(crossings):
    found = {edit.at.strftime("%Y-%m-%d %H:%M"): edit.items for edit in bulk_edits(crossings)}
    assert found["2018-07-20 02:36"] == 33
    assert (found["2007-05-18 17:41"], found["2013-05-18 07:50"]) == (17, 12)
