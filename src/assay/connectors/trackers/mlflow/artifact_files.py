"""Which files lie below a run's own artifact root on this machine, how large are they, and what are their SHA-256?

Asked for one run at a time, when a person wants to know. A tracker's text leads here, so nothing but the run's own folder is
opened (see `artifacts.local_root`), no link is followed, and number, depth, bytes and time have limits that are told.
"""

from __future__ import annotations

import hashlib
import os
import stat
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from io import FileIO
from pathlib import Path

from assay.connectors.trackers.mlflow.artifacts import local_root
from assay.workflows.run_artifacts import ArtifactFile, ArtifactFolder

MAX_FILES = 500
MAX_DEPTH = 8
MAX_DIGESTED_BYTES = 512 * 2**20
MAX_SECONDS = 5.0
_CHUNK = 2**20
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
TOO_MUCH = f"not computed: more than {MAX_DIGESTED_BYTES // 2**20} MB in all"
TOO_LONG = f"not computed: more than {MAX_SECONDS:.0f} seconds in all"
LINK = "not followed: a link"
LINK_OUT = "refused: a link that leads out of the run's own artifacts"
CHANGED = "not computed: it changed while it was read"
IRREGULAR = "not read: neither a file nor a folder"


def list_artifacts(
    reference: str, external_id: str, *, clock: Callable[[], float] = time.monotonic
) -> ArtifactFolder | None:
    """The files of a run on this machine, by path; None where its reference is no local folder of the run's own.

    reference: where its artifacts lie, as the tracker names it. clock: seconds, for the limit of time.
    """
    named = local_root(reference, external_id)
    if named is None:
        return None
    try:
        root = Path(named).resolve(strict=True)
        if root.parts[-2:] != (external_id, "artifacts"):
            return ArtifactFolder((), fault=f"{LINK_OUT}: {named}")
        handle = os.open(root, _FOLDER)
    except (OSError, RuntimeError) as error:  # RuntimeError: links that go in a circle
        fact = (error.strerror if isinstance(error, OSError) else "") or "it leads nowhere"
        return ArtifactFolder((), fault=f"cannot be read on this machine: {fact}")
    walk = _Walk(root, clock, clock() + MAX_SECONDS)
    try:
        files = sorted(walk.files(handle, "", 1), key=lambda one: one.path)
    finally:
        os.close(handle)
    return ArtifactFolder(tuple(files), left_out=tuple(sorted(walk.left_out)))


@dataclass
class _Walk:
    """One look through a folder, and what its limits have cut off."""

    root: Path
    clock: Callable[[], float]
    until: float
    found: int = 0
    digested_bytes: int = 0
    left_out: set[str] = field(default_factory=set)

    def files(self, folder: int, place: str, depth: int) -> Iterator[ArtifactFile]:
        """The files below an open folder. It is held open, so that nobody can put another one in its place meanwhile."""
        with os.scandir(folder) as entries:
            for entry in entries:
                if self.found >= MAX_FILES:
                    self.left_out.add(f"only the first {MAX_FILES} files that were found are listed")
                    return
                if self.clock() > self.until:
                    self.left_out.add(f"the list ends after {MAX_SECONDS:.0f} seconds")
                    return
                name = entry.name.encode("utf-8", "replace").decode("utf-8")
                if entry.is_dir(follow_symlinks=False):
                    yield from self._folder(folder, entry.name, f"{place}{name}/", depth)
                else:
                    self.found += 1
                    yield self._file(folder, entry, place + name)

    def _folder(self, parent: int, name: str, place: str, depth: int) -> Iterator[ArtifactFile]:
        if depth >= MAX_DEPTH:
            self.left_out.add(f"folders more than {MAX_DEPTH} deep are not opened")
            return
        try:
            handle = os.open(name, _FOLDER, dir_fd=parent)
        except OSError as error:
            self.left_out.add(f"{place} cannot be read: {error.strerror}")
            return
        try:
            yield from self.files(handle, place, depth + 1)
        finally:
            os.close(handle)

    def _file(self, folder: int, entry: os.DirEntry[str], path: str) -> ArtifactFile:
        if entry.is_symlink():
            return ArtifactFile(path, None, None, self._link(path))
        try:
            handle = os.open(entry.name, _FILE, dir_fd=folder)
        except OSError as error:
            return ArtifactFile(path, None, None, f"cannot be read: {error.strerror}")
        with os.fdopen(handle, "rb", buffering=0) as file:
            found = os.fstat(handle)
            if not stat.S_ISREG(found.st_mode):
                return ArtifactFile(path, None, None, IRREGULAR)
            sha256, note = self._digest(file, found.st_size)
            return ArtifactFile(path, found.st_size, sha256, note)

    def _digest(self, file: FileIO, size_bytes: int) -> tuple[str | None, str]:
        digest = hashlib.sha256()
        if self.digested_bytes + size_bytes > MAX_DIGESTED_BYTES:
            return None, TOO_MUCH
        left = size_bytes  # as it was when it was opened: one that is written to meanwhile has no end
        while left and (chunk := file.read(min(left, _CHUNK))):
            digest.update(chunk)
            left -= len(chunk)
            self.digested_bytes += len(chunk)
            if self.clock() > self.until:
                return None, TOO_LONG
        return (None, CHANGED) if left else (digest.hexdigest(), "")

    def _link(self, path: str) -> str:
        try:
            inside = (self.root / path).resolve(strict=True).is_relative_to(self.root)
        except (OSError, RuntimeError):
            inside = False
        return LINK if inside else LINK_OUT
