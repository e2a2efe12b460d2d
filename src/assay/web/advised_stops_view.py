"""What rules say to stop, in plain words, on the stand-up."""

from __future__ import annotations

from collections.abc import Sequence

from assay.web import wording
from assay.web.contexts.board import Fact
from assay.web.contexts.sprints import CeremonyLine, Section
from assay.web.sprint_words import MOST_LINES, rest_of
from assay.workflows.ceremony_markdown import stop_name
from assay.workflows.sprint_views import AdvisedStop


def stops_section(stops: Sequence[AdvisedStop], slug: str) -> Section:
    """What the team has to say about today; left out where no rule says anything."""
    return Section(
        "stops",
        "Stop or go on?",
        "a person decides; snooze a rule on the ticket's page",
        tuple(_line(one, slug) for one in stops[:MOST_LINES]),
        "",
        *rest_of(stops, f"/p/{slug}/experiments", "in the list"),
    )


def _line(one: AdvisedStop, slug: str) -> CeremonyLine:
    word, look, icon = _shown(one)
    said = f"{stop_name(one)}: {one.reason}"
    return CeremonyLine(
        key=one.key,
        href=f"/p/{slug}/t/{one.key}{'#kills' if one.advises_kill else ''}",
        title=one.title,
        text=f"{said}; {one.snoozed}" if one.snoozed else said,
        chip=word,
        look=look,
        icon=icon,
    )


def _shown(one: AdvisedStop) -> tuple[str, str, str]:
    if one.snoozed:
        return "snoozed", "", "circle"
    return ("stop?", "kill", "stop") if one.advises_kill else ("over budget", "iterate", "warning")


def stops_fact(stops: Sequence[AdvisedStop]) -> Fact:
    """How many kills are pressed, and what else there is."""
    pressed = sum(one.advises_kill and not one.snoozed for one in stops)
    snoozed = sum(bool(one.snoozed) for one in stops)
    over = sum(not one.advises_kill for one in stops)
    rest = [f"{snoozed} snoozed"] if snoozed else []
    rest += [f"{over} over budget"] if over else []
    return Fact("Kills recommended", str(pressed), ", ".join(rest))


def stops_words(stops: Sequence[AdvisedStop]) -> list[str]:
    """What the headline says of them."""
    pressed = sum(one.advises_kill and not one.snoozed for one in stops)
    over = sum(not one.advises_kill for one in stops)
    said = [f"{wording.plural(pressed, 'kill')} recommended"] if pressed else []
    return said + ([f"{over} far over budget"] if over else [])
