"""Sequential mode: the answer holds however often anyone looked at the examples, and says by which e-value."""

from dataclasses import replace

import numpy as np
import pytest

from assay.domain.experiments.evidence import Aggregate
from assay.domain.gates.judge import judge, record_bytes
from assay.domain.kernel.findings import Outcome
from assay.domain.kernel.metrics import Direction, Metric, Unit
from assay.stats.e_processes import mcnemar_e_greater
from assay.stats.sequential_rates import rate_e_value
from tests.unit.domain.gates.gate_story import ACCURACY, evaluation, gate, ids, labels, one_run, run, scores

LATENCY = Metric(name="latency", direction=Direction.LOWER, unit=Unit.MILLISECONDS)
FREE = {"sequential": True}


@pytest.fixture
def rng():
    return np.random.default_rng(3)


def asked(criterion, *sides, checks=(), **settings):
    return judge(gate(criteria=[criterion], checks=list(checks), settings={**FREE, **settings}), *sides)


def pair(wins, losses, n, *, language=False):
    ours, theirs = np.ones(n), np.ones(n)
    ours[:losses], theirs[losses : losses + wins] = 0.0, 0.0
    slices = {"language": labels(n, "de", "en")} if language else {}
    return [
        evaluation(run(name, scores(values, slices=slices))) for name, values in (("c", ours), ("b", theirs))
    ]


def latencies(values, name="c"):
    return evaluation(run(name, scores(values, metric="latency")), metrics=(LATENCY,))


def test_threshold_of_a_rate_is_decided_by_its_e_value_which_is_told():
    finding = asked("accuracy >= 85%", one_run(np.r_[np.ones(920), np.zeros(80)])).findings[0]
    assert finding.outcome is Outcome.MET
    assert finding.e_value == pytest.approx(rate_e_value(920, 1000, 0.85, greater=True), rel=1e-9)
    assert finding.p_value == pytest.approx(1 / finding.e_value)
    assert (finding.looks.used, finding.looks.planned, finding.looks.spent) == (None, None, 0.05)
    assert any("however often" in note for note in finding.notes)


def test_what_one_look_would_show_may_be_open_while_looks_are_free():
    values = np.r_[np.ones(875), np.zeros(125)]
    once = judge(gate(criteria=["accuracy >= 85%"]), one_run(values)).findings[0]
    free = asked("accuracy >= 85%", one_run(values)).findings[0]
    assert (once.outcome, free.outcome) == (Outcome.MET, Outcome.UNCLEAR)
    assert once.e_value is None
    assert free.interval.low < once.interval.low
    assert free.settle.amount > 0


def test_safety_rate_without_a_failure_names_the_clean_cases_it_takes():
    finding = asked("accuracy >= 99.9%", one_run(np.ones(1000))).findings[0]
    assert finding.outcome is Outcome.UNCLEAR
    assert finding.settle.amount == 2787
    assert "if each comes out like those so far" in finding.settle.text
    assert asked("accuracy >= 99.9%", one_run(np.ones(3800))).exit_code == 0


def test_paired_pass_fail_is_the_exact_mcnemar_e_process():
    finding = asked("accuracy improves by > 0%", *pair(60, 20, 1000)).findings[0]
    assert finding.outcome is Outcome.MET
    assert finding.e_value == pytest.approx(float(mcnemar_e_greater(60, 20)), rel=1e-9)
    assert finding.interval.low > 0


def test_non_inferiority_bets_against_the_margin():
    met = asked("accuracy no worse than baseline by 5%", *pair(40, 40, 2000)).findings[0]
    open_one = asked("accuracy no worse than baseline by 1%", *pair(40, 40, 2000)).findings[0]
    assert (met.outcome, open_one.outcome) == (Outcome.MET, Outcome.UNCLEAR)
    assert met.interval.low > -0.05


def test_order_of_examples_changes_no_byte(rng):
    ours, theirs = (rng.random(600) < 0.9).astype(float), (rng.random(600) < 0.8).astype(float)
    order = rng.permutation(600)
    names = tuple(np.array(ids(600))[order])
    straight = asked("accuracy improves by > 0%", one_run(ours), one_run(theirs, name="b"))
    mixed = asked(
        "accuracy improves by > 0%",
        one_run(ours[order], names=names),
        one_run(theirs[order], name="b", names=names),
    )
    assert record_bytes(straight) == record_bytes(mixed)


