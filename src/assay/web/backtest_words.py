"""Figures of a back-test in words: shares with their intervals, rules by their names."""

from __future__ import annotations

from assay.web import wording
from assay.workflows.back_test_views import ElsewhereRecord, Part, RuleRecord, TriedValue


def rule_name(rule: str) -> str:
    """As it is called on pages.

    >>> rule_name("not_falling")
    'not falling'
    """
    return rule.replace("_", " ")


def rule_in_words(rule: RuleRecord) -> str:
    """The rule with its values, without its name before it; empty where it is its name alone."""
    said = rule.asks.removeprefix(f"{rule.rule}: ")
    return "" if said == rule.rule else said


def percent(share: float | None) -> str:
    """A share in whole percent, in tenths where it is small.

    >>> percent(0.314), percent(0.0132), percent(0.05), percent(None)
    ('31%', '1.3%', '5%', 'not known')
    """
    if share is None:
        return wording.UNKNOWN
    return f"{100 * share:.0f}%" if share >= 0.1 else f"{round(100 * share, 1):g}%"


def killed(one: RuleRecord | TriedValue) -> str:
    """How many winners of those that the rule could judge."""
    return f"{one.winners_killed} of {one.winners_judged}" if one.winners_judged else wording.UNKNOWN


def killed_span(one: RuleRecord | TriedValue) -> str:
    """The exact interval of that share."""
    if one.winners_killed_at_least is None or one.winners_killed_at_most is None:
        return ""
    return f"{percent(one.winners_killed_at_least)} to {percent(one.winners_killed_at_most)}"


def saved(part: Part | None) -> str:
    """Share of the compute of doomed runs."""
    return wording.UNKNOWN if part is None else percent(part.value)


def saved_span(part: Part | None) -> str:
    """What the problems at hand leave open of it."""
    if part is None or part.low is None or part.high is None:
        return ""
    return f"{percent(part.low)} to {percent(part.high)}"


def gpu_hours(hours: float) -> str:
    """GPU-hours in as many digits as say something.

    >>> gpu_hours(14.83), gpu_hours(136_204.0)
    ('14.8 GPU-hours', '136,204 GPU-hours')
    """
    return f"{hours:,.0f} GPU-hours" if hours >= 1000 else f"{hours:.3g} GPU-hours"


def elsewhere(found: ElsewhereRecord | None, limit: float) -> str:
    """How the choice fares on tickets that had no part in it.

    >>> elsewhere(ElsewhereRecord(34, 2, 0.29), 0.05)
    '2 of 34 winners killed (5.9%, over the limit), 29% saved'
    """
    if found is None:
        return ""
    killed, judged = found.winners_killed, found.winners_judged
    over = f" ({percent(killed / judged)}, over the limit)" if judged and killed > limit * judged else ""
    return f"{killed} of {wording.plural(judged, 'winner')} killed{over}, {percent(found.saved)} saved"
