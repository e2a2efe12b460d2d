"""What happens to open runs when their process forks, ends, or is told to end.

With which status a script ends by `sys.exit` is known to nobody when it has ended, so it is noted while runs are open.

A child gets a log file of its own and never ends the run of its parent. SIGTERM and SIGHUP end the runs as stopped and then
do what they would have done; where the training handles them itself, they are left alone.
"""

from __future__ import annotations

import atexit
import builtins
import os
import signal
import sys
import threading
from collections.abc import Callable
from functools import cache, wraps
from types import FrameType
from typing import Any, Protocol

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
_EXITS = ((sys, "exit"), (builtins, "exit"), (builtins, "quit"))
_exit_said: list[object] = []
"""With what the main thread was last told to exit."""


def watch(run: OpenRun) -> None:
    """Take care of this run from now on."""
    _watch_process()
    _watch_signals()
    _watch_exits()
    _open.append(run)


def forget(run: OpenRun) -> None:
    """The run has ended."""
    if run in _open:
        _open.remove(run)
    if not _open:
        _leave_signals()
        _leave_exits()
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
    error = getattr(sys, "last_value", None)
    crashed = error is not None or _exit_said[-1:] not in ([], [None], [0])
    status = "stopped" if isinstance(error, KeyboardInterrupt) else "failed" if crashed else "finished"
    for run in tuple(_open):
        run.end_with_process(status)


def _watch_exits() -> None:
    for place, name in _EXITS:
        leave = getattr(place, name, None)  # without the module site there is one only
        if callable(leave) and not hasattr(leave, "noted_by_assay"):
            setattr(place, name, _noting(leave))


def _noting(leave: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(leave)
    def noted(*said: Any) -> Any:
        if threading.current_thread() is threading.main_thread():  # elsewhere it ends a thread alone
            _exit_said[:] = [said[0] if said else None]
        return leave(*said)

    noted.noted_by_assay = leave  # type: ignore[attr-defined]
    return noted


def _leave_exits() -> None:
    _exit_said.clear()
    for place, name in _EXITS:
        leave = getattr(getattr(place, name, None), "noted_by_assay", None)
        if leave is not None:
            setattr(place, name, leave)


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
