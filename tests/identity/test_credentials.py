"""Credentials: where they are read, what they may look like, and when they are good."""

import hashlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tollhouse.core.caller import CredentialKind
from tollhouse.core.tenants import Credential
from tollhouse.identity import credentials
from tollhouse.identity.credentials import digest, from_headers, matches, parse

SECRET = "Zk3v9Qw8Lm2Xr7_Tb5Yn1Hd6-Pf4Gs0JcA"
KEY = f"iak_0193a7c2-aa_{SECRET}"
TOKEN = f"at:0193a7c2-bb:{SECRET}"
NOW = 1_800_000_000.0
STORED = Credential(id="0193a7c2-aa", kind="org_key", org="acme", digest=digest(KEY))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        (b"authorization", b"Bearer " + KEY.encode()),
        (b"authorization", b"bearer " + KEY.encode()),
        (b"authorization", b"BEARER   " + KEY.encode() + b" "),
        (b"x-api-key", KEY.encode()),
        (b"api-key", KEY.encode()),
        (b"x-prismeai-api-key", b" " + KEY.encode()),
    ],
)
def test_credential_is_read_from_each_header(name: bytes, value: bytes) -> None:
    """The four headers hold it, in any case of the scheme and with spaces around it."""
    assert from_headers([(b"host", b"h"), (name, value)]) == KEY
    assert from_headers({b"host": b"h", name: value}) == KEY


def test_other_headers_hold_no_credential() -> None:
    """Identity comes from the four headers alone."""
    assert from_headers([(b"x-org-id", b"acme"), (b"cookie", KEY.encode())]) is None
    assert from_headers([]) is None


def test_other_schemes_and_empty_values_are_passed_over() -> None:
    """A proxy's own Basic credential does not stand in the way of a key."""
    headers = [(b"authorization", b"Basic dTpw"), (b"api-key", b""), (b"x-api-key", KEY.encode())]
    assert from_headers(headers) == KEY
    assert from_headers([(b"authorization", b"Basic dTpw")]) is None
    assert from_headers([(b"authorization", b"Bearer ")]) is None
    assert from_headers([(b"authorization", KEY.encode())]) is None


def test_same_credential_twice_is_one() -> None:
    """Clients that fill two headers with one key are understood."""
    bearer = (b"authorization", b"Bearer " + KEY.encode())
    assert from_headers([bearer, (b"x-api-key", KEY.encode())]) == KEY


@pytest.mark.parametrize("order", [1, -1])
def test_two_different_credentials_are_none(order: int) -> None:
    """Nobody has to guess which of two callers it is."""
    headers = [(b"authorization", b"Bearer " + KEY.encode()), (b"x-api-key", TOKEN.encode())]
    assert from_headers(headers[::order]) is None


@pytest.mark.parametrize(
    "value",
    [
        KEY.encode() + b"\x00",
        KEY.encode() + b"\n",
        b"\x1b[31m" + KEY.encode(),
        b"iak_a b_" + SECRET.encode(),
        KEY.encode() + b"\x7f",
        "iak_é_sécret".encode(),
        b"\xff" * 40,
        b"k" * 16_385,
    ],
)
def test_credential_with_impossible_characters_is_none(value: bytes) -> None:
    """Control characters, spaces inside, other alphabets and endless texts are no credential."""
    assert from_headers([(b"x-api-key", value)]) is None


def test_long_session_token_is_still_read() -> None:
    """16 384 characters are accepted."""
    assert from_headers([(b"x-api-key", b"k" * 16_384)]) == "k" * 16_384


NAMES = st.sampled_from([b"authorization", b"x-api-key", b"api-key", b"host"])
SCHEMES = st.sampled_from([b"", b"Bearer", b"Bearer ", b" bearer  ", b"Bearer\t", b"Basic "])
TEXTS = st.sampled_from([b"", b" ", KEY.encode(), TOKEN.encode(), b"a b", b"\xff", b"k" * 16_385])


@given(st.dictionaries(NAMES, st.builds(lambda *parts: b"".join(parts), SCHEMES, TEXTS, TEXTS)))
def test_headers_say_the_same_by_name_and_in_a_row(headers: dict[bytes, bytes]) -> None:
    """What is read at a glance is what a look at each of them reads."""
    assert from_headers(headers) == from_headers(list(headers.items()))


def test_org_key_is_told_by_its_form() -> None:
    """``iak_`` presents an org's key with its public id."""
    presented = parse(KEY)
    assert presented is not None
    assert presented.kind is CredentialKind.ORG_KEY
    assert presented.id == "0193a7c2-aa"
    assert presented.digest == hashlib.sha256(KEY.encode()).hexdigest()


def test_user_token_is_told_by_its_form() -> None:
    """``at:`` presents a user's token with its public id."""
    presented = parse(TOKEN)
    assert presented is not None
    assert (presented.kind, presented.id) == (CredentialKind.USER_TOKEN, "0193a7c2-bb")


@pytest.mark.parametrize("token", ["eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ1In0.c2ln", "eyJh.eyJz."])
def test_session_is_told_by_its_form(token: str) -> None:
    """What looks like a JWT is left for whoever verifies sessions; a missing signature too."""
    presented = parse(token)
    assert presented is not None
    assert (presented.kind, presented.id) == (CredentialKind.SESSION, "")


