"""Evaluation results that are in memory already: arrays by metric, data frames of pandas or Polars, one a seed or all in one.

A data frame has the columns of a plain file (`docs/evaluation-files.md`) and is read by the very same rules.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from assay.connectors.evals.faults import listed, shown, unreadable
from assay.connectors.evals.files import EvalFile
from assay.connectors.evals.plain import plain_evaluation
from assay.connectors.evals.plain_roles import PlainTable, roles_of, wanted_columns
from assay.connectors.evals.reader import ReadOptions
from assay.connectors.evals.table import NO_LABEL, Column, NumberColumn, Table, TextColumn, column_of
from assay.domain.experiments.evidence import Evaluation
from assay.domain.gates.needs import Needs
from assay.domain.kernel.metrics import Metric

SAMPLE_ID, SEED = "sample_id", "seed"


def read_frames(
    results: Any,
    *,
    name: str,
    metrics: Sequence[Metric] = (),
    needs: Needs | None = None,
    metric: str | None = None,
    sample_ids: Sequence[Any] | None = None,
    slices: Mapping[str, Sequence[Any]] | None = None,
) -> Evaluation:
    """What was measured, by example and run, in these arrays or data frames?

    Args:
        results: a data frame; a mapping of metric to an array of shape (examples,) or (seeds, examples); such an array
            alone, of `metric`; or a list of data frames or mappings, one a seed.
        name: what messages call it, such as "candidate".
        metrics: declarations that values are checked against.
        needs: what of it is looked at; None: everything.
        metric: the metric of an array that stands alone.
        sample_ids: the examples' ids, one an example, for arrays; without them examples are called by their place.
        slices: labels by column, one an example, for arrays.

    Returns:
        The runs in the order of their seeds. Where nothing tells the seed, arrays are seeds 1, 2, ... in their order.

    Raises:
        Invalid: naming what was given, the place in it, and what mends it.
    """
    options = ReadOptions(tuple(metrics), {}, needs or Needs())
    beside = _beside(sample_ids, slices)
    parts = list(_parts(results, name, metric))
    of_frame = _is_frame(results)
    tables = [_table(part, label, beside, options, of_frame=of_frame) for label, part in parts]
    if len(tables) > 1 and not any(SEED in table.columns for table in tables):
        tables = [_with_seed(table, number) for number, table in enumerate(tables, start=1)]
    plain = []
    for (label, _), table in zip(parts, tables, strict=True):
        digest = _digest(table)
        plain.append(
            PlainTable(EvalFile(Path(label), label), digest, table, roles_of(label, table, options), options)
        )
    return plain_evaluation(plain, reader="memory")


def _parts(results: Any, name: str, metric: str | None) -> Iterable[tuple[str, Mapping[str, Any]]]:
    """Mappings of columns, one a seed or all seeds in one, each with what messages call it."""
    if _is_frame(results) or isinstance(results, Mapping):
        yield from _seeds_apart(_columns(results), name)
        return
    tables = isinstance(results, Sequence) and results and not isinstance(results, str)
    if tables and all(_is_frame(one) or isinstance(one, Mapping) for one in results):
        for number, one in enumerate(results, start=1):
            label = f"{name}, {number} of {len(results)}"
            yield label, {column: _array(v, label, column, most=1) for column, v in _columns(one).items()}
        return
    if metric is None:
        raise unreadable(
            name,
            "an array, and no criterion tells which metric it is",
            "a mapping of metric to array",
            hint='name the metric: {"accuracy": array}',
        )
    yield from _seeds_apart({metric: results}, name)


def _is_frame(value: Any) -> bool:
    """Is it a data frame? Of pandas, Polars or whatever else has named columns that give arrays."""
    return hasattr(value, "columns") and hasattr(value, "__getitem__") and not isinstance(value, Mapping)


def _columns(table: Any) -> dict[str, Any]:
    names = list(table) if isinstance(table, Mapping) else list(table.columns)
    return {str(name): table[name] for name in names}


def _seeds_apart(columns: Mapping[str, Any], name: str) -> Iterable[tuple[str, Mapping[str, Any]]]:
    """Arrays of shape (seeds, examples) as one mapping a seed."""
    arrays = {column: _array(values, name, column) for column, values in columns.items()}
    deep = {column: array for column, array in arrays.items() if array.ndim == 2}
    if not deep:
        yield name, arrays
        return
    counts = {column: len(array) for column, array in deep.items()}
    if len(set(counts.values())) > 1:
        told = ", ".join(f"{column}: {count}" for column, count in counts.items())
        raise unreadable(
            name, f"arrays of different numbers of seeds ({told})", "one row a seed in each", hint="mend them"
        )
    for number in range(next(iter(counts.values()))):
        yield (
            f"{name}, seed {number + 1}",
            {column: array[number] if column in deep else array for column, array in arrays.items()},
        )


def _array(values: Any, name: str, column: str, most: int = 2) -> np.ndarray[Any, Any]:
    array = values if isinstance(values, np.ndarray) else _as_array(values)
    if not 1 <= array.ndim <= most:
        raise unreadable(
            name,
            f"{shown(column)} has {array.ndim} dimensions",
            "shape (examples,)" + " or (seeds, examples)" * (most == 2),
            hint="one value an example; average or index what lies deeper",
            field=column,
        )
    return array


def _as_array(values: Any) -> np.ndarray[Any, Any]:
    if hasattr(values, "to_numpy"):
        return np.asarray(values.to_numpy())
    try:
        return np.asarray(values)
    except ValueError:  # rows of different lengths
        return np.asarray(values, dtype=object)


def _beside(
    sample_ids: Sequence[Any] | None, slices: Mapping[str, Sequence[Any]] | None
) -> dict[str, np.ndarray[Any, Any]]:
    given: dict[str, Any] = dict(slices or {})
    if sample_ids is not None:
        given[SAMPLE_ID] = sample_ids
    return {column: _as_array(values) for column, values in given.items()}


def _table(
    columns: Mapping[str, np.ndarray[Any, Any]],
    label: str,
    beside: Mapping[str, np.ndarray[Any, Any]],
    options: ReadOptions,
    *,
    of_frame: bool,
) -> Table:
    """The columns with those beside them. Where a frame has no examples and each row its own seed, rows are runs, as in a file."""
    both = sorted(set(beside) & set(columns))
    if both:
        raise unreadable(label, f"{listed(both)} given twice", "it once", hint="leave one of them out")
    every = {**columns, **beside}
    lengths = {column: len(array) for column, array in every.items()}
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{shown(column)}: {count:,}" for column, count in list(lengths.items())[:6])
        raise unreadable(
            label, f"columns of different lengths ({told})", "one value an example in each", hint="mend them"
        )
    rows = next(iter(lengths.values()), 0)
    if rows == 0:
        raise unreadable(label, "no example", "at least one", hint="run the evaluation first")
    as_text = wanted_columns(options).as_text | set(beside)
    made = {name: _column(array, as_text=name in as_text) for name, array in every.items()}
    if SAMPLE_ID not in made and not (of_frame and _rows_are_runs(made, rows)):
        made[SAMPLE_ID] = _places(rows)
    return Table(rows, made)


def _rows_are_runs(columns: Mapping[str, Column], rows: int) -> bool:
    """Does every row have a seed or run of its own?"""
    named = [columns[name] for name in (SEED, "run") if name in columns]
    return any(len({one.text(row) for row in range(rows)}) == rows for one in named)


def _places(rows: int) -> TextColumn:
    """Examples called by their place, from 0, as in the arrays."""
    return TextColumn(tuple(map(str, range(rows))), np.arange(rows, dtype=np.int32), rows)


def _with_seed(table: Table, seed: int) -> Table:
    numbers = NumberColumn(np.full(table.rows, float(seed)), np.zeros(table.rows, dtype=np.bool_), whole=True)
    return Table(table.rows, {**table.columns, SEED: numbers}, table.left_out)


def _column(array: np.ndarray[Any, Any], *, as_text: bool) -> Column:
    if array.dtype.kind in "biuf" and not as_text:
        values = array.astype(np.float64)
        return NumberColumn(values, np.zeros(len(values), dtype=np.bool_), whole=array.dtype.kind != "f")
    if array.dtype.kind in "US":
        names, codes = np.unique(array.astype(str), return_inverse=True)
        return TextColumn(tuple(names.tolist()), codes.astype(np.int32), len(array))
    return column_of([_cell(value) for value in array.tolist()], as_text=as_text)


def _cell(value: Any) -> Any:
    """What a cell of mixed things holds: None where data frames say that nothing is there."""
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return None
    return value if isinstance(value, str | bool | int | float) else str(value)


def _digest(table: Table) -> str:
    """A digest over what the columns hold, whatever held them."""
    digest = hashlib.sha256()
    for name in sorted(table.columns):
        column = table.columns[name]
        if isinstance(column, NumberColumn):
            parts = [column.values.astype("<f8").tobytes()]
        else:
            labels = column if isinstance(column, TextColumn) else column.labels
            names = [*labels.names, ""]  # the last stands for nothing
            parts = [
                "\x1f".join(
                    names[code] if code != NO_LABEL else "\x1e" for code in labels.codes.tolist()
                ).encode()
            ]
        digest.update(b"\x1e".join([name.encode("utf-8", "replace"), *parts]))
    return digest.hexdigest()
