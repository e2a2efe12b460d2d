"""The record: same bytes for the same evidence, replayed years later, with notes a reader must see; and the card."""

import json
from datetime import timedelta

import pytest

from assay.domain.experiments.evidence import Evidence, RunStatus
from assay.domain.experiments.experiment import Amendment
from assay.domain.gates.replay import replay
from assay.domain.gates.settings import VerdictSettings
from assay.domain.gates.summary import card_evidence
from assay.domain.gates.verdict import verdict_bytes, verdict_digest
from assay.domain.kernel.canonical import canonical_bytes, digest_bytes
from assay.errors import Invalid
from tests.unit.domain.gates.cases import LOCKED, judge, lock, number, read_again, run, seeds, verdict

ACCURACY = "primary: accuracy >= 85%"
GOOD = [0.90, 0.91, 0.905]


def test_record_bytes_are_canonical_and_leave_library_versions_out():
    record = judge(lock(ACCURACY), seeds("accuracy", GOOD))
    body = verdict_bytes(record)
    assert canonical_bytes(json.loads(body)) == body
    assert b"numpy" not in body
    assert set(record.library_versions) == {"numpy", "scipy"}
    assert verdict_digest(record) == digest_bytes(body)


def test_record_holds_the_digest_of_every_run_looked_at():
    runs = [*seeds("accuracy", GOOD), run(9, deleted=True), run(8, {"accuracy": 0.1}, after=False)]
    other = [run(1, {"accuracy": 0.8}, number=70)]
    record = judge(lock(ACCURACY), runs, baseline_runs=other)
    assert set(record.run_digests) == {r.run_id for r in [*runs, *other]}


def test_record_does_not_depend_on_the_day_unless_a_time_rule_looks_at_it():
    locked, runs = lock(ACCURACY, time_box_days=10), seeds("accuracy", GOOD)
    days = [verdict_bytes(judge(locked, runs, now=LOCKED + timedelta(days=d))) for d in (1, 5, 9, 10, 40)]
    assert days[0] == days[1] == days[2]
    assert days[3] == days[4] != days[0]
    timed = lock(ACCURACY, "kill: time > 10 d")
    assert judge(timed, runs, now=LOCKED + timedelta(days=3, hours=7)).inputs == {"elapsed_days": 3}


def test_record_order_of_runs_never_changes_a_byte():
    runs = [*seeds("accuracy", GOOD), *seeds("accuracy", [0.8, 0.81, 0.82], arm="baseline")]
    locked = lock(ACCURACY, "secondary: accuracy improves by >= 3%")
    assert verdict_bytes(judge(locked, runs)) == verdict_bytes(judge(locked, runs[::-1]))


@pytest.mark.parametrize("days", [3, 12])
def test_replay_of_a_stored_verdict_gives_the_same_bytes(days):
    locked = lock(ACCURACY, "kill: time > 10 d", time_box_days=10, gpu_hours=24)
    runs = seeds("accuracy", GOOD, gpu_hours=3.0)
    stored = verdict_bytes(
        judge(locked, runs, settings=VerdictSettings(alpha=0.01), now=LOCKED + timedelta(days=days))
    )
    again = replay(stored, locked, Evidence(runs=tuple(reversed(runs))), stored_versions={"numpy": "1.0"})
    assert (again.same, again.differences) == (True, ())
    assert again.other_versions[0].startswith("numpy 1.0 is now")


def test_replay_on_other_evidence_names_the_difference():
    locked = lock(ACCURACY)
    stored = verdict_bytes(judge(locked, seeds("accuracy", GOOD)))
    again = replay(stored, locked, Evidence(runs=tuple(seeds("accuracy", [0.90, 0.91, 0.906]))))
    assert not again.same
    assert any(line.startswith("verdict.findings[0].estimate: stored 0.905") for line in again.differences)


@pytest.mark.parametrize("bytes_", [b"", b"[]", b"{}", b'{"settings": 3}', b"\xff"])
def test_replay_of_other_bytes_is_refused(bytes_):
    with pytest.raises(Invalid, match="not a stored verdict"):
        replay(bytes_, lock(ACCURACY), Evidence(runs=()))


