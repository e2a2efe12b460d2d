"""Runs the seeds of one command, several at a time, and tells how it goes."""

from __future__ import annotations

import os
import re
import signal
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Self

from assay.connectors.commands.child import PAUSE_S, Child, check_program, stop_all
from assay.connectors.commands.contents import Watched, changed, contents, variables
from assay.connectors.commands.seed_folder import Attempt, SeedEnd, SeedFolder, fault_of
from assay.domain.gates.seed_runs import command_for, command_key, seconds_left
from assay.domain.gates.wording import listed
from assay.errors import AssayError
from assay.workflows.seed_runs import Progress, SeedTold, SeedWork

MAX_LOG_BYTES = 256 * 2**20
"""More printed text than anybody reads is a command that went wrong, and would fill the disk."""
LAST_LINES = 12
_TAIL_BYTES = 8192
_TELL_EVERY_S = 1.0


class SeedsOfCommand:
    """The seeds of one command: those that were kept, and those that are run now. Use as a context.

    Args:
        work: what is run.
        reads: reads what one seed wrote, and raises AssayError where it cannot be read.
        tell: told what happens, in order.
        show: told how far it is, about once a second.
        forget: run everything again.

    Raises:
        Invalid: there is no such program, or a pattern matches nothing.
        Conflict: another process runs this command into this folder.
        Unavailable: the folder cannot be written.
    """

    def __init__(
        self,
        work: SeedWork,
        *,
        reads: Callable[[Path], object],
        tell: Callable[[SeedTold], None],
        show: Callable[[Progress], None],
        forget: bool = False,
    ) -> None:
        check_program(work.command)
        self.work, self._reads, self._tell, self._show, self._forget = work, reads, tell, show, forget
        self.names = Watched(work.command, work.watch, work.ignore, work.out).names()
        self._made_of = contents(self.names)
        told = variables(work.variables, os.environ)
        self.key = command_key(work.command, self._made_of, told)
        made_of = {"command": list(work.command), "files": self._made_of, "environment": told}
        self._folder = SeedFolder(work.out, self.key, made_of)
        self._told: set[int] = set()

    def __enter__(self) -> Self:
        self._folder.__enter__()
        if self._forget:
            self._folder.forget()
        return self

    def __exit__(self, *of: object) -> None:
        self._folder.__exit__(None, None, None)

    @property
    def results(self) -> Path:
        """The folder with the results of every seed that finished."""
        return self._folder.results

    def seconds(self) -> dict[int, float]:
        """How long did each seed that finished take?"""
        return {seed: end.seconds for seed, end in self._folder.finished().items()}

    def begun(self) -> tuple[int, ...]:
        """The seeds of this very command that finished or failed before, in order."""
        return tuple(sorted({*self._folder.finished(), *self._folder.failed()}))

    def run(self, seeds: Sequence[int]) -> Mapping[int, str]:
        """Run those of these seeds that have not finished; returns why each one failed that did.

        Ctrl-C, and being asked to end, stop what runs with everything it started; seeds that finished are kept.
        """
        finished = self._folder.finished()
        for seed in seeds:
            if seed in finished and seed not in self._told:
                self._tell(SeedTold("kept", seed, finished[seed].seconds))
        self._told |= set(finished)
        waiting = [seed for seed in seeds if seed not in finished]
        took = [end.seconds for end in finished.values()]
        pool = _Pool(self, deque(waiting), whole=len(seeds), took=took)
        before = signal.signal(signal.SIGTERM, _interrupt)
        try:
            return pool.run()
        finally:
            pool.stop()
            signal.signal(signal.SIGTERM, before)

    def start(self, seed: int) -> tuple[Attempt, Child]:
        """Start one seed."""
        attempt = self._folder.begin(seed)
        out = str(attempt.out.resolve())
        environment = {**os.environ, "ASSAY_SEED": str(seed), "ASSAY_OUT": out}
        try:
            child = Child(
                command_for(self.work.command, seed, out),
                environment=environment,
                stdout=attempt.stdout,
                stderr=attempt.stderr,
                lock=attempt.lock,
            )
        except AssayError:
            self._folder.drop(attempt)
            raise
        self._folder.began(attempt, child.group)
        self._tell(SeedTold("started", seed))
        return attempt, child

    def end(self, attempt: Attempt, child: Child, reason: str) -> SeedEnd:
        """Keep what a seed wrote that ended; reason is why it failed so far, empty when nothing is known against it."""
        why = reason or fault_of(attempt.out) or self._changed() or self._unreadable(attempt)
        began = datetime.now(UTC).timestamp() - child.seconds
        end = SeedEnd(
            attempt.seed, datetime.fromtimestamp(began, UTC).isoformat(timespec="seconds"), child.seconds, why
        )
        lines = _last_lines(attempt) if why else ()
        logs = self._folder.keep(attempt, end)
        self._told.add(end.seed)
        self._tell(
            SeedTold(
                "failed" if why else "finished", end.seed, end.seconds, why, lines, logs if why else None
            )
        )
        return end

    def drop(self, attempt: Attempt) -> None:
        """Forget a seed that was stopped."""
        self._folder.drop(attempt)

    def show(self, progress: Progress) -> None:
        """Tell how far it is."""
        self._show(progress)

    def _changed(self) -> str:
        """A result of half an old and half a new program is a result of neither."""
        different = changed(self._made_of, contents(self.names))
        if not different:
            return ""
        return (
            f"{listed(different, 3)} changed while it ran (a file that the command writes itself: --ignore)"
        )

    def _unreadable(self, attempt: Attempt) -> str:
        try:
            self._reads(attempt.out.parent)
        except AssayError as error:
            return f"its results cannot be read: {error.message}"
        return ""


