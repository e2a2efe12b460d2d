"""What must every store do? One suite, run on each engine.

Inherit from `StorageContract` in a test module and give it a fixture `store` (an open, empty store).
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from assay.domain.experiments.evidence import RunStatus
from assay.domain.experiments.experiment import DecisionKind, LinkKind, TicketContent
from assay.domain.kernel.canonical import digest_bytes
from assay.domain.kernel.metrics import Direction, Metric
from assay.errors import Conflict, Invalid
from assay.testing.storage_blockers import BlockerContract
from assay.testing.storage_company import CompanyContract
from assay.testing.storage_compared import ComparedContract
from assay.testing.storage_concurrency import ConcurrencyContract
from assay.testing.storage_gates import GateContract
from assay.testing.storage_journal import JournalContract
from assay.testing.storage_kept import KeptContract
from assay.testing.storage_linked_data import LinkedDataContract
from assay.testing.storage_named_tickets import NamedTicketContract
from assay.testing.storage_pages import PagesContract
from assay.testing.storage_past_curves import PastCurvesContract
from assay.testing.storage_past_runs import PastRunsContract
from assay.testing.storage_pipelines import PipelineContract
from assay.testing.storage_samples import (
    AT,
    curve,
    decision,
    later,
    lock,
    new_project,
    new_source,
    new_ticket,
    run,
)  # fmt: skip
from assay.testing.storage_sprints import SprintContract
from assay.testing.storage_webhooks import WebhookContract
from assay.workflows.ports import Store
from assay.workflows.records import Attestation, Override, PutRuns, StoredAnswer, StoredVerdict


class ProjectContract:
    """Projects, metrics, answers."""

    def test_project_is_read_back_as_written(self, store: Store) -> None:
        project = new_project(store)
        with store.read() as tx:
            assert tx.project("vision") == project
            assert tx.projects() == [project]
            assert tx.project("other") is None

    def test_project_with_a_taken_slug_is_refused(self, store: Store) -> None:
        new_project(store)
        with pytest.raises(Conflict, match="vision"):
            new_project(store)

    def test_project_saved_on_an_old_version_changes_nothing(self, store: Store) -> None:
        project = new_project(store)
        renamed = replace(project, name="Seeing")
        assert store.write(lambda tx: tx.save_project(renamed)) is True
        assert store.write(lambda tx: tx.save_project(replace(project, name="Late"))) is False
        with store.read() as tx:
            found = tx.project("vision")
        assert found is not None
        assert (found.name, found.version) == ("Seeing", 2)

    def test_metric_declared_again_replaces_its_declaration(self, store: Store) -> None:
        project = new_project(store)
        for direction in (Direction.HIGHER, Direction.LOWER):
            metric = Metric(name="loss", direction=direction)
            store.write(lambda tx, metric=metric: tx.put_metric(project.id, metric))  # type: ignore[misc]
        with store.read() as tx:
            assert tx.metrics(project.id).require("loss").direction is Direction.LOWER
        store.write(lambda tx: tx.remove_metric(project.id, "loss"))
        with store.read() as tx:
            assert tx.metrics(project.id).metrics == ()

    def test_answer_is_kept_byte_for_byte_and_once(self, store: Store) -> None:
        answer = StoredAnswer(request_digest="d", status=201, body=b"\x00{}\xff", headers={"ETag": '"1"'})
        store.write(lambda tx: tx.put_answer("ada POST /tickets", "k1", answer, at=AT))
        with store.read() as tx:
            assert tx.answer("ada POST /tickets", "k1") == answer
            assert tx.answer("bob POST /tickets", "k1") is None
        with pytest.raises(Conflict):
            store.write(lambda tx: tx.put_answer("ada POST /tickets", "k1", answer, at=AT))
        assert store.write(lambda tx: tx.forget_answers(before=later(1))) == 1

    def test_instance_keeps_one_name(self, store: Store) -> None:
        assert store.instance_id() == store.instance_id()
        assert len(store.instance_id()) >= 16


class TicketContract:
    """Tickets and what is said of them."""

    def test_ticket_is_read_back_as_written(self, store: Store) -> None:
        project = new_project(store)
        ticket = new_ticket(store, project, hypothesis="π ≤ 4 — 数", labels=("lora",), owner="Grace")
        with store.read() as tx:
            assert tx.ticket(project.id, "EXP-1") == ticket
            assert tx.tickets(project.id, keys=["EXP-1", "EXP-9"]) == [ticket]
            assert tx.stage_counts(project.id) == {"backlog": 1}

    def test_ticket_numbers_go_on_after_an_imported_one(self, store: Store) -> None:
        project = new_project(store)
        content = TicketContent(title="imported")
        imported = store.write(
            lambda tx: tx.add_ticket(project, content, stage="backlog", rank=1, by="ada", at=AT, number=41)
        )
        assert imported.key == "EXP-41"
        assert new_ticket(store, project).key == "EXP-42"
        with pytest.raises(Conflict, match="EXP-41"):
            store.write(
                lambda tx: tx.add_ticket(
                    project, content, stage="backlog", rank=1, by="ada", at=AT, number=41
                )
            )

    def test_move_raises_versions_and_keeps_the_counts(self, store: Store) -> None:
        project = new_project(store)
        ticket = new_ticket(store, project)
        moved = store.write(
            lambda tx: tx.place_ticket(ticket, stage="iteration", rank=7.5, at=later(5), iterations=1)
        )
        assert moved is not None
        assert (moved.version, moved.card_version, moved.stage, moved.rank) == (2, 2, "iteration", 7.5)
        assert (moved.entered_stage_at, moved.iterations) == (later(5), 1)
        with store.read() as tx:
            assert tx.ticket(project.id, "EXP-1") == moved
            assert tx.stage_counts(project.id) == {"iteration": 1}
            assert tx.keys_in(project.id, ["iteration", "killed"]) == {"EXP-1": "experiment"}
            assert not tx.keys_in(project.id, ["backlog"])

    def test_move_within_a_column_keeps_the_time_of_entering(self, store: Store) -> None:
        project = new_project(store)
        ticket = new_ticket(store, project)
        moved = store.write(lambda tx: tx.place_ticket(ticket, stage="backlog", rank=2.0, at=later(5)))
        assert moved is not None
        assert (moved.entered_stage_at, moved.updated_at) == (AT, later(5))

    def test_change_on_an_old_version_changes_nothing(self, store: Store) -> None:
        project = new_project(store)
        old = new_ticket(store, project)
        assert store.write(lambda tx: tx.touch_ticket(old, at=later(1))) is not None
        assert store.write(lambda tx: tx.touch_ticket(old, at=later(2))) is None
        assert store.write(lambda tx: tx.place_ticket(old, stage="killed", rank=1, at=later(2))) is None
        assert store.write(lambda tx: tx.edit_ticket(old, TicketContent(title="late"), at=later(2))) is None
        assert store.write(lambda tx: tx.delete_ticket(old)) is False
        with store.read() as tx:
            assert tx.stage_counts(project.id) == {"backlog": 1}
            found = tx.ticket(project.id, "EXP-1")
        assert found is not None
        assert (found.version, found.content) == (2, old.content)

    def test_ranks_around_name_the_neighbours_of_a_slot(self, store: Store) -> None:
        project = new_project(store)
        for rank in (1.0, 2.0, 2.0, 3.0):
            new_ticket(store, project, rank=rank)
        with store.read() as tx:
            assert tx.ranks_around(project.id, "backlog", before_key="EXP-1") == (None, 1.0)
            assert tx.ranks_around(project.id, "backlog", before_key="EXP-3") == (2.0, 2.0)
            assert tx.ranks_around(project.id, "backlog", before_key="EXP-4") == (2.0, 3.0)
            assert tx.ranks_around(project.id, "backlog", before_key=None) == (3.0, None)
            assert tx.ranks_around(project.id, "killed", before_key="EXP-1") == (None, None)

    def test_parts_of_a_ticket_are_read_back(self, store: Store) -> None:
        project = new_project(store)
        ticket = new_ticket(store, project)
        said = Attestation(item="agreed", by="ada", at=AT, note="sprint 3")
        override = Override(
            from_stage="a", to_stage="b", reason="urgent", unmet=("x",), by="ada", at=AT, seq=1
        )
        decided = decision(DecisionKind.ITERATE)
        store.write(lambda tx: tx.put_lock(ticket.id, lock()))
        store.write(lambda tx: tx.put_attestation(ticket.id, replace(said, note="older")))
        store.write(lambda tx: tx.put_attestation(ticket.id, said))
        store.write(lambda tx: tx.add_override(ticket.id, override))
        store.write(lambda tx: tx.add_decision(ticket.id, decided))
        with store.read() as tx:
            found = tx.ticket(project.id, "EXP-1")
            assert tx.decisions(ticket.id) == [decided]
        assert found is not None
        assert (found.lock, found.decision) == (lock(), decided)
        assert (found.attestations, found.overrides) == ((said,), (override,))
        store.write(lambda tx: tx.remove_attestation(ticket.id, "agreed"))
        with store.read() as tx:
            assert tx.tickets(project.id)[0].attestations == ()

    def test_locked_ticket_and_ticket_with_runs_cannot_be_deleted(self, store: Store) -> None:
        project = new_project(store)
        locked, measured, free = (new_ticket(store, project) for _ in range(3))
        source = new_source(store, project)
        store.write(lambda tx: tx.put_lock(locked.id, lock()))
        store.write(lambda tx: tx.put_runs(source, [run(1, ticket=measured.key)], seq=1))
        assert store.write(lambda tx: tx.delete_ticket(locked)) is False
        assert store.write(lambda tx: tx.delete_ticket(measured)) is False
        assert store.write(lambda tx: tx.delete_ticket(free)) is True
        with store.read() as tx:
            assert tx.stage_counts(project.id) == {"backlog": 2}
            assert tx.locked_counts(project.id) == {"backlog": 1}
            assert tx.search(project.id, free.key, limit=5) == () or free.key not in {
                hit.key for hit in tx.search(project.id, free.key, limit=5)
            }

    def test_card_version_rises_only_when_the_card_differs(self, store: Store) -> None:
        project = new_project(store)
        ticket = new_ticket(store, project)
        for chip in ("Unclear", "Unclear", "Promote"):
            store.write(lambda tx, chip=chip: tx.put_card(ticket.id, {"chip": chip}))  # type: ignore[misc]
        with store.read() as tx:
            found = tx.ticket(project.id, "EXP-1")
        assert found is not None
        assert (found.card_version, found.version, found.card) == (3, 1, {"chip": "Promote"})

    def test_links_and_notes_are_read_from_both_ends(self, store: Store) -> None:
        project = new_project(store)
        one, two = new_ticket(store, project), new_ticket(store, project)
        assert store.write(lambda tx: tx.add_link(one.id, LinkKind.BLOCKS, two.id)) is True
        assert store.write(lambda tx: tx.add_link(one.id, LinkKind.BLOCKS, two.id)) is False
        note = store.write(lambda tx: tx.add_note(one.id, text="looks odd\x01", by="ada", at=AT))
        with store.read() as tx:
            assert [(link.key, link.outgoing) for link in tx.links(one.id)] == [("EXP-2", True)]
            assert [*tx.project_links(project.id)] == [("EXP-1", LinkKind.BLOCKS, "EXP-2")]
            assert [*tx.project_links(project.id + 1)] == []
            assert [(link.key, link.outgoing) for link in tx.links(two.id)] == [("EXP-1", False)]
            assert tx.notes(one.id) == [note]
        assert store.write(lambda tx: tx.remove_link(one.id, LinkKind.BLOCKS, two.id)) is True
        assert store.write(lambda tx: tx.remove_link(one.id, LinkKind.BLOCKS, two.id)) is False

    def test_note_on_a_ticket_that_is_gone_is_a_conflict(self, store: Store) -> None:
        with pytest.raises(Conflict):
            store.write(lambda tx: tx.add_note(4711, text="where?", by="ada", at=AT))

    def test_text_that_is_no_unicode_is_invalid_and_changes_nothing(self, store: Store) -> None:
        project = new_project(store)
        ticket = new_ticket(store, project)
        with pytest.raises(Invalid):
            store.write(lambda tx: tx.add_note(ticket.id, text="a\ud800b", by="ada", at=AT))
        with store.read() as tx:
            assert tx.notes(ticket.id) == []


class EvidenceContract:
    """Sources, runs, files, verdicts."""

    def test_run_is_read_back_with_every_value(self, store: Store) -> None:
        project = new_project(store)
        source = new_source(store, project)
        odd = run(
            1, seed=2**70, name="<b>\x00", tags={"note": "π"}, curves={"loss": curve(1.0, math.nan, -math.inf)},
            scores_digest="sha256:x", ended_at=later(3), gpu_hours=None, url="http://127.0.0.1/1", dataset="digits@1",
            artifacts="s3://models/1/artifacts",
        )  # fmt: skip
        assert store.write(lambda tx: tx.put_runs(source, [odd, run(2)], seq=7)).changed == 2
        with store.read() as tx:
            first, second = tx.runs(project.id, "EXP-1")
            assert tx.run(project.id, "lab:0002") is not None
            assert tx.run(project.id, "lab:9999") is None
            assert tx.runs(project.id, "EXP-1", with_curves=False)[0].curves == {}
        assert (first.seed, first.tags, first.ended_at, first.gpu_hours) == (
            2**70,
            {"note": "π"},
            later(3),
            None,
        )
        assert (first.seen_seq, first.url, first.dataset, first.name) == (
            7,
            "http://127.0.0.1/1",
            "digits@1",
            "<b>\ufffd",
        )
        assert (first.artifacts, second.artifacts) == ("s3://models/1/artifacts", None)
        np.testing.assert_array_equal(first.curves["loss"].values, [1.0, math.nan, -math.inf])
        np.testing.assert_array_equal(second.curves["accuracy"].steps, [0, 1])

    def test_long_curve_is_read_back_exactly(self, store: Store) -> None:
        project = new_project(store)
        source = new_source(store, project)
        values = np.sin(np.arange(5000.0))
        store.write(lambda tx: tx.put_runs(source, [run(1, curves={"loss": curve(*values)})], seq=1))
        with store.read() as tx:
            (found,) = tx.runs(project.id, "EXP-1")
        np.testing.assert_array_equal(found.curves["loss"].values, values)

    def test_run_seen_again_counts_only_when_it_differs(self, store: Store) -> None:
        project = new_project(store)
        source = new_source(store, project)
        store.write(lambda tx: tx.put_runs(source, [run(n) for n in range(3)], seq=3))
        changed = run(1, digest="other", curves={"accuracy": curve(0.1)}, ticket="EXP-2")
        put = store.write(lambda tx: tx.put_runs(source, [run(0), changed, run(2)], seq=9))
        assert put == PutRuns(1, frozenset({"EXP-1", "EXP-2"}), named=frozenset({"EXP-2"}))
        with store.read() as tx:
            (found,) = tx.runs(project.id, "EXP-2")
            assert tx.run_digests(source.id) == {"0000": "digest-0", "0001": "other", "0002": "digest-2"}
        assert (found.seen_seq, list(found.curves["accuracy"].values)) == (3, [0.1])

    def test_deleted_run_is_marked_and_comes_back(self, store: Store) -> None:
        project = new_project(store)
        source = new_source(store, project)
        store.write(lambda tx: tx.put_runs(source, [run(1), run(2)], seq=1))
        assert store.write(lambda tx: tx.mark_deleted(source.id, ["0001", "unknown"], seq=2)) == ["EXP-1"]
        assert store.write(lambda tx: tx.mark_deleted(source.id, ["0001"], seq=2)) == []
        with store.read() as tx:
            assert [found.deleted for found in tx.runs(project.id, "EXP-1")] == [True, False]
            assert set(tx.run_digests(source.id)) == {"0002"}
        assert store.write(lambda tx: tx.put_runs(source, [run(1)], seq=2)).changed == 1
        with store.read() as tx:
            assert [found.deleted for found in tx.runs(project.id, "EXP-1")] == [False, False]
        left = [run(1, deleted=True, digest="left"), run(3, deleted=True)]
        put = store.write(lambda tx: tx.put_runs(source, left, seq=3))
        assert put == PutRuns(1, frozenset({"EXP-1"}), gone=1)  # the other one never was seen before

    def test_attachment_by_hand_wins_over_the_tag(self, store: Store) -> None:
        project = new_project(store)
        source = new_source(store, project)
        store.write(lambda tx: tx.put_runs(source, [run(1)], seq=1))
        assert store.write(lambda tx: tx.attach_run(project.id, "lab:0001", "EXP-9", seq=2)) is True
        assert store.write(lambda tx: tx.attach_run(project.id, "lab:none", "EXP-9", seq=2)) is False
        store.write(lambda tx: tx.put_runs(source, [run(1, digest="new", ticket="EXP-3")], seq=2))
        with store.read() as tx:
            assert [found.ticket for found in tx.runs(project.id, "EXP-9")] == ["EXP-9"]
        store.write(lambda tx: tx.attach_run(project.id, "lab:0001", None, seq=3))
        with store.read() as tx:
            assert tx.runs(project.id, "EXP-9") == []

    def test_run_remembers_what_it_was_where_a_verdict_has_to_know_it(self, store: Store) -> None:
        project = new_project(store)
        source = new_source(store, project)
        store.write(lambda tx: tx.put_runs(source, [run(n, seed=2**70) for n in range(4)], seq=3))
        moved = run(0, digest="a", ticket="EXP-2", arm="old")
        changed = run(1, digest="b", curves={"accuracy": curve(math.nan)}, scores_digest="sha256:s")
        longer = {"accuracy": curve(0.5, 0.75), "f1": curve(1.0)}
        more = run(2, digest="c", tags={"note": "x"}, curves=longer, seed=2**70)
        store.write(lambda tx: tx.put_runs(source, [moved, changed, more], seq=9))
        store.write(lambda tx: tx.mark_deleted(source.id, ["0003"], seq=11))
        store.write(lambda tx: tx.attach_run(project.id, "lab:0001", None, seq=12))
        with store.read() as tx:
            (left,) = tx.runs(project.id, "EXP-2")
            kept, gone = tx.runs(project.id, "EXP-1")
            off = {one.run_id: one for one in tx.detached_runs(project.id, "EXP-1")}
        assert list(off) == ["lab:0000", "lab:0001"]
        (past,) = left.past
        assert (past.until_seq, past.ticket, past.arm, past.seed) == (9, "EXP-1", "candidate", 2**70)
        assert (past.status, past.config, past.values) == ("finished", {"lr": "0.1"}, {"accuracy": 0.75})
        assert [(one.until_seq, one.scores_digest) for one in off["lab:0001"].past] == [
            (9, None),
            (12, "sha256:s"),
        ]
        assert math.isnan(off["lab:0001"].past[1].values["accuracy"])
        assert (kept.run_id, kept.past, [one.until_seq for one in gone.past]) == ("lab:0002", (), [11])

    def test_run_remembers_nothing_of_the_time_before_it_had_shown_anything(self, store: Store) -> None:
        project = new_project(store)
        source = new_source(store, project)
        begun = run(1, status=RunStatus.RUNNING, curves={}, tags={"assay.candidate": "wide"})
        ended = run(2, tags={"assay.candidate": "wide"})
        store.write(lambda tx: tx.put_runs(source, [begun, ended], seq=3))
        changed = run(1, digest="a", config={"lr": "0.2"}, arm="old", ticket="EXP-2")
        store.write(lambda tx: tx.put_runs(source, [changed], seq=4))
        with store.read() as tx:
            (first,) = tx.runs(project.id, "EXP-2")
            (second,) = tx.runs(project.id, "EXP-1")
            assert list(tx.detached_runs(project.id, "EXP-1")) == []
        assert (first.past, first.candidate_when_first_seen, first.arm_when_first_seen) == (
            (),
            "wide",
            "candidate",
        )
        assert (second.candidate_when_first_seen, second.arm_when_first_seen) == (None, None)

    def test_source_is_saved_and_removed_while_its_runs_stay(self, store: Store) -> None:
        project = new_project(store)
        source = new_source(store, project)
        with pytest.raises(Conflict, match="lab"):
            new_source(store, project)
        synced = replace(
            source, cursor={"at": 5}, last_sync_at=AT, last_sync_status="tables", last_sync_error=""
        )
        store.write(lambda tx: tx.save_source(synced))
        store.write(lambda tx: tx.put_runs(source, [run(1)], seq=1))
        with store.read() as tx:
            assert tx.sources(project.id) == [synced]
            assert [tx.source_stands_at(source.id, {"at": at}) for at in (5, 4)] == [True, False]
        store.write(lambda tx: tx.note_look(source.id, AT.replace(year=2030)))
        with store.read() as tx:
            assert tx.sources(project.id)[0].last_sync_at == AT.replace(year=2030)
        store.write(lambda tx: tx.remove_source(source.id))
        with store.read() as tx:
            assert tx.sources(project.id) == []
            assert [one.external_id for one in tx.runs(project.id, "EXP-1")] == [run(1).external_id]
        back = store.write(
            lambda tx: tx.add_source(
                project.id, name=source.name, kind=source.kind, uri=source.uri, experiment_filter=()
            )
        )
        assert (back.id, back.cursor) == (source.id, {"at": 5})

    def test_file_is_kept_under_its_digest_only(self, store: Store) -> None:
        content = bytes(range(256))
        digest = digest_bytes(content)
        for _ in range(2):
            store.write(lambda tx: tx.put_blob(digest, content))
        with store.read() as tx:
            assert tx.blob(digest) == content
            assert tx.blob("sha256:none") is None
        with pytest.raises(Invalid, match="digest"):
            store.write(lambda tx: tx.put_blob(digest, b"other"))

    def test_latest_verdict_is_the_one_put_last(self, store: Store) -> None:
        project = new_project(store)
        ticket = new_ticket(store, project)
        for digest in ("a", "b", "a"):
            verdict = StoredVerdict(digest=digest, body=b"{}", library_versions={"numpy": "2"}, at=AT, seq=1)
            store.write(lambda tx, verdict=verdict: tx.put_verdict(ticket.id, verdict))  # type: ignore[misc]
        with store.read() as tx:
            assert [verdict.digest for verdict in tx.verdicts(ticket.id)] == ["a", "b", "a"]
            latest = tx.verdict(ticket.id)
            assert tx.verdict(4711) is None
        assert latest is not None
        assert latest.digest == "a"


class StorageContract(
    ProjectContract,
    TicketContract,
    BlockerContract,
    CompanyContract,
    EvidenceContract,
    GateContract,
    KeptContract,
    LinkedDataContract,
    NamedTicketContract,
    PipelineContract,
    WebhookContract,
    SprintContract,
    JournalContract,
    PagesContract,
    PastCurvesContract,
    PastRunsContract,
    ComparedContract,
    ConcurrencyContract,
):
    """Everything at once."""
