"""What does a file, a folder or an address of evaluation results hold? The one call that reads them all."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from assay.connectors.evals.faults import listed, printable, shown, unreadable
from assay.connectors.evals.files import EvalFile, files_at
from assay.connectors.evals.reader import EvalReader, ReadOptions
from assay.connectors.evals.registry import address_reader, file_reader, file_readers, reader_names
from assay.connectors.evals.runs import cut_texts
from assay.domain.experiments.evidence import Evaluation, Run
from assay.domain.gates.needs import Needs
from assay.domain.kernel.metrics import Metric
from assay.errors import Invalid

_RESULTS = (".csv", ".tsv", ".jsonl", ".ndjson", ".parquet", ".eval", ".xml")
"""Files that only results are written to: one that no reader knows is broken, not beside the point."""


def refuse_one_place(candidate: str, baseline: str) -> None:
    """Nothing is compared with itself. The same content in two places is an unchanged model, and may be.

    Raises:
        Invalid: candidate and baseline are one file, folder or address.
    """
    places = [os.path.realpath(place) if Path(place).exists() else place for place in (candidate, baseline)]
    if places[0] == places[1]:
        raise Invalid(
            f"cannot compare '{candidate}' with '{baseline}': it is both candidate and baseline "
            "(expected the results of two evaluations)",
            hint="name the results of the model it is compared with: --baseline PATH",
            code="gate-same-results",
            field="baseline",
        )


def read_evaluation(
    where: str | Path | Sequence[EvalFile],
    *,
    reader: str | None = None,
    metrics: Sequence[Metric] = (),
    columns: Mapping[str, str] | None = None,
    only: Mapping[str, str] | None = None,
    needs: Needs | None = None,
) -> Evaluation:
    """What was measured, by example and run?

    Args:
        where: a file, a folder, an address such as `mlflow:sqlite:///mlflow.db?ticket=EXP-7`, or files that are known already.
        reader: name of the reader; None finds it by content.
        metrics: declarations to check values against: a fraction may not hold 87 where 0.87 is meant.
        columns: roles of columns of plain files that their names do not tell, such as `{"question": "sample_id"}`.
        only: keep runs whose configuration says so, such as `{"provider": "openai:gpt-4o-mini"}`.
        needs: what of the files is looked at; None: everything, with texts of at most 4,000 characters, to be shown.

    Returns:
        The runs in the order of their seeds, and what the reader wants said about them.

    Raises:
        Invalid: nothing readable is there, it is ambiguous, or it breaks a rule: names file, place and what mends it.
        Unavailable: an address cannot be reached now.
    """
    options = ReadOptions(tuple(metrics), dict(columns or {}), needs or Needs())
    asked = reader or ("plain" if columns else None)
    scheme, colon, rest = _named(where).partition(":")
    address = address_reader(scheme) if colon and asked in (None, scheme) else None
    if address is not None:
        evaluation = address.read_address(rest, options)
    else:
        evaluation = _read_files(where, asked, options)
    if not evaluation.runs:
        raise unreadable(_named(where), "no run at all", "at least one", hint="run the evaluation first")
    told = tuple(printable(note) for note in evaluation.notes)
    texts = evaluation.examples
    if needs is None or not needs.texts:
        texts = {} if needs is not None else cut_texts(texts)
    return _only(replace(evaluation, notes=told, examples=texts), _named(where), only or {})


def _named(where: str | Path | Sequence[EvalFile]) -> str:
    if isinstance(where, str | Path):
        return str(where)
    return where[0].name if len(where) == 1 else f"{len(where)} files"


def _read_files(
    where: str | Path | Sequence[EvalFile], asked: str | None, options: ReadOptions
) -> Evaluation:
    files = files_at(Path(where)) if isinstance(where, str | Path) else tuple(where)
    path = Path(_named(where))
    alone = path.is_file() if isinstance(where, str | Path) else len(files) == 1
    if asked is not None:
        found = file_reader(asked)
        known = [file for file in files if alone or found.recognises(file.head())]
        return _read(found, str(path), files, known, options, chosen=True)
    by_reader: dict[str, list[EvalFile]] = {}
    usable, unusable = file_readers()
    readers = {one.name: one for one in usable}
    for file in files:
        for name in _who_knows(file, readers):
            by_reader.setdefault(name, []).append(file)
    if len(by_reader) > 1:
        told = "; ".join(f"{name}: {listed([f.name for f in some], 3)}" for name, some in by_reader.items())
        raise unreadable(
            str(path),
            f"results of more than one tool ({told})",
            "results of one",
            hint=f"name a file or folder further down, or choose: --reader {next(iter(by_reader))}",
            field="reader",
        )
    if not by_reader:
        raise _unknown(path, files, unusable)
    ((name, known),) = by_reader.items()
    return _read(readers[name], str(path), files, known, options, chosen=False)


def _who_knows(file: EvalFile, readers: Mapping[str, EvalReader]) -> list[str]:
    head = file.head()
    known = [name for name, reader in readers.items() if reader.recognises(head)]
    if len(known) > 1:
        raise unreadable(
            file.name,
            f"a form that {' and '.join(known)} can read",
            "one that is clear",
            hint=f"choose: --reader {known[0]}",
            field="reader",
        )
    if not known and not head.strip() and file.name.lower().endswith((*_RESULTS, ".json")):
        raise unreadable(
            file.name,
            "an empty file",
            "results",
            hint="run the evaluation again, or remove the file if it never ran",
        )
    return known


def _read(
    reader: EvalReader,
    path: str,
    files: Sequence[EvalFile],
    known: Sequence[EvalFile],
    options: ReadOptions,
    *,
    chosen: bool,
) -> Evaluation:
    others = [file for file in files if file not in known]
    broken = [file for file in others if file.name.lower().endswith(_RESULTS)]
    if broken and not chosen:
        raise _unknown(Path(broken[0].name), broken)
    if not known:
        raise unreadable(
            path,
            f"no file that {reader.name} knows",
            f"results of {reader.name}",
            hint="leave --reader out to have it found",
            field="reader",
        )
    try:
        evaluation = reader.read(known, options)
    except RecursionError as error:
        raise unreadable(
            path, "lists or objects nested too deeply", "at most some hundred levels", hint="write it again"
        ) from error
    if not others:
        return evaluation
    return replace(
        evaluation, notes=(*evaluation.notes, f"not read: {listed([file.name for file in others])}")
    )


def _unknown(path: Path, files: Sequence[EvalFile], unusable: Sequence[str] = ()) -> Exception:
    first = files[0]
    start = first.head()[:40].decode("utf-8", "replace").split("\n", 1)[0]
    return unreadable(
        path.as_posix() if len(files) > 1 else first.name,
        "; ".join([f"a form that no reader knows (it begins with {shown(start)})", *unusable]),
        f"results of {', '.join(reader_names())}",
        hint="docs/evaluation-files.md shows each form; for a plain table name the column of the examples: NAME=sample_id",
        field="reader",
    )


def _only(evaluation: Evaluation, where: str, only: Mapping[str, str]) -> Evaluation:
    if not only:
        return evaluation
    kept = tuple(run for run in evaluation.runs if all(_says(run, key, value) for key, value in only.items()))
    if kept:
        names = {run.run_id for run in kept}
        texts = {run_id: some for run_id, some in evaluation.examples.items() if run_id in names}
        return replace(evaluation, runs=kept, examples=texts)
    there = sorted({f"{key}={value}" for run in evaluation.runs for key, value in run.config.items()})
    asked = ", ".join(f"{key}={value}" for key, value in only.items())
    raise unreadable(
        where,
        f"no run with {asked}",
        f"one of {listed(there, 12)}" if there else "runs that differ in their configuration",
        hint="choose among these",
        field="only",
    )


def _says(run: Run, key: str, value: str) -> bool:
    told = run.config.get(key, run.tags.get(key, run.dataset if key == "dataset" else None))
    return told == value or (key == "run" and value in (run.name, run.external_id))
