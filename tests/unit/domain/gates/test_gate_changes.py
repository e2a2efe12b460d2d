"""What changed between two gates, in one sentence each, and what of it loosens."""

import copy

import pytest

from assay.domain.gates.gate_changes import changes
from assay.domain.gates.gate_data import gate_from_data

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
    assert not any(loosens for loosens, _ in back)


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
    ],
)  # fmt: skip
def test_change_that_cannot_be_told_counts_as_loosening(place, change, text):
    assert found(gate(), with_check(place, change)) == [(True, text)]


@pytest.mark.parametrize(
    ("place", "change", "text"),
    [
        (SLICES, {"claim": True}, "tightened primary slices of accuracy: an alarm that is now a claim"),
        (SLICES, {"by": ["language", "topic", "age"]}, "tightened primary slices of accuracy: slices by age added"),
        (REGRESSION, {"except": None}, "tightened primary regression: cost may no longer get worse"),
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
    ((loosens, text),) = found(new, old)
    assert (loosens, text.split(" ")[0]) == (False, "added")


@pytest.mark.parametrize(
    ("fields", "loosens", "text"),
    [
        ({"criteria": ["accuracy >= 80%", "p95 of latency < 500 ms"]}, True, "loosened primary: accuracy >= 85% is now accuracy >= 80%"),
        ({"criteria": ["accuracy >= 85%", "p90 of latency < 500 ms"]}, True,
         "loosened primary: p95 of latency < 500 ms is now p90 of latency < 500 ms"),
        ({"criteria": ["accuracy >= 85%", "p95 of latency < 400 ms"]}, False,
         "tightened primary: p95 of latency < 500 ms is now p95 of latency < 400 ms"),
        ({"criteria": ["accuracy >= 85%"]}, True, "removed primary: p95 of latency < 500 ms"),
        ({"criteria": [*BASE["criteria"], "recall >= 70%"]}, False, "added primary: recall >= 70%"),
        ({"blocking": [], "criteria": [*BASE["criteria"], "toxicity < 0.1%"]}, True, "loosened: toxicity < 0.1% was blocking and is now primary"),
        ({"blocking": [], "secondary": [*BASE["secondary"], "toxicity < 0.1%"]}, True,
         "loosened: toxicity < 0.1% was blocking and is now secondary"),
        ({"secondary": ["sd of f1 <= 3%"]}, True, "loosened secondary: sd of f1 shown <= 3% is now sd of f1 <= 3%"),
        ({"blocking": ["toxicity < 0.1% on easy@1"]}, True, "changed blocking: toxicity < 0.1% is now toxicity < 0.1% on easy@1"),
        ({"dataset": "support@2"}, False, "tightened dataset: any evaluation set is now support@2"),
        ({"settings": {"alpha": 0.1}}, True, "loosened alpha: 0.05 is now 0.1"),
        ({"settings": {"alpha": 0.01}}, True, "changed alpha: 0.05 is now 0.01: claims are harder to show, and alarms see less"),
        ({"settings": {"mode": "point"}}, True, "loosened mode: bound is now point"),
        ({"settings": {"looks": [3, 4, 5, 8, 10]}}, True, "changed looks: 3, 5, 8, 10 seeds is now 3, 4, 5, 8, 10 seeds"),
        ({"settings": {"sequential": True}}, False, "tightened sequential: the error over examples now holds however often one looks"),
        ({"settings": {"unmatched_limit": "1%"}}, True, "loosened unmatched_limit: 0% is now 1%"),
        ({"metrics": {"f1": {"direction": "higher"}}}, False, "added declaration of metric f1: higher is better"),
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
        ({"settings": {"mode": "point"}}, {}, False, "tightened mode: point is now bound"),
        ({"settings": {"sequential": True}}, {}, True, "loosened sequential: the error over examples now holds for one look only"),
        ({"metrics": {"cost": {"direction": "lower"}}}, {"metrics": {"cost": {"direction": "higher"}}}, True,
         "changed metric cost: direction lower is now higher"),
        ({"metrics": {"cost": {"direction": "lower"}}}, {"metrics": {"cost": {"direction": "lower", "unit": "USD"}}}, True,
         "changed metric cost: unit number is now USD"),
        ({"metrics": {"cost": {"direction": "lower"}}}, {}, True, "removed declaration of metric cost"),
        ({"metrics": {"accuracy": {"direction": "higher", "unit": "fraction"}}}, {}, False, "removed declaration of metric accuracy"),
        ({"checks": [{"regression": None, "role": "blocking"}]}, {"checks": ["regression"]}, True,
         "loosened: no shared metric worse than baseline by 2% (no fraction: 2% relative) was blocking and is now primary"),
    ],
)  # fmt: skip
def test_change_between_two_gates_is_told_in_one_sentence(old, new, loosens, text):
    assert found(gate(**old), gate(**new)) == [(loosens, text)]


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
