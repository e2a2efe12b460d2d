"""The canvas of a project: write it, read it with today's values beside every number."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from assay.domain.experiments.criteria.model import Criterion
from assay.domain.experiments.criteria.text import criterion_text
from assay.domain.gates.verdict import judge_other
from assay.domain.kernel.events import Event
from assay.domain.kernel.findings import Finding, Outcome
from assay.domain.kernel.metrics import MetricCatalog
from assay.domain.portfolio.canvas import Canvas
from assay.domain.portfolio.canvas_data import canvas_from_data, canvas_to_data
from assay.domain.portfolio.standing import (
    Measure,
    Reading,
    Standing,
    inputs_digest,
    measures_of,
    read_canvas,
)
from assay.domain.sprints.sprint import SprintState
from assay.errors import AssayError
from assay.workflows.actor import SYSTEM, Actor, Permission
from assay.workflows.gathering import gather_evidence
from assay.workflows.judging import judging_settings
from assay.workflows.kept import (
    CANVAS,
    STANDING,
    check_kept_version,
    put_document,
    version_of,
)
from assay.workflows.lock_integrity import lock_faults
from assay.workflows.lookup import required_project, required_ticket
from assay.workflows.ports import ReadTransaction, Workspace, WriteTransaction
from assay.workflows.records import KeptDocument, Project, Sprint
from assay.workflows.verdicts import check_lock

LOOK = "assay canvas show"


@dataclass(frozen=True, slots=True)
class SprintClock:
    """Which sprint it is; None before the first one was started."""

    running: int | None
    last_ended: int | None

    @property
    def now(self) -> int | None:
        """The running sprint, else the last one that ended."""
        return self.running or self.last_ended


@dataclass(frozen=True, slots=True)
class KillState:
    """Where a project-level kill criterion stands."""

    reading: Reading | None
    counts: bool
    """The sprint after which it counts has ended."""

    @property
    def is_met(self) -> bool:
        """Whether the project should stop or turn, by what is known now."""
        return self.counts and self.reading is not None and self.reading.finding.outcome is Outcome.MET


@dataclass(frozen=True, slots=True)
class CanvasView:
    """A canvas with how things stand today."""

    canvas: Canvas
    data: Mapping[str, Any]
    """The same as plain data, with criteria as text."""
    version: int
    """0 while nobody wrote it."""
    at: datetime | None
    by: str
    standing: Standing | None
    judged_at: datetime | None
    kills: tuple[KillState, ...]
    """One for each kill criterion, in their order."""
    clock: SprintClock
    runs: int
    runs_with_hours: int
    gpu_hours: float | None
    """Compute of the project's runs as far as known; None when nobody knows of any."""
    metrics: MetricCatalog

    def reading(self, place: str) -> Reading | None:
        """Today's value of one number."""
        return None if self.standing is None else self.standing.at(place)


def get_canvas(ws: Workspace, actor: Actor, slug: str) -> CanvasView:
    """The canvas, empty while nobody wrote it, with today's values as the last evidence gave them."""
    actor.require(Permission.READ)
    with ws.store.read() as tx:
        project = required_project(tx, slug)
        return canvas_in(tx, project)


def edit_canvas(
    ws: Workspace, actor: Actor, slug: str, data: object, *, expected_version: int | None
) -> CanvasView:
    """Replace the whole canvas. The same content is no change.

    The fields are those `canvas_to_data` writes; version 0 is that of a canvas nobody wrote, and None accepts any.

    Raises:
        Invalid: a field cannot be read; it is named.
        StaleVersion: somebody changed it meanwhile.
    """
    actor.require(Permission.WRITE_TICKETS)

    def work(tx: WriteTransaction) -> None:
        project = required_project(tx, slug)
        catalog = tx.metrics(project.id)
        canvas = canvas_from_data(data, catalog)
        before = tx.kept(project.id, CANVAS)
        check_kept_version(before, expected_version, what="the canvas", look=LOOK)
        at = ws.clock()
        saved = put_document(tx, project, CANVAS, "", canvas, by=actor.name, at=at)
        if saved is not None:
            after = canvas_to_data(canvas, catalog)
            event = Event.of(
                "canvas.edited",
                project=slug,
                subject=CANVAS,
                version=saved.version,
                digest=saved.digest,
                after=after,
            )
            tx.append(event, actor=actor, at=at)

    ws.store.write(work)
    refresh_standing(ws, slug)
    return get_canvas(ws, actor, slug)


def canvas_in(tx: ReadTransaction, project: Project, sprints: Sequence[Sprint] | None = None) -> CanvasView:
    """The part of `get_canvas` inside a transaction; `sprints` of callers who have read them."""
    kept, standing = tx.kept(project.id, CANVAS), tx.kept(project.id, STANDING)
    canvas, catalog = canvas_of(kept), tx.metrics(project.id)
    known = _standing_of(standing)
    if known is not None and known.canvas_version != version_of(kept):
        known = None
    clock = clock_of(tx.sprints(project.id) if sprints is None else sprints)
    runs, with_hours, hours = tx.compute_spent(project.id)
    return CanvasView(
        canvas=canvas,
        data=canvas_to_data(canvas, catalog),
        version=version_of(kept),
        at=kept.at if kept else None,
        by=kept.by if kept else "",
        standing=known,
        judged_at=standing.at if known is not None and standing is not None else None,
        kills=tuple(
            KillState(
                known.at(f"kill[{number}]") if known else None,
                counts=kill.after_sprint is None or (clock.last_ended or 0) >= kill.after_sprint,
            )
            for number, kill in enumerate(canvas.kill)
        ),
        clock=clock,
        runs=runs,
        runs_with_hours=with_hours,
        gpu_hours=hours,
        metrics=catalog,
    )


