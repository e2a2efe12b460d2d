"""What must be true before a card leaves a column. Each item answers with a Finding that says what would satisfy it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from assay.domain.board.board import ExitItem
from assay.domain.experiments.criteria.rules import Problem
from assay.domain.experiments.experiment import Decision, DecisionKind, TicketContent
from assay.domain.experiments.supplies import LinkedData, supplies
from assay.domain.kernel.findings import Finding, Outcome, Role, Settlement
from assay.domain.kernel.ids import TicketType

TITLES: Mapping[ExitItem, str] = {
    ExitItem.AGREED: "The team agrees to run it this sprint",
    ExitItem.REGISTRABLE: "Hypothesis and criteria are written",
    ExitItem.DATASET_READY: "Data set is ready",
    ExitItem.BASELINE_MEASURED: "Baseline is measured",
    ExitItem.TRAINING_COMPLETE: "Training is complete",
    ExitItem.RESULTS_LOGGED: "Results are logged",
    ExitItem.VERDICT_RECORDED: "Verdict is recorded and written up",
    ExitItem.CRITERIA_MET_OR_KILLED: "Success criteria are met, or it is killed",
    ExitItem.SERVING: "The model is serving",
    ExitItem.MONITORED: "Monitoring is on",
    ExitItem.SIGNED_OFF: "Signed off",
    ExitItem.ROLLBACK_TESTED: "Rollback is tested",
    ExitItem.DECISION_RECORDED: "A decision is recorded, with learnings",
    ExitItem.KILL_DECIDED: "Kill is decided, with learnings",
}

ATTESTABLE = frozenset(
    {
        ExitItem.AGREED,
        ExitItem.DATASET_READY,
        ExitItem.SERVING,
        ExitItem.MONITORED,
        ExitItem.SIGNED_OFF,
        ExitItem.ROLLBACK_TESTED,
    }
)
"""Items that a person confirms, because no machine can know them yet."""

EXPIRING = ATTESTABLE - {ExitItem.DATASET_READY}
"""Confirmations that end when the card goes back: they were about this sprint, or about the model that served then."""


def confirmed_beside(exit_gate: Collection[ExitItem]) -> tuple[ExitItem, ...]:
    """What may be confirmed in a column though its exit gate does not ask for it: the rollback, where a model goes to serve.

    >>> [item.value for item in confirmed_beside((ExitItem.SERVING, ExitItem.MONITORED))]
    ['rollback_tested']
    """
    asks = ExitItem.SERVING in exit_gate and ExitItem.ROLLBACK_TESTED not in exit_gate
    return (ExitItem.ROLLBACK_TESTED,) if asks else ()


_OF_RUNS = frozenset(
    {
        ExitItem.BASELINE_MEASURED,
        ExitItem.TRAINING_COMPLETE,
        ExitItem.RESULTS_LOGGED,
        ExitItem.CRITERIA_MET_OR_KILLED,
    }
)


@dataclass(frozen=True, slots=True)
class GateSaid:
    """What the newest run of a column's gate says of a card."""

    number: int
    """Number of the gate run."""
    outcome: Outcome
    """A pass is met, a fail not met, inconclusive unclear, broken evidence invalid."""
    headline: str
    source: str = ""
    """What was judged, such as "files that ada sent"; empty for the card's own runs."""
    do: str = ""
    """What would settle it, in one sentence."""
    outdated: str = ""
    """Why it no longer counts, such as "evidence came after it"; empty while it does."""


@dataclass(frozen=True, slots=True)
class ExitFacts:
    """All that an exit gate looks at."""

    content: TicketContent
    entered_stage_at: datetime
    target: str = ""
    """Column the card wants to enter."""
    title: str = ""
    """What people call it."""
    leads: DecisionKind | None = None
    """The decision that the column `target` stands for."""
    problems: tuple[Problem, ...] = ()
    """What keeps the ticket from being registered."""
    linked: tuple[LinkedData, ...] = ()
    """Data tickets it needs, or is blocked by."""
    confirmed: Mapping[str, str] = field(default_factory=dict)
    """Attested item to "who, when"."""
    running: int = 0
    finished: int = 0
    primary_logged: bool = False
    baseline_runs: int = 0
    recommendation: str | None = None
    """What the verdict says now: promote, iterate, kill, undecided; None before any evidence."""
    decision: Decision | None = None
    overrun: str = ""
    """How far a spike is past its time box, such as "day 6 of 5"; empty while it is not."""
    gate: GateSaid | None = None
    """The newest run of the gate that the column names; None without any."""


def _finding(
    item: ExitItem, outcome: Outcome, reason: str, *, do: str = "", method: str = "checked by the system"
) -> Finding:
    settle = None if outcome is Outcome.MET else Settlement(kind="mend", text=do)
    return Finding(
        check=TITLES[item], role=Role.BLOCKING, outcome=outcome, method=method, reason=reason, settle=settle
    )


