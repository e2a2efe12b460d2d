"""From files named on the command line to the record of a gate."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import assay.cli.numpy_alone  # noqa: F401  # before whatever else imports NumPy
from assay.bootstrap import read_evaluation, read_gate, search_leaks
from assay.domain.experiments.evidence import Evaluation
from assay.domain.gates.gate import Gate, LeakageCheck
from assay.domain.gates.gate_metrics import with_metrics
from assay.domain.gates.gate_record import GateRecord
from assay.domain.gates.judge import judge
from assay.domain.gates.needs import needs_of
from assay.domain.gates.overlap import Overlap


def judged(
    gate_file: Path,
    candidate: str | None,
    baseline: str | None,
    *,
    reader: str | None,
    whole: Callable[[Evaluation], Evaluation] = lambda read: read,
) -> GateRecord:
    """What does the gate answer for these results?

    Args:
        gate_file: the gate.
        candidate: file, folder or address; None where nothing was written.
        baseline: what they are compared with.
        reader: who wrote the results; None finds it by content.
        whole: adds to the candidate what its files do not say.
    """
    gate = read_gate(gate_file)
    declared = with_metrics(gate)
    needs = needs_of(declared)
    ours = Evaluation(runs=())
    if candidate is not None:
        ours = read_evaluation(candidate, reader=reader, metrics=declared.metrics, needs=needs)
    ours = whole(ours)
    theirs = (
        None
        if baseline is None
        else read_evaluation(baseline, reader=reader, metrics=declared.metrics, needs=needs)
    )
    return judge(gate, ours, theirs, overlaps=_overlaps(gate, ours, gate_file.parent))


def _overlaps(gate: Gate, ours: Evaluation, folder: Path) -> Mapping[int, Overlap]:
    """What the results share with training data; on a terminal with a bar, for such files are large."""
    if not any(isinstance(check, LeakageCheck) for check in gate.checks):
        return {}
    if not sys.stderr.isatty():
        return search_leaks(gate, ours, folder, lambda done, total: None)
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True, markup=False, highlight=False), transient=True) as progress:
        bar = progress.add_task("Looking through training data", total=None)
        return search_leaks(
            gate, ours, folder, lambda done, total: progress.update(bar, completed=done, total=total)
        )
