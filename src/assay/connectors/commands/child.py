"""One command in a process group of its own, without a shell: started, looked at, stopped as a whole."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from assay.errors import Invalid

GRACE_S = 4.0
"""From asking to killing. A CI system that cancels a job kills everything after about seven seconds."""
PAUSE_S = 0.02


def check_program(command: Sequence[str]) -> None:
    """Is there such a program, and may it be run?

    Raises:
        Invalid: naming what is wrong with it.
    """
    program = command[0]
    found = shutil.which(program)
    if found is not None and Path(found).is_file():
        return
    if os.sep in program and Path(program).is_dir():
        fact, hint = "it is a folder", "name the program in it"
    elif os.sep in program and Path(program).exists():
        fact, hint = (
            "it is not executable",
            f"chmod +x {program}, or name its interpreter, such as python {program}",
        )
    else:
        fact, hint = "there is no such program", "is the environment active that it is installed in?"
    raise Invalid(
        f"cannot run command '{program}': {fact} (expected a program)",
        hint=hint,
        code="evaluation-command-not-found",
    )


class Child:
    """A running command. Its output goes to files, its input is empty.

    Args:
        command: program and arguments.
        environment: all of it.
        stdout, stderr: files to write to.
        lock: a file descriptor that it inherits, so that whoever finds the lock taken knows that something of it lives.

    Raises:
        Invalid: it cannot be started.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        environment: Mapping[str, str],
        stdout: Path,
        stderr: Path,
        lock: int,
    ) -> None:
        self.began = time.monotonic()
        with stdout.open("wb") as out, stderr.open("wb") as err:
            try:
                self._process = subprocess.Popen(  # noqa: S603  # the user's own command, on the user's own machine, without a shell
                    list(command),
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=err,
                    env=dict(environment),
                    start_new_session=True,
                    pass_fds=(lock,),
                )
            except (OSError, ValueError) as error:
                fact = error.strerror if isinstance(error, OSError) else str(error)
                raise Invalid(
                    f"cannot run command '{command[0]}': {str(fact).lower()} (expected a program)",
                    hint="does it begin with a line such as #!/usr/bin/env python?",
                    code="evaluation-command-not-found",
                ) from error
        self.group = self._process.pid

    @property
    def seconds(self) -> float:
        """How long has it run?"""
        return time.monotonic() - self.began

    def exit_code(self) -> int | None:
        """How did it end? None while it runs; minus the number of the signal that ended it.

        What it left behind in its group is ended with it: nothing may go on writing.
        """
        code = self._process.poll()
        if code is not None:
            signal_group(self.group, signal.SIGKILL)
        return code

    def ask_to_stop(self) -> None:
        """Ask everything in its group to end."""
        signal_group(self.group, signal.SIGTERM)

    def kill(self) -> None:
        """End everything in its group."""
        signal_group(self.group, signal.SIGKILL)
        self._process.wait()


def stop_all(children: Sequence[Child], *, grace_s: float = GRACE_S) -> None:
    """Ask all of them to end, and end what has not after a while."""
    for child in children:
        child.ask_to_stop()
    until = time.monotonic() + grace_s
    try:
        while time.monotonic() < until and any(child.exit_code() is None for child in children):
            time.sleep(PAUSE_S)
    finally:  # also when somebody cannot wait and asks a second time
        for child in children:
            child.kill()


def signal_group(group: int, which: signal.Signals) -> None:
    """Send a signal to a process group, if there is one."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, which)
