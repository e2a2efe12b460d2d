"""The leakage check on the command line: training data beside the gate file, in every form, good and bad."""

import csv
import json

import polars as pl
import pytest

QUESTIONS = [f"What is the capital of country number {number}, and since when?" for number in range(40)]
LONG = " ".join(f"word{number}" for number in range(2000))
TRAIN = [("t1", "Something else entirely."), ("t2", QUESTIONS[3].upper()), ("q07", "A text of its own.")]


def results(folder, column="input", questions=QUESTIONS, name="results.csv"):
    with (folder / name).open("w", newline="", encoding="utf-8") as opened:
        rows = csv.writer(opened)
        rows.writerow(["sample_id", "accuracy", column])
        rows.writerows([f"q{number:02d}", 1, text] for number, text in enumerate(questions))


def as_jsonl(file, rows):
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def as_json(file, rows):
    file.write_text(json.dumps(rows), encoding="utf-8")


def as_csv(file, rows):
    with file.open("w", newline="", encoding="utf-8") as opened:
        out = csv.DictWriter(opened, list(rows[0]))
        out.writeheader()
        out.writerows(rows)


def as_parquet(file, rows):
    pl.DataFrame(rows).write_parquet(file)


def check(assay, against="train.jsonl", text="input", more=""):
    column = f", text: {text}" if text else ""
    (assay.folder / "gate.yaml").write_text(
        f"checks:\n  - leakage: {{against: {against}{column}{more}}}\n", encoding="utf-8"
    )
    return assay("gate", "check", "gate.yaml", "--candidate", "results.csv", "--json")


def finding(ran):
    return json.loads(ran.out)["answers"][0]


@pytest.mark.parametrize("write", [as_jsonl, as_json, as_csv, as_parquet])
def test_copies_are_found_by_id_and_by_text_in_every_form_of_file(assay, write):
    results(assay.folder)
    write(assay.folder / "train.data", [{"id": name, "input": text, "source": "x"} for name, text in TRAIN])
    ran = check(assay, against="train.data")
    answer = finding(ran)
    assert (ran.code, ran.err) == (1, "")
    assert {part["label"]: part["reason"] for part in answer["parts"]} == {
        "q03": "same text as t2",
        "q07": "same id",
    }


def test_ids_alone_are_compared_where_no_text_is_named(assay):
    results(assay.folder)
    as_jsonl(assay.folder / "train.jsonl", [{"sample_id": name} for name, _ in TRAIN])
    ran = check(assay, text=None)
    assert (ran.code, [part["label"] for part in finding(ran)["parts"]]) == (1, ["q07"])


def test_clean_training_data_pass_and_say_what_was_looked_through(assay):
    results(assay.folder)
    as_jsonl(assay.folder / "a.jsonl", [{"input": "One text."}])
    as_csv(assay.folder / "b.csv", [{"input": "Another text.", "id": "b1"}])
    ran = check(assay, against="[a.jsonl, b.csv]")
    told = finding(ran)["finding"]
    assert ran.code == 0
    assert told["reason"] == "no exact overlap: 40 examples against 2 training rows, by ids and texts"
    assert any(note.startswith("a.jsonl: 1 rows, sha256:") for note in told["notes"])


def test_near_duplicates_are_reported_and_limited_where_the_gate_says_so(assay):
    results(assay.folder, questions=[LONG, *QUESTIONS])
    as_jsonl(assay.folder / "train.jsonl", [{"input": LONG.replace("word7 ", "other ")}])
    ran = check(assay)
    assert (ran.code, finding(ran)["parts"][0]["label"]) == (0, "q00")
    assert check(assay, more=", near_limit: 1%").code == 1


def test_texts_that_begin_alike_for_thousands_of_characters_are_not_the_same(assay):
    results(assay.folder, questions=[LONG + " yes"])
    as_jsonl(assay.folder / "train.jsonl", [{"input": LONG + " no"}, {"input": LONG}])
    ran = check(assay)
    assert (ran.code, finding(ran)["parts"][0]["outcome"]) == (0, "unclear")
    as_jsonl(assay.folder / "train.jsonl", [{"input": LONG + " yes"}])
    assert check(assay).code == 1


def test_column_of_any_name_is_compared(assay):
    results(assay.folder, column="question")
    as_jsonl(assay.folder / "train.jsonl", [{"question": QUESTIONS[3]}])
    ran = check(assay, text="question")
    assert (ran.code, [part["label"] for part in finding(ran)["parts"]]) == (1, ["q03"])


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "no rows"),
        (b'{"input": "a"}\n{"input": ', "line 2 is broken JSON"),
        (b'{"input": "a"}\n[1]\n', "line 2 is no object"),
        (b'{"prompt": "a"}\n', "no text in a column 'input' (it has: prompt)"),
        (b"prompt,id\na,1\n", "no text in a column 'input' (it has: prompt, id)"),
        (b"input,id\na\n", "row 1 (line 2) has 1 cells"),
        (b"input\n\xff\xfe\n", "cannot be read"),
        (b"PAR1 and nothing more", "a broken file"),
        (b'[{"input": "a"}, 3]', "row 2 is no object"),
    ],
)
def test_training_data_that_cannot_be_read_exit_2_naming_the_file_and_the_place(assay, content, says):
    results(assay.folder)
    (assay.folder / "train.jsonl").write_bytes(content)
    ran = check(assay)
    assert (ran.code, ran.out) == (2, "")
    assert "train.jsonl" in ran.err
    assert says in ran.err


def test_missing_file_exits_2_and_is_named_with_where_it_was_looked_for(assay):
    results(assay.folder)
    ran = check(assay, against="nowhere.jsonl")
    assert ran.code == 2
    assert "cannot read training data 'nowhere.jsonl': no such file" in ran.err


def test_results_without_the_text_exit_2_and_say_what_mends_it(assay):
    results(assay.folder, column="comment")
    as_jsonl(assay.folder / "train.jsonl", [{"input": "a"}])
    ran = check(assay)
    assert ran.code == 2
    assert "the results hold no text in 'input'" in ran.err
    assert "write the column input into the results" in ran.err
