import io
import json

import numpy as np
import polars as pl
import pytest

from assay.connectors.evals.long_form import read_scores
from assay.connectors.evals.read import read_evaluation
from assay.domain.experiments.evidence import RunStatus
from assay.domain.kernel.metrics import Direction, Metric, Unit
from assay.errors import Invalid

ACCURACY = Metric(name="accuracy", direction=Direction.HIGHER, unit=Unit.FRACTION)


@pytest.fixture
def write(tmp_path):
    def put(name: str, content: bytes | str):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return put


def read(path, **given):
    return read_evaluation(path, reader="plain", **given)


def one_run(evaluation):
    (run,) = evaluation.runs
    return run


def parquet(frame) -> bytes:
    buffer = io.BytesIO()
    pl.DataFrame(frame).write_parquet(buffer)
    return buffer.getvalue()


WIDE = {
    "sample_id": ["a", "b", "a", "b"],
    "seed": [1, 1, 2, 2],
    "accuracy": [1, 0, 1, 1],
    "latency_ms": [12.5, 20.0, 11.0, 19.5],
    "language": ["de", "en", "de", "en"],
}
WIDE_FORMS = {
    "r.csv": pl.DataFrame(WIDE).write_csv().encode(),
    "r.tsv": pl.DataFrame(WIDE).write_csv(separator="\t").encode(),
    "r.json": json.dumps(
        [dict(zip(WIDE, row, strict=True)) for row in zip(*WIDE.values(), strict=True)]
    ).encode(),
    "columns.json": json.dumps(WIDE).encode(),
    "pandas.json": json.dumps({k: {str(i): v for i, v in enumerate(c)} for k, c in WIDE.items()}).encode(),
    "r.jsonl": pl.DataFrame(WIDE).write_ndjson().encode(),
    "r.parquet": parquet(WIDE),
    "bom-and-crlf.csv": b"\xef\xbb\xbf" + pl.DataFrame(WIDE).write_csv().encode().replace(b"\n", b"\r\n"),
}


@pytest.mark.parametrize("name", WIDE_FORMS)
def test_wide_form_gives_each_seed_its_metrics_and_slices_in_every_file_format(write, name):
    found = read(write(name, WIDE_FORMS[name]))
    assert [run.seed for run in found.runs] == [1, 2]
    first, second = found.runs
    assert set(first.scores) == {"accuracy", "latency_ms"}
    assert first.scores["accuracy"].values.tolist() == [1.0, 0.0]
    assert second.scores["latency_ms"].values.tolist() == [11.0, 19.5]
    assert first.scores["accuracy"].slices == {"language": ("de", "en")}
    assert first.scores["accuracy"].sample_ids is second.scores["latency_ms"].sample_ids == ("a", "b")
    assert found.reader == "plain"
    assert len(found.digest) == 64


def test_long_form_is_told_by_its_columns_metric_and_value(write):
    text = "sample_id,seed,metric,value,topic\na,1,f1,0.5,x\nb,1,f1,1,y\na,1,seconds,3,x\nb,1,seconds,4,y\na,2,f1,0.25,x\n"
    first, second = read(write("long.csv", text)).runs
    assert {name: one.values.tolist() for name, one in first.scores.items()} == {
        "f1": [0.5, 1],
        "seconds": [3, 4],
    }
    assert first.scores["seconds"].sample_ids == ("a", "b")
    assert second.scores["f1"].values.tolist() == [0.25]


LONG = "sample_id,seed,metric,value,topic\na,1,f1,0.5,x\nb,1,seconds,4,y\na,1,seconds,3,x\n"


@pytest.mark.parametrize("text", [LONG, LONG.replace("topic", "repeat").replace("x", "1").replace("y", "1")])
def test_example_without_a_row_of_a_metric_is_one_without_a_score_like_an_empty_cell(write, text):
    found = read(write("long.csv", text))
    scores = one_run(found).scores["f1"]
    assert scores.sample_ids == ("a", "b")
    assert scores.values[0] == 0.5
    assert np.isnan(scores.values[1])
    assert one_run(found).scores["seconds"].values.tolist() == [4, 3]
    (note,) = found.notes
    assert note.startswith("long.csv: 1 of 2 examples have no row of f1: b (seed 1): it is broken evidence")


