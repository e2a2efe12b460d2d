"""Where does a gate's answer go: terminal, JSON, JUnit XML, Markdown, GitHub's step summary and annotations?"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from assay.cli.files import write_over
from assay.cli.gate_report import print_record
from assay.cli.screen import clean, print_json
from assay.domain.gates.display_answers import worst_first
from assay.domain.gates.gate_record import GateRecord
from assay.domain.gates.judge import record_bytes
from assay.domain.gates.record_documents import junit_xml, markdown_text
from assay.domain.kernel.findings import Outcome, Role
from assay.errors import Unavailable

SUMMARY_MAX_BYTES = 1_000_000
"""GitHub throws a step summary beyond 1 MiB away as a whole."""
COMMENT_MAX_BYTES = 60_000
"""A comment takes about 64 KB."""
ANNOTATIONS_MAX = 10
"""Of each kind and step; GitHub drops the rest without a word."""


@dataclass(frozen=True, slots=True)
class Outputs:
    """Where to write."""

    gate_file: Path
    junit: Path | None
    markdown: Path | None
    record: Path | None
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
        if self.record is not None:
            write_over(self.record, record_bytes(record))
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
            f"cannot write step summary '{file}': {error.strerror}",
            hint="look at GITHUB_STEP_SUMMARY: it names the file",
            code="file-not-writable",
        ) from error


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
