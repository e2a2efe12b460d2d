"""Logs of Inspect AI: `.json`, and `.eval`, which is a zip archive of JSON."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from assay.connectors.evals.archive import Archive
from assay.connectors.evals.faults import shown, unreadable
from assay.connectors.evals.files import EvalFile, content_digest
from assay.connectors.evals.inspect_values import score_values
from assay.connectors.evals.json_files import load_json, outline
from assay.connectors.evals.metric_names import metric_name
from assay.connectors.evals.reader import ReadOptions
from assay.connectors.evals.runs import check_fractions, example_text, file_run, moment, unscored
from assay.connectors.evals.sheet import Sheet, labels_in
from assay.connectors.evals.table import number_of
from assay.domain.experiments.evidence import Aggregate, Evaluation, Run, RunStatus
from assay.domain.kernel.metrics import Direction, Metric, Unit

_ZIP = b"PK\x03\x04"
_ENTRIES = (b"_journal/", b"header.json", b"summaries.json", b"samples/")
_STATUS = {
    "success": RunStatus.FINISHED,
    "cancelled": RunStatus.STOPPED,
    "error": RunStatus.FAILED,
    "started": RunStatus.FAILED,  # a log that was never ended: it crashed, or it is still running
}
_TIMES = ("working_time", "total_time")
SCHEMA = 2


@dataclass(frozen=True, slots=True)
class _Log:
    """One log, whichever form it has. samples are whole samples or their summaries."""

    name: str
    digest: str
    header: Mapping[str, Any]
    samples: tuple[Mapping[str, Any], ...]
    seed: int | None

    def part(self, key: str) -> Mapping[str, Any]:
        """An object of the header, empty where there is none."""
        return _object(self.header.get(key))


@dataclass(slots=True)
class _Found:
    """What the logs hold so far."""

    runs: list[Run] = field(default_factory=list)
    examples: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    metrics: dict[str, Metric] = field(default_factory=dict)


class InspectReader:
    """Each log is one run; epochs are repeats of its examples; what stands in an example's metadata is a slice."""

    name = "inspect"

    def recognises(self, head: bytes) -> bool:
        if head.startswith(_ZIP):
            return any(entry in head for entry in _ENTRIES)
        if head[:4096].lstrip(b"\xef\xbb\xbf \t\r\n")[:1] != b"{":
            return False
        paths = outline(head, depth=2)
        return {("status",), ("eval",)} <= paths and bool({("eval", "task"), ("eval", "run_id")} & paths)

    def read(self, files: Sequence[EvalFile], options: ReadOptions) -> Evaluation:
        found = _Found()
        digests = []
        for file in files:
            log = _log(file)
            digests.append((file.name, log.digest.encode()))
            _add_run(found, log, options)
        return Evaluation(
            runs=tuple(sorted(found.runs, key=lambda run: (run.seed is None, run.seed or 0))),
            metrics=tuple(found.metrics.values()),
            examples=found.examples,
            reader=self.name,
            notes=tuple(found.notes),
            digest=content_digest(digests),
        )


def _log(file: EvalFile) -> _Log:
    content = file.content()
    digest = content_digest([(file.name, content)])
    header: Any
    samples: Any
    if content.startswith(_ZIP):
        header, samples = _from_archive(Archive(file.name, content))
    else:
        header = load_json(file.name, content)
        samples = _object(header).get("samples") or []
    status = _object(header).get("status")
    if not isinstance(status, str) or status not in _STATUS:
        raise unreadable(
            file.name,
            f"the status {shown(status)}",
            f"a log with status {', '.join(_STATUS)}",
            hint="is it a log of Inspect AI? choose another --reader",
            field="status",
        )
    if not isinstance(samples, list) or not all(isinstance(sample, dict) for sample in samples):
        raise unreadable(
            file.name, "samples that are no list of objects", "one", hint="write the log again", field="samples"
        )  # fmt: skip
    return _Log(file.name, digest, header, tuple(samples), file.seed)


