"""How is a curve kept in one value?

One form byte, then the bytes that stand for it: steps (int64), values (float64) and times in ms (int64), each little-endian
and contiguous. NaN and infinities survive, and nothing is parsed on reading. Long curves are compressed; short ones would not get smaller.
"""

from __future__ import annotations

import zlib
from collections.abc import Container, Iterator, Mapping

from assay.domain.experiments.evidence import Curve
from assay.errors import Invalid

RAW = b"\x00"
ZLIB = b"\x01"
COMPRESS_FROM_BYTES = 4096
FASTEST = 1


def packed(curve: Curve) -> bytes:
    """Which bytes keep this curve?

    >>> import numpy as np
    >>> whole = np.arange(2, dtype=np.int64)
    >>> len(packed(Curve(steps=whole, values=np.array([1.0, np.nan]), times_ms=whole)))
    49
    """
    body = curve.to_bytes()
    return RAW + body if len(body) < COMPRESS_FROM_BYTES else ZLIB + zlib.compress(body, FASTEST)


def unpacked(body: bytes, points: int) -> Curve:
    """Which curve do these bytes keep?

    Raises:
        Invalid: the bytes do not hold so many points.
    """
    try:
        data = zlib.decompress(body[1:]) if body[:1] == ZLIB else body[1:]
    except zlib.error as error:
        raise _damaged(str(error)) from error
    if len(data) != 24 * points:
        raise _damaged(f"{len(data)} bytes for {points} points")
    return Curve.of_bytes(data)


class KeptCurves(Mapping[str, Curve]):
    """Curves by metric as they were kept, each unpacked when it is asked for: of thousands a verdict reads few.

    >>> import numpy as np
    >>> whole = np.arange(2, dtype=np.int64)
    >>> body = packed(Curve(steps=whole, values=np.array([0.5, 0.75]), times_ms=whole))
    >>> kept = KeptCurves({"accuracy": (body, 2), "loss": (body, 2)})
    >>> kept["loss"].last, list(kept.only({"loss"}))
    (0.75, ['loss'])
    """

    __slots__ = ("_bodies", "_known")

    def __init__(self, bodies: Mapping[str, tuple[bytes, int]]) -> None:
        self._bodies, self._known = bodies, dict[str, Curve]()

    def __getitem__(self, metric: str) -> Curve:
        if metric not in self._known:
            self._known[metric] = unpacked(*self._bodies[metric])
        return self._known[metric]

    def __iter__(self) -> Iterator[str]:
        return iter(self._bodies)

    def __len__(self) -> int:
        return len(self._bodies)

    def only(self, metrics: Container[str]) -> KeptCurves:
        """Those of these metrics."""
        return KeptCurves({metric: kept for metric, kept in self._bodies.items() if metric in metrics})


def _damaged(fact: str) -> Invalid:
    return Invalid(
        f"cannot read curve: {fact} (expected 24 bytes a point)",
        hint="check the database: assay doctor",
        code="curve-damaged",
    )
