"""What a reader of a tracker is.

A third party writes one class and registers it as an entry point of `assay.trackers`:

    [project.entry-points."assay.trackers"]
    lablog = "lablog_assay:LabLogReader"

and then `assay connect lablog ADDRESS` reads it. `assay.testing.connector_contract` is the suite it has to pass.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Protocol, runtime_checkable

from assay.workflows.ports import SyncBatch
from assay.workflows.records import Source


@runtime_checkable
class TrackerReader(Protocol):
    """Reads the runs of one kind of tracker, and never writes to it. Made without arguments, kept for one call."""

    def changes(self, source: Source, known: Callable[[], Mapping[str, str]]) -> Iterator[SyncBatch]:
        """Everything that differs from what `source.cursor` says; nothing at all from an unchanged tracker.

        Args:
            source: name, address, chosen experiments, and the cursor of the last batch that was kept.
            known: asks for the digests already kept (the tracker's id to digest), only when needed.

        Raises:
            Invalid: the address has no form that is known.
            Unavailable: naming the tracker and what is wrong, when it cannot be read; what was yielded before is kept.
        """
        ...

    def check(self, source: Source) -> str:
        """One line about the connection: kind, version, runs found. Raises as `changes` does."""
        ...
