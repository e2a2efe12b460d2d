"""The level of the rule for futility, chosen on the history alone."""

import numpy as np
import pytest

from assay.domain.stopping.futility import FutilityRule
from assay.domain.stopping.tuning import DEFAULT_LEVEL, LEVELS, tune_level
from assay.stats.futility import CHECKS
from tests.unit.domain.stopping.test_back_test import HIT, many, runs_of


def test_the_level_is_the_largest_at_which_the_history_stays_within_the_limit():
    past = many(np.random.default_rng(4), count=240)
    tuned = tune_level(past, CHECKS, limit=0.05)
    assert tuned.tuned
    assert tuned.level in LEVELS
    assert tuned.hits_stopped <= 0.05 * tuned.hits
    strict = tune_level(past, CHECKS, limit=0.0)
    assert strict.level <= tuned.level
    assert strict.hits == tuned.hits


def test_with_few_hits_the_level_is_the_default_and_says_so():
    tuned = tune_level(runs_of(*[HIT] * 10), CHECKS)
    assert (tuned.level, tuned.tuned) == (DEFAULT_LEVEL, False)
    assert FutilityRule().level == DEFAULT_LEVEL


@pytest.mark.parametrize("count", [0, 1])
def test_a_history_of_next_to_nothing_is_no_error(count):
    past = many(np.random.default_rng(4)).of(np.arange(count))
    assert not tune_level(past, CHECKS).tuned
