"""The arithmetic nobody does: when the data comes, how long it takes, and what would make it fit."""

from datetime import UTC, date, datetime

import pytest

from assay.domain.experiments.experiment import DataNeed
from assay.domain.experiments.prediction import Prediction
from assay.domain.experiments.supplies import LinkedData
from assay.domain.experiments.type_fields import DataStage
from assay.domain.sprints.feasibility import Fit, Window, feasibility, working_days

SPRINT = Window(date(2026, 5, 25), date(2026, 6, 5))  # ten working days, Monday to Friday of the week after


def labels(day=None, **changes):
    return DataNeed(dataset="labels-v2", arrives="" if day is None else f"{date(2026, *day)}", **changes)


def found(*needs, training=3, evaluation=2, window=SPRINT):
    return feasibility(needs, Prediction(training_days=training, evaluation_days=evaluation), window)


def test_labels_late_in_the_sprint_do_not_fit_and_what_would_make_it_fit_is_said():
    late = found(labels((6, 4)))
    assert late.fit is Fit.DOES_NOT
    assert (
        late.text == "labels-v2 arrives on day 9 of 10, training needs 3 days, evaluation 2: 4 days too many"
    )
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
    assert after.text.startswith("labels-v2 arrives after the sprint")
    assert "take it next sprint" in after.remedies


def test_days_that_are_over_count_as_gone():
    running = Window(SPRINT.starts_on, SPRINT.ends_on, today=date(2026, 6, 3))
    assert (
        found(window=running).text
        == "no data need is listed, 7 days of 10 are over, training needs 3 days, evaluation 2: 2 days too many"
    )


@pytest.mark.parametrize(
    ("days", "fit", "end"),
    [
        ("2026-06-02 to 2026-06-05", Fit.DOES_NOT, "on day 7-10 of 10, training needs 3 days, evaluation 2: 2 to 5 days too many"),
        ("2026-05-28 to 2026-06-02", Fit.TIGHT, "on day 4-7 of 10, training needs 3 days, evaluation 2: fits only if labels-v2 is there by day 5"),
        ("2026-05-25 to 2026-05-26", Fit.FITS, "on day 1-2 of 10, training needs 3 days, evaluation 2: 3 days left over"),
        ("2026-06-04 to 2026-06-09", Fit.DOES_NOT, "between day 9 of 10 and after the sprint, training needs 3 days, evaluation 2: 4 to 7 days too many"),
    ],
)  # fmt: skip
def test_labels_that_arrive_over_a_range_of_days_count_by_the_last_one(days, fit, end):
    told = found(DataNeed(dataset="labels-v2", arrives=days))
    assert (told.fit, told.text) == (fit, f"labels-v2 arrives {end}")
    assert not told.remedies or told.remedies[0] == "have labels-v2 by day 5"


def test_day_on_which_data_is_needed_is_not_taken_for_the_day_on_which_it_comes():
    told = found(DataNeed(dataset="labels-v2", needed_by=datetime(2026, 5, 27, tzinfo=UTC)))
    assert told.fit is Fit.UNKNOWN
    assert told.text.startswith("nobody said when labels-v2 (needed by day 3) will be there, training")
    assert told.remedies == ("write when labels-v2 arrives (by day 5 it fits)",)


@pytest.mark.parametrize(
    ("given", "fit", "begin"),
    [
        ({"stage": DataStage.NEEDED}, Fit.UNKNOWN, "nobody said when DATA-3 (not begun) will be there"),
        (
            {"stage": DataStage.ANNOTATION, "arrives": "2026-06-02 to 2026-06-05"},
            Fit.DOES_NOT,
            "DATA-3 arrives on day 7-10 of 10 (in annotation)",
        ),
        ({"stage": DataStage.READY}, Fit.FITS, "data is there"),
        ({"stage": None, "is_accepted": True}, Fit.FITS, "data is there"),
        ({"stage": DataStage.QA, "is_stopped": True}, Fit.UNKNOWN, "DATA-3 was killed"),
    ],
)
def test_data_ticket_that_it_is_linked_to_is_waited_for(given, fit, begin):
    linked = (LinkedData("DATA-3", "Labels", **{"arrives": "", **given}),)
    told = feasibility((), Prediction(training_days=3, evaluation_days=2), SPRINT, linked)
    assert told.fit is fit
    assert told.text.startswith(f"{begin}, training needs 3 days")


def test_data_that_should_have_come_and_did_not_is_not_known():
    late = found(labels((5, 26)), window=Window(SPRINT.starts_on, SPRINT.ends_on, today=date(2026, 5, 28)))
    assert late.fit is Fit.UNKNOWN
    assert late.text.startswith(
        "labels-v2 was to arrive by 2026-05-26 and is not there, 3 days of 10 are over"
    )


@pytest.mark.parametrize(
    ("needs", "prediction", "missing"),
    [
        ((), None, "write how many days training takes (0 where nothing is trained)"),
        (
            (labels(),),
            Prediction(training_days=1, evaluation_days=1),
            "write when labels-v2 arrives (by day 8 it fits)",
        ),
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
