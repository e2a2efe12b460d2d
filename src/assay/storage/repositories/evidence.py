"""Sources, files by digest, and verdicts."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import bindparam, delete, insert, select, update

from assay.domain.kernel.canonical import digest_bytes
from assay.errors import Conflict, Invalid
from assay.storage.session import Row, Session, Statement, from_json, to_json
from assay.storage.tables import blobs, sources, verdicts
from assay.workflows.records import Source, StoredVerdict

MAX_BLOB_BYTES = 64 * 2**20

_S, _V = sources.c, verdicts.c
_SOURCE = (
    _S.id, _S.project_id, _S.name, _S.kind, _S.uri, _S.experiment_filter, _S.cursor, _S.last_sync_at,
    _S.last_sync_status, _S.last_sync_error,
)  # fmt: skip
SOURCES = Statement(select(*_SOURCE).where(_S.project_id == bindparam("the_project")).order_by(_S.name))
ADD_SOURCE = Statement(
    insert(sources).values(cursor="{}", last_sync_status="", last_sync_error="").returning(_S.id),
    ("project_id", "name", "kind", "uri", "experiment_filter"),
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
DROP_SOURCE = Statement(delete(sources).where(_S.id == bindparam("the_id")))
BLOB = Statement(select(blobs.c.content).where(blobs.c.digest == bindparam("the_digest")))
HAS_BLOB = Statement(select(blobs.c.size).where(blobs.c.digest == bindparam("the_digest")))
ADD_BLOB = Statement(insert(blobs), ("digest", "size", "content"))
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
        self, project_id: int, *, name: str, kind: str, uri: str, experiment_filter: Sequence[str]
    ) -> Source:
        """A new source.

        Raises:
            Conflict: the project has one of that name.
        """
        if any(source.name == name for source in self.sources(project_id)):
            raise Conflict(
                f"cannot add source {name!r}: the project has one of that name (expected a new name)",
                hint="assay connect --name ANOTHER, or remove the old one first",
                code="source-exists",
                field="name",
            )
        filters = to_json(list(experiment_filter))
        (number,) = self.one(
            ADD_SOURCE, project_id=project_id, name=name, kind=kind, uri=uri, experiment_filter=filters
        )
        return Source(
            id=number,
            project_id=project_id,
            name=name,
            kind=kind,
            uri=uri,
            experiment_filter=tuple(experiment_filter),
        )

    def remove_source(self, source_id: int) -> None:
        """Remove a source with its runs and curves."""
        self.execute(DROP_SOURCE, the_id=source_id)

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

    def put_blob(self, digest: str, content: bytes) -> None:
        """Keep a file under its digest; keeping it twice is keeping it once.

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
        if self.row(HAS_BLOB, the_digest=digest) is None:
            self.execute(ADD_BLOB, digest=digest, size=len(content), content=content)

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
    number, project_id, name, kind, uri, filters, cursor, at, status, error = row
    return Source(
        id=number, project_id=project_id, name=name, kind=kind, uri=uri, experiment_filter=tuple(from_json(filters)),
        cursor=from_json(cursor), last_sync_at=at, last_sync_status=status, last_sync_error=error,
    )  # fmt: skip


def _verdict(row: Row) -> StoredVerdict:
    digest, body, versions, at, seq = row
    return StoredVerdict(
        digest=digest, body=bytes(body), library_versions=from_json(versions), at=at, seq=seq
    )
