"""The arithmetic nobody does: when the data comes, how long it takes, and what would make it fit."""

from datetime import UTC, date, datetime

import pytest

from assay.domain.experiments.experiment import DataNeed
from assay.domain.experiments.prediction import Prediction
from assay.domain.sprints.feasibility import Fit, Window, feasibility, working_days

SPRINT = Window(date(2026, 5, 25), date(2026, 6, 5))  # ten working days, Monday to Friday of the week after


def labels(day=None, **changes):
    by = None if day is None else datetime(2026, *day, 15, tzinfo=UTC)
    return DataNeed(dataset="labels-v2", needed_by=by, **changes)


def found(*needs, training=3, evaluation=2, window=SPRINT):
    return feasibility(needs, Prediction(training_days=training, evaluation_days=evaluation), window)


def test_labels_late_in_the_sprint_do_not_fit_and_what_would_make_it_fit_is_said():
    late = found(labels((6, 4)))
    assert late.fit is Fit.DOES_NOT
    assert late.text == "labels-v2 comes on day 9 of 10, training needs 3 days, evaluation 2: 4 days too many"
    assert late.remedies == (
        "have labels-v2 4 days earlier, by day 5",
        "take 4 days off training and evaluation",
        "take it next sprint",
    )


@pytest.mark.parametrize(
    ("day", "fit", "spare"), [((5, 26), Fit.FITS, 3), ((5, 28), Fit.TIGHT, 1), ((5, 29), Fit.TIGHT, 0), ((6, 1), Fit.DOES_NOT, -1)]
)  # fmt: skip
def test_each_day_later_leaves_one_day_less(day, fit, spare):
    assert (found(labels(day)).fit, found(labels(day)).spare_days) == (fit, spare)


def test_data_that_is_there_leaves_the_whole_sprint():
    there = found(labels(ready=True))
    assert (there.fit, there.text) == (
        Fit.FITS,
        "data is there, training needs 3 days, evaluation 2: 5 days left over",
    )


def test_prompt_needs_no_training():
    assert (
        found(training=0, evaluation=1).text
        == "no data need is listed, nothing to train, evaluation needs 1 day: 9 days left over"
    )


def test_work_longer_than_the_sprint_may_span_sprints():
    long = found(training=12)
    assert long.fit is Fit.DOES_NOT
    assert long.remedies[-1] == "let it span sprints, or cut it into smaller questions"


def test_data_after_the_sprint_is_for_the_next_one():
    after = found(labels((6, 20)))
    assert after.text.startswith("labels-v2 comes after the sprint")
    assert "take it next sprint" in after.remedies


def test_days_that_are_over_count_as_gone():
    running = Window(SPRINT.starts_on, SPRINT.ends_on, today=date(2026, 6, 3))
    assert (
        found(window=running).text
        == "no data need is listed, 7 days of 10 are over, training needs 3 days, evaluation 2: 2 days too many"
    )


@pytest.mark.parametrize(
    ("needs", "prediction", "missing"),
    [
        ((), None, "write how many days training takes (0 where nothing is trained)"),
        ((labels(),), Prediction(training_days=1, evaluation_days=1), "write by when labels-v2 is there"),
        ((), Prediction(training_days=1), "write how many days evaluation takes"),
    ],
)
def test_what_nobody_said_makes_it_unknown_and_never_fits(needs, prediction, missing):
    unknown = feasibility(needs, prediction, SPRINT)
    assert (unknown.fit, unknown.spare_days) == (Fit.UNKNOWN, None)
    assert missing in unknown.remedies


def test_working_days_agree_with_a_calendar_day_by_day():
    first = date(2026, 5, 20)
    for length in range(60):
        last = date.fromordinal(first.toordinal() + length)
        days = [date.fromordinal(number) for number in range(first.toordinal(), last.toordinal() + 1)]
        assert working_days(first, last) == sum(day.weekday() < 5 for day in days)
    assert working_days(first, date(2026, 5, 19)) == 0
