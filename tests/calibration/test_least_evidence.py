"""What does a gate answer on next to nothing: one, two, three values, all of them equal, rates of exactly 0 and 1?"""

from dataclasses import replace

import numpy as np
import pytest

from assay.domain.gates.judge import judge
from assay.domain.kernel.findings import Outcome
from tests.calibration.test_engine_decides import SCORE, over_examples, over_seeds
from tests.support.scorecard import collect_answers
from tests.unit.domain.gates.gate_story import gate

SIZES = (1, 2, 3, 100)
SAID = {
    Outcome.MET: "met",
    Outcome.NOT_MET: "not met",
    Outcome.UNCLEAR: "unclear",
    Outcome.NO_EVIDENCE: "no evidence",
}


def same(*values):
    """Candidate and baseline, if any, with one value of every example."""
    return lambda n: [over_examples(name, np.full(n, value)) for name, value in zip("cb", values, strict=False)]  # fmt: skip


def sliced(*values):
    return lambda n: [over_examples(name, np.full(n, value), slices={"topic": ("a",) * n}) for name, value in zip("cb", values, strict=True)]  # fmt: skip


def varied(n):
    return [over_examples("c", 0.9 + 0.01 * np.random.default_rng(7).normal(size=n), metric=SCORE)]


def seeds(*means, sd=0.01):
    """Training seeds, ten at most: that is the last look."""
    draws = np.random.default_rng(7).normal(size=(2, 100))
    return lambda n: [over_seeds(name, (mean + sd * draw)[: min(n, 10)]) for name, mean, draw in zip("cb", means, draws, strict=False)]  # fmt: skip


CASES = [
    ("every example right", "score >= 85%", same(1.0), "unclear, unclear, unclear, met"),
    ("every example wrong", "score >= 85%", same(0.0), "unclear, not met, not met, not met"),
    ("no failure at all", "score < 1%", same(0.0), "unclear, unclear, unclear, unclear"),
    ("both sides right everywhere", "score improves by > 0%", same(1.0, 1.0), "unclear, unclear, unclear, unclear"),
    ("both sides right everywhere", "score no worse than baseline by 2%", same(1.0, 1.0), "unclear, unclear, unclear, unclear"),
    ("right everywhere, baseline wrong everywhere", "score improves by > 0%", same(1.0, 0.0), "unclear, unclear, unclear, met"),
    ("wrong everywhere, baseline right everywhere", "score no worse than baseline by 2%", same(0.0, 1.0), "unclear, unclear, unclear, not met"),
    ("every example right, looked at any time", {"criteria": ["score >= 85%"], "settings": {"sequential": True}}, same(1.0), "unclear, unclear, unclear, met"),
    ("real scores that vary around 0.9", "score >= 0.5", varied, "unclear, met, met, met"),
    ("real scores, all 0.9", "score >= 0.5", same(0.9), "unclear, unclear, unclear, unclear"),
    ("real scores, all 0.9 on both sides", "score no worse than baseline by 0.02", same(0.9, 0.9), "unclear, unclear, unclear, unclear"),
    ("requests, all of 100 ms", "p95 of score < 500", same(100.0), "unclear, unclear, unclear, unclear"),
    ("training seeds that vary around 0.9", "score >= 0.5", seeds(0.9), "unclear, unclear, met, met"),
    ("training seeds, all 0.9", "score >= 0.5", seeds(0.9, sd=0.0), "unclear, unclear, unclear, unclear"),
    ("training seeds around 0.9, baseline around 0.6", "score improves by > 0", seeds(0.9, 0.6), "unclear, unclear, met, met"),
    ("training seeds, all 0.9, baseline all 0.6", "score improves by > 0", seeds(0.9, 0.6, sd=0.0), "unclear, unclear, unclear, unclear"),
    ("training seeds that vary by 0.01", "sd of score <= 0.05", seeds(0.9), "no evidence, unclear, met, met"),
    ("training seeds, all 0.9", "sd of score <= 0.05", seeds(0.9, sd=0.0), "no evidence, unclear, unclear, unclear"),
    ("one slice, right everywhere on both sides", {"checks": [{"slices": {"by": "topic", "metric": "score", "margin": "3%"}}]}, sliced(1.0, 1.0), "unclear, unclear, met, met"),
    ("one slice, wrong everywhere, baseline right", {"checks": [{"slices": {"by": "topic", "metric": "score", "margin": "3%"}}]}, sliced(0.0, 1.0), "unclear, unclear, met, not met"),
]  # fmt: skip


def asked(what):
    """The gate, which says which way is better and in which unit, whatever the results declare."""
    fields = what if isinstance(what, dict) else {"criteria": [what]}
    lower = isinstance(what, str) and "<" in what and not what.startswith("sd")
    unit = {"unit": "fraction"} if "%" in str(what) else {}
    return gate(**fields, metrics={"score": {"direction": "lower" if lower else "higher", **unit}})


@pytest.mark.parametrize(("evidence", "what", "made", "answers"), CASES)
def test_least_evidence_gets_the_answer_of_the_table(evidence, what, made, answers):
    findings = [
        judge(asked(what), *(replace(side, metrics=()) for side in made(n)), predicts=False).findings[0]
        for n in SIZES
    ]
    said = [SAID[finding.outcome] for finding in findings]
    collect_answers(findings[0].check, evidence, dict(zip(map(str, SIZES), said, strict=True)))
    assert said == answers.split(", ")
