"""A training run that is evidence: `run.log` costs microseconds, leaving the block ends it."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from time import time_ns
from types import TracebackType
from typing import Any, Self, TypeVar

from assay.errors import Invalid
from assay.sdk import process_ends
from assay.sdk.numbers import number_of, step_of
from assay.sdk.point_queue import PointQueue
from assay.sdk.processes import told_to_all
from assay.sdk.run_file import RunFile
from assay.sdk.run_folder import Place, RunFiles, new_run
from assay.sdk.run_head import plain
from assay.sdk.sender import begin_sending, sent_to_the_end
from assay.sdk.so_far import SoFar, ended_line, show, so_far
from assay.sdk.stopping import NO_RUN, WORKER, Adviser, StopAnswer

PATIENCE_S = 10.0
"""So long the end of a run waits for a disk that takes nothing."""
HURRY_S = 2.0
"""So long where the process is told to end."""
_MOST_FACTS = 1_000
_log = logging.getLogger("assay")
T = TypeVar("T")


class ExperimentRun:
    """One run that is being logged. Threads may share it; a forked or spawned process logs to a file of its own."""

    def __init__(
        self,
        place: Place,
        head: Mapping[str, Any],
        *,
        sync: bool = False,
        quiet: bool = True,
        strict: bool = False,
    ) -> None:
        self._owner = os.getpid()
        self._sync, self._quiet = sync, quiet
        self._describe(place, head, strict=strict)
        self._files, main, self._live = new_run(place, head, self._note)
        self._begin(PointQueue(lambda: main, beat=self._beat))
        self._queue.start()
        self._sender = begin_sending(place, self.run_id)
        process_ends.watch(self)

    def _describe(self, place: Place, head: Mapping[str, Any], *, strict: bool) -> None:
        self.place = place
        self.head = head
        self.status = "running"
        """`running`, then `finished`, `failed` or `stopped`."""
        self.ended_ms: int | None = None
        """When it ended, in milliseconds since 1970."""
        self.refused: dict[str, int] = {}
        """What was logged and could not be kept: why, and how often."""
        self._adviser: Adviser | None = None
        self._stopped_by: StopAnswer | None = None
        self.so_far: SoFar | None = None
        """What was known of the ticket when the run had ended; None before, and where nobody asked."""
        self._strict = strict

    def _begin(self, queue: PointQueue) -> None:
        self._queue = queue
        self.is_ending = False
        """Is it being ended right now?"""

    @property
    def run_id(self) -> str:
        """Its id, which is the name of its log."""
        return self._files.run_id

    @property
    def ticket(self) -> str:
        """Which ticket it belongs to."""
        return str(self.head["tags"]["assay.ticket"])

    @property
    def lost_calls(self) -> int:
        """Log calls that were dropped, for the disk could not keep up."""
        return self._queue.lost

    @property
    def path(self) -> str:
        """Where its log is."""
        return str(Path(self._files.folder) / f"{self.run_id}.jsonl")

    @property
    def is_worker(self) -> bool:
        """Is this process a child of the one that began the run?"""
        return os.getpid() != self._owner

    def log(
        self, metrics: Mapping[str, Any] | None = None, /, *, step: int | None = None, **values: Any
    ) -> None:
        """Keep these numbers. Returns at once: they are on their way to the disk within a fifth of a second.

        NaN and infinity are kept. What is no number is not; it is told once, counted, and shown at the end, for a training
        must not die of it (unless the run is strict).

        Args:
            metrics: numbers by name, beside or instead of keywords; for names such as `val/loss`.
            step: such as the epoch; without one each metric counts on from its last step.
            **values: numbers by name.
        """
        if metrics is not None:
            values = metrics.copy() if type(metrics) is dict and not values else self._joined(metrics, values)
        for value in values.values():
            if type(value) is not float:
                values = self._numbers(values)
                break
        if type(step) is not int and step is not None:
            try:
                step = step_of(step)
            except TypeError as error:
                self._refuse(f"{error} is no step", "a whole number")
                return
        queue = self._queue
        if values and (len(queue.waiting) < queue.room or queue.make_room()):
            queue.waiting.append((time_ns(), step, values))

    def should_stop(self) -> StopAnswer:
        """Should this run be stopped? See `assay.should_stop`. A run that ends after a yes counts as stopped."""
        if self._adviser is None:
            if self.is_worker or self.status != "running":
                return WORKER if self.is_worker else NO_RUN
            self._adviser = Adviser(self.place, self.ticket, self.run_id)
        told = self._adviser.answer
        if told.stop and self._stopped_by is None:
            self._stopped_by = told
            self.set_tag("assay.stopped_by", told.rule)
            self.set_tag("assay.stop_reason", told.reason)
        return told

    def should_stop_together(self) -> StopAnswer:
        """The answer of the first process, in every process of a distributed training: each has to ask at the same step.

        A process that stops alone leaves the others waiting for it for ever. Between GPUs it takes about a millisecond.
        """
        return StopAnswer(*told_to_all(self.should_stop().told))

    def until_stopped(self, steps: Iterable[T]) -> Iterator[T]:
        """These steps, such as `range(100)` epochs of a plain PyTorch loop, until a rule says stop."""
        for step in steps:
            if self.should_stop():
                return
            yield step

    def set_tag(self, name: str, value: object) -> None:
        """Say something about the run, such as `assay.gpu_hours`; the last word counts."""
        self._say({plain(str(name)): plain(str(value))})

    def remove_tag(self, name: str) -> None:
        """Take back what was said."""
        self._say({plain(str(name)): None})

    def _say(self, tags: Mapping[str, str | None]) -> None:
        if len(self._queue.waiting) < self._queue.room or self._queue.make_room():
            self._queue.waiting.append({"tags": tags})

    def flush(self, patience_s: float = PATIENCE_S) -> bool:
        """Wait until all that was logged up to now would survive the end of this process, such as before a checkpoint; False: it does not yet."""
        return self._queue.flush(patience_s)

    def finish(self, status: str = "finished") -> None:
        """End the run: everything logged is on the disk when this returns. A second time does nothing.

        Args:
            status: `finished`, `failed` or `stopped`.
        """
        if status not in ("finished", "failed", "stopped"):
            raise Invalid(
                f"cannot end run '{self.run_id}': found the status {status[:40]!r} (expected finished, failed or stopped)",
                hint='run.finish("failed")',
                code="run-status-unknown",
                field="status",
            )
        if self.status == "running" and not self.is_ending:
            done = self._end(status, PATIENCE_S)
            self._tell(asks=True, done=done)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        if self.status == "running" and not self.is_ending:
            done = self._end(_status_after(error), PATIENCE_S, "" if error is None else type(error).__name__)
            self._tell(asks=not isinstance(error, KeyboardInterrupt), done=done)

    def _tell(self, *, asks: bool, done: bool) -> None:
        if self.is_worker:
            return
        ended = ended_line(self, unwritten=0 if done else len(self._queue.waiting))
        if self._sender is not None and (why := sent_to_the_end(self._sender)):
            ended += f"\nNot sent yet: {why}. It is kept in {self.place.folder}, and sent with the next run or by: assay run send"
        if self._sync and asks:
            self.so_far = so_far(self.place, self.ticket.rpartition("/")[2], ended)
        if not self._quiet:
            show(self.so_far or SoFar(self.ticket, ended))

    def __repr__(self) -> str:
        return f"<assay run {self.run_id} of {self.ticket}: {self.status}>"

    def _repr_html_(self) -> str:
        from assay.sdk.run_display import html_of

        self.flush(1.0)
        return html_of(self)

    # ------------------------------------------------------------------------------------------- slow paths
    def _joined(self, metrics: Mapping[str, Any], values: dict[str, Any]) -> dict[str, Any]:
        try:
            return {**metrics, **values}
        except TypeError:
            pass
        try:
            return {**dict(metrics), **values}
        except Exception:  # noqa: BLE001  # whatever it is
            self._refuse(
                f"a {type(metrics).__name__} is no mapping of names to numbers", 'such as {"loss": 0.3}'
            )
            return values

    def _numbers(self, values: dict[str, Any]) -> dict[str, float]:
        found = {}
        for name, value in values.items():
            try:
                found[name] = value if type(value) is float else number_of(value)
            except (TypeError, OverflowError) as error:
                self._refuse(f"{str(name)[:60]} is {error}", "a number")
        return found

    def _refuse(self, fact: str, expected: str) -> None:
        self._note(fact, expected)
        if self._strict:
            raise Invalid(
                f"cannot log: {fact} (expected {expected})",
                hint="run.log(accuracy=0.87, step=7)",
                code="log-value-malformed",
            )

    def _note(self, fact: str, expected: str) -> None:
        """Count what is not kept, and tell it once."""
        count = self.refused.get(fact, 0)
        if count or len(self.refused) < _MOST_FACTS:
            self.refused[fact] = count + 1
            if not count:
                _log.warning(
                    "cannot log: %s (expected %s). It is not kept; the training goes on.", fact, expected
                )

    # ------------------------------------------------------------------------------------------- ends
    def _part(self) -> RunFile:
        return self._files.part(self._note)

    def _beat(self) -> None:
        with suppress(OSError):  # the lock says it, too
            os.utime(self._files.live)

    def _end(self, status: str, patience_s: float, error: str = "") -> bool:
        if self.status != "running" or self.is_ending:
            return True
        self.is_ending = True
        if self._adviser is not None:
            self._adviser.end()
        if self._stopped_by is not None and status == "finished":
            status = "stopped"
        if self.is_worker:
            done = self._queue.end(patience_s)
        else:
            done = self._queue.end(patience_s, partial(self._last_words, status, error))
            self._let_go()
        self.status = status
        process_ends.forget(self)
        return done

    def _last_words(self, status: str, error: str) -> dict[str, Any]:
        said: dict[str, Any] = {"ended_ms": time_ns() // 1_000_000, "status": status}
        if self.refused:
            said["refused"] = sum(self.refused.values())
        if error:
            said["error"] = error
        self.ended_ms = said["ended_ms"]
        return {"end": said}

    def _let_go(self) -> None:
        with suppress(OSError):
            Path(self._files.live).unlink()
        os.close(self._live)

    def end_with_process(self, status: str) -> None:
        """See `assay.sdk.process_ends.OpenRun`."""
        self._end(status, HURRY_S)

    def become_worker(self) -> None:
        """See `assay.sdk.process_ends.OpenRun`: nothing of the parent's is written twice, and no lock of its threads is met."""
        parent, self._adviser = self._queue, None
        self._begin(PointQueue(self._part, begins=process_ends.write_before_worker_ends))
        if self._live >= 0:
            os.close(self._live)
            self._live = -1
        if parent.file is not None:
            parent.file.close()

    def _join(self, place: Place, head: Mapping[str, Any], files: RunFiles, *, strict: bool) -> None:
        self._live = self._owner = -1
        self._sender = None
        self._describe(place, head, strict=strict)
        self._files = files
        self._begin(PointQueue(self._part, begins=process_ends.write_before_worker_ends))
        process_ends.watch(self)

    def __reduce__(self) -> tuple[Any, ...]:
        return _worker_of, (self.place, dict(self.head), self._files, self._strict)


def _worker_of(place: Place, head: Mapping[str, Any], files: RunFiles, strict: bool) -> ExperimentRun:  # noqa: FBT001  # as it was pickled
    """The run in another process, to which it was sent: that logs to a file of its own, too."""
    run = ExperimentRun.__new__(ExperimentRun)
    run._join(place, head, files, strict=strict)  # noqa: SLF001  # made here
    return run


def _status_after(error: BaseException | None) -> str:
    """How did a block end that was left by this?"""
    if error is None or (isinstance(error, SystemExit) and error.code in (None, 0)):
        return "finished"
    stopped = isinstance(error, KeyboardInterrupt | GeneratorExit) or type(error).__name__ == "CancelledError"
    return "stopped" if stopped else "failed"
