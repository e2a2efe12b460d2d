import contextlib
import json

import numpy as np
import pytest

from assay.connectors.evals import archive
from assay.connectors.evals.read import read_evaluation
from assay.domain.experiments.evidence import Aggregate, RunStatus
from assay.domain.kernel.metrics import Direction, Metric, Unit
from assay.errors import Invalid
from tests.support.zip_files import DEFLATED, STORED, ZSTANDARD, zip_of


def sample(sample_id, value, epoch=1, **more):
    scores = None if value is None else {"match": {"value": value, "answer": "an answer"}}
    return {
        "id": sample_id,
        "epoch": epoch,
        "input": "q",
        "target": "t",
        "scores": scores,
        "metadata": {},
        **more,
    }


def log(samples, status="success", **more):
    about = {
        "task": "qa",
        "model": "openai/x",
        "run_id": "r",
        "dataset": {"name": "qa-set"},
        "created": "2026-05-01T10:00:00Z",
    }
    results = {
        "completed_samples": len(samples or []),
        "scores": [{"name": "match", "metrics": {"accuracy": {"value": 0.5}, "stderr": {"value": 0.1}}}],
    }
    made = {"version": 2, "status": status, "eval": about, "plan": {}, "results": results, "samples": samples}
    for path, value in more.items():
        *parents, last = path.split("__")
        place = made
        for parent in parents:
            place = place.setdefault(parent, {})
        place[last] = value
    return made  # fmt: skip


def eval_file(made, method=ZSTANDARD, *, summaries=True, header=True, **lies):
    samples = made["samples"] or []
    rest = {key: value for key, value in made.items() if key != "samples"}
    entries = {"_journal/start.json": json.dumps({k: made[k] for k in ("version", "eval", "plan")}).encode()}
    entries |= {f"samples/{s['id']}_epoch_{s['epoch']}.json": json.dumps(s).encode() for s in samples}
    told = [{**s, "completed": True} for s in samples]
    if header:
        entries |= {"summaries.json": json.dumps(told).encode()} if summaries else {}
        entries["header.json"] = json.dumps(rest).encode()
    elif summaries:
        entries["_journal/summaries/1.json"] = json.dumps(told).encode()
    return zip_of(entries, method, **lies)


@pytest.fixture
def read(tmp_path):
    def reading(made, name="log.json", **given):
        content = made if isinstance(made, bytes) else json.dumps(made).encode()
        (tmp_path / name).write_bytes(content)
        return read_evaluation(tmp_path / name, reader="inspect", **given)

    return reading


def scores(evaluation, metric="match"):
    (run,) = evaluation.runs
    return run.scores[metric]


SAMPLES = [sample("b", "C"), sample("a", "I"), sample("c", "P"), sample("d", "N")]


@pytest.mark.parametrize("method", [STORED, DEFLATED, ZSTANDARD])
@pytest.mark.parametrize("summaries", [True, False])
def test_archive_of_any_compression_and_json_hold_the_same_run(read, method, summaries):
    one = scores(read(log(SAMPLES)))
    other = scores(read(eval_file(log(SAMPLES), method, summaries=summaries), "log.eval"))
    assert one.sample_ids == other.sample_ids == ("a", "b", "c", "d")
    assert one.values.tolist() == other.values.tolist() == [0.0, 1.0, 0.5, 0.0]


def test_epochs_are_repeats_of_one_example_and_no_seeds(read):
    found = read(log([sample("a", "C"), sample("a", "I", 2), sample("b", "C"), sample("b", "C", 2)]))
    assert scores(found).repeats.tolist() == [[1.0, 0.0], [1.0, 1.0]]
    assert scores(found).values.tolist() == [0.5, 1.0]
    assert found.runs[0].seed is None


