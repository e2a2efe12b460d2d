"""Does a model pass, asked from Python: the gate of the command line on arrays, data frames or files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

from assay.bootstrap import read_evaluation, read_frames, read_gate, refuse_one_place, search_leaks
from assay.domain.experiments.evidence import Evaluation
from assay.domain.gates.gate import Gate
from assay.domain.gates.gate_data import gate_from_data
from assay.domain.gates.gate_metrics import with_metrics
from assay.domain.gates.judge import judge
from assay.domain.gates.needs import needs_of
from assay.errors import Invalid
from assay.sdk.report import GateReport

GateGiven = str | PathLike[str] | Mapping[str, Any]


def gate(
    candidate: Any,
    baseline: Any = None,
    criteria: str | Sequence[str] | None = None,
    *,
    gate: GateGiven | None = None,
    sample_ids: Sequence[Any] | None = None,
    slices: Mapping[str, Sequence[Any]] | None = None,
    reader: str | None = None,
    **more: Any,
) -> GateReport:
    """Does the candidate pass, and how surely is that known?

    The very engine of `assay gate check`: the same numbers give the same answer.

    Args:
        candidate: results by example. A mapping of metric to an array of shape (examples,) or (seeds, examples); a data
            frame of pandas or Polars with the columns of a plain file (`sample_id`, `seed`, a column a metric, any other
            text a slice); a list of either, one a seed; an array alone, of the metric of the first criterion; or the path or address of
            results that Assay reads.
        baseline: what it is compared with, in any of these forms.
        criteria: such as `"accuracy >= 85%"` or `["accuracy no worse than baseline by 2%"]`; primary.
        gate: instead of criteria: the path of a gate file, or what would stand in one as a mapping.
        sample_ids: ids of the examples of arrays; without them the examples of both sides are paired by their place.
        slices: labels of the examples of arrays, by column.
        reader: who wrote the files; None finds it by content.
        **more: other entries of a gate file: `blocking`, `secondary`, `checks`, `metrics`, `settings`, `dataset`.

    Returns:
        The answer with every finding; true exactly where the gate passes. Not known yet is not a pass.

    Raises:
        Invalid: the gate or the results break a rule; names which, where, and what mends it.
        NotFound, Unavailable: a file that is named is not there, or cannot be read.

    >>> right = [1] * 96 + [0] * 4
    >>> answer = gate({"accuracy": right}, criteria="accuracy >= 85%")
    >>> answer.result, bool(answer), answer.findings[0].estimate
    ('pass', True, 0.96)
    >>> gate(right, criteria="accuracy >= 95%").result
    'inconclusive'
    """
    asked, folder = _gate(criteria, gate, more)
    declared = with_metrics(asked)
    needs = needs_of(declared)
    if isinstance(candidate, str | PathLike) and isinstance(baseline, str | PathLike):
        refuse_one_place(str(candidate), str(baseline))
    sides: list[Evaluation] = []
    for name, results in (("candidate", candidate), ("baseline", baseline)):
        if results is None:
            continue
        if isinstance(results, str | PathLike):
            read = read_evaluation(str(results), reader=reader, metrics=declared.metrics, needs=needs)
        else:
            read = read_frames(
                results,
                name=name,
                metrics=declared.metrics,
                needs=needs,
                metric=declared.primary_metric,
                sample_ids=sample_ids,
                slices=slices,
            )
        sides.append(read)
    if candidate is None:
        raise Invalid(
            "cannot judge gate: there is no candidate (expected its results)",
            hint='assay.gate({"accuracy": array}, criteria="accuracy >= 85%")',
            code="gate-candidate-missing",
            field="candidate",
        )
    ours, theirs = sides[0], sides[1] if len(sides) > 1 else None
    if sample_ids is None:
        _check_places(candidate, baseline, ours, theirs)
    overlaps = search_leaks(asked, ours, folder, lambda done, total: None)
    return GateReport(judge(asked, ours, theirs, overlaps=overlaps))


def _gate(
    criteria: str | Sequence[str] | None, given: GateGiven | None, more: Mapping[str, Any]
) -> tuple[Gate, Path]:
    """The gate that is asked for, and the folder that its files are named from."""
    written = ([criteria] if isinstance(criteria, str) else list(criteria)) if criteria is not None else None
    beside = {**({} if written is None else {"criteria": written}), **more}
    if given is None:
        return gate_from_data(beside), Path()
    if isinstance(given, Mapping):
        return gate_from_data({**given, **beside}), Path()
    if beside:
        raise Invalid(
            f"cannot judge gate '{given}': {', '.join(beside)} given beside a gate file (expected one place that says it)",
            hint="write it in the file, or leave the file out",
            code="gate-given-twice",
            field=next(iter(beside)),
        )
    file = Path(given)
    return read_gate(file), file.parent


def _check_places(candidate: Any, baseline: Any, ours: Evaluation, theirs: Evaluation | None) -> None:
    """Examples called by their place are the same ones only where both sides have as many."""
    if theirs is None or not (_is_placed(candidate) and _is_placed(baseline)):
        return
    counts = [
        {len(one.sample_ids) for run in side.runs for one in run.scores.values()} for side in (ours, theirs)
    ]
    if len(counts[0] | counts[1]) > 1:
        told = [", ".join(f"{count:,}" for count in sorted(one)) for one in counts]
        raise Invalid(
            f"cannot pair candidate with baseline: {told[0]} and {told[1]} examples without ids (expected the same ones)",
            hint="give both sides as data frames with the column sample_id",
            code="gate-examples-unpaired",
            field="sample_ids",
        )


def _is_placed(results: Any) -> bool:
    """Are its examples told apart by their place alone?"""
    if isinstance(results, str | PathLike):
        return False
    if (
        isinstance(results, Sequence)
        and results
        and (isinstance(results[0], Mapping) or hasattr(results[0], "columns"))
    ):
        return any(_is_placed(one) for one in results)
    if isinstance(results, Mapping):
        return "sample_id" not in results
    return "sample_id" not in list(getattr(results, "columns", ()))
