"""One answer of a gate as a page: what is known, what stands behind it, what it was made of."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from assay.domain.experiments.display import format_spread
from assay.domain.gates.display_answers import (
    DIFFERENCES,
    shown_answer,
    shown_part,
    value_form,
    worst_first,
    worst_parts_first,
)
from assay.domain.gates.flips import Flips
from assay.domain.gates.gate_record import GateAnswer, GatePart, GateRecord
from assay.domain.kernel.findings import Finding, Lacks, Looks, Outcome
from assay.domain.kernel.metrics import Metric, MetricCatalog
from assay.web import wording
from assay.web.contexts.experiment import SeedDots
from assay.web.contexts.gates import (
    FlipPanel,
    GateCheckRow,
    GateRunPage,
    HistoryChart,
    IntervalBar,
    KeptFileLine,
    PartRow,
    PartTable,
    WhatIfAnswer,
    WhatIfForm,
)
from assay.web.findings_view import evidence_text
from assay.web.gate_bars import Measure, bars
from assay.web.gate_flips_view import flip_panel
from assay.web.gate_words import RESULTS, gate_href, outcome_chip, run_href
from assay.workflows.gate_views import GateRun, KeptSide

PARTS_SHOWN, PARTS_AT_ALL = 16, 600
FEW_FILES = 4
NOTHING_TO_ASK = "This gate has no number to turn, and its evidence predicts no other."
NOUNS = {
    "slices": "slice",
    "regression": "metric",
    "fairness": "pair of groups",
    "golden": "example",
    "items": "item",
    "leakage": "example",
}


@dataclass(frozen=True, slots=True)
class Behind:
    """What was read back from the kept files; empty where they were not read."""

    seeds: SeedDots | None = None
    flips: Flips | None = None
    flip_metrics: tuple[str, ...] = ()
    note: str = ""
    """Why there is none."""


def run_page(
    run: GateRun,
    slug: str,
    behind: Behind,
    *,
    history: HistoryChart | None,
    what_if: WhatIfForm | None,
    answer: WhatIfAnswer,
    newest: int,
) -> GateRunPage:
    """Everything the page prints."""
    record, here = run.record, run_href(slug, run.gate, run.number)
    catalog = MetricCatalog(metrics=record.metrics)
    answers = worst_first(record.answers)
    files = (*_files("candidate", run.candidate, here), *_files("baseline", run.baseline, here))
    met = sum(one.finding.outcome is Outcome.MET for one in answers)
    return GateRunPage(
        gate=run.gate,
        gate_href=gate_href(slug, run.gate),
        version=run.version,
        number=run.number,
        title=_title(run),
        ticket=run.ticket or "",
        ticket_href=f"/p/{slug}/t/{run.ticket}" if run.ticket else "",
        chip=RESULTS[run.result],
        headline=record.headline,
        detail=record.detail,
        settle="" if record.settle is None else record.settle.text,
        strict=RESULTS[record.strict_result],
        point=RESULTS[record.point_result],
        mode="point" if record.settings.get("mode") == "point" else "bound",
        checks=_checks(answers, catalog),
        met=f"{met} of {wording.plural(len(answers), 'check')} met",
        parts=tuple(
            _parts(one, catalog, open_=one.finding.outcome is not Outcome.MET or at == 0)
            for at, one in enumerate(one for one in answers if one.parts)
        ),
        seeds=behind.seeds,
        flips=_flips(behind, here),
        flips_note=behind.note,
        evaluation=_evaluation(run, record),
        evaluation_text=_uses(run),
        notes=(*record.notes, *_side_notes(record)),
        files=files,
        few_files=len(files) <= FEW_FILES,
        digests=_digests(run, record),
        downloads=(
            ("JSON", f"{here}/record.json"),
            ("Markdown", f"{here}/record.md"),
            ("JUnit XML", f"{here}/record.xml"),
        ),
        history=history,
        what_if=what_if,
        what_if_note="" if what_if is not None else behind.note or NOTHING_TO_ASK,
        answer=answer,
        newer=f"{gate_href(slug, run.gate)}" if newest > run.version else "",
    )


def _title(run: GateRun) -> str:
    ours = run.ticket if run.candidate.kind == "ticket" and run.ticket else _name_of(run.candidate)
    if run.baseline is None:
        return ours
    if run.baseline.run is not None:
        return f"{ours} against run {run.baseline.run}"
    if run.baseline.kind == "ticket":
        return f"{ours} against its baseline"
    return f"{ours} against {_name_of(run.baseline)}"


def _name_of(side: KeptSide) -> str:
    if not side.files:
        return "nothing"
    first = side.files[0].name
    if len(side.files) == 1:
        return first
    names = [one.name for one in side.files]
    low, high = min(names), max(names)
    alike = next((at for at, pair in enumerate(zip(low, high, strict=False)) if pair[0] != pair[1]), len(low))
    shared = low[:alike].rstrip(" -_./([0123456789")
    more = f"{first} and {len(names) - 1} more"
    return f"{shared} ({len(names)} files)" if len(shared) > 2 else more


def _checks(answers: Sequence[GateAnswer], catalog: MetricCatalog) -> tuple[GateCheckRow, ...]:
    drawn = bars([_measure(one, catalog) for one in answers])
    rows = []
    for at, (one, bar) in enumerate(zip(answers, drawn, strict=True), start=1):
        finding = one.finding
        shown = shown_answer(one, catalog)
        rows.append(
            GateCheckRow(
                number=str(at),
                role=finding.role.value,
                text=finding.check,
                chip=outcome_chip(finding.outcome),
                estimate=shown.estimate,
                interval=shown.interval,
                bar=bar,
                evidence=evidence_text(finding.n),
                reason=finding.reason,
                settle=finding.settle.text if finding.settle is not None else "",
                strict=outcome_chip(one.strict_outcome),
                point=outcome_chip(one.point_outcome),
                facts=_facts(finding, catalog),
                notes=finding.notes,
            )
        )
    return tuple(rows)


def _measure(one: GateAnswer, catalog: MetricCatalog) -> Measure | None:
    finding = one.finding
    if one.kind in ("golden", "leakage", "items"):
        return None
    compares = one.kind in DIFFERENCES or finding.baseline is not None
    form = value_form(one, catalog) or _criterion_form(one, catalog)
    kind = "difference" if compares else one.kind if one.kind != "criterion" else _scale_of(finding)
    return Measure(
        group=f"{finding.metric}:{kind}",
        estimate=finding.estimate,
        interval=finding.interval,
        threshold=finding.threshold,
        zero=compares,
        tone=outcome_chip(finding.outcome).tone,
        form=form,
    )


def _scale_of(finding: Finding) -> str:
    """A spread has the unit of its metric and another place: it is no value of it."""
    return "spread" if finding.check.startswith("sd of ") else "value"


def _criterion_form(one: GateAnswer, catalog: MetricCatalog) -> Callable[[float], str]:
    def form(value: float) -> str:
        alone = one.finding.model_copy(update={"estimate": value, "interval": None})
        return shown_answer(one.model_copy(update={"finding": alone}), catalog).estimate

    return form


LACKS: Mapping[Lacks, str] = MappingProxyType(
    {
        Lacks.CENSUS: "all there is was looked at: nothing beyond it is estimated",
        Lacks.VOUCHED: "somebody says so: there is nothing to estimate",
        Lacks.NOTHING_MEASURED: "nothing was measured",
        Lacks.BROKEN_EVIDENCE: "the evidence is broken",
        Lacks.BETWEEN_LOOKS: "nothing is decided between two looks",
        Lacks.NO_SPREAD: "all values are the same: how far others would lie is not known",
        Lacks.TOO_SMALL: "no difference, however large, would have been seen in 80% of cases",
    }
)
"""Why interval, level or detectable effect are missing."""


def _facts(finding: Finding, catalog: MetricCatalog) -> tuple[tuple[str, str], ...]:
    metric = catalog.get(finding.metric) if finding.metric else None
    found = (
        ("Method", finding.method if finding.method != "none" else ""),
        ("Interval", "" if finding.interval is None else finding.interval.label),
        ("Evidence", evidence_text(finding.n)),
        ("Level", "" if finding.alpha is None else f"one-sided {finding.alpha:.3g}"),
        ("Looks", _looks(finding.looks)),
        ("p-value", _p_text(finding.p_value)),
        ("e-value", _e_text(finding)),
        ("Could have seen", _seen_text(finding.detectable, metric)),
        ("Left out", "" if finding.lacks is None else LACKS[finding.lacks]),
        ("Would change it", finding.would_change if finding.settle is None else ""),
    )
    return tuple((name, value) for name, value in found if value)


def _looks(looks: Looks | None) -> str:
    if looks is None:
        return ""
    if looks.planned is None:
        return "as often as one likes"
    if looks.planned == 1 or looks.used is None:
        return "one, planned"
    return f"{looks.used} of {looks.planned} planned, {looks.spent:.3g} of the error used up"


def _e_text(finding: Finding) -> str:
    if finding.e_value is None:
        return ""
    needed = "" if finding.alpha is None else f", {1.0 / finding.alpha:.4g} decides"
    return f"{finding.e_value:.4g}{needed}"


def _seen_text(detectable: float | None, metric: Metric | None) -> str:
    if detectable is None or not math.isfinite(detectable):
        return ""
    return f"a difference of {format_spread(metric, detectable)} in 80% of cases"


def _p_text(value: float | None) -> str:
    if value is None:
        return ""
    return "below 0.0001" if value < 0.0001 else f"{value:.2g}"


def _parts(answer: GateAnswer, catalog: MetricCatalog, *, open_: bool) -> PartTable:
    parts = worst_parts_first(answer)
    shown = parts[:PARTS_AT_ALL]
    drawn = bars([_part_measure(part, answer, catalog) for part in shown])
    noun = NOUNS.get(answer.kind, "part")
    rows = tuple(_part_row(part, answer, bar, catalog) for part, bar in zip(shown, drawn, strict=True))
    corrected = answer.kind in ("slices", "fairness") and any(part.p_value is not None for part in parts)
    return PartTable(
        title=answer.finding.check,
        noun=noun,
        note=f"p corrected for {wording.plural(len(parts), noun, _many(noun))} (Holm)" if corrected else "",
        rows=rows[:PARTS_SHOWN],
        rest=rows[PARTS_SHOWN:],
        more=f"{len(parts) - len(shown):,} more, none worse than these" if len(parts) > len(shown) else "",
        open=open_,
        has_numbers=any(part.estimate is not None for part in shown)
        and answer.kind not in ("golden", "leakage"),
    )


def _many(noun: str) -> str:
    return "pairs of groups" if noun == "pair of groups" else f"{noun}s"


def _part_measure(part: GatePart, answer: GateAnswer, catalog: MetricCatalog) -> Measure | None:
    form = value_form(answer, catalog, part)
    if form is None or answer.kind in ("golden", "leakage", "items"):
        return None
    return Measure(
        group=part.metric or answer.kind,
        estimate=part.estimate,
        interval=part.interval,
        threshold=None if part.metric is not None else answer.finding.threshold,
        zero=answer.kind in DIFFERENCES,
        tone=outcome_chip(part.outcome).tone,
        form=form,
    )


def _part_row(part: GatePart, answer: GateAnswer, bar: IntervalBar | None, catalog: MetricCatalog) -> PartRow:
    shown = shown_part(part, answer, catalog)
    form = value_form(answer, catalog, part)
    seen = part.detectable
    return PartRow(
        label=part.label,
        chip=outcome_chip(part.outcome),
        n="" if part.n is None else f"{part.n:,}",
        estimate=shown.estimate,
        interval=shown.interval,
        bar=bar,
        p_value=_p_text(part.p_value),
        detectable=""
        if seen is None or form is None or not math.isfinite(seen)
        else form(seen).removeprefix("+"),
        reason=part.reason,
    )


def _flips(behind: Behind, here: str) -> FlipPanel | None:
    return flip_panel(behind.flips, behind.flip_metrics, here)


def _evaluation(run: GateRun, record: GateRecord) -> tuple[tuple[str, str], ...]:
    ours, theirs = record.candidate, record.baseline
    settings = record.settings
    looks = settings.get("looks")
    stages = looks.get("stages") if isinstance(looks, dict) else looks
    found = [
        ("Evaluation set", run.dataset or "not named"),
        ("Candidate", _side_text(ours.examples, len(ours.seeds), len(ours.run_digests), ours.reader)),
        (
            "Baseline",
            "none"
            if theirs is None
            else _side_text(theirs.examples, len(theirs.seeds), len(theirs.run_digests), theirs.reader),
        ),
        ("Seeds", ", ".join(str(seed) for seed in ours.seeds[:20])),
        ("Error", f"one-sided {settings.get('alpha')}"),
        (
            "Decides by",
            "the estimate (point)" if settings.get("mode") == "point" else "the confidence bound (strict)",
        ),
        (
            "Looks at",
            f"{', '.join(str(one) for one in stages)} seeds" if isinstance(stages, list | tuple) else "",
        ),
        ("Sequential", "yes" if settings.get("sequential") else ""),
        ("Method version", record.method_version),
        ("Judged", f"{wording.minute(run.at)} by {run.by}"),
    ]
    return tuple((name, value) for name, value in found if value)


def _side_text(examples: int | None, seeds: int, runs: int, reader: str) -> str:
    said = [] if examples is None else [wording.plural(examples, "example")]
    said.append(wording.plural(seeds, "seed") if seeds else wording.plural(runs, "run"))
    return f"{', '.join(said)}, read as {reader}" if reader else ", ".join(said)


def _uses(run: GateRun) -> str:
    if not run.uses:
        return ""
    times = wording.plural(run.uses, "candidate")
    return (
        f"{times} judged on this set so far: a set that is looked at often wears out."
        if run.uses > 1
        else "First candidate judged on this set."
    )


def _side_notes(record: GateRecord) -> tuple[str, ...]:
    sides = (record.candidate, *((record.baseline,) if record.baseline is not None else ()))
    return tuple(dict.fromkeys(f"{side.label}: {note}" for side in sides for note in side.notes))


def _files(name: str, side: KeptSide | None, here: str) -> tuple[KeptFileLine, ...]:
    if side is None:
        return ()
    return tuple(
        KeptFileLine(
            side=name,
            name=one.name,
            size=_size(one.size),
            href=f"{here}/files/{one.digest.removeprefix('sha256:')}",
            digest=one.digest,
        )
        for one in side.files
    )


def _size(amount: int) -> str:
    if amount < 10_000:
        return f"{amount:,} bytes"
    return f"{amount / 1000:,.0f} kB" if amount < 10_000_000 else f"{amount / 1e6:,.0f} MB"


def _digests(run: GateRun, record: GateRecord) -> tuple[tuple[str, str, str], ...]:
    found = [
        ("record-digest", "This answer", run.digest),
        ("gate-digest", f"What {run.gate} v{run.version} asks", record.gate_digest),
        ("candidate-digest", "Candidate", record.candidate.digest),
    ]
    if record.baseline is not None:
        found.append(("baseline-digest", "Baseline", record.baseline.digest))
    return tuple(one for one in found if one[2])
