"""Swimlanes of a board: by what are cards told apart, and in which order do the lanes stand?"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from assay.domain.experiments.experiment import Axis
from assay.domain.portfolio.phases import Phase


class LaneBy(StrEnum):
    """What makes a lane."""

    OWNER = "owner"
    AXIS = "axis"
    PHASE = "phase"
    """The phase the project was in when work on the card began."""


_ORDER = {LaneBy.AXIS: tuple(Axis), LaneBy.PHASE: tuple(Phase)}


def in_order(by: LaneBy, lanes: Iterable[str]) -> tuple[str, ...]:
    """Lanes as they stand on the board: owners by name, axes and phases as they are listed everywhere; without one, last.

    >>> in_order(LaneBy.OWNER, ["jo", "", "Ada"]), in_order(LaneBy.PHASE, ["", "convergence", "discovery"])
    (('Ada', 'jo', ''), ('discovery', 'convergence', ''))
    """
    known = _ORDER.get(by, ())
    places = {str(one): place for place, one in enumerate(known)}
    return tuple(sorted(set(lanes), key=lambda one: (one == "", places.get(one, 0), one.casefold(), one)))
