"""Which files does a path hold, and what is in them? Only regular files below the path that was named, within limits."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from assay.connectors.evals.faults import unreadable

HEAD_BYTES = 256 * 2**10
MAX_FILE_BYTES = 2**30
MAX_FILES = 10_000
MAX_DEPTH = 10
_SEED = re.compile(r"(?:^|[^a-z])seed[ _=\-]?(\d{1,18})(?!\d)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class EvalFile:
    """One file of evaluation results. name is how messages call it: its path below the folder that was named."""

    path: Path
    name: str

    def head(self) -> bytes:
        """The first 256 KB, enough to tell what wrote it. Raises Invalid when it cannot be read."""
        return self._read(HEAD_BYTES)

    def content(self) -> bytes:
        """All of it. Raises Invalid when it is larger than 1 GB or cannot be read."""
        content = self._read(MAX_FILE_BYTES + 1)
        if len(content) > MAX_FILE_BYTES:
            raise unreadable(
                self.name,
                "more than 1 GB",
                "at most 1 GB a file",
                hint="write one file a seed, or Parquet instead of text",
            )
        return content

    @property
    def seed(self) -> int | None:
        """The seed that the file's own name tells, else the nearest folder's.

        >>> EvalFile(Path("x"), "run/seed_3/scores.csv").seed, EvalFile(Path("x"), "seed-4.json").seed
        (3, 4)
        """
        for part in reversed(self.name.split("/")):
            found = _SEED.search(part)
            if found:
                return int(found[1])
        return None

    @property
    def folder(self) -> str:
        """Its folder below the one that was named, without parts that only tell a seed; "" at the top."""
        return "/".join(part for part in self.name.split("/")[:-1] if not _SEED.search(part))

    @contextmanager
    def opened(self) -> Iterator[BinaryIO]:
        """Its bytes as a stream, for what is read in portions. Raises Invalid when it cannot be read."""
        try:
            # Opened without waiting for a pipe, should the file have been swapped since it was listed.
            handle = os.open(self.path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            with os.fdopen(handle, "rb") as file:
                if not stat.S_ISREG(os.fstat(handle).st_mode):
                    raise _not_regular(self.name)
                yield file
        except OSError as error:
            raise _cannot_open(self.name, error) from error

    def _read(self, limit: int) -> bytes:
        with self.opened() as file:
            return file.read(limit)


def files_at(path: Path) -> tuple[EvalFile, ...]:
    """Which files are at this path? One, or all below a folder in the order of their names; hidden ones are left out.

    Raises:
        Invalid: nothing is there, a link leads out of the folder, something is no regular file, or there are too many.
    """
    try:
        real = path.resolve(strict=True)
        kind = real.stat().st_mode
    except (OSError, RuntimeError) as error:  # RuntimeError: links that go in a circle
        raise _cannot_open(str(path), error) from error
    if not stat.S_ISDIR(kind):
        if not stat.S_ISREG(kind):
            raise _not_regular(str(path))
        return (EvalFile(real, path.name),)
    found = []
    for file in _below(real, real, 0):
        found.append(file)
        if len(found) > MAX_FILES:
            raise unreadable(
                str(path), f"more than {MAX_FILES:,} files", "at most that", hint="name a folder further down"
            )
    if not found:
        raise unreadable(
            str(path), "an empty folder", "files of results", hint="did the evaluation write elsewhere?"
        )
    return tuple(sorted(found, key=lambda file: file.name))


def content_digest(parts: list[tuple[str, bytes]]) -> str:
    """One SHA-256 over the names and the bytes of several files, whatever their order."""
    lines = sorted(f"{hashlib.sha256(content).hexdigest()} {name}\n" for name, content in parts)
    return hashlib.sha256("".join(lines).encode("utf-8", "backslashreplace")).hexdigest()


def _below(folder: Path, root: Path, depth: int) -> Iterator[EvalFile]:
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        raise _cannot_open(_name(folder, root), error) from error
    for entry in entries:
        if entry.name.startswith(".") or entry.name == "__pycache__":
            continue
        path = Path(entry.path)
        name = _name(path, root)
        if entry.is_symlink():
            _check_link(path, name, root)
        elif entry.is_dir():
            if depth + 1 > MAX_DEPTH:
                raise unreadable(
                    name,
                    f"folders {depth + 1} deep",
                    f"at most {MAX_DEPTH}",
                    hint="name a folder further down",
                )
            yield from _below(path, root, depth + 1)
        elif entry.is_file():
            yield EvalFile(path, name)
        else:
            raise _not_regular(name)


def _check_link(path: Path, name: str, root: Path) -> None:
    """A link inside the folder names something that is read anyway; any other one is refused."""
    try:
        target = path.resolve(strict=True)
    except (OSError, RuntimeError) as error:
        raise _cannot_open(name, error) from error
    if not target.is_relative_to(root):
        raise unreadable(
            name,
            "a link that leads out of the folder",
            "files below it",
            hint="copy the file into the folder, or name it directly",
        )


def _name(path: Path, root: Path) -> str:
    name = path.relative_to(root).as_posix()
    return name.encode("utf-8", "backslashreplace").decode()


def _cannot_open(name: str, error: Exception) -> Exception:
    fact = (error.strerror if isinstance(error, OSError) else "") or "it leads nowhere"
    return unreadable(name, fact.lower(), "a file or folder of results", hint="check the path")


def _not_regular(name: str) -> Exception:
    return unreadable(
        name, "a pipe, socket or device", "a regular file", hint="write the results to a file first"
    )
