"""What does a gate ask of one evaluation? Criteria, whole-set checks and settings; frozen, compared by content.

A gate says what must hold, never how it is judged: `judge` answers every part with the engine that also judges tickets.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    Field,
    StringConstraints,
    ValidationError,
    field_validator,
    model_validator,
)

from assay.domain.experiments.criteria.model import (
    Condition,
    Criterion,
    DatasetRef,
    Margin,
    MetricName,
    Spread,
)
from assay.domain.experiments.criteria.text import criterion_text
from assay.domain.experiments.experiment import LookPlan
from assay.domain.experiments.texts import Prose, clean_text
from assay.domain.kernel.findings import Role
from assay.domain.kernel.metrics import Metric, Unit
from assay.domain.kernel.model import Value
from assay.errors import Invalid

CRITERIA_MAX = 100
CHECKS_MAX = 100
METRICS_MAX = 10_000
COLUMNS_MAX = 50
EXAMPLES_MAX = 10_000
ITEMS_MAX = 200
K_MAX = 1000

GateRole = Literal[Role.PRIMARY, Role.SECONDARY, Role.BLOCKING]
GateName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.\-]{0,99}$")]
ShortText = Annotated[
    str,
    StringConstraints(min_length=1, max_length=200, strip_whitespace=True),
    AfterValidator(clean_text),
]
ColumnName = ShortText
"""A column of the per-example results, as the file names it."""
FileName = Annotated[str, StringConstraints(min_length=1, max_length=400), AfterValidator(clean_text)]
"""A file beside the gate file. The domain never opens it; whoever does resolves it against the gate file's folder."""
Digest = Annotated[str, StringConstraints(pattern=r"^sha256:[0-9a-f]{64}$")]
Fact = Literal["baseline", "seeds", "commit", "dataset"]
"""What the runs themselves can show."""
Share = Annotated[Decimal, Field(ge=0, le=1, allow_inf_nan=False, max_digits=18)]

_ROLE_ORDER = {role: place for place, role in enumerate((Role.PRIMARY, Role.BLOCKING, Role.SECONDARY))}
TWO_POINTS = Margin(value=Decimal("0.02"), unit=Unit.FRACTION)
TWO_PERCENT_RELATIVE = Margin(value=Decimal("0.02"), relative=True)


class GateSettings(Value):
    """How the gate is judged."""

    alpha: Annotated[float, Field(gt=0, lt=0.5)] = 0.05
    """One-sided error of every claim."""
    mode: Literal["bound", "point"] = "bound"
    """`bound`: the confidence bound must clear the criterion; `point`: the estimate alone (the strict answer stands beside it)."""
    looks: LookPlan = LookPlan()
    """At how many seeds an arm seed-level evidence may decide."""
    sequential: bool = False
    """Judge over examples with an e-process, whose error holds however often one looks as examples arrive."""
    unmatched_limit: Share = Decimal(0)
    """Share of all examples that may lack a partner on the other side before a comparison is invalid; 0 allows none."""


class SlicesCheck(Value):
    """Is no slice of the examples worse than the baseline by more than the margin? Each column is one way of slicing."""

    kind: Literal["slices"] = "slices"
    role: GateRole = Role.PRIMARY
    by: Annotated[tuple[ColumnName, ...], Field(min_length=1, max_length=COLUMNS_MAX)]
    """Columns of the results; every label of every column is one slice."""
    metric: MetricName | None = None
    """None means the gate's primary metric."""
    margin: Margin
    """Harm up to this is tolerated in a slice."""
    claim: bool = False
    """False: an alarm (harm must not be shown). True: a claim (no slice may leave harm possible)."""
    must_see: Margin | None = None
    """A slice too small to show harm of this size is unclear; None states what could be seen, and lets it pass."""


class MetricMargin(Value):
    """A margin of its own for one metric."""

    metric: MetricName
    margin: Margin


