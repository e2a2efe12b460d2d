"""A gate's answer as a document: Markdown for a pull request, JUnit XML for a build server."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

from assay.domain.gates.display_answers import shown_answer, worst_first
from assay.domain.gates.gate_record import GateAnswer, GatePart, GateRecord
from assay.domain.gates.wording import count
from assay.domain.kernel.findings import Finding, Outcome, Role
from assay.domain.kernel.metrics import MetricCatalog
from assay.domain.kernel.plain_text import without_control

_MARK = {
    Outcome.MET: "✅ met",
    Outcome.NOT_MET: "❌ not met",
    Outcome.UNCLEAR: "❔ unclear",
    Outcome.NO_EVIDENCE: "⬜ no evidence",
    Outcome.INVALID: "⚠️ invalid",
}
_NOT_XML = "[^\x09\x0a\x0d\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"


def markdown_text(record: GateRecord, *, most: int) -> str:
    """The answer as Markdown, worst first, cut so that it stays within `most` bytes of UTF-8."""
    catalog = MetricCatalog(metrics=record.metrics)
    head = [f"### Gate {_cell(record.gate)} v{record.version}: {_cell(record.headline)}", ""]
    if record.detail:
        head += [_cell(record.detail), ""]
    if record.settle is not None:
        head += [f"**Cheapest way out:** {_cell(record.settle.text)}", ""]
    head += ["| | check | estimate | interval | n | why |", "| --- | --- | --- | --- | --- | --- |"]
    rows = [_markdown_row(answer, catalog) for answer in worst_first(record.answers)]
    foot = [
        "",
        *(f"- {_cell(note)}" for note in record.notes),
        f"<sub>Assay, gate {record.gate_digest[:19]}</sub>",
    ]
    room = most - len("\n".join([*head, *foot]).encode()) - 100
    kept: list[str] = []
    for row in rows:
        room -= len(row.encode()) + 1
        if room < 0:
            break
        kept.append(row)
    if len(kept) < len(rows):
        kept.append(f"| | {len(rows) - len(kept)} more checks, shortened here | | | | |")
    return "\n".join([*head, *kept, *foot])


def _markdown_row(answer: GateAnswer, catalog: MetricCatalog) -> str:
    finding = answer.finding
    numbers = shown_answer(answer, catalog)
    bad = [part for part in answer.parts if part.outcome is not Outcome.MET]
    why = finding.reason + "".join(f"<br>{part_line(part)}" for part in bad[:5])
    role = "" if finding.role is Role.PRIMARY else f" *({finding.role.value})*"
    cells = (
        f"{_MARK[finding.outcome]}",
        f"{_cell(finding.check)}{role}",
        numbers.estimate,
        numbers.interval,
        amount(finding),
    )
    return f"| {' | '.join(_cell(cell, keep=True) for cell in cells)} | {_cell(why, breaks=True)} |"


def _cell(text: str, *, keep: bool = False, breaks: bool = False) -> str:
    """Text of others inside Markdown: no markup of theirs, no second row."""
    plain = without_control(text)
    if keep:
        return plain.replace("|", "\\|")
    lines = plain.split("<br>") if breaks else [plain]
    escaped = (re.sub(r"([\\`*_{}\[\]<>#|~@])", r"\\\1", line) for line in lines)
    return "<br>".join(escaped)


def amount(finding: Finding) -> str:
    """On how much evidence does it rest, in short?"""
    parts = [
        count(value, noun)
        for value, noun in ((finding.n.seeds, "seed"), (finding.n.examples, "example"))
        if value is not None and not (noun == "seed" and value == 1)
    ]
    return ", ".join(parts)


def part_line(part: GatePart) -> str:
    """One slice, metric, example or item in one line."""
    words = [part.label, part.outcome.value.replace("_", " ")]
    if part.n is not None:
        words.append(f"n {part.n:,}")
    if part.reason:
        words.append(part.reason)
    return ": ".join((words[0], ", ".join(words[1:])))


def junit_xml(record: GateRecord) -> bytes:
    """One test case a check: not met is a failure; unclear, missing or broken evidence an error, for none of them passes.

    Secondary checks never block: one that is not met is skipped with its reason.
    """
    suite = ET.Element("testsuite", name=_xml(f"assay gate {record.gate} v{record.version}"))
    counts = {"failure": 0, "error": 0, "skipped": 0}
    for answer in record.answers:
        finding = answer.finding
        case = ET.SubElement(suite, "testcase", classname=_xml(record.gate), name=_xml(finding.check))
        kind = _junit_kind(answer)
        if kind is not None:
            counts[kind] += 1
            found = ET.SubElement(case, kind, message=_xml(finding.reason))
            if kind != "skipped":
                found.set("type", finding.outcome.value)
            found.text = _xml(
                "\n".join(part_line(part) for part in answer.parts if part.outcome is not Outcome.MET)
            )
    suite.set("tests", str(len(record.answers)))
    suite.set("failures", str(counts["failure"]))
    suite.set("errors", str(counts["error"]))
    suite.set("skipped", str(counts["skipped"]))
    root = ET.Element("testsuites")
    root.append(suite)
    document: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return document


def _junit_kind(answer: GateAnswer) -> str | None:
    outcome, secondary = answer.finding.outcome, answer.finding.role is Role.SECONDARY
    if outcome is Outcome.MET:
        return None
    if secondary:
        return "skipped"
    return "failure" if outcome is Outcome.NOT_MET else "error"


def _xml(text: str) -> str:
    return re.sub(
        _NOT_XML, "\ufffd", text
    )  # compiled at its first use: so wide a class takes ten milliseconds
