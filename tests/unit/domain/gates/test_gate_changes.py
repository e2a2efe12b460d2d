"""What changed between two gates, in one sentence each, and what of it loosens."""

import copy

import numpy as np
import pytest

from assay.domain.gates.gate_changes import changes
from assay.domain.gates.gate_data import gate_from_data
from assay.domain.gates.gate_record import GateResult
from assay.domain.gates.judge import judge
from tests.unit.domain.gates.gate_story import evaluation, run, scores

BASE = {
    "gate": "answers",
    "version": 1,
    "criteria": ["accuracy >= 85%", "p95 of latency < 500 ms"],
    "blocking": ["toxicity < 0.1%"],
    "secondary": ["sd of f1 shown <= 3%"],
    "checks": [
        {"slices": {"by": ["language", "topic"], "margin": "3%", "must_see": "10%"}},
        {"regression": {"margins": {"latency": "20 ms"}, "except": ["cost"]}},
        {"golden": {"examples": ["a", "b", "c"]}},
        {"fairness": {"by": "gender", "gap": "5%"}},
        {"consistency": {"sd": "3%", "seeds": 5}},
        {"reliability": {"metric": "correct", "pass^3": "40%"}},
        {"leakage": {"against": ["train.jsonl"], "text": "input", "near_limit": "1%"}},
        {
            "items": {"monitoring": "yes", "rollback": {"done": "yes", "evidence": "drill.md"}},
            "role": "blocking",
        },
    ],
}
SLICES, REGRESSION, GOLDEN, FAIRNESS, CONSISTENCY, RELIABILITY, LEAKAGE, ITEMS = range(8)
MUST_RISE = "version must rise: the gate asks something else and is version 1 (expected 2 or more)"


def gate(**fields):
    return gate_from_data({**copy.deepcopy(BASE), **fields})


def with_check(place, change):
    data = copy.deepcopy(BASE)
    (kind,) = data["checks"][place].keys() - {"role"}
    data["checks"][place][kind].update(change)
    data["checks"][place][kind] = {k: v for k, v in data["checks"][place][kind].items() if v is not None}
    return gate_from_data(data)


def without_check(place):
    data = copy.deepcopy(BASE)
    del data["checks"][place]
    return gate_from_data(data)


def found(old, new):
    return [(c.loosens, c.text) for c in changes(old, new) if not c.text.startswith("version must rise")]


