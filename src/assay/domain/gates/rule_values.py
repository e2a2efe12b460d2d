"""Which other values may a project's kill rule have, and which of its settings belong to which rule?

The values are few and round, so that a choice among them cannot be fitted to past runs more finely than those can tell.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from itertools import product
from types import MappingProxyType
from typing import Any, NamedTuple

from assay.domain.gates.settings import KillRules
from assay.domain.kernel.kill_rules import KillRuleName
from assay.domain.kernel.metrics import Metric
from assay.domain.stopping.tuning import LEVELS

OFF = "off"
_ROUND: Mapping[KillRuleName, Mapping[str, tuple[Decimal | int, ...]]] = MappingProxyType(
    {
        KillRuleName.GAP: {"gap": tuple(map(Decimal, ("0.05", "0.1", "0.15", "0.2", "0.25", "0.3")))},
        KillRuleName.PLATEAU: {
            "plateau_runs": (3, 5, 10),
            "plateau_tolerance": tuple(map(Decimal, ("0.001", "0.005", "0.01"))),
        },
        KillRuleName.NOT_FALLING: {"not_falling_after": (1, 3, 10)},
        KillRuleName.OVER_BUDGET: {"over_budget_multiple": ()},
        KillRuleName.FUTILITY: {"futility": tuple(Decimal(str(level)) for level in sorted(LEVELS))},
    }
)
"""Settings of each rule that has values, and what is tried of each."""
_WORDS: Mapping[KillRuleName, str] = MappingProxyType(
    {
        KillRuleName.GAP: "beyond {gap}",
        KillRuleName.PLATEAU: "last {plateau_runs} within {plateau_tolerance}",
        KillRuleName.NOT_FALLING: "after {not_falling_after}",
        KillRuleName.OVER_BUDGET: "beyond {over_budget_multiple} times",
        KillRuleName.FUTILITY: "chance below {futility}",
    }
)


class RuleChange(NamedTuple):
    """What a change of settings does to one rule; `off` where it is switched off."""

    rule: KillRuleName
    before: str
    after: str


def values_of(settings: KillRules, rule: KillRuleName) -> Mapping[str, str]:
    """What is set for this rule, by the name of the setting, as it is written on the command line.

    >>> dict(values_of(KillRules(), KillRuleName.GAP)), dict(values_of(KillRules(), KillRuleName.MEDIAN))
    ({'gap': '0.15'}, {})
    """
    return {name: _text(getattr(settings, name)) for name in _ROUND.get(rule, {})}


def in_words(settings: KillRules, rule: KillRuleName, metrics: Iterable[Metric] = ()) -> str:
    """The values of a rule in a few words, as they are for these metrics where any are named.

    >>> [in_words(KillRules(), rule) for rule in (KillRuleName.PLATEAU, KillRuleName.GAP, KillRuleName.MEDIAN)]
    ['last 3 within 0.01', 'beyond 0.15', 'on']
    >>> from assay.domain.kernel.metrics import Direction, Unit
    >>> bleu = Metric(name="bleu", direction=Direction.HIGHER, unit=Unit.NUMBER)
    >>> in_words(KillRules(plateau_tolerances={"bleu": Decimal("0.5")}), KillRuleName.PLATEAU, [bleu])
    'last 3 within 0.5'
    """
    values = values_of(settings, rule)
    if rule is KillRuleName.PLATEAU:
        found = {settings.plateau_tolerance_of(metric) for metric in metrics} - {None}
        own = sorted(_text(one) for one in found if one is not None)
        if len(own) > 1:
            return f"last {settings.plateau_runs}, each metric's own tolerance"
        values = {**values, **({"plateau_tolerance": own[0]} if own else {})}
    return _WORDS[rule].format(**values) if values else "on"


def alternatives(settings: KillRules, rule: KillRuleName) -> tuple[KillRules, ...]:
    """The settings with the rule on, at its present values and at a few round others, rising; a rule without values is there once.

    >>> [f"{one.gap}" for one in alternatives(KillRules(gap=Decimal("0.12")), KillRuleName.GAP)]
    ['0.05', '0.1', '0.12', '0.15', '0.2', '0.25', '0.3']
    """
    rounds = _ROUND.get(rule, {})
    enabled = _enabled({*settings.enabled, rule})
    each = [sorted({*values, getattr(settings, name)}) for name, values in rounds.items()]
    return tuple(
        settings.model_copy(update={**dict(zip(rounds, chosen, strict=True)), "enabled": enabled})
        for chosen in product(*each)
    )


def without(settings: KillRules, rule: KillRuleName) -> KillRules:
    """The settings with this rule switched off, its values kept."""
    return settings.model_copy(update={"enabled": _enabled({*settings.enabled} - {rule})})


def taken(now: KillRules, wanted: KillRules, rules: Iterable[KillRuleName]) -> KillRules:
    """The present settings with what is wanted of these rules.

    >>> wanted = KillRules(gap=Decimal("0.3"), plateau_runs=10, enabled=(KillRuleName.GAP,))
    >>> some = taken(KillRules(), wanted, [KillRuleName.GAP])
    >>> some.gap, some.plateau_runs, some.enabled == KillRules().enabled
    (Decimal('0.3'), 3, True)
    """
    named = set(rules)
    changed: dict[str, Any] = {name: getattr(wanted, name) for rule in named for name in _ROUND.get(rule, {})}
    on = {rule for rule in KillRuleName if rule in (wanted if rule in named else now).enabled}
    return now.model_copy(update={**changed, "enabled": _enabled(on)})


def changes(before: KillRules, after: KillRules) -> tuple[RuleChange, ...]:
    """Every rule that differs in what it does, in the order of their names; values of a rule that stays off are none.

    >>> changes(KillRules(), KillRules(plateau_tolerances={"bleu": Decimal("0.5")}))[0].after
    'last 3 within 0.01, bleu within 0.5'

    >>> changes(KillRules(), without(KillRules(gap=Decimal("0.3")), KillRuleName.PLATEAU))
    (RuleChange(rule=<KillRuleName.GAP: 'gap'>, before='beyond 0.15', after='beyond 0.3'), RuleChange(rule=<KillRuleName.PLATEAU: 'plateau'>, before='last 3 within 0.01', after='off'))
    """
    told = (RuleChange(rule, _said(before, rule), _said(after, rule)) for rule in sorted(KillRuleName))
    return tuple(one for one in told if one.before != one.after)


def _said(settings: KillRules, rule: KillRuleName) -> str:
    if rule not in settings.enabled:
        return OFF
    own = settings.plateau_tolerances if rule is KillRuleName.PLATEAU else {}
    return ", ".join(
        [in_words(settings, rule), *(f"{name} within {_text(own[name])}" for name in sorted(own))]
    )


def _text(value: Decimal | int) -> str:
    """0.10 and 0.1 are the same value."""
    return f"{value.normalize():f}" if isinstance(value, Decimal) else str(value)


def _enabled(rules: Iterable[KillRuleName]) -> tuple[KillRuleName, ...]:
    """In one order, so that equal settings are equal."""
    named = set(rules)
    return tuple(rule for rule in KillRuleName if rule in named)
