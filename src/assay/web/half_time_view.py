"""What the mid-sprint check comes to, in plain words."""

from __future__ import annotations

from assay.domain.sprints.sprint import SprintState
from assay.web.contexts.sprints import Headline
from assay.web.sprint_words import day as sprint_day
from assay.workflows.sprint_views import CheckView


def half_time_headline(view: CheckView) -> Headline:
    """Have enough experiments results or a flag, had they once the sprint is over, or is it too early to ask?"""
    half = view.half_time
    counted = f"{half.with_results} of {half.questions}"
    if half.holds is None:
        return Headline(
            "This sprint asks nothing.",
            "Only tasks are committed, so there is nothing to check at half time.",
            "v-none",
        )
    if not view.is_due:
        return Headline(
            f"Half time is on {sprint_day(view.stand.half_time)}.",
            f"So far {half.with_results + half.flagged} of {half.questions} experiments have preliminary results or a flag; "
            "at least half should by then.",
            "v-none",
        )
    enough, look = ("At least half", "v-promote") if half.holds else ("Fewer than half", "v-kill")
    if view.stand.state == SprintState.ENDED:
        return Headline(
            f"{enough} had preliminary results or a flag at half time.",
            f"{counted} had results, {half.flagged} more were flagged for extension. What came later is on the review.",
            look,
        )
    flagged = " for extension." if half.holds else ". Flag what needs longer, or take it out."
    return Headline(
        f"{enough} have preliminary results or a flag.",
        f"{counted} have results, {half.flagged} more flagged{flagged}",
        look,
    )
