"""Parallel coordinates: what each configuration was given and what came out, an axis a parameter and a line a group of seeds.

A stretch of an axis picks the groups whose lines cross it (js/parallel.js): by dragging, or by the fields below the picture. What
these need travels with the picture: where values stand, and which runs a group holds.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from assay.domain.experiments.display import format_value
from assay.domain.gates.compared_groups import ComparedGroup
from assay.web.charts.compared_runs import group_name
from assay.web.charts.frames import drawing, filled
from assay.workflows.comparison_views import ComparisonView

MOST_AXES = 8
MOST_GROUPS = 300
MOST_MARKS = 9
_ROOM = 0.04
_MISSING_AT = -0.08
"""Where a configuration stands that does not have the parameter."""
MISSING = "not set"


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

    def place(self, text: str | None) -> float:
        """Where a value stands; below the axis where a configuration does not have it."""
        if text is None:
            return _MISSING_AT
        if not self.is_number:
            return _ROOM + (1 - 2 * _ROOM) * self.words.index(text) / max(1, len(self.words) - 1)
        return self.place_of(float(text))

    def place_of(self, value: float) -> float:
        """Where a number stands."""
        number = math.log10(value) if self.is_log else value
        share = (number - self.low) / (self.high - self.low) if self.high > self.low else 0.5
        return _ROOM + (1 - 2 * _ROOM) * share


@dataclass(frozen=True, slots=True)
class ParameterAxes:
    """What is drawn, and what is not.

    alike: parameters that are the same in all groups with a mean; unnamed: those for which there is no room. left_out: groups for
    which there is none. Nothing is drawn where nothing differs or nothing is known.
    """

    axes: tuple[ParameterAxis, ...] = ()
    groups: tuple[ComparedGroup, ...] = ()
    alike: int = 0
    unnamed: int = 0
    left_out: int = 0


def parameter_axes(view: ComparisonView) -> ParameterAxes:
    """The axes and the groups drawn on them, the best ones where there are too many."""
    known = tuple(group for group in view.groups if group.mean is not None)
    groups = known[:MOST_GROUPS]
    told = {name: {group.config.get(name) for group in groups} for name in view.differing}
    names = sorted(
        (name for name in view.differing if len(told[name]) > 1),
        key=lambda name: -sum(name in group.config for group in groups),
    )
    if not names:
        return ParameterAxes()
    axes = tuple(
        _axis(name, [g.config[name] for g in groups if name in g.config], missing=None in told[name])
        for name in sorted(names[:MOST_AXES])
    )
    return ParameterAxes(
        axes, groups, len(view.differing) - len(names), len(names) - len(axes), len(known) - len(groups)
    )


def _axis(name: str, texts: Sequence[str], *, missing: bool) -> ParameterAxis:
    none = ((_MISSING_AT, MISSING),) if missing else ()
    distinct = sorted(set(texts))
    numbers = [_number(text) for text in distinct]
    known = [number for number in numbers if number is not None]
    if len(known) < len(distinct) or not known:
        return ParameterAxis(name, False, False, (*_word_marks(distinct), *none), 0.0, 1.0, tuple(distinct))
    is_log = min(known) > 0 and max(known) / min(known) >= 100
    ends = [math.log10(n) if is_log else n for n in (min(known), max(known))]
    bare = ParameterAxis(name, True, is_log, (), ends[0], ends[1], tuple(distinct))
    written = sorted(set(known))
    if len(written) > MOST_MARKS:
        written = [written[0], written[-1]]
    marks = tuple((bare.place_of(number), f"{number:g}") for number in written)
    return ParameterAxis(name, True, is_log, (*marks, *none), ends[0], ends[1], tuple(distinct))


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
    """The picture as a Vega-Lite specification without colours; `usermeta` says what a stretch of an axis means."""
    found = parameter_axes(view)
    means = [group.mean for group in found.groups if group.mean is not None]
    low, high = (min(means), max(means)) if means else (0.0, 0.0)
    metric = view.metrics[0] if view.metrics else ""
    last = ParameterAxis(f"{metric} (mean)", True, False, (), low, high, ())
    names = [*(axis.name for axis in found.axes), last.name]
    rows = []
    for group in found.groups:
        places = [
            *(axis.place(group.config.get(axis.name)) for axis in found.axes),
            last.place_of(group.mean or 0.0),
        ]
        told = {"group": group.key, "value": group.mean, "said": _said(view, group, metric)}
        line = [{**told, "axis": name, "at": place} for name, place in zip(names, places, strict=True)]
        line[0] |= {"href": _href(view, group)}  # a line is linked by its first point
        rows += line
    marks = [{"axis": axis.name, "at": at, "text": text} for axis in found.axes for at, text in axis.marks]
    ends = [(last.place_of(end), format_value(view.declared, end)) for end in sorted({low, high})]
    marks += [{"axis": last.name, "at": at, "text": text} for at, text in ends]
    drawn = filled(
        _drawing(tuple(names)), groups=rows, marks=marks, axes=[{"axis": name} for name in names], picked=[]
    )
    runs = {group.key: [one.run.run_id for one in group.runs] for group in found.groups}
    return {**drawn, "usermeta": {"axes": [_meant(axis) for axis in (*found.axes, last)], "runs": runs}}


def _meant(axis: ParameterAxis) -> dict[str, Any]:
    """Where values stand on an axis: numbers between two ends, words one by one."""
    words = [] if axis.is_number else [[axis.place(word), word] for word in axis.words]
    words += [[at, text] for at, text in axis.marks if at == _MISSING_AT and not axis.is_number]
    return {
        "name": axis.name, "log": axis.is_log, "low": axis.low, "high": axis.high, "room": _ROOM, "words": words,
    }  # fmt: skip


def _href(view: ComparisonView, group: ComparedGroup) -> str:
    """The group alone: its curves and its runs."""
    query = [("run", one.run.run_id) for one in group.runs]
    return f"/p/{view.project.slug}/compare?{urlencode(query)}"


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
    height = alt.Scale(domain=[-0.12, 1.02], nice=False)
    y = alt.Y("at:Q", axis=None, scale=height)
    pointed = alt.selection_point(
        name="pointed", fields=["group"], on="pointerover", clear="pointerout", empty=False
    )
    # Set by js/parallel.js: groups outside of the stretches that somebody picked.
    outside = alt.param(name="outside", value=[])
    lines = (
        alt.Chart(alt.NamedData("groups"))
        .mark_line(strokeWidth=1.5, cursor="pointer", aria=False)
        .encode(
            x=x, y=y, detail="group:N", tooltip="said:N", href="href:N",
            color=alt.Color("value:Q", legend=None),
            opacity=alt.when(pointed).then(alt.value(1))
            .when("indexof(outside, datum.group) >= 0").then(alt.value(0.05)).otherwise(alt.value(0.6)),
            strokeWidth=alt.condition(pointed, alt.value(4), alt.value(1.5)),
        )
        .add_params(pointed)
    )  # fmt: skip
    rules = alt.Chart(alt.NamedData("axes")).mark_rule(strokeWidth=1, opacity=0.6, aria=False).encode(x=x)
    picked = (
        alt.Chart(alt.NamedData("picked"))
        .mark_rule(strokeWidth=14, opacity=0.35, style="picked", aria=False)
        .encode(x=x, y=alt.Y("low:Q", axis=None, scale=height), y2="high:Q")
    )
    # Twice: the page's colour around the letters keeps them readable over lines.
    text = alt.Chart(alt.NamedData("marks")).encode(x=x, y=y, text="text:N")
    room = alt.ExprRef(f"max(40, width / {len(names)} - 12)")  # up to the next axis
    halo = text.mark_text(
        align="left",
        dx=6,
        fontSize=11,
        limit=room,
        aria=False,
        style="halo",
        strokeWidth=4,
        strokeJoin="round",
    )
    words = text.mark_text(align="left", dx=6, fontSize=11, limit=room, aria=False)
    return alt.layer(lines, rules, picked, halo, words).add_params(outside)
