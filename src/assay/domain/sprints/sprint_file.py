"""A whole sprint as one file: its name, its product tasks, and its experiments with what decides them.

    sprint: Sprint 12
    goal: Know whether retrieval pays
    starts_on: 2026-11-23
    ends_on: 2026-12-04
    product_tasks:
      - Button to give feedback
      - {title: Serve the reader on a CPU, type: engineering}
    experiments:
      - title: Rerank with a small model
        hypothesis: Reranking lifts accuracy from 72% to 85%.
        time_box_days: 5
        success_criteria: [accuracy >= 85%]

An entry has the fields of a ticket file; `success_criteria` stands for its primary criteria, `kill_criteria` for those that stop it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from assay.domain.experiments.fields import (
    as_choice,
    as_flag,
    as_list,
    as_mapping,
    as_text,
    found_text,
    refuse,
)
from assay.domain.experiments.ticket_data import read_ticket_key
from assay.domain.kernel.ids import TicketType
from assay.domain.sprints.sprint import is_product_task

MOST_ENTRIES = 100
_OF_SPRINT = ("goal", "starts_on", "ends_on", "capacity", "demo")
_ROLES = {"success_criteria": "primary", "kill_criteria": "kill"}


@dataclass(frozen=True, slots=True)
class SprintEntry:
    """One ticket of a sprint file."""

    path: str
    """Where it stands, such as `experiments[0]`."""
    key: str | None
    fields: Mapping[str, Any]
    """As `ticket_from_data` reads them, `type` and `title` among them."""


@dataclass(frozen=True, slots=True)
class SprintFile:
    """A sprint file as it was read."""

    name: str
    fields: Mapping[str, Any]
    """Goal, dates, capacity: as `sprint_from_data` reads them."""
    entries: tuple[SprintEntry, ...]
    confirmed: bool
    """The team is sure of more than it usually finishes."""


def is_sprint_file(data: Mapping[str, Any]) -> bool:
    """Does this document plan a sprint, rather than one ticket?"""
    return "sprint" in data


def sprint_file_from_data(data: object) -> SprintFile:
    """Which sprint, with which tickets, does this document plan?

    Raises:
        Invalid: `field` is the entry at fault, such as `experiments[0].time_box_days`.

    >>> found = sprint_file_from_data({"sprint": "Twelve", "experiments": [{"title": "Rerank", "success_criteria": ["f1 >= 0.9"]}]})
    >>> found.name, dict(found.entries[0].fields)
    ('Twelve', {'title': 'Rerank', 'type': 'experiment', 'criteria': {'primary': ['f1 >= 0.9']}})
    """
    fields = as_mapping(data, "", known=("sprint", *_OF_SPRINT, "confirmed", "product_tasks", "experiments"))
    entries = []
    for name, default in (("product_tasks", TicketType.FEATURE), ("experiments", TicketType.EXPERIMENT)):
        for at, one in enumerate(as_list(fields.get(name), name, limit=MOST_ENTRIES)):
            entries.append(_entry(one, f"{name}[{at}]", default))
    return SprintFile(
        name=as_text(fields["sprint"], "sprint", limit=200).strip(),
        fields={name: fields[name] for name in _OF_SPRINT if fields.get(name) is not None},
        entries=tuple(entries),
        confirmed=as_flag(fields.get("confirmed", False), "confirmed"),
    )


def _entry(data: object, path: str, default: TicketType) -> SprintEntry:
    if isinstance(data, str):
        data = {"title": data}
    if not isinstance(data, Mapping):
        refuse(path, found_text(data), "a title, or the fields of a ticket")
    fields = dict(data)
    key = fields.pop("key", None)
    if "title" not in fields:
        refuse(f"{path}.title", "nothing", "a title")
    kind = as_choice(fields.setdefault("type", default.value), f"{path}.type", TicketType)
    if is_product_task(kind) != is_product_task(default):
        place = "experiments" if is_product_task(default) else "product_tasks"
        refuse(f"{path}.type", found_text(kind), f"a type that belongs there, or the entry under {place}")
    for name, role in _ROLES.items():
        if name not in fields:
            continue
        criteria = dict(as_mapping(fields.get("criteria") or {}, f"{path}.criteria", known=_ALL_ROLES))
        if criteria.get(role):
            refuse(f"{path}.{name}", f"it beside criteria.{role}", "one of the two")
        criteria[role] = as_list(fields.pop(name), f"{path}.{name}", limit=MOST_ENTRIES)
        fields["criteria"] = criteria
    return SprintEntry(
        path=path, key=None if key is None else read_ticket_key(key, f"{path}.key"), fields=fields
    )


_ALL_ROLES = ("primary", "secondary", "blocking", "kill")
