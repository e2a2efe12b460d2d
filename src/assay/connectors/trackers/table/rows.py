"""The runs in one table."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from assay.connectors.evals.table import Column, MixedColumn, NumberColumn, Table, TextColumn
from assay.connectors.tracked.folder import Folder
from assay.connectors.tracked.meaning import ticket_of
from assay.connectors.tracked.portions import ReadRun, read_run
from assay.connectors.tracked.silence import is_over
from assay.connectors.tracked.told import ToldRun, curve_in_logged_order
from assay.connectors.trackers.table.roles import Options, Roles, roles_of
from assay.domain.experiments.evidence import Curve, FloatArray, IntArray, RunStatus
from assay.errors import Invalid
from assay.workflows.records import Source

_STATUS = {
    RunStatus.FINISHED: ("finished", "success", "succeeded", "completed", "complete", "done", "ok", "3"),
    RunStatus.FAILED: ("failed", "failure", "crashed", "error", "4"),
    RunStatus.STOPPED: ("stopped", "killed", "canceled", "cancelled", "aborted", "5"),
    RunStatus.RUNNING: ("running", "active", "1"),
    RunStatus.SCHEDULED: ("scheduled", "pending", "queued", "2"),
}
_WORDS = {word: status for status, words in _STATUS.items() for word in words}
_SECONDS_BELOW = 1e11
"""Times as numbers are seconds since 1970 below this, else milliseconds: it is the year 5138 in the one, 1973 in the other."""
_LARGEST = 2.0**53
_PERCENT = re.compile(r"\s*[+-]?[0-9]+(?:[.,][0-9]+)?\s*%\s*\Z")


class TableRuns:
    """The runs in one table.

    Args:
        folder: where its file lies, for errors.
        path: the file.
        name: what ids of its runs begin with.
        table: its columns.
        options: what the address says about them.
        silence: for how many steps nothing was written to it (`tracked.silence`).
    """

    def __init__(
        self, folder: Folder, path: str, name: str, table: Table, options: Options, silence: int
    ) -> None:
        self.folder, self.path, self.name, self.table, self.options = folder, path, name, table, options
        self.silence = silence
        numbers = [column for column, kind in table.columns.items() if isinstance(kind, NumberColumn)]
        texts = [column for column in table.columns if column not in set(numbers)]
        self.roles: Roles = roles_of(numbers, texts, options)
        if self.roles.missing:
            raise self._broken(f"no column {self.roles.missing[0]!r}", "the columns that the address names")
        self._refuse_mixed()
        self._refuse_percent()
        self.is_seeded = self._names_several_seeds()
        if self.is_seeded:
            run = self.roles.one["run"]
            self.roles = replace(self.roles, params={run: run, **self.roles.params})
        if not self.roles.metrics and not self.roles.is_long:
            raise self._broken(
                "no column of numbers that is a metric", "one column a metric, or metric and value"
            )

    def runs(self, source: Source) -> Iterator[ReadRun]:
        """Every run, in the order of its first row."""
        labels, codes = self._groups()
        # One row a run says how it ended; a row a step goes on for as long as rows come.
        is_one_row = len(labels) == self.table.rows and ("step" not in self.roles.one or len(labels) > 1)
        order = np.argsort(codes, kind="stable")
        bounds = np.searchsorted(codes[order], np.arange(len(labels) + 1))
        for place, label in enumerate(labels):
            rows = order[bounds[place] : bounds[place + 1]]
            told = self._told(label, rows, is_one_row=is_one_row)
            yield read_run(told, source)

    def _groups(self) -> tuple[list[str], IntArray]:
        """What sets runs apart, as a text each, and which of them each row is of."""
        one, count = self.roles.one, self.table.rows
        if "run" in one:
            columns = [one["run"], *([one["seed"]] if self.is_seeded else ())]
        elif "step" in one or self.roles.is_long or self.options.group:
            texts = [column for column in self.roles.params.values() if self._is_text(column)]
            columns = [
                *dict.fromkeys((*self.options.group, *texts, *([one["seed"]] if "seed" in one else ())))
            ]
            columns = [column for column in columns if column != one.get("metric")]
        else:
            return [f"row {row + 1}" for row in range(count)], np.arange(count)
        codes = np.zeros(count, np.int64)
        for column in columns:
            codes = _combined(codes, self._codes(column))
        if self.options.repeats and "step" in one:
            codes = _combined(codes, _occurrence(codes, self._numbers(one["step"])))
        _, first, codes = np.unique(codes, return_index=True, return_inverse=True)
        by_row = np.argsort(first, kind="stable")
        codes = np.argsort(by_row, kind="stable")[codes]
        return self._labels(columns, first[by_row].tolist()), codes

    def _labels(self, columns: list[str], rows: list[int]) -> list[str]:
        if columns == [self.roles.one.get("run")]:
            found = [self._text(columns[0], row) for row in rows]
        else:
            found = [",".join(f"{column}={self._text(column, row)}" for column in columns) for row in rows]
        seen: dict[str, int] = {}
        for place, label in enumerate(found):
            seen[label] = seen.get(label, 0) + 1
            if self.options.repeats:
                found[place] = f"{label},repeat={seen[label]}".removeprefix(",")
        return found

    def _told(self, label: str, rows: IntArray, *, is_one_row: bool) -> ToldRun:
        one, first = self.roles.one, int(rows[0])
        curves = self._curves(rows)
        status = self._status(rows, curves, is_one_row=is_one_row)
        last = int(rows[-1])
        tags = {tag: text for tag, column in self.roles.tags.items() if (text := self._text(column, last))}
        tags.pop("assay.status", "")
        params = {
            name: text for name, column in self.roles.params.items() if (text := self._text(column, last))
        }
        if "seed" in one and (seed := self._text(one["seed"], first)):
            params["seed"] = seed.removesuffix(".0")
        times = [
            int(at)
            for curve in curves.values()
            for at in (curve.times_ms.min(), curve.times_ms.max())
            if at > 0
        ]
        started, ended = self._moment("started", first), self._moment("ended", last)
        if ended is None and status is not RunStatus.RUNNING:
            ended = max(times, default=None)
        return ToldRun(
            external_id=f"{self.name}#{label}" if label else self.name,
            name=(self._text(one["name"], first) if "name" in one else "") or label or self.name,
            status=status,
            experiment=(self._text(one["experiment"], first) if "experiment" in one else "")
            or self.name.split("/", maxsplit=1)[0],
            group=next((part for part in reversed(self.name.split("/")) if ticket_of({}, part)), ""),
            started_ms=started if started is not None else min(times, default=None),
            ended_ms=ended,
            params=params,
            tags=tags,
            curves=curves,
        )

    def _curves(self, rows: IntArray) -> dict[str, Curve]:
        one = self.roles.one
        steps = self._steps(rows)
        times = self._times(rows)
        if self.roles.is_long:
            numbers = self.table.columns[one["value"]]
            there = np.array([bool(self._text(one["metric"], row)) for row in rows.tolist()], np.bool_)
            if isinstance(numbers, NumberColumn):
                there &= ~numbers.empty[rows]
            rows, steps, times = rows[there], steps[there], times[there]
            names = self._codes(one["metric"])[rows]
            values = self._numbers(one["value"])[rows]
            return {
                self._text(one["metric"], int(rows[np.flatnonzero(names == name)[0]])): _curve(
                    steps[names == name], values[names == name], times[names == name]
                )
                for name in dict.fromkeys(names.tolist())
            }
        found = {}
        for metric, column in self.roles.metrics.items():
            numbers = self.table.columns[column]
            if isinstance(numbers, NumberColumn):
                there = ~numbers.empty[rows]
                if there.any():
                    values = numbers.values[rows].astype(np.float64)
                    found[metric] = _curve(steps[there], values[there], times[there])
        return found

    def _steps(self, rows: IntArray) -> IntArray:
        if "step" not in self.roles.one:
            return (
                np.arange(len(rows))
                if len(rows) > 1 and not self.roles.is_long
                else np.zeros(len(rows), np.int64)
            )
        steps = self._numbers(self.roles.one["step"])[rows]
        wrong = np.flatnonzero(~np.isfinite(steps) | (np.abs(steps) >= _LARGEST))
        if len(wrong):
            raise self._broken(f"row {int(rows[wrong[0]]) + 1} has no step", "a number in each row")
        parts = np.flatnonzero(steps != np.floor(steps))
        if len(parts):
            raise self._broken(
                f"row {int(rows[parts[0]]) + 1} has the step {steps[parts[0]]:g} in column '{self.roles.one['step']}'",
                "whole numbers; another column of steps is named in the address: runs.csv?step=COLUMN",
            )
        return steps.astype(np.int64)

    def _times(self, rows: IntArray) -> IntArray:
        if "time" not in self.roles.one:
            return np.zeros(len(rows), np.int64)
        return np.array([self._moment("time", row) or 0 for row in rows.tolist()], np.int64)

    def _status(self, rows: IntArray, curves: Mapping[str, Curve], *, is_one_row: bool) -> RunStatus:
        one, last = self.roles.one, int(rows[-1])
        if "status" in one and (word := self._text(one["status"], last).strip().lower()):
            if word not in _WORDS:
                raise self._broken(
                    f"row {last + 1} has the status {word[:40]!r}",
                    "finished, failed, stopped, running or scheduled",
                )
            return _WORDS[word]
        if "planned_steps" in one and "step" in one:
            ended = self._numbers(one["step"])[rows].max()
            if ended < self._numbers(one["planned_steps"])[last]:
                return RunStatus.FAILED
            return RunStatus.FINISHED
        return (
            RunStatus.FINISHED if is_one_row or is_over(self.silence, curves.values()) else RunStatus.RUNNING
        )

    def _moment(self, role: str, row: int) -> int | None:
        column = self.roles.one.get(role)
        text = self._text(column, row).strip() if column is not None else ""
        if not text:
            return None
        try:
            number = float(text)
            milliseconds = number * 1000 if number < _SECONDS_BELOW else number
            return int(milliseconds) if abs(milliseconds) < _LARGEST else None
        except (ValueError, OverflowError):
            pass
        try:
            told = datetime.fromisoformat(text)
        except ValueError:
            raise self._broken(
                f"row {row + 1} of column '{column}' holds {text[:40]!r}",
                "a time in ISO 8601, or seconds since 1970",
            ) from None
        return int((told if told.tzinfo else told.replace(tzinfo=UTC)).timestamp() * 1000)

    def _refuse_mixed(self) -> None:
        """A column of numbers in which something else stands is no metric, and must not become one by leaving rows out."""
        used = {
            *self.roles.params.values(),
            *(c for r, c in self.roles.one.items() if r in ("value", "step", "planned_steps")),
        }
        for column in used:
            kind = self.table.columns[column]
            if isinstance(kind, MixedColumn) and (
                kind.share > 0.5 or column not in self.roles.params.values()
            ):
                raise self._broken(
                    f"row {kind.row + 1} of column '{column}' holds {kind.value[:40]!r}",
                    "a number in each row, or nothing",
                )

    def _names_several_seeds(self) -> bool:
        """Is what should name a run the name of a configuration, of which each seed is a run?"""
        one = self.roles.one
        if "run" not in one or "seed" not in one:
            return False
        told = self._there(one["seed"])
        runs = self._codes(one["run"])[told]
        return len(np.unique(_combined(runs, self._codes(one["seed"])[told]))) > len(np.unique(runs))

    def _refuse_percent(self) -> None:
        """Numbers with a sign behind them would be no metric, and tell every run apart from every other."""
        for name, column in self.roles.params.items():
            kind = self.table.columns[column]
            if name == column and isinstance(kind, TextColumn) and all(map(_PERCENT.match, kind.names)):
                for row in np.flatnonzero(self._there(column))[:1].tolist():
                    raise self._broken(
                        f"row {row + 1} of column '{column}' holds {self._text(column, row)!r}",
                        f"numbers without a sign, or the column called params.{column} where it is a parameter",
                    )

    def _there(self, column: str) -> NDArray[np.bool_]:
        """Which rows hold something?"""
        found: Column = self.table.columns[column]
        if isinstance(found, NumberColumn):
            return ~found.empty
        return (found.labels if isinstance(found, MixedColumn) else found).codes >= 0

    def _is_text(self, column: str) -> bool:
        return not isinstance(self.table.columns[column], NumberColumn)

    def _text(self, column: str, row: int) -> str:
        return self.table.columns[column].text(row)

    def _codes(self, column: str) -> IntArray:
        found: Column = self.table.columns[column]
        if isinstance(found, MixedColumn):
            found = found.labels
        if isinstance(found, TextColumn):
            return found.codes.astype(np.int64)
        return np.unique(np.where(found.empty, np.nan, found.values.astype(np.float64)), return_inverse=True)[
            1
        ].astype(np.int64)

    def _numbers(self, column: str) -> FloatArray:
        found = self.table.columns[column]
        if not isinstance(found, NumberColumn):
            raise self._broken(f"column '{column}' holds texts", "numbers")
        return np.where(found.empty, np.nan, found.values.astype(np.float64))

    def _broken(self, fact: str, expected: str) -> Invalid:
        return self.folder.broken(self.path, fact, expected, "mend the table, then: assay sync")


def _combined(codes: IntArray, more: IntArray) -> IntArray:
    found: IntArray = np.unique(codes * (int(more.max(initial=0)) + 2) + more + 1, return_inverse=True)[1]
    return found


def _occurrence(codes: IntArray, steps: FloatArray) -> IntArray:
    """How many rows of the same run and step stand before each row?"""
    keys = _combined(codes, np.unique(steps, return_inverse=True)[1].astype(np.int64))
    order = np.argsort(keys, kind="stable")
    starts = np.flatnonzero(np.concatenate(([True], np.diff(keys[order]) > 0)))
    found = np.empty(len(keys), np.int64)
    found[order] = np.arange(len(keys)) - np.repeat(starts, np.diff(np.concatenate((starts, [len(keys)]))))
    return found


def _curve(steps: IntArray, values: FloatArray, times: IntArray) -> Curve:
    return curve_in_logged_order(steps, values, times)
