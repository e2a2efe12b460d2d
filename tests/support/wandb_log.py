"""Writes `.wandb` files as W&B's client does, byte by byte, for tests: the client itself is too heavy to install with them.

benchmarks/tracker_files.py reads files of the real client beside these.
"""

import json
import struct
import zlib

BLOCK = 32_768


def varint(value):
    value &= (1 << 64) - 1
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def put(number, value):
    """A field: a whole number, or bytes or text."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    content = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(content)) + content


def item(key, value, *, nested=False):
    return put(2 if nested else 1, key) + put(16, value if isinstance(value, bytes) else json.dumps(value))


def moment(ms):
    return put(1, ms // 1000) + put(2, ms % 1000 * 1_000_000)


def run_record(run, *, project="sweep", config=None, tags=(), started_ms=1_790_000_000_000, **texts):
    numbers = {"entity": 2, "group": 6, "job_type": 7, "name": 8}
    body = put(1, run) + put(3, project) + put(17, moment(started_ms))
    body += b"".join(put(numbers[name], text) for name, text in texts.items())
    body += b"".join(put(10, tag) for tag in tags)
    return put(17, body + put(4, config_of(config or {})))


def config_of(update, remove=()):
    return b"".join(put(1, item(key, value)) for key, value in update.items()) + b"".join(
        put(2, put(1, key)) for key in remove
    )


def config_record(update, remove=()):
    return put(5, config_of(update, remove))


def history_record(step, values, *, time_s=None, nested=True):
    told = {**values, "_step": step, **({} if time_s is None else {"_timestamp": time_s})}
    return put(
        2,
        b"".join(put(1, item(key, value, nested=nested)) for key, value in told.items())
        + put(2, put(1, step)),
    )


def stats_record(values, *, at_ms):
    return put(7, put(2, moment(at_ms)) + b"".join(put(3, item(key, value)) for key, value in values.items()))


def exit_record(code, *, runtime_s=0):
    return put(18, put(1, code) + put(2, runtime_s))


class Log:
    """The bytes of a log, to which records can be added."""

    def __init__(self, content=b":W&B\xe1\xbe\x00"):
        self.content = bytearray(content)

    def add(self, *records):
        for record in records:
            self._add(record)
        return self

    def _add(self, record):
        first = True
        while True:
            left = BLOCK - len(self.content) % BLOCK
            if left < 7:
                self.content += bytes(left)
                left = BLOCK
            part, record = record[: left - 7], record[left - 7 :]
            kind = (1 if first else 4) if not record else (2 if first else 3)
            self.content += (
                struct.pack("<IHB", zlib.crc32(part, zlib.crc32(bytes([kind]))), len(part), kind) + part
            )
            first = False
            if not record:
                return
