"""The tests of causes that lie in the plan: data that is not ready, a mix that does not fit the phase, a phase without end."""

from __future__ import annotations

from assay.domain.board.blockers import BlockerCategory, open_at
from assay.domain.board.counted import is_or_are, plural
from assay.domain.board.diagnosis import Answer, Cause, Facts, PhaseFit, Standing
from assay.domain.board.readiness import (
    PLANNING_FAILURE,
    READY_ENOUGH,
    due_text,
    readiness_text,
    ready_share,
)
from assay.domain.board.shares import Share


def data_not_ready(facts: Facts) -> Answer:
    """Was data there when experiments needed it in these days, and is it there for those that need it now?"""
    due = [
        item
        for item in facts.items.values()
        if item.is_experiment and item.names_data and item.data_due and not item.is_over
    ]
    late = [item.key for item in due if not item.has_data]
    then, now = ready_share(facts.data), Share(len(due) - len(late), len(due))
    rates = {}
    if then.rate is not None:
        rates[f"data ready on time in these days: {due_text(then)}; {readiness_text(then)}"] = then.rate
    if now.rate is not None:
        said = f"{now.count} of {plural(now.of, 'experiment')} that {'needs' if now.of == 1 else 'need'} data by now"
        has = "has" if now.count == 1 else "have"
        rates[f"{said} {has} it ({now.rate:.0%}; healthy is {READY_ENOUGH:.0%} or more)"] = now.rate
    labels = [
        span for span in open_at(facts.blocked, facts.end) if span.category is BlockerCategory.DATA_QUALITY
    ]
    also = (
        (f"{plural(len(labels), 'blocker')} of data quality {is_or_are(len(labels))} open",) if labels else ()
    )
    missed = [one.item for one in facts.data if one.on_time is False]
    items = tuple(dict.fromkeys([*late, *missed, *(span.item for span in labels)]))
    if not rates:
        missing = "no experiment whose data is due says which: write data needs and their days on the tickets"
        return Answer(Cause.DATA_NOT_READY, Standing.NOT_KNOWN, speaks_for=also, missing=missing, items=items)
    worst = min(rates.values())
    worse = ("under 60% it is planning that fails",) if worst < PLANNING_FAILURE else ()
    bad = tuple(text for text, rate in rates.items() if rate < READY_ENOUGH)
    return Answer(
        Cause.DATA_NOT_READY,
        Standing.HOLDS if bad else Standing.DOES_NOT_HOLD,
        1.0 - worst,
        speaks_for=(*bad, *worse, *also),
        speaks_against=tuple(text for text, rate in rates.items() if rate >= READY_ENOUGH),
        items=items,
    )


def phase_mix(facts: Facts) -> Answer:
    """Does the running sprint explore as much as the phase of the project asks for?"""
    fit, cause = facts.phase, Cause.PHASE_MIX
    missing = _mix_unknown(fit)
    if fit is None or missing:
        return Answer(cause, Standing.NOT_KNOWN, missing=missing, items=fit.unmarked if fit else ())
    assert fit.explore_percent is not None
    neither = (
        (
            f"{plural(len(fit.unmarked), 'experiment')} of it {_say(len(fit.unmarked))} neither: they count for nothing",
        )
        if fit.unmarked
        else ()
    )
    if fit.warning is not None:
        return Answer(
            cause,
            Standing.HOLDS,
            abs(fit.explore_percent - fit.target_percent) / 100.0,
            speaks_for=(f"sprint {fit.sprint}: {fit.warning}",),
            speaks_against=neither,
            items=fit.too_many,
        )
    said = (
        f"sprint {fit.sprint} explores {fit.explore_percent:.0f}%, {fit.phase} asks for {fit.target_percent}%"
    )
    return Answer(cause, Standing.DOES_NOT_HOLD, speaks_for=neither, speaks_against=(said,))


def _mix_unknown(fit: PhaseFit | None) -> str:
    if fit is None or not fit.is_said:
        return "nobody said which phase the project is in: assay phase set"
    if fit.sprint is None:
        return "no sprint is running, so there is no mix to hold against the phase"
    if fit.explore_percent is None:
        return f"no ticket of sprint {fit.sprint} says whether it explores or exploits, and how much it takes"
    return ""


def _say(count: int) -> str:
    return "says" if count == 1 else "say"


def stuck_in_phase(facts: Facts) -> Answer:
    """Does the project search without end, tune far below its target, ship nothing that is good enough, or work out of sight?"""
    fit, cause = facts.phase, Cause.STUCK_IN_PHASE
    if fit is None or not (fit.is_said or fit.signs):
        missing = "nobody said which phase the project is in, and since when: assay phase set"
        return Answer(cause, Standing.NOT_KNOWN, missing=missing)
    if not fit.signs:
        none = f"{fit.phase} is not overdue, and every experiment in progress shows a sign of life"
        return Answer(cause, Standing.DOES_NOT_HOLD, speaks_against=(none,))
    return Answer(
        cause,
        Standing.HOLDS,
        len(fit.signs) / 4.0,
        speaks_for=tuple(sign.text for sign in fit.signs),
        items=tuple(dict.fromkeys(key for sign in fit.signs for key in sign.items)),
    )
