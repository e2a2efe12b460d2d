"""Which words does a searcher mean? Whatever was typed becomes plain words; nothing of it is query syntax."""

from __future__ import annotations

import re

MAX_WORDS = 12
MAX_WORD_LENGTH = 60
_WORD = re.compile(r"[^\W_]+")

# Function words carry no meaning for "did we try this already?"; a small project has too few texts to learn that by count.
FUNCTION_WORDS = frozenset(
    [
        "a",
        "an",
        "and",
        "are",
        "as",
        "at",
        "be",
        "been",
        "but",
        "by",
        "can",
        "do",
        "does",
        "for",
        "from",
        "had",
        "has",
        "have",
        "if",
        "in",
        "into",
        "is",
        "it",
        "its",
        "more",
        "no",
        "not",
        "of",
        "on",
        "or",
        "our",
        "so",
        "than",
        "that",
        "the",
        "their",
        "then",
        "there",
        "these",
        "they",
        "this",
        "to",
        "too",
        "was",
        "we",
        "were",
        "what",
        "when",
        "which",
        "who",
        "why",
        "will",
        "with",
        "would",
    ]
)


def search_words(text: str) -> list[str]:
    r"""The distinct words, lower case, in order, at most 12.

    >>> search_words('LoRA "rank" 16 OR lora* \x00 --')
    ['lora', 'rank', '16', 'or']
    """
    valid = text.encode("utf-8", "ignore").decode("utf-8")
    words = (word[:MAX_WORD_LENGTH].lower() for word in _WORD.findall(valid))
    return list(dict.fromkeys(words))[:MAX_WORDS]


def telling_words(text: str, *, limit: int = 40) -> list[str]:
    """The distinct words of a text that may tell it from another one."""
    valid = text.encode("utf-8", "ignore").decode("utf-8")
    words = (word[:MAX_WORD_LENGTH].lower() for word in _WORD.findall(valid))
    kept = (word for word in words if word not in FUNCTION_WORDS and (len(word) > 2 or word.isdigit()))
    return list(dict.fromkeys(kept))[:limit]


def ends_inside_word(text: str) -> bool:
    """Is the last word still being typed?"""
    return bool(text) and (text[-1].isalnum())
