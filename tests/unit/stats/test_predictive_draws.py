import numpy as np
import pytest

from assay.stats.distributions import chi_square_quantile
from assay.stats.predictive_draws import chi_square_draw, uniforms


@pytest.mark.parametrize("dof", [1, 3, 49, 50, 51, 100, 499, 20_000])
def test_draws_of_chi_square_are_its_quantiles_to_a_ten_thousandth_of_the_spread(dof):
    u = uniforms(1, stream=9)[0]
    exact = chi_square_quantile(u, dof)
    assert np.abs(chi_square_draw(u, float(dof)) - exact).max() <= 1e-4 * np.sqrt(2 * dof)
