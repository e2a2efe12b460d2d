"""What did each seed of a group measure for one metric, and may it be used?

Every seed that was begun must be accounted for: a crashed run without a finished one of the same seed, a run that did
not log the metric, a NaN, or a result that was deleted and not measured again makes the evidence invalid. Leaving such
runs out would promote by selection.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from assay.domain.experiments.criteria.model import DatasetRef
from assay.domain.experiments.evidence import UNFINISHED, Aggregate, Curve, Run, RunStatus, Scores
from assay.domain.experiments.readings import read_curve
from assay.domain.gates.early_stops import stopped_early
from assay.domain.gates.example_tables import ExampleTable, is_rising, table_of
from assay.domain.gates.problems import Problem, mend, run_name
from assay.domain.gates.quantities import LARGEST, out_of_range
from assay.domain.gates.run_values import (
    has_begun,
    logged_scores,
    logged_value,
    reported_by,
    scores_of,
    sums_up,
    unread,
    value_of,
)
from assay.domain.gates.seed_groups import SeedGroup, aware, starting_order
from assay.domain.gates.taken_results import changed_results, removed_results
from assay.domain.gates.wording import count, counts_as, listed
from assay.domain.kernel.canonical import round_significant
from assay.domain.kernel.findings import Outcome, Settlement
from assay.domain.kernel.metrics import Metric, Unit
from assay.domain.kernel.readings import LAST

_ENDED_WITHOUT_RESULT = (RunStatus.FAILED, RunStatus.STOPPED)


@dataclass(frozen=True, slots=True, eq=False)
class SeedResult:
    """One seed: one unit of evidence."""

    seed: int | None
    run: Run
    value: float
    scores: Scores | None
    reported: Aggregate | None = None
    """Where the value is a figure that a tool reported without the examples behind it."""


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """What the seeds of a group measured, in starting order. `open` are the runs of further seeds that have not ended."""

    seeds: tuple[SeedResult, ...]
    table: ExampleTable | None
    datasets: tuple[str, ...]
    notes: tuple[str, ...] = ()
    open: tuple[Run, ...] = ()

    @property
    def held_by(self) -> tuple[Run, ...]:
        """Open runs that began before the last of these seeds, or nobody knows when: deciding without them is choosing."""
        last = max(starting_order(seed.run) for seed in self.seeds)
        return tuple(r for r in self.open if aware(r.started_at) is None or starting_order(r) < last)

    @property
    def values(self) -> tuple[float, ...]:
        """One value a seed, in the metric's unit."""
        return tuple(seed.value for seed in self.seeds)

    def first_seeds(self, amount: int) -> Measured:
        """What the first seeds, in starting order, measured."""
        if amount >= len(self.seeds):
            return self
        table = None if self.table is None else self.table.first_seeds(amount)
        return replace(self, seeds=self.seeds[:amount], table=table)

    @property
    def reported(self) -> Aggregate | None:
        """The reported figure of the only run there is: with its standard error it speaks of that one model."""
        return self.seeds[0].reported if len(self.seeds) == 1 and self.table is None else None

    def by_seeds(self) -> Measured:
        """The same with the seeds as the only sample: neither examples nor standard errors of reported figures."""
        return replace(self, table=None, seeds=tuple(replace(seed, reported=None) for seed in self.seeds))

    def for_means(self, metric: Metric) -> Measured:
        """The same where a mean is tested: a count is a total of the examples, so it has no mean over them."""
        return replace(self, table=None) if metric.unit is Unit.COUNT else self


def measure(group: SeedGroup, metric: Metric, dataset: DatasetRef | None) -> Measured | Problem:
    """What did the runs of this seed group that may be counted measure?

    Returns:
        One value a seed with per-example scores where every seed has them, or the problem that forbids using them.
    """
    asked = (metric, dataset)
    if asked not in group.memo:
        group.memo[asked] = _measure(group, metric, dataset)
    found: Measured | Problem = group.memo[asked]
    return found


