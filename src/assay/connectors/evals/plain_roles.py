"""What is each column of a plain table: the example, the seed, a metric, a slice? Numbers are metrics, texts are slices."""

from __future__ import annotations

from dataclasses import dataclass, field

from assay.connectors.evals.faults import listed, shown, unreadable
from assay.connectors.evals.files import EvalFile
from assay.connectors.evals.metric_names import metric_names
from assay.connectors.evals.reader import ReadOptions
from assay.connectors.evals.table import Column, Enough, MixedColumn, NumberColumn, Table, first_text
from assay.connectors.evals.text_tables import Wanted
from assay.errors import Invalid

TEXT_ROLES = ("input", "target", "output")
ONE_COLUMN = (
    "sample_id",
    "seed",
    "repeat",
    "cluster",
    "dataset",
    "run",
    "step",
    "planned_steps",
    "metric_name",
    "metric_value",
    *TEXT_ROLES,
)
ROLES = (*ONE_COLUMN, "metric", "slice", "ignore")
_BY_NAME = {name: name for name in ("sample_id", "seed", "repeat", "cluster", "dataset", "run", *TEXT_ROLES)}
_KEPT_AS_TEXT = frozenset(("sample_id", "cluster", "dataset", "run", "metric", *TEXT_ROLES))
_STEPS, _PLANS = ("step", "steps"), ("planned_steps", "total_steps")
_INDEX = ("", "index", "__index_level_0__")
MIXED_SHARE = 0.5
"""A column that holds numbers in at least this share of its rows was meant as numbers."""


@dataclass(frozen=True, slots=True)
class Roles:
    """Which column plays which role. metrics maps a column to the metric's name; it is empty in the long form."""

    one: dict[str, str]
    """Roles that one column can play, to that column."""
    metrics: dict[str, str]
    slices: tuple[str, ...]
    notes: tuple[str, ...] = field(default=())

    @property
    def long_form(self) -> bool:
        """Does each row hold one metric, named in a column?"""
        return "metric_name" in self.one


@dataclass(frozen=True, slots=True)
class PlainTable:
    """One plain file as it was read."""

    file: EvalFile
    digest: str
    table: Table
    roles: Roles
    options: ReadOptions


def wanted_columns(options: ReadOptions) -> Wanted:
    """How columns are to be read, before it is known which there are."""
    needs = options.needs
    texts = {column for column, role in options.columns.items() if role in TEXT_ROLES} | {*needs.texts}
    labels = {
        column
        for column, role in options.columns.items()
        if role in ("sample_id", "cluster", "dataset", "run", "slice", "metric_name")
    }
    labels |= {column for column in needs.columns if options.declared(column) is None}
    numbers = {column for column, role in options.columns.items() if role in ("metric", "seed", "repeat")}
    return Wanted((_KEPT_AS_TEXT | labels | texts) - numbers, frozenset(TEXT_ROLES) | texts, _enough(options))


def _enough(options: ReadOptions) -> Enough | None:
    """Which columns are enough, where it is known which metrics are looked at."""
    needs = options.needs
    if needs.metrics is None or options.columns:
        return None
    # Rows without the name of an example are runs, and what sets these apart may stand in any column.
    named = tuple(frozenset((column,)) for column in ("sample_id", *needs.columns, *needs.texts))
    return Enough(named, needs.metrics, frozenset(_BY_NAME) - {*TEXT_ROLES})


def roles_of(file: str, table: Table, options: ReadOptions) -> Roles:
    """The role of each column.

    Raises:
        Invalid: a column that is asked for is not there, two play one role, or a column of numbers holds something else.
    """
    given = {**_asked_texts(table, options), **_given(file, table, options)}
    one = _single_roles(table, given)
    rest = [name for name in table.columns if name not in one.values() and given.get(name) != "ignore"]
    metrics, slices, notes = [], [], []
    for name in rest:
        if (name in _INDEX or name.startswith("Unnamed:")) and name not in given:
            continue
        column = table.columns[name]
        role = given.get(name) or _kind_of(file, name, column, options)
        if role == "metric":
            _check_numbers(file, name, column)
            metrics.append(name)
        else:
            slices.append(name)
    if "metric_name" in one and metrics:
        notes.append(f"{file}: columns {listed(metrics)} hold numbers beside the long form and were not read")
        metrics = []
    notes += [
        f"{file}: column {name} was not read: {why}"
        for name, why in table.left_out.items()
        if given.get(name) != "ignore"
    ]
    _check_left_out(file, table, given, options)
    return Roles(one, metric_names(file, metrics), tuple(slices), tuple(notes))


def _asked_texts(table: Table, options: ReadOptions) -> dict[str, str]:
    """The column whose texts are compared with others is what an example asks, unless its name says another role."""
    named = [name for name in options.needs.texts if name in table.columns and name not in TEXT_ROLES]
    return {named[0]: "input"} if named and "input" not in options.columns.values() else {}


def _given(file: str, table: Table, options: ReadOptions) -> dict[str, str]:
    known = {*table.columns, *table.left_out}
    for column, role in options.columns.items():
        if role not in ROLES:
            raise Invalid(
                f"cannot read column '{column[:60]}' as '{role[:60]}': no such role (expected {', '.join(ROLES)})",
                hint=f"{column[:60]}=slice",
                code="evaluation-column-role",
                field="columns",
            )
        if column not in known:
            raise unreadable(
                file,
                f"no column {shown(column)} (it has: {listed(list(known), 12)})",
                f"it as {role}",
                hint="check the name of the column",
                field=column,
            )
    return dict(options.columns)


def _single_roles(table: Table, given: dict[str, str]) -> dict[str, str]:
    one = {role: column for column, role in given.items() if role in ONE_COLUMN}
    for column, role in _BY_NAME.items():
        if column in table.columns and column not in given:
            one.setdefault(role, column)
    names = [name for name in table.columns if name not in given]
    if "metric" in names and "value" in names and "metric_name" not in one:
        one |= {"metric_name": "metric", "metric_value": "value"}
    step = next((name for name in _STEPS if name in names), None)
    plan = next((name for name in _PLANS if name in names), None)
    if step is not None and plan is not None:
        one.setdefault("step", step)
        one.setdefault("planned_steps", plan)
    return one


def _kind_of(file: str, name: str, column: Column, options: ReadOptions) -> str:
    if options.declared(name) is not None:
        return "metric"
    if name in options.needs.columns:
        return "slice"
    if isinstance(column, NumberColumn):
        return "metric"
    if isinstance(column, MixedColumn) and column.share >= MIXED_SHARE:
        _check_numbers(file, name, column)
    return "slice"


def _check_numbers(file: str, name: str, column: Column) -> None:
    if isinstance(column, NumberColumn):
        return
    row, value = first_text(column)
    raise unreadable(
        file,
        f"row {row + 1}, column {shown(name)} holds {shown(value)}",
        "a number in every row",
        hint=f"mend the row, leave the cell empty, or read the column as labels: {name}=slice",
        field=name,
    )


def _check_left_out(file: str, table: Table, given: dict[str, str], options: ReadOptions) -> None:
    for name, why in table.left_out.items():
        asked = given.get(name, "ignore") != "ignore" or name in _BY_NAME
        if asked or options.declared(name) is not None:
            raise unreadable(
                file,
                f"column {shown(name)} cannot be used: {why}",
                "numbers or short texts",
                hint="mend the column",
                field=name,
            )
