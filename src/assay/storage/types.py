"""How is each kind of value kept, so that both engines give back the same?"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import orjson
from sqlalchemy import REAL, TIMESTAMP, BigInteger, Dialect, Double, Integer, LargeBinary, Text
from sqlalchemy.types import TypeDecorator, TypeEngine

from assay.domain.kernel.time import utc

BigInt = BigInteger().with_variant(Integer(), "sqlite")
"""64 bits; `INTEGER` on SQLite, so that a key is the row id."""

Real: TypeEngine[float] = Double().with_variant(REAL(), "sqlite")
"""A double; NaN is never written to such a column."""

Blob = LargeBinary()

Words = Text()
"""Text for people, compared byte by byte on SQLite, by the database's locale on PostgreSQL."""

Key = Text().with_variant(Text(collation="C"), "postgresql")
"""Text for machines: keys, kinds, digests. Sorted by code point on both engines."""


class UtcDateTime(TypeDecorator[datetime]):
    """An aware moment in UTC: `timestamptz` on PostgreSQL, sortable ISO text with microseconds on SQLite.

    Raises:
        ValueError: on a naive time, whose moment is unknown.
    """

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Which column type is used?"""
        if dialect.name == "postgresql":
            return dialect.type_descriptor(TIMESTAMP(timezone=True))
        return dialect.type_descriptor(Text())

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """What is written?"""
        return _to_driver(value) if dialect.name == "postgresql" else _to_text(value)

    def bind_processor(self, dialect: Dialect) -> Callable[[datetime | None], Any]:
        """The same in one call: a sync writes thousands of moments."""
        return _to_driver if dialect.name == "postgresql" else _to_text

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """What is read back?"""
        return _from_driver(value) if dialect.name == "postgresql" else _from_text(value)

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], datetime | None]:  # noqa: ARG002  # SQLAlchemy's form
        """The same in one call: a page reads thousands of moments."""
        return _from_driver if dialect.name == "postgresql" else _from_text


def _to_text(value: datetime | None) -> str | None:
    if value is None:
        return None
    moment = value if value.tzinfo is UTC else utc(value)
    # Several times as fast as `isoformat`, but a whole second comes without its zeros.
    text = orjson.dumps(moment, option=orjson.OPT_UTC_Z).decode()
    return text[1:-1] if moment.microsecond else f"{text[1:-2]}.000000Z"


def _to_driver(value: datetime | None) -> datetime | None:
    return None if value is None else utc(value)


def _from_text(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value)


def _from_driver(value: datetime | None) -> datetime | None:
    return None if value is None else value.astimezone(UTC)


Moment = UtcDateTime()


def storable(text: str) -> str:
    r"""Which text can every engine keep and index? NUL and lone surrogates become U+FFFD; documents keep the original.

    >>> storable("a\x00b") == "a\ufffdb"
    True
    """
    if "\x00" not in text and text.isascii():
        return text
    clean = text.replace("\x00", "\ufffd")
    return clean.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