@pytest.mark.parametrize(
    ("place", "change", "text"),
    [
        (SLICES, {"by": ["language"]}, "loosened primary slices of accuracy: slices by topic dropped"),
        (SLICES, {"margin": "4%"}, "loosened primary slices of accuracy: margin 3% is now 4%"),
        (SLICES, {"must_see": None}, "loosened primary slices of accuracy: harm that must be visible 10% is no longer asked"),
        (SLICES, {"must_see": "20%"}, "loosened primary slices of accuracy: harm that must be visible 10% is now 20%"),
        (REGRESSION, {"margin": "3%"}, "loosened primary regression: margin 2% is now 3%"),
        (REGRESSION, {"others": "3% relative"}, "loosened primary regression: margin of other metrics 2% relative is now 3% relative"),
        (REGRESSION, {"except": ["cost", "f1"]}, "loosened primary regression: f1 may get worse"),
        (REGRESSION, {"margins": {"latency": "30 ms"}}, "loosened primary regression: margin of latency 20 ms is now 30 ms"),
        (REGRESSION, {"margins": {"latency": "20 ms", "accuracy": "5%"}}, "loosened primary regression: margin of accuracy 2% is now 5%"),
        (GOLDEN, {"examples": ["a", "c"]}, "loosened primary golden of accuracy: golden examples b dropped"),
        (FAIRNESS, {"gap": "6%"}, "loosened primary fairness of accuracy: gap 5% is now 6%"),
        (CONSISTENCY, {"sd": "4%"}, "loosened primary consistency of accuracy: sd 3% is now 4%"),
        (CONSISTENCY, {"seeds": 3}, "loosened primary consistency of accuracy: 5 seeds is now 3 seeds"),
        (CONSISTENCY, {"seeds": None}, "loosened primary consistency of accuracy: 5 seeds is now any number of seeds"),
        (RELIABILITY, {"pass^3": "30%"}, "loosened primary reliability of correct: pass^3 >= 40% is now pass^3 >= 30%"),
        (RELIABILITY, {"pass^3": None, "pass^2": "40%"}, "loosened primary reliability of correct: pass^3 >= 40% is now pass^2 >= 40%"),
        (RELIABILITY, {"pass^3": None, "pass@3": "40%"}, "loosened primary reliability of correct: pass^3 >= 40% is now pass@3 >= 40%"),
        (LEAKAGE, {"text": None, "near_limit": None}, "loosened primary leakage: text of column input is now ids alone"),
        (LEAKAGE, {"near": 0.9}, "loosened primary leakage: near-duplicates from 0.8 on are now those from 0.9 on"),
        (LEAKAGE, {"near_limit": "2%"}, "loosened primary leakage: at most 1% of near-duplicates is now at most 2%"),
        (LEAKAGE, {"near_limit": None}, "loosened primary leakage: at most 1% of near-duplicates is now any share"),
        (ITEMS, {"monitoring": None}, "loosened blocking items: items monitoring dropped"),
    ],
)  # fmt: skip
def test_weaker_check_loosens_and_the_way_back_tightens(place, change, text):
    old, new = gate(), with_check(place, change)
    there, back = found(old, new), found(new, old)
    assert (True, text) in there
    assert all(loosens for loosens, _ in there)
    assert back
    assert not any(text.startswith(("loosened", "removed")) for _, text in back)
    # The way back either cannot pass what did not pass before, or says why it cannot be told.
    assert all(text.startswith("changed") == loosens for loosens, text in back)


@pytest.mark.parametrize(
    ("place", "change", "text"),
    [
        (SLICES, {"margin": "3% relative"}, "changed primary slices of accuracy: margin 3% is now 3% relative"),
        (SLICES, {"metric": "f1"}, "changed primary slices of accuracy: it now reads f1"),
        (FAIRNESS, {"by": "age"}, "changed primary fairness of accuracy: groups by gender are now groups by age"),
        (REGRESSION, {"margins": {"latency": "1% relative"}}, "changed primary regression: margin of latency 20 ms is now 1% relative"),
        (REGRESSION, {"margins": {"latency": "20 ms", "bleu": "1% relative"}},
         "changed primary regression: margin of bleu as by default is now 1% relative"),
        (GOLDEN, {"examples": None, "file": "golden.csv"},
         "changed primary golden of accuracy: examples by name is now file golden.csv (not pinned)"),
        (RELIABILITY, {"pass^3": None, "pass^4": "30%"}, "changed primary reliability of correct: pass^3 >= 40% is now pass^4 >= 30%"),
        (LEAKAGE, {"text": "output"}, "changed primary leakage: text of column input is now text of column output"),
        (ITEMS, {"rollback": "yes"}, "changed item rollback: done (drill.md) is now done"),
        (SLICES, {"margin": "2%"},
         "changed primary slices of accuracy: margin 3% is now 2%, and what was too small to see harm may pass"),
        (SLICES, {"margin": "0%"},
         "changed primary slices of accuracy: margin 3% is now 0%"),
        (SLICES, {"claim": True},
         "changed primary slices of accuracy: an alarm that is now a claim, which need not see a harm of any size"),
        (SLICES, {"by": ["language", "topic", "age"]},
         "changed primary slices of accuracy: slices by age added, so that each slice needs more harm to fail"),
        (FAIRNESS, {"gap": "4%"},
         "changed primary fairness of accuracy: gap 5% is now 4%, and what was too small to see harm may pass"),
        (REGRESSION, {"except": None},
         "changed primary regression: cost may no longer get worse; results that share nothing else were invalid and may pass"),
        (RELIABILITY, {"pass^3": None, "pass^4": "40%"},
         "changed primary reliability of correct: pass^3 >= 40% is now pass^4 >= 40%, which other results can show"),
    ],
)  # fmt: skip
def test_change_that_cannot_be_told_counts_as_loosening(place, change, text):
    assert found(gate(), with_check(place, change)) == [(True, text)]


