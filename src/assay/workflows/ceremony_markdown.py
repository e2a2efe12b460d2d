"""A ceremony as Markdown, for the chat or the wiki. Text that people wrote cannot become markup."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from assay.domain.experiments.pipeline_jobs import job_text
from assay.domain.gates.wording import count, hours
from assay.domain.kernel.durations import duration_text
from assay.domain.kernel.plain_text import without_control
from assay.domain.sprints.progress import LateKill
from assay.domain.sprints.sprint import SprintState
from assay.workflows.job_views import UnreadOrchestrator
from assay.workflows.sprint_flow_words import flow_lines
from assay.workflows.sprint_views import (
    AdvisedStop,
    CheckView,
    Learned,
    RetroView,
    ReviewView,
    RunLine,
    ScopeChange,
    SprintAim,
    Stand,
    StandupView,
    TicketAt,
    Tooling,
)

_STANDS = {
    SprintState.PLANNED.value: "not begun",
    SprintState.ENDED.value: "ended",
    SprintState.CANCELLED.value: "cancelled",
}
_MARKUP = re.compile(r"([\\`*_{}\[\]<>#|~!&])")
_LIST = re.compile(r"^([0-9]{0,9})([-+.)])(?=\s|$)")


def written(text: str) -> str:
    r"""Text of people on one line of Markdown, as it was written.

    >>> written("<b>*now*</b>\n# not a heading")
    '\\<b\\>\\*now\\*\\</b\\> \\# not a heading'
    >>> written("1. no list"), written("- none either")
    ('1\\. no list', '\\- none either')
    """
    line = _MARKUP.sub(r"\\\1", " ".join(without_control(text).split()))
    return _LIST.sub(r"\1\\\2", line)


def standup_markdown(view: StandupView) -> str:
    """The stand-up."""
    return _document(
        f"Stand-up, {_day(view.at)}",
        _where(view.stand) if view.stand else "No sprint is running: everything in progress.",
        ("Runs since " + _minute(view.since), [_run(line) for line in view.runs] + _loose(view.loose_runs)),
        ("Failed jobs of pipelines", [f"{one.ticket}: {written(job_text(one))}" for one in view.failed_jobs] + [_unread(one) for one in view.unread]),
        ("Stop or go on", [_stop(one) for one in view.stops]),
        ("Learned", [_learned(one) for one in view.learned]),
        ("Runs under way", [f"{one.key} {written(one.title)}: {written(one.chance)}" for one in view.tickets if one.chance]),
        ("Stuck", [
            f"{one.key} {written(one.title)}: {written(one.category)}, {duration_text(one.days)}"
            + (f", {written(one.owner)}" if one.owner else "") + (f". {written(one.text)}" if one.text else "")
            for one in view.stuck
        ]),
        ("Out of sight", [_silent(one, view.at) for one in view.silent]),
        ("Next experiment", [_ticket(view.next)] if view.next else []),
        ("Scope", [_scope(one) for one in view.scope]),
    )  # fmt: skip


def _stop(one: AdvisedStop) -> str:
    said = f"{one.key} {written(one.title)}: {written(stop_name(one))}, {written(one.reason)}"
    return f"{said} ({written(one.snoozed)})" if one.snoozed else said


def stop_name(one: AdvisedStop) -> str:
    """Which rule says what, in words."""
    if one.criterion:
        return f"its kill criterion {one.rule} is met"
    name = one.rule.replace("_", " ")
    return f"{name} advises to stop" if one.advises_kill else f"{name}, a person has to say"


def check_markdown(view: CheckView) -> str:
    """The mid-sprint check."""
    half = view.half_time
    counted = f"{half.with_results} of {half.questions} experiments have preliminary results, {half.flagged} more flagged for extension."
    if half.holds is None:
        verdict = "Nothing was asked in this sprint."
    elif not view.is_due:
        verdict = f"Half time is on {view.stand.half_time.isoformat()}. {counted}"
    elif view.stand.state == SprintState.ENDED:
        held = "held" if half.holds else "did not hold"
        said = f"{half.with_results} of {half.questions} experiments had preliminary results, {half.flagged} more were flagged for extension."
        verdict = f"At half time it {held}: {said}"
    else:
        verdict = (
            f"{'It holds' if half.holds else 'It does not hold'}: {counted} At least half should by now."
        )
    return _document(
        f"Mid-sprint check, {_day(view.at)}",
        f"{_where(view.stand)}\n\n{verdict}",
        ("Neither results nor a flag", [_ticket(one) for one in view.neither]),
        ("All", [_ticket(one) for one in view.tickets]),
        ("Scope", [_scope(one) for one in view.scope]),
    )


def review_markdown(view: ReviewView) -> str:
    """The review: what was learned comes first."""
    return _document(
        f"Review of sprint {view.stand.number}",
        f"{_where(view.stand)}\n\n{_answers(view)}",
        ("What we learned", [_learned(one) for one in view.learned]),
        ("Results against criteria", [_ticket(one) for one in view.tickets]),
        ("Gates", [f"{one.ticket}: gate {written(one.gate)}: {one.result}. {written(one.headline)}" for one in view.gates]),
        ("Demo", [_ticket(view.demo)] if view.demo else []),
        ("Scope", [_scope(one) for one in view.scope]),
    )  # fmt: skip


def _answers(view: ReviewView) -> str:
    if not view.killed and not view.promoted:
        return "Nothing is decided yet."
    return f"{view.killed} killed, {view.promoted} promoted: each is an answer."


def retro_markdown(view: RetroView) -> str:
    """The retro."""
    notes = view.notes
    last, now = view.last_improvement, view.improvement
    return _document(
        f"Retro of sprint {view.stand.number}",
        _where(view.stand),
        ("The last improvement", [f"{last.key} {written(last.title)}: {'done' if last.is_done else written(last.stage)}"] if last else []),
        ("Kills", [
            f"{one.ticket.key} {written(one.ticket.title)}: {lateness(one.late)}" + (f" The team says: {one.call.replace('_', ' ')}." if one.call else "")
            for one in view.kills
        ] + ([f"{view.kills_text}."] if view.kills_text else [])),
        ("Promotion rate and hit rate by sprint", [
            f"{written(one.name)}: "
            + ("nothing decided" if one.rate is None else f"{one.promoted} of {one.promoted + one.killed} promoted ({one.rate:.0%})")
            + (f". {told}" if (told := aim_text(aim)) else "")
            for one, aim in zip(view.rates, view.aims, strict=True)
        ]),
        ("How work flowed", [f"{title}: {written(text)}" for title, text in flow_lines(view.flow)] if view.flow else []),
        ("Expected against measured", [
            written(view.expected.chances),
            *([written(view.expected.ranking)] if view.expected.ranking else []),
            *(f"{key}: {written(text)}" for key, text in view.expected.calls),
        ]),
        ("Data and tooling in figures", [f"{name}: {value} ({rest})" for name, value, rest in tooling_lines(view.tooling)]),
        ("Went well", _lines(notes.went_well)),
        ("To change", _lines(notes.to_change)),
        ("Data and tooling", _lines(notes.data_and_tooling)),
        ("The one improvement", [f"{now.key} {written(now.title)}"] if now else []),
    )  # fmt: skip


def _document(title: str, lead: str, *sections: tuple[str, Sequence[str]]) -> str:
    parts = [f"# {title}", lead]
    for heading, lines in sections:
        if lines:
            parts += [f"## {heading}", "\n".join(f"- {line}" for line in lines)]
    return "\n\n".join(parts) + "\n"


def _where(stand: Stand) -> str:
    goal = f"\n\nGoal: {written(stand.goal)}" if stand.goal else ""
    days = f"{stand.starts_on} to {stand.ends_on}"
    place = _STANDS.get(stand.state) or f"day {stand.day} of {stand.days}"
    return f"{written(stand.name)}, {days}, {place}{goal}"


def _run(line: RunLine) -> str:
    night = ", overnight" if line.overnight else ""
    told = f"{written(line.name)} {written(line.text)}" if line.runs == 1 else written(line.text)
    return f"{line.news.value}{night}: {line.ticket} {told}"


def _loose(count: int) -> list[str]:
    if not count:
        return []
    return [f"{count} {'run belongs' if count == 1 else 'runs belong'} to no ticket"]


def _learned(one: Learned) -> str:
    return f"{one.key} {written(one.title)}, {one.word}: {written(one.text) or 'nothing was written'}"


def _ticket(one: TicketAt) -> str:
    parts = [f"{one.key} {written(one.title)}: {one.progress.value}"]
    parts += [written(part) for part in (one.headline, one.figures) if part]
    if one.extension_reason:
        parts.append(f"Needs longer: {written(one.extension_reason)}")
    return ". ".join(part.rstrip(".") for part in parts)


def _silent(one: TicketAt, at: datetime) -> str:
    assert one.last_sign_at is not None
    days = (at - one.last_sign_at).total_seconds() / 86_400.0
    return f"{one.key} {written(one.title)}: no run, note or move for {duration_text(days)}"


def _scope(change: ScopeChange) -> str:
    if not change.key:
        return f"{_day(change.at)}: {written(change.title)}"
    word = "came in" if change.came_in else "went out"
    reason = f": {written(change.reason)}" if change.reason else ""
    return f"{change.key} {written(change.title)} {word} on {_day(change.at)}{reason}"


def lateness(late: LateKill | None) -> str:
    """What a late kill cost, in a sentence."""
    if late is None:
        return "the verdict had not said kill by then."
    if not late.runs:
        return "decided before another run began."
    return f"{late_compute(late.runs, late.gpu_hours, late.unknown)} began after the verdict said kill."


def late_compute(runs: int, gpu_hours: float, unknown: int) -> str:
    """Runs and their compute, without a number for what nobody knows.

    >>> late_compute(1, 2.0, 0), late_compute(3, 2.0, 1), late_compute(2, 0.0, 2)
    ('1 run (2 GPU-hours)', '3 runs (2 GPU-hours and 1 not known)', '2 runs (compute not known)')
    """
    counted = f"{runs} run{'' if runs == 1 else 's'}"
    if unknown == runs:
        return f"{counted} (compute not known)"
    rest = f" and {unknown} not known" if unknown else ""
    return f"{counted} ({hours(gpu_hours)} GPU-hours{rest})"


def aim_text(aim: SprintAim) -> str:
    """How often criteria were met, and what was predicted against what came; empty where nothing was decided."""
    parts = []
    if aim.hit_rate is not None:
        sure = (
            ""
            if aim.hit_low is None or aim.hit_high is None
            else f", {aim.hit_low:.0%} to {aim.hit_high:.0%}"
        )
        parts.append(
            f"Hit rate: {aim.hits} of {aim.decided} met the primary criteria ({aim.hit_rate:.0%}{sure})"
        )
    if aim.said is not None and aim.came_true is not None and aim.brier is not None:
        parts.append(
            f"Of {count(aim.chances, 'experiment')} a chance had been given, {aim.said:.0%} on average: "
            f"{aim.came_true:.0%} of those came true (Brier {aim.brier:.2f})"
        )
    if aim.effects:
        parts.append(
            f"{aim.effects_inside} of {count(aim.effects, 'effect')} measured inside the range that was to hold 8 in 10"
        )
    return ". ".join(parts)


def tooling_lines(tooling: Tooling) -> Sequence[tuple[str, str, str]]:
    """How data and tooling did: name, figure, and what it is of."""
    days = sum(cost.days for cost in tooling.blocked)
    worst = tooling.blocked[0].category.label if tooling.blocked else ""
    most = "most of it by " if len(tooling.blocked) > 1 else "by "
    return (
        ("Broken runs", f"{tooling.broken_runs} of {tooling.runs}", "failed, stopped or diverged")
        if tooling.runs
        else ("Broken runs", "none", "no run ended in the sprint"),
        ("Blocked", duration_text(days), most + inside_a_sentence(worst))
        if worst
        else ("Blocked", "never", "no blocker was open"),
    )  # fmt: skip


def inside_a_sentence(label: str) -> str:
    """A label as it stands inside a sentence.

    >>> inside_a_sentence("Data quality"), inside_a_sentence("GPU shortage")
    ('data quality', 'GPU shortage')
    """
    return label if label[1:2].isupper() else f"{label[:1].lower()}{label[1:]}"


def _lines(text: str) -> list[str]:
    return [written(line) for line in text.splitlines() if line.strip()]


def _unread(one: UnreadOrchestrator) -> str:
    read = "" if one.read_at is None else f" (last read {_minute(one.read_at)})"
    return f"not known from {written(one.name)}{read}: {written(one.why)}"


def _day(moment: datetime) -> str:
    return moment.date().isoformat()


def _minute(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
