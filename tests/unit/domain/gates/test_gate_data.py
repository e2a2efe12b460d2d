"""Gate files: what they mean, what is inferred, and how each mistake is answered."""

from decimal import Decimal

import pytest

from assay.domain.experiments.criteria.model import Comparison, Margin
from assay.domain.experiments.criteria.text import criterion_text
from assay.domain.gates.gate import GateSettings, GoldenCheck, RegressionCheck
from assay.domain.gates.gate_data import gate_digest, gate_from_data, gate_name, gate_to_data
from assay.domain.gates.gate_metrics import inferred_metrics, with_metrics
from assay.domain.gates.gate_template import TEMPLATES, gate_template
from assay.domain.gates.gate_text import check_text
from assay.domain.kernel.findings import Role
from assay.domain.kernel.metrics import Direction, Metric, Unit
from assay.errors import Invalid
from assay.workflows.gate_file import gate_from_text, gate_to_text

ACCURACY = 'criteria: ["accuracy >= 85%"]\n'
FULL = """
gate: answer-quality
version: 3
description: Answers of the support assistant.
dataset: support-eval@3
metrics: {latency_ms: {direction: lower, unit: ms, aliases: [latency], decimals: 0}}
criteria: [accuracy >= 85%, accuracy no worse than baseline by 2%, p95 of latency < 0.5 s]
blocking: [toxicity < 0.1% on adversarial, pii_leaks == 0]
secondary: [sd of accuracy <= 3%, f1 improves by 2% relative]
checks:
  - slices: {by: [language, topic], margin: 3%, must_see: 10%}
  - regression: {margin: 2%, others: 2% relative, margins: {latency_ms: 0.02 s, f1: 0.5%}, except: [cost]}
  - golden: {file: golden.csv}
  - golden: [1, b]
  - fairness: {by: gender, metric: accuracy, gap: 5%, claim: true}
  - consistency: {sd: 3%, seeds: 5}
  - reliability: {metric: correct, pass^3: 40%}
  - {reliability: {metric: correct, pass@5: 0.9}, role: secondary}
  - leakage: {against: train.jsonl, text: input, near: 0.9, near_limit: 1%}
  - {items: {monitoring configured: yes, rollback tested: no, card: {done: yes, evidence: docs/card.md}, audit: unknown, plan: {file: plan.md, says: [roll back]}, tests: {tests: junit.xml}, base: {known: baseline}}, role: blocking}
  - regression
settings: {alpha: 1%, mode: point, looks: [5, 10], sequential: true, unmatched_limit: 0.5%}
"""


def read(text):
    return gate_from_text(text)


def refusal(text):
    with pytest.raises(Invalid) as caught:
        gate_from_text(text)
    return caught.value


def texts(gate, role):
    return [criterion_text(criterion) for criterion in gate.criteria if criterion.role is role]


def test_smallest_gate_is_one_line_and_takes_its_name_from_the_file():
    gate = gate_from_text('criteria: ["accuracy >= 85%"]', file="gates/Answer quality.yaml")
    assert (gate.name, gate.version, gate.settings) == ("Answer-quality", 1, GateSettings())
    assert texts(gate, Role.PRIMARY) == ["accuracy >= 85%"]


