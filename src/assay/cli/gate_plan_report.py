"""A gate's plan on the terminal: what each claim takes, the looks over seeds, and how power grows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal

from pydantic import ValidationError

from assay.cli.screen import say, table
from assay.domain.gates.plan import GatePlan, PlanAsked, PlannedClaim
from assay.domain.gates.wording import count, hours
from assay.errors import Invalid

_SHARE = re.compile(r"(\d{1,3}(?:\.\d{1,6})?) ?%|(0?\.\d{1,8})", re.ASCII)
_BAR = 30


def asked(
    *, effect: str, power: str, hours: float | None, seed_sd: str, discordance: str | None
) -> PlanAsked:
    """What the options ask for.

    Raises:
        Invalid: one of them cannot be read.
    """
    shares = {"power": _share("power", power)}
    if discordance is not None:
        shares["discordance"] = _share("discordance", discordance)
    try:
        return PlanAsked.model_validate(
            {"effect": effect.strip(), "hours_per_seed": hours, "seed_sd": seed_sd.strip(), **shares}
        )
    except ValidationError as error:
        place = str(error.errors()[0]["loc"][0])
        raise Invalid(
            f"cannot read option --{place.replace('_', '-')}: out of range (expected more than 0, and a share less than 100%)",
            hint="assay gate plan --help",
            code="plan-invalid",
            field=place,
        ) from None


def _share(name: str, text: str) -> Decimal:
    found = _SHARE.fullmatch(text.strip())
    if found is None:
        raise Invalid(
            f"cannot read option --{name}: found {text[:40]!r} (expected a share such as 80%)",
            hint="assay gate plan --help",
            code="plan-invalid",
            field=name,
        )
    return Decimal(found[1]) / 100 if found[1] else Decimal(found[2])


def print_plan(plan: GatePlan) -> None:
    """Every claim in a row, then the looks and the curve of the first one that has them."""
    say(f"To show it in {plan.power:.0%} of cases, where the truth lies as assumed:")
    print()
    _table(
        ("role", "check", "if", "needs", "GPU-hours", "there are", "power", "could have seen"),
        [_row(claim) for claim in plan.claims],
    )
    for claim in plan.claims:
        for note in claim.notes:
            say(f"{claim.check}: {note}")
    if plan.together is not None:
        say(f"All primary and blocking ones at once, with what is there: at least {plan.together:.0%}.")
    for note in plan.notes:
        say(note)
    for claim in plan.claims:
        _print_looks(claim, plan.power)
    first = next((claim for claim in plan.claims if claim.curve), None)
    if first is not None:
        _print_curve(first, plan.power)


def _row(claim: PlannedClaim) -> tuple[str, ...]:
    if claim.unknown:
        return (claim.role.value, claim.check, "-", claim.unknown, "", "", "", "")
    there = [
        count(claim.seeds, "seed") if claim.seeds else "",
        "" if claim.examples is None else count(claim.examples, "example"),
    ]
    return (
        claim.role.value,
        claim.check,
        claim.truth,
        claim.needs,
        "" if claim.gpu_hours is None else hours(claim.gpu_hours),
        ", ".join(filter(None, there)),
        "" if claim.power is None else f"{claim.power:.0%}",
        claim.detectable_text,
    )


def _print_looks(claim: PlannedClaim, power: float) -> None:
    if not claim.looks:
        return
    print()
    say(f"{claim.check}, if {claim.truth}:")
    by_examples = claim.examples is not None or all(look.power is None for look in claim.looks)
    rows = [
        (
            f"{look.seeds} seeds",
            "" if look.power is None else f"{look.power:.0%}",
            f"{look.examples:,}" if look.examples is not None else "none" if by_examples else "",
            "" if look.gpu_hours is None else hours(look.gpu_hours),
        )
        for look in claim.looks
    ]
    _table(("look", "power", f"examples for {power:.0%}", "GPU-hours"), rows)


def _table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Without the columns in which nothing stands."""
    kept = [place for place in range(len(headers)) if any(row[place] for row in rows)]
    table([headers[place] for place in kept], [[row[place] for place in kept] for row in rows])


def _print_curve(claim: PlannedClaim, power: float) -> None:
    print()
    say(f"{claim.check}, if {claim.truth}: power of one model by its examples")
    width = max(len(f"{point.examples:,}") for point in claim.curve)
    for point in claim.curve:
        bar = "#" * round(_BAR * point.power)
        mark = " <- wanted" if point.examples == claim.one_model else ""
        say(f"  {point.examples:>{width},}  {bar.ljust(_BAR, '.')}  {point.power:.0%}{mark}")
    say(f"  {'':>{width}}  {' ' * (round(_BAR * power) - 1)}^ {power:.0%}")
