"""The settings of the kill rules: take what a back-test says, and take it back."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from pydantic import ValidationError

from assay.domain.gates.rule_values import RuleChange, changes, taken
from assay.domain.gates.settings import KillRules
from assay.domain.kernel.kill_rules import KillRuleName
from assay.errors import Conflict, Invalid
from assay.workflows.actor import Actor, Permission
from assay.workflows.lookup import required_project
from assay.workflows.ports import ReadTransaction, Workspace
from assay.workflows.projects import save_settings
from assay.workflows.records import Project

_LOOKED_BACK = 50
"""Changes of settings among which the last one of the kill rules is looked for."""


@dataclass(frozen=True, slots=True)
class RulesChange:
    """The last time that the kill rules were changed, where they still are as they were left then.

    Attributes:
        seq: number of its journal entry.
        by: who did it.
        at: when.
        before: the kill rules until then.
        changes: what it did, rule by rule.
    """

    seq: int
    by: str
    at: datetime
    before: KillRules
    changes: tuple[RuleChange, ...]


def use_kill_rules(
    ws: Workspace,
    actor: Actor,
    slug: str,
    wanted: KillRules,
    *,
    rules: Collection[KillRuleName],
    expected_version: int,
) -> Project:
    """Set these rules of the project as they stand in `wanted`; all others stay as they are.

    Raises:
        Invalid: it would change nothing.
        StaleVersion: somebody changed the settings meanwhile.
    """
    actor.require(Permission.CONFIGURE)
    with ws.store.read() as tx:
        verdicts = required_project(tx, slug).settings.verdicts
    kill_rules = taken(verdicts.kill_rules, wanted, rules)
    if kill_rules == verdicts.kill_rules:
        raise Invalid(
            f"cannot set kill rules of {slug!r}: {_named(rules)} (expected a rule whose setting differs)",
            hint=f"assay backtest --project {slug}",
            code="kill-rules-unchanged",
            field="rule",
        )
    return save_settings(
        ws,
        actor,
        slug,
        expected_version=expected_version,
        verdicts=verdicts.model_copy(update={"kill_rules": kill_rules}),
    )


def _named(rules: Collection[KillRuleName]) -> str:
    if not rules:
        return "no rule was chosen"
    return f"{', '.join(sorted(rules))} {'is' if len(rules) == 1 else 'are'} set so already"


def last_rules_change(ws: Workspace, actor: Actor, slug: str) -> RulesChange | None:
    """The last change of the kill rules, where it can be taken back; None where there is none."""
    actor.require(Permission.READ)
    with ws.store.read() as tx:
        return _last_change(tx, required_project(tx, slug))


def take_rules_back(ws: Workspace, actor: Actor, slug: str, *, seq: int, expected_version: int) -> Project:
    """Set the kill rules as they were before the change in this journal entry.

    Raises:
        Conflict: it is not the last change of the kill rules any more.
        StaleVersion: somebody changed the settings meanwhile.
    """
    actor.require(Permission.CONFIGURE)
    with ws.store.read() as tx:
        project = required_project(tx, slug)
        last = _last_change(tx, project)
    if last is None or last.seq != seq:
        raise Conflict(
            f"cannot take back change {seq} of the kill rules of {slug!r}: they were changed again (expected their last change)",
            hint=f"assay project show {slug}",
            code="kill-rules-changed-again",
        )
    return save_settings(
        ws,
        actor,
        slug,
        expected_version=expected_version,
        verdicts=project.settings.verdicts.model_copy(update={"kill_rules": last.before}),
    )


def _last_change(tx: ReadTransaction, project: Project) -> RulesChange | None:
    page = tx.journal_page(
        project=project.slug,
        before=None,
        limit=_LOOKED_BACK,
        kind="project.configured",
        subject=None,
        actor=None,
    )
    for row in page.rows:
        before, after = (_rules(row.payload.get(side)) for side in ("before", "after"))
        if before is not None and after is not None and before != after:
            if after != project.settings.verdicts.kill_rules:
                return None
            return RulesChange(row.seq, row.actor, row.at, before, changes(before, after))
    return None


def _rules(settings: object) -> KillRules | None:
    """The kill rules in a journal entry; None where they cannot be read any more."""
    found: object = settings
    for name in ("settings", "verdicts", "kill_rules"):
        found = found.get(name) if isinstance(found, dict) else None
    try:
        return KillRules.model_validate(found)
    except ValidationError:
        return None
