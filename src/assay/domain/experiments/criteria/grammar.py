"""Which words make a criterion? Every form in one place, read left to right; nothing here is recursive.

[role:] NAME CMP AMOUNT                                accuracy >= 85%
[role:] NAME improves by [CMP] AMOUNT                  f1 improves by >= 3%
[role:] NAME no worse than baseline by AMOUNT          toxicity no worse than baseline by 0.2%
[role:] pN of NAME CMP AMOUNT                          p95 of latency < 500 ms
[role:] sd of NAME [shown] CMP AMOUNT                  sd of accuracy <= 3%
[role:] NAME falls after epoch|step N                  train_loss falls after epoch 1
[role:] NAME does not fall after epoch|step N          train_loss does not fall after epoch 1
[role:] NAME diverges                                  train_loss diverges
[role:] NAME plateau AMOUNT over N runs                accuracy plateau 1% over 3 runs
[role:] NAME gap CMP AMOUNT                            accuracy gap > 15%
[role:] compute|cost|time CMP AMOUNT                   compute > 2x budget
each followed by                                       on DATASET[@VERSION], after training | N seeds | N runs
"""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal
from typing import Literal

from assay.domain.experiments.criteria.amounts import PERCENT, TIMES_BUDGET, WrittenAmount
from assay.domain.experiments.criteria.draft import RESOURCE_UNITS, Draft
from assay.domain.experiments.criteria.faults import CriterionError
from assay.domain.experiments.criteria.model import Comparison, Condition, DatasetRef
from assay.domain.experiments.criteria.scanner import NAME_MAX, Scanner
from assay.domain.kernel.findings import Role
from assay.domain.kernel.metrics import MetricCatalog

METRIC_WORD = "metric"
RESOURCE_WORD = "resource"
RESERVED = frozenset({*RESOURCE_UNITS, METRIC_WORD, RESOURCE_WORD})
"""Words that a metric of the same name needs `metric` in front of."""
SPREAD_WORDS = ("sd", "std", "stdev")
COUNT_MAX = 10_000
_PERCENTILE = re.compile(r"p([0-9]{1,6}(?:\.[0-9]{1,6})?)", re.ASCII | re.IGNORECASE)

_FORMS = (
    ">=",
    "<=",
    ">",
    "<",
    "==",
    "improves by",
    "no worse than baseline by",
    "falls after",
    "diverges",
    "plateau",
    "gap",
)
_PHRASES = {
    ("at", "least"): Comparison.AT_LEAST,
    ("at", "most"): Comparison.AT_MOST,
    ("more", "than"): Comparison.ABOVE,
    ("less", "than"): Comparison.BELOW,
}


def read_role(scanner: Scanner) -> Role | None:
    """Which role stands in front, if any? The colon decides: a metric may be called `kill`."""
    before = scanner.position
    word = scanner.peek_word()
    scanner.take_word()
    if not word or not scanner.take_symbol(":"):
        scanner.position = before
        return None
    scanner.mark("role", before)
    if word not in list(Role):
        raise CriterionError(f"'{word[:40]}' is no role", expected=tuple(Role), part="role", alternatives=())
    return Role(word)


def read_draft(scanner: Scanner, metrics: MetricCatalog) -> Draft:
    """What is written in the rest of the text?

    Raises:
        CriterionError: with the span of the first piece that fits no form.
    """
    draft = _read_clauses(scanner, _read_test(scanner, metrics))
    if not scanner.at_end:
        raise scanner.unexpected("the end", "on", "after", hint="write one criterion a line")
    return draft


def _read_test(scanner: Scanner, metrics: MetricCatalog) -> Draft:
    start = scanner.position
    word = scanner.take_word()
    if word is None:
        raise scanner.unexpected("the name of a metric", *RESOURCE_UNITS, part="metric")
    lower, following = word.lower(), scanner.peek_word()
    if following == "of":
        return _read_of(scanner, word, start)
    if lower == RESOURCE_WORD and following in RESOURCE_UNITS:
        return _read_resource(scanner, start)
    if lower == METRIC_WORD and following in RESERVED:
        start = scanner.position
        word = scanner.take_word() or word
    elif lower in RESOURCE_UNITS:
        _refuse_two_subjects(lower, start, scanner, metrics)
        scanner.position = start
        return _read_resource(scanner, start)
    _mark_metric(scanner, word, start)
    return _read_metric_test(scanner, word)