def _attested(item: ExitItem, facts: ExitFacts, missing: str) -> Finding:
    said = facts.confirmed.get(item.value)
    if said is not None:
        return _finding(item, Outcome.MET, f"confirmed by {said}", method="confirmed by a person")
    return _finding(
        item,
        Outcome.NO_EVIDENCE,
        missing,
        do=f"Confirm “{TITLES[item]}” on the ticket",
        method="confirmed by a person",
    )


def _registrable(facts: ExitFacts) -> Finding:
    if not facts.problems:
        return _finding(
            ExitItem.REGISTRABLE, Outcome.MET, "hypothesis, a primary and a kill criterion are written"
        )
    return _finding(
        ExitItem.REGISTRABLE,
        Outcome.NOT_MET,
        "; ".join(problem.text for problem in facts.problems),
        do=" ".join(problem.fix for problem in facts.problems),
    )


def _dataset_ready(facts: ExitFacts) -> Finding:
    waiting = [one for one in supplies(facts.content.data_needs, facts.linked) if not one.is_ready]
    if waiting:
        named = ", ".join(f"{one.name} (killed)" if one.is_stopped else one.name for one in waiting)
        gone = next((one for one in waiting if one.is_stopped), None)
        do = "Mark each data need as ready on the ticket once it is there"
        if gone is not None:
            do = f"Link other data than {gone.name}: it was killed"
        elif facts.linked:
            do = f"Say that {waiting[0].name} is ready once its data is there"
        return _finding(ExitItem.DATASET_READY, Outcome.NOT_MET, f"not ready yet: {named}", do=do)
    if facts.linked:
        reason = "every data ticket it is linked to is ready"
        return _finding(ExitItem.DATASET_READY, Outcome.MET, reason)
    if facts.content.data_needs:
        return _finding(ExitItem.DATASET_READY, Outcome.MET, "every data need is marked ready")
    return _attested(ExitItem.DATASET_READY, facts, "no data need is listed and nobody confirmed the data")


def _baseline_measured(facts: ExitFacts) -> Finding:
    if facts.baseline_runs:
        return _finding(
            ExitItem.BASELINE_MEASURED, Outcome.MET, f"{facts.baseline_runs} baseline runs are logged"
        )
    values = [b for b in facts.content.baseline if b.value is not None]
    if values:
        shown = ", ".join(f"{b.metric} {b.value}" for b in values)
        return _finding(
            ExitItem.BASELINE_MEASURED,
            Outcome.MET,
            f"given as a number: {shown}",
            method="stated on the ticket",
        )
    if facts.content.baseline:
        named = ", ".join(b.ticket or b.metric for b in facts.content.baseline)
        reason, do = (
            f"no finished run of {named} is known yet",
            "Sync the tracker once the baseline has been run",
        )
    else:
        reason = "no baseline is written and no baseline run is logged"
        do = "Write the baseline's value and source on the ticket, or log runs tagged assay.arm=baseline"
    return _finding(ExitItem.BASELINE_MEASURED, Outcome.NO_EVIDENCE, reason, do=do)


def _training_complete(facts: ExitFacts) -> Finding:
    if facts.running:
        return _finding(
            ExitItem.TRAINING_COMPLETE,
            Outcome.NOT_MET,
            f"{facts.running} of {facts.running + facts.finished} runs still running",
            do="Wait for the runs to end, then sync",
        )
    if not facts.finished:
        return _finding(
            ExitItem.TRAINING_COMPLETE,
            Outcome.NO_EVIDENCE,
            "no finished run is known",
            do="Log runs tagged assay.ticket with this key, then sync",
        )
    return _finding(ExitItem.TRAINING_COMPLETE, Outcome.MET, f"{facts.finished} runs finished, none running")


def _results_logged(facts: ExitFacts) -> Finding:
    if facts.primary_logged:
        return _finding(ExitItem.RESULTS_LOGGED, Outcome.MET, "the primary metrics are logged")
    return _finding(
        ExitItem.RESULTS_LOGGED,
        Outcome.NO_EVIDENCE,
        "no finished run logged the primary metrics",
        do="Log every primary metric of the criteria under its declared name",
    )


def _decided(item: ExitItem, facts: ExitFacts, needed: DecisionKind | None) -> Finding:
    decision = facts.decision
    if decision is None or decision.at < facts.entered_stage_at:
        return _finding(
            item,
            Outcome.NO_EVIDENCE,
            "no decision is recorded since it entered this column",
            do="Decide on the ticket",
        )
    if needed is not None and decision.kind is not needed:
        return _finding(
            item,
            Outcome.NOT_MET,
            f"the decision is {decision.kind.value}; {facts.title or facts.target} needs {needed.value}",
            do=f"Record the decision {needed.value}, or move it where {decision.kind.value} leads",
        )
    if not decision.learnings:
        return _finding(
            item, Outcome.NOT_MET, "the decision has no learnings", do="Write down what was learned"
        )
    return _finding(item, Outcome.MET, f"{decision.kind.value} decided by {decision.by}, with learnings")


