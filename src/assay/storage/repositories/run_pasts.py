"""What runs were before they changed, where a verdict has to know it."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import and_, bindparam, case, func, insert, or_, select

from assay.domain.experiments.evidence import Curve, Past, Run, RunStatus
from assay.domain.gates.departures import must_be_remembered
from assay.storage.curves import KeptCurves
from assay.storage.session import Row, Session, Statement, any_of, from_json, in_list
from assay.storage.tables import curves, past_curves, run_pasts, runs
from assay.storage.types import BigInt

_P, _R, _C, _N = run_pasts.c, runs.c, past_curves.c, curves.c
PASTS_OF = Statement(
    lambda engine: (
        select(_P.run_id, _P.id, _P.knows_curves, _P.until_seq, _P.ticket, _P.last_values, _P.body)
        .where(in_list(engine, _P.run_id, "ids"))
        .order_by(_P.run_id, _P.id)
    )
)
CURVES_OF_PASTS = Statement(
    lambda engine: (
        select(_C.past_id, _C.metric, _C.points, _C.body)
        .join_from(past_curves, run_pasts, _P.id == _C.past_id)
        .where(in_list(engine, _P.run_id, "ids"))
        .order_by(_C.past_id, _C.metric)
    )
)
CURVES_NOW = Statement(
    lambda engine: select(_N.run_id, _N.metric, _N.points, _N.body).where(in_list(engine, _N.run_id, "ids"))
)
NEWEST = Statement(select(func.coalesce(func.max(_P.id), 0)))
KEEP_CURVES = Statement(
    insert(past_curves).from_select(
        ("past_id", "metric", "points", "body"),
        select(_P.id, _N.metric, _N.points, _N.body)
        .join_from(run_pasts, curves, _N.run_id == _P.run_id)
        .where(_P.id > bindparam("the_newest", type_=BigInt), _P.knows_curves == 1),
    )
)
AS_STORED = Statement(
    lambda engine: select(_R.id, _R.ticket, _R.by_hand, _R.deleted, _R.last_values, _R.body).where(
        in_list(engine, _R.id, "ids")
    )
)
_OLD = ("run_id", "until_seq", "ticket", "last_values", "body", "knows_curves")
REMEMBER = Statement(insert(run_pasts), _OLD)
_ENDED = and_(_R.status != RunStatus.SCHEDULED.value, _R.status != RunStatus.RUNNING.value)
_FINISHED = case((_R.status == RunStatus.FINISHED.value, 1), else_=0)
_SHOWN = or_(_ENDED, _R.last_values != "{}")
REMEMBER_GONE = Statement(
    lambda engine: insert(run_pasts).from_select(
        _OLD,
        select(
            _R.id, bindparam("the_seq", type_=BigInt), _R.ticket, _R.last_values, _R.body, _FINISHED
        ).where(
            _R.source_id == bindparam("the_source"),
            in_list(engine, _R.external_id, "ids"),
            _R.deleted == 0,
            _SHOWN,
        ),
    )
)


class PastReader(Session):
    """What were runs before?"""

    __slots__ = ()

    def pasts(
        self, ids: Sequence[int], now: Mapping[int, Mapping[str, Curve]]
    ) -> dict[int, tuple[Past, ...]]:
        """By number of the run, oldest first; runs that were never anything else are left out. `now` are the curves of the runs."""
        if not ids:
            return {}
        asked = any_of(self.engine, ids)
        found: dict[int, list[Row]] = {}
        for number, *rest in self.rows(PASTS_OF, ids=asked):
            found.setdefault(number, []).append(tuple(rest))
        if not found:
            return {}
        kept = {past: KeptCurves(one) for past, one in _bodies(self.rows(CURVES_OF_PASTS, ids=asked)).items()}
        return {number: _in_order(rows, kept, now.get(number, {})) for number, rows in found.items()}


class PastWriter(PastReader):
    """Remembers what is about to be overwritten."""

    __slots__ = ()

    def remember(
        self, after: Mapping[int, Run], seq: int, *, packed: Mapping[tuple[int, str], bytes] | None = None
    ) -> None:
        """Keep what these runs are, by their numbers, where that must be known once they have become this.

        What a person attached stays where it is, whatever the tracker says; only another person moves it.

        Args:
            after: what they become.
            seq: journal number of the change.
            packed: their curves as they will be stored, by number and metric; None where a person moves a run, which changes
                no curve.
        """
        by_hand = packed is None
        rows = self.rows(AS_STORED, ids=any_of(self.engine, after)) if after else []
        changes = [_Change.of(row, after[row[0]], seq, by_hand=by_hand) for row in rows]
        kept = [one for one in changes if one.must_be_kept()]
        if packed is None:
            self.execute_many(REMEMBER, [one.row() for one in kept])
            return
        there = {one.number for one in kept}
        asked = [one for one in changes if one.is_finished and one.number not in there]
        kept += self._changed_in_the_middle(asked, packed)
        if kept:
            (newest,) = self.one(NEWEST)
            self.execute_many(REMEMBER, [one.row() for one in kept])
            self.execute(KEEP_CURVES, the_newest=newest)

    def _changed_in_the_middle(
        self, asked: Sequence[_Change], packed: Mapping[tuple[int, str], bytes]
    ) -> list[_Change]:
        """Those whose curves change though their last values stand. Curves with equal bytes are not looked into."""
        if not asked:
            return []
        rows = self.rows(CURVES_NOW, ids=any_of(self.engine, [one.number for one in asked]))
        other = [row for row in rows if packed.get((row[0], row[1])) != row[3]]
        before = _bodies(other)
        return [
            one for one in asked if one.number in before and one.must_be_kept(KeptCurves(before[one.number]))
        ]

    def remember_gone(self, source_id: int, external_ids: Sequence[str], seq: int) -> None:
        """Keep what these runs are before they are marked deleted."""
        given = {"the_source": source_id, "ids": any_of(self.engine, external_ids)}
        self.execute(REMEMBER_GONE, **given, the_seq=seq)


@dataclass(frozen=True, slots=True, eq=False)
class _Change:
    """One run that is about to be overwritten: what it is, and what it will be."""

    number: int
    stored: Mapping[str, Any]
    past: Past
    then: Run
    was_deleted: bool

    @classmethod
    def of(cls, row: Row, after: Run, seq: int, *, by_hand: bool) -> _Change:
        """The change of a row of `AS_STORED`."""
        number, ticket, attached, deleted, last_values, body = row
        then = replace(after, ticket=ticket) if attached and not by_hand else after
        stored = {
            "run_id": number,
            "until_seq": seq,
            "ticket": ticket,
            "last_values": last_values,
            "body": body,
        }
        return cls(number, stored, _past(seq, ticket, last_values, body), then, bool(deleted))

    @property
    def is_finished(self) -> bool:
        return self.past.status is RunStatus.FINISHED

    def must_be_kept(self, curves: Mapping[str, Curve] | None = None) -> bool:
        """Does a verdict have to know it? `curves` are those that it has, where they are known."""
        return must_be_remembered(replace(self.past, curves=curves), self.then, was_deleted=self.was_deleted)

    def row(self) -> dict[str, Any]:
        """What is kept of it."""
        return {**self.stored, "knows_curves": int(self.is_finished)}


def _bodies(rows: Iterable[Row]) -> dict[int, dict[str, tuple[bytes, int]]]:
    found: dict[int, dict[str, tuple[bytes, int]]] = {}
    for number, metric, points, body in rows:
        found.setdefault(number, {})[metric] = (bytes(body), points)
    return found


def _in_order(
    rows: Sequence[Row], kept: Mapping[int, KeptCurves], now: Mapping[str, Curve]
) -> tuple[Past, ...]:
    """What one run was, oldest first. Curves that nobody kept are those of the next state: they had not changed by then."""
    found: list[Past] = []
    later: Mapping[str, Curve] | None = now
    for number, knows, *rest in reversed(rows):
        past = _past(*rest)
        later = kept.get(number, later) if knows else None
        found.append(replace(past, curves=None if later is None else _of(later, past.values)))
    return tuple(reversed(found))


def _of(curves: Mapping[str, Curve], metrics: Container[str]) -> Mapping[str, Curve]:
    if isinstance(curves, KeptCurves):
        return curves.only(metrics)
    return {name: one for name, one in curves.items() if name in metrics}


def _past(until_seq: int, ticket: str | None, last_values: str, text: str) -> Past:
    body = from_json(text)
    seed = body.get("seed")
    return Past(
        until_seq=until_seq,
        ticket=ticket,
        arm=body["arm"],
        config=body["config"],
        seed=None if seed is None else int(seed),
        status=RunStatus(body["status"]),
        values={metric: float(value) for metric, value in from_json(last_values).items()},
        dataset=body.get("dataset"),
        scores_digest=body.get("scores_digest"),
        scores_error=body.get("scores_error"),
    )