def _measure(group: SeedGroup, metric: Metric, dataset: DatasetRef | None) -> Measured | Problem:
    runs = group.evidence
    here = [run for run in runs if dataset is None or _is_on(run, dataset)]
    crashed = [
        run for run in runs if run.status in _ENDED_WITHOUT_RESULT and (run in here or run.dataset is None)
    ]
    broken = (
        removed_results(group, metric)
        or changed_results([run for run in here if run.status is RunStatus.FINISHED], metric)
        or _diverged(here, metric)
        or _unaccounted(group, here, crashed, metric)
        or _unreadable(here, metric)
    )
    if broken is not None:
        return broken
    ended = [run for run in here if run.status is RunStatus.FINISHED]
    results = [result for run in ended if (result := _result(run, metric)) is not None]
    if not results:
        return _nothing(runs, here, metric, dataset)
    missing = _missing(runs, ended, results, metric)
    if missing is not None:
        return missing
    seeds = _distinct_seeds(results)
    if isinstance(seeds, Problem):
        return seeds
    found = _assembled(here, results, seeds, metric, group.unmatched_limit)
    if isinstance(found, Problem):
        return found
    done = {seed.seed for seed in seeds}
    still = (run for run in runs if run.status in UNFINISHED and (run in here or run.dataset is None))
    return replace(found, open=tuple(run for run in still if run.seed is None or run.seed not in done))


def _is_on(run: Run, dataset: DatasetRef) -> bool:
    if run.dataset is None:
        return False
    name, _, version = run.dataset.partition("@")
    return name == dataset.name and (dataset.version is None or version == dataset.version)


def _diverged(runs: Sequence[Run], metric: Metric) -> Problem | None:
    """Runs that ended with a value that is not a finite number."""
    found = _non_finite([run for run in runs if run.status not in UNFINISHED], metric)
    if not found:
        return None
    return Problem(
        Outcome.INVALID,
        f"{metric.name} is not a finite number in {listed(map(run_name, found))}",
        mend("mend the run that logged NaN or an infinity and run its seed again"),
    )


def _unaccounted(
    group: SeedGroup, here: Sequence[Run], crashed: Sequence[Run], metric: Metric
) -> Problem | None:
    """Runs that crashed, or were taken away with a value before they had finished, with no finished run of their seed."""
    done = (run.seed for run in (*here, *group.repeats) if run.status is RunStatus.FINISHED)
    finished = {seed for seed in done if seed is not None}
    stopped = [one.run for one in group.taken if one.run.status is not RunStatus.FINISHED]
    begun = [*crashed, *(run for run in stopped if has_begun(run, metric))]
    lost = [run for run in begun if not {run.seed, *_earlier_seeds(run)} <= finished]
    if not lost:
        return None
    return stopped_early(lost) or Problem(
        Outcome.INVALID,
        f"{count(len(lost), 'run')} began and never finished: {listed(map(run_name, lost))}",
        mend("run the seeds that crashed again; leaving them out would choose the evidence"),
    )


def _earlier_seeds(run: Run) -> set[int]:
    return {past.seed for past in run.past if past.seed is not None}


def _non_finite(runs: Sequence[Run], metric: Metric) -> list[Run]:
    found = []
    for run in runs:
        scores, value = scores_of(run, metric), value_of(run, metric)
        logged = [
            _shown(run.curves[n], metric) for n in metric.names if n in run.curves and run.curves[n].points
        ]
        bad_scores = scores is not None and not np.isfinite(scores.values).all()
        if bad_scores or any(not math.isfinite(x) for x in (*logged, *(() if value is None else (value,)))):
            found.append(run)
    return found


def _shown(curve: Curve, metric: Metric) -> float:
    """The value that counts; of a curve that does not reach it the last one, for one that broke on the way is broken."""
    value = read_curve(curve, metric.reading, metric.direction)
    return curve.last if value is None else value


def _unreadable(runs: Sequence[Run], metric: Metric) -> Problem | None:
    distinct: list[
        Sequence[str]
    ] = []  # runs over the same examples share one tuple of ids, looked through once
    for run in runs:
        if run.status is not RunStatus.FINISHED:
            continue
        why = run.scores_error or _bad_scores(run, metric, distinct)
        if why:
            return Problem(
                Outcome.INVALID,
                f"per-example scores of {run_name(run)}: {why}",
                mend("write the scores of that run again"),
            )
        value = value_of(run, metric)
        why = None if value is None else out_of_range(value, metric)
        if why:
            return Problem(
                Outcome.INVALID,
                f"{metric.name} of {run_name(run)}: {why}",
                mend(f"log {metric.name} in its declared unit, {metric.unit.value}"),
            )
    return None