class _Pool:
    """Seeds that run at once."""

    def __init__(self, of: SeedsOfCommand, waiting: deque[int], *, whole: int, took: list[float]) -> None:
        self.of, self.waiting, self.whole, self.took = of, waiting, whole, took
        self.open: dict[int, tuple[Attempt, Child]] = {}
        self.failed: dict[int, str] = {}
        self._last_told = 0.0

    def run(self) -> Mapping[int, str]:
        work = self.of.work
        while self.waiting or self.open:
            while self.waiting and len(self.open) < work.jobs:
                seed = self.waiting.popleft()
                self.open[seed] = self.of.start(seed)
            self._tell()
            time.sleep(PAUSE_S)
            for seed, (attempt, child) in list(self.open.items()):
                reason = self._ended(attempt, child)
                if reason is None:
                    continue
                end = self.of.end(attempt, child, reason)
                del self.open[seed]
                self._count(end)
            if self.failed and not work.keep_going:
                self.waiting.clear()
        return self.failed

    def stop(self) -> None:
        """End what still runs, and forget it."""
        stop_all([child for _, child in self.open.values()])
        for attempt, _ in self.open.values():
            self.of.drop(attempt)

    def _count(self, end: SeedEnd) -> None:
        if end.reason:
            self.failed[end.seed] = end.reason
        else:
            self.took.append(end.seconds)

    def _ended(self, attempt: Attempt, child: Child) -> str | None:
        """None while it runs; else why it failed, empty when it says itself that it did not."""
        code = child.exit_code()
        if code is not None:
            return _said(code)
        limit = self.of.work.timeout_s
        if limit is not None and child.seconds > limit:
            stop_all([child])
            return f"it took longer than {limit:g} s"
        if max(_size(attempt.stdout), _size(attempt.stderr)) > MAX_LOG_BYTES:
            stop_all([child])
            return f"it printed more than {MAX_LOG_BYTES // 2**20} MB"
        return None

    def _tell(self) -> None:
        now = time.monotonic()
        if now - self._last_told < _TELL_EVERY_S:
            return
        self._last_told = now
        running = {seed: child.seconds for seed, (_, child) in self.open.items()}
        left = seconds_left(self.took, list(running.values()), len(self.waiting), self.of.work.jobs)
        done = self.whole - len(running) - len(self.waiting)
        self.of.show(Progress(done, self.whole, running, left))


def _said(code: int) -> str:
    if code == 0:
        return ""
    if code > 0:
        return f"exit code {code}"
    try:
        return f"ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"ended by signal {-code}"


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0


def _last_lines(attempt: Attempt) -> tuple[str, ...]:
    """What it printed last: to standard error, else to standard output."""
    for file in (attempt.stderr, attempt.stdout):
        text = _tail(file)
        lines = [line.rstrip() for line in re.split(r"\r\n|\r|\n", text) if line.strip()]
        if lines:
            return tuple(lines[-LAST_LINES:])
    return ()


def _tail(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            opened.seek(max(0, _size(file) - _TAIL_BYTES))
            return opened.read(_TAIL_BYTES).decode("utf-8", "replace")
    except OSError:
        return ""


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
