"""The servers and the browser that tests rely on are the real ones."""

import json
import socket
import subprocess

import psycopg
import pytest

from tests.support.postgres import start_server, stop_server
from tests.support.warm_start import warm_programs


@pytest.mark.postgres
def test_postgres_fixture_gives_each_test_an_empty_database(postgres_server):
    first, second = postgres_server.new_database(), postgres_server.new_database()
    with psycopg.connect(first) as connection:
        connection.execute("CREATE TABLE t (x int)")
    with psycopg.connect(second) as connection:
        tables = connection.execute("SELECT count(*) FROM pg_tables WHERE tablename = 't'").fetchone()
    assert first != second
    assert tables == (0,)


@pytest.mark.postgres
def test_postgres_template_is_prepared_once_and_copied(postgres_from_template):
    prepared = []

    def prepare(url: str) -> None:
        prepared.append(url)
        with psycopg.connect(url) as connection:
            connection.execute("CREATE TABLE t (x int)")

    urls = [postgres_from_template("with-table", prepare) for _ in range(2)]

    assert len(prepared) == 1
    assert len({*urls, *prepared}) == 3
    with psycopg.connect(urls[1]) as connection:
        assert connection.execute("SELECT count(*) FROM t").fetchone() == (0,)


@pytest.mark.postgres
def test_postgres_database_for_many_tests_is_each_time_as_it_was_prepared(postgres_rewound):
    def prepare(url: str) -> None:
        with psycopg.connect(url) as connection:
            connection.execute("CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY, x text)")
            connection.execute("INSERT INTO t (x) VALUES ('first'), (NULL)")

    def change(statement: str) -> str:
        url = postgres_rewound("rewound", prepare)
        with psycopg.connect(url) as connection:
            assert connection.execute("SELECT * FROM t ORDER BY id").fetchall() == [(1, "first"), (2, None)]
            assert connection.execute("INSERT INTO t (x) VALUES ('third') RETURNING id").fetchone() == (3,)
            connection.execute(statement)
        return url

    statements = ("DELETE FROM t", "UPDATE t SET x = 'other'", "ALTER TABLE t ADD y int", "DELETE FROM t")
    urls = [change(statement) for statement in statements]
    assert urls[0] == urls[1] == urls[2] != urls[3]


@pytest.mark.postgres
def test_postgres_starts_from_the_bundled_binaries_where_none_is_installed():
    server = start_server(bundled=True)
    try:
        with psycopg.connect(server.new_database()) as connection:
            (version,) = connection.execute("SHOW server_version_num").fetchone()
    finally:
        stop_server(server)
    assert int(version) >= 150000
    assert not server.home.exists()


@pytest.mark.browser
def test_chromium_fixture_runs_scripts_of_a_page(browser_page):
    browser_page.set_content(
        "<p id=p>before</p><script>document.getElementById('p').textContent = 'after'</script>"
    )
    assert browser_page.text_content("#p") == "after"


def test_connecting_to_another_machine_is_refused():
    with socket.socket() as connection, pytest.raises(RuntimeError, match="this machine only"):
        connection.connect(("192.0.2.1", 80))


def test_program_that_starts_warm_is_a_process_of_its_own_and_loads_assay_anew(tmp_path):
    told = "import json, os, sys; print(json.dumps([os.getpid(), *(n in sys.modules for n in ('decimal', 'assay'))]))"
    (tmp_path / "told.py").write_text(
        f"{told}; print(input(), os.getcwd(), os.environ); sys.exit(sys.argv[1])"
    )

    def run(*command):
        shell = {"PATH": str(folder), "NAME": "of a user"}
        return subprocess.run(
            [folder / command[0], *command[1:]], check=False, cwd=tmp_path, env=shell, input="seen\n", capture_output=True, text=True
        )  # fmt: skip

    with warm_programs(["decimal"], scripts=["told.py"]) as folder:
        first, second = (run("python", "told.py", "bad luck") for _ in range(2))
        named, other = (
            run("assay", "--version"),
            run("python", "-c", "import sys; print('decimal' in sys.modules)"),
        )
    (one, *loaded), (another, *_) = (json.loads(done.stdout.splitlines()[0]) for done in (first, second))
    assert one != another
    assert loaded == [True, False]
    assert first.stdout.splitlines()[1].startswith(f"seen {tmp_path} environ({{'PATH'")
    assert (first.returncode, first.stderr) == (1, "bad luck\n")
    assert (named.returncode, named.stdout.split()[0]) == (0, "assay")
    assert other.stdout == "False\n"
