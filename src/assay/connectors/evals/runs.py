"""One run as a file of results tells it, and what all readers do alike to make one."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import orjson

from assay.connectors.evals.faults import listed, shown, unreadable
from assay.connectors.evals.reader import ReadOptions
from assay.domain.experiments.evidence import Aggregate, Curve, ExampleText, Run, RunStatus, Scores

SOURCE = "file"
FOLDER = "folder"
"""Where a run lies below what was named, where that may set it apart from others."""
MAX_EXAMPLE_TEXT = 4000
_CUT = " … (cut)"


def file_run(
    external_id: str,
    *,
    content_digest: str,
    seed: int | None,
    name: str = "",
    status: RunStatus = RunStatus.FINISHED,
    config: Mapping[str, str] | None = None,
    scores: Mapping[str, Scores] | None = None,
    scores_error: str | None = None,
    aggregates: Mapping[str, Aggregate] | None = None,
    curves: Mapping[str, Curve] | None = None,
    dataset: str | None = None,
    started_at: datetime | None = None,
    tags: Mapping[str, str] | None = None,
) -> Run:
    """A run read from files. external_id: the file's name, and what tells this run from others in it.

    Its id also says what was in the file: both sides of a gate may call their files alike.
    """
    told: list[Any] = [external_id, content_digest, seed, status.value, dict(config or {}), scores_error]
    return Run(
        run_id=f"{SOURCE}:{external_id}:{content_digest[:12]}",
        source=SOURCE,
        external_id=external_id,
        name=name or external_id,
        status=status,
        config=dict(config or {}),
        seed=seed,
        curves=dict(curves or {}),
        scores=dict(scores or {}),
        scores_error=scores_error,
        aggregates=dict(aggregates or {}),
        dataset=dataset,
        started_at=started_at,
        tags=dict(tags or {}),
        digest=hashlib.sha256(orjson.dumps(told, option=orjson.OPT_SORT_KEYS)).hexdigest(),
    )


def merged(
    runs: Iterable[Run], examples: Mapping[str, Mapping[str, ExampleText]]
) -> tuple[tuple[Run, ...], dict[str, Mapping[str, ExampleText]]]:
    """Runs in the order of their seeds; those of one seed and configuration that measured different things are one run."""
    kept: dict[tuple[object, ...], list[Run]] = {}
    texts = {run_id: dict(some) for run_id, some in examples.items()}
    for run in runs:
        config = {key: value for key, value in run.config.items() if key != FOLDER}
        alike = kept.setdefault((run.seed, run.dataset, run.arm, run.status, *sorted(config.items())), [])
        place = next((i for i, other in enumerate(alike) if _are_parts(other, run)), None)
        if place is None:
            alike.append(run)
            continue
        other = alike[place]
        alike[place] = replace(
            other,
            config=other.config if other.config == run.config else config,
            scores={**other.scores, **run.scores},
            aggregates={**other.aggregates, **run.aggregates},
            scores_error="; ".join(filter(None, (other.scores_error, run.scores_error))) or None,
            digest=hashlib.sha256(f"{other.digest} {run.digest}".encode()).hexdigest(),
        )
        texts.setdefault(other.run_id, {}).update(texts.pop(run.run_id, {}))
    found = [run for alike in kept.values() for run in alike]
    ordered = sorted(found, key=lambda run: (run.seed is None, run.seed or 0, run.external_id))
    return tuple(ordered), {run_id: some for run_id, some in texts.items() if some}


def _are_parts(one: Run, other: Run) -> bool:
    measured = {*one.scores, *one.aggregates}
    also = {*other.scores, *other.aggregates}
    return bool(measured and also) and not measured & also


def unscored(examples: int, errors: Sequence[str], *, what: str = "ended in an error") -> str | None:
    """What is wrong with a run some of whose examples have no score; None when all have one.

    >>> unscored(10, ["a", "b"])
    '2 of 10 examples ended in an error: a, b'
    """
    if not errors:
        return None
    return f"{len(errors):,} of {examples:,} example{'s' * (examples != 1)} {what}: {listed(list(errors))}"


def example_text(
    sample_id: str, *, input_text: object = "", target: object = "", output: object = ""
) -> ExampleText:
    """The texts of one example, whole: `read_evaluation` cuts what is only shown."""
    return ExampleText(sample_id, whole_text(input_text), whole_text(target), whole_text(output))


def cut_texts(
    examples: Mapping[str, Mapping[str, ExampleText]],
) -> dict[str, Mapping[str, ExampleText]]:
    """The same texts to be shown: at most 4,000 characters each."""
    return {
        run_id: {
            one.sample_id: ExampleText(one.sample_id, _cut(one.input), _cut(one.target), _cut(one.output))
            for one in some.values()
        }
        for run_id, some in examples.items()
    }


def _cut(text: str) -> str:
    return text if len(text) <= MAX_EXAMPLE_TEXT else text[: MAX_EXAMPLE_TEXT - len(_CUT)] + _CUT


def whole_text(value: object) -> str:
    """A text; lists and objects as JSON."""
    if value is None:
        return ""
    if isinstance(value, str):
        text = value
    else:
        try:
            text = orjson.dumps(value).decode()
        except (TypeError, ValueError):
            text = "(cannot be shown)"
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def moment(told: object) -> datetime | None:
    """A time in ISO 8601 with its zone, None when it is none.

    >>> moment("2025-05-12T20:28:13-04:00").isoformat(), moment("yesterday")
    ('2025-05-12T20:28:13-04:00', None)
    """
    try:
        found = datetime.fromisoformat(told) if isinstance(told, str) else None
    except ValueError:
        return None
    return found if found is not None and found.tzinfo is not None else None


def check_fraction(
    options: ReadOptions, file: str, metric: str, value: float, *, where: str, field: str
) -> None:
    """Is a value of a metric that is declared as a fraction one? Invalid, saying what mends it, when it is not."""
    if not options.is_fraction(metric) or not (value > 1 or value < 0):
        return
    percent = 1 < value <= 100
    raise unreadable(
        file,
        f"{where}, {shown(field)} holds {value:.6g}, and {metric} is a fraction",
        "0 to 1",
        hint=f"divide {field} by 100 where it is written"
        if percent
        else f"declare {metric} with its own unit, or mend it",
        field=field,
    )


def check_fractions(options: ReadOptions, file: str, scores: Iterable[Scores], *, where: str) -> None:
    """Are all values of metrics that are declared as fractions between 0 and 1? Invalid for the first that is not."""
    for one in scores:
        if not options.is_fraction(one.metric):
            continue
        values = one.values if one.repeats is None else one.repeats.ravel()
        for value in values[(values > 1) | (values < 0)][:1].tolist():
            check_fraction(options, file, one.metric, value, where=where, field=one.metric)
