"""Lengths of time in words."""

from __future__ import annotations


def duration_text(days: float) -> str:
    """A length of time, given in days, in the unit people would use.

    >>> duration_text(6.25), duration_text(1.0), duration_text(0.5), duration_text(0.01), duration_text(0.0001)
    ('6.2 days', '1 day', '12 hours', '14 minutes', 'less than a minute')
    """
    shown = f"{days:.1f}".removesuffix(".0")
    if float(shown) >= 1.0:
        return f"{shown} day{'' if shown == '1' else 's'}"
    minutes = round(days * 24 * 60)
    if minutes >= 120:
        return f"{round(days * 24)} hours"
    return f"{minutes} minute{'' if minutes == 1 else 's'}" if minutes else "less than a minute"
