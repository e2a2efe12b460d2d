"""What happens to open runs when their process forks, ends, or is told to end.

A child gets a log file of its own and never ends the run of its parent. SIGTERM and SIGHUP end the runs as stopped and then
do what they would have done; where the training handles them itself, they are left alone.
"""

from __future__ import annotations

import atexit
import os
import signal
import sys
import threading
from functools import cache
from types import FrameType
from typing import Protocol

_SIGNALS = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))


class OpenRun(Protocol):
    """A run that has not ended."""

    is_ending: bool

    def become_worker(self) -> None:
        """The process is a child of the one that began it, from now on."""
        ...

    def end_with_process(self, status: str) -> None:
        """Write down what is left, quickly, whatever is going on; ends the run where this process began it."""
        ...


_open: list[OpenRun] = []
_postponed: list[int] = []
"""Signals that came while a run was being ended."""


def watch(run: OpenRun) -> None:
    """Take care of this run from now on."""
    _watch_process()
    _watch_signals()
    _open.append(run)


def forget(run: OpenRun) -> None:
    """The run has ended."""
    if run in _open:
        _open.remove(run)
    if not _open:
        _leave_signals()
        if _postponed:
            os.kill(os.getpid(), _postponed.pop())


def newest() -> OpenRun | None:
    """The run that was begun last and has not ended."""
    return _open[-1] if _open else None


@cache
def _watch_process() -> None:
    atexit.register(_at_exit)
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=_in_child)


def write_before_worker_ends() -> None:
    """In a child: processes of multiprocessing, such as the workers of a data loader, end without what is registered for an exit."""
    util = sys.modules.get("multiprocessing.util")
    if util is not None:
        util.Finalize(None, _at_exit, exitpriority=100)


def _in_child() -> None:
    for run in _open:
        run.become_worker()


def _at_exit() -> None:
    """The process ends by itself. What it was doing when it ended with an exception is what the interpreter remembers."""
    crashed = getattr(sys, "last_value", None) is not None
    for run in tuple(_open):
        run.end_with_process("failed" if crashed else "finished")


def _watch_signals() -> None:
    if threading.current_thread() is not threading.main_thread():
        return  # only there may it be changed
    for number in _SIGNALS:
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _on_signal)


def _leave_signals() -> None:
    if threading.current_thread() is not threading.main_thread():
        return
    for number in _SIGNALS:
        if signal.getsignal(number) is _on_signal:
            signal.signal(number, signal.SIG_DFL)


def _on_signal(number: int, frame: FrameType | None) -> None:  # noqa: ARG001  # the shape of a handler
    for run in tuple(_open):
        run.end_with_process("stopped")
    if any(
        run.is_ending for run in _open
    ):  # by what this signal interrupted: it comes back when that is done
        _postponed.append(number)
        return
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
