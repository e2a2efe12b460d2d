import subprocess
import sys

import pytest

from assay.connectors.evals import junit
from assay.connectors.evals.read import read_evaluation
from assay.errors import Invalid

REPORT = """<?xml version="1.0" encoding="utf-8"?>
<testsuites><testsuite name="suite" tests="5" failures="1" errors="1" skipped="1" timestamp="2026-05-01T10:00:00+00:00">
  <testcase classname="tests.qa" name="test_a" time="0.5">
    <properties><property name="score" value="0.75"/><property name="topic" value="law"/></properties>
  </testcase>
  <testcase classname="tests.qa" name="test_b" time="0.25"><failure message="assert 1 == 2">trace</failure></testcase>
  <testcase classname="tests.qa" name="test_c" time="0.1"><error message="ConnectionError"/></testcase>
  <testcase classname="tests.qa" name="test_d" time="0"><skipped message="no GPU"/></testcase>
  <testcase name="test_e" time="0.3"/>
</testsuite></testsuites>
"""


def suite(*cases, tests=None, more=""):
    count = len(cases) if tests is None else tests
    return f'<testsuite name="s" tests="{count}">{more}{"".join(cases)}</testsuite>'


def case(name, inside=""):
    return f'<testcase classname="c" name="{name}" time="1">{inside}</testcase>'


@pytest.fixture
def read(tmp_path):
    def reading(text, name="report.xml", **given):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_evaluation(path, **given)

    return reading


def test_failures_errors_and_skipped_tests_are_three_different_things(read):
    found = read(REPORT)
    (run,) = found.runs
    passed = run.scores["passed"]
    assert found.reader == "junit"
    assert dict(zip(passed.sample_ids, passed.values.tolist(), strict=True)) == {
        "suite::test_e": 1.0,
        "tests.qa::test_a": 1.0,
        "tests.qa::test_b": 0.0,
    }
    assert run.scores_error == "1 of 4 examples ended in an error: tests.qa::test_c"
    assert found.notes == ("report.xml: 1 tests were skipped and are no evidence: tests.qa::test_d",)
    assert found.examples[run.run_id]["tests.qa::test_b"].output == "assert 1 == 2\ntrace"


def test_properties_are_metrics_where_they_are_numbers_and_slices_where_they_are_texts(read):
    scores = read(REPORT).runs[0].scores
    assert scores["score"].values.tolist() == [0.75]
    assert scores["passed"].slices == {"topic": ("", "law", "")}
    assert scores["time"].values.tolist() == [0.3, 0.5, 0.25]


def test_suites_of_one_folder_are_one_run_and_seeds_are_runs(read, tmp_path):
    read(suite(case("a")), "out/seed_1/TEST-one.xml")
    read(suite(case("b", "<failure/>")), "out/seed_1/TEST-two.xml")
    read(suite(case("a")), "out/seed_2/TEST-one.xml")
    first, second = read_evaluation(tmp_path / "out").runs
    assert (first.seed, first.scores["passed"].values.tolist()) == (1, [1.0, 0.0])
    assert (second.seed, second.scores["passed"].values.tolist()) == (2, [1.0])


def test_a_suite_may_tell_its_seed(read):
    properties = '<properties><property name="seed" value="7"/></properties>'
    assert read(suite(case("a"), more=properties)).runs[0].seed == 7


def test_a_test_that_ran_several_times_is_repeated(read):
    twice = suite(case("a"), case("a", "<failure/>"), case("b"), case("b"))
    scores = read(twice).runs[0].scores["passed"]
    assert scores.repeats.tolist() == [[1.0, 0.0], [1.0, 1.0]]
    assert "fewer than 2 times: c::b" in read(suite(case("a"), case("a"), case("b"))).runs[0].scores_error


def test_announced_tests_that_are_missing_are_told(read):
    assert read(suite(case("a"), tests=3)).runs[0].scores_error == "1 of 3 announced tests are there"


