"""Whom a connection trusts, and whom it says we are: the TLS contexts of a transport.

A provider's certificate is always verified, its name included: against the usual authorities, or
against those in the provider's ``ca_file`` alone. ``client_cert`` is a PEM file with our
certificate (intermediates after it) and its key, unencrypted. Files are read once, when they are
first needed, and in a thread: a hundred authorities take tens of milliseconds.
"""

import asyncio
import ssl
from pathlib import Path

from ..core.model import Provider


class Unreadable(Exception):
    """A ``ca_file`` or ``client_cert`` is not there, or not what it should be."""


class Trust:
    """The contexts made so far; ``usual`` replaces the one with the usual authorities."""

    def __init__(self, usual: ssl.SSLContext | None = None) -> None:
        self._made: dict[tuple[str | None, str | None], ssl.SSLContext] = {}
        if usual is not None:
            self._made[None, None] = usual

    async def context(self, provider: Provider) -> ssl.SSLContext:
        """The context for connections to a provider; ``Unreadable``."""
        files = (provider.ca_file, provider.client_cert)
        made = self._made.get(files)
        if made is None:
            made = self._made.setdefault(files, await asyncio.to_thread(_read, *files))
        return made


def _read(ca_file: str | None, client_cert: str | None) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=ca_file)
        if ca_file is None and not _system_has_authorities():
            import certifi  # noqa: PLC0415 - for bare containers only

            context.load_verify_locations(certifi.where())
        if client_cert is not None:
            # Without a password of ours, a key that has one would be asked for at the terminal.
            context.load_cert_chain(client_cert, password="")
    except (OSError, ValueError) as error:
        raise Unreadable("the provider's ca_file or client_cert cannot be read") from error
    context.set_alpn_protocols(["http/1.1"])
    return context


def _system_has_authorities() -> bool:
    paths = ssl.get_default_verify_paths()
    return bool(paths.cafile) or bool(paths.capath and any(Path(paths.capath).iterdir()))
