"""Gates on the command line: files in, an answer and an exit code out, without a server or an installation."""

from __future__ import annotations

import csv
import json
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from assay.cli import gate_outputs
from assay.cli.gate_judging import judged
from assay.cli.gate_outputs import annotation_lines, junit_xml, markdown_text
from assay.workflows.gate_file import gate_from_text
from tests.faces.cli.conftest import program

GOOD, BAD = 0.95, 0.6
EXAMPLES = 400


def write_results(file, rate, *, seeds=(None,), wrong=(), language=("de", "en")):
    rng = np.random.default_rng(5)
    with file.open("w", newline="", encoding="utf-8") as opened:
        rows = csv.writer(opened)
        rows.writerow(["sample_id", *([] if seeds == (None,) else ["seed"]), "accuracy", "language"])
        for seed in seeds:
            for number in range(EXAMPLES):
                name = f"q{number:04d}"
                value = 0 if name in wrong else int(rng.random() < rate)
                rows.writerow(
                    [name, *([] if seed is None else [seed]), value, language[number % len(language)]]
                )
    return file


@pytest.fixture
def files(assay):
    write_results(assay.folder / "good.csv", GOOD)
    write_results(assay.folder / "bad.csv", BAD)
    (assay.folder / "gate.yaml").write_text('criteria: ["accuracy >= 85%"]', encoding="utf-8")
    return assay


def gate(assay, text, name="gate.yaml"):
    (assay.folder / name).write_text(text, encoding="utf-8")
    return name


def test_candidate_that_clears_the_gate_exits_0(files):
    ran = files("gate", "check", "gate.yaml", "--candidate", "good.csv")
    assert (ran.code, ran.out.splitlines()[0]) == (0, "Pass: 1 check met")


def test_candidate_that_is_short_exits_1_and_says_why(files):
    ran = files("gate", "check", "gate.yaml", "--candidate", "bad.csv")
    assert ran.code == 1
    assert "rules 85.0% out" in ran.out or "not met" in ran.out


def test_too_little_evidence_exits_3_and_names_the_cheapest_way_out(files):
    gate(files, 'criteria: ["accuracy >= 94%"]')
    ran = files("gate", "check", "gate.yaml", "--candidate", "good.csv")
    assert ran.code == 3
    assert "Cheapest way out:" in ran.out


def test_broken_evidence_exits_2(files):
    gate(files, 'criteria: ["accuracy >= 85%", "accuracy no worse than baseline by 2%"]')
    ran = files("gate", "check", "gate.yaml", "--candidate", "good.csv", "--baseline", "./good.csv")
    assert ran.code == 2
    assert "both candidate and baseline" in ran.err


def test_metric_of_unknown_direction_exits_2_and_says_how_to_declare_it(files):
    gate(files, 'criteria: ["accuracy no worse than baseline by 2%"]')
    ran = files("gate", "check", "gate.yaml", "--candidate", "good.csv", "--baseline", "bad.csv")
    assert ran.code == 2
    assert "metrics: {accuracy: {direction: higher}}" in ran.out


def test_number_that_a_rate_cannot_have_exits_2(files):
    gate(files, 'criteria: ["accuracy >= 85"]')
    ran = files("gate", "check", "gate.yaml", "--candidate", "good.csv")
    assert ran.code == 2
    assert "expected a fraction" in ran.out


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("criteria: [", "gate.yaml"),
        ("criterias: ['accuracy >= 85%']", "criteria"),
        ("secondary: ['accuracy >= 85%']", "nothing in this gate can fail"),
        ("{}", "gate"),
    ],
)
def test_gate_file_that_cannot_be_read_exits_2_with_its_place_and_the_fix(files, text, says):
    gate(files, text)
    ran = files("gate", "check", "gate.yaml", "--candidate", "good.csv")
    assert ran.code == 2
    assert says in ran.err
    assert "Traceback" not in ran.err