@pytest.mark.parametrize(
    ("place", "change", "text"),
    [
        (SLICES, {"must_see": "5%"}, "tightened primary slices of accuracy: harm that must be visible 10% is now 5%"),
        (CONSISTENCY, {"claim": True}, "tightened primary consistency of accuracy: an alarm that is now a claim"),
        (REGRESSION, {"margins": {"latency": "20 ms", "accuracy": "2%"}},
         "changed primary regression: margin of accuracy is 2%, as it was"),
        (GOLDEN, {"examples": ["a", "b", "c", "d"]}, "tightened primary golden of accuracy: golden examples d added"),
        (LEAKAGE, {"against": ["train.jsonl", "more.jsonl"]}, "tightened primary leakage: training files more.jsonl added"),
        (ITEMS, {"monitoring": "no"}, "changed item monitoring: done is now not done"),
        (ITEMS, {"audit": "unknown"}, "tightened blocking items: items audit added"),
    ],
)  # fmt: skip
def test_stronger_check_does_not_loosen(place, change, text):
    assert found(gate(), with_check(place, change)) == [(False, text)]


@pytest.mark.parametrize("place", range(8))
def test_dropped_check_loosens_and_one_that_comes_does_not(place):
    old, new = gate(), without_check(place)
    ((loosens, text),) = found(old, new)
    assert (loosens, text.split(" ")[0]) == (True, "removed")
    (loosens, text), *meanings = found(new, old)
    assert (loosens, text.split(" ")[0]) == (False, "added")
    # What comes may say of a metric that the regression check reads which way is better: that is told by itself.
    assert all(text.startswith("changed metric") for _, text in meanings)


@pytest.mark.parametrize(
    ("fields", "loosens", "text"),
    [
        ({"criteria": ["accuracy >= 80%", "p95 of latency < 500 ms"]}, True, "loosened primary: accuracy >= 85% is now accuracy >= 80%"),
        ({"criteria": ["accuracy >= 85%", "p90 of latency < 500 ms"]}, True,
         "loosened primary: p95 of latency < 500 ms is now p90 of latency < 500 ms"),
        ({"criteria": ["accuracy >= 85%", "p95 of latency < 400 ms"]}, False,
         "tightened primary: p95 of latency < 500 ms is now p95 of latency < 400 ms"),
        ({"criteria": ["accuracy >= 85%"]}, True, "removed primary: p95 of latency < 500 ms"),
        ({"criteria": [*BASE["criteria"], "accuracy improves by 1%"]}, False, "added primary: accuracy improves by >= 1%"),
        ({"blocking": [], "criteria": [*BASE["criteria"], "toxicity < 0.1%"]}, True, "loosened: toxicity < 0.1% was blocking and is now primary"),
        ({"blocking": [], "secondary": [*BASE["secondary"], "toxicity < 0.1%"]}, True,
         "loosened: toxicity < 0.1% was blocking and is now secondary"),
        ({"secondary": ["sd of f1 <= 3%"]}, True, "loosened secondary: sd of f1 shown <= 3% is now sd of f1 <= 3%"),
        ({"blocking": ["toxicity < 0.1% on easy@1"]}, True, "changed blocking: toxicity < 0.1% is now toxicity < 0.1% on easy@1"),
        ({"dataset": "support@2"}, True,
         "changed dataset: any evaluation set is now support@2: results that name none are taken as it"),
        ({"settings": {"alpha": 0.1}}, True, "loosened alpha: 0.05 is now 0.1"),
        ({"settings": {"alpha": 0.01}}, True, "changed alpha: 0.05 is now 0.01: claims are harder to show, and alarms see less"),
        ({"settings": {"mode": "point"}}, True, "loosened mode: bound is now point"),
        ({"settings": {"looks": [3, 4, 5, 8, 10]}}, True, "changed looks: 3, 5, 8, 10 seeds is now 3, 4, 5, 8, 10 seeds"),
        ({"settings": {"sequential": True}}, True,
         "changed sequential: the error over examples now holds however often one looks, by other tests, and alarms see less"),
        ({"settings": {"unmatched_limit": "1%"}}, True, "loosened unmatched_limit: 0% is now 1%"),
        ({"metrics": {"f1": {"direction": "higher"}}}, True, "added declaration of metric f1: higher is better, whatever the results say"),
        ({"version": 2}, False, "changed version: 1 is now 2"),
        ({"gate": "other"}, False, "changed gate: answers is now other"),
        ({"description": "words"}, False, "changed description"),
    ],
)  # fmt: skip
def test_change_of_a_gate_is_told_in_one_sentence(fields, loosens, text):
    assert (loosens, text) in found(gate(), gate(**fields))
    if fields.keys() != {"metrics"}:
        assert len(found(gate(), gate(**fields))) == 1


