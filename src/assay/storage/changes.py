"""How long is the journal now, and who waits for it to grow?"""

from __future__ import annotations

import threading


class Watched:
    """A number that only grows, and threads that wait for it."""

    def __init__(self, value: int = 0) -> None:
        self._value = value
        self._waiting = 0
        self._changed = threading.Condition()

    @property
    def value(self) -> int:
        """The number now."""
        return self._value

    def raise_to(self, value: int) -> None:
        """Set it, and wake whoever waits."""
        if value > self._value:
            self._value = value
            if self._waiting:
                with self._changed:
                    self._changed.notify_all()

    def wait_beyond(self, after: int, timeout_s: float) -> int:
        """Wait until it is above `after` or the time is over; the number then."""
        with self._changed:
            self._waiting += 1
            try:
                self._changed.wait_for(lambda: self._value > after, timeout_s)
            finally:
                self._waiting -= 1
        return self._value
