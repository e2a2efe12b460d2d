"""Runs with per-example scores from a plain table, columns at a time: a million rows cost no loop in Python."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

from assay.connectors.evals.faults import listed, shown, unreadable
from assay.connectors.evals.groups import Group, WholeNumbers, groups_of
from assay.connectors.evals.metric_names import metric_names
from assay.connectors.evals.plain_roles import TEXT_ROLES, PlainTable
from assay.connectors.evals.runs import FOLDER, check_fraction, example_text, file_run, unscored
from assay.connectors.evals.table import NO_LABEL, NumberColumn, Rows, TextColumn, first_text, labels_of
from assay.connectors.evals.unscored_rows import NONE_LACKING, TASK, Lacking, row_numbers, rows_without
from assay.domain.experiments.evidence import ExampleText, FloatArray, Labels, Run, Scores

MAX_METRICS = 1000
NO_SEED = np.iinfo(np.int64).min
_LARGEST_SEED = 2.0**53


@dataclass(frozen=True, slots=True)
class FilePart:
    """What one file holds."""

    runs: tuple[Run, ...]
    examples: Mapping[str, Mapping[str, ExampleText]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


class IdPool:
    """Keeps one list of example ids where several runs score the same examples in the same order."""

    def __init__(self) -> None:
        self._known: dict[int, list[Sequence[str]]] = {}

    def shared(self, ids: Sequence[str]) -> Sequence[str]:
        """The ids to use for these."""
        known = self._known.setdefault(len(ids), [])
        for other in known:
            if other == ids:
                return other
        known.append(ids)
        return ids


def example_runs(plain: PlainTable, pool: IdPool) -> FilePart:
    """The runs of a file whose rows are examples, one a seed.

    Raises:
        Invalid: naming file, row and column of the first row that breaks a rule.
    """
    return _ExampleRows(plain, pool).part()


class _ExampleRows:
    def __init__(self, plain: PlainTable, pool: IdPool) -> None:
        self.file, self.table, self.roles = plain.file, plain.table, plain.roles
        self.options, self.digest, self.pool = plain.options, plain.digest, pool
        self.notes: list[str] = []
        self.ids = self._required("sample_id")
        self.seeds = seeds_of(plain)
        self.repeats = _whole_numbers(plain, "repeat")
        named = self.roles.one.get("dataset")
        self.datasets = None if named is None else labels_of(self.table.columns[named])
        self._known_ids: list[tuple[NDArray[np.int32], Sequence[str]]] = []
        self._known_labels: dict[str, list[tuple[NDArray[np.int32], Labels]]] = {}

    def part(self) -> FilePart:
        scores = self._long() if self.roles.long_form else self._wide()
        by_run: dict[tuple[int | None, str | None], dict[str, Scores]] = {}
        for dataset, one in scores:
            by_run.setdefault((one.seed, dataset), {})[one.metric] = one
        runs = []
        for (seed, dataset), found in by_run.items():
            marks = [str(mark) for mark in (dataset, seed) if mark is not None and len(by_run) > 1]
            runs.append(
                file_run(
                    "#".join([self.file.name, *marks]),
                    content_digest=self.digest,
                    seed=seed,
                    config={FOLDER: self.file.folder} if self.file.folder else {},
                    scores=found,
                    dataset=dataset,
                )
            )
        return FilePart(tuple(runs), self._texts(runs), tuple(self.notes))

    def _wide(self) -> Iterator[tuple[str | None, Scores]]:
        if not self.roles.metrics:
            columns = [name for name in self.table.columns if name not in self.roles.one.values()]
            self._refuse(
                f"no column of numbers besides {listed(list(self.roles.one.values()))} (slices: {listed(columns) or 'none'})",
                "one column a metric, or the columns metric and value",
                "add the scores; truth values and 0/1 are numbers",
            )
        for group in groups_of([self.seeds, *self._dataset_codes()], self.table.rows):
            for column, metric in self.roles.metrics.items():
                numbers = self.table.columns[column]
                assert isinstance(numbers, NumberColumn)
                if numbers.empty[group.rows].all():
                    continue
                yield self._dataset(group), self._scores(metric, column, group, numbers)

    def _long(self) -> Iterator[tuple[str | None, Scores]]:
        column = self.roles.one["metric_value"]
        numbers = self.table.columns[column]
        if not isinstance(numbers, NumberColumn):
            row, value = first_text(numbers)
            self._refuse(
                f"row {row + 1}, column {shown(column)} holds {shown(value)}",
                "a number such as 0.87, nan or inf",
                "mend the row",
                column,
            )
        told = self._required("metric_name")
        if len(told.names) > MAX_METRICS:
            self._refuse(
                f"{len(told.names):,} names of metrics",
                f"at most {MAX_METRICS:,}",
                "are metric and sample_id swapped?",
            )
        names = metric_names(self.file.name, told.names)
        tasks = labels_of(self.table.columns[TASK]) if TASK in self.table.columns else None
        of_runs: dict[tuple[int, ...], list[Group]] = {}
        for group in groups_of([self.seeds, *self._dataset_codes(), told.codes], self.table.rows):
            of_runs.setdefault(group.keys[:-1], []).append(group)
        for groups in of_runs.values():
            lacking = rows_without(self.ids, [group.rows for group in groups], tasks)
            for group, rows in zip(groups, lacking, strict=True):
                metric = names[told.names[group.keys[-1]]]
                yield self._dataset(group), self._scores(metric, column, group, numbers, rows)

    def _dataset_codes(self) -> list[NDArray[np.int32]]:
        return [] if self.datasets is None else [self.datasets.codes]

    def _dataset(self, group: Group) -> str | None:
        """The evaluation set of a group of rows: its second key, where there is such a column."""
        if self.datasets is None or group.keys[1] == NO_LABEL:
            return None
        return self.datasets.names[group.keys[1]]

    def _scores(
        self, metric: str, column: str, group: Group, numbers: NumberColumn, lacking: Lacking = NONE_LACKING
    ) -> Scores:
        """lacking: a row of each example that should have this metric and has no row of it."""
        seed = group.keys[0]
        rows, values = group.rows, numbers.values[group.rows]
        self._check_values(metric, column, rows, values)
        codes, repeats = self.ids.take(rows), None
        if self.repeats is not None:
            rows, codes, repeats = self._repeated(rows, codes, values)
            values = repeats.mean(axis=1)
        else:
            self._check_once(rows, codes, seed)
        if lacking.size:
            rows = np.concatenate([row_numbers(rows), lacking])
            codes = np.concatenate([codes, self.ids.codes[lacking]])
            values = np.append(values, np.full(lacking.size, np.nan))
            if repeats is not None:
                repeats = np.vstack([repeats, np.full((lacking.size, repeats.shape[1]), np.nan)])
            self._tell_lacking(metric, seed, len(codes), lacking)
        return Scores(
            metric=metric,
            seed=None if seed == NO_SEED else int(seed),
            sample_ids=self._ids(codes),
            values=np.array(values, dtype=np.float64),
            clusters=self._clusters(rows),
            slices={name: self._labels(name, rows) for name in self.roles.slices},
            repeats=repeats,
        )

    def _tell_lacking(self, metric: str, seed: int, examples: int, lacking: Lacking) -> None:
        ids = [self.ids.text(row) for row in lacking.tolist()]
        without = unscored(examples, ids, what=f"{'has' if examples == 1 else 'have'} no row of {metric}")
        of_seed = "" if seed == NO_SEED else f" (seed {seed})"
        self.notes.append(
            f"{self.file.name}: {without}{of_seed}: it is broken evidence, unless a column {TASK} says that it is "
            "measured for other examples only"
        )

    def _check_values(self, metric: str, column: str, rows: Rows, values: FloatArray) -> None:
        finite = np.isfinite(values) if values.dtype.kind == "f" else np.True_
        if not finite.all():
            place = int((~finite).argmax())
            row = _row(rows, place)
            numbers = self.table.columns[column]
            what = (
                "is empty"
                if isinstance(numbers, NumberColumn) and numbers.empty[row]
                else f"is {values[place]}"
            )
            count = int((~finite).sum())
            self.notes.append(
                f"{self.file.name}: row {row + 1}, column {column} {what}"
                + (f", and {count - 1:,} more rows are no numbers" if count > 1 else "")
                + f": {metric} is broken evidence"
            )
        if self.options.is_fraction(metric) and values.size and not (values.min() >= 0 and values.max() <= 1):
            with np.errstate(invalid="ignore"):
                outside = (values > 1) | (values < 0)
            if outside.any():
                place = int(outside.argmax())
                row = _row(rows, place)
                check_fraction(
                    self.options,
                    self.file.name,
                    metric,
                    float(values[place]),
                    where=f"row {row + 1}",
                    field=column,
                )

    def _check_once(self, rows: Rows, codes: NDArray[np.int32], seed: int) -> None:
        if _counts_up(codes) or any(np.array_equal(known, codes) for known, _ in self._known_ids):
            return
        counts = np.bincount(codes, minlength=1)
        if counts.max() <= 1:
            return
        code = int(counts.argmax())
        again = [str(_row(rows, int(place)) + 1) for place in np.flatnonzero(codes == code)[:5]]
        where = "" if seed == NO_SEED else f" with seed {seed}"
        self._refuse(
            f"rows {', '.join(again)} all hold sample_id {shown(self.ids.names[code])}{where}",
            "each example once a seed and metric",
            "remove the copies, or number repeated runs of one example in a column named repeat",
            self.roles.one["sample_id"],
        )

    def _repeated(
        self, rows: Rows, codes: NDArray[np.int32], values: FloatArray
    ) -> tuple[Rows, NDArray[np.int32], FloatArray]:
        """First row, code and values of each example that was run several times: shape (examples, repeats)."""
        assert self.repeats is not None
        taken = self.repeats[rows]
        labels, column = np.unique(taken, return_inverse=True)
        _, first, line = np.unique(codes, return_index=True, return_inverse=True)
        order = np.argsort(first, kind="stable")
        rank = np.empty_like(order)
        rank[order] = np.arange(len(order))
        cell = rank[line] * len(labels) + column
        counts = np.bincount(cell, minlength=len(order) * len(labels))
        if (counts != 1).any():
            bad = int((counts != 1).argmax())
            example = self.ids.names[int(codes[first[order[bad // len(labels)]]])]
            times = int(counts[bad])
            self._refuse(
                f"example {shown(example)} has {'no' if times == 0 else times} rows of repeat {int(labels[bad % len(labels)])}",
                f"each example once in each of the {len(labels)} repeats",
                "run the missing repeats, or remove the copies",
                self.roles.one["repeat"],
            )
        matrix = np.empty(len(cell))
        matrix[cell] = values
        firsts = np.sort(first)
        where = np.arange(self.table.rows)[rows][firsts]
        return where, codes[firsts], matrix.reshape(len(order), len(labels))

    def _ids(self, codes: NDArray[np.int32]) -> Sequence[str]:
        for known, ids in self._known_ids:
            if np.array_equal(known, codes):
                return ids
        names = self.ids.names
        whole = len(codes) == len(names) and _counts_up(codes)
        ids = self.pool.shared(names if whole else tuple(map(names.__getitem__, codes.tolist())))
        self._known_ids.append((codes, ids))
        return ids

    def _labels(self, name: str, rows: Rows) -> Labels:
        column = labels_of(self.table.columns[name])
        codes = column.take(rows)
        known = self._known_labels.setdefault(name, [])
        for other, labels in known:
            if np.array_equal(other, codes):
                return labels
        names, filled = tuple(column.names), codes
        if (codes == NO_LABEL).any():
            names = (*names, "") if "" not in names else names
            filled = np.where(codes == NO_LABEL, names.index(""), codes).astype(np.int32)
        labels = Labels(names, filled)
        known.append((codes, labels))
        return labels

    def _clusters(self, rows: Rows) -> tuple[str, ...] | None:
        name = self.roles.one.get("cluster")
        return None if name is None else tuple(self._labels(name, rows))

    def _texts(self, runs: Sequence[Run]) -> Mapping[str, Mapping[str, ExampleText]]:
        columns = {role: self.roles.one[role] for role in TEXT_ROLES if role in self.roles.one}
        if not columns:
            return {}
        texts = {role: labels_of(self.table.columns[name]) for role, name in columns.items()}
        found = {}
        for run in runs:
            of_run = self.seeds == (NO_SEED if run.seed is None else run.seed)
            if self.datasets is not None:
                code = NO_LABEL if run.dataset is None else self.datasets.names.index(run.dataset)
                of_run &= self.datasets.codes == code
            found[run.run_id] = self._texts_in(np.flatnonzero(of_run).tolist(), texts)
        return found

    def _texts_in(self, rows: Sequence[int], texts: Mapping[str, TextColumn]) -> dict[str, ExampleText]:
        found: dict[str, ExampleText] = {}
        for row in rows:
            sample_id = self.ids.text(row)
            if sample_id not in found:
                told = {role: column.text(row) for role, column in texts.items()}
                found[sample_id] = example_text(
                    sample_id,
                    input_text=told.get("input", ""),
                    target=told.get("target", ""),
                    output=told.get("output", ""),
                )
        return found

    def _required(self, role: str) -> TextColumn:
        name = self.roles.one[role]
        labels = labels_of(self.table.columns[name])
        empty = labels.block == NO_LABEL
        if empty.any():
            self._refuse(
                f"row {int(empty.argmax()) + 1} has no {role.replace('metric_name', 'metric')}",
                "one in every row",
                "fill the cell, or remove the row",
                name,
            )
        return labels

    def _refuse(self, found: str, expected: str, hint: str, field: str | None = None) -> NoReturn:
        raise unreadable(self.file.name, found, expected, hint=hint, field=field)


def seeds_of(plain: PlainTable) -> WholeNumbers:
    """The seed of each row: its column's, else the one that the name of the file tells."""
    file, name = plain.file, plain.roles.one.get("seed")
    seeds = _whole_numbers(plain, "seed")
    if seeds is None:
        return np.full(plain.table.rows, NO_SEED if file.seed is None else file.seed, dtype=np.int64)
    if file.seed is not None and (seeds != file.seed).any():
        row = int((seeds != file.seed).argmax())
        told = "nothing" if seeds[row] == NO_SEED else str(seeds[row])
        raise unreadable(
            file.name,
            f"row {row + 1}, column {shown(name)} holds {told} where the name of the file says seed {file.seed}",
            "one of them",
            hint="rename the file, or mend the column; was a file copied under another name?",
            field=name,
        )
    return seeds


