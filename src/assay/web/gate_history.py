"""Answers of a gate in their order, in four lanes, with the places where another version began to judge."""

from __future__ import annotations

import itertools
import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence

from assay.domain.experiments.display_findings import shown_finding
from assay.domain.kernel.findings import Finding, Outcome, Role
from assay.domain.kernel.metrics import MetricCatalog
from assay.web import wording
from assay.web.contexts.gates import FigureLane, HistoryChart, HistoryEdge, HistoryFigure, HistoryMark
from assay.web.gate_words import RESULTS, without_word
from assay.workflows.gate_views import GateFigure, GateRunRow, GateVersion

MOST = 60
_TOP, _LANE = 12, 24
_LEFT, _RIGHT = 0.03, 0.97
_PAD, _TALL = 8, 76
_NUMBER = re.compile(r"[0-9][0-9.,]*")


def history_chart(
    rows: Sequence[GateRunRow],
    versions: Sequence[GateVersion],
    *,
    catalog: MetricCatalog,
    current: int | None = None,
) -> HistoryChart | None:
    """The latest answers from left to right; None before the second one.

    Args:
        rows: newest first.
        versions: of the gate, to mark those that are easier to pass.
        catalog: what the metrics of the leading number mean.
        current: number of the answer whose page this is.
    """
    shown = list(reversed(rows[:MOST]))
    if len(shown) < 2:
        return None
    lanes = {result: at for at, result in enumerate(RESULTS)}
    loosened = {version.version: version.loosens for version in versions}
    return HistoryChart(
        marks=tuple(
            HistoryMark(
                x=_across(at, len(shown)),
                y=str(_TOP + _LANE * lanes[row.result]),
                tone=RESULTS[row.result].tone,
                label=f"Run {row.number}, v{row.version}, {wording.day(row.at)}: {RESULTS[row.result].word}, {without_word(row.headline)}",
                current=row.number == current,
            )
            for at, row in enumerate(shown)
        ),
        edges=_edges(shown, loosened),
        lanes=tuple((chip.word, str(_TOP + _LANE * lanes[result])) for result, chip in RESULTS.items()),
        summary=_summary(shown, loosened),
        leading=_leading(shown, catalog, current),
    )


def _across(at: float, count: int) -> str:
    return wording.percent_of_bar(_LEFT + (_RIGHT - _LEFT) * (at + 0.5) / count) or "0%"


def _edges(shown: Sequence[GateRunRow], loosened: Mapping[int, bool]) -> tuple[HistoryEdge, ...]:
    found = []
    for at, (before, row) in enumerate(itertools.pairwise(shown), start=1):
        if row.version != before.version:
            found.append(
                HistoryEdge(
                    _across(at - 0.5, len(shown)), f"v{row.version}", loosened.get(row.version, False)
                )
            )
    return tuple(found)


def _summary(shown: Sequence[GateRunRow], loosened: Mapping[int, bool]) -> str:
    counted = Counter(row.result for row in shown)
    said = ", ".join(
        f"{chip.word.lower()} {counted[result]}" for result, chip in RESULTS.items() if counted[result]
    )
    eased = sorted({row.version for row in shown if loosened.get(row.version)})
    note = f"; easier to pass since {', '.join(f'v{one}' for one in eased)}" if eased else ""
    return f"The last {wording.plural(len(shown), 'answer')}: {said}{note}."


def _leading(shown: Sequence[GateRunRow], catalog: MetricCatalog, current: int | None) -> FigureLane | None:
    """The leading number where the newest answer has one, of all answers in which the same was measured."""
    newest = next((row.figure for row in reversed(shown) if row.figure is not None), None)
    if newest is None:
        return None
    told = [
        (at, row, row.figure)
        for at, row in enumerate(shown)
        if row.figure is not None
        and _asks(row.figure) == _asks(newest)
        and math.isfinite(row.figure.estimate)
    ]
    if len(told) < 2:
        return None
    low, high = _reach([one for _, _, one in told])
    if not high > low:
        return None

    def down(value: float | None, open_end: float) -> float:
        held = min(high, max(low, open_end if value is None else value))
        return _PAD + _TALL * (1.0 - (held - low) / (high - low))

    return FigureLane(
        title=newest.metric or newest.check,
        figures=tuple(
            HistoryFigure(
                x=_across(at, len(shown)),
                y=f"{down(one.estimate, 0.0):.1f}",
                top=f"{down(one.high, high):.1f}",
                height=f"{max(1.0, down(one.low, low) - down(one.high, high)):.1f}",
                threshold_y="" if one.threshold is None else f"{down(one.threshold, 0.0):.1f}",
                threshold_x=_across(at - 0.42, len(shown)),
                threshold_width=wording.percent_of_bar((_RIGHT - _LEFT) * 0.84 / len(shown)) or "0%",
                tone=RESULTS[row.result].tone,
                label=_figure_text(row, one, catalog),
                current=row.number == current,
            )
            for at, row, one in told
        ),
        high=_written(newest, high, catalog),
        low=_written(newest, low, catalog),
        summary=f"{newest.check}: {'; '.join(_figure_text(row, one, catalog) for _, row, one in told[-8:])}",
    )


def _reach(figures: Sequence[GateFigure]) -> tuple[float, float]:
    """The part of the axis that is drawn: every estimate and threshold, and half of the intervals whole."""
    core = [
        value
        for one in figures
        for value in (one.estimate, one.threshold)
        if value is not None and math.isfinite(value)
    ]
    arms = sorted(
        max(one.estimate - one.low, one.high - one.estimate)
        for one in figures
        if one.low is not None and one.high is not None and math.isfinite(one.high - one.low)
    )
    # One early answer on few seeds must not flatten all others: its interval is cut at the edge.
    room = 1.1 * arms[len(arms) // 2] if arms else 0.0
    return min(core) - room, max(core) + room


def _asks(figure: GateFigure) -> str:
    """What is measured, whatever number it has to clear."""
    return f"{figure.metric} {_NUMBER.sub('#', figure.check)}"


def _figure_text(row: GateRunRow, figure: GateFigure, catalog: MetricCatalog) -> str:
    said = f"run {row.number} {_written(figure, figure.estimate, catalog)}"
    if figure.low is not None and figure.high is not None:
        said += f" ({_written(figure, figure.low, catalog)} to {_written(figure, figure.high, catalog)})"
    if figure.threshold is None:
        return said
    return f"{said}, to clear {_written(figure, figure.threshold, catalog)}"


def _written(figure: GateFigure, value: float, catalog: MetricCatalog) -> str:
    finding = Finding(
        check=figure.check, role=Role.PRIMARY, outcome=Outcome.MET, metric=figure.metric, unit=figure.unit,
        estimate=value, method="", reason="",
    )  # fmt: skip
    return shown_finding(finding, catalog).estimate
