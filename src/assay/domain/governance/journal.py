"""What happened, in which order, and was any of it changed since?

An entry is stored as three things: its number `seq` (1, 2, 3, ...), its `body` and its `entry_hash`. The body is the
canonical JSON (RFC 8785) of

    {"actor", "at", "kind", "payload", "prev", "project", "seq", "subject"}

kept as the very bytes that were hashed, where `prev` is the hash of the entry before it in hex (64 zeros for the first).

    entry_hash = SHA-256(0x00 || body)

One hash does two jobs: through `prev` it chains the entries, and it is the RFC 6962 leaf hash of the body, so the tree over
the journal is built from the stored hashes without hashing a body twice.

Why this is fast: verification hashes the stored bytes (nothing is parsed or written again) and finds `prev` by searching
backwards. Why that search is safe: canonical keys are sorted, so behind the top-level `"prev":"` only `project`, `seq` and
`subject` follow, which hold text, a number or null; inside JSON text every quote is escaped, so the last `"prev":"` in a body
is the top-level one. A body that is not canonical has another hash than the one that was chained and signed.

What it can show: the chain alone shows any change that does not recompute every later hash. Truncation and a rewrite with
recomputed hashes are shown by a signed checkpoint kept elsewhere; entries after the newest checkpoint are only chained.
Detection, not prevention: whoever owns the machine and the signing key can write another history before anyone holds a
checkpoint of this one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256

from assay.domain.governance.merkle import HASH_BYTES, Frontier
from assay.domain.kernel.canonical import MAX_INTEGER, canonical_bytes, read_canonical
from assay.domain.kernel.events import Event
from assay.domain.kernel.time import timestamp
from assay.errors import Invalid

GENESIS = bytes(HASH_BYTES)
"""`prev` of the first entry: 32 zero bytes."""

BODY_FIELDS = frozenset({"actor", "at", "kind", "payload", "prev", "project", "seq", "subject"})

PREV_KEY = b'"prev":"'
PREV_KEY_BYTES = len(PREV_KEY)
HEX_BYTES = 2 * HASH_BYTES
_SEQ_KEY = b',"seq":'
_MAX_SEQ_DIGITS = 16
_LINE_HEAD = b'{"entry":'
_LINE_MIDDLE = b',"hash":"'
_LINE_TAIL = b'"}\n'
_LINE_END_BYTES = len(_LINE_MIDDLE) + HEX_BYTES + len(_LINE_TAIL)

Row = tuple[int | None, bytes, bytes]
"""(seq, body, entry_hash) as stored; seq None stands for something that could not be read as an entry."""


@dataclass(frozen=True, slots=True)
class Entry:
    """Which fact has this number in the journal?

    Attributes:
        seq: number, from 1, without gaps.
        body: canonical JSON, stored and hashed exactly so.
        entry_hash: SHA-256(0x00 || body), 32 bytes.
    """

    seq: int
    body: bytes
    entry_hash: bytes

    def row(self) -> Row:
        """As `verify_chain` takes it."""
        return self.seq, self.body, self.entry_hash


@dataclass(frozen=True, slots=True)
class JournalHead:
    """What must be remembered of a journal to append to it and to go on verifying it?

    Attributes:
        head: hash of the newest entry, `GENESIS` when there is none.
        frontier: the tree over all entry hashes so far; its size is the newest `seq`.
    """

    head: bytes = GENESIS
    frontier: Frontier = field(default_factory=Frontier)

    @property
    def size(self) -> int:
        """How many entries, which is also the newest `seq`."""
        return self.frontier.size

    def after(self, entry: Entry) -> JournalHead:
        """What is the head once this entry is appended?"""
        return JournalHead(entry.entry_hash, self.frontier.append(entry.entry_hash))

    def to_bytes(self) -> bytes:
        """How is it stored: the head hash (32 bytes), then the frontier?"""
        return self.head + self.frontier.to_bytes()

    @classmethod
    def from_bytes(cls, data: bytes) -> JournalHead:
        """Which head was stored?

        Raises:
            Invalid: the length does not fit.
        """
        return cls(data[:HASH_BYTES], Frontier.from_bytes(data[HASH_BYTES:]))


@dataclass(frozen=True, slots=True)
class RememberedHead:
    """What does a store remember of the end of its journal, as it stands there?

    Attributes:
        seq: the newest number; None when nothing is remembered at all.
        state: `JournalHead.to_bytes`, empty before the first entry.
    """

    seq: int | None
    state: bytes

    def read(self) -> JournalHead | None:
        """Which head is that? None when the state is no head."""
        try:
            return JournalHead.from_bytes(self.state) if self.state else JournalHead()
        except Invalid:
            return None

    def fault(self, size: int, entry_hash: bytes) -> str | None:
        """In which way is it not the end of a journal whose newest entry has this number and hash? None when it is.

        The tree is not looked at: only hashing all entries tells whether it is the right one.
        """
        head = self.read()
        if self.seq is None:
            return "there is none"
        if head is None:
            return "it cannot be read"
        if self.seq != size or head.size != size:
            other = self.seq if self.seq != size else head.size
            return f"it names {other} as the newest entry, which is {size}"
        return None if head.head == entry_hash else f"it has another hash than entry {size}"


@dataclass(frozen=True, slots=True)
class EntryContent:
    """What does an entry say?

    Attributes:
        at: UTC, as written: `2026-05-12T09:00:00.000000Z`. Order is by `seq`, never by time.
        prev: hash of the entry before, hex.
    """

    seq: int
    at: str
    actor: str
    event: Event
    prev: str


def build_entry(event: Event, *, seq: int, at: datetime, actor: str, prev: bytes) -> Entry:
    r"""Which bytes and which hash record this event as entry `seq`?

    Args:
        event: what happened.
        seq: the newest number plus 1.
        at: an aware time; written in UTC with microseconds.
        actor: who did it; not empty.
        prev: hash of the entry before (32 bytes), `GENESIS` for the first.

    Raises:
        Invalid: a value that canonical JSON cannot hold (the field is named), a naive time, a number out of range.

    >>> from datetime import UTC
    >>> event = Event.of("ticket.moved", project="vision", subject="EXP-7", before="Ready", after="Experiment")
    >>> entry = build_entry(event, seq=1, at=datetime(2026, 5, 12, 9, tzinfo=UTC), actor="ada", prev=GENESIS)
    >>> entry.body[:59].decode()
    '{"actor":"ada","at":"2026-05-12T09:00:00.000000Z","kind":"t'
    >>> entry.entry_hash == sha256(b"\x00" + entry.body).digest()
    True
    """
    if not 1 <= seq <= MAX_INTEGER:
        raise _invalid("seq", f"found {seq}", "1 or more")
    if len(prev) != HASH_BYTES:
        raise _invalid("prev", f"found {len(prev)} bytes", f"the {HASH_BYTES} bytes of the entry before")
    if not actor:
        raise _invalid("actor", "found empty text", "who did it")
    if at.tzinfo is None:
        raise _invalid("at", f"found {at.isoformat()} without time zone", "an aware time")
    content = {
        "seq": seq,
        "at": timestamp(at),
        "actor": actor,
        "kind": event.kind,
        "subject": event.subject,
        "project": event.project,
        "payload": event.payload,
        "prev": prev.hex(),
    }
    body = canonical_bytes(content)
    return Entry(seq, body, sha256(b"\x00" + body).digest())


def append_event(head: JournalHead, event: Event, *, at: datetime, actor: str) -> tuple[Entry, JournalHead]:
    """Which entry comes next, and what is the head after it?

    Raises:
        Invalid: as `build_entry`.
    """
    entry = build_entry(event, seq=head.size + 1, at=at, actor=actor, prev=head.head)
    return entry, head.after(entry)


def prev_of(body: bytes) -> bytes:
    """Which hash does this body name as the one before it (64 hex digits as bytes; anything for a body that is not ours)?"""
    start = body.rfind(PREV_KEY) + PREV_KEY_BYTES
    return body[start : start + HEX_BYTES]


def read_body(body: bytes) -> EntryContent:
    """What does this body say? Slower than verification: parses, and insists on the canonical form.

    Raises:
        Invalid: not JSON, not canonical, or other fields than an entry has.
    """
    content = read_canonical(body)
    if not isinstance(content, dict) or set(content) != BODY_FIELDS:
        raise _unreadable(body, f"fields {', '.join(sorted(BODY_FIELDS))}")
    try:
        event = Event.model_validate({key: content[key] for key in ("kind", "project", "subject", "payload")})
    except ValueError as error:
        raise _unreadable(body, "a kind, a project, a subject and a payload") from error
    seq, at, actor, prev = (content[key] for key in ("seq", "at", "actor", "prev"))
    if type(seq) is not int or not all(isinstance(text, str) for text in (at, actor, prev)):
        raise _unreadable(body, "seq as a number; at, actor and prev as text")
    return EntryContent(seq=seq, at=at, actor=actor, event=event, prev=prev)


def body_seq(body: bytes) -> int | None:
    """Which number does this body give itself? None when there is none.

    Found from the end, as `prev` is: only `subject` follows.
    """
    start = body.rfind(_SEQ_KEY) + len(_SEQ_KEY)
    digits = body[start : body.find(b",", start)]
    return int(digits) if digits.isdigit() and len(digits) <= _MAX_SEQ_DIGITS else None


def export_line(body: bytes, entry_hash: bytes) -> bytes:
    r"""How is an entry written in an export? One line of JSON, with the body verbatim.

    >>> export_line(b'{"seq":1}', GENESIS)[:33]
    b'{"entry":{"seq":1},"hash":"000000'
    """
    return b"".join((_LINE_HEAD, body, _LINE_MIDDLE, entry_hash.hex().encode(), _LINE_TAIL))


def parse_export_line(line: bytes) -> Row:
    """Which entry does this line of an export hold? Its number is the one its body gives.

    Only the exact form that `export_line` writes is read, so that no byte of a line can change unnoticed. An unreadable
    line becomes a row with seq None, which never verifies.
    """
    cut = len(line) - _LINE_END_BYTES
    hex_start = cut + len(_LINE_MIDDLE)
    try:
        entry_hash = bytes.fromhex(line[hex_start:-3].decode("ascii"))
    except ValueError:
        return None, line, b""
    body = line[len(_LINE_HEAD) : max(cut, 0)]
    if len(entry_hash) != HASH_BYTES or export_line(body, entry_hash) != line:
        return None, line, b""
    return body_seq(body), body, entry_hash


def _invalid(name: str, found: str, expected: str) -> Invalid:
    return Invalid(
        f"cannot write journal entry: {name}: {found} (expected {expected})",
        hint="this is a fault in the calling code, not in your data",
        code="journal-entry-invalid",
        field=name,
    )


def _unreadable(body: bytes, expected: str) -> Invalid:
    start = body[:60].decode("utf-8", "replace")
    return Invalid(
        f"cannot read journal entry {start!r}: not an entry (expected {expected})",
        hint="find the first bad entry: assay audit verify",
        code="journal-entry-unreadable",
    )
