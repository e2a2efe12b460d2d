"""No rate is said to have been able to differ by more than it can take."""

import numpy as np
import pandas as pd
import pytest

import assay

RATE = {"accuracy": {"direction": "higher", "unit": "fraction"}}


@pytest.mark.parametrize("n", [1, 2, 3])
def test_a_handful_of_examples_is_too_small_to_see_any_difference(n):
    sides = (
        pd.DataFrame({"sample_id": [f"e{i}" for i in range(n)], "accuracy": np.full(n, value)})
        for value in (1.0, 0.0)
    )
    finding = assay.gate(*sides, "accuracy improves by 1%", metrics=RATE).findings[0]
    assert finding.detectable is None
    assert finding.lacks.value == "too_small"
