"""`assay backtest`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer

from assay.cli.backtest_settings import percent, put_settings, say_chances, say_settings, say_values
from assay.cli.connection import connected
from assay.cli.options import Json, Project, given
from assay.cli.screen import facts, print_json, say, shortened, table
from assay.errors import Invalid

_SHOWN = 10
"""Killed winners of a rule that are named."""


def register(root: typer.Typer) -> None:
    """Add this command."""
    root.command("backtest")(backtest)


def backtest(
    rule: Annotated[
        str | None,
        typer.Option("--rule", metavar="NAME", help="Only this one, with the runs it would have killed."),
    ] = None,
    runs: Annotated[
        int | None,
        typer.Option("--runs", help="The newest so many, 1 to 3000; left out: 500."),
    ] = None,
    *,
    apply: Annotated[
        bool,
        typer.Option(
            "--apply", help="Show what the runs say to change of the settings; with --yes, change it."
        ),
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="With --apply: change the settings.")] = False,
    project: Project = None,
    json: Json = False,
) -> None:
    """Replay the kill rules over past runs: what each would have saved, and which good runs it would have killed.

    Example: assay backtest --rule futility
    """
    if yes and not apply:
        raise _alone()
    with connected(project) as api:
        with _waiting():
            answer = api.in_project("GET", "/backtest", query=given(rule=rule, runs=runs))
        found, slug = answer.data, api.project
        if apply and yes and found["changes"]:
            answer = put_settings(api, slug, found)
    if json:
        print_json(answer.body)
    elif apply:
        say_settings(found, slug, done=yes, command=_command(rule, runs))
    else:
        _say(found, one=rule is not None)


def _alone() -> Invalid:
    return Invalid(
        "cannot read option --yes: there is nothing to be sure about (expected --apply beside it)",
        hint="assay backtest --apply --yes",
        code="option-alone",
        field="yes",
    )


def _command(rule: str | None, runs: int | None) -> str:
    asked = given(rule=rule, runs=runs)
    return " ".join(["assay backtest", *(f"--{name} {value}" for name, value in asked.items()), "--apply"])


@contextmanager
def _waiting() -> Iterator[None]:
    """On a terminal, that it is at work: hundreds of runs take seconds."""
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console

    with Console(stderr=True, markup=False, highlight=False).status("Replaying rules over past runs"):
        yield


def _say(found: dict[str, Any], *, one: bool) -> None:
    if not found["missing"]:
        _say_runs(found)
    for left in found["left_out"]:
        say(f"left out, {_count(left['runs'], 'run')}: {left['why']}")
    if found["missing"]:
        say(f"Nothing can be said yet: {found['missing']}.")
        return
    _rules(found, one=one)
    for rule in found["not_replayed"]:
        say(f"{rule['rule']}: not replayed, it {rule['why']}.")


def _say_runs(found: dict[str, Any]) -> None:
    newest = (
        ""
        if found["newest"] is None
        else f"; only the newest {found['newest']} of {found['runs_over']} were read; --runs takes more"
    )
    counted = (
        f"{found['winners']} of {found['runs']} reached their target, of {_count(found['tickets'], 'ticket')}"
    )
    facts(
        [
            ("runs", f"{counted}{newest}"),
            ("problems", ", ".join(shortened(name) for name in found["problems"][:10]) or None),
        ]
    )


def _rules(found: dict[str, Any], *, one: bool) -> None:
    print()
    table(
        ("rule", "on", "winners killed", "at most", "doomed killed", "compute saved", "by itself"),
        [
            (
                row["rule"],
                {True: "on", False: "off", None: "-"}[row["enabled"]],
                _killed(row),
                percent(row["winners_killed_at_most"], ".1%"),
                f"{row['doomed_killed']} of {row['doomed']}" if _answered(row) else "not known",
                _saved(row),
                "may stop" if row["may_stop"] else "only recommends",
            )
            for row in found["rules"]
        ],
        none="No rule can be replayed.",
    )
    print()
    for row in found["rules"]:
        name = "" if row["asks"].startswith(row["rule"]) else f"{row['rule']}: "
        note = f" (replayed {row['note']})" if row["note"] else ""
        say(f"{name}{row['asks']}{note}. {'May stop' if row['may_stop'] else 'Recommends'}: {row['why']}.")
        if one:
            say_values(row)
            if row["rule"] == "futility":
                say_chances(found)
        _runs(row, one=one)
    if found["changes"] and not one:
        told = ", ".join(f"{change['rule']} {change['after']}" for change in found["changes"])
        say(f"By these runs other settings are better: {told}. See and use them: assay backtest --apply")
    if found["compute_in"] == "budgets" and any(row["saved"] for row in found["rules"]):
        say(
            "Compute saved is a share of budgets, each counted as one: not every run says how many GPU-hours it used."
        )


def _runs(row: dict[str, Any], *, one: bool) -> None:
    shown = row["killed"] if one else [run for run in row["killed"] if run["won"]][:_SHOWN]
    for run in shown:
        end = "reached its target" if run["won"] else "never reached its target"
        say(f"  {run['ticket']} {run['run_id']}: stopped at {run['stopped_at']:.0%} of its budget; it {end}")
    total = row["killed_total"] if one else row["winners_killed"]
    if total > len(shown):
        more = f"all: assay backtest --rule {row['rule']}" if not one else "winners come first"
        say(f"  {len(shown)} of {total} above; {more}")


def _answered(row: dict[str, Any]) -> bool:
    return bool(row["unanswered"] < row["winners"] + row["doomed"])


def _killed(row: dict[str, Any]) -> str:
    if not row["winners_judged"]:
        return "not known"
    return f"{row['winners_killed']} of {row['winners_judged']}"


def _saved(row: dict[str, Any]) -> str:
    saved = row["saved"]
    if saved is None:
        return "not known"
    span = "" if saved["low"] is None else f" ({saved['low']:.0%} to {saved['high']:.0%})"
    hours = "" if row["saved_gpu_hours"] is None else f", {_hours(row['saved_gpu_hours'])} GPU-hours"
    return f"{saved['value']:.0%}{span}{hours}"


def _hours(hours: float) -> str:
    return f"{hours:,.0f}" if hours >= 1000 else f"{hours:.3g}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
