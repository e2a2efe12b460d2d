"""How do logged values read on a terminal? In the units that the project declared, as on its pages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from assay.domain.kernel.metrics import MetricCatalog


def catalog_of(rows: Iterable[Mapping[str, Any]]) -> MetricCatalog:
    """The declared metrics, as the API lists them."""
    from assay.domain.kernel.metrics import Metric, MetricCatalog

    return MetricCatalog.of(Metric.model_validate(row) for row in rows)


def value_text(name: str, value: object, catalog: MetricCatalog) -> str:
    """One logged value: `97.4%`, `0.185 ms`, `NaN`."""
    from assay.domain.experiments.display import format_value

    try:
        return format_value(catalog.get(name), float(str(value)))
    except ValueError:
        return str(value)


def last_values(values: Mapping[str, object], catalog: MetricCatalog, *, most: int) -> str:
    """The values of some metrics, the declared ones first; those that are not read last say where they were read."""
    names = sorted(values, key=lambda name: (catalog.get(name) is None, name))
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(f"{name} {_read(name, values[name], catalog)}" for name in names[:most]) + more


def _read(name: str, value: object, catalog: MetricCatalog) -> str:
    metric = catalog.get(name)
    return f"{value_text(name, value, catalog)}{metric.reading.beside if metric else ''}"


def counted(name: str, curve: Mapping[str, Any], catalog: MetricCatalog) -> str:
    """The value of a curve that counts, where that is not the last one."""
    from assay.domain.kernel.readings import LAST

    metric = catalog.get(name)
    if metric is None or metric.reading == LAST:
        return ""
    import numpy as np

    from assay.domain.experiments.display import format_value
    from assay.domain.experiments.evidence import Curve
    from assay.domain.experiments.readings import read_curve

    values = np.array([float(value) for value in curve["values"]])
    logged = Curve(np.array(curve["steps"], np.int64), values, np.array(curve["times_ms"], np.int64))
    value = read_curve(logged, metric.reading, metric.direction)
    return f"{format_value(metric, value)}{metric.reading.beside}"


def baseline_text(baseline: Mapping[str, Any], catalog: MetricCatalog) -> str:
    """What a ticket is compared with."""
    metric, value = baseline["metric"], baseline.get("value")
    if baseline.get("ticket"):
        return f"{metric} of the candidate runs of {baseline['ticket']}"
    if value is None:
        return f"{metric} of the runs of the arm baseline"
    source = f", {baseline['source']}" if baseline.get("source") else ""
    return f"{metric} {value_text(metric, value, catalog)}{source}"


def status_of(run: Mapping[str, Any], more: str = "") -> str:
    """What the tracker says of a run; `more` is added where it was deleted there."""
    return f"deleted{more}" if run["deleted"] else str(run["status"])
