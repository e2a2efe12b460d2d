"""Gates: nothing is lost on the way through a file, and no change that loosens goes unsaid."""

import copy
import json

import jsonschema
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assay.domain.gates.gate_changes import changes
from assay.domain.gates.gate_data import gate_digest, gate_from_data, gate_to_data
from assay.domain.gates.gate_metrics import inferred_metrics, with_metrics
from assay.domain.kernel.metrics import Direction, Metric, Unit
from assay.errors import Invalid
from assay.workflows.gate_file import gate_from_text, gate_to_text
from tests.unit.domain.gates.test_gate_schema import SCHEMA

VALIDATOR = jsonschema.Draft7Validator(SCHEMA)
PERCENT = st.integers(1, 99).map(lambda n: f"{n}%")
SMALL = st.integers(1, 40).map(lambda n: f"{n / 2:g}%")
NAMES = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=8)
LISTS = st.lists(NAMES, min_size=1, max_size=4, unique=True)
ROLE = st.sampled_from(["primary", "secondary", "blocking"])
ON = st.sampled_from(["", " on hard@1", " after 5 seeds"])
LINES = st.one_of(
    st.builds("accuracy {} {}{}".format, st.sampled_from([">=", ">"]), PERCENT, ON),
    st.builds("toxicity < {}{}".format, SMALL, ON),
    st.builds("p{} of latency <= {} ms{}".format, st.sampled_from([50, 95, 99.9]), st.integers(1, 999), ON),
    st.builds("sd of accuracy {}<= {}{}".format, st.sampled_from(["", "shown "]), SMALL, ON),
    st.builds("accuracy no worse than baseline by {}{}".format, SMALL, ON),
    st.builds("bleu improves by {} relative{}".format, PERCENT, ON),
    st.builds("leaks == {}".format, st.integers(0, 2)),
)


def optional(**fields):
    """A mapping with any of these."""
    return st.fixed_dictionaries({}, optional=fields)


def merged(*parts):
    return st.tuples(*parts).map(lambda found: {k: v for part in found for k, v in part.items()})


def kind(name, parameters):
    return st.tuples(parameters, ROLE).map(lambda found: {name: found[0], "role": found[1]})


CHECKS = st.one_of(
    kind("slices", merged(st.fixed_dictionaries({"by": LISTS, "margin": SMALL}), optional(claim=st.booleans(), must_see=SMALL))),
    kind(
        "regression",
        merged(
            optional(margin=SMALL, others=SMALL.map("{} relative".format)),
            st.sampled_from([{}, {"except": ["cost"]}, {"margins": {"bleu": "3% relative"}}, {"margins": {"latency": "9 ms"}, "except": ["x", "y"]}]),
        ),
    ),
    kind("golden", st.fixed_dictionaries({"examples": LISTS})),
    kind("fairness", merged(st.fixed_dictionaries({"by": NAMES, "gap": SMALL}), optional(claim=st.booleans(), must_see=SMALL))),
    kind("consistency", merged(st.fixed_dictionaries({"sd": SMALL}), optional(seeds=st.integers(2, 9), claim=st.booleans()))),
    kind(
        "reliability",
        st.builds(lambda sign, k, rate: {"metric": "correct", f"pass{sign}{k}": rate}, st.sampled_from("@^"), st.integers(1, 5), PERCENT),
    ),
    kind("leakage", merged(st.fixed_dictionaries({"against": LISTS, "text": NAMES}), optional(near=PERCENT, near_limit=SMALL))),
    kind("items", st.dictionaries(NAMES, st.sampled_from(["yes", "no", "unknown"]), min_size=1, max_size=3)),
)  # fmt: skip
SETTINGS = optional(
    alpha=SMALL,
    mode=st.sampled_from(["bound", "point"]),
    looks=st.lists(st.integers(2, 30), min_size=1, max_size=4, unique=True).map(sorted),
    sequential=st.booleans(),
    unmatched_limit=SMALL,
)
GATES = st.fixed_dictionaries(
    {
        "gate": st.just("g"),
        "version": st.integers(1, 9),
        "criteria": st.lists(LINES, max_size=3).map(lambda lines: ["accuracy >= 50%", *lines]),
        "blocking": st.lists(LINES, max_size=2),
        "secondary": st.lists(LINES, max_size=2),
        "checks": st.lists(CHECKS, max_size=4),
        "settings": SETTINGS,
    },
    optional={"dataset": st.sampled_from(["a@1", "a@2", "b"])},
)


