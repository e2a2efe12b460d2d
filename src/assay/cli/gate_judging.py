"""From files named on the command line to the record of a gate."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from pathlib import Path
from threading import Thread

import assay.sdk.numpy_alone  # noqa: F401  # before whatever else imports NumPy
from assay.bootstrap import read_evaluation, refuse_one_place, search_leaks
from assay.cli.gate_file import gate_at
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
    gate = gate_at(gate_file)
    if candidate is not None and baseline is not None:
        refuse_one_place(candidate, baseline)
    declared = with_metrics(gate)
    needs = needs_of(declared)

    def read(place: str) -> Evaluation:
        return read_evaluation(place, reader=reader, metrics=declared.metrics, needs=needs)

    # Both sides at once: a large file is decoded in another process while what came of the other one is looked through.
    theirs = None if baseline is None else _beside(lambda: read(baseline))
    ours = whole(Evaluation(runs=()) if candidate is None else read(candidate))
    baselines = None if theirs is None else theirs.result()
    return judge(gate, ours, baselines, overlaps=_overlaps(gate, ours, gate_file.parent))


def _beside(work: Callable[[], Evaluation]) -> Future[Evaluation]:
    """What the work gives, on a thread that nobody who interrupts this process has to wait for."""
    future: Future[Evaluation] = Future()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as error:  # noqa: BLE001  # raised where the result is asked for
            future.set_exception(error)

    Thread(target=run, name="assay-baseline", daemon=True).start()
    return future


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
