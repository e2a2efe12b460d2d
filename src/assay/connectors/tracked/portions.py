"""A tracker whose runs lie in files, synced: only what changed is read, a few runs at a time, and the cursor says which were.

A run is known by a mark, 16 bytes made of the names, sizes and times of its files. One broken file stops nothing: every
other run is read first, then the sync ends in an error that names it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from assay.connectors.tracked.folder import PROBLEMS_TOLD, Folder
from assay.connectors.tracked.marks import Marks
from assay.connectors.tracked.told import ToldRun, evidence_of
from assay.domain.experiments.evidence import POINT_BYTES, Run
from assay.errors import Invalid, Unavailable
from assay.workflows.ports import SyncBatch
from assay.workflows.records import Source

CURSOR_VERSION = 1
BATCH_RUNS = 512
BATCH_BYTES = 32 * 2**20


@dataclass(frozen=True, slots=True)
class ReadRun:
    """A run that was read."""

    run: Run
    experiment: str
    """What `--experiment` chooses by."""
    scores: bytes | None = None
    """The file of per-example scores that `run.scores_digest` names."""


def read_run(told: ToldRun, source: Source) -> ReadRun:
    """What a tracker told about a run, as evidence."""
    return ReadRun(evidence_of(told, source=source.name), told.experiment)


@dataclass(frozen=True, slots=True)
class Listed:
    """A run that is there, before it is read."""

    external_id: str
    mark: bytes
    """Another one when anything that `read` looks at has changed."""
    read: Callable[[], ReadRun | Iterable[ReadRun]]
    """Reads it, or all that it holds. Raises Invalid naming the file when it cannot be."""


@dataclass(slots=True)
class _Portion:
    """What the next batch takes."""

    runs: list[Run] = field(default_factory=list)
    blobs: dict[str, bytes] = field(default_factory=dict)
    size: int = 0

    def add(self, read: ReadRun, chosen: Sequence[str]) -> None:
        if chosen and read.experiment not in chosen:
            return
        self.runs.append(read.run)
        self.size += sum(curve.points for curve in read.run.curves.values()) * POINT_BYTES
        if read.scores is not None and read.run.scores_digest is not None:
            self.blobs[read.run.scores_digest] = read.scores
            self.size += len(read.scores)

    @property
    def is_full(self) -> bool:
        return len(self.runs) >= BATCH_RUNS or self.size >= BATCH_BYTES

    def batch(
        self, *, cursor: dict[str, Any], done: int, total: int | None, gone: tuple[str, ...] = ()
    ) -> SyncBatch:
        note = f"files ({cursor['how']})"
        runs = tuple(self.runs)
        return SyncBatch(
            runs=runs, gone=gone, cursor=cursor, done=done, total=total, blobs=self.blobs, note=note
        )


def changes_of(
    folder: Folder,
    runs: Iterable[Listed],
    source: Source,
    known: Callable[[], Mapping[str, str]],
    *,
    how: str,
    several: bool = False,
) -> Iterator[SyncBatch]:
    """The runs that differ from what the cursor says, in batches; nothing from an unchanged folder.

    Args:
        folder: where they lie; what cannot be read is gathered in its `problems`.
        runs: all that are there.
        source: whose cursor, name and chosen experiments count.
        known: as `assay.connectors.tracked.reader.TrackerReader.changes` gets it.
        how: names the reader in the cursor and in the note of the sync.
        several: may one that is listed hold several runs? Their ids are then its own, or begin with it and `#`.

    Raises:
        Unavailable: nothing is there; or, after all others were yielded, naming the files that could not be read.
    """
    usable = _usable(source, how)
    marks = Marks.from_text(source.cursor.get("marks")) if usable else Marks()
    listed: set[str] = set()
    found: set[str] = set()
    whole: set[str] = set()
    portion = _Portion()
    for one in runs:
        if one.external_id in listed:
            folder.problems.append(f"run '{one.external_id[:80]}' is there twice (remove one copy)")
            continue
        listed.add(one.external_id)
        if marks.same(one.external_id, one.mark):
            continue
        before = len(folder.problems)
        for read in _read(folder, one):
            found.add(read.run.external_id)
            portion.add(read, source.experiment_filter)
            if portion.is_full:
                yield portion.batch(cursor=_cursor(source, how, marks), done=len(listed), total=None)
                portion = _Portion()
        if len(folder.problems) == before:
            marks.put(one.external_id, one.mark)
            whole.add(one.external_id)
    if not listed and not folder.problems:
        raise folder.nothing_there()
    kept = marks if folder.incomplete else marks.without_others(listed)
    vanished = len(kept) < len(marks)
    if portion.runs or whole or vanished or not usable:
        asked = not folder.incomplete and (vanished or not usable or (several and whole))
        gone = _gone(known(), listed, whole, found, several=several) if asked else ()
        count = len(listed)
        yield portion.batch(cursor=_cursor(source, how, kept), done=count, total=count, gone=gone)
    if folder.problems:
        raise _problems(folder)


def _read(folder: Folder, one: Listed) -> Iterator[ReadRun]:
    """What it holds; what is wrong with its files is told at the end."""
    try:
        yield from held(one)
    except Invalid as error:
        folder.problems.append(_FILE_ERROR.sub("", error.message))


def held(one: Listed) -> Iterator[ReadRun]:
    """The runs of one that is listed. Raises Invalid naming the file when it cannot be read."""
    read = one.read()
    yield from (read,) if isinstance(read, ReadRun) else read


def _gone(
    known: Iterable[str], listed: set[str], whole: set[str], found: set[str], *, several: bool
) -> tuple[str, ...]:
    """Known runs whose files are gone, or that files which were read as a whole no longer hold."""
    places = {external_id: external_id.partition("#")[0] if several else external_id for external_id in known}
    lost = (
        one for one, place in places.items() if place not in listed or (place in whole and one not in found)
    )
    return tuple(sorted(lost))


_FILE_ERROR = re.compile(r"\Acannot read (?:file|evaluation) ")


def _usable(source: Source, how: str) -> bool:
    cursor = source.cursor
    same = cursor.get("version") == CURSOR_VERSION and cursor.get("how") == how
    return same and cursor.get("filter") == list(source.experiment_filter)


def _cursor(source: Source, how: str, marks: Marks) -> dict[str, Any]:
    return {
        "version": CURSOR_VERSION,
        "how": how,
        "filter": list(source.experiment_filter),
        "marks": marks.to_text(),
    }


def _problems(folder: Folder) -> Unavailable:
    told = "; ".join(folder.problems[:PROBLEMS_TOLD])
    more = len(folder.problems) - PROBLEMS_TOLD
    rest = f"; and {more} more" if more > 0 else ""
    return folder.unavailable(
        f"{told}{rest}", "every other run was read; mend or remove these files, then: assay sync"
    )


def said_of(folder: Folder, runs: Iterable[Listed], what: str) -> str:
    """One line about the connection: what is read, where, how many runs are there.

    Raises:
        Unavailable: none is.
    """
    count = sum(1 for _ in runs)
    if not count:
        raise folder.nothing_there()
    return f"{what} in {Path(folder.root).absolute().name}: {runs_counted(count)}"


def runs_counted(count: int) -> str:
    """A number of runs in words.

    >>> runs_counted(1), runs_counted(3)
    ('1 run', '3 runs')
    """
    return "1 run" if count == 1 else f"{count} runs"
