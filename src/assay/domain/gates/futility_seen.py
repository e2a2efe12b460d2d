"""What past runs said about the runs under way, as a verdict keeps it, and in words.

It is an input of the verdict, like the time: with the digest of the runs it was learned from, so that the record comes out again years
later, when those runs have changed and more are over (docs/decisions/0040).
"""

from __future__ import annotations

from assay.domain.gates.wording import count, listed
from assay.domain.kernel.model import Value
from assay.domain.kernel.verdicts import RunChance, Verdict
from assay.domain.stopping.futility import LEAST_OF_PROBLEM, LEAST_PAST_RUNS
from assay.stats.conformal_gap import hits_needed

MOST_TOLD = 5
"""Sentences about runs under way that a reader is given."""


class SeenOfRun(Value):
    """What past runs said of one run under way. One of chance, p_value and neither: nothing is known."""

    run_id: str
    run: str
    """Its name."""
    steps: int | None
    """Its whole budget, in steps; None where nobody knows."""
    unlike: bool
    """Its budget is unlike that of past runs, or not known: the rule may only recommend."""
    is_beyond: bool = False
    """It has gone past its budget, so its end is not known."""
    check: float | None = None
    """Share of the budget at the last check."""
    chance: float | None = None
    before: float | None = None
    """The chance one check earlier."""
    p_value: float | None = None
    past_runs: int
    past_hits: int
    recent_hits: int
    recent_runs: int
    of_all_problems: int


class FutilitySeen(Value):
    """What a verdict was told by past runs, as it is stored in its record."""

    history: str
    """Digest of the runs it was learned from."""
    level: float
    """Chances below it are called futile."""
    target: str
    """As it is written: 85%."""
    runs: tuple[SeenOfRun, ...]
    more: int = 0
    """Runs under way beyond the first fifty."""


def is_futile(seen: SeenOfRun, level: float) -> bool:
    """Is it futile to go on with this run? One chance scatters, so two checks in a row must say so."""
    if seen.p_value is not None:
        return seen.p_value <= level
    if seen.chance is None or seen.before is None:
        return False
    return seen.chance < level and seen.before < level


def chances_of(seen: FutilitySeen | None) -> tuple[RunChance, ...]:
    """What a reader is told of each run under way."""
    if seen is None:
        return ()
    return tuple(
        RunChance(
            run_id=one.run_id,
            run=one.run,
            chance=one.chance,
            futile=is_futile(one, seen.level),
            target=seen.target,
            text=outlook_text(one, seen),
        )
        for one in seen.runs
    )


def told_chances(verdict: Verdict) -> tuple[str, ...]:
    """What a reader of the verdict is told of the runs under way, the least likely first; what an advice says already is left out.

    Runs of which the same is said are told of together, and after a few the others are counted.
    """
    said = " ".join((verdict.detail, *(one.reason for one in verdict.advice))).casefold()
    told: dict[str, list[str]] = {}
    for one in sorted(verdict.chances, key=lambda one: (one.chance is None, one.chance or 0.0)):
        if one.text.casefold() not in said:
            told.setdefault(one.text, []).append(one.run)
    alone = len(verdict.chances) == 1
    lines = [
        f"{text[:1].upper()}{text[1:]}"
        if alone
        else f"{listed(runs, most=1 if len(runs) > 3 else 3)}: {text}"
        for text, runs in told.items()
    ]
    more = sum(len(runs) for runs in list(told.values())[MOST_TOLD:])
    return (*lines[:MOST_TOLD], *([f"{count(more, 'more run')} under way"] if more else []))


def futility_reason(seen: FutilitySeen | None) -> str | None:
    """Why is it futile to go on with this ticket? None unless each of its runs under way is futile."""
    if seen is None or seen.more or not all(is_futile(one, seen.level) for one in seen.runs):
        return None
    if len(seen.runs) == 1:
        return outlook_text(seen.runs[0], seen)
    said = listed((f"{one.run}: {outlook_text(one, seen)}" for one in seen.runs), most=2)
    return f"each of {count(len(seen.runs), 'run')} under way; {said}"


def outlook_text(one: SeenOfRun, seen: FutilitySeen) -> str:
    """What past runs say of a run, in a sentence without its beginning and end."""
    if one.chance is not None:
        return f"{percent(one.chance)} chance to reach {seen.target}{_by(one)}, {_learned(one)}{_low(one, seen.level)}{_unlike(one)}"
    if one.p_value is not None:
        rank = f"hardly any was ever so far behind at {one.check:.0%} of the budget" if is_futile(one, seen.level) else (
            f"some were as far behind at {one.check:.0%} of the budget"
        )  # fmt: skip
        hits = count(one.past_hits, "past run")
        return f"of {hits} of the same problem that reached their target, {rank} (p = {one.p_value:.2g}){_unlike(one)}"
    lacks = _beyond(one) if one.is_beyond else _missing(one, seen.level)
    return f"nothing known of its chance to reach {seen.target}: {lacks}"


def percent(chance: float) -> str:
    """A chance as it is said: no run is sure to hit or to miss.

    >>> percent(0.0021), percent(0.0433), percent(0.9999)
    ('less than 1%', '4%', 'more than 99%')
    """
    if chance < 0.01:
        return "less than 1%"
    return "more than 99%" if chance > 0.99 else f"{chance:.0%}"


def _by(one: SeenOfRun) -> str:
    return "" if one.steps is None else f" by step {one.steps:,}"


def _learned(one: SeenOfRun) -> str:
    recent = f", {one.recent_hits} of the last {one.recent_runs}" if one.past_runs > one.recent_runs else ""
    return f"learned from {count(one.past_runs, 'past run')} of the same problem ({one.past_hits} reached their target{recent})"


def _low(one: SeenOfRun, level: float) -> str:
    assert one.chance is not None
    if one.chance >= level:
        return ""
    if is_futile(one, level):
        return f"; below {_level(level)} at two checks in a row"
    return f"; below {_level(level)} at the last check, two in a row are needed"


def _level(level: float) -> str:
    return f"{100 * level:g}%"


def _unlike(one: SeenOfRun) -> str:
    if not one.unlike:
        return ""
    return f"; its budget of {one.steps:,} steps is unlike that of past runs, so the chance may be wrong"


def _beyond(one: SeenOfRun) -> str:
    return f"it has gone past step {one.steps:,}, as far as runs like it went"


def _missing(one: SeenOfRun, level: float) -> str:
    misses = one.past_runs - one.past_hits
    lacks = [
        f"{have} of {need} {what}"
        for have, need, what in (
            (one.of_all_problems, LEAST_PAST_RUNS, "in all"),
            (one.past_hits, LEAST_OF_PROBLEM, "of other tickets that reached their target"),
            (misses, LEAST_OF_PROBLEM, "of other tickets that did not"),
        )
        if have < need
    ]
    hits = hits_needed(level)
    instead = f"; {hits} that reached it would do" if one.past_hits < hits else ""
    return f"too few past runs ({', '.join(lacks)}{instead})"
