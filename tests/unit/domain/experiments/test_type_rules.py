"""What the types of tickets say that others do not, and what each lacks before work may begin."""

import pytest
from pydantic import ValidationError

from assay.domain.experiments.experiment import TicketContent, TrackerLink
from assay.domain.experiments.ticket_data import ticket_from_data, ticket_to_data
from assay.domain.experiments.type_rules import ticket_problems
from assay.domain.kernel.metrics import Direction, Metric, MetricCatalog, Unit
from assay.errors import Invalid

CATALOG = MetricCatalog.of(
    [
        Metric(name="kappa", direction=Direction.HIGHER, unit=Unit.NUMBER),
        Metric(name="latency_p95", direction=Direction.LOWER, unit="ms"),
    ]
)
COMPLETE = {
    "spike": {
        "time_box_days": 3,
        "criteria": {"primary": ["latency_p95 <= 200 ms"]},
        "spike": {"question": "Does it answer on a CPU?", "deliverable": "A page and what we recommend."},
    },
    "data": {
        "criteria": {"primary": ["kappa > 0.8"]},
        "data": {"source": "help desk", "volume": "12,000 tickets", "stage": "annotation"},
    },
    "engineering": {
        "engineering": {"model_version": "intent-8b@12", "latency_ms": 200, "cost_usd_per_1000": "0.40"}
    },
    "feature": {
        "criteria": {"primary": ["latency_p95 <= 200 ms"]},
        "feature": {"fallback": "Below 60% confidence it goes to a person."},
    },
    "incident": {},
}


def ticket(kind, **fields):
    return ticket_from_data({"type": kind, "title": "t", **fields}, CATALOG)


def lacks(content):
    return [problem.field for problem in ticket_problems(content, CATALOG)]


@pytest.mark.parametrize("kind", COMPLETE)
def test_ticket_that_says_all_its_type_asks_for_lacks_nothing(kind):
    content = ticket(kind, **COMPLETE[kind])
    assert lacks(content) == []
    assert ticket_from_data(ticket_to_data(content, CATALOG), CATALOG) == content


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("spike", ["spike.question", "time_box_days", "criteria.primary", "spike.deliverable"]),
        ("data", ["data.source", "data.volume", "criteria.primary"]),
        ("engineering", ["engineering.latency_ms", "engineering.model_version"]),
        ("feature", ["criteria.primary", "feature.fallback"]),
        ("incident", []),
    ],
)
def test_bare_ticket_is_told_what_its_type_asks_for(kind, fields):
    problems = ticket_problems(ticket(kind), CATALOG)
    assert [problem.field for problem in problems] == fields
    for problem in problems:
        assert problem.fix


def test_example_of_a_missing_number_can_be_written_as_it_stands():
    (problem,) = [p for p in ticket_problems(ticket("data"), CATALOG) if p.field == "criteria.primary"]
    example = problem.fix.split("'")[1].removeprefix("primary: ")
    assert "criteria.primary" not in lacks(ticket("data", criteria={"primary": [example]}))


@pytest.mark.parametrize("kind", ["experiment", "incident", "data"])
def test_field_of_another_type_is_refused(kind):
    with pytest.raises(Invalid) as caught:
        ticket(kind, spike={"question": "Why?"})
    assert caught.value.field == "spike"
    assert "'type: spike'" in caught.value.hint
    with pytest.raises(ValidationError, match="belongs to tickets of type spike"):
        TicketContent.model_validate({"type": kind, "title": "t", "spike": {"question": "Why?"}})


def test_empty_field_of_another_type_says_nothing():
    assert ticket("experiment", spike={}, data=None) == ticket("experiment")


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "ftp://example.org",
        "https://",
        "https://a.org/\"onmouseover='x'",
        "https://a.org/<b>",
        "https://a.org/ b",
        "https://a.org/\n",
        "//example.org",
        "data:text/html,x",
        "https://example.org/\u202e",
    ],
)
def test_address_that_is_no_web_address_is_refused(url):
    with pytest.raises(ValidationError):
        TrackerLink(url=url)
    with pytest.raises(Invalid) as caught:
        ticket("experiment", trackers=[{"url": url}])
    assert caught.value.field == "trackers[0].url"


def test_stored_ticket_from_before_these_fields_reads_unchanged():
    stored = '{"type":"spike","title":"t","hypothesis":"h","time_box_days":3,"priority":2}'
    content = TicketContent.model_validate_json(stored)
    assert ticket_to_data(content) == {
        "type": "spike",
        "title": "t",
        "hypothesis": "h",
        "time_box_days": 3,
    }
