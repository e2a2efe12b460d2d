"""The JSON Schema of gate files: up to date, and of one mind with the reader."""

import json

import jsonschema
import pytest
import yaml

from assay.domain.gates.gate_check_data import CHECK_EXAMPLES, CHECK_KEYS
from assay.domain.gates.gate_data import GATE_KEYS, gate_from_data, gate_to_data
from assay.domain.gates.gate_template import TEMPLATES, gate_template
from assay.workflows.gate_file import gate_from_text
from assay.workflows.ticket_file import load_ticket_text
from tests.unit.domain.gates.test_gate_data import ACCURACY, FULL
from tools.gate_schema import TARGET, text

SCHEMA = json.loads(TARGET.read_text(encoding="utf-8"))
VALIDATOR = jsonschema.Draft7Validator(SCHEMA)


def faults(data):
    return [error.message for error in VALIDATOR.iter_errors(data)]


def test_schema_file_is_what_the_generator_writes():
    assert TARGET.read_text(encoding="utf-8") == text(), "run: python tools/gate_schema.py"


def test_schema_is_a_schema_and_describes_every_field():
    jsonschema.Draft7Validator.check_schema(SCHEMA)
    assert tuple(SCHEMA["properties"]) == GATE_KEYS
    assert [key for key, field in SCHEMA["properties"].items() if not field.get("description")] == []
    kinds = [set(entry["properties"]) - {"role"} for entry in SCHEMA["definitions"]["check"]["oneOf"][1:]]
    assert kinds == [{kind} for kind in CHECK_KEYS]


@pytest.mark.parametrize(
    "text", [ACCURACY, FULL, *map(gate_template, TEMPLATES, TEMPLATES)], ids=["smallest", "full", *TEMPLATES]
)
def test_gates_that_are_read_fit_the_schema_in_both_forms(text):
    assert faults(load_ticket_text(text)) == []
    gate = gate_from_text(text)
    for form in ("text", "structured"):
        assert faults(json.loads(json.dumps(gate_to_data(gate, criteria=form)))) == []


@pytest.mark.parametrize("kind", CHECK_EXAMPLES)
def test_example_of_a_check_is_read_and_fits_the_schema(kind):
    data = {**yaml.safe_load(ACCURACY), "checks": [yaml.safe_load(CHECK_EXAMPLES[kind])]}
    assert faults(data) == []
    assert gate_from_data(data).checks[0].kind == kind


@pytest.mark.parametrize(
    "text",
    [
        "gate: x",
        "criterias: [a]",
        "criteria: [3]",
        ACCURACY + "version: 0",
        ACCURACY + "settings: {mode: bond}",
        ACCURACY + "settings: {alfa: 3}",
        ACCURACY + "metrics: {a: {unit: ms}}",
        ACCURACY + "metrics: {a: {direction: up}}",
        ACCURACY + "checks: [slice: {by: l}]",
        ACCURACY + "checks: [slices: {by: l}]",
        ACCURACY + "checks: [slices: {by: l, margins: 3%}]",
        ACCURACY + "checks: [{slices: {by: l, margin: 3%}, regression: {}}]",
        ACCURACY + "checks: [{regression: {}, role: kill}]",
        ACCURACY + "checks: [reliability: {metric: c, k: 3}]",
        ACCURACY + "checks: [items: {a: maybe}]",
        ACCURACY + "checks: [golden: {file: f, digest: abc}]",
        'criteria: [{kind: threshold, metric: a, comparison: "=>", value: 3}]',
    ],
)
def test_what_the_reader_refuses_in_shape_the_schema_refuses_too(text):
    with pytest.raises(Exception, match="cannot read"):
        gate_from_text(text)
    assert faults(load_ticket_text(text)) != []
