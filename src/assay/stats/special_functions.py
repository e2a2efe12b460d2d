"""SciPy's special functions, without the quarter of a second that importing their package takes.

The package wraps its compiled functions for other array libraries, and imports much of NumPy's tooling to do so: more than
all the rest of judging a gate costs. Here the compiled module is loaded by itself. Where that does not work, in another SciPy,
the package is loaded as usual: the functions are the same.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from types import ModuleType

_PACKAGE, _COMPILED = "scipy.special", "scipy.special._ufuncs"
_USED = (
    "ndtr", "log_ndtr", "ndtri", "stdtr", "stdtrit", "nctdtr", "chdtr", "chdtrc", "gammaincinv", "fdtrc", "fdtri",
    "betainc", "betaincc", "betaincinv", "betaln", "gammaln",
)  # fmt: skip


def special_functions() -> ModuleType:
    """The module that holds SciPy's special functions.

    >>> round(float(special_functions().ndtr(1.96)), 4)
    0.975
    """
    if _PACKAGE in sys.modules:
        return sys.modules[_PACKAGE]
    compiled = _compiled()
    whole = compiled is not None and all(hasattr(compiled, name) for name in _USED)
    return compiled if compiled is not None and whole else importlib.import_module(_PACKAGE)


def _compiled() -> ModuleType | None:
    """The compiled module, loaded below a package of which no line has run; None where it needs more than that."""
    found = importlib.util.find_spec(_PACKAGE)
    if found is None:
        return None
    sys.modules[_PACKAGE] = importlib.util.module_from_spec(found)
    try:
        return importlib.import_module(_COMPILED)
    except Exception:  # noqa: BLE001 - whatever another version trips over, its package is loaded instead
        for name in [name for name in sys.modules if name.startswith(f"{_PACKAGE}.")]:
            del sys.modules[name]
        return None
    finally:
        del sys.modules[_PACKAGE]
