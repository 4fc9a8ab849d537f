"""Which base URLs and addresses a stranger may have the gateway call."""

import pytest

from fakes.ssrf import ATTACKS, PUBLIC
from tollhouse.core.hosts import PUBLIC_ONLY, Reach, base_url_fault, host_fault, is_public

EDGES = [
    # the last before, the first, the last, the first after
    ("9.255.255.255", "10.0.0.0", "10.255.255.255", "11.0.0.0"),
    ("100.63.255.255", "100.64.0.0", "100.127.255.255", "100.128.0.0"),
    ("126.255.255.255", "127.0.0.0", "127.255.255.255", "128.0.0.0"),
    ("169.253.255.255", "169.254.0.0", "169.254.255.255", "169.255.0.0"),
    ("172.15.255.255", "172.16.0.0", "172.31.255.255", "172.32.0.0"),
    ("192.167.255.255", "192.168.0.0", "192.168.255.255", "192.169.0.0"),
    ("198.17.255.255", "198.18.0.0", "198.19.255.255", "198.20.0.0"),
    ("2001:200::", "2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", "2001:db9::"),
    ("2001:ffff::", "2002::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2003::"),
]


@pytest.mark.parametrize("url", ATTACKS.values(), ids=ATTACKS)
def test_attack_is_refused_without_being_quoted(url: str) -> None:
    """No form of a private place passes, and what is said repeats nothing of it."""
    fault = base_url_fault(url)
    assert fault is not None
    assert url not in fault


def test_there_are_enough_attacks() -> None:
    """The table above was not cut down."""
    assert len(ATTACKS) >= 100


@pytest.mark.parametrize("url", PUBLIC)
def test_public_place_passes(url: str) -> None:
    """Names of the public DNS and public addresses, at the usual ports."""
    assert base_url_fault(url) is None


@pytest.mark.parametrize(("before", "first", "last", "after"), EDGES)
def test_networks_are_closed_from_end_to_end(
    before: str, first: str, last: str, after: str
) -> None:
    """Neither end of a closed network is open, and nothing beside it is closed."""
    assert [is_public(one) for one in (before, first, last, after)] == [True, False, False, True]


@pytest.mark.parametrize("text", ["", "a.example", "1.2.3", "8.8.8.8 ", "fe80::1%eth0", "2606::%1"])
def test_what_is_no_plain_address_is_not_public(text: str) -> None:
    """A resolver's odd answer is not dialled."""
    assert not is_public(text)


def test_ports_are_those_that_the_operator_lists() -> None:
    """A listed port is open and the usual ones are not, unless they are listed too."""
    reach = Reach(ports=frozenset({9443}))
    assert reach.fault("https://api.example.com:9443/v1") is None
    assert reach.fault("https://api.example.com/v1") is not None
    assert PUBLIC_ONLY.fault("https://api.example.com:9443/v1") is not None


def test_private_reach_leads_anywhere() -> None:
    """What the operator allows is not looked at here."""
    assert Reach(private=True).fault("http://127.0.0.1:11434/v1") is None


def test_host_is_judged_whatever_its_case() -> None:
    """DNS does not tell capitals from small letters."""
    assert host_fault("LocalHost") == host_fault("localhost") != host_fault("API.example.com")
