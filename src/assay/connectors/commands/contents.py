"""What is a command made of: which files would change what it measures, and what is in them now?

Looked at are the files and folders that the command names, every Python file below the current folder (what a script
imports lies there), and what `--watch` adds.
"""

from __future__ import annotations

import glob
import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from assay.domain.gates.seed_runs import OUT_MARK, SEED_MARK
from assay.errors import Invalid, Unavailable

MAX_FILES = 20_000
MAX_HASHED_BYTES = 256 * 2**20
"""A larger file is known by its size and time, as reading it would take longer than many an evaluation."""
_FOREIGN = {"__pycache__", "site-packages", "node_modules"}


@dataclass(frozen=True, slots=True)
class Watched:
    """Which files are watched. Paths are relative to the folder that the command runs in."""

    command: Sequence[str]
    globs: Sequence[str]
    ignored: Sequence[str]
    out: Path
    """Where results are kept; never watched."""

    def names(self) -> tuple[str, ...]:
        """The files, in the order of their names.

        Raises:
            Invalid: a pattern matches nothing, or there are too many.
        """
        out = self.out.resolve()
        found: set[str] = set()
        for name in (*_named(self.command), *self._globbed(), *_below(Path(), "*.py")):
            if Path(name).resolve().is_relative_to(out) or self._is_ignored(name):
                continue
            found.add(name)
            if len(found) > MAX_FILES:
                raise Invalid(
                    f"cannot watch files: there are more than {MAX_FILES:,} (expected fewer)",
                    hint="leave some out: --ignore 'data/*'",
                    code="watch-invalid",
                    field="ignore",
                )
        return tuple(sorted(found))

    def _globbed(self) -> Iterator[str]:
        for pattern in self.globs:
            matches = [m for m in glob.glob(pattern, recursive=True) if Path(m).exists()]  # noqa: PTH207  # relative to the folder, and may lead out of it
            if not matches:
                raise Invalid(
                    f"cannot watch '{pattern}': it matches no file (expected at least one)",
                    hint="put it in quotes, so that the shell leaves it as it is",
                    code="watch-invalid",
                    field="watch",
                )
            for match in matches:
                yield from _below(Path(match), "*") if Path(match).is_dir() else (match,)

    def _is_ignored(self, name: str) -> bool:
        return any(fnmatchcase(name, pattern) for pattern in self.ignored)


def contents(names: Sequence[str]) -> dict[str, str]:
    """The digest of what is in each file now.

    Raises:
        Unavailable: a file cannot be read.
    """
    return {_text(name): _content(Path(name)) for name in names}


def variables(names: Sequence[str], environment: Mapping[str, str]) -> dict[str, str | None]:
    """The digest of the value of each variable, None where it is not set. The value itself is kept nowhere."""
    return {
        name: None if name not in environment else hashlib.sha256(os.fsencode(environment[name])).hexdigest()
        for name in sorted(set(names))
    }


def changed(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[str, ...]:
    """Which of these files differ, or are there only once?"""
    return tuple(sorted(name for name in {*before, *after} if before.get(name) != after.get(name)))


def _named(command: Sequence[str]) -> Iterator[str]:
    for word in command:
        for part in dict.fromkeys((word, word.partition("=")[2])):
            if not part or SEED_MARK in part or OUT_MARK in part or "\0" in part or len(part) > 4000:
                continue
            path = Path(part)
            if path.is_file():
                yield path.as_posix()
            elif path.is_dir():
                yield from _below(path, "*")


def _below(folder: Path, pattern: str) -> Iterator[str]:
    for here, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not _is_foreign(Path(here), name)]
        for name in files:
            if (
                not name.startswith(".")
                and fnmatchcase(name, pattern)
                and (path := Path(here, name)).is_file()
            ):
                yield path.as_posix()


def _is_foreign(here: Path, name: str) -> bool:
    return name.startswith(".") or name in _FOREIGN or (here / name / "pyvenv.cfg").exists()


def _content(path: Path) -> str:
    try:
        with path.open("rb") as file:
            told = os.fstat(file.fileno())
            if told.st_size > MAX_HASHED_BYTES:
                return f"size {told.st_size} time {told.st_mtime_ns}"
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        return "missing"
    except OSError as error:
        raise Unavailable(
            f"cannot read file '{path}': {error.strerror}",
            hint=f"leave it out: --ignore '{path}'",
            code="file-unreadable",
        ) from error


def _text(name: str) -> str:
    return os.fsencode(name).decode("utf-8", "backslashreplace")
