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


QUESTIONS = (
    "Kann ich ohne Rechnung umtauschen?",
    "How long is the warranty?",
    "Où est ma commande ?",
    "Do you ship to islands?",
)


def promptfoo(*, right, answer, question=None):
    """Output of promptfoo, version 3, with texts: what was asked, and what this model answered."""
    rows = []
    for at, one in enumerate(right):
        asked = question or f"{QUESTIONS[at % 4]} ({at})"
        rows.append(
            {
                "success": bool(one),
                "score": float(one),
                "namedScores": {},
                "latencyMs": 400,
                "gradingResult": {"pass": bool(one), "score": float(one)},
                "prompt": {"raw": "Answer: {{question}}", "label": "answer"},
                "response": {"output": f"{answer} ({at})"},
                "vars": {"question": asked, "number": at},
                "testIdx": at,
                "promptIdx": 0,
                "testCase": {
                    "vars": {"question": asked, "number": at},
                    "assert": [{"type": "equals", "value": "yes"}],
                },
                "provider": {"id": "model", "label": ""},
                "id": f"r{at}",
            }
        )
    stats = {"successes": sum(right), "failures": len(right) - sum(right), "errors": 0}
    told = {
        "evalId": "eval-1",
        "results": {"version": 3, "results": rows, "stats": stats},
        "config": {},
    }
    return json.dumps(told).encode()


def tell(ws):
    """A project with two gates: one guards a column and has answers of two versions, one has answers with texts."""
    from assay.web.gates_view import guarded
    from assay.workflows.gate_runs import judge_upload
    from assay.workflows.gate_views import Upload
    from assay.workflows.gates import add_gate, change_gate
    from assay.workflows.projects import get_project, save_settings
    from tests.faces.web import story

    keys = story.tell(ws)
    add_gate(ws, story.ADA, story.SLUG, text=GATE)

    def judge(gate, ours, theirs):
        sides = {"candidate": Upload(ours), "baseline": Upload(theirs) if theirs else None}
        return judge_upload(ws, story.ADA, story.SLUG, gate, **sides).number

    keys["first"] = judge("support-answers", candidate(3, n=120), baseline(3, n=120))
    easier = GATE.replace("accuracy >= 80%", "accuracy >= 75%").replace("version: 1", "version: 2")
    change_gate(
        ws,
        story.ADA,
        story.SLUG,
        "support-answers",
        text=easier,
        reason="80% was a guess",
        expected_version=1,
    )
    keys["harmed"] = judge("support-answers", candidate(harm=0.25, gain=0.1), baseline())
    add_gate(ws, story.ADA, story.SLUG, text=TEXTS)
    ours, theirs = [1, 1, 0, 1, 1, 1, 0, 1] * 5, [1, 0, 1, 1, 0, 1, 1, 1] * 5
    keys["texts"] = judge(
        "greeting",
        {"new.json": promptfoo(right=ours, answer="Nein, leider nicht.")},
        {"old.json": promptfoo(right=theirs, answer="Ja, die Bestellnummer genügt.")},
    )
    project = get_project(ws, story.ADA, story.SLUG)
    board = guarded(project.settings.board, "support-answers", {"evaluation"})
    save_settings(ws, story.ADA, story.SLUG, expected_version=project.version, name=project.name, board=board)
    return keys


TEXTS = 'gate: greeting\ncriteria: ["passed >= 50%", "passed no worse than baseline by 10%"]\n'
