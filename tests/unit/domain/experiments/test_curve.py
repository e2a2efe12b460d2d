"""A curve is one and the same, whether it came as arrays or as the bytes that stand for them."""

import math

import numpy as np
import pytest

from assay.domain.experiments.evidence import Curve

VALUES = [[], [0.5], [0.5, math.nan], [math.inf, -0.0, 5e-324]]


def made(values):
    steps = np.arange(len(values), dtype=np.int64)
    return Curve(steps=steps, values=np.array(values, dtype=np.float64), times_ms=steps + 2**60)


@pytest.mark.parametrize("values", VALUES)
def test_bytes_hold_every_point_to_the_last_bit(values):
    curve = made(values)
    again = Curve.of_bytes(curve.to_bytes())
    assert again.to_bytes() == curve.to_bytes()
    assert again.points == curve.points == len(values)
    for name in ("steps", "values", "times_ms"):
        ours, theirs = getattr(curve, name), getattr(again, name)
        assert (theirs.dtype, theirs.tobytes()) == (ours.dtype, ours.tobytes())


@pytest.mark.parametrize("values", VALUES[1:])
def test_last_value_is_told_before_and_after_anybody_looked_at_the_arrays(values):
    again = Curve.of_bytes(made(values).to_bytes())
    before = again.last
    assert np.array([before, again.values[-1], again.last]).tobytes() == np.array([values[-1]] * 3).tobytes()


def test_a_curve_without_points_has_no_last_value():
    for empty in (made([]), Curve.of_bytes(b"")):
        with pytest.raises(IndexError):
            empty.last  # noqa: B018  # asking is enough
