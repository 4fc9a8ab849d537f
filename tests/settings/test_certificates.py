"""The files by which a provider is trusted, and by which it knows who calls."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from fakes.certificates import authority
from settings.conftest import Faults, Loader

PROVIDER = "protocol: openai, base_url: https://llm.internal/v1"


def test_files_start_at_the_settings(load_text: Loader, tmp_path: Path) -> None:
    """Both paths are relative to the settings file, and reach the provider in full."""
    ours = authority()
    ca_file, cert = Path(ours.file(tmp_path)), Path(ours.client_file(tmp_path))
    settings = load_text(
        f"providers: {{p: {{{PROVIDER}, ca_file: {ca_file.name}, client_cert: ./{cert.name}}}}}"
    )
    provider = settings.provider_map()["p"]
    assert (provider.ca_file, provider.client_cert) == (str(ca_file), str(cert))


def test_files_are_not_needed(load_text: Loader) -> None:
    """Without them the usual authorities count, and nobody is told who calls."""
    provider = load_text(f"providers: {{p: {{{PROVIDER}}}}}").provider_map()["p"]
    assert (provider.ca_file, provider.client_cert, provider.transport) == (None, None, "auto")


@pytest.mark.parametrize("key", ["ca_file", "client_cert"])
@pytest.mark.parametrize("content", [None, "", "nothing in PEM", "folder"])
def test_unusable_files_are_faults(
    faults_of: Faults, tmp_path: Path, key: str, content: str | None
) -> None:
    """A file that is not there, or holds something else, is named at start."""
    path = tmp_path / "odd.pem"
    if content == "folder":
        path.mkdir()
    elif content is not None:
        path.write_text(content, encoding="ascii")
    told = faults_of(f"providers: {{p: {{{PROVIDER}, {key}: odd.pem}}}}")
    assert list(told) == [f"providers.p.{key}"]
    assert "is not a file" in told[f"providers.p.{key}"] or "PEM" in told[f"providers.p.{key}"]


def test_certificate_without_its_key_is_a_fault(faults_of: Faults, tmp_path: Path) -> None:
    """An authority's certificate is no client certificate."""
    name = Path(authority().file(tmp_path)).name
    told = faults_of(f"providers: {{p: {{{PROVIDER}, client_cert: {name}}}}}")
    assert "its key" in told["providers.p.client_cert"]


def test_key_with_a_password_is_a_fault(faults_of: Faults, tmp_path: Path) -> None:
    """A key that would ask for its password is refused rather than waited for."""
    path = Path(authority().client_file(tmp_path))
    sealed = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"canary"),
    )
    text = path.read_bytes()
    path.write_bytes(sealed + text[text.index(b"-----BEGIN CERT") :])
    told = faults_of(f"providers: {{p: {{{PROVIDER}, client_cert: {path.name}}}}}")
    assert "without a password" in told["providers.p.client_cert"]
