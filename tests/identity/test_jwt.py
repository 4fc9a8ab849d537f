"""Tokens by the rules of one issuer: what is good, and for how long, to the second."""

import json
from dataclasses import replace
from typing import Any

import pytest

from fakes.tokens import (
    Signer,
    compact,
    ec_key,
    ec_signed,
    public_jwk,
    rsa_key,
    rsa_signed,
    shared_secret,
)
from tollhouse.core.caller import Role
from tollhouse.core.issuer import ClaimRules, Issuer
from tollhouse.identity import jwt
from tollhouse.identity.credentials import LONGEST
from tollhouse.identity.issuer_documents import PublicKey, read_keys
from tollhouse.identity.jwt import NotGood

NOW = 1_800_000_000.0
ISSUER = Issuer(
    name="https://login.example",
    audience=frozenset({"tollhouse", "tollhouse-eu"}),
    claims=(ClaimRules(org=("org",), role=("role",), role_map={"admin": Role.ORG_ADMIN}),),
    leeway=30,
    max_lifetime=3600,
)


def token_of(**claims: Any) -> jwt.Token:
    """A token of the issuer that is good for five minutes; None leaves a claim out."""
    usual = {"iss": ISSUER.name, "aud": "tollhouse", "sub": "ada", "exp": NOW + 300}
    made = {name: value for name, value in (usual | claims).items() if value is not None}
    return jwt.read(compact({"alg": "RS256", "kid": "a"}, made, shared_secret(b"any")))


def keys_of(*keys: Any) -> tuple[PublicKey, ...]:
    """Published keys, as they are read."""
    return read_keys(json.dumps({"keys": keys}).encode())


def reason(token: jwt.Token, issuer: Issuer = ISSUER, now: float = NOW) -> str | None:
    """Why a token is not good; None when it is."""
    try:
        jwt.check(token, issuer, now)
    except NotGood as why:
        return str(why)
    return None


def test_token_says_what_it_is() -> None:
    """Its algorithm, its key and its claims, none of it believed yet."""
    token = token_of(more={"a": [1]})
    assert (token.algorithm, token.key_id, token.issuer) == ("RS256", "a", ISSUER.name)
    assert token.claims["more"] == {"a": [1]}


@pytest.mark.parametrize("kind", ["JWT", "jwt", "at+jwt", "application/at+jwt", None])
def test_types_of_session_tokens_are_taken(kind: str | None) -> None:
    """A plain token, an access token (RFC 9068), and one that does not say."""
    header = {"alg": "RS256", **({"typ": kind} if kind else {})}
    assert jwt.read(compact(header, {}, shared_secret(b"any"))).key_id is None


def test_what_else_a_header_holds_is_not_looked_at() -> None:
    """Keys, certificates and URLs in it, of whatever shape, mean nothing."""
    key = rsa_key("a")
    header = {
        "alg": "RS256",
        "kid": "a",
        "new": [1],
        "jku": "http://localhost",
        "x5t": "x",
        "x5c": ["?"],
        "x5u": "https://h",
        "jwk": public_jwk(rsa_key("b")),
    }
    token = jwt.read(compact(header, {"iss": "x"}, rsa_signed(key)))
    assert jwt.signed_by(token, keys_of(public_jwk(key)))
    assert not jwt.signed_by(token, keys_of(public_jwk(rsa_key("b"))))


def test_long_tokens_are_read_up_to_the_bound() -> None:
    """A token with a few hundred groups is one; the next character is too many."""
    empty = len(compact({"alg": "RS256"}, {"groups": ""}, shared_secret(b"any")))
    room = (LONGEST - empty) * 3 // 4 - 2
    text = compact({"alg": "RS256"}, {"groups": "g" * room}, shared_secret(b"any"))
    assert LONGEST - 8 < len(text) <= LONGEST
    assert jwt.read(text).claims["groups"] == "g" * room
    with pytest.raises(NotGood, match="not a signed token"):
        jwt.read(compact({"alg": "RS256"}, {"groups": "g" * (room + 12)}, shared_secret(b"any")))


@pytest.mark.parametrize("audience", ["tollhouse", ["tollhouse-eu"], ["mail", "tollhouse"]])
def test_token_for_any_of_our_audiences_is_good(audience: object) -> None:
    """One name or several, in any place."""
    assert reason(token_of(aud=audience)) is None