@pytest.mark.parametrize(
    ("old", "new", "loosens", "text"),
    [
        ({"dataset": "s@2"}, {"dataset": "s@3"}, True, "changed dataset: s@2 is now s@3: results cannot be compared"),
        ({"dataset": "s@2"}, {}, True, "loosened dataset: s@2 is now any evaluation set"),
        ({"settings": {"mode": "point"}}, {}, True,
         "changed mode: point is now bound: claims are harder to show, and an alarm no longer fails on its estimate alone"),
        ({"settings": {"sequential": True}}, {}, True, "loosened sequential: the error over examples now holds for one look only"),
        ({"metrics": {"cost": {"direction": "lower"}}}, {"metrics": {"cost": {"direction": "higher"}}}, True,
         "changed metric cost: direction lower is now higher"),
        ({"metrics": {"cost": {"direction": "lower"}}}, {"metrics": {"cost": {"direction": "lower", "unit": "USD"}}}, True,
         "changed metric cost: unit number is now USD"),
        ({"metrics": {"cost": {"direction": "lower"}}}, {}, False, "removed declaration of metric cost"),
        ({"metrics": {"f1": {"direction": "lower"}}}, {}, True, "removed declaration of metric f1"),
        ({"metrics": {"accuracy": {"direction": "higher", "unit": "fraction"}}}, {}, True, "removed declaration of metric accuracy"),
        ({"checks": [{"regression": None, "role": "blocking"}]}, {"checks": ["regression"]}, True,
         "loosened: no shared metric worse than baseline by 2% (no fraction: 2% relative) was blocking and is now primary"),
    ],
)  # fmt: skip
def test_change_between_two_gates_is_told_in_one_sentence(old, new, loosens, text):
    assert found(gate(**old), gate(**new)) == [(loosens, text)]


def test_without_alarms_the_bound_is_stricter_than_the_estimate():
    one, other = (
        gate_from_data({"criteria": ["accuracy >= 85%"], "settings": {"mode": mode}})
        for mode in ("point", "bound")
    )
    assert found(one, other) == [(False, "tightened mode: point is now bound")]


