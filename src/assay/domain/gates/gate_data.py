"""A gate as plain data, for YAML files and the API: plain mappings in, plain mappings out, lossless.

    gate: answer-quality          # the file's name where it is left out
    version: 3
    dataset: support-eval@3
    metrics: {latency_ms: {direction: lower, unit: ms}}
    criteria: [accuracy >= 85%, accuracy no worse than baseline by 2%, p95 of latency_ms < 500 ms]
    blocking: [toxicity < 0.1%]
    secondary: [sd of accuracy <= 3%]
    checks: [slices: {by: [language, topic], margin: 3%}, regression]
    settings: {alpha: 0.05, mode: bound, looks: [3, 5, 8, 10]}

The smallest gate is `criteria: ["accuracy >= 85%"]`. Unknown fields are refused with close matches. The text of a file is read
by the caller (`load_ticket_text`, which refuses aliases, tags and repeated keys).
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, TypeVar, cast

from assay.domain.experiments.criteria.amounts import PERCENT, WrittenAmount
from assay.domain.experiments.criteria.draft import Draft
from assay.domain.experiments.criteria.model import Criterion, Margin
from assay.domain.experiments.criteria.structured import (
    CRITERIA_MAX,
    Form,
    criterion_from_data,
    criterion_to_data,
    draft_from_data,
)
from assay.domain.experiments.criteria.text import criterion_text, dataset_text
from assay.domain.experiments.exact_numbers import json_number
from assay.domain.experiments.fields import (
    as_choice,
    as_flag,
    as_integer,
    as_list,
    as_mapping,
    as_text,
    found_text,
    refuse,
)
from assay.domain.experiments.ticket_data import looks_from_data
from assay.domain.gates.gate import (
    GATE_TESTS,
    METRICS_MAX,
    Gate,
    GateCheck,
    GateSettings,
    GoldenCheck,
    ItemsCheck,
    LeakageCheck,
    MetricCheck,
    RegressionCheck,
    SlicesCheck,
)
from assay.domain.gates.gate_check_data import checks_from_data, checks_to_data
from assay.domain.gates.gate_fields import (
    built,
    dataset,
    in_gate_words,
    metric_name,
    names,
    rate,
    rate_data,
)
from assay.domain.gates.gate_metrics import (
    Hint,
    check_hints,
    margin_hint,
    provisional_catalog,
    threshold_hint,
    with_units,
)
from assay.domain.kernel.canonical import digest
from assay.domain.kernel.findings import Role
from assay.domain.kernel.metrics import Direction, Metric, MetricCatalog, Unit
from assay.domain.kernel.model import Value
from assay.domain.kernel.readings import LAST, reading_of
from assay.errors import Invalid

GATE_KEYS = (
    "gate",
    "version",
    "description",
    "dataset",
    "metrics",
    "criteria",
    "blocking",
    "secondary",
    "checks",
    "settings",
)
METRIC_KEYS = ("direction", "unit", "decimals", "aliases", "description", "reading")
SETTINGS_KEYS = ("alpha", "mode", "looks", "sequential", "unmatched_limit")
CRITERIA_KEYS = {"criteria": Role.PRIMARY, "blocking": Role.BLOCKING, "secondary": Role.SECONDARY}
_KEY_OF_ROLE = {role: key for key, role in CRITERIA_KEYS.items()}
Read = TypeVar("Read")
_UNITS = {unit.value: unit for unit in Unit}
_DEFAULTS = GateSettings()
_UNNAMED = "gate"


def gate_from_data(data: object, *, name: str = _UNNAMED) -> Gate:
    """Which gate does this data mean?

    Args:
        data: a mapping as above; one criterion or check that can fail is all that must be there.
        name: what the gate is called when the data does not say, such as the file's name (see `gate_name`).

    Raises:
        Invalid: `field` is the path of the entry at fault, such as `checks[2].slices.margin` or `criteria[0]`.

    >>> gate = gate_from_data({"criteria": ["accuracy >= 85%"]})
    >>> gate.criteria[0].test.value.value, gate_to_data(gate)["criteria"]
    (Decimal('0.85'), ['accuracy >= 85%'])
    """
    if not isinstance(data, Mapping):
        raise Invalid(
            f"cannot read gate: found {found_text(data)} (expected a mapping of field names to values)",
            hint='the smallest gate is: criteria: ["accuracy >= 85%"]',
            code="gate-invalid",
        )
    fields = as_mapping(data, "", known=GATE_KEYS)
    declared = _metrics(fields.get("metrics"), "metrics")
    drafts = _drafts(fields)
    primary = next((draft.subject for _, _, _, draft in drafts), None)
    left_open = _without_unit(fields.get("metrics"))
    told = MetricCatalog(metrics=tuple(metric for metric in declared if metric.name not in left_open))
    unread = checks_from_data(fields.get("checks"), told, primary)
    hints = [_draft_hint(draft) for *_, draft in drafts]
    hints += [hint for check in unread for hint in check_hints(check, primary)]
    declared = with_units(declared, left_open, hints)
    catalog = provisional_catalog(declared, hints)
    read: dict[str, Any] = {
        "name": gate_name(name) if fields.get("gate") is None else _name(fields["gate"], "gate"),
        "metrics": declared,
        "criteria": tuple(_criterion(entry, catalog, role, path) for entry, role, path, _ in drafts),
        "checks": checks_from_data(fields.get("checks"), catalog, primary),
    }
    if fields.get("version") is not None:
        read["version"] = as_integer(fields["version"], "version", low=1, high=10**9)
    if fields.get("description") is not None:
        read["description"] = as_text(fields["description"], "description", limit=20_000)
    if fields.get("dataset") is not None:
        read["dataset"] = dataset(fields["dataset"], "dataset")
    if fields.get("settings") is not None:
        read["settings"] = _settings(fields["settings"], "settings")
    return built(Gate, read, "")


def gate_to_data(gate: Gate, *, criteria: Form = "text") -> dict[str, Any]:
    """How is a gate written in YAML and JSON? Reading it with `gate_from_data` gives the same gate.

    Args:
        gate: the gate.
        criteria: `text` writes each criterion as one line, `structured` as a mapping.
    """
    data: dict[str, Any] = {"gate": gate.name, "version": gate.version}
    _put(data, "description", gate.description)
    if gate.dataset is not None:
        data["dataset"] = dataset_text(gate.dataset)
    _put(data, "metrics", {metric.name: _metric_data(metric) for metric in gate.metrics})
    for key, role in CRITERIA_KEYS.items():
        chosen = [criterion for criterion in gate.criteria if criterion.role is role]
        _put(data, key, [_criterion_data(criterion, criteria) for criterion in chosen])
    _put(data, "checks", checks_to_data(gate.checks))
    _put(data, "settings", _settings_data(gate.settings))
    return data


def gate_digest(gate: Gate) -> str:
    """Which digest stands for what the gate asks, as `sha256:<64 hex digits>`?

    Its name, version and description do not count, and neither does the order of criteria, checks, columns, examples and
    items. Defaults count as what they are, so a gate keeps its digest when it spells them out.
    """
    return digest(
        {
            "dataset": None if gate.dataset is None else dataset_text(gate.dataset),
            "metrics": [_asked(metric) for metric in gate.metrics],
            "criteria": _ordered([criterion_to_data(criterion) for criterion in gate.criteria]),
            "checks": _ordered([_asked(check) for check in asked_checks(gate)]),
            "settings": _asked(gate.settings),
        }
    )


def asked_checks(gate: Gate) -> tuple[GateCheck, ...]:
    """The checks with their metric named and their lists in one order: neither says anything by itself.

    Golden examples are what is asked, wherever they were read.
    """
    return tuple(_settled(check, gate) for check in gate.checks)


def _settled(check: GateCheck, gate: Gate) -> GateCheck:
    update: dict[str, object] = {}
    if isinstance(check, MetricCheck):
        update["metric"] = gate.metric_of(check)
    match check:
        case SlicesCheck():
            update["by"] = tuple(sorted(check.by))
        case GoldenCheck(examples=(_, *_)):
            update |= {"file": None, "digest": None, "examples": tuple(sorted(check.examples))}
        case LeakageCheck():
            update["against"] = tuple(sorted(check.against))
        case RegressionCheck():
            update["leave_out"] = tuple(sorted(check.leave_out))
            update["margins"] = tuple(sorted(check.margins, key=lambda own: own.metric))
        case ItemsCheck():
            update["items"] = tuple(item.asked for item in sorted(check.items, key=lambda item: item.name))
        case _:
            pass
    return check.model_copy(update=update)


def gate_name(text: str) -> str:
    """What is a gate called whose file has this name? What a name cannot hold becomes a hyphen.

    >>> gate_name("Antwort-Qualität (v2)")
    'Antwort-Qualit-t-v2'
    """
    name = re.sub(r"[^A-Za-z0-9_.]+", "-", text).strip("-.")
    return name[:100] or _UNNAMED


def _drafts(fields: Mapping[str, object]) -> list[tuple[object, Role, str, Draft]]:
    """Every criterion as it is written, primary ones first, with its role and path."""
    found = []
    for key, role in CRITERIA_KEYS.items():
        value = fields.get(key)
        entries = [value] if isinstance(value, str) else as_list(value, key, limit=CRITERIA_MAX)
        for place, entry in enumerate(entries):
            path = f"{key}[{place}]"
            draft = _draft(entry, path)
            _refuse_tickets(draft, entry, path)
            found.append((entry, role, path, draft))
    return found


def _draft(entry: object, path: str) -> Draft:
    if isinstance(entry, Mapping) and len(entry) == 1 and next(iter(entry)) in list(Role):
        role = next(iter(entry))
        refuse(
            path,
            f"the role {role} in front of a criterion",
            "the criterion alone: the list it stands in says its role",
            hint=f"move it to '{_KEY_OF_ROLE.get(role, 'criteria')}:'",
        )
    return _in_gate(path, lambda: draft_from_data(entry, path=path))


def _refuse_tickets(draft: Draft, entry: object, path: str) -> None:
    """A gate has no budget, no curve and no search: such criteria stand on tickets."""
    if draft.kind in GATE_TESTS:
        return
    line = f"'{entry.strip()[:100]}'" if isinstance(entry, str) else f"a criterion of kind {draft.kind}"
    hint = "put it on the ticket"
    if draft.kind == "resource":
        hint = f"for a metric of that name write 'metric {draft.subject} ...'; what a ticket's runs used stands on the ticket"
    refuse(
        path,
        f"{line}, which is about a ticket's runs",
        "a threshold, percentile, spread, improvement or non-inferiority of one evaluation",
        hint=hint,
        code="gate-criterion-kind",
    )


def _in_gate(path: str, read: Callable[[], Read]) -> Read:
    """What is read; an error names the path in the gate, and nothing that gates do not have."""
    try:
        return read()
    except Invalid as error:
        message = error.message.replace("cannot read criterion '", f"cannot read criterion {path} '", 1)
        raise Invalid(
            in_gate_words(message),
            hint=in_gate_words(error.hint),
            code=error.code,
            field=error.field,
            details=error.details,
        ) from None


def _criterion(entry: object, catalog: MetricCatalog, role: Role, path: str) -> Criterion:
    return _in_gate(path, lambda: criterion_from_data(entry, catalog, role=role, path=path))


def _draft_hint(draft: Draft) -> Hint:
    """What does a criterion imply whose unit is known only as it was written?"""
    amount = draft.amount
    assert amount is not None  # every criterion of a gate has one
    unit = Unit.FRACTION if amount.unit == PERCENT else _UNITS.get(amount.unit or "", Unit.NUMBER)
    if draft.kind in ("threshold", "percentile") and not amount.relative:
        value = amount.number.scaleb(-2) if amount.unit == PERCENT else amount.number
        assert draft.comparison is not None
        return threshold_hint(draft.subject, "", draft.comparison, value, unit)
    return _amount_hint(draft.subject, amount, unit)


def _amount_hint(metric: str, amount: WrittenAmount, unit: Unit) -> Hint:
    """Of a margin only the unit tells something."""
    return margin_hint(metric, "", Margin(value=Decimal(0), unit=unit, relative=amount.relative))


def _metrics(value: object, path: str) -> tuple[Metric, ...]:
    if value is None:
        return ()
    found = as_mapping(value, path, known=value if isinstance(value, Mapping) else ())
    if len(found) > METRICS_MAX:
        refuse(path, f"{len(found)} metrics", f"at most {METRICS_MAX:,}")
    return tuple(_metric(metric_name(key, path), entry, f"{path}.{key}") for key, entry in found.items())


def _without_unit(value: object) -> frozenset[str]:
    """The metrics that are declared without a unit: the gate's numbers may say it."""
    entries = value if isinstance(value, Mapping) else {}
    return frozenset(name for name, entry in entries.items() if entry.get("unit") is None)


