"""By which settings is a ticket judged?"""

from __future__ import annotations

from assay.domain.gates.kill_rules import settings_with, settings_without
from assay.domain.gates.settings import VerdictSettings
from assay.workflows.records import Project, Ticket


def judging_settings(project: Project, ticket: Ticket) -> VerdictSettings:
    """Alpha, strictness and what sets configurations apart as they stood at the lock; kill rules as project and ticket tune them today."""
    content = ticket.content
    settings = settings_with(project.settings.verdicts, content.kill_rule_values)
    settings = settings_without(settings, content.kill_rules_off)
    assert ticket.lock is not None
    kept = {name: getattr(ticket.lock, name) for name in ("alpha", "strictness", "ignored_parameters")}
    return settings.model_copy(update=kept)
