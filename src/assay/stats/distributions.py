"""Which tail probability or quantile belongs to this value? Thin, typed names over `scipy.special`.

All functions broadcast and return arrays (0-dimensional for scalars): wrap in `float` where one number is meant.
`scipy.stats` is not used because importing it takes more than a second.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from assay.stats.special_functions import special_functions

_special = special_functions()
FloatArray = NDArray[np.float64]


def normal_cdf(z: ArrayLike) -> FloatArray:
    """What is P(Z <= z) for a standard normal Z?"""
    return _array(_special.ndtr(z))


def log_normal_cdf(z: ArrayLike) -> FloatArray:
    """What is the logarithm of P(Z <= z), also where the probability itself would vanish?"""
    return _array(_special.log_ndtr(z))


def normal_quantile(probability: ArrayLike) -> FloatArray:
    """Below which z lies a standard normal with this probability?"""
    return _array(_special.ndtri(probability))


def t_cdf(t: ArrayLike, dof: ArrayLike) -> FloatArray:
    """What is P(T <= t) for Student's t with `dof` degrees of freedom? The upper tail is `t_cdf(-t, dof)`."""
    return _array(_special.stdtr(dof, t))


def t_quantile(probability: ArrayLike, dof: ArrayLike) -> FloatArray:
    """Below which t lies Student's t with this probability?"""
    return _array(_special.stdtrit(dof, probability))


def noncentral_t_cdf(t: ArrayLike, dof: ArrayLike, noncentrality: ArrayLike) -> FloatArray:
    """What is P(T <= t) for the noncentral t?"""
    return _array(_special.nctdtr(dof, noncentrality, t))


def chi_square_cdf(x: ArrayLike, dof: ArrayLike) -> FloatArray:
    """What is P(X <= x) for chi-square?"""
    return _array(_special.chdtr(dof, x))


def chi_square_upper(x: ArrayLike, dof: ArrayLike) -> FloatArray:
    """What is P(X > x) for chi-square?"""
    return _array(_special.chdtrc(dof, x))


def chi_square_quantile(probability: ArrayLike, dof: ArrayLike) -> FloatArray:
    """Below which x lies chi-square with this probability?"""
    return _array(2.0 * _special.gammaincinv(np.asarray(dof) / 2.0, probability))


def f_upper(ratio: ArrayLike, dof_above: ArrayLike, dof_below: ArrayLike) -> FloatArray:
    """What is P(F > ratio) for Fisher's F?"""
    return _array(_special.fdtrc(dof_above, dof_below, ratio))


def f_quantile(probability: ArrayLike, dof_above: ArrayLike, dof_below: ArrayLike) -> FloatArray:
    """Below which ratio lies Fisher's F with this probability?"""
    return _array(_special.fdtri(dof_above, dof_below, probability))


def beta_cdf(x: ArrayLike, a: ArrayLike, b: ArrayLike) -> FloatArray:
    """What is P(X <= x) for a beta distribution?"""
    return _array(_special.betainc(a, b, x))


def beta_upper(x: ArrayLike, a: ArrayLike, b: ArrayLike) -> FloatArray:
    """What is P(X > x) for a beta distribution?"""
    return _array(_special.betaincc(a, b, x))


def beta_quantile(probability: ArrayLike, a: ArrayLike, b: ArrayLike) -> FloatArray:
    """Below which x lies a beta distribution with this probability?"""
    return _array(_special.betaincinv(a, b, probability))


def log_beta_function(a: ArrayLike, b: ArrayLike) -> FloatArray:
    """What is the logarithm of the beta function B(a, b)?"""
    return _array(_special.betaln(a, b))


def binomial_at_most(k: ArrayLike, n: ArrayLike, probability: ArrayLike) -> FloatArray:
    """What is P(X <= k) for a binomial X of n trials? 0 below k = 0."""
    k, n, p = np.broadcast_arrays(*(np.asarray(v, dtype=np.float64) for v in (k, n, probability)))
    inside = (k >= 0) & (k < n)
    below = _special.betaincc(np.where(inside, k + 1.0, 1.0), np.where(inside, n - k, 1.0), p)
    return _array(np.where(k < 0, 0.0, np.where(k >= n, 1.0, below)))


def binomial_at_least(k: ArrayLike, n: ArrayLike, probability: ArrayLike) -> FloatArray:
    """What is P(X >= k) for a binomial X of n trials? 1 at k <= 0."""
    k, n, p = np.broadcast_arrays(*(np.asarray(v, dtype=np.float64) for v in (k, n, probability)))
    inside = (k > 0) & (k <= n)
    above = _special.betainc(np.where(inside, k, 1.0), np.where(inside, n - k + 1.0, 1.0), p)
    return _array(np.where(k <= 0, 1.0, np.where(k > n, 0.0, above)))


def binomial_exactly(k: ArrayLike, n: ArrayLike, probability: float) -> FloatArray:
    """What is P(X = k) for a binomial X of n trials, 0 < probability < 1?"""
    k, n = np.asarray(k, dtype=np.float64), np.asarray(n, dtype=np.float64)
    log_choose = _special.gammaln(n + 1) - _special.gammaln(k + 1) - _special.gammaln(n - k + 1)
    return _array(np.exp(log_choose + k * np.log(probability) + (n - k) * np.log1p(-probability)))


def _array(value: Any) -> FloatArray:
    return np.asarray(value, dtype=np.float64)
