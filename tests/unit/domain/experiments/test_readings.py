import math

import numpy as np
import pytest

from assay.domain.experiments.evidence import Curve
from assay.domain.experiments.readings import read_curve
from assay.domain.kernel.metrics import Direction
from assay.domain.kernel.readings import LAST, Reading, ReadingKind, reading_of
from assay.errors import Invalid


def curve(*values, steps=None):
    places = np.arange(len(values)) if steps is None else np.array(steps)
    return Curve(steps=places, values=np.array(values, dtype=float), times_ms=places)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("last", 2.0), ("best", 5.0), ("BEST", 5.0), ("step 1", 5.0), ("step 2", 3.0), ("mean of last 2", 2.5),
        ("mean  of last 4", 2.75),
    ],
)  # fmt: skip
def test_curve_is_read_as_it_was_declared(text, expected):
    assert read_curve(curve(1.0, 5.0, 3.0, 2.0), reading_of(text), Direction.HIGHER) == expected


def test_best_follows_the_direction_and_is_unknown_without_one():
    best = Reading(ReadingKind.BEST)
    assert read_curve(curve(1.0, 5.0), best, Direction.LOWER) == 1.0
    assert read_curve(curve(1.0, 5.0), best, None) is None


def test_step_that_a_run_never_reached_is_unknown():
    at = reading_of("step 100")
    assert read_curve(curve(1.0, 2.0, steps=[0, 99]), at, None) is None
    assert read_curve(curve(1.0, 2.0, steps=[101, 200]), at, None) is None
    assert read_curve(curve(1.0, 2.0, steps=[90, 110]), at, None) == 1.0


def test_too_few_points_for_a_mean_are_unknown():
    assert read_curve(curve(1.0, 2.0), reading_of("mean of last 3"), None) is None


@pytest.mark.parametrize("text", ["last", "best", "mean of last 2"])
def test_curve_that_broke_at_its_end_is_never_read_as_if_it_had_not(text):
    assert math.isnan(read_curve(curve(1.0, 5.0, math.nan), reading_of(text), Direction.HIGHER))


def test_empty_curve_says_nothing():
    assert read_curve(curve(), LAST, Direction.HIGHER) is None


@pytest.mark.parametrize(
    "text", ["", "first", "step", "step -1", "step 1.5", "mean of last 0", "step ٣", "last 3"]
)
def test_what_is_no_reading_is_refused(text):
    with pytest.raises(Invalid, match="expected last, best, step N or mean of last N"):
        reading_of(text)
