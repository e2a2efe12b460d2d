"""How moments, counts and numbers are written on pages."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from types import MappingProxyType

from markupsafe import Markup

UNKNOWN = "not known"
UNBROKEN = "\u2011"
"""A hyphen at which no line ends, for figures in narrow boxes."""

DECISIONS: Mapping[str, str] = MappingProxyType(
    {"promote": "promoted", "iterate": "iterating", "kill": "killed"}
)
RECOMMENDATIONS: Mapping[str, str] = MappingProxyType(
    {"promote": "Promote", "iterate": "Iterate", "kill": "Kill", "undecided": "Not known yet"}
)
OUTCOMES: Mapping[str, tuple[str, str, str]] = MappingProxyType(
    {
        "met": ("met", "promote", "check"),
        "not_met": ("not met", "kill", "cross"),
        "unclear": ("unclear", "iterate", "question"),
        "no_evidence": ("no evidence", "", "circle"),
        "invalid": ("invalid", "blocked", "warning"),
    }
)
"""Outcome to the word, the colour and the icon it is shown with."""
RECOMMENDATION_ICONS: Mapping[str, str] = MappingProxyType(
    {"promote": "up", "iterate": "loop", "kill": "stop", "undecided": "question"}
)


def day(moment: datetime) -> str:
    """The day a moment falls on.

    >>> day(datetime(2026, 5, 12, 9, tzinfo=UTC))
    '12 May 2026'
    """
    return f"{moment.day} {moment:%b %Y}"


def clock(moment: datetime) -> str:
    """A moment to the minute, where the page says that its times are UTC.

    >>> clock(datetime(2026, 5, 12, 9, 5, tzinfo=UTC))
    '12 May 2026, 09:05'
    """
    moment = moment.astimezone(UTC)
    return f"{day(moment)}, {moment:%H:%M}"


def minute(moment: datetime) -> str:
    """A moment to the minute, in UTC.

    >>> minute(datetime(2026, 5, 12, 9, 5, tzinfo=UTC))
    '12 May 2026, 09:05 UTC'
    """
    return f"{clock(moment)} UTC"


def iso(moment: datetime) -> str:
    """The machine-readable form of a moment, for `<time datetime>`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def plural(count: int, one: str, many: str | None = None) -> str:
    """A count with its noun.

    >>> plural(1, "run"), plural(3, "run")
    ('1 run', '3 runs')
    """
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def percent_of_bar(share: float | None) -> str | None:
    """A share of a bar as an SVG length, held inside the bar; None stays None.

    >>> percent_of_bar(0.5), percent_of_bar(1.7), percent_of_bar(None)
    ('50%', '100%', None)
    """
    if share is None or not math.isfinite(share):
        return None
    return f"{round(min(1.0, max(0.0, share)) * 100, 2):g}%"


def initials(name: str) -> str:
    """Two letters for a person.

    >>> initials("Ada Lovelace"), initials("jo"), initials("")
    ('AL', 'JO', '')
    """
    words = [
        word
        for word in name.replace(".", " ").replace("_", " ").replace("-", " ").split()
        if word[0].isalnum()
    ]
    if len(words) >= 2:
        return (words[0][0] + words[-1][0]).upper()
    return words[0][:2].upper() if words else ""


def shared_words(words: Sequence[str], most: int = 5) -> str:
    """Why a past ticket is shown beside a draft.

    >>> shared_words(("router", "retrieval")), shared_words(())
    ('both say: router, retrieval', '')
    """
    more = f" and {len(words) - most} more" if len(words) > most else ""
    return f"both say: {', '.join(words[:most])}{more}" if words else ""


def marked(excerpt: str, matches: Iterable[tuple[int, int]]) -> Markup:
    """A search excerpt as HTML: every part is escaped, the matched words stand in <mark>.

    >>> str(marked("a <b> c", ((2, 5),)))
    'a <mark>&lt;b&gt;</mark> c'
    """
    html, after = Markup(""), 0
    for begin, end in matches:
        html += Markup("{}<mark>{}</mark>").format(excerpt[after:begin], excerpt[begin:end])
        after = end
    return html + excerpt[after:]


def safe_link(url: str | None) -> str:
    """An address that came with a run, when a browser may follow it: http and https only.

    >>> safe_link("https://mlflow.example/1"), safe_link("javascript:alert(1)"), safe_link(None)
    ('https://mlflow.example/1', '', '')
    """
    text = (url or "").strip()
    return text if text.lower().startswith(("http://", "https://")) else ""


def file_size(amount: int) -> str:
    """Bytes in a few words.

    >>> file_size(900), file_size(15_300), file_size(2_400_000)
    ('900 B', '15.3 kB', '2.4 MB')
    """
    if amount < 1000:
        return f"{amount} B"
    return f"{amount / 1000:,.1f} kB" if amount < 1_000_000 else f"{amount / 1e6:,.1f} MB"