@pytest.mark.parametrize("kind", ["errors", "failures", "skipped"])
def test_announced_errors_failures_and_skips_that_no_case_shows_are_told(read, kind):
    clean = suite(case("a"), case("b")).replace("tests=", f'{kind}="1" tests=')
    told = f"suite 's' announces {kind}: 1, its test cases show 0"
    assert read(clean).runs[0].scores_error == told
    assert (
        read(f'<testsuites><testsuite name="o">{clean}</testsuite></testsuites>').runs[0].scores_error == told
    )
    around = f'<testsuites name="s" {kind}="1">{suite(case("a"))}</testsuites>'
    assert read(around).runs[0].scores_error == told


def test_error_of_a_suite_is_told_though_no_test_had_one(read):
    assert (
        read(suite(case("a"), more="<error message='set up'/>")).runs[0].scores_error
        == "suite 's' ended in error outside of its test cases"
    )


def test_missing_tests_of_one_suite_are_not_made_up_for_by_another(read):
    both = f"<testsuites>{suite(case('a'), tests=2)}{suite(case('b'), case('c'), tests=1)}</testsuites>"
    assert read(both).runs[0].scores_error == "1 of 2 announced tests are there"


HONEST = {
    "parents sum up": '<testsuites tests="2" failures="1"><testsuite name="all" tests="2" failures="1"><testsuite name="x" tests="1" failures="1"><testcase name="a"><failure/></testcase></testsuite><testsuite name="y" tests="1"><testcase name="b"/></testsuite></testsuite></testsuites>',
    "parents count their own": '<testsuite name="all" tests="1"><testcase name="a"/><testsuite name="x" tests="1" failures="1"><testcase name="b"><failure/></testcase></testsuite></testsuite>',
    "no attributes": '<testsuite><testcase name="a"/><testcase name="b"><failure/></testcase></testsuite>',
    "several failures of a test": '<testsuite name="s" tests="1" failures="2"><testcase name="a"><failure/><failure/></testcase></testsuite>',
    "run again until it passed": '<testsuite name="s" tests="1" failures="1" flakes="1"><testcase name="a"><flakyFailure/></testcase></testsuite>',
    "disabled": '<testsuites tests="2" disabled="1" skipped="1"><testsuite name="s" tests="2" skipped="1"><testcase name="a" status="run"/><testcase name="b" status="notrun"/></testsuite></testsuites>',
    "no whole number": '<testsuite name="s" errors="none" failures="-1" skipped=""><testcase name="a"/></testsuite>',
}  # fmt: skip


@pytest.mark.parametrize("report", HONEST.values(), ids=HONEST)
def test_counts_as_the_writers_write_them_are_no_fault(read, report):
    assert read(report).runs[0].scores_error is None


def test_tests_that_were_not_run_are_no_evidence_and_errors_are_never_skipped(read):
    found = read(HONEST["disabled"])
    assert found.runs[0].scores["passed"].sample_ids == ("s::a",)
    assert "1 tests were skipped" in found.notes[0]
    both = read(suite(case("a"), case("b", "<skipped/><error/>")))
    assert both.runs[0].scores_error == "1 of 2 examples ended in an error: c::b"


WRITTEN_BY_PYTEST = """
import pytest
def test_pass(): pass
def test_fail(): assert 0
def test_skip(): pytest.skip("no")
@pytest.mark.xfail
def test_xfail(): assert 0
@pytest.mark.parametrize("x", [1, 2])
def test_many(x): assert x
"""

SUBTESTS = """
import pytest
def test_all_pass(subtests):
    for i in range(3):
        with subtests.test(i=i): assert True
def test_one_fails(subtests):
    for i in range(3):
        with subtests.test("case", i=i): assert i != 1
def test_one_is_skipped(subtests):
    with subtests.test("inner"): pytest.skip("no")
def test_plain(): pass
"""


