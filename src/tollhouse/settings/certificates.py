"""Says whether a file can be used for TLS; ``ValueError`` says why not, and holds nothing of it."""

import ssl
from pathlib import Path


def authorities(path: Path) -> Path:
    """A PEM file with the certificates of authorities."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=path)
    except FileNotFoundError:
        raise ValueError("is not a file") from None
    except OSError:
        raise ValueError("holds no certificates in PEM form, or cannot be read") from None
    return path


def client_certificate(path: Path) -> Path:
    """A PEM file with a certificate and its key, which has no password."""
    try:
        # Given none of ours, TLS would ask for a password at the terminal.
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(path, password="")
    except FileNotFoundError:
        raise ValueError("is not a file") from None
    except (OSError, ValueError):
        raise ValueError(
            "holds no certificate with its key, without a password, in PEM form, or cannot be read"
        ) from None
    return path
