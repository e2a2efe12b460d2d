"""By which settings is a ticket judged?"""

from __future__ import annotations

from assay.domain.gates.kill_rules import settings_without
from assay.domain.gates.settings import VerdictSettings
from assay.workflows.records import Project, Ticket


def judging_settings(project: Project, ticket: Ticket) -> VerdictSettings:
    """Alpha, strictness and what sets configurations apart as they stood at the lock; rules of thumb as the project tunes them today."""
    settings = settings_without(project.settings.verdicts, ticket.content.kill_rules_off)
    assert ticket.lock is not None
    kept = {name: getattr(ticket.lock, name) for name in ("alpha", "strictness", "ignored_parameters")}
    return settings.model_copy(update=kept)
