"""Which sets are nearly the same, among far too many pairs to compare?

MinHash with bands: sets whose smallest hashes agree in one band become candidates, and only these are compared exactly.
Every set is a stretch of one array of 64-bit numbers, so a hundred thousand sets are a few array operations.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assay.stats.distributions import FloatArray
from assay.stats.samples import Misaligned, StatisticsError, TooFewSamples

Hashes = NDArray[np.uint64]

_PERMUTATIONS = 128
_MISSED = 0.001  # chance that a pair exactly at the threshold shares no band
_ROUNDS = 64  # partners tried for one set in one band
_AT_ONCE = 1 << 22  # elements compared in one go


@dataclass(frozen=True, slots=True, eq=False)
class Sets:
    """Which elements does each of many sets have?

    Attributes:
        elements: 64-bit hashes of the elements, one set after the other; an element may stand more than once.
        starts: where each set begins; no set is empty.
    """

    elements: Hashes
    starts: NDArray[np.intp]

    def __post_init__(self) -> None:
        ends = np.append(self.starts, self.elements.size)
        if self.elements.dtype != np.uint64 or self.elements.ndim != 1:
            raise StatisticsError(
                "cannot compare sets: elements are no 64-bit hashes (expected uint64, one dimension)"
            )
        if self.starts.size and (self.starts[0] != 0 or bool((np.diff(ends) < 1).any())):
            raise Misaligned(
                "cannot compare sets: one is empty or they do not follow each other (expected neither)"
            )

    @property
    def count(self) -> int:
        """How many sets there are."""
        return int(self.starts.size)

    @property
    def sizes(self) -> NDArray[np.intp]:
        """How many elements each set lists."""
        return np.diff(np.append(self.starts, self.elements.size))


@dataclass(frozen=True, slots=True)
class Banding:
    """How many bands of how many smallest hashes?

    Attributes:
        bands: sets that agree in all rows of any band are candidates.
        rows: smallest hashes a band.
    """

    bands: int
    rows: int

    def found(self, similarity: float) -> float:
        """How likely does a pair of this Jaccard similarity become a candidate?"""
        return 1.0 - (1.0 - similarity**self.rows) ** self.bands


def banding_for(threshold: float) -> Banding:
    """Which bands miss a pair exactly at the threshold at most once in a thousand, and admit the fewest others?

    Args:
        threshold: Jaccard similarity, more than 0 up to 1.

    Source: Leskovec, Rajaraman and Ullman (2020), section 3.4.

    >>> banding_for(0.8), round(banding_for(0.8).found(0.8), 4), round(banding_for(0.8).found(0.4), 3)
    (Banding(bands=18, rows=5), 0.9992, 0.169)
    """
    if not 0.0 < threshold <= 1.0:
        raise StatisticsError(f"cannot look for similarity {threshold!r} (expected more than 0, up to 1)")
    best = Banding(_PERMUTATIONS, 1)
    for rows in range(1, 17):
        agree = threshold**rows
        bands = 1 if agree >= 1.0 else math.ceil(math.log(_MISSED) / math.log1p(-agree))
        if bands * rows <= _PERMUTATIONS:
            best = Banding(bands, rows)
    return best


def band_keys(sets: Sets, banding: Banding) -> Hashes:
    """Which 64-bit key has each set in each band? Shape (bands, sets); the same in every process and on every machine.

    Source: Broder (1997); hashes a x + b modulo 2^32 over well-mixed elements.
    """
    if sets.count == 0:
        return np.zeros((banding.bands, 0), dtype=np.uint64)
    elements = (sets.elements >> np.uint64(32)).astype(np.uint32)
    keys = np.zeros((banding.bands, sets.count), dtype=np.uint64)
    factors = mixed(
        np.arange(1, 2 * banding.bands * banding.rows + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    )
    for number in range(banding.bands * banding.rows):
        factor, shift = (np.uint32(x & np.uint64(0xFFFFFFFF)) for x in factors[2 * number : 2 * number + 2])
        smallest = np.minimum.reduceat(elements * (factor | np.uint32(1)) + shift, sets.starts)
        band = keys[number // banding.rows]
        band[:] = mixed(band + smallest + np.uint64(number + 1))
    return keys


@dataclass(frozen=True, slots=True, eq=False)
class Matches:
    """Which set has which similar partner?

    Attributes:
        sets: numbers of the sets that have one, increasing.
        partners: number of a similar set on the other side.
        similarity: exact Jaccard similarity of the two, by their hashed elements.
        complete: False when some set had more possible partners than were tried, and none of these was similar.
    """

    sets: NDArray[np.intp]
    partners: NDArray[np.intp]
    similarity: FloatArray
    complete: bool


def similar_partners(sets: Sets, keys: Hashes, others: Sets, other_keys: Hashes, threshold: float) -> Matches:
    """Which sets have a partner at least this similar on the other side?

    Args:
        sets: those that look for a partner.
        keys: their `band_keys`.
        others: where partners are looked for.
        other_keys: their `band_keys`, of the same banding.
        threshold: Jaccard similarity of a partner, more than 0 up to 1.

    A set stops looking in a band once it has a partner; the most similar one found is kept. Candidates are compared by
    all their elements, so a wrong pair is never named; a right one is missed about once in a thousand at the threshold.

    >>> one = Sets(mixed(np.arange(100, dtype=np.uint64)), np.array([0]))
    >>> other = Sets(mixed(np.arange(5, 105, dtype=np.uint64)), np.array([0]))
    >>> shape = banding_for(0.8)
    >>> found = similar_partners(one, band_keys(one, shape), other, band_keys(other, shape), 0.8)
    >>> found.sets.tolist(), found.partners.tolist(), found.similarity.round(3).tolist()
    ([0], [0], [0.905])
    """
    best, partner, complete = np.zeros(sets.count), np.full(sets.count, -1, dtype=np.intp), True
    for own, theirs in zip(keys, other_keys, strict=True):
        order, asked = np.argsort(theirs, kind="stable"), np.argsort(own)
        first, tries = np.empty(own.size, dtype=np.intp), np.empty(own.size, dtype=np.intp)
        # Asked in their order, neighbours are found in the same places of memory.
        first[asked] = np.searchsorted(theirs[order], own[asked], side="left")
        tries[asked] = np.searchsorted(theirs[order], own[asked], side="right")
        tries -= first
        for number in range(min(int(tries.max(initial=0)), _ROUNDS)):
            looking = np.flatnonzero((tries > number) & (best < threshold))
            if looking.size == 0:
                break
            candidates = order[first[looking] + number]
            found = jaccard(sets, looking, others, candidates)
            better = found > best[looking]
            best[looking[better]], partner[looking[better]] = found[better], candidates[better]
        complete &= not bool(((tries > _ROUNDS) & (best < threshold)).any())
    matched = np.flatnonzero(best >= threshold)
    return Matches(matched, partner[matched], best[matched], complete)


def jaccard(sets: Sets, chosen: NDArray[np.intp], others: Sets, partners: NDArray[np.intp]) -> FloatArray:
    """What is the Jaccard similarity, |A and B| / |A or B|, of each chosen set and its partner, by all elements?"""
    lengths = sets.sizes[chosen] + others.sizes[partners]
    similarity = np.empty(chosen.size)
    for part in _portions(lengths):
        similarity[part] = _jaccard(sets, chosen[part], others, partners[part])
    return similarity


def mixed(values: Hashes) -> Hashes:
    """The finalizer of SplitMix64 (Steele 2014): every input bit moves every output bit; one to one."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(values ^ (values >> np.uint64(31)))


