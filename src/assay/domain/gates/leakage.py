"""Which examples of an evaluation set stand in the training data, word for word or nearly so?

Texts are compared by their words (see `shingles`). Nearly the same means a Jaccard similarity of three-word shingles from
the threshold up. What is named as word for word the same was compared word for word, not by hashes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from assay.domain.gates.overlap import Overlap
from assay.domain.gates.shingles import normalised, shingled
from assay.domain.gates.wording import count
from assay.stats.similar_sets import Hashes, IntArray, SetIndex, Sets, check_threshold, similar_partners


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
    training row of each kind is named. Texts without a single word are left out and counted in a note; another note says
    where an example looked like so many rows that not all were compared. Without that note no near-duplicate is missed.

    >>> found = find_overlap([("q1", "What is 2+2?"), ("q2", "Name a prime.")], [[("t9", "what IS 2 + 2"), ("q2", "Other")]])
    >>> found.same_text, found.same_id, found.examined, found.training
    ((('q1', 't9'),), ('q2',), 2, 2)
    """
    check_threshold(near)
    search = _Search.of(list(examples), near)
    for portion in training:
        search.look_through(portion)
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
class _Texts:
    """Texts as sets of shingles; texts without a word are left out, and of equal ones only the first becomes a set.

    Attributes:
        names: of each text.
        texts: each as it stands.
        content: different contents, increasing.
        holder: number of the first text with each of these.
        same: for each text, which of these contents it has.
        sets: shingles of the holders, in the order of the texts.
        set_of: which of these sets each content has.
    """

    names: Sequence[str]
    texts: Sequence[str]
    content: Hashes
    holder: IntArray
    same: IntArray
    sets: Sets
    set_of: IntArray

    @classmethod
    def of(cls, names: Sequence[str], texts: Sequence[str]) -> _Texts:
        found = shingled(texts)
        if not found.words.all():
            some = np.flatnonzero(found.words).tolist()
            names, texts = [names[at] for at in some], [texts[at] for at in some]
        content, holder, same = np.unique(found.content, return_index=True, return_inverse=True)
        sets = found.sets if holder.size == len(texts) else found.sets.chosen(np.sort(holder))
        return cls(names, texts, content, holder, same, sets, np.argsort(np.argsort(holder)))


@dataclass(slots=True, eq=False)
class _Search:
    """What has been found of one evaluation set so far."""

    examined: int
    ids: frozenset[str]
    evaluation: _Texts
    index: SetIndex
    near: float
    rows: int = 0
    complete: bool = True
    same_id: set[str] = field(default_factory=set)
    same_text: dict[str, str] = field(default_factory=dict)
    near_text: dict[str, tuple[str, float]] = field(default_factory=dict)

    @classmethod
    def of(cls, examples: Sequence[tuple[str, str]], near: float) -> _Search:
        names, texts = _columns(examples)
        evaluation = _Texts.of(names, texts)
        return cls(len(names), frozenset(names), evaluation, SetIndex.of(evaluation.sets), near)

    def look_through(self, portion: Sequence[tuple[str, str]]) -> None:
        names, texts = _columns(portion)
        self.rows += len(names)
        self.same_id |= self.ids.intersection(names)
        training = _Texts.of(names, texts)
        self._same_texts(training)
        self._near_texts(training)

    def _same_texts(self, training: _Texts) -> None:
        ours = self.evaluation
        _, here, there = np.intersect1d(
            ours.content, training.content, assume_unique=True, return_indices=True
        )
        row = np.full(ours.content.size, -1, dtype=np.int64)
        row[here] = training.holder[there]
        row = row[ours.same]
        for at in np.flatnonzero(row >= 0).tolist():
            name, text, other = ours.names[at], ours.texts[at], training.texts[row[at]]
            if name not in self.same_text and (text == other or normalised(text) == normalised(other)):
                self.same_text[name] = training.names[row[at]]

    def _near_texts(self, training: _Texts) -> None:
        ours = self.evaluation
        found = similar_partners(self.index, training.sets, self.near)
        self.complete &= found.complete
        holders = np.sort(training.holder)
        row, similarity = np.full(ours.sets.count, -1, dtype=np.int64), np.zeros(ours.sets.count)
        row[found.sets], similarity[found.sets] = holders[found.partners], found.similarity
        row, similarity = row[ours.set_of][ours.same], similarity[ours.set_of][ours.same]
        for at in np.flatnonzero(row >= 0).tolist():
            name = ours.names[at]
            if similarity[at] > self.near_text.get(name, ("", 0.0))[1]:
                self.near_text[name] = training.names[row[at]], float(similarity[at])

    def overlap(self) -> Overlap:
        near = [(name, *found) for name, found in self.near_text.items() if name not in self.same_text]
        return Overlap(
            examined=self.examined,
            training=self.rows,
            same_id=tuple(sorted(self.same_id)),
            same_text=tuple(sorted(self.same_text.items())),
            near_text=tuple(sorted(near, key=lambda one: (-one[2], one[0]))),
            compared="ids and texts",
            notes=self._notes(),
        )

    def _notes(self) -> tuple[str, ...]:
        wordless = self.examined - len(self.evaluation.names)
        notes = []
        if wordless:
            notes.append(f"{count(wordless, 'example')} without a word compared by id only")
        if not self.complete:
            notes.append("some examples look like so many training rows that not all of these were compared")
        return tuple(notes)


def _columns(rows: Sequence[tuple[str, str]]) -> tuple[Sequence[str], Sequence[str]]:
    return [name for name, _ in rows], [text for _, text in rows]
