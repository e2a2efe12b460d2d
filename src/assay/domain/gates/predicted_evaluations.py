"""What could an evaluation look like with more examples or more seeds? One possible future at a time.

Examples to come are drawn from those seen by Polya's urn (Blackwell and MacQueen 1973; the predictive side of Rubin's Bayesian
bootstrap 1981): whole sources where examples share one, the same examples on both sides. A seed to come has a level drawn from
the normal predictive distribution of the levels seen, and on each example what one of the seeds seen got there. What was never
seen is never drawn: zero failures stay zero. A prediction is no evidence and is never kept.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from assay.domain.experiments.evidence import (
    Aggregate,
    Curve,
    Evaluation,
    FloatArray,
    Labels,
    Run,
    RunStatus,
    Scores,
)
from assay.domain.experiments.readings import read_curve
from assay.domain.gates.seed_groups import config_key
from assay.domain.kernel.metrics import Metric, MetricCatalog
from assay.domain.kernel.readings import LAST, ReadingKind
from assay.stats.distributions import chi_square_quantile, normal_quantile
from assay.stats.predictive_draws import DRAWS, uniforms
from assay.stats.samples import is_binary

Rows = NDArray[np.intp]
_EXAMPLES, _SEEDS, _EXCHANGED = 1 << 20, 1 << 21, 1 << 22
"""Where the fixed sequences of each begin, apart from those of other predictions."""


@dataclass(frozen=True, slots=True, eq=False)
class Sides:
    """Candidate and baseline, as far as there is one."""

    candidate: Evaluation
    baseline: Evaluation | None

    def evaluations(self) -> tuple[Evaluation, ...]:
        """Those that are there."""
        return (self.candidate,) if self.baseline is None else (self.candidate, self.baseline)

    def scores(self) -> Iterable[Scores]:
        """The scores of every run and metric."""
        return (one for side in self.evaluations() for run in side.runs for one in run.scores.values())

    def cells(self) -> int:
        """How many scores there are."""
        return sum(one.values.size for one in self.scores())


def why_no_more_examples(sides: Sides) -> str:
    """Why more examples cannot be predicted; empty where they can."""
    return "" if sides.cells() else "only totals are there: nothing says how single examples differ"


def why_no_more_seeds(sides: Sides) -> str:
    """Why more seeds cannot be predicted; empty where they can."""
    if any(one.repeats is not None for one in sides.scores()):
        return "the results hold repeats of one model, and say nothing about training again"
    sizes = [len(group) for group in _groups(sides.candidate)]
    if not sizes or max(sizes) < 2:
        return "one seed says nothing about how seeds differ (expected at least two)"
    return ""


class Futures:
    """Possible futures of both sides: so many further seeds of every configuration that has two, so many further examples."""

    def __init__(
        self, sides: Sides, *, more_seeds: int = 0, more_examples: int = 0, metrics: Iterable[Metric] = ()
    ) -> None:
        """`metrics` are the gate's own declarations: which value of a curve counts."""
        self._sides = _with_shared_ids(sides)
        self._declared = MetricCatalog.of(metrics)
        self._seeds = more_seeds
        self._examples = more_examples if sides.cells() else 0
        self._seen = _Seen.of(self._sides) if self._examples else None

    def at(self, number: int) -> Sides:
        """The possible future of this number (0, 1, ...): the same at every call."""
        sides = self._sides
        if self._seeds:
            sides = _mapped(
                sides,
                lambda side, at: replace(
                    side,
                    runs=(*side.runs, *_new_runs(side, self._seeds, 2 * number + at, self._declared)),
                ),
            )
        if self._seen is not None:
            drawn = self._seen.draw(self._examples, number)
            sides = _mapped(sides, _Growth(self._seen, drawn, _EXCHANGED + 4 * number).of_side)
        return sides


def _mapped(sides: Sides, change: Callable[[Evaluation, int], Evaluation]) -> Sides:
    baseline = None if sides.baseline is None else change(sides.baseline, 1)
    return Sides(change(sides.candidate, 0), baseline)


