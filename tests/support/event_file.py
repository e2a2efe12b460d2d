"""Writes TensorBoard event files byte by byte, for tests, with a checksum worked out bit by bit.

benchmarks/tracker_files.py reads files of TensorBoard's own writers beside these.
"""

import struct

from tests.support.wandb_log import put, varint


def crc32c(content):
    value = 0xFFFFFFFF
    for byte in content:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
    return value ^ 0xFFFFFFFF


def masked(content):
    value = crc32c(content)
    return ((value >> 15 | value << 17) + 0xA282EAD8) & 0xFFFFFFFF


def record(content):
    head = struct.pack("<Q", len(content))
    return head + struct.pack("<I", masked(head)) + content + struct.pack("<I", masked(content))


def single(number, value):
    return varint(number << 3 | 5) + struct.pack("<f", value)


def double(number, value):
    return varint(number << 3 | 1) + struct.pack("<d", value)


def event(*values, step=0, time_s=1_790_000_000.0, more=b""):
    summary = put(5, b"".join(put(1, value) for value in values)) if values else b""
    return record(double(1, time_s) + (put(2, step) if step else b"") + summary + more)


def scalar(tag, value):
    return put(1, tag) + single(2, value)


def plugin(name, content=b""):
    return put(9, put(1, put(1, name) + (put(2, content) if content else b"")))


def tensor(tag, body, *, name="scalars"):
    return put(1, tag) + put(8, body) + (plugin(name) if name else b"")


def restart(step, *, time_s=1_790_000_000.0):
    return event(step=step, time_s=time_s, more=put(7, put(1, 1)))


HEAD = record(double(1, 1_790_000_000.0) + put(3, "brain.Event:2"))
