"""A back-test in pictures: what each rule saves against what it costs, and the same for its other values."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from assay.web import backtest_words as words
from assay.web import wording
from assay.web.charts.frames import drawing, filled
from assay.web.contexts.experiment import ChartBox
from assay.workflows.back_test_views import BackTestView, RuleRecord, TriedValue

_NEAR = (0.05, 0.07)
"""Points that are no further apart, across and up, get one name together."""
_WIDE = 0.45
"""Of the axis across, that a text may take."""
_SET = "set now"
_LOW = 0.1
"""Below a point that saves less there is no room for a text."""
_PLACES = (
    ("left_above", "right", -8, -8),
    ("right_above", "left", 8, -8),
    ("left_below", "right", -8, 9),
    ("right_below", "left", 8, 9),
)
"""Where texts stand beside their points: alignment, and how far across and down."""
_WITHIN = ("shown", "not known yet", "no")
"""The bound is within the limit; neither; the share is beyond it."""
LEGEND_COLUMNS = 4
_KILLED, _SAVED = "winners killed", "compute of doomed runs saved"


def boxes(view: BackTestView, slug: str, query: str) -> tuple[ChartBox, ...]:
    """The charts that have something to show."""
    return tuple(
        box
        for box in (_rules(view, slug, query), _values(view, slug, query), _chances(view, slug, query))
        if box
    )


def _drawn(view: BackTestView) -> list[RuleRecord]:
    return [one for one in view.rules if one.winners_killed_share is not None and one.saved is not None]


def _rules(view: BackTestView, slug: str, query: str) -> ChartBox | None:
    drawn = _drawn(view)
    if not drawn:
        return None
    over = [one for one in drawn if (one.winners_killed_share or 0.0) > view.limit]
    kept = [one for one in drawn if one not in over]
    best = max(kept, key=lambda one: one.saved.value if one.saved else 0.0, default=None)
    said = f"{len(over)} of {len(drawn)} rules stop more than {words.percent(view.limit)} of winners"
    if best is not None:
        said += f"; of the others {words.rule_name(best.rule)} saves the most, {words.saved(best.saved)}"
    return ChartBox(
        title="What each rule saves, and what it costs",
        note="further left costs fewer winners, further up saves more; bars are the intervals of the table",
        href=f"/p/{slug}/backtest/rules.json{query}",
        warnings=_not_drawn(view, drawn),
        summary=f"{said}.",
        columns=("Rule", "Winners killed", "90% interval", "Compute saved", "95% interval"),
        rows=tuple(
            (
                words.rule_name(one.rule),
                words.killed(one),
                words.killed_span(one),
                words.saved(one.saved),
                words.saved_span(one.saved) or "none: not two problems with doomed runs",
            )
            for one in drawn
        ),
    )


def _not_drawn(view: BackTestView, drawn: Sequence[RuleRecord]) -> tuple[str, ...]:
    names = [words.rule_name(one.rule) for one in view.rules if one not in drawn]
    if not names:
        return ()
    return (f"Not drawn, for there is no winner or no doomed run that they could judge: {', '.join(names)}.",)


def rules_specification(view: BackTestView) -> dict[str, Any]:
    """One point a rule with both intervals; the limit of winners killed as a line."""
    rows = [
        {
            "rule": words.rule_name(one.rule),
            "asks": one.asks,
            _KILLED: one.winners_killed_share,
            "low": one.winners_killed_at_least,
            "high": one.winners_killed_at_most,
            _SAVED: one.saved.value,
            "least": one.saved.low if one.saved.low is not None else one.saved.value,
            "most": one.saved.high if one.saved.high is not None else one.saved.value,
            "within the limit": _within(one, view.limit),
        }
        for one in _drawn(view)
        if one.saved is not None
    ]
    limits = [{_KILLED: view.limit, "shown": f"limit {words.percent(view.limit)}"}]
    return filled(_rules_drawing(), rules=rows, limits=limits, **_texts(_names(rows), rows))


def _within(one: RuleRecord, limit: float) -> str:
    if one.winners_killed_at_most is not None and one.winners_killed_at_most <= limit:
        return _WITHIN[0]
    return _WITHIN[2] if (one.winners_killed_share or 0.0) > limit else _WITHIN[1]


def _names(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """One text for points that lie upon one another."""
    found: list[dict[str, Any]] = []
    for row in rows:
        twin = next(
            (
                one
                for one in found
                if abs(one[_KILLED] - row[_KILLED]) < _NEAR[0] and abs(one[_SAVED] - row[_SAVED]) < _NEAR[1]
            ),
            None,
        )
        if twin is None:
            found.append({"name": row["rule"], _KILLED: row[_KILLED], _SAVED: row[_SAVED]})
        else:
            twin["name"] += f", {row['rule']}"
    return found


def _texts(
    named: Iterable[dict[str, Any]], rows: Iterable[dict[str, Any]]
) -> dict[str, list[dict[str, Any]]]:
    """The texts by where they stand: above or below their point, to its left where they would not fit to its right."""
    widest = max(row.get("high", row[_KILLED]) for row in rows) or 1.0
    named = _lifted(named, widest)
    found: dict[str, list[dict[str, Any]]] = {name: [] for name, *_ in _PLACES}
    for one in named:
        side = "left" if one[_KILLED] > 0.6 * widest else "right"
        is_below = one.get("is") == _SET and one[_SAVED] >= _LOW
        found[f"{side}_{'below' if is_below else 'above'}"].append(one)
    return found


def _lifted(named: Iterable[dict[str, Any]], widest: float) -> list[dict[str, Any]]:
    """The texts, each so far up that it does not lie over one of a point beside it."""
    placed: list[dict[str, Any]] = []
    for one in sorted(named, key=lambda one: one[_KILLED]):
        lifted = dict(one)
        while any(
            abs(lifted[_KILLED] - other[_KILLED]) < _WIDE * widest
            and abs(lifted[_SAVED] - other[_SAVED]) < _NEAR[1]
            for other in placed
        ):
            lifted[_SAVED] += _NEAR[1]
        placed.append(lifted)
    return placed


def _written(alt: Any, name: str, **how: Any) -> tuple[Any, ...]:
    """Texts beside points."""
    return tuple(
        alt.Chart(alt.NamedData(place)).mark_text(align=align, dx=dx, dy=dy).encode(text=f"{name}:N", **how)
        for place, align, dx, dy in _PLACES
    )


def _axes(alt: Any) -> dict[str, Any]:
    share = {"format": "%", "tickCount": 5}
    return {
        "x": alt.X(
            f"{_KILLED}:Q", scale=alt.Scale(domainMin=0), axis=alt.Axis(title="winners killed", **share)
        ),
        "y": alt.Y(
            f"{_SAVED}:Q", scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(title="compute saved", **share)
        ),
    }


def _limit(alt: Any) -> tuple[Any, ...]:
    base = alt.Chart(alt.NamedData("limits")).encode(x=f"{_KILLED}:Q")
    said = base.mark_text(align="left", baseline="top", dx=4).encode(text="shown:N", y=alt.value(2))
    return base.mark_rule(strokeDash=[4, 3]), said


@drawing
def _rules_drawing() -> Any:
    import altair as alt

    axes = _axes(alt)
    base = alt.Chart(alt.NamedData("rules")).encode(
        **axes,
        color=alt.Color(
            "within the limit:N",
            scale=alt.Scale(domain=list(_WITHIN)),
            legend=alt.Legend(title="within the limit", orient="top", columns=3, symbolOpacity=1),
        ),
        tooltip=[
            "rule:N",
            "asks:N",
            alt.Tooltip(f"{_KILLED}:Q", format=".1%"),
            alt.Tooltip("low:Q", format=".1%", title="at least"),
            alt.Tooltip("high:Q", format=".1%", title="at most"),
            alt.Tooltip(f"{_SAVED}:Q", format=".0%"),
        ],
    )
    across = base.mark_rule(strokeWidth=2, opacity=0.45).encode(x=alt.X("low:Q"), x2="high:Q")
    up = base.mark_rule(strokeWidth=2, opacity=0.45).encode(y=alt.Y("least:Q"), y2="most:Q")
    points = base.mark_point(size=90, filled=True, opacity=1).encode(
        shape=alt.Shape(
            "within the limit:N",
            scale=alt.Scale(domain=list(_WITHIN), range=["circle", "square", "diamond"]),
            legend=None,
        )
    )
    return alt.layer(across, up, points, *_written(alt, "name", **axes), *_limit(alt))


def _with_values(view: BackTestView) -> list[tuple[RuleRecord, list[TriedValue]]]:
    found = []
    for rule in view.rules:
        known = [one for one in rule.values if one.winners_judged and one.saved is not None]
        if len(known) > 1:
            found.append((rule, known))
    return found


def _values(view: BackTestView, slug: str, query: str) -> ChartBox | None:
    drawn = _with_values(view)
    if not drawn:
        return None
    best = [
        f"{words.rule_name(rule.rule)} {one.value}" for rule, known in drawn for one in known if one.is_best
    ]
    return ChartBox(
        title="Other values of the rules",
        note="a line is a rule, a point one of its values; a square is set now, a triangle is to be used",
        href=f"/p/{slug}/backtest/values.json{query}",
        warnings=(),
        summary=f"The values to use: {', '.join(best)}." if best else "No value is better than what is set.",
        columns=("Rule", "Value", "Winners killed", "90% interval", "Compute saved", ""),
        rows=tuple(
            (
                words.rule_name(rule.rule),
                one.value,
                words.killed(one),
                words.killed_span(one),
                words.saved(one.saved),
                ", ".join(_marks(one)),
            )
            for rule, known in drawn
            for one in known
        ),
    )


def _by_savings(one: TriedValue) -> tuple[float, int]:
    return (0.0 if one.saved is None else one.saved.value, one.winners_killed)


def _marks(one: TriedValue) -> list[str]:
    return [word for word, said in ((_SET, one.is_now), ("to use", one.is_best)) if said]


def values_specification(view: BackTestView) -> dict[str, Any]:
    """A line a rule through its values, from the one that saves least; what is set and what to use by their shapes."""
    drawn = _with_values(view)
    rows = [
        {
            "rule": words.rule_name(rule.rule),
            "value": one.value,
            "place": place,
            _KILLED: one.winners_killed / one.winners_judged,
            _SAVED: 0.0 if one.saved is None else one.saved.value,
            "is": "to use" if one.is_best else _SET if one.is_now else "another value",
        }
        for rule, known in drawn
        for place, one in enumerate(sorted(known, key=_by_savings))
    ]
    limits = [{_KILLED: view.limit, "shown": f"limit {words.percent(view.limit)}"}]
    names = tuple(words.rule_name(rule.rule) for rule, _ in drawn)
    texts = _texts((row for row in rows if row["is"] != "another value"), rows)
    return filled(_values_drawing(names), values=rows, limits=limits, **texts)


@drawing
def _values_drawing(names: tuple[str, ...]) -> Any:
    import altair as alt

    axes = _axes(alt)
    color = alt.Color(
        "rule:N",
        scale=alt.Scale(domain=list(names)),
        legend=alt.Legend(title=None, orient="top", columns=LEGEND_COLUMNS, symbolOpacity=1),
    )
    base = alt.Chart(alt.NamedData("values")).encode(**axes, color=color)
    lines = base.mark_line(opacity=0.5, strokeWidth=1.5).encode(order="place:Q")
    kinds = ["another value", _SET, "to use"]
    points = base.mark_point(filled=True, opacity=1).encode(
        shape=alt.Shape(
            "is:N",
            scale=alt.Scale(domain=kinds, range=["circle", "square", "triangle-up"]),
            legend=None,
        ),
        size=alt.Size("is:N", scale=alt.Scale(domain=kinds, range=[28, 90, 110]), legend=None),
        tooltip=[
            "rule:N",
            "value:N",
            alt.Tooltip(f"{_KILLED}:Q", format=".1%"),
            alt.Tooltip(f"{_SAVED}:Q", format=".0%"),
            "is:N",
        ],
    )
    said = _written(alt, "value", color=color, **axes)
    return alt.layer(lines, points, *said, *_limit(alt))


def _chances(view: BackTestView, slug: str, query: str) -> ChartBox | None:
    if not view.chances:
        return None
    off = [one for one in view.chances if not one.at_least <= one.mean_chance <= one.at_most]
    runs = sum(one.runs for one in view.chances)
    said = f"{len(view.chances) - len(off)} of {len(view.chances)} groups of runs did about as well as they were given"
    return ChartBox(
        title="Are the chances right?",
        note=f"what futility gave {wording.plural(runs, 'run')} at {view.chances_at:.0%} of the budget, and what they did; beside a point its runs",
        href=f"/p/{slug}/backtest/chances.json{query}",
        warnings=(),
        summary=f"{said}: the exact 90% interval of their share holds the chance.",
        columns=("Chance given", "Runs", "On average", "Reached the target", "90% interval"),
        rows=tuple(
            (
                f"{one.low:.0%} to {one.high:.0%}",
                str(one.runs),
                words.percent(one.mean_chance),
                f"{one.hits}, {words.percent(one.hits / one.runs)}",
                f"{words.percent(one.at_least)} to {words.percent(one.at_most)}",
            )
            for one in view.chances
        ),
    )


def chances_specification(view: BackTestView) -> dict[str, Any]:
    """Share that hit against the chance given, group by group; on the line a chance is right."""
    rows = [
        {
            "given": one.mean_chance,
            "reached": one.hits / one.runs,
            "least": one.at_least,
            "most": one.at_most,
            "runs": one.runs,
        }
        for one in view.chances
    ]
    return filled(
        _chances_drawing(), groups=rows, right=[{"given": end, "reached": end} for end in (0.0, 1.0)]
    )


@drawing
def _chances_drawing() -> Any:
    import altair as alt

    share: dict[str, Any] = {"format": "%", "tickCount": 5}
    whole = alt.Scale(domain=[0, 1])
    axes: dict[str, Any] = {
        "x": alt.X("given:Q", scale=whole, axis=alt.Axis(title="chance given", **share)),
        "y": alt.Y("reached:Q", scale=whole, axis=alt.Axis(title="reached the target", **share)),
    }
    line = (
        alt.Chart(alt.NamedData("right"))
        .mark_line(strokeDash=[4, 3], strokeWidth=1, color="gray")
        .encode(**axes)
    )
    base = alt.Chart(alt.NamedData("groups")).encode(
        **axes,
        tooltip=[
            "runs:Q",
            alt.Tooltip("given:Q", format=".1%", title="chance given"),
            alt.Tooltip("reached:Q", format=".0%", title="reached the target"),
            alt.Tooltip("least:Q", format=".0%", title="at least"),
            alt.Tooltip("most:Q", format=".0%", title="at most"),
        ],
    )
    spans = base.mark_rule(strokeWidth=2, opacity=0.45).encode(y=alt.Y("least:Q"), y2="most:Q")
    points = base.mark_circle(size=80, opacity=1)
    counts = base.mark_text(align="left", dx=8, dy=-6).encode(text="runs:Q")
    return alt.layer(line, spans, points, counts)