def _metric(name: str, value: object, path: str) -> Metric:
    fields = as_mapping(value, path, known=METRIC_KEYS)
    example = "direction: higher or direction: lower"
    if fields.get("direction") is None:
        refuse(f"{path}.direction", "nothing", example)
    read: dict[str, Any] = {
        "name": name,
        "direction": as_choice(fields["direction"], f"{path}.direction", Direction),
    }
    if fields.get("unit") is not None:
        unit = Unit.FRACTION if fields["unit"] == PERCENT else fields["unit"]
        read["unit"] = as_choice(unit, f"{path}.unit", Unit)
    if fields.get("decimals") is not None:
        read["decimals"] = as_integer(fields["decimals"], f"{path}.decimals", low=0, high=9)
    if fields.get("aliases") is not None:
        aliases = names(fields["aliases"], f"{path}.aliases", limit=20)
        read["aliases"] = tuple(metric_name(alias, f"{path}.aliases") for alias in aliases)
    if fields.get("description") is not None:
        read["description"] = as_text(fields["description"], f"{path}.description", limit=2000)
    if (told := fields.get("reading")) is not None:
        read["reading"] = reading_of(as_text(told, f"{path}.reading", limit=40), field=f"{path}.reading")
    return built(Metric, read, path)


def _metric_data(metric: Metric) -> dict[str, Any]:
    data: dict[str, Any] = {"direction": metric.direction.value}
    _put(data, "unit", "" if metric.unit is Unit.NUMBER else metric.unit.value)
    if metric.decimals is not None:
        data["decimals"] = metric.decimals
    _put(data, "aliases", list(metric.aliases))
    _put(data, "description", metric.description)
    _put(data, "reading", "" if metric.reading == LAST else metric.reading.text)
    return data


