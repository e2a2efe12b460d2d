"""The planning page, in plain words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from assay.domain.experiments.display import format_difference
from assay.domain.gates.wording import hours
from assay.domain.kernel.findings import Outcome
from assay.domain.kernel.ids import TicketType
from assay.domain.sprints.feasibility import Fit
from assay.domain.sprints.load import Asked, silence_text
from assay.domain.sprints.ranking import Candidate, Delayed, Per, Ranked, Scale, brief_amount
from assay.domain.sprints.sprint import Split, SprintState
from assay.errors import AssayError
from assay.web import wording
from assay.web.contexts.board import Fact
from assay.web.contexts.planning import CandidateRow, PlanningPage, ReadyChip
from assay.web.contexts.sprints import CommitmentForms, CommitmentLine, Tab
from assay.web.sprint_words import amount, days, tabs
from assay.web.sprints_view import cadence_words, commitment_forms, shares
from assay.workflows.planning import PlanRow, ReadyItem
from assay.workflows.planning_page import PlanningView

_FITS: Mapping[Fit, str] = MappingProxyType(
    {Fit.FITS: "promote", Fit.TIGHT: "iterate", Fit.DOES_NOT: "blocked", Fit.UNKNOWN: ""}
)
_READY: Mapping[Outcome, tuple[str, str, str]] = MappingProxyType(
    {
        Outcome.MET: ("promote", "check", "yes"),
        Outcome.NOT_MET: ("blocked", "warning", "no"),
        Outcome.INVALID: ("blocked", "warning", "broken"),
        Outcome.UNCLEAR: ("", "question", "not clear"),
        Outcome.NO_EVIDENCE: ("", "question", "nobody says"),
    }
)
NONE_YET = "none yet"
COLUMNS = ("Chance", "If it works", "Cost", "Value / cost")
DELAY_COLUMNS = (*COLUMNS[:3], "WSJF")
NOUNS = {Per.GPU_HOUR: "GPU-hour", Per.PERSON_DAY: "person-day"}


def planning_page(
    view: PlanningView,
    *,
    by_delay: bool,
    after: int,
    csrf_token: str,
    problem: AssayError | None = None,
    doubt: str = "",
    doubted: Sequence[str] = (),
) -> PlanningPage:
    """Candidates in order, what the sprint asks for, and what can be done."""
    slug, sprint, content = view.plan.project.slug, view.sprint, view.content
    here, per = f"/p/{slug}/planning", view.plan.ranking.per
    number, cadence = None if sprint is None else sprint.number, view.plan.project.settings.cadence
    chosen = "" if number is None else f"sprint={number}&"
    ordered = chosen + ("view=delay" if by_delay else f"per={per.value}")
    return PlanningPage(
        heading=f"Plan {content.name}",
        days=days(content.starts_on, content.ends_on),
        goal=content.goal,
        tabs=tabs(slug, number, "planning"),
        here=here,
        number=number,
        cadence=cadence_words(view.plan.project),
        has_sprints=cadence.has_sprints,
        takes_experiments=not cadence.flows(TicketType.EXPERIMENT),
        settings_href=f"/p/{slug}/settings#cadence",
        version=None if sprint is None else sprint.version,
        can_start=sprint is not None and sprint.state is SprintState.PLANNED,
        start_action=f"/p/{slug}/sprints/{number}/start",
        make_action=f"/p/{slug}/sprints",
        next_name=content.name,
        next_from=content.starts_on.isoformat(),
        next_to=content.ends_on.isoformat(),
        facts=_facts(view),
        over=view.over,
        silence=silence_text(view.load),
        candidates=_delayed(view) if by_delay else _ranked(view),
        columns=DELAY_COLUMNS if by_delay else COLUMNS,
        by_delay=by_delay,
        first_href=f"{here}?{ordered}" if after else "",
        next_href=f"{here}?after={after + len(view.plan.rows)}&{ordered}" if view.plan.hidden else "",
        next_label=f"{view.plan.hidden} further down",
        views=_views(f"{here}?{chosen}", per, by_delay=by_delay),
        scale_text=view.plan.ranking.scale_text,
        record_text=view.plan.score_text,
        new_href=f"/p/{slug}/t/new",
        committed=() if sprint is None else tuple(_inside(view, key) for key in view.committed),
        forms=_forms(view, csrf_token),
        shares=shares(content.capacity),
        person_days=amount(content.capacity.person_days.available, "").strip(),
        gpu_hours=amount(content.capacity.gpu_hours.available, "").strip(),
        markdown_href=f"/api/v1/projects/{slug}/planning/page?format=markdown&{chosen}per={per.value}",
        csrf_token=csrf_token,
        problem=problem.message if problem else "",
        problem_hint=problem.hint if problem else "",
        doubt=doubt,
        doubted=tuple(doubted),
    )


def _forms(view: PlanningView, csrf_token: str) -> CommitmentForms | None:
    slug, sprint = view.plan.project.slug, view.sprint
    if sprint is None:
        return None
    return commitment_forms(slug, sprint.number, sprint.state, csrf_token, back="planning")


def _views(here: str, per: Per, *, by_delay: bool) -> tuple[Tab, ...]:
    return (
        *(Tab(f"per {NOUNS[one]}", f"{here}per={one.value}", not by_delay and one is per) for one in Per),
        Tab("by cost of delay", f"{here}view=delay", by_delay),
    )


def _facts(view: PlanningView) -> tuple[Fact, ...]:
    capacity, load, limits = view.content.capacity, view.load, view.limits
    sure = sum(one.fit in (Fit.FITS, Fit.TIGHT) for one in view.fits.values())
    unknown = sum(one.fit is Fit.UNKNOWN for one in view.fits.values())
    doubt = f", {unknown} not known" if unknown else ""
    questions = wording.plural(len(view.fits), "experiment")
    return (
        Fact(
            "Committed",
            str(view.experiments),
            f"of up to {wording.plural(limits.experiments, 'experiment')}, {view.tasks} of {limits.product_tasks} product tasks",
        ),
        _resource(view, "People", load.person_days, capacity.person_days, "days"),
        _resource(view, "GPU pool", load.gpu_hours, capacity.gpu_hours, "hours"),
        Fact(
            "Explore : exploit",
            f"{load.explore} : {load.exploit}" if load.explore + load.exploit else NONE_YET,
            "by tickets, spikes explore",
        ),
        Fact(
            "Fits in time",
            str(sure) if view.fits else NONE_YET,
            f"of {questions}{doubt}" if view.fits else "",
        ),
    )


def _resource(view: PlanningView, label: str, asked: Asked, split: Split, noun: str) -> Fact:
    """Nothing committed asks for nothing, which is no figure; of what nobody said, nothing is known."""
    there = amount(split.available, noun)
    if not view.committed:
        return Fact(label, NONE_YET, f"of {there}" if there else "asked for")
    total = amount(asked.total, "").strip() or wording.UNKNOWN
    return Fact(label, total, f"of {there}" if there else f"{noun} asked for")


def _ranked(view: PlanningView) -> tuple[CandidateRow, ...]:
    return tuple(_row(view, row, row.ranked.rank, row.ranked.sentence) for row in view.plan.rows)


def _inside(view: PlanningView, key: str) -> CommitmentLine:
    content, fit = view.committed[key], view.fits.get(key)
    return CommitmentLine(
        key=key,
        href=f"/p/{view.plan.project.slug}/t/{key}",
        title=content.title,
        type=content.type.value,
        column="",
        progress="" if fit is None else fit.fit.value,
        look="" if fit is None else _FITS[fit.fit],
        note="" if fit is None else fit.text,
        extension="",
    )


def _delayed(view: PlanningView) -> tuple[CandidateRow, ...]:
    rows = {row.ticket.key: row for row in view.plan.rows}
    shown = [one for one in view.plan.delayed if one.candidate.key in rows]
    return tuple(_row(view, rows[one.candidate.key], one.rank, one.sentence, one) for one in shown)


def _row(
    view: PlanningView, row: PlanRow, rank: int, sentence: str, delayed: Delayed | None = None
) -> CandidateRow:
    ticket, ranked, fit = row.ticket, row.ranked, row.feasibility
    worth = ranked.candidate.worth
    met = sum(item.outcome is Outcome.MET for item in row.ready)
    return CandidateRow(
        key=ticket.key,
        href=f"/p/{view.plan.project.slug}/t/{ticket.key}",
        title=ticket.content.title,
        rank=rank,
        sentence=sentence,
        by_hand="" if delayed is not None else _by_hand(ranked),
        feasibility=f"Days: {fit.text}.",
        remedies="" if fit.fit is Fit.UNKNOWN else ", or ".join(fit.remedies),
        fit=fit.fit.value,
        fit_look=_FITS[fit.fit],
        cells=tuple(
            zip(
                COLUMNS if delayed is None else DELAY_COLUMNS,
                (
                    "" if worth.chance is None else f"{worth.chance:.0%}",
                    _gain(ranked.candidate),
                    _cost(ranked.candidate, view.plan.ranking.per),
                    _rate(view, ranked) if delayed is None else _score(delayed),
                ),
                strict=True,
            )
        ),
        ready=tuple(map(_chip, row.ready)),
        ready_text=f"{met} of {len(row.ready)} ready",
        is_in=ticket.key in view.committed,
        version=ticket.version,
    )


def _by_hand(ranked: Ranked) -> str:
    place = ranked.candidate.place
    return "" if place is None else f"computed {ranked.computed_rank}: {place.reason}"


def _gain(candidate: Candidate) -> str:
    if candidate.goal is None or candidate.worth.if_met is None:
        return ""
    return format_difference(candidate.goal.metric, candidate.worth.if_met)


def _cost(candidate: Candidate, per: Per) -> str:
    cost = candidate.cost(per)
    if cost is None:
        return ""
    return f"{hours(cost)} {'GPU-h' if per is Per.GPU_HOUR else 'd'}"


def _rate(view: PlanningView, ranked: Ranked) -> str:
    ranking = view.plan.ranking
    rate = ranked.per_gpu_hour if ranking.per is Per.GPU_HOUR else ranked.per_person_day
    shown = ranked.worth if rate is None and ranked.candidate.cost(ranking.per) == 0.0 else rate
    if shown is None:
        return ""
    if ranking.scale is Scale.METRIC and ranked.candidate.goal is not None:
        return brief_amount(ranked.candidate.goal.metric, shown)
    return hours(shown)


def _score(delayed: Delayed) -> str:
    return "" if delayed.score is None else f"{delayed.score:.2g}"


def _chip(item: ReadyItem) -> ReadyChip:
    look, icon, answer = _READY[item.outcome]
    return ReadyChip(item.title, look, icon, answer, item.reason, item.do)
