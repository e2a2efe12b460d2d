"""Where the results of a command are kept: one folder a command, finished seeds in it whole or not at all.

    OUT/KEY/command.json          what was run, and the digests of what it was made of
    OUT/KEY/results/seed-3/       what seed 3 wrote: the folder that gates read
    OUT/KEY/failed/seed-4/        what a seed wrote that failed; read by nobody
    OUT/KEY/logs/seed-3/          stdout.txt and stderr.txt of the last try
    OUT/KEY/running/TOKEN/        a try that has not ended

A seed is finished when its folder stands under `results`, moved there in one step after everything in it was written to
disk, with a list of its files. A folder that does not agree with its list is run again.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import secrets
import shutil
import stat
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from signal import SIGKILL
from types import TracebackType
from typing import Any, Self

from assay.connectors.commands.child import PAUSE_S, signal_group
from assay.errors import Conflict, Unavailable

LIST = ".assay-run.json"
"""Hidden, so that readers of results leave it out."""
MAX_FILE_BYTES = 2**30
"""What readers take of a file."""
_SEED_FOLDER = re.compile(r"seed-(\d{1,16})")
_ORPHAN_WAIT_S = 5.0


@dataclass(frozen=True, slots=True)
class SeedEnd:
    """How a seed ended. reason is empty for one that finished."""

    seed: int
    began: str
    """Time in UTC, ISO 8601."""
    seconds: float
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Attempt:
    """A try of one seed. out is where the command writes; its parent is what a reader is shown."""

    seed: int
    folder: Path
    out: Path
    stdout: Path
    stderr: Path
    lock: int


class SeedFolder:
    """The folder of one command, in the exclusive use of this process while it is open.

    Raises:
        Conflict: another process runs the same command into the same folder.
        Unavailable: the folder cannot be written.
    """

    def __init__(self, out: Path, key: str, made_of: Mapping[str, Any]) -> None:
        self.out, self.folder = out, out / key
        self._whole: dict[int, SeedEnd] | None = None
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            if not (out / ".gitignore").exists():
                (out / ".gitignore").write_text("*\n", encoding="utf-8")
            _write(self.folder / "command.json", {"key": key, **made_of})
            self._lock = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise _cannot_write(out, error) from error

    def __enter__(self) -> Self:
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._lock)
            raise Conflict(
                f"cannot run seeds in '{self.folder}': another process is running this command (expected one at a time)",
                hint="wait for it, or name another folder: --out",
                code="seeds-running",
            ) from None
        self._clear_interrupted()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._lock)

    @property
    def results(self) -> Path:
        """The folder that gates read."""
        return self.folder / "results"

    def finished(self) -> dict[int, SeedEnd]:
        """The seeds that finished and are whole; one that is not is taken away."""
        if self._whole is None:  # read once: while the lock is held nobody else changes them
            self._whole = {}
            for seed, folder in _seed_folders(self.results):
                end = _intact(folder)
                if end is None:
                    shutil.rmtree(folder, ignore_errors=True)
                else:
                    self._whole[seed] = end
        return dict(self._whole)

    def failed(self) -> dict[int, SeedEnd]:
        """The seeds whose last try failed."""
        found = {seed: _end(_read(folder / LIST)) for seed, folder in _seed_folders(self.folder / "failed")}
        return {seed: end for seed, end in found.items() if end is not None}

    def forget(self) -> None:
        """Take every seed away, so that all run again."""
        self._whole = None
        for name in ("results", "failed", "logs"):
            shutil.rmtree(self.folder / name, ignore_errors=True)

    def begin(self, seed: int) -> Attempt:
        """A new, empty place for a try of this seed."""
        folder = self.folder / "running" / secrets.token_hex(6)
        try:
            out = folder / "results" / f"seed-{seed}"
            out.mkdir(parents=True)
            lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise _cannot_write(self.out, error) from error
        fcntl.flock(lock, fcntl.LOCK_EX)
        return Attempt(seed, folder, out, folder / "stdout.txt", folder / "stderr.txt", lock)

    def began(self, attempt: Attempt, group: int) -> None:
        """Note its process group, for the case that this process ends first."""
        os.pwrite(attempt.lock, str(group).encode(), 0)

    def keep(self, attempt: Attempt, end: SeedEnd) -> Path:
        """Keep a try that has ended; a seed is finished from the moment this returns. Returns the folder of its output.

        Raises:
            Unavailable: it cannot be written.
        """
        place = self.results if not end.reason else self.folder / "failed"
        try:
            if attempt.out.is_symlink() or attempt.out.is_file():
                attempt.out.unlink()
            attempt.out.mkdir(parents=True, exist_ok=True)
            listed = {"seed": asdict(end), "files": {} if end.reason else _listed(attempt.out)}
            _write(attempt.out / LIST, listed)
            _sync_below(attempt.out)
            logs = self.folder / "logs" / f"seed-{end.seed}"
            _replace(logs, attempt.folder, only=("stdout.txt", "stderr.txt"))
            _replace(place / f"seed-{end.seed}", attempt.out)
            if not end.reason and self._whole is not None:
                self._whole[end.seed] = end
        except OSError as error:
            raise _cannot_write(self.out, error) from error
        finally:
            self.drop(attempt)
        if not end.reason:
            shutil.rmtree(self.folder / "failed" / f"seed-{end.seed}", ignore_errors=True)
        return logs

    def drop(self, attempt: Attempt) -> None:
        """Forget a try that did not end by itself."""
        with suppress(OSError):
            os.close(attempt.lock)
        shutil.rmtree(attempt.folder, ignore_errors=True)

    def _clear_interrupted(self) -> None:
        """Tries of a process that was killed: what of them still runs is ended, what they wrote is taken away."""
        running = self.folder / "running"
        for folder in sorted(running.iterdir()) if running.is_dir() else ():
            _end_orphans(folder / "lock")
            shutil.rmtree(folder, ignore_errors=True)


def fault_of(out: Path) -> str | None:
    """Why cannot what a command wrote be kept? None where it can."""
    if out.is_symlink() or not out.is_dir():
        return "it took its folder {out} away"
    files = 0
    for here, folders, names in os.walk(out):
        for name in (*folders, *names):
            path = Path(here, name)
            kind = path.lstat().st_mode
            shown = path.relative_to(out).as_posix()
            if stat.S_ISLNK(kind) and not _leads_inside(path, out):
                return f"it wrote {shown!r}, a link that leads out of {{out}}"
            if not (stat.S_ISREG(kind) or stat.S_ISDIR(kind) or stat.S_ISLNK(kind)):
                return f"it wrote {shown!r}, a pipe, socket or device"
            if stat.S_ISREG(kind) and path.stat().st_size > MAX_FILE_BYTES:
                return f"it wrote {shown!r} of more than {MAX_FILE_BYTES / 2**30:.3g} GB"
            files += stat.S_ISREG(kind)
    return None if files else "it wrote no file to {out}"


def _leads_inside(path: Path, out: Path) -> bool:
    try:
        return path.resolve(strict=True).is_relative_to(out.resolve())
    except (OSError, RuntimeError):
        return False


def _end_orphans(lock: Path) -> None:
    """The lock is inherited by whatever the killed process had started: while it is taken, its group is alive."""
    try:
        file = os.open(lock, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return
    try:
        until = time.monotonic() + _ORPHAN_WAIT_S
        while not _taken(file) and time.monotonic() < until:
            group = os.pread(file, 20, 0).decode("ascii", "replace").strip("\0")
            if group.isdigit() and int(group) > 1:
                signal_group(int(group), SIGKILL)
            time.sleep(PAUSE_S)
    finally:
        os.close(file)


def _taken(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _seed_folders(folder: Path) -> list[tuple[int, Path]]:
    if not folder.is_dir():
        return []
    found = [(named, path) for path in folder.iterdir() if (named := _SEED_FOLDER.fullmatch(path.name))]
    return sorted((int(named[1]), path) for named, path in found)


def _intact(folder: Path) -> SeedEnd | None:
    """How did the seed end whose folder this is? None where its files are not those that were listed."""
    kept = _read(folder / LIST)
    try:
        same = kept.get("files") == _listed(folder) and bool(kept["files"])
    except OSError:
        return None
    return _end(kept) if same else None


def _end(kept: Mapping[str, Any]) -> SeedEnd | None:
    try:
        return SeedEnd(**kept["seed"])
    except (KeyError, TypeError):
        return None


def _listed(folder: Path) -> dict[str, str]:
    found = {}
    for here, _, names in os.walk(folder):
        for name in names:
            path = Path(here, name)
            shown = os.fsencode(path.relative_to(folder)).decode("utf-8", "backslashreplace")
            if shown != LIST and stat.S_ISREG(path.lstat().st_mode):
                with path.open("rb") as file:
                    found[shown] = hashlib.file_digest(file, "sha256").hexdigest()
    return found


def _read(file: Path) -> dict[str, Any]:
    try:
        kept = json.loads(file.read_bytes())
    except (OSError, ValueError):
        return {}
    return kept if isinstance(kept, dict) else {}


def _write(file: Path, value: Mapping[str, Any]) -> None:
    draft = file.with_name(f"{file.name}.{secrets.token_hex(4)}")
    draft.write_text(json.dumps(value, indent=1, sort_keys=True), encoding="utf-8")
    _sync(draft)
    draft.replace(file)


def _replace(goal: Path, source: Path, *, only: tuple[str, ...] = ()) -> None:
    """Move a folder, or these files of it, to a place that may be taken; the move itself is one step."""
    goal.parent.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(goal, ignore_errors=True)
    if only:
        goal.mkdir()
        for name in only:
            with suppress(FileNotFoundError):
                (source / name).replace(goal / name)
    else:
        source.replace(goal)
    _sync(goal.parent)


def _sync_below(folder: Path) -> None:
    for here, _, names in os.walk(folder):
        for name in names:
            if stat.S_ISREG(Path(here, name).lstat().st_mode):
                _sync(Path(here, name))
        _sync(Path(here))


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _cannot_write(out: Path, error: OSError) -> Unavailable:
    return Unavailable(
        f"cannot write folder '{out}': {error.strerror} (expected room and permission)",
        hint="name another folder: --out",
        code="seeds-not-writable",
    )
