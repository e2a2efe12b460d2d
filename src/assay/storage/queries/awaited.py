"""What waits for a person? One rule for the overview, for the lists that are narrowed to it, and for how many there are."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, bindparam, case, func, literal_column, not_, or_, select

from assay.domain.board.board import Board, ExitItem
from assay.domain.board.flow import flow_rules
from assay.domain.experiments.experiment import DecisionKind
from assay.storage.queries.experiments import ROW, experiment_row
from assay.storage.queries.in_json import json_number, json_true, json_word
from assay.storage.session import Row, Session, Statement, any_of, in_list
from assay.storage.tables import decisions, tickets
from assay.workflows.overview_views import AwaitedRow, Why
from assay.workflows.records import Project

_T = tickets.c
_MADE = decisions.c
_WHY = (Why.DECISION, Why.BROKEN, Why.OVER_BUDGET)
"""The most urgent first."""
READY = or_(*(_T.recommendation == word for word in ("promote", "kill", "iterate")))
_DECIDED_AT = select(func.max(_MADE.at)).where(_MADE.ticket_id == _T.id).scalar_subquery()
ITERATES = and_(
    _T.decision == DecisionKind.ITERATE.value,
    or_(_T.stage == bindparam("iteration"), _T.entered_stage_at <= _DECIDED_AT),
)
"""It was decided to go on, and nobody has moved the card on since."""


def _is_pressed(engine: str) -> ColumnElement[bool]:
    """Nobody overruled the kill that the verdict says, for now."""
    return or_(_T.recommendation != "kill", json_word(engine, _T.card, "snoozed").is_(None))


def _awaits_decision(engine: str) -> ColumnElement[bool]:
    """Has a person to decide: on a verdict that is ready, or anew on what a decision did not end?"""
    was_over = or_(*(_T.decision == kind.value for kind in (DecisionKind.KILL, DecisionKind.PROMOTE)))
    has_moved_on = and_(_T.entered_stage_at > _DECIDED_AT, not_(in_list(engine, _T.stage, "ended")))
    came_back = and_(was_over, has_moved_on)
    goes_on = and_(_T.decision == DecisionKind.ITERATE.value, not_(ITERATES))
    ready = and_(READY, _is_pressed(engine), or_(_T.decision.is_(None), came_back, goes_on))
    return or_(
        ready, and_(came_back, in_list(engine, _T.stage, "judged")), and_(ITERATES, _says_more(engine))
    )


def _says_more(engine: str) -> ColumnElement[bool]:
    """Does the verdict say to promote or to kill, which the one that was decided on did not say?"""
    decided_on = (
        select(json_word(engine, _MADE.body, "verdict"))
        .where(_MADE.ticket_id == _T.id)
        .order_by(_MADE.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    says = or_(*(_T.recommendation == word for word in ("promote", "kill")))
    return and_(says, _is_pressed(engine), func.coalesce(decided_on, "") != _T.recommendation)


def _urgency(engine: str) -> ColumnElement[Any]:
    over = (
        json_number(engine, _T.card, name) > literal_column("1") for name in ("compute_share", "money_share")
    )
    return case(
        (_awaits_decision(engine), literal_column("0")),
        (json_true(engine, _T.card, "invalid"), literal_column("1")),
        (or_(*over), literal_column("2")),
    )


def _awaited(engine: str) -> Any:
    urgency = _urgency(engine).label("urgency")
    return select(*ROW, urgency).where(
        _T.project_id == bindparam("the_project"), in_list(engine, _T.stage, "watched")
    )


_LISTED = Statement(
    lambda engine: (
        select(one := _awaited(engine).subquery(), func.count().over())
        .where(one.c.urgency.is_not(None))
        .order_by(one.c.urgency, one.c.priority, one.c.updated_at)
        .limit(bindparam("the_limit"))
    )
)
_KEYS = Statement(
    lambda engine: select((one := _awaited(engine).subquery()).c.key).where(one.c.urgency.is_not(None))
)


class Awaited(NamedTuple):
    """The most urgent that wait for a person, and how many there are."""

    rows: tuple[AwaitedRow, ...]
    total: int


class AwaitedQueries(Session):
    """What waits for a person?"""

    __slots__ = ()

    def awaited(self, project: Project, *, limit: int) -> Awaited:
        """The most urgent tickets that wait for a person."""
        rows = self.rows(_LISTED, **_asked(self.engine, project), the_limit=limit)
        return Awaited(tuple(_line(row) for row in rows), rows[0][-1] if rows else 0)

    def awaited_keys(self, project: Project) -> frozenset[str]:
        """All of them, by key."""
        return frozenset(key for (key,) in self.rows(_KEYS, **_asked(self.engine, project)))


def _asked(engine: str, project: Project) -> dict[str, Any]:
    board = project.settings.board
    listed = {
        "watched": [s.key for s in board.stages[1:] if not (s.terminal or s.hidden)],
        "judged": [s.key for s in board.stages if ExitItem.VERDICT_RECORDED in s.exit_gate],
        "ended": flow_rules(board).ended,
    }
    stages = {name: any_of(engine, keys) for name, keys in listed.items()}
    return {"the_project": project.id, **led_on(board), **stages}


def led_on(board: Board) -> dict[str, str]:
    """The parameter of `ITERATES`: where a decision to go on leads."""
    return {"iteration": board.column_of(DecisionKind.ITERATE) or ""}


def _line(row: Row) -> AwaitedRow:
    *told, urgency, _ = row
    why, line = _WHY[urgency], experiment_row(tuple(told))
    values = {field.name: getattr(line, field.name) for field in fields(line)}
    if why is Why.DECISION:
        values["decision"] = None
    return AwaitedRow(**values, why=why)
