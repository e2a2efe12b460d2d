"""Examples that got better and worse, side by side with what both models said."""

from __future__ import annotations

from collections.abc import Sequence

from assay.domain.experiments.display import format_value
from assay.domain.gates.flips import Flip, Flips
from assay.domain.kernel.metrics import Direction, Metric, Unit
from assay.web.contexts.gates import FlipPanel, FlipRow, FlipSide
from assay.web.lists_view import address

FIRST = 4
LABEL = 40


def flip_panel(found: Flips | None, names: Sequence[str], href: str) -> FlipPanel | None:
    """The panel; None where nothing can be compared example by example."""
    if found is None:
        return None
    sides = (
        _side(found, found.worse, found.worse_count, better=False),
        _side(found, found.better, found.better_count, better=True),
    )
    return FlipPanel(
        metric=found.metric.name,
        note=_note(found),
        sides=sides,
        has_texts=any(one.candidate_text or one.baseline_text for one in (*found.better, *found.worse)),
        metrics=tuple(
            (name, f"{address(href, {'metric': name})}#changed", name == found.metric.name) for name in names
        ),
    )


def _note(found: Flips) -> str:
    left_out = f", {len(found.unmatched):,} on one side only" if found.unmatched else ""
    return f"{found.same_count:,} unchanged{left_out}"


def _side(found: Flips, rows: tuple[Flip, ...], count: int, *, better: bool) -> FlipSide:
    words = {
        (True, True): "Wrong before, right now",
        (True, False): "Right before, wrong now",
        (False, True): "Better",
        (False, False): "Worse",
    }
    shown = tuple(_row(one, found) for one in rows)
    return FlipSide(
        title=words[found.pass_fail, better],
        tone="promote" if better else "kill",
        icon="up" if better else "down",
        count=f"{count:,}",
        rows=shown[:FIRST],
        rest=shown[FIRST:],
        more=f"{count - len(rows):,} more with smaller changes are in the files" if count > len(rows) else "",
    )


def _row(one: Flip, found: Flips) -> FlipRow:
    ours, theirs = one.candidate_text, one.baseline_text
    told = ours or theirs
    return FlipRow(
        sample_id=one.sample_id,
        labels=_labels(one),
        question=told.input if told and told.input != one.sample_id else "",
        target=told.target if told else "",
        before=theirs.output if theirs else "",
        after=ours.output if ours else "",
        before_score=_score(one.baseline, found.metric, pass_fail=found.pass_fail),
        after_score=_score(one.candidate, found.metric, pass_fail=found.pass_fail),
    )


def _labels(one: Flip) -> str:
    """The ways of slicing it falls into; a column that holds the example itself says nothing more."""
    short = [
        (column, label) for column, label in one.labels if len(label) <= LABEL and label not in one.sample_id
    ]
    return ", ".join(f"{column}: {label}" for column, label in short[:4])


def _score(value: float, metric: Metric, *, pass_fail: bool) -> str:
    if not pass_fail:
        return format_value(metric, value)
    if metric.direction is Direction.LOWER:
        value = 1.0 - value
    if value in (0.0, 1.0):
        return "right" if value else "wrong"
    return f"right in {format_value(metric.model_copy(update={'unit': Unit.FRACTION, 'decimals': 0}), value)} of seeds"
