"""Locking a promise, and changing it in the open."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from assay.domain.experiments.criteria.text import parse_criterion
from assay.domain.experiments.experiment import Baseline, Budget, LookPlan, TicketContent
from assay.domain.experiments.preregistration import (
    amend,
    compare,
    lock,
    registration_digest,
    registration_of,
)
from assay.domain.kernel.metrics import Direction, Metric, MetricCatalog, Unit
from assay.errors import Invalid, Refused

NOW = datetime(2026, 5, 12, 9, tzinfo=UTC)
CATALOG = MetricCatalog.of(
    [
        Metric(name="accuracy", direction=Direction.HIGHER, unit=Unit.FRACTION),
        Metric(name="loss", direction=Direction.LOWER),
        Metric(name="unused", direction=Direction.HIGHER),
    ]
)
BASE = ("primary: accuracy >= 85%", "blocking: loss no worse than baseline by 0.1", "kill: accuracy < 78%")
BASELINES = (Baseline(metric="accuracy", value="0.72"), Baseline(metric="loss", value="0.4"))


def content(*lines, **fields):
    criteria = tuple(parse_criterion(line, metrics=CATALOG) for line in lines or BASE)
    given = {
        "title": "t",
        "hypothesis": "h",
        "baseline": BASELINES,
        "budget": Budget(gpu_hours=24),
        "time_box_days": 10,
    }
    return TicketContent(criteria=criteria, **given | fields)


def registration(*lines, catalog=CATALOG, **fields):
    return registration_of(content(*lines, **fields), catalog)


def locked():
    return lock(content(), CATALOG, at=NOW, by="ada", seq=7)


def replaced(old, new):
    return tuple(new if line == old else line for line in BASE if not (line == old and new is None))


def test_registration_holds_only_the_metrics_it_names():
    assert [metric.name for metric in registration().metrics] == ["accuracy", "loss"]


def test_lock_of_a_complete_ticket_records_who_when_and_the_digest():
    made = locked()
    assert made.digest == made.original_digest == registration_digest(registration())
    assert (made.locked_by, made.locked_at, made.seq, made.amendments) == ("ada", NOW, 7, ())


def test_lock_of_an_incomplete_ticket_is_refused_with_all_problems():
    with pytest.raises(Refused, match="no primary criterion") as caught:
        lock(TicketContent(title="t", hypothesis="h"), CATALOG, at=NOW, by="ada", seq=1)
    assert [p["code"] for p in caught.value.details["problems"]] == ["primary-missing", "kill-missing"]
    assert "primary: accuracy >= 85%" in caught.value.hint


@pytest.mark.parametrize(
    ("change", "kind", "loosens", "text"),
    [
        ({"lines": replaced(BASE[0], "primary: accuracy >= 80%")}, "loosened", True,
         "loosened primary: accuracy >= 85% is now accuracy >= 80%"),
        ({"lines": replaced(BASE[0], "primary: accuracy >= 90%")}, "tightened", False,
         "tightened primary: accuracy >= 85% is now accuracy >= 90%"),
        ({"lines": replaced(BASE[0], "primary: accuracy > 85%")}, "tightened", False,
         "tightened primary: accuracy >= 85% is now accuracy > 85%"),
        ({"lines": replaced(BASE[2], "kill: accuracy < 70%")}, "loosened", True, "loosened kill: accuracy < 78% is now accuracy < 70%"),
        ({"lines": replaced(BASE[2], "kill: accuracy < 80%")}, "tightened", False, "tightened kill: accuracy < 78% is now accuracy < 80%"),
        ({"lines": replaced(BASE[2], "kill: accuracy < 78% after 5 seeds")}, "loosened", True,
         "loosened kill: accuracy < 78% is now accuracy < 78% after 5 seeds"),
        ({"lines": replaced(BASE[1], "blocking: loss no worse than baseline by 0.2")}, "loosened", True,
         "loosened blocking: loss no worse than baseline by 0.1 is now loss no worse than baseline by 0.2"),
        ({"lines": replaced(BASE[1], "secondary: loss no worse than baseline by 0.1")}, "loosened", True,
         "loosened: loss no worse than baseline by 0.1 was blocking and is now secondary"),
        ({"lines": replaced(BASE[0], "primary: accuracy >= 85% on easy@1")}, "changed", True,
         "changed primary: accuracy >= 85% is now accuracy >= 85% on easy@1"),
        ({"lines": replaced(BASE[1], None)}, "removed", True, "removed blocking: loss no worse than baseline by 0.1"),
        ({"lines": (*BASE, "kill: loss > 3")}, "added", False, "added kill: loss > 3"),
        ({"budget": Budget(gpu_hours=48)}, "loosened", True, "loosened budget: 24 GPU-h is now 48 GPU-h"),
        ({"budget": Budget(gpu_hours=12)}, "tightened", False, "tightened budget: 24 GPU-h is now 12 GPU-h"),
        ({"budget": Budget()}, "loosened", True, "loosened budget: 24 GPU-h is now no limit in GPU-h"),
        ({"time_box_days": 20}, "loosened", True, "loosened time box: 10 d is now 20 d"),
        ({"baseline": (BASELINES[0], Baseline(metric="loss", value="0.5"))}, "loosened", True,
         "loosened baseline: loss 0.4 is now loss 0.5"),
        ({"baseline": (Baseline(metric="accuracy", value="0.75"), BASELINES[1])}, "tightened", False,
         "tightened baseline: accuracy 0.72 is now accuracy 0.75"),
        ({"baseline": (Baseline(metric="accuracy", ticket="EXP-1"), BASELINES[1])}, "changed", True,
         "changed baseline: accuracy 0.72 is now accuracy runs of EXP-1"),
        ({"looks": LookPlan(stages=(5, 10))}, "changed", True, "changed looks: 3, 5, 8, 10 seeds is now 5, 10 seeds"),
        ({"candidate": "big"}, "changed", True, "changed candidate: the best group is now 'big'"),
        ({"hypothesis": "other"}, "changed", False, "changed hypothesis"),
    ],
)  # fmt: skip
def test_change_of_a_registration_is_told_in_one_sentence(change, kind, loosens, text):
    (found,) = compare(registration(), registration(*change.pop("lines", BASE), **change))
    assert (found.kind, found.loosens, found.text) == (kind, loosens, text)


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        ("p95 of accuracy >= 50%", "p95 of accuracy >= 40%", "loosened"),
        ("p95 of loss < 3", "p95 of loss < 2", "tightened"),
        ("p95 of loss < 3", "p95 of loss <= 3", "loosened"),
        ("p95 of loss < 3", "p90 of loss < 3", "loosened"),
        ("p95 of loss < 3", "p99 of loss < 3", "tightened"),
        ("p5 of accuracy >= 50%", "p10 of accuracy >= 50%", "loosened"),
        ("p5 of accuracy >= 50%", "p1 of accuracy >= 50%", "tightened"),
        ("p95 of loss < 3", "p99 of loss < 4", "changed"),
        ("sd of accuracy <= 3%", "sd of accuracy <= 4%", "loosened"),
        ("sd of accuracy <= 3%", "sd of accuracy < 3%", "tightened"),
        ("sd of accuracy <= 3%", "sd of accuracy shown <= 3%", "tightened"),
        ("sd of accuracy shown <= 3%", "sd of accuracy <= 3%", "loosened"),
        ("sd of accuracy shown <= 3%", "sd of accuracy <= 2%", "changed"),
    ],
)
def test_change_of_a_percentile_or_a_spread_is_told_in_one_sentence(before, after, kind):
    kill = "kill: loss > 9"
    (found,) = compare(registration(f"primary: {before}", kill), registration(f"primary: {after}", kill))
    assert (found.kind, found.text) == (kind, f"{kind} primary: {before} is now {after}")
    assert found.loosens == (kind != "tightened")


def test_percentiles_of_one_metric_are_compared_with_their_own_kind():
    p50, p95 = "primary: p50 of loss < 2", "primary: p95 of loss < 3"
    changes = compare(registration(p50, p95), registration("primary: p95 of loss < 4"))
    assert {change.text for change in changes} == {
        "loosened primary: p95 of loss < 3 is now p95 of loss < 4",
        "removed primary: p50 of loss < 2",
    }


def test_flipped_direction_of_a_metric_counts_as_loosening():
    flipped = MetricCatalog.of(
        [
            m if m.name != "loss" else m.model_copy(update={"direction": Direction.HIGHER})
            for m in CATALOG.metrics
        ]
    )
    (found,) = compare(registration(), registration(catalog=flipped))
    assert found.text == "changed metric loss: direction lower is now higher"
    assert found.loosens


def test_dropping_a_kill_criterion_loosens():
    changes = compare(registration(), registration(*BASE[:2]))
    assert [(c.kind, c.role.value, c.loosens) for c in changes] == [("removed", "kill", True)]


def test_order_of_criteria_is_no_change():
    assert compare(registration(), registration(*reversed(BASE))) == ()


def test_title_is_not_locked():
    assert registration_digest(registration(title="other")) == registration_digest(registration())


def test_amendment_keeps_the_first_digest_and_is_dated_and_signed():
    berlin = timezone(timedelta(hours=2))
    loosened = registration(*replaced(BASE[0], "primary: accuracy >= 80%"))
    made = amend(
        locked(),
        loosened,
        at=datetime(2026, 5, 20, 11, tzinfo=berlin),
        author="bob",
        reason=" labels were wrong ",
        seq=9,
        after_results=True,
    )
    (amendment,) = made.amendments
    assert made.original_digest == locked().digest
    assert made.digest == amendment.digest == registration_digest(loosened)
    assert made.registration == loosened
    assert (amendment.number, amendment.author, amendment.reason, amendment.seq) == (
        1,
        "bob",
        "labels were wrong",
        9,
    )
    assert amendment.at == datetime(2026, 5, 20, 9, tzinfo=UTC)
    assert amendment.at.utcoffset() == timedelta(0)
    assert amendment.loosens
    assert amendment.after_results
    assert made.seq == 7


def test_second_amendment_is_compared_with_the_first():
    first = amend(
        locked(), registration(hypothesis="b"), at=NOW, author="a", reason="why", seq=8, after_results=False
    )
    second = amend(first, registration(), at=NOW, author="a", reason="back", seq=9, after_results=False)
    assert [a.number for a in second.amendments] == [1, 2]
    assert second.digest == second.original_digest


@pytest.mark.parametrize("reason", ["", "   ", "\n", "...", "x" * 2001])
def test_amendment_without_a_reason_is_invalid(reason):
    with pytest.raises(Invalid) as caught:
        amend(
            locked(),
            registration(hypothesis="b"),
            at=NOW,
            author="a",
            reason=reason,
            seq=8,
            after_results=False,
        )
    assert caught.value.field == "reason"


def test_amendment_that_changes_nothing_is_refused():
    with pytest.raises(Refused, match="nothing changes"):
        amend(
            locked(),
            registration(*reversed(BASE)),
            at=NOW,
            author="a",
            reason="why",
            seq=8,
            after_results=False,
        )


def test_naive_time_is_refused():
    with pytest.raises(ValueError, match="time zone"):
        lock(content(), CATALOG, at=datetime(2026, 5, 12), by="ada", seq=1)  # noqa: DTZ001
