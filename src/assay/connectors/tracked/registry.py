"""Which kinds of trackers can be read? Those that packages register as entry points, ours and third parties' alike."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points

from assay.connectors.tracked.reader import TrackerReader
from assay.errors import Unavailable

GROUP = "assay.trackers"


class InstalledTrackers(Mapping[str, TrackerReader]):
    """Readers by kind. Packages are looked through when the first kind is asked for, and one is imported when it is read."""

    def __getitem__(self, kind: str) -> TrackerReader:
        """A reader of this kind.

        Raises:
            KeyError: nobody registered one.
            Unavailable: its package is broken.
        """
        point = _installed()[kind]
        try:
            reader = point.load()()
        except Exception as error:
            why = f"its package fails ({type(error).__name__}: {str(error)[:100]})"
            raise _unusable(kind, why, "a class that is made without arguments") from error
        if not isinstance(reader, TrackerReader):
            raise _unusable(kind, "what its package registers is no reader of trackers", "changes and check")
        return reader

    def __contains__(self, kind: object) -> bool:
        return kind in _installed()

    def __iter__(self) -> Iterator[str]:
        return iter(_installed())

    def __len__(self) -> int:
        return len(_installed())


def _unusable(kind: str, fact: str, expected: str) -> Unavailable:
    return Unavailable(
        f"cannot read trackers of kind '{kind[:60]}': {fact} (expected {expected})",
        hint="install the package that brings this reader again, or disconnect the tracker: assay source list",
        code="tracker-reader-broken",
    )


@cache
def _installed() -> dict[str, EntryPoint]:
    """By kind, in alphabetical order. Ours come first, so that no package can take over the name of one."""
    found = sorted(
        entry_points(group=GROUP), key=lambda point: (not point.value.startswith("assay."), point.value)
    )
    installed: dict[str, EntryPoint] = {}
    for point in found:
        installed.setdefault(point.name, point)
    return dict(sorted(installed.items()))
