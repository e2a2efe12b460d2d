"""Whose login is sent to whom? A login belongs to a host, so that an address which somebody types never gets that of another."""

from __future__ import annotations

import netrc
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit


def login_in_netrc(host: str, environment: Mapping[str, str]) -> tuple[str, str] | None:
    """Login and password of this very host in the file that `NETRC` names, else in `~/.netrc`: a default entry is meant for others.

    Args:
        host: with its port where it has one, as the file names it.
        environment: where `NETRC` may stand.
    """
    place = environment.get("NETRC") or "~/.netrc"
    try:
        entry = netrc.netrc(Path(place).expanduser()).hosts.get(host)
    except (OSError, netrc.NetrcParseError, RuntimeError, ValueError):
        return None
    return (entry[0] or "", entry[2]) if entry and entry[2] else None


def belongs(told: str, base: str) -> bool:
    """Is the login that was given for the first address one of the second? Never in the clear where it was given for https.

    >>> belongs("https://af.example.org/team", "https://af.example.org"), belongs("https://af.example.org", "http://af.example.org")
    (True, False)
    """
    ours, theirs = urlsplit(told if "://" in told else f"https://{told}"), urlsplit(base)
    is_downgraded = ours.scheme == "https" and theirs.scheme != "https"
    return ours.netloc.lower() == theirs.netloc.lower() != "" and not is_downgraded
