"""What a run says about itself: the few records of its log that are no history.

Field numbers are those of W&B's `wandb_internal.proto`, which it only ever adds to.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import orjson

from assay.connectors.tracked.told import flattened, kept_text
from assay.connectors.tracked.wire import Malformed, message

HISTORY, CONFIG, STATS, RUN, EXIT, ENVIRONMENT = 2, 5, 7, 17, 18, 26
TOLD = (CONFIG, STATS, RUN, EXIT, ENVIRONMENT)
"""Kinds of records that are read one by one."""
MAX_CONFIG_ENTRIES = 10_000
_GPU = re.compile(rb"gpu\.(?P<process>process\.)?(?P<number>[0-9]{1,4})\.(?P<kind>\w+)")
_ZERO = re.compile(rb"0(?:\.0*)?\Z")
_MODELS = {24: 1, 26: 9}
"""Where GPUs of NVIDIA and AMD are named."""
_TEXTS = {1: "run_id", 2: "entity", 3: "project", 6: "group", 7: "job_type", 8: "name", 9: "notes", 12: "sweep", 13: "host"}  # fmt: skip


@dataclass(slots=True)
class About:
    """Everything but the curves."""

    texts: dict[str, str] = field(default_factory=dict)
    config: dict[str, object] = field(default_factory=dict)
    tags: list[str] = field(default_factory=list)
    started_ms: int | None = None
    last_ms: int | None = None
    """When its machine last told how busy it was."""
    commit: str = ""
    exit_code: int | None = None
    """None while nothing says that it ended."""
    runtime_s: int = 0
    gpus: set[bytes] = field(default_factory=set)
    """All that its machine told of."""
    busy: set[bytes] = field(default_factory=set)
    """Those of them that were seen at work, or are its own process's."""
    measured: set[bytes] = field(default_factory=set)
    """Those of which is known whether they were at work."""
    gpu_count: int = 0
    gpu_models: set[str] = field(default_factory=set)

    def take(self, number: int, content: bytes) -> None:
        """Read one record of a kind in `TOLD`. Raises Malformed when it is none."""
        if number == RUN:
            self._run(content)
        elif number == CONFIG:
            self._config(content)
        elif number == STATS:
            self._stats(content)
        elif number == EXIT:
            told = {one.number: one.value for one in message(content)}
            self.exit_code = _signed32(told.get(1, 0))
            self.runtime_s = _signed32(told.get(2, 0))
        elif number == ENVIRONMENT:
            told = {one.number: one.value for one in message(content)}
            self.gpu_count = max(self.gpu_count, _signed32(told.get(19, 0)))
            self._models(content)

    @property
    def devices(self) -> int | None:
        """How many GPUs it had, as far as is known: those of its machine that were at work.

        Where none was, all of them: a run of seconds is looked at once, perhaps before it has begun to work.
        """
        at_work = (self.gpus - self.measured) | self.busy
        return len(at_work or self.gpus) or max(self.gpu_count, 0) or None

    @property
    def device(self) -> str:
        """What its GPUs are, where they are alike."""
        return next(iter(self.gpu_models)) if len(self.gpu_models) == 1 else ""

    def _models(self, content: bytes) -> None:
        for number, value in message(content):
            if not isinstance(value, bytes):
                continue
            if number == 18:
                self.gpu_models |= {kept_text(value).strip()} - {""}
            elif number in _MODELS:
                named = (one.value for one in message(value) if one.number == _MODELS[number])
                self.gpu_models |= {kept_text(name).strip() for name in named if isinstance(name, bytes)} - {
                    ""
                }

    def _run(self, content: bytes) -> None:
        for number, value in message(content):
            if number == 17 and isinstance(value, bytes):
                self.started_ms = milliseconds(value) or self.started_ms
            elif number == 4 and isinstance(value, bytes):
                self._config(value)
            elif number == 10 and isinstance(value, bytes):
                if kept_text(value) not in self.tags:
                    self.tags.append(kept_text(value))
            elif number == 21 and isinstance(value, bytes):
                commits = [one.value for one in message(value) if one.number == 2]
                self.commit = kept_text(commits[-1]) if commits else self.commit
            elif number in _TEXTS and isinstance(value, bytes):
                self.texts[_TEXTS[number]] = kept_text(value)

    def _config(self, content: bytes) -> None:
        for number, value in message(content):
            if not isinstance(value, bytes) or number not in (1, 2):
                continue
            path, told = _item(value)
            if not path or path[0] == "_wandb":
                continue
            if number == 1:
                _put(self.config, path, told)
            else:
                _remove(self.config, path)
        if len(self.config) > MAX_CONFIG_ENTRIES:
            raise Malformed(f"more than {MAX_CONFIG_ENTRIES} entries of its configuration")

    def _stats(self, content: bytes) -> None:
        for number, value in message(content):
            if not isinstance(value, bytes):
                continue
            if number == 2:
                self.last_ms = max(self.last_ms or 0, milliseconds(value) or 0) or None
            elif number == 3:
                told = {one.number: one.value for one in message(value)}
                if isinstance(name := told.get(1), bytes) and (gpu := _GPU.match(name)):
                    self._gpu(gpu["number"], told.get(16), of_process=gpu["process"], kind=gpu["kind"])

    def _gpu(self, number: bytes, amount: object, *, of_process: bytes | None, kind: bytes) -> None:
        """One measurement of one GPU."""
        self.gpus.add(number)
        if of_process:
            self.busy.add(number)
        elif kind == b"gpu":  # its utilization, in percent
            self.measured.add(number)
            if not isinstance(amount, bytes) or not _ZERO.match(amount):
                self.busy.add(number)

    def params(self) -> dict[str, str]:
        """The configuration as one text a leaf."""
        return flattened(self.config)


def _item(content: bytes) -> tuple[list[str], object]:
    """The name of an entry, as the list of its parts, and its value."""
    path: list[str] = []
    told: object = None
    for number, value in message(content):
        if number in (1, 2) and isinstance(value, bytes):
            path.append(kept_text(value))
        elif number == 16 and isinstance(value, bytes):
            try:
                told = orjson.loads(value)
            except orjson.JSONDecodeError:
                told = kept_text(value[:1000])
    return path, told


def _put(config: dict[str, object], path: list[str], value: object) -> None:
    inner: Any = config
    for part in path[:-1]:
        deeper = inner.get(part)
        if not isinstance(deeper, dict):
            deeper = inner[part] = {}
        inner = deeper
    # A client before 0.13 wrapped each entry.
    inner[path[-1]] = value["value"] if isinstance(value, dict) and set(value) == {"desc", "value"} else value


def _remove(config: dict[str, object], path: list[str]) -> None:
    inner: Any = config
    for part in path[:-1]:
        inner = inner.get(part) if isinstance(inner, dict) else None
    if isinstance(inner, dict):
        inner.pop(path[-1], None)


def milliseconds(content: bytes) -> int | None:
    """A protobuf time stamp as milliseconds since 1970; None when it says nothing."""
    told = {one.number: one.value for one in message(content)}
    seconds, nanos = told.get(1, 0), told.get(2, 0)
    if not isinstance(seconds, int) or not isinstance(nanos, int) or not 0 < seconds < 2**38:
        return None
    return seconds * 1000 + (nanos // 1_000_000 if nanos < 10**9 else 0)


def _signed32(value: object) -> int:
    """A whole number of 32 bits, as protobuf writes it: a negative one takes all 64."""
    if not isinstance(value, int):
        return 0
    return (value & 0xFFFFFFFF) - (2**32 if value & 0x80000000 else 0)
