"""The files that items of a gate look at: read where they lie, or sent along with results."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from assay.domain.experiments.evidence import Evaluation
from assay.domain.gates.gate import Gate
from assay.domain.gates.item_evidence import FileSeen, item_files, report_files, with_item_files
from assay.domain.kernel.canonical import digest_bytes
from assay.errors import Invalid

MAX_BYTES = 16 * 2**20
"""A larger file is known by its size alone."""


class ReportReader(Protocol):
    """Reads a test report from its bytes."""

    def __call__(self, files: Mapping[str, bytes], *, reader: str | None = None) -> Evaluation: ...


def with_sent_files(gate: Gate, sent: Mapping[str, bytes], read: ReportReader) -> Gate:
    """The gate, its items answered by the files that were sent; what was not sent stays unknown."""
    named = [name for name in item_files(gate) if name in sent]
    return with_item_files(gate, [file_seen(gate, name, sent[name], read) for name in named])


def file_seen(gate: Gate, name: str, content: bytes, read: ReportReader) -> FileSeen:
    """What does this content show? A report that cannot be read says why; it is no error of the gate."""
    digest = digest_bytes(content)
    if name in report_files(gate):
        try:
            tests = read({name.rpartition("/")[2]: content}, reader="junit")
        except Invalid as error:
            return FileSeen(name, len(content), digest, fault=error.message)
        return FileSeen(name, len(content), digest, tests=tests)
    try:
        return FileSeen(name, len(content), digest, content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        return FileSeen(name, len(content), digest, fault=f"byte {error.start} is not UTF-8")
