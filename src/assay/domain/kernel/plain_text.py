"""What of a text that somebody gave may stand in a line of output?"""

from __future__ import annotations

import re

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
_CONTROL_BUT_LINES = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]")


def without_control(text: str, *, lines: bool = False) -> str:
    r"""The text without what could steer a terminal or turn its direction: control characters and direction marks become a mark.

    Args:
        text: anything.
        lines: keep line ends; else they and tabs become blanks.

    >>> without_control("red \x1b[31m") == "red \ufffd[31m"
    True
    """
    if not lines:
        text = text.replace("\n", " ").replace("\t", " ")
    return (_CONTROL_BUT_LINES if lines else _CONTROL).sub("\ufffd", text)
