"""Answers of a gate in their order, in four lanes, with the places where another version began to judge."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Mapping, Sequence

from assay.web import wording
from assay.web.contexts.gates import HistoryChart, HistoryEdge, HistoryMark
from assay.web.gate_words import RESULTS, without_word
from assay.workflows.gate_views import GateRunRow, GateVersion

MOST = 60
_TOP, _LANE = 12, 24
_LEFT, _RIGHT = 0.03, 0.97


def history_chart(
    rows: Sequence[GateRunRow], versions: Sequence[GateVersion], *, current: int | None = None
) -> HistoryChart | None:
    """The latest answers from left to right; None before the second one.

    Args:
        rows: newest first.
        versions: of the gate, to mark those that are easier to pass.
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
