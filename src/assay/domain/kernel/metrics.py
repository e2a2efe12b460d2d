"""A metric as the project declared it: name, direction, unit, how it is shown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from functools import cached_property
from typing import Annotated

from pydantic import Field, StringConstraints

from assay.domain.kernel.model import Value
from assay.domain.kernel.readings import LAST, WrittenReading
from assay.errors import Invalid


class Direction(StrEnum):
    """Which way is better."""

    HIGHER = "higher"
    LOWER = "lower"


class Unit(StrEnum):
    """What one unit of a metric is. `fraction` means 0..1, shown as percent."""

    FRACTION = "fraction"
    NUMBER = "number"
    COUNT = "count"
    MILLISECONDS = "ms"
    SECONDS = "s"
    MINUTES = "min"
    HOURS = "h"
    GPU_HOURS = "GPU-h"
    USD = "USD"
    MEGABYTES = "MB"
    TOKENS = "tokens"


class Metric(Value):
    """One metric, declared once per project."""

    name: Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_.\-/]{0,99}$")]
    """Name as the tracker logs it."""
    direction: Direction
    """Which way is better."""
    unit: Unit = Unit.NUMBER
    """What one unit is; `fraction` is 0..1 shown as percent."""
    decimals: Annotated[int, Field(ge=0, le=9)] | None = None
    """Digits after the point on pages; unset shows four significant digits (percent: one decimal)."""
    aliases: tuple[str, ...] = ()
    """Other names the tracker may log it under."""
    description: Annotated[str, StringConstraints(max_length=2000)] = ""
    """What it means in business terms."""
    reading: WrittenReading = Field(default=LAST, exclude_if=lambda reading: reading == LAST)
    """Which value of a run's curve counts; left out, in every document, it is the last one."""

    @property
    def names(self) -> tuple[str, ...]:
        """Every name that it is logged under, its own first."""
        return (self.name, *self.aliases)


class MetricCatalog(Value):
    """The metrics of one project, by name."""

    metrics: tuple[Metric, ...] = ()

    @classmethod
    def of(cls, metrics: Iterable[Metric]) -> MetricCatalog:
        """A catalog in canonical order."""
        return cls(metrics=tuple(sorted(metrics, key=lambda m: m.name)))

    @cached_property
    def by_name(self) -> Mapping[str, Metric]:
        """Every name, aliases included, to its metric."""
        named = {metric.name: metric for metric in self.metrics}
        for metric in self.metrics:
            for alias in metric.aliases:
                named.setdefault(alias, metric)
        return named

    def get(self, name: str) -> Metric | None:
        """The metric called `name`, or None when it is not declared."""
        return self.by_name.get(name)

    def require(self, name: str, *, field: str = "metric") -> Metric:
        """The metric called `name`; Invalid, naming the field and what is declared, when it is not."""
        metric = self.get(name)
        if metric is None:
            known = ", ".join(m.name for m in self.metrics[:12]) or "none yet"
            raise Invalid(
                f"cannot use metric {name[:60]!r}: not declared in this project (declared: {known})",
                hint=f"assay metric add {name[:60]} --direction higher --unit fraction",
                code="metric-unknown",
                field=field,
            )
        return metric
