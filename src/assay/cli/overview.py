"""`assay overview`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import typer

from assay.cli.connection import connected
from assay.cli.options import Json, Project
from assay.cli.screen import facts, print_json, say, shortened, table
from assay.cli.values import catalog_of, last_values

if TYPE_CHECKING:
    from assay.domain.kernel.metrics import MetricCatalog

_WAITS_FOR = {"decision": "a decision", "broken": "broken runs", "over_budget": "over budget"}


def register(root: typer.Typer) -> None:
    """Add this command."""
    root.command("overview")(overview)


def overview(project: Project = None, json: Json = False) -> None:
    """Show where a project stands: what was decided and learned, what waits for a person, what it used.

    Example: assay overview
    """
    with connected(project) as api:
        answer = api.in_project("GET", "/overview")
        metrics = [] if json or not answer.data["best"] else api.in_project("GET", "/metrics").data["rows"]
    if json:
        print_json(answer.body)
    else:
        _say(answer.data, catalog_of(metrics))


def _say(found: dict[str, Any], catalog: MetricCatalog) -> None:
    facts(
        [
            ("decided", _decided(found)),
            ("in progress", _progress(found)),
            ("best so far", _best(found, catalog)),
            ("runs", found["runs"]),
            ("compute", compute_text(found)),
            ("kills saved", _saved(found["saved"])),
            ("money", _money(found)),
            (
                "columns",
                ", ".join(f"{stage} {count}" for stage, count in found["stage_counts"].items() if count),
            ),
            ("last look", f"{found['last_sync_at'][:16]} UTC" if found["last_sync_at"] else None),
            ("that failed", found["sync_error"]),
        ]
    )
    print()
    table(
        ("waits", "title", "column", "verdict", "for"),
        [
            (
                row["key"],
                shortened(row["title"]),
                row["stage"],
                row["recommendation"],
                _WAITS_FOR.get(row["why"], row["why"]),
            )
            for row in found["attention"]
        ],
        none="Nothing waits for a person.",
    )
    if found["attention_total"] > len(found["attention"]):
        say(
            f"{len(found['attention'])} of {found['attention_total']} wait above. All: assay ticket list --waiting"
        )
    for one in found["learnings"]:
        say(f"{one['at'][:10]} {one['key']} {one['decision']}: {one['learnings']}")


def _decided(found: dict[str, Any]) -> str:
    parts = ((found["promoted"], "promoted"), (found["killed"], "killed"))
    written = found["experiments"]
    of = f"{found['decided']} of {written} experiment{'' if written == 1 else 's'}"
    return _with_parts(of, parts)


def _progress(found: dict[str, Any]) -> str:
    names = {
        "undecided": "not known yet",
        "ready": "with a verdict",
        "iterating": "iterating",
        "other_work": "other work",
    }
    count = found["active"]
    return _with_parts(
        f"{count} ticket{'' if count == 1 else 's'}", [(found[name], word) for name, word in names.items()]
    )


def _with_parts(whole: str, parts: Iterable[tuple[int, str]]) -> str:
    told = ", ".join(f"{number} {word}" for number, word in parts if number)
    return f"{whole}: {told}" if told else whole


def _best(found: dict[str, Any], catalog: MetricCatalog) -> str | None:
    from assay.workflows.state_views import nothing_text, otherwise_text

    other = found["measured_otherwise"]
    if not found["best"]:
        return nothing_text(other) if other else None
    best = found["best"][-1]
    said = f"{last_values({found['best_metric']: best['value']}, catalog, most=1)}, by {best['key']}"
    return f"{said} (not compared: {otherwise_text(other)})" if other else said


def compute_text(found: dict[str, Any]) -> str:
    """What was used of what was budgeted; the fields are those of the overview and of the state."""
    from assay.domain.gates.wording import hours, limit_text

    used, budget = found["gpu_hours"], found["gpu_hours_budget"]
    least = "at least " if found["runs_without_gpu_hours"] else ""
    spent = (
        "unknown: no run says what it used"
        if used is None
        else f"{least}{hours(used, beside=budget)} GPU-hours"
    )
    return spent if budget is None else f"{spent}, of {limit_text(budget)} budgeted"


def _saved(saved: dict[str, Any]) -> str | None:
    from assay.domain.gates.wording import count, hours

    told = []
    if saved["gpu_hours"] is not None:
        of = f"{'budget' if saved['early'] == 1 else 'budgets'} of {count(saved['early'], 'experiment')}"
        told.append(f"{hours(saved['gpu_hours'])} GPU-hours in 90 days, left in the {of}")
    if saved["used_up"]:
        told.append(f"{saved['used_up']} killed with the budget used up")
    if saved["unknown"]:
        told.append(f"{saved['unknown']} not counted: no budget, or compute not known")
    return "; ".join(told) or None


def _money(found: dict[str, Any]) -> str | None:
    from assay.domain.gates.wording import limit_text, used_of

    paid, budget, without = found["cost_usd"], found["cost_usd_budget"], found["runs_without_cost"]
    if paid is None and budget is None:
        return None
    spent = (
        "unknown: no run says what it cost" if paid is None else used_of(paid, "USD", unknown_runs=without)
    )
    if budget is not None:
        spent = f"{spent}, of {limit_text(budget)} budgeted"
    return (
        f"{spent}; {found['runs'] - without} of {found['runs']} runs have a price"
        if paid is not None and without
        else spent
    )
