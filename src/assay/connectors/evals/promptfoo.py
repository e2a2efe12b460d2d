"""Output of promptfoo: one row a prompt and test. Each pair of provider and prompt is one run."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from assay.connectors.evals.faults import shown, unreadable
from assay.connectors.evals.files import EvalFile, content_digest
from assay.connectors.evals.json_files import decoded, load_json, load_json_lines, outline
from assay.connectors.evals.metric_names import metric_name
from assay.connectors.evals.promptfoo_table import rows_of_table
from assay.connectors.evals.reader import ReadOptions
from assay.connectors.evals.runs import check_fractions, example_text, file_run, moment
from assay.connectors.evals.sheet import MANY_LABELS, SHORT_LABEL, Sheet, labels_in
from assay.connectors.evals.table import number_of
from assay.domain.experiments.evidence import Evaluation, ExampleText, Run
from assay.domain.kernel.metrics import Direction, Metric, Unit

PASSED, SCORE, LATENCY, COST = "passed", "score", "latency_ms", "cost"
_OWN = frozenset((PASSED, SCORE, LATENCY, COST))
_ERROR = 2
_KEPT = 200


@dataclass(slots=True)
class _Choice:
    """One provider with one prompt: a run in the making."""

    provider: str
    prompt: str
    sheet: Sheet = field(default_factory=lambda: Sheet(most_labels=MANY_LABELS))
    asked: dict[str, int] = field(default_factory=dict)
    cached: int = 0
    unchecked: int = 0


class PromptfooReader:
    """`passed`, `score`, `latency_ms`, `cost` and every named score are metrics; a test is known by its content."""

    name = "promptfoo"

    def recognises(self, head: bytes) -> bool:
        if head[:4096].lstrip(b"\xef\xbb\xbf \t\r\n")[:1] != b"{":
            return False
        paths = outline(head, depth=2)
        if {("promptIdx",), ("testIdx",), ("success",)} <= paths:
            return True
        inside = {path[1] for path in paths if len(path) == 2 and path[0] == "results"}
        return ("results",) in paths and (
            ("evalId",) in paths
            or bool(inside & {"table", "stats", "timestamp", "prompts"} and "version" in inside)
        )

    def read(self, files: Sequence[EvalFile], options: ReadOptions) -> Evaluation:
        runs: list[Run] = []
        notes: list[str] = []
        examples: dict[str, Mapping[str, ExampleText]] = {}
        metrics: dict[str, Metric] = {}
        digests = []
        for file in files:
            content = file.content()
            digest = content_digest([(file.name, content)])
            digests.append((file.name, digest.encode()))
            output = _output(file.name, content)
            choices = _choices(file.name, output)
            for number, choice in enumerate(choices, start=1):
                run = _run(file, digest, output, choice, f"#{number}" if len(choices) > 1 else "", options)
                runs.append(run)
                examples[run.run_id] = choice.sheet.texts
                notes += _notes(run.external_id, choice)
                metrics = {one.name: one for one in _declared(choice.sheet)} | metrics
        return Evaluation(
            runs=tuple(sorted(runs, key=lambda run: (run.seed is None, run.seed or 0))),
            metrics=tuple(metrics.values()),
            examples=examples,
            reader=self.name,
            notes=tuple(notes),
            digest=content_digest(digests),
        )


@dataclass(frozen=True, slots=True)
class _Output:
    rows: tuple[Mapping[str, Any], ...]
    expected: int | None = None
    """How many rows there should be, as the output itself counts."""
    timestamp: object = None
    errors: int = 0
    """How many rows ended in an error, as the output itself counts."""

    def fault(self) -> str | None:
        """What the output counts and its rows do not show."""
        if self.expected is not None and len(self.rows) < self.expected:
            return f"the file holds {len(self.rows):,} of {self.expected:,} results"
        shown_errors = sum(_ended_in_error(row, _object(row.get("response"))) for row in self.rows)
        if shown_errors < self.errors:
            return f"{self.errors:,} of the results ended in an error, the rows show {shown_errors:,}"
        return None


def _output(name: str, content: bytes) -> _Output:
    """The rows of version 3, of version 2 with or without its table, or of JSON Lines."""
    if ("promptIdx",) in outline(content[:65536], depth=1):
        lines = [row for _, row in load_json_lines(name, decoded(name, content))]
        return _Output(_objects(name, lines))
    told = load_json(name, content)
    results = told.get("results") if isinstance(told, dict) else None
    if not isinstance(results, dict):
        raise unreadable(
            name, "no object 'results'", "output of promptfoo eval -o results.json",
            hint="promptfoo eval -o results.json", field="results",
        )  # fmt: skip
    rows = results.get("results")
    stats = _object(results.get("stats"))
    counts = [stats.get(key, 0) for key in ("successes", "failures", "errors")]
    expected = sum(counts) if "successes" in stats and all(type(count) is int for count in counts) else None
    if not rows and isinstance(results.get("table"), dict):
        rows = rows_of_table(name, results["table"])
    if not isinstance(rows, list) or not rows:
        raise unreadable(
            name, "no rows in 'results.results'", "one a prompt and test", hint="promptfoo eval -o results.json",
            field="results.results",
        )  # fmt: skip
    errors = counts[2] if expected is not None else 0
    return _Output(_objects(name, rows), expected, results.get("timestamp"), errors)


def _objects(name: str, rows: list[Any]) -> tuple[Mapping[str, Any], ...]:
    for number, row in enumerate(rows, start=1):
        if not isinstance(row, dict) or not isinstance(row.get("success"), bool):
            told = row.get("success") if isinstance(row, dict) else row
            raise unreadable(
                name, f"row {number} has success {shown(told)}", "true or false",
                hint="write the output again", field="success",
            )  # fmt: skip
    return tuple(rows)


def _choices(name: str, output: _Output) -> list[_Choice]:
    choices: dict[str, _Choice] = {}
    for number, row in enumerate(output.rows, start=1):
        provider, prompt = _provider(row), _object(row.get("prompt"))
        raw = _text(prompt.get("raw")) or _text(row.get("promptId"))
        key = json.dumps([provider, raw, row.get("promptIdx")], default=str)
        label = _text(prompt.get("label")) or raw or f"prompt {row.get('promptIdx', 0)}"
        choice = choices.setdefault(key, _Choice(provider, label[:_KEPT]))
        _keep(name, number, row, choice)
    _tell_apart(list(choices.values()))
    return list(choices.values())


def _tell_apart(choices: list[_Choice]) -> None:
    """Prompts of one label are numbered."""
    seen: dict[tuple[str, str], int] = {}
    for choice in choices:
        key = (choice.provider, choice.prompt)
        seen[key] = seen.get(key, 0) + 1
        if seen[key] > 1:
            choice.prompt = f"{choice.prompt} #{seen[key]}"


def _keep(name: str, number: int, row: Mapping[str, Any], choice: _Choice) -> None:
    case = _object(row.get("testCase"))
    told = _object(case.get("vars")) or _object(row.get("vars"))
    test = _test_id(case, told)
    repeat = choice.asked[test] = choice.asked.get(test, 0) + 1
    response = _object(row.get("response"))
    choice.sheet.texts.setdefault(
        test,
        example_text(
            test,
            input_text=told or _object(row.get("prompt")).get("raw"),
            target=_text(case.get("description")),
            output=response.get("output") or row.get("error"),
        ),
    )
    if _ended_in_error(row, response):
        choice.sheet.add_error(test, repeat)
        return
    values = {PASSED: float(row["success"])}
    for metric, value in (
        (SCORE, row.get("score")),
        (LATENCY, row.get("latencyMs")),
        (COST, row.get("cost")),
    ):
        number_told = None if value is None else number_of(value)
        if value is not None and number_told is None:
            raise unreadable(
                name, f"row {number}, {metric} holds {shown(value)}", "a number", hint="write the output again",
                field=metric,
            )  # fmt: skip
        if number_told is not None:
            values[metric] = number_told
    if response.get("cached") is True:
        choice.cached += 1
        values.pop(LATENCY, None)  # how long a look into the cache took says nothing about the model
    if not _object(row.get("gradingResult")).get("componentResults") and not case.get("assert"):
        choice.unchecked += 1
    for key, value in _object(row.get("namedScores")).items():
        named = number_of(value)
        if named is not None:
            values[f"named/{metric_name(key)}" if metric_name(key) in _OWN else metric_name(key)] = named
    labels = labels_in(told, longest=SHORT_LABEL) | labels_in(case.get("metadata"), longest=SHORT_LABEL)
    choice.sheet.add(test, repeat, values, labels)


def _ended_in_error(row: Mapping[str, Any], response: Mapping[str, Any]) -> bool:
    """Did the call or its judge break? A failed assertion is a result; an error is none."""
    reason = row.get("failureReason")
    grading = _object(row.get("gradingResult"))
    parts = grading.get("componentResults")
    judged = [_object(_object(part).get("metadata")) for part in parts] if isinstance(parts, list) else []
    if reason == _ERROR or any(part.get("graderError") for part in judged):
        return True
    # Output from before `failureReason` tells an error by a text, and nothing that was graded.
    return reason is None and bool(response.get("error") or row.get("error")) and not grading


def _test_id(case: Mapping[str, Any], told: Mapping[str, Any]) -> str:
    """What a test is, not where it stands: repeats of one test get numbers of their own from promptfoo."""
    variables = {key: value for key, value in told.items() if not key.startswith("_")}
    content = {
        "vars": variables,
        "assert": case.get("assert"),
        "threshold": case.get("threshold"),
        "description": case.get("description"),
    }
    mark = hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()[:12]
    label = _text(case.get("description")) or ", ".join(map(_text, variables.values()))
    return f"{' '.join(label.split())[:60]} #{mark}".strip()


def _run(
    file: EvalFile, digest: str, output: _Output, choice: _Choice, mark: str, options: ReadOptions
) -> Run:
    sheet = choice.sheet
    scores = sheet.scores(file.seed)
    check_fractions(options, file.name, scores.values(), where="rows")
    fault = output.fault() or sheet.fault()
    return file_run(
        f"{file.name}{mark}",
        content_digest=digest,
        seed=file.seed,
        name=f"{choice.provider}, {choice.prompt}"[:_KEPT],
        config={"provider": choice.provider, "prompt": choice.prompt},
        scores=scores,
        scores_error=fault,
        started_at=moment(output.timestamp),
    )


def _notes(where: str, choice: _Choice) -> list[str]:
    notes = [
        f"{where}: {metric} is there for only some of the tests"
        for metric in choice.sheet.partial()
        if metric != LATENCY
    ]
    if choice.cached:
        notes.append(
            f"{where}: {choice.cached} answers came from promptfoo's cache: their latency is not known, repeats of them are copies"
        )
    if choice.unchecked:
        notes.append(f"{where}: {choice.unchecked} tests assert nothing and pass whatever the answer is")
    return notes


def _declared(sheet: Sheet) -> list[Metric]:
    found = []
    for name in sheet.metrics:
        fraction = all(0 <= value <= 1 for value in sheet.values(name))
        if name == LATENCY:
            one = Metric(name=name, direction=Direction.LOWER, unit=Unit.MILLISECONDS)
        elif name == COST:
            one = Metric(name=name, direction=Direction.LOWER, unit=Unit.USD)
        else:
            unit = Unit.FRACTION if fraction else Unit.NUMBER
            aliases = ("pass_rate", "success") if name == PASSED else ()
            one = Metric(name=name, direction=Direction.HIGHER, unit=unit, aliases=aliases)
        found.append(one)
    return found


def _provider(row: Mapping[str, Any]) -> str:
    told = row.get("provider")
    about = _object(told)
    return (_text(about.get("label")) or _text(about.get("id")) or _text(told) or "a provider")[:_KEPT]


def _text(value: Any) -> str:
    if value is None or isinstance(value, dict | list):
        return ""
    return str(value)[:2000].encode("utf-8", "replace").decode()


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
