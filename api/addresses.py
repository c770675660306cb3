"""IP addresses as text: those of this machine, and those of the open internet."""

from __future__ import annotations

import ipaddress

NOT_PUBLIC = tuple(
    map(
        ipaddress.ip_network,
        # Not global, or answered by a cloud or a router close by, which Python's tables do not say in every version.
        ["100.64.0.0/10", "168.63.129.16/32", "192.0.0.0/24", "192.88.99.0/24", "198.18.0.0/15", "2001::/23"],
    )
)

EMBEDDING = tuple(
    (ipaddress.IPv6Network(network), shift)
    for network, shift in (("64:ff9b::/96", 0), ("64:ff9b:1::/48", 0), ("2002::/16", 80), ("::/96", 0))
)
"""IPv6 networks that carry an IPv4 address, and how many bits lie below it: NAT64, 6to4, IPv4-compatible."""


def parsed(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address, without its zone; None for a name, and for forms such as 127.1 or 0x7f.1."""
    try:
        return ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None


def is_loopback(text: str) -> bool:
    """Whether it is an address of this machine, as IPv6 too."""
    found = parsed(text)
    return found is not None and bool((getattr(found, "ipv4_mapped", None) or found).is_loopback)


def is_public(text: str) -> bool:
    """Whether it is an address of the open internet, and the IPv4 address in it is, too."""
    found = parsed(text)
    if found is None:
        return False
    if isinstance(found, ipaddress.IPv6Address):
        inner = found.ipv4_mapped
        for network, shift in EMBEDDING:
            if inner is None and found in network:
                inner = ipaddress.IPv4Address((int(found) >> shift) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
        if found.is_site_local:
            return False
    return found.is_global and not found.is_multicast and not any(found in network for network in NOT_PUBLIC)
