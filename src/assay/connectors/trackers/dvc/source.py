"""DVC as a source of evidence: experiments that it keeps in git, or the files that DVCLive writes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from assay.connectors.tracked.folder import local_path
from assay.connectors.tracked.reader import TrackerReader
from assay.connectors.trackers.dvc.files import DvcFiles
from assay.workflows.ports import SyncBatch
from assay.workflows.records import Source


class DvcSource:
    """Reads what the address names (implements `assay.connectors.tracked.reader.TrackerReader`)."""

    def changes(self, source: Source, known: Callable[[], Mapping[str, str]]) -> Iterator[SyncBatch]:
        """Everything that differs from what the cursor says (see `TrackerReader`)."""
        return _reader_of(source.uri).changes(source, known)

    def check(self, source: Source) -> str:
        """One line about the connection."""
        return _reader_of(source.uri).check(source)


def _reader_of(uri: str) -> TrackerReader:
    """The project of DVC itself, or a bare repository, is read through git; every other folder holds files."""
    folder = Path(local_path(uri, kind="dvc", example="./dvclive"))
    try:
        is_project = any((folder / name).is_dir() for name in (".dvc", "objects"))
    except OSError:  # a name that is too long for a file
        is_project = False
    if is_project:
        from assay.connectors.trackers.dvc.experiments import DvcExperiments
        from assay.connectors.trackers.dvc.git_objects import common_folder

        if common_folder(folder) is not None:
            return DvcExperiments()
    return DvcFiles()
