"""What must every store do with gates and their answers? Part of the storage contract."""

from __future__ import annotations

from dataclasses import replace

import pytest

from assay.domain.gates.gate_data import gate_digest, gate_from_data
from assay.domain.gates.gate_record import GateResult
from assay.domain.kernel.canonical import digest_bytes
from assay.testing.storage_samples import AT, later, new_project, new_ticket
from assay.workflows.gate_views import GateFigure, GateRun, GateVersion, KeptFile, KeptSide
from assay.workflows.ports import Store, WriteTransaction
from assay.workflows.records import Project


def gate_version(number: int = 1, name: str = "answers", threshold: str = "85%") -> GateVersion:
    """A version of a gate."""
    text = f"criteria: ['accuracy >= {threshold}']"
    data = {"criteria": [f"accuracy >= {threshold}"], "gate": name, "version": number}
    gate = gate_from_data(data)
    return GateVersion(
        name=name, version=number, text=text, files={"golden.csv": "sha256:1"}, gate=gate, digest=gate_digest(gate),
        changes=(), reason="π", by="ada", at=AT, seq=number,
    )  # fmt: skip


def gate_run(
    number: int = 1, *, ticket: str | None = None, judged: str = "a", dataset: str | None = "set@1"
) -> GateRun:
    """An answer of the gate `answers`."""
    body = b'{"gate":"answers"}'
    side = KeptSide(kind="files", files=(KeptFile("scores.csv", f"sha256:{judged}", 3),), reader="plain")
    return GateRun(
        number=number, gate="answers", version=1, ticket=ticket, result=GateResult.PASS, headline="Pass: 1 check met",
        dataset=dataset, figure=GateFigure("accuracy >= 85%", "accuracy", "fraction", 0.9, 0.87, None, 0.85) if number % 2 else None,
        digest=digest_bytes(body), by="ada", at=later(number), seq=number, body=body,
        library_versions={"numpy": "2"}, candidate=side, baseline=None if number % 2 else replace(side, run=1),
        judged=side.digest, seen_seq=7,
    )  # fmt: skip


def put_gate(store: Store, project: Project, *runs: GateRun) -> int:
    """The gate `answers` with these answers; its number."""
    version = gate_version()

    def work(tx: WriteTransaction) -> int:
        number = tx.add_gate_version(project.id, version)
        for run in runs:
            tx.add_gate_run(project.id, number, run)
        return number

    return store.write(work)


class GateContract:
    """Gates and their answers."""

    def test_gate_version_is_read_back_as_written_and_the_newest_is_the_gate(self, store: Store) -> None:
        project = new_project(store)
        versions = [gate_version(number) for number in (1, 3, 2)]
        numbers = store.write(lambda tx: [tx.add_gate_version(project.id, version) for version in versions])
        with store.read() as tx:
            assert tx.gate_version(project.id, "answers", 1) == replace(gate_version(1), id=numbers[0])
            newest = tx.gate_version(project.id, "answers")
            assert newest is not None
            assert [one.version for one in tx.gate_versions(project.id, "answers")] == [3, 2, 1]
            assert tx.gate_version(project.id, "answers", 9) is None
            assert tx.gate_version(project.id, "other") is None
        assert newest.version == 3

    def test_a_version_is_never_written_twice(self, store: Store) -> None:
        project = new_project(store)
        put_gate(store, project)
        with pytest.raises(Exception, match=r"(?i)unique"):
            put_gate(store, project)

    def test_answer_is_read_back_with_its_exact_bytes(self, store: Store) -> None:
        project = new_project(store)
        first, second = gate_run(1), gate_run(2, judged="b")
        put_gate(store, project, first, second)
        with store.read() as tx:
            assert tx.gate_run(project.id, 1) == replace(first, uses=1)
            assert tx.gate_run(project.id, 2) == replace(second, uses=2)
            assert list(tx.every_gate_run(project.id)) == [replace(first, uses=1), replace(second, uses=2)]
            assert tx.gate_run(project.id, 3) is None
            assert tx.gate_run(project.id + 1, 1) is None

    def test_uses_count_different_candidates_on_one_set_of_one_project(self, store: Store) -> None:
        project, other = new_project(store), new_project(store, "other")
        runs = [gate_run(n, judged=j) for n, j in enumerate("abacb", 1)]
        put_gate(store, project, *runs, gate_run(6, judged="d", dataset=None), gate_run(7, dataset="set@2"))
        put_gate(store, other, gate_run(1, judged="z"))
        with store.read() as tx:
            uses = [run.uses for run in tx.every_gate_run(project.id)]
            assert [run.uses for run in tx.every_gate_run(other.id)] == [1]
        assert uses == [1, 2, 2, 3, 3, 0, 1]

    def test_answers_are_listed_newest_first_and_by_gate_and_ticket(self, store: Store) -> None:
        project = new_project(store)
        put_gate(store, project, *(gate_run(n, ticket="EXP-1" if n % 2 else None) for n in range(1, 6)))
        with store.read() as tx:
            first = tx.gate_run_page(project.id, gate=None, ticket=None, before=None, limit=2)
            rest = tx.gate_run_page(project.id, gate=None, ticket=None, before=first.next_before, limit=9)
            of_ticket = tx.gate_run_page(project.id, gate=None, ticket="EXP-1", before=None, limit=9)
            of_other = tx.gate_run_page(project.id, gate="other", ticket=None, before=None, limit=9)
            latest = tx.latest_gate_run(project.id, "answers", "EXP-1")
            assert tx.latest_gate_run(project.id, "answers", "EXP-2") is None
        assert store.write(lambda tx: tx.next_gate_run(project.id)) == 6
        assert [row.number for row in (*first.rows, *rest.rows)] == [5, 4, 3, 2, 1]
        assert (first.next_before, rest.next_before) == (4, None)
        assert [row.number for row in of_ticket.rows] == [5, 3, 1]
        assert of_other.rows == ()
        assert latest is not None
        assert latest.number == 5

    def test_gates_are_listed_by_name_with_versions_and_newest_answer(self, store: Store) -> None:
        project = new_project(store)
        put_gate(store, project, gate_run(1), gate_run(2))
        store.write(lambda tx: tx.add_gate_version(project.id, gate_version(2)))
        store.write(lambda tx: tx.add_gate_version(project.id, gate_version(name="Zero")))
        with store.read() as tx:
            listed = tx.gates(project.id)
        told = [(one.latest.name, one.latest.version, one.versions, one.runs) for one in listed]
        assert told == [("Zero", 1, 1, 0), ("answers", 2, 2, 2)]
        assert listed[0].last is None
        assert listed[1].last is not None
        assert listed[1].last.number == 2

    def test_evidence_of_a_ticket_is_as_new_as_its_last_change(self, store: Store) -> None:
        project = new_project(store)
        first, second = new_ticket(store, project), new_ticket(store, project)
        store.write(lambda tx: tx.mark_evidence(project.id, [first.key], seq=5))
        store.write(lambda tx: tx.mark_evidence(project.id, [second.key], seq=9))
        store.write(lambda tx: tx.clear_due(second.id, seq=9))
        with store.read() as tx:
            found = [tx.evidence_seq(project.id, keys) for keys in ([first.key], [first.key, second.key], [])]
        assert found == [5, 9, 0]
