"""A real store and a tracker whose runs a test writes down itself."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from assay.connectors.evals.id_list import read_ids
from assay.connectors.evals.long_form import read_scores
from assay.connectors.evals.uploaded import read_uploaded, search_sent_leaks
from assay.connectors.signing.ed25519 import SigningKey
from assay.connectors.trackers.mlflow.artifact_files import list_artifacts
from assay.domain.experiments.criteria.text import parse_criterion
from assay.domain.experiments.evidence import Curve, Run, RunStatus
from assay.domain.experiments.experiment import Baseline, Budget, TicketContent
from assay.domain.kernel.findings import Role
from assay.domain.kernel.metrics import Direction, Metric, MetricCatalog, Unit
from assay.storage import open_store
from assay.workflows.actor import Actor
from assay.workflows.ports import SyncBatch, Workspace
from assay.workflows.projects import create_project, declare_metric
from assay.workflows.records import Source
from tests.support.webhooks import webhook_tools

ADA = Actor(name="ada")
START = datetime(2026, 5, 12, 9, tzinfo=UTC)
ACCURACY = Metric(name="accuracy", direction=Direction.HIGHER, unit=Unit.FRACTION)
CATALOG = MetricCatalog.of([ACCURACY])


class ListedTracker:
    """A tracker that holds the runs a test gave it."""

    def __init__(self) -> None:
        self.runs: dict[str, Run] = {}
        self.gone: list[str] = []
        self.revision = 0

    def put(self, *runs: Run) -> None:
        self.runs |= {run.external_id: run for run in runs}
        self.revision += 1

    def remove(self, *external_ids: str) -> None:
        for external_id in external_ids:
            del self.runs[external_id]
        self.gone = list(external_ids)
        self.revision += 1

    def changes(self, source: Source, known: Callable[[], Mapping[str, str]]) -> Iterator[SyncBatch]:
        if source.cursor.get("revision") == self.revision:
            return
        digests = known()
        runs = tuple(run for run in self.runs.values() if digests.get(run.external_id) != run.digest)
        gone = tuple(key for key in digests if key not in self.runs)
        cursor = {"revision": self.revision}
        yield SyncBatch(runs=runs, gone=gone, cursor=cursor, done=len(runs), total=len(runs), blobs={})

    def check(self, source: Source) -> str:
        return f"{len(self.runs)} runs"


class TickingClock:
    """A minute passes at each look."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        self.now += timedelta(minutes=1)
        return self.now


@pytest.fixture
def tracker() -> ListedTracker:
    return ListedTracker()


@pytest.fixture
def clock() -> TickingClock:
    return TickingClock()


@pytest.fixture(scope="session")
def empty_sqlite_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("template") / "assay.db"
    open_store(f"sqlite:///{path}").close()
    return path


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def store_url(request, tmp_path):
    """An empty store, copied or rewound: to make one anew takes ten times as long."""
    if request.param == "sqlite":
        copy = shutil.copy(request.getfixturevalue("empty_sqlite_file"), tmp_path / "assay.db")
        yield f"sqlite:///{copy}"
    else:
        yield request.getfixturevalue("postgres_rewound")("empty store", _made_ready)


def _made_ready(url):
    open_store(url).close()


@pytest.fixture
def ws(store_url, tmp_path, tracker, clock):
    store = open_store(store_url)
    signer = SigningKey.load_or_create(tmp_path / "signing.key")
    workspace = Workspace(
        store=store,
        clock=clock,
        sources={"listed": tracker},
        read_scores=read_scores,
        read_upload=read_uploaded,
        read_ids=read_ids,
        search_leaks=search_sent_leaks,
        list_artifacts=list_artifacts,
        signer=signer,
        instance_id=store.instance_id(),
        webhooks=webhook_tools(signer),
    )
    create_project(workspace, ADA, slug="chatbot", name="Support chatbot")
    declare_metric(workspace, ADA, "chatbot", ACCURACY)
    yield workspace
    store.close()


def content(**changes):
    criteria = (
        parse_criterion("accuracy >= 85%", metrics=CATALOG, role=Role.PRIMARY),
        parse_criterion("accuracy < 70%", metrics=CATALOG, role=Role.KILL),
    )
    ticket = TicketContent(
        title="Fine-tune on support tickets",
        hypothesis="Fine-tuning on support tickets lifts answer accuracy from 72% to at least 85%.",
        criteria=criteria,
        baseline=(Baseline(metric="accuracy", value="0.72", source="zero-shot"),),
        budget=Budget(gpu_hours="24"),
    )
    return ticket.model_copy(update=changes)


def run(key: str, seed: int, *values: float, status=RunStatus.FINISHED, begun: datetime, **changes) -> Run:
    external_id = changes.pop("external_id", f"{key.lower()}-seed{seed}")
    count = len(values)
    made = Run(
        run_id=f"listed:{external_id}",
        source="listed",
        external_id=external_id,
        name=external_id,
        status=status,
        config={"rank": "16"},
        seed=seed,
        curves={
            "accuracy": Curve(
                steps=np.arange(count, dtype=np.int64),
                values=np.array(values, dtype=np.float64),
                times_ms=np.zeros(count, dtype=np.int64),
            )
        }
        if count
        else {},
        ticket=key,
        started_at=begun,
    )
    made = replace(made, **changes)
    return replace(made, digest=f"{made.external_id}:{made.ticket}:{values}:{status}")
