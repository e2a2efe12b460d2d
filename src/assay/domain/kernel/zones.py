"""Where do people work: what is the hour of a moment there?"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, StringConstraints
from pydantic_core import PydanticCustomError

DEFAULT_TIME_ZONE = "UTC"
_OF_ONE_MACHINE = frozenset({"localtime", "posixrules", "Factory", "posix", "right"})
"""Files that some machines keep beside the zones: elsewhere the name means another zone, or none."""
NIGHT_BEGINS_HOUR, NIGHT_ENDS_HOUR = 18, 8


def known_time_zone(name: str) -> str:
    """Is this a name in the IANA time zone database? The name as given.

    Raises:
        PydanticCustomError: it is not; the message says what was expected.

    >>> known_time_zone("America/Los_Angeles")
    'America/Los_Angeles'
    """
    try:
        is_known = name.partition("/")[0] not in _OF_ONE_MACHINE and ZoneInfo(name).key == name
    except (ValueError, OSError, LookupError):
        is_known = False
    if not is_known:
        raise PydanticCustomError(
            "time_zone_unknown",
            "no time zone is called {name} (expected a name of the IANA database such as Europe/Berlin, or UTC)",
            {"name": repr(name[:60])},
        )
    return name


TimeZoneName = Annotated[str, StringConstraints(min_length=1, max_length=60), AfterValidator(known_time_zone)]


def is_at_night(at: datetime, time_zone: str) -> bool:
    """Do people of this zone usually not work at that moment of the day?

    >>> from datetime import UTC
    >>> three_in_california = datetime(2026, 5, 25, 22, tzinfo=UTC)
    >>> is_at_night(three_in_california, "America/Los_Angeles"), is_at_night(three_in_california, "UTC")
    (False, True)
    """
    hour = local(at, time_zone).hour
    return hour >= NIGHT_BEGINS_HOUR or hour < NIGHT_ENDS_HOUR


def working_day_before(at: datetime, time_zone: str) -> datetime:
    """The same moment of the working day before, by the calendar of this zone.

    >>> from datetime import UTC
    >>> working_day_before(datetime(2026, 5, 25, 9, tzinfo=UTC), "Europe/Berlin").isoformat()
    '2026-05-22T09:00:00+00:00'
    """
    return at - timedelta(days={0: 3, 6: 2}.get(local(at, time_zone).weekday(), 1))


def local(at: datetime, time_zone: str) -> datetime:
    """The same moment on the clocks of this zone.

    >>> from datetime import UTC
    >>> local(datetime(2026, 5, 25, 22, tzinfo=UTC), "America/Los_Angeles").hour
    15
    """
    return at.astimezone(ZoneInfo(time_zone))
