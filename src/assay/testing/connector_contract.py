"""The contract of a reader of trackers: subclass it, say how your tracker is written to, and run it with pytest.

class TestMyTracker(EvidenceSourceContract):
    @pytest.fixture
    def tracker(self, tmp_path):
        return MyTracker(tmp_path)      # writes to the tracker the way its own users do

    @pytest.fixture
    def reader(self):
        return MySource()               # what is tested
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import pytest

from assay.domain.experiments.evidence import Run, RunStatus
from assay.errors import Unavailable
from assay.workflows.ports import EvidenceSource, SyncBatch
from assay.workflows.records import Source


class Tracker(Protocol):
    """How the contract writes to a tracker; implement it with the tracker's own client."""

    kind: str
    uri: str
    missing_uri: str
    """Where no such tracker is."""
    lacks: frozenset[str]
    """What this tracker has no way to say, of `LACKING`; may be left out when that is nothing."""

    def add_run(
        self,
        *,
        ticket: str | None,
        params: dict[str, str],
        points: Sequence[tuple[str, int, float]],
        finished: bool = True,
    ) -> str:
        """Log a run with metric, step and value of each point; returns the tracker's id of it."""
        ...

    def log(self, run: str, metric: str, step: int, value: float) -> None: ...
    def set_tag(self, run: str, key: str, value: str) -> None: ...
    def remove_tag(self, run: str, key: str) -> None: ...
    def finish(self, run: str, *, failed: bool = False) -> None: ...
    def delete(self, run: str) -> None: ...
    def restore(self, run: str) -> None: ...
    def erase(self, run: str) -> None:
        """Remove a deleted run for good."""
        ...

    def state(self) -> object:
        """Everything a reader could have changed, comparable with ==."""
        ...


@dataclass(slots=True)
class Synced:
    """What a store would remember of the batches it got."""

    source: Source
    runs: dict[str, Run] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    asked: int = 0

    def known(self) -> dict[str, str]:
        """Digests by external id, as the port asks for them."""
        self.asked += 1
        return {external_id: run.digest for external_id, run in self.runs.items()}

    def take(self, batch: SyncBatch) -> None:
        """Apply one batch. The cursor goes through JSON, as it does in a database."""
        self.runs.update({run.external_id: run for run in batch.runs})
        self.gone.update(batch.gone)
        self.source = replace(self.source, cursor=json.loads(json.dumps(batch.cursor)))

    def sync(self, reader: EvidenceSource) -> list[SyncBatch]:
        """One whole sync; returns its batches."""
        batches = []
        for batch in reader.changes(self.source, self.known):
            self.take(batch)
            batches.append(batch)
        return batches


LACKING = frozenset(
    (
        "trash",  # a deleted run is gone, and does not come back
        "finished",  # nothing says that a run has ended
        "failed",  # nothing says that it ended badly
        "same-step-again",  # a step has one value; logged again, the first or the last one is kept
        "open",  # a run is there when it has ended, and not before
        "removal",  # what was said about a run cannot be taken back
        "non-finite",  # values that are no numbers cannot be logged
    )
)
"""What a tracker may not be able to say. Each of them leaves out the part of the contract that needs it, visibly."""


def needs(tracker: Tracker, *wanted: str) -> None:
    """Skip a test, saying why, on a tracker that lacks what it needs."""
    lacks: frozenset[str] = getattr(tracker, "lacks", frozenset())
    assert lacks <= LACKING, f"lacks names only {sorted(LACKING)}"
    if missing := sorted(lacks & set(wanted)):
        pytest.skip(f"{tracker.kind} cannot say: {', '.join(missing)}")


CURVE = [("accuracy", step, 0.5 + step / 100) for step in range(5)]


NEEDED: dict[str, tuple[str, ...]] = {
    "new-point": ("open",),
    "same-step-again": ("same-step-again", "open"),
    "finished": ("finished",),
    "failed": ("failed",),
    "tag-removed": ("removal",),
    "deleted": ("trash",),
}
"""What each change of a known run needs of a tracker."""