def test_token_is_good_until_its_end_and_the_leeway_after_it() -> None:
    """The last moment is named, so that whoever remembers the token forgets it then."""
    token = token_of(exp=NOW + 10)
    assert jwt.check(token, ISSUER, NOW) == NOW + 40
    assert reason(token, now=NOW + 39.9) is None
    assert reason(token, now=NOW + 40) == "it has expired"
    exact = replace(ISSUER, leeway=0)
    assert reason(token, exact, NOW + 9.9) is None
    assert reason(token, exact, NOW + 10) == "it has expired"


@pytest.mark.parametrize("claim", ["nbf", "iat"])
def test_token_is_not_good_before_its_beginning(claim: str) -> None:
    """By more than the leeway, in which clocks may differ."""
    token = token_of(**{claim: NOW + 30})
    assert reason(token) is None
    assert reason(token, now=NOW - 0.1) == "it is not good yet"
    assert reason(token, replace(ISSUER, leeway=29)) == "it is not good yet"


def test_token_is_not_good_for_ever() -> None:
    """One that would be good for longer than the issuer's tokens may be is none of its."""
    assert reason(token_of(exp=NOW + 3630)) is None
    assert reason(token_of(exp=NOW + 3631)) == "it would be good for too long"


def test_client_counts_where_clients_are_named() -> None:
    """Else ``azp`` need not be there, but must be text where it is."""
    named = replace(ISSUER, authorized_parties=frozenset({"ours"}))
    assert reason(token_of(azp="ours"), named) is None
    assert reason(token_of(azp="theirs"), named) == "it was made for another client"
    assert reason(token_of(), named) == "it was made for another client"
    assert reason(token_of(azp="theirs")) is None
    assert reason(token_of(azp=7)) == "its azp is not text"


def test_token_of_another_issuer_is_not_this_ones() -> None:
    """Whoever looked the issuer up, the rules are for its own tokens."""
    assert reason(token_of(iss="https://elsewhere.example")) == "it is another issuer's"


def test_subject_need_not_be_there() -> None:
    """Which claim names the user is for the settings to say."""
    assert reason(token_of(sub=None)) is None


EVERY = [
    ("RS256", rsa_key("a"), rsa_signed(rsa_key("a"))),
    ("RS384", rsa_key("a"), rsa_signed(rsa_key("a"), 384)),
    ("RS512", rsa_key("a"), rsa_signed(rsa_key("a"), 512)),
    ("PS256", rsa_key("a"), rsa_signed(rsa_key("a"), pss=True)),
    ("PS384", rsa_key("a"), rsa_signed(rsa_key("a"), 384, pss=True)),
    ("PS512", rsa_key("a"), rsa_signed(rsa_key("a"), 512, pss=True)),
    ("ES256", ec_key("a"), ec_signed(ec_key("a"))),
    ("ES384", ec_key("a", "P-384"), ec_signed(ec_key("a", "P-384"))),
    ("ES512", ec_key("a", "P-521"), ec_signed(ec_key("a", "P-521"))),
]


@pytest.mark.parametrize(("algorithm", "key", "sign"), EVERY, ids=[row[0] for row in EVERY])
def test_every_algorithm_verifies_its_own(algorithm: str, key: Any, sign: Signer) -> None:
    """And no other signature, no other key, no other text."""
    header = {"alg": algorithm}
    token = jwt.read(compact(header, {"iss": "x"}, sign))
    own = keys_of(public_jwk(key))
    assert jwt.signed_by(token, own)
    others = keys_of(
        *(public_jwk(rsa_key("b")), public_jwk(ec_key("b"))),
        *(public_jwk(ec_key("b", "P-384")), public_jwk(ec_key("b", "P-521"))),
    )
    assert not jwt.signed_by(token, others)
    assert jwt.signed_by(token, [*others, *own])
    assert not jwt.signed_by(token, ())
    for said in {row[0] for row in EVERY} - {algorithm}:
        confused = jwt.read(compact({"alg": said}, {"iss": "x"}, sign))
        assert not jwt.signed_by(confused, [*others, *own])
