import json

import pytest

from assay.connectors.evals.read import read_evaluation
from assay.domain.kernel.metrics import Direction, Metric, Unit
from assay.errors import Invalid


def row(question, passed, *, test=0, prompt=0, provider="openai:x", **more):
    case = {
        "vars": {"question": question},
        "assert": [{"type": "contains", "value": "4"}],
        "metadata": {"topic": "sums"},
    }
    return {
        "promptIdx": prompt,
        "testIdx": test,
        "testCase": case,
        "promptId": f"p{prompt}",
        "provider": {"id": provider, "label": ""},
        "prompt": {"raw": f"prompt {prompt}: {{{{question}}}}", "label": f"prompt {prompt}"},
        "vars": case["vars"],
        "response": {"output": "four", "cached": False},
        "success": passed,
        "score": 1 if passed else 0.25,
        "latencyMs": 100 + test,
        "namedScores": {"Tone": 0.5},
        "cost": 0.001,
        "failureReason": 0 if passed else 1,
        "gradingResult": {"pass": passed, "componentResults": [{"pass": passed}]},
        **more,
    }  # fmt: skip


def output(rows, **stats):
    results = {"version": 3, "timestamp": "2026-01-21T22:56:55.886Z", "prompts": [], "results": rows}
    return {"evalId": "e", "results": {**results, **({"stats": stats} if stats else {})}, "config": {}}


@pytest.fixture
def read(tmp_path):
    def reading(told, name="out.json", **given):
        text = told if isinstance(told, str) else json.dumps(told)
        (tmp_path / name).write_text(text)
        return read_evaluation(tmp_path / name, **given)

    return reading


def test_every_test_is_an_example_and_every_figure_a_metric(read):
    found = read(output([row("2+2", True), row("3+3", False, test=1)]))
    (run,) = found.runs
    assert found.reader == "promptfoo"
    assert {name: one.values.tolist() for name, one in run.scores.items()} == {
        "passed": [1.0, 0.0],
        "score": [1.0, 0.25],
        "latency_ms": [100.0, 101.0],
        "cost": [0.001, 0.001],
        "Tone": [0.5, 0.5],
    }
    assert run.scores["passed"].slices == {"question": ("2+2", "3+3"), "topic": ("sums", "sums")}
    assert run.config == {"provider": "openai:x", "prompt": "prompt 0"}
    declared = {metric.name: (metric.direction, metric.unit) for metric in found.metrics}
    assert declared["passed"] == (Direction.HIGHER, Unit.FRACTION)
    assert declared["latency_ms"] == (Direction.LOWER, Unit.MILLISECONDS)
    assert declared["cost"] == (Direction.LOWER, Unit.USD)
    told = found.examples[run.run_id][run.scores["passed"].sample_ids[0]]
    assert (told.input, told.output) == ('{"question":"2+2"}', "four")


def test_each_provider_with_each_prompt_is_a_choice(read):
    rows = [row("q", p == 0, prompt=p + 2 * (m == "b"), provider=m) for p in (0, 1) for m in ("a", "b")]
    runs = read(output(rows)).runs
    assert len(runs) == 4
    assert {run.config["provider"] for run in runs} == {"a", "b"}
    assert len({run.run_id for run in runs}) == 4
    (one,) = read(output(rows), only={"provider": "a", "prompt": "prompt 1"}).runs
    assert one.scores["passed"].values.tolist() == [0.0]


def test_prompts_of_one_label_are_told_apart(read):
    rows = [row("q", True, prompt=p) | {"prompt": {"raw": str(p), "label": "same"}} for p in (0, 1)]
    assert [run.config["prompt"] for run in read(output(rows)).runs] == ["same", "same #2"]


def test_repeats_are_known_by_the_content_of_the_test_not_by_its_number(read):
    rows = [row("2+2", True), row("2+2", False, test=1), row("3+3", True, test=2), row("3+3", True, test=3)]
    scores = read(output(rows)).runs[0].scores["passed"]
    assert len(scores.sample_ids) == 2
    assert scores.repeats.tolist() == [[1.0, 0.0], [1.0, 1.0]]
    assert scores.values.tolist() == [0.5, 1.0]


def test_tests_pair_across_files_whatever_stands_beside_them(read):
    one = read(output([row("a", True), row("b", True, test=1)])).runs[0].scores["passed"]
    other = (
        read(output([row("b", False, test=7, provider="z"), row("a", True, test=9, provider="z")]))
        .runs[0]
        .scores["passed"]
    )
    assert one.sample_ids == other.sample_ids
    changed = row("a", True)
    changed["testCase"]["assert"][0]["value"] = "5"
    assert not set(read(output([changed])).runs[0].scores["passed"].sample_ids) & set(one.sample_ids)


