"""``tollhouse serve`` with one worker: it comes up, takes changes, and ends as it is told."""

import signal
import socket
from pathlib import Path

import pytest

from cli.shell import (
    CATALOGUE,
    SECRET_KEY,
    Running,
    Shell,
    until,
    write_catalogue,
    write_settings,
)


def test_gateway_serves_takes_new_keys_within_a_second_and_drains(shell: Shell) -> None:
    """An empty store is brought up and seeded; a key made at the shell works at once."""
    with Running(["serve"], shell.site) as gateway:
        gateway.wait_until_ready()
        made = shell("keys", "create", "--org", "acme", "--json").json
        assert until(lambda: gateway.get("/v1/models", made["key"]).status_code == 200, 1)
        listed = gateway.get("/v1/models", made["key"]).json()["data"]
        assert {one["id"] for one in listed} == {"lab/small", "lab/large", "lab/embed"}

        assert shell("models", "set", "lab/embed", "enabled=false").code == 0
        path = "/v1/models/lab/embed"
        assert until(lambda: gateway.get(path, made["key"]).status_code == 403, 1)

        assert shell("keys", "revoke", made["id"]).code == 0
        assert until(lambda: gateway.get("/v1/models", made["key"]).status_code == 401, 1)

        assert gateway.stop() == 0


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_gateway_ends_well_however_early_it_is_told(site: Path, ending: int) -> None:
    """A signal that comes before the server listens is a proper end, in the background too."""
    with Running(["serve"], site, ignores_interrupts=True) as gateway:
        assert gateway.stop(ending) == 0


def test_J05_two_gateways_start_at_once_on_an_empty_store(site: Path) -> None:
    """Both become ready, on one schema and one catalogue."""
    with Running(["serve"], site) as first, Running(["serve"], site) as second:
        first.wait_until_ready()
        second.wait_until_ready()
        assert (first.stop(), second.stop()) == (0, 0)


def test_listen_and_workers_override_the_file(shell: Shell) -> None:
    """A port that is taken is told in one sentence, by its address."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        ran = shell("serve", "--listen", address)

    assert ran.code == 3
    assert ran.sentences == [f"{address} is in use by another program: choose another address"]


def test_host_that_is_not_here_is_told(shell: Shell) -> None:
    """An address of another machine is no traceback."""
    ran = shell("serve", "--listen", "192.0.2.1:8080")

    assert ran.code == 3
    assert len(ran.sentences) == 1
    assert "192.0.2.1:8080" in ran.err


@pytest.mark.parametrize("workers", [1, 2])
def test_store_out_of_reach_keeps_the_gateway_from_starting(site: Path, workers: int) -> None:
    """One sentence says so, and the process ends with 3."""
    write_settings(site, store={"url": "postgresql://nobody@127.0.0.1:9/none"})

    with Running(["serve", "--workers", str(workers)], site) as gateway:
        assert gateway.process.wait(20) == 3
        assert gateway.errors().count("tollhouse: ") == 1
        assert "Traceback" not in gateway.errors()


@pytest.mark.parametrize("workers", [1, 2])
def test_catalogue_that_does_not_compile_keeps_the_gateway_from_starting(
    site: Path, workers: int
) -> None:
    """Every fault is told once, however many workers there are, and the process ends with 3."""
    first, second, third = CATALOGUE["models"]
    faulty = [{**first, "failover": "lab/none"}, {**second, "provider": "nobody"}, third]
    write_catalogue(site, {"models": faulty})

    with Running(["serve", "--workers", str(workers)], site) as gateway:
        assert gateway.process.wait(20) == 3
        assert gateway.errors().count("lab/none") == 1
        assert gateway.errors().count("nobody") == 1
        assert "Traceback" not in gateway.errors()


def test_secret_from_the_environment_is_in_no_output(site: Path) -> None:
    """Neither stdout nor the log holds what the settings keep secret."""
    with Running(["serve"], site) as gateway:
        gateway.wait_until_ready()
        gateway.get("/v1/models", "iak_x_canarycanarycanary")
        assert gateway.stop() == 0
        said = gateway.printed + gateway.errors()

    assert SECRET_KEY not in said
    assert "canarycanary" not in said
