"""What planning reads: experiments that may be begun, what was expected of those that were, and what came of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func, select

from assay.domain.experiments.experiment import DecisionKind
from assay.domain.gates.gate_record import GateRecord
from assay.domain.kernel.findings import Outcome
from assay.domain.kernel.ids import TicketType
from assay.domain.sprints.calls import CallEvent, DecidedAs, LockedAt
from assay.storage.queries.journal import of_kinds
from assay.storage.queries.linked_data import LinkedDataQueries
from assay.storage.session import Statement, any_of, from_json, in_list, to_json
from assay.storage.tables import gate_runs, gates, journal, tickets

_J, _T, _R, _G = journal.c, tickets.c, gate_runs.c, gates.c
PLANNABLE = Statement(
    lambda engine: (
        select(_T.key)
        .where(
            _T.project_id == bindparam("the_project"),
            in_list(engine, _T.stage, "stages"),
            _T.type == TicketType.EXPERIMENT.value,
            _T.locked == 0,
        )
        .order_by(_T.number, _T.id)
    )
)
CALLS = Statement(lambda engine: of_kinds(engine, after=True))


def _latest_records(engine: str) -> Any:
    newest = (
        select(func.max(_R.number).label("number"))
        .join_from(gate_runs, gates, _G.id == _R.gate_id)
        .where(
            _R.project_id == bindparam("the_project"),
            _G.name == bindparam("the_name"),
            in_list(engine, _R.ticket, "keys"),
        )
        .group_by(_R.ticket)
        .subquery()
    )
    return (
        select(_R.ticket, _R.number, _R.body)
        .join_from(gate_runs, newest, newest.c.number == _R.number)
        .where(_R.project_id == bindparam("the_project"))
    )


LATEST_RECORDS = Statement(_latest_records)
_KINDS = ("ticket.locked", "decision.recorded")


class PlanningQueries(LinkedDataQueries):
    """What could be run next, and how good were earlier expectations?"""

    __slots__ = ()

    def plannable(self, project_id: int, stages: Sequence[str]) -> Sequence[str]:
        """Keys of the experiments in these columns that are not locked, by number."""
        rows = self.rows(PLANNABLE, the_project=project_id, stages=any_of(self.engine, stages))
        return [key for (key,) in rows]

    def call_events(self, project: str, *, after: int = 0) -> Iterator[tuple[int, CallEvent]]:
        """Every lock with its prediction and every decision with what was shown after a number of the journal, in its order.

        The hashed bytes are read, as by `flow_events`.
        """
        kinds = any_of(self.engine, _KINDS)
        for body, seq, _ in self.stream(CALLS, project=project, kinds=kinds, after=after):
            said = from_json(bytes(body))
            at, payload = datetime.fromisoformat(said["at"]), said["payload"]
            if said["kind"] == "ticket.locked":
                yield seq, _locked(at, said["subject"], payload)
            else:
                yield seq, _decided(at, said["subject"], payload)

    def latest_gate_records(
        self, project_id: int, name: str, keys: Sequence[str]
    ) -> Mapping[str, tuple[int, GateRecord]]:
        """Number and record of the newest answer of a gate about each of these tickets that has one."""
        asked = {"the_project": project_id, "the_name": name, "keys": any_of(self.engine, keys)}
        return {
            ticket: (number, GateRecord.model_validate_json(bytes(body)))
            for ticket, number, body in self.rows(LATEST_RECORDS, **asked)
        }


def _locked(at: datetime, key: str, payload: dict[str, Any]) -> LockedAt:
    return LockedAt(at, key, payload.get("prediction"), to_json(payload["registration"]).encode())


def _decided(at: datetime, key: str, payload: dict[str, Any]) -> DecidedAs:
    primary, gain = payload.get("primary"), payload.get("gain")
    return DecidedAs(
        at,
        key,
        DecisionKind(payload["decision"]),
        None if primary is None else Outcome(primary),
        None if gain is None else float(gain),
    )