class RegressionCheck(Value):
    """Is every metric that candidate and baseline share no worse than the baseline by its margin (non-inferiority)?"""

    kind: Literal["regression"] = "regression"
    role: GateRole = Role.PRIMARY
    margin: Margin = TWO_POINTS
    """For metrics that are fractions."""
    others: Margin = TWO_PERCENT_RELATIVE
    """For every other metric."""
    margins: Annotated[tuple[MetricMargin, ...], Field(max_length=CRITERIA_MAX)] = ()
    """Metrics with a margin of their own."""
    leave_out: Annotated[tuple[MetricName, ...], Field(max_length=CRITERIA_MAX)] = ()
    """Metrics that may get worse. Written `except` in gate files."""

    @model_validator(mode="after")
    def _each_metric_once(self) -> Self:
        _once("metric", [*(own.metric for own in self.margins), *self.leave_out])
        return self


class GoldenCheck(Value):
    """Is every golden example exactly right, in every run? A census: one miss fails."""

    kind: Literal["golden"] = "golden"
    role: GateRole = Role.PRIMARY
    metric: MetricName | None = None
    """What says whether an example is right; None means the gate's primary metric."""
    examples: Annotated[tuple[ShortText, ...], Field(max_length=EXAMPLES_MAX)] = ()
    """Ids of the golden examples, written in the gate or read from the file."""
    file: FileName | None = None
    """Where the ids stand, one a row (first column, or the column `sample_id`)."""
    digest: Digest | None = None
    """SHA-256 of the file's bytes: pins it when written in the gate file, says what was judged once the file was read."""

    @model_validator(mode="after")
    def _names_examples(self) -> Self:
        if self.file is None and not self.examples:
            raise ValueError("names no example (expected examples or a file)")
        if self.digest is not None and self.file is None:
            raise ValueError("has the digest of a file, but no file")
        if self.file is not None and self.examples and self.digest is None:
            raise ValueError("names examples and a file (expected one of the two)")
        _once("example", self.examples)
        return self

    def with_file(self, examples: Iterable[str], digest: str) -> GoldenCheck:
        """The same check once its file was read.

        Raises:
            Invalid: the gate pins another digest, or an id is none that results could have.
        """
        if self.digest is not None and self.digest != digest:
            raise Invalid(
                f"cannot use golden file '{self.file}': its digest is {digest} (expected {self.digest})",
                hint="restore the file, or pin its new digest in the gate file and have the change reviewed",
                code="golden-changed",
                field="checks.golden.digest",
            )
        read = {"examples": tuple(dict.fromkeys(examples)), "digest": digest}
        try:
            return GoldenCheck.model_validate({**self.model_dump(), **read})
        except ValidationError as error:
            first = error.errors()[0]
            raise Invalid(
                f"cannot use golden file '{self.file}': {str(first['input'])[:80]!a}: {first['msg'].lower()}",
                hint="write one example id a row",
                code="golden-unusable",
                field="checks.golden.file",
            ) from error


class FairnessCheck(Value):
    """Is the gap between the best and the worst group no wider than the limit?"""

    kind: Literal["fairness"] = "fairness"
    role: GateRole = Role.PRIMARY
    by: ColumnName
    """Column of the results that names the group."""
    metric: MetricName | None = None
    """None means the gate's primary metric."""
    gap: Margin
    """Largest gap that is tolerated, in the metric's unit."""
    claim: bool = False
    """False: an alarm (a wider gap must not be shown). True: a claim (a wider gap must be ruled out)."""
    must_see: Margin | None = None
    """Groups too small to show a gap of this size are unclear; None states what could be seen, and lets it pass."""

    @model_validator(mode="after")
    def _gap_is_absolute(self) -> Self:
        _absolute(self.gap, "gap")
        return self


class ConsistencyCheck(Value):
    """Do seeds agree: is the standard deviation over them within the limit? The check form of `sd of accuracy <= 3%`."""

    kind: Literal["consistency"] = "consistency"
    role: GateRole = Role.PRIMARY
    metric: MetricName | None = None
    """None means the gate's primary metric."""
    sd: Margin
    """Largest standard deviation, in the metric's unit (a fraction: points)."""
    seeds: Annotated[int, Field(ge=2, le=10_000)] | None = None
    """Fewer seeds are no evidence; None takes any number from two."""
    claim: bool = False
    """False: an alarm (more spread must not be shown). True: a claim (more spread must be ruled out)."""

    @model_validator(mode="after")
    def _limit_can_be_tested(self) -> Self:
        _absolute(self.sd, "sd")
        if self.sd.value == 0:
            raise ValueError("sd is 0, which no evidence can show (expected more than 0)")
        return self

    def criterion(self, metric: str) -> Criterion:
        """The criterion that asks the same of this metric: both are answered by one check."""
        after = None if self.seeds is None else Condition(kind="seeds", count=self.seeds)
        return Criterion(
            role=self.role, test=Spread(metric=metric, limit=self.sd, claim=self.claim), after=after
        )