def test_missing_file_exits_2_and_is_named(files):
    ran = files("gate", "check", "nowhere.yaml", "--candidate", "good.csv")
    assert (ran.code, "nowhere.yaml" in ran.err) == (2, True)
    for command in (("diff", "gate.yaml"), ("plan",), ("explain",)):
        ran = files("gate", *command, "nowhere.yaml")
        assert (ran.code, "nowhere.yaml" in ran.err) == (2, True)
    ran = files("gate", "check", "gate.yaml", "--candidate", "nowhere.csv")
    assert ran.code in (2, 4)
    assert "nowhere.csv" in ran.err


def test_json_is_the_record_and_replays_to_the_same_bytes(files):
    first, again = (
        files("gate", "check", "gate.yaml", "--candidate", "good.csv", "--json").out for _ in range(2)
    )
    record = json.loads(first)
    assert (record["result"], record["exit_code"], record["answers"][0]["finding"]["outcome"]) == (
        "pass",
        0,
        "met",
    )
    assert first == again


def test_golden_file_beside_the_gate_is_read_and_a_miss_is_named(files):
    write_results(files.folder / "good.csv", 1.0, wrong=("q0003",))
    (files.folder / "golden.csv").write_text("sample_id,why\nq0001,legal\nq0003,refund\n", encoding="utf-8")
    gate(files, "criteria: ['accuracy >= 85%']\nchecks: [{golden: golden.csv}]")
    ran = files("gate", "check", "gate.yaml", "--candidate", "good.csv")
    assert ran.code == 1
    assert "q0003" in ran.out
    assert "q0001" not in ran.out


def test_explain_says_method_level_and_what_could_have_been_seen(files):
    write_results(files.folder / "seeds.csv", GOOD, seeds=(1, 2, 3))
    ran = files("gate", "explain", "gate.yaml", "--candidate", "seeds.csv")
    for word in ("method", "interval", "level", "look 1 of 4", "could have seen"):
        assert word in ran.out


def test_loosening_a_gate_exits_1_and_tightening_0(files):
    gate(files, 'version: 2\ngate: gate\ncriteria: ["accuracy >= 80%"]', "loose.yaml")
    gate(files, 'version: 2\ngate: gate\ncriteria: ["accuracy >= 90%"]', "tight.yaml")
    loose, tight = (files("gate", "diff", "gate.yaml", name) for name in ("loose.yaml", "tight.yaml"))
    assert (loose.code, tight.code) == (1, 0)
    assert "EASIER  loosened primary: accuracy >= 85% is now accuracy >= 80%" in loose.out
    assert json.loads(files("gate", "diff", "gate.yaml", "loose.yaml", "--json").out)[0]["loosens"] in (
        True,
        False,
    )


@pytest.mark.parametrize(
    ("template", "name"), [("ready", "definition-of-ready"), ("done", "definition-of-done")]
)
def test_definitions_of_ready_and_done_are_gate_files_to_begin_with(files, template, name):
    text = files("gate", "new", "--template", template).out
    assert gate_from_text(text).name == name
    assert gate_from_text(files("gate", "new", "ours", "--template", template).out).name == "ours"
    odd = files("gate", "new", "--template", "nothing")
    assert (odd.code, "expected quality, ready, done" in odd.err) == (2, True)


def test_definition_of_ready_needs_no_results_and_is_shown_by_files_and_baseline(files):
    gate(files, files("gate", "new", "--template", "ready").out, "ready.yaml")
    early = files("gate", "check", "ready.yaml")
    assert (early.code, "there is no data/README.md" in early.out) == (1, True)
    (files.folder / "data").mkdir()
    (files.folder / "data" / "README.md").write_text("Where the data lie.")
    (files.folder / "requirements.lock").write_text("numpy==2.4")
    text = (
        (files.folder / "ready.yaml").read_text().replace("features stable: unknown", "features stable: yes")
    )
    gate(files, text, "ready.yaml")
    unmeasured = files("gate", "check", "ready.yaml")
    assert (unmeasured.code, "no finished baseline run is known" in unmeasured.out) == (3, True)
    ready = files("gate", "check", "ready.yaml", "--baseline", "good.csv")
    assert (ready.code, ready.out.splitlines()[0]) == (0, "Pass: 1 check met")


