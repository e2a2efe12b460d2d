"""The phase of a project: set it, and see whether the sprint, the decisions and the evidence fit it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from assay.domain.experiments.fields import as_mapping
from assay.domain.kernel.events import Event
from assay.domain.portfolio.phases import (
    DecisionGate,
    GateState,
    ProjectPhase,
    gate_state,
    mix_warning,
)
from assay.domain.portfolio.plain_data import document_from_data, document_to_data
from assay.domain.portfolio.stuck import (
    Stuck,
    explores_without_end,
    never_ships,
    optimises_far_below,
    out_of_sight,
)
from assay.domain.sprints.mix import Mix, mix_of
from assay.workflows.actor import Actor, Permission
from assay.workflows.canvas import CanvasView, canvas_in
from assay.workflows.ceremonies import is_silent
from assay.workflows.kept import PHASE, check_kept_version, put_document, version_of
from assay.workflows.lookup import required_project
from assay.workflows.ports import ReadTransaction, Workspace, WriteTransaction
from assay.workflows.records import KeptDocument, Project, Sprint
from assay.workflows.sprint_facts import SprintFacts, facts_of, keys_in_progress, standing

LOOK = "assay phase show"


@dataclass(frozen=True, slots=True)
class GateLine:
    """A decision with whether it is awaited."""

    gate: DecisionGate
    state: GateState


@dataclass(frozen=True, slots=True)
class PhaseView:
    """The phase of a project with how things stand."""

    phase: ProjectPhase
    data: Mapping[str, Any]
    version: int
    """0 while nobody said."""
    at: datetime | None
    by: str
    target_percent: int
    """How much of a sprint should explore."""
    sprint: int | None
    """The running sprint, whose mix this is; None when none runs."""
    mix: Mix | None
    explore_percent: float | None
    """None where it is not known."""
    warning: str | None
    gates: tuple[GateLine, ...]
    stuck: tuple[Stuck, ...]


def get_phase(ws: Workspace, actor: Actor, slug: str) -> PhaseView:
    """The phase, with the running sprint's mix, the decisions that are due, and what is stuck."""
    actor.require(Permission.READ)
    with ws.store.read() as tx:
        return phase_in(ws, tx, required_project(tx, slug))


def phase_in(ws: Workspace, tx: ReadTransaction, project: Project) -> PhaseView:
    """The part of `get_phase` inside a transaction."""
    return read_phase(ws, tx, project)[0]


def read_phase(
    ws: Workspace, tx: ReadTransaction, project: Project
) -> tuple[PhaseView, SprintFacts, CanvasView]:
    """The same with what it was read from: the running sprint, or every ticket in progress, and the canvas."""
    sprints, at = tx.sprints(project.id), ws.clock()
    canvas = canvas_in(tx, project, sprints)
    kept = tx.kept(project.id, PHASE)
    phase = _phase_of(kept)
    running = next((one for one in sprints if one.number == canvas.clock.running), None)
    facts = _facts(ws, tx, project, running, at)
    mix = _mix(facts, phase)
    stuck = stuck_of(phase, canvas, today=at.date())
    silent = out_of_sight(_silent(facts, at))
    view = PhaseView(
        phase=phase,
        data=document_to_data(phase),
        version=version_of(kept),
        at=kept.at if kept else None,
        by=kept.by if kept else "",
        target_percent=phase.phase.explore_percent,
        sprint=canvas.clock.running,
        mix=mix,
        explore_percent=None if mix is None else mix.explore_percent,
        warning=None if mix is None else mix_warning(phase.phase, mix),
        gates=tuple(
            GateLine(
                gate,
                gate_state(
                    gate, running=canvas.clock.running, last_ended=canvas.clock.last_ended, today=at.date()
                ),
            )
            for gate in phase.gates
        ),
        stuck=(*stuck, *((silent,) if silent else ())),
    )
    return view, facts, canvas


