"""Sources, files by digest, and verdicts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, bindparam, delete, exists, insert, select, update

from assay.domain.kernel.canonical import digest_bytes
from assay.errors import Conflict, Invalid
from assay.storage.session import Row, Session, Statement, any_of, from_json, in_list, to_json
from assay.storage.tables import attachments, blobs, pipeline_jobs, runs, sources, tickets, verdicts
from assay.workflows.records import Source, StoredVerdict

MAX_BLOB_BYTES = 64 * 2**20

_S, _V = sources.c, verdicts.c
_SOURCE = (
    _S.id, _S.project_id, _S.name, _S.kind, _S.uri, _S.experiment_filter, _S.cursor, _S.last_sync_at,
    _S.last_sync_status, _S.last_sync_error, _S.qualified,
)  # fmt: skip
SOURCES = Statement(
    select(*_SOURCE).where(_S.project_id == bindparam("the_project"), _S.connected == 1).order_by(_S.name)
)
DISCONNECTED = Statement(
    select(*_SOURCE).where(
        _S.project_id == bindparam("the_project"), _S.connected == 0, _S.name == bindparam("the_name")
    )
)
RECONNECT = Statement(
    update(sources).where(_S.id == bindparam("the_id")).values(connected=1), ("experiment_filter",)
)
DISCONNECT = Statement(update(sources).where(_S.id == bindparam("the_id")).values(connected=0))
DUE = Statement(
    select(tickets.c.key)
    .where(tickets.c.project_id == bindparam("the_project"), tickets.c.verdict_due > 0)
    .order_by(tickets.c.number)
)


def _named(engine: str) -> tuple[ColumnElement[bool], ...]:
    return tickets.c.project_id == bindparam("the_project"), in_list(engine, tickets.c.key, "keys")


MARK_DUE = Statement(
    lambda engine: (
        update(tickets)
        .where(*_named(engine))
        .values(verdict_due=bindparam("the_seq"), evidence_seq=bindparam("the_seq"))
    )
)
MARK_RESULTS = Statement(
    lambda engine: (
        update(tickets)
        .where(*_named(engine), tickets.c.results_since == 0)
        .values(results_since=bindparam("the_seq"))
    )
)
CLEAR_DUE = Statement(
    update(tickets)
    .where(tickets.c.id == bindparam("the_id"), tickets.c.verdict_due <= bindparam("the_seq"))
    .values(verdict_due=0)
)
RESULTS_SINCE = Statement(select(tickets.c.results_since).where(tickets.c.id == bindparam("the_id")))
ADD_SOURCE = Statement(
    insert(sources).values(cursor="{}", last_sync_status="", last_sync_error="").returning(_S.id),
    ("project_id", "name", "kind", "uri", "experiment_filter", "qualified"),
)
SAVE_SOURCE = Statement(
    update(sources).where(_S.id == bindparam("the_id")),
    (
        "name",
        "kind",
        "uri",
        "experiment_filter",
        "cursor",
        "last_sync_at",
        "last_sync_status",
        "last_sync_error",
    ),
)
NOTE_LOOK = Statement(
    update(sources).where(_S.id == bindparam("the_id")), ("last_sync_at", "last_sync_status")
)
STANDS_AT = Statement(select(_S.id).where(_S.id == bindparam("the_id"), _S.cursor == bindparam("the_cursor")))
DROP_SOURCE = Statement(
    delete(sources).where(
        _S.id == bindparam("the_id"),
        ~exists().where(runs.c.source_id == _S.id).correlate(sources),
        ~exists().where(pipeline_jobs.c.source_id == _S.id).correlate(sources),
    )
)
BLOB = Statement(select(blobs.c.content).where(blobs.c.digest == bindparam("the_digest")))
HAS_BLOB = Statement(select(blobs.c.only_attached).where(blobs.c.digest == bindparam("the_digest")))
ADD_BLOB = Statement(insert(blobs), ("digest", "size", "content", "only_attached"))
CLAIM_BLOB = Statement(update(blobs).where(blobs.c.digest == bindparam("the_digest")).values(only_attached=0))
DROP_BLOB = Statement(
    delete(blobs).where(
        blobs.c.digest == bindparam("the_digest"),
        blobs.c.only_attached == 1,
        ~exists().where(attachments.c.digest == bindparam("the_digest")),
    )
)
_VERDICTS = select(_V.digest, _V.body, _V.library_versions, _V.at, _V.seq).where(
    _V.ticket_id == bindparam("the_ticket")
)
LATEST_VERDICT = Statement(_VERDICTS.order_by(_V.id.desc()).limit(1))
VERDICTS = Statement(_VERDICTS.order_by(_V.id))
ADD_VERDICT = Statement(insert(verdicts), ("ticket_id", "digest", "body", "library_versions", "at", "seq"))


class EvidenceReader(Session):
    """Where does evidence come from, and what was concluded from it?"""

    __slots__ = ()

    def sources(self, project_id: int) -> Sequence[Source]:
        """Sources of a project, by name."""
        return [_source(row) for row in self.rows(SOURCES, the_project=project_id)]

    def source_stands_at(self, source_id: int, cursor: Mapping[str, Any]) -> bool:
        """Is this where the last sync of the source stopped?"""
        return self.row(STANDS_AT, the_id=source_id, the_cursor=to_json(cursor)) is not None

    def verdicts_due(self, project_id: int) -> Sequence[str]:
        """Tickets with evidence that no verdict has seen."""
        return [key for (key,) in self.rows(DUE, the_project=project_id)]

    def results_since(self, ticket_id: int) -> int:
        """Journal number at which the ticket first had a run; 0 for never."""
        (seq,) = self.one(RESULTS_SINCE, the_id=ticket_id)
        return int(seq)

    def blob(self, digest: str) -> bytes | None:
        """The file with this digest."""
        row = self.row(BLOB, the_digest=digest)
        return None if row is None else bytes(row[0])

    def verdict(self, ticket_id: int) -> StoredVerdict | None:
        """The latest verdict of a ticket."""
        row = self.row(LATEST_VERDICT, the_ticket=ticket_id)
        return None if row is None else _verdict(row)

    def verdicts(self, ticket_id: int) -> Sequence[StoredVerdict]:
        """All verdicts of a ticket, oldest first."""
        return [_verdict(row) for row in self.rows(VERDICTS, the_ticket=ticket_id)]


class EvidenceWriter(EvidenceReader):
    """Changes to sources, files and verdicts."""

    __slots__ = ()

    def add_source(
        self,
        project_id: int,
        *,
        name: str,
        kind: str,
        uri: str,
        experiment_filter: Sequence[str],
        qualified: bool = False,
    ) -> Source:
        """A new source, or one of that name that was disconnected.

        Raises:
            Conflict: the project has one of that name, or runs that were read in another way bear it.
        """
        if any(source.name == name for source in self.sources(project_id)):
            raise Conflict(
                f"cannot add source {name!r}: the project has one of that name (expected a new name)",
                hint="assay connect --name ANOTHER, or remove the old one first",
                code="source-exists",
                field="name",
            )
        filters = to_json(list(experiment_filter))
        earlier = self.row(DISCONNECTED, the_project=project_id, the_name=name)
        if earlier is not None:
            return self._reconnected(_source(earlier), (kind, uri, qualified), filters)
        (number,) = self.one(
            ADD_SOURCE,
            project_id=project_id,
            name=name,
            kind=kind,
            uri=uri,
            experiment_filter=filters,
            qualified=int(qualified),
        )
        return Source(
            id=number,
            project_id=project_id,
            name=name,
            kind=kind,
            uri=uri,
            experiment_filter=tuple(experiment_filter),
            qualified=qualified,
        )

    def _reconnected(self, source: Source, wanted: tuple[str, str, bool], filters: str) -> Source:
        if (source.kind, source.uri, source.qualified) != wanted:
            raise Conflict(
                f"cannot add source {source.name!r}: runs read from {source.uri!r} bear its name (expected a new name)",
                hint="assay connect --name ANOTHER",
                code="source-exists",
                field="name",
            )
        self.execute(RECONNECT, the_id=source.id, experiment_filter=filters)
        return replace(source, experiment_filter=tuple(from_json(filters)))

    def remove_source(self, source_id: int) -> None:
        """Stop reading a source. Its runs and jobs stay; without any, nothing of it stays."""
        if self.execute(DROP_SOURCE, the_id=source_id) == 0:
            self.execute(DISCONNECT, the_id=source_id)

    def mark_evidence(self, project_id: int, keys: Sequence[str], *, seq: int) -> None:
        """These tickets have evidence as of this journal number that no verdict has seen."""
        given = {"the_project": project_id, "keys": any_of(self.engine, keys), "the_seq": seq}
        self.execute(MARK_DUE, **given)
        self.execute(MARK_RESULTS, **given)

    def clear_due(self, ticket_id: int, *, seq: int) -> None:
        """A verdict has seen everything up to this journal number."""
        self.execute(CLEAR_DUE, the_id=ticket_id, the_seq=seq)

    def save_source(self, source: Source) -> None:
        """Write a source back: settings, cursor and how the last sync went."""
        self.execute(
            SAVE_SOURCE,
            the_id=source.id,
            name=source.name,
            kind=source.kind,
            uri=source.uri,
            experiment_filter=to_json(list(source.experiment_filter)),
            cursor=to_json(source.cursor),
            last_sync_at=source.last_sync_at,
            last_sync_status=source.last_sync_status,
            last_sync_error=source.last_sync_error,
        )

    def note_look(self, source_id: int, at: datetime) -> None:
        """A source was looked at then, and held nothing new."""
        self.execute(NOTE_LOOK, the_id=source_id, last_sync_at=at, last_sync_status="ok")

    def put_blob(self, digest: str, content: bytes, *, only_attached: bool = False) -> None:
        """Keep a file under its digest; keeping it twice is keeping it once.

        `only_attached` says that nothing but files of tickets needs it so far.

        Raises:
            Invalid: more than 64 MB, or the digest is not the content's.
        """
        if len(content) > MAX_BLOB_BYTES:
            raise Invalid(
                f"cannot store file {digest[:20]!r}: {len(content)} bytes (expected at most {MAX_BLOB_BYTES})",
                hint="log fewer columns or a sample of the examples",
                code="file-too-large",
            )
        if digest_bytes(content) != digest:
            raise Invalid(
                f"cannot store file {digest[:20]!r}: its content has the digest {digest_bytes(content)[:20]!r}",
                hint="read the file again: it changed or was cut short",
                code="digest-mismatch",
            )
        kept = self.row(HAS_BLOB, the_digest=digest)
        if kept is None:
            self.execute(
                ADD_BLOB,
                digest=digest,
                size=len(content),
                content=content,
                only_attached=int(only_attached),
            )
        elif kept[0] and not only_attached:
            self.execute(CLAIM_BLOB, the_digest=digest)

    def drop_unattached(self, digest: str) -> bool:
        """Forget a file that was kept for tickets alone and that none of them has any more; says whether it did."""
        return self.execute(DROP_BLOB, the_digest=digest) == 1

    def put_verdict(self, ticket_id: int, verdict: StoredVerdict) -> None:
        """Keep a verdict; the one kept last is the latest."""
        self.execute(
            ADD_VERDICT,
            ticket_id=ticket_id,
            digest=verdict.digest,
            body=verdict.body,
            library_versions=to_json(verdict.library_versions),
            at=verdict.at,
            seq=verdict.seq,
        )


def _source(row: Row) -> Source:
    number, project_id, name, kind, uri, filters, cursor, at, status, error, qualified = row
    return Source(
        id=number, project_id=project_id, name=name, kind=kind, uri=uri, experiment_filter=tuple(from_json(filters)),
        cursor=from_json(cursor), last_sync_at=at, last_sync_status=status, last_sync_error=error,
        qualified=bool(qualified),
    )  # fmt: skip


def _verdict(row: Row) -> StoredVerdict:
    digest, body, versions, at, seq = row
    return StoredVerdict(
        digest=digest, body=bytes(body), library_versions=from_json(versions), at=at, seq=seq
    )