def _mark_metric(scanner: Scanner, word: str, start: int) -> None:
    scanner.mark("metric", start)
    if len(word) > NAME_MAX:
        raise CriterionError(
            "the name of the metric is too long", expected=(f"at most {NAME_MAX} characters",), part="metric"
        )


def _read_of(scanner: Scanner, word: str, start: int) -> Draft:
    """`p95 of NAME ...` or `sd of NAME ...`; what stands in front of `of` is read."""
    scanner.mark("percent", start)
    percent = _PERCENTILE.fullmatch(word)
    if percent is None and word.lower() not in SPREAD_WORDS:
        median = word.lower() == "median"
        raise CriterionError(
            f"'{word[:40]} of' is nothing that is measured",
            expected=("p50 of",) if median else ("a percentile such as p95 of", "sd of"),
            part="percent",
            alternatives=("p50",) if median else (),
            hint="" if median else "the mean is the metric alone, such as 'latency < 500 ms'",
        )
    scanner.need_keyword("of")
    start = scanner.position
    name = scanner.take_word()
    if name is None:
        raise scanner.unexpected("the name of a metric", part="metric")
    if name.lower() == METRIC_WORD and scanner.peek_word() in RESERVED:
        start = scanner.position
        name = scanner.take_word() or name
    _mark_metric(scanner, name, start)
    claim = percent is None and scanner.take_keyword("shown")
    comparison = _need_comparison(scanner)
    draft = Draft("spread", name, comparison=comparison, amount=_need_amount(scanner), claim=claim)
    return draft if percent is None else replace(draft, kind="percentile", percent=Decimal(percent[1]))


def _refuse_two_subjects(word: str, start: int, scanner: Scanner, metrics: MetricCatalog) -> None:
    if not any(name.lower() == word for name in metrics.by_name):
        return
    scanner.mark("metric", start)
    readings = (f"{METRIC_WORD} {word}", f"{RESOURCE_WORD} {word}")
    raise CriterionError(
        f"'{word}' could mean the metric of that name or the {word} that runs used",
        expected=readings,
        code="criterion-ambiguous",
        part="metric",
        alternatives=readings,
    )


def _read_resource(scanner: Scanner, start: int) -> Draft:
    subject = (scanner.take_word() or "").lower()
    scanner.mark("metric", start)
    comparison = _need_comparison(scanner)
    return Draft("resource", subject, comparison=comparison, amount=_need_amount(scanner))


def _read_metric_test(scanner: Scanner, name: str) -> Draft:
    comparison = _take_comparison(scanner)
    if comparison is not None:
        return Draft("threshold", name, comparison=comparison, amount=_need_amount(scanner))
    if scanner.take_keyword("improves"):
        scanner.need_keyword("by")
        comparison = _take_comparison(scanner) or Comparison.AT_LEAST
        return Draft("improvement", name, comparison=comparison, amount=_need_amount(scanner))
    if scanner.take_keyword("is", "no") or scanner.take_keyword("no"):
        scanner.need_keyword("worse", "than", "baseline", "by")
        return Draft("non_inferiority", name, amount=_need_amount(scanner))
    return _read_curve_test(scanner, name)


def _read_curve_test(scanner: Scanner, name: str) -> Draft:
    if scanner.take_keyword("falls"):
        return _read_curve(scanner, name, negated=False)
    if scanner.take_keyword("does"):
        scanner.need_keyword("not", "fall")
        return _read_curve(scanner, name, negated=True)
    if scanner.take_keyword("diverges"):
        return Draft("diverges", name)
    if scanner.take_keyword("plateau"):
        return _read_plateau(scanner, name)
    if scanner.take_keyword("gap"):
        comparison = _need_comparison(scanner)
        return Draft("gap", name, comparison=comparison, amount=_need_amount(scanner))
    raise scanner.unexpected(*_FORMS, part="comparison")


