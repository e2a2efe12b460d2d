"""Pythia's published evaluations (lm-evaluation-harness, old layout), with the answers that their README lists."""

import math

import pytest

from assay.connectors.evals.read import read_evaluation
from assay.domain.kernel.metrics import Direction, Unit

pytestmark = pytest.mark.wild


@pytest.fixture(scope="module")
def pythia(request):
    return request.getfixturevalue("wild_data") / "eval-logs" / "lm-eval-pythia" / "pythia-v1"


def totals(path):
    (run,) = read_evaluation(path).runs
    return run.aggregates


def final(pythia, model):
    return totals(pythia / f"pythia-{model}" / "zero-shot" / f"{model}_step143000.json")


def z_of(one, other):
    return (other.value - one.value) / math.hypot(one.stderr, other.stderr)


def test_every_file_is_read_by_this_reader(pythia):
    files = sorted(pythia.parent.rglob("*.json"))
    found = read_evaluation(pythia.parent)
    assert found.reader == "lm-eval"
    assert len(found.runs) == len(files) == 146
    assert all(run.aggregates for run in found.runs)
    assert all(
        total.stderr is None or total.stderr > 0 for run in found.runs for total in run.aggregates.values()
    )


@pytest.mark.parametrize(
    ("size", "task", "before", "after", "z"),
    [
        ("70m", "lambada_openai", 0.1846, 0.1915, 0.91),
        ("70m", "piqa", None, None, 0.20),
        ("70m", "sciq", None, None, 0.23),
        ("70m", "arc_easy", None, None, 0.78),
        ("70m", "winogrande", 0.5280, 0.4917, -1.83),
        ("70m", "logiqa", None, None, 1.07),
        ("70m", "wsc", None, None, 0.0),
        ("410m", "lambada_openai", 0.5162, 0.5244, 0.83),
        ("410m", "winogrande", None, None, -0.16),
        ("410m", "wsc", 0.5673, 0.4712, -1.39),
    ],
)
def test_deduplication_brings_no_clear_benefit(pythia, size, task, before, after, z):
    plain, deduped = final(pythia, size)[f"{task}/acc"], final(pythia, f"{size}-deduped")[f"{task}/acc"]
    assert z_of(plain, deduped) == pytest.approx(z, abs=0.005)
    assert abs(z_of(plain, deduped)) < 1.96
    if before is not None:
        assert (plain.value, deduped.value) == pytest.approx((before, after), abs=5e-5)


def test_wsc_is_too_small_to_exclude_a_loss_of_two_points(pythia):
    wsc = final(pythia, "410m")["wsc/acc"]
    assert wsc.stderr == pytest.approx(0.048, abs=1e-3)
    assert 1.645 * math.sqrt(2) * wsc.stderr > 0.02


def test_intervention_is_equivalent_and_its_files_hold_more_tasks(pythia):
    folder = pythia / "pythia-1.4b-deduped"
    published = {
        134000: (0.6094, 0.6092), 136000: (0.6127, 0.6148), 138000: (0.6086, 0.6152), 140000: (0.6293, 0.6245), 142000: (0.6253, 0.6276),
    }  # fmt: skip
    for step, (before, after) in published.items():
        baseline = totals(folder / "baseline" / f"baseline-1.4b-deduped_step{step}.json")
        changed = totals(folder / "intervention" / f"intervention-1.4b-deduped_step{step}.json")
        one, other = baseline["lambada_openai/acc"], changed["lambada_openai/acc"]
        assert (one.value, other.value) == pytest.approx((before, after), abs=5e-5)
        assert abs(z_of(one, other)) < 1.96
        assert set(baseline) < set(changed)
        assert {"piqa/acc", "sciq/acc"} <= set(changed) - set(baseline)


@pytest.mark.parametrize("step", [0, 1])
def test_untrained_checkpoints_are_far_below_trained_ones(pythia, step):
    folder = pythia / "pythia-410m" / "zero-shot"
    early = totals(folder / f"410m_step{step}.json")["lambada_openai/acc"]
    late = totals(folder / "410m_step143000.json")["lambada_openai/acc"]
    assert early.value < 0.01
    assert late.value > 0.5
    # Of 5,153 examples none was right: a standard error of 0 is no certainty.
    assert early.stderr is None


def test_directions_and_units_are_known_where_the_harness_knows_them(pythia):
    found = {m.name: m for m in read_evaluation(pythia / "pythia-70m/zero-shot/70m_step143000.json").metrics}
    assert (found["piqa/acc"].direction, found["piqa/acc"].unit) == (Direction.HIGHER, Unit.FRACTION)
    assert (found["lambada_openai/ppl"].direction, found["lambada_openai/ppl"].unit) == (
        Direction.LOWER,
        Unit.NUMBER,
    )
    assert found["crows_pairs_english/pct_stereotype"].direction is Direction.LOWER
