"""The short form of criteria: what each line means, and how each mistake is answered."""

import pytest

from assay.domain.experiments.criteria.text import criterion_text, parse_criterion
from assay.domain.kernel.findings import Role
from assay.domain.kernel.metrics import Direction, Metric, MetricCatalog, Unit
from assay.errors import Invalid

CATALOG = MetricCatalog.of(
    [
        Metric(name="accuracy", direction=Direction.HIGHER, unit=Unit.FRACTION),
        Metric(name="f1", direction=Direction.HIGHER, unit=Unit.FRACTION),
        Metric(name="toxicity", direction=Direction.LOWER, unit=Unit.FRACTION),
        Metric(name="latency_p95", direction=Direction.LOWER, unit=Unit.MILLISECONDS, aliases=("p95",)),
        Metric(name="training_time", direction=Direction.LOWER, unit=Unit.HOURS),
        Metric(name="train_loss", direction=Direction.LOWER),
        Metric(name="pii_leaks", direction=Direction.LOWER, unit=Unit.COUNT),
        Metric(name="price", direction=Direction.LOWER, unit=Unit.USD),
        Metric(name="reward", direction=Direction.HIGHER),
    ]
)


def canonical(text):
    role = None if ":" in text else Role.PRIMARY
    return criterion_text(
        parse_criterion(text, metrics=CATALOG, role=role), metrics=CATALOG, with_role=role is None
    )


def refusal(text, role=Role.PRIMARY):
    with pytest.raises(Invalid) as caught:
        parse_criterion(
            text, metrics=CATALOG, role=None if text.startswith(tuple(f"{r}:" for r in Role)) else role
        )
    return caught.value


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        # the nine forms of the specification
        ("accuracy >= 85% on support-eval@3", "accuracy >= 85% on support-eval@3"),
        ("f1 improves by >= 0.03", "f1 improves by >= 3%"),
        ("latency_p95 < 500 ms", "latency_p95 < 500 ms"),
        ("toxicity no worse than baseline by 0.2%", "toxicity no worse than baseline by 0.2%"),
        ("train_loss falls after epoch 1", "train_loss falls after epoch 1"),
        ("kill: compute > 2x budget", "kill: compute > 2x budget"),
        ("kill: accuracy plateau 0.01 over 3 runs", "kill: accuracy plateau 1% over 3 runs"),
        ("kill: accuracy gap > 0.15", "kill: accuracy gap > 15%"),
        ("pii_leaks == 0", "pii_leaks == 0"),
        ("p95 of latency_p95 < 500 ms", "p95 of latency_p95 < 500 ms"),
        ("sd of accuracy <= 3%", "sd of accuracy <= 3%"),
        # other spellings
        ("accuracy \u2265 0.850", "accuracy >= 85%"),
        ("  accuracy   >=85 %  ", "accuracy >= 85%"),
        ("accuracy at least 85%", "accuracy >= 85%"),
        ("accuracy >= 1.0", "accuracy >= 100%"),
        ("KILL: accuracy < 78% AFTER Training", "kill: accuracy < 78% after training"),
        ("f1 improves by at least 3%", "f1 improves by >= 3%"),
        ("f1 improves by 3%", "f1 improves by >= 3%"),
        ("f1 improves by more than 3%", "f1 improves by > 3%"),
        ("f1 improves by 3% relative", "f1 improves by >= 3% relative"),
        (
            "latency_p95 no worse than baseline by 2% relative",
            "latency_p95 no worse than baseline by 2% relative",
        ),
        ("latency_p95 < 0.5 s", "latency_p95 < 500 ms"),
        ("p95 < 0.5 seconds", "latency_p95 < 500 ms"),
        ("training_time <= 90 min", "training_time <= 1.5 h"),
        ("price < 3 usd", "price < 3 USD"),
        ("train_loss improves by 0.1", "train_loss improves by >= 0.1"),
        ("P99.90 OF p95 at most 0.5 s", "p99.9 of latency_p95 <= 500 ms"),
        ("p5 of accuracy >= 0.3", "p5 of accuracy >= 30%"),
        ("kill: p50 of latency_p95 > 1 s", "kill: p50 of latency_p95 > 1000 ms"),
        ("p95 < 2 s", "latency_p95 < 2000 ms"),
        ("stdev of accuracy less than 0.03 on a@3 after 5 seeds", "sd of accuracy < 3% on a@3 after 5 seeds"),
        ("sd of pii_leaks shown <= 2.5", "sd of pii_leaks shown <= 2.5"),
        ("reward >= -5", "reward >= -5"),
        ("reward >= \u22125e-1", "reward >= -0.5"),
        ("reward >= -0", "reward >= 0"),
        ("toxicity < 0.1%", "toxicity < 0.1%"),
        ("kill: train_loss does not fall after step 100", "kill: train_loss does not fall after step 100"),
        ("kill: train_loss diverges", "kill: train_loss diverges"),
        ("compute <= 24 GPU-h", "compute <= 24 GPU-h"),
        ("kill: cost > 500 USD", "kill: cost > 500 USD"),
        ("kill: time > 36 h", "kill: time > 1.5 d"),
        ("accuracy >= 85% after 3 seeds on support-eval", "accuracy >= 85% on support-eval after 3 seeds"),
        ("accuracy >= 85% after 5 runs", "accuracy >= 85% after 5 runs"),
    ],
)
def test_line_in_any_spelling_means_its_canonical_line(written, meant):
    assert canonical(written) == meant
    assert canonical(meant) == meant


