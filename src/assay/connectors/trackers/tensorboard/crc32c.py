"""CRC-32C (Castagnoli, RFC 3720) of many byte strings at once.

Nothing of Python's own computes it. A record is gone through eight bytes at a time with eight tables (slicing-by-8, Kounavis and Berry
2005), all records of a file side by side; a long one is cut into segments whose sums are put together, because a CRC is linear.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from assay.connectors.tracked.wire import Buffer
from assay.domain.experiments.evidence import IntArray

Sums = NDArray[np.uint32]
_POLYNOMIAL = 0x82F63B78
_SEGMENT_BYTES = 4096
_LONG_BYTES = 16_384
_SHORTEST = 4
_ALL = 0xFFFFFFFF
_MASK_DELTA = 0xA282EAD8


def masked(sums: Sums) -> Sums:
    """The sums as event files keep them: turned by 15 bits, with a constant added."""
    wide = sums.astype(np.uint64)
    return (
        (((wide >> np.uint64(15)) | (wide << np.uint64(17))) + np.uint64(_MASK_DELTA)) & np.uint64(_ALL)
    ).astype(np.uint32)


def crc32c(buffer: Buffer, start: IntArray, end: IntArray) -> Sums:
    """The sum of the bytes between each of these places; eight bytes before each start have to be in the buffer.

    >>> whole = Buffer(b"........123456789")
    >>> hex(crc32c(whole, np.array([8]), np.array([17]))[0])
    '0xe3069283'
    """
    length = end - start
    found = np.zeros(len(start), np.uint32)
    usual = (length >= _SHORTEST) & (length <= _LONG_BYTES)
    if usual.all():
        return _side_by_side(buffer, start, length)
    found[usual] = _side_by_side(buffer, start[usual], length[usual])
    for place in np.flatnonzero(~usual).tolist():
        content = buffer.bytes[int(start[place]) : int(end[place])]
        found[place] = _short(content.tobytes()) if len(content) < _SHORTEST else _long(content)
    return found


def _side_by_side(buffer: Buffer, start: IntArray, length: IntArray) -> Sums:
    """Zero bytes before a text leave a sum of zero as it is, so that all begin at a whole number of words before their end."""
    sums = np.zeros(len(start), np.uint64)
    words = (length + 7) >> 3
    at = start + length - (words << 3)
    real = length - ((words - 1) << 3)
    place = np.arange(len(start))
    for turn in range(int(words.max()) if len(words) else 0):
        if turn and not (words > turn).all():
            more = words[place] > turn
            place = place[more]
        word = buffer.words[at[place] + 8 * turn]
        if turn == 0:
            word = (word & _KEPT[real]) ^ _FIRST[real]
        elif turn == 1:
            word = word ^ _SECOND[real[place]]
        sums[place] = _step(word ^ sums[place])
    return (sums ^ np.uint64(_ALL)).astype(np.uint32)


def _step(word: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The sum after eight bytes, from these bytes with the sum so far in the first four of them."""
    tables = _tables()
    parts = word.astype("<u8", copy=False).view(np.uint8).reshape(-1, 8)
    found = tables[7][parts[:, 0]]
    for place in range(1, 8):
        found ^= tables[7 - place][parts[:, place]]
    return found


def _short(content: bytes) -> int:
    table = _tables()[0]
    value = _ALL
    for byte in content:
        value = int(table[(value ^ byte) & 0xFF]) ^ (value >> 8)
    return value ^ _ALL


def _long(content: NDArray[np.uint8]) -> int:
    rest = -len(content) % _SEGMENT_BYTES
    whole = np.zeros(len(content) + rest, np.uint8)
    whole[rest:] = content
    whole[rest : rest + 4] ^= np.uint8(0xFF)
    segments = whole.view("<u8").reshape(-1, _SEGMENT_BYTES // 8)
    sums = np.zeros(len(segments), np.uint64)
    for column in range(segments.shape[1]):
        sums = _step(segments[:, column] ^ sums)
    moved = _moved_by_segment()
    value = 0
    for one in sums.tolist():
        value = (
            moved[0][value & 255]
            ^ moved[1][value >> 8 & 255]
            ^ moved[2][value >> 16 & 255]
            ^ moved[3][value >> 24]
            ^ one
        )
    return value ^ _ALL


@cache
def _tables() -> list[NDArray[np.uint64]]:
    """Table k holds what a byte adds to the sum when k bytes follow it."""
    first = np.arange(256, dtype=np.uint64)
    for _ in range(8):
        first = (first >> np.uint64(1)) ^ (np.uint64(_POLYNOMIAL) * (first & np.uint64(1)))
    tables = [first]
    for _ in range(7):
        last = tables[-1]
        tables.append(first[last & np.uint64(255)] ^ (last >> np.uint64(8)))
    return tables


@cache
def _moved_by_segment() -> list[list[int]]:
    """What each byte of a sum becomes when a segment follows."""
    sums = np.concatenate([np.arange(256, dtype=np.uint64) << np.uint64(8 * place) for place in range(4)])
    for _ in range(_SEGMENT_BYTES // 8):
        sums = _step(sums)
    return sums.reshape(4, 256).tolist()


def _first_masks() -> tuple[NDArray[np.uint64], NDArray[np.uint64], NDArray[np.uint64]]:
    """For a first word that holds 1 to 8 bytes of the text, at its end: those bytes; its share of the four that begin inverted; the next word's."""
    kept, first, second = [0], [0], [0]
    for real in range(1, 9):
        empty = 8 * (8 - real)
        inverted = _ALL << empty
        kept.append(((1 << 64) - 1) >> empty << empty)
        first.append(inverted & ((1 << 64) - 1))
        second.append(inverted >> 64)
    return np.array(kept, np.uint64), np.array(first, np.uint64), np.array(second, np.uint64)


_KEPT, _FIRST, _SECOND = _first_masks()
