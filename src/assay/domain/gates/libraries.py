"""Which libraries computed the numbers of a record?"""

from __future__ import annotations

import numpy as np
import scipy

METHOD_VERSION = "9"
"""Raised whenever a change of the engine can change a stored verdict or answer, be it in the last digit."""


def library_versions() -> dict[str, str]:
    """Their versions, to stand beside a record, never inside its digest."""
    return {"numpy": np.__version__, "scipy": scipy.__version__}
