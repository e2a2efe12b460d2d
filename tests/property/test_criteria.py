"""Criteria: text and structured form lose nothing, and no text does harm."""

import json
import time
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from assay.domain.experiments.criteria.draft import good_news
from assay.domain.experiments.criteria.model import (
    Comparison,
    Condition,
    Criterion,
    CurveFalls,
    DatasetRef,
    Diverges,
    Gap,
    Improvement,
    Margin,
    NonInferiority,
    Percentile,
    Plateau,
    Quantity,
    ResourceUse,
    Spread,
    Threshold,
)
from assay.domain.experiments.criteria.structured import (
    checked_criterion,
    criteria_from_data,
    criteria_to_data,
    criterion_from_data,
    criterion_to_data,
)
from assay.domain.experiments.criteria.text import criterion_text, parse_criterion
from assay.domain.experiments.exact_numbers import fits, plain
from assay.domain.kernel.findings import Role
from assay.domain.kernel.metrics import Direction, Metric, MetricCatalog, Unit
from assay.errors import Invalid
from assay.workflows.ticket_file import dump_ticket_text, load_ticket_text

TRICKY_NAMES = (
    "compute",
    "Cost",
    "time",
    "metric",
    "resource",
    "p95",
    "sd",
    "of",
    "shown",
    "kill",
    "no",
    "gap",
    "does",
    "eval/f1-macro.v2",
    "_",
)
METRICS = [
    Metric(name=f"{unit.name.lower()}_{direction}", direction=direction, unit=unit)
    for unit in Unit
    for direction in Direction
] + [Metric(name=name, direction=Direction.LOWER, unit=Unit.FRACTION) for name in TRICKY_NAMES]
CATALOG = MetricCatalog.of(METRICS)


def decimals(low, high):
    """Exact numbers the model can hold, with anything from 0 to 17 places."""
    return (
        st.integers(0, 17)
        .flatmap(lambda places: st.decimals(low, high, places=places, allow_nan=False, allow_infinity=False))
        .filter(fits)
    )


def amounts(metric, *, signed):
    if metric.unit is Unit.FRACTION:
        return decimals(0, 1)
    return decimals(-(10**9) if signed and metric.unit is not Unit.COUNT else 0, 10**9)


def margins(metric):
    own = amounts(metric, signed=False).map(lambda value: Margin(value=value, unit=metric.unit))
    return own | decimals(0, 10).map(lambda value: Margin(value=value, relative=True))


def own_margins(metric):
    return amounts(metric, signed=False).map(lambda value: Margin(value=value, unit=metric.unit))


UP = st.sampled_from([Comparison.AT_LEAST, Comparison.ABOVE])
DOWN = st.sampled_from([Comparison.AT_MOST, Comparison.BELOW])
PERCENTS = st.integers(10, 999).map(lambda tenths: plain(Decimal(tenths) / 10))


def metric_tests(metric):
    name = st.just(metric.name)
    quantities = amounts(metric, signed=True).map(lambda value: Quantity(value=value, unit=metric.unit))
    return st.one_of(
        st.builds(Threshold, metric=name, comparison=st.sampled_from(Comparison), value=quantities),
        st.builds(Improvement, metric=name, comparison=UP, margin=margins(metric)),
        st.builds(NonInferiority, metric=name, margin=margins(metric)),
        st.builds(Percentile, metric=name, percent=PERCENTS, comparison=UP | DOWN, value=quantities),
        st.builds(
            Spread,
            metric=name,
            comparison=DOWN,
            limit=own_margins(metric).filter(lambda margin: margin.value > 0),
            claim=st.booleans(),
        ),
        st.builds(
            CurveFalls,
            metric=name,
            after_step=st.integers(0, 10**9),
            step_name=st.sampled_from(["epoch", "step"]),
            negated=st.booleans(),
        ),
        st.builds(Diverges, metric=name),
        st.builds(Plateau, metric=name, tolerance=own_margins(metric), runs=st.integers(2, 1000)),
        st.builds(Gap, metric=name, comparison=UP, value=own_margins(metric)),
    )


RESOURCES = st.sampled_from(
    [(r, u) for r, own in (("compute", "GPU-h"), ("cost", "USD"), ("time", "d")) for u in ("x budget", own)]
).flatmap(
    lambda pair: st.builds(
        ResourceUse,
        resource=st.just(pair[0]),
        unit=st.just(pair[1]),
        comparison=st.sampled_from([c for c in Comparison if c is not Comparison.EQUAL]),
        amount=decimals(0, 10**9),
    )
)
DATASETS = st.none() | st.builds(
    DatasetRef,
    name=st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.\-/]{0,99}", fullmatch=True),
    version=st.none() | st.from_regex(r"[A-Za-z0-9_.\-]{1,40}", fullmatch=True),
)
CONDITIONS = (
    st.none()
    | st.just(Condition(kind="training"))
    | st.builds(Condition, kind=st.sampled_from(["seeds", "runs"]), count=st.integers(1, 10_000))
)