def _criteria_met_or_killed(facts: ExitFacts) -> Finding:
    item = ExitItem.CRITERIA_MET_OR_KILLED
    if facts.leads is DecisionKind.KILL:
        return _decided(item, facts, DecisionKind.KILL)
    if facts.recommendation == "promote":
        return _finding(item, Outcome.MET, "the verdict is promote")
    known = facts.recommendation or "no verdict yet"
    outcome = Outcome.NOT_MET if facts.recommendation in ("iterate", "kill") else Outcome.UNCLEAR
    return _finding(
        item, outcome, f"the verdict is: {known}", do="Run until the criteria are met, or decide to kill it"
    )


def _decision_recorded(facts: ExitFacts) -> Finding:
    item, decision = ExitItem.DECISION_RECORDED, facts.decision
    if decision is not None and decision.learnings:
        return _finding(item, Outcome.MET, f"{decision.kind.value} decided by {decision.by}, with learnings")
    do = "Decide on the ticket and write down what was learned"
    return _finding(item, Outcome.NO_EVIDENCE, "no decision with learnings is recorded", do=do)


def _kill_decided(facts: ExitFacts) -> Finding:
    decision = facts.decision
    is_new = decision is not None and decision.at >= facts.entered_stage_at
    if decision is not None and is_new and decision.kind is DecisionKind.KILL and decision.learnings:
        return _finding(ExitItem.KILL_DECIDED, Outcome.MET, f"kill decided by {decision.by}, with learnings")
    return _finding(
        ExitItem.KILL_DECIDED,
        Outcome.NO_EVIDENCE,
        "no kill decision with learnings is recorded",
        do="Decide “kill” on the ticket and write down what was learned",
    )


_CHECKS: Mapping[ExitItem, Callable[[ExitFacts], Finding]] = {
    ExitItem.AGREED: lambda f: _attested(ExitItem.AGREED, f, "nobody has confirmed it for this sprint"),
    ExitItem.REGISTRABLE: _registrable,
    ExitItem.DATASET_READY: _dataset_ready,
    ExitItem.BASELINE_MEASURED: _baseline_measured,
    ExitItem.TRAINING_COMPLETE: _training_complete,
    ExitItem.RESULTS_LOGGED: _results_logged,
    ExitItem.VERDICT_RECORDED: lambda f: _decided(ExitItem.VERDICT_RECORDED, f, f.leads),
    ExitItem.CRITERIA_MET_OR_KILLED: _criteria_met_or_killed,
    ExitItem.SERVING: lambda f: _attested(ExitItem.SERVING, f, "nobody has confirmed that the model serves"),
    ExitItem.MONITORED: lambda f: _attested(
        ExitItem.MONITORED, f, "nobody has confirmed that it is monitored"
    ),
    ExitItem.SIGNED_OFF: lambda f: _attested(ExitItem.SIGNED_OFF, f, "nobody has signed it off"),
    ExitItem.ROLLBACK_TESTED: lambda f: _attested(
        ExitItem.ROLLBACK_TESTED, f, "nobody has tried to go back to what served before"
    ),
    ExitItem.DECISION_RECORDED: _decision_recorded,
    ExitItem.KILL_DECIDED: _kill_decided,
}


def check_item(item: ExitItem, facts: ExitFacts) -> Finding:
    """Is this exit item satisfied? Never met without evidence; unmet answers say what would satisfy it."""
    return _CHECKS[item](facts)


def asks_gate(leads: DecisionKind | None) -> bool:
    """Is a column's gate asked of a move to where this decision leads? A kill or another iteration is decided because it was not passed."""
    return leads not in (DecisionKind.KILL, DecisionKind.ITERATE)


def asks_of(item: ExitItem, kind: TicketType) -> bool:
    """Is this item asked of such a ticket? Runs and a baseline are asked of experiments alone."""
    return kind is TicketType.EXPERIMENT or item not in _OF_RUNS


def check_time_box(facts: ExitFacts) -> Finding:
    """Is a spike within its time box? Past it, somebody says what it is now about, or stops it."""
    return Finding(
        check="Within the time box",
        role=Role.BLOCKING,
        outcome=Outcome.NOT_MET,
        method="checked by the system",
        reason=f"the time box is over: {facts.overrun}",
        settle=Settlement(
            kind="mend",
            text="Rescope it: edit question and time box with a reason; or stop it: decide to kill",
        ),
    )


def check_gate(gate: str, facts: ExitFacts) -> Finding:
    """Did the card pass the gate that its column names, on the evidence that is there now?"""
    said = facts.gate
    if said is None:
        outcome, reason = Outcome.NO_EVIDENCE, "no gate run is about this ticket"
    elif said.outdated:
        outcome, reason = Outcome.NO_EVIDENCE, f"gate run {said.number} no longer counts: {said.outdated}"
    else:
        judged = f", on {said.source}" if said.source else ""
        outcome, reason = said.outcome, f"gate run {said.number}{judged}: {said.headline}"
    do = said.do if said is not None and said.do and not said.outdated else f"Run gate {gate} on the ticket"
    return Finding(
        check=f"Gate {gate} is passed",
        role=Role.BLOCKING,
        outcome=outcome,
        method="gate run",
        reason=reason,
        settle=None if outcome is Outcome.MET else Settlement(kind="mend", text=do),
    )
