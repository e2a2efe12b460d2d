"""The values of runs in lists and on pages, read as their metrics are declared."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from assay.domain.experiments.display import UNKNOWN
from assay.domain.experiments.readings import read_curve
from assay.domain.kernel.metrics import MetricCatalog
from assay.domain.kernel.readings import LAST
from assay.workflows.ports import ReadTransaction
from assay.workflows.run_views import RunRow


def as_declared(
    tx: ReadTransaction, project_id: int, rows: Sequence[RunRow], catalog: MetricCatalog
) -> tuple[RunRow, ...]:
    """The rows, where a metric that is declared to be read otherwise than last shows the value that counts.

    It is "unknown" where the curve does not reach it. Curves are read of such metrics alone.
    """
    asked = {name: metric for name, metric in catalog.by_name.items() if metric.reading != LAST}
    logged = asked.keys() & {name for row in rows for name in row.metrics}
    if not logged:
        return tuple(rows)
    runs = [row.run_id for row in rows if not logged.isdisjoint(row.metrics)]
    found: dict[str, dict[str, str]] = {}
    for run_id, name, curve in tx.curves_in_turn(project_id, runs, sorted(logged)):
        value = read_curve(curve, asked[name].reading, asked[name].direction)
        found.setdefault(run_id, {})[name] = UNKNOWN if value is None else _written(value)
    return tuple(
        replace(row, metrics={**row.metrics, **found[row.run_id]}) if row.run_id in found else row
        for row in rows
    )


def _written(value: float) -> str:
    return "NaN" if math.isnan(value) else str(value)