class EvidenceSourceContract:
    """Every reader is idempotent, resumable and incremental, marks what is deleted, and never writes to the tracker."""

    @pytest.fixture
    def tracker(self) -> Any:
        """A fresh tracker to write to (see `Tracker`)."""
        raise NotImplementedError

    @pytest.fixture
    def reader(self) -> Any:
        """The reader under test."""
        raise NotImplementedError

    @pytest.fixture
    def synced(self, tracker: Tracker) -> Synced:
        """A store that has seen nothing yet."""
        return Synced(Source(id=1, project_id=1, name="lab", kind=tracker.kind, uri=tracker.uri))

    def test_first_sync_brings_each_run_once_with_its_curve(
        self, tracker: Tracker, reader: EvidenceSource, synced: Synced
    ) -> None:
        first = tracker.add_run(ticket="EXP-1", params={"depth": "8", "seed": "3"}, points=CURVE)
        second = tracker.add_run(ticket=None, params={}, points=[])
        batches = synced.sync(reader)
        assert sorted(run.external_id for batch in batches for run in batch.runs) == sorted([first, second])
        run = synced.runs[first]
        assert (run.ticket, run.seed, dict(run.config)) == ("EXP-1", 3, {"depth": "8"})
        assert run.status is RunStatus.FINISHED
        assert run.curves["accuracy"].steps.tolist() == [0, 1, 2, 3, 4]
        assert run.curves["accuracy"].values.tolist() == [value for _, _, value in CURVE]
        assert synced.runs[second].ticket is None
        assert synced.runs[second].curves == {}
        assert run.run_id == f"lab:{first}"

    def test_unchanged_tracker_yields_nothing(
        self, tracker: Tracker, reader: EvidenceSource, synced: Synced
    ) -> None:
        tracker.add_run(ticket="EXP-1", params={}, points=CURVE)
        synced.sync(reader)
        assert synced.sync(reader) == []

    def test_sync_without_its_cursor_finds_equal_digests(
        self, tracker: Tracker, reader: EvidenceSource, synced: Synced
    ) -> None:
        tracker.add_run(ticket="EXP-1", params={"a": "1"}, points=CURVE)
        synced.sync(reader)
        before = synced.known()
        synced.source = replace(synced.source, cursor={})
        assert [
            run
            for batch in synced.sync(reader)
            for run in batch.runs
            if before[run.external_id] != run.digest
        ] == []
        assert synced.known() == before

    def test_sync_stopped_after_any_batch_goes_on_where_it_was(
        self, tracker: Tracker, reader: EvidenceSource, synced: Synced
    ) -> None:
        runs = {tracker.add_run(ticket="EXP-1", params={"n": str(n)}, points=CURVE[:1]) for n in range(7)}
        for _ in range(20):
            stopped = False
            for batch in reader.changes(synced.source, synced.known):
                synced.take(batch)
                stopped = True
                break
            if not stopped:
                break
        assert set(synced.runs) == runs
        assert synced.sync(reader) == []

    @pytest.mark.parametrize(
        ("change", "seen"),
        [
            pytest.param(
                lambda t, r: t.log(r, "accuracy", 9, 0.9),
                lambda run: run.curves["accuracy"].last == 0.9,
                id="new-point",
            ),
            pytest.param(
                lambda t, r: t.log(r, "accuracy", 4, 0.1),
                lambda run: (
                    run.curves["accuracy"].steps.tolist()[-2:] == [4, 4]
                    and run.curves["accuracy"].last == 0.1
                ),
                id="same-step-again",
            ),
            pytest.param(
                lambda t, r: t.finish(r), lambda run: run.status is RunStatus.FINISHED, id="finished"
            ),
            pytest.param(
                lambda t, r: t.finish(r, failed=True), lambda run: run.status is RunStatus.FAILED, id="failed"
            ),
            pytest.param(
                lambda t, r: t.set_tag(r, "assay.ticket", "EXP-2"),
                lambda run: run.ticket == "EXP-2",
                id="tag-changed",
            ),
            pytest.param(
                lambda t, r: t.set_tag(r, "assay.arm", "baseline"),
                lambda run: run.arm == "baseline",
                id="tag-added",
            ),
            pytest.param(
                lambda t, r: t.remove_tag(r, "assay.ticket"), lambda run: run.ticket is None, id="tag-removed"
            ),
            pytest.param(lambda t, r: t.delete(r), lambda run: run.deleted, id="deleted"),
        ],
    )
    def test_change_of_a_known_run_is_found_alone(
        self,
        tracker: Tracker,
        reader: EvidenceSource,
        synced: Synced,
        change: Callable[[Tracker, str], None],
        seen: Callable[[Run], bool],
        request: pytest.FixtureRequest,
    ) -> None:
        needs(tracker, *NEEDED.get(request.node.callspec.id, ()))
        run = tracker.add_run(ticket="EXP-1", params={}, points=CURVE, finished=False)
        tracker.add_run(ticket="EXP-1", params={}, points=CURVE)
        synced.sync(reader)
        before = synced.known()
        change(tracker, run)
        synced.sync(reader)
        assert {name for name, digest in synced.known().items() if before.get(name) != digest} == {run}
        assert seen(synced.runs[run])
        assert synced.sync(reader) == []

    def test_deleted_run_that_is_restored_counts_again(
        self, tracker: Tracker, reader: EvidenceSource, synced: Synced
    ) -> None:
        needs(tracker, "trash")
        run = tracker.add_run(ticket="EXP-1", params={}, points=CURVE)
        synced.sync(reader)
        before = synced.runs[run].digest
        tracker.delete(run)
        synced.sync(reader)
        tracker.restore(run)
        synced.sync(reader)
        assert not synced.runs[run].deleted
        assert synced.runs[run].digest == before

    def test_erased_run_is_reported_gone_and_others_stay(
        self, tracker: Tracker, reader: EvidenceSource, synced: Synced
    ) -> None:
        stays = tracker.add_run(ticket="EXP-1", params={}, points=CURVE)
        run = tracker.add_run(ticket="EXP-1", params={}, points=CURVE)
        synced.sync(reader)
        tracker.delete(run)
        tracker.erase(run)
        later = tracker.add_run(ticket="EXP-1", params={}, points=CURVE)
        synced.sync(reader)
        assert synced.gone == {run}
        assert {stays, later} <= set(synced.runs)
        assert synced.sync(reader) == []

    def test_values_that_are_no_numbers_are_kept(
        self, tracker: Tracker, reader: EvidenceSource, synced: Synced
    ) -> None:
        needs(tracker, "non-finite")
        points = [
            ("train_loss", 0, 1.0),
            ("train_loss", 1, math.inf),
            ("train_loss", 2, -math.inf),
            ("train_loss", 3, math.nan),
        ]
        run = tracker.add_run(ticket="EXP-1", params={}, points=points)
        synced.sync(reader)
        values = synced.runs[run].curves["train_loss"].values.tolist()
        assert values[:3] == [1.0, math.inf, -math.inf]
        assert math.isnan(values[3])

    def test_reading_leaves_the_tracker_as_it_was(
        self, tracker: Tracker, reader: EvidenceSource, synced: Synced
    ) -> None:
        tracker.add_run(ticket="EXP-1", params={}, points=CURVE)
        before = tracker.state()
        reader.check(synced.source)
        synced.sync(reader)
        synced.sync(reader)
        assert tracker.state() == before

    def test_check_tells_the_number_of_runs(
        self, tracker: Tracker, reader: EvidenceSource, synced: Synced
    ) -> None:
        tracker.add_run(ticket="EXP-1", params={}, points=[])
        line = reader.check(synced.source)
        assert "1 run" in line
        assert "\n" not in line

    def test_tracker_that_is_not_there_is_unavailable_by_name(
        self, tracker: Tracker, reader: EvidenceSource, synced: Synced
    ) -> None:
        source = replace(synced.source, uri=tracker.missing_uri)
        with pytest.raises(Unavailable) as told:
            list(reader.changes(source, dict))
        assert tracker.missing_uri in str(told.value)
        assert told.value.hint
        with pytest.raises(Unavailable):
            reader.check(source)
