"""What an experiment is worth before it is run, against numerical integration, and under change of order and units."""

import math

import numpy as np
import pytest
import scipy.integrate
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from assay.stats.elicited_chances import (
    FEWEST,
    brier_score,
    shrunk_chance,
    track_record,
)
from assay.stats.samples import NotFinite, StatisticsError, TooFewSamples
from assay.stats.value_of_information import (
    Belief,
    belief_from_quantiles,
    chance_above,
    expected_gain,
    expected_improvement,
    mean_above,
    next_experiment,
)

means = st.floats(-100, 100)
spreads = st.floats(1e-3, 100)
chances = st.floats(0.01, 0.99)
scored = st.lists(st.tuples(chances, st.booleans()), min_size=1, max_size=40)


@pytest.mark.parametrize(("mean", "sd", "over"), [(0, 1, 0), (-0.3, 0.6, 0), (2, 0.5, 1), (-3, 0.7, 0.2)])
def test_expected_improvement_is_the_integral_of_what_lies_above(mean, sd, over):
    law = scipy.stats.norm(mean, sd)
    exact, _ = scipy.integrate.quad(
        lambda x: (x - over) * law.pdf(x), over, mean + 40 * sd, epsabs=1e-14, points=[max(over, mean)]
    )
    assert expected_improvement(Belief(mean, sd), over=over) == pytest.approx(exact, abs=1e-12, rel=1e-9)


@given(means, spreads, means)
def test_expected_improvement_is_never_less_than_shipping_blindly_or_nothing(mean, sd, over):
    worth = expected_improvement(Belief(mean, sd), over=over)
    assert worth >= max(0.0, mean - over)
    assert worth <= max(0.0, mean - over) + sd * 0.3989423


@given(means, spreads, st.floats(0, 10), st.floats(0, 10))
def test_a_better_or_less_certain_effect_is_never_worth_less(mean, sd, better, wider):
    worth = expected_improvement(Belief(mean, sd))
    assert expected_improvement(Belief(mean + better, sd)) >= worth - 1e-12
    assert expected_improvement(Belief(mean, sd + wider)) >= worth - 1e-9


@given(means, spreads, st.integers(-40, 40))
def test_units_scale_what_an_experiment_is_worth_and_nothing_else(mean, sd, power):
    unit = 2.0**power
    scaled = Belief(mean * unit, sd * unit)
    assert expected_improvement(scaled) == pytest.approx(expected_improvement(Belief(mean, sd)) * unit)
    assert chance_above(scaled) == pytest.approx(chance_above(Belief(mean, sd)))


@given(st.floats(-1e3, 1e3), st.floats(0, 1e3))
def test_quantiles_of_a_normal_belief_give_that_belief_back(mid, reach):
    belief = belief_from_quantiles(mid - reach, mid, mid + reach)
    assert belief.mean == pytest.approx(mid, abs=1e-9)
    assert belief.sd == pytest.approx(reach / scipy.stats.norm.ppf(0.9), abs=1e-9)


def test_mean_of_a_skewed_belief_is_close_to_that_of_a_lognormal_one():
    law = scipy.stats.lognorm(0.5)
    belief = belief_from_quantiles(*law.ppf([0.1, 0.5, 0.9]).tolist())
    assert belief.mean == pytest.approx(law.mean(), rel=0.02)


@given(means, spreads, means)
def test_gain_by_the_chance_that_a_belief_has_itself_is_its_expected_improvement(mean, sd, bar):
    belief = Belief(mean, sd)
    chance = chance_above(belief, bar)
    if 0.001 < chance < 0.999:
        assert expected_gain(belief, chance, bar=bar) == pytest.approx(
            expected_improvement(belief), rel=1e-9, abs=1e-9
        )


@given(means, spreads, means, chances, chances)
def test_smaller_chance_is_never_worth_more(mean, sd, bar, one, other):
    low, high = sorted((one, other))
    belief = Belief(mean, sd)
    assert expected_gain(belief, low, bar=bar) <= expected_gain(belief, high, bar=bar) + 1e-9


@given(means, spreads, st.floats(-3, 3))
def test_effect_expected_beyond_a_bar_is_the_mean_of_the_truncated_normal(mean, sd, reach):
    bar = mean + reach * sd
    exact = scipy.stats.truncnorm(reach, math.inf, loc=mean, scale=sd).mean()
    assert mean_above(Belief(mean, sd), bar) == pytest.approx(exact, rel=1e-9, abs=1e-9)


@given(
    st.lists(st.tuples(means, spreads, st.floats(0.1, 10)), min_size=1, max_size=12, unique=True),
    st.randoms(),
)
def test_next_experiment_does_not_depend_on_the_order_of_the_backlog(rows, chance):
    shuffled = chance.sample(rows, len(rows))

    def chosen(table):
        place = next_experiment([Belief(m, s) for m, s, _ in table], [c for _, _, c in table])
        return None if place is None else worth(table[place])

    def worth(row):
        return expected_improvement(Belief(*row[:2])) / row[2]

    assert chosen(rows) == chosen(shuffled)