class ReliabilityCheck(Value):
    """How often does it work when tried again: at least once in k tries (`pass@k`), or in all of them (`pass^k`)?"""

    kind: Literal["reliability"] = "reliability"
    role: GateRole = Role.PRIMARY
    metric: MetricName | None = None
    """Right or wrong, tried several times an example; None means the gate's primary metric."""
    k: Annotated[int, Field(ge=1, le=K_MAX)]
    """How many tries."""
    all_of_them: bool
    """True: `pass^k`, all k tries work. False: `pass@k`, at least one of k."""
    at_least: Share
    """The rate to clear, 0 to 1."""


class LeakageCheck(Value):
    """Are evaluation examples absent from the training data? Any exact overlap fails, by id or by normalised text."""

    kind: Literal["leakage"] = "leakage"
    role: GateRole = Role.PRIMARY
    against: Annotated[tuple[FileName, ...], Field(min_length=1, max_length=COLUMNS_MAX)]
    """Files of training data."""
    text: ColumnName | None = None
    """Column with the text to compare; None compares ids alone."""
    near: Annotated[Decimal, Field(gt=0, le=1, allow_inf_nan=False, max_digits=18)] = Decimal("0.8")
    """Jaccard similarity of word shingles from which two texts are near-duplicates."""
    near_limit: Share | None = None
    """Share of evaluation examples that may have a near-duplicate; None reports them, and lets it pass."""

    @model_validator(mode="after")
    def _near_needs_text(self) -> Self:
        if self.text is None and self.near_limit is not None:
            raise ValueError("limits near-duplicates, but names no column to compare (expected text: COLUMN)")
        return self


class Item(Value):
    """Something outside the figures: a person vouches for it, or a file or the runs show it."""

    name: ShortText
    done: bool | None = None
    """None is unknown, which is no evidence and never a yes."""
    evidence: Annotated[str, StringConstraints(max_length=2000), AfterValidator(clean_text)] = ""
    """Where it can be seen: a text, a path, an address."""
    file: FileName | None = None
    """Done when this file is there and not empty."""
    says: Annotated[tuple[ShortText, ...], Field(max_length=ITEMS_MAX)] = ()
    """And when each of these stands in it, in whatever case."""
    tests: FileName | None = None
    """Done when every test of this JUnit report passed, and there is one."""
    known: Fact | None = None
    """Done when the runs show it: baseline (there is a finished one), seeds (each run names its seed), commit (each names
    its code), dataset (the evaluation set is named)."""
    found: Annotated[str, StringConstraints(max_length=4000)] = ""
    """What was seen in the file once it was looked for; never written in a gate file."""

    @model_validator(mode="after")
    def _shown_one_way(self) -> Self:
        ways = [one for one in (self.file, self.tests, self.known) if one is not None]
        if len(ways) > 1:
            raise ValueError("is shown in more than one way (expected one of file, tests, known)")
        if self.says and self.file is None:
            raise ValueError("says what a file holds, but names none (expected file: NAME)")
        if ways and self.done is not None and not self.found:
            raise ValueError("is shown by evidence and vouched for (expected one of the two)")
        return self

    @property
    def asked(self) -> Item:
        """The item without what was seen."""
        return self if self.looks_at is None else self.model_copy(update={"done": None, "found": ""})

    @property
    def looks_at(self) -> str | None:
        """The file that shows it, if one does."""
        return self.tests if self.file is None else self.file


class ItemsCheck(Value):
    """Are the operational items done: monitoring configured, rollback tested, model card complete?"""

    kind: Literal["items"] = "items"
    role: GateRole = Role.PRIMARY
    items: Annotated[tuple[Item, ...], Field(min_length=1, max_length=ITEMS_MAX)]

    @model_validator(mode="after")
    def _each_item_once(self) -> Self:
        _once("item", (item.name for item in self.items))
        return self

    @property
    def files(self) -> tuple[str, ...]:
        """The files that its items look at."""
        return tuple(dict.fromkeys(item.looks_at for item in self.items if item.looks_at is not None))


