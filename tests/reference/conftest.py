"""Agreement with other implementations, on random inputs whose number follows ASSAY_CALIBRATION_SCALE (1.0: 10,000)."""

import os

import numpy as np
import pytest

# Read when collected: during a test the settings of the shell are out of reach.
SCALE = float(os.environ.get("ASSAY_CALIBRATION_SCALE", "0.1"))


@pytest.fixture
def cases():
    return max(50, round(10_000 * SCALE))


@pytest.fixture
def rng():
    return np.random.default_rng(20261121)
