"""Ceremonies in plain words, laid out for a shared screen."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime

from assay.domain.gates.wording import hours
from assay.domain.kernel.durations import duration_text
from assay.domain.sprints.sprint import KillCall, SprintState
from assay.errors import AssayError
from assay.web import wording
from assay.web.advised_stops_view import stops_fact, stops_section, stops_words
from assay.web.contexts.board import Fact
from assay.web.contexts.sprints import CeremonyLine, CeremonyPage, Headline, KillQuestion, RetroForm, Section
from assay.web.contexts.ticket_form import Choice
from assay.web.gate_words import run_href
from assay.web.half_time_view import half_time_headline
from assay.web.jobs_view import jobs_section
from assay.web.sprint_flow_view import flow_section
from assay.web.sprint_words import MOST_LINES, NEWS, PROGRESS, rest_of, tabs, where
from assay.web.sprints_view import commitment_forms
from assay.workflows.ceremony_markdown import (
    aim_text,
    inside_a_sentence,
    late_compute,
    lateness,
    tooling_lines,
)
from assay.workflows.sprint_views import (
    CheckView,
    Expected,
    Improvement,
    Learned,
    RetroView,
    ReviewView,
    RunLine,
    ScopeChange,
    StandupView,
    TicketAt,
)

LEARNED = {
    "killed": ("kill", "stop"),
    "promoted": ("promote", "up"),
    "promote": ("promote", "up"),
    "kill": ("kill", "stop"),
    "iterating": ("iterate", "loop"),
    "iterate": ("iterate", "loop"),
    "undecided": ("iterate", "question"),
}
CALLS = (
    (None, "Not said yet"),
    (KillCall.GOOD, "A good call"),
    (KillCall.TOO_LATE, "Should have come earlier"),
    (KillCall.TOO_EARLY, "Came too early"),
)


def standup_page(view: StandupView, slug: str, *, since: date | None = None) -> CeremonyPage:
    """The stand-up; since: the day that was asked for."""
    trouble = sum(line.news.value in {"diverged", "failed", "stalled"} for line in view.runs)
    trouble += len(view.failed_jobs)
    markdown_href = f"/api/v1/projects/{slug}/standup?format=markdown" + (
        "" if since is None else f"&since={since}"
    )
    return CeremonyPage(
        heading="Stand-up",
        where=f"{view.stand.name}, {where(view.stand)}" if view.stand else "no sprint is running: everything in progress",
        goal=view.stand.goal if view.stand else "",
        tabs=tabs(slug, view.stand.number if view.stand else None, "standup"),
        headline=_standup_headline(view, trouble),
        facts=(
            Fact("Runs since", str(sum(line.runs for line in view.runs)), f"{wording.minute(view.since)}; {trouble} with trouble"),
            stops_fact(view.stops),
            Fact("Stuck", str(len(view.stuck)), _kinds(view)),
            Fact("Out of sight", str(len(view.silent)), "no run, note or move for three days"),
        ),
        first=(
            stops_section(view.stops, slug),
            Section("runs", "Runs", "overnight first, trouble before success", tuple(_run(line, slug) for line in view.runs[:MOST_LINES]) + _loose(view, slug), "No run began or ended.", *rest_of(view.runs, markdown_href, "as Markdown")),
            jobs_section(view.failed_jobs, view.unread, slug),
            Section("learned", "What we learned", "decisions, and verdicts that changed", _learned(view.learned, slug), "Nothing new."),
            Section("tickets", "In this sprint" if view.stand else "In progress", "", _tickets(view.tickets[:MOST_LINES], slug), "Nothing is in progress.", *rest_of(view.tickets, f"/p/{slug}/board", "on the board")),
        ),
        second=(
            _next(view, slug),
            Section("stuck", "Stuck", "oldest first", tuple(
                CeremonyLine(key=one.key, href=f"/p/{slug}/t/{one.key}", title=one.title,
                    text=f"{one.category} for {duration_text(one.days)}" + (f", {one.owner} sees to it" if one.owner else "") + (f". {one.text}" if one.text else ""),
                    chip="blocked", look="blocked", icon="hand")
                for one in view.stuck
            ), "Nothing is blocked. What is in the way of a card is told with B on the board.", f"/p/{slug}/blockers" if view.stuck else "", "All blockers, and how to close them"),
            Section("silent", "Out of sight", "started, undecided, no sign of life", tuple(_silent(one, view.at, slug) for one in view.silent), "Everything shows signs of life."),
            Section("scope", "Scope since then", "", _scope(view.scope, slug), ""),
        ),
        minutes=15,
        markdown_href=markdown_href,
    )  # fmt: skip


def _kinds(view: StandupView) -> str:
    """Stuck on what: data, compute, clarity?"""
    counts = Counter(one.category for one in view.stuck)
    noun = "open blocker" if len(view.stuck) == 1 else "open blockers"
    told = ", ".join(f"{count} by {inside_a_sentence(kind)}" for kind, count in counts.most_common())
    return f"{noun}: {told}" if told else noun


def _next(view: StandupView, slug: str) -> Section:
    lines = _tickets((view.next,) if view.next else (), slug)
    if view.stand is not None:
        return Section("next", "Next experiment", "", lines, "Every committed experiment has runs.")
    return Section(
        "next",
        "Next experiment",
        "",
        lines,
        "No sprint says what comes next.",
        f"/p/{slug}/planning",
        "Plan a sprint",
    )


def _standup_headline(view: StandupView, trouble: int) -> Headline:
    overnight = sum(line.runs for line in view.runs if line.overnight)
    parts = [wording.plural(overnight, "run") + " overnight"] if overnight else []
    if trouble:
        parts.append(f"{trouble} with trouble")
    stops = stops_words(view.stops)
    parts += stops
    if view.stuck:
        parts.append(wording.plural(len(view.stuck), "blocker") + " open")
    if view.unread:
        parts.append(f"not known from {', '.join(one.name for one in view.unread)}")
    if not parts:
        return Headline("Nothing broke and nothing is stuck.", "", "v-none")
    return Headline(
        ", ".join(parts) + ".", "", "v-kill" if trouble else "v-iterate" if stops or view.stuck else "v-none"
    )


def check_page(view: CheckView, slug: str, *, csrf_token: str) -> CeremonyPage:
    """The mid-sprint check."""
    half, state = view.half_time, SprintState(view.stand.state)
    return CeremonyPage(
        heading="Mid-sprint check",
        where=where(view.stand),
        goal=view.stand.goal,
        tabs=tabs(slug, view.stand.number, "check"),
        headline=half_time_headline(view),
        facts=(
            Fact("Experiments", str(half.questions), "committed"),
            Fact("Preliminary results", str(half.with_results), f"of {half.questions}"),
            Fact("Flagged for extension", str(half.flagged), "without results"),
            Fact("Neither", str(len(view.neither)), "named below" if view.neither else "of them"),
        ),
        first=(
            Section("neither", "Neither results nor a flag", "flag what needs longer, or take it out" if view.neither else "", _tickets(view.neither, slug, asked=True), "None."),
            Section("flagged", "Flagged for extension", "", _tickets(tuple(one for one in view.tickets if one.extension_reason), slug, asked=True), ""),
            Section("tickets", "All of the sprint", "", _tickets(view.tickets, slug), "Nothing is committed."),
        ),
        second=(Section("scope", "Scope since the start", "", _scope(view.scope, slug), "As it was planned."),),
        minutes=20,
        forms=commitment_forms(slug, view.stand.number, state, csrf_token, back="check") if state.is_open else None,
        markdown_href=f"/api/v1/projects/{slug}/sprints/{view.stand.number}/check?format=markdown",
    )  # fmt: skip


def review_page(view: ReviewView, slug: str) -> CeremonyPage:
    """The review: what was learned comes first."""
    answers = view.killed + view.promoted
    text = (
        f"{wording.plural(answers, 'answer')}: {view.killed} killed, {view.promoted} promoted."
        if answers
        else "No answer yet: nothing was decided in this sprint."
    )
    return CeremonyPage(
        heading=f"Review of {view.stand.name}",
        where=where(view.stand),
        goal=view.stand.goal,
        tabs=tabs(slug, view.stand.number, "review"),
        headline=Headline(text, "A killed experiment with learnings is an answer, exactly as a promoted one.", "v-promote" if answers else "v-none"),
        facts=(
            Fact("Decided", str(answers), f"of {len(view.tickets)} committed"),
            _spent(view),
            Fact("Scope changed", str(len(view.scope)), "after the start"),
        ),
        first=(
            Section("learned", "What we learned", "", _learned(view.learned, slug), "Nothing was decided yet."),
            Section("results", "Results against criteria", "as the verdicts say", _tickets(view.tickets, slug, figures=True), "Nothing is committed."),
        ),
        second=(
            _demo(view, slug),
            Section("gates", "Gates", "newest first", tuple(
                CeremonyLine(key=one.ticket or "", href=run_href(slug, one.gate, one.number), title=one.gate, text=one.headline, chip=one.result, look={"pass": "promote", "fail": "kill"}.get(one.result, "iterate"))
                for one in view.gates
            ), "No gate was asked about these tickets."),
            Section("scope", "Scope since the start", "", _scope(view.scope, slug), "As it was planned."),
        ),
        minutes=60,
        markdown_href=f"/api/v1/projects/{slug}/sprints/{view.stand.number}/review?format=markdown",
    )  # fmt: skip


def _spent(view: ReviewView) -> Fact:
    spent = sum(one.gpu_hours for one in view.tickets)
    unknown = sum(one.runs_without_gpu_hours for one in view.tickets)
    if not spent:
        rest = (
            f"{wording.plural(unknown, 'run')} without GPU-hours"
            if unknown
            else "used by runs begun in the sprint"
        )
        return Fact("Compute", wording.UNKNOWN if unknown else "none", rest)
    rest = "by the runs begun in the sprint"
    return Fact("Compute", f"{hours(spent)} GPU-h", f"{rest}, {unknown} not known" if unknown else rest)


def _demo(view: ReviewView, slug: str) -> Section:
    if view.demo is None and SprintState(view.stand.state).is_open:
        href = f"/p/{slug}/sprints/{view.stand.number}#demo"
        return Section("demo", "Demo", "", (), "None is chosen.", href, "Choose one")
    return Section("demo", "Demo", "", _tickets((view.demo,) if view.demo else (), slug), "None was chosen.")


def retro_page(
    view: RetroView, slug: str, *, csrf_token: str, problem: AssayError | None = None, typed: str = ""
) -> CeremonyPage:
    """The retro: it opens with what the last one picked."""
    last = view.last_improvement
    return CeremonyPage(
        heading=f"Retro of {view.stand.name}",
        where=where(view.stand),
        goal="",
        tabs=tabs(slug, view.stand.number, "retro"),
        headline=_last_headline(last),
        facts=(
            Fact("Kills", str(len(view.kills)), "; ".join(part for part in (_late(view), view.kills_text) if part)),
            *(Fact(name, value, rest) for name, value, rest in tooling_lines(view.tooling)),
        ),
        first=(
            Section("last", "The last improvement", "", _improved(last, slug), "The first retro has none to look back on."),
            Section("rates", "Does our aim improve?", "promotion rate and hit rate by sprint, with their exact 95% intervals", tuple(
                CeremonyLine(key="", href=f"/p/{slug}/sprints/{one.number}", title=one.name,
                    text="nothing decided" if one.rate is None or one.low is None or one.high is None else f"{one.promoted} of {one.promoted + one.killed} promoted: {one.rate:.0%}, {one.low:.0%} to {one.high:.0%}" + (f". {told}" if (told := aim_text(aim)) else ""))
                for one, aim in zip(view.rates, view.aims, strict=True)
            ), "No sprint was started yet."),
            flow_section(view.flow),
            Section("expected", "What we expected", "", _expected(view.expected, slug), "Nothing was decided in this sprint."),
            Section("learned", "What we learned", "", _learned(view.learned, slug), "Nothing was decided in this sprint."),
        ),
        second=(),
        minutes=60,
        markdown_href=f"/api/v1/projects/{slug}/sprints/{view.stand.number}/retro?format=markdown",
        retro=_retro_form(view, slug, csrf_token, typed),
        problem=problem.message if problem else "",
        problem_hint=problem.hint if problem else "",
    )  # fmt: skip


def _expected(expected: Expected, slug: str) -> tuple[CeremonyLine, ...]:
    """Nothing was decided: nothing can be said of what was expected."""
    if not expected.calls:
        return ()
    told = [("Chances that were given", expected.chances), ("Order of planning", expected.ranking)]
    return (
        *(CeremonyLine(key="", href="", title=title, text=text) for title, text in told if text),
        *(
            CeremonyLine(key="", href=f"/p/{slug}/t/{key}", title=key, text=text)
            for key, text in expected.calls
        ),
    )


def _late(view: RetroView) -> str:
    """What went on after verdicts said kill, without making a number of what nobody knows."""
    late = [one.late for one in view.kills if one.late and one.late.runs]
    if not late:
        return "none went on after its verdict said kill" if view.kills else "in this sprint"
    runs, unknown = sum(one.runs for one in late), sum(one.unknown for one in late)
    return f"{late_compute(runs, sum(one.gpu_hours for one in late), unknown)} after a verdict said kill"


def _last_headline(last: Improvement | None) -> Headline | None:
    if last is None:
        return None
    if last.is_done:
        return Headline(f"The last improvement is done: {last.title}.", "", "v-promote")
    return Headline(
        f"The last improvement is not done: {last.title}.", f"It stands in {last.stage}.", "v-iterate"
    )


def _retro_form(view: RetroView, slug: str, csrf_token: str, typed: str) -> RetroForm:
    now = view.improvement
    return RetroForm(
        action=f"/p/{slug}/sprints/{view.stand.number}/retro",
        version=view.version,
        went_well=view.notes.went_well,
        to_change=view.notes.to_change,
        data_and_tooling=view.notes.data_and_tooling,
        kills=tuple(
            KillQuestion(
                key=one.ticket.key,
                title=one.ticket.title,
                text=lateness(one.late),
                choices=tuple(
                    Choice(
                        value=call.value if call else "",
                        label=label,
                        chosen=one.call == (call.value if call else ""),
                    )
                    for call, label in CALLS
                ),
            )
            for one in view.kills
        ),
        improvement=f"{now.key} {now.title}" if now else "",
        improvement_href=f"/p/{slug}/t/{now.key}" if now else "",
        can_pick=now is None and view.stand.state in (SprintState.ACTIVE.value, SprintState.ENDED.value),
        can_keep=view.stand.state != SprintState.CANCELLED.value,
        title=typed,
        csrf_token=csrf_token,
    )


def _improved(last: Improvement | None, slug: str) -> tuple[CeremonyLine, ...]:
    if last is None:
        return ()
    return (
        CeremonyLine(
            key=last.key,
            href=f"/p/{slug}/t/{last.key}",
            title=last.title,
            text=f"picked at the retro of sprint {last.sprint}, now in {last.stage}",
            chip="done" if last.is_done else "not done",
            look="promote" if last.is_done else "iterate",
        ),
    )


def _run(line: RunLine, slug: str) -> CeremonyLine:
    word, look, icon = NEWS[line.news]
    return CeremonyLine(
        key=line.ticket,
        href=f"/p/{slug}/runs/{line.run_id}" if line.runs == 1 else f"/p/{slug}/t/{line.ticket}",
        title=(line.name or line.run_id) if line.runs == 1 else line.title,
        text=line.text + (", overnight" if line.overnight else ""),
        chip=word,
        look=look,
        icon=icon,
        iso=wording.iso(line.at),
        when=wording.minute(line.at),
    )


def _loose(view: StandupView, slug: str) -> tuple[CeremonyLine, ...]:
    if not view.loose_runs:
        return ()
    runs = wording.plural(view.loose_runs, "run")
    text = "attach them to their tickets, or they are evidence of nothing"
    return (
        CeremonyLine(
            "", f"/p/{slug}/runs?ticket=none", f"{runs} of no ticket", text, "loose", "blocked", "warning"
        ),
    )


def _learned(found: tuple[Learned, ...], slug: str) -> tuple[CeremonyLine, ...]:
    lines = []
    for one in found:
        look, icon = LEARNED.get(one.word, ("", "circle"))
        lines.append(
            CeremonyLine(
                key=one.key,
                href=f"/p/{slug}/t/{one.key}",
                title=one.title,
                text=one.text or "nothing was written",
                chip="not known yet" if one.word == "undecided" else one.word,
                look=look,
                icon=icon,
                iso=wording.iso(one.at),
                when=wording.minute(one.at),
            )
        )
    return tuple(lines)


def _tickets(
    found: tuple[TicketAt, ...], slug: str, *, asked: bool = False, figures: bool = False
) -> tuple[CeremonyLine, ...]:
    return tuple(_ticket(one, slug, asked=asked, figures=figures) for one in found)


def _ticket(one: TicketAt, slug: str, *, asked: bool, figures: bool) -> CeremonyLine:
    word, look, icon = PROGRESS[one.progress]
    parts = [f"In {one.stage}", one.headline, one.figures if figures or not one.headline else "", one.chance]
    if one.extension_reason:
        parts.append(f"Needs longer: {one.extension_reason}")
    return CeremonyLine(
        key=one.key,
        href=f"/p/{slug}/t/{one.key}",
        title=one.title,
        text=". ".join(part.rstrip(".") for part in parts if part),
        chip=word,
        look=look,
        icon=icon,
        is_asked=asked,
        extension=one.extension_reason,
    )


def _silent(one: TicketAt, at: datetime, slug: str) -> CeremonyLine:
    assert one.last_sign_at is not None
    quiet = duration_text((at - one.last_sign_at).total_seconds() / 86_400.0)
    told = f"no run, note or move for {quiet}"
    return CeremonyLine(one.key, f"/p/{slug}/t/{one.key}", one.title, told, "silent", "blocked", "warning")


def _scope(changes: tuple[ScopeChange, ...], slug: str) -> tuple[CeremonyLine, ...]:
    return tuple(
        CeremonyLine(
            key=one.key,
            href=f"/p/{slug}/t/{one.key}" if one.key else "",
            title=one.title,
            text=(f"by {one.by}" if one.came_in else one.reason or f"by {one.by}"),
            chip="came in" if one.came_in else "went out" if one.key else "plan changed",
            look="iterate",
            iso=wording.iso(one.at),
            when=wording.minute(one.at),
        )
        for one in changes
    )
