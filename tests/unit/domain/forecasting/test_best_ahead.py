"""How good the best may be in eight weeks, and when nobody knows."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from assay.domain.forecasting.best_ahead import BestAhead, Silence, Tried, best_ahead
from assay.domain.kernel.metrics import Direction, Metric, Unit

NOW = datetime(2026, 5, 25, tzinfo=UTC)
ACCURACY = Metric(name="accuracy", direction=Direction.HIGHER, unit=Unit.FRACTION)
LATENCY = Metric(name="latency_ms", direction=Direction.LOWER, unit=Unit.MILLISECONDS)


def tried(values, *, days=6, last=3):
    begun = NOW - timedelta(days=last + days * (len(values) - 1))
    return [Tried(begun + timedelta(days=days * place), value) for place, value in enumerate(values)]


GOOD = [0.71, 0.74, 0.78, 0.69, 0.80, 0.77, 0.75, 0.81, 0.79, 0.76]


def test_cone_begins_at_the_best_and_widens_week_by_week():
    found = best_ahead(tried(GOOD), ACCURACY, NOW)
    assert isinstance(found, BestAhead)
    first, *later = found.points
    assert (first.at, first.low, first.median, first.high) == (NOW, 0.81, 0.81, 0.81)
    assert [point.at for point in later] == [NOW + timedelta(weeks=week) for week in range(1, 9)]
    highs = [point.high for point in later]
    assert highs == sorted(highs)
    assert highs[-1] > 0.82
    assert {point.low for point in later} == {0.81}  # the best never becomes worse
    assert found.experiments == 10
    assert found.a_week == pytest.approx(9.5 / 57 * 7)
    assert 0 < found.chance_of_better < 1


def test_lower_is_better_mirrors_it():
    up = best_ahead(
        tried([-1000 * value for value in GOOD]), LATENCY.model_copy(update={"unit": Unit.NUMBER}), NOW
    )
    down = best_ahead(
        tried([1000 * value for value in GOOD]), ACCURACY.model_copy(update={"unit": Unit.NUMBER}), NOW
    )
    assert [-point.low for point in up.points] == pytest.approx([point.high for point in down.points])
    assert up.chance_of_better == down.chance_of_better


def test_no_accuracy_beyond_all_and_no_latency_below_none():
    near = [1 - (1 - value) / 30 for value in GOOD]
    assert best_ahead(tried(near, days=2), ACCURACY, NOW).points[-1].high <= 1
    short = [0.5 + 10 * (1 - value) for value in GOOD]
    assert best_ahead(tried(short, days=2), LATENCY, NOW).points[-1].low >= 0


@pytest.mark.parametrize(
    ("history", "why", "said"),
    [
        (tried(GOOD[:5]), Silence.TOO_FEW, "5 of 8 measured experiments"),
        (tried(GOOD, days=1), Silence.TOO_YOUNG, "12 days ago: it takes 14"),
        (tried(GOOD, last=80), Silence.STALLED, "nothing was measured for 11 weeks"),
        (tried([0.9] * 10), Silence.ALL_ALIKE, "the same best value"),
        ([], Silence.TOO_FEW, "0 of 8"),
    ],
    ids=["few", "young", "stalled", "alike", "none"],
)
def test_what_nobody_can_know_is_said(history, why, said):
    found = best_ahead(history, ACCURACY, NOW)
    assert (found.why, said in found.reason) == (why, True)


def test_order_of_the_experiments_changes_nothing():
    history = tried(GOOD)
    mixed = [history[place] for place in np.random.default_rng(1).permutation(len(history))]
    assert best_ahead(mixed, ACCURACY, NOW) == best_ahead(history, ACCURACY, NOW)
