"""Changes of an MLflow PostgreSQL store, read from its tables in read-only transactions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from socket import gaierror
from typing import TYPE_CHECKING, Any

from assay.connectors.outbound import checked_addresses
from assay.connectors.tracked.marks import Marks
from assay.connectors.trackers.mlflow.artifacts import RUN_ID, local_scores
from assay.connectors.trackers.mlflow.assemble import assemble
from assay.connectors.trackers.mlflow.points import curves_by_run
from assay.connectors.trackers.mlflow.raw import LoggedDataset, RawRun, clean_text
from assay.connectors.trackers.mlflow.rest_client import without_password
from assay.connectors.trackers.mlflow.revisions import COLUMNS_READ, TESTED_REVISIONS
from assay.connectors.trackers.mlflow.sqlite_file import releases, unavailable
from assay.domain.experiments.evidence import Run
from assay.errors import Unavailable
from assay.workflows.ports import SyncBatch
from assay.workflows.records import Source

if TYPE_CHECKING:
    import psycopg

    Connection = psycopg.Connection[tuple[Any, ...]]

CURSOR_VERSION = 2
BATCH_RUNS = 1000
_CONNECT_S = 5
_STATEMENT_MS = 120_000
_SERVER_HINT = "connect its tracking server instead: assay connect mlflow http://HOST:PORT"
# One line a run that differs whenever anything read here differs. Points are only ever added, so counting them is enough.
_STATES = """
SELECT r.run_uuid, concat_ws(chr(31), r.name, r.status, r.start_time, r.end_time, r.lifecycle_stage, e.name, r.artifact_uri,
                             t.h, p.h, m.h, i.h), r.experiment_id, e.name
FROM runs r LEFT JOIN experiments e ON e.experiment_id = r.experiment_id
LEFT JOIN (SELECT run_uuid, md5(string_agg(key || chr(31) || coalesce(value, ''), chr(30) ORDER BY key)) AS h
           FROM tags GROUP BY run_uuid) t ON t.run_uuid = r.run_uuid
LEFT JOIN (SELECT run_uuid, md5(string_agg(key || chr(31) || value, chr(30) ORDER BY key)) AS h
           FROM params GROUP BY run_uuid) p ON p.run_uuid = r.run_uuid
LEFT JOIN (SELECT run_uuid, count(*) || ':' || max(timestamp) AS h FROM metrics GROUP BY run_uuid) m ON m.run_uuid = r.run_uuid
LEFT JOIN (SELECT destination_id, string_agg(input_uuid, ',' ORDER BY input_uuid) AS h FROM inputs
           WHERE destination_type = 'RUN' GROUP BY destination_id) i ON i.destination_id = r.run_uuid
