"""Items that files and runs show: done, not done, or not known; a person's word in the place of evidence is easier."""

from dataclasses import replace

import pytest

from assay.domain.gates.gate_changes import changes
from assay.domain.gates.gate_data import gate_digest, gate_from_data
from assay.domain.gates.item_evidence import FileSeen, item_files, with_item_files
from assay.domain.gates.judge import judge
from assay.domain.kernel.findings import Outcome
from tests.unit.domain.gates.gate_story import evaluation, gate, run, scores

NOBODY = evaluation()
CARD = {"file": "docs/card.md", "says": ["Intended use", "limitations"]}
REPORT = {"tests": "junit.xml"}


def items(**fields):
    return gate(checks=[{"items": fields}])


def answered(asked, candidate=NOBODY, baseline=None):
    (answer,) = judge(asked, candidate, baseline).answers
    return answer.finding.outcome, answer.finding.reason


def report(*values, error=None):
    names = tuple(f"t{at}" for at in range(len(values)))
    columns = [scores(values, metric="passed", names=names)] if values else []
    return evaluation(run("report", *columns, error=error))


@pytest.mark.parametrize(
    ("seen", "outcome", "says"),
    [
        (FileSeen("docs/card.md", None), Outcome.NOT_MET, "there is no docs/card.md"),
        (FileSeen("docs/card.md", 0, "sha256:0", ""), Outcome.NOT_MET, "docs/card.md is empty"),
        (FileSeen("docs/card.md", 3, "sha256:0", " \n "), Outcome.NOT_MET, "docs/card.md is empty"),
        (FileSeen("docs/card.md", 9, "sha256:0", "Intended\n  USE"), Outcome.NOT_MET, "does not say 'limitations'"),
        (FileSeen("docs/card.md", 9, "sha256:0", fault="byte 3 is not UTF-8"), Outcome.NOT_MET, "byte 3 is not UTF-8"),
        (FileSeen("docs/card.md", 9, "sha256:0", "intended use. LIMITATIONS"), Outcome.MET, "1 item done"),
        (FileSeen("other.md", 9, "sha256:0", "intended use. LIMITATIONS"), Outcome.NO_EVIDENCE, "not known"),
    ],
)  # fmt: skip
def test_a_file_shows_an_item_when_it_is_there_and_says_what_it_must(seen, outcome, says):
    found = answered(with_item_files(items(card=CARD), [seen]))
    assert (found[0], says in found[1]) == (outcome, True), found


@pytest.mark.parametrize(
    ("tests", "outcome", "says"),
    [
        (report(1, 1), Outcome.MET, "1 item done"),
        (report(1, 0, 1), Outcome.NOT_MET, "1 test of 3 has failed: t1"),
        (report(0, 0, 1), Outcome.NOT_MET, "2 tests of 3 have failed: t0, t1"),
        (report(), Outcome.NOT_MET, "holds no test that ran"),
        (report(1, error="1 of 2 tests ended in an error: b"), Outcome.NOT_MET, "ended in an error: b"),
        (None, Outcome.NOT_MET, "junit.xml is no test report"),
    ],
)
def test_a_report_shows_an_item_when_every_test_ran_and_passed(tests, outcome, says):
    seen = FileSeen("junit.xml", 90, "sha256:0", tests=tests)
    found = answered(with_item_files(items(tests=REPORT), [seen]))
    assert (found[0], says in found[1]) == (outcome, True), found


@pytest.mark.parametrize(
    ("fact", "candidate", "baseline", "outcome"),
    [
        ("baseline", NOBODY, None, Outcome.NO_EVIDENCE),
        ("baseline", NOBODY, evaluation(run("b", scores([1, 0]))), Outcome.MET),
        ("seeds", NOBODY, None, Outcome.NO_EVIDENCE),
        ("seeds", evaluation(run("a", seed=1), run("b", seed=2)), None, Outcome.MET),
        ("seeds", evaluation(run("a", seed=1), run("b")), None, Outcome.NOT_MET),
        ("commit", evaluation(run("a", config={"git_commit": "4f2"})), None, Outcome.MET),
        (
            "commit",
            evaluation(replace(run("a"), tags={"mlflow.source.git.commit": "4f2"})),
            None,
            Outcome.MET,
        ),
        ("commit", evaluation(run("a")), None, Outcome.NOT_MET),
        ("dataset", evaluation(run("a", dataset="s@3")), None, Outcome.MET),
        ("dataset", evaluation(run("a")), None, Outcome.NOT_MET),
    ],
)
def test_runs_show_what_they_tell_and_nothing_where_there_is_none(fact, candidate, baseline, outcome):
    assert answered(items(it={"known": fact}), candidate, baseline)[0] is outcome


def test_an_item_that_nothing_shows_names_the_file_and_fails_where_it_blocks():
    asked = gate(checks=[{"items": {"card": CARD, "data": "yes"}, "role": "blocking"}])
    record = judge(asked, NOBODY)
    assert (record.result.value, record.answers[0].parts[0].reason) == ("fail", "docs/card.md was not sent")
    assert "show: card" in record.settle.text


def test_what_was_seen_is_no_part_of_what_is_asked():
    asked = items(card=CARD, done="yes")
    seen = with_item_files(asked, [FileSeen("docs/card.md", None)])
    assert item_files(asked) == ("docs/card.md",)
    assert gate_digest(seen) == gate_digest(asked)
    assert seen.checks[0].items[0].found != asked.checks[0].items[0].found


def test_items_without_evidence_keep_the_digest_that_they_had_before_there_was_any():
    told = items(**{"rollback tested": "yes", "card": {"done": "no", "evidence": "docs/card.md"}})
    assert gate_digest(told) == BEFORE


BEFORE = "sha256:dc1b684cffe34f1d8b7ebb2ab8477354e24c81d70fcbeee14c994d31586f08a5"


@pytest.mark.parametrize(
    ("after", "said", "easier"),
    [
        ("yes", "loosened item it: shown by docs/card.md saying Intended use, limitations is now done", True),
        ({"file": "docs/card.md"}, "is now shown by docs/card.md", True),
        ({**CARD, "says": [*CARD["says"], "data"]}, "changed item it", False),
        ({"known": "seeds"}, "is now shown by the runs (seeds)", True),
        (REPORT, "is now shown by the tests of junit.xml", True),
    ],
)
def test_a_word_in_the_place_of_evidence_or_less_of_it_is_easier_to_pass(after, said, easier):
    found = changes(items(it=CARD), items(it=after))[0]
    assert (said in found.text, found.loosens) == (True, easier), found.text


def test_evidence_in_the_place_of_a_word_is_not_easier():
    found = changes(items(it="yes"), items(it=CARD))[0]
    assert not found.loosens
    assert gate_from_data({"checks": [{"items": {"it": CARD}}]}).checks[0].items[0].says == tuple(
        CARD["says"]
    )
