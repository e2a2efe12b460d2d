"""What would a gate answer with another number in it, or with more seeds or examples?

Another number is judged on the evidence there is: the same engine, so the answer is exact. More evidence is predicted
(`predicted_evaluations`), and every possible future is judged by the same engine: the answer is how often each result comes out.
A what-if is never evidence and is never stored.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from assay.domain.experiments.criteria.model import (
    Criterion,
    Improvement,
    Margin,
    NonInferiority,
    Percentile,
    Quantity,
    Spread,
    Threshold,
)
from assay.domain.experiments.criteria.text import criterion_text
from assay.domain.experiments.evidence import Evaluation
from assay.domain.experiments.experiment import Lock
from assay.domain.gates.gate import (
    ConsistencyCheck,
    FairnessCheck,
    Gate,
    GateCheck,
    ReliabilityCheck,
    SlicesCheck,
)
from assay.domain.gates.gate_change import GateChange
from assay.domain.gates.gate_changes import changes
from assay.domain.gates.gate_record import GateRecord, GateResult
from assay.domain.gates.gate_text import check_text
from assay.domain.gates.judge import judge
from assay.domain.gates.overlap import Overlap
from assay.domain.gates.predicted_evaluations import (
    Futures,
    Sides,
    why_no_more_examples,
    why_no_more_seeds,
)
from assay.domain.kernel.findings import Outcome
from assay.domain.kernel.metrics import Unit
from assay.errors import Invalid

FUTURES = 80
"""Possible futures judged: shares are good to about five points."""
_FEWEST = 20
_CELLS = 3_000_000
"""Scores judged in all futures together: what keeps an answer within a few seconds."""
SEEDS_MAX = 100
EXAMPLES_FACTOR = 10
"""More examples than this many times those seen are not predicted: it would be a guess."""


@dataclass(frozen=True, slots=True)
class Dial:
    """One number of a gate that can be turned.

    Attributes:
        key: names it, such as `criterion:0` or `check:1`.
        text: the criterion or check as it is written.
        value: the number as it stands; a fraction is 0..1.
        unit: the metric's unit, or None for a share and a relative margin.
        percent: it is written as a percentage.
    """

    key: str
    text: str
    value: Decimal
    unit: Unit | None
    percent: bool


@dataclass(frozen=True, slots=True)
class Question:
    """What somebody wonders about.

    Attributes:
        numbers: new values by the key of their dial.
        more_seeds: further seeds of each arm that has at least two.
        more_examples: further examples on both sides.
    """

    numbers: Mapping[str, Decimal]
    more_seeds: int = 0
    more_examples: int = 0

    @property
    def predicts(self) -> bool:
        """Does it ask about evidence that is not there?"""
        return self.more_seeds > 0 or self.more_examples > 0


@dataclass(frozen=True, slots=True)
class Expected:
    """How often a check comes out in each way over all possible futures."""

    check: str
    now: Outcome
    shares: Mapping[Outcome, float]


@dataclass(frozen=True, slots=True)
class Answer:
    """What would be.

    Attributes:
        changed: what the numbers change in the gate; empty where none was turned.
        record: the gate with those numbers, judged on the evidence there is. Exact.
        results: share of the possible futures by result; empty where nothing is predicted.
        checks: the same for every check, in the order of the gate.
        futures: how many were judged.
        notes: what the prediction rests on, and what could not be predicted.
    """

    changed: tuple[GateChange, ...]
    record: GateRecord
    results: Mapping[GateResult, float]
    checks: tuple[Expected, ...]
    futures: int
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """All that the gate was judged on."""

    candidate: Evaluation
    baseline: Evaluation | None = None
    lock: Lock | None = None
    overlaps: Mapping[int, Overlap] | None = None


def dials(gate: Gate) -> tuple[Dial, ...]:
    """Which numbers of this gate can be turned? Criteria first, then checks, in their order.

    >>> from assay.domain.gates.gate_data import gate_from_data
    >>> [(dial.key, str(dial.value)) for dial in dials(gate_from_data({"criteria": ["accuracy >= 85%"]}))]
    [('criterion:0', '0.85')]
    """
    found = []
    for at, criterion in enumerate(gate.criteria):
        amount = _amount(criterion)
        if amount is not None:
            found.append(_dial(f"criterion:{at}", criterion_text(criterion), amount))
    for at, check in enumerate(gate.checks):
        limit = _limit(check)
        if limit is not None:
            found.append(_dial(f"check:{at}", check_text(check, gate), limit))
    return tuple(found)


def turned(gate: Gate, numbers: Mapping[str, Decimal]) -> Gate:
    """The same gate with other numbers in it.

    Raises:
        Invalid: `field` is the key of the dial at fault.
    """
    known = {dial.key for dial in dials(gate)}
    unknown = sorted(numbers.keys() - known)
    if unknown:
        raise Invalid(
            f"cannot turn '{unknown[0][:60]}': no such number in this gate (expected one of: {', '.join(sorted(known)) or 'none'})",
            hint="name one of these",
            code="what-if-unknown",
            field=unknown[0][:60],
        )
    criteria, checks = list(gate.criteria), list(gate.checks)
    for key, value in sorted(numbers.items()):
        kind, _, number = key.partition(":")
        try:
            if kind == "criterion":
                criteria[int(number)] = _with_amount(criteria[int(number)], value)
            else:
                checks[int(number)] = _with_limit(checks[int(number)], value)
            gate = Gate.model_validate(
                gate.model_copy(update={"criteria": tuple(criteria), "checks": tuple(checks)})
            )
        except ValueError as error:
            raise Invalid(
                f"cannot turn '{key}' to {value}: it cannot take that number (expected an amount that fits the check)",
                hint="try a number near the one that stands there",
                code="what-if-number",
                field=key,
            ) from error
    return gate


def what_if(gate: Gate, evidence: Evidence, question: Question) -> Answer:
    """What would the gate answer?

    Args:
        gate: as it was judged.
        evidence: what it was judged on.
        question: what to change.

    Raises:
        Invalid: a number that the gate cannot hold, or an amount beyond what can be predicted.
    """
    asked = turned(gate, question.numbers)
    sides = Sides(evidence.candidate, evidence.baseline)
    record = _judged(asked, sides, evidence, predicts=True)
    changed = changes(gate, asked) if question.numbers else ()
    if not question.predicts:
        return Answer(changed, record, {}, (), 0, ())
    _check_amounts(sides, question)
    futures = _futures(sides, question)
    if futures < _FEWEST:
        note = f"{sides.cells():,} scores are too many to predict from while somebody waits: assay gate plan does it"
        return Answer(changed, record, {}, (), 0, (note,))
    ahead = Futures(
        sides, more_seeds=question.more_seeds, more_examples=question.more_examples, metrics=asked.metrics
    )
    records = [_judged(asked, ahead.at(number), evidence) for number in range(futures)]
    return Answer(
        changed=changed,
        record=record,
        results=_shares([one.result for one in records]),
        checks=_expected(record, records),
        futures=futures,
        notes=_notes(sides, question),
    )


def _judged(gate: Gate, sides: Sides, evidence: Evidence, *, predicts: bool = False) -> GateRecord:
    return judge(
        gate,
        sides.candidate,
        sides.baseline,
        lock=evidence.lock,
        overlaps=evidence.overlaps,
        predicts=predicts,
    )


def _check_amounts(sides: Sides, question: Question) -> None:
    examples = examples_limit(sides.candidate)
    for noun, amount, most, why in (
        ("seeds", question.more_seeds, SEEDS_MAX, why_no_more_seeds(sides)),
        ("examples", question.more_examples, examples, why_no_more_examples(sides)),
    ):
        if amount and why:
            raise Invalid(
                f"cannot predict more {noun}: {why}",
                hint="run them, then judge again",
                code="what-if-unpredictable",
                field=f"more_{noun}",
            )
        if not 0 <= amount <= most:
            raise Invalid(
                f"cannot predict {amount:,} more {noun}: beyond what the evidence can say (expected 0 to {most:,})",
                hint="ask for fewer",
                code="what-if-amount",
                field=f"more_{noun}",
            )


def examples_limit(candidate: Evaluation) -> int:
    """How many more examples may be asked for: so many times those of the largest run."""
    sizes = (one.values.size for run in candidate.runs for one in run.scores.values())
    return EXAMPLES_FACTOR * max(sizes, default=0)


def _futures(sides: Sides, question: Question) -> int:
    """Fewer where each is large."""
    seen = max((one.values.size for one in sides.scores()), default=1)
    seeds = max(1, sum(len(side.runs) for side in sides.evaluations()))
    grown = sides.cells() * (1.0 + question.more_examples / seen) * (1.0 + 2 * question.more_seeds / seeds)
    return int(min(FUTURES, _CELLS / max(1.0, grown)))


def _shares(results: Sequence[GateResult]) -> dict[GateResult, float]:
    counted = Counter(results)
    return {result: counted[result] / len(results) for result in GateResult if counted[result]}


def _expected(now: GateRecord, records: Sequence[GateRecord]) -> tuple[Expected, ...]:
    found = []
    for at, finding in enumerate(now.findings):
        counted = Counter(one.answers[at].finding.outcome for one in records)
        shares = {outcome: counted[outcome] / len(records) for outcome in Outcome if counted[outcome]}
        found.append(Expected(finding.check, finding.outcome, shares))
    return tuple(found)


def _notes(sides: Sides, question: Question) -> tuple[str, ...]:
    said = []
    if question.more_examples:
        said.append(
            "examples to come are taken to be like those seen; a failure of a kind never seen is not expected"
        )
        if any(run.aggregates for side in sides.evaluations() for run in side.runs):
            said.append("figures without their examples stay as they are")
    if question.more_seeds:
        said.append("seeds to come are taken to vary as those seen do, on the same examples")
        if sides.baseline is not None and why_no_more_seeds(Sides(sides.baseline, None)):
            said.append("the baseline stays as it is: one seed says nothing about how seeds differ")
    return tuple(said)


def _amount(criterion: Criterion) -> Quantity | Margin | None:
    match criterion.test:
        case Threshold() | Percentile():
            return criterion.test.value
        case Improvement() | NonInferiority():
            return criterion.test.margin
        case Spread():
            return criterion.test.limit
        case _:
            return None


def _limit(check: GateCheck) -> Margin | Decimal | None:
    match check:
        case SlicesCheck():
            return check.margin
        case FairnessCheck():
            return check.gap
        case ConsistencyCheck():
            return check.sd
        case ReliabilityCheck():
            return check.at_least
        case _:
            return None


def _dial(key: str, text: str, amount: Quantity | Margin | Decimal) -> Dial:
    if isinstance(amount, Decimal):
        return Dial(key, text, amount, None, percent=True)
    relative = isinstance(amount, Margin) and amount.relative
    unit = None if relative else amount.unit
    return Dial(key, text, amount.value, unit, percent=relative or unit is Unit.FRACTION)


def _with_amount(criterion: Criterion, value: Decimal) -> Criterion:
    test = criterion.test
    field = {"improvement": "margin", "non_inferiority": "margin", "spread": "limit"}.get(test.kind, "value")
    amount = getattr(test, field)
    told = test.model_dump() | {field: amount.model_dump() | {"value": value}}
    return Criterion.model_validate(criterion.model_dump() | {"test": told})


def _with_limit(check: GateCheck, value: Decimal) -> GateCheck:
    field = {"slices": "margin", "fairness": "gap", "consistency": "sd", "reliability": "at_least"}[
        check.kind
    ]
    amount = getattr(check, field)
    told = value if isinstance(amount, Decimal) else amount.model_dump() | {"value": value}
    return type(check).model_validate(check.model_dump() | {field: told})