def test_notes_show_amendments_after_results_and_loosened_criteria():
    amendment = Amendment(
        number=1, at=LOCKED + timedelta(days=1), author="ana", reason="target was too high",
        changes=("loosened primary: accuracy >= 90% is now accuracy >= 85%",), loosens=True, after_results=True,
        digest="sha256:1", seq=140,
    )  # fmt: skip
    said = verdict(lock(ACCURACY, amendments=[amendment]), seeds("accuracy", GOOD))
    assert any(
        "after results were seen, loosened" in note and "target was too high" in note for note in said.notes
    )


def sweep(*groups):
    runs, place = [], 0
    for depth, values in enumerate(groups, 1):
        for seed, value in enumerate(values, 1):
            place += 1
            runs.append(run(seed, {"accuracy": value}, config={"depth": str(depth)}, number=place))
    return runs


def test_candidate_undeclared_is_the_best_of_k_with_holm_over_k_on_every_claim():
    said = verdict(
        lock(ACCURACY, "secondary: accuracy >= 80%"), sweep([0.86, 0.865, 0.862], GOOD, [0.70, 0.72, 0.71])
    )
    assert next(g for g in said.groups if g.is_candidate).label == "depth=2"
    assert any("best of 3 groups by accuracy: depth=2" in note for note in said.notes)
    assert [f.alpha for f in said.findings] == pytest.approx([0.002 / 3, 0.002 / 2], rel=0.6)
    assert all(f.alpha < 0.002 for f in said.findings)


def test_candidate_deleting_the_losers_does_not_make_the_correction_smaller():
    runs = sweep(GOOD, [0.70, 0.72, 0.71])
    runs = [
        r
        if r.config["depth"] == "1"
        else run(r.seed, {"accuracy": 0.7}, config=r.config, number=r.seed + 3, deleted=True)
        for r in runs
    ]
    said = verdict(lock(ACCURACY), runs)
    assert said.findings[0].alpha == pytest.approx(0.001)


def test_candidate_declared_on_the_ticket_is_judged_without_correction():
    runs = sweep([0.86, 0.865, 0.862], GOOD)
    for declared in (
        "depth=1",
        next(g.group for g in verdict(lock(ACCURACY), runs).groups if g.label == "depth=1"),
    ):
        said = verdict(lock(ACCURACY, candidate=declared), runs)
        assert (said.findings[0].alpha, said.findings[0].estimate < 0.87) == (0.002, True)


def test_candidate_declared_but_absent_is_no_evidence():
    said = verdict(lock(ACCURACY, candidate="wide"), sweep(GOOD))
    assert (said.recommendation, said.findings[0].outcome) == ("undecided", "no_evidence")


def test_candidate_declared_after_results_were_seen_is_corrected_as_the_best_of_all():
    amendment = Amendment(
        number=1, at=LOCKED + timedelta(days=1), author="ana", reason="it won", changes=("candidate is now depth=2",),
        loosens=False, after_results=True, digest="sha256:1", seq=140,
    )  # fmt: skip
    said = verdict(
        lock(ACCURACY, candidate="depth=2", amendments=[amendment]), sweep([0.7, 0.71, 0.72], GOOD)
    )
    assert said.findings[0].alpha == pytest.approx(0.001)


def test_candidate_group_that_crashed_is_not_chosen_but_counts_in_k():
    runs = [*sweep([0.90, 0.905, 0.902]), run(1, status=RunStatus.FAILED, config={"depth": "7"}, number=30)]
    said = verdict(lock(ACCURACY), runs)
    assert (said.recommendation, said.findings[0].alpha) == ("promote", pytest.approx(0.001))


def card(runs, *criteria, **more):
    locked = lock(*(criteria or (ACCURACY,)), **more)
    return card_evidence(judge(locked, runs), locked, Evidence(runs=tuple(runs)))


