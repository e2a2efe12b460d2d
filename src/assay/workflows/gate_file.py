"""Which gate does the text of a gate file hold?"""

from __future__ import annotations

from assay.domain.gates.gate import Gate
from assay.domain.gates.gate_data import gate_from_data, gate_to_data
from assay.errors import Invalid
from assay.workflows.ticket_file import dump_ticket_text, load_ticket_text

SMALLEST = 'criteria: ["accuracy >= 85%"]'


def gate_from_text(text: str, *, file: str = "gate.yaml") -> Gate:
    """Which gate does this YAML (or JSON) text hold?

    Args:
        text: one document, at most 1 MB; aliases, tags and keys that stand twice are refused.
        file: the file's name, for errors; a gate that does not name itself is called by it, without folder and ending.

    Raises:
        Invalid: as `load_ticket_text` and `gate_from_data`.

    >>> gate_from_text(SMALLEST, file="gates/answers.yaml").name
    'answers'
    """
    try:
        data = load_ticket_text(text, name=file)
    except Invalid as error:
        error.hint = f"a gate file is YAML; the smallest is {SMALLEST}"
        raise
    stem = file.replace("\\", "/").rpartition("/")[2]
    return gate_from_data(data, name=stem.rpartition(".")[0] or stem)


def gate_to_text(gate: Gate) -> str:
    """How is a gate written as a file, so that reading it gives the same gate?"""
    return dump_ticket_text(gate_to_data(gate))