ORDER BY r.start_time, r.run_uuid
"""
_RUNS = (
    "SELECT r.run_uuid, r.name, r.status, r.start_time, r.end_time, r.lifecycle_stage, r.artifact_uri, r.experiment_id, e.name"
    " FROM runs r LEFT JOIN experiments e ON e.experiment_id = r.experiment_id WHERE r.run_uuid = ANY(%s)"
    " ORDER BY r.start_time, r.run_uuid"
)
_PARAMS = "SELECT run_uuid, key, value FROM params WHERE run_uuid = ANY(%s)"
_TAGS = "SELECT run_uuid, key, value FROM tags WHERE run_uuid = ANY(%s)"
_POINTS = (
    "SELECT run_uuid, key, step, timestamp, CASE WHEN is_nan THEN NULL ELSE value END FROM metrics WHERE run_uuid = ANY(%s)"
    " ORDER BY run_uuid, key, step"
)
_INPUTS = (
    "SELECT i.destination_id, d.name, d.digest, t.value FROM inputs i JOIN datasets d ON d.dataset_uuid = i.source_id"
    " LEFT JOIN input_tags t ON t.input_uuid = i.input_uuid AND t.name = 'mlflow.data.context'"
    " WHERE i.source_type = 'DATASET' AND i.destination_type = 'RUN' AND i.destination_id = ANY(%s)"
)
_COLUMNS = "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = ANY(current_schemas(false))"


class PostgresStore:
    """Reads one store for one source. Each batch is one read-only snapshot."""

    def __init__(self, source: Source, known: Callable[[], Mapping[str, str]]) -> None:
        self.source = source
        self.known = known
        self.shown = without_password(source.uri)

    def check(self) -> str:
        """One line about the store."""
        with self._reading() as connection:
            revision = self._checked_revision(connection)
            row = connection.execute("SELECT count(*) FROM runs").fetchone()
        count = row[0] if row else 0
        runs = "1 run" if count == 1 else f"{count} runs"
        return f"MLflow {TESTED_REVISIONS[revision]} tables at {self.shown} (PostgreSQL): {runs}"

    def changes(self) -> Iterator[SyncBatch]:
        """Everything that differs from what the source's cursor says (see `assay.workflows.ports.EvidenceSource`)."""
        usable = self._usable()
        marks = Marks.from_text(self.source.cursor.get("marks")) if usable else Marks()
        with self._reading() as connection:
            revision = self._checked_revision(connection)
            states = connection.execute(_STATES).fetchall()
        note = f"tables (PostgreSQL, MLflow {TESTED_REVISIONS[revision]})"
        wanted = {run_id: state.encode() for run_id, state, *names in states if self._chosen(run_id, names)}
        changed = [run_id for run_id, state in wanted.items() if not marks.same(run_id, state)]
        kept = marks.without_others(wanted)
        if not changed and len(kept) == len(marks) and usable:
            return
        present = {row[0] for row in states}
        gone = tuple(sorted(set(self.known()) - present)) if len(kept) < len(marks) or not usable else ()
        done = 0
        for start in range(0, max(len(changed), 1), BATCH_RUNS):
            part = changed[start : start + BATCH_RUNS]
            runs, blobs = self._read(part)
            done += len(part)
            for run_id in part:
                kept.put(run_id, wanted[run_id])
            last = done == len(changed)
            yield SyncBatch(
                runs=runs,
                gone=gone if last else (),
                cursor=self._cursor(kept if last else marks),
                done=done,
                total=len(changed),
                blobs=blobs,
                note=note,
            )

    def _usable(self) -> bool:
        cursor = self.source.cursor
        same = cursor.get("version") == CURSOR_VERSION and cursor.get("how") == "postgresql"
        return same and cursor.get("filter") == list(self.source.experiment_filter)

    def _cursor(self, marks: Marks) -> dict[str, Any]:
        return {
            "version": CURSOR_VERSION,
            "how": "postgresql",
            "filter": list(self.source.experiment_filter),
            "marks": marks.to_text(),
        }

    def _chosen(self, run_id: str, experiment: Sequence[Any]) -> bool:
        chosen = self.source.experiment_filter
        inside = not chosen or any(str(name) in chosen for name in experiment)
        return inside and RUN_ID.match(run_id) is not None

    def _read(self, ids: list[str]) -> tuple[tuple[Run, ...], dict[str, bytes]]:
        runs: list[Run] = []
        blobs: dict[str, bytes] = {}
        with self._reading() as connection:
            raws = _raw_runs(connection, ids)
        for raw in raws:
            scores = local_scores(raw.artifact_uri, raw.external_id)
            runs.append(assemble(raw, source=self.source.name, url=None, scores=scores))
            if scores.digest is not None and scores.content is not None:
                blobs[scores.digest] = scores.content
        return tuple(runs), blobs

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        try:
            import psycopg
        except ImportError as error:
            raise Unavailable(
                f"cannot read MLflow store '{self.shown}': the PostgreSQL driver is not installed",
                hint="pip install 'assay[postgres]'",
                code="driver-missing",
            ) from error
        address = "postgresql://" + self.source.uri.strip().partition("://")[2]
        options = f"-c default_transaction_read_only=on -c statement_timeout={_STATEMENT_MS}"
        try:
            asked = psycopg.conninfo.conninfo_to_dict(address)
            where = psycopg.conninfo.make_conninfo(address, **_checked_hosts(asked, self.shown))
            with psycopg.connect(where, connect_timeout=_CONNECT_S, options=options) as connection:
                connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
                connection.read_only = True
                yield connection
        except (psycopg.Error, gaierror, UnicodeError) as error:
            fact = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
            raise unavailable(
                self.shown, fact, "check the address and the login, or " + _SERVER_HINT
            ) from error

    def _checked_revision(self, connection: Connection) -> str:
        present = set(connection.execute(_COLUMNS).fetchall())
        if ("alembic_version", "version_num") not in present or ("runs", "run_uuid") not in present:
            raise unavailable(self.shown, "it holds no MLflow tables", "name the database MLflow writes to")
        rows = connection.execute("SELECT version_num FROM alembic_version ORDER BY 1 LIMIT 9").fetchall()
        revision = "+".join(str(row[0]) for row in rows)
        if revision not in TESTED_REVISIONS:
            fact = f"schema revision {revision[:40]!r} was not tested (expected one of MLflow {', '.join(releases())})"
            raise unavailable(self.shown, fact, _SERVER_HINT)
        missing = sorted(
            f"{t}.{c}" for t, columns in COLUMNS_READ.items() for c in columns if (t, c) not in present
        )
        if missing:
            raise unavailable(
                self.shown, f"it lacks {', '.join(missing)} (expected MLflow's own schema)", _SERVER_HINT
            )
        return revision


