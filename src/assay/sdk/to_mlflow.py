"""A process beside a training: it sends what is logged on to MLflow. `python -m assay.sdk.to_mlflow`.

The run log is the spool: what MLflow has is noted beside it, and a log is removed when MLflow has all of it. So nothing is
lost while MLflow is away, and the rest is sent when the training was killed, by this process or by that of a later run.
"""

from __future__ import annotations

import json
import os
import select
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from assay.connectors.trackers.mlflow.writer import MlflowWriter, Point
from assay.connectors.trackers.run_log.alive import is_alive
from assay.connectors.trackers.run_log.form import LIVE_SUFFIX, LOG_SUFFIX, RUN_ID
from assay.connectors.trackers.run_log.reader import RunTail, parameters_of
from assay.errors import AssayError

EVERY_S = 1.0
MOST_PAUSE_S = 60.0
PATIENCE_S = 30.0
"""So long after the end of the training, when MLflow does not answer."""
SENT_SUFFIX = ".sent"
TURN_SUFFIX = ".sending"


class Sending:
    """One run on its way.

    Args:
        folder: of the spool.
        run_id: of the run.
    """

    def __init__(self, folder: Path, run_id: str) -> None:
        self.run_id = run_id
        self._folder = folder
        self._tail = RunTail(str(folder), run_id)
        self._note = folder / f"{run_id}{SENT_SUFFIX}"
        self._sent: dict[str, Any] = self._noted()
        self._writer: MlflowWriter | None = None
        self._turn = -1

    def take_turn(self) -> bool:
        """Is nobody else sending this run? From then on nobody else does, as long as this process lives."""
        with suppress(ImportError, OSError):
            import fcntl

            self._turn = os.open(
                self._folder / f"{self.run_id}{TURN_SUFFIX}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
            )
            try:
                fcntl.flock(self._turn, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
        return True

    def give_up_turn(self) -> None:
        """Somebody else may go on."""
        if self._turn >= 0:
            os.close(self._turn)
            self._turn = -1

    def _noted(self) -> dict[str, Any]:
        try:
            sent: dict[str, Any] = json.loads(self._note.read_bytes())
        except (OSError, ValueError):
            return {"run": "", "points": {}, "tags": {}}
        return sent

    def send(self) -> bool:
        """Send what has come since; True when the run has ended and MLflow has all of it.

        Raises:
            Exception: whatever MLflow's client raises when it is away.
        """
        alive = self._alive()
        self._tail.read()
        if self._tail.main is None or self._tail.main.head is None:
            return not alive  # it never had a first line
        head = self._tail.main.head
        writer = self._writer = self._writer or MlflowWriter(head["tracker"], head.get("project") or "assay")
        tags = {name: value for part in self._tail.parts for name, value in part.lines.tags.items()}
        if not self._sent["run"]:
            run = writer.begin(self.run_id, name=head["name"], started_ms=head["started_ms"], tags=tags)
            writer.send(run, points=(), params=parameters_of(self._tail.main), tags={})
            self._keep({"run": run, "points": {}, "tags": tags})
        self._send_news(writer, tags)
        if not alive:
            status, ended_ms = self._end()
            writer.end(self._sent["run"], status, ended_ms)
            self._remove()
        return not alive

    def _send_news(self, writer: MlflowWriter, tags: dict[str, str]) -> None:
        points, counts = self._news()
        changed = {name: value for name, value in tags.items() if self._sent["tags"].get(name) != value}
        if points or changed:
            writer.send(self._sent["run"], points=points, params={}, tags=changed)
            self._keep({"run": self._sent["run"], "points": counts, "tags": tags})

    def _news(self) -> tuple[list[Point], dict[str, int]]:
        """The points that MLflow does not have, and how many of each curve it has after them."""
        points: list[Point] = []
        counts: dict[str, int] = {}
        for part in self._tail.parts:
            for name, columns in part.lines.points.items():
                place = f"{part.name} {name}"
                have = self._sent["points"].get(place, 0)
                counts[place] = len(columns.steps)
                fresh = zip(columns.values[have:], columns.times_ms[have:], columns.steps[have:], strict=True)
                points += [(name, value, at, step) for value, at, step in fresh]
        return points, counts

    def _end(self) -> tuple[str, int]:
        assert self._tail.main is not None
        end = self._tail.main.end
        if end is not None:
            return str(end["status"]), int(end["ended_ms"])
        last = [columns.times_ms[-1] for part in self._tail.parts for columns in part.lines.points.values()]
        assert self._tail.main.head is not None
        return "failed", max(last, default=self._tail.main.head["started_ms"])

    def _alive(self) -> bool:
        try:
            handle = os.open(self._folder / f"{self.run_id}{LIVE_SUFFIX}", os.O_RDONLY)
        except OSError:
            return False
        try:
            return is_alive(handle)
        finally:
            os.close(handle)

    def _keep(self, sent: dict[str, Any]) -> None:
        self._sent = sent
        draft = self._note.with_suffix(".draft")
        draft.write_text(json.dumps(sent), encoding="utf-8")
        draft.replace(self._note)

    def _remove(self) -> None:
        for file in self._folder.glob(f"{self.run_id}.*"):
            file.unlink(missing_ok=True)


def left_behind(folder: Path) -> Iterator[str]:
    """The runs of the spool that have not been sent to their end, oldest first."""
    for file in sorted(folder.glob(f"*{LOG_SUFFIX}")):
        run, _, rest = file.name.partition(".")
        if RUN_ID.match(run) and f".{rest}" == LOG_SUFFIX:
            yield run


def send_left_behind(folder: Path, *, but: str = "") -> tuple[int, int, str]:
    """Send every run whose training is over; how many were sent, how many are left, and why the first of them is."""
    sent, left, why = 0, 0, ""
    for run in left_behind(folder):
        sending = Sending(folder, run)
        if run == but or not sending.take_turn():
            continue
        try:
            sent += sending.send()
        except Exception as error:  # noqa: BLE001  # one that cannot be sent does not stop the others
            left, why = left + 1, why or why_of(error)
        finally:
            sending.give_up_turn()
    return sent, left, why


def why_of(error: Exception) -> str:
    """What went wrong, in a line."""
    said = error.message if isinstance(error, AssayError) else f"{type(error).__name__}: {error}"
    return " ".join(said.split())[:300]


def main() -> None:
    """Send until the training is over and everything is sent, or MLflow does not answer."""
    asked = json.loads(sys.stdin.buffer.readline())
    folder, sending = Path(asked["folder"]), Sending(Path(asked["folder"]), asked["run_id"])
    sending.take_turn()
    why, pause, ended_at = "", EVERY_S, 0.0
    while True:
        try:
            done = sending.send()
            why, pause = "", EVERY_S
        except Exception as error:  # noqa: BLE001  # MLflow is away: the run log keeps everything
            done, why, pause = False, why_of(error), min(2 * pause, MOST_PAUSE_S)
        if done or (ended_at and time.monotonic() - ended_at > PATIENCE_S):
            break
        if ended_at:
            time.sleep(min(pause, EVERY_S))
        elif select.select([sys.stdin], [], [], pause)[0]:
            ended_at = time.monotonic()
    with suppress(OSError):  # whoever began it may be gone
        sys.stdout.write(json.dumps({"sent": done, "why": why}))
        sys.stdout.flush()
        sys.stdout.close()
    if done:
        send_left_behind(folder, but=asked["run_id"])


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        main()
