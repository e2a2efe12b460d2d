"""A project as it stands after a year, lived through its own workflows by a clock that runs ahead: what benchmarks look at.

Of every hundred experiments 65 were decided, ten are under way and the others wait; all that is under way is in the running sprint,
the last of twenty. Runs lie unevenly: a few sweeps have many times what most have. Some broke, some failed, some still run.
"""

import math
import random
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import yaml

from assay.domain.board.blockers import BlockerCategory
from assay.domain.experiments.criteria.text import parse_criterion
from assay.domain.experiments.evidence import Curve, Run, RunStatus
from assay.domain.experiments.experiment import Baseline, Budget, DecisionKind, TicketContent
from assay.domain.experiments.prediction import Prediction
from assay.domain.governance.journal import JournalHead, append_event
from assay.domain.kernel.events import Event
from assay.domain.kernel.findings import Role
from assay.domain.kernel.metrics import Direction, Metric, MetricCatalog, Unit
from assay.domain.sprints.sprint import SprintContent
from assay.workflows.actor import Actor
from assay.workflows.blockers import close_blocker, open_blocker
from assay.workflows.board import Moved, move_card
from assay.workflows.canvas import edit_canvas
from assay.workflows.choices import EXAMPLE, put_choice
from assay.workflows.commitments import commit_tickets
from assay.workflows.decisions import decide
from assay.workflows.gate_runs import judge_ticket
from assay.workflows.gates import add_gate
from assay.workflows.notes import add_note
from assay.workflows.phases import edit_phase
from assay.workflows.ports import Workspace
from assay.workflows.projects import create_project, declare_metric
from assay.workflows.saved_filters import save_filter
from assay.workflows.sprints import create_sprint, end_sprint, start_sprint
from assay.workflows.tickets import create_ticket
from assay.workflows.verdicts import refresh_verdicts

ADA = Actor(name="Ada")
SLUG = "bench"
DAYS, SPRINTS, SPRINT_DAYS = 360, 20, 14
WORDS = (
    "rerank",
    "route",
    "chunk",
    "distil",
    "prune",
    "index",
    "filter",
    "rewrite",
    "cite",
    "refuse",
    "translate",
    "cache",
)
OWNERS = ("Ada", "Jo", "Mira", "Lu", "Grace")
METRICS = (
    Metric(name="accuracy", direction=Direction.HIGHER, unit=Unit.FRACTION),
    Metric(name="latency_ms", direction=Direction.LOWER, unit=Unit.MILLISECONDS),
)
CATALOG = MetricCatalog.of(METRICS)
CRITERIA = tuple(
    parse_criterion(text, metrics=CATALOG, role=role)
    for role, text in (
        (Role.PRIMARY, "accuracy >= 85%"), (Role.SECONDARY, "latency_ms < 500 ms"), (Role.KILL, "accuracy < 70%"),
    )
)  # fmt: skip
GATE = "gate: ready-to-show\ncriteria: [accuracy >= 80%]\n"
Step = tuple[float, Callable[[], object]]


def live(ws: Workspace, experiments: int, runs: int) -> None:
    """Make the project and let it live through its days."""
    life = _Life(ws, experiments, runs)
    for day, step in sorted(life.steps(), key=lambda one: one[0]):
        life.go_to(day)
        step()


