"""Which words, and which runs of three words, does each of many texts have?

Words are letters and digits after Unicode compatibility folding and case folding, and each symbol that carries meaning by
itself: operators, signs, brackets, currency, the point within a number. Case, spacing and the punctuation of sentences do not
matter. Every word is a 64-bit hash, the same in every process and on every machine, and all texts together are one array.
"""

from __future__ import annotations

import hashlib
import itertools
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assay.stats.similar_sets import Hashes, IntArray, Sets

SHINGLE_WORDS = 3

# Scripts written without spaces: every character counts as a word.
_UNSPACED = re.compile(
    r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)
_SYMBOLS = r"+*/=<>%$^&|~@#\\()\[\]{}"
# Symbols beyond ASCII: of mathematics and currency.
_FAR = "".join(c for c in map(chr, range(0x80, 0x2C00)) if unicodedata.category(c) in ("Sm", "Sc"))
# A hyphen joins two letters, anywhere else it is a minus; within a number a point, comma or colon is part of it.
_KEPT = (
    rf"(?P<far>[{re.escape(_FAR)}])|(?P<symbol>!(?==)|[{_SYMBOLS}]|(?<![^\W\d_])-|-(?![^\W\d_]))"
    r"|(?P<inner>(?<=[0-9])[.,:](?=[0-9]))|(?P<word>[^\W_]+)"
)
_TOKEN = re.compile(_KEPT)
_MINUS = str.maketrans("\u2212", "-")
_GAP = re.compile(rb"\s")
_PIECE = 1 << 17  # bytes hashed at once
_LONG = 64  # bytes from which a word is hashed by itself
_LOWER = bytes(ord(chr(b).lower()) if b < 128 else b for b in range(256))
_LETTER, _DIGIT, _SYMBOL, _HYPHEN, _INNER, _BANG = range(1, 7)


def _kind(byte: int) -> int:
    """What a byte is before its neighbours are looked at; bytes of other scripts are letters, 0 ends a word."""
    one = chr(byte)
    if byte >= 128 or one.isalpha():
        return _LETTER
    if one.isdigit():
        return _DIGIT
    if one in "+*/=<>%$^&|~@#\\()[]{}":
        return _SYMBOL
    return {"-": _HYPHEN, ".": _INNER, ",": _INNER, ":": _INNER, "!": _BANG}.get(one, 0)


_KINDS = np.array([_kind(byte) for byte in range(256)], dtype=np.uint8)
_FIRST_BYTES = np.array([(1 << 8 * length) - 1 for length in range(9)], dtype=np.uint64)
_FACTOR = np.uint64(0x9E3779B97F4A7C15)


def normalised(text: str) -> str:
    """The words of a text, separated by single spaces: what counts when texts are compared.

    >>> normalised("  What's  2+2?  "), normalised("\uff37hat S 2 + 2"), normalised("Well-known: -3.5 \u20ac.")
    ('what s 2 + 2', 'what s 2 + 2', 'well known - 3 . 5 \u20ac')
    """
    return " ".join(found[0] for found in _TOKEN.finditer(_folded(text)))


@dataclass(frozen=True, slots=True, eq=False)
class Shingled:
    """Many texts as sets of their shingles.

    Attributes:
        words: how many words each text has.
        content: one hash of all words in their order, for each text that has any.
        sets: the shingles of each text that has any word; a text of less than three words is one shingle.
    """

    words: IntArray
    content: Hashes
    sets: Sets


def shingled(texts: Sequence[str]) -> Shingled:
    """The texts as sets of shingles.

    >>> found = shingled(["a b c d", "...", "b, c, D", "A; b; c d", "a"])
    >>> found.words.tolist(), found.sets.starts.tolist(), bool(found.content[0] == found.content[2])
    ([4, 0, 3, 4, 1], [0, 2, 3, 5], True)
    """
    counts = [np.zeros(0, dtype=np.int64)]
    contents, elements = ([np.zeros(0, dtype=np.uint64)] for _ in range(2))
    for some in _portions(texts):
        words, each = word_hashes(some)
        counts.append(each)
        each = each[each > 0]
        contents.append(_content(words, each))
        elements.append(_shingles(words, each, contents[-1]))
    words_of = np.concatenate(counts)
    sizes = np.maximum(words_of[words_of > 0] - SHINGLE_WORDS + 1, 1)
    return Shingled(
        words_of, np.concatenate(contents), Sets(np.concatenate(elements), np.cumsum(sizes) - sizes)
    )


def word_hashes(texts: Sequence[str]) -> tuple[Hashes, IntArray]:
    """A 64-bit hash of every word of every text, one text after the other, and how many words each text has.

    >>> hashes, counts = word_hashes(["One two", "", "TWO, one!"])
    >>> counts.tolist(), bool(hashes[0] == hashes[3]), bool(hashes[0] == hashes[1])
    ([2, 0, 2], True, False)
    """
    parts = [
        text.encode() if text.isascii() else _plain(text).encode("utf-8", "surrogatepass") for text in texts
    ]
    if max(map(len, parts), default=0) <= _PIECE:
        return _hashed(parts)
    pieces = [[_hashed([piece])[0] for piece in _cut(part)] for part in parts]
    counts = np.array([sum(piece.size for piece in some) for some in pieces], dtype=np.int64)
    return np.concatenate([piece for some in pieces for piece in some]), counts


