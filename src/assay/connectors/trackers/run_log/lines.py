"""The lines of one file of a run log, checked one by one and gathered: points as columns, everything else as last said."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import orjson

from assay.connectors.trackers.run_log.form import HEAD, MAX_NAME_CHARACTERS, NOT_FINITE, STATUSES, VERSION

MAX_METRICS = 100_000


class BrokenLineError(ValueError):
    """A line is not what a writer writes: the fact, and what was expected."""

    def __init__(self, fact: str, expected: str) -> None:
        super().__init__(fact)
        self.fact = fact
        self.expected = expected


@dataclass(slots=True)
class Columns:
    """Points of one metric in the order they were logged."""

    steps: array[int] = field(default_factory=lambda: array("q"))
    values: array[float] = field(default_factory=lambda: array("d"))
    times_ms: array[int] = field(default_factory=lambda: array("q"))


@dataclass(slots=True)
class GatheredLines:
    """What the lines read so far say."""

    head: dict[str, Any] | None = None
    points: dict[str, Columns] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    end: dict[str, Any] | None = None
    lost: int = 0
    """Log calls that the writer had to drop, as it says itself."""
    lines: int = 0
    """How many lines were read."""

    def take(self, line: bytes) -> None:
        """The next line, without its newline.

        Raises:
            BrokenLineError: it is no line of a run log, or not the next one.
        """
        try:
            said = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            raise BrokenLineError(f"no JSON ({str(error)[:60]})", "one JSON object") from error
        if not isinstance(said, dict):
            raise BrokenLineError(f"{_shown(said)}", "one JSON object")
        if self.head is None:
            self._take_head(said)
        else:
            self._take_next(said)
        self.lines += 1

    def _take_head(self, said: dict[str, Any]) -> None:
        if said.get(HEAD) != VERSION:
            found = f"{HEAD}: {_shown(said[HEAD])}" if HEAD in said else f"no {HEAD}"
            raise BrokenLineError(found, f"the head of a run log of version {VERSION}")
        for name in ("params", "tags"):
            if not isinstance(said.get(name, {}), dict):
                raise BrokenLineError(f"{name}: {_shown(said[name])}", "names and values")
        self.head = said
        self._take_tags(said.get("tags", {}))

    def _take_next(self, said: dict[str, Any]) -> None:
        if said.get("n") != self.lines:
            raise BrokenLineError(
                f"n: {_shown(said.get('n'))}", f"{self.lines}, for none is lost or repeated"
            )
        for kind, value in said.items():
            if kind != "n" and (take := _KINDS.get(kind)) is not None:
                take(self, value)

    def _take_points(self, said: object) -> None:
        if not isinstance(said, dict):
            raise BrokenLineError(f"points: {_shown(said)}", "metrics with their points")
        for name, columns in said.items():
            if not (
                isinstance(columns, list) and len(columns) == 3 and all(isinstance(c, list) for c in columns)
            ):
                raise _no_points(name)
            steps, values, times = columns
            if not len(steps) == len(values) == len(times):
                raise _no_points(name)
            if not steps:
                continue
            kept = self.points.get(name)
            if kept is None:
                kept = self._new_metric(name)
            try:
                kept.steps.extend(steps)
                kept.times_ms.extend(times)
                kept.values.extend(_numbers(values))
            except (TypeError, OverflowError, KeyError) as error:
                raise _no_points(name) from error

    def _new_metric(self, name: str) -> Columns:
        if not 0 < len(name) <= MAX_NAME_CHARACTERS or len(self.points) >= MAX_METRICS:
            raise BrokenLineError(
                f"metric {_shown(name)}",
                f"at most {MAX_METRICS} metrics with names of 1 to {MAX_NAME_CHARACTERS} characters",
            )
        return self.points.setdefault(name, Columns())

    def _take_tags(self, said: object) -> None:
        if not isinstance(said, dict) or not all(isinstance(value, str | None) for value in said.values()):
            raise BrokenLineError(f"tags: {_shown(said)}", "names with texts")
        for name, value in said.items():
            if value is None:
                self.tags.pop(name, None)
            else:
                self.tags[name] = value

    def _take_lost(self, said: object) -> None:
        if not isinstance(said, int) or isinstance(said, bool) or said < 0:
            raise BrokenLineError(f"lost: {_shown(said)}", "a number of calls")
        self.lost += said

    def _take_end(self, said: object) -> None:
        if not isinstance(said, dict) or said.get("status") not in STATUSES:
            raise BrokenLineError(f"end: {_shown(said)}", f"a status: {', '.join(STATUSES)}")
        self.end = said


def _numbers(values: list[Any]) -> list[float]:
    """Those that are no numbers stand as texts."""
    if str in set(map(type, values)):
        return [NOT_FINITE[value] if isinstance(value, str) else value for value in values]
    return values


def _no_points(name: str) -> BrokenLineError:
    return BrokenLineError(
        f"points of {_shown(name)} that cannot be read",
        "as many whole steps, numbers and times in milliseconds",
    )


def _shown(value: object) -> str:
    return repr(value)[:60]


_KINDS: dict[str, Callable[[GatheredLines, object], None]] = {
    "points": GatheredLines._take_points,  # noqa: SLF001  # its own
    "tags": GatheredLines._take_tags,  # noqa: SLF001
    "lost": GatheredLines._take_lost,  # noqa: SLF001
    "end": GatheredLines._take_end,  # noqa: SLF001
}
