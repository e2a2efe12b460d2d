"""Which rows does a file of training data hold: their names, and their texts? In portions, for such files are large.

CSV, JSON Lines, JSON (a list of objects) or Parquet. CSV and JSON Lines are read as a stream, whatever their size.
"""

from __future__ import annotations

import csv
import hashlib
import io
import itertools
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO, cast

import orjson

from assay.connectors.evals.faults import listed, shown
from assay.connectors.evals.files import EvalFile
from assay.connectors.evals.json_files import load_json
from assay.connectors.evals.parquet_child import CHILD, DecodeError
from assay.connectors.evals.runs import whole_text
from assay.connectors.evals.table import Enough, labels_of
from assay.connectors.evals.text_tables import separator_of
from assay.errors import Invalid

ID_COLUMNS = ("sample_id", "id")
"""What names a row, the first of these that is there; rows of a file without one go by their number."""
PORTION = 20_000
MAX_LINE_BYTES = 64 * 2**20
_PARQUET_MAGIC = b"PAR1"
_HEADER_BYTES = 2**20

Row = tuple[str, str]
"""Name and text of a row; the name is empty where the row has none, the text where no column was asked for."""
Told = Callable[[int], None]
"""Hears how many more bytes were read."""


@dataclass(slots=True)
class TrainingFile:
    """One file of training data; what was counted is known when its portions have been read.

    Attributes:
        file: where it lies.
        text: column with the texts; None when only names are asked for.
        told: hears how many bytes were read, as they are.
        rows: how many rows were read so far.
        unnamed: how many of these have no name.
        digest: SHA-256 of the file, once it was read whole.
    """

    file: EvalFile
    text: str | None
    told: Told = lambda _: None
    rows: int = 0
    unnamed: int = 0
    digest: str = ""

    def portions(self) -> Iterator[Sequence[Row]]:
        """The rows, some thousands at a time.

        Raises:
            Invalid: naming the file, the row or line, what was found and what is expected.
        """
        rows = self._named(self._rows())
        while portion := list(itertools.islice(rows, PORTION)):
            yield portion
        if not self.rows:
            raise self._fault("no rows", "one row a training example")

    def _named(self, rows: Iterable[Row]) -> Iterator[Row]:
        for name, text in rows:
            self.rows += 1
            if name:
                yield name, text
            else:
                self.unnamed += 1
                yield f"{self.file.name} row {self.rows}", text

    def _rows(self) -> Iterator[Row]:
        with self.file.opened() as opened:
            stream = _Watched(opened, self.told)
            start = opened.peek(4096)[:4096] if isinstance(opened, io.BufferedReader) else b""
            first = start.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
            if start[:4] == _PARQUET_MAGIC:
                yield from self._parquet(stream)
            elif first == b"[":
                yield from self._chosen(enumerate(self._listed(stream), start=1), "row")
            elif first == b"{":
                yield from self._chosen(self._lines(stream), "line")
            elif first:
                yield from self._csv(stream)
            self.digest = stream.hash.hexdigest()

    def _lines(self, stream: _Watched) -> Iterator[tuple[int, Any]]:
        for number, line in enumerate(iter(lambda: stream.readline(MAX_LINE_BYTES + 1), b""), start=1):
            if len(line) > MAX_LINE_BYTES:
                raise self._fault(
                    f"line {number} is longer than {MAX_LINE_BYTES // 2**20} MB", "one row a line"
                )
            if line.strip(b"\xef\xbb\xbf \t\r\n"):
                yield number, self._json(line.removeprefix(b"\xef\xbb\xbf"), number)

    def _json(self, line: bytes, number: int) -> Any:
        try:
            return orjson.loads(line)
        except ValueError:
            pass
        try:
            return json.loads(line)  # NaN, which is no JSON, is written all the same
        except (ValueError, RecursionError) as error:
            raise self._fault(f"line {number} is broken JSON", "one whole JSON object a line") from error

    def _listed(self, stream: _Watched) -> list[Any]:
        value = load_json(self.file.name, stream.whole(self.file))
        if not isinstance(value, list):
            raise self._fault("no list", "a list of objects, or JSON Lines")
        return value

    def _chosen(self, rows: Iterable[tuple[int, Any]], place: str) -> Iterator[Row]:
        keys: Mapping[str, Any] = {}
        texts = names = 0
        for number, row in rows:
            if not isinstance(row, dict):
                raise self._fault(f"{place} {number} is no object", "one object a row")
            keys = keys or row
            name = next((row[key] for key in ID_COLUMNS if row.get(key) is not None), None)
            found = row.get(self.text) if self.text is not None else None
            texts, names = texts + (found is not None), names + (name is not None)
            yield "" if name is None else whole_text(name), whole_text(found)
        self._check_columns(list(keys), texts=texts > 0, names=names > 0)

    def _csv(self, stream: _Watched) -> Iterator[Row]:
        text = io.TextIOWrapper(cast(BinaryIO, stream), encoding="utf-8-sig", newline="")
        try:
            header = text.readline(_HEADER_BYTES)
            separator = separator_of(header)
            columns = [one.strip() for one in next(csv.reader([header], delimiter=separator), [])]
            name = next((columns.index(one) for one in ID_COLUMNS if one in columns), None)
            at = columns.index(self.text) if self.text is not None and self.text in columns else None
            self._check_columns(columns, texts=at is not None, names=name is not None)
            lines = csv.reader(text, delimiter=separator, strict=True)
            for cells in lines:
                if not cells:
                    continue
                if len(cells) != len(columns):
                    place = f"row {self.rows + 1} (line {lines.line_num + 1}) has {len(cells)} cells"
                    raise self._fault(place, f"{len(columns)}, as in the header")
                yield "" if name is None else cells[name], "" if at is None else cells[at]
        except (UnicodeDecodeError, csv.Error) as error:
            raise self._fault(
                f"row {self.rows + 1} cannot be read ({error})",
                "CSV in UTF-8, cells of at most 128 KB",
                hint="write JSON Lines, which have no such limit",
            ) from error

    def _parquet(self, stream: _Watched) -> Iterator[Row]:
        asked = frozenset((*ID_COLUMNS, *(() if self.text is None else (self.text,))))
        try:
            table = CHILD.table(
                stream.whole(self.file), as_text=asked, texts=asked, enough=Enough((), (), asked)
            )
        except DecodeError as error:
            raise self._fault(f"a broken file: {error}", "Parquet") from error
        columns = {name: labels_of(column) for name, column in table.columns.items()}
        name = next((columns[one] for one in ID_COLUMNS if one in columns), None)
        text = None if self.text is None else columns.get(self.text)
        self._check_columns([*columns, *table.left_out], texts=text is not None, names=name is not None)
        for row in range(table.rows):
            yield "" if name is None else name.text(row), "" if text is None else text.text(row)

    def _check_columns(self, known: Sequence[str], *, texts: bool, names: bool) -> None:
        if self.text is not None and not texts:
            raise self._fault(
                f"no text in a column {shown(self.text)} (it has: {listed(list(known), 12)})",
                "the column that the leakage check names as text",
            )
        if self.text is None and not names:
            raise self._fault(
                f"no column {' or '.join(ID_COLUMNS)} (it has: {listed(list(known), 12)})",
                "the names of the rows, or a text to compare",
                hint="name a column to compare: leakage: {against: FILE, text: COLUMN}",
            )

    def _fault(self, found: str, expected: str, *, hint: str = "") -> Invalid:
        return Invalid(
            f"cannot read training data '{self.file.name}': {found} (expected {expected})",
            hint=hint
            or "CSV, JSON Lines, JSON and Parquet can be read; docs/gates.md says which columns count",
            code="training-data-unreadable",
            field="checks.leakage.against",
        )


class _Watched(io.RawIOBase):
    """A stream that counts and hashes what goes by."""

    def __init__(self, stream: BinaryIO, told: Told) -> None:
        self.stream, self.told, self.hash = stream, told, hashlib.sha256()

    def readable(self) -> bool:
        return True

    def readline(self, size: int | None = -1, /) -> bytes:
        return self._seen(self.stream.readline(-1 if size is None else size))

    def read(self, size: int | None = -1, /) -> bytes:
        return self._seen(self.stream.read(-1 if size is None else size))

    def read1(self, size: int = -1, /) -> bytes:
        return self.read(size)

    def whole(self, file: EvalFile) -> bytes:
        """All of it, within the limit of files that have to be in memory at once. Raises Invalid beyond it."""
        content = file.content()
        self._seen(content)
        return content

    def _seen(self, data: bytes) -> bytes:
        self.hash.update(data)
        self.told(len(data))
        return data
