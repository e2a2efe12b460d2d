"""What is each column of a table of runs? Told by its name (docs/trackers.md), or in the address: `runs.csv?step=size`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl

from assay.errors import Invalid

NAMES: Mapping[str, tuple[str, ...]] = {
    "run": ("run_id", "run", "run_name", "run_uuid", "trial_id", "trial"),
    "step": ("step", "_step", "steps", "global_step", "iteration", "epoch"),
    "time": ("timestamp", "_timestamp", "wall_time", "datetime"),
    "seed": ("assay.seed", "seed", "random_state", "random_seed"),
    "metric": ("metric",),
    "value": ("value",),
    "status": ("assay.status", "status", "state"),
    "started": ("start_time", "started_at", "started"),
    "ended": ("end_time", "ended_at", "ended"),
    "experiment": ("experiment_name", "experiment", "project"),
    "name": ("name", "display_name"),
    "planned_steps": ("planned_steps",),
}
"""Names of columns by role, in any case; the first that is there."""
TAGS = ("ticket", "arm", "dataset", "gpu_hours", "cost_usd", "devices", "candidate", "project")
PARAMETER, METRIC, TAG = (
    ("params.", "param.", "config.", "hparams."),
    ("metrics.", "metric."),
    ("tags.", "tag."),
)
_OPTIONS = (*NAMES, "group", "repeats")


@dataclass(frozen=True, slots=True)
class Options:
    """What the address says about columns."""

    roles: Mapping[str, str]
    group: tuple[str, ...] = ()
    """Columns that tell runs apart, and are part of their configuration."""
    repeats: bool = False
    """Are rows of one step of one run, in their order, runs of their own?"""


def options_of(address: str) -> tuple[str, Options]:
    """The path in an address, and what follows it.

    >>> options_of("runs.csv?step=size&group=learner,fold")[1].group
    ('learner', 'fold')
    """
    path, _, query = address.partition("?")
    roles = dict(parse_qsl(query, keep_blank_values=True))
    for name in roles:
        if name not in _OPTIONS:
            raise Invalid(
                f"cannot read tracker '{address[:200]}': unknown option {name[:40]!r} (expected one of: {', '.join(_OPTIONS)})",
                hint="assay connect table 'runs.csv?step=COLUMN'",
                code="tracker-uri-unknown",
                field="uri",
            )
    group = tuple(part for part in roles.pop("group", "").split(",") if part)
    return path, Options(group=group, repeats=roles.pop("repeats", "") == "runs", roles=roles)


@dataclass(frozen=True, slots=True)
class Roles:
    """Columns by what they are."""

    one: Mapping[str, str]
    """Column by role, of `NAMES`."""
    tags: Mapping[str, str]
    """Column by tag."""
    params: Mapping[str, str]
    """Column by parameter."""
    metrics: Mapping[str, str]
    """Column by metric."""
    missing: tuple[str, ...] = ()
    """Columns that the address names and the table does not have."""

    @property
    def is_long(self) -> bool:
        """Has it a row a point of one metric?"""
        return "metric" in self.one and "value" in self.one


def roles_of(numbers: Iterable[str], texts: Iterable[str], options: Options) -> Roles:
    """What these columns of numbers and of texts are."""
    numbers, texts = tuple(numbers), tuple(texts)
    every = (*numbers, *texts)
    plain = {column.strip().lower(): column for column in reversed(every)}
    one = {role: plain[name] for role, names in NAMES.items() for name in reversed(names) if name in plain}
    asked = {**options.roles, **{f"group {name}": name for name in options.group}}
    one |= {role: column for role, column in options.roles.items() if column in every}
    if not {"metric", "value"} <= set(one):
        one = {role: column for role, column in one.items() if role not in ("metric", "value")}
    used = set(one.values())
    tags, params, metrics = {}, {name: name for name in options.group if name in every}, {}
    says_metrics = any(_behind(column, METRIC) for column in every)
    for column in every:
        low = column.strip().lower()
        if column in used or column in params:
            continue
        if low in TAGS or low.startswith("assay."):
            tags[low if low.startswith("assay.") else f"assay.{low}"] = column
        elif name := _behind(column, TAG):
            tags[name] = column
        elif name := _behind(column, PARAMETER):
            params[name] = column
        elif (name := _behind(column, METRIC)) and column in numbers:
            metrics[name] = column
        elif column in texts or says_metrics or "value" in one:
            params[column] = column
        else:
            metrics[column] = column
    return Roles(one, tags, params, metrics, tuple(name for name in asked.values() if name not in every))


def _behind(column: str, prefixes: tuple[str, ...]) -> str:
    return next((column[len(prefix) :] for prefix in prefixes if column.lower().startswith(prefix)), "")
