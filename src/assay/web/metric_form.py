"""A metric as a form declares it."""

from __future__ import annotations

from pydantic import ValidationError
from starlette.datastructures import FormData

from assay.domain.kernel.metrics import Metric
from assay.domain.kernel.readings import EXPECTED as READINGS
from assay.errors import Invalid
from assay.web.inputs import text


def metric_from_form(form: FormData) -> Metric:
    """The metric a form names.

    Raises:
        Invalid: a field cannot be read; the message names it.
    """
    aliases = tuple(part.strip() for part in text(form, "metric_aliases").split(",") if part.strip())
    name = text(form, "metric_name")
    data = {
        "name": name,
        "direction": text(form, "metric_direction"),
        "unit": text(form, "metric_unit") or "number",
        "decimals": text(form, "metric_decimals") or None,
        "aliases": aliases,
        "description": text(form, "metric_description"),
        "reading": text(form, "metric_reading") or "last",
    }
    try:
        return Metric.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        field = str(first["loc"][0]) if first["loc"] else "name"
        raise Invalid(
            f"cannot declare metric {name[:60]!r}: {field} is {str(first.get('input'))[:60]!r} "
            f"(expected {_RULES.get(field, 'another value')})",
            hint="correct the field, then declare it again",
            code="metric-malformed",
            field=f"metric_{field}",
        ) from None


_RULES = {
    "name": "a name such as accuracy or eval/f1, of letters, digits and . - / _",
    "direction": "higher or lower",
    "decimals": "a whole number from 0 to 9",
    "description": "at most 2000 characters",
    "reading": READINGS,
}
