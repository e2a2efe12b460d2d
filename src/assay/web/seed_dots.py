"""Seeds as dots on one line, beside the number they have to clear."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from assay.domain.experiments.display import format_spread, format_value
from assay.domain.kernel.findings import Finding, Role
from assay.domain.kernel.metrics import Direction, Metric
from assay.domain.kernel.verdicts import GroupSummary
from assay.web import wording
from assay.web.charts.axis import readable_axis
from assay.web.contexts.experiment import Dot, DotLine, SeedDots
from assay.workflows.views import TicketView

GROUPS_SHOWN = 6
FAR_SHOWN = 3
_MARGIN = 0.06


@dataclass(frozen=True, slots=True)
class _Scale:
    low: float
    high: float

    def at(self, value: float) -> str:
        share = _MARGIN + (1 - 2 * _MARGIN) * (value - self.low) / (self.high - self.low)
        return wording.percent_of_bar(share) or "0%"


def seed_dots(view: TicketView) -> SeedDots | None:
    """The seeds of every group by the value that counts, None where there is nothing to draw."""
    name = view.chart_metric
    if name is None or view.verdict is None:
        return None
    values = {row.run_id: _number(row.metrics.get(name)) for row in view.runs}
    verdict = view.verdict.verdict
    return drawn_dots(verdict.groups, values, view.metrics.get(name), verdict.findings, name=name)


def drawn_dots(
    found: Sequence[GroupSummary],
    values: Mapping[str, float | None],
    metric: Metric | None,
    findings: Sequence[Finding],
    *,
    name: str,
) -> SeedDots | None:
    """The seeds of these groups by their values, None where there is nothing to draw.

    Args:
        found: the groups.
        values: by run id, in the metric's unit; None and what is not finite is no dot.
        metric: the metric of that name, as far as it is declared.
        findings: the first primary one on the metric itself says which number has to be cleared.
        name: of the metric.
    """
    present = [group for group in found if any(run in values for run in group.run_ids)]
    groups = _worth_showing(present, metric)
    more = len(present) - len(groups)
    finite = [value for group in groups for value in _finite(group, values)]
    if not finite:
        return None
    threshold = _threshold(findings, name)
    scale = _scale(finite, [threshold] if threshold is not None else [])
    lines = tuple(_line(group, values, metric, scale) for group in groups)
    zone_x, zone_width = _zone(threshold, metric, scale)
    edge = scale.at(threshold) if threshold is not None else None
    return SeedDots(
        title=f"Seeds, {name}{metric.reading.beside if metric else ''}",
        lines=lines,
        zone_x=zone_x,
        zone_width=zone_width,
        edge_x=edge,
        low=format_value(metric, scale.low),
        high=format_value(metric, scale.high),
        threshold=format_value(metric, threshold) if threshold is not None else "",
        more=f"{wording.plural(more, 'more group')} not drawn, these are the first by their means"
        if more
        else "",
        description="; ".join(f"{line.label}: {line.spread}" for line in lines),
    )


def _worth_showing(groups: Sequence[GroupSummary], metric: Metric | None) -> list[GroupSummary]:
    """What is judged, then arm by arm; where there is no room for all, the best of each arm."""
    by_name = sorted(groups, key=lambda g: (not g.is_candidate, g.arm, g.label))
    if len(groups) <= GROUPS_SHOWN:
        return by_name
    judged = [g for g in by_name if g.is_candidate][:1]
    arms = {g.arm: [h for h in by_name if h.arm == g.arm and h not in judged] for g in by_name}
    ranked = {arm: sorted(rest, key=lambda g: _rank(g, metric)) for arm, rest in arms.items()}
    firsts = [rest[0] for rest in ranked.values() if rest][: GROUPS_SHOWN - len(judged)]
    others = sorted((g for rest in ranked.values() for g in rest[1:]), key=lambda g: _rank(g, metric))
    shown = [*judged, *firsts, *others][:GROUPS_SHOWN]
    return [*judged, *sorted(shown[len(judged) :], key=lambda g: (g.arm, _rank(g, metric)))]


def _rank(group: GroupSummary, metric: Metric | None) -> tuple[bool, float]:
    if group.mean is None or not math.isfinite(group.mean) or metric is None:
        return True, 0.0
    return False, -group.mean if metric.direction is Direction.HIGHER else group.mean


def _finite(group: GroupSummary, values: Mapping[str, float | None]) -> list[float]:
    found = (values.get(run) for run in group.run_ids)
    return [value for value in found if value is not None and math.isfinite(value)]


def _threshold(findings: Sequence[Finding], metric: str) -> float | None:
    primary = [
        f for f in findings if f.metric == metric and f.role is Role.PRIMARY and f.threshold is not None
    ]
    # A margin of an improvement is no place on the axis of values: only a number compared with the value itself is drawn.
    return primary[0].threshold if primary and primary[0].baseline is None else None


def _scale(values: Sequence[float], references: Sequence[float]) -> _Scale:
    axis = readable_axis(([value] for value in values), references)
    if axis is not None:
        return _Scale(axis.low, axis.high)
    low, high = min(*values, *references, values[0]), max(*values, *references, values[0])
    if high == low:
        pad = abs(high) * 0.05 or 0.5
        return _Scale(low - pad, high + pad)
    return _Scale(low, high)


def _zone(threshold: float | None, metric: Metric | None, scale: _Scale) -> tuple[str | None, str | None]:
    if threshold is None or metric is None:
        return None, None
    edge = float(scale.at(threshold).removesuffix("%"))
    if metric.direction is Direction.HIGHER:
        return f"{edge:g}%", f"{100 - edge:g}%"
    return "0%", f"{edge:g}%"


def _line(
    group: GroupSummary, values: Mapping[str, float | None], metric: Metric | None, scale: _Scale
) -> DotLine:
    finite = _finite(group, values)
    held = [value for value in finite if scale.low <= value <= scale.high]
    dots = tuple(Dot(x=scale.at(value), label=format_value(metric, value)) for value in held)
    far = [format_value(metric, value) for value in finite if value not in held]
    broken = sum(
        1 for run in group.run_ids if (value := values.get(run)) is not None and not math.isfinite(value)
    )
    spread = _spread(group, metric, finite)
    return DotLine(
        label=group.label or group.arm,
        dots=dots,
        candidate=group.is_candidate,
        spread=spread,
        broken=f"{wording.plural(broken, 'seed')} without a number" if broken else "",
        beyond=f"{wording.plural(len(far), 'seed')} beyond the line: {', '.join(far[:FAR_SHOWN])}"
        if far
        else "",
    )


def _spread(group: GroupSummary, metric: Metric | None, finite: Sequence[float]) -> str:
    if group.mean is None or not math.isfinite(group.mean):
        return wording.plural(len(finite), "seed")
    counted = len(group.seeds) or len(finite)
    rest = len(finite) - counted
    mean = format_value(metric, group.mean)
    sd = f", sd {format_spread(metric, group.sd)}" if group.sd is not None and math.isfinite(group.sd) else ""
    more = f"; {rest} more that {'does' if rest == 1 else 'do'} not count" if rest > 0 else ""
    return f"mean {mean}{sd}, {wording.plural(counted, 'seed')}{more}"


def _number(text: str | None) -> float | None:
    try:
        return float(text) if text is not None else None
    except ValueError:
        return None
