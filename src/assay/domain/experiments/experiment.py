"""The ticket: a hypothesis that can turn out false, with what decides it."""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints, field_validator, model_validator

from assay.domain.experiments.arrival import Arrives
from assay.domain.experiments.criteria.model import Criterion, MetricName
from assay.domain.experiments.prediction import Prediction, said_something
from assay.domain.experiments.texts import Label, Moment, Prose, Title, clean_text
from assay.domain.experiments.type_fields import (
    OWN_FIELDS,
    DataFields,
    EngineeringFields,
    FeatureFields,
    SpikeFields,
)
from assay.domain.kernel.findings import Role
from assay.domain.kernel.ids import TicketType
from assay.domain.kernel.metrics import Metric
from assay.domain.kernel.model import NUMBER, Value

_ADDRESS = re.compile(r"https?://[A-Za-z0-9\[][\x21\x23-\x3b\x3d\x3f-\x5b\x5d\x5f\x61-\x7a\x7e]*", re.ASCII)
"""Visible characters alone, none of which ends a link or an attribute."""
_ROLE_ORDER = {role: place for place, role in enumerate(Role)}


class Mode(StrEnum):
    """Whether an experiment widens the search or sharpens what is known."""

    EXPLORE = "explore"
    EXPLOIT = "exploit"


class Axis(StrEnum):
    """Which knob an experiment turns, so results can be read side by side."""

    ARCHITECTURE = "architecture"
    DATA = "data"
    FEATURES = "features"
    HYPERPARAMETERS = "hyperparameters"
    PROMPT = "prompt"
    FEW_SHOT = "few-shot examples"
    RETRIEVAL = "retrieval"
    FINE_TUNE = "fine-tune"
    MODEL_MIGRATION = "model migration"
    TOOL = "tool"
    SAFETY = "safety"


class Baseline(Value):
    """What the hypothesis is compared with: a number, or measured runs."""

    metric: MetricName
    value: Annotated[Decimal, Field(allow_inf_nan=False, max_digits=18)] | None = None
    """A bare number is tested against as exact, and labelled so."""
    source: Annotated[str, StringConstraints(max_length=500), AfterValidator(clean_text)] = ""
    """Where the number comes from, such as "production model v12, week 18"."""
    ticket: str | None = None
    """Key of the ticket whose candidate runs are the baseline."""


class Budget(Value):
    """What the experiment may spend. None means not set, which is not zero."""

    gpu_hours: Annotated[Decimal, Field(gt=0, le=10**9, allow_inf_nan=False)] | None = None
    cost_usd: Annotated[Decimal, Field(gt=0, le=10**12, allow_inf_nan=False)] | None = None


class KillRuleValues(Value):
    """Values of the project's kill rules that differ on this ticket. None: as the project has it."""

    over_budget_multiple: Annotated[Decimal, NUMBER, Field(gt=0, le=10**6, allow_inf_nan=False)] | None = None
    plateau_tolerance: Annotated[Decimal, NUMBER, Field(ge=0, le=10**12, allow_inf_nan=False)] | None = None
    """In the unit of the primary metric, whatever it is."""
    gap: Annotated[Decimal, NUMBER, Field(gt=0, le=10**12, allow_inf_nan=False)] | None = None
    futility: Annotated[Decimal, NUMBER, Field(gt=0, lt=0.5)] | None = None
    """Chance to reach the target below which going on is called futile."""


class DataNeed(Value):
    """A data set the experiment cannot start without."""

    dataset: Label
    versions: Annotated[str, StringConstraints(max_length=60), AfterValidator(clean_text)] = ""
    needed_by: Moment | None = None
    """The day it is wanted; when it comes is another matter."""
    arrives: Arrives = ""
    """The day or days on which it is expected to be there."""
    ready: bool = False
    """A person says that it is there, until data readiness checks it."""


def web_address(text: str) -> str:
    """Is this an address that a page may link to? Returns it, or raises ValueError."""
    if _ADDRESS.fullmatch(text) is None:
        raise ValueError("is no web address (expected one that begins with https:// or http://)")
    return text


class TrackerLink(Value):
    """Where a tracker, a report or a dashboard shows more of it."""

    url: Annotated[str, StringConstraints(max_length=2000), AfterValidator(web_address)]
    title: Annotated[str, StringConstraints(max_length=200), AfterValidator(clean_text)] = ""


SeedCount = Annotated[int, Field(ge=2, le=10_000)]


class LookPlan(Value):
    """When seed-level evidence may decide: registered stages of seeds an arm, with their nominal one-sided levels.

    The default stages carry the default alphas; another plan spends alpha by Lan-DeMets O'Brien-Fleming over its maximum.
    """

    stages: Annotated[tuple[SeedCount, ...], Field(min_length=1, max_length=50)] = (3, 5, 8, 10)

    @field_validator("stages")
    @classmethod
    def _rising(cls, stages: tuple[int, ...]) -> tuple[int, ...]:
        if any(later <= earlier for earlier, later in pairwise(stages)):
            raise ValueError(f"stages are {stages}, expected rising numbers of seeds such as 3, 5, 8, 10")
        return stages


class Place(Value):
    """A place in the planning ranking that a person gave by hand, and why."""

    rank: Annotated[int, NUMBER, Field(ge=1, le=1000)]
    """1 is on top."""
    reason: Annotated[
        str,
        StringConstraints(min_length=3, max_length=500, strip_whitespace=True),
        AfterValidator(clean_text),
    ]


