"""Saved filters of a project: what somebody often looks for, under a name that everybody sees."""

from __future__ import annotations

from collections.abc import Mapping

from assay.domain.kernel.events import Event
from assay.errors import Invalid, NotFound, Refused
from assay.workflows.actor import Actor, Permission
from assay.workflows.filters import NOT_SET, ticket_filters
from assay.workflows.lookup import required_project
from assay.workflows.ports import Workspace, WriteTransaction
from assay.workflows.records import Project, SavedFilter
from assay.workflows.settings_parts import save_part

FILTER_NAMES = (
    "q", "stage", "owner", "type", "axis", "phase", "mode", "decision", "recommendation", "priority", "blocked", "stale", "waiting", "sprint", "lanes",
)  # fmt: skip
MOST_FILTERS = 50
LONGEST_NAME = 60
LONGEST_VALUE = 200


def save_filter(
    ws: Workspace,
    actor: Actor,
    slug: str,
    name: str,
    filters: Mapping[str, str],
    *,
    expected_version: int | None = None,
) -> Project:
    """Keep a filter under a name, in the place of the one that has it. Returns the project as it stands.

    Raises:
        Invalid: the name does not print, the filter asks nothing, or no ticket can have such a value.
        Refused: the project has 50 saved filters.
        StaleVersion: the settings of the project changed meanwhile.
    """
    actor.require(Permission.WRITE_TICKETS)
    shown = _checked_name(name)

    def work(tx: WriteTransaction) -> Project:
        project = required_project(tx, slug)
        saved = SavedFilter(name=shown, filters=_checked(project, filters))
        if saved in project.settings.filters:
            return project
        others = [one for one in project.settings.filters if one.name != shown]
        if len(others) >= MOST_FILTERS:
            raise Refused(
                f"cannot save filter {shown!r}: the project has {len(others)} (expected at most {MOST_FILTERS})",
                hint="remove one that nobody uses",
                code="filters-full",
            )
        kept = tuple(sorted((*others, saved), key=lambda one: one.name))
        event = Event.of("filter.saved", project=slug, subject=shown, filters=dict(saved.filters))
        return save_part(tx, ws, actor, project, "filters", kept, event, expected_version=expected_version)

    return ws.store.write(work)


def remove_filter(
    ws: Workspace, actor: Actor, slug: str, name: str, *, expected_version: int | None = None
) -> Project:
    """Forget a saved filter.

    Raises:
        NotFound: there is none of this name.
        StaleVersion: the settings of the project changed meanwhile.
    """
    actor.require(Permission.WRITE_TICKETS)

    def work(tx: WriteTransaction) -> Project:
        project = required_project(tx, slug)
        kept = tuple(one for one in project.settings.filters if one.name != name)
        if len(kept) == len(project.settings.filters):
            known = ", ".join(one.name for one in kept) or "none yet"
            raise NotFound(
                f"cannot remove filter {ascii(name)[:60]}: there is none of this name (expected one of: {known[:300]})",
                hint="assay filter list",
                code="saved-filter-unknown",
                field="name",
            )
        event = Event.of("filter.removed", project=slug, subject=name)
        return save_part(tx, ws, actor, project, "filters", kept, event, expected_version=expected_version)

    return ws.store.write(work)


def _checked_name(name: str) -> str:
    shown = name.strip()
    if not 1 <= len(shown) <= LONGEST_NAME or not shown.isprintable() or "/" in shown:
        raise Invalid(
            f"cannot save filter {ascii(shown)[:60]}: not a name (expected 1 to {LONGEST_NAME} characters that print, without /)",
            hint="such as Blocked data work",
            code="saved-filter-name",
            field="name",
        )
    return shown


def _checked(project: Project, filters: Mapping[str, str]) -> dict[str, str]:
    asked = {name: value.strip() for name, value in filters.items() if value.strip()}
    unknown = next((name for name in asked if name not in FILTER_NAMES), None)
    too_long = next((name for name, value in asked.items() if len(value) > LONGEST_VALUE), None)
    if unknown is not None or too_long is not None or not asked:
        fact = "it asks nothing"
        if unknown is not None:
            fact = f"there is no filter {ascii(unknown)[:40]}"
        elif too_long is not None:
            fact = f"{too_long} has {len(asked[too_long])} characters"
        raise Invalid(
            f"cannot save filter: {fact} (expected one or more of {', '.join(FILTER_NAMES)}, each at most "
            f"{LONGEST_VALUE} characters)",
            hint="narrow the board or the list first, then save what it shows",
            code="saved-filter-malformed",
            field="filters",
        )
    sprint = asked.get("sprint", NOT_SET)
    if sprint not in {NOT_SET, "active"} and not (
        sprint.isascii() and sprint.isdecimal() and len(sprint) < 10
    ):
        raise Invalid(
            f"cannot save filter: sprint is {ascii(sprint)[:40]} (expected active, {NOT_SET} or the number of a sprint)",
            hint="assay sprint list",
            code="saved-filter-malformed",
            field="sprint",
        )
    return dict(ticket_filters(project, asked))
