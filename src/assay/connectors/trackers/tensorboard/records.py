"""The framing of an event file (TFRecord): length, its checksum, content, its checksum."""

from __future__ import annotations

import os
from collections.abc import Iterator
from struct import Struct
from typing import NamedTuple

import numpy as np

from assay.connectors.tracked.wire import Buffer
from assay.connectors.trackers.tensorboard.crc32c import crc32c, masked
from assay.domain.experiments.evidence import IntArray

CHUNK_BYTES = 4 * 2**20
MAX_RECORD_BYTES = 256 * 2**20
_LENGTH = Struct("<Q")
_HEAD, _FOOT = 12, 4


class Damaged(ValueError):
    """What stands in the file is no event file."""


class Records(NamedTuple):
    """The records of a portion of a file: record i is `buffer` from `starts[i]` to `ends[i]`."""

    buffer: Buffer
    starts: IntArray
    ends: IntArray


def records(handle: int) -> Iterator[Records]:
    """The whole records of a file, a portion at a time. A last record that is not there as a whole is left out.

    Raises:
        Damaged: a checksum does not fit what it covers, or a record is larger than any should be.
    """
    place, wanted = 0, CHUNK_BYTES
    while chunk := _read(handle, place, wanted):
        starts, ends, end = _frames(chunk)
        buffer = Buffer(bytes(8) + chunk)
        found = Records(buffer, np.array(starts, np.int64) + 8, np.array(ends, np.int64) + 8)
        _check(found, place)
        if starts:
            yield found
        place += end
        left = len(chunk) - end
        if len(chunk) < wanted:
            _check_cut(chunk, end, place)
            return
        wanted = CHUNK_BYTES if starts else _needed(chunk, end, left, place)


def _read(handle: int, place: int, wanted: int) -> bytes:
    parts = []
    while wanted and (part := os.pread(handle, wanted, place)):
        parts.append(part)
        place += len(part)
        wanted -= len(part)
    return b"".join(parts)


def _frames(chunk: bytes) -> tuple[list[int], list[int], int]:
    """Begin and end of every record that is in the chunk as a whole, and where the next one begins."""
    starts: list[int] = []
    ends: list[int] = []
    at, last, unpack = 0, len(chunk) - _HEAD - _FOOT, _LENGTH.unpack_from
    while at <= last:
        (length,) = unpack(chunk, at)
        if length > last - at:
            break
        begin = at + _HEAD
        starts.append(begin)
        at = begin + length
        ends.append(at)
        at += _FOOT
    return starts, ends, at


def _check(found: Records, place: int) -> None:
    """Do all checksums fit?"""
    buffer, starts, ends = found
    heads = starts - _HEAD
    for begin, end, sum_at, what in (
        (heads, heads + 8, heads + 8, "the length of a record"),
        (starts, ends, ends, "a record"),
    ):
        told = (buffer.words[sum_at] & np.uint64(0xFFFFFFFF)).astype(np.uint32)
        wrong = np.flatnonzero(masked(crc32c(buffer, begin, end)) != told)
        if len(wrong):
            at = place + int(heads[wrong[0]]) - 8
            raise Damaged(f"a checksum that does not fit {what} at byte {at}")


def _needed(chunk: bytes, end: int, left: int, place: int) -> int:
    """How many bytes does a record take that is larger than a chunk?"""
    _check_cut(chunk, end, place)
    (length,) = _LENGTH.unpack_from(chunk, end)
    if length > MAX_RECORD_BYTES:
        raise Damaged(f"a record of {length} bytes at byte {place}")
    return max(int(length) + _HEAD + _FOOT, left + 1)


def _check_cut(chunk: bytes, end: int, place: int) -> None:
    """Is what follows the beginning of a record? A wrong length looks like one that is cut."""
    if len(chunk) - end < _HEAD:
        return
    head = Buffer(bytes(8) + chunk[end : end + _HEAD])
    at = np.array([8])
    told = int(head.words[16]) & 0xFFFFFFFF
    if int(masked(crc32c(head, at, at + 8))[0]) != told:
        raise Damaged(f"a checksum that does not fit the length of a record at byte {place}")