@pytest.mark.parametrize(
    ("text", "code", "place"),
    [
        ("accuracy >= 85", "criterion-ambiguous", "85"),
        ("accuracy >= 1", "criterion-ambiguous", "1"),
        ("accuracy >= 0.85%", "criterion-ambiguous", "0.85%"),
        ("p50 of accuracy > 0.85%", "criterion-ambiguous", "0.85%"),
        ("latency_p95 < 500", "criterion-ambiguous", "500"),
        ("latency_p95 no worse than baseline by 2%", "criterion-ambiguous", "2%"),
        ("f1 improves by 2 relative", "criterion-ambiguous", "2 relative"),
        ("accuracy >= 850", "criterion-range", "850"),
        ("accuracy >= 101%", "criterion-range", "101%"),
        ("accuracy >= -1%", "criterion-range", "-1%"),
        ("f1 improves by -0.1", "criterion-range", "-0.1"),
        ("pii_leaks <= -1", "criterion-range", "-1"),
        ("latency_p95 < 5 USD", "criterion-unit", "5 USD"),
        ("training_time < 10 min", "criterion-unit", "10 min"),
        ("train_loss < 5%", "criterion-unit", "5%"),
        ("train_loss < 5 ms", "criterion-unit", "5 ms"),
        ("accuracy >= 5 ms", "criterion-unit", "5 ms"),
        ("price < 3", "criterion-unit", "3"),
        ("p100 of latency_p95 < 5 ms", "criterion-range", "p100"),
        ("p0.9 of latency_p95 < 5 ms", "criterion-range", "p0.9"),
        ("p95.25 of latency_p95 < 5 ms", "criterion-range", "p95.25"),
        ("p95 of latency_p95 < 500", "criterion-ambiguous", "500"),
        ("p95 of latency_p95 < 10%", "criterion-unit", "10%"),
        ("p95 of latency_p95 == 5 ms", "criterion-syntax", "=="),
        ("p95 of latency_p95 > 5 ms", "criterion-direction", ">"),
        ("p95 of speed < 5 ms", "metric-unknown", "speed"),
        ("mean of latency_p95 < 5 ms", "criterion-syntax", "mean"),
        ("p95 latency_p95 < 5 ms", "criterion-syntax", "l"),
        ("sd of accuracy >= 3%", "criterion-syntax", ">="),
        ("sd of accuracy <= 3", "criterion-ambiguous", "3"),
        ("sd of accuracy <= 0%", "criterion-range", "0%"),
        ("sd of accuracy <= 3% relative", "criterion-unit", "3% relative"),
        ("kill: sd of accuracy <= 3%", "criterion-direction", "kill: sd of accuracy <= 3%"),
        ("accuracy >= 85% relative", "criterion-unit", "85% relative"),
        ("kill: compute > 24", "criterion-unit", "24"),
        ("kill: time > 3 GPU-h", "criterion-unit", "3 GPU-h"),
        ("acuracy >= 85%", "metric-unknown", "acuracy"),
        ("Accuracy >= 85%", "metric-unknown", "Accuracy"),
        ("accuracy <= 85%", "criterion-direction", "<="),
        ("train_loss >= 0.9", "criterion-direction", ">="),
        ("kill: accuracy > 90%", "criterion-direction", ">"),
        ("compute > 2x budget", "criterion-direction", ">"),
        ("kill: compute <= 24 GPU-h", "criterion-direction", "<="),
        ("train_loss diverges", "criterion-direction", "train_loss diverges"),
        ("kill: f1 improves by 3%", "criterion-direction", "kill: f1 improves by 3%"),
        ("accuracy => 85%", "criterion-syntax", "="),
        ("accuracy = 85%", "criterion-syntax", "="),
        ("accuracy >= 0,85", "criterion-number", "0"),
        ("accuracy >= 0.1234567890123456789", "criterion-number", "0.1234567890123456789"),
        ("accuracy >= 85% and f1 >= 80%", "criterion-syntax", "a"),
        ("accuracy >= 85% on", "criterion-syntax", ""),
        ("accuracy >= 85% on a b", "criterion-syntax", "b"),
        ("accuracy >= 85% after 0 seeds", "criterion-range", "0"),
        ("accuracy >= 85% after 3", "criterion-syntax", ""),
        ("kill: accuracy plateau 0.01 over 1 runs", "criterion-range", "1"),
        ("kill: accuracy plateau 1% relative over 3 runs", "criterion-unit", "1% relative"),
        ("kill: accuracy gap < 15%", "criterion-syntax", "<"),
        ("wish: accuracy >= 85%", "criterion-syntax", "wish:"),
        ("", "criterion-syntax", ""),
    ],
)
def test_mistake_in_a_line_is_refused_pointing_at_its_place(text, code, place):
    error = refusal(text)
    assert error.code == code
    start, end = error.details["position"], error.details["end"]
    assert text[start:end] == place
    line, caret = error.message.splitlines()[-2:]
    assert line == f"  {text}"
    assert len(caret) - len(caret.lstrip()) == start + 2