def _content(words: Hashes, counts: IntArray) -> Hashes:
    """One hash a text, of its words in their order; texts have `counts` words each, at least one."""
    if counts.size == 0:
        return np.zeros(0, dtype=np.uint64)
    starts = np.cumsum(counts) - counts
    powers = np.cumprod(np.full(int(counts.max()), _FACTOR))
    place = np.arange(words.size) - np.repeat(starts, counts)
    return _mixed(np.add.reduceat(words * powers[place], starts) + counts.astype(np.uint64))


def _shingles(words: Hashes, counts: IntArray, contents: Hashes) -> Hashes:
    """The shingles of texts that have `counts` words each, at least one, one text after the other."""
    elements = np.zeros(words.size, dtype=np.uint64)
    for ahead in range(min(SHINGLE_WORDS, words.size)):
        elements *= _FACTOR
        elements[: words.size - ahead] += words[ahead:]
    ends = np.cumsum(counts)
    short = counts < SHINGLE_WORDS
    elements[(ends - counts)[short]] = contents[short]
    whole = np.ones(words.size, dtype=np.bool_)
    for last in range(1, SHINGLE_WORDS):
        # Would reach into the next text.
        whole[ends[counts > last] - last] = False
    return elements[whole]


def _plain(text: str) -> str:
    """A text beyond ASCII, so that what is left of it falls into the same words byte by byte as it does here."""
    parts, joined = [], True
    for found in _TOKEN.finditer(_folded(text)):
        inner = found.lastgroup == "inner"
        parts.append(found[0] if joined or inner else f" {found[0]}")
        joined = inner or found[0] == "!"
    return "".join(parts)


def _folded(text: str) -> str:
    """In one case and one form, every character of a script without spaces apart from the others."""
    if text.isascii():
        return text.lower()
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return _UNSPACED.sub(r" \g<0> ", folded.translate(_MINUS))


def _portions(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    """The texts in portions whose arrays stay in the processor's cache; a long text may exceed them."""
    lengths = np.fromiter(map(len, texts), dtype=np.int64, count=len(texts))
    cuts = (np.flatnonzero(np.diff(np.cumsum(lengths) // _PIECE)) + 1).tolist()
    return (texts[start:stop] for start, stop in itertools.pairwise([0, *cuts, len(texts)]))


def _cut(data: bytes) -> Iterator[bytes]:
    """A long text in pieces, never inside a word."""
    start = 0
    while len(data) - start > _PIECE and (gap := _GAP.search(data, start + _PIECE)):
        yield data[start : gap.start()]
        start = gap.end()
    yield data[start:]


def _hashed(parts: Sequence[bytes]) -> tuple[Hashes, IntArray]:
    """Hash of every word, and how many words each part has."""
    data = b"\n".join([b"", *parts, bytes(8)]).translate(_LOWER)
    starts, lengths = _words_in(np.frombuffer(data, dtype=np.uint8))
    ends = np.cumsum(np.fromiter(map(len, parts), dtype=np.int64, count=len(parts)) + 1)
    counts = np.diff(np.searchsorted(starts, ends), prepend=0)
    eight = np.ndarray((len(data) - 7,), dtype="<u8", buffer=data, strides=(1,))
    hashes = _mixed(eight[starts] & _FIRST_BYTES[np.minimum(lengths, 8)])
    longer = np.flatnonzero(lengths > 8)
    for ahead in range(8, _LONG, 8):
        longer = longer[lengths[longer] > ahead]
        rest = eight[starts[longer] + ahead] & _FIRST_BYTES[np.minimum(lengths[longer] - ahead, 8)]
        hashes[longer] = _mixed(hashes[longer] + rest)
    for number in np.flatnonzero(lengths > _LONG).tolist():
        word = data[starts[number] : starts[number] + lengths[number]]
        hashes[number] = int.from_bytes(hashlib.blake2b(word, digest_size=8).digest(), "little")
    return hashes, counts


def _words_in(data: NDArray[np.uint8]) -> tuple[IntArray, IntArray]:
    """Where each word begins and how many bytes it has: letters and digits in a row, or one symbol."""
    kinds = _KINDS[data]
    hyphens, inner, bangs = (np.flatnonzero(kinds == kind) for kind in (_HYPHEN, _INNER, _BANG))
    joins = (kinds[hyphens - 1] == _LETTER) & (kinds[hyphens + 1] == _LETTER)
    counts = (kinds[inner - 1] == _DIGIT) & (kinds[inner + 1] == _DIGIT)
    negates = data[bangs + 1] == ord("=")
    kinds[kinds == _DIGIT] = _LETTER
    for places, kept in ((hyphens, ~joins), (inner, counts), (bangs, negates)):
        kinds[places] = np.where(kept, _SYMBOL, 0)
    before, after = kinds[:-1], kinds[1:]
    edge = (before != after) | (after == _SYMBOL)
    starts = np.flatnonzero(edge & (after != 0)) + 1
    ends = np.flatnonzero(edge & (before != 0)) + 1
    return starts, ends - starts


def _mixed(values: Hashes) -> Hashes:
    """The finalizer of SplitMix64 (Steele 2014): every input bit moves every output bit; one to one."""
    values = values ^ (values >> np.uint64(30))
    values *= np.uint64(0xBF58476D1CE4E5B9)
    values ^= values >> np.uint64(27)
    values *= np.uint64(0x94D049BB133111EB)
    values ^= values >> np.uint64(31)
    return values
