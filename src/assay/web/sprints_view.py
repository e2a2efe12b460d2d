"""The list of sprints and the page of one, in plain words."""

from __future__ import annotations

from collections.abc import Sequence

from assay.domain.kernel.durations import duration_text
from assay.domain.sprints.cadence import Cadence
from assay.domain.sprints.load import Asked
from assay.domain.sprints.progress import Progress
from assay.domain.sprints.sprint import (
    Capacity,
    Split,
    SprintContent,
    SprintState,
    Work,
)
from assay.errors import AssayError
from assay.web import wording
from assay.web.charts.flow_plans import readiness_box
from assay.web.charts.sprints import burn_box, rates_box
from assay.web.contexts.board import Fact
from assay.web.contexts.sprints import (
    CommitmentForms,
    CommitmentLine,
    Share,
    SprintLine,
    SprintListPage,
    SprintPage,
)
from assay.web.contexts.ticket_form import Choice
from assay.web.sprint_words import PROGRESS, STATES, WORK, amount, tabs, where
from assay.web.sprint_words import days as span
from assay.workflows.records import Project, Sprint
from assay.workflows.sprint_charts import SprintOverview
from assay.workflows.sprint_views import CheckView, SprintFlow, SprintRate
from assay.workflows.sprints import SprintPlan


def list_page(
    project: Project,
    plans: Sequence[tuple[Sprint, int]],
    following: SprintContent,
    rates: Sequence[SprintRate],
    flows: Sequence[SprintFlow],
    *,
    csrf_token: str,
    problem: AssayError | None = None,
) -> SprintListPage:
    """Every sprint, newest first, and the next one to plan."""
    return SprintListPage(
        rows=tuple(_line(sprint, count, project.slug) for sprint, count in reversed(plans)),
        charts=tuple(
            box for box in (rates_box(rates, project.slug), readiness_box(flows, project.slug)) if box
        ),
        next_name=following.name,
        next_goal=following.goal,
        next_from=following.starts_on.isoformat(),
        next_to=following.ends_on.isoformat(),
        action=f"/p/{project.slug}/sprints",
        csrf_token=csrf_token,
        problem=problem.message if problem else "",
        problem_hint=problem.hint if problem else "",
        standup_href=f"/p/{project.slug}/standup",
        planning_href=f"/p/{project.slug}/planning",
        cadence=cadence_words(project),
        has_sprints=project.settings.cadence.has_sprints,
        settings_href=f"/p/{project.slug}/settings#cadence",
    )


def cadence_words(project: Project) -> str:
    """What the cadence of a project says of sprints, where it is not Scrum."""
    cadence = project.settings.cadence
    return "" if cadence is Cadence.SCRUM else f"This project works in {cadence.label}. {cadence.means}"


def _line(sprint: Sprint, count: int, slug: str) -> SprintLine:
    state, look = STATES[sprint.state]
    return SprintLine(
        number=sprint.number,
        name=sprint.content.name,
        href=f"/p/{slug}/sprints/{sprint.number}",
        goal=sprint.content.goal,
        days=span(sprint.content.starts_on, sprint.content.ends_on),
        state=state,
        look=look,
        committed=wording.plural(count, "ticket"),
    )


def sprint_page(
    seen: SprintOverview,
    *,
    csrf_token: str,
    problem: AssayError | None = None,
    doubt: str = "",
    doubted: Sequence[str] = (),
) -> SprintPage:
    """One sprint: what is in it, what it may cost, and what can be done."""
    plan, check, slug = seen.plan, seen.check, seen.project.slug
    sprint, content = plan.sprint, plan.sprint.content
    is_open = sprint.state.is_open
    return SprintPage(
        name=content.name,
        days=where(check.stand)
        if sprint.state is SprintState.ACTIVE
        else span(content.starts_on, content.ends_on),
        goal=content.goal,
        state=STATES[sprint.state][0],
        tabs=tabs(slug, sprint.number, "sprint"),
        facts=_facts(seen),
        over=(*plan.conflicts, *seen.over),
        tickets=_tickets(check, slug),
        charts=tuple(box for box in (burn_box(seen.days, slug, sprint.number),) if box and sprint.started_at),
        gone=_gone(plan),
        candidates=tuple(Choice(one.key, f"{one.key} {one.title}", False) for one in seen.at_hand)
        if is_open
        else (),
        shares=shares(content.capacity),
        person_days=amount(content.capacity.person_days.available, "").strip(),
        gpu_hours=amount(content.capacity.gpu_hours.available, "").strip(),
        starts_on=content.starts_on.isoformat(),
        ends_on=content.ends_on.isoformat(),
        demos=(
            Choice("", "None chosen", not content.demo),
            *(Choice(one.key, f"{one.key} {one.title}", one.key == content.demo) for one in check.tickets),
        ),
        can_start=sprint.state is SprintState.PLANNED,
        can_end=sprint.state is SprintState.ACTIVE,
        is_open=is_open,
        can_reopen=seen.can_reopen,
        can_restore=sprint.state is SprintState.CANCELLED,
        forms=commitment_forms(slug, sprint.number, sprint.state, csrf_token),
        planning_href=f"/p/{slug}/planning",
        version=sprint.version,
        here=f"/p/{slug}/sprints/{sprint.number}",
        csrf_token=csrf_token,
        problem=problem.message if problem else "",
        problem_hint=problem.hint if problem else "",
        doubt=doubt,
        doubted=tuple(doubted),
    )


