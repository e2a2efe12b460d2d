"""The file a run is logged to: lines are only ever appended, and one that a full disk cut in two is completed later."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterable, Mapping
from math import isfinite
from pathlib import Path
from typing import Any

import orjson

from assay.connectors.trackers.run_log.form import HEAD, MAX_NAME_CHARACTERS, VERSION

Call = tuple[int, int | None, Mapping[str, float]]
"""Time in nanoseconds since 1970, step, numbers by metric."""
Refusal = Callable[[str, str], None]
"""Told what cannot be kept, and what was expected."""


class RunFile:
    """Appends numbered lines. Used by one thread at a time; what could not be written yet is kept and comes first next time.

    Raises:
        OSError: it cannot be made, or is there already.
    """

    def __init__(self, path: str, head: Mapping[str, Any], refuse: Refusal) -> None:
        self.path = path
        self.error: OSError | None = None
        """Why the last append did not come through; None where it did."""
        self._pending = b""
        self._number = 0
        self._next_step: dict[str, int] = {}
        self._refuse = refuse
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
        self._handle = os.open(path, flags, 0o666)
        self._pending = orjson.dumps({HEAD: VERSION, **head}) + b"\n"
        self._write_head()

    def _write_head(self) -> None:
        if not self.write():
            self.close()
            Path(self.path).unlink()
            raise self.error or OSError()

    def add_points(self, calls: Iterable[Call]) -> None:
        """One line for these log calls, a metric's points together. Without a step, each metric counts on from its last one."""
        points: dict[str, tuple[list[int], list[float], list[int]]] = {}
        following = self._next_step
        for time_ns, step, values in calls:
            milliseconds = time_ns // 1_000_000
            for name, value in values.items():
                columns = points.get(name)
                if columns is None:
                    columns = points[name] = ([], [], [])
                at = following.get(name, 0) if step is None else step
                following[name] = at + 1
                columns[0].append(at)
                columns[1].append(value)
                columns[2].append(milliseconds)
        said = {
            checked: (steps, _plain(numbers), times)
            for given, (steps, numbers, times) in points.items()
            if (checked := self._checked(given)) is not None
        }
        if said:
            self.add(points=said)

    def _checked(self, name: object) -> str | None:
        """The name of a metric as it is kept; None where it is none."""
        if isinstance(name, str) and 0 < len(name) <= MAX_NAME_CHARACTERS:
            return name if name.isascii() else name.encode("utf-8", "replace").decode("utf-8")
        expected = f"a text of 1 to {MAX_NAME_CHARACTERS} characters"
        self._refuse(f"{str(name)[:40]!r} is no name of a metric", expected)
        return None

    def add(self, **said: Any) -> None:
        """One more line; `write` brings it to the file."""
        self._number += 1
        self._pending += orjson.dumps({"n": self._number, **said}) + b"\n"

    def write(self) -> bool:
        """Hand everything added to the system: from then on it outlives this process. False where there is no room; see `error`."""
        while self._pending:
            try:
                written = os.write(self._handle, self._pending)
            except OSError as error:
                self.error = error
                return False
            self._pending = self._pending[written:]
        self.error = None
        return True

    def sync(self) -> bool:
        """Make what was written outlive the machine, too. False where the disk says it could not; see `error`."""
        try:
            os.fsync(self._handle)
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # no file that can be synced
                self.error = error
                return False
        return True

    def close(self) -> None:
        """No line can be added any more."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1


def _plain(values: list[float]) -> list[Any]:
    """JSON has no NaN and no infinity: they stand as texts."""
    if all(map(isfinite, values)):
        return values
    return [value if isfinite(value) else str(value) for value in values]
