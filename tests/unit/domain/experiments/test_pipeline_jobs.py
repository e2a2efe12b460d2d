"""What is known of jobs of pipelines, whatever the order in which their events come."""

from datetime import UTC, datetime, timedelta
from functools import reduce

from hypothesis import given
from hypothesis import strategies as st

from assay.domain.experiments.pipeline_jobs import (
    JobEvent,
    JobNews,
    JobState,
    PipelineJob,
    after_event,
    in_tree,
    job_text,
    telling_job,
    where_it_broke,
)

AT = datetime(2026, 5, 12, 14, 2, tzinfo=UTC)


def told(news, minute, **more):
    return JobEvent("r", "ml", "train_model", news, AT + timedelta(minutes=minute), **more)


def known(*events):
    return reduce(after_event, events, None)


def job(run_id, state, minute=0, **more):
    at = AT + timedelta(minutes=minute)
    ended = at if state.is_over else None
    return PipelineJob(run_id, "ml", more.pop("job", run_id), state, at, ended, at, "EXP-1", **more)


def test_job_that_completed_is_not_undone_by_a_start_that_comes_late():
    found = known(told(JobNews.COMPLETED, 9), told(JobNews.BEGUN, 0), told(JobNews.GOING, 3))
    assert (found.state, found.started_at, found.ended_at) == (
        JobState.COMPLETED,
        AT,
        AT + timedelta(minutes=9),
    )


def test_job_that_begins_again_after_it_failed_runs_and_forgets_why_it_failed():
    first = (told(JobNews.BEGUN, 0), told(JobNews.FAILED, 2, error="out of memory"))
    assert known(*first).error == "out of memory"
    again = known(*first, told(JobNews.BEGUN, 3))
    assert (again.state, again.ended_at, again.error) == (JobState.RUNNING, None, "")
    assert again.started_at == AT + timedelta(minutes=3)


def test_sign_of_life_after_an_end_does_not_open_a_job_again():
    assert known(told(JobNews.ABORTED, 2), told(JobNews.GOING, 5)).state is JobState.ABORTED


def test_job_of_which_neither_beginning_nor_end_was_told_is_not_known_to_run():
    found = known(told(JobNews.OTHER, 0))
    assert (found.state, found.started_at) == (JobState.UNKNOWN, None)
    assert job_text(found) == "train_model: neither begun nor ended"


EVENTS = st.lists(
    st.builds(told, st.sampled_from(JobNews), st.integers(0, 4), error=st.sampled_from(["", "oom", "disk"])),
    min_size=1,
    max_size=6,
)


@given(EVENTS, st.randoms(use_true_random=False))
def test_order_and_repetition_of_events_change_nothing(events, chance):
    mixed = events + events[:2]
    chance.shuffle(mixed)
    assert known(*mixed) == known(*events)


def test_card_shows_the_job_that_broke_and_not_the_pipeline_above_it():
    jobs = [
        job("dag", JobState.FAILED, 9),
        job("prepare", JobState.COMPLETED, 1, parent="dag"),
        job("train", JobState.FAILED, 5, parent="dag", error="out of memory"),
    ]
    assert telling_job(jobs).run_id == "train"
    assert [one.run_id for one in where_it_broke([jobs[0], jobs[2]])] == ["train"]


def test_card_shows_what_runs_before_what_is_done_and_a_later_try_instead_of_an_earlier_one():
    jobs = [
        job("dag", JobState.RUNNING, 0),
        job("prepare", JobState.COMPLETED, 1, parent="dag"),
        job("try-1", JobState.FAILED, 2, parent="dag", job="train"),
        job("try-2", JobState.RUNNING, 4, parent="dag", job="train"),
    ]
    assert telling_job(jobs).run_id == "try-2"


def test_card_is_about_the_newest_pipeline():
    assert (
        telling_job([job("yesterday", JobState.FAILED, 0), job("today", JobState.COMPLETED, 60)]).run_id
        == "today"
    )
    assert telling_job([]) is None


def test_pipeline_that_failed_for_no_job_of_it_is_shown_itself():
    jobs = [job("dag", JobState.FAILED, 9), job("train", JobState.COMPLETED, 5, parent="dag")]
    assert telling_job(jobs).run_id == "dag"


def test_tree_has_the_newest_pipeline_first_and_its_jobs_as_they_began():
    jobs = [
        job("b", JobState.RUNNING, 7, parent="new"),
        job("old", JobState.COMPLETED, 0),
        job("a", JobState.COMPLETED, 6, parent="new"),
        job("new", JobState.RUNNING, 5),
        job("deep", JobState.COMPLETED, 6, parent="a"),
    ]
    assert [(level, one.run_id) for level, one in in_tree(jobs)] == [
        (0, "new"),
        (1, "a"),
        (2, "deep"),
        (1, "b"),
        (0, "old"),
    ]


def test_jobs_that_name_one_another_as_parents_are_shown_once_each():
    circle = [
        job("a", JobState.RUNNING, parent="b"),
        job("b", JobState.FAILED, parent="a"),
        job("self", JobState.FAILED, parent="self"),
    ]
    assert sorted(one.run_id for _, one in in_tree(circle)) == ["a", "b", "self"]
    assert telling_job(circle) is not None
