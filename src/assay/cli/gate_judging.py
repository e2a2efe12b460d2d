"""From files named on the command line to the record of a gate."""

from __future__ import annotations

from pathlib import Path

from assay.bootstrap import read_evaluation, read_id_list
from assay.cli.files import read_text
from assay.domain.gates.gate import Gate, GoldenCheck
from assay.domain.gates.gate_metrics import with_metrics
from assay.domain.gates.gate_record import GateRecord
from assay.domain.gates.judge import judge
from assay.workflows.gate_file import gate_from_text


def read_gate(file: Path) -> Gate:
    """The gate in a file, with the golden examples that its files beside it name.

    Raises:
        Invalid, NotFound, Unavailable: naming the file and what mends it.
    """
    gate = gate_from_text(read_text(file), file=str(file))
    checks = tuple(
        _with_file(check, file.parent) if isinstance(check, GoldenCheck) else check for check in gate.checks
    )
    return gate.model_copy(update={"checks": checks})


def _with_file(check: GoldenCheck, folder: Path) -> GoldenCheck:
    if check.file is None:
        return check
    ids, digest = read_id_list(folder / check.file)
    return check.with_file(ids, digest)


def judged(gate_file: Path, candidate: str, baseline: str | None, *, reader: str | None) -> GateRecord:
    """What does the gate answer for these results?"""
    gate = read_gate(gate_file)
    metrics = with_metrics(gate).metrics
    ours = read_evaluation(candidate, reader=reader, metrics=metrics)
    theirs = None if baseline is None else read_evaluation(baseline, reader=reader, metrics=metrics)
    return judge(gate, ours, theirs)