def test_gate_with_everything_means_what_it_says():
    gate = read(FULL)
    assert (gate.name, gate.version, gate.dataset.version) == ("answer-quality", 3, "3")
    assert texts(gate, Role.PRIMARY) == [
        "accuracy >= 85%",
        "accuracy no worse than baseline by 2%",
        "p95 of latency_ms < 500 ms",
    ]
    assert texts(gate, Role.BLOCKING) == ["toxicity < 0.1% on adversarial", "pii_leaks == 0"]
    assert texts(gate, Role.SECONDARY) == ["sd of accuracy <= 3%", "f1 improves by >= 2% relative"]
    assert [check_text(check, gate) for check in gate.checks] == [
        "accuracy in no slice by language, topic worse than baseline by 3%",
        "no shared metric worse than baseline by 2% (no fraction: 2% relative)",
        "accuracy exactly right on golden examples of golden.csv",
        "accuracy exactly right on 2 golden examples",
        "gap of accuracy by gender shown <= 5%",
        "sd of accuracy <= 3% after 5 seeds",
        "pass^3 of correct >= 40%",
        "pass@5 of correct >= 90%",
        "no overlap with train.jsonl",
        "done: monitoring configured, rollback tested, card, audit, plan and 2 more",
        "no shared metric worse than baseline by 2% (no fraction: 2% relative)",
    ]
    assert [check.role.value for check in gate.checks].count("primary") == 9
    assert gate.checks[1].margins[0].margin == Margin(value=Decimal(20), unit=Unit.MILLISECONDS)
    assert [(item.name, item.done) for item in gate.checks[9].items] == [
        ("monitoring configured", True), ("rollback tested", False), ("card", True), ("audit", None),
        ("plan", None), ("tests", None), ("base", None),
    ]  # fmt: skip
    assert gate.settings == GateSettings(
        alpha=0.01, mode="point", looks={"stages": (5, 10)}, sequential=True, unmatched_limit=Decimal("0.005")
    )


@pytest.mark.parametrize(
    "text", [ACCURACY, FULL, *map(gate_template, TEMPLATES, TEMPLATES)], ids=["smallest", "full", *TEMPLATES]
)
@pytest.mark.parametrize("form", ["text", "structured"])
def test_gate_written_and_read_is_the_same(text, form):
    gate = read(text)
    assert gate_from_data(gate_to_data(gate, criteria=form)) == gate
    assert gate_from_text(gate_to_text(gate)) == gate
    assert gate_to_text(gate_from_text(gate_to_text(gate))) == gate_to_text(gate)


def test_what_stands_at_its_default_is_not_written():
    gate = read(f"{ACCURACY}settings: {{alpha: 0.05, mode: bound, looks: [3, 5, 8, 10]}}\n")
    assert gate_to_data(gate) == {"gate": "gate", "version": 1, "criteria": ["accuracy >= 85%"]}


def test_template_asks_what_the_product_promises_by_default():
    gate = read(gate_template("answers"))
    primary, blocking = texts(gate, Role.PRIMARY), texts(gate, Role.BLOCKING)
    assert primary == [
        "accuracy >= 90%",
        "precision >= 88%",
        "recall >= 85%",
        "p95 of latency_ms < 500 ms",
        "sd of accuracy < 3% after 5 seeds",
    ]
    assert blocking == ["toxicity < 0.1% on adversarial", "hallucination < 5% on factual", "pii_leaks == 0"]
    assert [check.kind for check in gate.checks] == ["regression", "slices", "golden", "fairness", "items"]
    assert gate.checks[0] == RegressionCheck()
    assert not any(item.done for item in gate.checks[4].items)


@pytest.mark.parametrize(
    ("lines", "metric", "direction", "unit", "because"),
    [
        (["accuracy >= 85%"], "accuracy", "higher", "fraction", "'accuracy >= 85%': % means a fraction, >= means higher is better"),
        (["toxicity < 0.1%"], "toxicity", "lower", "fraction", "'toxicity < 0.1%': % means a fraction, < means lower is better"),
        (["loss <= 0.35"], "loss", "lower", None, "'loss <= 0.35': <= means lower is better"),
        (["p95 of latency < 2 s", "latency < 500 ms"], "latency", "lower", "ms",
         "'p95 of latency < 2000 ms': it is measured in ms, < means lower is better"),
        (["leaks == 0"], "leaks", "lower", None, "'leaks == 0': == 0 means lower is better"),
        (["exact == 100%"], "exact", "higher", "fraction", "'exact == 100%': % means a fraction, == 100% means higher is better"),
        (["f1 improves by 2% relative"], "f1", None, None, "nothing says which way is better"),
        (["f1 no worse than baseline by 2%"], "f1", None, "fraction",
         "'f1 no worse than baseline by 2%': % means a fraction; nothing says which way is better"),
        (["accuracy >= 0.85", "accuracy no worse than baseline by 2%"], "accuracy", "higher", "fraction",
         "'accuracy >= 85%': % means a fraction, >= means higher is better"),
        (["cost_usd < 3 USD"], "cost_usd", "lower", "USD", "'cost_usd < 3 USD': it is measured in USD, < means lower is better"),
    ],
)  # fmt: skip
def test_numbers_of_the_gate_say_what_a_metric_is(lines, metric, direction, unit, because):
    (found,) = [one for one in inferred_metrics(gate_from_data({"criteria": lines})) if one.metric == metric]
    assert (found.direction, found.unit, found.because) == (direction, unit, because)


