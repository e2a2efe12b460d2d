"""Which libraries computed the numbers of a record?"""

from __future__ import annotations

import numpy as np
import scipy


def library_versions() -> dict[str, str]:
    """Their versions, to stand beside a record, never inside its digest."""
    return {"numpy": np.__version__, "scipy": scipy.__version__}
