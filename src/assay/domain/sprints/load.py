"""What do the tickets of a sprint ask for, by kind of work, against what there is? Over-allocation is told at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from assay.domain.experiments.experiment import TicketContent
from assay.domain.gates.wording import count, limit_text, listed
from assay.domain.kernel.ids import TicketType
from assay.domain.sprints.mix import Measure, mix_of
from assay.domain.sprints.sprint import Capacity, Work, gpu_hours_of, work_of


@dataclass(frozen=True, slots=True)
class Asked:
    """How much of one resource is asked for."""

    total: Decimal | None
    """None where nobody said anything of tickets that ask for some: that is not 0."""
    by_work: Mapping[Work, Decimal]
    silent: tuple[str, ...]
    """Keys of tickets of which nobody said how much they need; they are not counted as needing nothing."""


@dataclass(frozen=True, slots=True)
class Load:
    """What the tickets of a sprint ask for."""

    person_days: Asked
    gpu_hours: Asked
    explore: int
    exploit: int
    """Experiments and spikes by what they do, decided ones among them; those that say neither are in none of both."""


def load_of(
    tickets: Mapping[str, TicketContent], *, taken_in: Mapping[str, TicketContent] | None = None
) -> Load:
    """How many person-days and GPU-hours do these tickets ask for?

    Person-days are those predicted, else the whole time box of work that is no experiment; GPU-hours are those predicted, else
    the budget.

    Args:
        tickets: by key; what is decided asks for nothing more, and is left out.
        taken_in: all that the sprint took in, where that is more: its mix is one of them all.

    >>> from assay.domain.experiments.experiment import Mode
    >>> from assay.domain.experiments.prediction import Prediction
    >>> load = load_of({"EXP-1": TicketContent(title="Rerank", mode=Mode.EXPLORE, prediction=Prediction(person_days=3))})
    >>> load.person_days.total, load.gpu_hours.silent, load.explore
    (Decimal('3'), ('EXP-1',), 1)
    """
    mix = mix_of(tickets if taken_in is None else taken_in, Measure.COUNT)
    return Load(
        person_days=_asked(tickets, {key: _days(content) for key, content in tickets.items()}),
        gpu_hours=_asked(tickets, {key: gpu_hours_of(content) for key, content in tickets.items()}),
        explore=int(mix.explore),
        exploit=int(mix.exploit),
    )


def _days(content: TicketContent) -> Decimal | None:
    if content.prediction is not None and content.prediction.person_days is not None:
        return content.prediction.person_days
    box = content.time_box_days
    return None if box is None or content.type is TicketType.EXPERIMENT else Decimal(box)


def _asked(tickets: Mapping[str, TicketContent], amounts: Mapping[str, Decimal | None]) -> Asked:
    by_work: dict[Work, Decimal] = {}
    for key, amount in amounts.items():
        work = work_of(tickets[key])
        if amount and work is not None:
            by_work[work] = by_work.get(work, Decimal()) + amount
    silent = tuple(key for key, amount in amounts.items() if amount is None)
    said = sum((amount for amount in amounts.values() if amount is not None), Decimal())
    return Asked(
        total=None if silent and not said else said,
        by_work=by_work,
        silent=silent,
    )


def overloads(load: Load, capacity: Capacity) -> tuple[str, ...]:
    """Where do the tickets ask for more than there is, in all or of what was put aside for their kind of work?

    >>> from assay.domain.experiments.prediction import Prediction
    >>> from assay.domain.sprints.sprint import Split
    >>> load = load_of({"EXP-1": TicketContent(title="Rerank", prediction=Prediction(gpu_hours=30))})
    >>> overloads(load, Capacity(gpu_hours=Split(available=Decimal(24))))
    ('30 GPU-hours are asked for, 6 more than the 24 there are',)
    """
    found = []
    for asked, split, noun in (
        (load.person_days, capacity.person_days, "person-days"),
        (load.gpu_hours, capacity.gpu_hours, "GPU-hours"),
    ):
        if asked.total is not None and split.available is not None and asked.total > split.available:
            found.append(
                f"{_text(asked.total)} {noun} are asked for, {_text(asked.total - split.available)} more than the "
                f"{_text(split.available)} there are"
            )
        found += [
            f"{work.value} asks for {_text(amount)} {noun}, its share is {_text(share)}"
            for work, amount in asked.by_work.items()
            if work in split.percent and (share := split.amount(work)) is not None and amount > share
        ]
    return tuple(found)


def silence_text(load: Load) -> str:
    """Which tickets do not say what they need, in a sentence; empty where all do."""
    parts = [
        f"{count(len(asked.silent), 'ticket')} without {noun} ({listed(asked.silent, 3)})"
        for asked, noun in ((load.person_days, "person-days"), (load.gpu_hours, "GPU-hours"))
        if asked.silent
    ]
    return f"Not counted: {', '.join(parts)}." if parts else ""


def _text(value: Decimal) -> str:
    return limit_text(float(value))