def _whole_numbers(plain: PlainTable, role: str) -> WholeNumbers | None:
    name = plain.roles.one.get(role)
    if name is None:
        return None
    column = plain.table.columns[name]
    if isinstance(column, NumberColumn) and column.values.dtype.kind == "i":
        return column.values
    if isinstance(column, NumberColumn):
        values = np.where(column.empty, 0.0, column.values) if column.empty.any() else column.values
        with np.errstate(invalid="ignore"):
            whole = values.astype(np.int64)
        small = bool(values.min() > -_LARGEST_SEED and values.max() < _LARGEST_SEED)
        if small and np.array_equal(whole, values):
            return np.where(column.empty, NO_SEED, whole) if column.empty.any() else whole
        row = int(((whole != values) | ~(np.abs(values) < _LARGEST_SEED)).argmax())
        value = column.text(row)
    else:
        row, value = first_text(column)
    raise unreadable(
        plain.file.name,
        f"row {row + 1}, column {shown(name)} holds {shown(value)}",
        "a whole number or nothing",
        hint="number the runs 1, 2, 3",
        field=name,
    )


def _counts_up(codes: NDArray[np.int32]) -> bool:
    """Are these 0, 1, 2, ...: each once?"""
    return bool(codes.size) and codes[0] == 0 and bool((np.diff(codes) == 1).all())


def _row(rows: Rows, place: int) -> int:
    """Which row of the table (from 0) is number `place` of these rows?"""
    return rows.start + place if isinstance(rows, slice) else int(rows[place])
