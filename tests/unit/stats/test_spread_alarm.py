import numpy as np
import pytest

from assay.stats.samples import DegenerateSample, StatisticsError, TooFewSamples
from assay.stats.spread import detectable_spread, spread_against_limit


def test_alarm_is_shown_exactly_when_the_lower_bound_exceeds_the_limit():
    rng = np.random.default_rng(1)
    for _ in range(200):
        test = spread_against_limit(rng.normal(0, 0.05, int(rng.integers(2, 12))), 0.03)
        assert (test.answer("greater") == "met") == (test.estimate.interval.low > 0.03)


@pytest.mark.parametrize("seeds", [2, 3, 5, 10, 30])
def test_spread_said_to_be_detectable_is_shown_four_times_in_five(seeds):
    rng = np.random.default_rng(2)
    scores = rng.normal(0, detectable_spread(0.03, seeds), (4000, seeds))
    shown = [spread_against_limit(x, 0.03).answer("greater") == "met" for x in scores]
    assert np.mean(shown) == pytest.approx(0.8, abs=0.03)


def test_three_wild_seeds_show_less_than_ten():
    assert detectable_spread(0.03, 3) > 2 * detectable_spread(0.03, 10)


def test_one_seed_identical_seeds_and_limits_that_are_none_are_refused():
    with pytest.raises(TooFewSamples):
        detectable_spread(0.03, 1)
    with pytest.raises(TooFewSamples):
        spread_against_limit([0.9], 0.03)
    with pytest.raises(DegenerateSample):
        spread_against_limit([0.9, 0.9, 0.9], 0.03)
    for limit in (0.0, -1.0, float("nan"), float("inf")):
        with pytest.raises(StatisticsError):
            detectable_spread(limit, 5)