def stuck_of(phase: ProjectPhase, canvas: CanvasView, *, today: date) -> tuple[Stuck, ...]:
    """In which ways is the project stuck, by its phase and its canvas?"""
    readings = [
        reading
        for number in range(len(canvas.canvas.success))
        if (reading := canvas.reading(f"success[{number}]")) is not None
    ]
    found = (
        explores_without_end(phase.phase, phase.since, canvas.canvas, today=today),
        optimises_far_below(phase.phase, readings),
        never_ships(
            phase.phase,
            readings if len(readings) == len(canvas.canvas.success) else (),
            ship_by_sprint=canvas.canvas.time_box.ship_by_sprint,
            last_ended=canvas.clock.last_ended,
        ),
    )
    return tuple(one for one in found if one is not None)


def _silent(facts: SprintFacts, at: datetime) -> list[tuple[str, float]]:
    return [
        (one.key, (at - one.last_sign_at).total_seconds() / 86_400.0)
        for one in standing(facts)
        if one.last_sign_at is not None and is_silent(one, at)
    ]


def _facts(
    ws: Workspace, tx: ReadTransaction, project: Project, sprint: Sprint | None, at: datetime
) -> SprintFacts:
    """Of the running sprint; without one, of every ticket in progress."""
    keys = None if sprint else keys_in_progress(tx, project)
    return facts_of(ws, tx, project, sprint, at, now=at, keys=keys, with_words=False)


def _mix(facts: SprintFacts, phase: ProjectPhase) -> Mix | None:
    if facts.sprint is None:
        return None
    keys = [made.key for made in facts.commitments if made.stands]
    contents = {key: facts.tickets[key].content for key in keys if key in facts.tickets}
    return mix_of(contents, phase.measure)


def _phase_of(kept: KeptDocument | None) -> ProjectPhase:
    return ProjectPhase() if kept is None else ProjectPhase.model_validate_json(kept.body)


def edit_phase(
    ws: Workspace, actor: Actor, slug: str, data: object, *, expected_version: int | None
) -> PhaseView:
    """Say which phase it is, how the mix is measured, and which decisions are to be made by when.

    A phase that begins without a day of its own begins today. The same content is no change.

    Raises:
        Invalid: a field cannot be read; it is named.
        StaleVersion: somebody changed it meanwhile.
    """
    actor.require(Permission.WRITE_TICKETS)

    def work(tx: WriteTransaction) -> None:
        project = required_project(tx, slug)
        given = as_mapping(data, "", known=tuple(ProjectPhase.model_fields))
        before = tx.kept(project.id, PHASE)
        old, phase = _phase_of(before), document_from_data(ProjectPhase, _given(given))
        check_kept_version(before, expected_version, what="the phase", look=LOOK)
        at = ws.clock()
        goes_on = before is not None and old.phase is phase.phase
        if phase.since is None and goes_on:
            phase = phase.model_copy(update={"since": old.since})
        elif phase.since is None or (phase.since == old.since and not goes_on):
            phase = phase.model_copy(update={"since": at.date()})
        saved = put_document(tx, project, PHASE, "", phase, by=actor.name, at=at)
        if saved is not None:
            begins = before is None or old.phase is not phase.phase
            kind = "phase.edited"
            if begins:
                kind = "phase.begun"
            event = Event.of(
                kind,
                project=project.slug,
                subject=PHASE,
                version=saved.version,
                digest=saved.digest,
                phase=phase.phase.value,
                before=None if before is None else old.phase.value,
                after=document_to_data(phase),
            )
            tx.append(event, actor=actor, at=at)

    ws.store.write(work)
    return get_phase(ws, actor, slug)


def _given(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Empty entries are nothing said."""
    kept = {name: value for name, value in fields.items() if value is not None}
    gates = kept.get("gates")
    if isinstance(gates, list | tuple):
        kept["gates"] = [
            {name: value for name, value in one.items() if value is not None}
            if isinstance(one, Mapping)
            else one
            for one in gates
        ]
    return kept