def test_metric_that_only_a_check_names_is_inferred_from_the_check():
    gate = read(
        f"{ACCURACY}checks: [reliability: {{metric: correct, pass^3: 40%}}, fairness: {{by: g, metric: f1, gap: 5%}}]"
    )
    found = {one.metric: (one.direction, one.unit) for one in inferred_metrics(gate)}
    assert found["correct"] == (Direction.HIGHER, Unit.FRACTION)
    assert found["f1"] == (None, Unit.FRACTION)


def test_unit_that_a_declaration_leaves_open_is_taken_from_the_numbers():
    gate = gate_from_data(
        {
            "metrics": {"f1": {"direction": "higher"}, "wait": {"direction": "lower", "aliases": ["delay"]}},
            "criteria": ["accuracy >= 85%", "p95 of delay < 2 s"],
            "checks": [{"fairness": {"by": "g", "metric": "f1", "gap": "5%"}}],
        }
    )
    assert [(m.name, m.unit.value) for m in gate.metrics] == [("f1", "fraction"), ("wait", "s")]
    assert gate_from_data(gate_to_data(gate)) == gate


def test_declared_metric_is_not_inferred():
    gate = read('criteria: ["latency < 500 ms"]\nmetrics: {latency: {direction: lower, unit: s}}')
    assert inferred_metrics(gate) == ()
    assert texts(gate, Role.PRIMARY) == ["latency < 0.5 s"]


def test_declaration_of_the_evaluation_outranks_what_was_inferred():
    gate = read('criteria: ["exact_match >= 0.85"]')
    told = with_metrics(gate, [Metric(name="exact_match", direction=Direction.HIGHER, unit=Unit.FRACTION)])
    assert texts(told, Role.PRIMARY) == ["exact_match >= 85%"]
    alone = with_metrics(gate)
    assert [(m.name, m.unit) for m in alone.metrics] == [("exact_match", Unit.NUMBER)]


def test_unit_that_the_evaluation_leaves_open_is_the_inferred_one():
    told = with_metrics(read(ACCURACY), [Metric(name="accuracy", direction=Direction.HIGHER)])
    assert told.metrics[0].unit is Unit.FRACTION


def test_declaration_of_the_gate_outranks_that_of_the_evaluation():
    gate = read('criteria: ["score >= 3"]\nmetrics: {score: {direction: higher}}')
    told = with_metrics(
        gate, [Metric(name="score", direction=Direction.LOWER), Metric(name="f1", direction=Direction.HIGHER)]
    )
    assert [(m.name, m.direction.value) for m in told.metrics] == [("f1", "higher"), ("score", "higher")]