@pytest.mark.parametrize(
    "broken",
    [
        {"failureReason": 2, "error": "429", "gradingResult": None, "response": {"error": "429"}},
        {"failureReason": 1, "gradingResult": {"pass": False, "componentResults": [{"pass": False, "metadata": {"graderError": True}}]}},
        {"failureReason": None, "error": "timeout", "gradingResult": None},
    ],
)  # fmt: skip
def test_calls_and_judges_that_broke_are_errors_not_failures(read, broken):
    (run,) = read(output([row("a", True), row("b", False, test=1, **broken)])).runs
    assert run.scores["passed"].values.tolist() == [1.0]
    assert run.scores_error.startswith("1 of 2 examples ended in an error: b #")


def test_a_failed_assertion_stays_a_failure_although_it_carries_a_text(read):
    (run,) = read(output([row("a", False, error="Expected output to contain 4")])).runs
    assert run.scores_error is None
    assert run.scores["passed"].values.tolist() == [0.0]


def test_latency_of_a_cached_answer_is_not_known(read):
    found = read(output([row("a", True, response={"output": "x", "cached": True}), row("b", True, test=1)]))
    assert found.runs[0].scores["latency_ms"].values.tolist() == [101.0]
    assert "1 answers came from promptfoo's cache" in found.notes[0]


def test_tests_that_assert_nothing_are_told(read):
    rows = [
        row("a", True, gradingResult={"pass": True, "reason": "No assertions"}, testCase={"vars": {"q": "a"}})
    ]
    assert "1 tests assert nothing" in read(output(rows)).notes[0]


def test_named_scores_of_some_tests_are_told(read):
    found = read(output([row("a", True), row("b", True, test=1, namedScores={"score": 1})]))
    assert found.runs[0].scores["Tone"].values.tolist() == [0.5]
    assert found.runs[0].scores["named/score"].values.tolist() == [1.0]
    assert "Tone is there for only some of the tests" in found.notes[0]


def test_version_2_is_read_from_its_table(read):
    table = {
        "head": {"vars": ["question"], "prompts": [{"raw": "p", "label": "p", "provider": "m1"}, {"raw": "p", "label": "p", "provider": "m2"}]},
        "body": [{"vars": [q], "outputs": [{"pass": q == "a", "score": 1, "text": "t", "latencyMs": 5}, {"pass": True, "score": 1, "text": "t"}]} for q in "ab"],
    }  # fmt: skip
    told = {
        "results": {
            "version": 2,
            "timestamp": "t",
            "results": [],
            "stats": {"successes": 3, "failures": 1},
            "table": table,
        }
    }
    first, second = read(told).runs
    assert first.config == {"provider": "m1", "prompt": "p"}
    assert first.scores["passed"].values.tolist() == [1.0, 0.0]
    assert second.scores["passed"].values.tolist() == [1.0, 1.0]


def test_json_lines_are_read(read):
    lines = "\n".join(json.dumps(row(q, True, test=n)) for n, q in enumerate("ab"))
    assert read(lines, "out.jsonl").runs[0].scores["passed"].values.tolist() == [1.0, 1.0]


def test_half_a_file_is_told(read):
    (run,) = read(output([row("a", True)], successes=2, failures=0, errors=0)).runs
    assert run.scores_error == "the file holds 1 of 2 results"


def test_errors_that_only_the_totals_tell_are_told(read):
    rows = [row("a", True), row("b", False, test=1)]
    (run,) = read(output(rows, successes=1, failures=0, errors=1)).runs
    assert run.scores_error == "1 of the results ended in an error, the rows show 0"
    rows[1]["failureReason"] = 2
    (run,) = read(output(rows, successes=1, failures=0, errors=1)).runs
    assert run.scores_error.startswith("1 of 2 examples ended in an error")


@pytest.mark.parametrize(
    ("told", "fact"),
    [
        (output([]), "no rows in 'results.results'"),
        ({"evalId": "e", "results": []}, "no object 'results'"),
        (output([7]), "row 1 has success '7'"),
        (output([row("a", "yes")]), "row 1 has success 'yes'"),
        (output([row("a", True, score="much")]), "row 1, score holds 'much'"),
        (output([row("a", True)] * 1)["results"] | {"results": {"version": 3, "stats": {}, "results": {"a": 1}}}, "no rows"),
        ('{"evalId": "e", "results": {"version": 3, "results": [', "broken JSON"),
    ],
)  # fmt: skip
def test_bad_output_is_refused_by_place(read, told, fact):
    with pytest.raises(Invalid) as refused:
        read(told, reader="promptfoo")
    assert fact in refused.value.message
    assert refused.value.hint


def test_table_with_missing_outputs_is_refused(read):
    table = {"head": {"vars": [], "prompts": [{}, {}]}, "body": [{"outputs": [{"pass": True}]}]}
    with pytest.raises(Invalid, match="row 1 of the table has 1 outputs"):
        read({"results": {"version": 2, "stats": {}, "table": table}})


def test_score_out_of_ten_is_refused_where_a_fraction_is_declared(read):
    fraction = Metric(name="score", direction=Direction.HIGHER, unit=Unit.FRACTION)
    with pytest.raises(Invalid, match="'score' holds 9, and score is a fraction"):
        read(output([row("a", True, score=9)]), metrics=[fraction])
