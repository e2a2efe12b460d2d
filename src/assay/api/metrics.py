"""Which metric does a body declare?"""

from __future__ import annotations

from pydantic import ValidationError

from assay.api.schemas.projects import MetricBody
from assay.domain.kernel.metric_name import METRIC_NAME
from assay.domain.kernel.metrics import Metric
from assay.domain.kernel.readings import reading_of
from assay.errors import Invalid


def metric_from_body(name: str, body: MetricBody) -> Metric:
    """The metric of this name and body.

    Raises:
        Invalid: the name, or an alias, is none.
    """
    for place, text in (("name", name), *((f"aliases.{i}", alias) for i, alias in enumerate(body.aliases))):
        if METRIC_NAME.match(text) is None:
            raise Invalid(
                f"cannot declare metric {ascii(text)[:60]}: not a metric name (expected a letter or _, then up to 99 "
                "letters, digits, _ . - or /, as the tracker logs it)",
                hint="a name such as accuracy or val/loss",
                code="metric-name-malformed",
                field=place,
            )
    reading = reading_of(body.reading, field="reading")
    try:
        return Metric(
            name=name,
            direction=body.direction,
            unit=body.unit,
            decimals=body.decimals,
            aliases=tuple(body.aliases),
            description=body.description,
            reading=reading,
        )
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise Invalid(
            f"cannot declare metric {name!r}: {first['msg']}",
            hint="assay metric add --help",
            code="metric-malformed",
            field=".".join(str(place) for place in first["loc"]),
        ) from None
