import json

import numpy as np
import pytest

from assay.connectors.evals.read import read_evaluation
from assay.domain.experiments.evidence import Aggregate
from assay.domain.kernel.metrics import Direction, Metric, Unit
from assay.errors import Invalid

STAMP = "2026-05-01T10-00-00.123456"

NEW = {
    "results": {
        "gsm8k": {
            "alias": "gsm8k",
            "exact_match,strict-match": 0.5,
            "exact_match_stderr,strict-match": 0.1,
            "exact_match,flexible-extract": 0.75,
            "exact_match_stderr,flexible-extract": "N/A",
        },
        "wiki": {"word_perplexity,none": 12.5, "word_perplexity_stderr,none": "N/A"},
        "mmlu": {"acc,none": 0.25, "acc_stderr,none": 0.0, "alias": "mmlu"},
        "custom": {"score,none": 3.0},
    },
    "groups": {"mmlu": {"acc,none": 0.25, "acc_stderr,none": 0.0}},
    "group_subtasks": {"mmlu": ["mmlu_a", "mmlu_b"]},
    "n-samples": {
        "gsm8k": {"original": 1319, "effective": 4},
        "mmlu_a": {"effective": 10},
        "mmlu_b": {"effective": 30},
    },
    "higher_is_better": {"gsm8k": {"exact_match": True}, "wiki": {"word_perplexity": False}, "custom": {"score": False}},
    "versions": {"gsm8k": 3.0},
    "config": {"model": "hf", "model_args": "pretrained=org/model,dtype=auto", "random_seed": 7, "limit": 4},
    "model_name": "org/model",
}  # fmt: skip


def row(number, kind, value, **more):
    return {
        "doc_id": number,
        "doc": {"question": f"{number}+1?", "topic": "sums" if number in (1, 3) else "more sums"},
        "target": "2" if number == 1 else "?",
        "arguments": {},
        "resps": [["an answer"]],
        "filtered_resps": ["an answer"],
        "filter": kind,
        "metrics": ["exact_match"],
        "doc_hash": f"hash{number}",
        "exact_match": value,
        **more,
    }


ROWS = [
    *(row(number, "strict-match", value) for number, value in enumerate([1.0, 0.0, 1.0, 0.0])),
    *(row(number, "flexible-extract", value) for number, value in enumerate([1.0, 1.0, 1.0, 0.0])),
]


@pytest.fixture
def write(tmp_path):
    def put(results=None, samples=None, folder="", task="gsm8k", stamp=STAMP):
        place = tmp_path / "out" / folder
        place.mkdir(parents=True, exist_ok=True)
        if results is not None:
            (place / f"results_{stamp}.json").write_text(json.dumps(results))
        if samples is not None:
            lines = "\n".join(json.dumps(one) for one in samples)
            (place / f"samples_{task}_{stamp}.jsonl").write_text(lines + "\n")
        return tmp_path / "out"

    return put


def test_new_layout_gives_totals_with_filters_sizes_and_directions(write):
    found = read_evaluation(write(NEW))
    (run,) = found.runs
    assert found.reader == "lm-eval"
    assert run.aggregates == {
        "gsm8k/exact_match/strict-match": Aggregate(0.5, 0.1, 4),
        "gsm8k/exact_match/flexible-extract": Aggregate(0.75, None, 4),
        "wiki/word_perplexity": Aggregate(12.5, None, None),
        "mmlu/acc": Aggregate(0.25, None, 40),
        "custom/score": Aggregate(3.0, None, None),
    }
    declared = {metric.name: (metric.direction, metric.unit) for metric in found.metrics}
    assert declared["gsm8k/exact_match/strict-match"] == (Direction.HIGHER, Unit.FRACTION)
    assert declared["wiki/word_perplexity"] == (Direction.LOWER, Unit.NUMBER)
    assert declared["custom/score"] == (Direction.LOWER, Unit.NUMBER)
    assert (run.seed, run.name) == (7, "org/model")
    assert run.config["model_args"] == "pretrained=org/model,dtype=auto"
    assert found.notes[-1].endswith("only the first 4 examples of each task were run")


