"""Was the data there when an experiment needed it: on its days, when its runs began, at the end of its sprint?"""

from datetime import UTC, datetime, timedelta

import pytest

from assay.domain.board.readiness import (
    DataConfirmed,
    Need,
    NeedsTold,
    data_answers,
    readiness_text,
    ready_share,
)
from assay.domain.board.shares import Share

KEY = "EXP-1"


def day(number):
    return datetime(2026, 5, 1, tzinfo=UTC) + timedelta(days=number)


def told(at, *needs):
    """On a day it is said that data sets are needed by a day (None: no day), and whether each is there."""
    return NeedsTold(day(at), KEY, tuple(Need(None if by is None else day(by), there) for by, there in needs))


def one(events, *, begun=None, until=30, **more):
    at = {} if begun is None else {KEY: day(begun)}
    limits = {name: {KEY: day(number)} for name, number in more.items()}
    found = data_answers(events, at, until=day(until), **limits)
    return found[0] if found else None


def days(moment):
    return None if moment is None else (moment - day(0)).total_seconds() / 86_400


@pytest.mark.parametrize(
    ("events", "more", "expected"),
    [
        # by the day that is written
        ([told(0, (5, False)), told(4, (5, True))], {}, (5, True, 4)),
        ([told(0, (5, False)), told(8, (5, True))], {}, (5, False, 8)),
        ([told(0, (5, False))], {}, (5, False, None)),
        ([told(0, (5, False))], {"until": 4}, None),
        # a day that is moved before it passes holds as it is moved; one that has passed stays passed
        ([told(0, (5, False)), told(4, (9, False)), told(8, (9, True))], {}, (9, True, 8)),
        ([told(0, (5, False)), told(6, (9, False)), told(8, (9, True))], {}, (5, False, 8)),
        ([told(7, (5, False)), told(8, (5, True))], {}, (7, False, 8)),
        # one of two is missing on its day
        ([told(0, (5, True), (7, False)), told(9, (5, True), (7, True))], {}, (7, False, 9)),
        # by the start of the runs
        ([told(0, (None, True))], {"begun": 6}, (6, True, 0)),
        ([told(0, (None, False)), told(8, (None, True))], {"begun": 6}, (6, False, 8)),
        ([told(0, (20, False))], {"begun": 6}, (6, False, None)),
        ([told(0, (None, False))], {}, None),
        # a person vouches for it, and may take that back
        ([DataConfirmed(day(2), KEY, True)], {"begun": 6}, (6, True, 2)),
        ([told(0, (5, False)), DataConfirmed(day(2), KEY, True)], {"begun": 6}, (6, True, 2)),
        ([DataConfirmed(day(2), KEY, True), DataConfirmed(day(3), KEY, False)], {"begun": 6}, (6, None, None)),
        # nobody said anything
        ([], {"begun": 6}, (6, None, None)),
        # by the end of its sprint
        ([told(0, (None, False))], {"due": 10}, (10, False, None)),
        ([told(0, (None, False)), told(9, (None, True))], {"due": 10}, (10, True, 9)),
        # what is decided needs no data any more
        ([told(0, (5, False))], {"over": 4}, None),
        ([told(0, (5, False))], {"over": 6}, (5, False, None)),
    ],
)  # fmt: skip
def test_data_is_on_time_when_nothing_was_missing_at_the_moment_it_was_needed(events, more, expected):
    found = one(events, **more)
    answer = None if found is None else (days(found.due_at), found.on_time, days(found.ready_at))
    assert answer == expected


def test_answer_of_a_past_moment_knows_nothing_of_what_came_later():
    events = [told(0, (5, False)), told(8, (5, True))]
    assert one(events, until=6).ready_at is None
    assert one(events, until=9).ready_at == day(8)


def test_rate_leaves_out_what_nobody_knows_and_calls_a_planning_failure_by_its_name():
    answers = [one([told(0, (5, there))]) for there in (True, False)] + [one([], begun=3)]
    share = ready_share(answers)
    assert (share.count, share.of) == (1, 2)
    assert readiness_text(share) == "under 60%: planning fails"
    assert readiness_text(Share(3, 5)) == "below the healthy 80%"
    assert readiness_text(Share(4, 5)) == "healthy is 80% or more"
    assert ready_share([]).rate is None