def test_next_experiment_after_a_good_result_is_a_bold_one_and_at_last_none():
    beliefs, costs = [Belief(0.2, 0.05), Belief(0.0, 0.3)], [1.0, 1.0]
    assert next_experiment(beliefs, costs) == 0
    assert next_experiment(beliefs, costs, best=0.3) == 1
    assert next_experiment(beliefs, costs, best=1e3) is None
    assert next_experiment(beliefs, costs, budget=0.5) is None


@pytest.mark.parametrize(
    "broken", [math.nan, math.inf, -math.inf, None, "0.1", True, 10**400, [1.0]], ids=repr
)
def test_broken_numbers_are_refused_by_name(broken):
    for refused in (
        lambda: Belief(broken, 1.0),
        lambda: Belief(0.0, broken),
        lambda: belief_from_quantiles(broken, 0.0, 0.1),
        lambda: belief_from_quantiles(-0.1, 0.0, broken),
        lambda: expected_improvement(Belief(0.0, 1.0), over=broken),
        lambda: chance_above(Belief(0.0, 1.0), broken),
        lambda: expected_gain(Belief(0.0, 1.0), broken),
        lambda: next_experiment([Belief(0.0, 1.0)], [broken]),
        lambda: brier_score([broken], [True]),
        lambda: shrunk_chance(broken, track_record(1, 2)),
    ):
        with pytest.raises(NotFinite):
            refused()


@pytest.mark.parametrize(
    "refused",
    [
        lambda: Belief(0.0, -0.1),
        lambda: belief_from_quantiles(0.1, 0.0, 0.2),
        lambda: expected_gain(Belief(0.0, 1.0), 1.0),
        lambda: next_experiment([Belief(0.0, 1.0)], [0.0]),
        lambda: next_experiment([Belief(0.0, 1.0)], []),
        lambda: brier_score([0.0], [False]),
        lambda: brier_score([0.5], [False, True]),
        lambda: brier_score([0.5], [0.5]),
        lambda: track_record(3, 2),
        lambda: track_record(0, 1, [0.5, 0.5], [False, False]),
    ],
)
def test_what_cannot_be_is_refused(refused):
    with pytest.raises(StatisticsError):
        refused()


@given(scored)
def test_brier_score_falls_apart_into_what_is_shown_beside_it(rows):
    said, came = np.array([c for c, _ in rows]), np.array([float(y) for _, y in rows])
    found = brier_score(said.tolist(), [y for _, y in rows])
    covariance = float(((said - said.mean()) * (came - came.mean())).mean())
    parts = found.reference - 2 * covariance + said.var() + (found.mean_chance - found.base_rate) ** 2
    assert found.score == pytest.approx(parts)
    if found.told_apart is not None:
        assert found.told_apart * found.reference == pytest.approx(covariance)


@given(scored, st.randoms())
def test_scores_and_records_do_not_depend_on_the_order_of_experiments(rows, chance):
    def answers(table):
        said, came = [c for c, _ in table], [y for _, y in table]
        record = track_record(sum(came), len(came) + 3, said, came)
        score = brier_score(said, came)
        return record, score.score, score.interval, score.mean_chance, score.told_apart

    assert answers(rows) == answers(chance.sample(rows, len(rows)))


def test_few_chances_have_a_score_and_no_interval():
    few = brier_score([0.3] * (FEWEST - 1), [True] + [False] * (FEWEST - 2))
    enough = brier_score([0.3] * FEWEST, [True] + [False] * (FEWEST - 1))
    assert (few.interval, few.is_enough) == (None, False)
    assert enough.is_enough
    assert enough.interval.contains(enough.score)
    assert brier_score([0.3] * FEWEST, [False] * FEWEST).interval is None  # no spread to judge by
    with pytest.raises(TooFewSamples):
        brier_score([], [])


def test_without_a_record_a_chance_stands_as_it_was_said():
    nothing = track_record(0, 0)
    assert nothing.hit_rate is None
    assert nothing.interval is None
    assert shrunk_chance(0.7, nothing) == 0.7


@given(chances, st.integers(0, 60), st.integers(0, 60))
def test_a_shrunk_chance_lies_between_what_was_said_and_the_hit_rate(said, hits, missed):
    record = track_record(hits, hits + missed)
    ends = sorted((said, said if record.hit_rate is None else record.hit_rate))
    assert ends[0] - 1e-12 <= shrunk_chance(said, record) <= ends[1] + 1e-12


@given(scored, chances, chances)
def test_a_larger_chance_stays_the_larger_one(rows, one, other):
    record = track_record(sum(y for _, y in rows), len(rows), [c for c, _ in rows], [y for _, y in rows])
    low, high = sorted((one, other))
    assert shrunk_chance(low, record) <= shrunk_chance(high, record) + 1e-12
