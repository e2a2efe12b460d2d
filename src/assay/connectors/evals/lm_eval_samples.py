"""Samples of lm-evaluation-harness: one row an example and filter, paired by what the example says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from assay.connectors.evals.faults import shown, unreadable
from assay.connectors.evals.files import EvalFile
from assay.connectors.evals.json_files import decoded, load_json_lines
from assay.connectors.evals.runs import example_text
from assay.connectors.evals.sheet import MANY_LABELS, SHORT_LABEL, Sheet, labels_in
from assay.connectors.evals.table import number_of
from assay.domain.experiments.evidence import ExampleText, Scores

_NO_METRIC = frozenset(
    ("doc_id", "doc", "target", "arguments", "resps", "filtered_resps", "filter", "metrics", "doc_hash",
     "prompt_hash", "target_hash")
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class TaskSamples:
    """One task under one filter. scores by figure (`exact_match,strict-match`); examples: how many rows there are."""

    file: str
    task: str
    filter: str
    examples: int
    scores: Mapping[str, Scores]
    texts: Mapping[str, ExampleText]
    fault: str | None
    notes: tuple[str, ...] = ()


def task_samples(file: EvalFile, content: bytes, task: str, seed: int | None) -> list[TaskSamples]:
    """The samples of one file, one for each filter.

    Raises:
        Invalid: naming the line that is no sample.
    """
    sheets: dict[str, Sheet] = {}
    copies: dict[tuple[str, str], int] = {}
    lists: dict[str, int] = {}
    for line, row in load_json_lines(file.name, decoded(file.name, content)):
        if not isinstance(row, dict) or "doc_id" not in row:
            raise unreadable(
                file.name, f"line {line} is no sample", "an object with doc_id", hint="write the samples again"
            )  # fmt: skip
        kind = row.get("filter", "none")
        if not isinstance(kind, str):
            raise unreadable(
                file.name, f"line {line}, filter holds {shown(kind)}", "a name", hint="write the samples again",
                field="filter",
            )  # fmt: skip
        sheet = sheets.setdefault(kind, Sheet(most_labels=MANY_LABELS))
        sample_id = _sample_id(file, line, row, kind, copies)
        values = _values(row, lists)
        if values:
            sheet.add(sample_id, 1, values, labels_in(row.get("doc"), longest=SHORT_LABEL))
        else:
            sheet.add_error(sample_id, 1, error=False)
        sheet.texts[sample_id] = _texts(sample_id, row)
    notes = tuple(
        f"{file.name}: {metric} holds lists, which have no mean: only its total is used" for metric in lists
    )
    return [
        TaskSamples(
            file.name,
            task,
            kind,
            len(sheet),
            {
                metric if kind == "none" else f"{metric},{kind}": one
                for metric, one in sheet.scores(seed).items()
            },
            sheet.texts,
            _fault(sheet),
            notes,
        )
        for kind, sheet in sheets.items()
    ]


def _sample_id(
    file: EvalFile, line: int, row: Mapping[str, Any], kind: str, copies: dict[tuple[str, str], int]
) -> str:
    """The hash of the example, so that runs pair by what was asked; a copy of an example is numbered."""
    told = row.get("doc_hash") or row["doc_id"]
    text = str(told) if isinstance(told, str | int) and not isinstance(told, bool) else ""
    if not text or len(text) > 500 or text.encode("utf-8", "replace").decode() != text:
        raise unreadable(
            file.name, f"line {line} has doc_hash {shown(row.get('doc_hash'))} and doc_id {shown(row['doc_id'])}",
            "a hash or a number", hint="write the samples again", field="doc_hash",
        )  # fmt: skip
    copies[kind, text] = copies.get((kind, text), 0) + 1
    copy = copies[kind, text]
    return text if copy == 1 else f"{text}#{copy}"


def _values(row: Mapping[str, Any], lists: dict[str, int]) -> dict[str, float]:
    told = row.get("metrics")
    names = told if isinstance(told, list) else [key for key in row if key not in _NO_METRIC]
    values = {}
    for name in names:
        value = row.get(name) if isinstance(name, str) else None
        number = number_of(value)
        if number is not None:
            values[name] = number
        elif isinstance(value, list):
            lists[name] = lists.get(name, 0) + 1
    return values


def _fault(sheet: Sheet) -> str | None:
    partial = [f"{metric} is missing from some samples" for metric in sheet.partial()]
    return "; ".join(fault for fault in (sheet.fault(), *partial) if fault) or None


def _texts(sample_id: str, row: Mapping[str, Any]) -> ExampleText:
    answers = row.get("filtered_resps") or row.get("resps")
    while isinstance(answers, list) and len(answers) == 1:
        answers = answers[0]
    return example_text(sample_id, input_text=row.get("doc"), target=row.get("target"), output=answers)
