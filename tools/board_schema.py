"""Write the JSON Schema of board files: `python tools/board_schema.py`.

What a field means is read from the docstrings of the models, so that editors explain a board with the words of the code. A test
fails when the file is not up to date.
"""

import ast
import json
from pathlib import Path
from typing import Any

from assay.domain.board import board_data
from assay.domain.board.board import ExitItem, LimitBy

SOURCE = Path(__file__).resolve().parents[1] / "src" / "assay" / "domain" / "board"
TARGET = SOURCE / "board.schema.json"
Schema = dict[str, Any]
KEY = r"^[a-z][a-z0-9_-]{0,39}$"


def schema() -> Schema:
    """The schema, as it should be in the file."""
    told = _descriptions()
    key: Schema = {"type": "string", "pattern": KEY}
    flag: Schema = {"type": "boolean", "default": False}
    items: Schema = {
        "type": "array",
        "items": {"enum": [item.value for item in ExitItem]},
        "uniqueItems": True,
    }
    column: dict[str, tuple[str, Schema]] = {
        "key": ("What moves, filters and the journal call the column. Another key is another column.", key),
        "title": (
            "What people read above the column.",
            {"type": "string", "minLength": 1, "maxLength": board_data.TITLE_MAX},
        ),
        "limit": (
            "How many cards it holds at most, or how many GPUs they run on; left out: any number.",
            {"type": "integer", "minimum": 1, "maximum": board_data.LIMIT_MAX},
        ),
        "limit_by": (
            told["Stage", "limit_by"],
            {"enum": [one.value for one in LimitBy], "default": LimitBy.CARDS.value},
        ),
        "exit_gate": (told["ExitItem", ""], items),
        "entry_gate": (told["Stage", "entry_gate"], items),
        "gate": (told["Stage", "gate"], {"type": "string", "pattern": "^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$"}),
        "gate_text": (
            told["Stage", "gate_text"],
            {"type": "string", "maxLength": board_data.GATE_TEXT_MAX},
        ),
        "locks": (told["Stage", "locks"], flag),
        "terminal": ("Work ends here: no card leaves it.", flag),
        "hidden": (told["Stage", "hidden"], flag),
    }
    move: dict[str, tuple[str, Schema]] = {
        "from": ("Key of the column it leaves.", key),
        "to": (
            "Key of the column it goes to, or several.",
            {"anyOf": [key, {"type": "array", "items": key, "minItems": 1}]},
        ),
        "reason": ("The move needs a reason, which is journaled.", flag),
        "skips_exit_gate": (told["Transition", "skips_exit_gate"], flag),
    }
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Assay board",
        "description": told["Board", ""],
        **_object(
            {
                "columns": ("In the order of the board; new tickets start in the first.", _array(column, ["key", "title"])),
                "moves": ("Everything else is refused with the list of legal moves.", _array(move, ["from", "to"])),
            },
            ["columns"],
        ),
    }  # fmt: skip


def _array(fields: dict[str, tuple[str, Schema]], required: list[str]) -> Schema:
    most = board_data.COLUMNS_MAX if "title" in fields else board_data.MOVES_MAX
    least = {"minItems": 1} if "title" in fields else {}
    return {"type": "array", "items": _object(fields, required), "maxItems": most, **least}


def _object(fields: dict[str, tuple[str, Schema]], required: list[str]) -> Schema:
    return {
        "type": "object",
        "properties": {name: {"description": text, **field} for name, (text, field) in fields.items()},
        "required": required,
        "additionalProperties": False,
    }


def _descriptions() -> dict[tuple[str, str], str]:
    """What the docstrings say of every class and field: ("Stage", "gate"), and ("Stage", "") for the class."""
    told: dict[tuple[str, str], str] = {}
    for node in ast.parse((SOURCE / "board.py").read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ClassDef):
            told[node.name, ""] = " ".join((ast.get_docstring(node) or "").split())
            for field, after in zip(node.body, node.body[1:], strict=False):
                said = after.value if isinstance(after, ast.Expr) else None
                if isinstance(field, ast.AnnAssign) and isinstance(said, ast.Constant):
                    told[node.name, ast.unparse(field.target)] = " ".join(str(said.value).split())
    return told


def text() -> str:
    """The file's text."""
    return f"{json.dumps(schema(), indent=1, ensure_ascii=False)}\n"


if __name__ == "__main__":
    TARGET.write_text(text(), encoding="utf-8")
