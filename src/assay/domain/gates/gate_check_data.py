"""The checks of a gate as plain data: one entry a check, named by its kind.

    - slices: {by: [language, topic], margin: 3%}
    - regression: {margin: 2%, others: 2% relative, margins: {latency_ms: 20 ms}, except: [cost]}
    - golden: {file: golden.csv}
    - fairness: {by: gender, metric: accuracy, gap: 5%}
    - consistency: {metric: accuracy, sd: 3%, seeds: 5}
    - reliability: {metric: correct, pass^3: 40%}
    - leakage: {against: train.jsonl, text: input, near: 0.8}
    - {items: {monitoring configured: yes, rollback tested: unknown}, role: blocking}

The role stands beside the kind; an entry without one is primary. What is left at its default is left out.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, get_args

from assay.domain.experiments.exact_numbers import json_number
from assay.domain.experiments.fields import (
    as_integer,
    as_list,
    as_mapping,
    as_text,
    found_text,
    refuse,
)
from assay.domain.gates.gate import (
    CHECKS_MAX,
    COLUMNS_MAX,
    CRITERIA_MAX,
    EXAMPLES_MAX,
    ITEMS_MAX,
    K_MAX,
    ConsistencyCheck,
    Fact,
    FairnessCheck,
    GateCheck,
    GoldenCheck,
    Item,
    ItemsCheck,
    LeakageCheck,
    MetricMargin,
    RegressionCheck,
    ReliabilityCheck,
    SlicesCheck,
)
from assay.domain.gates.gate_fields import (
    Entry,
    built,
    file_digest,
    margin,
    margin_data,
    metric_name,
    name,
    names,
    points_margin,
    rate,
    rate_data,
    relative_margin,
)
from assay.domain.kernel.findings import Role
from assay.domain.kernel.metrics import MetricCatalog
from assay.errors import Invalid

ROLES = (Role.PRIMARY, Role.SECONDARY, Role.BLOCKING)
CHECK_KEYS: dict[str, tuple[str, ...]] = {
    "slices": ("by", "metric", "margin", "claim", "must_see"),
    "regression": ("margin", "others", "margins", "except"),
    "golden": ("metric", "examples", "file", "digest"),
    "fairness": ("by", "metric", "gap", "claim", "must_see"),
    "consistency": ("metric", "sd", "seeds", "claim"),
    "reliability": ("metric", "pass@k", "pass^k"),
    "leakage": ("against", "text", "near", "near_limit"),
    "items": (),
}
"""Which fields may each kind of check have? `k` stands for a number; items are named by whoever writes them."""
CHECK_EXAMPLES = {
    "slices": "slices: {by: [language], margin: 3%}",
    "regression": "regression: {margin: 2%, others: 2% relative}",
    "golden": "golden: {file: golden.csv}",
    "fairness": "fairness: {by: gender, metric: accuracy, gap: 5%}",
    "consistency": "consistency: {metric: accuracy, sd: 3%}",
    "reliability": "reliability: {metric: correct, pass^3: 40%}",
    "leakage": "leakage: {against: train.jsonl, text: input}",
    "items": "items: {monitoring configured: yes}",
}
ITEM_KEYS = ("done", "evidence", "file", "says", "tests", "known")
FACTS = get_args(Fact)
_SHORT = {"golden": "file", "leakage": "against", "slices": "by", "regression": "margin"}
"""The field that a bare value in the place of the mapping stands for."""
_TRIES = re.compile(r"pass([@^])([0-9]{1,6})", re.ASCII)
_DONE = {"yes": True, "no": False, "unknown": None, "true": True, "false": False}


def checks_from_data(
    data: object, metrics: MetricCatalog, primary: str | None, *, path: str = "checks"
) -> tuple[GateCheck, ...]:
    """Which checks does this list mean?

    Args:
        data: a list whose entries are as above, or the bare name of a kind.
        metrics: what is known of metrics; margins of others are read by their unit alone.
        primary: the metric of checks that name none.
        path: where the data stands, for errors.

    Raises:
        Invalid: `field` is the path of the entry at fault, such as `checks[2].slices.margin`; the hint holds an example.
    """
    entries = as_list(data, path, limit=CHECKS_MAX)
    return tuple(_check(entry, f"{path}[{place}]", metrics, primary) for place, entry in enumerate(entries))


def checks_to_data(checks: Iterable[GateCheck]) -> list[dict[str, Any]]:
    """How are checks written? Reading them with `checks_from_data` gives the same checks, golden files not yet read."""
    written = []
    for check in checks:
        data: dict[str, Any] = {check.kind: _WRITERS[check.kind](check)}
        if check.role is not Role.PRIMARY:
            data["role"] = check.role.value
        written.append(data)
    return written


def _check(entry: object, path: str, metrics: MetricCatalog, primary: str | None) -> GateCheck:
    fields = {entry: None} if isinstance(entry, str) else entry
    if not isinstance(fields, Mapping):
        refuse(path, found_text(entry), "a check such as slices: {by: [language], margin: 3%}")
    kind = _kind(fields, path)
    try:
        role = _role(fields.get("role"), f"{path}.role")
        check = _READERS[kind](
            Entry(_fields(kind, fields[kind], f"{path}.{kind}"), f"{path}.{kind}", metrics, primary)
        )
    except Invalid as error:
        error.hint = f"{error.hint}; for example - {CHECK_EXAMPLES[kind]}"
        raise
    return check if role is Role.PRIMARY else check.model_copy(update={"role": role})


def _kind(fields: Mapping[Any, Any], path: str) -> str:
    kinds = [key for key in fields if key != "role"]
    if len(kinds) == 1 and kinds[0] in CHECK_KEYS:
        return str(kinds[0])
    if len(kinds) > 1:
        refuse(
            path,
            f"{len(kinds)} fields: {', '.join(str(key)[:40] for key in kinds[:4])}",
            "one check an entry",
            hint="begin each check with a dash of its own, and put what belongs to it in braces behind its name",
        )
    if not kinds:
        refuse(path, "no check", ", ".join(CHECK_KEYS))
    close = difflib.get_close_matches(str(kinds[0])[:60], list(CHECK_KEYS), n=1)
    example = CHECK_EXAMPLES[close[0] if close else "slices"]
    return refuse(
        path,
        f"the check {found_text(kinds[0])}",
        close[0] if close else ", ".join(CHECK_KEYS),
        hint=f"{f'did you mean {close[0]}? ' if close else ''}for example - {example}",
        code="field-unknown",
    )


def _role(value: object, path: str) -> Role:
    if value is None:
        return Role.PRIMARY
    role = next((role for role in ROLES if role == value), None)
    return role if role is not None else refuse(path, found_text(value), ", ".join(ROLES))


def _fields(kind: str, value: object, path: str) -> dict[str, object]:
    if value is None:
        return {}
    if not isinstance(value, Mapping) and kind in _SHORT:
        return {_short_field(kind, value): value}
    if kind == "items":
        return as_mapping(value, path, known=value if isinstance(value, Mapping) else ())
    known = CHECK_KEYS[kind]
    if kind == "reliability" and isinstance(value, Mapping):
        known = (*known, *(key for key in value if isinstance(key, str) and _TRIES.fullmatch(key)))
    return as_mapping(value, path, known=known)


def _short_field(kind: str, value: object) -> str:
    return "examples" if kind == "golden" and isinstance(value, list | tuple) else _SHORT[kind]


def _slices(entry: Entry) -> SlicesCheck:
    fields = {
        "by": entry.names("by", "columns such as [language, topic]", limit=COLUMNS_MAX),
        "metric": entry.metric_name,
        "margin": entry.margin("margin"),
        "claim": entry.flag("claim"),
        "must_see": entry.optional_margin("must_see"),
    }
    return built(SlicesCheck, fields, entry.path)


def _slices_data(check: SlicesCheck) -> dict[str, Any]:
    data: dict[str, Any] = {"by": list(check.by)}
    _put(data, "metric", check.metric)
    data["margin"] = margin_data(check.margin)
    _put(data, "claim", check.claim)
    _put(data, "must_see", check.must_see and margin_data(check.must_see))
    return data


def _regression(entry: Entry) -> RegressionCheck:
    fields: dict[str, object] = {}
    if entry.has("margin"):
        fields["margin"] = points_margin(entry.fields["margin"], entry.at("margin"))
    if entry.has("others"):
        fields["others"] = relative_margin(entry.fields["others"], entry.at("others"))
    if entry.has("margins"):
        fields["margins"] = _own_margins(entry)
    if entry.has("except"):
        found = names(entry.fields["except"], entry.at("except"), limit=CRITERIA_MAX)
        fields["leave_out"] = tuple(
            metric_name(one, f"{entry.at('except')}[{place}]") for place, one in enumerate(found)
        )
    return built(RegressionCheck, fields, entry.path)


def _own_margins(entry: Entry) -> tuple[MetricMargin, ...]:
    path = entry.at("margins")
    given = entry.fields["margins"]
    own = as_mapping(given, path, known=given if isinstance(given, Mapping) else ())
    return tuple(
        MetricMargin(
            metric=metric_name(metric, path),
            margin=margin(value, f"{path}.{metric}", entry.metrics.get(metric)),
        )
        for metric, value in own.items()
    )


def _regression_data(check: RegressionCheck) -> dict[str, Any]:
    data: dict[str, Any] = {"margin": margin_data(check.margin), "others": margin_data(check.others)}
    _put(data, "margins", {own.metric: margin_data(own.margin) for own in check.margins})
    _put(data, "except", list(check.leave_out))
    return data


def _golden(entry: Entry) -> GoldenCheck:
    fields: dict[str, object] = {"metric": entry.metric_name}
    if entry.has("examples"):
        fields["examples"] = names(entry.fields["examples"], entry.at("examples"), limit=EXAMPLES_MAX)
    if entry.has("file"):
        fields["file"] = as_text(entry.fields["file"], entry.at("file"), limit=400)
    if entry.has("digest"):
        fields["digest"] = file_digest(entry.fields["digest"], entry.at("digest"))
    if "file" in fields and "examples" in fields:
        refuse(entry.path, "examples and a file", "one of the two")
    return built(GoldenCheck, fields, entry.path)


def _golden_data(check: GoldenCheck) -> dict[str, Any]:
    data: dict[str, Any] = {}
    _put(data, "metric", check.metric)
    _put(data, "file", check.file)
    _put(data, "digest", check.digest)
    if check.file is None:
        data["examples"] = list(check.examples)
    return data


def _fairness(entry: Entry) -> FairnessCheck:
    fields = {
        "by": name(entry.need("by", "a column such as gender"), entry.at("by")),
        "metric": entry.metric_name,
        "gap": entry.margin("gap", absolute=True),
        "claim": entry.flag("claim"),
        "must_see": entry.optional_margin("must_see", absolute=True),
    }
    return built(FairnessCheck, fields, entry.path)


def _fairness_data(check: FairnessCheck) -> dict[str, Any]:
    data: dict[str, Any] = {"by": check.by}
    _put(data, "metric", check.metric)
    data["gap"] = margin_data(check.gap)
    _put(data, "claim", check.claim)
    _put(data, "must_see", check.must_see and margin_data(check.must_see))
    return data


def _consistency(entry: Entry) -> ConsistencyCheck:
    fields = {
        "metric": entry.metric_name,
        "sd": entry.margin("sd", absolute=True),
        "seeds": as_integer(entry.fields["seeds"], entry.at("seeds"), low=2, high=10_000)
        if entry.has("seeds")
        else None,
        "claim": entry.flag("claim"),
    }
    return built(ConsistencyCheck, fields, entry.path)


def _consistency_data(check: ConsistencyCheck) -> dict[str, Any]:
    data: dict[str, Any] = {}
    _put(data, "metric", check.metric)
    data["sd"] = margin_data(check.sd)
    _put(data, "seeds", check.seeds)
    _put(data, "claim", check.claim)
    return data


def _reliability(entry: Entry) -> ReliabilityCheck:
    found = [(key, tries) for key in entry.fields if (tries := _TRIES.fullmatch(key)) is not None]
    expected = "how many tries, such as pass^3: 40% (all of three work) or pass@3: 80% (one of three works)"
    if len(found) != 1:
        told = ", ".join(key for key, _ in found) or "neither pass@k nor pass^k"
        refuse(entry.path, told, expected)
    key, tries = found[0]
    fields = {
        "metric": entry.metric_name,
        "k": as_integer(int(tries[2]), entry.at(key), low=1, high=K_MAX),
        "all_of_them": tries[1] == "^",
        "at_least": rate(entry.need(key, "a share such as 40%"), entry.at(key)),
    }
    return built(ReliabilityCheck, fields, entry.path)


def _reliability_data(check: ReliabilityCheck) -> dict[str, Any]:
    data: dict[str, Any] = {}
    _put(data, "metric", check.metric)
    data[f"pass{'^' if check.all_of_them else '@'}{check.k}"] = rate_data(check.at_least)
    return data


def _leakage(entry: Entry) -> LeakageCheck:
    fields: dict[str, object] = {
        "against": entry.names("against", "files of training data such as train.jsonl", limit=COLUMNS_MAX)
    }
    if entry.has("text"):
        fields["text"] = name(entry.fields["text"], entry.at("text"))
    for key in ("near", "near_limit"):
        if entry.has(key):
            fields[key] = rate(entry.fields[key], entry.at(key))
    return built(LeakageCheck, fields, entry.path)


def _leakage_data(check: LeakageCheck) -> dict[str, Any]:
    data: dict[str, Any] = {"against": list(check.against)}
    _put(data, "text", check.text)
    if check.near != LeakageCheck.model_fields["near"].default:
        data["near"] = rate_data(check.near) if check.near == 1 else json_number(check.near)
    if check.near_limit is not None:
        data["near_limit"] = rate_data(check.near_limit)
    return data


def _items(entry: Entry) -> ItemsCheck:
    if not entry.fields:
        refuse(entry.path, "no item", "items by name")
    if len(entry.fields) > ITEMS_MAX:
        refuse(entry.path, f"{len(entry.fields)} items", f"at most {ITEMS_MAX} items")
    items = tuple(_item(key, value, f"{entry.path}.{key}") for key, value in entry.fields.items())
    return built(ItemsCheck, {"items": items}, entry.path)


def _item(item: str, value: object, path: str) -> Item:
    if not isinstance(value, Mapping):
        return built(Item, {"name": item, "done": _done(value, path)}, path)
    fields = as_mapping(value, path, known=ITEM_KEYS)
    read: dict[str, object] = {"name": item, "done": _done(fields.get("done"), f"{path}.done")}
    for key in ("evidence", "file", "tests"):
        if fields.get(key) is not None:
            read[key] = as_text(fields[key], f"{path}.{key}", limit=2000)
    if fields.get("says") is not None:
        read["says"] = names(fields["says"], f"{path}.says", limit=ITEMS_MAX)
    if fields.get("known") is not None:
        read["known"] = _fact(fields["known"], f"{path}.known")
    return built(Item, read, path)


def _fact(value: object, path: str) -> str:
    if isinstance(value, str) and value in FACTS:
        return value
    return refuse(path, found_text(value), ", ".join(FACTS))


def _done(value: object, path: str) -> bool | None:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in _DONE:
        return _DONE[value.lower()]
    return refuse(path, found_text(value), "yes, no or unknown")


def _items_data(check: ItemsCheck) -> dict[str, Any]:
    return {item.name: _item_data(item) for item in check.items}


def _item_data(item: Item) -> bool | str | dict[str, Any]:
    data: dict[str, Any] = {}
    for key in ("file", "says", "tests", "known", "evidence"):
        value = getattr(item, key)
        _put(data, key, list(value) if isinstance(value, tuple) else value)
    if item.looks_at is not None or item.known is not None:
        return data
    return {"done": _done_data(item.done), **data} if data else _done_data(item.done)


def _done_data(done: bool | None) -> bool | str:  # noqa: FBT001  # three answers, unknown among them
    return "unknown" if done is None else done


def _put(data: dict[str, Any], key: str, value: object) -> None:
    if value not in (None, False, "", [], {}):
        data[key] = value


_READERS: dict[str, Callable[[Entry], GateCheck]] = {
    "slices": _slices,
    "regression": _regression,
    "golden": _golden,
    "fairness": _fairness,
    "consistency": _consistency,
    "reliability": _reliability,
    "leakage": _leakage,
    "items": _items,
}
_WRITERS: dict[str, Callable[[Any], dict[str, Any]]] = {
    "slices": _slices_data,
    "regression": _regression_data,
    "golden": _golden_data,
    "fairness": _fairness_data,
    "consistency": _consistency_data,
    "reliability": _reliability_data,
    "leakage": _leakage_data,
    "items": _items_data,
}