class _Life:
    def __init__(self, ws: Workspace, experiments: int, runs: int) -> None:
        self._chance = random.Random(0)
        self._now = self._begin = datetime.now(UTC) - timedelta(days=DAYS)
        self._ws = replace(ws, clock=lambda: self._now)
        self._keys: dict[int, str] = {}
        self._open: list[str] = []
        self._logged = 0
        weights = [self._chance.lognormvariate(0.0, 1.0) for _ in range(experiments)]
        self._runs = [round(runs * weight / sum(weights)) for weight in weights]
        self._project = create_project(self._ws, ADA, slug=SLUG, name="Bench")
        for metric in METRICS:
            declare_metric(self._ws, ADA, SLUG, metric)
        add_gate(self._ws, ADA, SLUG, text=GATE)
        self._source = ws.store.write(
            lambda tx: tx.add_source(
                self._project.id, name="lab", kind="mlflow", uri="none", experiment_filter=()
            )
        )

    def go_to(self, day: float) -> None:
        self._now = max(self._now, self._begin + timedelta(days=day))

    def steps(self) -> list[Step]:
        found: list[Step] = [(1.0, self._documents)]
        for number, _ in enumerate(self._runs):
            found += self._way(number)
        first = DAYS - SPRINTS * SPRINT_DAYS + SPRINT_DAYS / 2
        for number in range(1, SPRINTS + 1):
            found.append((first + SPRINT_DAYS * (number - 1), lambda number=number: self._sprint(number)))
        return found

    def _way(self, number: int) -> list[Step]:
        share, day = number % 100, self._chance.uniform(0, DAYS - 60)
        found: list[Step] = [(day, lambda: self._write(number))]
        if share >= 75:
            return [*found, (DAYS - 0.5, lambda: self._log(number, DAYS - 90, DAYS))]
        begun = DAYS - 30 + self._chance.uniform(0, 10) if share >= 65 else day + self._chance.uniform(1, 10)
        ended = DAYS - 0.1 if share >= 65 else begun + self._chance.uniform(5, 40)
        found += [
            (begun, lambda: self._start(number)),
            (ended - 0.05, lambda: self._log(number, begun, ended)),
            (ended - 0.04, lambda: self._look(number)),
        ]
        return found if share >= 65 else [*found, (ended, lambda: self._decide(number))]

    def _write(self, number: int) -> None:
        word = self._chance.choice(WORDS)
        content = TicketContent(
            title=f"{word.capitalize()} the top {number} answers before they are shown",
            hypothesis=f"To {word} lifts accuracy from 72% to 85%, for {number} answers were wrong there.",
            method="QLoRA rank 16, 3 epochs, 80/10/10 split. " * 5,
            criteria=CRITERIA, baseline=(Baseline(metric="accuracy", value=Decimal("0.72"), source="production"),),
            budget=Budget(gpu_hours=Decimal(24)), time_box_days=10, owner=self._chance.choice(OWNERS),
            prediction=Prediction(chance=Decimal(self._chance.randint(5, 60)) / 100, person_days=Decimal(3)),
        )  # fmt: skip
        self._keys[number] = create_ticket(self._ws, ADA, SLUG, content).key

    def _start(self, number: int) -> None:
        key = self._keys[number]
        for stage in ("hypothesis", "experiment"):
            moved = move_card(
                self._ws,
                ADA,
                SLUG,
                key,
                to=stage,
                expected_version=None,
                override_reason="Agreed in the round",
            )
            assert isinstance(moved, Moved), moved
        self._open.append(key)
        if number % 5 == 0:
            text = f"A tenth of the prompts of {key} has no label"
            opened = open_blocker(self._ws, ADA, SLUG, key, category=BlockerCategory.DATA_QUALITY, text=text)
            if number % 100 < 65:
                close_blocker(self._ws, ADA, SLUG, key, opened.number, resolution="Labelled by hand")

    def _log(self, number: int, begun: float, ended: float) -> None:
        count = self._runs[number]
        step = (ended - begun - 0.1) / max(count, 1)
        made = [
            self._run(number, at, begun + step * at, running=ended >= DAYS - 1 and at > count - 3)
            for at in range(count)
        ]
        self._ws.store.write(lambda tx: tx.put_runs(self._source, made, seq=tx.head()[0]))

    def _run(self, number: int, at: int, day: float, *, running: bool) -> Run:
        self._logged += 1
        begin = self._begin + timedelta(days=day)
        last = math.nan if at % 40 == 7 else 0.6 + 0.3 * self._chance.random()
        status = RunStatus.FAILED if at % 30 == 3 else RunStatus.FINISHED
        return Run(
            run_id=f"lab:{self._logged}", source="lab", external_id=str(self._logged), name=f"run {at}",
            status=RunStatus.RUNNING if running else status, config={"lr": f"{10.0 ** -(at % 7):g}", "rank": str(at % 5)},
            seed=at % 5, curves={"accuracy": _curve(0.1, last), "latency_ms": _curve(430.0 + at % 30)},
            ticket=self._keys[number], arm="baseline" if at % 10 == 9 else "candidate", started_at=begin,
            ended_at=None if running else begin + timedelta(minutes=60 + at % 50),
            gpu_hours=None if at % 11 == 0 else 1.0, digest=str(self._logged), tags={"git": f"{self._logged:040x}"},
        )  # fmt: skip

    def _look(self, number: int) -> None:
        key = self._keys[number]
        add_note(self._ws, ADA, SLUG, key, f"Run {self._logged} needed a restart after the node went away.")
        refresh_verdicts(self._ws, SLUG, [key])
        if number % 4 == 0:
            judge_ticket(self._ws, ADA, SLUG, key, gate="ready-to-show")

    def _decide(self, number: int) -> None:
        kind = DecisionKind.PROMOTE if number % 4 == 0 else DecisionKind.KILL
        learnings = f"Of the {number} answers a third has no source to cite, so no method can win there."
        decide(
            self._ws, ADA, SLUG, self._keys[number], kind=kind, learnings=learnings, reason="The team looked at it",
            expected_version=None, move=kind is DecisionKind.KILL,
        )  # fmt: skip
        self._open.remove(self._keys[number])

    def _sprint(self, number: int) -> None:
        if number > 1:
            end_sprint(self._ws, ADA, SLUG, number - 1, expected_version=None)
        day = self._now.date()
        content = SprintContent(
            name=f"Sprint {number}", goal="Know whether it pays.", starts_on=day, ends_on=day + timedelta(days=SPRINT_DAYS - 1)
        )  # fmt: skip
        create_sprint(self._ws, ADA, SLUG, content)
        if self._open:
            commit_tickets(self._ws, ADA, SLUG, number, self._open, confirmed=True)
        start_sprint(self._ws, ADA, SLUG, number, expected_version=None, confirmed=True)

    def _documents(self) -> None:
        canvas = {
            "objective": "Answer support tickets without a person",
            "success": [{"metric": "accuracy >= 85%", "why": "Fewer handovers"}],
            "constraints": {"budget": {"gpu_hours": 200_000}},
            "time_box": {"discovery_sprints": 3, "ship_by_sprint": 30},
        }
        edit_canvas(self._ws, ADA, SLUG, canvas, expected_version=0)
        edit_phase(self._ws, ADA, SLUG, {"phase": "optimization"}, expected_version=0)
        put_choice(self._ws, ADA, SLUG, "postcodes", yaml.safe_load(EXAMPLE), expected_version=0)
        save_filter(self._ws, ADA, SLUG, "Mine", {"owner": "Ada"})


