"""Where a gateway listens."""

import socket

import pytest

from tollhouse.cli.exits import Stop
from tollhouse.cli.listening import listen, url_of
from tollhouse.settings.addresses import Address


def test_name_for_several_addresses_is_listened_to_on_one_port() -> None:
    """Whatever kinds of address a name stands for, a client finds the same port behind each."""
    sockets = listen(Address("localhost", 0))
    try:
        assert len({opened.getsockname()[1] for opened in sockets}) == 1
        for opened in sockets:
            socket.create_connection(opened.getsockname()[:2], timeout=5).close()
    finally:
        for opened in sockets:
            opened.close()


@pytest.mark.parametrize(("host", "told"), [("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "127.0.0.1")])
def test_url_is_one_that_clients_here_can_use(host: str, told: str) -> None:
    """A socket for all addresses is found on loopback."""
    (opened,) = listen(Address(host, 0))
    with opened:
        assert url_of(opened) == f"http://{told}:{opened.getsockname()[1]}"


def test_name_that_stands_for_nothing_is_told() -> None:
    """An unknown host is no traceback."""
    with pytest.raises(Stop, match=r"cannot listen on no-such-host\.invalid:80"):
        listen(Address("no-such-host.invalid", 80))
