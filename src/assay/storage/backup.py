"""How is everything kept safe elsewhere, while people go on working?

A backup is one zip file: `manifest.json` beside either the SQLite database as it stood (`database.sqlite`) or one JSON Lines
file a table. It is verified before it gets its name, and again before it replaces anything.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import sqlite3
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import IO, Any

from assay.domain.governance.verification import head_fault, verify_chain
from assay.domain.kernel.time import timestamp
from assay.errors import AssayError, Conflict, Invalid, NotFound, Refused, Unavailable
from assay.storage import portable
from assay.storage.archives import ZIP_FAULTS, opened_archive
from assay.storage.faults import is_full
from assay.storage.lockfile import FileLock
from assay.storage.migrations import HEAD, VERSIONS
from assay.storage.postgres_store import PostgresStore
from assay.storage.replaceable import must_be_replaceable
from assay.storage.sqlite_store import SqliteStore
from assay.storage.transactions import Reading

FORMAT = "assay/backup@1"
MANIFEST, DATABASE, TABLES = "manifest.json", "database.sqlite", "tables/{}.jsonl"
BLOCK_BYTES = 2**20
MAX_MANIFEST_BYTES = 2**20

Store = SqliteStore | PostgresStore


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup holds.

    Attributes:
        kind: `sqlite` (the file as it stood) or `tables` (JSON Lines).
        version: version of the database.
        at: when it was made, UTC.
        counts: rows in each table.
        journal_size: entries of the journal.
        journal_head: hash of the newest entry, hex.
        digests: file of the backup to `sha256:...` of its content.
    """

    kind: str
    version: str
    at: str
    counts: dict[str, int]
    journal_size: int
    journal_head: str
    digests: dict[str, str]
    format: str = FORMAT


def back_up(store: Store, target: Path, *, at: datetime, portable_form: bool = False) -> Manifest:
    """Write everything to one file, verified, while others read and write.

    Args:
        store: where everything is.
        target: the new file; it must not exist.
        at: now, for the manifest.
        portable_form: one file a table, which restores into either engine; always so from PostgreSQL.

    Raises:
        Conflict: the target exists.
        Unavailable: it cannot be written, or what was written does not verify.
    """
    if target.exists():
        raise Conflict(
            f"cannot write backup '{target}': the file exists (expected a new name)",
            hint="name another file",
            code="backup-exists",
        )
    try:
        with tempfile.TemporaryDirectory(prefix=".assay-backup-", dir=target.parent) as folder:
            draft = Path(folder) / "backup.zip"
            if isinstance(store, SqliteStore) and not portable_form:
                manifest = _write_file_backup(store, draft, at)
            else:
                manifest = _write_table_backup(store, draft, at)
            draft.chmod(0o600)
            _flush(draft)
            draft.replace(target)
            _flush(target.parent)
    except (OSError, sqlite3.OperationalError) as error:
        raise Unavailable(
            f"cannot write backup '{target}': {_fact(error)} (expected room and permission)",
            hint="name a folder that exists, with enough space",
            code="backup-not-writable",
        ) from error
    return manifest


def read_manifest(source: Path) -> Manifest:
    """What does this backup hold? Its files are not checked here.

    Raises:
        NotFound: there is no such file.
        Invalid: it is no backup.
        Refused: a newer program wrote it.
    """
    if not source.is_file():
        fact = f"cannot restore '{source}': there is no such file"
        raise NotFound(fact, hint="name a file that assay backup wrote", code="backup-missing")
    try:
        with _archive(source) as archive, archive.open(MANIFEST) as file:
            manifest = Manifest(**json.loads(file.read(MAX_MANIFEST_BYTES)))
    except (Invalid, TypeError) as error:
        raise _damaged(source, "it has no readable manifest") from error
    except OSError as error:
        raise _not_restorable(source, error) from error
    if manifest.format != FORMAT or manifest.version not in VERSIONS:
        raise Refused(
            f"cannot restore '{source}': format {manifest.format!r}, version {manifest.version!r} "
            f"(expected {FORMAT}, {HEAD} or older)",
            hint="install the newer assay that wrote it",
            code="backup-newer",
        )
    return manifest


def restore_file(source: Path, target: Path, *, at: datetime, replace: bool = True) -> Path | None:
    """Put a backup in the place of a SQLite database; returns where the old one is kept, None when there was none.

    Everything is verified before the old file moves away. Without `replace`, a database in which something happened is not replaced.

    Raises:
        Refused: something happened in the database, and it may not be replaced.
        Unavailable: a process uses the database, or there is no room or no permission.
        Invalid: the backup is damaged.
    """
    manifest = read_manifest(source)
    target = target.absolute()
    try:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with ExitStack() as stack:
            stack.callback(FileLock(target).release)
            if not replace:
                must_be_replaceable(target, source)
            folder = stack.enter_context(
                tempfile.TemporaryDirectory(prefix=".assay-restore-", dir=target.parent)
            )
            fresh = Path(folder) / "fresh.db"
            if manifest.kind == "sqlite":
                _extract_database(source, manifest, fresh)
            else:
                _check_tables(source, manifest)
                with SqliteStore(fresh) as store:
                    _load_tables(source, store, version=manifest.version)
            _verify_file(fresh, manifest)
            fresh.chmod(0o600)
            return _swap(fresh, target, at)
    except (OSError, sqlite3.OperationalError) as error:
        raise _not_restorable(source, error) from error


