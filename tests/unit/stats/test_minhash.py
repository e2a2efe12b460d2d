import numpy as np
import pytest

from assay.stats.minhash import Banding, Sets, band_keys, banding_for, jaccard, mixed, similar_partners
from assay.stats.samples import Misaligned, StatisticsError


def sets_of(*groups):
    sizes = [len(group) for group in groups]
    elements = mixed(np.array([x for group in groups for x in group], dtype=np.uint64))
    return Sets(elements, (np.cumsum(sizes) - sizes).astype(np.intp))


def test_similarity_is_that_of_the_sets_however_often_an_element_is_listed():
    one, other = sets_of([1, 2, 3, 4], [1, 1, 1, 2], [7]), sets_of([3, 4, 5, 6], [2, 1], [8, 9])
    found = jaccard(one, np.arange(3), other, np.arange(3))
    assert found.tolist() == [pytest.approx(1 / 3), 1.0, 0.0]


@pytest.mark.parametrize("similarity", [0.5, 0.7, 0.85])
def test_share_of_pairs_that_become_candidates_is_the_one_the_banding_promises(similarity):
    rng = np.random.default_rng(1)
    size, pairs, banding = 200, 1500, Banding(8, 4)
    shared = round(2 * size * similarity / (1 + similarity))
    pools = [rng.integers(0, 1 << 60, 2 * size) for _ in range(pairs)]
    one = sets_of(*(pool[:size] for pool in pools))
    other = sets_of(*(np.r_[pool[:shared], pool[size : 2 * size - shared]] for pool in pools))
    agree = (band_keys(one, banding) == band_keys(other, banding)).any(axis=0)
    exact = shared / (2 * size - shared)
    assert agree.mean() == pytest.approx(banding.found(exact), abs=0.05)


@pytest.mark.parametrize("threshold", [0.3, 0.5, 0.8, 0.9, 1.0])
def test_bandings_miss_one_in_a_thousand_at_their_threshold(threshold):
    banding = banding_for(threshold)
    assert banding.bands * banding.rows <= 128
    assert banding.found(threshold) >= 0.999


def test_keys_do_not_depend_on_order_or_repetition_of_elements_or_on_the_other_sets():
    banding = banding_for(0.8)
    here = band_keys(sets_of([5, 6, 7], [1]), banding)[:, 0]
    assert np.array_equal(here, band_keys(sets_of([9], [7, 5, 6, 5]), banding)[:, 1])


def test_keys_are_the_numbers_they_have_always_been():
    assert band_keys(sets_of([1, 2, 3]), Banding(2, 2))[:, 0].tolist() == [
        10978954746914123592,
        4431516428884368552,
    ]


def test_no_sets_on_a_side_find_nothing():
    banding = banding_for(0.8)
    nothing, one = Sets(np.zeros(0, dtype=np.uint64), np.zeros(0, dtype=np.intp)), sets_of([1, 2])
    for a, b in ((nothing, one), (one, nothing), (nothing, nothing)):
        found = similar_partners(a, band_keys(a, banding), b, band_keys(b, banding), 0.8)
        assert (found.sets.size, found.complete) == (0, True)


def test_more_look_alikes_than_are_tried_are_said():
    rng = np.random.default_rng(2)
    common = rng.integers(0, 1 << 60, 60)
    one = sets_of(np.r_[common, rng.integers(0, 1 << 60, 40)])
    many = sets_of(*(np.r_[common, rng.integers(0, 1 << 60, 40)] for _ in range(3000)))
    banding = Banding(60, 2)
    found = similar_partners(one, band_keys(one, banding), many, band_keys(many, banding), 0.8)
    assert (found.sets.size, found.complete) == (0, False)


def test_sets_that_are_none_are_refused():
    with pytest.raises(Misaligned):
        Sets(np.zeros(3, dtype=np.uint64), np.array([0, 2, 2]))
    with pytest.raises(Misaligned):
        Sets(np.zeros(3, dtype=np.uint64), np.array([1]))
    with pytest.raises(StatisticsError):
        Sets(np.zeros(3), np.array([0]))
    with pytest.raises(StatisticsError):
        banding_for(0.0)