@pytest.mark.parametrize(
    ("value", "metrics"),
    [
        (True, {"match": 1.0}),
        (0.25, {"match": 0.25}),
        ("no", {"match": 0.0}),
        ("0.75", {"match": 0.75}),
        ([1, "C"], {"match/1": 1.0, "match/2": 1.0}),
        ({"tone": 4, "facts": "I", "why": "because"}, {"match/tone": 4.0, "match/facts": 0.0}),
    ],
)
def test_scores_of_every_kind_are_read(read, value, metrics):
    (run,) = read(log([sample("a", value)])).runs
    assert {name: one.values.tolist() for name, one in run.scores.items()} == {
        k: [v] for k, v in metrics.items()
    }


def test_metadata_becomes_slices(read):
    about = {"topic": "law", "level": 3, "hard": True, "score": 0.5, "source": {"site": "web"}, "tags": ["x"]}
    found = scores(read(log([sample("a", "C", metadata=about), sample("b", "C")])))
    assert found.slices == {
        "topic": ("law", ""),
        "level": ("3", ""),
        "hard": ("true", ""),
        "source.site": ("web", ""),
    }


def test_samples_that_ended_in_an_error_are_no_failures_and_make_the_run_unusable(read):
    (run,) = read(
        log([sample("a", "C"), sample("b", None, error={"message": "timeout"}), sample("c", "I")])
    ).runs
    assert run.status is RunStatus.FINISHED
    assert run.scores_error == "1 of 3 examples ended in an error: b"
    assert run.scores["match"].values.tolist() == [1.0, 0.0]


@pytest.mark.parametrize("value", [None, float("nan")])
def test_samples_without_a_score_are_counted(read, value):
    (run,) = read(log([sample("a", "C"), sample("b", value)])).runs
    assert run.scores_error == "1 of 2 examples have no score: b"


def test_a_sample_that_lacks_one_of_the_scorers_is_counted(read):
    both = {"match": {"value": "C"}, "judge": {"value": 1}}
    (run,) = read(log([sample("a", "C"), sample("b", "C", scores=both)])).runs
    assert run.scores_error == "1 of 2 examples have no score of judge: a"


def test_missing_samples_and_uneven_epochs_are_counted(read):
    (run,) = read(log([sample("a", "C")], eval__dataset={"name": "d", "sample_ids": ["a", "b"]})).runs
    assert run.scores_error == "the log holds 1 of the 2 samples that were to be run"
    older = log([sample("a", "C")]) | {"results": {"completed_samples": 2, "scores": []}}
    older["eval"].get("dataset", {}).pop("sample_ids", None)
    assert read(older).runs[0].scores_error == "the log holds 1 of the 2 samples that were completed"
    (run,) = read(log([sample("a", "C"), sample("a", "C", 2), sample("b", "C")])).runs
    assert run.scores_error == "1 of 2 examples were run fewer than 2 times: b"


def test_limits_are_scored_and_told(read):
    found = read(
        log([sample("a", "I", limit={"type": "token", "limit": 100}), sample("b", "C", limit="token")])
    )
    assert found.notes == ("log.json: 2 samples were cut off by the token limit and scored as they stood",)
    assert found.runs[0].scores_error is None


@pytest.mark.parametrize(
    ("status", "kept"),
    [("cancelled", RunStatus.STOPPED), ("error", RunStatus.FAILED), ("started", RunStatus.FAILED)],
)
def test_a_log_that_did_not_succeed_keeps_its_status(read, status, kept):
    found = read(log(SAMPLES, status, error={"message": "out of money"}))
    assert found.runs[0].status is kept
    assert found.notes[-1] == f"log.json: the evaluation is '{status}', so it is no evidence: out of money"


def test_an_archive_that_was_only_begun_is_no_evidence(read):
    (run,) = read(eval_file(log(SAMPLES), header=False), "log.eval").runs
    assert run.status is RunStatus.FAILED
    assert run.scores["match"].values.tolist() == [0.0, 1.0, 0.5, 0.0]
    (run,) = read(eval_file(log([]), header=False, summaries=False), "log.eval").runs
    assert (run.status, run.scores) == (RunStatus.FAILED, {})


