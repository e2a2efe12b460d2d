"""Jobs of pipelines in plain words: on a card, on the page of their ticket, in the stand-up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from assay.domain.experiments.pipeline_jobs import JobState, PipelineJob
from assay.web import wording
from assay.web.contexts.jobs import JobBox, JobRow, UnreadLine
from assay.web.contexts.sprints import CeremonyLine, Section
from assay.workflows.job_views import JobLine, JobTree, UnreadOrchestrator, unread_text

MOST_ON_A_CARD = 120
MOST_INDENT = 6
_LOOKS: Mapping[JobState, tuple[str, str, str]] = {
    JobState.RUNNING: ("running", "accent", "loop"),
    JobState.COMPLETED: ("completed", "promote", "check"),
    JobState.FAILED: ("failed", "kill", "warning"),
    JobState.ABORTED: ("aborted", "kill", "stop"),
    JobState.UNKNOWN: ("not known", "", "question"),
}
"""The word, the colour and the icon of a state."""


_NO_JOB = {
    "job": "", "job_bad": False, "job_iso": "", "job_since": "", "job_age": "", "job_unread": "", "job_read_iso": "", "job_read": "",
}  # fmt: skip


def card_job(job: PipelineJob | None, unread: UnreadOrchestrator | None, *, is_over: bool) -> dict[str, Any]:
    """What a card says of its training job; nothing once the ticket is decided."""
    if job is None or is_over:
        return _NO_JOB
    runs = job.state is JobState.RUNNING
    at = job.started_at if runs else job.ended_at
    text = f"{_short(job)}: {_LOOKS[job.state][0]}" + (f": {job.error}" if job.error else "")
    return {
        "job": text if len(text) <= MOST_ON_A_CARD else f"{text[: MOST_ON_A_CARD - 1]}\u2026",
        "job_bad": job.state in (JobState.FAILED, JobState.ABORTED),
        "job_iso": "" if at is None else wording.iso(at),
        "job_since": "" if at is None else f"{'since ' if runs else ''}{wording.clock(at)} UTC",
        "job_age": "so far" if runs else "ago",
        "job_unread": "" if unread is None else unread.name,
        "job_read_iso": "" if unread is None or unread.read_at is None else wording.iso(unread.read_at),
        "job_read": "" if unread is None or unread.read_at is None else wording.minute(unread.read_at),
    }


def _short(job: PipelineJob) -> str:
    """Airflow calls a task DAG.TASK; behind a DAG that is called after the ticket, the card need not say that again."""
    named = job.ticket is not None and job.job.startswith(job.ticket)
    return (named and job.job.partition(".")[2]) or job.job


def job_box(tree: JobTree) -> JobBox:
    """The jobs on the page of their ticket."""
    shown = len(tree.rows)
    return JobBox(
        rows=tuple(_row(line) for line in tree.rows),
        more=f"Only the {shown} with the newest events are shown." if tree.more else "",
        unread=tuple(_unread(one) for one in tree.unread),
    )


def _unread(one: UnreadOrchestrator) -> UnreadLine:
    return UnreadLine(
        text=unread_text(one),
        iso="" if one.read_at is None else wording.iso(one.read_at),
        when="" if one.read_at is None else wording.minute(one.read_at),
    )


def _row(line: JobLine) -> JobRow:
    job = line.job
    word, tone, icon = _LOOKS[job.state]
    return JobRow(
        indent=min(line.level, MOST_INDENT),
        name=job.job,
        href=wording.safe_link(job.url),
        namespace=job.namespace,
        tool=job.tool,
        state=word,
        tone=tone,
        icon=icon,
        error=job.error,
        started_iso="" if job.started_at is None else wording.iso(job.started_at),
        started="" if job.started_at is None else wording.clock(job.started_at),
        ended_iso="" if job.ended_at is None else wording.iso(job.ended_at),
        ended="" if job.ended_at is None else wording.clock(job.ended_at),
    )


def jobs_section(jobs: Iterable[PipelineJob], unread: Iterable[UnreadOrchestrator], slug: str) -> Section:
    """What broke in pipelines, for the stand-up, and where that is not known; empty where nothing did."""
    lines = tuple(_trouble(job, slug) for job in jobs)
    silent = tuple(
        CeremonyLine(
            key="",
            href=f"/p/{slug}/settings",
            title=one.name,
            text=f"What failed there since is not known: {one.why}",
            chip="cannot be read",
            look="iterate",
            icon="question",
            iso="" if one.read_at is None else wording.iso(one.read_at),
            when="" if one.read_at is None else wording.minute(one.read_at),
        )
        for one in unread
    )
    return Section("jobs", "Failed jobs", "of pipelines, newest first", lines + silent, "")


def _trouble(job: PipelineJob, slug: str) -> CeremonyLine:
    word, tone, icon = _LOOKS[job.state]
    return CeremonyLine(
        key=job.ticket or "",
        href=f"/p/{slug}/t/{job.ticket}#jobs",
        title=job.job,
        text=job.error,
        chip=word,
        look=tone,
        icon=icon,
        iso="" if job.ended_at is None else wording.iso(job.ended_at),
        when="" if job.ended_at is None else wording.minute(job.ended_at),
    )
