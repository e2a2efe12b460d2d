"""Journal entries as sentences: who did what, for people."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from assay.domain.board.board import ExitItem
from assay.domain.board.exit_policies import TITLES
from assay.workflows.actor import Actor
from assay.workflows.journal import journal_page
from assay.workflows.ports import Workspace
from assay.workflows.views import JournalRow

Payload = Mapping[str, Any]


def _moved(p: Payload) -> str:
    words = f"moved it from {_name(p.get('before'))} to {_name(p.get('after'))}"
    if p.get("overridden"):
        return f"{words} by an override: {p.get('override_reason') or 'no reason given'}"
    return f"{words}: {p['reason']}" if p.get("reason") else words


def _imported(p: Payload) -> str:
    moves = [one for one in p.get("moves") or () if isinstance(one, Mapping)]
    days = sorted(str(one.get("at", ""))[:10] for one in moves)
    span = f", {days[0]} to {days[-1]}" if days else ""
    return f"imported what happened to {p.get('item')} elsewhere: {len(moves)} moves{span}"


def _edited(p: Payload) -> str:
    fields = sorted(p.get("after") or {})
    shown = ", ".join(fields[:4]).replace("_", " ")
    many = f", on {p['bulk']} tickets at once" if p.get("bulk", 0) > 1 else ""
    past = f", past the {p['unmet'][0]}: {p.get('reason')}" if p.get("overridden") and p.get("unmet") else ""
    return f"changed {shown}{many}{past}" if fields else "changed it"


def _amended(p: Payload) -> str:
    late = ", after results were seen" if p.get("after_results") else ""
    loosened = ", which loosens a criterion" if p.get("loosens") else ""
    return f"amended the pre-registration{late}{loosened}: {p.get('reason') or 'no reason given'}"


def _decided(p: Payload) -> str:
    said = f"decided {p.get('decision')}"
    if not p.get("verdict"):
        return said
    return (
        said if p.get("decision") == p.get("verdict") else f"{said} where the verdict says {p.get('verdict')}"
    )


def _met(readings: object) -> str:
    lines = [one for one in readings if isinstance(one, Mapping)] if isinstance(readings, list) else []
    met = sum(one.get("outcome") == "met" for one in lines)
    return f"{met} of {len(lines)} numbers met"


def _name(stage: object) -> str:
    return str(stage or "").capitalize()


def _item(p: Payload) -> str:
    item = str(p.get("item", ""))
    return TITLES[ExitItem(item)] if item in set(ExitItem) else item.replace("_", " ")


def _category(p: Payload) -> str:
    return str(p.get("category", "")).replace("_", " ")


def _job_state(p: Payload) -> str:
    state = str(p.get("state", ""))
    return "not begun yet" if state == "unknown" else state


def _rule(p: Payload) -> str:
    return str(p.get("rule", "")).replace("_", " ")


def _kills(listed: object) -> str:
    told = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list | tuple) else []
    return "; ".join(f"{_rule(one)}, {one.get('reason')}" for one in told)


_SENTENCES: Mapping[str, Callable[[Payload], str]] = {
    "ticket.created": lambda p: "brought in the ticket" if p.get("imported") else "wrote the ticket",
    "history.imported": _imported,
    "ticket.edited": _edited,
    "ticket.moved": _moved,
    "ticket.ranked": lambda p: "changed its place in the column",
    "ticket.locked": lambda p: "locked hypothesis, criteria, baseline and budget",
    "ticket.amended": _amended,
    "ticket.rescoped": lambda p: f"gave it more time after {p.get('used_days')} days: {p.get('reason')}",
    "amendment.marked": lambda p: "found that results existed before an amendment, and marked it",
    "ticket.confirmed": lambda p: f"confirmed: {_item(p)}",
    "ticket.confirmation_withdrawn": lambda p: f"took back: {_item(p)}",
    "ticket.noted": lambda p: "added a note",
    "ticket.watched": lambda p: f"has {p.get('watcher')} follow it",
    "ticket.unwatched": lambda p: f"has {p.get('watcher')} follow it no longer",
    "ticket.attached": lambda p: f"attached {p.get('name')}",
    "ticket.attachment_removed": lambda p: f"took off {p.get('name')}",
    "ticket.linked": lambda p: f"linked it: {str(p.get('link', '')).replace('_', ' ')} {p.get('other', '')}",
    "ticket.unlinked": lambda p: (
        f"removed a link: {str(p.get('link', '')).replace('_', ' ')} {p.get('other', '')}"
    ),
    "ticket.deleted": lambda p: "deleted the ticket",
    "ticket.evidence_seen": lambda p: "saw new evidence",
    "blocker.opened": lambda p: f"opened blocker {p.get('number')}, {_category(p)}: {p.get('text', '')}",
    "blocker.closed": lambda p: (
        f"closed blocker {p.get('number')}, {_category(p)}: {p.get('resolution', '')}"
    ),
    "decision.recorded": _decided,
    "verdict.computed": lambda p: f"computed the verdict: {p.get('headline') or p.get('recommendation')}",
    "kill.recommended": lambda p: f"recommends to kill it: {_kills(p.get('kills'))}",
    "kill.snoozed": lambda p: f"snoozed rule {_rule(p)} until {str(p.get('until'))[:10]}: {p.get('reason')}",
    "kill.woken": lambda p: f"woke rule {_rule(p)}: {p.get('because')}",
    "budget.overrun": lambda p: f"finds its budget overrun: {p.get('reason')}",
    "webhook.added": lambda p: f"added a webhook to {p.get('target')}",
    "webhook.changed": lambda p: (
        f"changed the webhook to {p.get('target')}" + (", with a new secret" if p.get("secret") else "")
    ),
    "webhook.removed": lambda p: f"removed the webhook to {p.get('target')}",
    "webhook.sent_again": lambda p: f"had {p.get('deliveries')} deliveries of a webhook sent again",
    "gate.versioned": lambda p: (
        f"wrote version {p.get('version')} of the gate"
        + (f", easier to pass: {p.get('reason')}" if p.get("loosens") else "")
    ),
    "gate.judged": lambda p: (
        f"asked gate {p.get('gate')} version {p.get('version')}: {p.get('headline') or p.get('result')}"
    ),
    "journal.head_rebuilt": lambda p: "recomputed the journal's end from its entries",
    "template.written": lambda p: "wrote a template of tickets",
    "template.removed": lambda p: "removed a template of tickets",
    "project.created": lambda p: "created the project",
    "project.configured": lambda p: "changed the settings",
    "filter.saved": lambda p: "saved a filter",
    "prices.set": lambda p: "set the prices of devices",
    "cadence.set": lambda p: (
        f"works in {str(p.get('after')).capitalize()} now, before in {str(p.get('before')).capitalize()}"
    ),
    "filter.removed": lambda p: "forgot a filter",
    "metric.declared": lambda p: "declared a metric",
    "metric.dropped": lambda p: "removed a metric",
    "source.connected": lambda p: f"connected a source: {p.get('uri', '')}",
    "source.disconnected": lambda p: "disconnected a source",
    "source.lost": lambda p: f"could not read a source any more: {p.get('why')}",
    "source.found": lambda p: "could read a source again",
    "runs.synced": lambda p: f"read {p.get('changed', 0)} changed and {p.get('gone', 0)} removed runs",
    "canvas.edited": lambda p: f"wrote version {p.get('version')} of the canvas",
    "canvas.judged": lambda p: f"judged the canvas again: {_met(p.get('readings'))}",
    "phase.begun": lambda p: f"began the phase {p.get('phase')}",
    "phase.edited": lambda p: f"changed the plan of the phase {p.get('phase')}",
    "choice.edited": lambda p: f"wrote version {p.get('version')} of a comparison",
    "choice.decided": lambda p: f"decided for {p.get('chosen')}: {p.get('reason')}",
    "sprint.planned": lambda p: f"planned sprint {p.get('number')}",
    "sprint.edited": lambda p: f"changed the plan of sprint {p.get('number')}",
    "sprint.started": lambda p: f"started sprint {p.get('number')}",
    "sprint.ended": lambda p: f"ended sprint {p.get('number')}",
    "sprint.reopened": lambda p: f"let sprint {p.get('number')} go on",
    "sprint.cancelled": lambda p: (
        f"cancelled sprint {p.get('number')}" + (f": {p.get('reason')}" if p.get("reason") else "")
    ),
    "sprint.restored": lambda p: f"planned sprint {p.get('number')} again",
    "sprint.looked_back": lambda p: f"wrote the retro of sprint {p.get('number')}",
    "sprint.committed": lambda p: (
        f"took {p.get('ticket')} into sprint {p.get('number')}"
        + (", after its start" if p.get("after_start") else "")
    ),
    "sprint.released": lambda p: (
        f"took {p.get('ticket')} out of a sprint" + (f": {p.get('reason')}" if p.get("reason") else "")
    ),
    "sprint.extension_flagged": lambda p: (
        f"flagged {p.get('ticket')} for extension: {p.get('reason')}"
        if p.get("reason")
        else f"took back the flag for extension of {p.get('ticket')}"
    ),
    "job.changed": lambda p: (
        f"told that pipeline job {p.get('job')} is {_job_state(p)}"
        + (f": {p.get('error')}" if p.get("error") else "")
    ),
    "run.attached": lambda p: (
        f"attached run {p.get('run')} to {p.get('after')}"
        if p.get("after")
        else f"detached run {p.get('run')}"
    ),
}


def sentence(row: JournalRow) -> str:
    """What a journal entry says, without its actor.

    An unknown kind is shown as it is: a newer version may have written it.
    """
    known = _SENTENCES.get(row.kind)
    return known(row.payload) if known is not None else row.kind


def latest(ws: Workspace, actor: Actor, slug: str, key: str) -> str:
    """Who did what to a ticket last, as a sentence without a full stop."""
    rows = journal_page(ws, actor, project=slug, subject=key, limit=1).rows
    return f"{rows[0].actor} {sentence(rows[0])}" if rows else "somebody else saved it"


KINDS = tuple(_SENTENCES)
"""The kinds of entries there are, for filters."""
