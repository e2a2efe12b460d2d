"""Where does a gate's answer go: terminal, JSON, JUnit XML, Markdown, GitHub's step summary and annotations?"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

from assay.cli.files import write_over
from assay.cli.gate_report import amount, part_line, print_record, worst_first
from assay.cli.screen import clean, print_json
from assay.domain.experiments.display_findings import shown_finding
from assay.domain.gates.gate_record import GateAnswer, GateRecord
from assay.domain.gates.judge import record_bytes
from assay.domain.kernel.findings import Outcome, Role
from assay.domain.kernel.metrics import MetricCatalog
from assay.errors import Unavailable

SUMMARY_MAX_BYTES = 1_000_000
"""GitHub throws a step summary beyond 1 MiB away as a whole."""
COMMENT_MAX_BYTES = 60_000
"""A comment takes about 64 KB."""
ANNOTATIONS_MAX = 10
"""Of each kind and step; GitHub drops the rest without a word."""
_MARK = {
    Outcome.MET: "✅ met",
    Outcome.NOT_MET: "❌ not met",
    Outcome.UNCLEAR: "❔ unclear",
    Outcome.NO_EVIDENCE: "⬜ no evidence",
    Outcome.INVALID: "⚠️ invalid",
}
_NOT_XML = re.compile("[^\x09\x0a\x0d\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Outputs:
    """Where to write."""

    gate_file: Path
    junit: Path | None
    markdown: Path | None
    github: bool
    json: bool

    def write(self, record: GateRecord, environment: Mapping[str, str] = os.environ) -> None:
        """Write the answer everywhere it was asked for.

        Raises:
            Unavailable: a file cannot be written.
        """
        if self.json:
            print_json(record_bytes(record))
        else:
            print_record(record)
        if self.junit is not None:
            write_over(self.junit, junit_xml(record))
        if self.markdown is not None:
            write_over(self.markdown, markdown_text(record, most=COMMENT_MAX_BYTES).encode())
        if self.github or environment.get("GITHUB_ACTIONS") == "true":
            self._tell_github(record, environment)

    def _tell_github(self, record: GateRecord, environment: Mapping[str, str]) -> None:
        # On standard output GitHub reads annotations; JSON there has to stay JSON.
        if not self.json:
            for line in annotation_lines(record, str(self.gate_file)):
                print(line)
        summary = environment.get("GITHUB_STEP_SUMMARY")
        if summary:
            _append(Path(summary), markdown_text(record, most=SUMMARY_MAX_BYTES))


def _append(file: Path, text: str) -> None:
    try:
        with file.open("a", encoding="utf-8") as opened:
            opened.write(f"{text}\n")
    except OSError as error:
        raise Unavailable(
            f"cannot write step summary '{file}': {error.strerror}", code="file-not-writable"
        ) from error


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
    numbers = shown_finding(finding, catalog)
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
    plain = clean(text) if text else ""
    if keep:
        return plain.replace("|", "\\|")
    lines = plain.split("<br>") if breaks else [plain]
    escaped = (re.sub(r"([\\`*_{}\[\]<>#|~@])", r"\\\1", line) for line in lines)
    return "<br>".join(escaped)


def annotation_lines(record: GateRecord, gate_file: str) -> list[str]:
    """GitHub's workflow commands, worst first: errors for what fails the gate, warnings for what is open."""
    errors: list[str] = []
    warnings: list[str] = []
    for answer in worst_first(record.answers):
        finding = answer.finding
        if finding.outcome is Outcome.MET:
            continue
        decides = finding.role is not Role.SECONDARY and finding.outcome in (Outcome.NOT_MET, Outcome.INVALID)
        kind, lines = ("error", errors) if decides else ("warning", warnings)
        settle = "" if finding.settle is None else f" {finding.settle.text}."
        title = f"{finding.check}: {finding.outcome.value.replace('_', ' ')}"
        lines.append(
            f"::{kind} file={_property(gate_file)},title={_property(title)}::{_message(f'{finding.reason}.{settle}')}"
        )
    return [*errors[:ANNOTATIONS_MAX], *warnings[:ANNOTATIONS_MAX]]


def _message(text: str) -> str:
    return clean(text, lines=True).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _message(text).replace(":", "%3A").replace(",", "%2C")


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
    return _NOT_XML.sub("\ufffd", text)