@pytest.mark.parametrize(
    ("text", "readings"),
    [
        ("accuracy >= 85 on support-eval@3", ["accuracy >= 85% on support-eval@3"]),
        ("accuracy >= 1", ["accuracy >= 100%", "accuracy >= 1%"]),
        (
            "latency_p95 no worse than baseline by 2%",
            [
                "latency_p95 no worse than baseline by 2% relative",
                "latency_p95 no worse than baseline by 2 ms",
            ],
        ),
        ("latency_p95 < 500", ["latency_p95 < 500 ms", "latency_p95 < 500 s"]),
        ("f1 improves by 2 relative", ["f1 improves by 2% relative", "f1 improves by 200% relative"]),
        ("acuracy >= 85%", ["accuracy >= 85%"]),
        ("median of latency_p95 < 5 ms", ["p50 of latency_p95 < 5 ms"]),
        ("p95 of latency_p95 < 500", ["p95 of latency_p95 < 500 ms", "p95 of latency_p95 < 500 s"]),
        ("sd of accuracy >= 3%", ["sd of accuracy <= 3%", "sd of accuracy < 3%"]),
        ("accuracy <= 85%", ["accuracy >= 85%"]),
        ("kill: compute > 24", ["kill: compute > 24x budget", "kill: compute > 24 GPU-h"]),
    ],
)
def test_line_that_could_mean_two_things_is_refused_with_readings_that_parse(text, readings):
    error = refusal(text)
    assert error.details["readings"] == readings
    for reading in readings:
        assert reading in error.hint
    assert len({canonical(reading) for reading in readings}) == len(readings)


