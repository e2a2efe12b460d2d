"""Is it still likely that the test will come out, if the effect that was registered is true?

A criterion on a test statistic may be given up when the chance that it is met at the end, under the registered effect, has
become small: what was seen has ruled out most of the ways to get there. Giving up for futility never raises the false
promote rate, as long as it may be overruled and the level stays (non-binding).

Source: Lan and Wittes (1988), The B-value: a tool for monitoring data, Biometrics 44.
"""

from __future__ import annotations

import math

from assay.stats.distributions import normal_cdf, normal_quantile
from assay.stats.samples import NotFinite, StatisticsError, check_alpha


def conditional_power(z: float, information: float, *, drift: float, alpha: float = 0.05) -> float:
    """What is the chance that a one-sided z-test is met at full information, given the statistic now?

    Args:
        z: the statistic now, large is good.
        information: share of the planned information that it rests on (seeds or examples so far of those planned), above 0, below 1.
        drift: expected statistic at full information under the registered effect: effect / standard error at full information.
        alpha: one-sided level of the test at the end.

    Raises:
        NotFinite: a number is not finite. StatisticsError: a share that is not between 0 and 1.

    Assumes that the statistic moves as a Brownian motion with drift, as sums of independent results do.

    >>> round(conditional_power(0.0, 0.5, drift=2.4865, alpha=0.05), 3)  # planned at 80% power, nothing seen half way
    0.285
    >>> round(conditional_power(1.7582, 0.5, drift=2.4865, alpha=0.05), 3)  # half way as planned
    0.883
    """
    check_alpha(alpha)
    for number in (z, drift):
        if not math.isfinite(number):
            raise NotFinite(f"cannot work out conditional power: {number} (expected a finite number)")
    if not 0.0 < information < 1.0:
        raise StatisticsError(
            f"cannot work out conditional power at {information} of the information (expected between 0 and 1)"
        )
    needed = float(normal_quantile(1.0 - alpha))
    left = 1.0 - information
    expected = z * math.sqrt(information) + drift * left
    return float(normal_cdf((expected - needed) / math.sqrt(left)))