def test_an_invalidated_log_is_told(read):
    assert read(log(SAMPLES, invalidated=True)).runs[0].scores_error == "the log was marked as invalidated"


def test_totals_without_samples_become_aggregates_and_a_standard_error_of_zero_is_unknown(read):
    found = read(log(None, results__completed_samples=3))
    assert found.runs[0].aggregates == {"match": Aggregate(0.5, 0.1, 3)}
    sure = [{"name": "match", "metrics": {"accuracy": {"value": 1.0}, "stderr": {"value": 0.0}}}]
    assert read(log(None, results__scores=sure)).runs[0].aggregates == {"match": Aggregate(1.0, None, 0)}


def test_declared_metrics_say_what_is_better_and_what_criteria_may_call_them(read):
    found = read(log([sample("a", "C", working_time=1.5)]))
    match, time = found.metrics
    assert (match.name, match.direction, match.unit, match.aliases) == (
        "match",
        Direction.HIGHER,
        Unit.FRACTION,
        ("accuracy",),
    )
    assert (time.name, time.direction, time.unit) == ("working_time", Direction.LOWER, Unit.SECONDS)


@pytest.mark.parametrize(
    "more",
    [
        {"eval__task_args": {"seed": 4}},
        {"eval__model_generate_config": {"seed": 4}},
        {"plan__config": {"seed": 4}},
        {"eval__model_args": {"seed": 4}},
        {"eval__metadata": {"seed": 4}},
    ],
)
def test_seed_is_found_where_the_tool_keeps_it_and_is_no_part_of_the_configuration(read, more):
    (run,) = read(log(SAMPLES, **more)).runs
    assert run.seed == 4
    assert run.config == {"model": "openai/x"}
    assert read(log(SAMPLES), "seed_7.json").runs[0].seed == 7


def test_texts_are_kept(read):
    messages = [
        {"role": "system", "content": "be good"},
        {"role": "user", "content": [{"type": "text", "text": "2+2?"}]},
    ]
    output = {"choices": [{"message": {"content": "four"}}]}
    found = read(log([sample("a", "C", input=messages, target=["4", "four"], output=output)]))
    told = found.examples[found.runs[0].run_id]["a"]
    assert (told.input, told.target, told.output) == ("2+2?", '["4","four"]', "four")


def test_a_scorer_of_labels_is_told_and_one_of_both_kinds_is_refused(read):
    found = read(log([sample("a", "B+"), sample("b", "A")]))
    assert found.runs[0].scores == {}
    assert found.notes == (
        "log.json: scorer match gives labels such as 'B+', which are no numbers: not read",
    )
    with pytest.raises(Invalid, match="sample 'b', scorer 'match' gives 'B\\+'"):
        read(log([sample("a", "C"), sample("b", "B+")]))


def test_notes_cannot_write_to_the_terminal(read):
    found = read(log([sample("a", "B+", scores={"\x1b[31mred": {"value": "B\x07"}})]))
    assert all(note.isprintable() for note in found.notes)


def test_percent_is_refused_where_a_fraction_is_declared(read):
    fraction = Metric(name="match", direction=Direction.HIGHER, unit=Unit.FRACTION)
    with pytest.raises(Invalid, match="'match' holds 87, and match is a fraction"):
        read(log([sample("a", 87)]), metrics=[fraction])


