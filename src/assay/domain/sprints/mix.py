"""How much of a sprint explores, and how much exploits?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from assay.domain.experiments.experiment import TicketContent
from assay.domain.sprints.sprint import Work, gpu_hours_of, work_of


class Measure(StrEnum):
    """By what the mix is measured."""

    COUNT = "count"
    """Tickets."""
    GPU_HOURS = "gpu_hours"
    """Compute they ask for: predicted, else their budget."""
    DAYS = "days"
    """Time they may take, by their time boxes."""


@dataclass(frozen=True, slots=True)
class Mix:
    """How much of a sprint explores and how much exploits."""

    measure: Measure
    explore: Decimal
    exploit: Decimal
    unmarked: tuple[str, ...]
    """Experiments that say neither: they count for nothing."""
    unknown: tuple[str, ...]
    """Marked tickets of which nobody knows how much they take."""
    explores: tuple[str, ...] = ()
    exploits: tuple[str, ...] = ()
    """The tickets that are counted."""

    @property
    def explore_percent(self) -> float | None:
        """Share that explores; None where nothing is known, which is not zero."""
        total = self.explore + self.exploit
        return float(100 * self.explore / total) if total > 0 else None


def mix_of(contents: Mapping[str, TicketContent], measure: Measure) -> Mix:
    """What do these tickets, by key, put into exploring and exploiting?

    Spikes explore; work on data, engineering, and what is labelled as cleaning or debt is neither, and is not looked at.

    >>> from assay.domain.experiments.experiment import Mode
    >>> mix = mix_of({"EXP-1": TicketContent(title="Rerank", mode=Mode.EXPLORE)}, Measure.COUNT)
    >>> mix.explore, mix.exploit
    (Decimal('1'), Decimal('0'))
    """
    amounts = {Work.EXPLORATION: Decimal(), Work.OPTIMISATION: Decimal()}
    counted: dict[Work, list[str]] = {work: [] for work in amounts}
    unmarked, unknown = [], []
    for key, content in contents.items():
        work = work_of(content)
        if work is None:
            unmarked.append(key)
        elif work in amounts:
            amount = _amount(content, measure)
            if amount is None:
                unknown.append(key)
            else:
                amounts[work] += amount
                counted[work].append(key)
    return Mix(
        measure,
        amounts[Work.EXPLORATION],
        amounts[Work.OPTIMISATION],
        tuple(unmarked),
        tuple(unknown),
        tuple(counted[Work.EXPLORATION]),
        tuple(counted[Work.OPTIMISATION]),
    )


def _amount(content: TicketContent, measure: Measure) -> Decimal | None:
    if measure is Measure.COUNT:
        return Decimal(1)
    if measure is Measure.GPU_HOURS:
        return gpu_hours_of(content)
    return None if content.time_box_days is None else Decimal(content.time_box_days)
