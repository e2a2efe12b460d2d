"""Runs side by side: any number of them as seed groups, and their curves thinned for drawing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from assay.domain.experiments.evidence import Curve, FloatArray
from assay.domain.experiments.readings import read_curve
from assay.domain.gates.compared_groups import ComparedRun, compared_groups
from assay.domain.gates.configurations import configured, splitting_parameters
from assay.domain.gates.seed_groups import is_exploratory
from assay.domain.kernel.findings import Role
from assay.domain.kernel.metrics import Direction, Metric, MetricCatalog, Unit
from assay.domain.kernel.readings import LAST, Reading, ReadingKind
from assay.stats.curve_thinning import FEWEST, smoothed, thinned_points
from assay.workflows.actor import Actor, Permission
from assay.workflows.comparison_views import (
    Across,
    ComparisonAsked,
    ComparisonView,
    CurvesView,
    DrawnCurve,
    MatchedRun,
)
from assay.workflows.filters import run_filters
from assay.workflows.gathering import ignored_parameters
from assay.workflows.lookup import required_project
from assay.workflows.ports import ReadTransaction, Workspace
from assay.workflows.records import Project, Ticket

MOST_TAKEN = 1000
"""Runs that groups and table are made of; the rest are a page further."""
MOST_DRAWN = 200
POINTS_DRAWN = 16_000
"""Of all curves of a picture together."""
MOST_POINTS, FEWEST_POINTS = 800, 80
"""Of one curve."""
_MS_AN_HOUR = 3_600_000.0


def compare(ws: Workspace, actor: Actor, slug: str, asked: ComparisonAsked) -> ComparisonView:
    """The runs that match as seed groups by the rules of a verdict; curves are read only where the value asked for needs them.

    Raises:
        Invalid: a filter that no run of the project can match.
        NotFound: no such project.
    """
    actor.require(Permission.READ)
    with ws.store.read() as tx:
        return _compared(tx, required_project(tx, slug), asked).view


def compare_curves(
    ws: Workspace, actor: Actor, slug: str, asked: ComparisonAsked, *, only: str = ""
) -> tuple[ComparisonView, tuple[CurvesView, ...]]:
    """The same with the curves of the runs that are drawn, one picture a metric; `only` one of them where it is named."""
    actor.require(Permission.READ)
    with ws.store.read() as tx:
        project = required_project(tx, slug)
        found = _compared(tx, project, asked)
        view = found.view
        wanted = [name for name in view.metrics if only in ("", name)]
        return view, tuple(_curves(tx, found, name, len(view.metrics)) for name in wanted)


@dataclass(frozen=True, slots=True)
class _Found:
    view: ComparisonView
    catalog: MetricCatalog


def _compared(tx: ReadTransaction, project: Project, asked: ComparisonAsked) -> _Found:
    filters = asked.filters
    run_filters(tx, project, {"status": filters.status, "source": filters.source})
    matched = tx.matched_runs(project.id, filters, after=asked.cursor, limit=MOST_TAKEN)
    catalog = tx.metrics(project.id)
    named = {one.run.ticket for one in matched.runs if one.run.ticket}
    tickets = {ticket.key: ticket for ticket in tx.tickets(project.id, keys=sorted(named))} if named else {}
    logged = _logged(matched.runs)
    metrics = _metrics(asked, logged, catalog, tickets.values(), project)
    declared = catalog.get(metrics[0]) if metrics else None
    read = asked.read or (LAST if declared is None else declared.reading)
    values = _values(tx, project, matched.runs, metrics[0] if metrics else "", declared, read)
    taken = tuple(
        ComparedRun(
            configured(one.run, ignored_parameters(project, tickets.get(one.run.ticket or ""))),
            values.get(one.run.run_id),
            _is_early(one, tickets),
        )
        for one in matched.runs
    )
    rules = project.settings.verdicts
    groups = compared_groups(
        taken,
        _of_one_value(declared or _undeclared(metrics[0] if metrics else "value")),
        direction=None if declared is None else declared.direction,
        alpha=rules.alpha,
    )
    view = ComparisonView(
        project=project,
        asked=asked,
        metrics=metrics,
        declared=declared,
        read=read,
        logged=logged,
        taken=taken,
        total=matched.total,
        drawn=taken[asked.begin : asked.begin + MOST_DRAWN],
        groups=groups.groups,
        best=groups.best,
        differing=groups.differing,
        ignored=rules.ignored_parameters,
        splitting=splitting_parameters(one.run for one in taken),
        locked_otherwise=tuple(
            sorted(
                key
                for key, ticket in tickets.items()
                if ignored_parameters(project, ticket) != rules.ignored_parameters
            )
        ),
        unknown_tickets=frozenset(named - tickets.keys()),
        next_cursor=matched.next_cursor,
        seq=tx.head()[0],
        group_of={one.run.run_id: group for group in groups.groups for one in group.runs},
    )
    return _Found(view, catalog)


def _logged(runs: Sequence[MatchedRun]) -> Mapping[str, int]:
    counted = Counter(name for one in runs for name in one.last)
    return dict(sorted(counted.items(), key=lambda entry: (-entry[1], entry[0])))


def _metrics(
    asked: ComparisonAsked,
    logged: Mapping[str, int],
    catalog: MetricCatalog,
    tickets: Iterable[Ticket],
    project: Project,
) -> tuple[str, ...]:
    """Those asked for; else what most tickets of the runs are judged by, or a declared one, and a loss beside it."""
    if asked.metrics:
        return asked.metrics
    primary = Counter(
        c.metric for ticket in tickets for c in ticket.content.criteria if c.role is Role.PRIMARY and c.metric
    )
    candidates = [
        *(name for name, _ in primary.most_common()),
        *(name for name in logged if catalog.get(name) is not None),
        *logged,
    ]
    first = next((name for name in candidates if name in logged), None)
    losses = project.settings.verdicts.kill_rules.loss_metrics
    beside = next((name for name in losses if name in logged and name != first), None)
    return tuple(name for name in (first, beside) if name is not None)


def _undeclared(name: str) -> Metric:
    """A metric of which only the name is known; its name may be one that nobody could declare."""
    return Metric.model_construct(
        name=name, direction=Direction.HIGHER, unit=Unit.NUMBER, decimals=None, aliases=(), description="", reading=LAST,
    )  # fmt: skip


def _of_one_value(metric: Metric) -> Metric:
    """The metric for groups whose runs come with the one value that was read of each already."""
    return metric.model_copy(update={"reading": LAST})


def _is_early(one: MatchedRun, tickets: Mapping[str, Ticket]) -> bool:
    ticket = tickets.get(one.run.ticket or "")
    return ticket is not None and ticket.lock is not None and is_exploratory(one.run, ticket.lock)


def _names(metric: str, declared: Metric | None) -> tuple[str, ...]:
    return (metric,) if declared is None else tuple(dict.fromkeys((metric, declared.name, *declared.aliases)))


def _values(
    tx: ReadTransaction,
    project: Project,
    runs: Sequence[MatchedRun],
    metric: str,
    declared: Metric | None,
    read: Reading,
) -> Mapping[str, float]:
    """What each run says of the metric, by run id; non-finite values stay. Those that say nothing are left out."""
    if not metric:
        return {}
    names = _names(metric, declared)
    if read.kind is ReadingKind.LAST:
        last = ((one.run.run_id, next((one.last[n] for n in names if n in one.last), None)) for one in runs)
        return {run: value for run, value in last if value is not None}
    curves = _curves_by_run(tx, project, names, [one.run.run_id for one in runs])
    direction = None if declared is None else declared.direction
    known = ((run, read_curve(curve, read, direction)) for run, curve in curves.items())
    return {run: value for run, value in known if value is not None}


def _curves_by_run(
    tx: ReadTransaction, project: Project, names: Sequence[str], run_ids: Sequence[str]
) -> dict[str, Curve]:
    found: dict[str, Curve] = {}
    for name in names:
        missing = [run for run in run_ids if run not in found]
        if missing:
            found |= tx.curves_of(project.id, name, missing)
    return found


def _curves(tx: ReadTransaction, found: _Found, metric: str, pictures: int) -> CurvesView:
    view = found.view
    declared = found.catalog.get(metric)
    ids = [one.run.run_id for one in view.drawn]
    curves = _curves_by_run(tx, view.project, _names(metric, declared), ids)
    room = POINTS_DRAWN // max(1, pictures * len(curves) * (2 if view.asked.smooth else 1))
    most = max(FEWEST, min(MOST_POINTS, max(FEWEST_POINTS, room)))
    drawn = tuple(_drawn(run, curves[run], view.asked, most) for run in ids if run in curves)
    return CurvesView(metric, declared, drawn, without=len(ids) - len(drawn))


def _drawn(run_id: str, curve: Curve, asked: ComparisonAsked, most: int) -> DrawnCurve:
    across, values = _places(curve, asked.across)
    broken = int((~np.isfinite(values)).sum())
    if asked.smooth:
        values, raw = smoothed(values, asked.smooth), values
    else:
        raw = None
    off = (asked.log_across & (across <= 0)) | (asked.log_values & (values <= 0))
    values = np.where(off, np.nan, values)
    thin_across, thin_values = _thinned(across, values, asked, most)
    if raw is None:
        raw_across = raw_values = None
    else:
        raw_off = (asked.log_across & (across <= 0)) | (asked.log_values & (raw <= 0))
        raw_across, raw_values = _thinned(across, np.where(raw_off, np.nan, raw), asked, most)
    return DrawnCurve(
        run_id=run_id,
        across=thin_across,
        values=thin_values,
        raw_across=raw_across,
        raw_values=raw_values,
        points=curve.points,
        broken=broken,
        off_axis=int(off.sum()),
    )


def _places(curve: Curve, across: Across) -> tuple[FloatArray, FloatArray]:
    """Where the points stand, rising, and what was logged there."""
    if across is Across.STEP:
        return curve.steps.astype(np.float64), curve.values
    order = np.argsort(curve.times_ms, kind="stable")
    times = curve.times_ms[order]
    return (times - times[:1]) / _MS_AN_HOUR, curve.values[order]


def _thinned(
    across: FloatArray, values: FloatArray, asked: ComparisonAsked, most: int
) -> tuple[FloatArray, FloatArray]:
    shown = across > 0 if asked.log_across else np.ones(across.size, dtype=bool)
    places, held = across[shown], values[shown]
    if not held.size:
        return places, held
    keep = thinned_points(np.log10(places) if asked.log_across else places, held, most)
    return places[keep], held[keep]
