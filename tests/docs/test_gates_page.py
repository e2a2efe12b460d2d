"""What docs/gates.md says about gate files is what is read."""

import json

import jsonschema
import pytest

from assay.domain.gates.gate import GateSettings
from assay.domain.gates.gate_changes import changes
from assay.domain.gates.gate_check_data import CHECK_KEYS
from assay.domain.gates.gate_data import SETTINGS_KEYS, gate_from_data, gate_to_data
from assay.domain.gates.gate_metrics import inferred_metrics
from assay.workflows.gate_file import gate_from_text
from assay.workflows.ticket_file import load_ticket_text
from tests.docs.pages import ROOT, blocks, code, page, tables

PAGE = page("gates.md")
FILES = [block.text for block in blocks(PAGE) if block.language == "yaml"]
SCHEMA = json.loads((ROOT / "src/assay/domain/gates/gate.schema.json").read_text(encoding="utf-8"))
KINDS = {code(row[0]): row[2] for row in tables(PAGE, "kind", "asks")}


@pytest.mark.parametrize("text", FILES, ids=lambda text: text.splitlines()[0][:30])
def test_gate_file_of_the_page_is_read_fits_the_schema_and_comes_back(text):
    gate = gate_from_text(text)
    assert gate_from_data(gate_to_data(gate)) == gate
    jsonschema.validate(load_ticket_text(text), SCHEMA)


def test_page_names_every_check_and_field():
    assert set(KINDS) == set(CHECK_KEYS)
    fields = [(kind, key) for kind, keys in CHECK_KEYS.items() for key in keys]
    missing = [
        (kind, key)
        for kind, key in fields
        if f"`{key.replace('k', '3') if '@' in key or '^' in key else key}" not in KINDS[kind]
    ]
    assert missing == []


def test_page_names_every_setting_with_its_default():
    told = {code(row[0]): code(row[1]) for row in tables(PAGE, "field", "default")}
    assert tuple(told) == SETTINGS_KEYS
    line = ", ".join(f"{key}: {value}" for key, value in told.items())
    gate = gate_from_text(f'criteria: ["accuracy >= 85%"]\nsettings: {{{line}}}')
    assert gate.settings == GateSettings()


@pytest.mark.parametrize(("line", "implied"), [row[:2] for row in tables(PAGE, "the gate says", "implied")])
def test_metric_of_the_page_is_inferred_as_shown(line, implied):
    (one,) = inferred_metrics(gate_from_data({"criteria": [code(line)]}))
    parts = [f"{one.direction} is better"] if one.direction else []
    parts += {"fraction": ["a fraction"], None: []}.get(one.unit, [f"in {one.unit}"])
    assert implied == f"{one.metric}: {', '.join(parts)}"


@pytest.mark.parametrize(("before", "after", "said"), tables(PAGE, "before", "after"))
def test_change_of_the_page_is_told_as_shown(before, after, said):
    found = [change.text for change in changes(gate_from_text(code(before)), gate_from_text(code(after)))]
    assert said in found
