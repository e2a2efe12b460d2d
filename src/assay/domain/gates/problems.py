"""Why is there nothing to test, and what would mend it?"""

from __future__ import annotations

from dataclasses import dataclass

from assay.domain.experiments.evidence import Run
from assay.domain.kernel.findings import Outcome, Settlement


@dataclass(frozen=True, slots=True)
class Problem:
    """Why there is nothing to test: no evidence, or evidence that is broken."""

    outcome: Outcome
    reason: str
    settle: Settlement | None = None


def run_name(run: Run) -> str:
    """How is a run named in a sentence?"""
    return f"{run.name or run.external_id} (seed {'not recorded' if run.seed is None else run.seed})"


def mend(text: str) -> Settlement:
    """The evidence has to be mended, in this way."""
    return Settlement(kind="mend", text=text)
