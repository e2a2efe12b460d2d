"""What became of the kills that each rule recommended? Counted from the journal, so nothing is forgotten that was overruled."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from assay.domain.experiments.experiment import DecisionKind
from assay.domain.kernel.kill_rules import KillRuleName
from assay.workflows.actor import Actor, Permission
from assay.workflows.lookup import required_project
from assay.workflows.ports import ReadTransaction, Workspace
from assay.workflows.records import Project

CRITERIA = "kill_criterion"
"""All kill criteria that tickets brought themselves, under one name."""
_KINDS = ("kill.recommended", "kill.snoozed", "decision.recorded")


@dataclass(frozen=True, slots=True)
class RuleRecord:
    """How often a rule recommended to kill a ticket, each ticket once, and what people did."""

    rule: str
    """Its name; `kill_criterion` for all that tickets brought themselves."""
    recommended: int
    """The sum of the four after it."""
    followed: int
    """Killed, and never overruled."""
    decided_otherwise: int
    """Promoted, without a word about the rule."""
    open: int
    """Not decided, and not overruled."""
    overruled: int
    """A person snoozed it with a reason; the sum of the three after it."""
    overruled_promoted: int
    overruled_killed: int
    overruled_open: int


@dataclass(frozen=True, slots=True)
class KillRecord:
    """The record of every rule that ever recommended a kill in a project."""

    rows: tuple[RuleRecord, ...]
    since: datetime | None
    """The first recommendation that was counted; None before any."""


@dataclass(slots=True)
class _Case:
    overruled: bool = False
    outcome: str = "open"


@dataclass(slots=True)
class _Told:
    cases: dict[str, dict[str, _Case]] = field(default_factory=dict)
    """By ticket, then by rule."""
    since: datetime | None = None

    def of(self, key: str, rule: str) -> _Case:
        return self.cases.setdefault(key, {}).setdefault(rule, _Case())


def kill_record(ws: Workspace, actor: Actor, slug: str) -> KillRecord:
    """How often did each rule recommend to kill, was it followed or overruled, and what became of the tickets?

    A decision counts for every rule that had recommended to kill the ticket by then; the last one counts.
    """
    actor.require(Permission.READ)
    with ws.store.read() as tx:
        project = required_project(tx, slug)
        told = _told(tx, project)
    rules = {rule for of_ticket in told.cases.values() for rule in of_ticket}
    order = [*(one.value for one in KillRuleName), CRITERIA]
    named = [*(one for one in order if one in rules), *sorted(rules - set(order))]
    return KillRecord(tuple(_row(rule, told) for rule in named), told.since)


def _told(tx: ReadTransaction, project: Project) -> _Told:
    told, criteria = _Told(), set[tuple[str, str]]()
    for row in tx.told(project.slug, _KINDS):
        key, said = row.subject or "", row.payload
        if row.kind == "kill.recommended":
            told.since = told.since or row.at
            for rule, criterion in _kills(said.get("kills")):
                criteria |= {(key, rule)} if criterion else set()
                told.of(key, CRITERIA if criterion else rule)
        elif row.kind == "kill.snoozed":
            rule = str(said.get("rule"))
            told.of(key, CRITERIA if (key, rule) in criteria else rule).overruled = True
        else:
            for case in told.cases.get(key, {}).values():
                case.outcome = _OUTCOMES.get(str(said.get("decision")), "open")
    return told


_OUTCOMES = {DecisionKind.KILL.value: "killed", DecisionKind.PROMOTE.value: "promoted"}


def _kills(listed: object) -> Iterator[tuple[str, bool]]:
    for one in listed if isinstance(listed, list | tuple) else ():
        if isinstance(one, dict):
            yield str(one.get("rule")), bool(one.get("criterion"))


def _row(rule: str, told: _Told) -> RuleRecord:
    mine = [of_ticket[rule] for of_ticket in told.cases.values() if rule in of_ticket]
    count = Counter((case.overruled, case.outcome) for case in mine)
    return RuleRecord(
        rule=rule,
        recommended=len(mine),
        followed=count[False, "killed"],
        decided_otherwise=count[False, "promoted"],
        open=count[False, "open"],
        overruled=sum(case.overruled for case in mine),
        overruled_promoted=count[True, "promoted"],
        overruled_killed=count[True, "killed"],
        overruled_open=count[True, "open"],
    )
