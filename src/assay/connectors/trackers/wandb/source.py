"""Weights & Biases as a source of evidence: the files that its client writes, or a project on a server."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from assay.connectors.tracked.reader import TrackerReader
from assay.connectors.trackers.wandb.address import is_of_a_server
from assay.workflows.ports import SyncBatch
from assay.workflows.records import Source


class WandbSource:
    """Reads what the address names (implements `assay.connectors.tracked.reader.TrackerReader`)."""

    def changes(self, source: Source, known: Callable[[], Mapping[str, str]]) -> Iterator[SyncBatch]:
        """Everything that differs from what the cursor says (see `TrackerReader`)."""
        return _reader_of(source.uri).changes(source, known)

    def check(self, source: Source) -> str:
        """One line about the connection."""
        return _reader_of(source.uri).check(source)


def _reader_of(uri: str) -> TrackerReader:
    """Each is imported when it is used: files need no client of a server."""
    if is_of_a_server(uri):
        from assay.connectors.trackers.wandb.server import WandbServer

        return WandbServer()
    from assay.connectors.trackers.wandb.files import WandbFiles

    return WandbFiles()