def _with_shared_ids(sides: Sides) -> Sides:
    """The same with one tuple of ids for all scores of the same examples: what is found for one holds for all."""
    known: list[Sequence[str]] = []

    def shared(one: Scores) -> Scores:
        for ids in known:
            if ids is one.sample_ids or ids == one.sample_ids:
                return one if ids is one.sample_ids else replace(one, sample_ids=ids)
        known.append(one.sample_ids)
        return one

    def of_side(side: Evaluation, _: int) -> Evaluation:
        runs = (
            replace(run, scores={name: shared(one) for name, one in run.scores.items()}) for run in side.runs
        )
        return replace(side, runs=tuple(runs))

    return _mapped(sides, of_side)


@dataclass(frozen=True, slots=True, eq=False)
class _Seen:
    """All examples of both sides, and the source each belongs to (itself, where sources are not known)."""

    ids: tuple[str, ...]
    place: Mapping[str, int]
    members: tuple[Rows, ...] | None
    """The examples of every source; None where each is its own."""

    @classmethod
    def of(cls, sides: Sides) -> _Seen:
        sources: dict[str, str] = {}
        clustered = False
        met: set[int] = set()
        for one in sides.scores():
            if id(one.sample_ids) in met and one.clusters is None:
                continue
            met.add(id(one.sample_ids))
            clustered = clustered or one.clusters is not None
            for sample_id, source in zip(one.sample_ids, one.clusters or one.sample_ids, strict=True):
                sources.setdefault(sample_id, source)
        ids = tuple(sorted(sources))
        place = {sample_id: at for at, sample_id in enumerate(ids)}
        if not clustered:
            return cls(ids, place, None)
        named: dict[str, list[int]] = {}
        for at, sample_id in enumerate(ids):
            named.setdefault(sources[sample_id], []).append(at)
        return cls(ids, place, tuple(np.array(named[name], dtype=np.intp) for name in sorted(named)))

    def draw(self, more: int, number: int) -> _Drawn:
        units = len(self.ids) if self.members is None else len(self.members)
        u = _uniforms(units + more, _EXAMPLES + number)
        weights = -np.log(u[:units])
        edges = np.cumsum(weights)
        picked = np.minimum(np.searchsorted(edges, u[units:] * edges[-1]), units - 1)
        if self.members is None:
            return _Drawn(picked, np.arange(more, dtype=np.intp))
        sizes = np.array([self.members[unit].size for unit in picked.tolist()])
        needed = int(np.searchsorted(np.cumsum(sizes), more)) + 1
        rows = np.concatenate([self.members[unit] for unit in picked[:needed].tolist()])[:more]
        copies = np.repeat(np.arange(needed, dtype=np.intp), sizes[:needed])[:more]
        return _Drawn(rows, copies)


@dataclass(frozen=True, slots=True, eq=False)
class _Drawn:
    """Further examples: which ones they are like, and with which of them they share a source."""

    like: Rows
    source: Rows


