"""The runs of a ticket as a table: what is judged first, what it is compared with next, then what does not count."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from urllib.parse import quote

from assay.domain.experiments.display import UNKNOWN, format_value
from assay.domain.gates.seed_groups import BASELINE_ARM
from assay.domain.gates.wording import hours
from assay.domain.kernel.metrics import Metric
from assay.domain.kernel.verdicts import GroupSummary
from assay.web import wording
from assay.web.contexts.experiment import RunGroup, RunLine
from assay.workflows.run_views import RunRow
from assay.workflows.views import TicketView

STATUS: Mapping[str, tuple[str, str]] = {
    "finished": ("promote", "check"),
    "failed": ("kill", "cross"),
    "stopped": ("", "stop"),
    "running": ("accent", "loop"),
    "scheduled": ("", "circle"),
}

MOST_RUNS = 200
"""On the page of a ticket; those of a large sweep are looked through in the list of runs."""


def run_groups(view: TicketView, metric: Metric | None) -> tuple[RunGroup, ...]:
    """The runs of the ticket by seed group, each group by seed, with the charted metric's value."""
    groups = view.verdict.verdict.groups if view.verdict is not None else ()
    rows = {row.run_id: row for row in view.runs}
    ordered = sorted(groups, key=_reading_order)
    found: list[tuple[str, str, Sequence[str]]] = [
        *((_title(group), _note(group), group.run_ids) for group in ordered),
        *((_title(group), _early_note(group), group.exploratory_run_ids) for group in ordered),
    ]
    placed = {run for _, _, runs in found for run in runs}
    rest = [run for run in rows if run not in placed]
    why = "deleted in the tracker, or not judged yet"
    if view.since_kill is not None:
        why = "came after the kill, or deleted in the tracker"
    found.append(("Not counted", why, rest) if groups else ("", "", rest))
    slug, shown, room = view.project.slug, [], MOST_RUNS
    for title, note, runs in found:
        mine = _by_seed([rows[run] for run in runs if run in rows])
        here, room = mine[:room], max(room - len(mine), 0)
        if mine:
            shown.append(
                RunGroup(
                    title=title,
                    note=note,
                    runs=tuple(run_line(row, slug, view.chart_metric, metric) for row in here),
                    more=wording.plural(len(mine) - len(here), "more run") if len(mine) > len(here) else "",
                    more_href=f"/p/{slug}/runs?ticket={view.ticket.key}",
                )
            )
    return tuple(shown)


def _reading_order(group: GroupSummary) -> tuple[bool, bool, str, str]:
    return not group.is_candidate, group.arm == BASELINE_ARM, group.label, group.group


def _title(group: GroupSummary) -> str:
    return group.label or group.arm


def _note(group: GroupSummary) -> str:
    if group.arm == BASELINE_ARM:
        return "baseline, compared with"
    return f"{group.arm}, judged" if group.is_candidate else group.arm


def _early_note(group: GroupSummary) -> str:
    may = "compared with" if group.arm == BASELINE_ARM else "exploratory, never judged"
    return f"{group.arm}, begun before the lock: {may}"


def _by_seed(rows: Sequence[RunRow]) -> list[RunRow]:
    def place(row: RunRow) -> tuple[float, float, str]:
        begun = row.started_at.timestamp() if row.started_at else math.inf
        return math.inf if row.seed is None else int(row.seed), begun, row.run_id

    return sorted(rows, key=place)


def run_line(row: RunRow, slug: str, metric_name: str | None, metric: Metric | None) -> RunLine:
    """One run as a line of a table."""
    tone, icon = STATUS.get(row.status, ("", "circle"))
    shown, broken = last_value(row.metrics.get(metric_name or ""), metric)
    return RunLine(
        href=f"/p/{slug}/runs/{quote(row.run_id, safe=':')}",
        name=row.name or row.external_id,
        status=row.status,
        status_tone=tone,
        status_icon=icon,
        seed="" if row.seed is None else str(row.seed),
        value=shown,
        broken=broken,
        started_iso=wording.iso(row.started_at) if row.started_at else "",
        started=wording.clock(row.started_at) if row.started_at else "",
        gpu_hours="" if row.gpu_hours is None else hours(row.gpu_hours),
        deleted=row.deleted,
    )


def last_value(text: str | None, metric: Metric | None) -> tuple[str, bool]:
    """A run's value as shown, and whether it is no number. One that is not known yet is not broken."""
    if text is None or text == UNKNOWN:
        return text or "", False
    try:
        value = float(text)
    except ValueError:
        return text, True
    return format_value(metric, value), not math.isfinite(value)
