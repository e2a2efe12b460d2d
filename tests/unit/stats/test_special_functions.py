import subprocess
import sys

import pytest


def run(code):
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()


def test_functions_are_scipys_own_and_the_package_can_still_be_imported_afterwards():
    code = (
        "import sys; from assay.stats.special_functions import _USED, special_functions as f; m = f();"
        "print('scipy.special' in sys.modules, 'numpy.f2py' in sys.modules);"
        "import scipy.special, scipy.stats;"
        "print(all(getattr(scipy.special, name) is getattr(m, name) for name in _USED if name != 'log_ndtr'), f() is scipy.special)"
    )
    assert run(code) == ["False", "False", "True", "True"]


@pytest.mark.parametrize(
    "broken", ["_COMPILED = 'scipy.special._elsewhere'", "_USED = ('a_new_function', 'ndtr')"]
)
def test_another_scipy_is_loaded_as_a_whole(broken):
    code = f"import assay.stats.special_functions as s; s.{broken}; m = s.special_functions(); print(m.__name__, float(m.ndtr(0)))"
    assert run(code) == ["scipy.special", "0.5"]
