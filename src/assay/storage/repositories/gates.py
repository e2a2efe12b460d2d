"""Gates, version by version, and what they answered."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Select, bindparam, func, insert, select

from assay.domain.gates.gate_change import GateChange
from assay.domain.gates.gate_record import GateResult
from assay.storage import documents
from assay.storage.session import Row, Session, Statement, any_of, from_json, in_list, to_json
from assay.storage.tables import gate_runs, gates, tickets
from assay.workflows.gate_views import (
    GateFigure,
    GateRun,
    GateRunRow,
    GateSummary,
    GateVersion,
    KeptFile,
    KeptSide,
)

_G, _R = gates.c, gate_runs.c
_VERSION = (
    _G.id, _G.name, _G.version, _G.text, _G.files, _G.body, _G.digest, _G.changes, _G.reason, _G.by, _G.at, _G.seq,
)  # fmt: skip
_OF_PROJECT = _G.project_id == bindparam("the_project")
_NAMED = (_OF_PROJECT, _G.name == bindparam("the_name"))
VERSIONS = Statement(select(*_VERSION).where(*_NAMED).order_by(_G.version.desc()))
LATEST = Statement(select(*_VERSION).where(*_NAMED).order_by(_G.version.desc()).limit(1))
ONE_VERSION = Statement(select(*_VERSION).where(*_NAMED, _G.version == bindparam("the_version")))
_newest = (
    select(_G.name.label("name"), func.max(_G.version).label("version"), func.count().label("versions"))
    .where(_OF_PROJECT)
    .group_by(_G.name)
    .subquery()
)
ALL = Statement(
    select(*_VERSION, _newest.c.versions)
    .join_from(gates, _newest, (_G.name == _newest.c.name) & (_G.version == _newest.c.version))
    .where(_OF_PROJECT)
    .order_by(_G.name)
)
ADD_VERSION = Statement(
    insert(gates).returning(_G.id),
    (
        "project_id",
        "name",
        "version",
        "text",
        "files",
        "body",
        "digest",
        "changes",
        "reason",
        "by",
        "at",
        "seq",
    ),
)

RUN_ROW = (
    _R.number, _G.name, _G.version, _R.ticket, _R.result, _R.headline, _R.dataset, _R.figure, _R.digest, _R.by, _R.at, _R.seq,
)  # fmt: skip
_REST = (_R.body, _R.library_versions, _R.candidate, _R.baseline, _R.judged, _R.seen_seq)


def runs_of_project(*columns: Any) -> Select[Any]:
    """Answers of the project `the_project`, with the version that gave them."""
    return (
        select(*columns)
        .join_from(gate_runs, gates, _G.id == _R.gate_id)
        .where(_R.project_id == bindparam("the_project"))
    )


_other = gate_runs.alias("other")
_uses = (
    select(func.count(_other.c.judged.distinct()))
    .where(
        _other.c.project_id == _R.project_id,
        _other.c.dataset == _R.dataset,
        _other.c.number <= _R.number,
    )
    .correlate(gate_runs)
    .scalar_subquery()
)
ONE_RUN = Statement(runs_of_project(*RUN_ROW, *_REST, _uses).where(_R.number == bindparam("the_number")))
EVERY_RUN = Statement(runs_of_project(*RUN_ROW, *_REST, _uses).order_by(_R.number))
LATEST_RUN = Statement(
    runs_of_project(*RUN_ROW, *_REST, _uses)
    .where(_R.ticket == bindparam("the_ticket"), _G.name == bindparam("the_name"))
    .order_by(_R.number.desc())
    .limit(1)
)
LAST_NUMBER = Statement(
    select(func.coalesce(func.max(_R.number), 0)).where(_R.project_id == bindparam("the_project"))
)
_last = (
    runs_of_project(_G.name.label("name"), func.max(_R.number).label("number"), func.count().label("runs"))
    .group_by(_G.name)
    .subquery()
)
LAST_RUNS = Statement(
    runs_of_project(*RUN_ROW, _last.c.runs).join(
        _last, (_last.c.name == _G.name) & (_last.c.number == _R.number)
    )
)
ADD_RUN = Statement(
    insert(gate_runs),
    (
        "project_id", "number", "gate_id", "ticket", "candidate", "baseline", "dataset", "judged", "result", "headline",
        "figure", "digest", "body", "library_versions", "seen_seq", "by", "at", "seq",
    ),
)  # fmt: skip
USES = Statement(
    select(func.count(_R.judged.distinct())).where(
        _R.project_id == bindparam("the_project"),
        _R.dataset == bindparam("the_set"),
        _R.judged != bindparam("the_digest"),
    )
)
EVIDENCE_SEQ = Statement(
    lambda engine: select(func.coalesce(func.max(tickets.c.evidence_seq), 0)).where(
        tickets.c.project_id == bindparam("the_project"), in_list(engine, tickets.c.key, "keys")
    )
)


class GateReader(Session):
    """What do the gates of a project ask, and what did they answer?"""

    __slots__ = ()

    def gate_version(self, project_id: int, name: str, version: int | None = None) -> GateVersion | None:
        """One version of a gate; None means the newest."""
        asked = {"the_project": project_id, "the_name": name}
        row = (
            self.row(LATEST, **asked)
            if version is None
            else self.row(ONE_VERSION, **asked, the_version=version)
        )
        return None if row is None else _version(row)

    def gate_versions(self, project_id: int, name: str) -> Sequence[GateVersion]:
        """Every version of a gate, newest first."""
        return [_version(row) for row in self.rows(VERSIONS, the_project=project_id, the_name=name)]

    def gates(self, project_id: int) -> Sequence[GateSummary]:
        """Every gate of a project by name, with its newest answer."""
        last = {row[1]: row for row in self.rows(LAST_RUNS, the_project=project_id)}
        return [
            GateSummary(
                latest=_version(row[:-1]),
                versions=row[-1],
                runs=last[row[1]][-1] if row[1] in last else 0,
                last=run_row(last[row[1]][:-1]) if row[1] in last else None,
            )
            for row in self.rows(ALL, the_project=project_id)
        ]

    def gate_run(self, project_id: int, number: int) -> GateRun | None:
        """One answer with its exact bytes."""
        row = self.row(ONE_RUN, the_project=project_id, the_number=number)
        return None if row is None else _run(row)

    def every_gate_run(self, project_id: int) -> Iterator[GateRun]:
        """All answers of a project, oldest first."""
        return map(_run, self.stream(EVERY_RUN, size=32, the_project=project_id))

    def latest_gate_run(self, project_id: int, name: str, ticket: str) -> GateRun | None:
        """The newest answer of a gate, of whichever version, about a ticket."""
        row = self.row(LATEST_RUN, the_project=project_id, the_name=name, the_ticket=ticket)
        return None if row is None else _run(row)

    def uses_of_set(self, project_id: int, dataset: str, *, beside: str) -> int:
        """How many candidates but the one with this digest were judged on an evaluation set?"""
        (uses,) = self.one(USES, the_project=project_id, the_set=dataset, the_digest=beside)
        return int(uses)

    def evidence_seq(self, project_id: int, keys: Sequence[str]) -> int:
        """Journal number at which the evidence of any of these tickets last changed; 0 for never."""
        (seq,) = self.one(EVIDENCE_SEQ, the_project=project_id, keys=any_of(self.engine, keys))
        return int(seq)


class GateWriter(GateReader):
    """New versions and new answers. Neither is ever changed."""

    __slots__ = ()

    def add_gate_version(self, project_id: int, version: GateVersion) -> int:
        """Keep a version; returns its number in this instance."""
        (number,) = self.one(
            ADD_VERSION,
            project_id=project_id,
            name=version.name,
            version=version.version,
            text=version.text,
            files=to_json(dict(version.files)),
            body=documents.text_of(version.gate),
            digest=version.digest,
            changes=to_json([change.model_dump(mode="json") for change in version.changes]),
            reason=version.reason,
            by=version.by,
            at=version.at,
            seq=version.seq,
        )
        return int(number)

    def next_gate_run(self, project_id: int) -> int:
        """The number that the next answer of this project gets."""
        (last,) = self.one(LAST_NUMBER, the_project=project_id)
        return int(last) + 1

    def add_gate_run(self, project_id: int, gate_id: int, run: GateRun) -> None:
        """Keep an answer."""
        self.execute(
            ADD_RUN,
            project_id=project_id,
            number=run.number,
            gate_id=gate_id,
            ticket=run.ticket,
            candidate=to_json(asdict(run.candidate)),
            baseline=None if run.baseline is None else to_json(asdict(run.baseline)),
            dataset=run.dataset,
            judged=run.judged,
            result=run.result.value,
            headline=run.headline,
            figure=None if run.figure is None else to_json(asdict(run.figure)),
            digest=run.digest,
            body=run.body,
            library_versions=to_json(dict(run.library_versions)),
            seen_seq=run.seen_seq,
            by=run.by,
            at=run.at,
            seq=run.seq,
        )


def _version(row: Row) -> GateVersion:
    number, name, version, text, files, body, digest, changes, reason, by, at, seq = row
    return GateVersion(
        id=number, name=name, version=version, text=text, files=from_json(files), gate=documents.gate(body),
        digest=digest, changes=tuple(GateChange.model_validate(change) for change in from_json(changes)),
        reason=reason, by=by, at=at, seq=seq,
    )  # fmt: skip


def _facts(row: Row) -> dict[str, Any]:
    number, gate, version, ticket, result, headline, dataset, figure, digest, by, at, seq = row
    led = None if figure is None else GateFigure(**from_json(figure))
    return {
        "number": number, "gate": gate, "version": version, "ticket": ticket, "result": GateResult(result),
        "headline": headline, "dataset": dataset, "figure": led, "digest": digest, "by": by, "at": at, "seq": seq,
    }  # fmt: skip


def run_row(row: Row) -> GateRunRow:
    """What a list shows of an answer."""
    return GateRunRow(**_facts(row))


def _run(row: Row) -> GateRun:
    body, versions, candidate, baseline, judged, seen_seq, uses = row[len(RUN_ROW) :]
    return GateRun(
        **_facts(row[: len(RUN_ROW)]),
        body=bytes(body),
        library_versions=from_json(versions),
        candidate=_side(candidate),
        baseline=None if baseline is None else _side(baseline),
        judged=judged,
        seen_seq=seen_seq,
        uses=uses,
    )


def _side(text: str) -> KeptSide:
    data = from_json(text)
    files = {name: tuple(KeptFile(**file) for file in data[name]) for name in ("files", "training")}
    return KeptSide(**data | files)
