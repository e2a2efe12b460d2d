"""Percentiles over examples and spread over seeds: which are met, ruled out or unclear, against other numbers."""

import numpy as np
import pytest
from scipy import stats

from assay.domain.gates.settings import VerdictSettings
from assay.domain.kernel.metrics import Direction, Metric, MetricCatalog, Unit
from tests.unit.domain.gates.cases import METRICS, example_seeds, finding, lock, run, seeds, verdict

CATALOG = MetricCatalog.of(
    [*METRICS.metrics, Metric(name="latency", direction=Direction.LOWER, unit=Unit.MILLISECONDS)]
)
# Standard deviation over five seeds, by hand: deviations 4 -1 -2 0 -1 about 86%, squares 22, 22 / 4 = 5.5 points squared.
FIVE = [0.90, 0.85, 0.84, 0.86, 0.85]
SD = np.sqrt(5.5) / 100


def asked(text, runs, **more):
    return finding(lock(f"primary: {text}", metrics=CATALOG), runs, **more)


def latencies(n, seed=1):
    return np.random.default_rng(seed).lognormal(5.5, 0.4, n)


def one_run(values, **more):
    return [run(1, per_example={"latency": values}, **more)]


def test_percentile_interval_is_made_of_the_order_statistics_of_the_binomial():
    values = np.sort(latencies(300))
    found = asked("p95 of latency < 450 ms", one_run(values))
    # Lower: the largest rank r with P(B <= r - 1) <= .05; upper: the smallest with P(B >= r) <= .05; B ~ Bin(300, .95).
    ranks = np.arange(1, 301)
    lower = ranks[stats.binom.cdf(ranks - 1, 300, 0.95) <= 0.05].max()
    upper = ranks[stats.binom.sf(ranks - 1, 300, 0.95) <= 0.05].min()
    assert (found.interval.low, found.interval.high) == (values[lower - 1], values[upper - 1])
    assert found.interval.label == "90% two-sided (one-sided 0.05)"
    # R: quantile(x, .95, type = 1), the inverse of the empirical distribution.
    assert found.estimate == np.quantile(values, 0.95, method="inverted_cdf")


def test_percentile_p_value_is_the_exact_binomial_tail_of_the_share_below_the_limit():
    values = latencies(300)
    found = asked("p95 of latency < 500 ms", one_run(values))
    below = int((values < 500).sum())
    assert found.p_value == pytest.approx(
        stats.binomtest(below, 300, 0.95, alternative="greater").pvalue, abs=1e-12
    )


@pytest.mark.parametrize("percent", [1, 5, 50, 90, 95, 99, 99.9])
@pytest.mark.parametrize("sign", ["<", "<="])
def test_percentile_answer_agrees_with_the_interval_at_every_limit(percent, sign):
    values = np.round(latencies(200), 0)
    for limit in np.unique(values)[::9]:
        found = asked(f"p{percent} of latency {sign} {limit:.0f} ms", one_run(values))
        low, high = found.interval.low, found.interval.high
        beyond = (lambda a, b: a < b) if sign == "<" else (lambda a, b: a <= b)
        shown = high is not None and beyond(high, limit)
        refuted = low is not None and not beyond(low, limit)
        assert found.outcome == ("met" if shown else "not_met" if refuted else "unclear")


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("p95 of latency < 550 ms", "met"),
        ("p95 of latency < 450 ms", "unclear"),
        ("p95 of latency < 300 ms", "not_met"),
        ("p99.9 of latency < 2 s", "unclear"),
    ],
)
def test_percentile_claim_is_met_ruled_out_or_unclear(text, outcome):
    assert asked(text, one_run(latencies(300))).outcome == outcome


def test_percentile_of_a_metric_where_more_is_better_is_a_floor():
    scores = np.random.default_rng(2).random(500)
    for text, outcome in (("p10 of score >= 0.05", "met"), ("p10 of score >= 0.15", "not_met")):
        runs = [run(1, per_example={"score": scores, "val_loss": scores})]
        assert asked(text, runs).outcome == outcome


def test_percentile_that_no_example_is_far_enough_out_to_show_names_how_many_would():
    found = asked("p99.9 of latency < 2 s", one_run(latencies(300)))
    # The classical zero-failure size: log(.05) / log(.999) = 2,994.2.
    assert found.interval.high is None
    assert (found.settle.kind, found.settle.amount) == ("examples", 2995 - 300)


def test_percentile_without_examples_is_no_evidence_and_says_what_to_log():
    found = asked("p95 of latency < 500 ms", seeds("latency", [400.0, 410.0, 420.0]))
    assert found.outcome == "no_evidence"
    assert "per-example scores of latency" in found.settle.text


@pytest.mark.parametrize("values", [[430.0], [430.0] * 500])
def test_percentile_of_values_without_spread_is_unclear(values):
    assert asked("p95 of latency < 500 ms", one_run(values)).outcome == "unclear"


@pytest.mark.parametrize("bad", [np.nan, np.inf, -1.0])
def test_percentile_of_values_that_cannot_be_is_invalid(bad):
    assert asked("p95 of latency < 500 ms", one_run([*latencies(100), bad])).outcome == "invalid"


def test_percentile_over_seeds_counts_shared_examples_once():
    # Five seeds that repeat the same latencies know no more than one of them.
    values = latencies(60)
    once = asked("p95 of latency < 800 ms", one_run(values))
    five = asked("p95 of latency < 800 ms", example_seeds("latency", np.column_stack([values] * 5)))
    assert once.p_value == pytest.approx(0.95**60)
    assert five.p_value > once.p_value
    assert five.n.seeds == 5


