"""Runs from a plain table with one row a run: its seed or name, what sets it apart, and the values it ended with."""

from __future__ import annotations

import math

import numpy as np

from assay.connectors.evals.faults import listed, shown, unreadable
from assay.connectors.evals.files import EvalFile
from assay.connectors.evals.plain_examples import NO_SEED, FilePart, seeds_of
from assay.connectors.evals.plain_roles import PlainTable, Roles
from assay.connectors.evals.runs import FOLDER, check_fraction, file_run
from assay.connectors.evals.table import NumberColumn, Table
from assay.domain.experiments.evidence import Curve, Run, RunStatus

MAX_RUNS = 100_000


def row_runs(plain: PlainTable) -> FilePart:
    """The runs of a file whose rows are runs. Texts are their configuration; a run that ended before its planned steps failed.

    Raises:
        Invalid: the rows are neither examples nor runs, or two rows are one run.
    """
    file, table, roles = plain.file, plain.table, plain.roles
    if "seed" not in roles.one and "run" not in roles.one:
        raise _what_is_a_row(file, table)
    if not roles.metrics or roles.long_form or table.rows > MAX_RUNS:
        fact = "no column of numbers" if not roles.metrics else f"{table.rows:,} rows without sample_id"
        raise unreadable(
            file.name,
            fact,
            f"one row a run, at most {MAX_RUNS:,}, and one column a metric",
            hint="name the column of the examples sample_id",
        )
    incomplete = _incomplete(table, roles)
    runs = [
        _run(plain, row, seed=None if seed == NO_SEED else seed, complete=row not in incomplete)
        for row, seed in enumerate(seeds_of(plain).tolist())
    ]
    _check_each_once(file, runs)
    notes = [
        f"{file.name}: row {row + 1} ended at step {ended:g} of {planned:g}: an incomplete run"
        for row, (ended, planned) in incomplete.items()
    ]
    return FilePart(tuple(runs), notes=tuple(notes))


def _run(plain: PlainTable, row: int, *, seed: int | None, complete: bool) -> Run:
    file, table, roles = plain.file, plain.table, plain.roles
    name = table.columns[roles.one["run"]].text(row) if "run" in roles.one else ""
    config = {column: text for column in roles.slices if (text := table.columns[column].text(row))}
    if file.folder:
        config[FOLDER] = file.folder
    step = _number(table, roles.one.get("step"), row)
    curves = {}
    for column, metric in roles.metrics.items():
        value = _number(table, column, row)
        if value is not None:
            check_fraction(plain.options, file.name, metric, value, where=f"row {row + 1}", field=column)
            curves[metric] = _last_value(value, _step_of(step))
    return file_run(
        f"{file.name}#{row + 1}",
        content_digest=plain.digest,
        name=name or f"{file.name}, row {row + 1}",
        seed=seed,
        status=RunStatus.FINISHED if complete else RunStatus.FAILED,
        config=config,
        curves=curves,
        dataset=(table.columns[roles.one["dataset"]].text(row) or None) if "dataset" in roles.one else None,
    )


def _incomplete(table: Table, roles: Roles) -> dict[int, tuple[float, float]]:
    """Rows (from 0) whose run ended before its planned steps, with both numbers."""
    found = {}
    for row in range(table.rows):
        step = _number(table, roles.one.get("step"), row)
        planned = _number(table, roles.one.get("planned_steps"), row)
        if step is not None and planned is not None and step < planned:
            found[row] = (step, planned)
    return found


def _check_each_once(file: EvalFile, runs: list[Run]) -> None:
    seen: dict[tuple[object, ...], int] = {}
    for row, run in enumerate(runs, start=1):
        named = "" if run.name.startswith(f"{file.name}, row ") else run.name
        if not named and run.seed is None:
            raise unreadable(
                file.name, f"row {row} has neither a seed nor a name", "one of them",
                hint="give each run its seed", field="seed",
            )  # fmt: skip
        key = (run.seed, named, run.dataset, tuple(sorted(run.config.items())))
        first = seen.setdefault(key, row)
        if first != row:
            raise unreadable(
                file.name,
                f"rows {first} and {row} are both of seed {run.seed}{f', run {shown(named)}' if named else ''}",
                "each run once",
                hint="if the rows are examples, name their column sample_id",
            )


def _what_is_a_row(file: EvalFile, table: Table) -> Exception:
    names = list(table.columns)
    likely = next((name for name in names if name.lower().endswith("id")), names[0] if names else "NAME")
    return unreadable(
        file.name,
        f"no column sample_id (it has: {listed(names, 12)})",
        "sample_id where rows are examples, seed or run where they are runs",
        hint=f"say which column names the example: {likely}=sample_id",
        field="sample_id",
    )


def _number(table: Table, column: str | None, row: int) -> float | None:
    found = table.columns[column] if column is not None else None
    return float(found.values[row]) if isinstance(found, NumberColumn) and not found.empty[row] else None


def _step_of(step: float | None) -> int:
    return int(step) if step is not None and math.isfinite(step) and abs(step) < 2**53 else 0


def _last_value(value: float, step: int) -> Curve:
    return Curve(np.array([step], dtype=np.int64), np.array([value]), np.zeros(1, dtype=np.int64))