class _Growth:
    """Drawn examples, on their way into every run and metric."""

    def __init__(self, seen: _Seen, drawn: _Drawn, stream: int) -> None:
        self._seen, self._drawn, self._stream = seen, drawn, stream
        self._rows: dict[int, tuple[tuple[str, ...], Rows, Rows]] = {}

    def of_side(self, side: Evaluation, at: int) -> Evaluation:
        """The side with the drawn examples."""
        fresh: dict[tuple[str, str], FloatArray] = {}
        for group in _groups(side):
            for name in _shared(run.scores for run in group):
                fresh |= self._exchanged(name, group, self._stream + 2 * at)
        return replace(side, runs=tuple(self._run(run, fresh) for run in side.runs))

    def _run(self, run: Run, fresh: Mapping[tuple[str, str], FloatArray]) -> Run:
        if not run.scores:
            return run
        grown = {name: self._grown(one, fresh.get((run.run_id, name))) for name, one in run.scores.items()}
        return replace(run, scores=grown)

    def _exchanged(self, name: str, group: tuple[Run, ...], stream: int) -> dict[tuple[str, str], FloatArray]:
        """What each seed gets on the drawn examples: what one of the seeds got there, plus what is its own level.

        Copying each seed's own answers would repeat its luck on an example with every copy of it.
        """
        scores = [run.scores[name] for run in group]
        ids = scores[0].sample_ids
        same = all(one.sample_ids is ids or one.sample_ids == ids for one in scores)
        if len(group) < 2 or not same or any(one.repeats is not None for one in scores):
            return {}
        _, rows, _ = self._placed(scores[0])
        table = np.column_stack([one.values for one in scores])
        order = np.argsort(_uniforms(rows.size * len(group), stream).reshape(rows.size, -1), axis=1)
        values = np.take_along_axis(table[rows], order, axis=1)
        own = _own_levels(table)
        u = _uniforms(rows.size, stream + 1)
        binary = is_binary(table)
        return {
            (run.run_id, name): _at_level(
                values[:, at], float(values[:, at].mean() + own[at]), u, binary=binary
            )
            for at, run in enumerate(group)
        }

    def _placed(self, one: Scores) -> tuple[tuple[str, ...], Rows, Rows]:
        """All ids, the rows that the new ones are like, and their sources. Runs share the tuple of ids, before and after."""
        key = id(one.sample_ids)
        if key not in self._rows:
            seen, like = self._seen, self._drawn.like
            place = np.full(len(seen.ids), -1, dtype=np.intp)
            place[[seen.place[sample_id] for sample_id in one.sample_ids]] = np.arange(len(one.sample_ids))
            rows = place[like]
            here = rows >= 0
            # Names that stand behind those seen: ids that are in order stay so.
            names = [f"~{at:08d}" for at in np.flatnonzero(here).tolist()]
            self._rows[key] = ((*one.sample_ids, *names), rows[here], self._drawn.source[here])
        return self._rows[key]

    def _grown(self, one: Scores, fresh: FloatArray | None) -> Scores:
        ids, rows, source = self._placed(one)
        clusters = one.clusters
        if clusters is not None:
            told = zip(rows.tolist(), source.tolist(), strict=True)
            clusters = (*clusters, *(f"{clusters[row]} (to come {copy})" for row, copy in told))
        return replace(
            one,
            sample_ids=ids,
            values=np.concatenate([one.values, one.values[rows] if fresh is None else fresh]),
            repeats=None if one.repeats is None else np.concatenate([one.repeats, one.repeats[rows]]),
            clusters=clusters,
            slices={name: _longer(labels, rows) for name, labels in one.slices.items()},
        )


def _own_levels(table: FloatArray) -> FloatArray:
    """How far each seed lies from the others, as far as that is more than the luck of single answers."""
    n, k = table.shape
    levels = table.mean(axis=0)
    own = levels - levels.mean()
    spread = float(own @ own) / (k - 1)
    rest = table - table.mean(axis=1, keepdims=True) - own
    luck = float((rest * rest).sum()) / max(1, (n - 1) * (k - 1)) / n
    return np.asarray(own * (max(0.0, spread - luck) / spread if spread > 0.0 else 0.0))


def _longer(labels: Sequence[str], rows: Rows) -> Sequence[str]:
    if isinstance(labels, Labels):
        return Labels(labels.names, np.concatenate([labels.codes, labels.codes[rows]]))
    return (*labels, *(labels[row] for row in rows.tolist()))


def _groups(side: Evaluation) -> tuple[tuple[Run, ...], ...]:
    """Finished runs of one configuration, one a seed."""
    found: dict[str, dict[int, Run]] = {}
    for run in side.runs:
        if run.status is RunStatus.FINISHED and run.seed is not None and not run.deleted:
            found.setdefault(config_key(run), {}).setdefault(run.seed, run)
    return tuple(tuple(one.values()) for _, one in sorted(found.items()))


def _new_runs(side: Evaluation, more: int, number: int, declared: MetricCatalog) -> tuple[Run, ...]:
    made: list[Run] = []
    for at, group in enumerate(_groups(side)):
        if len(group) >= 2:
            made += _group_to_come(group, more, _SEEDS + 64 * number + at % 64, declared)
    return tuple(made)


def _group_to_come(group: tuple[Run, ...], more: int, stream: int, declared: MetricCatalog) -> list[Run]:
    newest = max(group, key=lambda run: run.seed or 0)
    streams = (64 * stream + at for at in range(64 * 64))
    scores = {
        name: _to_come([run.scores[name] for run in group], more, next(streams))
        for name in _shared(run.scores for run in group)
    }
    logged = {
        name: _curves_to_come([run.curves[name] for run in group], more, next(streams), declared.get(name))
        for name in _shared(run.curves for run in group)
    }
    totals = {
        name: _levels_to_come([run.aggregates[name].value for run in group], more, next(streams))
        for name in _shared(run.aggregates for run in group)
    }
    return [
        replace(
            newest,
            run_id=f"{newest.run_id} (to come {at + 1})",
            external_id=f"{newest.external_id} (to come {at + 1})",
            seed=(newest.seed or 0) + at + 1,
            scores={name: made[at] for name, made in scores.items()},
            curves={name: made[at] for name, made in logged.items() if made},
            aggregates={
                name: Aggregate(made[at], newest.aggregates[name].stderr, newest.aggregates[name].n)
                for name, made in totals.items()
            },
            scores_digest=None,
            past=(),
            digest="",
        )
        for at in range(more)
    ]


