"""Registrations: the digest knows no order, and what loosens one way tightens the other."""

import hashlib
import json
import random
from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from assay.domain.experiments.changes import compare
from assay.domain.experiments.criteria.rules import registration_problems
from assay.domain.experiments.experiment import (
    Axis,
    Baseline,
    Budget,
    DataNeed,
    KillRuleValues,
    LookPlan,
    Mode,
    TicketContent,
    TrackerLink,
)
from assay.domain.experiments.link_data import WRITTEN, links_from_data, links_to_data
from assay.domain.experiments.preregistration import (
    registration_digest,
    registration_of,
    registration_to_data,
)
from assay.domain.experiments.ticket_data import ticket_from_data, ticket_to_data
from assay.domain.experiments.type_fields import (
    DataFields,
    DataStage,
    EngineeringFields,
    FeatureFields,
    SpikeFields,
)
from assay.domain.kernel.ids import TicketType
from assay.domain.kernel.kill_rules import KillRuleName
from assay.domain.kernel.metrics import MetricCatalog
from assay.workflows.ticket_file import dump_ticket_text, load_ticket_text
from tests.property.test_criteria import CATALOG, CRITERIA, METRICS, decimals

OPPOSITE = {
    "added": "removed",
    "removed": "added",
    "loosened": "tightened",
    "tightened": "loosened",
    "changed": "changed",
}
PRINTABLE = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="\u202d\u202e")
    | st.sampled_from("\n\t\r\x85"),
    max_size=60,
)
LINES = st.text(
    st.characters(
        codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"], exclude_characters="\u202d\u202e"
    ),
    max_size=60,
)
TITLES = LINES.map(str.strip).filter(lambda text: any(c.isprintable() and not c.isspace() for c in text))
BASELINES = st.lists(
    st.builds(
        Baseline,
        metric=st.sampled_from([metric.name for metric in METRICS]),
        value=st.none() | decimals(-1000, 1000),
        source=LINES,
        ticket=st.none() | st.sampled_from(["EXP-1", "EXP-42"]),
    ),
    max_size=3,
    unique_by=lambda baseline: baseline.metric,
).map(tuple)
LIMITS = st.none() | decimals(0, 10**6).filter(lambda value: value > 0)
BUDGETS = st.builds(Budget, gpu_hours=LIMITS, cost_usd=LIMITS)
LOOKS = st.lists(st.integers(2, 50), min_size=1, max_size=5, unique=True).map(
    lambda s: LookPlan(stages=tuple(sorted(s)))
)
MOMENTS = st.datetimes(datetime(1971, 1, 1), datetime(9998, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
TYPES = {
    TicketType.EXPERIMENT: {},
    TicketType.INCIDENT: {},
    TicketType.SPIKE: {"spike": st.builds(SpikeFields, question=PRINTABLE, deliverable=PRINTABLE)},
    TicketType.DATA: {
        "data": st.builds(
            DataFields, source=PRINTABLE, volume=PRINTABLE, stage=st.none() | st.sampled_from(DataStage)
        )
    },
    TicketType.ENGINEERING: {
        "engineering": st.builds(
            EngineeringFields,
            model_version=PRINTABLE,
            latency_ms=LIMITS,
            latency_percentile=st.integers(1, 100),
            cost_usd_per_1000=LIMITS,
        )
    },
    TicketType.FEATURE: {"feature": st.builds(FeatureFields, fallback=PRINTABLE)},
}
OF_A_TYPE = st.sampled_from(TicketType).flatmap(
    lambda kind: st.fixed_dictionaries({"type": st.just(kind), **TYPES[kind]})
)
TRACKERS = st.lists(
    st.builds(
        TrackerLink,
        url=st.sampled_from(["https://tracker.example.org/#/experiments/7", "http://[::1]:5000/?a=1&b='~'"]),
        title=LINES,
    ),
    max_size=2,
).map(tuple)
EXPERIMENTS = st.builds(
    TicketContent,
    title=TITLES,
    hypothesis=PRINTABLE,
    method=PRINTABLE,
    baseline=BASELINES,
    criteria=st.lists(CRITERIA, max_size=4).map(tuple),
    budget=BUDGETS,
    time_box_days=st.none() | st.integers(1, 3650),
    mode=st.none() | st.sampled_from(Mode),
    axis=st.none() | st.sampled_from(Axis),
    data_needs=st.lists(
        st.builds(
            DataNeed, dataset=TITLES, versions=LINES, needed_by=st.none() | MOMENTS, ready=st.booleans()
        ),
        max_size=2,
    ).map(tuple),
    looks=LOOKS,
    candidate=st.none() | LINES,
    owner=LINES,
    priority=st.integers(0, 4),
    labels=st.lists(TITLES, max_size=3).map(tuple),
    kill_rules_off=st.lists(st.sampled_from(KillRuleName).map(str), max_size=2).map(tuple),
    kill_rule_values=st.builds(
        KillRuleValues,
        gap=st.none() | st.decimals("0.001", "10", places=3),
        futility=st.none() | st.decimals("0.001", "0.499", places=3),
    ),
    trackers=TRACKERS,
)
CONTENTS = st.builds(
    lambda content, own: TicketContent.model_validate(dict(content) | own), EXPERIMENTS, OF_A_TYPE
)
LINKS = st.lists(
    st.tuples(st.sampled_from(WRITTEN), st.sampled_from(["EXP-1", "EXP-2", "DATA-7", "SPK-12"])), unique=True
)
REGISTRATIONS = EXPERIMENTS.map(lambda content: registration_of(content, CATALOG))


@settings(max_examples=60)
@given(CONTENTS, st.sampled_from(["text", "structured"]))
def test_ticket_through_yaml_and_json_is_the_same(content, form):
    data = ticket_to_data(content, CATALOG, criteria=form)
    assert ticket_from_data(json.loads(json.dumps(data, allow_nan=False)), CATALOG) == content
    assert ticket_from_data(load_ticket_text(dump_ticket_text(data)), CATALOG) == content


@settings(max_examples=60)
@given(CONTENTS, LINKS)
def test_ticket_file_read_and_written_again_has_the_same_bytes(content, links):
    text = dump_ticket_text({"key": "EXP-1", **ticket_to_data(content, CATALOG), **links_to_data(links)})
    fields = load_ticket_text(text)
    key, found = fields.pop("key"), links_from_data(fields.pop("links", None))
    assert sorted(found) == sorted(links)
    again = {"key": key, **ticket_to_data(ticket_from_data(fields, CATALOG), CATALOG), **links_to_data(found)}
    assert dump_ticket_text(again) == text


@settings(max_examples=60)
@given(CONTENTS)
def test_ticket_as_it_is_stored_reads_back_the_same(content):
    assert TicketContent.model_validate_json(content.model_dump_json()) == content


@settings(max_examples=60)
@given(REGISTRATIONS, st.randoms(use_true_random=False))
def test_digest_does_not_depend_on_order(registration, shuffle: random.Random):
    def mixed(values):
        return tuple(shuffle.sample(values, len(values)))

    other = registration.model_copy(
        update={
            "criteria": mixed(registration.criteria),
            "baseline": mixed(registration.baseline),
            "metrics": mixed(registration.metrics),
        }
    )
    assert registration_digest(other) == registration_digest(registration)
    assert compare(registration, other) == ()


@settings(max_examples=60)
@given(REGISTRATIONS)
def test_digest_survives_storage(registration):
    stored = type(registration).model_validate_json(registration.model_dump_json())
    assert registration_digest(stored) == registration_digest(registration)


def test_digest_is_sha256_over_sorted_compact_json():
    # RFC 8785 and json.dumps agree on this value: ASCII keys, short decimals, small integers.
    content = TicketContent(title="t", hypothesis="h", budget=Budget(gpu_hours=Decimal("24.5")))
    registration = registration_of(content, MetricCatalog())
    text = json.dumps(registration_to_data(registration), sort_keys=True, separators=(",", ":"))
    assert registration_digest(registration) == f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


@settings(max_examples=150)
@given(REGISTRATIONS, REGISTRATIONS, st.integers(0, 4))
def test_what_is_tightened_one_way_is_loosened_the_other(old, new, shared):
    # Neighbouring registrations are more telling than strangers: keep some criteria and baselines in common.
    new = new.model_copy(
        update={"criteria": old.criteria[:shared] + new.criteria, "baseline": new.baseline or old.baseline}
    )
    there, back = compare(old, new), compare(new, old)
    assert Counter(OPPOSITE[c.kind] for c in there) == Counter(c.kind for c in back)
    assert (there == ()) == (registration_digest(old) == registration_digest(new))
    for change in there + back:
        assert change.loosens == (change.kind in ("loosened", "removed")) or change.kind in (
            "changed",
            "removed",
        )


@settings(max_examples=60)
@given(CONTENTS)
def test_problems_never_raise_and_always_say_what_to_do(content):
    for problem in registration_problems(content, CATALOG):
        assert problem.text
        assert problem.fix
        assert problem.field
