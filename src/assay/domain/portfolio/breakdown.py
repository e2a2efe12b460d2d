"""A feature breaks down by stages into tickets of both backlogs."""

from __future__ import annotations

from enum import StrEnum

from assay.domain.experiments.experiment import Mode, TicketContent
from assay.domain.kernel.ids import TicketType

MOST_TITLE = 200


class Stage(StrEnum):
    """A step that every feature with a model in it goes through."""

    BASELINE_MODEL = "baseline model"
    RETRAINING_PIPELINE = "retraining pipeline"
    INFERENCE_OPTIMISATION = "inference optimisation"


_KIND = {
    Stage.BASELINE_MODEL: (TicketType.EXPERIMENT, Mode.EXPLORE),
    Stage.RETRAINING_PIPELINE: (TicketType.ENGINEERING, None),
    Stage.INFERENCE_OPTIMISATION: (TicketType.ENGINEERING, None),
}
_METHOD = {
    Stage.BASELINE_MODEL: "The simplest model that could do: what every later one is compared with.",
    Stage.RETRAINING_PIPELINE: "From new data to a new model version without a person, with its gate.",
    Stage.INFERENCE_OPTIMISATION: "Within latency and cost targets at the expected load.",
}


def part_of(feature: TicketContent, stage: Stage) -> TicketContent:
    """The ticket of one stage of a feature.

    >>> part_of(TicketContent(type=TicketType.FEATURE, title="Auto-reply"), Stage.RETRAINING_PIPELINE).title
    'Retraining pipeline: Auto-reply'
    """
    kind, mode = _KIND[stage]
    return TicketContent(
        type=kind,
        title=part_title(feature, stage),
        method=_METHOD[stage],
        mode=mode,
        owner=feature.owner,
        priority=feature.priority,
    )


def part_title(feature: TicketContent, stage: Stage) -> str:
    """What the ticket of a stage is called; this is also how one is known again."""
    return f"{stage.value.capitalize()}: {feature.title}"[:MOST_TITLE].strip()
