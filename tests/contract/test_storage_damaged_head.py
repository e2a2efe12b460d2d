"""What is remembered of the journal's end may be damaged: reading goes on, appending is refused, rebuilding mends it."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from assay.connectors.evals.id_list import read_ids
from assay.connectors.evals.uploaded import read_uploaded, search_sent_leaks
from assay.connectors.signing.ed25519 import SigningKey
from assay.connectors.trackers.mlflow.artifact_files import list_artifacts
from assay.domain.governance.verification import verify_chain
from assay.errors import Refused
from assay.storage import open_store
from assay.storage.backup import back_up
from assay.storage.diagnose import storage_facts
from assay.testing.storage_samples import ADA, AT, new_project, new_ticket
from assay.workflows.journal import make_checkpoint, rebuild_head, verify_journal
from assay.workflows.ports import Workspace
from tests.contract.conftest import emptied
from tests.support.webhooks import webhook_tools

TICKETS = 5


class Database:
    """A store that can be closed, changed behind its back, and opened again."""

    def __init__(self, url, execute):
        self.url = url
        self.execute = execute

    def open(self):
        return open_store(self.url)


def _on_file(path):
    def execute(statement, *values):
        with closing(sqlite3.connect(path)) as database, database:
            database.execute("DROP TRIGGER IF EXISTS journal_refuses_delete")
            database.execute(statement, values)

    return execute


def _on_server(url):
    def execute(statement, *values):
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("SET session_replication_role = replica")  # triggers rest
            connection.execute(statement.replace("?", "%s"), values)

    return execute


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database(request, tmp_path):
    """A closed store with five tickets in it."""
    if request.param == "sqlite":
        path = tmp_path / "assay.db"
        shutil.copy(request.getfixturevalue("empty_sqlite_file"), path)
        made = Database(f"sqlite:///{path}", _on_file(path))
    else:
        url = emptied(request.getfixturevalue("migrated_postgres"))
        made = Database(url, _on_server(url))
    with made.open() as store:
        project = new_project(store)
        for _ in range(TICKETS):
            new_ticket(store, project)
    return made


@pytest.fixture
def signer(tmp_path):
    return SigningKey.load_or_create(tmp_path / "signing.key")


def workspace(store, signer):
    return Workspace(
        store=store,
        clock=lambda: AT,
        sources={},
        read_scores=lambda content: {},
        read_upload=read_uploaded,
        read_ids=read_ids,
        search_leaks=search_sent_leaks,
        list_artifacts=list_artifacts,
        signer=signer,
        instance_id=store.instance_id(),
        webhooks=webhook_tools(signer),
    )


def state_of(database):
    with database.open() as store, store.read() as tx:
        return tx.remembered_head().state


def cut(state):
    return state[:17]


def of_another_entry(state):
    return bytes(32) + state[32:]


def of_another_tree(state):
    return state[:-1] + bytes([state[-1] ^ 1])


STATES = {
    "unreadable": (cut, "it cannot be read", (TICKETS, TICKETS)),
    "empty": (lambda state: b"", "it names 0 as the newest entry, which is 5", (1, TICKETS)),
    "noise": (lambda state: b"\xff" * 72, "it cannot be read", (TICKETS, TICKETS)),
    "hash": (of_another_entry, "it has another hash than entry 5", (TICKETS, TICKETS)),
}


def damage(database, what):
    """Spoil it; returns what is to be said of it, and the numbers in doubt."""
    change, fact, span = STATES[what]
    database.execute("UPDATE journal_head SET state = ?", change(state_of(database)))
    return fact, span


@pytest.mark.parametrize("what", STATES)
def test_store_with_a_damaged_head_opens_reads_and_refuses_to_append_naming_the_command(database, what):
    fact, _ = damage(database, what)
    with database.open() as store:
        assert store.last_seq() == TICKETS
        with store.read() as tx:
            project = tx.project("vision")
            assert len(tx.tickets(project.id)) == TICKETS
            assert tx.head()[0] == TICKETS
        for _ in range(2):
            with pytest.raises(Refused, match=fact) as told:
                new_ticket(store, project)
        assert told.value.code == "journal-head-damaged"
        assert "assay audit rebuild-head" in told.value.hint
        with store.read() as tx:
            assert (len(tx.tickets(project.id)), len(list(tx.raw_entries()))) == (TICKETS, TICKETS)


@pytest.mark.parametrize("what", STATES)
def test_verify_and_doctor_recompute_the_head_and_name_the_first_number_in_doubt(database, what, signer):
    fact, span = damage(database, what)
    with database.open() as store:
        report = verify_journal(workspace(store, signer), ADA)
        (found,) = [one for one in storage_facts(store, thorough=True) if one.name == "journal head"]
    assert not report.ok
    assert report.fault.message == f"the remembered head is not that of the entries: {fact}"
    assert (report.fault.reason, report.fault.first_bad_seq, report.fault.last_bad_seq) == ("head", *span)
    assert (found.value, found.ok) == (report.fault.message, False)
    assert "assay audit rebuild-head" in found.advice


@pytest.mark.parametrize(("seq", "span"), [(3, (4, 5)), (9, (6, 9)), (0, (1, 5)), (-4, (1, 5))])
def test_number_of_the_head_that_is_not_that_of_the_entries_is_found_and_refused(database, seq, span, signer):
    database.execute("UPDATE journal_head SET seq = ?", seq)
    with database.open() as store:
        assert store.last_seq() == TICKETS
        fault = verify_journal(workspace(store, signer), ADA).fault
        with store.read() as tx:
            project = tx.project("vision")
        with pytest.raises(Refused, match=f"it names {seq} as the newest entry, which is 5"):
            new_ticket(store, project)
    assert (fault.first_bad_seq, fault.last_bad_seq) == span


def test_tree_that_is_not_that_of_the_entries_is_found(database, signer):
    database.execute("UPDATE journal_head SET state = ?", of_another_tree(state_of(database)))
    with database.open() as store:
        fault = verify_journal(workspace(store, signer), ADA).fault
    assert fault.message == "the remembered head is not that of the entries: its tree is another one"


@pytest.mark.parametrize("what", [*STATES, "tree", "number", "gone"])
def test_rebuilt_head_is_that_of_the_entries_is_journaled_and_is_written_to_again(database, what, signer):
    sound = state_of(database)
    if what in STATES:
        damage(database, what)
    elif what == "tree":
        database.execute("UPDATE journal_head SET state = ?", of_another_tree(sound))
    elif what == "number":
        database.execute("UPDATE journal_head SET seq = 2")
    else:
        database.execute("DELETE FROM journal_head")
    with database.open() as store:
        ws = workspace(store, signer)
        report = rebuild_head(ws, ADA)
        assert (report.rebuilt, report.entries, report.fault.reason) == (True, TICKETS + 1, "head")
        with store.read() as tx:
            (entry,) = tx.entries(after=TICKETS)
            project = tx.project("vision")
        assert entry.kind == "journal.head_rebuilt"
        new_ticket(store, project)
        assert verify_journal(ws, ADA).ok
        assert rebuild_head(ws, ADA).rebuilt is False
    with database.open() as store, store.read() as tx:
        assert verify_chain(tx.raw_entries()).head == tx.journal_head()
        assert tx.head()[0] == TICKETS + 2


def test_head_is_not_rebuilt_over_entries_that_do_not_verify(database, signer):
    with database.open() as store:
        make_checkpoint(workspace(store, signer), ADA)
    damage(database, "unreadable")
    database.execute("DELETE FROM journal WHERE seq = ?", TICKETS)
    with database.open() as store:
        with pytest.raises(Refused, match="entries 5 to 5 are missing") as told:
            rebuild_head(workspace(store, signer), ADA)
        assert told.value.code == "journal-broken"


def test_backup_of_a_store_with_a_damaged_head_is_refused_with_the_way_out(database, tmp_path):
    damage(database, "unreadable")
    with database.open() as store, pytest.raises(Refused) as told:
        back_up(store, tmp_path / "today.backup", at=AT)
    assert "assay audit rebuild-head" in told.value.hint
    assert not Path(tmp_path / "today.backup").exists()
