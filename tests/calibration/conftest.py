"""How often do the shipped decisions err, in simulated worlds where the truth is known?

ASSAY_CALIBRATION_SCALE sets the share of the full replicate counts (default 0.1, full run 1.0). Every check prints its
figure with its simulation error (run pytest with -s to read them) and allows three simulation errors on the bar.
"""

import math
import os
import re

import numpy as np
import pytest

from assay.stats.proportions import clopper_pearson
from tests.support.scorecard import collect

# Read when collected: during a test the settings of the shell are out of reach.
SCALE = float(os.environ.get("ASSAY_CALIBRATION_SCALE", "0.1"))


def line_of(name):
    """The line of the scorecard that a check belongs to, and what it says about itself."""
    found = re.match(r"([GKXV]\d+b?) (.*)", name)
    return found.groups() if found else ("", name)


class Calibration:
    def __init__(self, scale, seed):
        self.scale = scale
        self.seed = seed
        self.rng = np.random.default_rng(seed)

    def replicates(self, full, least=100):
        return max(least, round(full * self.scale))

    def exact(self, name, value, *, at_most=None, at_least=None, unit="exact", stretch=False):
        """A figure without simulation error: computed over all possible data, or counted."""
        line, what = line_of(name)
        collect(
            line,
            what,
            float(value),
            at_most=at_most,
            at_least=at_least,
            unit=unit,
            stretch=stretch,
            seed=self.seed[0],
        )
        print(f"\n{name}: {value:.6g} ({unit}, wanted {_wanted(at_least, at_most)})", end="")
        assert at_most is None or value <= at_most, f"{name}: {value}"
        assert at_least is None or value >= at_least, f"{name}: {value}"

    def rate(self, name, hits, replicates, *, at_most=None, at_least=None, stretch=False):
        rate = hits / replicates
        bar = at_most if at_most is not None else at_least
        error = math.sqrt(bar * (1 - bar) / replicates)
        wanted = _wanted(at_least, at_most)
        line, what = line_of(name)
        interval = clopper_pearson(int(hits), replicates, confidence=0.95)
        collect(
            line,
            what,
            rate,
            at_most=at_most,
            at_least=at_least,
            stretch=stretch,
            low=interval.low,
            high=interval.high,
            replicates=replicates,
            seed=self.seed[0],
        )
        print(
            f"\n{name}: {rate:.4f} (simulation error {error:.4f}, {replicates} replicates, wanted {wanted})",
            end="",
        )
        assert at_most is None or rate <= at_most + 3 * error, f"{name}: {rate:.4f}, wanted {wanted}"
        assert at_least is None or rate >= at_least - 3 * error, f"{name}: {rate:.4f}, wanted {wanted}"
        return rate

    def ratio(self, name, above, below, *, at_least=None, at_most=None, stretch=False):
        """A ratio of two means over the same replicates; its error is that of `above - ratio x below`."""
        above, below = np.asarray(above), np.asarray(below)
        found = float(above.mean() / below.mean())
        error = float((above - found * below).std(ddof=1) / (below.mean() * math.sqrt(len(above))))
        line, what = line_of(name)
        collect(
            line,
            what,
            found,
            at_least=at_least,
            at_most=at_most,
            stretch=stretch,
            low=found - 1.96 * error,
            high=found + 1.96 * error,
            replicates=len(above),
            seed=self.seed[0],
        )
        wanted = _wanted(at_least, at_most)
        print(
            f"\n{name}: {found:.4f} (simulation error {error:.4f}, {len(above)} replicates, wanted {wanted})",
            end="",
        )
        assert at_least is None or found >= at_least - 3 * error, f"{name}: {found:.4f}, wanted {wanted}"
        assert at_most is None or found <= at_most + 3 * error, f"{name}: {found:.4f}, wanted {wanted}"
        return found


def _wanted(at_least, at_most):
    if at_least is None:
        return f"<= {at_most}"
    return f">= {at_least}" if at_most is None else f"{at_least}..{at_most}"


@pytest.fixture
def calibration(request):
    seed = [20261121, *request.node.name.encode()]
    return Calibration(SCALE, seed)
