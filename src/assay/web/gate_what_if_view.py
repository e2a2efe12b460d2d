"""The what-if panel: what can be asked of a gate run, and what would be."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

from assay.domain.experiments.exact_numbers import number_text
from assay.domain.gates.gate import Gate
from assay.domain.gates.gate_record import GateResult
from assay.domain.gates.predicted_evaluations import Sides, why_no_more_examples, why_no_more_seeds
from assay.domain.gates.what_if import (
    SEEDS_MAX,
    Answer,
    Dial,
    Evidence,
    Expected,
    Question,
    dials,
    examples_limit,
    what_if,
)
from assay.domain.kernel.findings import Outcome
from assay.errors import AssayError, Invalid
from assay.web import wording
from assay.web.contexts.gates import (
    DialField,
    ExpectedRow,
    ResultChip,
    Share,
    WhatIfAnswer,
    WhatIfForm,
)
from assay.web.gate_words import RESULTS, outcome_chip, problem
from assay.workflows.gate_views import GateInputs

DIALS_SHOWN = 4
SEEDS_ON_SLIDER = 20
_PREFIX = "turn-"
_LONGEST = 40
UNASKED = WhatIfAnswer(False, None, None, "", "", (), (), "", (), "", ())


def evidence_of(inputs: GateInputs) -> Evidence:
    """What the run was judged on."""
    return Evidence(inputs.candidate, inputs.baseline, inputs.lock, inputs.overlaps)


def what_if_form(inputs: GateInputs, href: str, asked: Mapping[str, str]) -> WhatIfForm:
    """The fields, with what was typed."""
    sides = Sides(inputs.candidate, inputs.baseline)
    limit = examples_limit(inputs.candidate)
    fields = tuple(_field(dial, asked) for dial in dials(inputs.gate))
    return WhatIfForm(
        action=f"{href}/what-if",
        reset=f"{href}#what-if",
        seeds=asked.get("seeds", "0"),
        seeds_max=str(min(SEEDS_ON_SLIDER, SEEDS_MAX)),
        seeds_why_not=why_no_more_seeds(sides),
        examples=asked.get("examples", "0"),
        examples_max=str(limit),
        examples_step=str(max(1, 10 ** (len(str(max(1, limit))) - 3))),
        examples_why_not=why_no_more_examples(sides),
        dials=fields[:DIALS_SHOWN],
        more_dials=fields[DIALS_SHOWN:],
    )


def can_ask(form: WhatIfForm) -> bool:
    """Is there anything to move?"""
    return bool(form.dials) or not (form.seeds_why_not and form.examples_why_not)


def _field(dial: Dial, asked: Mapping[str, str]) -> DialField:
    scale = Decimal(100) if dial.percent else Decimal(1)
    stands = dial.value * scale
    low, high = _reach(dial, stands)
    unit = "" if dial.unit is None or dial.unit.value in ("number", "count", "fraction") else dial.unit.value
    start = number_text(stands)
    return DialField(
        name=f"{_PREFIX}{dial.key}",
        label=dial.text,
        value=asked.get(f"{_PREFIX}{dial.key}", start),
        start=start,
        suffix="%" if dial.percent else unit,
        low=number_text(low),
        high=number_text(high),
        step=number_text(_step(high - low)),
    )


def _reach(dial: Dial, stands: Decimal) -> tuple[Decimal, Decimal]:
    """Where a slider goes: a rate from 0 to 100, what is small up to four times itself, anything else to twice."""
    if dial.percent and stands > 20:
        return Decimal(0), Decimal(100)
    if stands < 0:
        return 2 * stands, Decimal(0)
    if dial.percent:
        return Decimal(0), max(4 * stands, Decimal(1))
    return Decimal(0), 2 * stands if stands else Decimal(1)


def _step(reach: Decimal) -> Decimal:
    """About two hundred steps, of a round size."""
    return Decimal(1).scaleb((reach / 200).adjusted() if reach else -1)


def what_if_answer(inputs: GateInputs, asked: Mapping[str, str]) -> WhatIfAnswer:
    """What would be; what is wrong with the question is said in its place."""
    if not any(asked.values()):
        return UNASKED
    try:
        question = read_question(inputs.gate, asked)
        if not question.numbers and not question.predicts:
            return UNASKED
        return _told(what_if(inputs.gate, evidence_of(inputs), question))
    except AssayError as error:
        return WhatIfAnswer(True, problem(error), None, "", "", (), (), "", (), "", ())


def read_question(gate: Gate, asked: Mapping[str, str]) -> Question:
    """The question that the fields ask: numbers that stand where they stood ask nothing.

    Raises:
        Invalid: a field holds no number; `field` names it.
    """
    numbers = {}
    for dial in dials(gate):
        name = f"{_PREFIX}{dial.key}"
        text = asked.get(name, "")
        if text:
            value = _number(text, name, dial.text) / (100 if dial.percent else 1)
            if value != dial.value:
                numbers[dial.key] = value
    return Question(numbers, _count(asked, "seeds"), _count(asked, "examples"))


def _number(text: str, name: str, label: str) -> Decimal:
    try:
        value = Decimal(text.strip().removesuffix("%").strip()) if len(text) <= _LONGEST else Decimal("NaN")
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite() or abs(value.adjusted()) > 15 or len(value.as_tuple().digits) > 15:
        raise Invalid(
            f"cannot turn '{label[:100]}': found {text[:_LONGEST]!r} (expected a number)",
            hint="write it as 85 or 0.5",
            code="what-if-number",
            field=name,
        )
    return value


def _count(asked: Mapping[str, str], name: str) -> int:
    text = asked.get(name, "").strip()
    if not text:
        return 0
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise Invalid(
            f"cannot predict more {name}: found {text[:_LONGEST]!r} (expected a whole number from 0)",
            hint="write a number such as 3",
            code="what-if-amount",
            field=name,
        )
    return int(text)


def _told(answer: Answer) -> WhatIfAnswer:
    record = answer.record
    return WhatIfAnswer(
        asked=True,
        problem=None,
        now=RESULTS[record.result],
        headline=record.headline,
        detail=record.detail,
        changes=tuple(
            (change.text, change.loosens)
            for change in answer.changed
            if change.kind != "changed" or change.loosens
        ),
        shares=_results(answer.results),
        shares_label=", ".join(
            f"{RESULTS[result].word} {_percent(share)}" for result, share in _ordered(answer.results)
        ),
        rows=tuple(_expected(one) for one in answer.checks),
        futures=f"{answer.futures}" if answer.futures else "",
        notes=tuple(f"{note[:1].upper()}{note[1:]}." for note in answer.notes),
    )


def _ordered(results: Mapping[GateResult, float]) -> list[tuple[GateResult, float]]:
    return [(result, results[result]) for result in RESULTS if result in results]


def _results(results: Mapping[GateResult, float]) -> tuple[Share, ...]:
    return _shares([(RESULTS[result], share) for result, share in _ordered(results)])


def _expected(one: Expected) -> ExpectedRow:
    order = (Outcome.MET, Outcome.UNCLEAR, Outcome.NO_EVIDENCE, Outcome.NOT_MET, Outcome.INVALID)
    told = [(outcome_chip(outcome), one.shares[outcome]) for outcome in order if outcome in one.shares]
    return ExpectedRow(
        text=one.check,
        now=outcome_chip(one.now),
        shares=_shares(told),
        label=", ".join(f"{chip.word} {_percent(share)}" for chip, share in told),
    )


def _shares(told: list[tuple[ResultChip, float]]) -> tuple[Share, ...]:
    found, left = [], 0.0
    for chip, share in told:
        found.append(
            Share(
                chip=chip,
                x=wording.percent_of_bar(left) or "0%",
                width=wording.percent_of_bar(share) or "0%",
                percent=_percent(share),
            )
        )
        left += share
    return tuple(found)


def _percent(share: float) -> str:
    """A share of so many futures is good to about five points, and says no more.

    >>> _percent(1.0), _percent(0.43), _percent(0.01)
    ('100%', 'about 45%', 'below 5%')
    """
    if share in (0.0, 1.0):
        return f"{share:.0%}"
    rounded = 5 * round(20 * share)
    if rounded == 0:
        return "below 5%"
    return "above 95%" if rounded == 100 else f"about {rounded}%"
