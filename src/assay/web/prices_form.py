"""The prices of a project as a form, and the form's fields as prices."""

from __future__ import annotations

from pydantic import ValidationError
from starlette.datastructures import FormData

from assay.domain.experiments.prices import PriceList, price_from_text
from assay.errors import AssayError, Invalid
from assay.web.contexts.settings import PricesSection
from assay.web.inputs import text
from assay.workflows.records import Project


def prices_section(project: Project, typed: PricesSection | None = None) -> PricesSection:
    """The prices as lines of text; what was typed stays when it is refused."""
    held = project.settings.prices
    return typed or PricesSection(
        action=f"/p/{project.slug}/settings/prices",
        text="\n".join(map(str, held.prices)),
        default_device=held.default_device or "",
    )


def typed_prices(slug: str, form: FormData) -> PricesSection:
    """What was typed, as it was."""
    return PricesSection(
        action=f"/p/{slug}/settings/prices",
        text=text(form, "prices"),
        default_device=text(form, "default_device"),
    )


def prices_from_form(typed: PricesSection) -> PriceList:
    """The prices that were typed.

    Raises:
        Invalid: a line is no price, two prices hold from the same day, or the default device has none.
    """
    lines = [line for line in typed.text.splitlines() if line.strip()]
    told = [price_from_text(line) for line in lines]
    try:
        return PriceList(prices=tuple(told), default_device=typed.default_device.strip() or None)
    except ValidationError as error:
        raise _refused(error) from None


def _refused(error: ValidationError) -> AssayError:
    return Invalid(
        f"cannot save prices: they contradict each other (expected {error.errors()[0]['msg']})",
        hint="one line a device and day, such as: A100 = 2.10 since 2026-01-01",
        code="prices-contradict",
        field="prices",
    )
