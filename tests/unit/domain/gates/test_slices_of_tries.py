"""Slices of a gate whose scores are averages of tries, or did not change at all."""

import numpy as np
import pytest

from assay.domain.gates.judge import judge
from assay.domain.kernel.findings import Outcome
from assay.domain.kernel.metrics import Direction, Metric
from tests.unit.domain.gates.gate_story import evaluation, gate, labels, run, scores

BLEU = Metric(name="bleu", direction=Direction.HIGHER)


def side(values, name, metric="accuracy", metrics=None):
    column = scores(values, metric=metric, slices={"language": labels(len(values), "de", "en")})
    return evaluation(run(name, column), **({} if metrics is None else {"metrics": metrics}))


def slices_of(record):
    return next(answer for answer in record.answers if answer.kind == "slices")


@pytest.mark.parametrize("claim", [False, True])
@pytest.mark.parametrize(("metric", "margin"), [("accuracy", "3%"), ("bleu", "3")])
def test_slices_of_identical_scores_are_unchanged_and_met(metric, margin, claim):
    values = np.linspace(0.2, 0.9, 400) if metric == "accuracy" else np.linspace(20.0, 60.0, 400)
    told = (BLEU,) if metric == "bleu" else None
    check = {"slices": {"by": ["language"], "margin": margin, "metric": metric, "claim": claim}}
    asked = gate(criteria=[f"{metric} no worse than baseline by {margin}"], checks=[check])
    found = slices_of(judge(asked, side(values, "c", metric, told), side(values, "b", metric, told)))
    assert found.finding.outcome is Outcome.MET
    assert [part.outcome for part in found.parts] == [Outcome.MET, Outcome.MET]
    assert found.finding.interval.low < 0 < found.finding.interval.high


def test_few_identical_scores_rule_no_harm_out():
    values = np.linspace(0.2, 0.9, 40)
    check = {"slices": {"by": ["language"], "margin": "3%", "claim": True}}
    asked = gate(criteria=["accuracy no worse than baseline by 20%"], checks=[check])
    found = slices_of(judge(asked, side(values, "c"), side(values, "b")))
    assert found.finding.outcome is Outcome.UNCLEAR
    assert "is not ruled out" in found.finding.reason


def test_one_lost_try_does_not_make_a_small_slice_pass_that_no_lost_try_would_not():
    perfect = np.ones(100)
    tried = perfect.copy()
    tried[[0, 1]] = 0.8
    check = {"slices": {"by": ["language"], "margin": "3%", "claim": True}}
    asked = gate(criteria=["accuracy >= 50%"], checks=[check])
    for values in (perfect, tried):
        found = slices_of(judge(asked, side(values, "c"), side(perfect, "b")))
        assert found.finding.outcome is Outcome.UNCLEAR
    assert "effective number of examples" in found.finding.method
