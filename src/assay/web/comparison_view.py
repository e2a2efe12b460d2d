"""From runs side by side as workflows tell them to their page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from urllib.parse import urlencode

from assay.domain.experiments.display import format_interval, format_spread, format_value
from assay.domain.experiments.evidence import RunStatus
from assay.domain.gates.compared_groups import ComparedGroup, ComparedRun
from assay.domain.gates.wording import listed
from assay.domain.kernel.findings import ShownInterval
from assay.web import wording
from assay.web.charts.compared_runs import group_name
from assay.web.charts.parameters import MOST_AXES, parameter_axes
from assay.web.contexts.comparison import (
    ComparedPart,
    ComparisonPage,
    CurvePanel,
    GroupLine,
    RunLink,
    RunValue,
)
from assay.web.contexts.ticket_form import Choice
from assay.web.run_view import run_href
from assay.workflows.comparison import MOST_DRAWN, MOST_TAKEN
from assay.workflows.comparison_views import Across, ColourBy, ComparisonView

GROUPS_SHOWN = 60
LINKED = 12
ENTRIES_SHOWN = 200
CONFIG_FIELDS = 2
MODEL_PARAMETERS = ("model", "model_name", "model_name_or_path", "model_type", "architecture", "arch")
"""Parameters that name a model; the first that a run has counts."""
_COLOURS = {
    ColourBy.GROUP: "Configuration",
    ColourBy.SEED: "Seed",
    ColourBy.ARM: "Arm",
    ColourBy.TICKET: "Ticket",
}
_ACROSS = {Across.STEP: "Step", Across.TIME: "Wall time"}


def comparison_href(slug: str, given: Iterable[tuple[str, str]] = (), tail: str = "") -> str:
    """The page of runs side by side that answers this question."""
    query = urlencode(list(given))
    return f"/p/{slug}/compare{tail}{'?' if query else ''}{query}"


def comparison_page(view: ComparisonView, *, all_groups: bool = False) -> ComparisonPage:
    """Everything the page prints."""
    asked, filters, slug = view.asked, view.asked.filters, view.project.slug
    chosen = [view.metrics[0] if view.metrics else "", view.metrics[1] if len(view.metrics) > 1 else ""]
    names = [*view.logged, *(name for name in view.metrics if name not in view.logged)]
    models = _models(view)
    offered = {one.value for one in models}
    config = [text for text in (f"{name}={value}" for name, value in filters.config) if text not in offered]
    return ComparisonPage(
        part=compared_part(view, all_groups=all_groups),
        panels=tuple(_panel(view, metric) for metric in view.metrics),
        parameters=_parameters(view),
        seq=view.seq,
        here=f"/p/{slug}/compare",
        part_href=comparison_href(slug, asked.given),
        clear_href=comparison_href(slug),
        runs_href=f"/p/{slug}/runs",
        chosen=filters.runs,
        text=filters.q,
        ticket=filters.ticket,
        dataset=filters.dataset,
        datasets=tuple(sorted({one.run.dataset for one in view.taken if one.run.dataset})),
        seed="" if filters.seed is None else str(filters.seed),
        models=models,
        config=tuple([*config, *[""] * CONFIG_FIELDS][: max(CONFIG_FIELDS, len(config))]),
        entries=_entries(view),
        since=_given(view, "since"),
        until=_given(view, "until"),
        statuses=_choices(
            [("", "Any state"), *((s.value, s.value.capitalize()) for s in RunStatus)], filters.status
        ),
        metrics=_choices([(name, _counted(view, name)) for name in names], chosen[0]),
        beside=_choices([("", "no other"), *((name, _counted(view, name)) for name in names)], chosen[1]),
        colours=_choices([(one.value, word) for one, word in _COLOURS.items()], asked.colour.value),
        acrosses=_choices([(one.value, word) for one, word in _ACROSS.items()], asked.across.value),
        read=view.read.text,
        smooth=f"{asked.smooth:g}" if asked.smooth else "",
        log_values=asked.log_values,
        log_across=asked.log_across,
        is_empty=not view.taken,
        filtered=bool(asked.given),
    )


def compared_part(view: ComparisonView, *, all_groups: bool = False) -> ComparedPart:
    """What new points change, apart from the pictures."""
    slug = view.project.slug
    shown = view.groups if all_groups else view.groups[:GROUPS_SHOWN]
    more = len(view.groups) - len(shown)
    return ComparedPart(
        said=_said(view),
        pages=_pages(view),
        best=_best(view),
        best_note=_best_note(view),
        value_name=view.metrics[0] if view.metrics else "",
        read=view.read.words,
        grouping=grouping_words(view.ignored, view.splitting) + _locked_otherwise(view.locked_otherwise),
        grouping_href=f"/p/{slug}/settings#seed-groups",
        groups=tuple(_group(view, group) for group in shown),
        more_groups=wording.plural(more, "more group") if more else "",
        more_groups_href=_changed(view, groups="all"),
        values=tuple(_value(view, one) for one in view.drawn),
    )


def grouping_words(ignored: Sequence[str], splitting: Sequence[str] = ()) -> str:
    """What "only in seed" means in this project, and what keeps seeds apart that may belong together."""
    but = f"but the seed and {listed(ignored, most=20)}" if ignored else "but the seed"
    words = f"Runs are one group when ticket, arm, evaluation set and every parameter agree {but}."
    if splitting:
        words += f" Another value in every run keeps seeds apart: {listed(splitting)}. Does it set configurations apart?"
    return words


def _locked_otherwise(keys: Sequence[str]) -> str:
    return f" Locked under other rules, and kept so: {listed(keys)}." if keys else ""


def _choices(entries: Iterable[tuple[str, str]], chosen: str) -> tuple[Choice, ...]:
    return tuple(Choice(value, label, value == chosen) for value, label in entries)


def _counted(view: ComparisonView, name: str) -> str:
    return f"{name} ({view.logged.get(name, 0):,})"


def _given(view: ComparisonView, name: str) -> str:
    return next((value for key, value in view.asked.given if key == name), "")


def _changed(view: ComparisonView, *, tail: str = "", **words: str) -> str:
    """The same question with these words changed; empty ones are left out."""
    kept = [(name, value) for name, value in view.asked.given if name not in words]
    return comparison_href(view.project.slug, [*kept, *((n, v) for n, v in words.items() if v)], tail)


def _models(view: ComparisonView) -> tuple[Choice, ...]:
    """What runs say of their model, in the parameter that most teams call it by."""
    named = dict(view.asked.filters.config)
    for name in MODEL_PARAMETERS:
        values = {one.run.config[name] for one in view.taken if name in one.run.config}
        values |= {named[name]} if name in named else set()
        if values:
            entries = [(f"{name}={value}", value) for value in sorted(values)[:ENTRIES_SHOWN]]
            return _choices([("", "Any model"), *entries], f"{name}={named[name]}" if name in named else "")
    return ()


def _entries(view: ComparisonView) -> tuple[str, ...]:
    found = {
        f"{name}={one.run.config[name]}"
        for one in view.taken
        for name in view.differing
        if name in one.run.config
    }
    return tuple(sorted(found)[:ENTRIES_SHOWN])


def _panel(view: ComparisonView, metric: str) -> CurvePanel:
    asked = view.asked
    along = "over steps" if asked.across is Across.STEP else "over wall time"
    note = (
        f"running mean of weight {asked.smooth:g}, logged values behind it" if asked.smooth else "as logged"
    )
    return CurvePanel(
        title=f"{metric} {along}",
        note=f"{note}; Ctrl and wheel to zoom, drag to move, double click for all",
        href=_changed(view, tail="/curves.json", picture=metric),
        label=f"{metric} {along}, a line a run; the table below holds what each run says.",
    )


def _parameters(view: ComparisonView) -> CurvePanel | None:
    found = parameter_axes(view)
    if not found.axes or len(found.groups) < 2:
        return None
    without = sum(group.mean is None for group in view.groups)
    notes = [f"{wording.plural(len(found.groups), 'group')}, a line each; drag along an axis to pick some"]
    if found.left_out:
        notes.append(
            f"{wording.plural(found.left_out, 'more group')} not drawn, these are the first by their means"
        )
    if found.unnamed:
        notes.append(
            f"{wording.plural(found.unnamed, 'more parameter')} without an axis, there is room for {MOST_AXES}"
        )
    if found.alike:
        notes.append(f"{wording.plural(found.alike, 'parameter')} the same in all of them")
    if without:
        notes.append(f"{wording.plural(without, 'group')} without a mean not drawn")
    names = ", ".join(axis.name for axis in found.axes)
    return CurvePanel(
        title=f"Parameters and {view.metrics[0]}",
        note="; ".join(notes),
        href=_changed(view, tail="/parameters.json"),
        label=f"Parallel coordinates of {names} and {view.metrics[0]}; the table below holds every group.",
    )


def _said(view: ComparisonView) -> tuple[str, ...]:
    total, taken, drawn = view.total, len(view.taken), len(view.drawn)
    if not taken:
        return ()
    first = view.asked.begin + 1
    which = f"{drawn:,}" if first == 1 else f"{first:,} to {view.asked.begin + drawn:,}"
    said = [f"{which} of {wording.plural(total, 'run')} drawn{', newest first' if drawn < total else ''}."]
    if taken < total:
        said.append(
            f"Groups are made of {taken:,} of {total:,} runs; seeds among the others are not in them."
        )
    if view.asked.filters.status or view.asked.filters.seed is not None:
        said.append("A filter by state or seed leaves seeds out of their groups.")
    if view.unknown_tickets:
        said.append(
            f"{wording.plural(len(view.unknown_tickets), 'ticket')} that runs name are not in this project."
        )
    return tuple(said)


def _pages(view: ComparisonView) -> tuple[tuple[str, str], ...]:
    begin, found = view.asked.begin, []
    if begin:
        earlier = max(0, begin - MOST_DRAWN)
        found.append((f"{MOST_DRAWN} before", _changed(view, begin=str(earlier) if earlier else "")))
    left = len(view.taken) - begin - len(view.drawn)
    if left > 0:
        found.append((f"Next {min(MOST_DRAWN, left)}", _changed(view, begin=str(begin + MOST_DRAWN))))
    if view.next_cursor:
        following = f"Runs after these {MOST_TAKEN:,}"
        found.append((following, _changed(view, cursor=view.next_cursor, begin="")))
    if view.asked.cursor:
        found.append(("First runs", _changed(view, cursor="", begin="")))
    return tuple(found)


def _best(view: ComparisonView) -> str:
    best = view.best
    if best is None:
        return ""
    name = group_name(view, best.runs[0].run.run_id)
    return f"{name}: {format_value(view.declared, best.mean)} ({wording.plural(best.n, 'seed')})"


def _best_note(view: ComparisonView) -> str:
    if not view.metrics:
        return ""
    if view.declared is None:
        return f"Which way {view.metrics[0]} is better is not declared, so no group is called best."
    if view.best is None:
        return "No group has a mean that counts."
    among = sum(group.mean is not None and not group.is_early for group in view.groups)
    by = f"By its mean of {view.read.words}, {view.declared.direction.value} is better."
    chosen = (
        f" Best of {among}: chosen after looking, so expect less of it on new seeds." if among > 1 else ""
    )
    return by + chosen


def _group(view: ComparisonView, group: ComparedGroup) -> GroupLine:
    slug, metric = view.project.slug, view.declared
    known = group.ticket and group.ticket not in view.unknown_tickets
    only = [*[(n, v) for n, v in view.asked.given if n not in ("run", "begin", "cursor")]]
    return GroupLine(
        name=group_name(view, group.runs[0].run.run_id),
        best=view.best is group,
        ticket=group.ticket or "",
        ticket_href=f"/p/{slug}/t/{group.ticket}" if known else "",
        seeds=str(group.n) if group.mean is not None else "",
        mean="" if group.mean is None else format_value(metric, group.mean),
        spread="" if group.sd is None else format_spread(metric, group.sd),
        interval=_interval(view, group),
        method=group.method,
        note="; ".join([*([group.why] if group.why else []), *group.notes]),
        runs=tuple(_link(view, one) for one in group.runs[:LINKED]),
        more=wording.plural(len(group.runs) - LINKED, "more run") if len(group.runs) > LINKED else "",
        only_href=comparison_href(slug, [*only, *(("run", one.run.run_id) for one in group.runs[:1000])]),
    )


def _interval(view: ComparisonView, group: ComparedGroup) -> str:
    one = group.interval
    if one is None:
        return ""
    shown = ShownInterval(low=one.low, high=one.high, confidence=one.confidence, label=one.label)
    return format_interval(shown, lambda value: format_value(view.declared, value))


def _link(view: ComparisonView, one: ComparedRun) -> RunLink:
    run = one.run
    value = "no value" if one.value is None else format_value(view.declared, one.value)
    return RunLink(
        text="no seed" if run.seed is None else str(run.seed),
        href=run_href(view.project.slug, run.run_id),
        title=f"{run.name or run.external_id}: {value}, {run.status.value}",
    )


def _value(view: ComparisonView, one: ComparedRun) -> RunValue:
    run = one.run
    return RunValue(
        name=run.name or run.external_id,
        href=run_href(view.project.slug, run.run_id),
        group=group_name(view, run.run_id),
        seed="" if run.seed is None else str(run.seed),
        state=run.status.value,
        value="" if one.value is None else format_value(view.declared, one.value),
    )