def _settings(value: object, path: str) -> GateSettings:
    fields = as_mapping(value, path, known=SETTINGS_KEYS)
    read: dict[str, Any] = {}
    if fields.get("alpha") is not None:
        read["alpha"] = float(rate(fields["alpha"], f"{path}.alpha"))
        if not 0 < read["alpha"] < 0.5:
            refuse(
                f"{path}.alpha", found_text(fields["alpha"]), "an error above 0 and below 0.5, such as 0.05"
            )
    if fields.get("mode") is not None:
        read["mode"] = _mode(fields["mode"], f"{path}.mode")
    if fields.get("looks") is not None:
        read["looks"] = looks_from_data(fields["looks"], f"{path}.looks")
    if fields.get("sequential") is not None:
        read["sequential"] = as_flag(fields["sequential"], f"{path}.sequential")
    if fields.get("unmatched_limit") is not None:
        read["unmatched_limit"] = rate(fields["unmatched_limit"], f"{path}.unmatched_limit")
    return built(GateSettings, read, path)


def _mode(value: object, path: str) -> str:
    if value in ("bound", "point"):
        return str(value)
    close = difflib.get_close_matches(value[:40], ["bound", "point"], n=1) if isinstance(value, str) else []
    hint = f"did you mean {close[0]}?" if close else "bound is strict, point goes by the estimate alone"
    return refuse(path, found_text(value), "bound or point", hint=hint)