REFUSED = [
    ("log.json", log(SAMPLES, status="finished"), "the status 'finished'"),
    ("log.json", log(SAMPLES, status=["success"]), "the status"),
    ("log.json", log([sample("a", "C"), sample("a", "I")]), "sample 'a' stands twice in epoch 1"),
    ("log.json", log([sample(1, "C"), sample("1", "I")]), "sample '1' stands twice in epoch 1"),
    ("log.json", log([sample(None, "C")]), "sample 1 has id 'None'"),
    ("log.json", log([sample("a", "C", epoch="x")]), "sample 1 has id 'a' and epoch 'x'"),
    ("log.json", log([7]), "samples that are no list of objects"),
    ("log.json", log("all"), "samples that are no list of objects"),
    ("log.json", b'{"status": "success", "eval": {"task"', "broken JSON"),
    ("log.json", b'{"version": 2, "status": "success", "status": "error", "eval": {}}', "the key 'status' stands twice"),
    ("log.eval", eval_file(log(SAMPLES))[:-30], "a broken archive"),
    ("log.eval", eval_file(log(SAMPLES), crcs={"summaries.json": 1}), "the entry 'summaries.json' is damaged"),
    ("log.eval", eval_file(log(SAMPLES), sizes={"summaries.json": 7}), "the entry 'summaries.json' is damaged"),
    ("log.eval", eval_file(log(SAMPLES), sizes={"summaries.json": 2**31}), "unpacks from"),
    ("log.eval", eval_file(log(SAMPLES), flags=1), "is encrypted"),
    ("log.eval", eval_file(log(SAMPLES), offsets={"header.json": 0}), "overlaps another one"),
    ("log.eval", eval_file(log(SAMPLES), 97), "is damaged"),
    ("log.eval", zip_of({"header.json": b"{", "samples/1.json": b""}), "log.eval/header.json': broken JSON"),
    ("log.eval", zip_of({"header.json": b"[]", "samples/../../x.json": b""}), "leads out of the archive"),
    ("log.eval", zip_of({"header.json": b"[]", "C:\\x.json": b""}), "leads out of the archive"),
    ("log.eval", zip_of([("header.json", b"[]"), ("header.json", b"[]")]), "two entries of one name"),
    ("log.eval", zip_of({"samples/1.json": b"{}"}), "an archive without header.json"),
    ("log.eval", zip_of({"header.json": b"0" * (archive.SMALL + 1)}), "unpacks from"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "made", "told"), REFUSED)
def test_bad_log_is_refused_naming_file_and_place(read, name, made, told):
    with pytest.raises(Invalid) as refused:
        read(made, name)
    assert told in refused.value.message
    assert refused.value.hint


def test_archive_of_too_many_entries_is_refused_before_it_is_listed(read, monkeypatch):
    monkeypatch.setattr(archive, "MAX_ENTRIES", 3)
    with pytest.raises(Invalid, match="more than 3 entries"):
        read(eval_file(log(SAMPLES)), "log.eval")


def test_an_archive_inside_an_archive_is_not_opened(read):
    inner = zip_of({"header.json": b"{}"})
    with pytest.raises(Invalid, match=r"header\.json"):
        read(zip_of({"header.json": inner}), "log.eval")


def test_hostile_types_in_every_place_end_in_an_error_or_a_run(read):
    made = log(
        [
            sample(
                "a",
                "C",
                metadata={"k": "v"},
                limit={"type": "x"},
                output={"choices": [{"message": {"content": "x"}}]},
            )
        ]
    )
    odd = [
        None,
        0,
        -1,
        10**400,
        1.5,
        "",
        "\ud800",
        [],
        {},
        [[]],
        {"value": {}},
        True,
        [1, "a", None],
        {"a": [0]},
    ]

    def places(value, path=()):
        items = (
            value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        )
        for key, part in items:
            yield (*path, key)
            yield from places(part, (*path, key))

    for path in list(places(made)):
        for value in odd:
            broken = json.loads(json.dumps(made))
            place = broken
            for key in path[:-1]:
                place = place[key]
            place[path[-1]] = value
            with contextlib.suppress(Invalid):
                found = read(broken)
                finite = [np.isfinite(one.values).all() for run in found.runs for one in run.scores.values()]
                assert all(finite) or value == 10**400
