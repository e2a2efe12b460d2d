"""Reads `.wandb` logs one record at a time, in plain Python: a second implementation, beside the one that is tested."""

import json
import struct

from tests.support.wandb_log import BLOCK
from tests.support.wandb_server import ServedRun


def records(content):
    """The whole records of a log, put together from their pieces; one that the end cuts is left out."""
    at, parts = 7, b""
    while at + 7 <= len(content):
        left = BLOCK - at % BLOCK
        if left < 7:
            at += left
            continue
        _, length, kind = struct.unpack_from("<IHB", content, at)
        piece = content[at + 7 : at + 7 + length]
        if len(piece) < length:
            return
        at += 7 + length
        parts += piece
        if kind in (1, 4):
            yield parts
            parts = b""


def message(content):
    """Fields of a protobuf message: number and value (bytes, or a whole number)."""
    at = 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = content[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while at < len(content):
        tag = varint()
        number, kind = tag >> 3, tag & 7
        if kind == 0:
            yield number, varint()
        else:
            size = {1: 8, 5: 4}.get(kind) or varint()
            yield number, content[at : at + size]
            at += size


def first(content, number, default=b""):
    return next((value for found, value in message(content) if found == number), default)


def item(content):
    """Name and value of an item of history, configuration or statistics."""
    path = [value.decode() for number, value in message(content) if number in (1, 2)]
    return ".".join(path), json.loads(first(content, 16))


def served(log, summary, *, state):
    """The run of a log as the server keeps it after its client has uploaded that very log."""
    rows, config, gpus, beat, about = [], {}, set(), 0, b""
    for record in records(log):
        for number, body in message(record):
            if number == 2:
                rows.append(dict(item(one) for kind, one in message(body) if kind == 1))
            elif number == 5:
                config |= dict(item(one) for kind, one in message(body) if kind == 1)
            elif number == 7:
                beat = max(
                    beat, first(first(body, 2), 1, 0) * 1000 + first(first(body, 2), 2, 0) // 1_000_000
                )
                gpus |= {item(one)[0] for kind, one in message(body) if kind == 3}
            elif number == 17:
                about = body
                config |= dict(item(one) for kind, one in message(first(body, 4)) if kind == 1)
    if summary.get("_step", -1) > max((row["_step"] for row in rows), default=-1):
        rows.append(summary)  # the client had it, and the end of its log was cut
    started = first(about, 17)
    run = ServedRun(
        first(about, 1).decode(),
        rows=rows,
        state=state,
        created=_text_of(first(started, 1, 0) * 1000 + first(started, 2, 0) // 1_000_000),
        displayName=first(about, 8).decode(),
        host=first(about, 13).decode(),
        commit=first(first(about, 21), 2).decode(),
        heartbeatAt=_text_of(beat) if beat else None,
        summaryMetrics=json.dumps(summary),
        systemMetrics=json.dumps({f"system.{name}": 1 for name in gpus}),
    )
    run.config = config
    return run


def _text_of(ms):
    from datetime import UTC, datetime

    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
