"""To which addresses may this program connect for somebody who names a server?

Trackers of a team stand on this machine or in private networks, so those are allowed. What is never a tracker, and must not
be asked by anybody who can only type an address here, are link-local addresses and the metadata services of clouds, which hand
out credentials to whoever asks from inside. A name is resolved once, every address it stands for is looked at, and the
connection goes to exactly those: a name that says something else a moment later changes nothing.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import httpx2

from assay.errors import Invalid

Address = IPv4Address | IPv6Address

_METADATA_NAMES = frozenset(
    {"metadata", "metadata.google.internal", "metadata.goog", "instance-data", "instance-data.ec2.internal"}
)
_METADATA = frozenset(
    map(ip_address, ("100.100.100.200", "168.63.129.16", "192.0.0.192", "fd00:ec2::254", "fd20:ce::254"))
)
"""Metadata services that are not link-local."""
_NAT64 = ip_network("64:ff9b::/96")


def checked_addresses(
    host: str, *, shown: str, refused: Callable[[str, str], Invalid] | None = None
) -> tuple[str, ...]:
    """Every address that this host stands for, in the order in which they are to be tried.

    Args:
        host: a name or an address, in any spelling that the system reads.
        shown: the whole address as people know it, for errors.
        refused: from this and a fact to the error; without it, that of a tracker.

    Raises:
        Invalid: it is, or leads to, an address that is never asked.
        OSError: nobody knows this name.
    """
    refused = refused or _refused
    if host.rstrip(".").lower() in _METADATA_NAMES:
        raise refused(shown, f"{host[:80]!r} is the metadata service of a cloud")
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    addresses = tuple(dict.fromkeys(str(where[0]) for *_, where in found))
    for address in addresses:
        fact = _never_asked(address)
        if fact:
            raise refused(shown, f"it leads to {address}, {fact}")
    return addresses


def _never_asked(text: str) -> str:
    """Why this address is not asked; empty when it may be."""
    for address in meant_addresses(text):
        if address.is_link_local:
            return "a link-local address"
        if address in _METADATA:
            return "the metadata service of a cloud"
    return ""


def meant_addresses(text: str) -> tuple[Address, ...]:
    """The address that stands here, and the one that it carries in another form."""
    address = ip_address(text.partition("%")[0])
    if isinstance(address, IPv4Address):
        return (address,)
    carried = address.ipv4_mapped or address.sixtofour
    if carried is None and address in _NAT64:
        carried = IPv4Address(int(address) & 0xFFFFFFFF)
    return (address,) if carried is None else (address, carried)


def _refused(shown: str, fact: str) -> Invalid:
    return Invalid(
        f"cannot read tracker '{shown}': {fact} (expected a server of yours)",
        hint="name the tracker's own address; loopback and private networks are allowed",
        code="tracker-address-refused",
        field="uri",
    )


class CheckedTransport(httpx2.BaseTransport):
    """Connects to the addresses that were looked at, and to no other, under the name that was given.

    Args:
        shown: the server's address as people know it, for errors.
        look_up: from a host to the addresses that may be asked; raises Invalid where one may not.
        tls: whom it believes, for a caller that makes many transports: to read all certificates takes 50 ms.
    """

    def __init__(
        self,
        shown: str,
        look_up: Callable[[str], Sequence[str]] | None = None,
        *,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._look_up = look_up or (lambda host: checked_addresses(host, shown=shown))
        self._addresses: dict[str, Sequence[str]] = {}
        self._inner = httpx2.HTTPTransport(verify=tls or True, trust_env=False)

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send it to the first address that can be connected to, and remember which one that was."""
        url = request.url
        host = url.raw_host.decode("ascii")
        if host not in self._addresses:
            self._addresses[host] = self._look_up(host)
        request.extensions = {**request.extensions, "sni_hostname": host}
        failure: httpx2.TransportError | None = None
        for address in self._addresses[host]:
            request.url = url.copy_with(host=address)
            try:
                answer = self._inner.handle_request(request)
            except (httpx2.ConnectError, httpx2.ConnectTimeout) as error:
                failure = failure or error
                continue
            finally:
                request.url = url
            self._addresses[host] = (address,)
            return answer
        raise failure or httpx2.ConnectError(f"nobody knows {host[:80]!r}")

    def close(self) -> None:
        """End all connections."""
        self._inner.close()
