"""What runs were before they changed, where a verdict has to know it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import and_, bindparam, insert, or_, select

from assay.domain.experiments.evidence import Past, Run, RunStatus
from assay.domain.gates.departures import must_be_remembered
from assay.storage.session import Row, Session, Statement, any_of, from_json, in_list
from assay.storage.tables import run_pasts, runs
from assay.storage.types import BigInt

_P, _R = run_pasts.c, runs.c
PASTS_OF = Statement(
    lambda engine: (
        select(_P.run_id, _P.until_seq, _P.ticket, _P.last_values, _P.body)
        .where(in_list(engine, _P.run_id, "ids"))
        .order_by(_P.run_id, _P.id)
    )
)
AS_STORED = Statement(
    lambda engine: select(_R.id, _R.ticket, _R.by_hand, _R.deleted, _R.last_values, _R.body).where(
        in_list(engine, _R.id, "ids")
    )
)
_OLD = ("run_id", "until_seq", "ticket", "last_values", "body")
REMEMBER = Statement(insert(run_pasts), _OLD)
_ENDED = and_(_R.status != RunStatus.SCHEDULED.value, _R.status != RunStatus.RUNNING.value)
_SHOWN = or_(_ENDED, _R.last_values != "{}")
REMEMBER_GONE = Statement(
    lambda engine: insert(run_pasts).from_select(
        _OLD,
        select(_R.id, bindparam("the_seq", type_=BigInt), _R.ticket, _R.last_values, _R.body).where(
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

    def pasts(self, ids: Sequence[int]) -> dict[int, tuple[Past, ...]]:
        """By number of the run, oldest first; runs that were never anything else are left out."""
        found: dict[int, list[Past]] = {}
        if ids:
            for number, *rest in self.rows(PASTS_OF, ids=any_of(self.engine, ids)):
                found.setdefault(number, []).append(_past(*rest))
        return {number: tuple(pasts) for number, pasts in found.items()}


class PastWriter(PastReader):
    """Remembers what is about to be overwritten."""

    __slots__ = ()

    def remember(self, after: Mapping[int, Run], seq: int, *, by_hand: bool = False) -> None:
        """Keep what these runs are, by their numbers, where that must be known once they have become this.

        What a person attached stays where it is, whatever the tracker says; only another person moves it.
        """
        rows = self.rows(AS_STORED, ids=any_of(self.engine, after)) if after else []
        kept = [_kept(row, after[row[0]], seq, by_hand=by_hand) for row in rows]
        self.execute_many(REMEMBER, [row for row in kept if row is not None])

    def remember_gone(self, source_id: int, external_ids: Sequence[str], seq: int) -> None:
        """Keep what these runs are before they are marked deleted."""
        given = {"the_source": source_id, "ids": any_of(self.engine, external_ids)}
        self.execute(REMEMBER_GONE, **given, the_seq=seq)


def _kept(row: Row, after: Run, seq: int, *, by_hand: bool) -> dict[str, Any] | None:
    number, ticket, attached, deleted, last_values, body = row
    past = _past(seq, ticket, last_values, body)
    then = replace(after, ticket=ticket) if attached and not by_hand else after
    if not must_be_remembered(past, then, was_deleted=bool(deleted)):
        return None
    return {"run_id": number, "until_seq": seq, "ticket": ticket, "last_values": last_values, "body": body}


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
