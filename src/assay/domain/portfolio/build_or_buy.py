"""Build, fine-tune, or call a third party? A comparison by what it costs and what it may see, kept with the decision."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Annotated

from pydantic import Field, model_validator

from assay.domain.experiments.texts import Prose, Title
from assay.domain.kernel.model import NUMBER, Value

YEARS = (1, 2, 3)
MOST_OPTIONS = 10
Amount = Annotated[Decimal, NUMBER, Field(ge=0, le=10**12, allow_inf_nan=False)]
Growth = Annotated[Decimal, NUMBER, Field(ge=-100, le=10_000, allow_inf_nan=False)]


class Route(StrEnum):
    """Where the model comes from."""

    BUILD = "build"
    FINE_TUNE = "fine-tune"
    API = "api"
    """Calling a third party."""


class Sensitivity(StrEnum):
    """How far data may go, the freest first."""

    PUBLIC = "public"
    INTERNAL = "internal"
    CONFIDENTIAL = "confidential"
    RESTRICTED = "restricted"


_ORDER = tuple(Sensitivity)


class Option(Value):
    """One way to have it. What is left out is unknown, which is not free."""

    name: Title
    route: Route
    setup_usd: Amount | None = None
    """Once, before the first request: people, compute, licences."""
    monthly_usd: Amount | None = None
    """Every month whatever the volume: servers, contracts."""
    per_1000_usd: Amount | None = None
    """For 1,000 requests."""
    maintenance_days: Amount | None = None
    """Person-days a month to keep it going."""
    exit_usd: Amount | None = None
    """What leaving it costs."""
    latency_ms: Amount | None = None
    """Of a typical request, in milliseconds."""
    may_see: Sensitivity | None = None
    """The most sensitive data it may be given."""
    notes: Prose = ""


class BuildOrBuy(Value):
    """The question, what is expected of it, the ways to have it, and what was decided."""

    question: Title
    sensitivity: Sensitivity | None = None
    """Of the data it will see."""
    requests_per_month: Amount | None = None
    """Expected in the first year."""
    growth_percent: Growth = Decimal(0)
    """Of the volume from one year to the next."""
    person_day_usd: Amount | None = None
    latency_limit_ms: Amount | None = None
    options: Annotated[tuple[Option, ...], Field(max_length=MOST_OPTIONS)] = ()
    chosen: Annotated[str, Field(max_length=200)] = ""
    """Name of the option that was decided for; empty while it is open."""
    reason: Prose = ""

    @model_validator(mode="after")
    def _says_what_and_why(self) -> BuildOrBuy:
        names = [option.name for option in self.options]
        if len(set(names)) != len(names):
            raise ValueError("options with different names")
        if self.chosen and self.chosen not in names:
            raise ValueError("chosen as the name of one of the options")
        if self.chosen and not self.reason.strip():
            raise ValueError("a reason beside what was chosen")
        return self


@dataclass(frozen=True, slots=True)
class Cost:
    """What an option costs over some years, in USD."""

    years: int
    usd: Decimal | None
    """None where a part of it is unknown."""
    missing: tuple[str, ...]
    """Names of the fields that would tell."""


@dataclass(frozen=True, slots=True)
class Compared:
    """An option against what is expected."""

    option: Option
    costs: tuple[Cost, ...]
    """Over one, two and three years, without leaving it."""
    sees_data: bool | None
    """Whether it may see the data; None where nobody says."""
    fast_enough: bool | None
    is_cheapest: tuple[bool, ...]
    """For each number of years: the cheapest of the options that may see the data and are fast enough, as far as known."""


def volume(choice: BuildOrBuy, years: int) -> Decimal | None:
    """How many requests are expected in so many years? None while nobody said how many there are.

    >>> asked = BuildOrBuy(question="x", requests_per_month=Decimal(1000), growth_percent=Decimal(50))
    >>> volume(asked, 2)
    Decimal('30000.0')
    """
    if choice.requests_per_month is None:
        return None
    factor = 1 + choice.growth_percent / 100
    return sum((12 * choice.requests_per_month * factor**year for year in range(years)), Decimal())


def cost(choice: BuildOrBuy, option: Option, years: int) -> Cost:
    """What does an option cost over so many years at the expected volume? Unknown as long as one part is."""
    months = 12 * years
    missing = [
        name
        for name in ("setup_usd", "monthly_usd", "per_1000_usd", "maintenance_days")
        if getattr(option, name) is None
    ]
    requests = volume(choice, years)
    if option.per_1000_usd and requests is None:
        missing.append("requests_per_month")
    if option.maintenance_days and choice.person_day_usd is None:
        missing.append("person_day_usd")
    if missing:
        return Cost(years, None, tuple(missing))
    zero = Decimal()
    usd = (
        (option.setup_usd or zero)
        + months * (option.monthly_usd or zero)
        + (requests or zero) / 1000 * (option.per_1000_usd or zero)
        + months * (option.maintenance_days or zero) * (choice.person_day_usd or zero)
    )
    return Cost(years, usd, ())


def compare(choice: BuildOrBuy) -> tuple[Compared, ...]:
    """How do the options stand against one another, in the order in which they were written?"""
    costs = [tuple(cost(choice, option, years) for years in YEARS) for option in choice.options]
    fits = [
        _may_see(choice, option) is not False and _fast_enough(choice, option) is not False
        for option in choice.options
    ]
    least = [
        min(
            (of[at].usd for of, fit in zip(costs, fits, strict=True) if fit and of[at].usd is not None),
            default=None,
        )  # type: ignore[type-var]
        for at in range(len(YEARS))
    ]
    return tuple(
        Compared(
            option=option,
            costs=of,
            sees_data=_may_see(choice, option),
            fast_enough=_fast_enough(choice, option),
            is_cheapest=tuple(
                fit and one.usd is not None and one.usd == low for one, low in zip(of, least, strict=True)
            ),
        )
        for option, of, fit in zip(choice.options, costs, fits, strict=True)
    )


def _may_see(choice: BuildOrBuy, option: Option) -> bool | None:
    if choice.sensitivity is None or option.may_see is None:
        return None
    return _ORDER.index(option.may_see) >= _ORDER.index(choice.sensitivity)


def _fast_enough(choice: BuildOrBuy, option: Option) -> bool | None:
    if choice.latency_limit_ms is None or option.latency_ms is None:
        return None
    return option.latency_ms <= choice.latency_limit_ms
