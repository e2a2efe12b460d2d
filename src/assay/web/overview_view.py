"""The overview in plain words."""

from __future__ import annotations

from assay.domain.board.saved_compute import SavedCompute
from assay.domain.experiments.display import format_value
from assay.domain.gates.wording import hours, limit_text, used_of
from assay.domain.kernel.metrics import MetricCatalog
from assay.web import facts, lists_view, wording
from assay.web.charts import best_over_time
from assay.web.contexts.lists import LearningLine, OverviewPage, StageBar
from assay.workflows.overview_views import Learning, OverviewView
from assay.workflows.records import Project
from assay.workflows.state_views import nothing_text, otherwise_text


def overview_page(project: Project, view: OverviewView, metrics: MetricCatalog) -> OverviewPage:
    """Everything the page prints."""
    slug = project.slug
    headline, detail, tone = headline_of(view, metrics)
    share = None
    if view.gpu_hours is not None and view.gpu_hours_budget:
        share = view.gpu_hours / view.gpu_hours_budget
    paid = None
    if view.cost_usd is not None and view.cost_usd_budget:
        paid = view.cost_usd / view.cost_usd_budget
    return OverviewPage(
        headline=headline,
        detail=detail,
        tone=tone,
        facts=facts.facts(view, metrics),
        chart=best_over_time.box(view, metrics, slug),
        chart_note="" if view.runs else "The chart begins with the first run.",
        learnings=tuple(_learning(one, slug) for one in view.learnings),
        waiting=tuple(lists_view.waiting_line(row, slug) for row in view.attention),
        waiting_note=_waiting_note(view),
        waiting_href=f"/p/{slug}/experiments?waiting=yes"
        if view.attention_total > len(view.attention)
        else "",
        stages=_stages(project, view),
        compute=_compute(view),
        compute_width=wording.percent_of_bar(share),
        compute_hot=share is not None and share > 1,
        compute_note=_compute_note(view),
        saved=saved_text(view.saved),
        money=_money(view),
        money_width=wording.percent_of_bar(paid),
        money_hot=paid is not None and paid > 1,
        money_note=_money_note(view),
        sync_iso=wording.iso(view.last_sync_at) if view.last_sync_at else "",
        sync_text=wording.minute(view.last_sync_at) if view.last_sync_at else "",
        sync_error=view.sync_error,
        sync_href=f"/p/{slug}/settings#sources",
        board_href=f"/p/{slug}/board",
        new_href=f"/p/{slug}/t/new",
        is_empty=not any(view.stage_counts.values()),
    )


def headline_of(view: OverviewView, metrics: MetricCatalog) -> tuple[str, str, str]:
    """Where the project stands in one sentence, what follows from it, and its colour."""
    total = sum(view.stage_counts.values())
    if not total:
        return "No tickets yet.", "Write the first one: a hypothesis with the number that answers it.", "none"
    if not view.decided:
        return f"{_best(view, metrics)}No experiment is decided yet.", _waits(view), "none"
    outcomes = [
        f"{count} {word}" for count, word in ((view.promoted, "promoted"), (view.killed, "killed")) if count
    ]
    said = (
        f"{_best(view, metrics)}{wording.plural(view.decided, 'experiment')} decided: {', '.join(outcomes)}."
    )
    return said, _waits(view), "promote" if view.promoted else "none"


def _best(view: OverviewView, metrics: MetricCatalog) -> str:
    other = view.measured_otherwise
    if view.best_metric is None or not view.best:
        said = nothing_text(other)
        return f"{said[0].upper()}{said[1:]}. " if other else ""
    best, metric = view.best[-1], metrics.get(view.best_metric)
    read = metric.reading.beside if metric else ""
    said = f"Best {view.best_metric}{read} so far: {format_value(metric, best.value)}, by {best.key}. "
    return said if not other else f"{said}Not compared: {otherwise_text(other)}. "


