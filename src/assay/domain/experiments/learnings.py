"""Was something learned that the next person can read?"""

from __future__ import annotations

import re

from assay.errors import Invalid

MAX_LEARNINGS = 20_000
MIN_WORDS = 3
_WORD = re.compile(r"[^\W\d_]+(?:['\u2019-][^\W\d_]+)*")
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
"""Scripts written without spaces (and Korean): there, a few letters are several words."""
MIN_UNSPACED = 6
_EMPTY_WORDS = frozenset(
    [
        "a",
        "an",
        "and",
        "as",
        "asdf",
        "asdfasdf",
        "bar",
        "be",
        "been",
        "blah",
        "did",
        "do",
        "done",
        "etc",
        "foo",
        "for",
        "has",
        "have",
        "is",
        "it",
        "just",
        "later",
        "lorem",
        "n",
        "na",
        "nil",
        "no",
        "none",
        "not",
        "nothing",
        "null",
        "of",
        "ok",
        "okay",
        "on",
        "qwerty",
        "see",
        "tba",
        "tbd",
        "test",
        "that",
        "the",
        "this",
        "to",
        "todo",
        "was",
        "will",
        "with",
        "x",
        "xx",
        "xxx",
        "yes",
    ]
)
"""A text made of these alone says nothing."""


def checked_learnings(text: str) -> str:
    """Do these learnings say something? Returns them without outer white space.

    A sentence of at least three different words, in any script, that is not made of fillers alone.

    Raises:
        Invalid: they are empty, a placeholder ("n/a", "tbd", "asdf"), or longer than 20,000 characters.

    >>> checked_learnings(" LoRA rank 4 underfits billing questions. ")
    'LoRA rank 4 underfits billing questions.'
    """
    words = text.strip()
    if len(words) > MAX_LEARNINGS:
        raise _refused(
            f"found {len(words)} characters", f"at most {MAX_LEARNINGS} characters", "learnings-too-long"
        )
    if not words:
        raise _refused("they are empty", "at least one sentence", "learnings-missing")
    if not _says_something(words):
        shown = "".join(c if c.isprintable() else "\ufffd" for c in words[:40])
        raise _refused(
            f"'{shown}' is no sentence", "at least one sentence of three words or more", "learnings-missing"
        )
    return words


def _says_something(text: str) -> bool:
    if len(set(_UNSPACED.findall(text))) >= MIN_UNSPACED:
        return True
    found = {word.lower() for word in _WORD.findall(text)}
    telling = [word for word in found if len(set(word)) > 1 and word not in _EMPTY_WORDS]
    return len(found) >= MIN_WORDS and len(telling) >= 2


def _refused(fact: str, expected: str, code: str) -> Invalid:
    return Invalid(
        f"cannot close experiment with these learnings: {fact} (expected {expected})",
        hint="say what you know now that you did not know before, such as 'LoRA rank 4 underfits billing questions'",
        code=code,
        field="learnings",
    )