def _read_curve(scanner: Scanner, name: str, *, negated: bool) -> Draft:
    scanner.need_keyword("after")
    step_name: Literal["epoch", "step"] = "epoch"
    if scanner.take_keyword("step"):
        step_name = "step"
    elif not scanner.take_keyword("epoch"):
        raise scanner.unexpected("epoch", "step")
    return Draft(
        "curve_falls",
        name,
        count=_need_count(scanner, f"the number of the {step_name}"),
        step_name=step_name,
        negated=negated,
    )


def _read_plateau(scanner: Scanner, name: str) -> Draft:
    amount = _need_amount(scanner)
    scanner.need_keyword("over")
    count = _need_count(scanner, "a number of runs")
    scanner.need_keyword("runs")
    return Draft("plateau", name, amount=amount, count=count)


def _read_clauses(scanner: Scanner, draft: Draft) -> Draft:
    while True:
        start = scanner.position
        if draft.dataset is None and scanner.take_keyword("on"):
            name, version = scanner.need_dataset()
            scanner.mark("dataset", start)
            draft = replace(draft, dataset=DatasetRef(name=name, version=version))
        elif draft.after is None and scanner.take_keyword("after"):
            draft = replace(draft, after=read_condition(scanner))
            scanner.mark("after", start)
        else:
            return draft


def read_condition(scanner: Scanner) -> Condition:
    """Which condition follows the word `after`?"""
    if scanner.take_keyword("training"):
        return Condition(kind="training")
    start = scanner.position
    if not scanner.text[start : start + 1].isdecimal():
        raise scanner.unexpected("training", "a number of seeds", "a number of runs", part="after")
    count = _need_count(scanner, "a number of seeds or runs")
    if not 1 <= count <= COUNT_MAX:
        scanner.mark("after", start)
        raise CriterionError(
            f"{count} is out of range",
            expected=(f"a number from 1 to {COUNT_MAX}",),
            code="criterion-range",
            part="after",
        )
    if scanner.take_keyword("seeds") or scanner.take_keyword("seed"):
        return Condition(kind="seeds", count=count)
    if scanner.take_keyword("runs") or scanner.take_keyword("run"):
        return Condition(kind="runs", count=count)
    raise scanner.unexpected("seeds", "runs", part="after")


def _take_comparison(scanner: Scanner) -> Comparison | None:
    start = scanner.position
    comparison = scanner.take_comparison()
    for words, meaning in _PHRASES.items():
        if comparison is None and scanner.take_keyword(*words):
            comparison = meaning
    if comparison is not None:
        scanner.mark("comparison", start)
    return comparison


def _need_comparison(scanner: Scanner) -> Comparison:
    comparison = _take_comparison(scanner)
    if comparison is None:
        raise scanner.unexpected(">", ">=", "<", "<=", part="comparison")
    return comparison


def _need_count(scanner: Scanner, what: str) -> int:
    start = scanner.position
    count = scanner.need_integer(what)
    scanner.mark("count", start)
    return count


def _need_amount(scanner: Scanner) -> WrittenAmount:
    start = scanner.position
    amount = read_amount(scanner)
    scanner.mark("amount", start)
    return amount


def read_amount(scanner: Scanner) -> WrittenAmount:
    """Which number with which unit comes next?"""
    number, integer = scanner.need_number()
    unit: str | None = None
    if scanner.take_symbol(PERCENT):
        unit = PERCENT
    elif scanner.take_keyword("x", "budget"):
        unit = TIMES_BUDGET
    else:
        unit = scanner.take_unit()
    relative = scanner.take_keyword("relative")
    if unit is None and not relative and not _may_follow(scanner):
        raise scanner.unexpected(
            "%", "a unit such as ms, s, h, GPU-h or USD", "x budget", "relative", "the end", part="amount"
        )
    return WrittenAmount(number=number, unit=unit, relative=relative, integer=integer)


def _may_follow(scanner: Scanner) -> bool:
    return scanner.at_end or scanner.peek_word() in ("on", "after", "over")
