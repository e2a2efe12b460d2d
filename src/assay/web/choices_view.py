"""Build or buy in plain words for the page."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from assay.domain.portfolio.build_or_buy import BuildOrBuy, Compared
from assay.errors import AssayError
from assay.web import wording
from assay.web.contexts.choices import ChoiceCard, ChoicesPage, OptionLine
from assay.web.contexts.gates import ResultChip
from assay.web.gate_words import problem
from assay.workflows.choices import EXAMPLE, ChoiceView
from assay.workflows.ticket_file import dump_ticket_text

_CHIPS = {
    True: ResultChip("yes", "promote", "check"),
    False: ResultChip("no", "kill", "cross"),
    None: ResultChip("unknown", "none", "question"),
}


def choices_page(
    slug: str,
    views: Sequence[ChoiceView],
    *,
    csrf_token: str,
    edited: str = "",
    error: AssayError | None = None,
    sent: tuple[str, int, str] | None = None,
) -> ChoicesPage:
    """Everything the page prints.

    edited: name of the comparison in the form; empty for a new one. sent: name, version and text of a refused form.
    """
    here = f"/p/{slug}/build-or-buy"
    known = next((one for one in views if one.name == edited), None)
    name, version, text = sent or (
        (known.name, known.version, dump_ticket_text(dict(known.data))) if known else ("", 0, EXAMPLE)
    )
    return ChoicesPage(
        cards=tuple(_card(one, slug, here) for one in views),
        action=here,
        here=here,
        canvas_href=f"/p/{slug}/canvas",
        name=name,
        version=version,
        text=text,
        is_new=version == 0,
        problem=None if error is None else problem(error),
        csrf_token=csrf_token,
    )


def _card(view: ChoiceView, slug: str, here: str) -> ChoiceCard:
    choice = view.choice
    return ChoiceCard(
        name=view.name,
        question=choice.question,
        expected=_expected(choice),
        chosen=choice.chosen,
        reason=choice.reason,
        written=f"version {view.version} by {view.by}, {wording.minute(view.at)}",
        options=tuple(_option(one, choice) for one in view.compared),
        edit_href=f"{here}?edit={view.name}#write",
        yaml_href=f"/api/v1/projects/{slug}/build-or-buy/{view.name}?format=yaml",
    )


def _expected(choice: BuildOrBuy) -> str:
    volume = choice.requests_per_month
    parts = (
        f"{volume:,f} requests a month" if volume is not None else "volume unknown",
        f"growing by {choice.growth_percent:f}% a year" if choice.growth_percent else "",
        f"{choice.sensitivity.value} data" if choice.sensitivity else "sensitivity of the data unknown",
        f"at most {choice.latency_limit_ms:f} ms" if choice.latency_limit_ms is not None else "",
    )
    return ", ".join(part for part in parts if part)


def _option(one: Compared, choice: BuildOrBuy) -> OptionLine:
    option = one.option
    missing = one.costs[-1].missing
    return OptionLine(
        name=option.name,
        route=option.route.value,
        costs=tuple(
            (_usd(cost.usd), cheapest) for cost, cheapest in zip(one.costs, one.is_cheapest, strict=True)
        ),
        missing=f"Unknown: {', '.join(missing).replace('_', ' ')}" if missing else "",
        leaving=_usd(option.exit_usd),
        maintenance="unknown"
        if option.maintenance_days is None
        else f"{option.maintenance_days:f} days a month",
        sees=_CHIPS[one.sees_data],
        latency="unknown" if option.latency_ms is None else f"{option.latency_ms:f} ms",
        fast=_CHIPS[one.fast_enough],
        notes=option.notes,
        chosen=option.name == choice.chosen,
    )


def _usd(amount: Decimal | None) -> str:
    return "unknown" if amount is None else f"{amount:,.0f} USD"