def stretches(starts: NDArray[Any], lengths: NDArray[Any]) -> NDArray[np.intp]:
    """Positions of several stretches of an array, one after the other.

    >>> stretches(np.array([5, 0]), np.array([2, 3])).tolist()
    [5, 6, 0, 1, 2]
    """
    ends = np.cumsum(lengths)
    total = int(ends[-1]) if ends.size else 0
    return np.asarray(np.arange(total, dtype=np.intp) + np.repeat(starts - (ends - lengths), lengths))


def _portions(lengths: NDArray[np.intp]) -> list[slice]:
    """Stretches of pairs whose elements together stay below what is compared at once (a single pair may exceed it)."""
    portion = np.cumsum(lengths) // _AT_ONCE
    edges = [0, *(np.flatnonzero(np.diff(portion)) + 1).tolist(), lengths.size]
    return [slice(a, b) for a, b in itertools.pairwise(edges) if b > a]


def _jaccard(sets: Sets, chosen: NDArray[np.intp], others: Sets, partners: NDArray[np.intp]) -> FloatArray:
    if chosen.size == 0:
        raise TooFewSamples("cannot compare sets: no pair (expected at least 1)")
    sides = [(sets, chosen), (others, partners)]
    pair = np.concatenate([np.repeat(np.arange(chosen.size), one.sizes[at]) for one, at in sides])
    element = np.concatenate([one.elements[stretches(one.starts[at], one.sizes[at])] for one, at in sides])
    side = np.repeat([0, 1], [int(one.sizes[at].sum()) for one, at in sides])
    order = np.lexsort((side, element, pair))
    pair, element, side = pair[order], element[order], side[order]
    new = np.ones(pair.size, dtype=bool)
    new[1:] = (pair[1:] != pair[:-1]) | (element[1:] != element[:-1])
    listed = new.copy()
    listed[1:] |= side[1:] != side[:-1]
    union = np.bincount(pair[new], minlength=chosen.size)
    both = np.bincount(pair[listed], minlength=chosen.size) - union
    return np.asarray(both / union)
