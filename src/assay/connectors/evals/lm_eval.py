"""Results of lm-evaluation-harness: totals by task (old and new layout), and per-example scores where samples were logged."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from assay.connectors.evals.faults import listed, printable, shown, unreadable
from assay.connectors.evals.files import EvalFile, content_digest
from assay.connectors.evals.json_files import load_json, outline
from assay.connectors.evals.lm_eval_metrics import declaration, figure_name, split_figure
from assay.connectors.evals.lm_eval_samples import TaskSamples, task_samples
from assay.connectors.evals.reader import ReadOptions
from assay.connectors.evals.runs import check_fraction, check_fractions, file_run, merged
from assay.connectors.evals.table import number_of
from assay.domain.experiments.evidence import Aggregate, Evaluation, ExampleText, Run, Scores
from assay.domain.kernel.metrics import Metric

_STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d(?:\.\d+)?")
_MODEL = re.compile(r"(?:pretrained|model|path)=([^,]+)")
_NO_FIGURES = ("alias", "name", "sample_len", "samples")
AGREES = 1e-6
"""How far the mean of examples may be from the total that is told of them, relative to it."""


@dataclass(slots=True)
class _Parts:
    """The files of one evaluation: its totals, and the samples of its tasks."""

    results: list[tuple[EvalFile, bytes]] = field(default_factory=list)
    samples: list[tuple[EvalFile, bytes]] = field(default_factory=list)


@dataclass(slots=True)
class _Collected:
    """What one run holds so far."""

    scores: dict[str, Scores] = field(default_factory=dict)
    aggregates: dict[str, Aggregate] = field(default_factory=dict)
    metrics: list[Metric] = field(default_factory=list)
    texts: dict[str, ExampleText] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


class LmEvalReader:
    """Each evaluation (a results file and the samples beside it) is one run; a metric is called `task/metric[/filter]`."""

    name = "lm-eval"

    def recognises(self, head: bytes) -> bool:
        if head[:4096].lstrip(b"\xef\xbb\xbf \t\r\n")[:1] != b"{":
            return False
        paths = outline(head, depth=3)
        figures = [path[2] for path in paths if len(path) == 3 and path[0] == "results"]
        if any(split_figure(figure).is_stderr or "," in figure for figure in figures):
            return True
        told = {"resps", "filtered_resps", "arguments", "doc_hash"}
        return ("doc_id",) in paths and any((key,) in paths for key in told)

    def read(self, files: Sequence[EvalFile], options: ReadOptions) -> Evaluation:
        parts = _parts(files)
        runs, metrics, notes, examples = [], dict[str, Metric](), [], {}
        for one in parts:
            run, found = _run(one, options)
            runs.append(run)
            notes += found.notes
            metrics |= {metric.name: metric for metric in found.metrics if metric.name not in metrics}
            if found.texts:
                examples[run.run_id] = found.texts
        digests = [(run.external_id, run.digest.encode()) for run in runs]
        whole, texts = merged(runs, examples)
        return Evaluation(
            runs=whole,
            metrics=_with_short_names(metrics.values()),
            examples=texts,
            reader=self.name,
            notes=tuple(notes),
            digest=content_digest(digests),
        )


def _with_short_names(metrics: Iterable[Metric]) -> tuple[Metric, ...]:
    """Where there is one task only, criteria may leave its name away: `acc` for `lambada_openai/acc`."""
    found = tuple(metrics)
    if len({metric.name.partition("/")[0] for metric in found}) != 1:
        return found
    return tuple(metric.model_copy(update={"aliases": (metric.name.partition("/")[2],)}) for metric in found)


def _parts(files: Sequence[EvalFile]) -> list[_Parts]:
    """Files that belong together: of one folder and one time, which both kinds carry in their names."""
    found: dict[tuple[str, str], _Parts] = {}
    for file in files:
        content = file.content()
        folder, _, name = file.name.rpartition("/")
        is_samples = ("doc_id",) in outline(content[:65536], depth=1)
        stamp = _STAMP.search(name)
        # Without a time, each results file is an evaluation of its own.
        mark = stamp[0] if stamp else "" if is_samples else name
        parts = found.setdefault((folder, mark), _Parts())
        (parts.samples if is_samples else parts.results).append((file, content))
    alone = [parts for (_, mark), parts in found.items() if not mark]
    totals = [parts for parts in found.values() if parts.results]
    if len(alone) == len(totals) == 1:  # one results file, and samples without a time beside it
        totals[0].samples += alone[0].samples
        return totals
    return list(found.values())


def _run(parts: _Parts, options: ReadOptions) -> tuple[Run, _Collected]:
    files = [*parts.results, *parts.samples]
    first = files[0][0]
    if len(parts.results) > 1:
        raise unreadable(
            first.name, f"{listed([file.name for file, _ in parts.results])} of one time in one folder", "one",
            hint="keep evaluations in folders of their own",
        )  # fmt: skip
    told = _results(*parts.results[0]) if parts.results else {}
    found = _Collected()
    samples = [
        one
        for file, content in parts.samples
        for one in task_samples(file, content, _task_of(file), _seed(told, first))
    ]
    found.faults += _lacking(told, samples)
    for one in samples:
        _take_samples(found, told, one)
    _take_totals(found, told)
    where = first.name
    check_fractions(options, where, found.scores.values(), where="samples")
    for metric, total in found.aggregates.items():
        check_fraction(options, where, metric, total.value, where="results", field=metric)
    run = file_run(
        first.name,
        content_digest=content_digest([(file.name, content) for file, content in files]),
        seed=_seed(told, first),
        name=_model_name(told) or first.name,
        config=_config(told),
        scores=found.scores,
        scores_error="; ".join(dict.fromkeys(found.faults)) or None,
        aggregates=found.aggregates,
        tags={"tasks": ", ".join(sorted(_object(told.get("results"))))[:500]},
    )
    limit = _text(_object(told.get("config")).get("limit"))
    if limit:
        found.notes.append(f"{first.name}: only the first {limit} examples of each task were run")
    return run, found


def _results(file: EvalFile, content: bytes) -> Mapping[str, Any]:
    told = load_json(file.name, content)
    results = told.get("results") if isinstance(told, dict) else None
    if not isinstance(results, dict) or not all(isinstance(one, dict) for one in results.values()):
        raise unreadable(
            file.name, "no figures by task under 'results'", "an object of tasks",
            hint="is it output of lm-evaluation-harness? choose another --reader", field="results",
        )  # fmt: skip
    return dict(told)


def _take_totals(found: _Collected, told: Mapping[str, Any]) -> None:
    """The totals of tasks, and of groups of tasks, that did not come with their examples."""
    results = {**_object(told.get("results")), **_object(told.get("groups"))}
    for task, figures in results.items():
        for name, (metric, total) in _totals(told, task, _object(figures)).items():
            one = declaration(name, metric, _better(told, task, metric), total.value)
            if one is not None:
                found.metrics.append(one)
            if name not in found.scores:
                found.aggregates[name] = total


def _lacking(told: Mapping[str, Any], samples: Sequence[TaskSamples]) -> list[str]:
    """Samples that are not as many as were announced, or as the other filters of their file hold: told before any mean is."""
    most: dict[tuple[str, str], int] = {}
    for one in samples:
        most[one.file, one.task] = max(one.examples, most.get((one.file, one.task), 0))
    faults = []
    for one in samples:
        announced = _examples(told, one.task)
        whole = most[one.file, one.task] if announced is None else announced
        if one.examples < whole:
            where = (
                ""
                if announced is not None or one.filter == "none"
                else f" under filter {printable(one.filter)}"
            )
            faults.append(f"{one.file} holds {one.examples:,} of the {whole:,} examples of {one.task}{where}")
        elif one.examples > whole:
            faults.append(
                f"{one.file} holds {one.examples:,} examples of {one.task}, {whole:,} were announced"
            )
    return faults


def _take_samples(found: _Collected, told: Mapping[str, Any], one: TaskSamples) -> None:
    """Scores by example where their mean is the total, as for accuracy; else, as for perplexity, the total alone."""
    totals = _totals(told, one.task, _object(_object(told.get("results")).get(one.task)))
    found.notes += one.notes
    found.texts |= one.texts
    found.faults += [one.fault] if one.fault else []
    for figure, scores in one.scores.items():
        name, split = figure_name(one.task, figure), split_figure(figure)
        total = totals[name][1] if name in totals else None
        mean = float(np.mean(scores.values))
        agrees = total is None or abs(mean - total.value) <= AGREES * max(1.0, abs(total.value))
        if not split.is_mean or not agrees:
            _tell_no_mean(found, told, one, (name, split.metric))
            continue
        found.scores[name] = replace(scores, metric=name)
        metric = declaration(name, split.metric, _better(told, one.task, split.metric), mean)
        if metric is not None:
            found.metrics.append(metric)


def _tell_no_mean(
    found: _Collected, told: Mapping[str, Any], one: TaskSamples, figure: tuple[str, str]
) -> None:
    """A total that is no mean of the examples is used without them; where the task says that it is one, they are not its own."""
    name, metric = figure
    metrics = _object(_object(told.get("configs")).get(one.task)).get("metric_list")
    for entry in metrics if isinstance(metrics, list) else ():
        if _object(entry).get("metric") == metric and _object(entry).get("aggregation") == "mean":
            found.faults.append(f"{name} is no mean of the examples in {one.file}, and the task says it is")
            return
    found.notes.append(f"{one.file}: {name} is no mean of its examples, so only its total is used")


def _totals(
    told: Mapping[str, Any], task: str, figures: Mapping[str, Any]
) -> dict[str, tuple[str, Aggregate]]:
    """Figures of one task by name, with their metric. A standard error of 0 is what few examples give, never certainty."""
    errors = {
        (split.metric, split.filter): number_of(value)
        for figure, value in figures.items()
        if (split := split_figure(figure)).is_stderr and not isinstance(value, str)
    }
    examples = _examples(told, task)
    found = {}
    for figure, value in figures.items():
        split = split_figure(figure)
        number = None if isinstance(value, str) else number_of(value)
        if number is None or split.is_stderr or split.metric in _NO_FIGURES:
            continue
        error = errors.get((split.metric, split.filter))
        total = Aggregate(number, error if error is not None and error > 0 else None, examples)
        found[figure_name(task, figure)] = (split.metric, total)
    return found


def _examples(told: Mapping[str, Any], task: str) -> int | None:
    """How many examples a task has; of a group, those of its tasks."""
    counts = _object(told.get("n-samples"))
    members = _object(told.get("group_subtasks")).get(task) or [task]
    if not isinstance(members, list):
        return None
    found = [_object(counts.get(str(one))).get("effective") for one in members]
    whole = [one for one in found if isinstance(one, int) and not isinstance(one, bool) and one >= 0]
    return sum(whole) if whole and len(whole) == len(found) else None


def _better(told: Mapping[str, Any], task: str, metric: str) -> bool | None:
    higher = _object(_object(told.get("higher_is_better")).get(task)).get(metric)
    return higher if isinstance(higher, bool) else None


def _seed(told: Mapping[str, Any], file: EvalFile) -> int | None:
    """The seed that the folder or file is named for, else the one that the harness was given."""
    seed = _object(told.get("config")).get("random_seed")
    given = seed if isinstance(seed, int) and not isinstance(seed, bool) and abs(seed) < 2**53 else None
    return given if file.seed is None else file.seed


def _config(told: Mapping[str, Any]) -> dict[str, str]:
    about = _object(told.get("config"))
    kept = {key: about.get(key) for key in ("model", "model_args", "num_fewshot", "gen_kwargs")}
    kept |= {key: told.get(key) for key in ("chat_template_sha", "model_name")}
    return {key: text for key, value in kept.items() if (text := _text(value))}


def _model_name(told: Mapping[str, Any]) -> str:
    name = _text(told.get("model_name"))
    args = _text(_object(told.get("config")).get("model_args"))
    found = _MODEL.search(args)
    return name or (found[1] if found else "")


def _task_of(file: EvalFile) -> str:
    """The task that a file of samples is named for: `samples_<task>_<time>.jsonl`."""
    name = file.name.rpartition("/")[2].rsplit(".", 1)[0]
    name = _STAMP.sub("", name).strip("_-.").removeprefix("samples_").strip("_-.")
    if not name:
        raise unreadable(
            file.name, f"no task in the name {shown(file.name)}", "samples_TASK.jsonl", hint="rename the file"
        )  # fmt: skip
    return name


def _text(value: Any) -> str:
    if value is None or value in ({}, [], ""):
        return ""
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True)
    return text[:500].encode("utf-8", "replace").decode()


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