def test_report_that_pytest_writes_shows_what_it_announces(read, tmp_path):
    tests = tmp_path / "test_written.py"
    tests.write_text(WRITTEN_BY_PYTEST)
    report = tmp_path / "written.xml"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--rootdir={tmp_path}"]
    subprocess.run([*command, f"--junitxml={report}", str(tests)], cwd=tmp_path, check=False)
    (run,) = read(report.read_bytes()).runs
    assert run.scores_error is None
    assert run.scores["passed"].values.tolist() == [0.0, 1.0, 1.0, 1.0]


def test_subtests_of_pytest_count_with_their_test(read, tmp_path):
    tests, report = tmp_path / "test_parts.py", tmp_path / "parts.xml"
    tests.write_text(SUBTESTS)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--rootdir={tmp_path}"]
    subprocess.run([*command, f"--junitxml={report}", str(tests)], cwd=tmp_path, check=False)
    found = read(report.read_bytes())
    (run,) = found.runs
    passed = run.scores["passed"]
    assert run.scores_error is None
    assert dict(zip(passed.sample_ids, passed.values.tolist(), strict=True)) == {
        "test_parts::test_all_pass": 1.0,
        "test_parts::test_one_fails": 0.0,
        "test_parts::test_plain": 1.0,
    }
    assert [note.partition(": ")[2] for note in found.notes] == [
        "1 tests were skipped and are no evidence: test_parts::test_one_is_skipped",
        "more tests are announced than shown: passed subtests, which count with their test",
    ]
    assert "assert 1 != 1" in found.examples[run.run_id]["test_parts::test_one_fails"].output


@pytest.mark.parametrize("kind", ["failures", "errors", "skipped"])
def test_failures_that_pytest_announces_and_no_test_shows_stay_broken_evidence(read, kind):
    written = suite(case("a"), tests=3).replace("tests=", f'{kind}="1" tests=')
    (run,) = read(f'<testsuites name="pytest tests">{written}</testsuites>').runs
    assert run.scores_error == f"suite 's' announces {kind}: 1, its test cases show 0"


def test_nested_suites_count_once_and_namespaces_do_not_matter(read):
    inner = suite(case("a"), case("b"))
    assert (
        read(f'<testsuites><testsuite name="o" tests="2">{inner}</testsuite></testsuites>')
        .runs[0]
        .scores_error
        is None
    )
    spaced = (
        '<testsuite xmlns="urn:x" name="s" tests="1"><testcase name="a"><failure/></testcase></testsuite>'
    )
    assert read(spaced).runs[0].scores["passed"].values.tolist() == [0.0]


BILLION = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]><testsuite name="s">&b;</testsuite>'


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (BILLION, "'<!DOCTYPE', which can make a small file endless"),
        ('<!DOCTYPE x SYSTEM "file:///etc/passwd"><testsuite/>', "'<!DOCTYPE'"),
        ('<testsuite name="s"><testcase name="a">', "broken XML at line 1, column"),
        ('<testsuite name="s"><testcase name="a"></testsuite>', "broken XML at line 1"),
        ('<testsuite name="s"><testcase/></testsuite>', "test case 1 is called ''"),
        (suite(case("x" * 600)), "test case 1 is called"),
        ("<testsuite>" * 100, "elements 51 deep"),
        ("<testsuite>" * 200_000, "elements 51 deep"),
        (b'<?xml version="1.0" encoding="latin-1"?><testsuite name="\xe9"/>', "which is no UTF-8"),
    ],
)
def test_bad_report_is_refused_by_place(read, text, told):
    with pytest.raises(Invalid) as refused:
        read(text)
    assert told in refused.value.message
    assert refused.value.hint


def test_report_of_no_tests_is_no_evidence(read):
    (run,) = read("<testsuite name='s' tests='0'/>").runs
    assert run.scores == {}


def test_larger_report_than_allowed_is_refused(read, monkeypatch):
    monkeypatch.setattr(junit, "MAX_BYTES", 10)
    with pytest.raises(Invalid, match="at most 0 MB"):
        read(REPORT)