def commitment_forms(
    slug: str, number: int, state: SprintState, csrf_token: str, *, back: str = ""
) -> CommitmentForms:
    """How what is committed can be changed, and where one comes back to."""
    is_active = state is SprintState.ACTIVE
    return CommitmentForms(
        label="Flag for extension, or take out" if is_active else "Take out",
        base=f"/p/{slug}/sprints/{number}",
        back=back,
        needs_reason=is_active,
        can_flag=is_active,
        csrf_token=csrf_token,
    )


def _facts(seen: SprintOverview) -> tuple[Fact, ...]:
    check, capacity = seen.check, seen.plan.sprint.content.capacity
    tasks = len(check.tickets) - check.half_time.questions
    decided = sum(one.progress.is_decided for one in check.tickets)
    return (
        Fact(
            "Committed",
            str(check.half_time.questions),
            f"{wording.plural(check.half_time.questions, 'experiment').partition(' ')[2]}, {wording.plural(tasks, 'other ticket')}",
        ),
        _asked("People", seen.load.person_days, capacity.person_days, "days"),
        _asked("Compute asked for", seen.load.gpu_hours, capacity.gpu_hours, "GPU-h"),
        Fact("Decided", str(decided), f"of {len(check.tickets)}"),
    )


def _asked(label: str, asked: Asked, split: Split, unit: str) -> Fact:
    """What is asked for, of what there is, and what is not counted because nobody said."""
    there = amount(split.available, unit)
    rest = f"of {there}" if there else "asked for; nobody said how much there is"
    if asked.silent:
        rest += f"; {wording.plural(len(asked.silent), 'ticket')} not counted"
    return Fact(label, amount(asked.total, unit) or wording.UNKNOWN, rest)


def _tickets(check: CheckView, slug: str) -> tuple[CommitmentLine, ...]:
    lines = []
    for one in check.tickets:
        word, look, _ = PROGRESS[one.progress]
        notes = ["came in after the start"] if one.after_start else []
        if one.progress is Progress.RUNNING and one.last_sign_at is not None:
            quiet = (check.at - one.last_sign_at).total_seconds() / 86_400.0
            notes.append(f"last sign of life {duration_text(quiet)} ago")
        lines.append(
            CommitmentLine(
                key=one.key,
                href=f"/p/{slug}/t/{one.key}",
                title=one.title,
                type=one.type,
                column=one.stage,
                progress=word,
                look=look,
                note=", ".join(notes),
                extension=one.extension_reason,
            )
        )
    return tuple(lines)


def _gone(plan: SprintPlan) -> tuple[str, ...]:
    return tuple(
        f"{made.key} went out on {wording.day(made.removed_at)}"
        + (f": {made.removed_reason}" if made.removed_reason else "")
        for made in plan.commitments
        if made.removed_at is not None
    )


def shares(capacity: Capacity) -> tuple[Share, ...]:
    """How people and compute are shared out over the kinds of work."""
    people, compute = capacity.person_days, capacity.gpu_hours
    return tuple(
        Share(
            name=work.value,
            label=WORK[work][0],
            people=str(people.percent.get(work, 0)),
            compute=str(compute.percent.get(work, 0)),
            people_amount=amount(people.amount(work), "d"),
            compute_amount=amount(compute.amount(work), "GPU-h"),
            hint=WORK[work][1],
        )
        for work in Work
    )