def canvas_of(kept: KeptDocument | None) -> Canvas:
    """What a stored canvas says; an empty one where there is none."""
    return Canvas() if kept is None else Canvas.model_validate_json(kept.body)


def _standing_of(kept: KeptDocument | None) -> Standing | None:
    return None if kept is None else Standing.model_validate_json(kept.body)


def clock_of(made: Sequence[Sprint]) -> SprintClock:
    """Which sprint is it?"""
    running = [one.number for one in made if one.state is SprintState.ACTIVE]
    ended = [one.number for one in made if one.state is SprintState.ENDED]
    return SprintClock(max(running, default=None), max(ended, default=None))


def refresh_standing(ws: Workspace, slug: str) -> None:
    """Judge the canvas again where its inputs changed, and keep and journal what came out differently.

    The journal tells of every change of an outcome, so that it can be asked since when a kill criterion is met.
    """
    with ws.store.read() as tx:
        project = required_project(tx, slug)
        kept, before = tx.kept(project.id, CANVAS), _standing_of(tx.kept(project.id, STANDING))
        canvas, catalog = canvas_of(kept), tx.metrics(project.id)
        if kept is None or (canvas.is_empty and before is None):
            return
        verdicts = tx.latest_verdicts(project.id)
        inputs = inputs_digest(canvas, catalog, verdicts)
        if before is not None and (before.inputs, before.canvas_version) == (inputs, kept.version):
            return
        measures = _measures(tx, project, catalog, verdicts)
        readings = read_canvas(canvas, measures, catalog, _Judge(ws, tx, project, catalog))
    standing = Standing(canvas_version=kept.version, inputs=inputs, readings=readings)
    ws.store.write(lambda tx: _keep(tx, ws, project, standing, before))


def _measures(
    tx: ReadTransaction, project: Project, catalog: MetricCatalog, verdicts: Sequence[tuple[str, str]]
) -> list[Measure]:
    """What locked tickets measured; without the value where their lock reads another one of the runs than is declared now."""
    found: list[Measure] = []
    for key, body in tx.verdict_bodies(project.id, [digest for _, digest in verdicts]):
        found += measures_of(key, json.loads(body)["verdict"]["findings"], catalog)
    for one in tx.measured(project.id):
        metric = catalog.get(one.metric)
        if metric is not None:
            found.append(Measure(one.key, (metric.name, ""), one.estimate))
    otherwise = _read_otherwise(tx, project, catalog, [key for key, _ in verdicts])
    return [one._replace(value=None) if (one.ticket, one.subject[0]) in otherwise else one for one in found]


def _read_otherwise(
    tx: ReadTransaction, project: Project, catalog: MetricCatalog, keys: Sequence[str]
) -> set[tuple[str, str]]:
    """Tickets, each with a metric that its lock reads otherwise than is declared now."""
    locked = (
        (ticket.key, metric)
        for ticket in tx.tickets(project.id, keys=keys)
        if ticket.lock is not None
        for metric in ticket.lock.registration.metrics
    )
    declared = ((key, metric, catalog.get(metric.name)) for key, metric in locked)
    return {
        (key, now.name) for key, metric, now in declared if now is not None and now.reading != metric.reading
    }


class _Judge:
    """Judges tickets on criteria of the canvas; evidence is read once a ticket."""

    def __init__(self, ws: Workspace, tx: ReadTransaction, project: Project, catalog: MetricCatalog) -> None:
        self._ws, self._tx, self._project, self._catalog = ws, tx, project, catalog
        self._read: dict[str, Any] = {}

    def __call__(self, key: str, criterion: Criterion, among: int) -> Finding:
        try:
            ticket, evidence = self._of(key)
            return judge_other(
                ticket.lock,
                evidence,
                criterion,
                settings=judging_settings(self._project, ticket),
                metrics=self._catalog,
                among=among,
            )
        except AssayError as error:
            return self._broken(criterion, error.message)
        except Exception as error:  # noqa: BLE001 - whatever a computation stumbles over, the page has to say so
            return self._broken(criterion, f"it cannot be judged: unexpected {type(error).__name__}")

    def _broken(self, criterion: Criterion, why: str) -> Finding:
        return Finding(
            check=criterion_text(criterion, metrics=self._catalog),
            role=criterion.role,
            outcome=Outcome.INVALID,
            metric=criterion.metric,
            method="none",
            reason=why,
        )

    def _of(self, key: str) -> Any:
        if key not in self._read:
            ticket = required_ticket(self._tx, self._project, key)
            check_lock(key, lock_faults(self._tx, self._project, ticket))
            self._read[key] = ticket, gather_evidence(self._ws, self._tx, self._project, ticket)
        return self._read[key]


def _keep(
    tx: WriteTransaction, ws: Workspace, project: Project, standing: Standing, before: Standing | None
) -> None:
    if version_of(tx.kept(project.id, CANVAS)) != standing.canvas_version:
        return  # edited meanwhile: that edit judges it again
    at = ws.clock()
    put_document(tx, project, STANDING, "", standing, by=SYSTEM.name, at=at)
    if _told(standing) != (_told(before) if before else None):
        event = Event.of("canvas.judged", project=project.slug, subject=CANVAS, readings=_told(standing))
        tx.append(event, actor=SYSTEM, at=at)


def _told(standing: Standing) -> list[dict[str, Any]]:
    return [one.told() for one in standing.readings]
