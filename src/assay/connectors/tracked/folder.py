"""A tracker's folder, read without following a link out of it and without being held up by what lies in it."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

from assay.errors import Invalid, Unavailable

MAX_FILES = 2_000_000
MAX_DEPTH = 12
MAX_TEXT_BYTES = 16 * 2**20
PROBLEMS_TOLD = 3


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A regular file below the folder, as it was when it was listed."""

    path: str
    """Relative to the folder, with `/`."""
    size: int
    changed_ns: int
    inode: int

    @property
    def name(self) -> str:
        """The last part of its path."""
        return self.path.rpartition("/")[2]

    @property
    def folder(self) -> str:
        """The path of the folder it lies in; empty for the root itself."""
        return self.path.rpartition("/")[0]

    @property
    def mark(self) -> bytes:
        """Changes when the file does."""
        return f"{self.path}\0{self.size}\0{self.changed_ns}\0{self.inode}\n".encode(
            "utf-8", "surrogateescape"
        )


@dataclass(slots=True)
class Folder:
    """One folder of a tracker on this machine, or one file of it; only ever read.

    Args:
        root: where it is.
        uri: as the source names it, for errors.
        kind: what is looked for there, for errors, such as "W&B runs".
        expected: what such a folder holds, for the error about one that does not.
    """

    root: str
    uri: str
    kind: str
    expected: str
    problems: list[str] = field(default_factory=list)
    """What could not be read, each naming a file; everything else is read all the same."""
    incomplete: bool = False
    """Could a part of it not be listed? Then nobody knows what is gone."""

    def files(self, *, into: Callable[[str], bool] = lambda _: True) -> Iterator[FoundFile]:
        """Every regular file, folder by folder in the order of names. Links are not followed; those that lead out are told.

        Args:
            into: whether to look into the folder of this relative path.

        Raises:
            Unavailable: there is no such folder, or it may not be read.
        """
        root = Path(self.root)
        try:
            status = root.stat()
            if stat.S_ISREG(status.st_mode):
                yield FoundFile(root.name, status.st_size, status.st_mtime_ns, status.st_ino)
                return
            stack = [("", 0, sorted(os.scandir(root), key=lambda entry: entry.name))]
        except (OSError, ValueError) as error:
            raise self.unavailable(_why(error), "check the path, and that Assay may read it") from error
        seen = 0
        while stack:
            prefix, depth, entries = stack.pop()
            seen += len(entries)
            if seen > MAX_FILES:
                fact = f"more than {MAX_FILES} files (expected at most that)"
                raise self.unavailable(fact, "connect a folder further down")
            below = []
            for entry in entries:
                path = prefix + entry.name
                if entry.is_symlink():
                    self._look_at_link(path, entry.path)
                elif entry.is_file(follow_symlinks=False):
                    yield from _found(path, entry)
                elif entry.is_dir(follow_symlinks=False) and depth < MAX_DEPTH and into(path):
                    below.append((f"{path}/", depth + 1, self._entries(path, entry.path)))
            stack.extend(reversed(below))

    def _entries(self, path: str, place: str) -> list[os.DirEntry[str]]:
        try:
            with os.scandir(place) as listed:
                return sorted(listed, key=lambda one: one.name)
        except OSError as error:
            self.problems.append(f"'{_shown(path)}': {_why(error)}")
            self.incomplete = True
            return []

    def _look_at_link(self, path: str, place: str) -> None:
        """Links inside the folder lead to what is read anyway."""
        try:
            real, root = Path(place).resolve(), Path(self.root).resolve()
            leads_out = real.is_dir() and not real.is_relative_to(root)
        except (OSError, RuntimeError):  # it goes in a circle, or leads where nobody may look
            return
        if leads_out:
            fact = "a link out of the folder, which is not followed (connect the folder it leads to)"
            self.problems.append(f"'{_shown(path)}': {fact}")

    def open(self, path: str) -> int:
        """A handle on a regular file of the folder; no link is followed to it, and no pipe is waited for.

        Raises:
            Invalid: it is not, or no longer, such a file.
        """
        root = Path(self.root)
        whole = root if root.is_file() else root / path
        try:
            handle = os.open(whole, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except (OSError, ValueError) as error:
            raise self.broken(
                path, _why(error), "a file that Assay may read", "check the file, then: assay sync"
            ) from error
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            os.close(handle)
            raise self.broken(path, "not a regular file", "one", "remove it, then: assay sync")
        return handle

    def content(self, path: str, *, limit: int = MAX_TEXT_BYTES) -> bytes:
        """The whole of a small file. Raises Invalid when it is larger than the limit or cannot be read."""
        with os.fdopen(self.open(path), "rb") as file:
            content = file.read(limit + 1)
        if len(content) > limit:
            raise self.broken(
                path,
                f"larger than {limit // 1024} KB",
                "at most that",
                "leave large objects out of it, then: assay sync",
            )
        return content

    def broken(self, path: str, fact: str, expected: str, hint: str) -> Invalid:
        """The error for one file; others are read all the same."""
        return Invalid(
            f"cannot read file '{_shown(path)}': {fact} (expected {expected})",
            hint=hint,
            code="tracker-file-broken",
        )

    def nothing_there(self) -> Unavailable:
        """The error for a folder that holds no run at all."""
        return self.unavailable(
            f"no run is there (expected {self.expected})", "check the path; log a first run, then: assay sync"
        )

    def unavailable(self, fact: str, hint: str) -> Unavailable:
        """The error for the whole of it."""
        return Unavailable(
            f"cannot read {self.kind} in '{_shown(self.uri, 300)}': {fact}",
            hint=hint,
            code="tracker-unavailable",
        )


def local_path(uri: str, *, kind: str, example: str) -> str:
    """Which folder or file does this address name? Invalid when it is no local path.

    >>> local_path("./wandb", kind="wandb", example="./wandb"), local_path("file:///data/wandb", kind="wandb", example="./wandb")
    ('./wandb', '/data/wandb')
    """
    text = uri.strip()
    path = unquote(text.removeprefix("file:").removeprefix("//")) if text.startswith("file:") else text
    if not path or "\x00" in path or "://" in path:
        raise Invalid(
            f"cannot read tracker '{_shown(text)}': no folder on this machine (expected a path such as {example})",
            hint=f"assay connect {kind} {example}",
            code="tracker-uri-unknown",
            field="uri",
        )
    return path


def _found(path: str, entry: os.DirEntry[str]) -> Iterator[FoundFile]:
    """The file, unless it is gone meanwhile."""
    try:
        status = entry.stat(follow_symlinks=False)
    except OSError:
        return
    yield FoundFile(path, status.st_size, status.st_mtime_ns, status.st_ino)


def _shown(text: str, limit: int = 200) -> str:
    """A path as it can be told: undecodable bytes and line ends of a file name are no text."""
    told = text.encode("utf-8", "replace").decode("utf-8")
    return "".join(c if c.isprintable() else "?" for c in told)[-limit:]


def _why(error: OSError | ValueError) -> str:
    return (
        (error.strerror if isinstance(error, OSError) else None) or str(error)[:100] or "it cannot be opened"
    )
