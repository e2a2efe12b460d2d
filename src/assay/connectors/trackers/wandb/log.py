"""The framing of a `.wandb` file: records in blocks of 32 KiB, each with a checksum, as LevelDB writes its logs.

Seven bytes begin the file (`:W&B`, 0xBEE1, version 0). Then each piece has a CRC-32 of its kind and content, its length in two bytes,
and its kind: a whole record, or its first, middle or last part, where it did not fit into the block. No piece goes over the end of a
block, so that the blocks of a chunk are gone through side by side.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import repeat
from struct import Struct
from typing import NamedTuple
from zlib import crc32

import numpy as np

from assay.connectors.tracked.wire import PADDING, Buffer
from assay.domain.experiments.evidence import IntArray

MAGIC = b":W&B\xe1\xbe"
HEADER_BYTES = 7
BLOCK_BYTES = 32_768
CHUNK_BYTES = 64 * BLOCK_BYTES
MAX_RECORD_BYTES = 64 * 2**20
_WHOLE, _FIRST, _MIDDLE, _LAST = 1, 2, 3, 4
_FEW_BLOCKS = 16
_PIECE = Struct("<IHB")
_SEEDS = tuple(crc32(bytes((kind,))) for kind in range(256))


class Damaged(ValueError):
    """What stands in the file is not what its client writes."""


class Records(NamedTuple):
    """The records of some blocks, in their order: record i is `buffer` from `starts[i]` to `ends[i]`."""

    buffer: Buffer
    starts: IntArray
    ends: IntArray


def records(handle: int) -> Iterator[Records]:
    """The whole records of a file, some blocks at a time. A last record that is not there as a whole is left out.

    Raises:
        Damaged: the file is no such log, or a checksum does not fit what it covers.
    """
    head = os.pread(handle, HEADER_BYTES, 0)
    if head[: len(MAGIC)] != MAGIC[: len(head)] or (len(head) == HEADER_BYTES and head[6] != 0):
        raise Damaged(f"it begins with {head[:7]!r}, not as a W&B log of version 0 does")
    # One room for every chunk, and behind it for its records that lie in several pieces.
    room = np.empty(2 * min(os.fstat(handle).st_size + 1, CHUNK_BYTES) + PADDING, np.uint8)
    place, joiner = 0, _Joiner()
    while True:
        size = os.preadv(handle, [room[: min(CHUNK_BYTES, len(room) // 2)].data], place)
        if size <= (0 if place else HEADER_BYTES):
            return
        buffer = Buffer.over(room, size)
        pieces, is_cut = _pieces(buffer, place)
        _check(buffer, pieces, place)
        yield joiner.records(buffer, pieces, place)
        if size < CHUNK_BYTES or is_cut:
            return
        place += CHUNK_BYTES


class _Pieces(NamedTuple):
    """Pieces of records in the order of the file."""

    starts: IntArray
    ends: IntArray
    kinds: IntArray
    checksums: IntArray


def _pieces(buffer: Buffer, place: int) -> tuple[_Pieces, bool]:
    """Every piece that is there as a whole; is the file cut in the middle of one?"""
    size, words = buffer.size, buffer.words
    if size <= _FEW_BLOCKS * BLOCK_BYTES:
        return _few_pieces(buffer, place)
    blocks = np.arange(0, size, BLOCK_BYTES)
    limits = blocks + BLOCK_BYTES
    at = blocks.copy()
    at[0] += HEADER_BYTES if place == 0 else 0
    nothing = np.full(len(blocks), -1, np.int64)
    rounds: list[tuple[IntArray, IntArray, IntArray, IntArray]] = []
    is_cut = False
    while True:
        lanes = np.flatnonzero(at + 7 <= np.minimum(limits, size))
        if not len(lanes):
            break
        begin = at[lanes] + 7
        head = words[at[lanes]].astype(np.int64)
        end = begin + ((head >> 32) & 0xFFFF)
        over = end > limits[lanes]
        if over.any():
            raise Damaged(f"a length that reaches behind its block at byte {place + int(begin[over][0]) - 7}")
        at[lanes] = end
        if int(end[-1]) > size:  # only of the last block
            is_cut = True
            lanes, begin, end, head = lanes[:-1], begin[:-1], end[:-1], head[:-1]
        row = nothing.copy(), nothing.copy(), nothing.copy(), nothing.copy()
        for column, values in zip(row, (begin, end, (head >> 48) & 0xFF, head & 0xFFFFFFFF), strict=True):
            column[lanes] = values
        rounds.append(row)
    if not rounds:
        return _Pieces(*(nothing[:0] for _ in range(4))), is_cut
    columns = [np.stack(column, axis=1).ravel() for column in zip(*rounds, strict=True)]
    there = columns[0] >= 0
    return _Pieces(*(column[there] for column in columns)), is_cut


def _few_pieces(buffer: Buffer, place: int) -> tuple[_Pieces, bool]:
    """The same one after the other: side by side a few blocks take longer, and most runs are short."""
    size, content = buffer.size, buffer.bytes.data
    at = HEADER_BYTES if place == 0 else 0
    found: list[tuple[int, int, int, int]] = []
    is_cut = False
    while at + 7 <= size:
        left = BLOCK_BYTES - at % BLOCK_BYTES
        if left < 7:
            at += left
            continue
        checksum, length, kind = _PIECE.unpack_from(content, at)
        if length > left - 7:
            raise Damaged(f"a length that reaches behind its block at byte {place + at}")
        begin, at = at + 7, at + 7 + length
        if at > size:
            is_cut = True
            break
        found.append((begin, at, kind, checksum))
    columns = np.array(found, np.int64).reshape(-1, 4).T
    return _Pieces(*columns), is_cut


def _check(buffer: Buffer, pieces: _Pieces, place: int) -> None:
    """Does every checksum fit?"""
    view = buffer.bytes.data
    kinds = pieces.kinds
    if bool(((kinds < _WHOLE) | (kinds > _LAST)).any()):
        first = np.flatnonzero((kinds < _WHOLE) | (kinds > _LAST))[0]
        raise Damaged(f"a piece of kind {kinds[first]} at byte {place + int(pieces.starts[first]) - 7}")
    is_whole = bool((kinds == _WHOLE).all())
    seeds = repeat(_SEEDS[_WHOLE]) if is_whole else map(_SEEDS.__getitem__, kinds.tolist())
    slices = map(view.__getitem__, map(slice, pieces.starts.tolist(), pieces.ends.tolist()))
    found = np.fromiter(map(crc32, slices, seeds), np.int64, len(kinds))
    wrong = np.flatnonzero(found != pieces.checksums)
    if len(wrong):
        at = place + int(pieces.starts[wrong[0]]) - 7
        raise Damaged(f"a checksum that does not fit its record at byte {at}")


class _Joiner:
    """Records that lie in several pieces, put together."""

    def __init__(self) -> None:
        self._open: bytearray | None = None

    def records(self, buffer: Buffer, pieces: _Pieces, place: int) -> Records:
        """The records that end in this chunk."""
        is_record = pieces.kinds == _WHOLE
        parts = np.flatnonzero(~is_record).tolist()
        starts, ends = pieces.starts.copy(), pieces.ends.copy()
        behind = bytearray()
        expected = 0
        for part in parts:
            begin, end, kind = int(pieces.starts[part]), int(pieces.ends[part]), int(pieces.kinds[part])
            goes_on = self._open is not None
            if goes_on != (kind != _FIRST) or (goes_on and part != expected):
                raise Damaged(f"a part of a record whose other parts are missing at byte {place + begin - 7}")
            self._open = (self._open or bytearray()) + buffer.text(begin, end)
            if len(self._open) > MAX_RECORD_BYTES:
                raise Damaged(
                    f"a record of more than {MAX_RECORD_BYTES // 2**20} MB at byte {place + begin - 7}"
                )
            expected = part + 1
            if kind == _LAST:
                is_record[part] = True
                starts[part] = buffer.size + len(behind)
                behind += self._open
                ends[part] = buffer.size + len(behind)
                self._open = None
        if self._open is not None and expected < len(pieces.kinds):
            raise Damaged(f"a record that does not go on at byte {place + int(pieces.starts[expected]) - 7}")
        return Records(_with_more(buffer, behind), starts[is_record], ends[is_record])


def _with_more(buffer: Buffer, behind: bytearray) -> Buffer:
    if not behind:
        return buffer
    size = buffer.size + len(behind)
    if size + PADDING > len(buffer.bytes):
        return Buffer(bytearray(buffer.bytes[: buffer.size].data) + behind)
    buffer.bytes[buffer.size : size] = np.frombuffer(behind, np.uint8)
    return Buffer.over(buffer.bytes, size)