def test_percent_and_fraction_of_the_same_size_are_the_same_criterion():
    assert parse_criterion("primary: accuracy >= 85%", metrics=CATALOG) == parse_criterion(
        "primary: accuracy >= 0.85", metrics=CATALOG
    )


def test_bare_85_on_a_fraction_shows_what_it_would_be():
    assert "85% (that is 0.85)" in refusal("accuracy >= 85").message
    assert "not a fraction" in refusal("accuracy >= 85").message


def test_undeclared_metric_says_how_to_declare_it():
    assert "assay metric add speed" in refusal("speed >= 85%").hint


def test_beginning_of_a_metric_name_is_offered_as_the_metric():
    assert refusal("acc >= 85%").details["expected"] == ["accuracy"]


def test_missing_role_is_refused_with_the_four_roles():
    error = refusal("accuracy >= 85%", role=None)
    assert error.code == "criterion-role-missing"
    assert error.details["expected"] == ["primary:", "secondary:", "blocking:", "kill:"]


def test_role_in_the_text_that_differs_from_its_list_is_refused():
    with pytest.raises(Invalid, match="the list it stands in says primary") as caught:
        parse_criterion("kill: accuracy < 78%", metrics=CATALOG, role=Role.PRIMARY)
    assert caught.value.code == "criterion-role-conflict"


@pytest.mark.parametrize("text", ["cost < 3 USD", "kill: cost > 3 USD"])
def test_word_for_a_resource_and_a_metric_of_that_name_is_refused_with_both(text):
    catalog = MetricCatalog.of([Metric(name="cost", direction=Direction.LOWER, unit=Unit.USD)])
    with pytest.raises(Invalid) as caught:
        parse_criterion(text, metrics=catalog, role=None if ":" in text else Role.PRIMARY)
    assert caught.value.code == "criterion-ambiguous"
    metric, resource = caught.value.details["readings"]
    for reading in (metric, resource):
        criterion = parse_criterion(reading, metrics=catalog, role=None if ":" in text else Role.PRIMARY)
        assert criterion_text(criterion, metrics=catalog, with_role=":" in text) == reading
    assert (
        parse_criterion(metric, metrics=catalog, role=None if ":" in text else Role.PRIMARY).metric == "cost"
    )


def test_equality_says_nothing_about_direction_and_is_allowed_in_every_role():
    for role in Role:
        assert parse_criterion("pii_leaks == 0", metrics=CATALOG, role=role).role is role


@pytest.mark.parametrize(
    ("text", "readings"),
    [
        ("accuracy >= 0.85%", ["accuracy >= 85%", "accuracy >= 0.0085"]),
        ("accuracy > 0.99 %", ["accuracy > 99%", "accuracy > 0.0099"]),
        ("kill: accuracy < 0.5%", ["kill: accuracy < 50%", "kill: accuracy < 0.005"]),
        ("f1 >= 0.01%", ["f1 >= 1%", "f1 >= 0.0001"]),
    ],
)
def test_percentage_below_one_of_what_should_be_high_is_asked_about_and_both_readings_are_accepted(
    text, readings
):
    error = refusal(text)
    assert (error.code, error.details["readings"]) == ("criterion-ambiguous", readings)
    assert [canonical(reading) for reading in readings] == readings


@pytest.mark.parametrize(
    "text",
    [
        "toxicity < 0.85%",
        "kill: toxicity > 0.85%",
        "accuracy >= 0%",
        "accuracy >= 1%",
        "accuracy >= 0.001%",
        "accuracy improves by >= 0.5%",
        "accuracy no worse than baseline by 0.2%",
        "sd of accuracy <= 0.5%",
        "accuracy >= 0.0085",
    ],
)
def test_small_percentage_that_has_one_reading_is_taken_as_written(text):
    assert canonical(text) == text
