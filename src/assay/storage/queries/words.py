"""Which words does a searcher mean? Whatever was typed becomes plain words; nothing of it is query syntax."""

from __future__ import annotations

import re
from unicodedata import combining, normalize

MAX_WORDS = 12
MAX_WORD_LENGTH = 60
_WORD = re.compile(r"[^\W_]+")
_SHORTEST_WITH_FORMS = 4
_HISSING = ("ss", "us", "is", "as", "x", "z", "ch", "sh")
"""A word that ends so gets "es" in the plural."""

# Words that carry no meaning for "did we try this already?"; a small project has too few texts to learn that by count.
FUNCTION_WORDS = frozenset(
    """
    a about after again all almost along also always an and another any are around as at away back be because become becomes
    been before being below between big bigger both bring brings but by call came can cannot come comes could do does down
    during each either else end enough even ever every far fast faster few first five for four from full further get gets
    give gives goes going good had half has have her here high higher his hold holds how if in instead into is it its just
    keep keeps large larger least less let lets like long low lower made make makes many may mean means might more most much
    must never new next no nobody none not nothing now of off often old on once one only or other our out over own part
    parts per quite rather reach reaches really said same say says second see seen several she short should show shows since
    slow slower small smaller so some something soon stay stays still such take takes ten than that the their them then
    there these they thing things think third this three through times to today together too toward tried try trying twice
    two under until up us use used uses using very via want wants was way we well were what when where whether which while
    who whole whose why will with within without work works would yet you your
    """.split()  # noqa: SIM905  # as a list it would take a line a word
)
# So do words that every second experiment is written with.
TRADE_WORDS = frozenset(
    """
    accuracy baseline baselines best better candidate data experiment experiments gain gains hypothesis improve improved
    improves lift lifts metric metrics model models number percent point points run runs score scores seed seeds test tests
    train trained training worse
    """.split()  # noqa: SIM905  # as a list it would take a line a word
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
    """The distinct words of a text that may tell it from another one; numbers alone never do.

    >>> telling_words("Train the 8B model on 50,000 support tickets with rank 16")
    ['support', 'tickets', 'rank']
    """
    valid = text.encode("utf-8", "ignore").decode("utf-8")
    words = (word[:MAX_WORD_LENGTH].lower() for word in _WORD.findall(valid))
    told: dict[str, None] = {}
    for word in words:
        if _tells(word) and told.keys().isdisjoint(word_forms(word)):
            told[word] = None
    return list(told)[:limit]


def spoken_words(text: str) -> frozenset[str]:
    r"""Every word of a text, lower case and without its accents.

    >>> sorted(spoken_words("Caf\u00e9 answers, caf\u00e9 refusals"))
    ['answers', 'cafe', 'refusals']
    """
    valid = text.encode("utf-8", "ignore").decode("utf-8").lower()
    found = frozenset(word[:MAX_WORD_LENGTH] for word in _WORD.findall(valid))
    return found if valid.isascii() else frozenset(map(folded, found))


def word_forms(word: str) -> tuple[str, ...]:
    """The word itself, then what may be its singular or its plural, in English.

    Whoever seeks one form means the others. They are asked for beside the word, so that a guess that is no word finds
    nothing, and beginnings and identifiers stay exact: what is short or holds a digit has no other form.

    >>> word_forms("networks"), word_forms("forest"), word_forms("hypotheses")
    (('networks', 'network'), ('forest', 'forests'), ('hypotheses', 'hypothes', 'hypothese', 'hypothesis'))
    >>> word_forms("lr"), word_forms("8b16s")
    (('lr',), ('8b16s',))
    """
    if len(word) < _SHORTEST_WITH_FORMS or not (word.isascii() and word.isalpha()):
        return (word,)
    return tuple(dict.fromkeys((word, *_singulars(word), *_plurals(word))))


def _singulars(word: str) -> tuple[str, ...]:
    stem = word[:-2]
    if not word.endswith("s") or word.endswith(("ss", "us", "is")):
        return ()
    if word.endswith("ies"):
        return word[:-3] + "y", word[:-1]
    if word.endswith("ices"):
        return word[:-1], word[:-4] + "ix", word[:-4] + "ex"
    if word.endswith(("ses", "xes")):
        return stem, word[:-1], stem + "is"
    return (stem, word[:-1]) if word.endswith(("zes", "ches", "shes")) else (word[:-1],)


def _plurals(word: str) -> tuple[str, ...]:
    if word.endswith("is"):
        return (word[:-2] + "es",)
    if word.endswith(("ix", "ex")):
        return word + "es", word[:-2] + "ices"
    if word.endswith(_HISSING):
        return (word + "es",)
    if word.endswith("s"):
        return ()
    return (word[:-1] + "ies",) if word.endswith("y") and word[-2] not in "aeiou" else (word + "s",)


def is_alike(shared: int, of: int) -> bool:
    """Do two texts that share so many telling words speak of one thing? Two words do, or half of a short text.

    >>> is_alike(2, of=9), is_alike(1, of=9), is_alike(1, of=2), is_alike(0, of=0)
    (True, False, True, False)
    """
    return shared >= 2 or 0 < of <= 2 * shared


def folded(word: str) -> str:
    r"""A word without its accents, as the index of SQLite holds it.

    >>> folded("caf\u00e9")
    'cafe'
    """
    return "".join(c for c in normalize("NFKD", word) if not combining(c))


def _tells(word: str) -> bool:
    return (
        len(word) > 2
        and any(letter.isalpha() for letter in word)
        and word not in FUNCTION_WORDS
        and word not in TRADE_WORDS
    )


def ends_inside_word(text: str) -> bool:
    """Is the last word still being typed?"""
    return bool(text) and (text[-1].isalnum())