def _settings_data(settings: GateSettings) -> dict[str, Any]:
    data: dict[str, Any] = {}
    if settings.alpha != _DEFAULTS.alpha:
        data["alpha"] = settings.alpha
    if settings.mode != _DEFAULTS.mode:
        data["mode"] = settings.mode
    if settings.looks != _DEFAULTS.looks:
        data["looks"] = list(settings.looks.stages)
    _put(data, "sequential", settings.sequential)
    if settings.unmatched_limit != _DEFAULTS.unmatched_limit:
        data["unmatched_limit"] = rate_data(settings.unmatched_limit)
    return data


def _criterion_data(criterion: Criterion, form: Form) -> Any:
    if form == "structured":
        return criterion_to_data(criterion, with_role=False)
    # Without a catalog, the name of a resource reads as that resource; in a gate it is always a metric.
    return criterion_text(criterion)


def _name(value: object, path: str) -> str:
    text = as_text(value, path, limit=100)
    if gate_name(text) != text:
        refuse(path, found_text(text), f"a name without spaces, such as {gate_name(text)}")
    return text


def _asked(part: Value) -> dict[str, Any]:
    """A part with every default spelled out, exact numbers in one spelling, sets in one order."""
    told = part.model_dump(exclude={"description", "decimals"})
    if isinstance(part, ItemsCheck):
        # An item that a person vouches for keeps the digest it had before evidence could be looked at.
        always = ("name", "done", "evidence")
        told["items"] = [{k: v for k, v in item.items() if k in always or v} for item in told["items"]]
    return {key: _plain(value) for key, value in told.items()}


def _plain(value: object) -> Any:
    match value:
        case Decimal():
            return json_number(value)
        case Mapping():
            return {key: _plain(entry) for key, entry in cast("Mapping[str, object]", value).items()}
        case list() | tuple():
            return sorted((_plain(entry) for entry in value), key=_sort_key)
        case _:
            return value


def _ordered(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(entries, key=_sort_key)


def _sort_key(entry: object) -> str:
    return json.dumps(entry, sort_keys=True)


def _put(data: dict[str, Any], key: str, value: object) -> None:
    if value not in (None, False, "", [], {}):
        data[key] = value