def test_old_layout_gives_totals_too(write):
    old = {"results": {"wsc": {"acc": 0.5673, "acc_stderr": 0.0488}, "lambada": {"ppl": 9.1, "ppl_stderr": 0.3}}, "config": {"model": "gpt2"}, "versions": {"wsc": 0}}  # fmt: skip
    found = read_evaluation(write(old))
    assert found.runs[0].aggregates == {
        "wsc/acc": Aggregate(0.5673, 0.0488, None),
        "lambada/ppl": Aggregate(9.1, 0.3, None),
    }
    assert {m.name: m.direction for m in found.metrics} == {
        "wsc/acc": Direction.HIGHER,
        "lambada/ppl": Direction.LOWER,
    }


def test_samples_give_scores_by_example_one_metric_a_filter(write):
    found = read_evaluation(write(NEW, ROWS))
    (run,) = found.runs
    strict = run.scores["gsm8k/exact_match/strict-match"]
    assert strict.sample_ids == ("hash0", "hash1", "hash2", "hash3")
    assert strict.values.tolist() == [1.0, 0.0, 1.0, 0.0]
    assert run.scores["gsm8k/exact_match/flexible-extract"].values.tolist() == [1.0, 1.0, 1.0, 0.0]
    assert strict.slices["topic"] == ("more sums", "sums", "more sums", "sums")
    assert set(run.aggregates) == {"wiki/word_perplexity", "mmlu/acc", "custom/score"}
    assert run.scores_error is None
    told = found.examples[run.run_id]["hash1"]
    assert (told.target, told.output) == ("2", "an answer")
    assert '"question":"1+1?"' in told.input


def test_rows_of_any_order_pair_by_what_the_example_says(write):
    one = read_evaluation(write(NEW, ROWS)).runs[0]
    other = read_evaluation(write(NEW, ROWS[::-1])).runs[0]
    name = "gsm8k/exact_match/strict-match"
    assert one.scores[name].sample_ids == other.scores[name].sample_ids
    assert one.scores[name].values.tolist() == other.scores[name].values.tolist()


def test_examples_that_say_the_same_are_numbered(write):
    rows = [row(0, "none", 1.0), row(0, "none", 0.0)]
    (run,) = read_evaluation(write(None, rows)).runs
    assert run.scores["gsm8k/exact_match"].sample_ids == ("hash0", "hash0#2")


def test_a_figure_that_is_no_mean_of_its_examples_keeps_its_total(write):
    results = {"results": {"lambada": {"perplexity,none": 9.0, "perplexity_stderr,none": 0.5, "acc,none": 0.5, "acc_stderr,none": 0.1}}, "config": {}}  # fmt: skip
    rows = [
        row(number, "none", 0, metrics=["perplexity", "acc"], perplexity=-2.0, acc=value)
        for number, value in enumerate([1, 0])
    ]
    found = read_evaluation(write(results, rows, task="lambada"))
    (run,) = found.runs
    assert set(run.scores) == {"lambada/acc"}
    assert run.aggregates == {"lambada/perplexity": Aggregate(9.0, 0.5, None)}
    assert any("lambada/perplexity is no mean of its examples" in note for note in found.notes)
    rows = [row(0, "none", 0, metrics=["acc"], acc=1), row(1, "none", 0, metrics=["acc"], acc=1)]
    assert read_evaluation(write(results, rows, task="lambada")).runs[0].scores == {}


def test_missing_samples_make_the_run_unusable(write):
    name = f"samples_gsm8k_{STAMP}.jsonl"
    less = [one for one in ROWS if one["doc_id"] != 3]
    results = json.loads(json.dumps(NEW))
    results["results"]["gsm8k"]["exact_match,strict-match"] = 2 / 3
    (run,) = read_evaluation(write(results, less)).runs
    assert run.scores_error == f"{name} holds 3 of the 4 examples of gsm8k"


def test_samples_are_counted_before_their_mean_is_looked_at(write):
    name = f"samples_gsm8k_{STAMP}.jsonl"
    (run,) = read_evaluation(write(NEW, ROWS[1:4] + ROWS[5:])).runs  # their mean is not the total
    assert run.scores_error == f"{name} holds 3 of the 4 examples of gsm8k"
    (run,) = read_evaluation(write(NEW, ROWS[:6])).runs
    assert run.scores_error == f"{name} holds 2 of the 4 examples of gsm8k"
    (run,) = read_evaluation(write(NEW, ROWS + ROWS)).runs
    assert run.scores_error == f"{name} holds 8 examples of gsm8k, 4 were announced"


