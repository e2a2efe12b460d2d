"""The journal: entries and their hashes, in the same transaction as what they tell."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from sqlalchemy import bindparam, func, insert, select, text, update

from assay.domain.governance.journal import GENESIS, JournalHead, RememberedHead, append_event
from assay.domain.governance.verification import HEAD_DIFFERS
from assay.domain.kernel.events import Event
from assay.errors import Refused
from assay.storage.session import Row, Session, Statement, from_json
from assay.storage.tables import checkpoints, journal, journal_head
from assay.storage.types import storable
from assay.workflows.actor import Actor
from assay.workflows.records import JournalEntry

_J = journal.c
_SPAN = (_J.seq > bindparam("after"), _J.seq <= bindparam("until"))
NEWEST = Statement(select(_J.seq, _J.hash).order_by(_J.seq.desc()).limit(1))
LAST_SEQ = Statement(select(func.coalesce(func.max(_J.seq), 0)))
HEAD = Statement(select(journal_head.c.seq, journal_head.c.state))
SAVE_HEAD = Statement(update(journal_head), ("seq", "state"))
ADD_HEAD = Statement(insert(journal_head), ("id", "seq", "state"))
APPEND = Statement(insert(journal), ("seq", "body", "hash", "at", "actor", "kind", "project", "subject"))
RAW = Statement(select(_J.seq, _J.body, _J.hash).where(*_SPAN).order_by(_J.seq))
ENTRIES = Statement(
    select(_J.seq, _J.at, _J.actor, _J.kind, _J.project, _J.subject, _J.body, _J.hash)
    .where(*_SPAN)
    .order_by(_J.seq)
)
# A body begins and ends with what the columns repeat. Which rows seem not to is asked of the database, for the exact
# comparison would cost several times what verifying the chain costs; on PostgreSQL every row is compared.
_BEGINS = """'{"actor":' || json_quote(actor) || ',"at":"' || at || '","kind":' || json_quote(kind) || ',"payload":'"""
_ENDS = """',"project":' || json_quote(project) || ',"seq":' || seq || ',"subject":' || json_quote(subject) || '}'"""
SUSPECT = Statement(
    lambda engine: (
        text(
            f"SELECT seq, at, actor, kind, project, subject, body, hash FROM journal"  # noqa: S608 - constants
            f" WHERE substr(CAST(body AS TEXT), 1, length({_BEGINS})) IS NOT {_BEGINS}"
            f" OR substr(CAST(body AS TEXT), -length({_ENDS})) IS NOT {_ENDS} ORDER BY seq"
        )
        if engine == "sqlite"
        else select(_J.seq, _J.at, _J.actor, _J.kind, _J.project, _J.subject, _J.body, _J.hash).order_by(
            _J.seq
        )
    )
)
CHECKPOINTS = Statement(select(checkpoints.c.document).order_by(checkpoints.c.size))
CHECKPOINT_AT = Statement(select(checkpoints.c.document).where(checkpoints.c.size == bindparam("the_size")))
ADD_CHECKPOINT = Statement(insert(checkpoints), ("size", "document", "at"))
PUT_CHECKPOINT = Statement(
    update(checkpoints).where(checkpoints.c.size == bindparam("the_size")), ("document", "at")
)

_END = 2**62


class JournalReader(Session):
    """What happened?"""

    __slots__ = ()

    def head(self) -> tuple[int, bytes]:
        """Last sequence number and its hash; (0, genesis) when empty."""
        newest = self.row(NEWEST)
        return (0, GENESIS) if newest is None else (newest[0], bytes(newest[1]))

    def remembered_head(self) -> RememberedHead:
        """What the next entry would be appended to, as it stands; nothing is recomputed."""
        row = self.row(HEAD)
        return RememberedHead(None, b"") if row is None else RememberedHead(row[0], bytes(row[1]))

    def journal_head(self) -> JournalHead:
        """Head hash and tree frontier: all a checkpoint needs, without reading the journal.

        Raises:
            Refused: what is remembered does not end where the entries end.
        """
        remembered = self.remembered_head()
        fact = remembered.fault(*JournalReader.head(self))
        head = remembered.read()
        if fact is not None or head is None:
            raise _damaged_head(fact)
        return head

    def entries(self, *, after: int = 0, until: int | None = None) -> Iterator[JournalEntry]:
        """Entries after one number up to another, in order."""
        rows = self.stream(ENTRIES, size=500, after=after, until=_END if until is None else until)
        for seq, at, actor, kind, project, subject, body, entry_hash in rows:
            yield JournalEntry(seq, at, actor, kind, project, subject, bytes(body), bytes(entry_hash))

    def raw_entries(self, *, after: int = 0, until: int | None = None) -> Iterator[tuple[int, bytes, bytes]]:
        """(seq, body, hash) as stored, in order, streamed."""
        return self.stream(RAW, after=after, until=_END if until is None else until)

    def miscopied(self) -> Iterator[int]:
        """Numbers of entries whose columns, which pages filter by, say something else than the body that is hashed."""
        for row in self.stream(SUSPECT, size=500):
            if not _repeats_body(row):
                yield row[0]

    def checkpoints(self) -> Sequence[bytes]:
        """Signed checkpoint documents, oldest first."""
        return [bytes(document) for (document,) in self.rows(CHECKPOINTS)]


class JournalWriter(JournalReader):
    """Appends. The head is read once and written once a transaction (on SQLite: a commit of many)."""

    __slots__ = ("appended",)

    appended: JournalHead | None
    """Head after the entries appended here; None while nothing was."""

    def current_head(self) -> JournalHead:
        """The head that the next entry follows.

        Raises:
            Refused: what is remembered of it is not the end of the entries.
        """
        if self.appended is None:
            self.appended = JournalReader.journal_head(self)
        return self.appended

    def head(self) -> tuple[int, bytes]:
        """Last sequence number and its hash, entries of this transaction included."""
        return super().head() if self.appended is None else (self.appended.size, self.appended.head)

    def journal_head(self) -> JournalHead:
        """Head hash and tree frontier, entries of this transaction included."""
        return self.current_head()

    def put_head(self, head: JournalHead) -> None:
        """From here on the journal ends so, whatever is remembered; it is written at the end of the transaction."""
        self.appended = head

    def append(self, event: Event, *, actor: Actor, at: datetime) -> int:
        """Write one fact to the journal; returns its sequence number."""
        entry, self.appended = append_event(self.current_head(), event, at=at, actor=actor.name)
        self.execute(
            APPEND,
            seq=entry.seq,
            body=entry.body,
            hash=entry.entry_hash,
            at=at,
            actor=storable(actor.name),
            kind=storable(event.kind),
            project=event.project,
            subject=None if event.subject is None else storable(event.subject),
        )
        return entry.seq

    def save_head(self, head: JournalHead) -> None:
        """Write the head; the last thing before a commit."""
        if not self.execute(SAVE_HEAD, seq=head.size, state=head.to_bytes()):
            self.execute(ADD_HEAD, id=1, seq=head.size, state=head.to_bytes())

    def put_checkpoint(self, *, size: int, document: bytes, at: datetime) -> None:
        """Keep a signed checkpoint; one for each size, the newest."""
        if self.row(CHECKPOINT_AT, the_size=size) is None:
            self.execute(ADD_CHECKPOINT, size=size, document=document, at=at)
        else:
            self.execute(PUT_CHECKPOINT, the_size=size, document=document, at=at)


def _damaged_head(fact: str | None) -> Refused:
    return Refused(
        f"cannot write to the journal: {HEAD_DIFFERS}: {fact} (expected the end of the newest entry)",
        hint="reading goes on; look with assay audit verify, then: assay audit rebuild-head",
        code="journal-head-damaged",
    )


def _repeats_body(row: Row) -> bool:
    seq, at, actor, kind, project, subject, body, _ = row
    try:
        said = from_json(bytes(body))
        moment = datetime.fromisoformat(said["at"])
        told = (said["seq"], storable(said["actor"]), storable(said["kind"]), said["project"])
        whom = None if said["subject"] is None else storable(said["subject"])
    except (ValueError, KeyError, TypeError):
        return False
    stood = datetime.fromisoformat(at) if isinstance(at, str) else at
    return (seq, actor, kind, project) == told and subject == whom and stood == moment