def restore_into(source: Path, store: Store) -> Manifest:
    """Load a backup of either form into an empty database (the way from SQLite to PostgreSQL).

    Raises:
        Refused: the database is not empty.
        Invalid: the backup is damaged.
    """
    manifest = read_manifest(source)
    try:
        if manifest.kind == "tables":
            _check_tables(source, manifest)
            _load_tables(source, store, version=manifest.version)
        else:
            manifest = _load_database(source, manifest, store)
    except (OSError, sqlite3.OperationalError) as error:
        raise _not_restorable(source, error) from error
    with store.read() as tx:
        _verify(tx, manifest, str(source))
    return manifest


# ----------------------------------------------------------------------------------------------------------- writing


def _write_file_backup(store: SqliteStore, draft: Path, at: datetime) -> Manifest:
    copy = draft.with_name("copy.db")
    # One step: in small steps, a backup of a busy database starts again and again and never ends.
    with closing(sqlite3.connect(store.path)) as live, closing(sqlite3.connect(copy)) as dead:
        live.backup(dead, pages=-1)
        dead.execute("PRAGMA journal_mode=DELETE").fetchall()
    with _opened(copy) as tx:
        facts = _facts(tx)
    manifest = Manifest(kind="sqlite", at=timestamp(at), digests={DATABASE: _digest_of(copy)}, **facts)
    _verify_file(copy, manifest)
    with zipfile.ZipFile(draft, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
        archive.write(copy, DATABASE)
        archive.writestr(MANIFEST, _json(manifest))
    copy.unlink()
    return manifest


def _write_table_backup(store: Store, draft: Path, at: datetime) -> Manifest:
    digests: dict[str, str] = {}
    with store.read() as tx, zipfile.ZipFile(draft, "w", zipfile.ZIP_DEFLATED, True, 1) as archive:
        facts = _facts(tx)
        for table in portable.carried_tables():
            name = TABLES.format(table.name)
            with archive.open(name, "w", force_zip64=True) as file:
                digests[name] = _write_lines(file, portable.lines_of(tx, table))
        manifest = Manifest(kind="tables", at=timestamp(at), digests=digests, **facts)
        archive.writestr(MANIFEST, _json(manifest))
        _verify(tx, manifest, str(draft))
    return manifest


def _write_lines(file: IO[bytes], lines: Iterator[bytes]) -> str:
    digest = hashlib.sha256()
    for line in lines:
        digest.update(line)
        file.write(line)
    return f"sha256:{digest.hexdigest()}"


def _facts(tx: Reading) -> dict[str, Any]:
    head = tx.journal_head()
    named = {"journal_size": head.size, "journal_head": head.head.hex()}
    return {"version": HEAD, "counts": portable.counts(tx), **named}


def _json(manifest: Manifest) -> bytes:
    return json.dumps(asdict(manifest), indent=2).encode()


# --------------------------------------------------------------------------------------------------------- restoring


def _extract_database(source: Path, manifest: Manifest, target: Path) -> None:
    with _archive(source) as archive, archive.open(DATABASE) as packed, target.open("wb") as file:
        shutil.copyfileobj(packed, file, BLOCK_BYTES)
    if _digest_of(target) != manifest.digests.get(DATABASE):
        raise _damaged(source, "the database in it has another digest than its manifest says")


def _load_database(source: Path, manifest: Manifest, store: Store) -> Manifest:
    """Load a backup of a SQLite file by way of tables; returns the manifest of those."""
    with tempfile.TemporaryDirectory(prefix="assay-restore-") as folder:
        copy, lines = Path(folder) / "copy.db", Path(folder) / "lines.zip"
        _extract_database(source, manifest, copy)
        with SqliteStore(copy) as old:
            carried = _write_table_backup(old, lines, datetime.fromisoformat(manifest.at))
        _load_tables(lines, store)
    return carried


def _check_tables(source: Path, manifest: Manifest) -> None:
    """Every table as its manifest says, before anything is made of them."""
    with _archive(source) as archive:
        for table in portable.carried_tables(manifest.version):
            name = TABLES.format(table.name)
            with archive.open(name) as file:
                digest = hashlib.sha256()
                while block := file.read(BLOCK_BYTES):
                    digest.update(block)
            if f"sha256:{digest.hexdigest()}" != manifest.digests.get(name):
                raise _damaged(source, f"{name} has another digest than its manifest says")


def _load_tables(source: Path, store: Store, *, version: str = HEAD) -> None:
    def work(tx: Any) -> None:
        if any(
            rows for name, rows in portable.counts(tx).items() if name not in {"journal_head", "instance"}
        ):
            raise Refused(
                "cannot restore: the database is not empty (expected a new one)",
                hint="name a new database",
                code="database-not-empty",
            )
        portable.make_room(tx)
        with _archive(source) as archive:
            for table in portable.carried_tables(version):
                with archive.open(TABLES.format(table.name)) as file:
                    portable.load_lines(tx, table, file, version=version)
        portable.finish_load(tx, version=version)
        tx.appended = None  # so that the head just loaded is read
        tx.current_head()

    store.write(work)


def _swap(fresh: Path, target: Path, at: datetime) -> Path | None:
    """Put the fresh file in the place of the target in one step: a power cut leaves the one or the other."""
    kept = None
    _flush(fresh)
    if target.exists() and target.stat().st_size:
        kept = _free_name(target.with_name(f"{target.name}.before-restore-{at:%Y%m%dT%H%M%SZ}"))
        _write_log_back(target)
        for suffix in ("", "-wal"):
            if (file := _beside(target, suffix)).exists():
                _link(file, _beside(kept, suffix))
    for suffix in ("-wal", "-shm"):
        # A log must never meet another database than its own.
        _beside(target, suffix).unlink(missing_ok=True)
    fresh.replace(target)
    _flush(target.parent)
    return kept


def _write_log_back(database: Path) -> None:
    """Make the file whole without its log, where it can be; a damaged one is kept with its log, as it is."""
    try:
        with closing(sqlite3.connect(database)) as old:
            old.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            old.execute("PRAGMA journal_mode=DELETE").fetchall()
    except sqlite3.Error as error:
        if is_full(error):
            raise


def _link(file: Path, name: Path) -> None:
    """The same content under a second name."""
    try:
        os.link(file, name)
    except OSError:  # a file system without links
        shutil.copyfile(file, name)
        name.chmod(0o600)
        _flush(name)


def _free_name(wanted: Path) -> Path:
    """The name, with a number after it where a restore in the same second took it."""
    names = (wanted if number == 1 else _beside(wanted, f"-{number}") for number in count(1))
    return next(name for name in names if not name.exists())


def _beside(file: Path, suffix: str) -> Path:
    return file.with_name(file.name + suffix)


# --------------------------------------------------------------------------------------------------------- verifying


def _verify_file(path: Path, manifest: Manifest) -> None:
    try:
        with closing(sqlite3.connect(path)) as database:
            found = [line for (line,) in database.execute("PRAGMA integrity_check")]
            broken = database.execute("PRAGMA foreign_key_check").fetchmany(1)
    except sqlite3.OperationalError:
        raise  # the disk, not what stands on it
    except sqlite3.DatabaseError as error:
        raise _damaged(path, str(error)) from error
    if found != ["ok"] or broken:
        raise _damaged(
            path,
            f"integrity check: {found[0] if found != ['ok'] else f'row of {broken[0][0]} without parent'}",
        )
    with _opened(path) as tx:
        _verify(tx, manifest, str(path))


def _verify(tx: Reading, manifest: Manifest, name: str) -> None:
    report = verify_chain(tx.raw_entries())
    if not report.ok:
        raise _damaged(name, f"journal: {report.fault}")
    fault = head_fault(tx.remembered_head(), report.head)
    if fault is not None:
        raise _damaged(name, f"journal: {fault.message}")
    if (report.head.size, report.head.head.hex()) != (manifest.journal_size, manifest.journal_head):
        raise _damaged(name, "journal: another head than the manifest says")
    found = portable.counts(tx, manifest.version)
    if found != manifest.counts:
        wrong = next(table for table in manifest.counts if found.get(table) != manifest.counts[table])
        raise _damaged(name, f"{found.get(wrong)} rows in {wrong}, {manifest.counts[wrong]} in its manifest")


@contextmanager
def _opened(path: Path) -> Iterator[Reading]:
    """A copy nobody else uses, for reading."""
    from sqlalchemy import NullPool, create_engine

    engine = create_engine(
        "sqlite://",
        creator=lambda: sqlite3.connect(path, isolation_level=None),
        poolclass=NullPool,
        paramstyle="named",
    )
    with engine.connect() as connection:
        tx = Reading(connection)
        yield tx
        tx.close()


@contextmanager
def _archive(source: Path) -> Iterator[zipfile.ZipFile]:
    try:
        with opened_archive(source) as archive:
            yield archive
    except AssayError:
        raise
    except ZIP_FAULTS as error:
        raise _damaged(source, str(error) or "it ends too early") from error
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        raise _damaged(source, "it points to a place outside itself") from error


def _digest_of(path: Path) -> str:
    with path.open("rb") as file:
        return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _fact(error: OSError | sqlite3.Error) -> str:
    return getattr(error, "strerror", None) or str(error)


def _not_restorable(source: Path, error: OSError | sqlite3.Error) -> Unavailable:
    return Unavailable(
        f"cannot restore '{source}': {_fact(error)} (expected room and permission)",
        hint="nothing was replaced; free space or mend the permissions, then restore again",
        code="backup-not-restorable",
    )


def _damaged(source: Path | str, fact: str) -> Invalid:
    return Invalid(
        f"cannot use backup '{source}': {fact}",
        hint="take another backup; this one is damaged",
        code="backup-damaged",
    )
