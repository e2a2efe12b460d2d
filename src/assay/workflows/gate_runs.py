"""Answers of gates: judge what was sent or what a ticket has, keep every byte of it, read it back, replay it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import sha256

from assay.domain.experiments.criteria.text import dataset_text
from assay.domain.experiments.dossier import dossier_bytes
from assay.domain.experiments.evidence import Evaluation
from assay.domain.experiments.experiment import Lock
from assay.domain.gates.gate import Gate
from assay.domain.gates.gate_record import GateRecord
from assay.domain.gates.judge import judge, record_bytes, record_digest
from assay.domain.gates.needs import asks_for_results
from assay.domain.gates.replay import compared
from assay.domain.gates.wording import count
from assay.domain.kernel.events import Event
from assay.errors import NotFound, Refused
from assay.workflows.actor import Actor, Permission
from assay.workflows.board_gates import gate_of_column, show_gate
from assay.workflows.gate_sides import (
    DOSSIER,
    Side,
    files_of,
    from_dossier,
    kept_side,
    named_as_asked,
    run_overlaps,
    sent_side,
    sides_of_ticket,
)
from assay.workflows.gate_views import (
    GateFigure,
    GateInputs,
    GateReplay,
    GateRun,
    GateRunPage,
    GateVersion,
    KeptSide,
    Upload,
)
from assay.workflows.gates import required_gate
from assay.workflows.gathering import evidence_rows, with_all_scores
from assay.workflows.idempotency import Remember, write_once
from assay.workflows.item_files import with_sent_files
from assay.workflows.lock_integrity import lock_faults
from assay.workflows.lookup import required_project, required_ticket
from assay.workflows.ports import ReadTransaction, Workspace, WriteTransaction
from assay.workflows.records import Project, Ticket
from assay.workflows.verdicts import check_lock


@dataclass(frozen=True, slots=True)
class _Case:
    """All that goes into one answer; the gate's items are answered by the files that were sent."""

    version: GateVersion
    gate: Gate
    candidate: Side
    baseline: Side | None
    ticket: str | None
    lock: Lock | None
    seen_seq: int


def judge_upload(
    ws: Workspace,
    actor: Actor,
    slug: str,
    name: str,
    *,
    candidate: Upload,
    baseline: Upload | int | None = None,
    training: Mapping[str, bytes] | None = None,
    ticket: str | None = None,
    version: int | None = None,
    remember: Remember | None = None,
) -> GateRun:
    """Does what was sent pass this gate? The answer is kept with every file it was made of.

    The baseline is files too, or the number of an earlier gate run whose candidate it was. Training data that leakage checks
    name, and files that show items, are sent under the names they use; without them they have no evidence. Without a
    candidate the runs of the ticket are judged, or the items alone of a gate that asks for nothing else. Without a version
    the newest one judges.

    Raises:
        NotFound: no such gate, version, ticket or earlier run.
        Invalid: the files cannot be read, or a criterion means nothing good with what they declare.
    """
    actor.require(Permission.ADD_EVIDENCE)
    with ws.store.read() as tx:
        seen, _ = tx.head()
        project = required_project(tx, slug)
        asked = required_gate(tx, project, name, version)
        locked = False if ticket is None else required_ticket(tx, project, ticket).lock is not None
    if (
        ticket is not None
        and not candidate.files
        and baseline is None
        and (locked or asks_for_results(asked.gate))
    ):
        return judge_ticket(
            ws, actor, slug, ticket, gate=name, version=version, training=training, remember=remember
        )
    with ws.store.read() as tx:
        project = required_project(tx, slug)
        earlier = _required_run(tx, project, baseline) if isinstance(baseline, int) else None
        again = None if earlier is None else files_of(tx, earlier.candidate.files, earlier.number)
    judged = sent_side(ws, asked.gate, candidate, field="candidate", training=training)
    compared_with: Side | None = None
    if earlier is not None and again is not None:
        read_again = kept_side(ws, asked.gate, earlier.candidate, again, texts=False)
        compared_with = Side(read_again, replace(earlier.candidate, run=earlier.number), {})
    elif isinstance(baseline, Upload):
        compared_with = sent_side(ws, asked.gate, baseline, field="baseline")
    case = _Case(
        version=asked,
        gate=with_sent_files(asked.gate, named_as_asked(asked.gate, training or {}), ws.read_upload),
        candidate=judged,
        baseline=compared_with,
        ticket=ticket,
        lock=None,
        seen_seq=seen,
    )
    return _judged(ws, actor, slug, case, remember)