def _from_archive(archive: Archive) -> tuple[Any, list[Any]]:
    """Header and samples. Summaries are enough where they tell everything, as they do since mid 2025."""
    if "header.json" in archive:
        header = _entry(archive, "header.json")
    elif "_journal/start.json" in archive:
        start = _entry(archive, "_journal/start.json")
        header = {**start, "status": "started"} if isinstance(start, dict) else start
    else:
        raise unreadable(
            archive.name, "an archive without header.json", "a log of Inspect AI",
            hint="choose another --reader, or copy the log again",
        )  # fmt: skip
    journal = [name for name in archive.names() if name.startswith("_journal/summaries/")]
    names = ["summaries.json"] if "summaries.json" in archive else journal
    summaries = [one for name in names for one in _list(_entry(archive, name))]
    if summaries and all(isinstance(one, dict) and "completed" in one for one in summaries):
        return header, summaries
    samples = [name for name in archive.names() if name.startswith("samples/") and name.endswith(".json")]
    return header, [_entry(archive, name) for name in samples]


def _entry(archive: Archive, entry: str) -> Any:
    return load_json(f"{archive.name}/{entry}", archive.read(entry))


def _add_run(found: _Found, log: _Log, options: ReadOptions) -> None:
    status = _STATUS[log.header["status"]]
    sheet, letters = _sheet(log, found)
    seed = _seed(log)
    scores = sheet.scores(seed)
    check_fractions(options, log.name, scores.values(), where="samples")
    about = log.part("eval")
    run = file_run(
        log.name,
        content_digest=log.digest,
        seed=seed,
        name=f"{about.get('task', 'evaluation')} on {about.get('model', 'a model')}",
        status=status,
        config=_config(log),
        scores=scores,
        scores_error=_fault(log, sheet, status),
        aggregates={} if scores else _aggregates(log),
        dataset=_text(_object(about.get("dataset")).get("name")) or _text(about.get("task")) or None,
        started_at=moment(about.get("created")),
        tags={key: _text(about.get(key)) for key in ("task", "task_version", "run_id", "eval_id")},
    )
    found.runs.append(run)
    if sheet.texts:
        found.examples[run.run_id] = sheet.texts
    _declare(found, log, sheet, letters)
    if log.header["status"] != "success":
        why = _text(_object(log.header.get("error")).get("message"))[:200]
        found.notes.append(
            f"{log.name}: the evaluation is {shown(log.header['status'])}, so it is no evidence{': ' + why if why else ''}"
        )
    elif not log.samples and run.aggregates:
        found.notes.append(
            f"{log.name}: the log holds no samples, only totals; they can be compared, not paired"
        )


def _sheet(log: _Log, found: _Found) -> tuple[Sheet, set[str]]:
    """The scores of each sample and epoch, and the metrics whose values are grades such as C and I."""
    sheet, letters = Sheet(), set[str]()
    labelled: dict[str, tuple[str, str]] = {}
    limits: dict[str, int] = {}
    for place, sample in enumerate(log.samples, start=1):
        who = _identity(log, sample, place)
        values: dict[str, float] = {}
        for scorer, score in _object(sample.get("scores")).items():
            graded = score_values(scorer, _object(score).get("value"))
            if graded.label is not None:
                labelled.setdefault(scorer, (who[0], graded.label))
            values |= graded.values
            letters |= set(graded.values) if graded.letter else set()
        if sample.get("limit"):
            kind = _text(_object(sample["limit"]).get("type", sample["limit"]))
            limits[kind] = limits.get(kind, 0) + 1
        _keep(log, sheet, sample, who, values)
        sheet.texts.setdefault(who[0], _texts(who[0], sample))
    for scorer, (sample_id, label) in labelled.items():
        _check_label(log, sheet, scorer, sample_id, label)
        found.notes.append(
            f"{log.name}: scorer {scorer} gives labels such as {shown(label)}, which are no numbers: not read"
        )
    found.notes += [
        f"{log.name}: {metric} is there for only some of the samples" for metric in sheet.partial()
    ]
    found.notes += [
        f"{log.name}: {count} samples were cut off by the {kind} limit and scored as they stood"
        for kind, count in limits.items()
    ]
    return sheet, letters


