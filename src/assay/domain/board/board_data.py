"""A board as plain data, for YAML files and the API: plain mappings in, plain mappings out, lossless.

    columns:
      - {key: backlog, title: Backlog, exit_gate: [agreed]}
      - {key: experiment, title: Experiment, limit: 3, locks: true}
      - {key: killed, title: Killed, terminal: true, entry_gate: [kill_decided]}
    moves:
      - {from: backlog, to: experiment}
      - {from: experiment, to: [killed, backlog], reason: true, skips_exit_gate: true}

Unknown fields are refused with close matches. The text of a file is read by the caller (`load_ticket_text`, which refuses
aliases, tags and repeated keys).
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any

from pydantic import TypeAdapter, ValidationError

from assay.domain.board.board import Board, ExitItem, GateName, LimitBy, Stage, StageKey, Transition
from assay.domain.experiments.fields import (
    as_choice,
    as_flag,
    as_integer,
    as_list,
    as_mapping,
    as_text,
    found_text,
    refuse,
)
from assay.errors import Invalid

BOARD_KEYS = ("columns", "moves")
COLUMN_KEYS = (
    "key", "title", "limit", "limit_by", "exit_gate", "entry_gate", "gate", "gate_text", "locks", "terminal", "hidden",
)  # fmt: skip
MOVE_KEYS = ("from", "to", "reason", "skips_exit_gate")
COLUMNS_MAX = 30
MOVES_MAX = COLUMNS_MAX * COLUMNS_MAX
TITLE_MAX = 60
GATE_TEXT_MAX = 200
LIMIT_MAX = 10_000
_KEY, _GATE = TypeAdapter(StageKey), TypeAdapter(GateName)
_KEY_RULE = "a key of small letters, digits, - and _, such as evaluation"
_FLAGS = ("locks", "terminal", "hidden")
_IN_SETTINGS = {
    "columns": "stages",
    "limit": "wip_limit",
    "moves": "transitions",
    "from": "source",
    "to": "target",
    "reason": "needs_reason",
}


def board_from_data(data: object) -> Board:
    """Which board does this data mean?

    Raises:
        Invalid: `field` is the path of the entry at fault, such as `columns[2].limit`.

    >>> columns = [{"key": "todo", "title": "To do"}, {"key": "done", "title": "Done", "terminal": True}]
    >>> board = board_from_data({"columns": columns, "moves": [{"from": "todo", "to": "done"}]})
    >>> board.legal_targets("todo"), board_from_data(board_to_data(board)) == board
    (('done',), True)
    """
    fields = as_mapping(data, "", known=BOARD_KEYS)
    entries = as_list(fields.get("columns"), "columns", limit=COLUMNS_MAX)
    if not entries:
        refuse("columns", "none", "at least one column", hint="assay board export --template experiment")
    stages: list[Stage] = []
    for place, entry in enumerate(entries):
        stages.append(_stage(entry, f"columns[{place}]", {stage.key for stage in stages}))
    keys = [stage.key for stage in stages]
    moves = as_list(fields.get("moves"), "moves", limit=MOVES_MAX)
    transitions: dict[tuple[str, str], Transition] = {}
    for place, entry in enumerate(moves):
        path = f"moves[{place}]"
        for transition in _transitions(entry, path, keys):
            way = transition.source, transition.target
            if way in transitions:
                refuse(f"{path}.to", f"the move from {way[0]} to {way[1]} a second time", "each move once")
            transitions[way] = transition
    _every_card_gets_on(stages, transitions)
    return Board(stages=tuple(stages), transitions=tuple(transitions.values()))


def check_board_rules(board: Board) -> None:
    """Would this board be read from a file? The same rules hold for one that comes another way.

    Raises:
        Invalid: as `board_from_data`; `field` names the entry as settings do, such as `board.stages.2.title`.

    >>> check_board_rules(Board.default())
    """
    told = {
        "columns": [_column_data(stage) for stage in board.stages],
        "moves": [_move_data([move]) for move in board.transitions],
    }
    try:
        board_from_data(told)
    except Invalid as error:
        place = _in_settings(error.field or "")
        error.message = error.message.replace(f"'{error.field}'", f"'{place}'", 1)
        error.args, error.field = (error.message,), place
        raise


def _in_settings(path: str) -> str:
    steps = path.replace("[", ".").replace("]", "").split(".")
    return ".".join(["board", *(_IN_SETTINGS.get(step, step) for step in steps)])


def _stage(entry: object, path: str, taken: set[str]) -> Stage:
    fields = as_mapping(entry, path, known=COLUMN_KEYS)
    key = _key(fields.get("key"), f"{path}.key")
    if key in taken:
        refuse(f"{path}.key", f"'{key}' a second time", "each column once")
    limit, gate = fields.get("limit"), fields.get("gate")
    return Stage(
        key=key,
        title=_line(fields.get("title"), f"{path}.title", limit=TITLE_MAX, must_say=True),
        wip_limit=None if limit is None else as_integer(limit, f"{path}.limit", low=1, high=LIMIT_MAX),
        limit_by=as_choice(fields.get("limit_by", LimitBy.CARDS.value), f"{path}.limit_by", LimitBy),
        exit_gate=_items(fields.get("exit_gate"), f"{path}.exit_gate"),
        entry_gate=_items(fields.get("entry_gate"), f"{path}.entry_gate"),
        gate=None if gate is None else _gate_name(gate, f"{path}.gate"),
        gate_text=_line(fields.get("gate_text", ""), f"{path}.gate_text", limit=GATE_TEXT_MAX),
        **{name: as_flag(fields.get(name, False), f"{path}.{name}") for name in _FLAGS},
    )


def _key(value: object, path: str) -> str:
    try:
        return _KEY.validate_python(value, strict=True)
    except ValidationError:
        return refuse(path, found_text(value), _KEY_RULE)


def _gate_name(value: object, path: str) -> str:
    try:
        return _GATE.validate_python(value, strict=True)
    except ValidationError:
        return refuse(path, found_text(value), "the name of a gate of the project", hint="assay gate list")


def _line(value: object, path: str, *, limit: int, must_say: bool = False) -> str:
    text = as_text(value, path, limit=limit)
    if not text.isprintable():
        refuse(path, found_text(text), "one line of text that prints")
    if must_say and not text.strip():
        refuse(path, "nothing", f"1 to {limit} characters")
    return text


def _items(value: object, path: str) -> tuple[ExitItem, ...]:
    entries = as_list(value, path, limit=len(ExitItem))
    items = tuple(as_choice(entry, f"{path}[{place}]", ExitItem) for place, entry in enumerate(entries))
    if len(set(items)) < len(items):
        refuse(path, "an item a second time", "each item once")
    return items


def _transitions(entry: object, path: str, keys: list[str]) -> Iterator[Transition]:
    fields = as_mapping(entry, path, known=MOVE_KEYS)
    source, to = _known(fields.get("from"), f"{path}.from", keys), fields.get("to")
    entries = to if isinstance(to, list) else [to]
    targets = as_list(entries, f"{path}.to", limit=COLUMNS_MAX)
    if not targets:
        refuse(f"{path}.to", "nothing", "the column it goes to")
    for place, value in enumerate(targets):
        at = f"{path}.to[{place}]" if isinstance(to, list) else f"{path}.to"
        target = _known(value, at, keys)
        if target == source:
            refuse(at, f"'{target}', where the card is", "another column")
        yield Transition(
            source=source,
            target=target,
            needs_reason=as_flag(fields.get("reason", False), f"{path}.reason"),
            skips_exit_gate=as_flag(fields.get("skips_exit_gate", False), f"{path}.skips_exit_gate"),
        )


def _known(value: object, path: str, keys: list[str]) -> str:
    if isinstance(value, str) and value in keys:
        return value
    close = difflib.get_close_matches(value[:60], keys, n=1) if isinstance(value, str) else []
    hint = f"did you mean {close[0]}?" if close else "name a column by its key, or add the column"
    return refuse(path, found_text(value), f"one of the columns: {', '.join(keys)}", hint=hint)


def _every_card_gets_on(stages: list[Stage], moves: Mapping[tuple[str, str], Transition]) -> None:
    """A column that cards cannot leave has to say that work ends there; one that they cannot reach is of no use."""
    left, entered = {source for source, _ in moves}, {target for _, target in moves}
    for place, stage in enumerate(stages):
        if not stage.terminal and stage.key not in left and len(stages) > 1:
            refuse(
                f"columns[{place}]",
                f"no move out of {stage.key}",
                "a move from it, or terminal: true",
                hint=f"add a move {{from: {stage.key}, to: ...}} or write terminal: true",
            )
        if place and stage.key not in entered:
            refuse(
                f"columns[{place}]",
                f"no move into {stage.key}",
                "a move to it",
                hint=f"add a move {{from: ..., to: {stage.key}}} or remove the column",
            )


def board_to_data(board: Board) -> dict[str, Any]:
    """How is a board written, so that reading it gives the same board? What is as usual is left out.

    >>> board_to_data(Board.default())["moves"][0]
    {'from': 'backlog', 'to': 'hypothesis'}
    """
    return {
        "columns": [_column_data(stage) for stage in board.stages],
        "moves": [_move_data(list(alike)) for _, alike in groupby(board.transitions, key=_way)],
    }


def _column_data(stage: Stage) -> dict[str, Any]:
    told: dict[str, Any] = {
        "key": stage.key,
        "title": stage.title,
        "limit": stage.wip_limit,
        "limit_by": None if stage.limit_by is LimitBy.CARDS else stage.limit_by.value,
        "exit_gate": [item.value for item in stage.exit_gate],
        "entry_gate": [item.value for item in stage.entry_gate],
        "gate": stage.gate,
        "gate_text": stage.gate_text,
        **{name: getattr(stage, name) for name in _FLAGS},
    }
    return {name: value for name, value in told.items() if value or name in ("key", "title")}


def _way(move: Transition) -> tuple[str, bool, bool]:
    return move.source, move.needs_reason, move.skips_exit_gate


def _move_data(alike: list[Transition]) -> dict[str, Any]:
    first, targets = alike[0], [move.target for move in alike]
    flags = {"reason": first.needs_reason, "skips_exit_gate": first.skips_exit_gate}
    return {
        "from": first.source,
        "to": targets[0] if len(targets) == 1 else targets,
        **{name: True for name, value in flags.items() if value},
    }
