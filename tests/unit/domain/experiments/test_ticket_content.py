"""What a ticket refuses to hold, whichever face it came through."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from pydantic import ValidationError

from assay.domain.experiments.criteria.model import Condition, CurveFalls, Diverges, ResourceUse
from assay.domain.experiments.experiment import DataNeed, LookPlan, TicketContent
from assay.domain.kernel.findings import Role


@pytest.mark.parametrize(
    "fields",
    [
        {"title": ""},
        {"title": "\u200b"},
        {"title": "a\x00"},
        {"title": "a\x1b[31m"},
        {"title": "a\u202e"},
        {"title": "t", "hypothesis": "\x00"},
        {"title": "t", "labels": ["\u200d"]},
        {"title": "t", "labels": ["a"] * 101},
        {"title": "t", "owner": "\x07"},
        {"title": "t", "verdict": "promote"},
    ],
)
def test_ticket_with_text_that_cannot_be_shown_or_fields_it_does_not_have_is_refused(fields):
    with pytest.raises(ValidationError):
        TicketContent.model_validate(fields)


@pytest.mark.parametrize(
    "text",
    [
        "Caf\u00e9 \U0001f468\u200d\U0001f469\u200d\U0001f467",
        "\u0627\u0644\u0639\u0631\u0628\u064a\u0629",
        "a\tb\nc",
    ],
)
def test_text_in_any_script_is_kept_as_it_is(text):
    assert TicketContent(title="t", hypothesis=text).hypothesis == text


def test_criteria_stand_in_role_order_and_keep_their_order_inside_a_role():
    tests = [Diverges(metric="a"), CurveFalls(metric="b", after_step=1), Diverges(metric="c")]
    roles = [Role.KILL, Role.PRIMARY, Role.KILL]
    written = [{"role": role, "test": test} for role, test in zip(roles, tests, strict=True)]
    content = TicketContent.model_validate({"title": "t", "criteria": written})
    assert [c.metric for c in content.criteria] == ["b", "a", "c"]


@pytest.mark.parametrize(
    "moment",
    [0, 1.5e9, True, "0001-01-01T00:00:00Z", "9999-12-31T23:59:59-12:00", "2026-05-12T09:00:00", "soon"],
)
def test_moment_that_is_a_number_naive_or_out_of_reach_is_refused(moment):
    with pytest.raises(ValidationError):
        DataNeed.model_validate({"dataset": "a", "needed_by": moment})


def test_moment_is_kept_in_utc():
    need = DataNeed(dataset="a", needed_by=datetime(2026, 5, 12, 11, tzinfo=timezone(timedelta(hours=2))))
    assert need.needed_by == datetime(2026, 5, 12, 9, tzinfo=UTC)
    assert need.needed_by.utcoffset() == timedelta(0)


@pytest.mark.parametrize("stages", [(), (5, 3), (3, 3), (1,), (20_000,)])
def test_look_plan_that_does_not_rise_is_refused(stages):
    with pytest.raises(ValidationError):
        LookPlan(stages=stages)


def test_condition_has_a_count_exactly_when_something_is_counted():
    for fields in ({"kind": "training", "count": 1}, {"kind": "seeds"}, {"kind": "runs", "count": 0}):
        with pytest.raises(ValidationError):
            Condition(**fields)


def test_resource_in_a_unit_of_another_resource_is_refused():
    with pytest.raises(ValidationError, match="compute is measured in GPU-h"):
        ResourceUse(resource="compute", comparison=">", amount=3, unit="USD")