def with_role(test, dataset, after, role):
    """The criterion in a role that makes sense: claims are good news, kills bad news."""
    metric = CATALOG.get(getattr(test, "metric", ""))
    good = good_news(test, metric.direction if metric else None)
    if good is not None and good == (role is Role.KILL):
        role = Role.PRIMARY if role is Role.KILL else Role.KILL
    return Criterion(role=role, test=test, dataset=dataset, after=after)


CRITERIA = st.builds(
    with_role,
    st.one_of(st.sampled_from(METRICS).flatmap(metric_tests), RESOURCES),
    DATASETS,
    CONDITIONS,
    st.sampled_from(Role),
)


@given(CRITERIA)
def test_criterion_printed_and_parsed_is_the_same(criterion):
    text = criterion_text(criterion, metrics=CATALOG, with_role=True)
    assert parse_criterion(text, metrics=CATALOG) == criterion
    assert text.isascii()
    without_role = criterion_text(criterion, metrics=CATALOG)
    assert parse_criterion(without_role, metrics=CATALOG, role=criterion.role) == criterion


@given(CRITERIA)
def test_criterion_through_json_is_the_same(criterion):
    data = json.loads(json.dumps(criterion_to_data(criterion), allow_nan=False))
    assert criterion_from_data(data, CATALOG) == criterion
    assert checked_criterion(criterion, CATALOG) == criterion


@given(st.lists(CRITERIA, max_size=6), st.sampled_from(["text", "structured"]))
def test_criteria_by_role_through_yaml_are_the_same_in_role_order(criteria, form):
    data = criteria_to_data(criteria, form=form, metrics=CATALOG)
    back = criteria_from_data(load_ticket_text(dump_ticket_text({"criteria": data}))["criteria"], CATALOG)
    assert back == tuple(sorted(criteria, key=lambda c: list(Role).index(c.role)))


def scrambled(text, flips, spaces):
    """The same criterion as somebody else would type it: other case of keywords, other signs, other spaces."""
    words = text.split(" ")
    names = {metric.name for metric in METRICS}
    for place, word in enumerate(tuple(words)):
        if flips[place % len(flips)] and word not in names and words[place - 1].lower() != "on":
            words[place] = word.upper().replace(">=", "\u2265").replace("<=", "\u2264")
    return "".join(word + spaces[place % len(spaces)] for place, word in enumerate(words))


@given(
    CRITERIA,
    st.lists(st.booleans(), min_size=1, max_size=7),
    st.lists(st.sampled_from([" ", "  ", "\t", "\u00a0", " \u2009"]), min_size=1, max_size=5),
)
def test_spelling_of_keywords_and_spaces_does_not_matter(criterion, flips, spaces):
    text = scrambled(criterion_text(criterion, metrics=CATALOG, with_role=True), flips, spaces)
    if len(text) <= 500:
        assert parse_criterion(text, metrics=CATALOG) == criterion


def refusal_of(read):
    """What reading raises, None when it succeeds. Anything but Invalid is a failure of the test."""
    try:
        read()
    except Invalid as error:
        return error
    return None


def parse_or_refuse(text, catalog=CATALOG):
    """Parse as anything; on refusal check what the error promises. Nothing else may be raised."""
    error = refusal_of(lambda: parse_criterion(text, metrics=catalog, role=Role.PRIMARY))
    if error is None:
        return parse_criterion(text, metrics=catalog, role=Role.PRIMARY)
    details = error.details
    assert 0 <= details["position"] <= details["end"] <= max(len(text), details["position"] + 1)
    assert len(details["line"]) == min(len(text), 500)
    assert details["expected"]
    assert error.hint
    json.dumps([error.message, error.hint, details]).encode("utf-8")
    error.message.encode("utf-8")
    return None


@given(st.text(max_size=600) | st.text(alphabet=st.characters(codec=None), max_size=60))
@example("\ud800")
@example("accuracy >= \x00")
def test_any_text_parses_or_is_refused_with_a_place(text):
    criterion = parse_or_refuse(text)
    assert (
        criterion is None
        or parse_criterion(criterion_text(criterion, metrics=CATALOG), metrics=CATALOG, role=Role.PRIMARY)
        == criterion
    )


TOKENS = [
    "primary:", "kill:", ":", "fraction_higher", "number_lower", "ms_lower", "milliseconds_lower", "count_lower", "cost", "compute",
    "time", "metric", "resource", ">=", "<=", ">", "<", "==", "\u2265", "85", "0.85", "1", "-0", "1e3", "1e-19", "%", "ms", "s", "GPU-h",
    "x", "budget", "relative", "improves", "by", "at", "least", "no", "worse", "than", "baseline", "falls", "does", "not", "fall",
    "p95", "P99.9", "p0", "sd", "of", "shown", "after", "epoch", "step", "diverges", "plateau", "over", "3", "runs", "seeds", "gap", "on", "a@1", "training", "@", "(", "\u202e",
]  # fmt: skip


