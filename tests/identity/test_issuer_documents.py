"""What an issuer publishes: which of its keys are used, and where they are looked for."""

import itertools
import json
from typing import Any

import pytest

from fakes.tokens import ec_key, public_jwk, rsa_key
from tollhouse.identity.issuer_documents import (
    MOST_KEYS,
    Unusable,
    discovery_url,
    matching,
    read_jwks_url,
    read_keys,
)

RSA = public_jwk(rsa_key("a"), "a")
EC = public_jwk(ec_key("a"), "b")
ANY_RSA = {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}
ISSUER = "https://login.example/tenant"


def key_set(*keys: Any) -> bytes:
    """A JWK set."""
    return json.dumps({"keys": keys}).encode()


@pytest.mark.parametrize(
    ("entry", "algorithms"),
    [
        (RSA, ANY_RSA),
        ({**RSA, "alg": "RS256"}, {"RS256"}),
        ({**RSA, "use": "sig", "key_ops": ["verify"], "x5c": ["?"], "new": {}}, ANY_RSA),
        (EC, {"ES256"}),
        (public_jwk(ec_key("a", "P-384")), {"ES384"}),
        (public_jwk(ec_key("a", "P-521")), {"ES512"}),
    ],
    ids=["RSA", "RSA for RS256", "RSA with more", "P-256", "P-384", "P-521"],
)
def test_key_verifies_what_it_can(entry: dict[str, Any], algorithms: set[str]) -> None:
    """By its type and curve, and by its own ``alg`` where it has one."""
    (key,) = read_keys(key_set(entry))
    assert key.id == entry.get("kid")
    assert set(key.algorithms) == algorithms


def test_private_part_of_a_key_is_not_held() -> None:
    """An issuer that publishes too much does not make us keep it."""
    (key,) = read_keys(key_set({**RSA, "d": "AQAB"}))
    assert not key.key.is_private
    assert "d" not in key.key.as_dict()


@pytest.mark.parametrize(
    "entry",
    [
        7,
        [],
        {},
        {"kty": "RSA"},
        {**RSA, "kty": ["RSA"]},
        {**RSA, "kty": "EC"},
        {**EC, "kty": "RSA"},
        {"kty": "oct", "k": "c2VjcmV0c2VjcmV0c2VjcmV0", "kid": "a"},
        {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},
        {**RSA, "use": "enc"},
        {**RSA, "use": None},
        {**RSA, "key_ops": ["sign"]},
        {**RSA, "key_ops": "verify"},
        {**RSA, "alg": "HS256"},
        {**RSA, "alg": "none"},
        {**RSA, "alg": "ES256"},
        {**RSA, "alg": ["RS256"]},
        {**RSA, "alg": "RSA-OAEP"},
        {**RSA, "kid": 7},
        {**RSA, "n": 7},
        {**RSA, "n": "***"},
        {**RSA, "n": ""},
        {**RSA, "e": "AQ"},
        {**RSA, "e": "Ag"},
        {**RSA, "n": "_" * 1500},
        public_jwk(rsa_key("weak", 1024)),
        {**EC, "crv": "P-999"},
        {**EC, "crv": "P-384"},
        {**EC, "x": EC["y"]},
        public_jwk(ec_key("foreign", "secp256k1")),
    ],
    # By their place: keys are made anew by every process, and all of them must find the same tests.
    ids=map(str, itertools.count(1)),
)
def test_key_that_is_not_for_us_is_passed_over(entry: Any) -> None:
    """Beside a good one it does no harm; alone it makes no key set."""
    (key,) = read_keys(key_set(entry, {**RSA, "kid": "good"}))
    assert key.id == "good"
    with pytest.raises(Unusable, match="no key that could verify"):
        read_keys(key_set(entry))


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"[]",
        b"{}",
        b"<html>",
        b'{"keys": {}}',
        b'{"keys": null}',
        b'{"keys": []}',
        b'{"keys": [], "keys": [{}]}',
        key_set(*[RSA] * (MOST_KEYS + 1)),
    ],
    ids=lambda document: repr(document[:20]),
)
def test_other_documents_are_no_key_set(document: bytes) -> None:
    """A page of a proxy, an empty set, one of too many keys: none replaces the keys we have."""
    with pytest.raises(Unusable):
        read_keys(document)


