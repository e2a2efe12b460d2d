"""Runs that their training loop left off because a rule said stop: no result, and no failure either."""

from __future__ import annotations

from collections.abc import Sequence

from assay.domain.experiments.evidence import STOP_REASON_TAG, STOPPED_BY_TAG, Run, RunStatus
from assay.domain.gates.problems import Problem, run_name
from assay.domain.gates.seed_groups import SeedGroup
from assay.domain.gates.wording import count, listed
from assay.domain.kernel.findings import Outcome, Settlement
from assay.domain.kernel.kill_rules import KillRuleName

_MOST_CHARACTERS = 300


def stopping_rule(run: Run) -> str:
    """Which rule stopped this run? Empty where none did. It is the run's own word, so it never counts for a candidate."""
    return run.tags.get(STOPPED_BY_TAG, "").strip() if run.status is RunStatus.STOPPED else ""


def stopped_early(lost: Sequence[Run]) -> Problem | None:
    """What is missing where every run without a result was stopped by a rule; None where one of them was not.

    A mean over the seeds that were left to go on would choose the evidence: so nothing is measured, and nothing is broken.
    """
    if not all(map(stopping_rule, lost)):
        return None
    return Problem(
        Outcome.NO_EVIDENCE,
        f"{count(len(lost), 'run')} stopped before the end, as a rule said: {listed(map(run_name, lost))}",
        Settlement(
            kind="runs", text="decide what the rule recommends, or run the seeds that it stopped to their end"
        ),
    )


def stop_in_the_loop(rule: KillRuleName, group: SeedGroup | None) -> str | None:
    """Why did this rule stop runs of the candidate whose seeds did not finish either? None where it stopped none."""
    if group is None:
        return None
    finished = {run.seed for run in group.finished if run.seed is not None}
    runs = [r for r in group.evidence if stopping_rule(r) == rule and r.seed not in finished]
    if not runs:
        return None
    why = " ".join(runs[0].tags.get(STOP_REASON_TAG, "").split()).rstrip(".")
    why = why if len(why) <= _MOST_CHARACTERS else f"{why[:_MOST_CHARACTERS]}\u2026"
    said = f"the training stopped {listed(map(run_name, runs))} at its word"
    return f"{said}: {why}" if why else said