@pytest.mark.parametrize(
    ("line", "metric", "code"),
    [
        ("error >= 85%", Metric(name="error", direction=Direction.LOWER, unit=Unit.FRACTION), "criterion-direction"),
        ("accuracy >= 85", Metric(name="accuracy", direction=Direction.HIGHER, unit=Unit.FRACTION), "criterion-ambiguous"),
        ("latency < 500", Metric(name="latency", direction=Direction.LOWER, unit=Unit.MILLISECONDS), "criterion-ambiguous"),
    ],
)  # fmt: skip
def test_criterion_that_means_nothing_good_in_the_evaluation_is_refused(line, metric, code):
    with pytest.raises(Invalid) as caught:
        with_metrics(gate_from_data({"criteria": [line]}), [metric])
    assert caught.value.code == code


def test_metric_whose_good_direction_nobody_states_stays_undeclared():
    gate = with_metrics(gate_from_data({"criteria": ["accuracy >= 85%", "f1 improves by 2%"]}))
    assert [metric.name for metric in gate.metrics] == ["accuracy"]


@pytest.mark.parametrize(
    ("text", "field", "fact", "example"),
    [
        ("[]", None, "found a list", "accuracy >= 85%"),
        ("criterias: [a]", "criterias", "(expected criteria)", "did you mean criteria?"),
        ('criteria: ["accuracy => 85%"]', "criteria[0]", "found '=>'", "at character 10"),
        ('criteria: ["accuracy >= 85%", "accuracy < 90%"]', "criteria[1]", "accuracy is higher-is-better", "write `accuracy > 90%`"),
        ('criteria: ["kill: accuracy < 70%"]', "criteria[0]", "says kill", "primary:"),
        ("criteria: [blocking: toxicity < 1%]", "criteria[0]", "the role blocking in front", "move it to 'blocking:'"),
        ('criteria: ["cost <= 3 USD"]', "criteria[0]", "about a ticket's runs", "write 'metric cost ...'"),
        ('criteria: ["loss diverges"]', "criteria[0]", "about a ticket's runs", "put it on the ticket"),
        ('criteria: [{kind: threshold, metric: a, comparison: ">=", valu: 3}]', "criteria[0].valu", "(expected value)", "did you mean value?"),
        ('criteria: ["accuracy >= 85%", "accuracy >= 0.85"]', "criteria", "'accuracy >= 85%' stands twice", "once"),
        ('secondary: ["accuracy >= 85%"]', "", "nothing in this gate can fail", "a primary or blocking"),
        ("gate: x", "", "nothing in this gate can fail", "a primary or blocking"),
        ("gate: a b\n" + ACCURACY, "gate", "found 'a b'", "such as a-b"),
        ("version: 0\n" + ACCURACY, "version", "found the number 0", "from 1"),
        ("dataset: a b\n" + ACCURACY, "dataset", "found 'a b'", "support-eval@3"),
        ("metrics: {a: {unit: ms}}\n" + ACCURACY, "metrics.a.direction", "found nothing", "direction: higher"),
        ("metrics: {a: {direction: up}}\n" + ACCURACY, "metrics.a.direction", "found 'up'", "higher, lower"),
        ("metrics: {a: {direction: lower, unit: percent}}\n" + ACCURACY, "metrics.a.unit", "found 'percent'", "fraction"),
        ("metrics: {accuracy: {direction: higher, unit: ms}}\n" + ACCURACY, "criteria[0]", "accuracy is not a fraction", "under 'metrics'"),
        ("settings: {mode: bond}\n" + ACCURACY, "settings.mode", "found 'bond'", "did you mean bound?"),
        ("settings: {alpha: 60%}\n" + ACCURACY, "settings.alpha", "found '60%'", "such as 0.05"),
        ("settings: {alpha: 5}\n" + ACCURACY, "settings.alpha", "found the number 5", "such as 40%"),
        ("settings: {looks: [5, 3]}\n" + ACCURACY, "settings.looks", "stages 5, 3", "[3, 5, 8, 10]"),
        ("checks: [slice: {by: l}]\n" + ACCURACY, "checks[0]", "found the check 'slice'", "slices: {by: [language], margin: 3%}"),
        ("checks: [regression, slices: {by: l, margin: 3}]\n" + ACCURACY, "checks[1].slices.margin", "3 could mean two things", "write 3%"),
        ("checks: [slices: {by: l}]\n" + ACCURACY, "checks[0].slices.margin", "found nothing", "slices: {by: [language], margin: 3%}"),
        ("checks: [slices: {margin: 3%}]\n" + ACCURACY, "checks[0].slices.by", "found nothing", "slices: {by: [language], margin: 3%}"),
        ("checks: [slices: {by: l, margins: 3%}]\n" + ACCURACY, "checks[0].slices.margins", "(expected margin)", "did you mean margin?"),
        ("checks: [{slices: {by: l, margin: 3%}, regression: {}}]\n" + ACCURACY, "checks[0]", "2 fields: slices, regression", "dash of its own"),
        ("checks: [slices: {by: l, margin: 3%}]", "", "slices names no metric", "metric: NAME"),
        ("checks: [{regression: {}, role: kill}]\n" + ACCURACY, "checks[0].role", "found 'kill'", "primary, secondary, blocking"),
        ("checks: [regression: {margin: 3}]\n" + ACCURACY, "checks[0].regression.margin", "found the number 3", "points such as 2%"),
        ("checks: [regression: {others: 20 ms}]\n" + ACCURACY, "checks[0].regression.others", "found '20 ms'", "margins: {latency_ms: 20 ms}"),
        ("checks: [regression: {except: [a], margins: {a: 2%}}]\n" + ACCURACY, "checks[0].regression", "the metric 'a' stands twice", "once"),
        ("checks: [golden: {}]\n" + ACCURACY, "checks[0].golden", "names no example", "golden: {file: golden.csv}"),
        ("checks: [golden: {file: f, examples: [a]}]\n" + ACCURACY, "checks[0].golden", "examples and a file", "one of the two"),
        ("checks: [golden: [a, a]]\n" + ACCURACY, "checks[0].golden", "'a' stands twice", "once"),
        ("checks: [golden: {file: f, digest: 12}]\n" + ACCURACY, "checks[0].golden.digest", "found the number 12", "golden: {file"),
        ("checks: [fairness: {by: g, gap: 5% relative}]\n" + ACCURACY, "checks[0].fairness.gap", "found a share of the baseline", "such as 3% or 20 ms"),
        ("checks: [consistency: {sd: 0%}]\n" + ACCURACY, "checks[0].consistency", "sd is 0", "more than 0"),
        ("checks: [reliability: {metric: c}]\n" + ACCURACY, "checks[0].reliability", "neither pass@k nor pass^k", "pass^3: 40%"),
        ("checks: [reliability: {pass^3: 40}]\n" + ACCURACY, "checks[0].reliability.pass^3", "found the number 40", "40%"),
        ("checks: [reliability: {pass^3: 1}]\n" + ACCURACY, "checks[0].reliability.pass^3", "1% or 100%", "the percent sign"),
        ("checks: [leakage: {text: input}]\n" + ACCURACY, "checks[0].leakage.against", "found nothing", "train.jsonl"),
        ("checks: [leakage: {against: t, near_limit: 1%}]\n" + ACCURACY, "checks[0].leakage", "names no column to compare", "leakage: {against"),
        ("checks: [items: {a: maybe}]\n" + ACCURACY, "checks[0].items.a", "found 'maybe'", "yes, no or unknown"),
        ("checks: [items: {a: {known: nothing}}]\n" + ACCURACY, "checks[0].items.a.known", "found 'nothing'", "baseline, seeds, commit, dataset"),
        ("checks: [items: {a: {file: b, tests: c}}]\n" + ACCURACY, "checks[0].items.a", "shown in more than one way", "one of file, tests, known"),
        ("checks: [items: {a: {file: b, done: yes}}]\n" + ACCURACY, "checks[0].items.a", "shown by evidence and vouched for", "one of the two"),
        ("checks: [items: {a: {says: b}}]\n" + ACCURACY, "checks[0].items.a", "names none", "file: NAME"),
        ("checks: [items: {}]\n" + ACCURACY, "checks[0].items", "no item", "items: {monitoring configured: yes}"),
        ("checks: regression\n" + ACCURACY, "checks", "found 'regression'", "a list"),
        ("checks: [3]\n" + ACCURACY, "checks[0]", "found the number 3", "a check such as"),
    ],
)  # fmt: skip
def test_mistake_is_refused_with_path_fact_and_example(text, field, fact, example):
    error = refusal(text)
    assert error.field == field
    assert fact in error.message
    assert "expected" in error.message
    assert example in error.hint
    assert not field or field in error.message