def _keep(
    log: _Log, sheet: Sheet, sample: Mapping[str, Any], who: tuple[str, int], values: Mapping[str, float]
) -> None:
    times = {name: time for name in _TIMES if (time := number_of(sample.get(name))) is not None}
    if sample.get("error"):
        fresh = sheet.add_error(*who)
    elif any(math.isnan(value) for value in values.values()) or not sample.get("scores"):
        fresh = sheet.add_error(*who, error=False)
    else:
        fresh = sheet.add(*who, {**values, **times}, labels_in(sample.get("metadata")))
    if not fresh:
        raise unreadable(
            log.name, f"sample {shown(who[0])} stands twice in epoch {who[1]}", "each sample once an epoch",
            hint="were two logs merged? keep them apart", field="samples",
        )  # fmt: skip


def _check_label(log: _Log, sheet: Sheet, scorer: str, sample_id: str, label: str) -> None:
    """A scorer whose other samples have numbers would quietly lose the ones without."""
    name = metric_name(scorer)
    if any(metric == name or metric.startswith(f"{name}/") for metric in sheet.metrics):
        raise unreadable(
            log.name,
            f"sample {shown(sample_id)}, scorer {shown(scorer)} gives {shown(label)}",
            "C, P, I, N or a number, as in its other samples",
            hint="mend the scorer, or give such samples no score",
            field=f"scores.{scorer}",
        )


def _identity(log: _Log, sample: Mapping[str, Any], place: int) -> tuple[str, int]:
    sample_id, epoch = sample.get("id"), sample.get("epoch", 1)
    good = isinstance(sample_id, str | int) and not isinstance(sample_id, bool) and sample_id != ""
    text = str(sample_id) if good and len(str(sample_id)) < 500 else ""
    if not text or not isinstance(epoch, int) or text.encode("utf-8", "replace").decode() != text:
        raise unreadable(
            log.name, f"sample {place} has id {shown(sample_id)} and epoch {shown(epoch)}",
            "a short text or whole number, and a whole number", hint="give each sample an id", field="samples",
        )  # fmt: skip
    return text, epoch


def _fault(log: _Log, sheet: Sheet, status: RunStatus) -> str | None:
    if log.header.get("invalidated"):
        return "the log was marked as invalidated"
    fault = sheet.fault()
    if fault or status is not RunStatus.FINISHED or not log.samples:
        return fault
    ids = _object(log.part("eval").get("dataset")).get("sample_ids")
    if isinstance(ids, list) and len(sheet) < len(ids):
        return f"the log holds {len(sheet):,} of the {len(ids):,} samples that were to be run"
    completed = log.part("results").get("completed_samples")  # of every epoch; older logs tell no ids
    if isinstance(completed, int) and len(log.samples) < completed:
        return f"the log holds {len(log.samples):,} of the {completed:,} samples that were completed"
    scorers = {scorer for sample in log.samples for scorer in _object(sample.get("scores"))}
    for scorer in sorted(scorers):
        lacking = [_text(one.get("id")) for one in log.samples if scorer not in _object(one.get("scores"))]
        if lacking:
            return unscored(len(log.samples), lacking, what=f"have no score of {scorer}")
    return None