def test_key_is_found_by_its_id_and_algorithm() -> None:
    """Two keys may have one id: the algorithm says which is meant."""
    keys = read_keys(key_set(RSA, {**EC, "kid": "a"}))
    assert [key.key.key_type for key in matching(keys, "a", "RS256")] == ["RSA"]
    assert [key.key.key_type for key in matching(keys, "a", "ES256")] == ["EC"]
    assert matching(keys, "a", "ES384") == ()
    assert matching(keys, "A", "RS256") == ()
    assert matching(keys, "", "RS256") == ()


def test_without_an_id_only_a_lone_key_is_meant() -> None:
    """Where two could be meant, none is."""
    lone = read_keys(key_set(RSA, EC))
    assert [key.id for key in matching(lone, None, "RS256")] == ["a"]
    two = read_keys(key_set(RSA, EC, public_jwk(rsa_key("b"), "c")))
    assert matching(two, None, "RS256") == ()
    assert [key.id for key in matching(two, None, "ES256")] == ["b"]


@pytest.mark.parametrize("issuer", [ISSUER, f"{ISSUER}/"])
def test_discovery_document_is_below_the_issuer(issuer: str) -> None:
    """As OpenID Connect Discovery 1.0 has it, with one slash between."""
    assert discovery_url(issuer) == f"{ISSUER}/.well-known/openid-configuration"


def told(**fields: Any) -> bytes:
    """A discovery document."""
    usual = {"issuer": ISSUER, "jwks_uri": "https://keys.example/keys?p=1"}
    return json.dumps({**usual, **fields}).encode()


def test_discovery_document_says_where_the_keys_are() -> None:
    """On another host too, as the large issuers have it."""
    assert read_jwks_url(told(), ISSUER) == "https://keys.example/keys?p=1"


@pytest.mark.parametrize(
    "document",
    [
        b"{",
        told(issuer="https://login.example/other"),
        told(issuer=f"{ISSUER}/"),
        told(issuer=None),
        told(jwks_uri=None),
        told(jwks_uri=["https://keys.example/keys"]),
        told(jwks_uri=""),
        told(jwks_uri="/keys"),
        told(jwks_uri="//keys.example/keys"),
        told(jwks_uri="http://login.example/keys"),
        told(jwks_uri="ftp://login.example/keys"),
        told(jwks_uri="file:///etc/passwd"),
        told(jwks_uri="https://u:p@keys.example/keys"),
        told(jwks_uri="https://keys.example:99999/keys"),
        told(jwks_uri="https:///keys"),
        told(jwks_uri="https://[/keys"),
        told(jwks_uri="https://keys.example/a b"),
        told(jwks_uri="https://keys.example/\r\nhost: x"),
        told(jwks_uri="https://kéys.example/keys"),
        told(jwks_uri="https://keys.example/" + "x" * 2000),
    ],
    ids=lambda document: repr(document[-50:]),
)
def test_other_discovery_documents_are_not_used(document: bytes) -> None:
    """Another issuer's, or one whose URL of keys is not an https URL."""
    with pytest.raises(Unusable):
        read_jwks_url(document, ISSUER)


def test_issuer_without_tls_may_keep_its_keys_on_its_own_host_alone() -> None:
    """Which settings allow on loopback only."""
    here = "http://127.0.0.1:9000"
    own = told(issuer=here, jwks_uri="http://127.0.0.1:9001/keys")
    assert read_jwks_url(own, here) == "http://127.0.0.1:9001/keys"
    with pytest.raises(Unusable):
        read_jwks_url(told(issuer=here, jwks_uri="http://169.254.169.254/keys"), here)
