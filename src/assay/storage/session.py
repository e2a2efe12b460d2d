"""How does a statement reach the database with as little as possible in between?

Statements are written once with SQLAlchemy Core, compiled once for each engine, and run on the driver's own cursor: a ticket
move is seven statements, and Core's execution alone would cost more than the disk.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import chain
from typing import Any, Protocol

import orjson
from sqlalchemy import (
    ARRAY,
    ClauseElement,
    ColumnElement,
    Connection,
    Dialect,
    Executable,
    Table,
    Text,
    any_,
    bindparam,
    func,
    literal_column,
    select,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import TypeDecorator, TypeEngine

from assay.errors import Invalid

Row = tuple[Any, ...]
Build = Callable[[str], ClauseElement]
ROWS_AT_ONCE = (1024, 256, 16, 1)
"""Few different sizes, so that few statements are compiled and kept."""
VALUES_AT_ONCE = 6000
"""What one statement takes at most: to compile 1024 rows of 21 columns takes 13 ms, 256 take 2."""


class Cursor(Protocol):
    """What both drivers' cursors can do."""

    rowcount: int

    def execute(self, sql: str, params: Mapping[str, Any] | Sequence[Any], /) -> Any: ...
    def executemany(self, sql: str, rows: Sequence[Mapping[str, Any] | Sequence[Any]], /) -> Any: ...
    def fetchone(self) -> Row | None: ...
    def fetchmany(self, size: int, /) -> list[Row]: ...
    def fetchall(self) -> list[Row]: ...
    def close(self) -> None: ...


