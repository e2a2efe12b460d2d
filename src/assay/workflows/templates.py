"""Ticket templates of a project: what a kind of ticket usually says, as the YAML that somebody wrote."""

from __future__ import annotations

from typing import Any

from assay.domain.experiments.experiment import TicketContent
from assay.domain.experiments.ticket_data import ticket_from_data
from assay.domain.experiments.time_box import box_in_days
from assay.domain.kernel.events import Event
from assay.domain.kernel.metrics import MetricCatalog
from assay.errors import Invalid, NotFound, Refused
from assay.workflows.actor import Actor, Permission
from assay.workflows.lookup import required_project
from assay.workflows.ports import Workspace, WriteTransaction
from assay.workflows.records import TEMPLATE_NAME, Project, TicketTemplate
from assay.workflows.settings_parts import save_part
from assay.workflows.sprints import sprint_days
from assay.workflows.ticket_file import load_ticket_text

MOST_TEMPLATES = 50
LONGEST_TEMPLATE = 20_000


def list_templates(ws: Workspace, actor: Actor, slug: str) -> tuple[TicketTemplate, ...]:
    """The templates of a project, by name."""
    actor.require(Permission.READ)
    with ws.store.read() as tx:
        return required_project(tx, slug).settings.templates


def template_content(ws: Workspace, actor: Actor, slug: str, name: str) -> TicketContent:
    """The ticket that a template begins; its title is "-" where the template has none.

    Raises:
        NotFound: the project has no such template.
        Invalid: it no longer reads, such as after a metric was dropped.
    """
    actor.require(Permission.READ)
    with ws.store.read() as tx:
        project = required_project(tx, slug)
        return _read(_required(project, name).text, name, tx.metrics(project.id), sprint_days(tx, project))


def put_template(
    ws: Workspace, actor: Actor, slug: str, name: str, text: str, *, expected_version: int | None
) -> Project:
    """Write a template, or change it. Returns the project as it stands.

    Args:
        ws: the workspace.
        actor: who writes it.
        slug: the project.
        name: lower-case letters, digits and hyphens.
        text: a ticket file without `key`; `title` may be left out.
        expected_version: the version of the project it was seen in, None to take any.

    Raises:
        Invalid: the name or the text cannot be read.
        Refused: the project has 50 templates.
        StaleVersion: the settings of the project changed meanwhile.
    """
    actor.require(Permission.CONFIGURE)
    _check_name(name)
    if len(text) > LONGEST_TEMPLATE:
        raise Invalid(
            f"cannot keep template {name!r}: it has {len(text):,} characters (expected at most {LONGEST_TEMPLATE:,})",
            hint="assay template list",
            code="template-too-long",
            field="text",
        )

    def work(tx: WriteTransaction) -> Project:
        project = required_project(tx, slug)
        _read(text, name, tx.metrics(project.id), sprint_days(tx, project))
        others = [one for one in project.settings.templates if one.name != name]
        if len(others) >= MOST_TEMPLATES:
            raise Refused(
                f"cannot keep template {name!r}: the project has {len(others)} (expected at most {MOST_TEMPLATES})",
                hint="remove one that nobody uses",
                code="templates-full",
            )
        written = TicketTemplate(name=name, text=text)
        if written in project.settings.templates:
            return project
        kept = tuple(sorted((*others, written), key=lambda one: one.name))
        event = Event.of("template.written", project=slug, subject=name, text=text)
        return save_part(tx, ws, actor, project, "templates", kept, event, expected_version=expected_version)

    return ws.store.write(work)


def drop_template(
    ws: Workspace, actor: Actor, slug: str, name: str, *, expected_version: int | None
) -> Project:
    """Remove a template; tickets that began with it stay as they are."""
    actor.require(Permission.CONFIGURE)

    def work(tx: WriteTransaction) -> Project:
        project = required_project(tx, slug)
        gone = _required(project, name)
        kept = tuple(one for one in project.settings.templates if one is not gone)
        event = Event.of("template.removed", project=slug, subject=name, text=gone.text)
        return save_part(tx, ws, actor, project, "templates", kept, event, expected_version=expected_version)

    return ws.store.write(work)


def _required(project: Project, name: str) -> TicketTemplate:
    found = next((one for one in project.settings.templates if one.name == name), None)
    if found is None:
        known = ", ".join(one.name for one in project.settings.templates) or "none yet"
        raise NotFound(
            f"cannot find template {name[:40]!r}: project {project.slug!r} has no such template (expected one of: {known})",
            hint="assay template list",
            code="ticket-template-unknown",
            field="name",
        )
    return found


def _check_name(name: str) -> None:
    if len(name) > 40 or TEMPLATE_NAME.fullmatch(name) is None:
        raise Invalid(
            f"cannot keep template {name[:40]!r}: not a name (expected lower-case letters, digits and hyphens, at most 40)",
            hint="such as prompt-test",
            code="template-name",
            field="name",
        )


def _read(text: str, name: str, catalog: MetricCatalog, days: int) -> TicketContent:
    data = load_ticket_text(text, name=f"{name}.yaml")
    if not isinstance(data, dict):
        raise Invalid(
            f"cannot read template {name!r}: it says nothing (expected fields such as 'type: spike')",
            hint="write at least one field, such as type: spike",
            code="file-invalid",
            field="text",
        )
    fields: dict[str, Any] = {"title": "-", **data}
    return ticket_from_data(box_in_days(fields, days), catalog)
