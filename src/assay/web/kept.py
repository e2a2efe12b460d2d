"""Things made once and kept while there is room: what is named by its content need not be made again."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from threading import Lock
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Kept(Generic[K, V]):
    """A bounded dictionary for many threads; the oldest entries go first.

    >>> squares = Kept(2)
    >>> squares.put({2: 4, 3: 9, 4: 16})
    >>> squares.get(2), squares.get(4)
    (None, 16)
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._entries: OrderedDict[K, V] = OrderedDict()
        self._lock = Lock()

    def get(self, key: K) -> V | None:
        """What is kept under this key."""
        return self._entries.get(key)

    def put(self, made: Mapping[K, V]) -> None:
        """Keep these, as the newest."""
        with self._lock:
            for key, value in made.items():
                self._entries.pop(key, None)
                self._entries[key] = value
            while len(self._entries) > self._capacity:
                self._entries.popitem(last=False)
