"""The run of a distributed training, in the processes that did not begin it: the same calls, of which nothing is kept."""

from __future__ import annotations

import logging
import os
from collections import deque
from collections.abc import Mapping
from typing import Any

from assay.sdk import process_ends
from assay.sdk.experiment import ExperimentRun
from assay.sdk.point_queue import MOST_WAITING, PointQueue
from assay.sdk.run_folder import Place, RunFiles
from assay.sdk.stopping import OTHER_PROCESS, StopAnswer

_log = logging.getLogger("assay")


class OtherProcess(ExperimentRun):
    """What `assay.experiment` gives to every process but the first: one training is one run, with its compute counted once."""

    def __init__(self, place: Place, head: Mapping[str, Any], rank: int, *, strict: bool) -> None:
        self._owner = os.getpid()
        self._sync, self._quiet, self._sender, self._live = False, True, None, -1
        self._describe(place, head, strict=strict)
        self._files = RunFiles(str(place.folder), f"process-{rank}")
        self._begin(_nothing_kept())
        process_ends.watch(self)
        _log.info("process %d of a distributed training: its run is kept by process 0", rank)

    def should_stop(self) -> StopAnswer:
        """Only the first process asks; `should_stop_together` says it to all."""
        return OTHER_PROCESS

    def flush(self, patience_s: float = 0.0) -> bool:  # noqa: ARG002  # as the others have it
        """Nothing waits."""
        return True

    def become_worker(self) -> None:
        """A child of this process keeps nothing either."""
        self._begin(_nothing_kept())

    def _end(self, status: str, patience_s: float, error: str = "") -> bool:  # noqa: ARG002  # as the others have it
        if self.status == "running":
            self.status = status
            process_ends.forget(self)
        return True

    def _tell(self, *, asks: bool, done: bool) -> None:
        """The first process does."""


def _nothing_kept() -> PointQueue:
    queue = PointQueue(_no_file)
    queue.waiting, queue.room = deque(maxlen=0), MOST_WAITING
    return queue


def _no_file() -> Any:
    raise OSError  # nothing ever waits, so nothing asks for it
