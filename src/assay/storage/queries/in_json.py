"""What does a kept JSON document say, asked inside a statement? Both engines read it where it lies."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, ColumnElement, Float, Text, cast, exists, func, literal_column, select


def json_word(engine: str, column: ColumnElement[Any], name: str) -> ColumnElement[Any]:
    """The text of a field at the top of the document; null where it has none."""
    if engine == "sqlite":
        return func.json_extract(column, literal_column(f"'$.{name}'"))
    return func.nullif(func.btrim(_part(column, name), literal_column("'\"'")), literal_column("'null'"))


def json_number(engine: str, column: ColumnElement[Any], name: str) -> ColumnElement[Any]:
    """The number of a field at the top of the document; null where it has none."""
    found = json_word(engine, column, name)
    return found if engine == "sqlite" else cast(found, Float)


def json_true(engine: str, column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    """Does the document say true in a field at its top?"""
    if engine == "sqlite":
        return json_word(engine, column, name) == literal_column("1")
    return _part(column, name) == literal_column("'true'")


def json_entry(engine: str, column: ColumnElement[Any], part: str, name: str) -> ColumnElement[Any]:
    """The text under this name in an object at the top of the document; null where it has none. Both names are ours, without quotes."""
    if engine == "sqlite":
        return func.json_extract(column, literal_column(f"""'$.{part}."{name}"'"""))
    found = func.json_extract_path(
        cast(column, JSON), literal_column(f"'{part}'"), literal_column(f"'{name}'")
    )
    return func.btrim(cast(found, Text), literal_column("'\"'"))


def _part(column: ColumnElement[Any], name: str) -> ColumnElement[str]:
    # As JSON and not as text, which PostgreSQL refuses of a document that holds the character 0 anywhere.
    return cast(func.json_extract_path(cast(column, JSON), literal_column(f"'{name}'")), Text)


def json_has_entry(
    engine: str, column: ColumnElement[Any], part: str, name: str, value: str
) -> ColumnElement[bool]:
    """Does an object at the top of the document hold this text under this name? Names are anything, so they stand in no path."""
    if engine == "sqlite":
        entries = func.json_each(column, literal_column(f"'$.{part}'"))
    else:
        entries = func.json_each_text(
            func.json_extract_path(cast(column, JSON), literal_column(f"'{part}'"), type_=JSON)
        )
    rows = entries.table_valued("key", "value", name="entry")
    return exists(
        select(literal_column("1")).select_from(rows).where(rows.c.key == name, rows.c.value == value)
    )
