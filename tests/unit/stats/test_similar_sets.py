import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.stats.samples import Misaligned, StatisticsError
from assay.stats.similar_sets import SetIndex, Sets, similar_partners

SPREAD = np.uint64(0x9E3779B97F4A7C15)


def sets_of(*groups):
    sizes = np.array([len(group) for group in groups], dtype=np.intp)
    elements = np.array([x for group in groups for x in group], dtype=np.uint64) * SPREAD
    return Sets(elements, np.cumsum(sizes) - sizes)


def partners(ours, theirs, threshold):
    return similar_partners(SetIndex.of(sets_of(*ours)), sets_of(*theirs), threshold)


def similarity(one, other):
    one, other = set(one), set(other)
    return len(one & other) / len(one | other)


def by_hand(ours, theirs, threshold):
    """For each set the most similar partner, the first of several: every pair compared."""
    found = {}
    for number, one in enumerate(ours):
        best = max(range(len(theirs)), key=lambda at: (similarity(one, theirs[at]), -at), default=None)
        if best is not None and similarity(one, theirs[best]) >= threshold:
            found[number] = best, similarity(one, theirs[best])
    return found


def as_found(matches):
    columns = (matches.sets.tolist(), matches.partners.tolist(), matches.similarity.tolist())
    return {number: (partner, value) for number, partner, value in zip(*columns, strict=True)}


groups = st.lists(st.lists(st.integers(0, 12), min_size=1, max_size=14), max_size=6)


@given(groups, groups, st.sampled_from([0.05, 0.3, 0.5, 0.6, 2 / 3, 0.75, 0.8, 0.9, 1.0]))
@settings(max_examples=200)
def test_most_similar_partner_of_every_set_is_the_one_found_by_comparing_every_pair(ours, theirs, threshold):
    found = partners(ours, theirs, threshold)
    assert as_found(found) == by_hand(ours, theirs, threshold)
    assert found.complete


@pytest.mark.parametrize("threshold", [0.3, 0.5, 0.8, 0.95])
def test_no_partner_is_missed_among_sets_of_every_size_that_share_common_elements(threshold):
    rng = np.random.default_rng(1)
    ours = [(rng.zipf(1.3, rng.integers(1, 120)) % 5000).tolist() for _ in range(150)]
    theirs = [rng.choice(one, rng.integers(1, len(one) + 1), replace=False).tolist() for one in ours]
    theirs += [[*one, *rng.integers(0, 5000, rng.integers(0, 30)).tolist()] for one in ours]
    found, expected = partners(ours, theirs, threshold), by_hand(ours, theirs, threshold)
    assert len(expected) > 20
    if found.complete:
        assert found.sets.tolist() == list(expected)
    for number, (partner, value) in as_found(found).items():
        assert value == pytest.approx(similarity(ours[number], theirs[partner]))


def test_similarity_is_that_of_the_sets_however_often_an_element_is_listed():
    found = partners([[1, 1, 1, 2], [3, 4, 4]], [[2, 1], [4, 5]], 0.3)
    assert as_found(found) == {0: (0, 1.0), 1: (1, 1 / 3)}


def test_one_element_in_everything_and_thousands_of_equal_sets_stop_nothing():
    same = [list(range(40))] * 3000
    found = partners(same, same, 0.8)
    assert (found.sets.size, found.partners.max(), found.complete) == (3000, 0, True)


def test_more_look_alikes_than_are_compared_are_said():
    rng = np.random.default_rng(2)
    ours, *many = (rng.choice(100, 90, replace=False).tolist() for _ in range(501))
    found = partners([ours], many, 0.95)
    assert (found.sets.size, found.complete) == (0, False)
    assert partners([ours], many, 0.75).sets.tolist() == [0]


def test_sets_that_can_only_be_too_large_or_too_small_are_not_compared_and_leave_the_answer_complete():
    rng = np.random.default_rng(3)
    ours = [[*range(90), *rng.integers(1000, 1 << 40, 20).tolist()]]
    many = [[*range(90), *rng.integers(1000, 1 << 40, 20).tolist()] for _ in range(500)]
    found = partners(ours, many, 0.8)
    assert (found.sets.size, found.complete) == (0, True)


def test_no_sets_on_a_side_find_nothing():
    for ours, theirs in (([], [[1, 2]]), ([[1, 2]], []), ([], [])):
        found = partners(ours, theirs, 0.8)
        assert (found.sets.size, found.complete) == (0, True)


def test_hashes_that_begin_alike_are_told_apart():
    crowd = np.arange(100, dtype=np.uint64)
    index = SetIndex.of(Sets(crowd, np.array([0])))
    positions, numbers = index.found_in(np.array([200, 99, 1 << 63, 0, 50], dtype=np.uint64))
    assert (positions.tolist(), numbers.tolist()) == ([1, 3, 4], [99, 0, 50])


def test_sets_that_are_none_are_refused():
    with pytest.raises(Misaligned):
        Sets(np.zeros(3, dtype=np.uint64), np.array([0, 2, 2]))
    with pytest.raises(Misaligned):
        Sets(np.zeros(3, dtype=np.uint64), np.array([1]))
    with pytest.raises(StatisticsError):
        Sets(np.zeros(3), np.array([0]))
    for threshold in (0.0, -1.0, 1.5, float("nan")):
        with pytest.raises(StatisticsError):
            partners([[1]], [[1]], threshold)
