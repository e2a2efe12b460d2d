"""MLflow as a source of evidence: a SQLite file, a PostgreSQL store, a tracking server, or the old file store."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from urllib.parse import unquote

from assay.connectors.tracked.folder import local_path
from assay.connectors.trackers.mlflow.file_store import FileStore
from assay.connectors.trackers.mlflow.postgres_source import PostgresStore
from assay.connectors.trackers.mlflow.rest_client import RestClient, without_password
from assay.connectors.trackers.mlflow.rest_source import RestStore
from assay.connectors.trackers.mlflow.revisions import TESTED_REVISIONS
from assay.connectors.trackers.mlflow.sqlite_file import SqliteFile, checked_revision
from assay.connectors.trackers.mlflow.sqlite_source import SqliteStore
from assay.errors import Invalid
from assay.workflows.ports import SyncBatch
from assay.workflows.records import Source

Known = Callable[[], Mapping[str, str]]
_FORMS = "sqlite:///mlflow.db, a path to that file or to a folder mlruns, postgresql://HOST/DATABASE or http://HOST:PORT"


class MlflowSource:
    """Reads runs from MLflow without ever writing to it (implements `assay.workflows.ports.EvidenceSource`)."""

    def changes(self, source: Source, known: Callable[[], Mapping[str, str]]) -> Iterator[SyncBatch]:
        """Everything that differs from what the cursor says; nothing at all from an unchanged tracker.

        Raises Unavailable, naming tracker and URI, when it cannot be read now, and Invalid for a URI of no known form.
        """
        scheme = source.uri.strip().partition("://")[0].lower()
        if scheme in ("http", "https"):
            with RestClient(source.uri.strip()) as client:
                yield from RestStore(client, source, known).changes()
        elif scheme.partition("+")[0] in ("postgresql", "postgres"):
            yield from PostgresStore(source, known).changes()
        elif folder := mlruns_folder(source.uri):
            yield from FileStore(folder, source).changes(known)
        else:
            file = sqlite_path(source.uri)
            yield from SqliteStore(SqliteFile(file, uri=source.uri), source, known).changes()

    def check(self, source: Source) -> str:
        """One line about the connection: kind, version, runs found. Raises as `changes` does."""
        if source.uri.strip().lower().startswith(("http://", "https://")):
            return _server_line(source.uri.strip())
        if source.uri.strip().lower().startswith(("postgresql", "postgres:")):
            return PostgresStore(source, dict).check()
        if folder := mlruns_folder(source.uri):
            return FileStore(folder, source).check()
        file = SqliteFile(sqlite_path(source.uri), uri=source.uri)
        with file.reading() as connection:
            revision = checked_revision(connection, source.uri)
            (runs,) = connection.execute("SELECT count(*) FROM runs").fetchone()
        return f"MLflow {TESTED_REVISIONS[revision]} tables in {file.path.name} (SQLite): {_runs(runs)}"


def _server_line(uri: str) -> str:
    with RestClient(uri) as client:
        version = client.version()
        ids = [str(experiment.get("experiment_id")) for experiment in client.experiments()]
        runs = 0
        for start in range(0, len(ids), 100):
            runs += sum(len(page) for page in client.run_pages(ids[start : start + 100], 1000))
    return f"MLflow {version} server at {without_password(uri)}: {_runs(runs)}"


def _runs(count: int) -> str:
    return "1 run" if count == 1 else f"{count} runs"


def mlruns_folder(uri: str) -> str | None:
    """Which folder does this URI name? None when it names something else.

    MLflow writes the address of its old file store as `file:///data/mlruns`; whatever else is a folder is one too.

    >>> mlruns_folder("file:///data/mlruns"), mlruns_folder("sqlite:///mlflow.db"), mlruns_folder("/")
    ('/data/mlruns', None, '/')
    """
    text = uri.strip()
    path = local_path(text, kind="mlflow", example="./mlruns") if text.startswith("file:") else text
    # As a Path it would raise where a name is too long.
    return path if text.startswith("file:") or ("\x00" not in path and os.path.isdir(path)) else None  # noqa: PTH112


def sqlite_path(uri: str) -> Path:
    """Which file does this URI name? Invalid when it is no URI of a SQLite store.

    >>> sqlite_path("sqlite:////data/mlflow.db"), sqlite_path("sqlite:///mlflow.db"), sqlite_path("./mlflow.db")
    (PosixPath('/data/mlflow.db'), PosixPath('mlflow.db'), PosixPath('mlflow.db'))
    """
    text = uri.strip()
    if text.startswith("sqlite:///"):
        path = unquote(text.removeprefix("sqlite:///").partition("?")[0])
    else:
        path = text if "://" not in text else ""
    if not path or "\x00" in path:
        raise Invalid(
            f"cannot read tracker '{text[:200]}': not an MLflow store (expected {_FORMS})",
            code="tracker-uri-unknown",
            hint="assay connect mlflow sqlite:///mlflow.db",
            field="uri",
        )
    return Path(path)