@pytest.mark.parametrize("line", ["accuracy >= 85%", "accuracy no worse than baseline by 5%"])
def test_what_the_bound_passes_the_estimate_of_the_same_seeds_passes_too(line):
    """The registered looks end with ten seeds, and those decide in either mode: a later seed is no estimate of its own."""
    rng = np.random.default_rng(4)

    def seeds(rates, name):
        drawn = ((rng.random(500) < rate).astype(float) for rate in rates)
        return evaluation(
            *(
                run(f"{name}{i}", scores(one, seed=i), seed=i, config={"a": name})
                for i, one in enumerate(drawn)
            )
        )

    sides = seeds([0.97, 0.98] * 5 + [0.0, 0.0], "c"), seeds([0.9, 0.91] * 5, "b")
    for mode in ("bound", "point"):
        asked = gate_from_data({"criteria": [line], "settings": {"mode": mode}})
        assert judge(asked, *(sides if "baseline" in line else sides[:1])).result is GateResult.PASS, mode


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        ({"secondary": ["sd of f1 <= 3%"], "blocking": ["sd of accuracy <= 3%"]},
         {"secondary": ["sd of f1 <= 3%"], "blocking": ["sd of accuracy <= 3%", "sd of bleu <= 3%"]},
         "changed alarms: 3 limits on a spread are now corrected together, not 2, so that each needs more harm to fail"),
        ({"checks": ["regression"]}, {"checks": ["regression"], "criteria": ["accuracy >= 85%", "recall >= 70%"]},
         "changed metric recall: the gate's own numbers now say that higher is better and its unit is fraction"),
        ({}, {"criteria": ["recall >= 70%", "accuracy >= 85%"]},
         "changed choice: the best of several configurations is now that by recall, not by accuracy"),
        ({"criteria": ["accuracy improves by > 0%"]}, {"criteria": ["accuracy improves by > 1%"]},
         "changed primary: accuracy improves by > 0% is now accuracy improves by > 1%"),
        ({"secondary": ["recall >= 70%"]}, {"secondary": ["recall >= 70% after 5 seeds"]},
         "changed secondary: recall >= 70% is now recall >= 70% after 5 seeds"),
        ({"checks": [{"items": {"card": "no"}}]}, {"checks": [{"items": {"card": "yes"}}]},
         "changed item card: not done is now done"),
        ({"checks": [{"items": {"card": "no"}}]}, {"checks": [{"items": {"card": {"file": "card.md"}}}]},
         "changed item card: not done is now shown by card.md"),
    ],
)  # fmt: skip
def test_what_may_pass_where_it_did_not_is_told_whatever_was_meant(old, new, text):
    least = {"criteria": ["accuracy >= 85%"]}
    told = found(*(gate_from_data({**least, **fields}) for fields in (old, new)))
    assert (True, text) in told


def test_declaration_of_a_metric_that_nothing_reads_does_not_loosen():
    one, other = (
        gate_from_data({"criteria": ["accuracy >= 85%"], "metrics": metrics})
        for metrics in ({}, {"loss": {"direction": "lower"}})
    )
    assert found(one, other) == [(False, "added declaration of metric loss: lower is better")]
    aliased = gate_from_data(
        {
            "criteria": ["accuracy >= 85%"],
            "metrics": {"hits": {"direction": "higher", "unit": "fraction", "aliases": ["accuracy"]}},
        }
    )
    assert any(loosens for loosens, _ in found(one, aliased))


def test_lower_alpha_tightens_where_there_is_no_alarm():
    one, other = (
        gate_from_data({"criteria": ["accuracy >= 85%"], "settings": {"alpha": alpha}})
        for alpha in (0.05, 0.01)
    )
    assert found(one, other) == [(False, "tightened alpha: 0.05 is now 0.01")]


def test_golden_files_are_compared_by_their_examples_once_read():
    asked = gate(checks=[{"golden": {"file": "golden.csv"}}])
    read = [
        asked.model_copy(update={"checks": (asked.checks[0].with_file(ids, f"sha256:{n * 64}"),)})
        for ids, n in ((("a", "b"), "0"), (("b", "a"), "1"), (("a",), "2"))
    ]
    assert found(read[0], read[1]) == []
    assert found(read[0], read[2]) == [
        (True, "loosened primary golden of accuracy: golden examples b dropped")
    ]


def test_version_must_rise_when_the_gate_asks_something_else():
    def notes(old, new):
        return [change.text for change in changes(old, new) if change.text.startswith("version must rise")]

    assert notes(gate(), gate(blocking=[])) == [MUST_RISE]
    assert notes(gate(), gate(blocking=[], version=2)) == []
    assert notes(gate(), gate(description="words")) == []
    assert len(notes(gate(version=2), gate(blocking=[], version=1))) == 1
