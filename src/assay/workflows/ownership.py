"""Whose runs are these, where several projects read one tracker? Every project counts its tickets from EXP-1."""

from __future__ import annotations

import posixpath
from dataclasses import replace
from urllib.parse import urlsplit

from assay.domain.experiments.evidence import Run
from assay.errors import Conflict
from assay.workflows.ports import ReadTransaction
from assay.workflows.records import Project, Source

PROJECT_TAG = "assay.project"


def must_not_be_shared(tx: ReadTransaction, project: Project, draft: Source) -> None:
    """Two projects that both take `assay.ticket=EXP-1` from one tracker would share evidence.

    Raises:
        Conflict: another project takes tickets from the same runs.
    """
    if draft.qualified:
        return
    for other in tx.projects():
        found = () if other.id == project.id else tx.sources(other.id)
        shared = next((source for source in found if _overlap(source, draft)), None)
        if shared is None:
            continue
        what = "experiments of it" if shared.experiment_filter else "all of it"
        raise Conflict(
            f"cannot connect source {draft.name!r}: project {other.slug!r} reads {what}, and a run tagged EXP-1 would be "
            "evidence in both (expected runs that belong to one project)",
            hint=f"connect it with --qualified, which counts runs tagged assay.ticket={project.slug}/EXP-1 only; or give "
            "each of the two projects experiments of its own (--experiment NAME)",
            code="source-shared",
            field="uri",
        )


def owned(run: Run, project: Project, source: Source) -> Run:
    """The run with the ticket that it belongs to in this project: none where its tags name another project.

    A tag is qualified as `assay.ticket=SLUG/EXP-1`, or by the tag `assay.project=SLUG` beside it. From a qualified source,
    a run whose tags name no project belongs to none.
    """
    named = run.tags.get(PROJECT_TAG, "").strip()
    if run.ticket is None or ("/" not in run.ticket and not named and not source.qualified):
        return run
    prefix, _, key = run.ticket.rpartition("/")
    is_ours = {project.slug} == {name for name in (prefix, named) if name}
    return replace(run, ticket=key if is_ours else None)


def _overlap(source: Source, draft: Source) -> bool:
    if source.qualified or (source.kind, _store(source.uri)) != (draft.kind, _store(draft.uri)):
        return False
    ours, theirs = set(draft.experiment_filter), set(source.experiment_filter)
    return not ours or not theirs or not ours.isdisjoint(theirs)


def _store(uri: str) -> str:
    """One spelling of an address: a file with and without `sqlite:///`, a server with and without its last slash."""
    text = uri.strip().removeprefix("sqlite:///")
    if "://" not in text:
        return posixpath.normpath(text)
    parts = urlsplit(text)
    return parts._replace(
        scheme=parts.scheme.lower(), netloc=parts.netloc.lower(), path=parts.path.rstrip("/")
    ).geturl()