def attempt(make):
    """What is made, and what was refused: one of the two. Anything but Invalid is a failure of the test."""
    try:
        return make(), None
    except Invalid as error:
        return None, error


def read(data):
    """The gate, None where a line stands twice: the only thing that generated gates do wrong."""
    gate, error = attempt(lambda: gate_from_data(data))
    assert error is None or "stands twice" in error.message
    return gate


KEPT = GATES.map(lambda data: (data, read(data))).filter(lambda pair: pair[1] is not None)


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(KEPT)
def test_gate_through_yaml_json_and_both_forms_is_the_same_and_fits_the_schema(pair):
    data, gate = pair
    assert list(VALIDATOR.iter_errors(data)) == []
    assert gate_from_text(gate_to_text(gate)) == gate
    for form in ("text", "structured"):
        written = json.loads(json.dumps(gate_to_data(gate, criteria=form), allow_nan=False))
        assert gate_from_data(written) == gate
        assert list(VALIDATOR.iter_errors(written)) == []


@settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow])
@given(KEPT, st.randoms(use_true_random=False))
def test_order_changes_neither_digest_nor_diff(pair, chance):
    data, gate = pair
    mixed = copy.deepcopy(data)
    for key in ("blocking", "secondary", "checks"):
        chance.shuffle(mixed[key])
    for check in mixed["checks"]:
        for parameters in check.values():
            for value in parameters.values() if isinstance(parameters, dict) else ():
                if isinstance(value, list):
                    chance.shuffle(value)
    mixed["criteria"][1:] = chance.sample(mixed["criteria"][1:], len(mixed["criteria"]) - 1)
    other = gate_from_data(mixed)
    assert gate_digest(other) == gate_digest(gate)
    assert changes(gate, other) == ()


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(KEPT, KEPT)
def test_diff_is_empty_exactly_when_both_ask_the_same(one, other):
    for old, new in ((one[1], other[1]), (one[1], one[1])):
        found = changes(old, new)
        same = gate_digest(old) == gate_digest(new)
        assert (found == ()) == (same and old.version == new.version)
        assert any("version must rise" in c.text for c in found) == (not same and new.version <= old.version)
        assert all(c.text for c in found)


def droppings(data):
    """The same gate with one thing less, for everything that can be dropped."""
    for key in ("criteria", "blocking", "secondary", "checks"):
        for place in range(1 if key == "criteria" else 0, len(data[key])):
            yield key, place, None, None
    for place, check in enumerate(data["checks"]):
        for parameters in check.values():
            for name, value in parameters.items() if isinstance(parameters, dict) else ():
                if name in ("by", "examples", "against") and isinstance(value, list) and len(value) > 1:
                    yield "checks", place, name, 0
            if "items" in check and isinstance(parameters, dict) and len(parameters) > 1:
                yield "checks", place, next(iter(parameters)), None


def dropped(data, key, place, name, index):
    less = copy.deepcopy(data)
    if name is None:
        del less[key][place]
        return less
    (parameters,) = [value for value in less[key][place].values() if isinstance(value, dict)]
    if index is None:
        del parameters[name]
    else:
        del parameters[name][index]
    return less


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(KEPT, st.data())
def test_dropping_anything_loosens(pair, chosen):
    data, gate = pair
    ways = list(droppings(data))
    if ways:
        less = read(dropped(data, *chosen.draw(st.sampled_from(ways))))
        if less is not None and gate_digest(less) != gate_digest(gate):
            assert any(change.loosens for change in changes(gate, less))


