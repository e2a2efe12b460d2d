"""Days of a sprint that a team could mean, and the sprint after one that ended early."""

from datetime import date

import pytest

from assay.domain.sprints.sprint import SprintContent, following

TODAY = date(2026, 6, 10)


def test_sprint_after_the_last_day_of_the_calendar_begins_today():
    last = SprintContent(name="Far", starts_on=date(9999, 12, 20), ends_on=date(9999, 12, 31))
    assert following(last, number=2, today=TODAY).starts_on == TODAY


@pytest.mark.parametrize(("ended_on", "begin"), [(TODAY, date(2026, 6, 11)), (None, date(2026, 6, 20))])
def test_sprint_after_one_that_was_ended_early_begins_the_day_after(ended_on, begin):
    last = SprintContent(name="T", starts_on=date(2026, 6, 8), ends_on=date(2026, 6, 19))
    assert following(last, number=2, today=TODAY, ended_on=ended_on).starts_on == begin
