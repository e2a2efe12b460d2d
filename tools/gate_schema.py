"""Write the JSON Schema of gate files: `python tools/gate_schema.py`.

What a field means is read from the models' own docstrings, what it may be from their limits and units, so that editors
explain a gate with the words of the code. A test fails when the file is not up to date.
"""

import ast
import json
from pathlib import Path
from typing import Any

from assay.domain.experiments.criteria.structured import CRITERIA_MAX, KEYS
from assay.domain.gates.gate import CHECKS_MAX, COLUMNS_MAX, EXAMPLES_MAX, ITEMS_MAX, LeakageCheck
from assay.domain.gates.gate_check_data import CHECK_EXAMPLES, CHECK_KEYS, FACTS, ITEM_KEYS, ROLES
from assay.domain.gates.gate_data import GATE_KEYS, METRIC_KEYS, SETTINGS_KEYS
from assay.domain.kernel.metrics import Direction, Unit

SOURCE = Path(__file__).resolve().parents[1] / "src" / "assay" / "domain"
TARGET = SOURCE / "gates" / "gate.schema.json"
Schema = dict[str, Any]

MODELS = {
    "slices": "SlicesCheck",
    "regression": "RegressionCheck",
    "golden": "GoldenCheck",
    "fairness": "FairnessCheck",
    "consistency": "ConsistencyCheck",
    "reliability": "ReliabilityCheck",
    "leakage": "LeakageCheck",
    "items": "ItemsCheck",
}
NAMED_OTHERWISE = {"except": "leave_out"}
REQUIRED = {
    "slices": ["by", "margin"],
    "fairness": ["by", "gap"],
    "consistency": ["sd"],
    "leakage": ["against"],
}
NAME = {"type": ["string", "integer"]}
NAMES = {"anyOf": [NAME, {"type": "array", "items": NAME, "minItems": 1}]}
TRIES = r"^pass[@^][1-9][0-9]{0,3}$"


def schema() -> Schema:
    """The schema, as it should be in the file."""
    told = _descriptions()
    gate = {key: _gate_field(key, told) for key in GATE_KEYS}
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Assay gate",
        "description": told["Gate", ""],
        "type": "object",
        "additionalProperties": False,
        "anyOf": [{"required": [key]} for key in ("criteria", "blocking", "checks")],
        "properties": gate,
        "definitions": {
            "amount": {
                "description": "A number with its unit: 85%, 500 ms, 0.85.",
                "type": ["string", "number"],
            },
            "margin": {
                "description": "How far: 3% (points of a fraction), 20 ms, 2% relative (of the baseline).",
                "type": ["string", "number"],
                "examples": ["3%", "20 ms", "2% relative"],
            },
            "share": {
                "description": "0 to 1, or percent.",
                "type": ["string", "number"],
                "examples": ["40%", 0.4],
            },
            "criterion": _criterion(),
            "check": _check(told),
        },
    }


def _gate_field(key: str, told: dict[tuple[str, str], str]) -> Schema:
    lists = {
        "criteria": "Primary: each must be shown. One line each, such as accuracy >= 85%.",
        "blocking": "Like criteria, and where nothing was measured the gate fails: safety.",
        "secondary": "Watched and listed, never in the way.",
    }
    if key in lists:
        line = {"$ref": "#/definitions/criterion"}
        many = {"type": "array", "items": line, "maxItems": CRITERIA_MAX}
        return {"description": lists[key], "anyOf": [many, line]}
    fields: dict[str, Schema] = {
        "gate": {"type": "string", "pattern": "^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$"},
        "version": {"type": "integer", "minimum": 1},
        "description": {"type": "string"},
        "dataset": {"type": "string", "examples": ["support-eval@3"]},
        "metrics": {"type": "object", "additionalProperties": _metric(told)},
        "checks": {"type": "array", "items": {"$ref": "#/definitions/check"}, "maxItems": CHECKS_MAX},
        "settings": _settings(told),
    }
    name = (
        told.get(("Gate", "name" if key == "gate" else key))
        or {
            "gate": "What the gate is called; the file's name where it is left out.",
            "checks": "What is asked of the whole set: slices, regression, golden examples and more.",
            "settings": told["GateSettings", ""],
        }[key]
    )
    return {"description": name, **fields[key]}


