"""Lists as pages print them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode

from assay.domain.kernel.metrics import MetricCatalog
from assay.web import happenings, wording
from assay.web.contexts.lists import (
    ExperimentLine,
    Hit,
    JournalLine,
    RunListLine,
    SortHead,
    WaitingLine,
)
from assay.web.run_groups import last_value, run_line
from assay.workflows.kill_cards import SNOOZED
from assay.workflows.overview_views import AwaitedRow, Why
from assay.workflows.run_views import RunRow
from assay.workflows.views import ExperimentRow, JournalRow, SearchHit

METRICS_SHOWN = 3
_ACTIONS = {
    Why.DECISION: ("Decide", "/decide"),
    Why.BROKEN: ("See broken runs", "#runs"),
    Why.OVER_BUDGET: ("See what was spent", "#spent"),
}
"""What a button says that it does, and where on the ticket's page that is done."""
_SORTED = (
    ("Ticket", "key", False),
    ("Title", "title", False),
    ("Column", "stage", False),
    ("Owner", "owner", False),
)


def address(path: str, params: Mapping[str, str]) -> str:
    """A path with its query; empty values are left out."""
    query = urlencode({name: value for name, value in params.items() if value})
    return f"{path}?{query}" if query else path


def query_of(text: str) -> dict[str, str]:
    """The query of an address, as far as lists have one."""
    known = (
        "q",
        "owner",
        "stage",
        "decision",
        "axis",
        "phase",
        "mode",
        "sprint",
        "blocked",
        "stale",
        "waiting",
        "sort",
        "cursor",
    )
    return {name: value[:400] for name, value in parse_qsl(text[:4000], max_num_fields=40) if name in known}


def chip(row: ExperimentRow) -> tuple[str, str, str]:
    """Text, colour and icon of a ticket's state."""
    if row.decision is not None:
        word = wording.DECISIONS.get(row.decision, row.decision)
        return word.capitalize(), row.decision, wording.RECOMMENDATION_ICONS.get(row.decision, "circle")
    if row.recommendation is not None:
        tone = "iterate" if row.recommendation == "undecided" else row.recommendation
        if row.chip == SNOOZED:
            tone = ""
        text = row.chip or wording.RECOMMENDATIONS.get(row.recommendation, row.recommendation)
        return text, tone, wording.RECOMMENDATION_ICONS.get(row.recommendation, "circle")
    return row.chip, "", "circle"


def experiment_line(row: ExperimentRow, slug: str, stages: Mapping[str, str]) -> ExperimentLine:
    """One line of the experiment list."""
    text, tone, icon = chip(row)
    return ExperimentLine(
        key=row.key,
        version=row.version,
        href=f"/p/{slug}/t/{row.key}",
        title=row.title,
        kind=row.type,
        stage=stages.get(row.stage, row.stage),
        owner=row.owner,
        axis=row.axis or "",
        runs=str(row.runs) if row.runs else "",
        metric=row.metric or "",
        current=row.current_text,
        target=row.target_text,
        spent=tuple(_with_its_unit(text) for text in (row.compute_text, row.money_text) if text),
        chip=text,
        tone=tone,
        icon=icon,
        updated_iso=wording.iso(row.updated_at),
        updated=wording.day(row.updated_at),
    )


def _with_its_unit(amount: str) -> str:
    """No line ends between the last number and its unit, nor inside the unit."""
    number, _, unit = amount.replace("-", wording.UNBROKEN).rpartition(" ")
    return f"{number}\u00a0{unit}"


def sort_heads(path: str, params: Mapping[str, str], sort: str) -> tuple[SortHead, ...]:
    """The column heads; the one sorted by turns around."""
    entries = (*_SORTED, ("Changed", "updated", False))
    heads = []
    for label, name, numeric in entries:
        state = {name: "ascending", f"-{name}": "descending"}.get(sort, "none")
        wanted = f"-{name}" if state == "ascending" or (state == "none" and name == "updated") else name
        href = address(path, {**params, "sort": wanted})
        heads.append(SortHead(label=label, href=href, state=state, numeric=numeric))
    return tuple(heads)


def waiting_line(row: AwaitedRow, slug: str) -> WaitingLine:
    """A ticket that waits for a person, with what to do."""
    text, tone, icon = chip(row)
    href = f"/p/{slug}/t/{row.key}"
    return WaitingLine(
        key=row.key,
        href=href,
        action_href=f"{href}{_ACTIONS[row.why][1]}",
        action=_ACTIONS[row.why][0],
        title=row.title,
        chip=text,
        tone=tone,
        icon=icon,
        owner=row.owner,
    )


def run_list_line(row: RunRow, slug: str, catalog: MetricCatalog) -> RunListLine:
    """One line of the run list, with the declared metrics first."""
    names = sorted(row.metrics, key=lambda name: (catalog.get(name) is None, name))
    metrics = ((name, catalog.get(name)) for name in names[:METRICS_SHOWN])
    shown = tuple(
        (f"{name}{metric.reading.beside if metric else ''}", last_value(row.metrics[name], metric)[0])
        for name, metric in metrics
    )
    return RunListLine(
        run_id=row.run_id,
        line=run_line(row, slug, None, None),
        ticket=row.ticket or "",
        ticket_href=f"/p/{slug}/t/{row.ticket}" if row.ticket else "",
        unknown_ticket=row.unknown_ticket or "",
        source=row.source,
        metrics=shown,
        more_metrics=max(0, len(names) - METRICS_SHOWN),
    )


def journal_line(row: JournalRow, slug: str) -> JournalLine:
    """One journal entry."""
    subject = row.subject or ""
    return JournalLine(
        seq=row.seq,
        who=row.actor,
        what=happenings.sentence(row),
        kind=row.kind,
        subject=subject,
        subject_href=_subject_href(row, slug) if subject else "",
        at_iso=wording.iso(row.at),
        at=wording.minute(row.at),
        payload=json.dumps(row.payload, indent=2, ensure_ascii=False, sort_keys=True),
        hash=row.hash,
        short_hash=row.hash[:8],
    )


def _subject_href(row: JournalRow, slug: str) -> str:
    if row.kind.startswith(("ticket.", "decision.", "verdict.")):
        return f"/p/{slug}/t/{row.subject}"
    if row.kind == "gate.judged":
        return f"/p/{slug}/gates/{row.payload.get('gate')}/runs/{row.payload.get('number')}"
    return f"/p/{slug}/gates/{row.subject}" if row.kind == "gate.versioned" else ""


def hit(one: SearchHit, slug: str, stages: Mapping[str, str]) -> Hit:
    """One answer of the search."""
    return Hit(
        id=f"hit-{one.key}",
        key=one.key,
        href=f"/p/{slug}/t/{one.key}",
        title=one.title,
        stage=stages.get(one.stage, one.stage),
        outcome=wording.DECISIONS.get(one.decision or "", ""),
        tone=one.decision or "",
        excerpt=wording.marked(one.excerpt, one.matches),
    )