def test_presented_credential_does_not_hold_the_secret() -> None:
    """What goes on through the gateway shows no secret."""
    assert SECRET not in repr(parse(KEY))


NO_CREDENTIALS = [
    "",
    "iak_",
    "iak__" + SECRET,
    "iak_id",
    "iak_id_short",
    f"iak_i d_{SECRET}",
    f"iak_id_{SECRET}\n",
    f"IAK_id_{SECRET}",
    f" iak_id_{SECRET}",
    f"iak_{'i' * 65}_{SECRET}",
    f"iak_id_{'s' * 513}",
    f"at::{SECRET}",
    f"at:id:{SECRET}:more",
    "sk-1234567890abcdef1234567890",
    "' OR 1=1 --",
    "iak_'; DROP TABLE credentials;--_" + SECRET,
    "{{7*7}}",
    "../../etc/passwd",
    "eyJ.x.y",
    "eyJhbGci.eyJzdWI",
    "eyJ" + "a" * 16_384 + ".b.c",
    "Bearer " + KEY,
]


@pytest.mark.parametrize("text", NO_CREDENTIALS)
def test_G03_text_without_our_form_is_no_credential(text: str) -> None:
    """Injected, malformed and foreign texts never reach a look-up."""
    assert parse(text) is None


def test_G03_stored_digest_is_no_credential() -> None:
    """Whoever reads the store cannot present what is in it."""
    assert parse(STORED.digest) is None
    forged = f"iak_{STORED.id}_{STORED.digest}"
    presented = parse(forged)
    assert presented is not None
    assert not matches(presented.digest, STORED, NOW)


def test_G10_wrong_credentials_are_all_the_same() -> None:
    """Malformed, contradictory and missing are one answer here, so nobody can tell them apart."""
    malformed = from_headers([(b"x-api-key", b"\x00")])
    contradictory = from_headers([(b"x-api-key", b"a"), (b"api-key", b"b")])
    assert malformed is contradictory is from_headers([]) is None


def test_G08_credential_is_good_from_the_moment_it_is_stored() -> None:
    """Nothing about a new credential has to pass before it works."""
    assert matches(digest(KEY), replace(STORED, created_at=NOW), NOW)


@pytest.mark.parametrize(
    "stored",
    [
        replace(STORED, enabled=False),
        replace(STORED, revoked_at=NOW - 1),
        replace(STORED, revoked_at=NOW + 3600),
        replace(STORED, expires_at=NOW),
        replace(STORED, expires_at=NOW - 1),
        replace(STORED, digest=digest(KEY + "x")),
        replace(STORED, digest=digest(KEY + "x"), previous_digest=digest(KEY)),
        replace(STORED, digest=digest(KEY + "x"), previous_digest=digest(KEY), previous_until=NOW),
    ],
)
def test_G09_disabled_revoked_and_expired_credentials_do_not_match(stored: Credential) -> None:
    """Whatever ends a credential ends it, and a time of revocation ahead of the clock does too."""
    assert matches(digest(KEY), stored, NOW) is False


def test_old_secret_is_good_during_the_overlap() -> None:
    """After a rotation both secrets work until the overlap ends."""
    new = KEY + "x"
    stored = replace(
        STORED, digest=digest(new), previous_digest=digest(KEY), previous_until=NOW + 60
    )
    assert matches(digest(KEY), stored, NOW)
    assert matches(digest(new), stored, NOW)
    assert not matches(digest(KEY), stored, NOW + 60)
    assert matches(digest(new), stored, NOW + 60)
    assert not matches(digest(KEY), replace(stored, revoked_at=NOW), NOW)
    assert not matches(digest(KEY), replace(stored, expires_at=NOW), NOW)


def test_credential_without_a_previous_digest_matches_no_empty_one() -> None:
    """An absent previous digest is not matched by an empty digest."""
    assert not matches("", replace(STORED, previous_until=NOW + 60), NOW)


def test_secrets_are_compared_whole() -> None:
    """Two secrets are equal or not, whatever their lengths."""
    assert credentials.is_secret(SECRET, SECRET)
    assert not credentials.is_secret(SECRET[:-1], SECRET)
    assert not credentials.is_secret("", SECRET)
    assert not credentials.is_secret("é", SECRET)


def test_minted_credentials_are_read_back() -> None:
    """What is minted is parsed to the same id."""
    key = credentials.mint_org_key("0193a7c2-aa", SECRET)
    token = credentials.mint_user_token("0193a7c2-bb", SECRET)
    assert (key, token) == (KEY, TOKEN)
    assert parse(key) is not None
    assert parse(token) is not None


@pytest.mark.parametrize(
    ("public_id", "secret"),
    [("", SECRET), ("a_b", SECRET), ("a b", SECRET), ("id", "too-few"), ("id", SECRET + "!")],
)
def test_credential_that_could_not_be_read_back_is_not_minted(public_id: str, secret: str) -> None:
    """An id or a secret that would not parse is an error at once, without the secret in it."""
    with pytest.raises(ValueError, match="the id or the secret") as caught:
        credentials.mint_org_key(public_id, secret)
    assert secret not in str(caught.value)
