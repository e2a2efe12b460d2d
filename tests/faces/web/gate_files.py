"""Evaluation files as a team would send them: a support chatbot that got better overall, and worse in German."""

import csv
import io
import json

import numpy as np

GATE = """\
gate: support-answers
version: 1
description: What a new answer model has to show before it talks to customers.
dataset: support-eval@3
metrics: {latency_ms: {direction: lower, unit: ms}}
criteria:
  - accuracy >= 80%
  - accuracy no worse than baseline by 2%
  - p95 of latency_ms < 500 ms
blocking:
  - toxicity < 0.1%
secondary:
  - sd of accuracy <= 3%
checks:
  - slices: {by: [language, topic], margin: 2%}
  - golden: [q-0001, q-0002, q-0003]
  - items: {monitoring configured: yes, rollback tested: {done: yes, evidence: docs/rollback.md}}
"""
SMALL = 'criteria: ["accuracy >= 70%", "accuracy no worse than baseline by 5%"]\n'
LANGUAGES = ("en", "en", "de", "fr")
TOPICS = ("returns", "pricing", "shipping")


def ids(n):
    return [f"q-{at:04d}" for at in range(1, n + 1)]


def results(seed, *, n=500, harm=0.0, gain=0.0):
    """One row an example: right or wrong, latency, toxicity, language and topic."""
    luck, easy = np.random.default_rng(seed), np.random.default_rng(1).random(n)
    out = io.StringIO()
    rows = csv.writer(out)
    rows.writerow(["sample_id", "seed", "accuracy", "latency_ms", "toxicity", "language", "topic"])
    for at, name in enumerate(ids(n)):
        language, topic = LANGUAGES[at % 4], TOPICS[at % 3]
        chance = 0.55 + 0.45 * easy[at] + (-harm if language == "de" else gain)
        right = int(at < 3 or luck.random() < min(1.0, chance))
        rows.writerow(
            [name, seed % 100, right, round(300 + 60 * luck.standard_gamma(1.2)), 0, language, topic]
        )
    return out.getvalue().encode()


def candidate(seeds=5, **more):
    return {f"candidate-{seed}.csv": results(100 + seed, **more) for seed in range(1, seeds + 1)}


def baseline(seeds=5, **more):
    return {f"production-{seed}.csv": results(200 + seed, **more) for seed in range(1, seeds + 1)}


def promptfoo(*, right, says):
    """Output of promptfoo with texts: the form of its version 3."""
    rows = [
        {
            "success": bool(one),
            "score": float(one),
            "namedScores": {},
            "latencyMs": 400,
            "gradingResult": {"pass": bool(one), "score": float(one)},
            "prompt": {"raw": f"Question {at}: {says}", "label": "p"},
            "response": {"output": f"Answer {at}: {says}"},
            "vars": {"question": f"Question {at}: {says}", "expected": "yes"},
            "testIdx": at,
            "promptIdx": 0,
            "testCase": {"vars": {"question": f"Question {at}: {says}"}},
            "provider": {"id": "model", "label": ""},
            "id": f"r{at}",
        }
        for at, one in enumerate(right)
    ]
    told = {"evalId": "eval-1", "results": {"version": 3, "results": rows, "stats": {"successes": sum(right), "failures": len(right) - sum(right), "errors": 0}}, "config": {}}  # fmt: skip
    return json.dumps(told).encode()