def _metric(told: dict[tuple[str, str], str]) -> Schema:
    fields: dict[str, Schema] = {
        "direction": {"enum": [direction.value for direction in Direction]},
        "unit": {"enum": [*(unit.value for unit in Unit), "%"]},
        "decimals": {"type": "integer", "minimum": 0, "maximum": 9},
        "aliases": NAMES,
        "description": {"type": "string"},
        "reading": {"type": "string", "pattern": "^(last|best|(step|mean of last) [0-9]{1,15})$"},
    }
    described = {key: {"description": told["Metric", key], **fields[key]} for key in METRIC_KEYS}
    return {
        "type": "object",
        "properties": described,
        "required": ["direction"],
        "additionalProperties": False,
    }


def _settings(told: dict[tuple[str, str], str]) -> Schema:
    seeds = {"type": "integer", "minimum": 2}
    fields: dict[str, Schema] = {
        "alpha": {"$ref": "#/definitions/share"},
        "mode": {"enum": ["bound", "point"]},
        "looks": {"type": "array", "items": seeds, "minItems": 1, "maxItems": 50, "uniqueItems": True},
        "sequential": {"type": "boolean"},
        "unmatched_limit": {"$ref": "#/definitions/share"},
    }
    return {
        "type": "object",
        "properties": {key: _described(told["GateSettings", key], fields[key]) for key in SETTINGS_KEYS},
        "additionalProperties": False,
    }


def _criterion() -> Schema:
    keys = sorted(
        {
            key
            for kind in ("threshold", "improvement", "non_inferiority", "percentile", "spread")
            for key in KEYS[kind]
        }
    )
    fields: dict[str, Schema] = {key: {} for key in ("kind", *keys, "role", "dataset", "after")}
    fields["kind"] = {"enum": ["threshold", "improvement", "non_inferiority", "percentile", "spread"]}
    fields["comparison"] = {"enum": [">=", ">", "<=", "<", "=="]}
    fields["metric"] = {"type": "string"}
    return {
        "anyOf": [
            {
                "type": "string",
                "examples": [
                    "accuracy >= 85%",
                    "accuracy no worse than baseline by 2%",
                    "f1 improves by 3%",
                    "p95 of latency_ms < 500 ms",
                    "sd of accuracy <= 3%",
                    "toxicity < 0.1% on adversarial",
                ],
            },
            {"type": "object", "properties": fields, "required": ["metric"], "additionalProperties": False},
        ]
    }


def _check(told: dict[tuple[str, str], str]) -> Schema:
    return {
        "oneOf": [
            {"enum": ["regression"]},
            *(_entry(kind, told) for kind in CHECK_KEYS),
        ]
    }


def _entry(kind: str, told: dict[tuple[str, str], str]) -> Schema:
    about = f"{told[MODELS[kind], '']} For example {CHECK_EXAMPLES[kind]}"
    role = {"description": "primary where it is left out", "enum": [role.value for role in ROLES]}
    return {
        "type": "object",
        "properties": {kind: {"description": about, **_parameters(kind, told)}, "role": role},
        "required": [kind],
        "additionalProperties": False,
    }


def _parameters(kind: str, told: dict[tuple[str, str], str]) -> Schema:
    if kind == "items":
        return _items(told)
    fields = {
        key: _described(told[MODELS[kind], NAMED_OTHERWISE.get(key, key)], _field(kind, key))
        for key in CHECK_KEYS[kind]
        if key not in ("pass@k", "pass^k")
    }
    whole: Schema = {"type": "object", "properties": fields, "additionalProperties": False}
    if kind in REQUIRED:
        whole["required"] = REQUIRED[kind]
    if kind == "reliability":
        share = _described(told["ReliabilityCheck", "all_of_them"], {"$ref": "#/definitions/share"})
        whole |= {"patternProperties": {TRIES: share}, "minProperties": 1}
    short = {"regression": {"$ref": "#/definitions/margin"}, "golden": NAMES, "leakage": NAMES}.get(kind)
    return (
        {"anyOf": [whole, short, *([{"type": "null"}] if kind == "regression" else [])]} if short else whole
    )


