"""What is the next piece of a criterion's text? One pass, no backtracking: every piece is one anchored match."""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal

from assay.domain.experiments.criteria.amounts import UNIT_WORDS
from assay.domain.experiments.criteria.faults import CriterionError, Part, Span
from assay.domain.experiments.criteria.model import Comparison
from assay.domain.experiments.exact_numbers import MAX_DIGITS, fits, plain
from assay.domain.experiments.fields import shown

NAME_MAX = 100
_SPACE = re.compile("[ \\t\\r\\n\u00a0\u2009\u202f]*")
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_.\-/]*")
_NUMBER = re.compile("[+\\-\u2212]?(?:[0-9]+(?:\\.[0-9]+)?|\\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_INTEGER = re.compile(r"[0-9]+")
_DATASET = re.compile(r"([A-Za-z0-9_][A-Za-z0-9_.\-/]*)(?:@([A-Za-z0-9_.\-]*))?")
_COMPARISON = re.compile("==|>=|<=|>|<|\u2265|\u2264")
_COMPARISONS = {"\u2265": Comparison.AT_LEAST, "\u2264": Comparison.AT_MOST}
_PIECE = re.compile(r"[^\s]{1,40}")


class Scanner:
    """A cursor over the text. Methods named `take_...` return None, and stay, where the piece is not there."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0
        self.spans: dict[Part, Span] = {}
        """Where each part of the criterion was found."""
        self._skip_space()

    @property
    def at_end(self) -> bool:
        """Is everything read?"""
        return self.position >= len(self.text)

    def mark(self, part: Part, start: int) -> None:
        """Remember that the part stands from `start` to the last character read."""
        self.spans[part] = Span(start, len(self.text[: self.position].rstrip()))

    def take_word(self) -> str | None:
        """The next word, in its own case."""
        return self._take(_WORD)

    def peek_word(self) -> str:
        """The next word in lower case, empty where none is; the cursor stays."""
        found = _WORD.match(self.text, self.position)
        return found.group().lower() if found else ""

    def take_keyword(self, *words: str) -> bool:
        """Are these the next words, whatever their case? All or nothing."""
        before = self.position
        for word in words:
            if self.peek_word() != word:
                self.position = before
                return False
            self._take(_WORD)
        return True

    def need_keyword(self, *words: str) -> None:
        """These words, one by one; the first that is missing is the error."""
        for word in words:
            if not self.take_keyword(word):
                raise self.unexpected(f"'{word}'")

    def take_symbol(self, symbol: str) -> bool:
        """Is this symbol next?"""
        if not self.text.startswith(symbol, self.position):
            return False
        self.position += len(symbol)
        self._skip_space()
        return True

    def take_comparison(self) -> Comparison | None:
        """The next comparison sign; the typographic signs are read as well."""
        found = self._take(_COMPARISON)
        return None if found is None else _COMPARISONS.get(found) or Comparison(found)

    def need_number(self) -> tuple[Decimal, bool]:
        """The next number, exact, and whether it was written as an integer."""
        start = self.position
        literal = self._take(_NUMBER)
        if literal is None:
            raise self.unexpected("a number", part="amount")
        if (
            self.text[self.position : self.position + 1] in (",", "_", "'")
            and self.text[self.position - 1].isdigit()
        ):
            self._refuse_number(
                start, "a number with separators", "digits with a point, such as 1000 or 0.85"
            )
        digits = sum(c.isdigit() for c in literal)
        if digits > 2 * MAX_DIGITS or not _exponent_fits(literal):
            self._refuse_number(start, "a number with too many digits", f"at most {MAX_DIGITS} digits")
        number = Decimal(literal.replace("\u2212", "-"))
        if not fits(number):
            self._refuse_number(start, "a number with too many digits", f"at most {MAX_DIGITS} digits")
        return plain(number), "." not in literal and "e" not in literal.lower()

    def need_integer(self, what: str) -> int:
        """The next whole number."""
        start = self.position
        literal = self._take(_INTEGER)
        if literal is None:
            raise self.unexpected(what, part="count")
        if len(literal) > MAX_DIGITS:
            self._refuse_number(start, "a number with too many digits", what)
        if self.text[self.position : self.position + 1] in (".", ","):
            self._refuse_number(start, "a number that is not whole", what)
        return int(literal)

    def take_unit(self) -> str | None:
        """The next unit in canonical spelling; None where the next word is no unit."""
        unit = UNIT_WORDS.get(self.peek_word())
        if unit is not None:
            self._take(_WORD)
        return unit

    def need_dataset(self) -> tuple[str, str | None]:
        """The next data set name and its version."""
        found = _DATASET.match(self.text, self.position)
        if found is None:
            raise self.unexpected("a data set such as support-eval@3", part="dataset")
        name, version = found.groups()
        end = found.end()
        if version == "" or len(name) > NAME_MAX or len(version or "") > 40 or not _ends(self.text, end):
            raise CriterionError(
                "this is no data set name",
                expected=("a name of at most 100 characters, then @ and a version, such as support-eval@3",),
                part="dataset",
                span=Span(end if version == "" or not _ends(self.text, end) else found.start(), end),
            )
        self._to(end)
        return name, version

    def unexpected(self, *expected: str, part: Part = "whole", hint: str = "") -> CriterionError:
        """The error for what stands at the cursor."""
        span = Span(self.position, min(self.position + 1, len(self.text)))
        return CriterionError(
            _found(self.text, self.position), expected=expected, part=part, span=span, hint=hint
        )

    def _take(self, pattern: re.Pattern[str]) -> str | None:
        found = pattern.match(self.text, self.position)
        if found is None:
            return None
        self._to(found.end())
        return found.group()

    def _to(self, position: int) -> None:
        self.position = position
        self._skip_space()

    def _skip_space(self) -> None:
        found = _SPACE.match(self.text, self.position)
        assert found is not None  # the pattern matches nothing at all, too
        self.position = found.end()

    def _refuse_number(self, start: int, fact: str, expected: str) -> None:
        raise CriterionError(
            fact,
            expected=(expected,),
            code="criterion-number",
            part="amount",
            span=Span(start, self.position),
        )


def _exponent_fits(literal: str) -> bool:
    _, _, exponent = literal.lower().partition("e")
    return len(exponent) <= 3


def _ends(text: str, position: int) -> bool:
    return position >= len(text) or text[position].isspace()


def _found(text: str, position: int) -> str:
    if position >= len(text):
        return "the text ends here"
    character = text[position]
    if character.isascii() and character.isprintable():
        piece = _PIECE.match(text, position)
        return f"found '{shown(piece.group() if piece else character)}'"
    name = unicodedata.name(character, "a character without a name")
    return f"found U+{ord(character):04X} ({name.lower()})"
