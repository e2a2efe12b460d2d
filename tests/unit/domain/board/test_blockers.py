"""What was in the way, for how long, and which kind of it cost most."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.domain.board.blockers import (
    BlockedSpan,
    BlockerCategory,
    BlockerClosed,
    BlockerOpened,
    blocked_spans,
    days_open,
    median_days_open,
    open_at,
    opened_between,
    pareto,
)

REVIEW, DATA, GPU = BlockerCategory.REVIEW, BlockerCategory.DATA_QUALITY, BlockerCategory.GPU_SHORTAGE


def day(number: float) -> datetime:
    return datetime(2026, 5, 1, tzinfo=UTC) + timedelta(days=number)


def span(opened: float, closed: float | None, category=REVIEW, item="EXP-1", number=1) -> BlockedSpan:
    return BlockedSpan(item, number, category, day(opened), None if closed is None else day(closed))


def test_what_comes_back_is_a_new_blocker_and_the_old_ones_days_stay():
    spans = blocked_spans(
        [
            BlockerOpened(day(0), "EXP-1", 1, REVIEW),
            BlockerClosed(day(2), "EXP-1", 1),
            BlockerOpened(day(5), "EXP-1", 2, REVIEW),
        ]
    )
    assert spans == (span(0, 2), span(5, None, number=2))


def test_past_moment_sees_open_what_was_closed_later():
    events = [BlockerOpened(day(0), "EXP-1", 1, REVIEW), BlockerClosed(day(2), "EXP-1", 1)]
    assert blocked_spans(events, until=day(1)) == (span(0, None),)
    assert blocked_spans(events, until=day(-1)) == ()


def test_ticket_that_is_deleted_takes_its_blockers_along_and_its_key_may_begin_anew():
    spans = blocked_spans(
        [
            BlockerOpened(day(0), "EXP-1", 1, REVIEW),
            BlockerOpened(day(1), "EXP-1", 2, DATA),
            BlockerOpened(day(1), "EXP-2", 1, DATA),
            BlockerClosed(day(3), "EXP-1", None),
            BlockerOpened(day(4), "EXP-1", 1, GPU),
        ]
    )
    assert [one.closed_at for one in spans] == [day(3), day(3), None, None]
    assert [one.item for one in open_at(spans, day(5))] == ["EXP-2", "EXP-1"]
    assert len(open_at(spans, day(2))) == 3


def test_window_holds_its_first_moment_and_not_its_end():
    spans = [span(0, None), span(1, None), span(2, None)]
    assert opened_between(spans, day(0), day(2)) == tuple(spans[:2])


@pytest.mark.parametrize(
    ("lasted", "still_open", "days", "is_at_least"),
    [
        ([3.0], [], 3.0, False),
        ([1.0, 2.0], [9.0], 2.0, False),
        ([1.0], [9.0], 5.0, True),
        ([8.0], [1.0, 2.0], 2.0, True),
        ([], [4.0], 4.0, True),
    ],
)
def test_median_of_days_says_when_it_can_still_grow(lasted, still_open, days, is_at_least):
    now = day(20)
    spans = [span(0, days) for days in lasted] + [span(20 - age, None) for age in still_open]
    found = median_days_open(spans, now)
    assert (found.days, found.is_at_least, found.of) == (days, is_at_least, len(spans))


def test_median_of_nothing_is_not_known():
    assert median_days_open([], day(1)) is None


@given(
    st.lists(st.tuples(st.floats(0, 50), st.floats(0, 50), st.booleans()), min_size=1, max_size=30),
    st.floats(0, 60),
)
def test_median_said_to_be_final_never_changes_and_one_at_least_never_shrinks(drawn, later):
    spans = [span(start, None if is_open else start + lasting) for start, lasting, is_open in drawn]
    now, then = day(101), day(101 + later)
    said, final = median_days_open(spans, now), median_days_open(spans, then)
    assert final.days >= said.days if said.is_at_least else final.days == said.days


def test_pareto_puts_the_kind_that_cost_most_days_first_and_counts_days_of_the_window_only():
    spans = [
        span(0, 1, REVIEW, "EXP-1"),
        span(1, 2, REVIEW, "EXP-2"),
        span(-9, 8, GPU, "EXP-3"),
        span(9, None, GPU, "EXP-1"),
        span(-5, -1, DATA, "EXP-4"),
        span(11, None, DATA, "EXP-4"),
    ]
    first, second = pareto(spans, day(0), day(10))
    assert (first.category, first.blockers, first.days, first.open) == (GPU, 2, 9.0, 1)
    assert first.items == ("EXP-3", "EXP-1")
    assert (second.category, second.blockers, second.days, second.open) == (REVIEW, 2, 2.0, 0)


def test_two_blockers_of_one_ticket_cost_days_each():
    [cost] = pareto([span(0, 3), span(1, 3, number=2)], day(0), day(10))
    assert (cost.days, cost.blockers, cost.items) == (5.0, 2, ("EXP-1",))


@given(
    st.lists(
        st.tuples(st.floats(-20, 20), st.floats(0, 20), st.booleans(), st.sampled_from(BlockerCategory)),
        max_size=30,
    )
)
def test_pareto_of_two_halves_adds_up_to_the_whole(drawn):
    spans = [
        span(start, None if is_open else start + lasting, kind) for start, lasting, is_open, kind in drawn
    ]
    halves = [*pareto(spans, day(0), day(5)), *pareto(spans, day(5), day(10))]
    whole = pareto(spans, day(0), day(10))
    for cost in whole:
        parts = sum(half.days for half in halves if half.category is cost.category)
        assert parts == pytest.approx(cost.days, abs=1e-9)
    assert sum(cost.days for cost in whole) == pytest.approx(sum(half.days for half in halves), abs=1e-9)


def test_age_at_a_moment_before_it_was_opened_is_nothing():
    assert days_open(day(3), None, day(1)) == 0.0
    assert days_open(day(0), day(9), day(4)) == 4.0
