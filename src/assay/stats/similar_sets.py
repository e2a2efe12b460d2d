"""Which sets are nearly the same, among far too many pairs to compare?

A set cannot be similar to another without sharing one of its rarest elements with it, and how many of these have to be
looked at follows from the similarity asked for (prefix and size filters of set similarity joins). So no similar partner is
missed, no pair is compared that cannot be similar, and each similarity is exact. Sets are stretches of one array of 64-bit
numbers: a hundred thousand of them are a few array operations.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assay.stats.distributions import FloatArray
from assay.stats.samples import Misaligned, StatisticsError

Hashes = NDArray[np.uint64]
IntArray = NDArray[np.int64]

_FIRST, _TRIES = (
    32,
    256,
)  # possible partners compared for each set: all of the first, the rest while none is similar
_AT_ONCE = 1 << 20  # elements compared in one go
_CHUNK = 1 << 15  # elements looked up in one go
_SLOT_BITS = 16, 24  # of the table that says which elements can be met at all, least and most
_LOW = (1 << 32) - 1


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

    def chosen(self, numbers: IntArray) -> Sets:
        """Only these sets, in this order."""
        sizes = self.sizes[numbers]
        return Sets(self.elements[stretches(self.starts[numbers], sizes)], np.cumsum(sizes) - sizes)


@dataclass(frozen=True, slots=True, eq=False)
class SetIndex:
    """In which sets does an element stand? Made once of the sets that look for partners, used for many portions of these.

    Attributes:
        elements: all elements, each once, increasing.
        crowded: whether the next element stands in the same slot.
        slots: by the first bits of an element: the number of the first element that begins so, -1 for none.
        owners: for each set and each of its elements, each once: the number of the set, increasing.
        numbers: the number of that element.
        starts: where the elements of each set begin in `numbers`.
        sizes: how many elements each set has, each counted once.
    """

    elements: Hashes
    crowded: NDArray[np.bool_]
    slots: NDArray[np.int32]
    owners: IntArray
    numbers: IntArray
    starts: IntArray
    sizes: IntArray

    @classmethod
    def of(cls, sets: Sets) -> SetIndex:
        """The index of these sets.

        >>> index = SetIndex.of(Sets(np.array([7, 7, 9, 8], dtype=np.uint64), np.array([0, 3])))
        >>> index.elements.tolist(), index.owners.tolist(), index.numbers.tolist(), index.sizes.tolist()
        ([7, 8, 9], [0, 0, 1], [0, 2, 1], [2, 1])
        """
        elements, numbers = np.unique(sets.elements, return_inverse=True)
        owners, numbers = _parts(_each_once(_pairs(np.repeat(np.arange(sets.count), sets.sizes), numbers)))
        sizes = np.bincount(owners, minlength=sets.count)
        least, most = _SLOT_BITS
        bits = min(max(elements.size.bit_length() + 4, least), most)
        slot = _slot(elements, bits)
        crowded = np.append(slot[1:] == slot[:-1], False)[: slot.size]
        slots = np.full(1 << bits, -1, dtype=np.int32)
        first = np.flatnonzero(~np.append(False, crowded[:-1])[: slot.size])
        slots[slot[first]] = first
        return cls(elements, crowded, slots, owners, numbers, np.cumsum(sizes) - sizes, sizes)

    def found_in(self, elements: Hashes) -> tuple[IntArray, IntArray]:
        """Which of these elements does any set have? Their positions, and the numbers that they have here."""
        found = [self._found_in(elements[at : at + _CHUNK], at) for at in range(0, elements.size, _CHUNK)]
        if not found:
            return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
        return np.concatenate([at for at, _ in found]), np.concatenate([number for _, number in found])

    def _found_in(self, elements: Hashes, start: int) -> tuple[IntArray, IntArray]:
        number = self.slots[_slot(elements, self.slots.size.bit_length() - 1)]
        positions = np.flatnonzero(number >= 0)
        numbers, asked = number[positions].astype(np.int64), elements[positions]
        same = self.elements[numbers] == asked
        others = np.flatnonzero(self.crowded[numbers] & ~same)
        place = np.minimum(np.searchsorted(self.elements, asked[others]), self.elements.size - 1)
        numbers[others], same[others] = place, self.elements[place] == asked[others]
        return positions[same] + start, numbers[same]


@dataclass(frozen=True, slots=True, eq=False)
class Matches:
    """Which set has which similar partner?

    Attributes:
        sets: numbers of the sets that have one, increasing.
        partners: number of a similar set on the other side.
        similarity: exact Jaccard similarity of the two, by their hashed elements.
        complete: False when some set had more possible partners than were compared, and none of these was similar.
    """

    sets: IntArray
    partners: IntArray
    similarity: FloatArray
    complete: bool


def similar_partners(index: SetIndex, others: Sets, threshold: float) -> Matches:
    """Which sets have a partner at least this similar on the other side?

    Args:
        index: of the sets that look for a partner.
        others: where partners are looked for.
        threshold: Jaccard similarity of a partner, more than 0 up to 1.

    Possible partners are compared in the order of the rare elements that they share, each once an element: the first 32,
    of which the most similar one is named (the first of several), and up to 256 while none is similar. Where these were
    not enough the answer is not complete. Otherwise no set with a similar partner is missed.

    Source: Chaudhuri, Ganti and Kaushik (2006), prefix filter; Xiao et al. (2011), bounds on size and position.

    >>> one = Sets(np.arange(100, dtype=np.uint64), np.array([0]))
    >>> other = Sets(np.arange(5, 105, dtype=np.uint64), np.array([0]))
    >>> found = similar_partners(SetIndex.of(one), other, 0.8)
    >>> found.sets.tolist(), found.partners.tolist(), found.similarity.round(3).tolist()
    ([0], [0], [0.905])
    """
    check_threshold(threshold)
    best = np.zeros(index.sizes.size)
    partner = np.full(index.sizes.size, -1, dtype=np.int64)
    search = _Postings.of(index, others, threshold)
    for skip, upto in ((0, _FIRST), (_FIRST, _TRIES)):
        for pairs in search.candidates(best < threshold, skip, upto):
            sets, rows = _parts(pairs)
            found = search.similarity(sets, rows)
            order = np.lexsort((rows, -found, sets))
            sets, rows, found = sets[order], rows[order], found[order]
            first = np.flatnonzero(np.append(True, sets[1:] != sets[:-1])[: sets.size])
            first = first[found[first] > best[sets[first]]]
            best[sets[first]], partner[sets[first]] = found[first], search.rows[rows[first]]
    matched = np.flatnonzero(best >= threshold)
    complete = not bool(((search.total > _TRIES) & (best < threshold)).any())
    return Matches(matched, partner[matched], best[matched], complete)


def check_threshold(threshold: float) -> None:
    """Is this a similarity that sets can have in common?"""
    if not 0.0 < threshold <= 1.0:
        raise StatisticsError(f"cannot look for similarity {threshold!r} (expected more than 0, up to 1)")


@dataclass(frozen=True, slots=True, eq=False)
class _Postings:
    """Where the elements that decide are met on the other side.

    Attributes:
        index: of the sets that look for a partner.
        rows: numbers of the other sets that can be a partner at all, increasing; the rest goes by place among these.
        sizes: how many elements each of these has, each counted once.
        numbers: numbers of the elements that each shares with any set, each once, one after the other.
        starts: where those of each begin.
        held: places of those that have a deciding element, by element and size.
        sets: sets that look, increasing, and within a set its deciding elements, the rarest first.
        first: where in `held` the possible partners by that element begin.
        counts: how many these are.
        before: how many of the same set come before these.
        total: how many each set has of them; a partner counts once an element.
    """

    index: SetIndex
    rows: IntArray
    sizes: IntArray
    numbers: IntArray
    starts: IntArray
    held: IntArray
    sets: IntArray
    first: IntArray
    counts: IntArray
    before: IntArray
    total: IntArray

    @classmethod
    def of(cls, index: SetIndex, others: Sets, threshold: float) -> _Postings:
        positions, numbers = index.found_in(others.elements)
        row = np.searchsorted(others.starts, positions, side="right") - 1
        sets, elements, rank = _deciding(index, numbers, threshold)
        decides = np.zeros(index.elements.size, dtype=np.bool_)
        decides[elements] = True
        possible = np.zeros(others.count, dtype=np.bool_)
        possible[row[decides[numbers]]] = True
        rows = np.flatnonzero(possible)
        sizes = _distinct(others, rows)
        near = possible[row]
        place, numbers = _parts(_each_once(_pairs(np.searchsorted(rows, row[near]), numbers[near])))
        starts = np.searchsorted(place, np.arange(rows.size))
        posted = np.flatnonzero(decides[numbers])
        key = _pairs(numbers[posted], sizes[place[posted]])
        order = np.argsort(key, kind="stable")
        key, held = key[order], place[posted][order]
        # With its rarest `rank` elements not shared, a set can only be similar to sets of these sizes.
        size = index.sizes[sets]
        least = np.ceil(threshold * size - 1e-6).astype(np.int64)
        most = np.floor((size - rank) * ((1.0 + threshold) / threshold) - size + 1e-6)
        most = np.minimum(most, _LOW).astype(np.int64)
        first = np.searchsorted(key, _pairs(elements, least))
        counts = np.maximum(np.searchsorted(key, _pairs(elements, most), side="right") - first, 0)
        through = np.cumsum(counts)
        total = np.bincount(sets, counts, index.sizes.size).astype(np.int64)
        before = through - counts - (np.cumsum(total) - total)[sets]
        return cls(index, rows, sizes, numbers, starts, held, sets, first, counts, before, total)

    def candidates(self, looking: NDArray[np.bool_], skip: int, upto: int) -> Iterator[IntArray]:
        """Possible partners of the sets that look, in portions of whole sets, each pair once; `skip` of each set are passed over."""
        begin = np.clip(skip - self.before, 0, self.counts)
        count = np.clip(upto - self.before, 0, self.counts) - begin
        count[~looking[self.sets]] = 0
        some = np.flatnonzero(count)
        sets, first, count = self.sets[some], (self.first + begin)[some], count[some]
        for part in _portions(count, sets):
            at = stretches(first[part], count[part])
            yield _each_once(_pairs(np.repeat(sets[part], count[part]), self.held[at]))

    def similarity(self, sets: IntArray, places: IntArray) -> FloatArray:
        """What is the Jaccard similarity, |A and B| / |A or B|, of each set and its possible partner?"""
        ours, ends = self.index, np.append(self.starts, self.numbers.size)
        shared = np.zeros(sets.size, dtype=np.int64)
        lengths = ours.sizes[sets], ends[places + 1] - self.starts[places]
        for part in _portions(lengths[0] + lengths[1]):
            pair = np.arange(part.start, part.stop)
            mine = ours.numbers[stretches(ours.starts[sets[part]], lengths[0][part])]
            theirs = self.numbers[stretches(self.starts[places[part]], lengths[1][part])]
            keys = [
                _pairs(np.repeat(pair, each[part]), of)
                for each, of in zip(lengths, (mine, theirs), strict=True)
            ]
            key = np.sort(np.concatenate(keys))
            shared += np.bincount(key[1:][key[1:] == key[:-1]] >> 32, minlength=sets.size)
        return np.asarray(shared / (ours.sizes[sets] + self.sizes[places] - shared))


def stretches(starts: NDArray[Any], lengths: NDArray[Any]) -> NDArray[np.intp]:
    """Positions of several stretches of an array, one after the other.

    >>> stretches(np.array([5, 0]), np.array([2, 3])).tolist()
    [5, 6, 0, 1, 2]
    """
    ends = np.cumsum(lengths)
    total = int(ends[-1]) if ends.size else 0
    return np.asarray(np.arange(total, dtype=np.intp) + np.repeat(starts - (ends - lengths), lengths))


def _deciding(index: SetIndex, met: IntArray, threshold: float) -> tuple[IntArray, IntArray, IntArray]:
    """Elements one of which a set shares with every similar partner: set, element and its rank by rarity within the set.

    These are the rarest among those met on the other side; elements that are met nowhere rank before all others.
    """
    often = np.bincount(met, minlength=index.elements.size)[index.numbers]
    there = np.flatnonzero(often)
    sets = index.owners[there]
    there = there[np.argsort(_pairs(sets, often[there]), kind="stable")]
    shared = np.bincount(sets, minlength=index.sizes.size)
    rank = np.arange(there.size) - (np.cumsum(shared) - shared)[sets] + (index.sizes - shared)[sets]
    decides = rank <= (1.0 - threshold) * index.sizes[sets] + 1e-6
    return sets[decides], index.numbers[there[decides]], rank[decides]


def _distinct(sets: Sets, chosen: IntArray) -> IntArray:
    """How many elements has each chosen set, each counted once?"""
    sizes, lengths = np.zeros(chosen.size, dtype=np.int64), sets.sizes[chosen]
    for part in _portions(lengths):
        owner = np.repeat(np.arange(part.start, part.stop), lengths[part])
        elements = sets.elements[stretches(sets.starts[chosen[part]], lengths[part])]
        order = np.lexsort((elements, owner))
        owner, elements = owner[order], elements[order]
        new = np.append(True, (owner[1:] != owner[:-1]) | (elements[1:] != elements[:-1]))
        sizes += np.bincount(owner[new], minlength=chosen.size)
    return sizes


def _portions(lengths: IntArray, groups: IntArray | None = None) -> list[slice]:
    """Stretches whose lengths add up to what is compared at once (a single one may exceed it), no group in two of them."""
    portion = np.cumsum(lengths) // _AT_ONCE
    cuts = np.flatnonzero(np.diff(portion)) + 1
    if groups is not None:
        cuts = np.unique(np.searchsorted(groups, groups[cuts]))
    edges = [0, *cuts.tolist(), lengths.size]
    return [slice(a, b) for a, b in itertools.pairwise(edges) if b > a]


def _each_once(keys: IntArray) -> IntArray:
    keys = np.sort(keys)
    return np.asarray(keys[np.append(True, keys[1:] != keys[:-1])[: keys.size]])


def _slot(elements: Hashes, bits: int) -> IntArray:
    return np.asarray((elements >> np.uint64(64 - bits)).view(np.int64))


def _pairs(high: NDArray[Any], low: NDArray[Any]) -> IntArray:
    return np.asarray((np.asarray(high, dtype=np.int64) << 32) | low)


def _parts(pairs: IntArray) -> tuple[IntArray, IntArray]:
    return pairs >> 32, pairs & _LOW
