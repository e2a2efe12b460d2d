"""What does an evaluation share with the files of training data that a gate names?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson

from assay.connectors.evals.files import EvalFile, files_at
from assay.connectors.evals.plain_roles import TEXT_ROLES
from assay.connectors.evals.runs import whole_text
from assay.connectors.evals.training_rows import TrainingFile
from assay.domain.experiments.evidence import Evaluation
from assay.domain.gates.gate import Gate, LeakageCheck
from assay.domain.gates.leakage import find_overlap, find_same_ids
from assay.domain.gates.overlap import Overlap
from assay.errors import Invalid

Told = Callable[[int, int], None]
"""Hears how many bytes of training data were read, and how many there are."""


def search_leaks(
    gate: Gate,
    evaluation: Evaluation,
    folder: Path | Mapping[str, EvalFile],
    told: Told = lambda _, __: None,
) -> Mapping[int, Overlap]:
    """What the evaluation shares with training data, by the number of the leakage check.

    Args:
        gate: its leakage checks name files and, where texts are compared, their column.
        evaluation: read for this gate (`needs_of`), so that no text is cut.
        folder: where the gate file lies, files are named from there; or the files themselves, by the name the gate uses.
        told: hears how far it is.

    Raises:
        Invalid: a file cannot be read or lacks the column, or the evaluation has no texts to compare.
    """
    checks = {at: check for at, check in enumerate(gate.checks) if isinstance(check, LeakageCheck)}
    files = {at: [_file(folder, name) for name in check.against] for at, check in checks.items()}
    meter = _Meter(told, sum(file.path.stat().st_size for some in files.values() for file in some))
    return {at: _search(check, evaluation, files[at], meter) for at, check in checks.items()}


class _Meter:
    def __init__(self, told: Told, size: int) -> None:
        self.told, self.size, self.done = told, size, 0

    def more(self, count: int) -> None:
        self.done += count
        self.told(self.done, self.size)


def _file(folder: Path | Mapping[str, EvalFile], name: str) -> EvalFile:
    if not isinstance(folder, Path):
        return folder[name]
    path = folder / name
    if not path.is_file():
        fact = "a folder" if path.is_dir() else "no such file"
        raise Invalid(
            f"cannot read training data '{name}': {fact} (expected a file at {path})",
            hint="name each file of training data, from the folder of the gate file",
            code="training-data-unreadable",
            field="checks.leakage.against",
        )
    return replace(files_at(path)[0], name=name)


def _search(check: LeakageCheck, evaluation: Evaluation, files: Sequence[EvalFile], meter: _Meter) -> Overlap:
    training = [TrainingFile(file, check.text, meter.more) for file in files]
    rows = (portion for one in training for portion in one.portions())
    ids = dict.fromkeys(
        name for run in evaluation.runs for scores in run.scores.values() for name in scores.sample_ids
    )
    if check.text is None:
        found = find_same_ids(ids, ([name for name, _ in portion] for portion in rows))
    else:
        texts = {name: text for name, text in _texts(evaluation, check.text) if text.strip()}
        if not texts:
            raise _textless(evaluation, check.text)
        examples = [(name, texts.get(name, "")) for name in {**ids, **texts}]
        found = find_overlap(examples, rows, near=float(check.near))
    return replace(found, notes=(*found.notes, *_notes(training)))


def _texts(evaluation: Evaluation, column: str) -> Iterator[tuple[str, str]]:
    """Id and text of each example: what it asks, or its target or output where the column is called so."""
    role = column if column in TEXT_ROLES else "input"
    for some in evaluation.examples.values():
        for one in some.values():
            yield one.sample_id, _part(getattr(one, role), column)


def _part(text: str, column: str) -> str:
    """Tools keep what an example asks as an object too, such as promptfoo's variables: then the field of that name counts."""
    if not text.startswith("{"):
        return text
    try:
        told: Any = orjson.loads(text)
    except ValueError:
        return text
    return whole_text(told[column]) if isinstance(told, dict) and column in told else text


def _textless(evaluation: Evaluation, column: str) -> Invalid:
    return Invalid(
        f"cannot compare texts: the results hold no text in '{column}', read by {evaluation.reader} (expected one an example)",
        hint=f"write the column {column} into the results, or leave text out of the leakage check: ids are compared then",
        code="leakage-without-texts",
        field="checks.leakage.text",
    )


def _notes(training: Sequence[TrainingFile]) -> Iterator[str]:
    for one in training:
        yield f"{one.file.name}: {one.rows:,} rows, sha256:{one.digest}"
        if one.unnamed:
            yield f"{one.file.name}: {one.unnamed:,} rows without an id were compared by text only"
