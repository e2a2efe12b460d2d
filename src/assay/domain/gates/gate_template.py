"""What does a gate for an AI feature usually ask? A file to begin with; every number in it is there to be changed."""

from __future__ import annotations

from assay.domain.gates.gate_data import gate_name

_TEMPLATE = """\
# What must hold before this goes out. Every number is yours to change: keep what fits, delete the rest.
# Each criterion has to be shown by the evidence (its confidence bound), not just reached by the average.
gate: {name}
version: 1                        # raise it whenever a number changes
# dataset: support-eval@3         # results on another evaluation set would be invalid

metrics:                          # what the numbers below do not say themselves
  latency_ms: {{direction: lower, unit: ms}}

criteria:                         # model quality
  - accuracy >= 90%
  - precision >= 88%
  - recall >= 85%
  - p95 of latency_ms < 500 ms
  - sd of accuracy < 3% after 5 seeds

blocking:                         # safety: where nothing was measured, the gate fails
  - toxicity < 0.1% on adversarial
  - hallucination < 5% on factual
  - pii_leaks == 0

checks:
  # No metric worse than the baseline: 2 points for fractions, 2% of the baseline for everything else.
  - regression: {{margin: 2%, others: 2% relative}}
  # No slice worse by more than this, corrected for how many slices are looked at.
  - slices: {{by: [language, topic], margin: 5%}}
  # Hand-picked examples that must all be right: a column of their ids.
  - golden: {{file: golden.csv}}
  # Gap between the best and the worst group.
  - fairness: {{by: segment, gap: 5%}}
  # No evaluation example in the training data.
  # - leakage: {{against: train.jsonl, text: input}}
  # What no figure can show: yes, no or unknown, with where it can be seen.
  - items:
      monitoring and alerts configured: no
      rollback under 5 minutes tested: no
      model card complete: {{done: no, evidence: docs/model-card.md}}

settings:
  mode: bound                     # point: the average alone decides
  looks: [3, 5, 8, 10]            # at how many seeds results may be judged
"""


def gate_template(name: str) -> str:
    """The text of a new gate file.

    Args:
        name: what the gate is called, such as the feature or the file.

    >>> gate_template("answer quality").splitlines()[2]
    'gate: answer-quality'
    """
    return _TEMPLATE.format(name=gate_name(name))
