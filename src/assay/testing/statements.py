"""Which statements does a piece of work ask of SQLite?"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from sqlalchemy import Engine, event

_FRAME = ("--", "BEGIN", "COMMIT", "PRAGMA", "RELEASE", "ROLLBACK", "SAVEPOINT")
"""What holds statements together, and what triggers do."""


class Asked:
    """Listens to connections when it is told to."""

    def __init__(self) -> None:
        self._connections: list[Any] = []
        self._heard: list[str] = []
        self._listens = False

    def of(self, work: Callable[[], object]) -> list[str]:
        """Statements asked while this work was done, by any thread, with their values."""
        self._heard, self._listens = [], True
        self._tell_all(self._hear)
        work()
        self._listens = False
        self._tell_all(None)
        return self._heard

    def listen_to(self, connection: Any, _: object) -> None:
        """A connection was made."""
        self._connections.append(connection)
        if self._listens:
            connection.set_trace_callback(self._hear)

    def _tell_all(self, callback: Callable[[str], None] | None) -> None:
        for connection in self._connections:
            with suppress(sqlite3.ProgrammingError):  # closed meanwhile
                connection.set_trace_callback(callback)

    def _hear(self, statement: str) -> None:
        if not statement.startswith(_FRAME):
            self._heard.append(statement)


@contextmanager
def statements_heard() -> Iterator[Asked]:
    """Hears what is asked over connections that are made inside the block."""
    asked = Asked()
    event.listen(Engine, "connect", asked.listen_to)
    try:
        yield asked
    finally:
        event.remove(Engine, "connect", asked.listen_to)