def _checked_hosts(asked: Mapping[str, Any], shown: str) -> dict[str, str]:
    """Where to connect: each address that the hosts stand for, under its host's name; nothing for a local socket.

    Raises:
        Invalid: one of them is never connected to.
        OSError: nobody knows one of them.
    """
    hosts, given, ports = (str(asked.get(name) or "").split(",") for name in ("host", "hostaddr", "port"))
    remote = [host for host in (*hosts, *given) if host and not host.startswith(("/", "@"))]
    leads = {host: checked_addresses(host, shown=shown) for host in remote}
    if any(given) or len(remote) < len(hosts):
        return {}
    pairs = [
        (host, ports[place if len(ports) > 1 else 0], address)
        for place, host in enumerate(hosts)
        for address in leads[host]
    ]
    names = ("host", "port", "hostaddr")
    return {name: ",".join(values) for name, values in zip(names, zip(*pairs, strict=True), strict=True)}


def _raw_runs(connection: Connection, ids: list[str]) -> list[RawRun]:
    params, tags = _texts(connection, _PARAMS, ids), _texts(connection, _TAGS, ids)
    inputs: dict[str, tuple[LoggedDataset, ...]] = {}
    for run_id, name, digest, context in connection.execute(_INPUTS, (ids,)):
        logged = LoggedDataset(name=clean_text(name), digest=clean_text(digest), context=clean_text(context))
        inputs[run_id] = (*inputs.get(run_id, ()), logged)
    curves = curves_by_run(connection.execute(_POINTS, (ids,)).fetchall())
    return [
        RawRun(
            external_id=run_id,
            name=clean_text(name),
            status=clean_text(status),
            started_ms=start,
            ended_ms=end,
            deleted=stage != "active",
            experiment_id=str(experiment),
            experiment_name=clean_text(experiment_name),
            artifact_uri=clean_text(artifacts),
            params=params.get(run_id, {}),
            tags=tags.get(run_id, {}),
            inputs=inputs.get(run_id, ()),
            curves=curves.get(run_id, {}),
        )
        for run_id, name, status, start, end, stage, artifacts, experiment, experiment_name in connection.execute(
            _RUNS, (ids,)
        )
    ]


def _texts(connection: Connection, query: str, ids: list[str]) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for run_id, key, value in connection.execute(query.encode(), (ids,)):
        found.setdefault(run_id, {})[clean_text(key)] = clean_text(value)
    return found
