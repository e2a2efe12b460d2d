"""`assay project prices`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from assay.cli.connection import connected
from assay.cli.options import Json, Project
from assay.cli.screen import print_json, say, table
from assay.errors import NotFound


def prices(
    set_price: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="PRICE",
            help='USD for an hour of a device: "A100 = 2.10", or "A100 = 2.10 since 2026-01-01"; may be repeated.',
        ),
    ] = None,
    drop: Annotated[
        list[str] | None,
        typer.Option("--drop", metavar="DEVICE", help="Take away all prices of a device; may be repeated."),
    ] = None,
    default: Annotated[
        str | None,
        typer.Option(
            "--default",
            metavar="DEVICE",
            help="The device of runs whose own is not known; '' for none.",
        ),
    ] = None,
    project: Project = None,
    json: Json = False,
) -> None:
    """Show or set what an hour of a device costs; runs without the tag assay.cost_usd cost their GPU-hours times it.

    Example: assay project prices --set "A100 = 2.10 since 2026-01-01" --default A100
    """
    with connected(project) as api:
        answer = api.in_project("GET", "/prices")
        if set_price or drop or default is not None:
            body = _changed(answer.data, set_price or [], drop or [], default)
            answer = api.in_project("PUT", "/prices", body=body, version="*")
    if json:
        print_json(answer.body)
        return
    found = answer.data
    table(
        ("device", "usd per hour", "since"),
        [(one["device"], one["usd_per_hour"], one["since"] or "the beginning") for one in found["prices"]],
        none='No prices. Set one: assay project prices --set "A100 = 2.10"',
    )
    if found["default_device"]:
        say(f"Runs whose device is not known count as {found['default_device']}.")


def _changed(
    held: dict[str, Any], told: list[str], dropped: list[str], default: str | None
) -> dict[str, Any]:
    from assay.domain.experiments.prices import price_from_text

    kept = {(one["device"].casefold(), one["since"]): one for one in held["prices"]}
    for device in dropped:
        if device.casefold() not in {name for name, _ in kept}:
            raise NotFound(
                f"cannot drop prices of {device[:60]!r}: the project has none (expected a device with a price)",
                hint="assay project prices",
                code="price-unknown",
                field="prices",
            )
        kept = {key: one for key, one in kept.items() if key[0] != device.casefold()}
    for text in told:
        one = price_from_text(text).model_dump(mode="json")
        kept[one["device"].casefold(), one["since"]] = one
    left = {name for name, _ in kept}
    before: str | None = held["default_device"]
    was_dropped = before is not None and before.casefold() not in left
    chosen = default.strip() or None if default is not None else None if was_dropped else before
    ordered = sorted(kept.items(), key=lambda item: (item[0][0], item[0][1] or ""))
    return {"prices": [one for _, one in ordered], "default_device": chosen}