def test_metric_of_one_task_is_asked_of_the_examples_of_that_task_only(write):
    text = "sample_id,metric,value,task\n1,acc,1,arc\n1,seconds,1,arc\n2,acc,0,arc\n2,seconds,1,arc\n3,em,1,gsm\n3,seconds,1,gsm\n"
    found = read(write("tasks.csv", text))
    whole = {name: one.sample_ids for name, one in one_run(found).scores.items()}
    assert whole == {"acc": ("1", "2"), "seconds": ("1", "2", "3"), "em": ("3",)}
    assert not found.notes
    assert {name: one.sample_ids for name, one in read_scores(text.encode()).items()} == whole
    less = text.replace("2,acc,0,arc\n", "")
    assert np.isnan(one_run(read(write("tasks.csv", less))).scores["acc"].values[1])
    assert np.isnan(read_scores(less.encode())["acc"].values[1])


def test_rows_of_one_seed_need_not_stand_together(write):
    text = "sample_id,seed,correct\na,2,1\na,1,0\nb,2,0\nb,1,1\n"
    first, second = read(write("mixed.csv", text)).runs
    assert (first.seed, first.scores["correct"].values.tolist()) == (1, [0.0, 1.0])
    assert (second.seed, second.scores["correct"].values.tolist()) == (2, [1.0, 0.0])


@pytest.mark.parametrize(
    "name", ["seed_3.csv", "seed3/scores.csv", "runs/seed-3/scores.csv", "eval seed=3.csv"]
)
def test_seed_comes_from_the_name_of_the_file_or_its_folder(write, tmp_path, name):
    write(name, "sample_id,correct\na,1\n")
    assert one_run(read(tmp_path)).seed == 3


def test_folder_holds_one_run_a_file(write, tmp_path):
    for seed in (2, 10, 1):
        write(f"seed_{seed}.csv", f"sample_id,correct\na,1\nb,{seed % 2}\n")
    found = read(tmp_path)
    assert [run.seed for run in found.runs] == [1, 2, 10]
    ids = {id(run.scores["correct"].sample_ids) for run in found.runs}
    assert len(ids) == 1


def test_files_of_one_name_with_different_content_are_different_runs(write):
    one = one_run(read(write("a/seed_1.csv", "sample_id,correct\na,1\n")))
    other = one_run(read(write("b/seed_1.csv", "sample_id,correct\na,0\n")))
    again = one_run(read(write("c/seed_1.csv", "sample_id,correct\na,1\n")))
    assert one.external_id == other.external_id == "seed_1.csv"
    assert one.run_id == again.run_id != other.run_id


def test_files_of_one_seed_with_different_metrics_are_one_run(write, tmp_path):
    write("quality/seed_1.csv", "sample_id,correct\na,1\n")
    write("quality/seed_1_latency.csv", "sample_id,latency_ms\na,80\n")
    assert set(one_run(read(tmp_path)).scores) == {"correct", "latency_ms"}


def test_evaluation_sets_in_one_file_are_runs_of_their_own(write):
    text = "sample_id,seed,dataset,correct,output\na,1,main@2,1,x\na,1,adversarial,0,y\n"
    found = read(write("r.csv", text))
    one, other = found.runs
    assert {(run.dataset, run.scores["correct"].values[0]) for run in (one, other)} == {
        ("main@2", 1.0),
        ("adversarial", 0.0),
    }
    assert {found.examples[run.run_id]["a"].output for run in (one, other)} == {"x", "y"}
    assert one.run_id != other.run_id


def test_folders_of_two_models_are_two_configurations(write, tmp_path):
    for model in ("small", "large"):
        write(f"{model}/seed_1.csv", "sample_id,correct\na,1\n")
    assert [run.config for run in read(tmp_path).runs] == [{"folder": "large"}, {"folder": "small"}]
    assert one_run(read(tmp_path, only={"folder": "small"})).config == {"folder": "small"}
    with pytest.raises(
        Invalid, match=r"no run with folder=medium \(expected one of folder=large, folder=small\)"
    ):
        read(tmp_path, only={"folder": "medium"})


def test_numbered_repeats_of_an_example_are_averaged_and_kept(write):
    text = "sample_id,repeat,correct,topic\nb,1,1,x\na,1,1,y\na,2,0,y\nb,2,1,x\n"
    scores = one_run(read(write("r.csv", text))).scores["correct"]
    assert scores.sample_ids == ("b", "a")
    assert scores.repeats.tolist() == [[1.0, 1.0], [1.0, 0.0]]
    assert scores.values.tolist() == [1.0, 0.5]
    assert scores.slices == {"topic": ("x", "y")}


def test_texts_of_examples_are_kept_for_side_by_side_views(write):
    text = "sample_id,correct,input,target,output\na,1,2+2?,4,four\n"
    run = one_run(found := read(write("r.csv", text)))
    told = found.examples[run.run_id]["a"]
    assert (told.input, told.target, told.output) == ("2+2?", "4", "four")
    assert run.scores["correct"].slices == {}


