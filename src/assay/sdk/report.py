"""A gate's answer in Python: true only where it passes, and shown in a notebook as a table with a picture a finding."""

from __future__ import annotations

import json
from html import escape
from typing import Any

from assay.domain.gates.display_answers import shown_answer, worst_first
from assay.domain.gates.gate_record import GateAnswer, GateRecord
from assay.domain.gates.judge import record_bytes
from assay.domain.gates.record_documents import amount, junit_xml, markdown_text
from assay.domain.kernel.findings import Finding, Outcome, Settlement
from assay.domain.kernel.metrics import MetricCatalog

_MARKDOWN_MAX_BYTES = 1_000_000
_COLOUR = {
    Outcome.MET: "#1a7f53",
    Outcome.NOT_MET: "#b3324a",
    Outcome.UNCLEAR: "#8f5600",
    Outcome.NO_EVIDENCE: "#6b6f76",
    Outcome.INVALID: "#8f5600",
}
_CELL = "padding:4px 10px;text-align:left;vertical-align:top"
_BAR_WIDTH, _BAR_HEIGHT = 160, 14


class GateReport:
    """What a gate answered. `bool(report)` is true where it passes, and nowhere else."""

    def __init__(self, record: GateRecord) -> None:
        self.record = record

    def __bool__(self) -> bool:
        return self.passed

    @property
    def passed(self) -> bool:
        """Does the gate pass? Not known yet and broken evidence are no pass."""
        return self.record.exit_code == 0

    @property
    def result(self) -> str:
        """`pass`, `fail`, `inconclusive` or `invalid`."""
        return self.record.result.value

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What was found for each criterion and check, in the order of the gate."""
        return self.record.findings

    @property
    def settle(self) -> Settlement | None:
        """The cheapest thing that would settle what is open; None where nothing is."""
        return self.record.settle

    def to_dict(self) -> dict[str, Any]:
        """The record as plain data: what is stored and hashed."""
        data: dict[str, Any] = json.loads(record_bytes(self.record))
        return data

    def to_json(self) -> str:
        """The record as canonical JSON."""
        return record_bytes(self.record).decode()

    def to_markdown(self) -> str:
        """The answer as a comment for a pull request."""
        return markdown_text(self.record, most=_MARKDOWN_MAX_BYTES)

    def to_junit(self) -> bytes:
        """The answer as JUnit XML."""
        return junit_xml(self.record)

    def __repr__(self) -> str:
        return f"<GateReport {self.result}: {self.record.headline}>"

    def __str__(self) -> str:
        record = self.record
        catalog = MetricCatalog(metrics=record.metrics)
        lines = [record.headline, record.detail, _way_out(record)]
        for answer in worst_first(record.answers):
            numbers = shown_answer(answer, catalog)
            told = [numbers.estimate, numbers.interval and f"[{numbers.interval}]", amount(answer.finding)]
            word = answer.finding.outcome.value.replace("_", " ")
            lines.append(f"  {word:<12} {answer.finding.check}  {'  '.join(filter(None, told))}".rstrip())
        return "\n".join(filter(None, lines))

    def _repr_html_(self) -> str:
        record = self.record
        catalog = MetricCatalog(metrics=record.metrics)
        rows = "".join(_row(answer, catalog) for answer in worst_first(record.answers))
        head = "".join(
            f'<th style="{_CELL}">{name}</th>'
            for name in ("", "check", "estimate", "interval", "", "n", "why")
        )
        lines = "".join(f"<div>{escape(text)}</div>" for text in (record.detail, _way_out(record)) if text)
        notes = "".join(f"<div><small>{escape(note)}</small></div>" for note in record.notes)
        return (
            f"<div><strong>{escape(record.headline)}</strong>{lines}"
            f'<table style="border-collapse:collapse"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>{notes}</div>'
        )


def _way_out(record: GateRecord) -> str:
    return "" if record.settle is None else f"Cheapest way out: {record.settle.text}"


def _row(answer: GateAnswer, catalog: MetricCatalog) -> str:
    finding, numbers = answer.finding, shown_answer(answer, catalog)
    word = finding.outcome.value.replace("_", " ")
    mark = f'<span style="color:{_COLOUR[finding.outcome]};font-weight:600">{word}</span>'
    texts = (finding.check, numbers.estimate, numbers.interval)
    cells = [mark, *map(escape, texts), _bar(finding), escape(amount(finding)), escape(finding.reason)]
    return f"<tr>{''.join(f'<td style={chr(34)}{_CELL}{chr(34)}>{cell}</td>' for cell in cells)}</tr>"


def _bar(finding: Finding) -> str:
    """The interval as a line with the estimate on it and the threshold across; nothing where one of them is missing."""
    interval, estimate, limit = finding.interval, finding.estimate, finding.threshold
    if interval is None or estimate is None or interval.low is None or interval.high is None:
        return ""
    marks = [interval.low, interval.high, estimate, *([limit] if limit is not None else [])]
    low, high = min(marks), max(marks)
    room = (high - low) or 1.0

    def place(value: float) -> float:
        return round(6 + (value - low) / room * (_BAR_WIDTH - 12), 1)

    middle, colour = _BAR_HEIGHT / 2, _COLOUR[finding.outcome]
    line = f'<line x1="{place(interval.low)}" x2="{place(interval.high)}" y1="{middle}" y2="{middle}" stroke="{colour}" stroke-width="3"/>'
    dot = f'<circle cx="{place(estimate)}" cy="{middle}" r="4" fill="{colour}"/>'
    across = (
        ""
        if limit is None
        else f'<line x1="{place(limit)}" x2="{place(limit)}" y1="1" y2="{_BAR_HEIGHT - 1}" stroke="currentColor" stroke-width="2"/>'
    )
    told = escape(f"{finding.check}: {finding.outcome.value.replace('_', ' ')}")
    return f'<svg width="{_BAR_WIDTH}" height="{_BAR_HEIGHT}" role="img" aria-label="{told}">{line}{across}{dot}</svg>'