def test_filters_of_one_file_hold_the_same_examples_where_none_were_announced(write):
    results = {key: value for key, value in NEW.items() if key != "n-samples"}
    (run,) = read_evaluation(write(results, ROWS[:-1])).runs
    assert (
        run.scores_error
        == f"samples_gsm8k_{STAMP}.jsonl holds 3 of the 4 examples of gsm8k under filter flexible-extract"
    )


def test_total_that_the_task_calls_a_mean_has_to_be_the_mean_of_its_examples(write):
    results = {
        "results": {"gsm8k": {"exact_match,none": 0.9, "exact_match_stderr,none": 0.1}},
        "configs": {"gsm8k": {"metric_list": [{"metric": "exact_match", "aggregation": "mean"}]}},
    }
    (run,) = read_evaluation(write(results, [row(number, "none", 1.0) for number in range(4)])).runs
    assert (
        run.scores_error
        == f"gsm8k/exact_match is no mean of the examples in samples_gsm8k_{STAMP}.jsonl, and the task says it is"
    )


def test_samples_without_a_score_are_counted(write):
    rows = [row(0, "none", 1.0), row(1, "none", None)]
    assert read_evaluation(write(None, rows)).runs[0].scores_error == "1 of 2 examples have no score: hash1"


def test_evaluations_in_folders_are_runs_and_the_folder_tells_the_seed(write):
    write(NEW, ROWS, folder="seed_1")
    where = write(NEW, ROWS, folder="seed_2")
    first, second = read_evaluation(where).runs
    assert (first.seed, second.seed) == (1, 2)
    assert first.config == second.config


def test_tasks_that_were_run_apart_are_one_run_of_their_model(write):
    config = {"model": "hf", "model_args": "pretrained=org/model", "random_seed": 0}
    write({"results": {"wsc": {"acc,none": 0.5, "acc_stderr,none": 0.1}}, "config": config})
    piqa = {"results": {"piqa": {"acc,none": 0.7, "acc_stderr,none": 0.1}}, "config": config}
    (run,) = read_evaluation(write(piqa, stamp="2026-05-02T10-00-00")).runs
    assert set(run.aggregates) == {"wsc/acc", "piqa/acc"}


def test_two_evaluations_of_different_times_stay_apart(write):
    write(NEW, ROWS)
    where = write(NEW, ROWS, stamp="2026-05-02T10-00-00")
    runs = read_evaluation(where).runs
    assert len(runs) == 2
    assert all(len(run.scores["gsm8k/exact_match/strict-match"].values) == 4 for run in runs)


def test_one_task_may_be_left_out_of_its_metrics_name(write):
    found = read_evaluation(
        write({"results": {"wsc": {"acc,none": 0.5, "acc_stderr,none": 0.1}}, "config": {}})
    )
    assert [metric.aliases for metric in found.metrics] == [("acc",)]


def test_broken_totals_stay_broken(write):
    (run,) = read_evaluation(write({"results": {"t": {"acc,none": float("nan")}}, "config": {}})).runs
    assert np.isnan(run.aggregates["t/acc"].value)


def test_percent_is_refused_where_a_fraction_is_declared(write):
    fraction = Metric(name="t/f1", direction=Direction.HIGHER, unit=Unit.FRACTION)
    where = write({"results": {"t": {"f1,none": 88.0}}, "config": {}})
    with pytest.raises(Invalid, match=r"results, 't/f1' holds 88, and t/f1 is a fraction"):
        read_evaluation(where, metrics=[fraction])


@pytest.mark.parametrize(
    ("results", "samples", "told"),
    [
        ({"results": {"t": {"acc,none": 1}}, "x": [1]}, None, None),
        ({"results": {"t": {"acc,none": 1, "acc_stderr,none": 0}, "u": 7}}, None, "no figures by task"),
        (None, [row(0, 7, 1.0)], "line 1, filter holds '7'"),
        (None, [row([], "none", 1.0, doc_hash=None)], "line 1 has doc_hash 'None' and doc_id '[]'"),
        (None, [row(0, "none", 1.0), [1]], "line 2 is no sample"),
        (None, [row("\ud800", "none", 1.0, doc_hash=None)], "line 1 has doc_hash"),
    ],
)
def test_odd_files_are_read_or_refused_by_place(write, results, samples, told):
    where = write(results, samples)
    if told is None:
        assert read_evaluation(where).runs
        return
    with pytest.raises(Invalid) as refused:
        read_evaluation(where)
    assert told in refused.value.message
    assert refused.value.hint