def test_long_texts_are_cut_with_a_mark(write):
    rows = [{"sample_id": "a", "correct": 1, "output": "x" * 9000}]
    run = one_run(found := read(write("r.json", json.dumps(rows))))
    assert len(found.examples[run.run_id]["a"].output) == 4000
    assert found.examples[run.run_id]["a"].output.endswith(" … (cut)")


def test_a_column_of_numbers_can_be_read_as_a_slice_and_another_as_the_example(write):
    path = write("r.csv", "question,correct,level\n007,1,5\n008,0,4\n")
    scores = one_run(read(path, columns={"question": "sample_id", "level": "slice"})).scores
    assert set(scores) == {"correct"}
    assert scores["correct"].sample_ids == ("007", "008")
    assert scores["correct"].slices == {"level": ("5", "4")}


def test_truth_values_and_empty_slice_labels(write):
    text = "sample_id,correct,topic\na,true,x\nb,False,\n"
    scores = one_run(read(write("r.csv", text))).scores["correct"]
    assert scores.values.tolist() == [1.0, 0.0]
    assert scores.slices == {"topic": ("x", "")}


def test_values_that_are_not_finite_stay_evidence_and_are_told(write):
    found = read(write("r.csv", "sample_id,accuracy\na,nan\nb,\nc,0.5\n"))
    assert np.isnan(one_run(found).scores["accuracy"].values[:2]).all()
    assert found.notes == (
        "r.csv: row 1, column accuracy is nan, and 1 more rows are no numbers: accuracy is broken evidence",
    )


def test_rows_that_are_runs_become_values_with_their_configuration(write):
    text = "run,arm,seed,val_loss\nx.txt,a,1,3.2\ny.txt,a,2,3.3\n"
    first, second = read(write("runs.csv", text)).runs
    assert (first.name, first.config, first.seed, first.curves["val_loss"].last) == (
        "x.txt",
        {"arm": "a"},
        1,
        3.2,
    )
    assert second.scores == {}


def test_a_run_that_ended_before_its_planned_steps_failed(write):
    found = read(write("runs.csv", "seed,steps,planned_steps,loss\n1,1500,1555,3.3\n2,1555,1555,3.2\n"))
    assert [run.status for run in found.runs] == [RunStatus.FAILED, RunStatus.FINISHED]
    assert found.notes == ("runs.csv: row 1 ended at step 1500 of 1555: an incomplete run",)


def test_percent_where_a_fraction_is_meant_is_refused_not_rescaled(write):
    path = write("r.csv", "sample_id,accuracy\na,0.9\nb,87.5\n")
    with pytest.raises(Invalid) as refused:
        read(path, metrics=[ACCURACY])
    assert refused.value.message == (
        "cannot read evaluation 'r.csv': row 2, 'accuracy' holds 87.5, and accuracy is a fraction (expected 0 to 1)"
    )
    assert refused.value.hint == "divide accuracy by 100 where it is written"
    assert refused.value.field == "accuracy"
    assert one_run(read(path)).scores["accuracy"].values.tolist() == [0.9, 87.5]


