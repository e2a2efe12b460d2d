"""Which parts of a gate can be planned, for which truth, and how do scores vary by the results there are?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

from assay.domain.experiments.criteria.model import (
    Comparison,
    Criterion,
    Improvement,
    Margin,
    NonInferiority,
    Percentile,
    Spread,
    Threshold,
)
from assay.domain.experiments.criteria.text import criterion_text
from assay.domain.experiments.display import format_spread
from assay.domain.experiments.evidence import Evaluation
from assay.domain.gates.case import GREATER
from assay.domain.gates.checks.arms import Arms, arms_of
from assay.domain.gates.gate import (
    ConsistencyCheck,
    FairnessCheck,
    Gate,
    GateCheck,
    GateRole,
    RegressionCheck,
    ReliabilityCheck,
    SlicesCheck,
)
from assay.domain.gates.gate_case import GateCase, gate_case, on_set
from assay.domain.gates.gate_fields import margin
from assay.domain.gates.gate_text import check_text
from assay.domain.gates.measurements import Measured, measure
from assay.domain.gates.pilot import (
    Variation,
    assumed_variation,
    variation_of,
    variation_of_difference,
    variation_of_table,
)
from assay.domain.gates.plan_alarms import fairness_part, slices_part
from assay.domain.gates.plan_claims import Shown, mean_shown, pairs_shown, rate_shown
from assay.domain.gates.plan_shapes import Part, SpreadPart, Unplanned
from assay.domain.gates.problems import Problem
from assay.domain.gates.quantities import in_unit_of, margin_of
from assay.domain.gates.wording import difference, shown
from assay.domain.kernel.findings import Outcome
from assay.domain.kernel.metrics import Direction, Metric, MetricCatalog, Unit
from assay.errors import Invalid
from assay.stats.estimates import Direction as Way
from assay.stats.samples import summarize

DEFAULT_POINTS = 0.02
DEFAULT_SHARE = 0.02
DEFAULT_DISCORDANCE = 0.2

Sizes = tuple[str, str, Decimal | None]
"""Effect, standard deviation over seeds and share of discordant examples, as they were asked for."""


def parts_of(
    gate: Gate, candidate: Evaluation | None, baseline: Evaluation | None, *, sizes: Sizes
) -> Iterator[Part | SpreadPart | Unplanned]:
    """What is there to plan, in the order of the gate: criteria, then checks?

    Raises:
        Invalid: a size cannot be read for a metric.
    """
    for text in sizes[:2]:
        if text:
            margin(text, "effect", None)  # what is no amount at all is refused, whatever the metric
    maker = _Maker(gate, candidate, baseline, sizes)
    for criterion in gate.criteria:
        yield maker.of_criterion(criterion, criterion_text(criterion, metrics=maker.catalog))
    for check in gate.checks:
        yield from maker.of_check(check, check_text(check, gate))


class _Maker:
    def __init__(
        self, gate: Gate, candidate: Evaluation | None, baseline: Evaluation | None, sizes: Sizes
    ) -> None:
        self.gate, self.catalog = gate, MetricCatalog(metrics=gate.metrics)
        self.alpha = gate.settings.alpha
        self.effect, self.seed_sd, self.discordance = sizes
        pilot = candidate or baseline
        self.pilot = None if pilot is None else gate_case(gate, pilot, None, predicts=False)
        both = candidate is not None and baseline is not None
        self.both: GateCase | None = None
        if both and candidate is not None:
            self.both = gate_case(gate, candidate, baseline, predicts=False)

    def of_criterion(self, criterion: Criterion, text: str) -> Part | SpreadPart | Unplanned:
        metric = self.catalog.get(criterion.metric or "")
        if metric is None:
            why = f"nothing says whether higher or lower {criterion.metric} is better"
            return Unplanned(text, _role(criterion), why)
        made = self._made(criterion, metric)
        if isinstance(made, str):
            return Unplanned(text, _role(criterion), made)
        return replace(made, check=text)

    def of_check(self, check: GateCheck, text: str) -> Iterator[Part | SpreadPart | Unplanned]:
        match check:
            case ConsistencyCheck():
                yield self.of_criterion(check.criterion(self.gate.metric_of(check)), text)
            case RegressionCheck():
                yield from self._of_regression(check, text)
            case ReliabilityCheck():
                found = rate_shown(
                    float(check.at_least), DEFAULT_POINTS, "greater", alpha=self.alpha, variation=None
                )
                truth = f"truly {100 * (float(check.at_least) + found.distance):.4g}%"
                notes = ("taken as if each example always or never worked, which needs the most",)
                yield Part(text, check.role, found, truth, 0, None, _points, notes)
            case SlicesCheck():
                yield self._named(check.role, text, self._slices(check))
            case FairnessCheck():
                yield self._named(check.role, text, self._fairness(check))
            case _:
                yield Unplanned(text, check.role, "decided on what is there: nothing to plan")

    def _named(self, role: GateRole, text: str, made: Part | str) -> Part | Unplanned:
        return Unplanned(text, role, made) if isinstance(made, str) else replace(made, check=text, role=role)

    def _slices(self, check: SlicesCheck) -> Part | str:
        name = self.gate.metric_of(check)
        metric = self.catalog.get(name)
        if metric is None:
            return f"nothing says whether higher or lower {name} is better"
        arms = self._arms(Criterion(role=check.role, test=NonInferiority(metric=name, margin=check.margin)))
        if isinstance(arms, str):
            return arms
        if arms is None:
            return "results of both sides would tell how large the slices are: --candidate and --baseline"
        distance = self._distance(metric, arms.baseline.mean)
        return slices_part(check, arms, distance, alpha=self.alpha)

    def _fairness(self, check: FairnessCheck) -> Part | str:
        name = self.gate.metric_of(check)
        metric = self.catalog.get(name)
        if metric is None:
            return f"nothing says whether higher or lower {name} is better"
        reads = NonInferiority(
            metric=name, margin=Margin(value=Decimal(0))
        )  # asks for nothing but the metric
        found = self._measured(Criterion(role=check.role, test=reads), metric)
        if isinstance(found, str):
            return found
        if found is None or found.table is None:
            return "results would tell how large the groups are: --candidate or --baseline"
        distance = self._distance(metric, summarize(found.values).mean)
        return fairness_part(check, metric, found, found.table, distance, alpha=self.alpha)

    def _made(self, criterion: Criterion, metric: Metric) -> Part | SpreadPart | str:
        match criterion.test:
            case Threshold():
                return self._threshold(criterion, criterion.test, metric)
            case Percentile():
                return self._percentile(criterion, criterion.test, metric)
            case Spread():
                return self._spread(criterion, criterion.test, metric)
            case Improvement() | NonInferiority():
                return self._comparison(criterion, criterion.test, metric)
            case _:
                return "decided on what is there: nothing to plan"

    def _threshold(self, criterion: Criterion, test: Threshold, metric: Metric) -> Part | str:
        limit = in_unit_of(test.value, metric)
        found = self._measured(criterion, metric)
        if test.comparison is Comparison.EQUAL:
            return "a census of the examples there are: nothing to plan"
        if limit is None:
            return f"{metric.name} is measured in {metric.unit.value}"
        if isinstance(found, str):
            return found
        rates = metric.unit is Unit.FRACTION and 0.0 < limit < 1.0
        assumed = assumed_variation(
            0.0, example_variance=limit * (1.0 - limit) * rates, rate=limit if rates else None
        )
        measured = None if found is None else variation_of(found)
        variation, notes = self._with_seeds(measured, metric, assumed)
        upward = test.comparison in GREATER
        known = self._beyond(limit, metric, variation, upward=upward)
        if isinstance(known, str):
            return known
        true = limit + (known.distance if upward else -known.distance)
        return _part(criterion, known, f"truly {shown(true, metric)}", variation, metric, notes)

    def _beyond(
        self, limit: float, metric: Metric, variation: Variation | None, *, upward: bool
    ) -> Shown | str:
        distance = self._distance(metric, limit)
        if distance is None:
            return f"2% of {shown(limit, metric)} is nothing: say how far with --effect"
        if metric.unit is Unit.FRACTION and (variation is None or variation.binary) and 0.0 <= limit <= 1.0:
            known = rate_shown(limit, distance, _way(upward), alpha=self.alpha, variation=variation)
            return (
                known if known.distance > 0.0 else f"{metric.name} cannot lie beyond {shown(limit, metric)}"
            )
        if variation is None:
            return f"results would tell how {metric.name} varies: --candidate or --baseline"
        return mean_shown(distance, alpha=self.alpha, variation=variation)

    def _percentile(self, criterion: Criterion, test: Percentile, metric: Metric) -> Part | str:
        limit = in_unit_of(test.value, metric)
        if limit is None:
            return f"{metric.name} is measured in {metric.unit.value}"
        found = self._measured(criterion, metric)
        if isinstance(found, str):
            return found
        share, upward = float(test.percent / 100), test.comparison not in GREATER
        variation = None
        if found is not None and found.table is not None:
            below = (found.table.matrix < limit).astype(float)
            variation = variation_of_table(below, found.table)
        room = 1.0 - share if upward else share
        points = DEFAULT_POINTS
        if self.effect.endswith("%"):
            points = float(margin(self.effect, "effect", _SHARE).value)
        known = rate_shown(share, min(points, room), _way(upward), alpha=self.alpha, variation=variation)
        true = share + (known.distance if upward else -known.distance)
        truth = f"truly {100 * true:.4g}% lie below {shown(limit, metric)}"
        return replace(_part(criterion, known, truth, variation, metric, ()), said=_points)

    def _spread(self, criterion: Criterion, test: Spread, metric: Metric) -> SpreadPart | str:
        limit = in_unit_of(test.limit, metric)
        if limit is None:
            return f"{metric.name} is measured in {metric.unit.value}"
        found = self._measured(criterion, metric)
        if isinstance(found, str):
            return found
        effect = self._distance(metric, limit) if self.effect else None
        true = limit / 2.0 if test.claim else limit * 2.0
        if effect is not None:
            true = max(limit - effect, limit / 100.0) if test.claim else limit + effect
        truth = f"sd truly {format_spread(metric, true)}"
        seeds = 0 if found is None else len(found.seeds)
        return SpreadPart("", _role(criterion), limit, true, truth, test.claim, seeds)

    def _comparison(
        self, criterion: Criterion, test: Improvement | NonInferiority, metric: Metric
    ) -> Part | str:
        arms = self._arms(criterion)
        if isinstance(arms, str):
            return arms
        base = arms.baseline.mean if arms is not None else self._pilot_mean(criterion, metric)
        wanted = margin_of(test.margin, metric, base)
        if wanted is None:
            return "results of the baseline would tell what the margin is a share of: --baseline"
        worse = isinstance(test, NonInferiority)
        null = -wanted if worse else wanted
        distance = wanted if worse and wanted > 0.0 else self._distance(metric, base)
        if distance is None:
            return "say how far the truth lies beyond it with --effect"
        measured = None if arms is None else variation_of_difference(arms)
        share, told = self._discordance(measured)
        rates = metric.unit is Unit.FRACTION
        assumed = assumed_variation(0.0, example_variance=share * rates)
        variation, notes = self._with_seeds(measured, metric, assumed, arms=2)
        pairs = rates if variation is None else variation.binary
        if pairs and (arms is None or (arms.tables is not None and arms.share is None)):
            known = pairs_shown(null, distance, share, alpha=self.alpha, variation=variation)
            notes = (*notes, *told)
        elif variation is None:
            return f"results of both sides would tell how {metric.name} varies: --candidate and --baseline"
        else:
            known = mean_shown(distance, alpha=self.alpha, variation=variation, arms=2)
        return _part(criterion, known, _difference_truth(null + distance, metric), variation, metric, notes)

    def _of_regression(self, check: RegressionCheck, text: str) -> Iterator[Part | SpreadPart | Unplanned]:
        sides = self.both or self.pilot
        group = None if sides is None else sides.choice.group
        if group is None:
            yield Unplanned(
                text, check.role, "results would tell which metrics there are: --candidate, --baseline"
            )
            return
        names = {name for run in group.evidence for name in (*run.scores, *run.aggregates)}
        for name in sorted(names - set(check.leave_out)):
            metric = self.catalog.get(name)
            if metric is None:
                continue
            own = next((one.margin for one in check.margins if one.metric == name), None)
            tolerated: Margin = own or (check.margin if metric.unit is Unit.FRACTION else check.others)
            criterion = Criterion(role=check.role, test=NonInferiority(metric=name, margin=tolerated))
            yield self.of_criterion(criterion, criterion_text(criterion, metrics=self.catalog))

    def _measured(self, criterion: Criterion, metric: Metric) -> Measured | str | None:
        if self.pilot is None or self.pilot.choice.group is None:
            return None
        on = on_set(criterion, self.gate.dataset)
        found = measure(self.pilot.choice.group, metric, on.dataset)
        if isinstance(found, Problem):
            return found.reason if found.outcome is Outcome.INVALID else None
        return found.for_means(metric)

    def _pilot_mean(self, criterion: Criterion, metric: Metric) -> float | None:
        found = self._measured(criterion, metric)
        return None if found is None or isinstance(found, str) else summarize(found.values).mean

    def _arms(self, criterion: Criterion) -> Arms | str | None:
        if self.both is None or self.both.choice.group is None:
            return None
        found = arms_of(on_set(criterion, self.gate.dataset), self.both.choice.group, self.both.case)
        if isinstance(found, Problem):
            return found.reason if found.outcome is Outcome.INVALID else None
        return found

    def _with_seeds(
        self, variation: Variation | None, metric: Metric, assumed: Variation, *, arms: int = 1
    ) -> tuple[Variation | None, tuple[str, ...]]:
        """What is said of seeds fills what results do not tell; without results examples scatter as is assumed."""
        known = variation is not None and variation.seed_variance is not None
        amount = None
        if self.seed_sd and not known:
            amount = margin_of(margin(self.seed_sd, "seed_sd", metric), metric, None)
        if amount is None:
            return variation, ()
        said = [f"seeds are taken to scatter with a standard deviation of {format_spread(metric, amount)}"]
        if variation is None and not assumed.totals_only:
            said.append("examples are taken to come out alike in every seed, which needs the most of them")
        return replace(variation or assumed, seed_variance=arms * amount * amount), tuple(said)

    def _discordance(self, variation: Variation | None) -> tuple[float, tuple[str, ...]]:
        if self.discordance is not None:
            return float(self.discordance), ()
        if variation is not None and variation.discordance is not None:
            return variation.discordance, ()
        note = f"taken: {100 * DEFAULT_DISCORDANCE:g}% of the examples come out differently (--discordance)"
        return DEFAULT_DISCORDANCE, (note,)

    def _distance(self, metric: Metric, base: float | None) -> float | None:
        """How far is asked for, in the metric's unit; None where it is a share of nothing."""
        fraction = metric.unit is Unit.FRACTION
        share = None if base is None or base == 0.0 else abs(base)
        if not self.effect:
            return DEFAULT_POINTS if fraction else None if share is None else DEFAULT_SHARE * share
        try:
            return margin_of(margin(self.effect, "effect", metric), metric, share)
        except Invalid:
            pass  # points mean nothing for a metric in ms: there they are a share
        if self.effect.endswith("%") and share is not None:
            return float(margin(f"{self.effect} relative", "effect", metric).value) * share
        return None if share is None else DEFAULT_SHARE * share


_SHARE = Metric(name="share", direction=Direction.HIGHER, unit=Unit.FRACTION)


def _part(
    criterion: Criterion,
    known: Shown,
    truth: str,
    variation: Variation | None,
    metric: Metric,
    notes: tuple[str, ...],
) -> Part:
    seeds, examples = (0, None) if variation is None else (variation.seeds, variation.examples)
    return Part(
        "",
        _role(criterion),
        known,
        truth,
        seeds,
        examples,
        lambda distance: format_spread(metric, distance),
        notes,
    )


def _difference_truth(value: float, metric: Metric) -> str:
    if abs(value) < 1e-12:
        return "truly equal"
    better = value if metric.direction is Direction.HIGHER else -value
    return f"truly {difference(better, metric)}"


def _role(criterion: Criterion) -> GateRole:
    role: GateRole = criterion.role  # type: ignore[assignment]  # a gate has no kill criterion
    return role


def _way(upward: bool) -> Way:  # noqa: FBT001  # reads as the question it answers
    return "greater" if upward else "less"


def _points(distance: float) -> str:
    return f"{100 * distance:.3g} points"
