"""How did runs end that were stored when nobody kept that beside them?"""

from __future__ import annotations

import math
from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, column, select, table, update

from assay.domain.kernel.time import utc
from assay.storage.session import Row, Session, Statement, from_json
from assay.storage.types import Moment

CHUNK_ROWS = 4096

_RUNS = table(
    "runs",
    column("id"),
    column("last_values"),
    column("body"),
    column("ended_at", Moment),
    column("of_baseline"),
    column("broken"),
)
_R = _RUNS.c
STORED = Statement(
    select(_R.id, _R.last_values, _R.body).where(_R.id > bindparam("after")).order_by(_R.id).limit(CHUNK_ROWS)
)
SET = Statement(update(_RUNS).where(_R.id == bindparam("the_id")), ("ended_at", "of_baseline", "broken"))


def fill_run_ends(session: Session) -> None:
    """Set end, arm and brokenness of every run from what its row says already."""
    last = 0
    while rows := session.rows(STORED, after=last):
        session.execute_many(SET, [_end(row) for row in rows])
        last = rows[-1][0]


def _end(row: Row) -> dict[str, Any]:
    number, last_values, text = row
    body = from_json(text)
    said = body.get("ended_at")
    return {
        "the_id": number,
        "ended_at": None if said is None else utc(datetime.fromisoformat(said)),
        "of_baseline": int(body.get("arm") == "baseline"),
        "broken": brokenness([float(value) for value in from_json(last_values).values()]),
    }


def brokenness(last: Collection[float]) -> int:
    """How did a run end whose metrics ended with these values? 1: some is no finite number, 2: there is none, 0: all is well."""
    if not last:
        return 2
    return int(not all(map(math.isfinite, last)))
