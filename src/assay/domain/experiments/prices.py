"""What does an hour of a device cost, and so a run that does not say it itself?

A run's own tag `assay.cost_usd` wins. Otherwise its GPU-hours times the price of its device that held on the day it began
(UTC): the device that its tag `assay.device` says, else the one that was seen at work where the list has a price of it, else
the default device. Where hours, device or price are not known, the cost is not known.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from assay.domain.kernel.model import NUMBER, Value
from assay.errors import Invalid

if TYPE_CHECKING:
    from assay.domain.experiments.evidence import Evidence, Run

DEVICE_TAG = "assay.device"
SEEN_DEVICE_TAG = "assay.device_seen"
"""What the devices are by their own word, such as `NVIDIA A100-SXM4-40GB`, as the tracker or the SDK saw it."""
MAX_PRICES = 200
FROM_TAG = "tag"
_LINE = re.compile(
    r"\s*(?P<device>[^=\n]{1,60}?)\s*=\s*(?P<price>[0-9]{1,9}(?:\.[0-9]{1,6})?)(?:\s+since\s+(?P<since>\S{1,20}))?\s*\Z"
)
_WORD = re.compile(r"[0-9a-z]+")
_EXPECTED = "DEVICE = USD_PER_HOUR, or DEVICE = USD_PER_HOUR since YYYY-MM-DD"


class DevicePrice(Value):
    """What an hour of one device costs, in USD, from a day on."""

    device: Annotated[str, Field(pattern=r"^[^\s=](?:[^\n\r\t=]{0,58}[^\s=])?$", examples=["A100"])]
    usd_per_hour: Annotated[Decimal, NUMBER, Field(ge=0, le=10**9, allow_inf_nan=False)]
    since: date | None = None
    """The first day (UTC) of runs it holds for; None for all runs before any other price of the device."""

    def __str__(self) -> str:
        """As a line that `price_from_text` reads.

        >>> str(DevicePrice(device="A100", usd_per_hour="2.10", since="2026-01-01"))
        'A100 = 2.10 since 2026-01-01'
        """
        return f"{self.device} = {self.usd_per_hour}" + (f" since {self.since}" if self.since else "")

    @property
    def told(self) -> str:
        """In words.

        >>> DevicePrice(device="A100", usd_per_hour="2.10", since="2026-01-01").told
        'price list: A100 2.10 USD/h since 2026-01-01'
        """
        since = f" since {self.since}" if self.since else ""
        return f"price list: {self.device} {self.usd_per_hour} USD/h{since}"


class PriceList(Value):
    """The prices of a project, and the device of runs of which nobody knows it."""

    prices: Annotated[tuple[DevicePrice, ...], Field(max_length=MAX_PRICES)] = ()
    default_device: Annotated[str, Field(max_length=60)] | None = None

    @model_validator(mode="after")
    def _is_one_price_a_day(self) -> Self:
        seen = [(one.device.casefold(), one.since) for one in self.prices]
        for place, key in enumerate(seen):
            if key in seen[:place]:
                one = self.prices[place]
                raise PydanticCustomError(
                    "price_twice",
                    "one price of {device} from a day on",
                    {"device": one.device},
                )
        if self.default_device is not None and self.default_device.casefold() not in {d for d, _ in seen}:
            raise PydanticCustomError(
                "device_without_price",
                "a price of the default device {device}",
                {"device": self.default_device},
            )
        return self

    def device_named(self, name: str) -> str | None:
        """Which device of the list does this name mean? The one called so, else the one whose words are all in it.

        Of several, the one with most words; None where that are two, or none.

        >>> prices = PriceList(prices=[price_from_text(f"{name} = 1") for name in ("A100", "A100 80GB", "L4")])
        >>> prices.device_named("NVIDIA A100-SXM4-40GB"), prices.device_named("NVIDIA A100-SXM4-80GB")
        ('A100', 'A100 80GB')
        >>> prices.device_named("l4"), prices.device_named("NVIDIA L40S")
        ('L4', None)
        """
        devices = {one.device.casefold(): one.device for one in self.prices}
        if name.strip().casefold() in devices:
            return devices[name.strip().casefold()]
        words = _words(name)
        meant = {device: len(_words(device)) for device in devices.values() if _words(device) <= words}
        best = [device for device, count in meant.items() if count == max(meant.values()) and count]
        return best[0] if len(best) == 1 else None

    def price_at(
        self, device: str | None, began: datetime | None, *, seen: str | None = None
    ) -> DevicePrice | None:
        """Which price holds for a run on this device that began then? None where none is known.

        Args:
            device: as the run says it; None where it does not, which is the one seen or the default one.
            began: when.
            seen: what its devices are by their own word.

        >>> prices = PriceList(prices=[price_from_text("A100 = 3"), price_from_text("A100 = 2 since 2026-01-01")])
        >>> [str(prices.price_at("a100", datetime(year, 1, 1, tzinfo=UTC)).usd_per_hour) for year in (2025, 2026)]
        ['3', '2']
        >>> prices.price_at("H100", datetime(2026, 1, 1, tzinfo=UTC)), prices.price_at(None, None)
        (None, None)
        """
        said = (device or "").strip()
        meant = self.device_named(said) if said else self.device_named(seen or "") or self.default_device
        name = (meant or "").casefold()
        held = [one for one in self.prices if one.device.casefold() == name]
        day = None if began is None else began.astimezone(UTC).date()
        if day is None:  # one price for all time needs no day
            return held[0] if len(held) == 1 and held[0].since is None else None
        begun = [one for one in held if one.since is None or one.since <= day]
        return max(begun, key=lambda one: one.since or date.min, default=None)


@dataclass(frozen=True, slots=True)
class Cost:
    """What a run cost, and who says so; `usd` is None where that is not known, and `source` then says why."""

    usd: float | None
    source: str


def cost_of(
    *,
    said_usd: float | None,
    gpu_hours: float | None,
    tags: Mapping[str, str],
    began: datetime | None,
    prices: PriceList,
) -> Cost:
    """What did this run cost?

    >>> prices = PriceList(prices=[price_from_text("A100 = 2.10 since 2026-01-01")], default_device="A100")
    >>> began = datetime(2026, 3, 1, tzinfo=UTC)
    >>> cost_of(said_usd=None, gpu_hours=2.5, tags={}, began=began, prices=prices)
    Cost(usd=5.25, source='price list: A100 2.10 USD/h since 2026-01-01')
    >>> cost_of(said_usd=None, gpu_hours=2.5, tags={"assay.device": "H100"}, began=began, prices=prices)
    Cost(usd=None, source='no price of H100 on the day it began')
    """
    if said_usd is not None:
        return Cost(said_usd, FROM_TAG)
    if not prices.prices:
        return Cost(None, "no tag assay.cost_usd, and the project has no prices")
    if gpu_hours is None:
        return Cost(None, "its GPU-hours are not known")
    said, seen = (tags.get(name, "").strip()[:60] for name in (DEVICE_TAG, SEEN_DEVICE_TAG))
    price = prices.price_at(said, began, seen=seen)
    device = said or prices.device_named(seen) or prices.default_device
    if device is None:
        nobody = f"no price of {seen}" if seen else "no tag assay.device"
        return Cost(None, f"{nobody}, and the project has no default device")
    if price is None:
        return Cost(None, f"no price of {device} on the day it began")
    return Cost(gpu_hours * float(price.usd_per_hour), price.told)


def priced_run(run: Run, prices: PriceList) -> Run:
    """The run with what it cost by the price list, where it does not say so itself."""
    if run.cost_usd is not None or not prices.prices:
        return run
    cost = cost_of(said_usd=None, gpu_hours=run.gpu_hours, tags=run.tags, began=run.started_at, prices=prices)
    return run if cost.usd is None else replace(run, cost_usd=cost.usd, cost_source=cost.source)


def priced_evidence(evidence: Evidence, prices: PriceList) -> Evidence:
    """All the runs of this evidence with what they cost by the price list."""
    if not prices.prices:
        return evidence

    def priced(runs: tuple[Run, ...]) -> tuple[Run, ...]:
        return tuple(priced_run(run, prices) for run in runs)

    return replace(
        evidence,
        runs=priced(evidence.runs),
        baseline_runs=priced(evidence.baseline_runs),
        detached=priced(evidence.detached),
        baseline_detached=priced(evidence.baseline_detached),
    )


def _words(name: str) -> frozenset[str]:
    return frozenset(_WORD.findall(name.casefold()))


def price_from_text(text: str) -> DevicePrice:
    """The price that a line names.

    >>> price_from_text("RTX 4090 = 0.40 since 2026-01-01").device
    'RTX 4090'

    Raises:
        Invalid: it is no such line.
    """
    found = _LINE.match(text)
    try:
        since = date.fromisoformat(found["since"]) if found and found["since"] else None
        if found:
            return DevicePrice(
                device=found["device"].strip(), usd_per_hour=Decimal(found["price"]), since=since
            )
    except ValueError:
        pass  # no such day, or a name of blanks alone
    raise Invalid(
        f"cannot read price {text.strip()[:80]!r}: (expected {_EXPECTED})",
        hint='assay project prices --set "A100 = 2.10 since 2026-01-01"',
        code="price-malformed",
        field="prices",
    )