def test_card_shows_where_the_metric_stands_and_what_was_spent():
    shown = card(seeds("accuracy", GOOD, gpu_hours=6.0), gpu_hours=24, baseline=[number("accuracy", 0.72)])
    assert (shown.baseline_text, shown.current_text, shown.target_text) == ("72.0%", "90.5%", "85.0%")
    assert (shown.chip, shown.recommendation) == ("Promote", "promote")
    assert (shown.compute_text, shown.compute_share) == ("18 of 24 GPU-h", 0.75)
    assert (
        0
        <= shown.bar["baseline"]
        < shown.bar["target"]
        < shown.bar["low"]
        < shown.bar["estimate"]
        < shown.bar["high"]
        <= 1
    )


def test_card_shows_money_beside_what_is_allowed_and_at_least_where_a_run_does_not_say():
    dear = seeds("accuracy", GOOD, cost_usd=60.0)
    shown = card(dear, cost_usd=100)
    assert (shown.money_text, shown.money_share) == ("180 of 100 USD", 1.8)
    partly = card([*dear, run(9, {"accuracy": 0.9})], cost_usd=100)
    assert (partly.money_text, partly.money_share) == ("at least 180 of 100 USD", 1.8)
    assert (card(seeds("accuracy", GOOD), cost_usd=100).money_text, card(dear).money_text) == (
        "unknown of 100 USD",
        "180 USD",
    )
    assert card(seeds("accuracy", GOOD)).money_text == ""


def test_card_of_a_threshold_shows_the_baseline_of_runs_that_another_finding_or_group_knows():
    old = seeds("accuracy", [0.80, 0.81, 0.805], arm="baseline", after=False)
    for criteria in ((ACCURACY, "secondary: accuracy improves by >= 3%"), (ACCURACY,)):
        shown = card([*seeds("accuracy", GOOD), *old], *criteria)
        assert (shown.baseline_text, shown.current_text, shown.target_text) == ("80.5%", "90.5%", "85.0%")
        assert shown.bar["baseline"] < shown.bar["target"] < shown.bar["estimate"]


def test_card_counts_a_run_read_under_two_source_names_once():
    runs = seeds("accuracy", GOOD, gpu_hours=6.0)
    shown = card([*runs, *read_again(runs, "second")], gpu_hours=24)
    assert (shown.runs, shown.compute_text) == (3, "18 of 24 GPU-h")


def test_card_of_an_improvement_shows_values_not_differences():
    runs = [*seeds("accuracy", GOOD), *seeds("accuracy", [0.80, 0.81, 0.805], arm="baseline", after=False)]
    shown = card(runs, "primary: accuracy improves by >= 3%")
    assert (shown.baseline_text, shown.current_text, shown.target_text) == ("80.5%", "90.5%", "83.5%")


@pytest.mark.parametrize(
    ("runs", "chip"),
    [
        ([], ""),
        (seeds("accuracy", [0.9, float("nan")]), "Broken run"),
        (seeds("accuracy", [0.86, 0.84, 0.855]), "Unclear"),
        ([*seeds("accuracy", [0.9, 0.91]), run(3, status=RunStatus.RUNNING)], "On track"),
        ([run(3, status=RunStatus.RUNNING)], "Running"),
        (seeds("accuracy", [0.70, 0.71, 0.705]), "Kill: accuracy < 78%"),
        (seeds("accuracy", [0.80, 0.801, 0.8005]), "Iterate"),
    ],
)
def test_card_chip_says_the_verdict_in_two_words(runs, chip):
    assert card(runs, ACCURACY, "kill: accuracy < 78%").chip == chip


def test_card_without_a_verdict_or_with_unknown_compute_shows_no_zero():
    locked = lock(ACCURACY, gpu_hours=24)
    empty = card_evidence(None, locked, Evidence(runs=()))
    assert (empty.bar, empty.current_text, empty.compute_share, empty.compute_text) == (None, "", None, "")
    unknown = card(seeds("accuracy", GOOD), gpu_hours=24)
    assert (unknown.compute_share, unknown.compute_text) == (None, "unknown of 24 GPU-h")


def test_card_fields_are_among_those_the_board_stores():
    from dataclasses import asdict

    from assay.workflows.views import CardEvidence

    shown = card(seeds("accuracy", GOOD))
    assert CardEvidence(**asdict(shown)).chip == "Promote"
