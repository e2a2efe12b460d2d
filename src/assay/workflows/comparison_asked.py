"""What does somebody ask who wants to see runs side by side? The same words in addresses of pages, in the API and behind options."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import TypeVar

from assay.domain.experiments.evidence import RunStatus
from assay.domain.kernel.readings import reading_of
from assay.domain.kernel.time import day_or_time
from assay.errors import Invalid
from assay.workflows.comparison_views import Across, ColourBy, ComparisonAsked, ComparisonFilters

MOST_RUNS_NAMED = 1000
MOST_METRICS = 4
MOST_CONFIG = 20
_LONGEST = 500
NAMES = (
    "run", "q", "ticket", "status", "source", "dataset", "seed", "since", "until", "config", "metric", "read", "across", "colour",
    "log", "smooth", "begin", "cursor",
)  # fmt: skip
"""Everything that can be asked."""
MOST_SMOOTH = 0.999
_T = TypeVar("_T")
Given = Mapping[str, Sequence[str]]


def comparison_asked(given: Given) -> ComparisonAsked:
    """The question that these parameters ask.

    Args:
        given: the values of every parameter; `run`, `config` (NAME=VALUE) and `metric` may have several. Empty ones ask nothing.

    Raises:
        Invalid: a value that cannot be read; `field` is the parameter.

    >>> asked = comparison_asked({"config": ["lr=0.1"], "log": ["values"], "smooth": ["0.9"], "since": ["2026-05-12"]})
    >>> asked.filters.config, asked.log_values, asked.smooth, asked.filters.since.isoformat()
    ((('lr', '0.1'),), True, 0.9, '2026-05-12T00:00:00+00:00')
    """
    kept = {name: [one.strip() for one in values if one.strip()] for name, values in given.items()}
    _must_be_short(kept)
    logs = kept.get("log", [])
    for one in logs:
        _one_of("log", one, ("across", "values"))
    return ComparisonAsked(
        filters=_filters(kept),
        metrics=tuple(dict.fromkeys(kept.get("metric", [])))[:MOST_METRICS],
        read=_read(kept, "read", reading_of),
        across=Across(_one_of("across", _one(kept, "across") or Across.STEP, tuple(Across))),
        colour=ColourBy(_one_of("colour", _one(kept, "colour") or ColourBy.GROUP, tuple(ColourBy))),
        log_across="across" in logs,
        log_values="values" in logs,
        smooth=_read(kept, "smooth", _weight) or 0.0,
        begin=_read(kept, "begin", _whole("begin")) or 0,
        cursor=_one(kept, "cursor") or None,
        given=tuple((name, one) for name, values in kept.items() for one in values),
    )


def _filters(kept: Given) -> ComparisonFilters:
    status = _one(kept, "status")
    until = _read(kept, "until", lambda text: _moment("until", text, after=True))
    return ComparisonFilters(
        runs=_at_most("run", kept, MOST_RUNS_NAMED),
        q=_one(kept, "q"),
        ticket=_ticket(_one(kept, "ticket")),
        status=_one_of("status", status, tuple(RunStatus)) if status else "",
        source=_one(kept, "source"),
        dataset=_one(kept, "dataset"),
        seed=_read(kept, "seed", _whole("seed")),
        since=_read(kept, "since", lambda text: _moment("since", text)),
        before=until,
        config=tuple(_entry(one) for one in _at_most("config", kept, MOST_CONFIG)),
    )


def _ticket(text: str) -> str:
    return text if text == "none" else text.upper()


def _one(kept: Given, name: str) -> str:
    values = kept.get(name, ())
    return values[-1] if values else ""


def _read(kept: Given, name: str, reader: Callable[[str], _T]) -> _T | None:
    text = _one(kept, name)
    return reader(text) if text else None


def _at_most(name: str, kept: Given, most: int) -> tuple[str, ...]:
    values = tuple(dict.fromkeys(kept.get(name, ())))
    if len(values) > most:
        raise _malformed(name, f"{len(values):,} of them", f"at most {most:,}")
    return values


def _must_be_short(kept: Given) -> None:
    for name, values in kept.items():
        if any(len(one) > _LONGEST for one in values):
            raise _malformed(name, f"more than {_LONGEST} characters", "a shorter text")


def _entry(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise _malformed("config", ascii(text)[:60], "NAME=VALUE, such as lr=0.1")
    return name.strip(), value.strip()


def _one_of(name: str, text: str, known: Sequence[str]) -> str:
    if text not in known:
        raise _malformed(name, ascii(text)[:60], f"one of: {', '.join(known)}")
    return text


def _whole(name: str) -> Callable[[str], int]:
    def read(text: str) -> int:
        digits = text.removeprefix("-") if name == "seed" else text
        if not (digits.isascii() and digits.isdigit() and len(digits) < 19):
            raise _malformed(name, ascii(text)[:40], "a whole number")
        return int(text)

    return read


def _weight(text: str) -> float:
    try:
        weight = float(text)
    except ValueError:
        weight = -1.0
    if not 0.0 <= weight <= MOST_SMOOTH:
        raise _malformed("smooth", ascii(text)[:40], f"a weight from 0 to {MOST_SMOOTH:g}")
    return weight


def _moment(name: str, text: str, *, after: bool = False) -> datetime:
    """The moment that a text names: a day is its beginning, or its end."""
    try:
        found: date = day_or_time(text)
    except ValueError as error:
        raise _malformed(name, ascii(text)[:40], str(error)) from None
    if isinstance(found, datetime):
        return found
    return datetime.combine(found + timedelta(days=1) if after else found, time(), UTC)


def _malformed(name: str, found: str, expected: str) -> Invalid:
    return Invalid(
        f"cannot compare runs by {name}: found {found} (expected {expected})",
        hint="leave it out to ask nothing by it",
        code="comparison-malformed",
        field=name,
    )
