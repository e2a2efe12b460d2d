"""The canvas as a form: rows for what there is and two more, and back to plain fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.datastructures import FormData

from assay.errors import AssayError
from assay.web import inputs
from assay.web.contexts.canvas import CanvasForm, FormRow
from assay.web.gate_words import problem
from assay.workflows.ticket_file import dump_ticket_text

LISTS: dict[str, tuple[str, ...]] = {
    "success": ("metric", "why"),
    "data": ("name", "available", "gaps"),
    "risks": ("risk", "mitigation"),
    "kill": ("criterion", "after_sprint", "then"),
}
ALONE = {
    "gpu_hours": ("constraints", "budget", "gpu_hours"),
    "cost_usd": ("constraints", "budget", "cost_usd"),
    "latency": ("constraints", "latency"),
    "privacy": ("constraints", "privacy"),
    "infrastructure": ("constraints", "infrastructure"),
    "discovery_sprints": ("time_box", "discovery_sprints"),
    "ship_by_sprint": ("time_box", "ship_by_sprint"),
}
_NUMBERS = {"after_sprint", "discovery_sprints", "ship_by_sprint"}
SPARE_ROWS = 1
MOST_ROWS = 21


def canvas_form(
    slug: str,
    data: Mapping[str, Any],
    version: int,
    *,
    csrf_token: str,
    error: AssayError | None = None,
    text: str = "",
) -> CanvasForm:
    """The form with these fields in it."""
    return CanvasForm(
        action=f"/p/{slug}/canvas/edit",
        back=f"/p/{slug}/canvas",
        version=version,
        objective=str(data.get("objective", "")),
        success=_rows(data, "success"),
        data=_rows(data, "data"),
        risks=_rows(data, "risks"),
        kill=_rows(data, "kill"),
        fields={name: _at(data, path) for name, path in ALONE.items()},
        text=text or (dump_ticket_text(dict(data)) if data else ""),
        problem=None if error is None else problem(error),
        csrf_token=csrf_token,
    )


def _rows(data: Mapping[str, Any], name: str) -> tuple[FormRow, ...]:
    there = data.get(name, ())
    filled = [one for one in there if isinstance(one, Mapping)] if isinstance(there, list | tuple) else []
    rows = [{field: _text(one.get(field)) for field in LISTS[name]} for one in filled]
    rows += [dict.fromkeys(LISTS[name], "")] * SPARE_ROWS
    return tuple(FormRow(number, number + 1, values) for number, values in enumerate(rows))


def _at(data: Any, path: tuple[str, ...]) -> str:
    for step in path:
        data = data.get(step) if isinstance(data, Mapping) else None
    return _text(data)


def _text(value: object) -> str:
    return "" if value is None else str(value)


def data_from_form(form: FormData) -> dict[str, Any]:
    """The plain fields a form carries; what is left empty is left out."""
    data: dict[str, Any] = {}
    if objective := inputs.text(form, "objective"):
        data["objective"] = _lines(objective)
    for name, fields in LISTS.items():
        entries = [
            {
                field: value
                for field in fields
                if (value := _field(form, f"{name}.{number}.{field}", field)) != ""
            }
            for number in range(MOST_ROWS)
        ]
        if kept := [entry for entry in entries if entry]:
            data[name] = kept
    for name, path in ALONE.items():
        value = _field(form, name, name)
        if value != "":
            at = data
            for step in path[:-1]:
                at = at.setdefault(step, {})
            at[path[-1]] = value
    return data


def _field(form: FormData, name: str, kind: str) -> str | int:
    value = inputs.text(form, name)
    is_number = kind in _NUMBERS and value.isascii() and value.isdigit() and len(value) < 10
    return int(value) if is_number else _lines(value)


def _lines(text: str) -> str:
    """Browsers send other ends of lines than were written."""
    return text.replace("\r\n", "\n")
