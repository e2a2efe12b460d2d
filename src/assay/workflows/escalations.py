"""A rule asks for a person without recommending a kill: an experiment that used more compute than its budget allows."""

from __future__ import annotations

from datetime import datetime

from assay.domain.gates.snoozes import judged_runs
from assay.domain.kernel.events import Event
from assay.domain.kernel.kill_rules import KillRuleName
from assay.domain.kernel.verdicts import Verdict
from assay.workflows.actor import SYSTEM
from assay.workflows.ports import WriteTransaction
from assay.workflows.records import Project, Ticket


def tell_overrun(
    tx: WriteTransaction,
    project: Project,
    ticket: Ticket,
    verdict: Verdict,
    before: Verdict | None,
    *,
    at: datetime,
) -> None:
    """Journal that the budget is overrun, where the verdict says so and the one before did not."""
    reason = overrun(verdict)
    if reason and not (before is not None and overrun(before)):
        facts = {"rule": KillRuleName.OVER_BUDGET.value, "reason": reason, "runs": list(judged_runs(verdict))}
        event = Event.of("budget.overrun", project=project.slug, subject=ticket.key, **facts)
        tx.append(event, actor=SYSTEM, at=at)


def overrun(verdict: Verdict) -> str:
    """Why the budget is overrun, by the rule of thumb; empty where it is not."""
    over = (one for one in verdict.advice if one.rule == KillRuleName.OVER_BUDGET and not one.advises_kill)
    return next((one.reason for one in over), "")
