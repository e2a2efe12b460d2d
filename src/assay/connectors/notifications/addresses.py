"""Which addresses may a webhook be sent to?

Whoever may add a webhook chooses where this program sends what others wrote, so only addresses of the public Internet are
asked, over TLS. Whoever runs the installation can name hosts and networks of its own besides (the setting `webhook_hosts`);
metadata services of clouds and link-local addresses are out of reach even then.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from assay.connectors.outbound import Address, checked_addresses, meant_addresses
from assay.errors import Invalid

Network = IPv4Network | IPv6Network
SETTING = "webhook_hosts"


@dataclass(frozen=True, slots=True)
class NamedHosts:
    """Hosts and networks that the installation allows although they are not public."""

    names: frozenset[str] = frozenset()
    networks: tuple[Network, ...] = ()

    @classmethod
    def of(cls, text: str) -> NamedHosts:
        """Read the setting: host names, addresses and networks, separated by commas.

        Raises:
            Invalid: a network in it is malformed.

        >>> NamedHosts.of("ci.internal, 10.1.0.0/16").names
        frozenset({'ci.internal'})
        """
        names, networks = set(), []
        for part in (one.strip() for one in text.split(",")):
            if "/" in part or _is_address(part):
                try:
                    networks.append(ip_network(part.strip("[]")))
                except ValueError as error:
                    raise Invalid(
                        f"cannot read setting {SETTING!r}: found {part[:60]!r}, {error} (expected host names, addresses and "
                        "networks such as 10.1.0.0/16)",
                        hint=f"correct {SETTING} in assay.toml or ASSAY_{SETTING.upper()}",
                        code="setting-malformed",
                        field=SETTING,
                    ) from error
            elif part:
                names.add(_plain(part))
        return cls(frozenset(names), tuple(networks))

    def names_host(self, host: str) -> bool:
        """Is this host named itself, or an address of a named network?"""
        bare = host.strip("[]")
        return _plain(bare) in self.names or (_is_address(bare) and self._holds(bare))

    def look_up(self, host: str, *, shown: str, scheme: str) -> tuple[str, ...]:
        """The addresses of a host, each of which may be asked.

        Raises:
            Invalid: one of them may not, or it is asked without TLS and is not named.
            OSError: nobody knows this name.
        """
        addresses = checked_addresses(host, shown=shown, refused=refused_address)
        is_named = self.names_host(host)
        for address in addresses:
            if not is_named and not self._holds(address):
                self._must_be_public(address, shown, scheme)
        return addresses

    def _must_be_public(self, address: str, shown: str, scheme: str) -> None:
        if not is_public(address):
            raise refused_address(shown, f"it leads to {address}, which is not on the public Internet")
        if scheme != "https":
            raise refused_address(shown, "it would be sent without TLS")

    def _holds(self, text: str) -> bool:
        address = ip_address(text.partition("%")[0])
        return any(address in network for network in self.networks)


def is_public(text: str) -> bool:
    """Does everybody reach the same machine under this address?

    >>> is_public("93.184.215.14"), is_public("10.0.0.1"), is_public("::ffff:127.0.0.1")
    (True, False, False)
    """
    first, *carried = meant_addresses(text)
    # What carries another address leads to that one, whatever range it stands in itself.
    return all(_is_global(one) for one in carried or (first,))


def _is_global(address: Address) -> bool:
    if isinstance(address, IPv6Address) and address.is_site_local:
        return False
    return address.is_global and not (address.is_reserved or address.is_multicast or address.is_unspecified)


def _is_address(text: str) -> bool:
    try:
        ip_address(text.strip("[]").partition("%")[0])
    except ValueError:
        return False
    return True


def _plain(host: str) -> str:
    return host.rstrip(".").lower()


def refused_address(shown: str, fact: str) -> Invalid:
    """The error for an address that is not asked."""
    return Invalid(
        f"cannot send to '{shown}': {fact} (expected an https address on the public Internet, or a named host)",
        hint=f"a host of yours is named by whoever runs Assay: {SETTING} in assay.toml",
        code="webhook-address-refused",
        field="url",
    )


def known_reason(error: OSError) -> str:
    """Why is a name not known?"""
    return "nobody knows this name" if isinstance(error, socket.gaierror) else error.strerror or str(error)
