"""How often do the shipped decisions err, in simulated worlds where the truth is known?

ASSAY_CALIBRATION_SCALE sets the share of the full replicate counts (default 0.1, full run 1.0). Every check prints its
figure with its simulation error (run pytest with -s to read them) and allows three simulation errors on the bar.
"""

import math
import os

import numpy as np
import pytest

# Read when collected: during a test the settings of the shell are out of reach.
SCALE = float(os.environ.get("ASSAY_CALIBRATION_SCALE", "0.1"))


class Calibration:
    def __init__(self, scale, seed):
        self.scale = scale
        self.rng = np.random.default_rng(seed)

    def replicates(self, full, least=100):
        return max(least, round(full * self.scale))

    def rate(self, name, hits, replicates, *, at_most=None, at_least=None):
        rate = hits / replicates
        bar = at_most if at_most is not None else at_least
        error = math.sqrt(bar * (1 - bar) / replicates)
        wanted = (
            f"<= {at_most}"
            if at_least is None
            else f">= {at_least}"
            if at_most is None
            else f"{at_least}..{at_most}"
        )
        print(
            f"\n{name}: {rate:.4f} (simulation error {error:.4f}, {replicates} replicates, wanted {wanted})",
            end="",
        )
        assert at_most is None or rate <= at_most + 3 * error, f"{name}: {rate:.4f}, wanted {wanted}"
        assert at_least is None or rate >= at_least - 3 * error, f"{name}: {rate:.4f}, wanted {wanted}"
        return rate


@pytest.fixture
def calibration(request):
    seed = [20261121, *request.node.name.encode()]
    return Calibration(SCALE, seed)
