"""Which kills does a verdict recommend, and which of them did a person overrule for a while?

A kill is non-binding futility: whoever knows better overrules it with a reason, until a day. The finding stays as it is; it is
only not pressed until then, or until another rule recommends to kill too.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from assay.domain.kernel.findings import Outcome, Role
from assay.domain.kernel.model import Value
from assay.domain.kernel.time import UtcDatetime
from assay.domain.kernel.verdicts import Verdict

DEFAULT_DAYS = 7
MOST_DAYS = 30


@dataclass(frozen=True, slots=True)
class RecommendedKill:
    """A rule that says: stop this."""

    rule: str
    """Name of the rule of thumb, or the text of the ticket's own kill criterion."""
    reason: str
    criterion: bool
    """It is the ticket's own kill criterion: it alone makes the verdict say kill."""


class Snooze(Value):
    """A person's word that a recommended kill is not followed for now."""

    rule: str
    until: UtcDatetime
    by: str
    reason: str
    at: UtcDatetime
    """When it was said."""

    @property
    def text(self) -> str:
        """What stands beside the finding.

        >>> from datetime import UTC
        >>> at = datetime(2026, 5, 12, tzinfo=UTC)
        >>> Snooze(rule="gap", until=at, by="Ada", reason="The rate was wrong.", at=at).text
        'snoozed until 12 May 2026 by Ada: The rate was wrong.'
        """
        return f"snoozed until {self.until.day} {self.until:%B %Y} by {self.by}: {self.reason}"


def recommended_kills(verdict: Verdict) -> tuple[RecommendedKill, ...]:
    """Which of the ticket's kill criteria are met, and which rules of thumb advise to kill? In the verdict's order."""
    criteria = (
        RecommendedKill(one.check, one.reason, criterion=True)
        for one in verdict.findings
        if one.role is Role.KILL and one.outcome is Outcome.MET
    )
    rules = (
        RecommendedKill(one.rule, one.reason, criterion=False) for one in verdict.advice if one.advises_kill
    )
    return (*criteria, *rules)


def judged_runs(verdict: Verdict) -> tuple[str, ...]:
    """Which runs does a verdict speak of: those of the group that was judged, or of all candidates where none was?"""
    candidates = [one for one in verdict.groups if one.is_candidate]
    judged = [one for one in candidates if one.group == verdict.candidate] or candidates
    return tuple(run for one in judged for run in one.run_ids)


def asleep(snoozes: Iterable[Snooze], now: datetime) -> dict[str, Snooze]:
    """Which snoozes still hold, by rule?"""
    return {one.rule: one for one in snoozes if now < one.until}


def is_quiet(kills: Sequence[RecommendedKill], rules: Iterable[str]) -> bool:
    """Does the verdict say kill, and is every criterion that makes it say so among these rules?"""
    asked, criteria = set(rules), [one.rule for one in kills if one.criterion]
    return bool(criteria) and asked.issuperset(criteria)


def wakers(
    before: Iterable[RecommendedKill], now: Iterable[RecommendedKill], rules: Iterable[str]
) -> tuple[str, ...]:
    """Which rules recommend to kill that did not before, and are not among these, which are snoozed?

    >>> gap, plateau = (RecommendedKill(rule, "", criterion=False) for rule in ("gap", "plateau"))
    >>> wakers([gap], [gap, plateau], ["gap"]), wakers([], [gap], ["gap"])
    (('plateau',), ())
    """
    known = {one.rule for one in before} | set(rules)
    return tuple(one.rule for one in now if one.rule not in known)
