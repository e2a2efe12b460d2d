"""A tracker whose runs lie in files, synced: only what changed is read, a few runs at a time, and the cursor says which were.

A run is known by a mark, 16 bytes made of the names, sizes and times of its files. One broken file stops nothing: every
other run is read first, then the sync ends in an error that names it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
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
    read: Callable[[], ReadRun]
    """Reads it. Raises Invalid naming the file when it cannot be."""


@dataclass(slots=True)
class _Portion:
    """What the next batch takes."""

    runs: list[Run] = field(default_factory=list)
    blobs: dict[str, bytes] = field(default_factory=dict)
    size: int = 0

    def add(self, read: ReadRun) -> None:
        self.runs.append(read.run)
        self.size += sum(curve.points for curve in read.run.curves.values()) * POINT_BYTES
        if read.scores is not None and read.run.scores_digest is not None:
            self.blobs[read.run.scores_digest] = read.scores
            self.size += len(read.scores)

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
) -> Iterator[SyncBatch]:
    """The runs that differ from what the cursor says, in batches; nothing from an unchanged folder.

    Args:
        folder: where they lie; what cannot be read is gathered in its `problems`.
        runs: all that are there.
        source: whose cursor, name and chosen experiments count.
        known: as `assay.connectors.tracked.reader.TrackerReader.changes` gets it.
        how: names the reader in the cursor and in the note of the sync.

    Raises:
        Unavailable: nothing is there; or, after all others were yielded, naming the files that could not be read.
    """
    usable = _usable(source, how)
    marks = Marks.from_text(source.cursor.get("marks")) if usable else Marks()
    listed: set[str] = set()
    portion, changed = _Portion(), False
    for one in runs:
        if one.external_id in listed:
            folder.problems.append(f"run '{one.external_id[:80]}' is there twice (remove one copy)")
            continue
        listed.add(one.external_id)
        if marks.same(one.external_id, one.mark):
            continue
        read = _read(folder, one)
        if read is None:
            continue
        marks.put(one.external_id, one.mark)
        changed = True
        if source.experiment_filter and read.experiment not in source.experiment_filter:
            continue
        portion.add(read)
        if len(portion.runs) >= BATCH_RUNS or portion.size >= BATCH_BYTES:
            yield portion.batch(cursor=_cursor(source, how, marks), done=len(listed), total=None)
            portion, changed = _Portion(), False
    if not listed and not folder.problems:
        raise folder.nothing_there()
    kept = marks if folder.incomplete else marks.without_others(listed)
    vanished = len(kept) < len(marks)
    if portion.runs or changed or vanished or not usable:
        asked = not folder.incomplete and (vanished or not usable)
        gone = tuple(sorted(set(known()) - listed)) if asked else ()
        count = len(listed)
        yield portion.batch(cursor=_cursor(source, how, kept), done=count, total=count, gone=gone)
    if folder.problems:
        raise _problems(folder)


def _read(folder: Folder, one: Listed) -> ReadRun | None:
    """The run; None when its files are broken, which is then told at the end."""
    try:
        return one.read()
    except Invalid as error:
        folder.problems.append(error.message.removeprefix("cannot read file "))
        return None


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


def runs_counted(count: int) -> str:
    """A number of runs in words.

    >>> runs_counted(1), runs_counted(3)
    ('1 run', '3 runs')
    """
    return "1 run" if count == 1 else f"{count} runs"
