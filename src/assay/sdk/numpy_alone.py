"""Imports NumPy and SciPy without starting the threads of their linear algebra: judging multiplies no large matrices.

Starting them takes longer than judging a small file. The setting is taken back: what this process starts has them again.
"""

from __future__ import annotations

import os

_THREADS = "OPENBLAS_NUM_THREADS"

if _THREADS in os.environ:
    from assay.stats import distributions
else:
    os.environ[_THREADS] = "1"
    from assay.stats import distributions

    del os.environ[_THREADS]

__all__ = ["distributions"]
