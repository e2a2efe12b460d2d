"""Opening, locking, migrating, backing up, restoring."""

import itertools
import json
import os
import sqlite3
import subprocess
import sys
import threading
import zipfile
from contextlib import closing
from dataclasses import asdict
from pathlib import Path

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

import assay
from assay.domain.kernel.canonical import digest_bytes
from assay.errors import Conflict, Invalid, NotFound, Refused, Unavailable
from assay.storage import migrate, open_store, portable
from assay.storage.backup import DATABASE, MANIFEST, back_up, read_manifest, restore_file, restore_into
from assay.storage.diagnose import storage_facts, wal_reset_risk
from assay.storage.lockfile import holder_of
from assay.storage.migrations import HEAD, VERSIONS
from assay.storage.tables import metadata
from assay.testing.storage_blockers import end_blocker, put_blocker
from assay.testing.storage_company import put_company
from assay.testing.storage_gates import gate_run, put_gate
from assay.testing.storage_kept import keep_document
from assay.testing.storage_pipelines import put_job
from assay.testing.storage_samples import AT, curve, decision, lock, new_project, new_source, new_ticket, run
from assay.testing.storage_webhooks import put_deliveries, put_webhook

SEARCH_PARTS = {f"ticket_search{part}" for part in ("", "_data", "_idx", "_content", "_docsize", "_config")}