def _bad_scores(run: Run, metric: Metric, distinct: list[Sequence[str]]) -> str | None:
    scores = scores_of(run, metric)
    if scores is None:
        return None
    if not scores.sample_ids or len(scores.sample_ids) != scores.values.size:
        return f"{len(scores.sample_ids)} ids for {scores.values.size} values"
    if not any(scores.sample_ids is ids for ids in distinct):
        if not is_rising(scores.sample_ids) and len(set(scores.sample_ids)) != len(scores.sample_ids):
            return "duplicated example ids"
        distinct.append(scores.sample_ids)
    if scores.clusters is not None and len(scores.clusters) != len(scores.sample_ids):
        return f"{len(scores.clusters)} cluster labels for {len(scores.sample_ids)} examples"
    return _bad_values(scores, metric)


def _bad_values(scores: Scores, metric: Metric) -> str | None:
    if float(np.abs(scores.values).max()) > LARGEST:
        return f"a value of {float(np.abs(scores.values).max()):.6g} is too large to compute with"
    told = scores.values if scores.repeats is None else scores.repeats
    if (
        metric.unit is Unit.COUNT and float(told.min()) < 0.0
    ):  # it would cancel others where they are added up
        place = int((told.reshape(len(scores.sample_ids), -1) < 0.0).any(axis=1).argmax())
        return f"example {scores.sample_ids[place]} has a count below 0"
    return None


def _result(run: Run, metric: Metric) -> SeedResult | None:
    value = value_of(run, metric)
    if value is None:
        return None
    return SeedResult(run.seed, run, value, scores_of(run, metric), reported_by(run, metric))


def _nothing(runs: Sequence[Run], here: Sequence[Run], metric: Metric, dataset: DatasetRef | None) -> Problem:
    elsewhere = [run for run in runs if run not in here and value_of(run, metric) is not None]
    if dataset is not None and elsewhere:
        asked = dataset.name if dataset.version is None else f"{dataset.name}@{dataset.version}"
        found = sorted({run.dataset or "an evaluation set that the run does not name" for run in elsewhere})
        return Problem(
            Outcome.INVALID,
            f"{metric.name} was measured on {listed(found)}, the criterion asks for {asked}",
            mend(f"evaluate on {asked} and tag the runs assay.dataset={asked}"),
        )
    waiting = [run for run in runs if run.status in UNFINISHED]
    if waiting:
        reason = f"{count(len(waiting), 'run')} not finished yet, none has ended"
    elif short := _short(runs, metric):
        return _unreached(short, metric)
    elif runs:
        reason = f"no run logged {metric.name}"
    else:
        reason = "no run has begun after the lock"
    return Problem(
        Outcome.NO_EVIDENCE,
        reason,
        Settlement(kind="measure", text=f"a finished run that logs {metric.name}"),
    )


def _short(runs: Sequence[Run], metric: Metric) -> list[str]:
    """The runs whose curve has no value that counts, each with the reason."""
    return [f"{run_name(run)} {why}" for run in runs if (why := unread(run, metric))]


def _unreached(short: Sequence[str], metric: Metric, *, outcome: Outcome = Outcome.NO_EVIDENCE) -> Problem:
    runs = f"{count(len(short), 'run')} of this configuration"
    return Problem(
        outcome,
        f"{counts_as(metric)}, which is not known in {runs}: {listed(short)}",
        Settlement(kind="measure", text=f"a finished run that logs {metric.name} as far as that")
        if outcome is Outcome.NO_EVIDENCE
        else mend("train every seed as far as that: which value counts was locked"),
    )


def _missing(
    runs: Sequence[Run], ended: Sequence[Run], results: Sequence[SeedResult], metric: Metric
) -> Problem | None:
    """Seeds that finished without the metric (on the set that was asked for), while others have it."""
    measured = {result.seed for result in results}
    have = {result.run.run_id for result in results}
    lacking = [run for run in ended if run.run_id not in have]
    lacking += [r for r in runs if r.status is RunStatus.FINISHED and r.run_id not in have and r not in ended]
    one_model = _one_model(runs)
    lost = [run for run in lacking if run.seed not in measured or (run.seed is None and not one_model)]
    if not lost:
        return None
    short = _short(lost, metric)
    if len(short) == len(lost):
        return _unreached(short, metric, outcome=Outcome.INVALID)
    return Problem(
        Outcome.INVALID,
        f"{metric.name} is missing in {count(len(lost), 'run')} of this configuration: {listed(map(run_name, lost))}",
        mend(f"log {metric.name} for every seed"),
    )