def _curve(*values: float) -> Curve:
    steps = np.arange(len(values))
    return Curve(steps=steps, values=np.array(values), times_ms=steps)


def tell(path: Path, events: int, experiments: int) -> None:
    """Entries up to so many, as a long life leaves them: a tenth new verdicts, some notes, the rest syncs that brought runs."""
    database = sqlite3.connect(path)
    (state,) = database.execute("SELECT state FROM journal_head").fetchone()
    head = JournalHead.from_bytes(state)
    at, last = datetime.now(UTC) - timedelta(hours=1), events - head.size
    with database:
        rows = []
        for number in range(1, last + 1):
            event, moment = _event(number, experiments), at + timedelta(hours=number / last)
            entry, head = append_event(head, event, at=moment, actor="Ada")
            stamp = moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
            rows.append(
                (entry.seq, entry.body, entry.entry_hash, stamp, "Ada", event.kind, SLUG, event.subject)
            )
            if len(rows) == 50_000 or number == last:
                insert(database, rows)
                rows = []
        database.execute("UPDATE journal_head SET seq = ?, state = ?", (head.size, head.to_bytes()))
    database.execute("ANALYZE")
    database.close()


def _event(number: int, experiments: int) -> Event:
    key = f"EXP-{number * 7919 % experiments + 1}"
    if number % 10 == 0:
        said = {"headline": f"Not settled after {number} seeds", "recommendation": "undecided"}
        digests = {"digest": f"sha256:{number:064x}", "digest_before": None}
        return Event.of("verdict.computed", project=SLUG, subject=key, **said, **digests)
    if number % 100 == 1:
        return Event.of("ticket.noted", project=SLUG, subject=key, text="The node went away.")
    return Event.of("runs.synced", project=SLUG, changed=1, source="lab")


def insert(database: sqlite3.Connection, rows: list) -> None:
    database.executemany(
        "INSERT INTO journal (seq, body, hash, at, actor, kind, project, subject) VALUES (?,?,?,?,?,?,?,?)",
        rows,
    )
