"""The table of promptfoo's output version 2, as rows of version 3."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assay.connectors.evals.faults import unreadable


def rows_of_table(name: str, table: Mapping[str, Any]) -> list[dict[str, Any]]:
    """One row for each output in the table's body.

    >>> table = {"head": {"vars": ["x"], "prompts": [{"raw": "p", "provider": "m"}]},
    ...          "body": [{"vars": ["1"], "outputs": [{"pass": True, "score": 1, "text": "a"}]}]}
    >>> row = rows_of_table("r.json", table)[0]
    >>> row["provider"], row["vars"], row["success"]
    ('m', {'x': '1'}, True)
    """
    head = _object(table.get("head"))
    names = [str(one) for one in _list(head.get("vars"))]
    prompts = _list(head.get("prompts"))
    rows = []
    for number, line in enumerate(_list(table.get("body"))):
        outputs = _list(_object(line).get("outputs"))
        if len(outputs) != len(prompts):
            raise unreadable(
                name, f"row {number + 1} of the table has {len(outputs)} outputs", f"one for each of {len(prompts)} prompts",
                hint="promptfoo eval -o results.json", field="results.table",
            )  # fmt: skip
        told = dict(zip(names, _list(_object(line).get("vars")), strict=False))
        for place, (prompt, output) in enumerate(zip(prompts, outputs, strict=True)):
            rows.append(_row(_object(prompt), _object(output), _object(line), told, place, number))
    return rows


def _row(
    prompt: Mapping[str, Any],
    output: Mapping[str, Any],
    line: Mapping[str, Any],
    told: Mapping[str, Any],
    place: int,
    number: int,
) -> dict[str, Any]:
    return {
        "promptIdx": place,
        "testIdx": number,
        "provider": output.get("provider") or prompt.get("provider"),
        "prompt": {"raw": prompt.get("raw"), "label": prompt.get("label") or prompt.get("display")},
        "vars": told,
        "testCase": output.get("testCase") or line.get("test") or {},
        "success": output.get("pass"),
        "response": {"output": output.get("text")},
        **{
            key: output[key]
            for key in (
                "score",
                "latencyMs",
                "cost",
                "namedScores",
                "failureReason",
                "gradingResult",
                "error",
            )
            if key in output
        },
    }


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
