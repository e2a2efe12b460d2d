"""What makes a command start fast is taken back once it has started."""

import gc
import os
import subprocess
import sys

import pytest

from assay.sdk.loading import loading


def test_garbage_is_looked_for_again_after_loading_also_when_loading_fails():
    with loading():
        assert not gc.isenabled()
    with pytest.raises(ImportError), loading():
        raise ImportError
    assert gc.isenabled()


@pytest.mark.parametrize("asked", [None, "2"])
def test_commands_that_a_gate_starts_have_the_threads_that_the_caller_gave_them(asked):
    told = {name: value for name, value in os.environ.items() if name != "OPENBLAS_NUM_THREADS"}
    told |= {} if asked is None else {"OPENBLAS_NUM_THREADS": asked}
    code = "import os, assay.cli.gate_judging; print(os.environ.get('OPENBLAS_NUM_THREADS'))"
    done = subprocess.run([sys.executable, "-c", code], env=told, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str(asked)
