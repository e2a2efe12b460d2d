"""Is this database well, and what should somebody know about it?"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from assay.domain.governance.verification import head_fault, verify_chain
from assay.storage.migrate import current_version
from assay.storage.migrations import HEAD
from assay.storage.portable import counts
from assay.storage.postgres_store import PostgresStore
from assay.storage.session import Statement
from assay.storage.sqlite_store import SqliteStore

WAL_RESET_FIXED = (3, 51, 3)
"""First SQLite without the WAL-reset defect."""

Store = SqliteStore | PostgresStore


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing found.

    Attributes:
        name: what was looked at.
        value: what was found.
        ok: False needs a person; None is for information.
        advice: what to do, or why nothing needs doing.
    """

    name: str
    value: str
    ok: bool | None = None
    advice: str = ""


def storage_facts(store: Store, *, thorough: bool = False) -> list[Fact]:
    """What is to be said about this database?

    Args:
        store: the database, open.
        thorough: also check every page and every journal entry, which reads the whole database.
    """
    with store.read() as tx:
        facts = _sqlite_facts(store) if isinstance(store, SqliteStore) else [_postgres_fact(tx)]
        version = current_version(tx.connection)
        facts.append(Fact("database version", str(version), version == HEAD))
        rows = counts(tx)
        facts.append(Fact("rows", ", ".join(f"{name} {count}" for name, count in rows.items() if count)))
        facts.append(_journal_fact(tx, rows["journal"]))
        if thorough:
            facts += _thorough(tx)
    return facts


def wal_reset_risk(version: tuple[int, ...]) -> Fact:
    """Does this SQLite carry the WAL-reset defect, and does it matter here?"""
    name = ".".join(map(str, version))
    if version >= WAL_RESET_FIXED:
        return Fact("SQLite", name, True)
    return Fact(
        "SQLite",
        name,
        True,
        "This version can damage a database when two connections write or write back its log at the same moment "
        "(fixed in 3.51.3). Assay is not affected: one connection writes and writes back, and a lock file keeps other "
        "processes out. Do not write to the file with other programs while Assay runs.",
    )


def _sqlite_facts(store: SqliteStore) -> list[Fact]:
    log = store.path.with_name(store.path.name + "-wal")
    log_bytes = log.stat().st_size if log.exists() else 0
    mode = store.path.stat().st_mode & 0o777
    return [
        wal_reset_risk(sqlite3.sqlite_version_info),
        Fact("file", f"{store.path}, {store.path.stat().st_size:,} bytes, log {log_bytes:,} bytes"),
        Fact(
            "file rights", oct(mode), not mode & 0o077, "" if not mode & 0o077 else f"chmod 600 {store.path}"
        ),
        _writing_fact(store.trouble),
    ]


def _writing_fact(trouble: str | None) -> Fact:
    if trouble is not None:
        return Fact("writing", trouble, False, "check the disk, then restart Assay")
    return Fact("writing", "one writer, group commit, synchronous=FULL", True)


def _postgres_fact(tx: Any) -> Fact:
    ((name,),) = tx.select(text("SELECT version()"))
    ((flush,),) = tx.select(text("SHOW fsync"))
    advice = "" if flush == "on" else "fsync is off: a power cut can destroy the database. Set fsync = on."
    return Fact("PostgreSQL", f"{str(name).split(' on ')[0]}, fsync {flush}", flush == "on", advice)


def _journal_fact(tx: Any, entries: int) -> Fact:
    size, entry_hash = tx.head()
    whole = size == entries and tx.remembered_head().fault(size, entry_hash) is None
    advice = "" if whole else "entries are missing, or another end is remembered: assay audit verify"
    return Fact("journal", f"{size} entries, head {entry_hash.hex()[:16]}", whole, advice)


def _thorough(tx: Any) -> list[Fact]:
    report = verify_chain(tx.raw_entries())
    facts = [Fact("journal chain", "whole" if report.ok else report.fault.message, report.ok)]  # type: ignore[union-attr]
    if report.ok:
        fault = head_fault(tx.remembered_head(), report.head)
        advice = (
            "" if fault is None else "nothing can be written until it is rebuilt: assay audit rebuild-head"
        )
        found = "that of the entries" if fault is None else fault.message
        facts.append(Fact("journal head", found, fault is None, advice))
    if tx.engine == "sqlite":
        found = "; ".join(str(line) for (line,) in tx.rows(Statement(text("PRAGMA integrity_check(3)"))))
        facts.append(
            Fact("integrity", found, found == "ok", "" if found == "ok" else "restore the last backup")
        )
    return facts
