"""Which examples of an evaluation set stand in the training data, word for word or nearly so?

Texts are compared by their words: letters and digits after Unicode compatibility folding and case folding; punctuation,
spacing and case do not matter. Nearly the same means a Jaccard similarity of three-word shingles from the threshold up.
All hashes are the same in every process and on every machine. What is named as word for word the same was compared word
for word, not by hashes.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from assay.domain.gates.overlap import Overlap
from assay.domain.gates.wording import count
from assay.stats.minhash import (
    Banding,
    Hashes,
    Sets,
    band_keys,
    banding_for,
    mixed,
    similar_partners,
    stretches,
)

SHINGLE_WORDS = 3

# Scripts written without spaces: every character counts as a word.
_UNSPACED = re.compile(
    r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)
_NO_WORD = re.compile(r"[\W_]+")
_GAP = re.compile(rb"[^0-9A-Za-z\x80-\xff]")
_PIECE = 1 << 16  # bytes hashed at once
_BASE = 0x9E3779B97F4A7C15 | 1


def normalised(text: str) -> str:
    """The words of a text, separated by single spaces: what counts when texts are compared.

    >>> normalised("  What's  2+2?  "), normalised("\uff37hat S 2 2"), normalised("Stra\u00dfe 5")
    ('what s 2 2', 'what s 2 2', 'strasse 5')
    """
    return " ".join(_plain(text).split())


def find_overlap(
    examples: Iterable[tuple[str, str]],
    training: Iterable[Sequence[tuple[str, str]]],
    *,
    near: float = 0.8,
) -> Overlap:
    """Which examples of the evaluation set stand in the training data?

    Args:
        examples: (id, text) of each example of the evaluation set.
        training: (name of the row, text), in portions of any size; one portion is held at a time.
        near: Jaccard similarity of three-word shingles from which two texts are near-duplicates, more than 0 up to 1.

    Ids are compared where both sides have them, so a training row should be named by its id. For each example one
    training row of each kind is named. Texts without a single word are left out and counted in a note.

    >>> found = find_overlap([("q1", "What is 2+2?"), ("q2", "Name a prime.")], [[("t9", "what IS 2 2"), ("q2", "Other")]])
    >>> found.same_text, found.same_id, found.examined, found.training
    ((('q1', 't9'),), ('q2',), 2, 2)
    """
    banding = banding_for(near)
    evaluation = _Shingled.of(list(examples), banding)
    search = _Search(evaluation, near)
    for portion in training:
        search.look_through(_Shingled.of(list(portion), banding))
    return search.overlap()


def find_same_ids(examples: Iterable[str], training: Iterable[Iterable[str]]) -> Overlap:
    """Which examples of the evaluation set stand in the training data, judged by their ids alone?

    Args:
        examples: ids of the evaluation set.
        training: ids of training rows, in portions of any size.

    >>> found = find_same_ids(["q1", "q2"], [["t1", "q2"], ["t2"]])
    >>> found.same_id, found.examined, found.training
    (('q2',), 2, 3)
    """
    ours, same, rows = frozenset(examples), set[str](), 0
    for portion in training:
        theirs = list(portion)
        rows += len(theirs)
        same |= ours.intersection(theirs)
    return Overlap(examined=len(ours), training=rows, same_id=tuple(sorted(same)))


@dataclass(frozen=True, slots=True, eq=False)
class _Shingled:
    """Texts as sets of shingles; texts without a word are left out."""

    rows: int
    names: tuple[str, ...]
    ids: frozenset[str]
    texts: tuple[str, ...]
    content: Hashes
    sets: Sets
    keys: Hashes

    @classmethod
    def of(cls, texts: Sequence[tuple[str, str]], banding: Banding) -> _Shingled:
        words, counts = word_hashes([text for _, text in texts])
        kept = np.flatnonzero(counts)
        sets = shingles(words, counts[kept])
        return cls(
            len(texts),
            tuple(texts[at][0] for at in kept.tolist()),
            frozenset(name for name, _ in texts),
            tuple(texts[at][1] for at in kept.tolist()),
            _content(words, counts[kept]),
            sets,
            band_keys(sets, banding),
        )


@dataclass(slots=True, eq=False)
class _Search:
    """What has been found of one evaluation set so far."""

    evaluation: _Shingled
    near: float
    rows: int = 0
    complete: bool = True
    same_id: set[str] = field(default_factory=set)
    same_text: dict[str, str] = field(default_factory=dict)
    near_text: dict[str, tuple[str, float]] = field(default_factory=dict)

    def look_through(self, training: _Shingled) -> None:
        ours = self.evaluation
        self.rows += training.rows
        self.same_id |= ours.ids & training.ids
        self._same_texts(training)
        found = similar_partners(ours.sets, ours.keys, training.sets, training.keys, self.near)
        self.complete &= found.complete
        matches = zip(found.sets.tolist(), found.partners.tolist(), found.similarity.tolist(), strict=True)
        for at, partner, similarity in matches:
            name = ours.names[at]
            if similarity > self.near_text.get(name, ("", 0.0))[1]:
                self.near_text[name] = training.names[partner], similarity

    def _same_texts(self, training: _Shingled) -> None:
        ours = self.evaluation
        order = np.argsort(training.content, kind="stable")
        place = np.searchsorted(training.content[order], ours.content)
        inside = np.flatnonzero(place < order.size)
        rows = order[place[inside]]
        equal = training.content[rows] == ours.content[inside]
        for at, row in zip(inside[equal].tolist(), rows[equal].tolist(), strict=True):
            name = ours.names[at]
            if name not in self.same_text and normalised(ours.texts[at]) == normalised(training.texts[row]):
                self.same_text[name] = training.names[row]

    def overlap(self) -> Overlap:
        near = [(name, *found) for name, found in self.near_text.items() if name not in self.same_text]
        return Overlap(
            examined=self.evaluation.rows,
            training=self.rows,
            same_id=tuple(sorted(self.same_id)),
            same_text=tuple(sorted(self.same_text.items())),
            near_text=tuple(sorted(near, key=lambda one: (-one[2], one[0]))),
            compared="ids and texts",
            notes=self._notes(),
        )

    def _notes(self) -> tuple[str, ...]:
        wordless = self.evaluation.rows - len(self.evaluation.names)
        notes = []
        if wordless:
            notes.append(f"{count(wordless, 'example')} without a word compared by id only")
        if not self.complete:
            notes.append("some examples look like so many training rows that not all of these were compared")
        return tuple(notes)


def word_hashes(texts: Sequence[str]) -> tuple[Hashes, NDArray[np.intp]]:
    """A 64-bit hash of every word of every text, one text after the other, and how many words each text has.

    >>> hashes, counts = word_hashes(["One two", "", "TWO, one!"])
    >>> counts.tolist(), bool(hashes[0] == hashes[3]), bool(hashes[0] == hashes[1])
    ([2, 0, 2], True, False)
    """
    counts = np.zeros(len(texts), dtype=np.intp)
    hashes = []
    for numbers, data, lengths in _pieces(texts):
        found, starts = _hashed(data)
        ends = np.cumsum(lengths)
        owner = np.searchsorted(ends, starts, side="right")
        np.add.at(counts, numbers[owner], 1)
        hashes.append(found)
    return (np.concatenate(hashes) if hashes else np.zeros(0, dtype=np.uint64)), counts


def shingles(words: Hashes, counts: NDArray[np.intp]) -> Sets:
    """The shingles of texts that have `counts` words each, one text after the other; a shorter text is one shingle."""
    each = np.maximum(counts - SHINGLE_WORDS + 1, 1)
    ends = np.cumsum(counts)
    position = stretches(ends - counts, each)
    last = np.repeat(ends, each)
    elements = np.zeros(position.size, dtype=np.uint64)
    for ahead in range(SHINGLE_WORDS):
        at = position + ahead
        inside = at < last
        elements = mixed(elements + np.where(inside, words[np.where(inside, at, 0)], np.uint64(ahead)))
    return Sets(elements, (np.cumsum(each) - each).astype(np.intp))


def _content(words: Hashes, counts: NDArray[np.intp]) -> Hashes:
    """One hash a text, of its words in their order."""
    if counts.size == 0:
        return np.zeros(0, dtype=np.uint64)
    starts = np.cumsum(counts) - counts
    place = np.arange(words.size, dtype=np.uint64) - np.repeat(starts, counts).astype(np.uint64)
    return mixed(np.add.reduceat(mixed(words + mixed(place)), starts) + counts.astype(np.uint64))


def _plain(text: str) -> str:
    """Words in ASCII letters and digits or other scripts, apart from each other."""
    if text.isascii():
        return re.sub(r"[^a-z0-9]+", " ", text.lower())
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return _UNSPACED.sub(r" \g<0> ", _NO_WORD.sub(" ", folded))


def _pieces(texts: Sequence[str]) -> Iterable[tuple[NDArray[np.intp], NDArray[np.uint8], NDArray[np.intp]]]:
    """Texts as bytes in portions: numbers of the texts in it, all bytes, and how many belong to each, separator included."""
    numbers: list[int] = []
    parts: list[bytes] = []
    size = 0
    for number, text in enumerate(texts):
        for part in _cut(text.encode() if text.isascii() else _plain(text).encode("utf-8", "surrogatepass")):
            if parts and size + len(part) > _PIECE:
                yield _portion(numbers, parts)
                numbers, parts, size = [], [], 0
            numbers.append(number)
            parts.append(part)
            size += len(part) + 1
    if parts:
        yield _portion(numbers, parts)


def _portion(
    numbers: list[int], parts: list[bytes]
) -> tuple[NDArray[np.intp], NDArray[np.uint8], NDArray[np.intp]]:
    lengths = np.fromiter(map(len, parts), dtype=np.intp, count=len(parts)) + 1
    return np.array(numbers, dtype=np.intp), np.frombuffer(b"\n".join(parts) + b"\n", dtype=np.uint8), lengths


def _cut(data: bytes) -> Iterable[bytes]:
    """A long text in pieces, never inside a word."""
    while len(data) > _PIECE:
        gap = _GAP.search(data, _PIECE)
        if gap is None:
            break
        yield data[: gap.start()]
        data = data[gap.end() :]
    yield data


def _hashed(data: NDArray[np.uint8]) -> tuple[Hashes, NDArray[np.intp]]:
    """Hash and start of every word: its bytes as a polynomial, the same wherever the word stands."""
    values = _word_bytes()[data]
    inside = values > 0
    edges = np.flatnonzero(np.diff(inside, prepend=False, append=False))
    starts, ends = edges[::2], edges[1::2]
    powers, inverses = _powers(1 << max(10, int(data.size).bit_length()))
    sums = np.zeros(data.size + 1, dtype=np.uint64)
    np.cumsum(values * powers[: data.size], out=sums[1:])
    return mixed((sums[ends] - sums[starts]) * inverses[starts]), starts


@lru_cache(maxsize=1)
def _word_bytes() -> NDArray[np.uint64]:
    """What each byte counts for in a word: 0 ends it, letters count by their lower case, bytes of other scripts as they are."""
    return np.array(
        [b if b >= 128 else ord(chr(b).lower()) if chr(b).isalnum() else 0 for b in range(256)],
        dtype=np.uint64,
    )


@lru_cache(maxsize=2)
def _powers(size: int) -> tuple[Hashes, Hashes]:
    base = np.full(size, _BASE, dtype=np.uint64)
    inverse = np.full(size, pow(_BASE, -1, 1 << 64), dtype=np.uint64)
    base[0] = inverse[0] = 1
    return np.cumprod(base), np.cumprod(inverse)
