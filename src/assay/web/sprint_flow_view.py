"""How work flowed in a sprint, as a section of its retro."""

from __future__ import annotations

from assay.web.contexts.sprints import CeremonyLine, Section
from assay.workflows.sprint_flow_words import flow_lines
from assay.workflows.sprint_views import SprintFlow


def flow_section(flow: SprintFlow | None) -> Section:
    """Data that was ready, lead time, learnings, blockers."""
    lines = () if flow is None else flow_lines(flow)
    return Section(
        "flow",
        "How work flowed",
        "data that is ready on time is healthy from 80% on",
        tuple(CeremonyLine(key="", href="", title=title, text=text) for title, text in lines),
        "The sprint has not begun.",
    )
