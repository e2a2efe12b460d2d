"""What a run wrote to its event files: scalars in both of their forms, hyperparameters, and texts that are tags.

Field numbers are those of TensorFlow's `event.proto`, `summary.proto` and `tensor.proto`, and of TensorBoard's hparams plugin.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from struct import Struct

import numpy as np

from assay.connectors.tracked.told import curve_in_logged_order, kept_text
from assay.connectors.tracked.wire import (
    BYTES,
    FIXED32,
    FIXED64,
    VARINT,
    Buffer,
    Field,
    Fields,
    Malformed,
    Names,
    doubles,
    fields,
    message,
    singles,
    varints,
)
from assay.domain.experiments.evidence import Curve, FloatArray, IntArray

MAX_POINTS = 20_000_000
MAX_NAMES = 20_000
_WALL_TIME, _STEP, _SUMMARY, _SESSION_LOG = 1, 2, 5, 7
_TAG, _SIMPLE_VALUE, _TENSOR, _METADATA = 1, 2, 8, 9
_SESSION_STARTED = 1
_LATEST_S = 2.0**38
_FLOAT, _DOUBLE, _INT32, _INT64, _BFLOAT16, _HALF = 1, 2, 3, 9, 14, 19
_CONTENT_FORMS = {_FLOAT: "<f4", _DOUBLE: "<f8", _INT32: "<i4", _INT64: "<i8", _HALF: "<f2"}
_HPARAMS_STATUS = {1: "finished", 2: "failed", 3: "running"}
_MAX_TENSOR_BYTES = 64
_MAX_TEXT_BYTES = 65_536
_F64 = Struct("<d")


@dataclass(slots=True)
class _Points:
    steps: list[IntArray] = field(default_factory=list)
    values: list[FloatArray] = field(default_factory=list)
    times_ms: list[IntArray] = field(default_factory=list)


@dataclass(slots=True)
class Events:
    """Gathers what the files of one run hold, in the order in which they were written."""

    first_ms: int | None = None
    last_ms: int | None = None
    params: dict[str, object] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    """Texts whose tag begins with `assay.`."""
    status: str = ""
    """What the hparams plugin says; empty where it says nothing."""
    started_s: float | None = None
    ended_s: float | None = None
    _names: Names = field(default_factory=lambda: Names(MAX_NAMES))
    _plugins: dict[int, bytes] = field(default_factory=dict)
    _found: dict[int, _Points] = field(default_factory=dict)
    _count: int = 0

    def add(self, buffer: Buffer, starts: IntArray, ends: IntArray) -> None:
        """Take these events.

        Raises:
            Malformed: they are none, or there are more points than a run may have.
        """
        top = fields(buffer, starts, ends)
        steps = np.zeros(len(starts), np.int64)
        told = top.only(_STEP, VARINT)
        steps[told.owner] = varints(buffer, told.start)[0]
        times = self._times(buffer, top.only(_WALL_TIME, FIXED64), len(starts))
        summaries = top.only(_SUMMARY, BYTES)
        begin = 0
        for event in self._restarts(buffer, top.only(_SESSION_LOG, BYTES)):
            self._take(buffer, _between(summaries, begin, event), steps, times)
            self._forget_from(int(steps[event]))
            begin = event
        self._take(buffer, _between(summaries, begin, len(starts)), steps, times)

    def curves(self, prefix: str = "") -> dict[str, Curve]:
        """Every scalar by its tag."""
        return {
            prefix + kept_text(self._names.texts[number]): curve_in_logged_order(
                np.concatenate(points.steps), np.concatenate(points.values), np.concatenate(points.times_ms)
            )
            for number, points in self._found.items()
            if sum(map(len, points.steps))
        }

    def _times(self, buffer: Buffer, told: Fields, count: int) -> IntArray:
        times = np.zeros(count, np.int64)
        seconds = doubles(buffer, told.start)
        good = (seconds > 0) & (seconds < _LATEST_S)
        times[told.owner[good]] = (seconds[good] * 1000).astype(np.int64)
        known = times[times > 0]
        if len(known):
            self.first_ms = min(self.first_ms or int(known.min()), int(known.min()))
            self.last_ms = max(self.last_ms or 0, int(known.max()))
        return times

    def _restarts(self, buffer: Buffer, logs: Fields) -> list[int]:
        """Events at which training began again at an earlier step: what was logged from that step on did not count."""
        found = []
        for event, start, end in zip(
            logs.owner.tolist(), logs.start.tolist(), logs.end.tolist(), strict=True
        ):
            if any(one == Field(1, _SESSION_STARTED) for one in message(buffer.text(start, end))):
                found.append(event)
        return found

    def _forget_from(self, step: int) -> None:
        for points in self._found.values():
            for place, steps in enumerate(points.steps):
                kept = steps < step
                if not kept.all():
                    points.steps[place] = steps[kept]
                    points.values[place] = points.values[place][kept]
                    points.times_ms[place] = points.times_ms[place][kept]

    def _take(self, buffer: Buffer, summaries: Fields, steps: IntArray, times: IntArray) -> None:
        if not len(summaries.owner):
            return
        values = fields(buffer, summaries.start, summaries.end).only(1, BYTES)
        inner = fields(buffer, values.start, values.end)
        event = summaries.owner[values.owner]
        number = np.full(len(values.owner), -1, np.int64)
        tags = inner.only(_TAG, BYTES)
        number[tags.owner] = self._names.numbers(buffer, tags.start, tags.end)
        self._take_metadata(buffer, inner.only(_METADATA, BYTES), number)
        simple = inner.only(_SIMPLE_VALUE, FIXED32)
        self._put(number[simple.owner], event[simple.owner], singles(buffer, simple.start), steps, times)
        self._take_tensors(buffer, inner.only(_TENSOR, BYTES), number, event, steps, times)

    def _take_metadata(self, buffer: Buffer, told: Fields, number: IntArray) -> None:
        """Which plugin is each tag of? Said with its first value, at least."""
        tags, first = np.unique(number[told.owner], return_index=True)
        for tag, place in zip(tags.tolist(), first.tolist(), strict=True):
            if tag < 0 or tag in self._plugins:
                continue
            for one in message(buffer.text(int(told.start[place]), int(told.end[place]))):
                if one.number == 1 and isinstance(one.value, bytes):
                    plugin = {inner.number: inner.value for inner in message(one.value)}
                    self._plugins[tag] = _bytes(plugin.get(1))
                    if plugin.get(1) == b"hparams":
                        self._take_hparams(_bytes(plugin.get(2)))

    def _take_hparams(self, content: bytes) -> None:
        for number, value in message(content):
            if number == 3 and isinstance(value, bytes):
                for inner, told in message(value):
                    if inner == 1:
                        self._take_hparam(_bytes(told))
                    elif inner == 5 and isinstance(told, bytes) and len(told) == 8:
                        self.started_s = _F64.unpack(told)[0]
            elif number == 4 and isinstance(value, bytes):
                ended = {one.number: one.value for one in message(value)}
                self.status = _HPARAMS_STATUS.get(int(ended.get(1, 0) or 0), self.status)
                moment = _bytes(ended.get(2))
                self.ended_s = _F64.unpack(moment)[0] if len(moment) == 8 else self.ended_s

    def _take_hparam(self, content: bytes) -> None:
        entry = {one.number: one.value for one in message(content)}
        name = kept_text(_bytes(entry.get(1)))
        for number, value in message(_bytes(entry.get(2))):
            if number == 2 and isinstance(value, bytes) and len(value) == 8:
                told = _F64.unpack(value)[0]  # a seed of 3 comes as 3.0
                self.params[name] = int(told) if told.is_integer() else told
            elif number == 3:
                self.params[name] = kept_text(value)
            elif number == 4:
                self.params[name] = bool(value)

    def _take_tensors(
        self,
        buffer: Buffer,
        told: Fields,
        number: IntArray,
        event: IntArray,
        steps: IntArray,
        times: IntArray,
    ) -> None:
        if not len(told.owner):
            return
        tags = number[told.owner]
        kinds = {tag: self._plugins.get(tag, b"") for tag in np.unique(tags).tolist()}
        for tag, plugin in kinds.items():
            if plugin == b"text" and tag >= 0:
                self._take_text(buffer, told, int(np.flatnonzero(tags == tag)[-1]), tag)
        scalars = [tag for tag, plugin in kinds.items() if plugin in (b"scalars", b"")]
        chosen = np.flatnonzero(np.isin(tags, scalars) & (told.end - told.start <= _MAX_TENSOR_BYTES))
        if len(chosen):
            some = Fields(*(column[chosen] for column in told))
            places, values = tensor_scalars(buffer, some)
            owners = some.owner[places]
            self._put(number[owners], event[owners], values, steps, times)

    def _take_text(self, buffer: Buffer, told: Fields, place: int, tag: int) -> None:
        name = kept_text(self._names.texts[tag]).removesuffix("/text_summary")
        start, end = int(told.start[place]), int(told.end[place])
        if name.startswith("assay.") and end - start <= _MAX_TEXT_BYTES:
            said = [one.value for one in message(buffer.text(start, end)) if one.number == 8]
            self.texts[name] = kept_text(said[0]).strip() if said else ""

    def _put(
        self, number: IntArray, event: IntArray, values: FloatArray, steps: IntArray, times: IntArray
    ) -> None:
        self._count += len(number)
        if self._count > MAX_POINTS:
            raise Malformed(f"more than {MAX_POINTS} points")
        order = np.argsort(number.astype(np.int16), kind="stable")
        bounds = np.searchsorted(number[order], np.arange(len(self._names.texts) + 1))
        for tag in np.unique(number[number >= 0]).tolist():
            chosen = order[bounds[tag] : bounds[tag + 1]]
            points = self._found.setdefault(tag, _Points())
            points.steps.append(steps[event[chosen]])
            points.values.append(values[chosen])
            points.times_ms.append(times[event[chosen]])


def tensor_scalars(buffer: Buffer, told: Fields) -> tuple[IntArray, FloatArray]:
    """Which of these tensors hold one number, and which one?

    Their type and form is that of the first, nearly always; what differs is read one by one.
    """
    inner = fields(buffer, told.start, told.end)
    kind = np.zeros(len(told.owner), np.int64)
    kinds = inner.only(1, VARINT)
    kind[kinds.owner] = varints(buffer, kinds.start)[0]
    values = np.zeros(len(told.owner))
    found = np.zeros(len(told.owner), np.bool_)
    quick = (
        (inner.only(5, FIXED32), _FLOAT, 4, singles),
        (inner.only(5, BYTES), _FLOAT, 4, singles),
        (inner.only(4, BYTES), _FLOAT, 4, singles),
        (inner.only(6, FIXED64), _DOUBLE, 8, doubles),
        (inner.only(6, BYTES), _DOUBLE, 8, doubles),
        (inner.only(4, BYTES), _DOUBLE, 8, doubles),
    )
    counts = np.bincount(inner.owner[np.isin(inner.number, (4, 5, 6))], minlength=len(told.owner))
    for part, wanted, width, read in quick:
        fits = (kind[part.owner] == wanted) & (part.end - part.start == width) & (counts[part.owner] == 1)
        values[part.owner[fits]] = read(buffer, part.start[fits])
        found[part.owner[fits]] = True
    for place in np.flatnonzero(~found).tolist():
        value = _number_of(buffer.text(int(told.start[place]), int(told.end[place])), int(kind[place]))
        if value is not None:
            values[place], found[place] = value, True
    places = np.flatnonzero(found)
    return places, values[places]


def _number_of(content: bytes, kind: int) -> float | None:
    """The one number of a tensor; None when it holds another number of them, or something else."""
    numbers: list[float] = []
    for number, value in message(content):
        if number == 4 and isinstance(value, bytes):
            if kind == _BFLOAT16 and len(value) == 2:
                numbers.append(float(np.frombuffer(b"\0\0" + value, "<f4")[0]))
            elif kind in _CONTENT_FORMS and len(value) % np.dtype(_CONTENT_FORMS[kind]).itemsize == 0:
                numbers += np.frombuffer(value, _CONTENT_FORMS[kind]).astype(np.float64).tolist()
        elif number in (7, 10):
            numbers += _whole_numbers(value)
        elif number == 13:
            halves = np.array(_whole_numbers(value), np.uint64).astype(np.uint16)
            bits = halves.astype(np.uint32) << 16
            numbers += (
                (bits.view("<f4") if kind == _BFLOAT16 else halves.view("<f2")).astype(np.float64).tolist()
            )
    return numbers[0] if len(numbers) == 1 else None


def _whole_numbers(value: int | bytes) -> list[int]:
    """Whole numbers, each with its sign, from one field or from many packed into it."""
    if isinstance(value, int):
        told = [value]
    else:
        at, buffer, told = np.zeros(1, np.int64), Buffer(value), []
        while int(at[0]) < len(value):
            one, at = varints(buffer, at)
            told.append(int(one[0]))
    return [one - 2**64 if one >= 2**63 else one for one in told]


def _between(told: Fields, begin: int, end: int) -> Fields:
    chosen = (told.owner >= begin) & (told.owner < end)
    return told if chosen.all() else Fields(*(column[chosen] for column in told))


def _bytes(value: object) -> bytes:
    return value if isinstance(value, bytes) else b""