def filled(store):
    """Something in every table."""
    project = new_project(store)
    tickets = [new_ticket(store, project, title=f"Adapter π {n}") for n in range(3)]
    source = new_source(store, project)
    content = b"\x00scores\xff"
    runs = [
        run(n, curves={"loss": curve(1.0, (float("nan"), 0.5)[n % 2])}, arm=("candidate", "baseline")[n // 2 % 2], ended_at=AT)
        for n in range(5)
    ]  # fmt: skip

    def work(tx):
        tx.put_runs(source, runs, seq=1)
        tx.mark_deleted(source.id, [run(4).external_id], seq=2)
        tx.put_blob(digest_bytes(content), content)
        tx.put_lock(tickets[0].id, lock())
        tx.add_decision(tickets[0].id, decision())
        tx.add_note(tickets[1].id, text="the loader was flaky", by="ada", at=AT)
        tx.put_checkpoint(size=1, document=b"signed", at=AT)

    store.write(work)
    for number in (1, 2):
        put_blocker(store, tickets[1], minutes=number)
    end_blocker(store, tickets[1], 1, minutes=9)
    put_company(store, tickets[1])
    put_job(store, tickets[2])
    keep_document(store, project)
    put_gate(store, project, gate_run(1), gate_run(2, ticket="EXP-1"))
    put_deliveries(store, put_webhook(store, project), (1, "EXP-1"), (2, "EXP-2"))
    return project


def told(store, project):
    with store.read() as tx:
        return {
            "head": tx.head(),
            "raw": [(seq, bytes(body), bytes(entry_hash)) for seq, body, entry_hash in tx.raw_entries()],
            "tickets": tx.tickets(project.id),
            "runs": [(r.run_id, r.digest, r.started_at) for r in tx.runs(project.id, "EXP-1")],
            "ends": tx.runs_so_far(project.id, ["EXP-1"], begin=AT, until=AT),
            "found": [hit.key for hit in tx.search(project.id, "flaky", limit=5)],
            "checkpoints": tx.checkpoints(),
            "counts": portable.counts(tx),
            "instance": tx.instance_id(),
            "blockers": tx.blockers(project.id),
            "company": [(tx.watchers(t.id), tx.attachments(t.id)) for t in tx.tickets(project.id)],
            "canvas": tx.kept(project.id, "canvas"),
            "jobs": [
                tx.jobs_with_tickets(project.id),
                [c.job for c in tx.board_view(project, per_column=9, filters={}).columns[0].cards],
            ],
            "webhooks": [
                (w, tx.deliveries(w.id, state=None, before=None, limit=9)) for w in tx.webhooks(project.id)
            ],
            "gates": [tx.gate_versions(project.id, "answers"), list(tx.every_gate_run(project.id))],
        }


# ------------------------------------------------------------------------------------------------------- opening


def test_new_database_is_readable_by_its_owner_alone(tmp_path):
    path = tmp_path / "new" / "deep" / "assay.db"
    with open_store(f"sqlite:///{path}") as store:
        new_project(store)
        assert path.stat().st_mode & 0o777 == 0o600
        assert path.parent.stat().st_mode & 0o777 == 0o700
        assert Path(f"{path}-wal").stat().st_mode & 0o777 == 0o600


def test_database_uses_wal_full_strict_and_foreign_keys(sqlite_store):
    driver = sqlite_store._writer._driver
    facts = [
        driver.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("journal_mode", "synchronous", "foreign_keys")
    ]
    assert facts == ["wal", 2, 1]
    with pytest.raises(sqlite3.IntegrityError, match="cannot store TEXT"):
        driver.execute("UPDATE journal_head SET seq = 'many'")
    loose = driver.execute(
        "SELECT name FROM pragma_table_list WHERE type = 'table' AND strict = 0 AND schema = 'main'"
    )
    assert {name for (name,) in loose} <= {"alembic_version", "sqlite_sequence", "sqlite_schema"}


def test_missing_database_is_not_found_where_it_must_exist(tmp_path):
    with pytest.raises(NotFound, match="no such file"):
        open_store(f"sqlite:///{tmp_path}/none.db", must_exist=True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "url", ["", "assay.db", "sqlite://", "sqlite:///:memory:", "mysql://h/d", "://", "sqlite:///file:x"]
)
def test_address_of_another_form_is_invalid(url):
    with pytest.raises(Invalid, match="expected"):
        open_store(url)


def test_file_that_is_no_database_is_unavailable(tmp_path):
    (tmp_path / "assay.db").write_bytes(b"GIF89a" * 1000)
    with pytest.raises(Unavailable, match="not a database"):
        open_store(f"sqlite:///{tmp_path}/assay.db")


def test_server_that_is_away_is_unavailable():
    with pytest.raises(Unavailable, match="cannot open database"):
        open_store("postgresql://nobody@127.0.0.1:1/none")


def test_second_process_is_refused_and_told_where_the_first_one_serves(sqlite_store):
    sqlite_store.announce("http://127.0.0.1:8765")
    code = (
        "import sys; from assay.storage import open_store; from assay.errors import Unavailable\n"
        "try: open_store(sys.argv[1])\n"
        "except Unavailable as error: print(error.code, error.message, error.details)"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(assay.__file__).parents[1])}
    said = subprocess.run(
        [sys.executable, "-c", code, f"sqlite:///{sqlite_store.path}"],
        env=environment, capture_output=True, text=True, timeout=60, check=True,
    ).stdout  # fmt: skip
    assert said.startswith("database-in-use")
    assert f"process {os.getpid()} is using it, serving at http://127.0.0.1:8765" in said
    assert holder_of(sqlite_store.path)["url"] == "http://127.0.0.1:8765"


def test_lock_is_free_again_after_closing(tmp_path):
    url = f"sqlite:///{tmp_path}/assay.db"
    for _ in range(2):
        open_store(url).close()
    assert holder_of(tmp_path / "assay.db") is None


# ----------------------------------------------------------------------------------------------------- migrations


def test_newer_database_is_refused_and_left_alone(tmp_path, empty_sqlite_file):
    path = tmp_path / "assay.db"
    path.write_bytes(empty_sqlite_file.read_bytes())
    with closing(sqlite3.connect(path)) as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
        database.commit()
    with pytest.raises(Refused, match="9999"):
        open_store(f"sqlite:///{path}")


def test_migrations_make_exactly_the_tables_of_the_code_on_sqlite(sqlite_store):
    with sqlite_store.read() as tx:
        context = MigrationContext.configure(tx.connection, opts={"include_name": _ours})
        assert compare_metadata(context, metadata) == []


@pytest.mark.postgres
def test_migrations_make_exactly_the_tables_of_the_code_on_postgresql(postgres_store):
    with postgres_store.read() as tx:
        context = MigrationContext.configure(
            tx.connection, opts={"include_name": _ours, "compare_type": True}
        )
        assert compare_metadata(context, metadata) == []
        described = tx.connection.exec_driver_sql("SELECT col_description('tickets'::regclass, 3)").scalar()
        assert described == metadata.tables["tickets"].c["key"].comment


def _ours(name, kind, _):
    return not (kind == "table" and (name in SEARCH_PARTS or name == "alembic_version"))


def test_migrations_step_up_one_by_one_and_down_again(tmp_path):
    with open_store(f"sqlite:///{tmp_path}/assay.db") as store, store._connect(()) as connection:
        driver = connection.connection.dbapi_connection
        driver.execute("BEGIN IMMEDIATE")
        migrate.downgrade(connection, to="base")
        left = {name for (name,) in driver.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
        assert left <= {"alembic_version", "sqlite_sequence"}
        for version in VERSIONS:
            migrate.upgrade(connection, to=version)
            assert migrate.current_version(connection) == version
        assert version == HEAD
        driver.execute("ROLLBACK")


def test_money_that_an_older_version_kept_is_added_up(tmp_path):
    with open_store(f"sqlite:///{tmp_path}/assay.db") as store:
        project = new_project(store)
        new_ticket(store, project, budget={"cost_usd": "99.5"})
        new_ticket(store, project, hypothesis="Halves cost_usd")
        source = new_source(store, project)
        paid = [run(1, cost_usd=75.5), run(2), run(3, config={"cost_usd": "9"})]
        store.write(lambda tx: tx.put_runs(source, paid, seq=1))
        with store._connect(()) as connection:
            driver = connection.connection.dbapi_connection
            driver.execute("BEGIN IMMEDIATE")
            migrate.downgrade(connection, to="0013")
            migrate.upgrade(connection)
            driver.execute("COMMIT")
        with store.read() as tx:
            view = tx.overview(project)
        assert (view.cost_usd, view.runs_without_cost, view.cost_usd_budget) == (75.5, 2, 99.5)


def test_money_in_a_backup_of_an_older_version_is_added_up(sqlite_store, tmp_path):
    project = new_project(sqlite_store)
    new_ticket(sqlite_store, project, budget={"cost_usd": "99.5"})
    source = new_source(sqlite_store, project)
    sqlite_store.write(lambda tx: tx.put_runs(source, [run(1, cost_usd=75.5), run(2)], seq=1))
    target = tmp_path / "backup.zip"
    manifest = back_up(sqlite_store, target, at=AT, portable_form=True)
    files = as_before(target, manifest, "0013")
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    restore_file(target, tmp_path / "other" / "assay.db", at=AT)
    with open_store(f"sqlite:///{tmp_path}/other/assay.db") as restored, restored.read() as tx:
        view = tx.overview(project)
    assert (view.cost_usd, view.runs_without_cost, view.cost_usd_budget) == (75.5, 1, 99.5)


def test_migration_that_is_interrupted_leaves_nothing_behind(tmp_path, monkeypatch):
    def interrupted(connection):
        real(connection)
        raise KeyboardInterrupt

    real = migrate.upgrade
    monkeypatch.setattr(migrate, "upgrade", interrupted)
    with pytest.raises(KeyboardInterrupt):
        open_store(f"sqlite:///{tmp_path}/assay.db")
    monkeypatch.undo()
    with closing(sqlite3.connect(tmp_path / "assay.db")) as database:
        assert database.execute("SELECT count(*) FROM sqlite_schema").fetchone() == (0,)
    open_store(f"sqlite:///{tmp_path}/assay.db").close()


def test_journal_rows_refuse_change_on_sqlite(sqlite_store):
    new_ticket(sqlite_store, new_project(sqlite_store))
    with closing(sqlite3.connect(sqlite_store.path)) as database:
        for statement in ("UPDATE journal SET actor = 'eve'", "DELETE FROM journal"):
            with pytest.raises(sqlite3.IntegrityError, match="never change"):
                database.execute(statement)


@pytest.mark.postgres
def test_journal_rows_refuse_change_on_postgresql(postgres_store, migrated_postgres):
    new_ticket(postgres_store, new_project(postgres_store))
    with psycopg.connect(migrated_postgres, autocommit=True) as database:
        for statement in ("UPDATE journal SET actor = 'eve'", "DELETE FROM journal", "TRUNCATE journal"):
            with pytest.raises(psycopg.errors.RaiseException, match="never change"):
                database.execute(statement)


# --------------------------------------------------------------------------------------------- backup and restore


def test_every_table_of_the_database_has_a_backup_rule(sqlite_store):
    with closing(sqlite3.connect(sqlite_store.path)) as database:
        tables = {name for (name,) in database.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
    known = {*portable.CARRIED, *portable.DERIVED, *SEARCH_PARTS, "alembic_version", "sqlite_sequence"}
    assert tables - known == set(), "say in storage/portable.py whether a backup carries it"
    assert {table.name for table in metadata.sorted_tables} == set(portable.CARRIED)


@pytest.mark.parametrize("portable_form", [False, True])
def test_backup_restores_everything_and_keeps_the_old_file(sqlite_store, tmp_path, portable_form):
    project = filled(sqlite_store)
    before = told(sqlite_store, project)
    manifest = back_up(sqlite_store, tmp_path / "b.zip", at=AT, portable_form=portable_form)
    assert manifest == read_manifest(tmp_path / "b.zip")
    assert (tmp_path / "b.zip").stat().st_mode & 0o777 == 0o600
    target = tmp_path / "other" / "assay.db"
    with open_store(f"sqlite:///{target}") as old:
        new_project(old, "older")
    kept = restore_file(tmp_path / "b.zip", target, at=AT)
    with open_store(f"sqlite:///{target}") as restored:
        assert told(restored, project) == before
        assert new_ticket(restored, project).key == "EXP-4"
    with open_store(f"sqlite:///{kept}") as old, old.read() as tx:
        assert tx.project("older") is not None


def test_backup_made_while_others_write_is_one_moment(sqlite_store, tmp_path):
    project = new_project(sqlite_store)
    stop = threading.Event()

    def write():
        while not stop.is_set():
            new_ticket(sqlite_store, project)

    writers = [threading.Thread(target=write) for _ in range(4)]
    for writer in writers:
        writer.start()
    try:
        manifests = [
            back_up(sqlite_store, tmp_path / f"{n}.zip", at=AT, portable_form=n == 1) for n in range(3)
        ]
    finally:
        stop.set()
        for writer in writers:
            writer.join()
    for manifest in manifests:
        assert manifest.counts["tickets"] == manifest.counts["journal"] == manifest.journal_size
    assert restore_file(tmp_path / "2.zip", tmp_path / "restored.db", at=AT) is None


def test_restore_over_a_store_in_which_something_happened_needs_a_word(sqlite_store, tmp_path):
    filled(sqlite_store)
    back_up(sqlite_store, tmp_path / "b.zip", at=AT)
    target = tmp_path / "other.db"
    open_store(f"sqlite:///{target}").close()
    assert restore_file(tmp_path / "b.zip", target, at=AT, replace=False) is not None  # it was empty
    before = target.read_bytes()
    with pytest.raises(Refused, match=r"holds \d+ journal entries") as refused:
        restore_file(tmp_path / "b.zip", target, at=AT, replace=False)
    assert (refused.value.code, "--replace" in refused.value.hint) == ("store-not-empty", True)
    assert target.read_bytes() == before
    target.write_bytes(b"not a database" * 100)
    kept = restore_file(tmp_path / "b.zip", target, at=AT, replace=False)
    assert kept.read_bytes() == b"not a database" * 100


def test_restore_over_a_database_in_use_is_refused(sqlite_store, tmp_path):
    filled(sqlite_store)
    back_up(sqlite_store, tmp_path / "b.zip", at=AT)
    with pytest.raises(Unavailable, match="is using it"):
        restore_file(tmp_path / "b.zip", sqlite_store.path, at=AT)


@pytest.mark.parametrize("portable_form", [False, True])
def test_damaged_backup_restores_nothing(sqlite_store, tmp_path, portable_form):
    filled(sqlite_store)
    back_up(sqlite_store, tmp_path / "b.zip", at=AT, portable_form=portable_form)
    with zipfile.ZipFile(tmp_path / "b.zip") as good, zipfile.ZipFile(tmp_path / "bad.zip", "w") as bad:
        for name in good.namelist():
            content = good.read(name)
            bad.writestr(name, content.replace(b"Adapter", b"Adopter"))
    target = tmp_path / "target.db"
    with open_store(f"sqlite:///{target}") as store:
        new_project(store, "older")
    with pytest.raises(Invalid, match="digest"):
        restore_file(tmp_path / "bad.zip", target, at=AT)
    with open_store(f"sqlite:///{target}") as store, store.read() as tx:
        assert tx.project("older") is not None
    assert not list(tmp_path.glob(".assay-restore*"))


@pytest.mark.parametrize("content", [b"", b"PK", b"not a zip" * 100])
def test_file_that_is_no_backup_is_invalid(tmp_path, content):
    (tmp_path / "b.zip").write_bytes(content)
    with pytest.raises(Invalid, match="manifest"):
        restore_file(tmp_path / "b.zip", tmp_path / "t.db", at=AT)


def test_backup_of_a_newer_version_is_refused(sqlite_store, tmp_path):
    back_up(sqlite_store, tmp_path / "b.zip", at=AT)
    with zipfile.ZipFile(tmp_path / "b.zip") as archive:
        manifest = json.loads(archive.read("manifest.json"))
    with zipfile.ZipFile(tmp_path / "n.zip", "w") as archive:
        archive.writestr("manifest.json", json.dumps({**manifest, "version": "9999"}))
    with pytest.raises(Refused, match="9999"):
        restore_file(tmp_path / "n.zip", tmp_path / "t.db", at=AT)


@pytest.mark.parametrize("portable_form", [False, True])
def test_backup_of_an_older_version_is_restored(sqlite_store, tmp_path, portable_form):
    project = filled(sqlite_store)
    before, target = told(sqlite_store, project), tmp_path / "backup.zip"
    manifest = back_up(sqlite_store, target, at=AT, portable_form=portable_form)
    files = as_before(target, manifest, "0003")
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    restore_file(target, tmp_path / "other" / "assay.db", at=AT)
    with open_store(f"sqlite:///{tmp_path}/other/assay.db") as restored:
        after = told(restored, project)
    late = (
        "run_pasts",
        "past_curves",
        "gates",
        "gate_runs",
        "blockers",
        "attachments",
        "watchers",
        "project_documents",
        "inbox_marks",
        "pipeline_jobs",
        "webhooks",
        "webhook_deliveries",
    )
    assert after.pop("counts") == before.pop("counts") | dict.fromkeys(late, 0)
    assert (after.pop("gates"), after.pop("blockers"), after.pop("canvas")) == ([[], []], [], None)
    assert set(map(str, after.pop("company"))) == {"([], [])"}
    assert after.pop("jobs") == [[], [None] * 3]
    del before["jobs"]
    assert after.pop("webhooks") == []
    del before["webhooks"]
    del before["gates"], before["blockers"], before["company"], before["canvas"]
    assert after == before


def as_before(source, manifest, version):
    """The files of a backup as a program of that version wrote them."""
    newer = {name for since, names in portable.ADDED.items() if since > version for name in names}
    with zipfile.ZipFile(source) as archive:
        files = {name: archive.read(name) for name in manifest.digests}
    if DATABASE in files:
        files[DATABASE] = downgraded(files[DATABASE], source.parent, version)
    for table in portable.carried_tables():
        name = f"tables/{table.name}.jsonl"
        if table.name in newer:
            files.pop(name, None)
        elif name in files:
            kept = [f"{table.name}.{column.name}" not in newer for column in table.columns]
            rows = [itertools.compress(json.loads(line), kept) for line in files[name].splitlines()]
            files[name] = b"".join(json.dumps(list(row)).encode() + b"\n" for row in rows)
    facts = asdict(manifest) | {
        "version": version,
        "counts": {name: rows for name, rows in manifest.counts.items() if name not in newer},
        "digests": {name: digest_bytes(content) for name, content in files.items()},
    }
    return files | {MANIFEST: json.dumps(facts).encode()}


def downgraded(content, folder, version):
    path = folder / "old.db"
    path.write_bytes(content)
    with open_store(f"sqlite:///{path}") as store, store._connect(()) as connection:
        driver = connection.connection.dbapi_connection
        driver.execute("BEGIN IMMEDIATE")
        migrate.downgrade(connection, to=version)
        driver.execute("COMMIT")
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA journal_mode=DELETE").fetchall()
    return path.read_bytes()


def test_backup_never_overwrites(sqlite_store, tmp_path):
    back_up(sqlite_store, tmp_path / "b.zip", at=AT)
    with pytest.raises(Conflict, match="exists"):
        back_up(sqlite_store, tmp_path / "b.zip", at=AT)
    with pytest.raises(Unavailable):
        back_up(sqlite_store, tmp_path / "no" / "b.zip", at=AT)


@pytest.mark.postgres
def test_move_from_sqlite_to_postgresql_and_back_keeps_every_hash(sqlite_store, postgres_store, tmp_path):
    project = filled(sqlite_store)
    before = told(sqlite_store, project)
    back_up(sqlite_store, tmp_path / "b.zip", at=AT)
    restore_into(tmp_path / "b.zip", postgres_store)
    assert told(postgres_store, project) == before
    with pytest.raises(Refused, match="not empty"):
        restore_into(tmp_path / "b.zip", postgres_store)
    assert new_ticket(postgres_store, project).key == "EXP-4"
    after = told(postgres_store, project)
    back_up(postgres_store, tmp_path / "p.zip", at=AT)
    restore_file(tmp_path / "p.zip", tmp_path / "back.db", at=AT)
    with open_store(f"sqlite:///{tmp_path}/back.db") as back:
        assert told(back, project) == after


# ------------------------------------------------------------------------------------------------------- diagnosis


def test_diagnosis_of_a_healthy_database_finds_nothing_wrong(sqlite_store):
    filled(sqlite_store)
    facts = {fact.name: fact for fact in storage_facts(sqlite_store, thorough=True)}
    assert [fact for fact in facts.values() if fact.ok is False] == []
    assert facts["journal chain"].value == "whole"
    assert facts["integrity"].value == "ok"


def test_diagnosis_finds_a_journal_that_lost_its_end(sqlite_store):
    filled(sqlite_store)
    driver = sqlite_store._writer._driver
    driver.execute("DROP TRIGGER journal_refuses_delete")
    driver.execute("DELETE FROM journal WHERE seq = 3")
    facts = {fact.name: fact for fact in storage_facts(sqlite_store)}
    assert facts["journal"].ok is False


def test_wal_reset_risk_is_said_in_words_for_old_versions_only():
    assert "fixed in 3.51.3" in wal_reset_risk((3, 40, 1)).advice
    assert wal_reset_risk((3, 51, 3)).advice == ""
