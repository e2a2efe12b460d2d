"""Runs in tables: a row a run, a row a step of a run, or a row a value, in CSV, JSON, JSON Lines or Parquet, perhaps packed by gzip."""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path

from assay.connectors.evals.table import Table
from assay.connectors.evals.text_tables import Wanted, read_table
from assay.connectors.tracked.folder import Folder, FoundFile, local_path
from assay.connectors.tracked.portions import Listed, ReadRun, changes_of, held
from assay.connectors.tracked.silence import steps_of_silence
from assay.connectors.tracked.told import kept_text
from assay.connectors.trackers.table.roles import Options, options_of
from assay.connectors.trackers.table.rows import TableRuns
from assay.workflows.ports import SyncBatch
from assay.workflows.records import Source

HOW = "tables"
MAX_BYTES = 256 * 2**20
_ENDINGS = (".csv", ".tsv", ".jsonl", ".ndjson", ".parquet")
_AS_TEXT = frozenset(
    ("run_id", "run", "run_name", "run_uuid", "trial_id", "trial", "name", "seed", "assay.seed")
)


class TableFiles:
    """Reads tables of runs (implements `assay.connectors.tracked.reader.TrackerReader`)."""

    def changes(self, source: Source, known: Callable[[], Mapping[str, str]]) -> Iterator[SyncBatch]:
        """Everything that differs from what the cursor says (see `TrackerReader`)."""
        folder, options = _folder(source)
        return changes_of(folder, _files(folder, options, source), source, known, how=HOW, several=True)

    def check(self, source: Source) -> str:
        """One line about the connection."""
        folder, options = _folder(source)
        files = list(_files(folder, options, source))
        if not files:
            raise folder.nothing_there()
        runs = sum(1 for file in files for _ in held(file)) if len(files) <= _COUNTED else None
        counted = "" if runs is None else "1 run in " if runs == 1 else f"{runs} runs in "
        return f"Tables: {counted}{len(files)} {'file' if len(files) == 1 else 'files'} of {Path(folder.root).absolute().name}"


_COUNTED = 20


def _folder(source: Source) -> tuple[Folder, Options]:
    path, options = options_of(source.uri.strip())
    root = local_path(path, kind="table", example="runs.csv")
    return Folder(root, source.uri, "tables of runs", "*.csv, *.tsv, *.jsonl or *.parquet"), options


def _files(folder: Folder, options: Options, source: Source) -> Iterator[Listed]:
    for file in folder.files(into=lambda path: not path.rpartition("/")[2].startswith(".")):
        plain = file.name.lower().removesuffix(".gz")
        # Beside tables lie other files in JSON, which are no tables.
        if not plain.endswith(_ENDINGS) and not (plain.endswith(".json") and Path(folder.root).is_file()):
            continue
        name = kept_text(os.fsencode(file.path)).replace("#", "%23")
        silence = steps_of_silence(file.changed_ns)
        mark = file.mark + bytes((silence,)) + repr(options).encode("utf-8", "replace")
        yield Listed(name, mark, partial(_runs, folder, file, name, silence, options, source))


def _runs(
    folder: Folder, file: FoundFile, name: str, silence: int, options: Options, source: Source
) -> Iterator[ReadRun]:
    content = folder.content(file.path, limit=MAX_BYTES)
    if file.name.lower().endswith(".gz"):
        content = _unpacked(folder, file, content)
    wanted = _AS_TEXT | {options.roles[role] for role in ("run", "seed") if role in options.roles}
    table = _table(name, content, Wanted(as_text=frozenset(wanted)), is_fresh=silence == 0)
    yield from TableRuns(folder, file.path, name, table, options, silence).runs(source)


def _table(name: str, content: bytes, wanted: Wanted, *, is_fresh: bool) -> Table:
    """The table; of a file that was just written to, without a last line that does not end: half a number is a number, too."""
    first = content[:64].lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    is_lines = (
        content[:4] != b"PAR1" and first != b"[" and not name.lower().removesuffix(".gz").endswith(".json")
    )
    if is_fresh and is_lines:
        content = content[: content.rfind(b"\n") + 1]
    return read_table(name, content, wanted)


def _unpacked(folder: Folder, file: FoundFile, content: bytes) -> bytes:
    packer = zlib.decompressobj(wbits=31)
    try:
        found = packer.decompress(content, MAX_BYTES + 1)
    except zlib.error as error:
        raise folder.broken(
            file.path, f"not gzip ({error})", "a whole .gz file", "pack it again, then: assay sync"
        ) from error
    if len(found) > MAX_BYTES:
        raise folder.broken(
            file.path, f"more than {MAX_BYTES // 2**20} MB unpacked", "at most that", "split it by run"
        )
    if not packer.eof:
        raise folder.broken(
            file.path, "it is cut short", "a whole .gz file", "copy it again, then: assay sync"
        )
    return found
