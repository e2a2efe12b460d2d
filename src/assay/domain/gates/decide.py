"""What follows from the findings? The table "From outcomes to results", first row that applies wins."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from assay.domain.gates.wording import count, listed
from assay.domain.kernel.findings import Finding, Outcome, Role, Settlement
from assay.domain.kernel.kill_rules import KillRuleName
from assay.domain.kernel.verdicts import Recommendation, RuleAdvice

_STATISTIC = re.compile(r"sd|p\d+(\.\d+)?|pass[@^]\d+")
_MUST_HOLD = (Role.PRIMARY, Role.BLOCKING)
_CLAIMED = (Role.PRIMARY, Role.SECONDARY, Role.BLOCKING)


class Row(StrEnum):
    """Which row of the table applied."""

    KILL = "kill"
    INVALID = "invalid"
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    PASS = "pass"  # noqa: S105 - the name of a result


EXIT_CODE = {Row.KILL: 1, Row.INVALID: 2, Row.FAIL: 1, Row.INCONCLUSIVE: 3, Row.PASS: 0}
RECOMMENDATION = {
    Row.KILL: Recommendation.KILL,
    Row.INVALID: Recommendation.UNDECIDED,
    Row.FAIL: Recommendation.ITERATE,
    Row.INCONCLUSIVE: Recommendation.UNDECIDED,
    Row.PASS: Recommendation.PROMOTE,
}


@dataclass(frozen=True, slots=True)
class Decided:
    """The row that applied, what it recommends, and why in words."""

    row: Row
    headline: str
    detail: str

    @property
    def recommendation(self) -> Recommendation:
        """What the row recommends."""
        return RECOMMENDATION[self.row]

    @property
    def exit_code(self) -> int:
        """Which code a gate ends with."""
        return EXIT_CODE[self.row]


def row_of(findings: Sequence[Finding], *, needs_primary: bool = True) -> tuple[Row, tuple[Finding, ...]]:
    """Which row applies, and which findings make it apply? A ticket without a primary check is never a pass.

    needs_primary: False for gates, some of which only block; one without a primary or blocking check never passes.
    """
    killed = _which(findings, (Role.KILL,), Outcome.MET)
    if killed:
        return Row.KILL, killed
    broken = _which(findings, _CLAIMED, Outcome.INVALID)
    if broken:
        return Row.INVALID, broken
    failed = tuple(
        f
        for f in findings
        if (f.role in _MUST_HOLD and f.outcome is Outcome.NOT_MET)
        or (f.role is Role.BLOCKING and f.outcome is Outcome.NO_EVIDENCE)
    )
    if failed:
        return Row.FAIL, failed
    open_ones = tuple(
        f
        for f in findings
        if (f.role in _MUST_HOLD and f.outcome is Outcome.UNCLEAR)
        or (f.role is Role.PRIMARY and f.outcome is Outcome.NO_EVIDENCE)
    )
    decisive = (Role.PRIMARY,) if needs_primary else _MUST_HOLD
    if open_ones or not any(f.role in decisive for f in findings):
        return Row.INCONCLUSIVE, open_ones
    return Row.PASS, tuple(f for f in findings if f.role in _MUST_HOLD)


def decide(findings: Sequence[Finding], advice: Sequence[RuleAdvice] = ()) -> Decided:
    """What do these findings recommend, and how is it said? Heuristic rules add advice, they never change the row."""
    row, because = row_of(findings)
    tell = {
        Row.KILL: _kill,
        Row.INVALID: _invalid,
        Row.FAIL: _fail,
        Row.INCONCLUSIVE: _inconclusive,
        Row.PASS: _pass,
    }[row]
    headline, detail = tell(because)
    if row in {Row.FAIL, Row.INCONCLUSIVE, Row.INVALID}:
        detail = " ".join((detail, *_advice_text(advice)))
    return Decided(row, headline, detail)


def cheapest(findings: Sequence[Finding]) -> Settlement | None:
    """What is the cheapest thing that would settle one of these? By GPU-hours, then by amount; too close comes last."""
    offers = [f.settle for f in findings if f.settle is not None]
    return min(offers, key=_price, default=None)


def _price(offer: Settlement) -> tuple[bool, float, float]:
    hours = math.inf if offer.gpu_hours is None else offer.gpu_hours
    return (offer.kind == "too_close", hours, math.inf if offer.amount is None else float(offer.amount))


def _which(findings: Sequence[Finding], roles: tuple[Role, ...], outcome: Outcome) -> tuple[Finding, ...]:
    return tuple(f for f in findings if f.role in roles and f.outcome is outcome)


def _kill(because: Sequence[Finding]) -> tuple[str, str]:
    return f"Kill: {listed(f.check for f in because)}", reasons_text(because)


def _invalid(because: Sequence[Finding]) -> tuple[str, str]:
    ways = list(dict.fromkeys(f.settle.text for f in because if f.settle is not None))
    mend = f" To mend it: {'; '.join(ways)}." if ways else ""
    return f"Broken evidence: {_names(because)} cannot be judged", f"{reasons_text(because)}{mend}"


def _fail(because: Sequence[Finding]) -> tuple[str, str]:
    missing = all(f.outcome is Outcome.NO_EVIDENCE for f in because)
    if len(because) == 1:
        return f"Iterate: {because[0].check} is {'not measured' if missing else 'not met'}", reasons_text(
            because
        )
    return f"Iterate: {len(because)} checks are {'not measured' if missing else 'not met'}", reasons_text(
        because
    )


def _inconclusive(because: Sequence[Finding]) -> tuple[str, str]:
    if not because:
        return (
            "Not known yet: there is no primary criterion",
            "Nothing on this ticket says what would be a success.",
        )
    way = cheapest(because)
    settle = f" {_sentence(way.text)}" if way is not None else ""
    if len(because) == 1:
        what = "is not measured" if because[0].outcome is Outcome.NO_EVIDENCE else "is unclear"
        return f"Not known yet: {because[0].check} {what}", f"{reasons_text(because)}{settle}"
    return f"Not known yet: {len(because)} checks are open", f"{reasons_text(because)}{settle}"


def _pass(because: Sequence[Finding]) -> tuple[str, str]:
    said = (
        "the primary check is met"
        if len(because) == 1
        else f"all {count(len(because), 'primary and blocking check')} are met"
    )
    return f"Promote: {said}", reasons_text(because)


def _names(findings: Sequence[Finding]) -> str:
    return listed((f.check for f in findings), most=2)


def reasons_text(findings: Sequence[Finding]) -> str:
    """Why, in whole sentences, of the first three of these findings?"""
    return " ".join(dict.fromkeys(_sentence(f.reason, f.metric) for f in findings[:3] if f.reason))


def _sentence(text: str, metric: str | None = None) -> str:
    """A name is no word to capitalise: `accuracy` and `Accuracy` may be two metrics."""
    first = text.split(" ", 1)[0].rstrip(":,")
    name = first == metric or _STATISTIC.fullmatch(first) is not None
    begun = text if name else f"{text[:1].upper()}{text[1:]}"
    return begun if begun.endswith((".", "!", "?")) else f"{begun}."


def _advice_text(advice: Sequence[RuleAdvice]) -> list[str]:
    kills = [a for a in advice if a.advises_kill]
    # The sentence has begun before the reason does, so nothing in it is capitalised.
    return [f"{_rule_words(a.rule)} advises to kill: {a.reason.rstrip('.')}." for a in kills]


def _rule_words(rule: str) -> str:
    """What is learned from past runs is no rule of thumb."""
    return (
        "The rule for futility"
        if rule == KillRuleName.FUTILITY
        else f"Rule of thumb {rule.replace('_', ' ')}"
    )
