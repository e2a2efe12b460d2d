"""Every value that a kill rule could have, replayed over the same past runs, and the one to use."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from assay.domain.gates.past_targets import ON_ANOTHER_CURVE, replayed_rules
from assay.domain.gates.rule_values import alternatives, in_words, taken, values_of, without
from assay.domain.gates.settings import KillRules
from assay.domain.kernel.kill_rules import KillRuleName
from assay.domain.kernel.metrics import Metric
from assay.domain.stopping.backtest import MayStop, Replay, leave_batch_out
from assay.domain.stopping.chances import ChanceGroup, chance_groups
from assay.domain.stopping.choosing import Advice, Chosen, Tally, choose, tally, tried_elsewhere
from assay.domain.stopping.futility import FutilityRule
from assay.domain.stopping.history import ByProblem, History, Record, record_by
from assay.domain.stopping.rules import StopRule
from assay.domain.stopping.tuning import numbers_by_parts
from assay.stats.futility import CHECKS
from assay.stats.proportions import clopper_pearson
from assay.workflows.back_test_views import ElsewhereRecord, Part, TriedValue

Chance = Callable[[], np.random.Generator]
_TUNED_HERE = "at the value that these same runs ask for, so its record is a little too kind"
_LEFT = "it is replayed on another curve than the one a verdict looks at"


@dataclass(frozen=True, slots=True)
class TriedRule:
    """A rule with every value that was tried.

    Attributes:
        records: what each value would have done, the values rising.
        note: in what the replay differs from the rule as verdicts ask it; empty where it does not.
        words: the values in words.
        settings: the same by the names of the project's settings.
        now: which of them the rule has; for one that is switched off, which it would have.
        chosen: which of them it should have.
        elsewhere: what a value chosen in this way does to other tickets.
        wanted: the project's kill rules with the value to use.
    """

    records: tuple[Record, ...]
    note: str
    words: tuple[str, ...]
    settings: tuple[Mapping[str, str], ...]
    now: int
    chosen: Chosen
    elsewhere: Tally | None
    wanted: KillRules

    @property
    def record(self) -> Record:
        """Of the value that the rule has."""
        return self.records[self.now]


def tried_rule(
    name: KillRuleName,
    settings: KillRules,
    metrics: Mapping[int, Metric],
    past: History,
    chance: Chance,
) -> TriedRule:
    """Every value of this rule; `metrics` are those that decide, by the number of the problem."""
    found = list(_different(name, settings, metrics))
    replays = [leave_batch_out(rule, past.runs, CHECKS) for _, rule in found]
    note = replayed_rules(settings, metrics)[name].note
    tried = _tried(name, settings, [one for one, _ in found], replays, note, past, chance)
    return replace(tried, words=tuple(in_words(one, name, metrics.values()) for one, _ in found))


def _tried(
    name: KillRuleName,
    settings: KillRules,
    found: Sequence[KillRules],
    replays: Sequence[Replay],
    note: str,
    past: History,
    chance: Chance,
) -> TriedRule:
    """The rule at each of the settings that were found, by what each would have done."""
    now = next(place for place, one in enumerate(found) if _is_set(name, one, settings))
    chosen, elsewhere = Chosen(Advice.LEAVE, None, _LEFT), None
    if name not in ON_ANOTHER_CURVE:
        chosen, elsewhere = _choice(replays, now if name in settings.enabled else None, past)
    wanted = settings
    if chosen.place is not None:
        wanted = taken(settings, found[chosen.place], [name])
    elif chosen.advice is Advice.OFF:
        wanted = without(settings, name)
    return TriedRule(
        records=tuple(record_by(replay, past, chance()) for replay in replays),
        note=", ".join(
            part for part in (note, _TUNED_HERE if len(found) > 1 and chosen.place == now else "") if part
        ),
        words=tuple(in_words(one, name) for one in found),
        settings=tuple(values_of(one, name) for one in found),
        now=now,
        chosen=chosen,
        elsewhere=elsewhere,
        wanted=wanted,
    )


def _different(
    name: KillRuleName, settings: KillRules, metrics: Mapping[int, Metric]
) -> Iterator[tuple[KillRules, StopRule]]:
    """The settings worth a replay: of those that come to the same for these metrics one, the present one before others."""
    found: list[tuple[KillRules, StopRule]] = []
    for one in alternatives(settings, name):
        rule = replayed_rules(one, metrics)[name].rule
        twin = next((place for place, (_, other) in enumerate(found) if _same(other, rule)), None)
        if twin is None:
            found.append((one, rule))
        elif _is_set(name, one, settings):
            found[twin] = (one, rule)
    return iter(found)


def _same(one: StopRule, other: StopRule) -> bool:
    """Do they come to the same? A rule that is for none of the problems does, whatever its value."""
    if isinstance(one, ByProblem) and isinstance(other, ByProblem):
        return one.rules == other.rules
    return one == other


def _is_set(name: KillRuleName, one: KillRules, settings: KillRules) -> bool:
    return values_of(one, name) == values_of(settings, name)


def _choice(replays: Sequence[Replay], now: int | None, past: History) -> tuple[Chosen, Tally | None]:
    chosen = choose([tally(one, past) for one in replays], now)
    return chosen, tried_elsewhere(replays, now, past) if chosen.advice is Advice.USE else None


def tried_futility(
    settings: KillRules, past: History, chance: Chance
) -> tuple[TriedRule, tuple[ChanceGroup, ...]]:
    """The rule for futility at every level, by the same chances: one fit serves all of them; and what became of those chances."""
    name = KillRuleName.FUTILITY
    chances, p_values = numbers_by_parts(past.runs, CHECKS)
    found, replays = alternatives(settings, name), []
    for one in found:
        rule = FutilityRule(float(one.futility))
        answers = rule.answers_by(past.runs, CHECKS, chances, p_values)
        answered = np.asarray(answers.asked.any(axis=1))
        replays.append(Replay(rule.name, "runs of other batches", answers.first_stop(CHECKS), answered))
    return _tried(name, settings, found, replays, "", past, chance), chance_groups(past.runs, chances)


def values(tried: TriedRule) -> tuple[TriedValue, ...]:
    """Every value as it is told."""
    return tuple(
        TriedValue(
            value=tried.words[place],
            settings=tried.settings[place],
            is_now=place == tried.now,
            is_best=place == tried.chosen.place,
            winners_judged=record.judged.hits,
            winners_killed=record.judged.hits_stopped,
            winners_killed_at_least=at_least(record),
            winners_killed_at_most=record.judged.false_kill_upper,
            doomed_killed=record.tested.misses_stopped,
            saved=saved(record),
            may_stop=isinstance(record.verdict, MayStop),
        )
        for place, record in enumerate(tried.records)
    )


def at_least(record: Record) -> float | None:
    """The exact lower 95% bound of the share of winners that it stops."""
    judged = record.judged
    if not judged.hits:
        return None
    return clopper_pearson(judged.hits_stopped, judged.hits, confidence=0.95, sides="lower").low


def saved(record: Record) -> Part | None:
    """Share of the compute of doomed runs that it saves; None where it could say nothing."""
    share = record.tested.saved
    if share is None or not record.judged.hits + record.judged.misses:
        return None
    interval = share.interval
    return Part(
        share.value,
        None if interval is None else interval.low,
        None if interval is None else interval.high,
    )


def elsewhere(tried: TriedRule) -> ElsewhereRecord | None:
    """How the choice fares on tickets that had no part in it, as it is told."""
    found = tried.elsewhere
    if found is None:
        return None
    return ElsewhereRecord(
        found.hits, found.hits_stopped, found.saved / found.spent if found.spent > 0.0 else None
    )
