"""What a ticket form says, as ticket content; everything wrong with it at once, by field."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import zip_longest
from typing import Any

from pydantic import ValidationError
from starlette.datastructures import FormData

from assay.domain.experiments.criteria.model import Criterion
from assay.domain.experiments.criteria.text import criterion_text, parse_criterion
from assay.domain.experiments.experiment import KillRuleValues, TicketContent
from assay.domain.experiments.ticket_data import check_lines
from assay.domain.kernel.findings import Role
from assay.domain.kernel.metrics import MetricCatalog
from assay.errors import Invalid
from assay.web.contexts.ticket_form import BaselineRow, NeedRow, ReadLine, Typed, Wrong
from assay.web.errors import sentences
from assay.web.inputs import text, texts
from assay.web.prediction_form import prediction_of, typed_prediction

ROLES = tuple(role.value for role in Role)
MOST_LINES = 40
_FIELDS = {
    "budget.gpu_hours": "gpu_hours",
    "budget.cost_usd": "cost_usd",
    "looks.stages": "looks",
    **{f"kill_rule_values.{name}": name for name in KillRuleValues.model_fields},
    "spike.question": "question",
    "spike.deliverable": "deliverable",
    "data.source": "data_source",
    "data.volume": "data_volume",
    "data.stage": "data_stage",
    "data.arrives": "data_arrives",
    "engineering.model_version": "model_version",
    "engineering.latency_ms": "latency_ms",
    "engineering.latency_percentile": "latency_percentile",
    "engineering.cost_usd_per_1000": "cost_usd_per_1000",
    "feature.fallback": "fallback",
}


@dataclass(frozen=True, slots=True)
class Draft:
    """A form as it was understood."""

    content: TicketContent | None
    """None when something cannot be read."""
    lines: tuple[ReadLine, ...]
    wrong: tuple[Wrong, ...]


def typed_from_form(form: FormData) -> Typed:
    """What was typed, field by field."""
    plain = {name: text(form, name) for name in Typed.__dataclass_fields__ if name not in _LISTS}
    columns = [
        texts(form, name)
        for name in ("baseline_metric", "baseline_value", "baseline_source", "baseline_ticket")
    ]
    baselines = tuple(BaselineRow(*row) for row in zip(*columns, strict=False) if any(row))
    ready = set(texts(form, "need_ready"))
    needs = zip_longest(
        *(texts(form, name) for name in ("need_dataset", "need_versions", "need_by", "need_arrives")),
        fillvalue="",
    )
    return Typed(
        **plain,
        kill_rules_off=texts(form, "kill_rules_off"),
        baselines=baselines,
        needs=tuple(
            NeedRow(dataset, versions, by, arrives, ready=str(index) in ready)
            for index, (dataset, versions, by, arrives) in enumerate(needs)
            if any((dataset, versions, by, arrives))
        ),
    )


_LISTS = frozenset({"kill_rules_off", "baselines", "needs"})


def typed_from_content(content: TicketContent, catalog: MetricCatalog) -> Typed:
    """A ticket as the form shows it for editing."""
    by_role = {
        role: "\n".join(criterion_text(c, metrics=catalog) for c in content.criteria if c.role.value == role)
        for role in ROLES
    }
    budget = content.budget
    return Typed(
        type=content.type.value,
        title=content.title,
        hypothesis=content.hypothesis,
        method=content.method,
        **by_role,
        gpu_hours=_plain(budget.gpu_hours),
        cost_usd=_plain(budget.cost_usd),
        gpus=_plain(content.gpus),
        time_box_days=_plain(content.time_box_days),
        mode=content.mode.value if content.mode else "",
        axis=content.axis.value if content.axis else "",
        owner=content.owner,
        priority=str(content.priority),
        labels=", ".join(content.labels),
        looks=", ".join(str(stage) for stage in content.looks.stages),
        candidate=content.candidate or "",
        **typed_prediction(content.prediction),
        kill_rules_off=content.kill_rules_off,
        **{name: _plain(value) for name, value in content.kill_rule_values},
        baselines=tuple(
            BaselineRow(metric=b.metric, value=_plain(b.value), source=b.source, ticket=b.ticket or "")
            for b in content.baseline
        ),
        needs=tuple(
            NeedRow(
                dataset=n.dataset,
                versions=n.versions,
                needed_by=f"{n.needed_by:%Y-%m-%d}" if n.needed_by else "",
                arrives=n.arrives,
                ready=n.ready,
            )
            for n in content.data_needs
        ),
        **_own_typed(content),
    )


def _own_typed(content: TicketContent) -> dict[str, str]:
    own = content.engineering
    return {
        "trackers": "\n".join(f"{link.url} {link.title}".strip() for link in content.trackers),
        "question": content.spike.question,
        "deliverable": content.spike.deliverable,
        "data_source": content.data.source,
        "data_volume": content.data.volume,
        "data_stage": _plain(content.data.stage),
        "data_arrives": content.data.arrives,
        "model_version": own.model_version,
        "latency_ms": _plain(own.latency_ms),
        "latency_percentile": str(own.latency_percentile),
        "cost_usd_per_1000": _plain(own.cost_usd_per_1000),
        "fallback": content.feature.fallback,
    }


def _plain(value: object) -> str:
    return "" if value is None else f"{value}"


def read_draft(typed: Typed, catalog: MetricCatalog) -> Draft:
    """Everything the form says, and everything wrong with it."""
    lines, criteria = _criteria(typed, catalog)
    wrong = [line.problem for line in lines if line.problem is not None]
    content = None
    try:
        data = _data(typed, criteria)
        check_lines(data)
        content = TicketContent.model_validate(data)
    except ValidationError as error:
        wrong += [_wrong(one) for one in error.errors()]
    except Invalid as error:
        wrong.append(
            Wrong(field=_field_of(error.field or ""), text=sentences(error.message)[0], hint=error.hint)
        )
    return Draft(content=None if wrong else content, lines=lines, wrong=tuple(wrong))


def _criteria(typed: Typed, catalog: MetricCatalog) -> tuple[tuple[ReadLine, ...], list[Criterion]]:
    lines, criteria = [], []
    for role in ROLES:
        written = [line.strip() for line in getattr(typed, role).splitlines() if line.strip()]
        for line in written[:MOST_LINES]:
            try:
                criterion = parse_criterion(line, metrics=catalog, role=Role(role))
            except Invalid as error:
                lines.append(ReadLine(role=role, text=line, problem=_pointed(role, error)))
                continue
            criteria.append(criterion)
            lines.append(ReadLine(role=role, text=criterion_text(criterion, metrics=catalog), problem=None))
    return tuple(lines), criteria


def _pointed(role: str, error: Invalid) -> Wrong:
    """A criterion that cannot be read: the message, and a caret below the character."""
    message, _, _ = error.message.partition("\n")
    what, expected = sentences(message)
    _, _, fact = what.partition("': ")
    start, end = int(error.details.get("position", 0)), int(error.details.get("end", 0))
    line = str(error.details.get("line", ""))
    caret = f"{' ' * start}{'^' * max(1, min(end, len(line)) - start)}"
    said = (fact or what)[:1].upper() + (fact or what)[1:]
    return Wrong(
        field=role,
        text=f"{said}. Expected {expected}." if expected else said,
        pointer=f"{line}\n{caret}" if line else "",
        readings=tuple(str(reading).strip() for reading in error.details.get("readings", ())),
        hint=error.hint if not error.details.get("readings") else "",
    )


def _data(typed: Typed, criteria: Iterable[Criterion]) -> dict[str, Any]:
    return {
        "type": typed.type or "experiment",
        "title": typed.title,
        "hypothesis": typed.hypothesis,
        "method": typed.method,
        "criteria": tuple(criteria),
        "baseline": tuple(
            {
                "metric": b.metric,
                "value": b.value or None,
                "source": b.source,
                "ticket": b.ticket.upper() or None,
            }
            for b in typed.baselines
        ),
        "budget": {"gpu_hours": typed.gpu_hours or None, "cost_usd": typed.cost_usd or None},
        "gpus": typed.gpus or None,
        "time_box_days": typed.time_box_days or None,
        "mode": typed.mode or None,
        "axis": typed.axis or None,
        "owner": typed.owner,
        "priority": typed.priority or "2",
        "labels": _split(typed.labels),
        "looks": {"stages": _split(typed.looks) or ("3", "5", "8", "10")},
        "candidate": typed.candidate or None,
        "kill_rules_off": typed.kill_rules_off,
        "kill_rule_values": {name: getattr(typed, name) or None for name in KillRuleValues.model_fields},
        "prediction": prediction_of(typed),
        "data_needs": tuple(
            {
                "dataset": n.dataset,
                "versions": n.versions,
                "needed_by": _date(n.needed_by),
                "arrives": n.arrives,
                "ready": n.ready,
            }
            for n in typed.needs
        ),
        "trackers": tuple(
            {"url": url, "title": title.strip()}
            for line in typed.trackers.splitlines()
            if line.strip()
            for url, _, title in (line.strip().partition(" "),)
        ),
        **_own_data(typed),
    }


def _own_data(typed: Typed) -> dict[str, dict[str, Any]]:
    """What only tickets of this type have: the form of another type does not show it."""
    of_type: dict[str, dict[str, Any]] = {
        "spike": {"question": typed.question, "deliverable": typed.deliverable},
        "data": {
            "source": typed.data_source,
            "volume": typed.data_volume,
            "stage": typed.data_stage or None,
            "arrives": typed.data_arrives,
        },
        "engineering": {
            "model_version": typed.model_version,
            "latency_ms": typed.latency_ms or None,
            "latency_percentile": typed.latency_percentile or 95,
            "cost_usd_per_1000": typed.cost_usd_per_1000 or None,
        },
        "feature": {"fallback": typed.fallback},
    }
    return {typed.type: of_type[typed.type]} if typed.type in of_type else {}


def _split(listed: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in listed.split(",") if part.strip())


def _date(typed: str) -> datetime | None:
    if not typed:
        return None
    try:
        return datetime.strptime(typed, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        raise Invalid(
            f"cannot read the day a data set is needed by: found {typed[:40]!r} (expected a day such as 2026-05-12)",
            hint="write the day as year-month-day",
            code="date-malformed",
            field="needs",
        ) from None


def _wrong(error: Any) -> Wrong:
    path = ".".join(str(part) for part in error["loc"] if not isinstance(part, int))
    field = _field_of(path)
    return Wrong(field=field, text=_words(error, field))


def _field_of(path: str) -> str:
    """Which field of the form stands for this part of a ticket?"""
    name = _FIELDS.get(path) or path.partition(".")[0].partition("[")[0]
    return {"baseline": "baselines", "data_needs": "needs"}.get(name, name)


def _words(error: Any, field: str) -> str:
    found = str(error.get("input", ""))[:40]
    if error["type"] == "string_too_short":
        return f"The {field.replace('_', ' ')} is empty."
    message = str(error["msg"]).removeprefix("Value error, ").removeprefix("Input ")
    return f"Found {found!r}: {message}." if found else f"{message[:1].upper()}{message[1:]}."