def test_percentile_over_seeds_is_decided_with_the_interval_it_shows():
    item = latencies(300, seed=3)
    matrix = item[:, None] * np.random.default_rng(4).lognormal(0, 0.1, (300, 5))
    for limit in range(300, 700, 25):
        found = asked(f"p95 of latency < {limit} ms", example_seeds("latency", matrix))
        low, high = found.interval.low, found.interval.high
        agrees = {"met": high <= limit, "not_met": low >= limit, "unclear": low <= limit <= high}
        assert agrees[found.outcome]


def test_percentile_of_clustered_examples_is_less_sure():
    values = np.repeat(latencies(60), 5)
    clusters = tuple(f"doc-{i // 5}" for i in range(300))
    alone = asked("p95 of latency < 550 ms", one_run(values))
    together = asked("p95 of latency < 550 ms", one_run(values, clusters=clusters))
    assert together.p_value > alone.p_value


def test_percentile_of_scores_with_ties_counts_a_value_at_the_limit_as_the_sign_says():
    scores = [1.0] * 98 + [0.0] * 2
    for text, outcome in (
        ("p10 of score >= 1", "met"),
        ("p10 of score > 1", "not_met"),
        ("p90 of val_loss <= 1", "met"),
    ):
        runs = [run(1, per_example={"score": scores, "val_loss": scores})]
        assert asked(text, runs).outcome == outcome


def test_spread_is_the_standard_deviation_with_its_chi_square_interval():
    found = asked("sd of accuracy <= 3%", seeds("accuracy", FIVE))
    assert found.estimate == pytest.approx(SD, abs=1e-12)
    chi = stats.chi2.ppf([1 - 0.012, 0.012], 4)
    assert (found.interval.low, found.interval.high) == pytest.approx(tuple(SD * np.sqrt(4 / chi)), abs=1e-12)
    assert (found.unit, found.alpha) == ("fraction", 0.012)
    assert "look 2 of 4" in found.method


def test_spread_is_an_alarm_met_unless_more_is_shown_and_says_what_it_could_have_seen():
    quiet = asked("sd of accuracy <= 2%", seeds("accuracy", FIVE))
    assert quiet.outcome == "met"
    assert quiet.p_value == pytest.approx(stats.chi2.sf(4 * (SD / 0.02) ** 2, 4), abs=1e-12)
    # Power .8 of the chi-square test: sigma = limit * sqrt(chi2_{.988} / chi2_{.2}).
    seen = 0.02 * np.sqrt(stats.chi2.ppf(1 - 0.012, 4) / stats.chi2.ppf(0.2, 4))
    assert quiet.detectable == pytest.approx(seen - 0.02, abs=1e-12)
    assert "from 5.6 points on" in quiet.reason
    loud = asked("sd of accuracy <= 0.5%", seeds("accuracy", FIVE))
    assert loud.outcome == "not_met"


def test_spread_declared_a_claim_has_to_rule_more_out():
    for limit, outcome in (("10%", "met"), ("3%", "unclear"), ("0.5%", "not_met")):
        assert asked(f"sd of accuracy shown <= {limit}", seeds("accuracy", FIVE)).outcome == outcome
    found = asked("sd of accuracy shown <= 3%", seeds("accuracy", FIVE))
    assert (found.settle.kind, found.settle.amount) == ("seeds", 3)


def test_spread_of_one_seed_is_no_evidence():
    found = asked("sd of accuracy <= 3%", seeds("accuracy", [0.9]))
    assert (found.outcome, found.settle.amount) == ("no_evidence", 2)


def test_spread_between_looks_decides_nothing():
    found = asked("sd of accuracy <= 3%", seeds("accuracy", FIVE[:4]))
    assert (found.outcome, found.settle.amount, found.interval) == ("unclear", 1, None)


@pytest.mark.parametrize("text", ["sd of accuracy <= 3%", "sd of accuracy shown <= 3%"])
def test_spread_of_seeds_that_all_agree_is_unclear(text):
    assert asked(text, seeds("accuracy", [0.9] * 5)).outcome == "unclear"


def test_spread_in_point_mode_is_decided_by_the_estimate():
    settings = VerdictSettings(strictness="point")
    for limit, outcome in (("2.4%", "met"), ("2.3%", "not_met")):
        found = asked(f"sd of accuracy shown <= {limit}", seeds("accuracy", FIVE), settings=settings)
        assert found.outcome == outcome


def test_alarms_are_corrected_together_whatever_their_role():
    runs = [run(i, {"accuracy": v, "f1": v}) for i, v in enumerate(FIVE, start=1)]
    alone = verdict(lock("primary: sd of accuracy <= 2%"), runs).findings[0]
    locked = lock("primary: sd of accuracy <= 2%", "secondary: sd of f1 <= 2%")
    both = verdict(locked, runs).findings
    assert [found.alpha for found in both] == pytest.approx([alone.alpha / 2] * 2)
    assert "alarms are Holm-corrected together" in both[0].notes


def test_one_bad_value_makes_spread_and_percentile_invalid_never_a_pass():
    runs = seeds("accuracy", [*FIVE[:4], float("nan")])
    assert asked("sd of accuracy <= 50%", runs).outcome == "invalid"