REFUSED = [
    ("r.csv", b"", "an empty file"),
    ("r.csv", b"  \n\n", "an empty file"),
    ("r.csv", b"sample_id,correct\n", "no rows"),
    ("r.csv", b"sample_id,correct\na,1\na,0\n", "rows 1, 2 all hold sample_id 'a'"),
    ("r.csv", b"sample_id,seed,correct\na,1,1\nb,1,1\nb,1,0\n", "rows 2, 3 all hold sample_id 'b' with seed 1"),
    ("r.csv", b"sample_id,correct\na,1\n,0\n", "row 2 has no sample_id"),
    ("r.csv", b"sample_id,topic\na,x\n", "no column of numbers"),
    ("r.csv", b"sample_id,accuracy\na,1\nb,0\nc,oops\n", "row 3, column 'accuracy' holds 'oops'"),
    ("r.csv", b"sample_id,metric,value\na,f1,1\nb,f1,bad\n", "row 2, column 'value' holds 'bad'"),
    ("r.csv", b"sample_id,metric,value\na,f1,1\nb,,1\n", "row 2 has no metric"),
    ("r.csv", b"sample_id,seed,f1\na,1.5,1\n", "row 1, column 'seed' holds '1.5'"),
    ("r.csv", b"sample_id,seed,f1\na,one,1\n", "row 1, column 'seed' holds 'one'"),
    ("r.csv", b"sample_id,f1,f1\na,1,1\n", "the column 'f1' stands twice"),
    ("r.csv", b"sample_id,f 1,f!1\na,1,1\n", "would both be called f_1"),
    ("r.csv", b"sample_id,f1\na,1,2\n", "row 1 (line 2) has 3 cells"),
    ("r.csv", b"sample_id,seed,f1\na,1,1\nb,1\n", "row 2 (line 3) has 2 cells"),
    ("r.csv", b'sample_id,f1\na,1\n"b,1\n', "is no CSV"),
    ("r.csv", b"sample_id;f1\na;0,87\nb;0,5\n", "column 'f1' holds '0,87'"),
    ("r.csv", b"sample_id,f1\n\xe9,1\n", "line 2 holds the byte 0xe9, which is no UTF-8"),
    ("r.csv", "sample_id,f1\na,1\n".encode("utf-16"), "text in UTF-16"),
    ("r.csv", b"sample_id,f1\na\x00,1\n", "line 2 holds a NUL byte"),
    ("r.csv", b"sample_id," + b",".join(b"c%d" % n for n in range(10**6)), "a first line of more than 1 MB"),
    ("r.csv", b",".join(b"c%d" % n for n in range(10**4)) + b"\n1\n", "10,000 columns"),
    ("r.csv", b"x" * 2**21, "a first line of more than 1 MB"),
    ("r.csv", b"id,correct\na,1\n", "no column sample_id (it has: id, correct)"),
    ("runs.csv", b"seed,loss\n1,2\n1,3\n", "rows 1 and 2 are both of seed 1"),
    ("runs.csv", b"seed,loss\n1,2\n,3\n", "row 2 has neither a seed nor a name"),
    ("seed_3.csv", b"sample_id,seed,f1\na,4,1\n", "row 1, column 'seed' holds 4 where the name of the file says seed 3"),
    ("r.csv", b"sample_id,repeat,f1\na,1,1\na,2,1\nb,1,1\n", "example 'b' has no rows of repeat 2"),
    ("r.json", b'[{"sample_id": "a", "f1": 1}, 7]', "row 2 is a number"),
    ("r.json", b'[{"sample_id": "a", "f1": 1', "broken JSON at line 1, column 28"),
    ("r.json", b'[{"sample_id": "a", "f1": 1, "f1": 0}]', "the key 'f1' stands twice"),
    ("r.json", b"[" * 100_000, "nested too deeply"),
    ("r.json", b'[{"sample_id": "a", "f1": ' + b"9" * 5000 + b"}]", "a number that is too long"),
    ("r.json", b'[{"sample_id": "\\ud800", "f1": 1}]', "row 1, column 'sample_id' holds half a character"),
    ("r.json", b'[{"sample_id": "a\\u0000", "f1": 1}]', "row 1, column 'sample_id' holds a NUL character"),
    ("r.json", b'[{"sample_id": ["a"], "f1": 1}]', "row 1, column 'sample_id' holds a list"),
    ("r.json", b"[]", "no rows"),
    ("r.json", b'{"sample_id": ["a"], "f1": [1, 2]}', "columns of 1, 2 rows"),
    ("r.json", b'{"sample_id": ["a"], "f1": 1}', "'f1' holds a number"),
    ("r.jsonl", b'{"sample_id": "a", "f1": 1}\n{"sample_id": "b", "f1"', "line 2: broken JSON at column 24"),
    ("r.jsonl", b'{"sample_id": "a", "f1": 1}\n{"a": 1, "a": 2}\n', "line 2: the key 'a' stands twice"),
    ("r.parquet", b"PAR1", "a broken file"),
    ("r.parquet", parquet({"sample_id": [["a"]], "f1": [1]}), "column 'sample_id' cannot be used"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "content", "told"), REFUSED)
def test_bad_file_is_refused_naming_file_place_and_fix(write, name, content, told):
    with pytest.raises(Invalid) as refused:
        read(write(name, content))
    assert told in refused.value.message
    assert refused.value.message.startswith(f"cannot read evaluation '{name}': ")
    assert "(expected " in refused.value.message
    assert refused.value.hint


def test_an_infinite_or_enormous_number_is_kept_as_infinity(write):
    rows = '[{"sample_id": "a", "f1": 1e999}, {"sample_id": "b", "f1": -%s}]' % ("9" * 400)
    values = one_run(read(write("r.json", rows))).scores["f1"].values
    assert values.tolist() == [np.inf, -np.inf]
