"""Empty stores of both engines, made ready once."""

import shutil

import psycopg
import pytest

from assay.storage import open_store
from assay.storage.tables import metadata


@pytest.fixture(scope="session")
def empty_sqlite_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("template") / "assay.db"
    open_store(f"sqlite:///{path}").close()
    return path


@pytest.fixture
def sqlite_store(tmp_path, empty_sqlite_file):
    shutil.copy(empty_sqlite_file, tmp_path / "assay.db")
    with open_store(f"sqlite:///{tmp_path}/assay.db") as store:
        yield store


@pytest.fixture(scope="session")
def migrated_postgres(postgres_server):
    url = postgres_server.new_database()
    open_store(url).close()
    yield url
    postgres_server.drop_database(url)


@pytest.fixture
def postgres_store(migrated_postgres):
    with open_store(emptied(migrated_postgres)) as store:
        yield store


def emptied(url):
    """The database as a migration leaves it; a new database for each test would take seconds."""
    names = ", ".join(table.name for table in metadata.sorted_tables if table.name != "instance")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute(f"TRUNCATE {names}, ticket_search RESTART IDENTITY")
        connection.execute("INSERT INTO journal_head (id, seq, state) VALUES (1, 0, '')")
    return url
