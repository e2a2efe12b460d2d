"""Per-example scores in the long form: one row an example, seed and metric, as Parquet or CSV."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

import numpy as np
import polars as pl

from assay.connectors.evals.parquet_child import CHILD, MAX_COLUMNS, MAX_ROWS, DecodeError, first_line
from assay.domain.experiments.evidence import Scores
from assay.errors import Invalid

REQUIRED = ("sample_id", "metric", "value")
RESERVED = frozenset(("sample_id", "seed", "metric", "value", "cluster"))
MAX_BYTES = 64 * 2**20
MAX_METRICS = 1000
MAX_TEXT = 500
_TASKS = ("task", "dataset")
_PARQUET_MAGIC = b"PAR1"
_FORM = "sample_id, seed, metric, value, plus slice columns and an optional cluster"


def read_scores(content: bytes) -> Mapping[str, Scores]:
    r"""Which per-example scores does this file hold, by metric?

    Args:
        content: the file's bytes, Parquet or CSV with a header, at most 64 MB, 5,000,000 rows and 200 columns. Columns:
            `sample_id` (text or whole numbers), `metric`, `value` (NaN and infinities are kept: they are evidence that
            something broke; an empty value reads as NaN), optionally `seed` (whole number, one for each metric: a run
            has one seed), `cluster` (which source an example comes from), and any other column as a slice.

    Returns:
        Scores by metric, examples in the order of their first appearance; then, with NaN, those that have rows of other
        metrics only. In a column `task` or `dataset`, one that has no row of a metric at all is one it is not meant for.

    Raises:
        Invalid: naming row and column, what was found and what is expected. Rows are counted from 1, the header apart.

    >>> scores = read_scores(b"sample_id,seed,metric,value,language\na,1,correct,1,de\nb,1,correct,0,en\n")
    >>> scores["correct"].sample_ids, scores["correct"].values.tolist(), scores["correct"].seed
    (('a', 'b'), [1.0, 0.0], 1)
    """
    frame = _checked_shape(_parse(content))
    slices = [name for name in frame.columns if name not in RESERVED]
    texts = ["sample_id", "metric", *(["cluster"] if "cluster" in frame.columns else []), *slices]
    columns = [_text_column(frame, name) for name in texts]
    columns += [_number_column(frame, "value"), _seed_column(frame)]
    typed = pl.DataFrame(columns).with_row_index("row", offset=1)
    _refuse_duplicates(typed)
    if typed["metric"].n_unique() > MAX_METRICS:
        _refuse(f"column 'metric' holds {typed['metric'].n_unique()} names", f"at most {MAX_METRICS}")
    found = {}
    examples = typed.unique("sample_id", keep="first", maintain_order=True)
    tasks = [name for name in _TASKS if name in typed.columns]
    for part in typed.partition_by("metric", maintain_order=True):
        scores = _scores_of(_with_unscored(part, examples, tasks), slices)
        found[scores.metric] = scores
    return found


def write_scores(scores: Sequence[Scores]) -> bytes:
    """How are per-example scores written for `assay/scores.parquet`? The inverse of `read_scores`, as Parquet.

    Metrics must have the same slice columns and all or none of them a cluster; Invalid otherwise.

    >>> one = Scores(metric="correct", seed=1, sample_ids=("a", "b"), values=np.array([1.0, 0.0]))
    >>> read_scores(write_scores([one]))["correct"].values.tolist()
    [1.0, 0.0]
    """
    frames = []
    for one in scores:
        data: dict[str, Any] = {"sample_id": list(one.sample_ids)}
        data |= {name: list(labels) for name, labels in one.slices.items()}
        if one.clusters is not None:
            data["cluster"] = list(one.clusters)
        lengths = {len(column) for column in data.values()} | {len(one.values)}
        if len(lengths) > 1:
            _refuse(f"metric {one.metric!r} has columns of {sorted(lengths)} rows", "one length for all")
        frame = pl.DataFrame(data, schema=dict.fromkeys(data, pl.String)).with_columns(
            pl.lit(one.seed, dtype=pl.Int64).alias("seed"),
            pl.lit(one.metric).alias("metric"),
            pl.Series("value", np.asarray(one.values, dtype=np.float64)),
        )
        frames.append(frame)
    if not frames:
        _refuse("no metric", "at least one")
    if len({tuple(sorted(frame.columns)) for frame in frames}) > 1:
        _refuse("metrics with different slice columns", "the same columns for every metric")
    buffer = io.BytesIO()
    pl.concat([frame.select(sorted(frame.columns)) for frame in frames]).write_parquet(
        buffer, compression="zstd"
    )
    return buffer.getvalue()


def _parse(content: bytes) -> pl.DataFrame:
    """The file as it is, every CSV cell as text. Only bytes go in: a text would be taken for a path or an address."""
    if len(content) > MAX_BYTES:
        _refuse(f"{len(content) / 2**20:.0f} MB", f"at most {MAX_BYTES // 2**20} MB")
    if not content.strip():
        _refuse("an empty file", f"columns {_FORM}")
    if content[:4] == _PARQUET_MAGIC:
        return _parse_parquet(content)
    try:
        return _parse_csv(content)
    except (pl.exceptions.PolarsError, ValueError, OverflowError) as error:
        _refuse(f"a broken file: {first_line(error)}", "Parquet, or CSV in UTF-8 with a header")


def _parse_parquet(content: bytes) -> pl.DataFrame:
    try:
        return pl.read_ipc(io.BytesIO(CHILD.decode(content)))
    except DecodeError as error:
        _refuse(f"a broken file: {error}", "Parquet, or CSV in UTF-8 with a header")


def _parse_csv(content: bytes) -> pl.DataFrame:
    header = content[: content.find(b"\n") if b"\n" in content else len(content)]
    if header.count(b",") >= MAX_COLUMNS:
        _refuse(f"{header.count(b',') + 1} columns", f"at most {MAX_COLUMNS}")
    if b"\x00" in content:
        _refuse("a NUL byte", "CSV in UTF-8")
    return pl.read_csv(
        io.BytesIO(content), infer_schema=False, n_rows=MAX_ROWS + 1, glob=False, truncate_ragged_lines=False
    )


def _checked_shape(frame: pl.DataFrame) -> pl.DataFrame:
    missing = [name for name in REQUIRED if name not in frame.columns]
    if missing:
        listed = ", ".join(name[:60] for name in frame.columns[:12])
        _refuse(f"no column {', '.join(missing)} (it has: {listed})", f"columns {_FORM}")
    if frame.height > MAX_ROWS:
        _refuse(f"more than {MAX_ROWS:,} rows", "at most that")
    if frame.width > MAX_COLUMNS:
        _refuse(f"{frame.width} columns", f"at most {MAX_COLUMNS}")
    if not frame.height:
        _refuse("no rows", "one row an example")
    return frame


def _text_column(frame: pl.DataFrame, name: str) -> pl.Series:
    """Labels as text. Example and metric must be there; a missing slice or cluster label is an empty one."""
    column = frame[name]
    if column.dtype.is_float():
        _refuse(
            f"column {name[:60]!r} holds decimal numbers",
            "text or whole numbers",
            hint=f"write {name[:60]} as text",
        )
    text = column.cast(pl.String)
    if name in ("sample_id", "metric"):
        empty = (text.is_null() | (text == "")).arg_true()
        if len(empty):
            _refuse(f"row {empty[0] + 1} has no {name}", f"a {name} in every row")
    text = text.fill_null("")
    long = (text.str.len_chars() > MAX_TEXT).arg_true()
    if len(long):
        _refuse(
            f"row {long[0] + 1}, column {name[:60]!r} is longer than {MAX_TEXT} characters", "a short label"
        )
    return text.alias(name)


def _number_column(frame: pl.DataFrame, name: str) -> pl.Series:
    column = frame[name]
    if column.dtype == pl.Boolean or column.dtype.is_numeric():
        return column.cast(pl.Float64).fill_null(float("nan")).alias(name)
    text = column.cast(pl.String).str.strip_chars()
    numbers = text.cast(pl.Float64, strict=False)
    wrong = (numbers.is_null() & text.is_not_null() & (text != "")).arg_true()
    if len(wrong):
        row = wrong[0]
        _refuse(
            f"row {row + 1}, column {name!r} holds {text[row][:40]!r}", "a number such as 0.87, nan or inf"
        )
    return numbers.fill_null(float("nan")).alias(name)


def _seed_column(frame: pl.DataFrame) -> pl.Series:
    """Seeds as whole numbers; a missing column or cell is an unknown seed."""
    if "seed" not in frame.columns:
        return pl.Series("seed", [None] * frame.height, dtype=pl.Int64)
    column = frame["seed"]
    if column.dtype.is_float():
        exact = column.is_null() | ((column == column.floor()) & (column.abs() < 2**53))
    else:
        column = column.cast(pl.String).str.strip_chars()
        column = column.set(column == "", None)
        exact = column.is_null() | column.cast(pl.Int64, strict=False).is_not_null()
    wrong = (~exact.fill_null(value=False)).arg_true()
    if len(wrong):
        row = wrong[0]
        _refuse(f"row {row + 1}, column 'seed' holds {str(column[row])[:40]!r}", "a whole number or nothing")
    return column.cast(pl.Int64).alias("seed")


def _refuse_duplicates(frame: pl.DataFrame) -> None:
    keys = ["sample_id", "seed", "metric"]
    again = frame.select(keys).is_duplicated()
    if not again.any():
        return
    first = frame.filter(again).row(0, named=True)
    same = frame.filter(again & pl.all_horizontal(pl.col(k).eq_missing(pl.lit(first[k])) for k in keys))
    rows = ", ".join(str(row) for row in same["row"].head(5))
    _refuse(
        f"rows {rows} all hold sample_id {first['sample_id'][:60]!r}, seed {first['seed']}, metric {first['metric'][:60]!r}",
        "each example once a seed and metric",
        hint="remove the repeats, or give each example its own sample_id",
    )


def _with_unscored(part: pl.DataFrame, examples: pl.DataFrame, tasks: Sequence[str]) -> pl.DataFrame:
    """The rows of a metric, and one without a value for each example that has others only: it is an example without a score.

    A task or evaluation set of which no example has the metric is one that it is not meant for.
    """
    if part.height == examples.height:
        return part
    lacking = examples.join(part, on="sample_id", how="anti", maintain_order="left")
    for name in tasks:
        lacking = lacking.filter(pl.col(name).is_in(part[name].unique().implode()) | (pl.col(name) == ""))
    empty = lacking.with_columns(
        pl.lit(part["metric"][0]).alias("metric"),
        pl.lit(part["seed"][0], dtype=pl.Int64).alias("seed"),
        pl.lit(float("nan")).alias("value"),
    )
    return pl.concat([part, empty.select(part.columns)])


def _scores_of(part: pl.DataFrame, slices: Sequence[str]) -> Scores:
    metric = str(part["metric"][0])
    seeds = part["seed"].unique(maintain_order=True).to_list()
    if len(seeds) > 1:
        row = part.filter(pl.col("seed").ne_missing(pl.lit(seeds[0], dtype=pl.Int64)))["row"][0]
        _refuse(
            f"row {row} has seed {seeds[1]} where metric {metric[:60]!r} began with seed {seeds[0]}",
            "one seed a run",
            hint="log one run a seed, each with its own scores",
        )
    return Scores(
        metric=metric,
        seed=seeds[0],
        sample_ids=tuple(part["sample_id"].to_list()),
        values=part["value"].to_numpy().copy(),
        clusters=tuple(part["cluster"].to_list()) if "cluster" in part.columns else None,
        slices={name: tuple(part[name].to_list()) for name in slices},
    )


def _refuse(found: str, expected: str, *, hint: str = "") -> NoReturn:
    raise Invalid(
        f"cannot read scores: found {found} (expected {expected})",
        hint=hint or f"columns: {_FORM}",
        code="scores-unreadable",
        field="scores",
    )
