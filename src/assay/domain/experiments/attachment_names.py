"""Under which name is a file shown that somebody sent? The name is for people alone: files are kept by digest."""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import quote

LONGEST = 150
_PLAIN = re.compile(r"[^A-Za-z0-9._-]")


def attachment_name(sent: str) -> str:
    r"""The last part of a path, without what cannot be shown; empty where nothing is left.

    >>> attachment_name("C:\\Users\\ada\\plot.png"), attachment_name("../../etc/passwd"), attachment_name("a\x00\u202egnp.exe")
    ('plot.png', 'passwd', 'agnp.exe')
    """
    last = re.split(r"[\\/]", unicodedata.normalize("NFC", sent))[-1]
    shown = "".join(c for c in last if unicodedata.category(c)[0] != "C" and c not in "\u2028\u2029")
    name = " ".join(shown.split()).strip(". ")
    if len(name) <= LONGEST:
        return name
    stem, dot, suffix = name.rpartition(".")
    if not dot or len(suffix) > 20:
        return name[:LONGEST]
    return f"{stem[: LONGEST - len(suffix) - 1]}.{suffix}"


def disposition(name: str) -> str:
    """Which header makes a browser save a file under this name and never show it (RFC 6266)?

    >>> print(disposition("Größe 1.csv"))
    attachment; filename="Gr__e_1.csv"; filename*=UTF-8''Gr%C3%B6%C3%9Fe%201.csv
    """
    return f"attachment; filename=\"{_PLAIN.sub('_', name)}\"; filename*=UTF-8''{quote(name, safe='')}"