def test_gate_that_asks_for_figures_says_that_no_results_were_named(files):
    ran = files("gate", "check", "gate.yaml")
    assert (ran.code, "no results are named (expected --candidate PATH)" in ran.err) == (2, True)


def test_new_gate_file_is_one_that_check_reads(files):
    gate(files, files("gate", "new", "answers").out)
    ran = files("gate", "check", "gate.yaml", "--candidate", "good.csv")
    assert "golden.csv" in ran.err  # the template names a file that has to be made
    assert json.loads(files("gate", "schema").out)["type"] == "object"


# --------------------------------------------------------------------------------------------------------------- outputs


@pytest.fixture
def record(files):
    gate(
        files,
        "criteria: ['accuracy >= 85%']\nsecondary: ['accuracy >= 99%']\nchecks: [{items: {rollback tested: no}}]",
    )
    return judged(files.folder / "gate.yaml", "good.csv", None, reader=None)


def test_junit_counts_failures_and_never_fails_for_a_secondary_check(record):
    suite = ET.fromstring(junit_xml(record)).find("testsuite")
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors"), suite.get("skipped")) == (
        "3",
        "1",
        "0",
        "1",
    )


def test_unclear_and_missing_evidence_are_errors_in_junit_so_that_nothing_is_all_green(files):
    gate(files, "criteria: ['accuracy >= 94%']\nchecks: [{items: {rollback tested: unknown}}]")
    found = judged(files.folder / "gate.yaml", "good.csv", None, reader=None)
    assert ET.fromstring(junit_xml(found)).find("testsuite").get("errors") == "2"


def test_markdown_stays_within_the_limit_and_says_what_it_left_out(record):
    whole = markdown_text(record, most=60_000)
    assert "| ❌ not met |" in whole
    short = markdown_text(record, most=len(whole.encode()) - 50)
    assert len(short.encode()) <= len(whole.encode()) - 50
    assert "shortened" in short


def test_names_of_others_are_no_markup_and_no_workflow_command(files):
    gate(
        files,
        "criteria: ['accuracy >= 85%']\nchecks:\n- items: {'<b>x</b> | ::error::y %0A[z](http://evil)': no}",
    )
    found = judged(files.folder / "gate.yaml", "good.csv", None, reader=None)
    text = markdown_text(found, most=60_000)
    assert "<b>" not in text
    assert "[z](" not in text
    (line,) = annotation_lines(found, "gate.yaml")
    assert line.startswith("::error file=gate.yaml,title=")
    assert "\n" not in line
    assert "%250A" in line


def test_no_more_annotations_than_github_shows(files):
    checks = "\n".join(f"- items: {{item {number}: no}}" for number in range(30))
    gate(files, f"criteria: ['accuracy >= 85%']\nchecks:\n{checks}")
    found = judged(files.folder / "gate.yaml", "good.csv", None, reader=None)
    assert len(annotation_lines(found, "gate.yaml")) == gate_outputs.ANNOTATIONS_MAX


def test_step_summary_and_annotations_are_written_in_github_actions(tmp_path):
    write_results(tmp_path / "bad.csv", BAD)
    (tmp_path / "gate.yaml").write_text('criteria: ["accuracy >= 85%"]', encoding="utf-8")
    ran = program(
        "gate", "check", "gate.yaml", "--candidate", "bad.csv", "--junit", "j.xml", "--markdown", "m.md",
        cwd=tmp_path, GITHUB_ACTIONS="true", GITHUB_STEP_SUMMARY=str(tmp_path / "summary.md"),
    )  # fmt: skip
    assert ran.code == 1
    assert "::error file=gate.yaml" in ran.out
    assert (tmp_path / "summary.md").read_text(encoding="utf-8").startswith("### Gate gate v1: Fail")
    assert (tmp_path / "j.xml").is_file()
    assert (tmp_path / "m.md").is_file()


def test_nothing_is_left_behind_and_no_installation_is_needed(files):
    before = sorted(path.name for path in files.folder.iterdir())
    files("gate", "check", "gate.yaml", "--candidate", "good.csv")
    assert sorted(path.name for path in files.folder.iterdir()) == before
