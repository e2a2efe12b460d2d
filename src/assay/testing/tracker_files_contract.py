"""The contract of a reader whose tracker keeps its runs in files: all of `connector_contract`, and what happens to broken files.

class TestMyTracker(TrackerFilesContract):
    @pytest.fixture
    def tracker(self, tmp_path):
        return MyTracker(tmp_path / "runs")     # with `folder`, where it writes

    @pytest.fixture
    def reader(self):
        return MySource()
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Protocol

import numpy as np
import pytest

from assay.errors import AssayError, Unavailable
from assay.testing.connector_contract import CURVE, EvidenceSourceContract, Synced, Tracker
from assay.workflows.ports import EvidenceSource

TRIES = 40


class FileTracker(Tracker, Protocol):
    """A tracker that writes files."""

    folder: Path
    """The folder that is connected."""

    def files_of(self, run: str) -> list[Path]:
        """The files this run is read from, the one with its values first."""
        ...


class TrackerFilesContract(EvidenceSourceContract):
    """Whatever a file holds, a sync ends in runs or in an error that names the file; and every other run is read."""

    def test_values_are_read_whole_or_cut_but_never_changed_where_a_file_is_cut(
        self, tracker: FileTracker, reader: EvidenceSource, synced: Synced
    ) -> None:
        whole = {step: value for _, step, value in CURVE}
        run = tracker.add_run(ticket="EXP-1", params={"depth": "8"}, points=CURVE)
        path = tracker.files_of(run)[0]
        content = path.read_bytes()
        for cut in np.linspace(0, len(content) - 1, TRIES).astype(int).tolist():
            path.write_bytes(content[:cut])
            for found in _survivors(reader, synced):
                curve = found.runs[run].curves.get("accuracy") if run in found.runs else None
                for step, value in zip(curve.steps, curve.values, strict=True) if curve is not None else ():
                    assert whole[int(step)] == value

    @pytest.mark.parametrize("seed", range(4))
    def test_changed_bytes_end_in_runs_or_in_an_error_with_a_way_out(
        self, tracker: FileTracker, reader: EvidenceSource, synced: Synced, seed: int
    ) -> None:
        run = tracker.add_run(ticket="EXP-1", params={"depth": "8"}, points=CURVE)
        chance = np.random.default_rng(seed)
        for path in tracker.files_of(run):
            content = path.read_bytes()
            for _ in range(TRIES if content else 0):
                broken = bytearray(content)
                for place in chance.integers(0, len(broken), chance.integers(1, 5)).tolist():
                    broken[place] = int(chance.integers(0, 256))
                path.write_bytes(bytes(broken))
                _survivors(reader, synced)
            path.write_bytes(content)

    def test_file_of_other_bytes_is_named_and_every_other_run_is_read(
        self, tracker: FileTracker, reader: EvidenceSource, synced: Synced
    ) -> None:
        broken = tracker.add_run(ticket="EXP-1", params={}, points=CURVE)
        whole = tracker.add_run(ticket="EXP-1", params={}, points=CURVE)
        path = tracker.files_of(broken)[0]
        content = path.read_bytes()
        path.write_bytes(b"\xff\xfe\x00\xff no tracker wrote this \x00" * 40)
        with pytest.raises(Unavailable) as told:
            synced.sync(reader)
        assert path.name in told.value.message
        assert told.value.hint
        assert set(synced.runs) == {whole}
        path.write_bytes(content)
        synced.sync(reader)
        assert set(synced.runs) == {broken, whole}
        assert synced.gone == set()

    def test_linked_folder_is_not_followed_and_is_named(
        self, tracker: FileTracker, reader: EvidenceSource, synced: Synced, tmp_path: Path
    ) -> None:
        tracker.add_run(ticket="EXP-1", params={}, points=CURVE)
        outside = tmp_path / "outside"
        outside.mkdir()
        (tracker.folder / "linked").symlink_to(outside)
        with pytest.raises(Unavailable, match="a link out of the folder"):
            synced.sync(reader)
        assert len(synced.runs) == 1

    def test_linked_file_is_never_opened(
        self, tracker: FileTracker, reader: EvidenceSource, synced: Synced, tmp_path: Path
    ) -> None:
        run = tracker.add_run(ticket="EXP-1", params={}, points=CURVE)
        tracker.add_run(ticket="EXP-1", params={}, points=CURVE)
        for path in tracker.files_of(run):
            moved = path.rename(tmp_path / f"moved-{path.name}")
            path.symlink_to(moved)
        synced.sync(reader)
        assert run not in synced.runs or not synced.runs[run].curves


def _survivors(reader: EvidenceSource, synced: Synced) -> list[Synced]:
    """A fresh sync that ended well, in a list; an empty one where it was refused as it should be."""
    fresh = Synced(replace(synced.source, cursor={}))
    refused: AssayError | None = None
    try:
        fresh.sync(reader)
    except AssayError as error:
        refused = error
    assert refused is None or refused.hint, "an error says what mends it"
    return [fresh] if refused is None else []
