"""Starts processes beside a training, with the Assay that it uses and nothing else of it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import assay


def started(module: str) -> subprocess.Popen[bytes]:
    """This module of ours in a process of its own, with pipes to and from it.

    Raises:
        OSError: it cannot be started.
    """
    ours = str(Path(assay.__file__).parents[1])
    paths = [ours, *filter(None, [os.environ.get("PYTHONPATH", "")])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "PYTHONWARNINGS": "ignore"}
    command = [sys.executable, "-P", "-m", module]  # -P: files in the working folder are no modules of ours
    return subprocess.Popen(  # noqa: S603  # our own module, no shell
        command,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C is meant for the training: what stands beside it ends with it, in order
    )
