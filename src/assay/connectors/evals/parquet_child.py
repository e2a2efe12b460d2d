"""Parquet and large CSV files are decoded in a child process, for a hostile one can end the process that decodes it.

A file with a few changed bytes makes the decoder panic in a way that aborts or hangs the whole process. So a child with
a memory limit decodes, and its parent waits with a deadline: a server survives whatever a run has logged. The child is
kept for the next file and goes away by itself when it was idle for a while.

On the pipe every message is its length (8 bytes, little-endian) and its bytes. A question is one line of JSON that says
what is wanted, and the file; an answer begins with one byte that says what it is: `F` an Arrow file, `T` a packed table,
`E` an error text.
"""

from __future__ import annotations

import atexit
import io
import json
import os
import select
import subprocess
import sys
import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

# Whatever takes long to load is imported where it is used: a child is started before this process has loaded it.
if TYPE_CHECKING:
    import polars as pl

    from assay.connectors.evals.table import Enough, Table

MAX_ROWS = 5_000_000
MAX_COLUMNS = 200
MAX_TABLE_ROWS = 20_000_000
MAX_TABLE_COLUMNS = 1000
MEMORY_LIMIT_BYTES = 4 * 2**30
DEADLINE_S = 30.0
TABLE_DEADLINE_S = 120.0
IDLE_S = 60.0
_LENGTH = 8
_QUESTION = 2**20


class DecodeError(Exception):
    """The file cannot be decoded; the message is one line that says why."""