GateCheck = Annotated[
    SlicesCheck
    | RegressionCheck
    | GoldenCheck
    | FairnessCheck
    | ConsistencyCheck
    | ReliabilityCheck
    | LeakageCheck
    | ItemsCheck,
    Field(discriminator="kind"),
]

MetricCheck = SlicesCheck | GoldenCheck | FairnessCheck | ConsistencyCheck | ReliabilityCheck
"""The checks that read one metric."""

GATE_TESTS = frozenset({"threshold", "improvement", "non_inferiority", "percentile", "spread"})
"""What a criterion of a gate can test. Curves, budgets and targets belong to a ticket: an evaluation has none."""


class Gate(Value):
    """A named, versioned list of what must hold in one evaluation."""

    name: GateName
    version: Annotated[int, Field(ge=1, le=10**9)] = 1
    """Rises whenever what the gate asks changes."""
    description: Prose = ""
    """Why these numbers, for people."""
    dataset: DatasetRef | None = None
    """The evaluation set; results on another one are invalid. None takes whatever set the results name."""
    metrics: Annotated[tuple[Metric, ...], Field(max_length=METRICS_MAX)] = ()
    """Declarations that the gate makes itself, by name; they outrank those of the evaluation. What it leaves out is inferred
    from its criteria (`gate_metrics`)."""
    criteria: Annotated[tuple[Criterion, ...], Field(max_length=CRITERIA_MAX)] = ()
    """In the order primary, blocking, secondary; inside a role as they were written."""
    checks: Annotated[tuple[GateCheck, ...], Field(max_length=CHECKS_MAX)] = ()
    settings: GateSettings = GateSettings()

    @field_validator("criteria")
    @classmethod
    def _criteria_fit_a_gate(cls, criteria: tuple[Criterion, ...]) -> tuple[Criterion, ...]:
        for criterion in criteria:
            text = criterion_text(criterion, with_role=True)
            if criterion.role is Role.KILL:
                raise ValueError(
                    f"'{text}' stops an experiment; a gate has none (expected primary, secondary or blocking)"
                )
            if criterion.test.kind not in GATE_TESTS:
                raise ValueError(f"'{text}' is about a ticket's runs, not about one evaluation")
        _once("criterion", (criterion_text(criterion) for criterion in criteria))
        return tuple(sorted(criteria, key=lambda criterion: _ROLE_ORDER[criterion.role]))

    @field_validator("metrics")
    @classmethod
    def _each_name_once(cls, metrics: tuple[Metric, ...]) -> tuple[Metric, ...]:
        _once("metric", (name for metric in metrics for name in (metric.name, *metric.aliases)))
        return tuple(sorted(metrics, key=lambda metric: metric.name))

    @model_validator(mode="after")
    def _can_fail(self) -> Self:
        if all(part.role is Role.SECONDARY for part in (*self.criteria, *self.checks)):
            raise ValueError(
                "nothing in this gate can fail, so everything would pass (expected a primary or blocking criterion or check)"
            )
        return self

    @model_validator(mode="after")
    def _checks_know_their_metric(self) -> Self:
        if self.primary_metric is not None:
            return self
        for check in self.checks:
            if getattr(check, "metric", "") is None:
                fact = f"{check.kind} names no metric, and no criterion of this gate has one"
                raise ValueError(f"{fact} (expected metric: NAME)")
        return self

    @property
    def primary_metric(self) -> str | None:
        """The metric of checks that name none: that of the first criterion, which is a primary one where there is one."""
        return self.criteria[0].metric if self.criteria else None  # primary criteria stand first

    def metric_of(self, check: MetricCheck) -> str:
        """Which metric does the check read?"""
        metric = check.metric if check.metric is not None else self.primary_metric
        assert metric is not None  # refused when the gate was made
        return metric


def _once(what: str, names: Iterable[str]) -> None:
    twice = [name for name, times in Counter(names).items() if times > 1]
    if twice:
        raise ValueError(f"the {what} '{twice[0][:100]}' stands twice (expected each {what} once)")


def _absolute(margin: Margin, name: str) -> None:
    if margin.relative:
        raise ValueError(f"{name} is relative, but there is no baseline it could be relative to")