def test_real_valued_scores_wait_for_a_hundred_examples(rng):
    few = asked("latency < 250 ms", latencies(rng.gamma(20, 10, 60))).findings[0]
    assert few.outcome is Outcome.UNCLEAR
    assert few.settle.amount == 40
    assert asked("latency < 250 ms", latencies(rng.gamma(20, 10, 400))).findings[0].outcome is Outcome.MET


def test_examples_of_one_source_count_as_one(rng):
    truth = np.repeat(rng.random(150), 10)
    values = (rng.random(1500) < truth * 0.4 + 0.6).astype(float)
    sources = tuple(f"s{i // 10}" for i in range(1500))
    alone, shared = (
        asked("accuracy >= 76%", one_run(values, clusters=c)).findings[0] for c in (None, sources)
    )
    assert shared.interval.low < alone.interval.low
    assert "betting e-process of rates" in shared.method


def test_percentile_is_decided_by_the_share_below_the_limit(rng):
    values = rng.gamma(20, 10, 500)
    below = int((values < 330).sum())
    finding = asked("p95 of latency < 330 ms", latencies(values)).findings[0]
    assert finding.outcome is Outcome.MET
    assert finding.e_value == pytest.approx(rate_e_value(below, 500, 0.95, greater=True), rel=1e-9)
    assert asked("p95 of latency < 275 ms", latencies(values)).findings[0].outcome is Outcome.UNCLEAR


def test_harm_in_a_slice_is_shown_by_e_values_and_small_slices_pass_with_what_they_could_have_seen():
    check = {"slices": {"by": "language", "margin": "3%"}}
    ours, theirs = np.ones(1000), np.ones(1000)
    ours[: 2 * 60 : 2] = 0.0  # 60 of 500 German ones lost
    slices = {"language": labels(1000, "de", "en")}
    sides = [evaluation(run(n, scores(v, slices=slices))) for n, v in (("c", ours), ("b", theirs))]
    finding = asked("accuracy >= 50%", *sides, checks=[check]).findings[1]
    assert finding.outcome is Outcome.NOT_MET
    assert "language=de" in finding.reason
    assert "any time" in finding.method
    calm = asked("accuracy >= 50%", *pair(10, 10, 1000, language=True), checks=[check]).findings[1]
    assert calm.outcome is Outcome.MET
    assert calm.detectable > 0.03


def by_language(german, english, n=500):
    values = np.zeros(2 * n)
    values[: 2 * german : 2] = values[1 : 2 * english : 2] = 1.0
    return evaluation(run("c", scores(values, slices={"language": labels(2 * n, "de", "en")})))


def test_gap_between_groups_is_shown_by_an_e_value_or_passes_with_what_it_could_have_seen():
    check = {"fairness": {"by": "language", "gap": "5%"}}
    wide = asked("accuracy >= 50%", by_language(300, 450), checks=[check]).findings[1]
    assert (wide.outcome, wide.e_value > 20, wide.looks.planned) == (Outcome.NOT_MET, True, None)
    assert wide.interval.low > 0.05
    assert "e-process of two groups' rates" in wide.method
    calm = asked("accuracy >= 50%", by_language(440, 450), checks=[check]).findings[1]
    assert (calm.outcome, calm.interval.low < 0.05 < calm.detectable) == (Outcome.MET, True)
    once = judge(gate(criteria=["accuracy >= 50%"], checks=[check]), by_language(440, 450)).findings[1]
    assert once.detectable < calm.detectable


def test_claim_that_groups_are_alike_is_decided_when_a_wider_gap_is_ruled_out_at_all_looks():
    check = {"fairness": {"by": "language", "gap": "10%", "claim": True}}
    alike = asked("accuracy >= 50%", by_language(2700, 2730, n=3000), checks=[check]).findings[1]
    few = asked("accuracy >= 50%", by_language(180, 182, n=200), checks=[check]).findings[1]
    assert (alike.outcome, few.outcome) == (Outcome.MET, Outcome.UNCLEAR)
    assert "more examples" in few.settle.text


