"""Certificates made on the spot: an authority of our own and what it vouches for."""

import datetime as dt
import ssl
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_HOUR = dt.timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Authority:
    """Signs certificates; ``trusting`` is a client context that believes only it."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @property
    def trusting(self) -> ssl.SSLContext:
        """A client context that trusts this authority."""
        pem = self.certificate.public_bytes(serialization.Encoding.PEM).decode()
        return ssl.create_default_context(cadata=pem)

    def file(self, folder: Path) -> str:
        """The path of a file with its certificate."""
        path = folder / f"authority-{self.certificate.serial_number}.pem"
        path.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))
        return str(path)

    def client_file(self, folder: Path) -> str:
        """The path of a file with a client's certificate and key."""
        key = ec.generate_private_key(ec.SECP256R1())
        made = _certificate("client", key, _now() + _HOUR).issuer_name(self.certificate.subject)
        return str(_written(key, made.sign(self.key, hashes.SHA256()), folder))

    def serving(
        self,
        name: str,
        folder: Path,
        *,
        expired: bool = False,
        clients: "Authority | None" = None,
    ) -> ssl.SSLContext:
        """A server context whose certificate is for ``name``, an IP address or a host name.

        With ``clients``, only who shows a certificate of that authority is served.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        try:
            alternative: x509.GeneralName = x509.IPAddress(ip_address(name))
        except ValueError:
            alternative = x509.DNSName(name)
        end = _now() - _HOUR if expired else _now() + _HOUR
        made = _certificate("server", key, end).issuer_name(self.certificate.subject)
        made = made.add_extension(x509.SubjectAlternativeName([alternative]), critical=False)
        context = _context(key, made.sign(self.key, hashes.SHA256()), folder)
        if clients is not None:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(clients.file(folder))
        return context


def authority() -> Authority:
    """A new authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    made = _certificate("an authority", key, _now() + _HOUR).issuer_name(_name("an authority"))
    made = made.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    return Authority(key, made.sign(key, hashes.SHA256()))


def _certificate(
    name: str, key: ec.EllipticCurvePrivateKey, end: dt.datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(end - 3 * _HOUR)
        .not_valid_after(end)
    )


def _name(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def self_signed(name: str, folder: Path) -> ssl.SSLContext:
    """A server context whose certificate nobody vouches for."""
    key = ec.generate_private_key(ec.SECP256R1())
    alternative = x509.SubjectAlternativeName([x509.IPAddress(ip_address(name))])
    made = _certificate(name, key, _now() + _HOUR).issuer_name(_name(name))
    made = made.add_extension(alternative, critical=False)
    return _context(key, made.sign(key, hashes.SHA256()), folder)


def _context(
    key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate, folder: Path
) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(_written(key, certificate, folder))
    return context


def _written(key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate, folder: Path) -> Path:
    chain = folder / f"{certificate.serial_number}.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    chain.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    return chain