def _field(kind: str, key: str) -> Schema:
    margins = {"margin", "must_see", "gap", "sd", "others"}
    if key in margins:
        return {"$ref": "#/definitions/margin"}
    fields: dict[str, Schema] = {
        "metric": {"type": "string"},
        "by": NAME
        if kind == "fairness"
        else {"anyOf": [NAME, {**NAMES["anyOf"][1], "maxItems": COLUMNS_MAX}]},
        "claim": {"type": "boolean", "default": False},
        "margins": {"type": "object", "additionalProperties": {"$ref": "#/definitions/margin"}},
        "except": NAMES,
        "examples": {
            "anyOf": [NAME, {"type": "array", "items": NAME, "minItems": 1, "maxItems": EXAMPLES_MAX}]
        },
        "file": {"type": "string"},
        "digest": {"type": "string", "pattern": "^sha256:[0-9a-f]{64}$"},
        "seeds": {"type": "integer", "minimum": 2},
        "against": NAMES,
        "text": NAME,
        "near": {
            "allOf": [{"$ref": "#/definitions/share"}],
            "default": float(LeakageCheck.model_fields["near"].default),
        },
        "near_limit": {"$ref": "#/definitions/share"},
    }
    return fields[key]


def _items(told: dict[tuple[str, str], str]) -> Schema:
    done = {"enum": [True, False, None, "yes", "no", "unknown"]}
    fields: dict[str, Schema] = {
        "done": done,
        "evidence": {"type": "string"},
        "file": {"type": "string"},
        "says": NAMES,
        "tests": {"type": "string"},
        "known": {"enum": list(FACTS)},
    }
    item = {
        "type": "object",
        "properties": {key: {"description": told["Item", key], **fields[key]} for key in ITEM_KEYS},
        "additionalProperties": False,
    }
    return {
        "type": "object",
        "minProperties": 1,
        "maxProperties": ITEMS_MAX,
        "additionalProperties": {"anyOf": [done, item]},
    }


def _described(text: str, field: Schema) -> Schema:
    """Draft 7 ignores what stands beside a reference."""
    return {"description": text, "allOf": [field]} if "$ref" in field else {"description": text, **field}


def _descriptions() -> dict[tuple[str, str], str]:
    """What the docstrings say of every class and field: ("GateSettings", "alpha"), and ("GateSettings", "") for the class."""
    told: dict[tuple[str, str], str] = {}
    for file in ("gates/gate.py", "kernel/metrics.py"):
        for node in ast.parse((SOURCE / file).read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef):
                told[node.name, ""] = _flat(ast.get_docstring(node) or "").split("\n\n")[0]
                told |= {(node.name, name): text for name, text in _fields(node)}
    return told


def _fields(node: ast.ClassDef) -> list[tuple[str, str]]:
    found = []
    for field, after in zip(node.body, [*node.body[1:], None], strict=True):
        if not isinstance(field, ast.AnnAssign) or not isinstance(field.target, ast.Name):
            continue
        said = after.value if isinstance(after, ast.Expr) else None
        text = said.value if isinstance(said, ast.Constant) and isinstance(said.value, str) else ""
        found.append((field.target.id, _flat(text)))
    return found


def _flat(text: str) -> str:
    return " ".join(text.split())


def text() -> str:
    """The file's text."""
    return f"{json.dumps(schema(), indent=1, ensure_ascii=False)}\n"


if __name__ == "__main__":
    TARGET.write_text(text(), encoding="utf-8")
