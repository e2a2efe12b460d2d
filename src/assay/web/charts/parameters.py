"""Parallel coordinates: what each configuration was given and what came out, an axis a parameter and a line a group of seeds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from assay.domain.experiments.display import format_value
from assay.domain.gates.compared_groups import ComparedGroup
from assay.web.charts.compared_runs import group_name
from assay.web.charts.frames import drawing, filled
from assay.workflows.comparison_views import ComparisonView

MOST_AXES = 8
MOST_GROUPS = 300
MOST_MARKS = 9
_ROOM = 0.04


@dataclass(frozen=True, slots=True)
class ParameterAxis:
    """One parameter, from the bottom to the top of its axis.

    is_number: its values stand as numbers do, on a logarithmic axis where they span more than a hundredfold; else they stand
    in order, one beside the other. marks: where which values are written, from 0 to 1.
    """

    name: str
    is_number: bool
    is_log: bool
    marks: tuple[tuple[float, str], ...]
    low: float
    high: float
    words: tuple[str, ...]

    def place(self, text: str | None) -> float | None:
        """Where a value stands, None where a configuration does not have it."""
        if text is None:
            return None
        if not self.is_number:
            return _ROOM + (1 - 2 * _ROOM) * self.words.index(text) / max(1, len(self.words) - 1)
        return self.place_of(float(text))

    def place_of(self, value: float) -> float:
        """Where a number stands."""
        number = math.log10(value) if self.is_log else value
        share = (number - self.low) / (self.high - self.low) if self.high > self.low else 0.5
        return _ROOM + (1 - 2 * _ROOM) * share


def parameter_axes(view: ComparisonView) -> tuple[tuple[ParameterAxis, ...], tuple[ComparedGroup, ...], int]:
    """The axes, the groups drawn on them, and how many parameters have no axis; no axes where nothing differs or nothing is known."""
    groups = tuple(group for group in view.groups if group.mean is not None)[:MOST_GROUPS]
    if not groups or not view.differing:
        return (), (), 0
    names = sorted(view.differing, key=lambda name: -sum(name in group.config for group in groups))
    shown = sorted(names[:MOST_AXES])
    axes = tuple(_axis(name, [g.config[name] for g in groups if name in g.config]) for name in shown)
    axes = tuple(axis for axis in axes if len(axis.words) > 1)
    return axes, groups, len(view.differing) - len(axes)


def _axis(name: str, texts: Sequence[str]) -> ParameterAxis:
    distinct = sorted(set(texts))
    numbers = [_number(text) for text in distinct]
    known = [number for number in numbers if number is not None]
    if len(known) < len(distinct) or not known:
        return ParameterAxis(name, False, False, _word_marks(distinct), 0.0, 1.0, tuple(distinct))
    is_log = min(known) > 0 and max(known) / min(known) >= 100
    ends = [math.log10(n) if is_log else n for n in (min(known), max(known))]
    bare = ParameterAxis(name, True, is_log, (), ends[0], ends[1], tuple(distinct))
    written = sorted(set(known))
    if len(written) > MOST_MARKS:
        written = [written[0], written[-1]]
    marks = tuple((bare.place_of(number), f"{number:g}") for number in written)
    return ParameterAxis(name, True, is_log, marks, ends[0], ends[1], tuple(distinct))


def _word_marks(words: Sequence[str]) -> tuple[tuple[float, str], ...]:
    places = [_ROOM + (1 - 2 * _ROOM) * at / max(1, len(words) - 1) for at in range(len(words))]
    marks = tuple(
        (place, word if len(word) <= 16 else f"{word[:15]}…")
        for place, word in zip(places, words, strict=True)
    )
    return marks if len(marks) <= MOST_MARKS else (marks[0], marks[-1])


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def specification(view: ComparisonView) -> dict[str, Any]:
    """The picture as a Vega-Lite specification without colours."""
    axes, groups, _ = parameter_axes(view)
    means = [group.mean for group in groups if group.mean is not None]
    low, high = (min(means), max(means)) if means else (0.0, 0.0)
    metric = view.metrics[0] if view.metrics else ""
    last = ParameterAxis(metric, True, False, (), low, high, ())
    names = [*(axis.name for axis in axes), f"{metric} (mean)"]
    rows = [
        {
            "group": group.key,
            "axis": name,
            "at": place,
            "value": group.mean,
            "said": _said(view, group, metric),
        }
        for group in groups
        for name, place in zip(
            names,
            [*(axis.place(group.config.get(axis.name)) for axis in axes), last.place_of(group.mean or 0.0)],
            strict=True,
        )
        if place is not None
    ]
    marks = [{"axis": axis.name, "at": place, "text": text} for axis in axes for place, text in axis.marks]
    ends = sorted({low, high})
    marks += [
        {"axis": names[-1], "at": last.place_of(end), "text": format_value(view.declared, end)}
        for end in ends
    ]
    return filled(_drawing(tuple(names)), groups=rows, marks=marks, axes=[{"axis": name} for name in names])


def _said(view: ComparisonView, group: ComparedGroup, metric: str) -> str:
    return f"{group_name(view, group.runs[0].run.run_id)}: {metric} {format_value(view.declared, group.mean)}, n {group.n}"


@drawing
def _drawing(names: tuple[str, ...]) -> Any:
    import altair as alt  # takes most of a second: only pages with a chart pay for it

    x = alt.X(
        "axis:N",
        sort=list(names),
        axis=alt.Axis(title=None, labelAngle=0, labelLimit=140, grid=False, orient="top"),
    )
    y = alt.Y("at:Q", axis=None, scale=alt.Scale(domain=[0, 1]))
    pointed = alt.selection_point(
        name="pointed", fields=["group"], on="pointerover", clear="pointerout", empty=False
    )
    lines = (
        alt.Chart(alt.NamedData("groups"))
        .mark_line(strokeWidth=1.5)
        .encode(
            x=x, y=y, detail="group:N", tooltip="said:N",
            color=alt.Color("value:Q", legend=None),
            opacity=alt.condition(pointed, alt.value(1), alt.value(0.6)),
            strokeWidth=alt.condition(pointed, alt.value(4), alt.value(1.5)),
        )
        .add_params(pointed)
    )  # fmt: skip
    rules = alt.Chart(alt.NamedData("axes")).mark_rule(strokeWidth=1, opacity=0.5).encode(x=x)
    words = (
        alt.Chart(alt.NamedData("marks"))
        .mark_text(align="left", dx=5, fontSize=11)
        .encode(x=x, y=y, text="text:N")
    )
    return alt.layer(rules, lines, words)
