"""`assay run compare`: runs side by side as seed groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from assay.cli.connection import connected
from assay.cli.options import Json, Project, given
from assay.cli.screen import print_json, say, shortened, table
from assay.cli.values import catalog_of

if TYPE_CHECKING:
    from assay.domain.kernel.metrics import Metric

SHOWN = 40


def compare(
    runs: Annotated[list[str] | None, typer.Argument(metavar="[RUN]...", help="Only these runs.")] = None,
    *,
    metric: Annotated[str | None, typer.Option("--metric", "-m", help="What is compared.")] = None,
    read: Annotated[
        str | None, typer.Option("--read", help="Which value counts: last, best, step N, mean of last N.")
    ] = None,
    ticket: Annotated[str | None, typer.Option("--ticket", help="A ticket key, or none.")] = None,
    status: Annotated[str | None, typer.Option("--status", help="Such as finished or failed.")] = None,
    dataset: Annotated[str | None, typer.Option("--dataset", help="Evaluation set with its version.")] = None,
    config: Annotated[
        list[str] | None,
        typer.Option("--config", "-c", metavar="NAME=VALUE", help="A parameter with its value."),
    ] = None,
    seed: Annotated[str | None, typer.Option("--seed", help="Of this seed.")] = None,
    since: Annotated[str | None, typer.Option("--since", help="Begun from this day on.")] = None,
    until: Annotated[str | None, typer.Option("--until", help="Begun up to this day.")] = None,
    query: Annotated[str | None, typer.Option("--query", "-q", help="Words in name or id.")] = None,
    curves: Annotated[
        bool, typer.Option("--curves", help="With --json: the curves, thinned, instead of the groups.")
    ] = False,
    cursor: Annotated[str | None, typer.Option("--cursor", help="next_cursor of the answer before.")] = None,
    project: Project = None,
    json: Json = False,
) -> None:
    """Compare runs as groups of seeds: mean, spread, interval and n of each configuration, the best first.

    Example: assay run compare --metric accuracy --config lr=0.1
    """
    asked = given(
        run=runs, metric=metric, read=read, ticket=ticket, status=status, dataset=dataset, config=config, seed=seed,
        since=since, until=until, q=query, cursor=cursor,
    )  # fmt: skip
    with connected(project) as api:
        if json:
            print_json(api.in_project("GET", f"/comparison{'/curves' if curves else ''}", query=asked).body)
            return
        found = api.in_project("GET", "/comparison", query=asked).data
        metrics = api.in_project("GET", "/metrics").data["rows"]
        slug = api.project
    declared = catalog_of(metrics).get(found["metric"]) if found["metric"] else None
    table(
        ("group", "ticket", "seeds", "mean", "spread", "interval", "to know"),
        [_line(group, declared) for group in found["groups"][:SHOWN]],
        none="No runs match. See what there is: assay run list",
    )
    _say_what_it_is(found, slug)


def _line(group: dict[str, Any], metric: Metric | None) -> tuple[object, ...]:
    from assay.domain.experiments.display import format_interval, format_spread, format_value
    from assay.domain.kernel.findings import ShownInterval

    arm = [] if group["arm"] in ("candidate", group["label"]) else [group["arm"]]
    early = ["before the lock"] if group["begun_before_lock"] else []
    name = ", ".join([*arm, group["label"], *early])
    interval = group["interval"] and ShownInterval(**group["interval"])
    shown = format_interval(interval, lambda value: format_value(metric, value)) if interval else ""
    mean = "unknown" if group["mean"] is None else format_value(metric, group["mean"])
    return (
        shortened(f"{name}{' (best)' if group['best'] else ''}", 80),
        group["ticket"] or "none",
        group["n"] or "",
        mean,
        "" if group["sd"] is None else format_spread(metric, group["sd"]),
        shown,
        shortened("; ".join([group["why"], *group["notes"]] if group["why"] else group["notes"]), 60),
    )


def _say_what_it_is(found: dict[str, Any], slug: str) -> None:
    from assay.domain.kernel.readings import reading_of

    groups = len(found["groups"])
    if not groups:
        return
    if groups > SHOWN:
        say(f"{SHOWN} of {groups} groups. All of them: --json")
    but = "".join(f" and {name}" for name in found["ignored_parameters"])
    say(
        f"{found['metric'] or 'No metric'} by {reading_of(found['read']).words}. One group: same ticket, arm, evaluation set and "
        f"parameters but the seed{but}."
    )
    if apart := found["splitting_parameters"]:
        named = " ".join(f"--ignored-parameter {name}" for name in (*found["ignored_parameters"], *apart))
        say(
            f"Another value in every run keeps seeds apart: {', '.join(apart)}. If that sets no configuration apart: "
            f"assay project edit {slug} {named} (it holds for tickets locked from then on)"
        )
    if found["metric"] and found["direction"] is None:
        say(
            f"No best: which way is better is not declared. assay metric add {found['metric']} --direction higher"
        )
    elif groups > 1:
        say("The best was chosen after looking: expect less of it on new seeds.")
    if found["next_cursor"]:
        say(f"Groups of {found['taken']:,} of {found['total']:,} runs. More: --cursor {found['next_cursor']}")
