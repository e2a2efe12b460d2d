"""Histories that a W&B server has moved to Parquet files: read where its interface no longer tells all of a run.

The files lie at signed addresses, mostly of a store of objects on another host, which gets no key. Only what the server has counted as
numbers and did not tell is taken from them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from assay.connectors.evals.parquet_child import CHILD, DecodeError
from assay.connectors.evals.table import NumberColumn, Table
from assay.connectors.tracked.wire import Malformed
from assay.connectors.trackers.wandb.graphql import GraphqlClient, UnknownField
from assay.connectors.trackers.wandb.paged_history import PagedHistory
from assay.connectors.trackers.wandb.queries import EXPORTS
from assay.domain.experiments.evidence import FloatArray, IntArray

MAX_EXPORTS = 500
_LARGEST_STEP = 2.0**53


def fill_from_exports(
    client: GraphqlClient, run: str, history: PagedHistory, keys: Mapping[str, Any]
) -> None:
    """Add to a history what the files hold of metrics that are not all there.

    Args:
        client: of the project.
        run: its id.
        history: what the server told itself.
        keys: `historyKeys` of the run.

    Raises:
        Malformed: a file cannot be fetched, or is none that can be read.
        Unavailable: the server cannot be asked.
    """
    try:
        told = client.project_told(EXPORTS, run=run).get("run")
    except UnknownField:  # a server from before there were such files
        return
    exports = told.get("parquetHistory") if isinstance(told, dict) else None
    urls = exports.get("parquetUrls") if isinstance(exports, dict) else None
    if not isinstance(urls, list) or len(urls) > MAX_EXPORTS:
        return
    for number, url in enumerate(urls, 1):
        try:
            table = CHILD.table(client.export(url))
        except DecodeError as error:
            raise Malformed(
                f"export {number} of its history is no Parquet file that can be read: {error}"
            ) from error
        _fill(history, keys, table)


def _fill(history: PagedHistory, keys: Mapping[str, Any], table: Table) -> None:
    steps, times = _numbers(table, "_step"), _numbers(table, "_timestamp")
    if steps is None:
        raise Malformed("an export of its history without steps")
    is_step = np.isfinite(steps) & (np.abs(steps) < _LARGEST_STEP)
    if not bool(is_step.all()):
        raise Malformed("an export of its history with a row that does not say its step")
    whole = steps.astype(np.int64)
    times_ms = _milliseconds(times, len(whole), history.started_ms)
    for name in history.short_of(keys):
        column = table.columns.get(name)
        if isinstance(column, NumberColumn):
            there = ~column.empty
            values = column.values[there].astype(np.float64)
            history.fill(name, whole[there], values, times_ms[there])


def _numbers(table: Table, name: str) -> FloatArray | None:
    column = table.columns.get(name)
    return column.values.astype(np.float64) if isinstance(column, NumberColumn) else None


def _milliseconds(seconds: FloatArray | None, count: int, otherwise: int) -> IntArray:
    if seconds is None:
        return np.full(count, otherwise, np.int64)
    good = np.isfinite(seconds) & (seconds >= 0) & (seconds < 2**38)
    return np.where(good, np.where(good, seconds, 0) * 1000, otherwise).astype(np.int64)
