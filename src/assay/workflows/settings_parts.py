"""One part of a project's settings is saved by itself: its templates, its saved filters."""

from __future__ import annotations

from dataclasses import replace

from assay.domain.kernel.events import Event
from assay.errors import StaleVersion
from assay.workflows.actor import Actor
from assay.workflows.lookup import required_project
from assay.workflows.ports import Workspace, WriteTransaction
from assay.workflows.records import Project


def save_part(
    tx: WriteTransaction,
    ws: Workspace,
    actor: Actor,
    project: Project,
    part: str,
    value: object,
    event: Event,
    *,
    expected_version: int | None,
) -> Project:
    """The project with this part of its settings, journaled.

    Raises:
        StaleVersion: somebody changed the settings meanwhile.
    """
    settings = project.settings.model_copy(update={part: value})
    is_stale = expected_version is not None and expected_version != project.version
    if is_stale or not tx.save_project(replace(project, settings=settings)):
        raise StaleVersion(
            f"cannot save {part} of {project.slug!r}: its settings changed meanwhile and are now version "
            f"{project.version} (expected the version you saw)",
            hint=f"assay project show {project.slug}",
            details={"version": project.version},
        )
    tx.append(event, actor=actor, at=ws.clock())
    return required_project(tx, project.slug)
