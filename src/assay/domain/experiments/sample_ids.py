"""The ids of many examples as one text, for most of them are only ever compared and counted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import overload


class SampleIds(Sequence[str]):
    """Ids of examples, one after another in one text; taken apart when one of them is asked for.

    Reads and compares as the tuple of ids it stands for.

    Args:
        text: the ids with the separator between them, which none of them holds.
        separator: one character.
        count: how many ids there are.
        rising: whether it is known that they rise strictly; then they are in order, and distinct.

    >>> ids = SampleIds("a b d", " ", 3, rising=True)
    >>> ids[2], len(ids), ids == ("a", "b", "d")
    ('d', 3, True)
    """

    def __init__(self, text: str, separator: str, count: int, *, rising: bool = False) -> None:
        self.text, self.separator, self.rising = text, separator, rising
        self._count = count

    @cached_property
    def _ids(self) -> tuple[str, ...]:
        return tuple(self.text.split(self.separator)) if self._count else ()

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[str, ...]: ...
    def __getitem__(self, index: int | slice) -> str | tuple[str, ...]:
        return self._ids[index]

    def __iter__(self) -> Iterator[str]:
        return iter(self._ids)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, SampleIds) and other.separator == self.separator:
            return len(self) == len(other) and self.text == other.text
        if not isinstance(other, Sequence) or isinstance(other, str):
            return NotImplemented
        return len(self) == len(other) and all(map(str.__eq__, self, other))

    def __hash__(self) -> int:
        return hash(self._ids)

    def __repr__(self) -> str:
        return f"SampleIds({self._ids[:5]!r}{', ...' if len(self) > 5 else ''})"
