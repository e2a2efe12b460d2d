"""What each type of ticket says that the others do not.

What several types share stays a field of every ticket: the hypothesis, the data it needs, what it may spend, the time box, and the
criteria, which are the expected metric of a spike, the quality gate of a data task, and what a feature is accepted by.
"""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from assay.domain.experiments.arrival import Arrives
from assay.domain.experiments.texts import Line, Prose
from assay.domain.kernel.ids import TicketType
from assay.domain.kernel.model import Value

Money = Annotated[Decimal, Field(gt=0, le=10**12, allow_inf_nan=False)]


class SpikeFields(Value):
    """A time-boxed question."""

    question: Prose = ""
    deliverable: Prose = ""
    """What there is at the end: a report, and what it recommends."""


class DataStage(StrEnum):
    """Where a data task stands on the data board."""

    NEEDED = "needed"
    COLLECTION = "collection"
    ANNOTATION = "annotation"
    QA = "qa"
    READY = "ready"


class DataFields(Value):
    """Work on data. The experiments it blocks are those that need its data, by their links."""

    source: Line = ""
    volume: Line = ""
    """How much of it, such as "12,000 labelled tickets"."""
    stage: DataStage | None = None
    arrives: Arrives = ""
    """The day or days on which it is expected to be ready."""


class EngineeringFields(Value):
    """Infrastructure, optimisation or deployment."""

    model_version: Line = ""
    latency_ms: Annotated[Decimal, Field(gt=0, le=10**9, allow_inf_nan=False)] | None = None
    """At most so many milliseconds a request."""
    latency_percentile: Annotated[int, Field(ge=1, le=100)] = 95
    """The share of requests, in percent, that must be as fast."""
    cost_usd_per_1000: Money | None = None
    """At most so many US dollars for 1,000 requests."""


class FeatureFields(Value):
    """Product work."""

    fallback: Prose = ""
    """What the user gets when the model is unsure or down."""


OWN_FIELDS: dict[str, TicketType] = {
    "spike": TicketType.SPIKE,
    "data": TicketType.DATA,
    "engineering": TicketType.ENGINEERING,
    "feature": TicketType.FEATURE,
}
"""The field of a ticket that only one type has, by name."""
