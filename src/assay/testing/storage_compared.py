"""Which runs must every store find for a comparison?"""

from __future__ import annotations

import math
from typing import Any

import pytest

from assay.domain.experiments.evidence import RunStatus
from assay.errors import Invalid
from assay.testing.storage_samples import curve, later, new_project, new_source, run
from assay.workflows.comparison_views import ComparisonFilters
from assay.workflows.ports import Store

_ODD = '$."a\'b" \\ 🙂 %_'
_RUNS = (
    run(1, config={"lr": "0.1", "model": "small"}, dataset="eval@1", seed=1),
    run(2, config={"lr": "0.01", _ODD: _ODD}, dataset="eval@2", seed=2, started_at=later(2)),
    run(3, config={"lr": "0.1"}, ticket=None, seed=None, started_at=None),
    run(4, config={}, ticket="EXP-2", status=RunStatus.RUNNING, curves={"loss": curve(1.0, math.nan)}),
    run(5, deleted=True),
)
_FOUND: tuple[tuple[dict[str, Any], tuple[int, ...]], ...] = (
    ({}, (4, 3, 2, 1)),
    ({"runs": ("lab:0001", "lab:0004", "lab:0005", "lab:9999")}, (4, 1)),
    ({"q": "RUN 2"}, (2,)),
    ({"ticket": "EXP-2"}, (4,)),
    ({"ticket": "none"}, (4, 3, 2, 1)),
    ({"status": "running"}, (4,)),
    ({"source": "lab"}, (4, 3, 2, 1)),
    ({"source": "other"}, ()),
    ({"dataset": "eval@2"}, (2,)),
    ({"seed": 2}, (2,)),
    ({"since": later(1)}, (2,)),
    ({"before": later(1)}, (4, 1)),
    ({"config": (("lr", "0.1"),)}, (3, 1)),
    ({"config": (("lr", "0.1"), ("model", "small"))}, (1,)),
    ({"config": (("lr", "0.10"),)}, ()),
    ({"config": ((_ODD, _ODD),)}, (2,)),
    ({"config": (("a\x00", "\ud800"),)}, ()),
)


class ComparedContract:
    """Runs to compare."""

    def test_runs_to_compare_are_those_that_match_newest_first(self, store: Store) -> None:
        project = new_project(store)
        source = new_source(store, project)
        store.write(lambda tx: tx.put_runs(source, _RUNS, seq=1))
        with store.read() as tx:
            for asked, expected in _FOUND:
                filters = ComparisonFilters(**asked)
                found = tx.matched_runs(project.id, filters, after=None, limit=10)
                names = tuple(int(one.run.external_id) for one in found.runs)
                assert (names, found.total, found.next_cursor) == (expected, len(expected), None), asked
            found = tx.matched_runs(project.id, ComparisonFilters(), after=None, limit=10)
        assert dict(found.runs[2].run.config) == {"lr": "0.01", _ODD: _ODD}
        assert found.runs[3].last == {"accuracy": 0.75}
        assert math.isnan(found.runs[0].last["loss"])

    def test_runs_to_compare_come_in_portions_that_miss_none(self, store: Store) -> None:
        project = new_project(store)
        source = new_source(store, project)
        store.write(lambda tx: tx.put_runs(source, _RUNS, seq=1))
        with store.read() as tx:
            first = tx.matched_runs(project.id, ComparisonFilters(), after=None, limit=3)
            rest = tx.matched_runs(project.id, ComparisonFilters(), after=first.next_cursor, limit=3)
            with pytest.raises(Invalid):
                tx.matched_runs(project.id, ComparisonFilters(), after="x", limit=3)
        assert [one.run.external_id for one in (*first.runs, *rest.runs)] == ["0004", "0003", "0002", "0001"]
        assert (first.total, rest.total, rest.next_cursor) == (4, 4, None)