class Form:
    """One statement as one engine takes it: text, values that are part of it, and conversions by name and position."""

    __slots__ = ("binds", "constants", "results", "sql")

    def __init__(self, statement: ClauseElement, dialect: Dialect, columns: Sequence[str] | None) -> None:
        compiled = statement.compile(dialect=dialect, column_keys=columns)
        assert isinstance(compiled, SQLCompiler)
        self.sql = compiled.string
        self.constants = {name: value for name, value in compiled.params.items() if value is not None}
        binds = (
            (name, _conversion(bind.type, dialect, "bind")) for bind, name in compiled.bind_names.items()
        )
        # A parameter that stands in two places is converted once.
        self.binds = tuple({name: convert for name, convert in binds if convert is not None}.items())
        types = [entry[3] for entry in compiled._result_columns]  # noqa: SLF001  # the public way needs an execution
        results = (_conversion(kind, dialect, "result") for kind in types)
        self.results = tuple((at, convert) for at, convert in enumerate(results) if convert is not None)

    def parameters(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Which values does the driver get?"""
        values = {**self.constants, **given}
        for name, convert in self.binds:
            values[name] = convert(values[name])
        return values

    def converted(self, row: Row) -> Row:
        """The row with moments as moments."""
        values = list(row)
        for at, convert in self.results:
            values[at] = convert(values[at])
        return tuple(values)


class NewRows:
    """An INSERT of rows given by position, as one engine takes it."""

    __slots__ = ("_convert", "_head", "_row")

    def __init__(self, table: Table, columns: Sequence[str], engine: str) -> None:
        self._head = f"INSERT INTO {table.name} ({', '.join(columns)}) VALUES "  # noqa: S608 - names of our own schema
        self._row = f"({', '.join(['?' if engine == 'sqlite' else '%s'] * len(columns))})"
        kinds = (table.columns[name].type for name in columns)
        found = ((at, _conversion(kind, _dialect(engine), "bind")) for at, kind in enumerate(kinds))
        self._convert = tuple((at, convert) for at, convert in found if convert is not None)

    def sql(self, count: int = 1) -> str:
        """The statement for so many rows."""
        return self._head + ", ".join([self._row] * count)

    def converted(self, rows: Sequence[Sequence[Any]]) -> Sequence[Sequence[Any]]:
        """What the driver gets."""
        return [self._converted(row) for row in rows] if self._convert else rows

    def _converted(self, given: Sequence[Any]) -> Sequence[Any]:
        row = list(given)
        for at, convert in self._convert:
            row[at] = convert(row[at])
        return row


@cache
def _new_rows(table: Table, columns: tuple[str, ...], engine: str) -> NewRows:
    return NewRows(table, columns, engine)


def _conversion(kind: TypeEngine[Any], dialect: Dialect, way: str) -> Callable[[Any], Any] | None:
    """Our own types convert; what the drivers give and take for the others is right as it is."""
    if not isinstance(kind, TypeDecorator):
        return None
    own = kind.dialect_impl(dialect)
    return own.bind_processor(dialect) if way == "bind" else own.result_processor(dialect, None)


class Statement:
    """A statement written once and compiled once for each engine.

    Args:
        build: the statement, or a function from the engine's name (`sqlite`, `postgresql`) to it where they differ.
        columns: columns that an INSERT or UPDATE sets from parameters of the same names.
    """

    __slots__ = ("_build", "_columns", "_forms")

    def __init__(self, build: ClauseElement | Build, columns: Sequence[str] | None = None) -> None:
        self._build = build
        self._columns = columns
        self._forms: dict[str, Form] = {}

    def on(self, engine: str) -> Form:
        """The compiled form for this engine."""
        form = self._forms.get(engine)
        if form is None:
            build = self._build
            statement = build if isinstance(build, ClauseElement) else build(engine)
            form = self._forms[engine] = Form(statement, _dialect(engine), self._columns)
        return form


@cache
def _dialect(engine: str) -> Dialect:
    if engine == "sqlite":
        return sqlite.dialect(paramstyle="named")
    from sqlalchemy.dialects.postgresql import psycopg

    return psycopg.dialect()  # type: ignore[no-untyped-call]


class Session:
    """One connection inside one transaction.

    Attributes:
        connection: for statements made on the fly (filters); it shares the transaction.
        engine: `sqlite` or `postgresql`.
    """

    __slots__ = ("_cursor", "_streams", "connection", "engine")

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.engine = connection.dialect.name
        self._cursor: Cursor = connection.connection.cursor()  # type: ignore[assignment]  # narrower than the DBAPI's
        self._streams: list[Cursor] = []

    def close(self) -> None:
        """End it: nothing can be read or written through it, nor through iterators it gave, from now on."""
        for cursor in (self._cursor, *self._streams):
            cursor.close()

    def rows(self, statement: Statement, **params: Any) -> list[Row]:
        """All rows of a fixed statement."""
        form = statement.on(self.engine)
        self._cursor.execute(form.sql, form.parameters(params))
        found = self._cursor.fetchall()
        return [form.converted(row) for row in found] if form.results else found

    def row(self, statement: Statement, **params: Any) -> Row | None:
        """The first row of a fixed statement, None when there is none."""
        form = statement.on(self.engine)
        self._cursor.execute(form.sql, form.parameters(params))
        found = self._cursor.fetchone()
        return form.converted(found) if found is not None and form.results else found

    def one(self, statement: Statement, **params: Any) -> Row:
        """The row of a statement that always has one."""
        found = self.row(statement, **params)
        assert found is not None
        return found

    def execute(self, statement: Statement, **params: Any) -> int:
        """Rows changed by a fixed statement."""
        form = statement.on(self.engine)
        self._cursor.execute(form.sql, form.parameters(params))
        return self._cursor.rowcount

    def execute_many(self, statement: Statement, rows: Sequence[Mapping[str, Any]]) -> None:
        """Run a fixed statement once for each row of parameters."""
        if rows:
            form = statement.on(self.engine)
            plain = rows if not (form.binds or form.constants) else [form.parameters(row) for row in rows]
            self._cursor.executemany(form.sql, plain)

    def add_rows(self, table: Table, columns: tuple[str, ...], rows: Sequence[Sequence[Any]]) -> None:
        """Insert rows that hold these columns in this order.

        SQLite gets many in one statement: it holds Python's lock only to hand them over, not once a row, so that
        another thread works on while this one writes.
        """
        form = _new_rows(table, columns, self.engine)
        values = form.converted(rows)
        if self.engine != "sqlite":
            if values:
                self._cursor.executemany(form.sql(), values)
            return
        done = 0
        for size in ROWS_AT_ONCE:
            while len(values) - done >= size and (size == 1 or size * len(columns) <= VALUES_AT_ONCE):
                self._cursor.execute(form.sql(size), [*chain.from_iterable(values[done : done + size])])
                done += size

    def stream(self, statement: Statement, *, size: int = 4096, **params: Any) -> Iterator[Row]:
        """Rows of a fixed statement, fetched `size` at a time on a cursor of their own."""
        form = statement.on(self.engine)
        cursor = self._streaming_cursor()
        try:
            cursor.execute(form.sql, form.parameters(params))
            while rows := cursor.fetchmany(size):
                yield from (map(form.converted, rows) if form.results else rows)
        finally:
            cursor.close()

    def select(self, statement: Executable, params: Mapping[str, Any] | None = None) -> list[Row]:
        """All rows of a statement made on the fly."""
        return [tuple(row) for row in self.connection.execute(statement, params or {})]

    def _streaming_cursor(self) -> Cursor:
        driver: Any = self.connection.connection.dbapi_connection
        # Server-side on PostgreSQL, where a plain cursor would fetch everything at once.
        named = {"name": f"assay_stream_{len(self._streams)}"} if self.engine == "postgresql" else {}
        cursor: Cursor = driver.cursor(**named)
        self._streams.append(cursor)
        return cursor


def to_json(value: object) -> str:
    """How is a structured value kept in a text column?

    Raises:
        Invalid: a text in it holds a lone surrogate, or an integer exceeds 64 bits.
    """
    try:
        return orjson.dumps(value).decode()
    except TypeError as error:
        raise Invalid(
            f"cannot store value: {error} (expected valid Unicode text, finite numbers, integers of at most 64 bits)",
            hint="correct the value and send it again",
            code="value-not-storable",
        ) from error


def from_json(text: str | bytes) -> Any:
    """What was kept?"""
    return orjson.loads(text)


def any_of(engine: str, values: Iterable[Any]) -> Any:
    """How is a list handed to a statement with `in_list`?"""
    return orjson.dumps(list(values)).decode() if engine == "sqlite" else list(values)


def in_list(engine: str, column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    """Is the column's value in the list given as parameter `name` (see `any_of`)?"""
    if engine == "sqlite":
        return column.in_(
            select(literal_column("value")).select_from(func.json_each(bindparam(name, type_=Text())))
        )
    return column == any_(bindparam(name, type_=ARRAY(column.type)))