def _waits(view: OverviewView) -> str:
    parts = []
    if view.active:
        parts.append(f"{wording.plural(view.active, 'ticket')} in progress: {facts.progress_parts(view)}.")
    if view.reopened:
        parts.append(f"{view.reopened} of them {'was' if view.reopened == 1 else 'were'} decided before.")
    if view.waiting:
        parts.append(f"{view.waiting} not begun.")
    if view.attention_total:
        count = view.attention_total
        parts.append(f"{wording.plural(count, 'ticket')} {'waits' if count == 1 else 'wait'} for a person.")
    return " ".join(parts) or "Nothing waits for a person."


def _waiting_note(view: OverviewView) -> str:
    shown, total = len(view.attention), view.attention_total
    return f"{shown} of {total}, most urgent first" if shown < total else "most urgent first"


def _learning(one: Learning, slug: str) -> LearningLine:
    return LearningLine(
        key=one.key,
        href=f"/p/{slug}/t/{one.key}",
        title=one.title,
        word=wording.DECISIONS.get(one.decision, one.decision),
        tone=one.decision,
        icon=wording.RECOMMENDATION_ICONS.get(one.decision, "circle"),
        learnings=one.learnings,
        at_iso=wording.iso(one.at),
        day=wording.day(one.at),
    )


def _stages(project: Project, view: OverviewView) -> tuple[StageBar, ...]:
    most = max(view.stage_counts.values(), default=0) or 1
    return tuple(
        StageBar(
            title=stage.title,
            count=view.stage_counts.get(stage.key, 0),
            width=wording.percent_of_bar(view.stage_counts.get(stage.key, 0) / most) or "0%",
            href=f"/p/{project.slug}/experiments?stage={stage.key}",
        )
        for stage in project.settings.board.stages
    )


def _compute(view: OverviewView) -> str:
    budget = view.gpu_hours_budget
    spent = f"{facts.spent(view)} GPU-hours" if view.gpu_hours is not None else wording.UNKNOWN
    return spent if budget is None else f"{spent} of {limit_text(budget)} budgeted"


def _compute_note(view: OverviewView) -> str:
    if view.gpu_hours is None:
        return "No run says what it used."
    left_out = view.runs_without_gpu_hours
    return f"{wording.plural(left_out, 'run')} not counted: no GPU hours logged" if left_out else ""


def saved_text(saved: SavedCompute) -> str:
    """What kills left of budgets, in sentences; empty where no experiment was killed after it had begun.

    >>> saved_text(SavedCompute(gpu_hours=14.5, early=1, used_up=0, unknown=2, not_begun=1))
    'Kills of the last 90 days saved 15 GPU-hours, left in the budget of 1 experiment. 2 kills not counted: no budget, or compute not known.'
    """
    told = []
    if saved.gpu_hours is not None:
        budgets = (
            f"{'budget' if saved.early == 1 else 'budgets'} of {wording.plural(saved.early, 'experiment')}"
        )
        told.append(
            f"Kills of the last 90 days saved {hours(saved.gpu_hours)} GPU-hours, left in the {budgets}."
        )
    if saved.used_up:
        told.append(f"{wording.plural(saved.used_up, 'kill')} came when the budget was used up.")
    if saved.unknown:
        unknown = wording.plural(saved.unknown, "kill")
        told.append(f"{unknown} not counted: no budget, or compute not known.")
    return " ".join(told)


def _money(view: OverviewView) -> str:
    if view.cost_usd is not None:
        text = used_of(view.cost_usd, "USD", unknown_runs=view.runs_without_cost)
    elif view.cost_usd_budget is not None:
        text = wording.UNKNOWN
    else:
        return ""
    return text if view.cost_usd_budget is None else f"{text} of {limit_text(view.cost_usd_budget)} budgeted"


def _money_note(view: OverviewView) -> str:
    if view.cost_usd is None:
        return "No run says what it cost." if view.cost_usd_budget is not None else ""
    priced = view.runs - view.runs_without_cost
    return (
        f"{priced:,} of {wording.plural(view.runs, 'run')} {'has' if priced == 1 else 'have'} a price"
        if view.runs_without_cost
        else ""
    )
