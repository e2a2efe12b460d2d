"""What must every store do with the documents of a project? Part of the storage contract."""

from __future__ import annotations

from assay.testing.storage_samples import AT, later, lock, new_project, new_ticket
from assay.workflows.ports import Store
from assay.workflows.records import KeptDocument, Project, StoredVerdict


def keep_document(
    store: Store, project: Project, *, kind: str = "canvas", name: str = "", body: str = '{"objective":"π"}'
) -> KeptDocument:
    """A document of this project."""
    return store.write(lambda tx: tx.keep(project.id, kind, name, body, by="ada", at=AT))


class KeptContract:
    """Documents of projects."""

    def test_document_is_read_back_as_written_and_changed_once_a_version(self, store: Store) -> None:
        project = new_project(store)
        made = keep_document(store, project)
        with store.read() as tx:
            assert tx.kept(project.id, "canvas") == made
            assert tx.kept(project.id, "phase") is None
        changed = KeptDocument(made.id, project.id, "canvas", "", 1, "{}", "bob", later(3))
        saved = store.write(lambda tx: tx.save_kept(changed))
        assert saved is not None
        assert saved.version == 2
        assert store.write(lambda tx: tx.save_kept(changed)) is None
        with store.read() as tx:
            assert tx.kept(project.id, "canvas") == saved

    def test_documents_belong_to_their_project_and_are_listed_by_name(self, store: Store) -> None:
        project, other = new_project(store), new_project(store, "other")
        for name in ("triage", "answers"):
            keep_document(store, project, kind="choice", name=name)
        keep_document(store, other, kind="choice", name="answers")
        with store.read() as tx:
            assert [one.name for one in tx.all_kept(project.id, "choice")] == ["answers", "triage"]
            assert [one.name for one in tx.all_kept(other.id, "choice")] == ["answers"]
            assert tx.kept(other.id, "choice", "triage") is None

    def test_newest_verdict_of_each_locked_ticket_is_found_by_its_digest(self, store: Store) -> None:
        project = new_project(store)
        locked, unlocked = new_ticket(store, project), new_ticket(store, project)
        store.write(lambda tx: tx.put_lock(locked.id, lock()))
        for ticket, digest in ((locked, "old"), (locked, "new"), (unlocked, "loose")):
            body = b'{"verdict":{"recommendation":"kill"},"said":"%s"}' % digest.encode()
            verdict = StoredVerdict(digest=digest, body=body, library_versions={}, at=AT, seq=1)
            store.write(lambda tx, one=ticket, said=verdict: tx.put_verdict(one.id, said))  # type: ignore[misc]
        store.write(lambda tx: tx.put_card(locked.id, {"recommendation": "kill"}))
        with store.read() as tx:
            assert list(tx.latest_verdicts(project.id)) == [(locked.key, "new")]
            assert [(key, body[-6:]) for key, body in tx.verdict_bodies(project.id, ["new"])] == [
                (locked.key, b'"new"}')
            ]
            assert list(tx.verdict_bodies(project.id, [])) == []

    def test_compute_of_a_project_without_runs_is_not_known(self, store: Store) -> None:
        project = new_project(store)
        with store.read() as tx:
            assert tx.compute_spent(project.id) == (0, 0, None)