@pytest.mark.parametrize(
    "text",
    [
        "a: &x [1]\nb: *x",
        "criteria: !!python/object/apply:os.system [x]",
        "criteria: [a]\ncriteria: [b]",
        "[" * 30,
        "criteria: [accuracy >= 85%",
    ],
)
def test_hostile_or_broken_yaml_is_refused_with_the_smallest_gate_as_hint(text):
    assert 'criteria: ["accuracy >= 85%"]' in refusal(text).hint


def test_digest_knows_no_order_no_name_and_no_spelled_out_defaults():
    one = gate_from_data(
        {
            "gate": "a",
            "version": 1,
            "criteria": ["accuracy >= 85%", "f1 >= 0.80"],
            "checks": ["regression", {"golden": ["a", "b"]}],
        }
    )
    other = gate_from_data(
        {
            "gate": "b",
            "version": 2,
            "description": "words",
            "criteria": ["f1 >= 0.8", "accuracy >= 85.0%"],
            "checks": [
                {"golden": {"metric": "accuracy", "examples": ["b", "a"]}},
                {"regression": {"margin": "2%"}},
            ],
            "settings": {"alpha": 0.05, "unmatched_limit": "0%"},
        }
    )
    assert gate_digest(one) == gate_digest(other)


def test_digest_changes_with_the_metric_that_the_first_criterion_gives_to_checks():
    one, other = (
        gate_from_data({"criteria": lines, "checks": [{"golden": ["a"]}]})
        for lines in (["accuracy >= 85%", "f1 >= 80%"], ["f1 >= 80%", "accuracy >= 85%"])
    )
    assert gate_digest(one) != gate_digest(other)