def _declare(found: _Found, log: _Log, sheet: Sheet, letters: set[str]) -> None:
    results = [_object(one) for one in _list(log.part("results").get("scores"))]
    accurate = {
        metric_name(_text(one.get("name"))) for one in results if "accuracy" in _object(one.get("metrics"))
    }
    # Criteria say "accuracy", as Inspect itself does, where only one scorer can be meant.
    alias = ("accuracy",) if len(accurate) == 1 and "accuracy" not in {*accurate, *sheet.metrics} else ()
    totals = () if sheet.metrics else accurate
    for name in (*sheet.metrics, *totals):
        if name in _TIMES:
            found.metrics.setdefault(name, Metric(name=name, direction=Direction.LOWER, unit=Unit.SECONDS))
        elif name in letters | accurate and all(0 <= value <= 1 for value in sheet.values(name)):
            found.metrics.setdefault(
                name,
                Metric(
                    name=name,
                    direction=Direction.HIGHER,
                    unit=Unit.FRACTION,
                    aliases=alias if name in accurate else (),
                ),
            )


def _aggregates(log: _Log) -> dict[str, Aggregate]:
    """The totals of a log that keeps no samples. A standard error of 0 is what few samples give, never certainty."""
    results = log.part("results")
    found = {}
    for one in map(_object, _list(results.get("scores"))):
        metrics = _object(one.get("metrics"))
        stderr = _value(metrics.get("stderr"))
        count = one.get("scored_samples", results.get("completed_samples"))
        for name, metric in metrics.items():
            value = _value(metric)
            if value is None or name == "stderr":
                continue
            scorer = metric_name(_text(one.get("name")))
            key = scorer if name == "accuracy" else metric_name(f"{scorer}/{name}")
            found[key] = Aggregate(
                value,
                stderr if name in ("accuracy", "mean") and stderr else None,
                count if isinstance(count, int) and not isinstance(count, bool) else None,
            )
    return found


def _seed(log: _Log) -> int | None:
    """The seed that the log tells: of the task, the model call, or the model; else the file's name."""
    about = log.part("eval")
    places = (
        about.get("task_args"),
        about.get("metadata"),
        about.get("model_generate_config"),
        log.part("plan").get("config"),
        about.get("model_args"),
    )
    for place in places:
        seed = _object(place).get("seed")
        if isinstance(seed, int) and not isinstance(seed, bool) and abs(seed) < 2**53:
            return seed
    return log.seed


def _config(log: _Log) -> dict[str, str]:
    """What was evaluated. On what (task and data set) is no part of it: one model may be measured on several."""
    about = log.part("eval")
    config = {key: _text(about.get(key)) for key in ("model", "solver")}
    for prefix, place in (
        ("task_args", about.get("task_args")),
        ("model_args", about.get("model_args")),
        ("generate", about.get("model_generate_config")),
    ):
        config |= {f"{prefix}.{key}": _text(value) for key, value in _object(place).items() if key != "seed"}
    return {key: value for key, value in config.items() if value}


def _texts(sample_id: str, sample: Mapping[str, Any]) -> Any:
    choices = _list(_object(sample.get("output")).get("choices"))
    message = _object(_object(choices[0]).get("message")) if choices else {}
    answers = [_object(score).get("answer") for score in _object(sample.get("scores")).values()]
    output = message.get("content") or next((one for one in answers if one), "")
    return example_text(
        sample_id,
        input_text=_spoken(sample.get("input")),
        target=sample.get("target"),
        output=_spoken(output),
    )


def _spoken(told: Any, depth: int = 0) -> Any:
    """The text of messages: what the user said, where there are several."""
    if not isinstance(told, list) or depth > 2:
        return told
    said = [
        _spoken(one.get("content", one.get("text", "")), depth + 1)
        for one in told
        if isinstance(one, dict) and one.get("role", "user") in ("user", "assistant")
    ]
    return "\n".join(one for one in said if isinstance(one, str)) or told


def _value(metric: Any) -> float | None:
    return number_of(_object(metric).get("value"))


def _text(value: Any) -> str:
    if value is None or value in ({}, []):
        return ""
    text = value if isinstance(value, str) else str(value)
    return text[:500].encode("utf-8", "replace").decode()


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
