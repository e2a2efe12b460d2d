"""The servers and the browser that tests rely on are the real ones."""

import socket

import psycopg
import pytest

from tests.support.postgres import start_server, stop_server


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
