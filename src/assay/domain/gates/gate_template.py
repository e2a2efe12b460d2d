"""What does a gate usually ask? Files to begin with; every number and name in them is there to be changed."""

from __future__ import annotations

from dataclasses import dataclass

from assay.domain.gates.gate_data import gate_name
from assay.errors import Invalid


@dataclass(frozen=True, slots=True)
class GateTemplate:
    """A gate file to begin with.

    Attributes:
        key: how it is asked for.
        title: what it is.
        name: what the gate is called where nobody says.
        text: the file, with `{name}` where its name stands.
    """

    key: str
    title: str
    name: str
    text: str


_QUALITY = """\
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
  # What no figure can show: a file that says it, or yes, no or unknown.
  - items:
      monitoring and alerts configured: no
      rollback under 5 minutes tested: no
      model card complete: {{file: docs/model-card.md, says: [Intended use, Limitations]}}

settings:
  mode: bound                     # point: the average alone decides
  looks: [3, 5, 8, 10]            # at how many seeds results may be judged
"""

_READY = """\
# Definition of Ready: what must be there before an experiment begins. Every line is yours to change.
# Files stand beside this one. A file that is not there is not done; what a person vouches for is yes, no or unknown.
# assay gate check {name}.yaml --baseline RESULTS_OF_WHAT_RUNS_NOW
gate: {name}
version: 1
# dataset: support-eval@3         # the evaluation set that the experiment will be judged on

checks:
  - items:
      data available: {{file: data/README.md}}
      features stable: unknown
      environment reproducible: {{file: requirements.lock}}
      criteria measurable: {{file: gate.yaml, says: ["criteria:"]}}
      baseline measured: {{known: baseline}}
  # A major experiment names its validation set and, by its risk class, who reviewed it.
  # - items:
  #     validation set named: {{known: dataset}}
  #     governance review held: {{done: no, evidence: docs/risk.md}}
"""

_DONE = """\
# Definition of Done for AI work. Every number and file is yours to change: keep what fits, delete the rest.
# Files stand beside this one. A file that is not there is not done; what a person vouches for is yes, no or unknown.
# assay gate check {name}.yaml --candidate RESULTS --baseline RESULTS_OF_WHAT_RUNS_NOW
gate: {name}
version: 1
dataset: validation               # what is not said to be on another set is measured on this one

criteria:                         # metrics on validation and hold-out
  - accuracy >= 85%
  - accuracy >= 85% on holdout

checks:
  # Fairness and robustness, as far as the risk class asks.
  - fairness: {{by: segment, gap: 5%}}
  - slices: {{by: [language], margin: 5%}}
  - items:
      code reviewed: {{done: no, evidence: the pull request}}
      unit tests pass: {{tests: reports/junit.xml}}
      data schema validated: {{tests: reports/data-checks.xml}}
      data schema registered: no
      training run reproducible: {{known: seeds}}
      training run recorded: {{known: commit}}
      artifact stored with version and lineage: no
      deployment playbook, or the reason not to deploy: {{file: docs/deployment.md}}
      monitoring hooks: {{file: docs/monitoring.md, says: [drift, latency, errors]}}
      model card: {{file: docs/model-card.md, says: [Intended use, Limitations]}}
"""

TEMPLATES = {
    one.key: one
    for one in (
        GateTemplate("quality", "Quality of an AI feature", "quality", _QUALITY),
        GateTemplate("ready", "Definition of Ready", "definition-of-ready", _READY),
        GateTemplate("done", "Definition of Done", "definition-of-done", _DONE),
    )
}


def gate_template(name: str | None = None, key: str = "quality") -> str:
    """The text of a new gate file.

    Args:
        name: what the gate is called, such as the feature or the file; None takes the template's own name.
        key: which template: quality, ready or done.

    Raises:
        Invalid: there is no such template.

    >>> gate_template("answer quality").splitlines()[2]
    'gate: answer-quality'
    """
    template = TEMPLATES.get(key)
    if template is None:
        raise Invalid(
            f"cannot write a gate from template {key[:40]!r}: there is none of this name (expected {', '.join(TEMPLATES)})",
            hint="assay gate new --template ready",
            code="template-unknown",
            field="template",
        )
    return template.text.format(name=gate_name(name or template.name))