class TicketContent(Value):
    """All that people write on a ticket."""

    type: TicketType = TicketType.EXPERIMENT
    title: Title
    hypothesis: Prose = ""
    method: Prose = ""
    baseline: Annotated[tuple[Baseline, ...], Field(max_length=100)] = ()
    criteria: Annotated[tuple[Criterion, ...], Field(max_length=100)] = ()
    """In the order primary, secondary, blocking, kill; inside a role as they were written."""
    budget: Budget = Budget()
    gpus: Annotated[int, NUMBER, Field(ge=0, le=10_000)] | None = None
    """How many GPUs it runs on at once; 0: it needs none."""
    time_box_days: Annotated[int, Field(ge=1, le=3650)] | None = None
    mode: Mode | None = None
    axis: Axis | None = None
    data_needs: Annotated[tuple[DataNeed, ...], Field(max_length=100)] = ()
    looks: LookPlan = LookPlan()
    candidate: Annotated[str, StringConstraints(max_length=200), AfterValidator(clean_text)] | None = None
    """The declared candidate group (value of the tag `assay.candidate`), None to take the best of its groups."""
    owner: Annotated[str, StringConstraints(max_length=80), AfterValidator(clean_text)] = ""
    priority: Annotated[int, Field(ge=0, le=4)] = 2
    """0 is most urgent."""
    labels: Annotated[tuple[Label, ...], Field(max_length=100)] = ()
    kill_rules_off: Annotated[tuple[Label, ...], Field(max_length=100)] = ()
    """Kill rules of the project switched off on this ticket."""
    kill_rule_values: KillRuleValues = KillRuleValues()
    trackers: Annotated[tuple[TrackerLink, ...], Field(max_length=100)] = ()
    spike: SpikeFields = SpikeFields()
    data: DataFields = DataFields()
    engineering: EngineeringFields = EngineeringFields()
    feature: FeatureFields = FeatureFields()
    prediction: Annotated[Prediction | None, AfterValidator(said_something)] = None
    """What is expected of it; None when nobody said anything."""
    place: Place | None = None
    """Its place among the candidates of a sprint, where a person overrides the computed one."""

    @field_validator("criteria")
    @classmethod
    def _by_role(cls, criteria: tuple[Criterion, ...]) -> tuple[Criterion, ...]:
        return tuple(sorted(criteria, key=lambda criterion: _ROLE_ORDER[criterion.role]))

    @model_validator(mode="after")
    def _own_fields(self) -> TicketContent:
        """What another type says has no meaning here, and would be lost from sight."""
        for name, kind in OWN_FIELDS.items():
            if kind is not self.type and getattr(self, name) != type(self).model_fields[name].default:
                raise ValueError(
                    f"the field {name} belongs to tickets of type {kind.value}, this is {self.type.value}"
                )
        return self


class LinkKind(StrEnum):
    """How one ticket relates to another."""

    BLOCKS = "blocks"
    NEEDS_DATA = "needs_data"
    DERIVED_FROM = "derived_from"
    DUPLICATES = "duplicates"
    FOLLOW_UP_OF = "follow_up_of"
    USES_BASELINE_OF = "uses_baseline_of"
    """Kept by the system: the ticket's baseline is the other one's candidate runs."""


class Registration(Value):
    """What was locked: exactly what the hash covers. The title stays free: a typo is no amendment."""

    hypothesis: str
    baseline: tuple[Baseline, ...]
    criteria: tuple[Criterion, ...]
    budget: Budget
    time_box_days: int | None
    looks: LookPlan
    candidate: str | None
    metrics: tuple[Metric, ...]
    """Declarations of every metric that criteria or baseline name, as they stood at the lock."""


class Amendment(Value):
    """A change after the lock: dated, with author and reason."""

    number: Annotated[int, Field(ge=1)]
    at: datetime
    author: str
    reason: Annotated[str, StringConstraints(min_length=1, max_length=2000, strip_whitespace=True)]
    changes: tuple[str, ...]
    """One sentence a change, such as "loosened primary: accuracy >= 85% is now accuracy >= 80%"."""
    loosens: bool
    """Some criterion became easier to pass, or a kill harder to meet."""
    after_results: bool
    """Results had been seen by then."""
    digest: str
    """Digest of the registration after this change."""
    seq: int
    """Journal sequence number."""


class Lock(Value):
    """The pre-registration as it stands: what is locked, since when, and every change since."""

    registration: Registration
    digest: str
    """Digest of the registration as it stands now."""
    locked_at: datetime
    locked_by: str
    seq: int
    """Journal sequence number of the lock."""
    original_digest: str
    """Digest at the moment of the lock."""
    alpha: float = 0.05
    """Level of the claims as the project had it at the lock; changing the setting later changes nothing here."""
    strictness: Literal["bound", "point"] = "bound"
    """Whether the bound or the point estimate had to clear a criterion, as the project had it at the lock."""
    ignored_parameters: tuple[str, ...] = Field(default=(), exclude_if=lambda names: not names)
    """Parameters that set no configuration apart, as the project had them at the lock. Not hashed."""
    amendments: tuple[Amendment, ...] = ()
    prediction: Prediction | None = None
    """What was expected when it was locked: what comes true is held against this, whatever is written later. Not hashed."""


class DecisionKind(StrEnum):
    """What a person can decide."""

    PROMOTE = "promote"
    ITERATE = "iterate"
    KILL = "kill"


class Decision(Value):
    """What a person recorded, and why it differs from the verdict when it does."""

    kind: DecisionKind
    verdict: str
    """The recommendation it was taken on: promote, iterate, kill or undecided; empty where no verdict is computed."""
    verdict_digest: str | None
    """Digest of the verdict record that was on the page."""
    evidence_digest: str | None = None
    """Digest of the dossier: lock and runs as they stood, so that the verdict can be recomputed though runs changed."""
    reason: Annotated[str, StringConstraints(max_length=5000)] = ""
    learnings: Annotated[str, StringConstraints(max_length=20_000)] = ""
    by: str
    at: datetime
    seq: int = 0