def test_golden_file_that_was_read_is_asked_for_by_its_examples():
    check = read(f"{ACCURACY}checks: [golden: {{file: golden.csv}}]").checks[0]
    sha = f"sha256:{'0' * 64}"
    known = check.with_file(["a", "b", "a"], sha)
    assert (known.examples, known.digest, known.file) == (("a", "b"), sha, "golden.csv")
    with pytest.raises(Invalid, match=r"cannot use golden file 'golden\.csv'") as caught:
        known.with_file(["a"], f"sha256:{'1' * 64}")
    assert caught.value.code == "golden-changed"


def test_golden_file_that_is_empty_is_no_golden_set():
    with pytest.raises(ValueError, match="names no example"):
        GoldenCheck(examples=())


def test_consistency_check_and_criterion_ask_the_same():
    gate = read(f"{ACCURACY}checks: [consistency: {{sd: 3%, seeds: 5, claim: true}}]")
    asked = gate.checks[0].criterion(gate.metric_of(gate.checks[0]))
    assert criterion_text(asked) == "sd of accuracy shown <= 3% after 5 seeds"
    assert asked.test.comparison is Comparison.AT_MOST


@pytest.mark.parametrize(
    ("text", "name"),
    [("a b", "a-b"), ("..", "gate"), ("", "gate"), ("x" * 200, "x" * 100), ("v1.2_b", "v1.2_b")],
)
def test_name_of_a_file_becomes_a_name_of_a_gate(text, name):
    assert gate_name(text) == name