def judge_ticket(
    ws: Workspace,
    actor: Actor,
    slug: str,
    key: str,
    *,
    gate: str | None = None,
    version: int | None = None,
    training: Mapping[str, bytes] | None = None,
    remember: Remember | None = None,
) -> GateRun:
    """Do the runs of a ticket pass a gate? Runs from before its lock are no evidence; its baseline is the ticket's.

    Without the name of a gate it is the one that its column names, else the next column that names one. Before the lock a
    gate can ask for items alone, such as a Definition of Ready. Training data is compared by the ids of the examples.

    Raises:
        NotFound: no such ticket or gate.
        Refused: nothing is locked yet, its lock was altered, or no column names a gate.
    """
    actor.require(Permission.ADD_EVIDENCE)
    with ws.store.read() as tx:
        seen, _ = tx.head()
        project = required_project(tx, slug)
        ticket = required_ticket(tx, project, key)
        asked = required_gate(tx, project, gate or _gate_asked(project, ticket), version)
        if ticket.lock is None and not asks_for_results(asked.gate):
            return judge_upload(
                ws, actor, slug, asked.name, candidate=Upload({}), training=training, ticket=ticket.key,
                version=asked.version, remember=remember,
            )  # fmt: skip
        lock = _required_lock(tx, project, ticket)
        evidence = evidence_rows(tx, project, ticket)
        dossier = dossier_bytes(lock, evidence)
        evidence = with_all_scores(ws, tx, evidence)
    beside = named_as_asked(asked.gate, training or {})
    candidate, baseline = sides_of_ticket(ws, asked.gate, evidence, lock, dossier, training=beside)
    judged = with_sent_files(asked.gate, beside, ws.read_upload)
    case = _Case(asked, judged, candidate, baseline, ticket.key, lock, seen)
    return _judged(ws, actor, slug, case, remember)


def _gate_asked(project: Project, ticket: Ticket) -> str:
    stage = gate_of_column(project, ticket.stage)
    if stage is None or stage.gate is None:
        raise Refused(
            f"cannot judge ticket {ticket.key!r}: no column of the board names a gate (expected the name of one)",
            hint=f"assay gate judge {ticket.key} --gate NAME",
            code="gate-not-named",
            field="gate",
        )
    return stage.gate


def _required_lock(tx: ReadTransaction, project: Project, ticket: Ticket) -> Lock:
    if ticket.lock is None:
        raise Refused(
            f"cannot judge ticket {ticket.key!r}: its criteria are not locked (expected a ticket in Experiment or later)",
            hint=f"move {ticket.key} to Experiment first, or send result files",
            code="ticket-not-locked",
        )
    check_lock(ticket.key, lock_faults(tx, project, ticket))
    return ticket.lock


def _judged(ws: Workspace, actor: Actor, slug: str, case: _Case, remember: Remember | None) -> GateRun:
    """The computation runs outside the writer; what it looked at never changes."""
    gate, baseline = case.gate, case.baseline
    dataset = evaluation_set(gate, case.candidate.evaluation)
    record = judge(
        gate,
        case.candidate.evaluation,
        None if baseline is None else baseline.evaluation,
        lock=case.lock,
        overlaps=case.candidate.overlaps,
        uses=_uses(ws, slug, dataset, case.candidate.kept),
    )
    return write_once(ws, remember, lambda tx: _keep(tx, ws, actor, slug, case, record, dataset))


def _uses(ws: Workspace, slug: str, dataset: str | None, candidate: KeptSide) -> int | None:
    if dataset is None:
        return None
    with ws.store.read() as tx:
        return tx.uses_of_set(required_project(tx, slug).id, dataset, beside=candidate.digest)


def _keep(
    tx: WriteTransaction,
    ws: Workspace,
    actor: Actor,
    slug: str,
    case: _Case,
    record: GateRecord,
    dataset: str | None,
) -> GateRun:
    project = required_project(tx, slug)
    for side in (case.candidate, case.baseline):
        for digest, content in side.blobs.items() if side is not None else ():
            tx.put_blob(digest, content)
    run = GateRun(
        number=tx.next_gate_run(project.id),
        gate=case.version.name,
        version=case.version.version,
        ticket=case.ticket,
        result=record.result,
        headline=record.headline,
        dataset=dataset,
        figure=None,
        digest=record_digest(record),
        by=actor.name,
        at=ws.clock(),
        seq=0,
        body=record_bytes(record),
        library_versions=dict(record.library_versions),
        candidate=case.candidate.kept,
        baseline=None if case.baseline is None else case.baseline.kept,
        judged=case.candidate.kept.digest,
        seen_seq=case.seen_seq,
    )
    seq = tx.append(_event(project, run, case.version), actor=actor, at=run.at)
    run = replace(run, seq=seq, figure=GateFigure.of(run.record))
    tx.add_gate_run(project.id, case.version.id, run)
    ticket = None if run.ticket is None else tx.ticket(project.id, run.ticket)
    if ticket is not None:
        show_gate(tx, project, ticket)
    kept = tx.gate_run(project.id, run.number)
    assert kept is not None
    return kept


def _event(project: Project, run: GateRun, version: GateVersion) -> Event:
    return Event.of(
        "gate.judged",
        project=project.slug,
        subject=run.ticket or run.gate,
        number=run.number,
        gate=run.gate,
        version=run.version,
        gate_digest=version.digest,
        ticket=run.ticket,
        result=run.result.value,
        headline=run.headline,
        digest=run.digest,
        dataset=run.dataset,
        candidate=run.candidate.told(),
        baseline=None if run.baseline is None else run.baseline.told(),
        seen_seq=run.seen_seq,
    )