@settings(max_examples=400)
@given(st.lists(st.sampled_from(TOKENS), max_size=14), st.sampled_from([" ", ""]))
def test_any_sequence_of_words_parses_to_a_stable_spelling_or_is_refused(tokens, glue):
    criterion = parse_or_refuse(glue.join(tokens))
    if criterion is not None:
        text = criterion_text(criterion, metrics=CATALOG)
        again = parse_criterion(text, metrics=CATALOG, role=criterion.role)
        assert again == criterion
        assert criterion_text(again, metrics=CATALOG) == text


@given(CRITERIA, st.data())
def test_one_broken_character_never_passes_as_something_unprintable(criterion, data):
    text = criterion_text(criterion, metrics=CATALOG)
    place = data.draw(st.integers(0, len(text)))
    parse_or_refuse(text[:place] + data.draw(st.characters(codec=None)) + text[place + 1 :])


HOSTILE = [
    "(" * 10_000,
    "(" * 499,
    "__import__('os').system('true')",
    "9**9**9",
    "fraction_higher >= " + "9" * 5000,
    "fraction_higher >= " + "9" * 450,
    "fraction_higher >= 0." + "0" * 450 + "1",
    "fraction_higher >= NaN",
    "fraction_higher >= Infinity",
    "fraction_higher >= -inf",
    "fraction_higher >= 1e999",
    "fraction_higher >= 1e-999",
    "fraction_higher >= 1e" + "9" * 400,
    "fraction_higher >= 0x10",
    "fraction_higher >= 1_000",
    "fraction_higher >= \uff18\uff15%",
    "fraction_higher >= 85\uff05",
    "fraction_higher >= 85%\x00",
    "\x00",
    "\ufeffkill: fraction_higher < 1%",
    "fraction_higher\u200b >= 85%",
    "fraction_higher >= 85% \u202eno",
    "\ud800\udc00",
    "fr\u0430ction_higher >= 85%",
    "a" * 500,
    "a." * 250,
    " " * 500,
    "\n" * 500,
    "fraction_higher " * 31,
    "after " * 83,
    "fraction_higher >= 85% on " + "a" * 470,
    "fraction_higher >= 85% on a@" + "1" * 400,
    "train_loss falls after epoch " + "9" * 400,
    "p" + "9" * 400 + " of ms_lower < 5 ms",
    "p95." + "0" * 400 + "1 of ms_lower < 5 ms",
    "p\uff19\uff15 of ms_lower < 5 ms",
    "sd of " * 80,
    "sd of fraction_higher <= -3%",
    "{0.__class__}",
    "{{7*7}}",
    "<img onerror=alert(1)>",
    "'; DROP TABLE tickets; --",
    "%s%s%s%n",
    "x" * 1_000_000,
]


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text[:24]))
def test_hostile_text_is_refused_at_once(text):
    started = time.thread_time()
    assert parse_or_refuse(text) is None
    assert time.thread_time() - started < 0.5


@pytest.mark.parametrize(
    "value", [None, 3, 3.5, True, b"accuracy", ["accuracy"], {"a": 1}, pytest.param(object(), id="an object")]
)
def test_what_is_no_text_is_refused_by_the_parser(value):
    with pytest.raises(Invalid) as caught:
        parse_criterion(value, metrics=CATALOG, role=Role.PRIMARY)
    assert caught.value.code == "criterion-syntax"


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
FIELDS = ["role", "kind", "metric", "resource", "comparison", "value", "margin", "amount", "tolerance", "unit", "relative", "runs",
          "after_step", "step_name", "negated", "percent", "limit", "claim", "dataset", "after", "is_admin"]  # fmt: skip


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(CRITERIA, st.dictionaries(st.sampled_from(FIELDS), JSON_VALUES, max_size=3))
def test_data_with_any_values_is_read_or_refused_naming_the_path(criterion, changed):
    data = criterion_to_data(criterion) | changed
    error = refusal_of(lambda: criterion_from_data(data, CATALOG, path="criteria.primary[0]"))
    if error is not None:
        assert error.field.startswith("criteria.primary[0]")
        json.dumps([error.message, error.hint, error.details], allow_nan=False).encode("utf-8")


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=0, max_value=1))
def test_a_float_threshold_means_its_shortest_decimal_or_is_refused(value):
    data = {"metric": "fraction_higher", "comparison": ">=", "value": value, "unit": "fraction"}
    error = refusal_of(lambda: criterion_from_data(data, CATALOG, role=Role.PRIMARY))
    if error is None:
        assert float(criterion_from_data(data, CATALOG, role=Role.PRIMARY).test.value.value) == value
    else:
        assert not fits(Decimal(repr(value)))
        assert error.field == "criterion.value"
