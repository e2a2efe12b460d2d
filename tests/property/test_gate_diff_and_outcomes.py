"""A diff that calls nothing easier is kept by the engine: no results pass the new gate that the old one did not pass."""

import copy
from random import Random

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assay.domain.gates.gate_changes import changes
from assay.domain.gates.gate_data import gate_from_data
from assay.domain.gates.gate_record import GateResult
from assay.domain.gates.judge import judge
from assay.domain.kernel.metrics import Direction, Metric, Unit
from assay.errors import Invalid
from tests.unit.domain.gates.gate_story import evaluation, labels, run, scores

LINES = (
    "accuracy >= 60%",
    "accuracy >= 85%",
    "accuracy improves by > 0%",
    "accuracy improves by 3%",
    "accuracy no worse than baseline by 0%",
    "accuracy no worse than baseline by 5%",
    "sd of accuracy <= 2%",
    "sd of accuracy <= 6%",
    "sd of loss <= 0.1",
    "sd of loss shown <= 0.3",
    "loss <= 0.9",
    "loss <= 1.1 after 5 seeds",
    "p90 of loss <= 2",
    "p50 of loss <= 2",
)
CHECKS = (
    {"slices": {"by": ["l"], "margin": "5%"}},
    {"slices": {"by": ["l", "u"], "margin": "5%"}},
    {"slices": {"by": ["l", "u"], "margin": "0%", "must_see": "60%"}},
    {"slices": {"by": ["l"], "margin": "20%", "must_see": "60%"}},
    {"slices": {"by": ["l"], "margin": "20%", "claim": True}},
    {"regression": {"margin": "10%", "others": "20% relative"}},
    {"regression": {"margin": "5%", "except": ["loss"]}},
    {"regression": {"margin": "5%", "except": ["accuracy", "loss"]}},
    {"golden": {"examples": ["q00000"]}},
    {"golden": {"examples": ["q00000", "q00001"]}},
    {"fairness": {"by": "u", "gap": "10%"}},
    {"fairness": {"by": "u", "gap": "30%", "must_see": "90%"}},
    {"fairness": {"by": "u", "gap": "30%", "claim": True}},
    {"consistency": {"sd": "3%"}},
    {"consistency": {"sd": "8%", "seeds": 5}},
    {"reliability": {"pass^1": "40%"}},
    {"reliability": {"pass^3": "40%"}},
    {"reliability": {"pass@3": "60%"}},
    {"items": {"model card": "yes"}},
    {"items": {"model card": "no"}},
)
METRICS = ({"direction": "higher"}, {"direction": "lower"}, {"direction": "lower", "unit": "fraction"})
SETTINGS = {
    "alpha": (0.01, 0.049, 0.05, 0.2),
    "mode": ("bound", "point"),
    "sequential": (False, True),
    "unmatched_limit": ("0%", "50%"),
}


def some_gate(chance):
    data = {"gate": "g", "criteria": ["accuracy >= 30%"], "blocking": [], "secondary": [], "checks": []}
    for _ in range(chance.randint(0, 4)):
        edited(data, chance)
    return data


def edited(data, chance):
    """One number, line, check, setting or declaration more, less or another."""
    place = chance.choice(
        (
            "criteria",
            "criteria",
            "blocking",
            "secondary",
            "checks",
            "checks",
            "settings",
            "metrics",
            "dataset",
        )
    )
    if place in {"criteria", "blocking", "secondary"}:
        lines = data[place]
        if lines and chance.random() < 0.4:
            lines[chance.randrange(len(lines))] = chance.choice(LINES)
        elif not set(LINES) <= set(lines):
            lines.insert(
                chance.randint(0, len(lines)), chance.choice([one for one in LINES if one not in lines])
            )
    elif place == "checks":
        check = {
            **copy.deepcopy(chance.choice(CHECKS)),
            "role": chance.choice(("primary", "primary", "secondary")),
        }
        same = [n for n, one in enumerate(data["checks"]) if one.keys() == check.keys()]
        if same and chance.random() < 0.8:
            data["checks"][chance.choice(same)] = check
        else:
            data["checks"].append(check)
    elif place == "settings":
        key = chance.choice(sorted(SETTINGS))
        data.setdefault("settings", {})[key] = chance.choice(SETTINGS[key])
    elif place == "dataset":
        data["dataset"] = "s@1"
    elif "metrics" in data and chance.random() < 0.3:
        del data["metrics"]
    else:
        data["metrics"] = {"loss": chance.choice(METRICS)}


def some_results(chance):
    """A candidate and a baseline: few or many examples, one or more seeds, a loss whose direction is told or not."""
    rng = np.random.default_rng(chance.getrandbits(32))
    n = chance.choice((1, 4, 8, 20, 60, 150))
    seeds = chance.choice((1, 1, 1, 3, 5, 12))
    told = [Metric(name="accuracy", direction=Direction.HIGHER, unit=Unit.FRACTION)]
    if chance.random() < 0.6:
        told.append(Metric(name="loss", direction=chance.choice(tuple(Direction))))
    base = (rng.random(n) < chance.choice((0.5, 0.8, 1.0))).astype(float)
    lift, names = chance.choice((-0.2, -0.05, 0.0, 0.2, 0.6)), chance.choice((None, "s@1"))
    slices = {"l": labels(n, "a", "b"), "u": labels(n, *(f"u{k}" for k in range(min(n, 6))))}
    sides = []
    for side, shift in (("base", 0.0), ("candidate", lift)):
        runs = []
        for seed in range(1, seeds + 1):
            flip = rng.random(n) < abs(shift)
            right = np.where(flip, float(shift > 0), base)
            loss = np.abs(1.0 - shift + 0.3 * rng.standard_normal(n))
            of = {"seed": seed, "slices": slices}
            which = chance.random()
            columns = [scores(right, **of)] * (which > 0.03) + [scores(loss, metric="loss", **of)] * (
                which < 0.9
            )
            on = names if chance.random() < 0.9 else None
            runs.append(run(f"{side}-{seed}", *columns, seed=seed, dataset=on))
        sides.append(evaluation(*runs, metrics=tuple(told)))
    return sides[1], sides[0]


def passes(gate, candidate, baseline):
    try:
        return judge(gate, candidate, baseline, predicts=False).result is GateResult.PASS
    except Invalid:
        return False


def readable(data):
    try:
        return gate_from_data(data)
    except Invalid:
        return None  # a line that stands twice, or two that are at odds: no gate


def counterexample(seed, results):
    """A pair of gates with results that the diff does not own up to, None where there is none."""
    chance = Random(seed)
    data = some_gate(chance)
    other = copy.deepcopy(data)
    for _ in range(chance.choice((1, 1, 1, 2))):
        edited(other, chance)
    old, new = readable(data), readable(other)
    if old is None or new is None:
        return None
    said = changes(old, new)
    if any(change.loosens for change in said):
        return None
    for _ in range(results):
        sides = some_results(chance)
        if passes(new, *sides) and not passes(old, *sides):
            return data, other, [change.text for change in said], sides
    return None


@settings(max_examples=120, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 2**32))
def test_no_results_pass_a_gate_of_which_the_diff_says_that_nothing_became_easier(seed):
    assert counterexample(seed, results=3) is None
