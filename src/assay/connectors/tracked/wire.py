"""Protocol buffers without their classes: the fields of many messages at once, as arrays.

A log of a run is a million small messages of three or four kinds. A library makes an object of each; here all messages of one kind
take their first field together, then their second one. Only what the format's encoding says is used (tag, then a varint, 4 or 8
bytes, or a length and that many bytes), so nothing of a release's schema has to be installed. Names of fields stay with the readers.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from assay.domain.experiments.evidence import FloatArray, IntArray

PADDING = 16
"""Zero bytes behind the last message, so that eight bytes can be looked at from any place of it."""
_MAX_VARINT = 10
MAX_NAME_BYTES = 4096
VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5


class Malformed(ValueError):
    """These bytes are no messages."""


class Buffer:
    """Bytes with messages in them, looked at as arrays.

    Args:
        content: the bytes; `PADDING` is added.
    """

    def __init__(self, content: bytes | bytearray | memoryview) -> None:
        size = len(content)
        whole = np.empty(size + PADDING, np.uint8)
        whole[:size] = np.frombuffer(content, np.uint8)
        self._look_at(whole, size)

    @classmethod
    def over(cls, whole: NDArray[np.uint8], size: int) -> Self:
        """The first bytes of an array, which has room for `PADDING` more; nothing is copied."""
        made = cls.__new__(cls)
        made._look_at(whole, size)  # noqa: SLF001 - its own
        return made

    def _look_at(self, whole: NDArray[np.uint8], size: int) -> None:
        whole[size : size + PADDING] = 0
        self.bytes: NDArray[np.uint8] = whole
        self.size = size
        self.words: NDArray[np.uint64] = np.ndarray((size + 9,), "<u8", whole.data, strides=(1,))
        """The eight bytes that begin at each place."""

    def text(self, start: int, end: int) -> bytes:
        """The bytes between two places."""
        return self.bytes[start:end].tobytes()


class Fields(NamedTuple):
    """Fields of messages, in no order that matters but that of each message is kept."""

    owner: IntArray
    """Which message each field is of, as its place in what was asked for."""
    number: IntArray
    kind: IntArray
    start: IntArray
    """Where its value begins in the buffer; of bytes, behind their length."""
    end: IntArray

    def only(self, number: int, kind: int) -> Fields:
        """The fields of this number and kind."""
        chosen = (self.number == number) & (self.kind == kind)
        return self if chosen.all() else Fields(*(column[chosen] for column in self))


def fields(buffer: Buffer, starts: IntArray, ends: IntArray) -> Fields:
    """Every field of the messages that lie between these places.

    >>> found = fields(Buffer(bytes([8, 150, 1, 18, 2, 104, 105])), np.array([0]), np.array([7]))
    >>> found.number.tolist(), found.kind.tolist(), found.start.tolist(), found.end.tolist()
    ([1, 2], [0, 2], [1, 5], [3, 7])

    Raises:
        Malformed: a field reaches behind the end of its message, or is of no kind that is in use.
    """
    owner = np.flatnonzero(starts < ends)
    at, last = starts[owner], ends[owner]
    found: list[Fields] = []
    while len(owner):
        tag, at = varints(buffer, at)
        kind, number = tag & 7, tag >> 3
        start, end = _values(buffer, kind, at)
        if bool((end > last).any()) or bool((end < start).any()) or bool((number == 0).any()):
            raise Malformed("a field that reaches behind its message")
        found.append(Fields(owner, number, kind, start, end))
        more = end < last
        if more.all():
            at = end
        else:
            owner, at, last = owner[more], end[more], last[more]
    if not found:
        nothing = np.zeros(0, np.int64)
        return Fields(nothing, nothing, nothing, nothing, nothing)
    return found[0] if len(found) == 1 else Fields(*map(np.concatenate, zip(*found, strict=True)))


def _values(buffer: Buffer, kind: IntArray, at: IntArray) -> tuple[IntArray, IntArray]:
    """Where do values of these kinds begin and end?"""
    first = int(kind[0])
    if bool((kind == first).all()):
        return _values_of(buffer, first, at)
    start, end = at.copy(), at.copy()
    for one in np.unique(kind).tolist():
        chosen = kind == one
        start[chosen], end[chosen] = _values_of(buffer, one, at[chosen])
    return start, end


def _values_of(buffer: Buffer, kind: int, at: IntArray) -> tuple[IntArray, IntArray]:
    if kind == BYTES:
        length, start = varints(buffer, at)
        if bool((length < 0).any()) or bool((length > buffer.size).any()):
            raise Malformed("a length beyond the end of the file")
        return start, start + length
    if kind == VARINT:
        return at, varints(buffer, at)[1]
    if kind in (FIXED64, FIXED32):
        return at, at + (8 if kind == FIXED64 else 4)
    raise Malformed(f"a field of kind {kind}")


def varints(buffer: Buffer, at: IntArray) -> tuple[IntArray, IntArray]:
    """The numbers written at these places, and where each of them ends.

    Raises:
        Malformed: one takes more than ten bytes, or lies behind the buffer.
    """
    if len(at) and int(at.max()) >= buffer.size:
        raise Malformed("a number behind the end of the file")
    byte = buffer.bytes[at].astype(np.int64)
    if not bool((byte > 127).any()):
        return byte, at + 1
    value, after = byte & 127, at + 1
    open_ = np.flatnonzero(byte > 127)
    for place in range(1, _MAX_VARINT):
        byte = buffer.bytes[after[open_]].astype(np.int64)
        value[open_] |= (byte & 127) << (7 * place)
        after[open_] += 1
        open_ = open_[byte > 127]
        if not len(open_):
            return value, after
        if int(after[open_].max()) >= buffer.size:
            break
    raise Malformed("a number that does not end")


def doubles(buffer: Buffer, start: IntArray) -> FloatArray:
    """The 8-byte floats at these places."""
    return buffer.words[start].view("<f8").astype(np.float64, copy=False)


def singles(buffer: Buffer, start: IntArray) -> FloatArray:
    """The 4-byte floats at these places, each exactly."""
    low = (buffer.words[start] & np.uint64(0xFFFFFFFF)).astype("<u4")
    return low.view("<f4").astype(np.float64)


class Field(NamedTuple):
    """One field of one message."""

    number: int
    value: int | bytes
    """A whole number, or the bytes (of a 4- or 8-byte value too)."""


def message(content: bytes) -> Iterator[Field]:
    """The fields of one message, for messages of which there are few.

    >>> [tuple(field) for field in message(bytes([8, 150, 1, 18, 2, 104, 105]))]
    [(1, 150), (2, b'hi')]

    Raises:
        Malformed: it is none.
    """
    at, size = 0, len(content)
    while at < size:
        tag, at = _varint(content, at)
        kind, number = tag & 7, tag >> 3
        if kind == VARINT:
            value, at = _varint(content, at)
            yield Field(number, value)
            continue
        if kind == BYTES:
            length, at = _varint(content, at)
        elif kind in (FIXED64, FIXED32):
            length = 8 if kind == FIXED64 else 4
        else:
            raise Malformed(f"a field of kind {kind}")
        if number == 0 or length > size - at:
            raise Malformed("a field that reaches behind its message")
        yield Field(number, content[at : at + length])
        at += length


def _varint(content: bytes, at: int) -> tuple[int, int]:
    value = 0
    for place in range(_MAX_VARINT):
        if at >= len(content):
            break
        byte = content[at]
        at += 1
        value |= (byte & 127) << (7 * place)
        if byte < 128:
            return value, at
    raise Malformed("a number that does not end")


class Names:
    """Texts in a buffer told apart by number: the same text always has the same one.

    A run logs a few names a million times. Each is looked up as eight bytes at once, and compared to the last byte.
    """

    def __init__(self, limit: int) -> None:
        self.texts: list[bytes] = []
        self._limit = limit
        self._hashes: NDArray[np.uint64] = np.zeros(0, np.uint64)
        self._numbers: IntArray = np.zeros(0, np.int64)

    def numbers(self, buffer: Buffer, start: IntArray, end: IntArray) -> IntArray:
        """The number of each text between these places.

        Raises:
            Malformed: there are more different texts than the limit.
        """
        if not len(start):
            return np.zeros(0, np.int64)
        if int((end - start).max()) > MAX_NAME_BYTES:
            raise Malformed(f"a name of more than {MAX_NAME_BYTES} bytes")
        words = list(_words(buffer, start, end - start))
        hashes = _hash(words, end - start)
        place = self._place(hashes)
        if place is None:
            new, first = np.unique(hashes, return_index=True)
            fresh = ~np.isin(new, self._hashes)
            at = first[fresh].tolist()
            self._add(new[fresh], [buffer.text(int(start[one]), int(end[one])) for one in at])
            place = self._place(hashes)
            assert place is not None, "every text was just added"
        numbers = self._numbers[place]
        self._check(words, numbers)
        return numbers

    def _place(self, hashes: NDArray[np.uint64]) -> IntArray | None:
        if not len(self._hashes):
            return None
        place = np.searchsorted(self._hashes, hashes)
        place[place == len(self._hashes)] = 0
        return place if bool((self._hashes[place] == hashes).all()) else None

    def _add(self, hashes: NDArray[np.uint64], texts: list[bytes]) -> None:
        if len(self.texts) + len(texts) > self._limit:
            raise Malformed(f"more than {self._limit} different names")
        every = np.concatenate((self._hashes, hashes))
        numbers = np.concatenate((self._numbers, len(self.texts) + np.arange(len(texts))))
        order = np.argsort(every)
        self._hashes, self._numbers = every[order], numbers[order]
        self.texts += texts

    def _check(self, words: list[NDArray[np.uint64]], numbers: IntArray) -> None:
        """Two texts of one hash would become one name."""
        longest = max(map(len, self.texts), default=0)
        table = np.zeros((len(self.texts), -(-longest // 8) * 8), np.uint8)
        for row, text in zip(table, self.texts, strict=True):
            row[: len(text)] = np.frombuffer(text, np.uint8)
        known = table.view("<u8")
        for place, word in enumerate(words):
            if place >= known.shape[1] or bool((known[:, place][numbers] != word).any()):
                raise Malformed("names made to be taken for one another")


def _hash(words: list[NDArray[np.uint64]], length: IntArray) -> NDArray[np.uint64]:
    found = length.astype(np.uint64)
    for word in words:
        found ^= word
        found *= np.uint64(0x9E3779B97F4A7C15)
        found ^= found >> np.uint64(29)
    return found


def _words(buffer: Buffer, start: IntArray, length: IntArray) -> Iterator[NDArray[np.uint64]]:
    """Texts eight bytes at a time; bytes behind the end of one are zero."""
    shortest, longest = int(length.min()), int(length.max())
    last = np.int64(len(buffer.words) - 1)
    for offset in range(0, longest, 8):
        if shortest >= offset + 8:
            yield buffer.words[start + offset]
        else:
            left = np.clip(length - offset, 0, 8)
            yield buffer.words[np.minimum(start + offset, last)] & _MASKS[left]


_MASKS = np.array([(1 << (8 * count)) - 1 for count in range(9)], np.uint64)


def joined(buffer: Buffer, start: IntArray, end: IntArray, separator: bytes) -> bytes:
    """The texts between these places, one after the other, with a byte between them.

    >>> joined(Buffer(b"abcdef"), np.array([4, 0]), np.array([6, 3]), b",")
    b'ef,abc'
    """
    if not len(start):
        return b""
    widths = end - start + 1
    offsets = np.cumsum(widths)
    small = np.int32 if buffer.size < 2**31 - PADDING and int(offsets[-1]) < 2**31 else np.int64
    places = np.repeat((start - offsets + widths).astype(small), widths)
    places += np.arange(len(places), dtype=small)
    found = buffer.bytes[places]
    found[offsets - 1] = separator[0]
    return found[:-1].tobytes()