def test_reported_figures_are_no_evidence_in_sequential_mode():
    figure = evaluation(
        replace(run("c"), aggregates={"accuracy": Aggregate(0.9, 0.001, 90_000)}), metrics=(ACCURACY,)
    )
    record = asked("accuracy >= 50%", figure)
    assert (record.findings[0].outcome, record.exit_code) == (Outcome.NO_EVIDENCE, 3)


def test_several_seeds_keep_their_registered_looks_and_it_is_said(rng):
    seeds = [
        run(f"c{seed}", scores((rng.random(400) < 0.9).astype(float), seed=seed), seed=seed)
        for seed in range(3)
    ]
    finding = asked("accuracy >= 80%", evaluation(*seeds)).findings[0]
    assert (finding.looks.used, finding.looks.planned) == (1, 4)
    assert any("registered looks" in note for note in finding.notes)


def test_rate_at_its_threshold_is_rarely_called_better_however_often_one_looks(rng):
    paths = np.cumsum(rng.random((300, 1200)) < 0.85, axis=1)
    looks = np.unique(np.geomspace(5, 1200, 60).astype(int))
    called = [
        any(rate_e_value(int(path[n - 1]), int(n), 0.85, greater=True) >= 20 for n in looks) for path in paths
    ]
    assert np.mean(called) <= 0.05


def test_sources_are_what_the_first_look_waits_for(rng):
    sources = tuple(f"s{i // 10}" for i in range(600))
    waits = evaluation(
        run("c", scores(rng.gamma(20, 10, 600), metric="latency", clusters=sources)), metrics=(LATENCY,)
    )
    finding = asked("latency < 250 ms", waits).findings[0]
    assert finding.outcome is Outcome.UNCLEAR
    assert finding.settle.text == "examples of 40 more sources would bring the first look"


def tried(lost, n=500, of=3):
    """Shares of right answers, all right but for some examples that failed one of their tries."""
    values = np.ones(n)
    values[: 7 * lost : 7] = 1 - 1 / of
    return one_run(values)


@pytest.mark.parametrize("margin", ["2%", "2% relative"])
def test_a_margin_near_100_percent_is_decided_by_bets_and_nothing_is_called_alike_that_differs(margin):
    found = [
        asked(f"accuracy no worse than baseline by {margin}", tried(lost), tried(0)).findings[0]
        for lost in (0, 3, 30)
    ]
    outcomes = [one.outcome for one in found]
    assert outcomes == [Outcome.MET, Outcome.MET, Outcome.UNCLEAR]
    assert [one.e_value for one in found] == sorted((one.e_value for one in found), reverse=True)
    for one in found:
        assert "betting e-process" in one.method
        assert "alike" not in one.reason
        assert "same" not in one.reason


@pytest.mark.parametrize("margin", ["2%", "2% relative"])
def test_unchanged_tries_are_told_how_many_more_of_the_same_would_do(margin):
    sides = tried(0, n=200), tried(0, n=200)
    finding = asked(f"accuracy no worse than baseline by {margin}", *sides).findings[0]
    assert finding.outcome is Outcome.UNCLEAR
    assert "if each comes out like those so far" in finding.settle.text
    enough = 200 + finding.settle.amount
    for n, outcome in ((enough, Outcome.MET), (enough - 2, Outcome.UNCLEAR)):
        again = asked(f"accuracy no worse than baseline by {margin}", tried(0, n=n), tried(0, n=n))
        assert again.findings[0].outcome is outcome


def test_scores_that_are_nearly_all_alike_are_not_said_to_be_alike(rng):
    values = np.full(300, 200.0)
    other = values.copy()
    other[:3] = 260.0
    finding = asked(
        "latency no worse than baseline by 10 ms", latencies(values), latencies(other, "b")
    ).findings[0]
    assert finding.outcome is Outcome.UNCLEAR
    assert "nearly all of 300 examples" in finding.reason
