"""Which hosts and addresses are public: what a stranger may have the gateway call (SSRF).

Pure and strict: a host is refused unless it can mean nothing but a name of the public DNS or a
public address, written in the one usual way. That a name passes says nothing of where it leads, so
every address it resolves to is asked about again by whoever dials it.

Sources: the IANA special-purpose address registries (RFC 6890), RFC 6598 (shared space), RFC 6052
(NAT64), RFC 3056 (6to4), RFC 4380 (Teredo), RFC 5214 (ISATAP), RFC 6761 and RFC 8375 (special
names), and the WHATWG URL standard for the spellings of IPv4 that resolvers accept.
"""

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

DEFAULT_PORTS = frozenset({443, 8443})
"""The ports that a public connection may name."""

_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_LONGEST_NAME = 253
_DECIMAL = re.compile(r"(0|[1-9][0-9]{0,2})(\.(0|[1-9][0-9]{0,2})){3}")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")

_CLOSED_4 = tuple(
    map(
        ipaddress.IPv4Network,
        (
            "0.0.0.0/8",  # this network; 0.0.0.0 is this machine to most systems
            "10.0.0.0/8",
            "100.64.0.0/10",  # shared by carriers; a cloud keeps its metadata here
            "127.0.0.0/8",
            "168.63.129.16/32",  # Azure's platform, to every machine in it
            "169.254.0.0/16",  # link-local: the metadata of most clouds
            "172.16.0.0/12",
            "192.0.0.0/24",  # protocol assignments; a cloud keeps its metadata here
            "192.0.2.0/24",
            "192.88.99.0/24",  # relays of 6to4
            "192.168.0.0/16",
            "198.18.0.0/15",
            "198.51.100.0/24",
            "203.0.113.0/24",
            "224.0.0.0/4",
            "240.0.0.0/4",  # reserved, and the broadcast address
        ),
    )
)
_OPEN_6 = ipaddress.IPv6Network("2000::/3")
"""All unicast that is routed. Outside: loopback, mapped, compatible, NAT64, ULA, link-local,
site-local, multicast and what nobody has been given."""
_CLOSED_6 = tuple(
    map(
        ipaddress.IPv6Network,
        (
            "2001::/23",  # protocol assignments: Teredo, ORCHID, benchmarks
            "2001:db8::/32",
            "2002::/16",  # 6to4: an IPv4 address inside
            "3fff::/20",
        ),
    )
)
_ISATAP = frozenset({0x00005EFE, 0x02005EFE})
"""The upper half of interface ids that hold an IPv4 address."""

_CLOSED_ZONES = (
    *("localhost", "localdomain", "local", "internal", "intranet", "private", "corp"),
    *("home", "lan", "svc", "arpa", "onion", "invalid", "metadata.goog"),
)
"""Names, and everything below them, that mean a machine of ours or none."""


@dataclass(frozen=True, slots=True)
class Reach:
    """How far the connections go that users and orgs bring."""

    private: bool = False
    """Whether they may lead anywhere, and by http."""
    ports: frozenset[int] = DEFAULT_PORTS

    def fault(self, url: str) -> str | None:
        """Why a base URL is out of reach, or None."""
        return None if self.private else base_url_fault(url, self.ports)


PUBLIC_ONLY = Reach()
"""As far as strangers reach unless the operator says otherwise."""


def base_url_fault(url: str, ports: frozenset[int] = DEFAULT_PORTS) -> str | None:
    """Why a stranger's base URL may not be called, or None; the URL itself is never quoted."""
    if not url.isascii() or not url.isprintable() or set(url) & set(' \\@?#%"<>^`{|}'):
        return "must hold only plain characters: no user, query, fragment, escape or backslash"
    if not url.startswith("https://"):
        return "must begin with https://"
    try:
        parts = urlsplit(url)
        port = 443 if parts.port is None else parts.port
    except ValueError:
        return "is not a URL"
    if port not in ports:
        allowed = ", ".join(map(str, sorted(ports)))
        return f"must name a port out of {allowed} or none (auth.upstream_ports)"
    host = parts.hostname or ""
    written = f"[{host}]" if ":" in host else host
    # What another reader might take for the host is not in it: the whole of it was understood.
    if parts.netloc.lower() not in {written, f"{written}:{port}"}:
        return "has a host or a port that is none"
    return host_fault(host)


def host_fault(host: str) -> str | None:
    """Why a host (without brackets or port) is not a public one, or None."""
    host = host.lower()
    if ":" in host:
        return None if is_public(host) else "must be a public address"
    if not host or len(host) > _LONGEST_NAME:
        return "has a host that is none"
    labels = host.split(".")
    if _NUMBER.fullmatch(labels[-1] or (labels[-2] if len(labels) > 1 else "")):
        if not _DECIMAL.fullmatch(host):
            return "must write an IPv4 address as four decimal numbers"
        return None if is_public(host) else "must be a public address"
    if not all(map(_LABEL.fullmatch, labels)):
        return "must name its host in letters, digits and hyphens, with no dot at its end"
    if len(labels) == 1 or any(_below(host, zone) for zone in _CLOSED_ZONES):
        return "must name a host of the public DNS"
    return None


def is_public(address: str) -> bool:
    """Whether an address, as a resolver gives it, is one that everybody can reach."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(parsed, ipaddress.IPv4Address):
        return not any(parsed in network for network in _CLOSED_4)
    if parsed.scope_id is not None or parsed not in _OPEN_6:
        return False
    if (int(parsed) >> 32) & 0xFFFFFFFF in _ISATAP:
        return False
    return not any(parsed in network for network in _CLOSED_6)


def _below(host: str, zone: str) -> bool:
    return host == zone or host.endswith(f".{zone}")
