"""What past runs taught is learned once, and again when one of those runs has changed or another is over."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from assay.domain.stopping.backtest import MayStop, RecommendsOnly
    from assay.domain.stopping.learned import Learned

MOST_PROJECTS = 8


@dataclass(slots=True)
class Lessons:
    """What was learned of projects that were looked at lately, each of the runs with one key."""

    _kept: OrderedDict[int, _OfProject] = field(default_factory=OrderedDict)
    _lock: Lock = field(default_factory=Lock)

    def of(self, project_id: int, key: str) -> _OfProject:
        """What is kept about these runs of the project, be it nothing yet; what was kept about others is dropped."""
        with self._lock:
            kept = self._kept.get(project_id)
            if kept is None or kept.key != key:
                kept = self._kept[project_id] = _OfProject(key)
            self._kept.move_to_end(project_id)
            while len(self._kept) > MOST_PROJECTS:
                self._kept.popitem(last=False)
            return kept


@dataclass(slots=True)
class _OfProject:
    key: str
    learned: Learned | None = None
    records: dict[float, MayStop | RecommendsOnly] = field(default_factory=dict)
    """By the level of the rule."""