def evaluation_set(gate: Gate, candidate: Evaluation) -> str | None:
    """Which evaluation set was used: as it is named, else how many examples with which digest; None when unknown."""
    named = {run.dataset for run in candidate.runs if run.dataset}
    if len(named) == 1:
        return next(iter(named))
    if gate.dataset is not None and not named:
        return dataset_text(gate.dataset)
    sets = {scores.sample_ids for run in candidate.runs for scores in run.scores.values()}
    if named or not sets:
        return None
    ids = sorted(set().union(*sets))
    digest = sha256("\n".join(ids).encode("utf-8", "backslashreplace")).hexdigest()
    return f"{count(len(ids), 'example')} ({digest[:12]})"


def _required_run(tx: ReadTransaction, project: Project, number: int) -> GateRun:
    run = tx.gate_run(project.id, number) if 0 < number < 2**31 else None
    if run is None:
        raise NotFound(
            f"cannot find gate run {number}: project {project.slug!r} has none of this number",
            hint="assay gate runs",
            code="gate-run-unknown",
            field="run",
        )
    return run


def get_gate_run(ws: Workspace, actor: Actor, slug: str, number: int) -> GateRun:
    """One answer with its record; NotFound when there is none of this number."""
    actor.require(Permission.READ)
    with ws.store.read() as tx:
        return _required_run(tx, required_project(tx, slug), number)


def list_gate_runs(
    ws: Workspace,
    actor: Actor,
    slug: str,
    *,
    gate: str | None = None,
    ticket: str | None = None,
    before: int | None = None,
    limit: int = 50,
) -> GateRunPage:
    """The answers of a project's gates, newest first: of one gate over its versions, or about one ticket."""
    actor.require(Permission.READ)
    with ws.store.read() as tx:
        project = required_project(tx, slug)
        if gate is not None:
            required_gate(tx, project, gate)
        if ticket is not None:
            required_ticket(tx, project, ticket)
        return tx.gate_run_page(project.id, gate=gate, ticket=ticket, before=before, limit=limit)


def gate_run_inputs(ws: Workspace, actor: Actor, slug: str, number: int) -> GateInputs:
    """All that a gate run looked at, read again from what was kept: for flipped examples, seeds, and "what if".

    Raises:
        NotFound: no gate run has this number.
        Unavailable: a file that was kept is gone.
    """
    actor.require(Permission.READ)
    return _inputs(ws, slug, number, texts=True)


def _inputs(ws: Workspace, slug: str, number: int, *, texts: bool) -> GateInputs:
    with ws.store.read() as tx:
        project = required_project(tx, slug)
        run = _required_run(tx, project, number)
        version = required_gate(tx, project, run.gate, run.version)
        ours = files_of(tx, run.candidate.files, number)
        theirs = None if run.baseline is None else files_of(tx, run.baseline.files, number)
        training = files_of(tx, run.candidate.training, number)
    gate = with_sent_files(version.gate, training, ws.read_upload)
    if run.candidate.kind == "ticket":
        candidate, baseline, lock = from_dossier(ws, ours[DOSSIER])
        overlaps = run_overlaps(ws, version.gate, run.candidate, ours, training)
        return GateInputs(run, version, gate, candidate, baseline, lock, overlaps)
    candidate = kept_side(ws, version.gate, run.candidate, ours, texts=texts)
    baseline = None
    if run.baseline is not None and theirs is not None:
        baseline = kept_side(ws, version.gate, run.baseline, theirs, texts=texts)
    overlaps = run_overlaps(ws, version.gate, run.candidate, ours, training)
    return GateInputs(run, version, gate, candidate, baseline, None, overlaps)


def gate_run_file(ws: Workspace, actor: Actor, slug: str, number: int, digest: str) -> tuple[str, bytes]:
    """Name and content of a file that a gate run judged; NotFound when it judged none of this digest."""
    actor.require(Permission.READ)
    with ws.store.read() as tx:
        run = _required_run(tx, required_project(tx, slug), number)
        sides = (run.candidate,) if run.baseline is None else (run.candidate, run.baseline)
        named = {file.digest: file.name for side in sides for file in (*side.files, *side.training)}
        content = tx.blob(digest) if digest in named else None
    if content is None:
        raise NotFound(
            f"cannot find file {digest[:80]!r}: gate run {number} judged none of this digest",
            hint=f"assay gate show {number} --json",
            code="gate-file-not-kept",
            field="digest",
        )
    return named[digest], content


def replay_gate_run(ws: Workspace, actor: Actor, slug: str, number: int) -> GateReplay:
    """Does a stored answer come out again, byte for byte, from the files that were kept?"""
    actor.require(Permission.AUDIT)
    inputs = _inputs(ws, slug, number, texts=False)
    run = inputs.run
    record = judge(
        inputs.gate,
        inputs.candidate,
        inputs.baseline,
        lock=inputs.lock,
        overlaps=inputs.overlaps,
        uses=None if run.record.uses is None else int(run.record.uses),
    )
    again = compared(run.body, record_bytes(record), was=run.library_versions, now=record.library_versions)
    return GateReplay(number, again.same, again.differences, run.digest, again.other_versions)
