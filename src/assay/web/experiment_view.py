"""From the ticket as workflows tell it to the experiment page."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from assay.domain.experiments.display import format_value
from assay.domain.experiments.exact_numbers import number_text
from assay.domain.experiments.experiment import (
    Amendment,
    Baseline,
    DataNeed,
    Decision,
    LinkKind,
)
from assay.domain.gates.wording import limit_text, used_of
from assay.domain.kernel.findings import Outcome
from assay.domain.kernel.ids import TicketType
from assay.domain.kernel.metrics import Metric
from assay.domain.kernel.readings import LAST
from assay.web import blockers_view, findings_view, happenings, moves, wording
from assay.web.charts import describe
from assay.web.company_view import company, note_lines
from assay.web.contexts.blockers import BlockerBox
from assay.web.contexts.experiment import (
    AmendmentRow,
    Confirmable,
    DecisionLine,
    Exit,
    ExperimentPage,
    GateOfTicket,
    HistoryLine,
    LockLine,
    Meter,
    NeedLine,
    Related,
)
from assay.web.expectation_view import expectation
from assay.web.gate_words import gate_href, run_href
from assay.web.jobs_view import job_box
from assay.web.kills_view import kill_lines
from assay.web.run_groups import run_groups
from assay.web.seed_dots import seed_dots
from assay.web.ticket_form_view import STAGE_WORDS
from assay.workflows.gate_views import TicketGate
from assay.workflows.records import Link
from assay.workflows.views import AttestableItem, ExitGateView, SearchHit, TicketView

_RESOURCES = {"GPU-h": ("Compute", "no GPU hours logged"), "USD": ("Money", "no cost known")}
"""What a page calls each, and what runs log of it."""
LINKS: Mapping[str, tuple[str, str]] = {
    "blocks": ("blocks", "is blocked by"),
    "needs_data": ("needs data from", "gives data to"),
    "derived_from": ("is derived from", "has the derived"),
    "duplicates": ("duplicates", "has the duplicate"),
    "follow_up_of": ("follows up", "is followed up by"),
    "uses_baseline_of": ("uses the baseline of", "is the baseline of"),
}


def _need(need: DataNeed) -> NeedLine:
    return NeedLine(
        name=f"{need.dataset} {need.versions}".strip(),
        ready=need.ready,
        needed_by=wording.day(need.needed_by) if need.needed_by else "",
        arrives=need.arrives,
    )


def _is_closed(view: TicketView) -> bool:
    stage = view.project.settings.board.stage(view.ticket.stage)
    return stage is not None and (stage.terminal or stage.hidden)


def _blockers(view: TicketView, csrf_token: str) -> BlockerBox:
    stage = view.project.settings.board.stage(view.ticket.stage)
    return blockers_view.box(
        view.project.slug,
        view.ticket.key,
        view.blockers,
        owner=view.ticket.content.owner,
        can_open=stage is None or not stage.terminal,
        csrf_token=csrf_token,
        back="ticket",
    )


def experiment_page(
    view: TicketView, *, csrf_token: str, viewer: str = "", gate: TicketGate | None = None
) -> ExperimentPage:
    """Everything the page prints; `gate` is the one that a column asks of the ticket."""
    ticket, content, slug = view.ticket, view.ticket.content, view.project.slug
    closed = _is_closed(view)
    metric = view.metrics.get(view.chart_metric) if view.chart_metric else None
    return ExperimentPage(
        key=ticket.key,
        href=f"/p/{slug}/t/{ticket.key}",
        title=content.title,
        kind=content.type.value,
        stage_title=view.stage_title,
        stage_tone="" if closed else "accent",
        version=ticket.version,
        csrf_token=csrf_token,
        closed=closed,
        can_decide=not closed and (ticket.lock is not None or content.type is not TicketType.EXPERIMENT),
        can_delete=ticket.lock is None and not view.runs,
        verdict=findings_view.verdict_panel(view.verdict, view.verdict_digest, view.since_kill),
        problems=tuple((problem.text, problem.fix) for problem in view.problems),
        criteria=findings_view.criteria_rows(view),
        lock=_lock(view),
        chart=describe.metric_chart(view),
        seeds=seed_dots(view),
        runs=run_groups(view, metric),
        run_metric=view.chart_metric or "",
        run_value=_run_value(view.chart_metric, metric),
        runs_note=_runs_note(view),
        hypothesis=content.hypothesis,
        method=content.method,
        baselines=tuple(baseline_text(one, view) for one in content.baseline),
        meters=_meters(view),
        meters_note=_meters_note(view),
        facts=_facts(view),
        own=_own(view),
        company=company(view, viewer),
        trackers=tuple((link.url, link.title or link.url) for link in content.trackers),
        overrun=view.spike.text if view.spike is not None and view.spike.over and not closed else "",
        expectation=expectation(ticket, view.metrics),
        needs=tuple(_need(need) for need in content.data_needs),
        similar=tuple(_similar(hit, slug) for hit in view.similar),
        links=tuple(_link(link, slug) for link in view.links),
        link_kinds=tuple((kind.value, LINKS[kind.value][0]) for kind in LinkKind if kind.value in LINKS),
        notes=note_lines(view),
        decisions=tuple(decision_line(one) for one in reversed(view.decisions)),
        history=_history(view),
        confirmables=tuple(_confirmable(item) for item in view.attestable),
        exits=tuple(_exit(one, view) for one in view.exits),
        gate=None if gate is None else _gate(gate, view),
        blockers=_blockers(view, csrf_token),
        jobs=job_box(view.jobs),
        tag_hint=ticket.key,
        kills=kill_lines(view.kills, view.project.slug),
    )


def _history(view: TicketView) -> tuple[HistoryLine, ...]:
    return tuple(
        HistoryLine(
            seq=row.seq,
            who=row.actor,
            what=happenings.sentence(row),
            at_iso=wording.iso(row.at),
            day=wording.clock(row.at),
        )
        for row in view.history
    )


def _gate(gate: TicketGate, view: TicketView) -> GateOfTicket:
    slug, latest = view.project.slug, gate.latest
    return GateOfTicket(
        name=gate.gate,
        href=gate_href(slug, gate.gate),
        stage=gate.stage,
        check=moves.check(gate.finding),
        run="" if latest is None else str(latest.number),
        run_href="" if latest is None else run_href(slug, latest.gate, latest.number),
        can_ask=view.ticket.lock is not None and not _is_closed(view),
    )


def _lock(view: TicketView) -> LockLine | None:
    lock = view.ticket.lock
    if lock is None:
        return None
    return LockLine(
        day=wording.day(lock.locked_at),
        at_iso=wording.iso(lock.locked_at),
        by=lock.locked_by,
        digest=lock.digest,
        short_digest=short_digest(lock.digest),
        amendments=tuple(_amendment(one) for one in lock.amendments),
    )


def short_digest(digest: str) -> str:
    """The ends of a digest, enough to compare by eye.

    >>> short_digest("sha256:3f9a0022c1")
    '3f9a…c1'
    """
    _, _, value = digest.rpartition(":")
    return f"{value[:4]}…{value[-2:]}"


def _amendment(one: Amendment) -> AmendmentRow:
    return AmendmentRow(
        number=one.number,
        at_iso=wording.iso(one.at),
        day=wording.clock(one.at),
        author=one.author,
        reason=one.reason,
        changes=one.changes,
        loosens=one.loosens,
        after_results=one.after_results,
    )


def _run_value(name: str | None, metric: Metric | None) -> str:
    """Which value of each run the table shows."""
    if metric is None or metric.reading == LAST:
        return f"last value of {name or 'the metric'}"
    return f"{name}: {metric.reading.words}"


def _runs_note(view: TicketView) -> str:
    deleted = sum(row.deleted for row in view.runs)
    return f"{deleted} deleted in the tracker, listed but not counted" if deleted else ""


def baseline_text(one: Baseline, view: TicketView) -> str:
    """A baseline as a line of text."""
    if one.ticket is not None:
        return f"{one.metric}: the runs of {one.ticket}"
    if one.value is not None:
        shown = format_value(view.metrics.get(one.metric), float(one.value))
        return f"{one.metric}: {shown}{', ' + one.source if one.source else ''}, a number without runs"
    return f"{one.metric}: runs tagged as baseline"


def _meters(view: TicketView) -> tuple[Meter, ...]:
    content, budget = view.ticket.content, view.ticket.content.budget
    meters = [
        *_used(view, "GPU-h", view.gpu_hours, budget.gpu_hours, view.runs_without_gpu_hours),
        *_used(view, "USD", view.cost_usd, budget.cost_usd, view.runs_without_cost),
    ]
    days = content.time_box_days
    if days is not None:
        used = view.days_used
        share = None if used is None else used / days
        text = f"{days} days, not begun" if used is None else f"{used} of {wording.plural(days, 'day')}"
        meters.append(
            Meter("Time box", text, wording.percent_of_bar(share), share is not None and share > 1, "")
        )
    return tuple(meters)


def _used(
    view: TicketView, unit: str, spent: float | None, budget: Decimal | None, unknown: int
) -> tuple[Meter, ...]:
    """What was used of a budget; nothing where neither is known."""
    limit = None if budget is None else float(budget)
    if spent is None:
        text = "" if limit is None else f"{wording.UNKNOWN} of {limit_text(limit)} {unit}"
    else:
        text = used_of(spent, unit, budget=limit, unknown_runs=unknown)
    share = None if spent is None or limit is None else spent / limit
    label, missing = _RESOURCES[unit]
    note, hot = _used_note(view, unknown, missing), share is not None and share > 1
    return (Meter(label, text, wording.percent_of_bar(share), hot, note),) if text else ()


def _used_note(view: TicketView, unknown: int, missing: str) -> str:
    notes = []
    if unknown:
        notes.append(f"{wording.plural(unknown, 'run')} not counted: {missing}")
    if view.since_kill is not None and view.since_kill.runs:
        notes.append("runs that came after the kill are counted: they were paid for")
    text = "; ".join(notes)
    return text[:1].upper() + text[1:]


def _meters_note(view: TicketView) -> str:
    content = view.ticket.content
    allowed = (content.budget.gpu_hours, content.budget.cost_usd, content.time_box_days)
    return "No budget is set." if all(one is None for one in allowed) else ""


def _facts(view: TicketView) -> tuple[tuple[str, str], ...]:
    content, ticket = view.ticket.content, view.ticket
    looks = ", ".join(str(stage) for stage in content.looks.stages)
    found = [
        ("Type", content.type.value.capitalize()),
        ("Owner", content.owner or "nobody yet"),
        ("Priority", ("urgent", "high", "normal", "low", "lowest")[content.priority]),
        ("Axis", content.axis.value if content.axis else ""),
        ("Mode", content.mode.value if content.mode else ""),
        ("Decides at", f"{looks} seeds" if content.criteria else ""),
        ("Candidate", content.candidate or ""),
        ("Labels", ", ".join(content.labels)),
        ("Iterations", str(ticket.iterations) if ticket.iterations else ""),
        ("Written by", f"{ticket.created_by}, {wording.day(ticket.created_at)}"),
    ]
    return tuple((name, value) for name, value in found if value)


def _own(view: TicketView) -> tuple[tuple[str, str], ...]:
    """What only tickets of this type say; for data also what waits for it."""
    content = view.ticket.content
    own = content.engineering
    waits = (LinkKind.NEEDS_DATA, False), (LinkKind.BLOCKS, True)
    blocked = [one.key for one in view.links if (one.kind, one.outgoing) in waits]
    share = f"for {own.latency_percentile}% of requests"
    found = (
        ("Question", content.spike.question),
        ("Deliverable", content.spike.deliverable),
        ("Source", content.data.source),
        ("Volume", content.data.volume),
        ("Stage", STAGE_WORDS[content.data.stage] if content.data.stage else ""),
        ("Arrives", content.data.arrives),
        ("Blocks", ", ".join(dict.fromkeys(blocked)) if content.type is TicketType.DATA else ""),
        ("Model version", own.model_version),
        ("Latency", f"at most {number_text(own.latency_ms)} ms {share}" if own.latency_ms else ""),
        (
            "Cost",
            f"at most {number_text(own.cost_usd_per_1000)} USD for 1,000 requests"
            if own.cost_usd_per_1000
            else "",
        ),
        ("Fallback", content.feature.fallback),
    )
    return tuple((name, value) for name, value in found if value)


def _similar(hit: SearchHit, slug: str) -> Related:
    outcome = wording.DECISIONS.get(hit.decision or "", "")
    return Related(
        key=hit.key,
        href=f"/p/{slug}/t/{hit.key}",
        title=hit.title,
        relation=outcome,
        excerpt=wording.marked(hit.excerpt, hit.matches),
        shared=wording.shared_words(hit.shared),
        kind="",
        outgoing=True,
    )


def _link(link: Link, slug: str) -> Related:
    words = LINKS.get(link.kind.value, (link.kind.value.replace("_", " "),) * 2)
    return Related(
        key=link.key,
        href=f"/p/{slug}/t/{link.key}",
        title=link.title,
        relation=words[0] if link.outgoing else words[1],
        excerpt="",
        shared="",
        kind=link.kind.value,
        outgoing=link.outgoing,
    )


def decision_line(one: Decision) -> DecisionLine:
    """A decision as a line."""
    return DecisionLine(
        word=wording.DECISIONS[one.kind.value],
        tone=one.kind.value,
        icon=wording.RECOMMENDATION_ICONS[one.kind.value],
        by=one.by,
        at_iso=wording.iso(one.at),
        day=wording.minute(one.at),
        verdict=wording.RECOMMENDATIONS.get(one.verdict, one.verdict).lower(),
        deviates=bool(one.verdict) and one.kind.value != one.verdict,
        reason=one.reason,
        learnings=one.learnings,
    )


def _confirmable(item: AttestableItem) -> Confirmable:
    return Confirmable(
        item=item.item,
        title=item.title,
        by=item.by,
        day=wording.day(item.at) if item.at else "",
        note=item.note,
        done=item.at is not None,
    )


def _exit(one: ExitGateView, view: TicketView) -> Exit:
    met = (finding for finding in one.assessment.findings if finding.outcome is Outcome.MET)
    return Exit(
        move=moves.move(one.assessment, view.project.settings.board),
        met=tuple(moves.check(finding) for finding in met),
    )