class ParquetChild:
    """Decodes Parquet in a child process, one file at a time; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        atexit.register(self.close)

    def decode(self, content: bytes, *, deadline_s: float = DEADLINE_S) -> bytes:
        """The same table as an Arrow file. Raises DecodeError when it is broken, too large or takes too long."""
        return bytes(self._ask({"kind": "parquet", "answer": "arrow"}, content, deadline_s))

    def table(
        self,
        content: bytes,
        *,
        separator: str | None = None,
        as_text: frozenset[str] = frozenset(),
        texts: frozenset[str] = frozenset(),
        enough: Enough | None = None,
        deadline_s: float = TABLE_DEADLINE_S,
    ) -> Table:
        """The columns of a Parquet file, or of a CSV file when its separator is given.

        as_text: columns to keep as texts, whatever they look like; texts: columns that may hold long texts;
        enough: which columns are decoded, None for all.
        Raises DecodeError as `decode` does.
        """
        from assay.connectors.evals.table import unpacked

        question = {
            "kind": "parquet" if separator is None else "csv",
            "answer": "table",
            "separator": separator,
            "as_text": sorted(as_text),
            "texts": sorted(texts),
            "enough": None if enough is None else enough.told(),
        }
        return unpacked(self._ask(question, content, deadline_s))

    def _ask(self, question: dict[str, Any], content: bytes, deadline_s: float) -> memoryview:
        with self._lock:
            try:
                self._send(json.dumps(question).encode() + b"\n", content)
                answer = self._receive(time.monotonic() + deadline_s)
            except TimeoutError as error:
                self._stop()
                raise DecodeError(f"it takes longer than {deadline_s:.0f} s to decode") from error
            except (OSError, EOFError) as error:
                self._stop()
                raise DecodeError(f"it makes the {question['kind']} decoder crash") from error
        if answer[0] == ord("E"):
            raise DecodeError(bytes(answer[1:]).decode("utf-8", "replace"))
        return answer[1:]

    def prepare(self) -> None:
        """Start the child now, so that it loads while its parent does; without a file it goes away by itself."""
        with self._lock, suppress(OSError):
            if self._process is None:
                self._start()

    def close(self) -> None:
        """End the child, if there is one; the next file starts another."""
        with self._lock:
            self._stop()

    def _send(self, question: bytes, content: bytes) -> None:
        length = len(question) + len(content)
        message = [length.to_bytes(_LENGTH, "little"), question, content]
        if self._process is not None and self._process.poll() is None:
            try:
                self._write(message)
            except OSError:
                self._stop()  # it went idle at this very moment
            else:
                return
        self._stop()
        self._start()
        self._write(message)

    def _start(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "assay.connectors.evals.parquet_child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            env={
                "PYTHONPATH": os.pathsep.join(p for p in sys.path if p),
                "POLARS_MAX_THREADS": str(min(4, os.cpu_count() or 1)),
                "OPENBLAS_NUM_THREADS": "1",
                "LC_ALL": "C.UTF-8",
            },
        )

    def _write(self, message: list[bytes]) -> None:
        assert self._process is not None
        for part in message:
            _write_all(_pipe(self._process.stdin), part)

    def _receive(self, deadline: float) -> memoryview:
        assert self._process is not None
        stream = _pipe(self._process.stdout)
        length = int.from_bytes(_read_exactly(stream, _LENGTH, deadline), "little")
        return _read_exactly(stream, length, deadline)

    def _stop(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                stream.close()


CHILD = ParquetChild()
"""The one that every reader of this process shares."""


def prepare_for(places: Iterable[str | None]) -> None:
    """Start the child where one of these places is a Parquet file, or a folder with one."""
    with suppress(OSError, ValueError):
        if any(place is not None and _holds_parquet(Path(place)) for place in places):
            CHILD.prepare()


def _holds_parquet(place: Path) -> bool:
    return (
        next(place.glob("*.parquet"), None) is not None
        if place.is_dir()
        else place.suffix == ".parquet" and place.is_file()
    )


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    assert stream is not None
    return stream


def _write_all(stream: IO[bytes] | io.FileIO, message: bytes | memoryview) -> None:
    view = memoryview(message)
    while view:
        view = view[stream.write(view) :]


def _read_exactly(stream: IO[bytes] | io.FileIO, count: int, deadline: float) -> memoryview:
    message = memoryview(bytearray(count))
    place = 0
    while place < count:
        ready, _, _ = select.select([stream], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            raise TimeoutError
        got = os.readv(stream.fileno(), [message[place : place + 2**20]])
        if not got:
            raise EOFError
        place += got
    return message


def main() -> None:
    """The child: answers files on its standard input until that closes or stays silent."""
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT_BYTES, MEMORY_LIMIT_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    import assay.connectors.evals.frame_table  # noqa: F401  # before the first file comes, for it loads Polars

    source, target = io.FileIO(0, "r", closefd=False), io.FileIO(1, "w", closefd=False)
    while True:
        try:
            length = int.from_bytes(_read_exactly(source, _LENGTH, time.monotonic() + IDLE_S), "little")
            content = _read_exactly(source, length, time.monotonic() + DEADLINE_S)
        except (EOFError, TimeoutError):
            return
        answer = _answer(content)
        _write_all(target, sum(map(len, answer)).to_bytes(_LENGTH, "little"))
        for part in answer:
            _write_all(target, part)


def _answer(message: memoryview) -> list[Any]:
    end = bytes(message[:_QUESTION]).index(b"\n")
    question, content = json.loads(bytes(message[:end])), message[end + 1 :]
    try:
        if question["answer"] == "arrow":
            buffer = io.BytesIO()
            _parquet(content, MAX_ROWS, MAX_COLUMNS).write_ipc(buffer)
            return [b"F", buffer.getbuffer()]
        from assay.connectors.evals.frame_table import table_of
        from assay.connectors.evals.table import Enough, packed

        cells = question["kind"] == "csv"
        frame = (
            _csv(content, question["separator"])
            if cells
            else _parquet(
                content,
                MAX_TABLE_ROWS,
                MAX_TABLE_COLUMNS,
                nested=True,
                enough=Enough.heard(question["enough"]),
            )
        )
        names, texts = frozenset(question["as_text"]), frozenset(question["texts"])
        return [b"T", *packed(table_of(_within_rows(frame, MAX_TABLE_ROWS), names, texts, cells=cells))]
    except BaseException as error:  # noqa: BLE001 - a panic of the decoder is no Exception, and is a broken file
        return [b"E", first_line(error).encode("utf-8", "replace")]


def _parquet(
    content: memoryview, rows: int, columns: int, *, nested: bool = False, enough: Enough | None = None
) -> pl.DataFrame:
    """The frame, with one row more than allowed at most; counts in the file's own footer are not believed."""
    import polars as pl

    lazy = pl.scan_parquet(io.BytesIO(content), glob=False, use_statistics=False)
    schema = lazy.collect_schema()
    if len(schema) > columns:
        raise DecodeError(f"{len(schema)} columns (at most {columns})")
    names = schema.names()
    wanted = frozenset(names) if enough is None else enough.of(names)
    kept = [name for name in names if name in wanted]
    lazy, schema = lazy.select(kept), pl.Schema({name: schema[name] for name in kept})
    odd = {name: kind for name, kind in schema.items() if kind.is_nested() or kind in (pl.Object, pl.Binary)}
    for name, kind in odd.items():
        if not nested:
            raise DecodeError(f"column {name[:60]!r} is of type {kind} (text or numbers)")
    return lazy.with_columns(pl.lit(None).alias(name) for name in odd).head(rows + 1).collect()


def _within_rows(frame: pl.DataFrame, rows: int) -> pl.DataFrame:
    if frame.height > rows:
        raise DecodeError(f"more than {rows:,} rows (at most that)")
    return frame


def _csv(content: memoryview, separator: str) -> pl.DataFrame:
    import polars as pl

    return pl.read_csv(
        io.BytesIO(content),
        separator=separator,
        infer_schema=False,
        n_rows=MAX_TABLE_ROWS + 1,
        glob=False,
        truncate_ragged_lines=False,
    )


def first_line(error: BaseException) -> str:
    """The first line of an error, short enough to be shown."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:160]


if __name__ == "__main__":
    main()
