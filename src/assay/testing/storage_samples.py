"""Small things to put into a store under test."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from assay.domain.experiments.evidence import Curve, Run, RunStatus
from assay.domain.experiments.experiment import (
    Budget,
    Decision,
    DecisionKind,
    Lock,
    LookPlan,
    Registration,
    TicketContent,
)
from assay.domain.kernel.events import Event
from assay.workflows.actor import Actor
from assay.workflows.journaled import content_data
from assay.workflows.ports import Store, WriteTransaction
from assay.workflows.records import Project, ProjectSettings, Source, Ticket

AT = datetime(2026, 5, 12, 9, 0, 0, 123456, tzinfo=UTC)
ADA = Actor("ada")


def later(minutes: int) -> datetime:
    """A moment after `AT`."""
    return AT + timedelta(minutes=minutes)


def new_project(store: Store, slug: str = "vision") -> Project:
    """A project with the default board."""
    return store.write(lambda tx: tx.add_project(slug=slug, name="Vision", settings=ProjectSettings(), at=AT))


def new_ticket(
    store: Store, project: Project, *, stage: str = "backlog", rank: float = 1.0, **content: Any
) -> Ticket:
    """A ticket with a journal entry."""
    content.setdefault("title", "Smaller rank keeps accuracy")

    def work(tx: WriteTransaction) -> Ticket:
        ticket = tx.add_ticket(project, TicketContent(**content), stage=stage, rank=rank, by="ada", at=AT)
        told = {"column": ticket.stage, "after": content_data(ticket.content)}
        tx.append(
            Event.of("ticket.created", project=project.slug, subject=ticket.key, **told), actor=ADA, at=AT
        )
        return ticket

    return store.write(work)


def new_source(store: Store, project: Project, name: str = "lab") -> Source:
    """A tracker."""
    return store.write(
        lambda tx: tx.add_source(
            project.id, name=name, kind="mlflow", uri="sqlite:///mlflow.db", experiment_filter=["digits"]
        )
    )


def curve(*values: float) -> Curve:
    """A curve with one point a second."""
    steps = np.arange(len(values), dtype=np.int64)
    return Curve(steps=steps, values=np.array(values, dtype=np.float64), times_ms=steps * 1000)


def run(number: int, *, ticket: str | None = "EXP-1", digest: str | None = None, **changes: Any) -> Run:
    """Run `number` of the source `lab`."""
    facts: dict[str, Any] = {
        "run_id": f"lab:{number:04d}",
        "source": "lab",
        "external_id": f"{number:04d}",
        "name": f"run {number}",
        "status": RunStatus.FINISHED,
        "config": {"lr": "0.1"},
        "seed": number,
        "curves": {"accuracy": curve(0.5, 0.75)},
        "ticket": ticket,
        "started_at": AT,
        "gpu_hours": 0.5,
        "digest": digest or f"digest-{number}",
    }
    return Run(**{**facts, **changes})


def lock(seq: int = 1) -> Lock:
    """A pre-registration."""
    registration = Registration(
        hypothesis="It keeps accuracy", baseline=(), criteria=(), budget=Budget(),
        time_box_days=None, looks=LookPlan(), candidate=None, metrics=(),
    )  # fmt: skip
    return Lock(
        registration=registration,
        digest="sha256:1",
        locked_at=AT,
        locked_by="ada",
        seq=seq,
        original_digest="sha256:1",
    )


def decision(
    kind: DecisionKind = DecisionKind.KILL, learnings: str = "Rank below eight loses accuracy"
) -> Decision:
    """What a person decided."""
    return Decision(kind=kind, verdict="kill", verdict_digest=None, learnings=learnings, by="ada", at=AT)
