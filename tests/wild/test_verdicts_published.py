"""Published verdicts, through the whole engine: locked ticket, runs, verdict (scorecard G9), and runs without evidence."""

import csv
from collections import Counter, defaultdict
from datetime import UTC, datetime

import pytest
import yaml

from assay.domain.experiments.evidence import RunStatus
from assay.domain.gates.settings import VerdictSettings
from tests.support.scorecard import collect
from tests.unit.domain.gates.cases import LOCK_SEQ, LOCKED, lock, run, seeds, verdict

pytestmark = pytest.mark.wild
RECORD = "primary: val_loss < 3.28"
STRICT = VerdictSettings(alpha=0.01)


@pytest.fixture(scope="module")
def losses(wild_data):
    """Final losses by (record, arm, steps): the selection of G9, each log once."""
    found, seen = defaultdict(list), set()
    with (wild_data / "decision-anchors" / "nanogpt_seed_runs.csv").open(newline="") as lines:
        for row in csv.DictReader(lines):
            complete = row["track"] == "track_1_short" and row["step"] == row["total"]
            if (
                complete
                and row["rec"] >= "2024-12"
                and row["file"] not in seen
                and 3.26 < float(row["loss"]) < 3.30
            ):
                seen.add(row["file"])
                found[row["rec"], row["sub"], row["total"]].append(float(row["loss"]))
    judged = {
        k: v
        for k, v in found.items()
        if len(v) >= 4 and not any(w in k[1].lower() for w in ("base", "prior", "master"))
    }
    assert len(judged) == 57
    return judged


@pytest.fixture(scope="module")
def muddformer(wild_data):
    found = defaultdict(list)
    with (wild_data / "experiment-history" / "nanogpt-speedrun" / "final_results.csv").open(
        newline=""
    ) as lines:
        for row in csv.DictReader(lines):
            if row["record"] == "2026-04-22_MuddFormer":
                found[row["arm"]].append(float(row["final_val_loss"]))
    return found


def test_g9_the_registered_rule_gives_the_57_public_verdicts(losses):
    # The competition registers one look at its n and one-sided p < .01: a plan of one stage at alpha .01.
    said = Counter()
    for values in losses.values():
        judged = verdict(lock(RECORD, stages=(len(values),)), seeds("val_loss", values), settings=STRICT)
        said[judged.findings[0].outcome, judged.recommendation] += 1
        assert judged.point_recommendation == "promote"
    right = 57 - abs(said["met", "promote"] - 53) - abs(said["unclear", "undecided"] - 4)
    collect(
        "G9",
        "groups of runs with their published verdict, locked and judged, of 57",
        right,
        at_least=57,
        unit="count",
    )
    assert said == {("met", "promote"): 53, ("unclear", "undecided"): 4}


def test_g9_records_under_the_default_looks_wait_for_a_look_and_never_contradict(losses):
    # Our default plan is another rule: 3, 5, 8, 10 seeds at .002 to .036. Between looks it does not decide.
    for values in losses.values():
        found = verdict(lock(RECORD), seeds("val_loss", values)).findings[0]
        assert found.outcome in {"met", "unclear"}
        if len(values) in {4, 6, 7, 9}:
            assert (found.outcome, found.interval) == ("unclear", None)


def test_g9_pair_muddformer_v3_is_not_shown_better_in_loss_than_the_longer_baseline(muddformer):
    runs = [
        *seeds("val_loss", muddformer["this_pr_v3"]),
        *seeds("val_loss", muddformer["baseline-s1480"], arm="baseline", after=False),
    ]
    found = verdict(lock("primary: val_loss improves by > 0", stages=(10,)), runs).findings[0]
    # Published: p = .073 (not better in loss; it saves time).
    as_published = (found.outcome, round(found.p_value, 3)) == ("unclear", 0.073)
    what = "published pair verdicts whose runs are at hand, of 1 (the runs of two more are not in the data)"
    collect("G9", what, int(as_published), at_least=1, unit="count", stretch=True)
    assert as_published


@pytest.mark.parametrize(
    ("arm", "p_value", "outcome"),
    [("baseline-s1480", 0.0036, "met"), ("this_pr_v1-s1415", 0.998, "not_met"), ("this_pr_v3", 0.00004, "met"), ("baseline-s1430", 1.0, "not_met")],
)  # fmt: skip
def test_muddformer_arms_have_their_published_verdicts(muddformer, arm, p_value, outcome):
    found = verdict(lock(RECORD, stages=(10,)), seeds("val_loss", muddformer[arm]), settings=STRICT).findings[
        0
    ]
    assert found.outcome == outcome
    assert found.p_value == pytest.approx(p_value, abs=0.0005)


def test_empty_mlflow_runs_are_no_evidence_and_cannot_pass(wild_data):
    folder = wild_data / "experiment-history" / "mlflow-mltrace-empty-runs" / "mlruns" / "0"
    runs = []
    for index, meta in enumerate(sorted(folder.glob("*/meta.yaml")), 1):
        told = yaml.safe_load(meta.read_text())
        status = {3: RunStatus.FINISHED, 4: RunStatus.FAILED, 1: RunStatus.RUNNING}[told["status"]]
        started = datetime.fromtimestamp(told["start_time"] / 1000, UTC)
        runs.append(
            run(
                None,
                number=index,
                name=told["run_id"],
                config={},
                status=status,
                started_at=started,
                seen_seq=LOCK_SEQ + index,
            )
        )
    assert len(runs) == 17
    locked = lock(
        "primary: accuracy >= 85%", "blocking: toxicity < 1%", "kill: compute > 2x budget", gpu_hours=10
    )
    early = verdict(locked, runs)
    assert (early.recommendation, early.findings[0].outcome) == ("iterate", "no_evidence")
    # The same runs, had the ticket been locked before them.
    before = locked.model_copy(update={"locked_at": LOCKED.replace(year=2021), "seq": 0})
    late = verdict(before, runs)
    assert late.recommendation != "promote"
    assert {f.outcome for f in late.findings} <= {"no_evidence", "invalid"}
