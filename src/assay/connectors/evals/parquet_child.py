"""Parquet files are decoded in a child process, for a hostile one can end the process that decodes it.

A file with a few changed bytes makes the decoder panic in a way that aborts or hangs the whole process. So a child with
a memory limit decodes, and its parent waits with a deadline: a server survives whatever a run has logged. The child is
kept for the next file and goes away by itself when it was idle for a while.

On the pipe every message is its length (8 bytes, little-endian) and its bytes; an answer begins with one byte that says
what it is: `F` an Arrow file, `E` an error text.
"""

from __future__ import annotations

import atexit
import io
import os
import select
import subprocess
import sys
import threading
import time
from typing import IO

MAX_ROWS = 5_000_000
MAX_COLUMNS = 200
MEMORY_LIMIT_BYTES = 4 * 2**30
DEADLINE_S = 30.0
IDLE_S = 60.0
_LENGTH = 8


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
        with self._lock:
            try:
                self._send(content)
                answer = self._receive(time.monotonic() + deadline_s)
            except TimeoutError as error:
                self._stop()
                raise DecodeError(f"it takes longer than {deadline_s:.0f} s to decode") from error
            except (OSError, EOFError) as error:
                self._stop()
                raise DecodeError("it makes the Parquet decoder crash") from error
        if answer[:1] != b"F":
            raise DecodeError(answer[1:].decode("utf-8", "replace"))
        return answer[1:]

    def close(self) -> None:
        """End the child, if there is one; the next file starts another."""
        with self._lock:
            self._stop()

    def _send(self, content: bytes) -> None:
        message = len(content).to_bytes(_LENGTH, "little") + content
        if self._process is not None and self._process.poll() is None:
            try:
                _write_all(_pipe(self._process.stdin), message)
            except OSError:
                self._stop()  # it went idle at this very moment
            else:
                return
        self._stop()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "assay.connectors.evals.parquet_child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            env={
                "PYTHONPATH": os.pathsep.join(p for p in sys.path if p),
                "POLARS_MAX_THREADS": "1",
                "LC_ALL": "C.UTF-8",
            },
        )
        _write_all(_pipe(self._process.stdin), message)

    def _receive(self, deadline: float) -> bytes:
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


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    assert stream is not None
    return stream


def _write_all(stream: IO[bytes] | io.FileIO, message: bytes) -> None:
    view = memoryview(message)
    while view:
        view = view[stream.write(view) :]


def _read_exactly(stream: IO[bytes] | io.FileIO, count: int, deadline: float) -> bytes:
    parts = []
    while count:
        ready, _, _ = select.select([stream], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            raise TimeoutError
        part = os.read(stream.fileno(), min(count, 2**20))
        if not part:
            raise EOFError
        parts.append(part)
        count -= len(part)
    return b"".join(parts)


def main() -> None:
    """The child: answers files on its standard input until that closes or stays silent."""
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT_BYTES, MEMORY_LIMIT_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    source, target = io.FileIO(0, "r", closefd=False), io.FileIO(1, "w", closefd=False)
    while True:
        try:
            length = int.from_bytes(_read_exactly(source, _LENGTH, time.monotonic() + IDLE_S), "little")
            content = _read_exactly(source, length, time.monotonic() + DEADLINE_S)
        except (EOFError, TimeoutError):
            return
        answer = _answer(content)
        _write_all(target, len(answer).to_bytes(_LENGTH, "little"))
        _write_all(target, answer)


def _answer(content: bytes) -> bytes:
    import polars as pl

    try:
        lazy = pl.scan_parquet(io.BytesIO(content), glob=False, use_statistics=False)
        schema = lazy.collect_schema()
        if len(schema) > MAX_COLUMNS:
            return f"E{len(schema)} columns (at most {MAX_COLUMNS})".encode()
        for name, kind in schema.items():
            if kind.is_nested() or kind in (pl.Object, pl.Binary):
                return f"Ecolumn {name[:60]!r} is of type {kind} (text or numbers)".encode("utf-8", "replace")
        # One row more than allowed is enough to know; counts in the file's own footer are not believed.
        buffer = io.BytesIO()
        lazy.head(MAX_ROWS + 1).collect().write_ipc(buffer)
        return b"F" + buffer.getvalue()
    except BaseException as error:  # noqa: BLE001 - a panic of the decoder is no Exception, and is a broken file
        return b"E" + first_line(error).encode("utf-8", "replace")


def first_line(error: BaseException) -> str:
    """The first line of an error, short enough to be shown."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:160]


if __name__ == "__main__":
    main()