def _one_model(runs: Sequence[Run]) -> bool:
    """Are runs without a seed one model on several evaluation sets, each measured once?"""
    sets = [run.dataset for run in runs if run.seed is None]
    return len(set(sets)) == len(sets)


def _distinct_seeds(results: Sequence[SeedResult]) -> tuple[SeedResult, ...] | Problem:
    """One result a seed: identical repeats count once, different values of one seed are broken evidence."""
    kept: dict[int | None, SeedResult] = {}
    for result in results:
        first = kept.setdefault(result.seed, result)
        if _same(first, result):
            if first.scores is None:
                kept[result.seed] = result
            continue
        if result.seed is None:
            return Problem(
                Outcome.INVALID,
                f"{count(sum(r.seed is None for r in results), 'run')} without a recorded seed: they cannot be told apart",
                mend("log the seed of every run (parameter `seed` or tag `assay.seed`)"),
            )
        return Problem(
            Outcome.INVALID,
            f"seed {result.seed} has runs with different values ({first.value:.6g} and {result.value:.6g}): a seed is one unit",
            mend("give a re-run a seed of its own (tag `assay.seed`), so that every result counts"),
        )
    if None in kept and len(kept) > 1:
        return Problem(
            Outcome.INVALID,
            f"{run_name(kept[None].run)} has no recorded seed: it may repeat another run",
            mend("log the seed of every run (parameter `seed` or tag `assay.seed`)"),
        )
    return tuple(kept.values())


def _same(first: SeedResult, other: SeedResult) -> bool:
    if first is other:
        return True
    if round_significant(first.value) != round_significant(other.value):
        return False
    if first.scores is None or other.scores is None:
        return True
    return _as_pairs(first.scores) == _as_pairs(other.scores)


def _as_pairs(scores: Scores) -> dict[str, float]:
    return dict(zip(scores.sample_ids, scores.values.tolist(), strict=True))


def _assembled(
    here: Sequence[Run],
    results: Sequence[SeedResult],
    seeds: tuple[SeedResult, ...],
    metric: Metric,
    unmatched_limit: float,
) -> Measured | Problem:
    datasets = sorted({seed.run.dataset or "" for seed in seeds})
    if len(datasets) > 1:
        named = listed(name or "a set that is not named" for name in datasets)
        return Problem(
            Outcome.INVALID,
            f"the runs used different evaluation sets: {named}",
            mend("evaluate every run on one set"),
        )
    table = table_of([seed.scores for seed in seeds], unmatched_limit=unmatched_limit)
    if isinstance(table, Problem):
        return table
    notes = []
    if len(results) > len(seeds):
        notes.append(f"{count(len(results) - len(seeds), 'identical repeat')} of a seed counted once")
    running = sum(run.status in UNFINISHED for run in here)
    if running:
        notes.append(f"{count(running, 'run')} not finished yet, not counted")
    notes += _reading_notes(seeds, metric) + _score_notes(seeds, table, metric)
    return Measured(seeds, table, tuple(name for name in datasets if name), tuple(notes))


def _reading_notes(seeds: tuple[SeedResult, ...], metric: Metric) -> list[str]:
    """Which value counts, where it is not the last one, and whose scores are of another."""
    if metric.reading == LAST:
        return []
    notes = [counts_as(metric)]
    other = [run_name(s.run) for s in seeds if s.scores is None and logged_scores(s.run, metric) is not None]
    if other:
        notes.append(f"per-example scores that do not sum up to that value, not used: {listed(other)}")
    return notes


def _score_notes(seeds: tuple[SeedResult, ...], table: ExampleTable | None, metric: Metric) -> list[str]:
    notes = []
    if any(seed.reported is not None for seed in seeds):
        notes.append(
            f"{metric.name} as reported: its examples were not kept, so nothing can be paired or checked"
        )
    if table is None and any(seed.scores is not None for seed in seeds):
        notes.append("per-example scores exist for some seeds only: not used")
    if table is not None and table.unmatched:
        notes.append(
            f"{count(len(table.unmatched), 'example')} not scored by every seed, left out: {listed(table.unmatched)}"
        )
    for seed in seeds:
        logged = logged_value(seed.run, metric)
        if seed.scores is not None and logged is not None and not sums_up(seed.scores, logged, metric):
            notes.append(
                f"{run_name(seed.run)} logged {logged:.6g}, its per-example scores give {seed.value:.6g}: the scores count"
            )
            break
    return notes
