"""What does a new board change, in plain sentences, before anybody saves it?"""

from __future__ import annotations

from collections.abc import Iterator

from assay.domain.board.board import Board, ExitItem, LimitBy, Stage, Transition
from assay.domain.board.exit_policies import TITLES


def board_changes(before: Board, after: Board) -> tuple[str, ...]:
    """What does `after` change of `before`? One sentence a change, none where they are the same.

    >>> fewer = Board.default().stages[2].model_copy(update={"wip_limit": 2})
    >>> stages = tuple(fewer if stage.key == fewer.key else stage for stage in Board.default().stages)
    >>> board_changes(Board.default(), Board.default().model_copy(update={"stages": stages}))
    ('Experiment: at most 2 GPUs (was 3).',)
    """
    return tuple(_changes(before, after))


def _changes(before: Board, after: Board) -> Iterator[str]:
    yield from (f"Column {one.title} goes." for one in before.stages if after.stage(one.key) is None)
    for place, stage in enumerate(after.stages):
        old = before.stage(stage.key)
        if old is None:
            where = f"after {after.stages[place - 1].title}" if place else "as the first"
            yield f"Column {stage.title} comes, {where}."
        yield from _of_column(old or Stage(key=stage.key, title=stage.title), stage)
    kept = [stage.key for stage in before.stages if after.stage(stage.key) is not None]
    if kept != [stage.key for stage in after.stages if before.stage(stage.key) is not None]:
        yield f"The columns are in another order: {', '.join(stage.title for stage in after.stages)}."
    yield from _of_moves(before, after)


def _of_column(before: Stage, after: Stage) -> Iterator[str]:
    title = after.title
    if before.title != title:
        yield f"Column {before.title} is called {title}."
    if _limit(before) != _limit(after):
        same = before.limit_by is after.limit_by
        was = before.wip_limit or "no limit" if same or before.wip_limit is None else _amount(before)
        yield f"{title}: {_limit(after)} (was {was})."
    for what, old, new in (
        ("to leave it", before.exit_gate, after.exit_gate),
        ("to enter it", before.entry_gate, after.entry_gate),
    ):
        yield from (f"{title} asks {what}: {_item(item)}." for item in new if item not in old)
        yield from (f"{title} no longer asks {what}: {_item(item)}." for item in old if item not in new)
        if old != new and set(old) == set(new):
            yield f"{title} asks the same {what}, in another order."
    if before.gate != after.gate:
        yield (
            f"{title} asks for a pass of gate {after.gate}."
            if after.gate
            else f"{title} asks for no gate run."
        )
    if before.gate_text != after.gate_text:
        yield f"{title} says under its title: {after.gate_text or 'nothing'}."
    for name, on, off in (
        ("locks", "locks the criteria of what enters it", "no longer locks criteria"),
        ("terminal", "closes what enters it", "no longer closes what enters it"),
        ("hidden", "is off the board unless asked for", "is shown on the board"),
    ):
        if getattr(before, name) != getattr(after, name):
            yield f"{title} {on if getattr(after, name) else off}."


def _limit(stage: Stage) -> str:
    if stage.wip_limit is None:
        return "no limit"
    return f"at most {_amount(stage)}"


def _amount(stage: Stage) -> str:
    noun = "GPU" if stage.limit_by is LimitBy.GPUS else "card"
    return f"{stage.wip_limit} {noun}{'' if stage.wip_limit == 1 else 's'}"


def _item(item: ExitItem) -> str:
    return TITLES[item][0].lower() + TITLES[item][1:]


def _of_moves(before: Board, after: Board) -> Iterator[str]:
    old = {(move.source, move.target): move for move in before.transitions}
    new = {(move.source, move.target): move for move in after.transitions}
    titles = {stage.key: stage.title for board in (before, after) for stage in board.stages}
    for (source, target), move in old.items():
        if (source, target) not in new and after.stage(source) and after.stage(target):
            yield f"Cards can no longer go from {titles[source]} to {titles[target]}."
        elif (source, target) in new and new[source, target] != move:
            yield f"From {titles[source]} to {titles[target]}: {_asked(new[source, target])} (was: {_asked(move)})."
    for (source, target), move in new.items():
        if (source, target) not in old:
            yield f"Cards can go from {titles[source]} to {titles[target]}: {_asked(move)}."


def _asked(move: Transition) -> str:
    reason = "a reason is asked" if move.needs_reason else "no reason is asked"
    return f"{'the exit gate is not asked' if move.skips_exit_gate else 'the exit gate holds'}, {reason}"
