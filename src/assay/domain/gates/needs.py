"""Which columns and texts of per-example results does a gate look at? A reader can leave the rest of a large file alone."""

from __future__ import annotations

from dataclasses import dataclass

from assay.domain.gates.gate import (
    FairnessCheck,
    Gate,
    ItemsCheck,
    LeakageCheck,
    MetricCheck,
    RegressionCheck,
    SlicesCheck,
)
from assay.domain.kernel.metrics import MetricCatalog


@dataclass(frozen=True, slots=True)
class Needs:
    """What has to be read.

    Attributes:
        metrics: each metric by all its names; None means every metric that is there.
        columns: columns whose values are labels, whatever they look like: the year 2024 is a slice when a gate says so.
        texts: columns whose texts are compared with other texts, and so must not be cut; without any, no text is needed.
    """

    metrics: tuple[frozenset[str], ...] | None = None
    columns: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()


def needs_of(gate: Gate) -> Needs:
    """What does this gate look at? Its metrics declared (`with_metrics`), so that every name of one is known."""
    columns: list[str] = []
    texts: list[str] = []
    names = [criterion.metric for criterion in gate.criteria if criterion.metric is not None]
    for check in gate.checks:
        if isinstance(check, MetricCheck):
            names.append(gate.metric_of(check))
        if isinstance(check, SlicesCheck):
            columns += check.by
        elif isinstance(check, FairnessCheck):
            columns.append(check.by)
        elif isinstance(check, LeakageCheck) and check.text is not None:
            texts.append(check.text)
    every = not names or any(isinstance(check, RegressionCheck) for check in gate.checks)
    declared = MetricCatalog(metrics=gate.metrics)
    return Needs(
        metrics=None if every else tuple(dict.fromkeys(_all_names(declared, name) for name in names)),
        columns=tuple(dict.fromkeys(columns)),
        texts=tuple(dict.fromkeys(texts)),
    )


def asks_for_results(gate: Gate) -> bool:
    """Does anything but its items have to be measured?"""
    return bool(gate.criteria) or any(not isinstance(check, ItemsCheck) for check in gate.checks)


def _all_names(declared: MetricCatalog, name: str) -> frozenset[str]:
    metric = declared.get(name)
    return frozenset((name,)) if metric is None else frozenset((metric.name, *metric.aliases, name))
