"""Which runs changed, where all that is at hand is a list of runs: a 16-byte mark for each."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterable

import numpy as np


class Marks:
    """Run ids with a checksum of what the tracker said about each, small enough for a cursor."""

    def __init__(self, marks: dict[int, int] | None = None) -> None:
        self._marks = marks if marks is not None else {}

    def __len__(self) -> int:
        return len(self._marks)

    def same(self, run_id: str, content: bytes) -> bool:
        """Was this run last seen with this very content?"""
        return self._marks.get(_number(run_id.encode("utf-8", "replace"))) == _number(content)

    def put(self, run_id: str, content: bytes) -> None:
        """Remember what was seen of a run."""
        self._marks[_number(run_id.encode("utf-8", "replace"))] = _number(content)

    def without_others(self, run_ids: Iterable[str]) -> Marks:
        """Only the marks of these runs."""
        kept = {_number(run_id.encode("utf-8", "replace")) for run_id in run_ids}
        return Marks({key: value for key, value in self._marks.items() if key in kept})

    def to_text(self) -> str:
        """For the cursor."""
        pairs = np.array([*self._marks.keys(), *self._marks.values()], dtype="<u8")
        return base64.b64encode(pairs.tobytes()).decode()

    @classmethod
    def from_text(cls, text: object) -> Marks:
        """The marks a cursor holds; none when it holds none that can be read."""
        try:
            pairs = np.frombuffer(base64.b64decode(str(text), validate=True), dtype="<u8")
        except (binascii.Error, ValueError):
            return cls()
        half = len(pairs) // 2
        return cls(dict(zip(pairs[:half].tolist(), pairs[half:].tolist(), strict=False)))


def _number(content: bytes) -> int:
    return int.from_bytes(hashlib.blake2b(content, digest_size=8).digest(), "little")