def easier(data, step):
    """The same gate with one number moved by so many steps to the easy side; None where it has no such number."""
    return {
        "threshold": lambda d: d["criteria"].__setitem__(0, f"accuracy >= {50 - step}%"),
        "unmatched": lambda d: d["settings"].__setitem__("unmatched_limit", f"{30 + step}%"),
        "mode": lambda d: d["settings"].__setitem__("mode", "point" if step > 5 else "bound"),
        "slices": lambda d: d["checks"].append({"slices": {"by": ["l"], "margin": f"{30 + step}%"}}),
        "gap": lambda d: d["checks"].append({"fairness": {"by": "l", "gap": f"{30 + step}%"}}),
        "golden": lambda d: d["checks"].append({"golden": {"examples": [f"id{n}" for n in range(40 - step)]}}),
        "reliability": lambda d: d["checks"].append({"reliability": {"metric": "correct", "pass^3": f"{50 - step}%"}}),
        "tries": lambda d: d["checks"].append({"reliability": {"metric": "correct", f"pass^{50 - step}": "50%"}}),
        "one of": lambda d: d["checks"].append({"reliability": {"metric": "correct", f"pass@{50 + step}": "50%"}}),
        "sd": lambda d: d["checks"].append({"consistency": {"sd": f"{30 + step}%"}}),
        "seeds": lambda d: d["checks"].append({"consistency": {"sd": "30%", "seeds": 40 - step}}),
        "near": lambda d: d["checks"].append({"leakage": {"against": "t", "text": "x", "near": f"{50 + step}%"}}),
        "near limit": lambda d: d["checks"].append({"leakage": {"against": "t", "text": "x", "near_limit": f"{50 + step}%"}}),
        "regression": lambda d: d["checks"].append({"regression": {"margin": f"{50 + step}%"}}),
        "others": lambda d: d["checks"].append({"regression": {"others": f"{50 + step}% relative"}}),
        "latency": lambda d: d["checks"].append({"regression": {"margins": {"wait": f"{50 + step} ms"}}}),
        "role": lambda d: d["checks"].append({"golden": {"examples": ["z"]}, "role": "secondary" if step > 5 else "blocking"}),
        "percentile": lambda d: d["blocking"].append(f"p{60 - step} of wait < 100 ms"),
        "spread": lambda d: d["blocking"].append(f"sd of wait <= {50 + step} ms"),
    }  # fmt: skip


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(KEPT, st.data())
def test_tightening_is_never_called_loosening_and_the_reverse_always_is(pair, chosen):
    data, _ = pair
    knob = chosen.draw(st.sampled_from(sorted(easier(data, 0))))
    low, high = chosen.draw(st.lists(st.integers(0, 10), min_size=2, max_size=2, unique=True).map(sorted))
    gates = []
    for step in (low, high):
        other = copy.deepcopy(data)
        other["checks"] = [
            c
            for c in other["checks"]
            if not c.keys()
            & {"golden", "reliability", "slices", "fairness", "consistency", "leakage", "regression"}
        ]
        easier(other, step)[knob](other)
        gates.append(read(other))
    hard, easy = gates
    if hard is None or easy is None or gate_digest(hard) == gate_digest(easy):
        return
    assert any(change.loosens for change in changes(hard, easy))
    # What looks stricter may still pass where it did not pass before; then the change says so, and is never "tightened".
    assert not any(change.kind in ("loosened", "removed") for change in changes(easy, hard))


@settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow])
@given(KEPT, st.lists(st.builds(Metric, name=st.sampled_from(["accuracy", "bleu", "latency", "other"]), direction=st.sampled_from(Direction),
                                unit=st.sampled_from(Unit)), unique_by=lambda metric: metric.name))  # fmt: skip
def test_metrics_of_an_evaluation_are_taken_or_refused_and_never_change_the_direction_of_a_pass(
    pair, reported
):
    _, gate = pair
    told, error = attempt(lambda: with_metrics(gate, reported))
    if told is None:
        assert error.hint
        return
    declared = {metric.name: metric for metric in told.metrics}
    for metric in reported:
        assert declared[metric.name].direction is metric.direction
    for one in inferred_metrics(gate):
        if one.metric not in {metric.name for metric in reported}:
            assert (one.direction is None) == (one.metric not in declared)
    assert len(told.criteria) == len(gate.criteria)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(GATES, st.data())
def test_any_value_anywhere_is_read_or_refused_with_a_path_and_a_hint(data, chosen):
    data = copy.deepcopy(data)
    place = data
    for _ in range(chosen.draw(st.integers(1, 4))):
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        if not keys:
            break
        key = chosen.draw(st.sampled_from(keys))
        inner = place[key]
        if not isinstance(inner, dict | list) or chosen.draw(st.booleans()):
            place[key] = chosen.draw(VALUES)
            break
        place = inner
    gate, error = attempt(lambda: gate_from_data(data))
    if gate is not None:
        assert gate_from_data(gate_to_data(gate)) == gate
        return
    assert error.hint
    json.dumps([error.message, error.hint, error.details], allow_nan=False).encode("utf-8")