def _shared(named: Iterable[Mapping[str, object]]) -> list[str]:
    """The metrics that every run has."""
    return sorted(set.intersection(*(set(one) for one in named)))


def _curves_to_come(curves: Sequence[Curve], more: int, stream: int, metric: Metric | None) -> list[Curve]:
    """Curves that say the value that counts; none where that of a seed seen is not known."""
    reading = LAST if metric is None else metric.reading
    values = [read_curve(one, reading, None if metric is None else metric.direction) for one in curves]
    known = [value for value in values if value is not None]
    if len(known) < len(values):
        return []
    points = reading.amount if reading.kind is ReadingKind.MEAN_OF_LAST else 1
    step = reading.amount if reading.kind is ReadingKind.STEP else 0
    steps = np.full(points, step, dtype=np.int64)
    return [Curve(steps, np.full(points, level), steps) for level in _levels_to_come(known, more, stream)]


def _levels_to_come(values: Sequence[float], more: int, stream: int) -> list[float]:
    if not all(map(math.isfinite, values)):
        return [math.nan] * more
    return [float(level) for level in _levels(np.array(values), _uniforms(2 + more, stream))]


def _to_come(seeds: Sequence[Scores], more: int, stream: int) -> list[Scores]:
    """Further seeds of one metric, on the examples that every seed scored."""
    first = seeds[0]
    shared = first.sample_ids
    columns = [first.values]
    for other in seeds[1:]:
        if other.sample_ids is shared or other.sample_ids == shared:
            columns.append(other.values)
            continue
        place = dict(zip(other.sample_ids, other.values.tolist(), strict=True))
        columns.append(np.array([place.get(one, math.nan) for one in shared]))
    table = np.column_stack(columns)
    full = ~np.isnan(table).any(axis=1)
    levels = table[full].mean(axis=0) if full.any() else np.zeros(len(seeds))
    u = _uniforms(2 + more + 2 * more * len(shared), stream)
    wanted = _levels(levels, u[: 2 + more])
    rest = u[2 + more :].reshape(2, more, len(shared))
    made = []
    for at in range(more):
        chosen = np.minimum((rest[0, at] * len(seeds)).astype(np.intp), len(seeds) - 1)
        values = np.where(full, table[np.arange(len(shared)), chosen], first.values)
        moved = _at_level(values, float(wanted[at]), rest[1, at], binary=is_binary(table[full]))
        made.append(replace(first, seed=None, values=moved))
    return made


def _levels(levels: FloatArray, u: FloatArray) -> FloatArray:
    """Levels of seeds to come, given those seen: the normal model with nothing known of its mean and spread before."""
    k = levels.size
    sd = float(levels.std(ddof=1))
    if sd <= 0.0:
        return np.full(u.size - 2, levels.mean())
    sigma = sd * math.sqrt((k - 1) / float(chi_square_quantile(u[:1], k - 1)[0]))
    truth = float(levels.mean()) + sigma / math.sqrt(k) * float(normal_quantile(u[1:2])[0])
    return np.asarray(truth + sigma * normal_quantile(u[2:]))


def _at_level(values: FloatArray, level: float, u: FloatArray, *, binary: bool) -> FloatArray:
    """The same examples moved until their mean is at this level; of right and wrong answers as many change as that takes."""
    if not values.size:
        return values
    if not binary:
        return values + (level - float(values.mean()))
    wanted = round(min(max(level, 0.0), 1.0) * values.size)
    change = wanted - round(float(values.sum()))
    if change == 0:
        return values
    can = np.flatnonzero(values == (0.0 if change > 0 else 1.0))
    chosen = can[np.argsort(u[can], kind="stable")[: abs(change)]]
    moved = values.copy()
    moved[chosen] = 1.0 if change > 0 else 0.0
    return moved


def _uniforms(size: int, stream: int) -> FloatArray:
    return uniforms(-(-size // DRAWS), stream).reshape(-1)[:size]
