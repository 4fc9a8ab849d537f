"""Secrets at rest."""

import pytest

from tollhouse.identity.sealing import (
    NotSealed,
    Tampered,
    Unsealable,
    WrongKey,
    key_id,
    seal,
    unseal,
    unseal_with,
)

KEY = bytes(range(32))
OTHER = bytes(range(1, 33))
NONCE = bytes(range(100, 112))


@pytest.mark.parametrize("text", ["sk-canary", "", "key with spaces and é", "x" * 10_000])
def test_sealed_text_is_read_with_its_key(text: str) -> None:
    """What was sealed comes back whole."""
    assert unseal(KEY, seal(KEY, text, NONCE)) == text


def test_sealed_text_shows_neither_text_nor_key() -> None:
    """A sealed text names its version and its key's id, and nothing else can be read."""
    sealed = seal(KEY, "sk-canary", NONCE)
    assert sealed.startswith(f"v1.{key_id(KEY)}.")
    assert "canary" not in sealed
    assert KEY.hex()[:12] not in sealed


def test_nonce_makes_two_seals_of_one_text_differ() -> None:
    """Equal secrets cannot be told from their seals."""
    assert seal(KEY, "a", NONCE) != seal(KEY, "a", NONCE[::-1])


def test_other_key_is_told_by_name() -> None:
    """While keys are changed, the error says which key is needed."""
    with pytest.raises(WrongKey) as caught:
        unseal(OTHER, seal(KEY, "sk-canary", NONCE))
    assert caught.value.key_id == key_id(KEY) != key_id(OTHER)


@pytest.mark.parametrize("text", ["", "sk-plain", "v2.a.b.c", "v1.a.b", "v1.a.b.c.d"])
def test_text_that_was_never_sealed_is_told(text: str) -> None:
    """Plain text and unknown versions are not sealed texts."""
    with pytest.raises(NotSealed):
        unseal(KEY, text)


@pytest.mark.parametrize("part", [2, 3])
@pytest.mark.parametrize("change", ["first", "cut", "alphabet", "empty"])
def test_changed_text_is_refused(part: int, change: str) -> None:
    """Any change of the nonce or the ciphertext is found."""
    parts = seal(KEY, "sk-canary", NONCE).split(".")
    was = parts[part]
    parts[part] = {
        "first": ("B" if was[0] != "B" else "C") + was[1:],
        "cut": was[:-2],
        "alphabet": "!" + was[1:],
        "empty": "",
    }[change]
    with pytest.raises(Tampered):
        unseal(KEY, ".".join(parts))


def test_seal_of_another_key_cannot_be_passed_off() -> None:
    """The key's id is authenticated: putting another one in front does not help."""
    sealed = seal(OTHER, "sk-canary", NONCE).replace(key_id(OTHER), key_id(KEY))
    with pytest.raises(Tampered):
        unseal(KEY, sealed)


@pytest.mark.parametrize(("key", "nonce"), [(KEY[:31], NONCE), (KEY, NONCE[:11]), (b"", NONCE)])
def test_short_key_or_nonce_is_refused(key: bytes, nonce: bytes) -> None:
    """Only 32-byte keys and 12-byte nonces seal anything."""
    with pytest.raises(ValueError, match="32 bytes and a nonce 12"):
        seal(key, "a", nonce)


def test_G01_errors_hold_no_part_of_the_secret() -> None:
    """Neither the text nor the sealed text is in any error; all are one family."""
    sealed = seal(KEY, "sk-canary", NONCE)
    for broken in (sealed + "x.", sealed[:-4], "sk-canary", sealed.replace("v1", "v3")):
        with pytest.raises(Unsealable) as caught:
            unseal(KEY, broken)
        assert "canary" not in str(caught.value)
        assert sealed.rpartition(".")[2][:8] not in str(caught.value)
    assert issubclass(Unsealable, ValueError)


def test_whichever_key_sealed_it_opens_it() -> None:
    """While keys are changed, texts of the earlier and of the present one are read alike."""
    assert unseal_with((KEY, OTHER), seal(KEY, "a", NONCE)) == "a"
    assert unseal_with((KEY, OTHER), seal(OTHER, "b", NONCE)) == "b"


def test_text_of_no_key_names_its_own() -> None:
    """The key that sealed it is named, so that it can be looked for; no keys open nothing."""
    third = bytes(range(2, 34))
    with pytest.raises(WrongKey, match=key_id(third)):
        unseal_with((KEY, OTHER), seal(third, "c", NONCE))
    with pytest.raises(NotSealed):
        unseal_with((), seal(KEY, "a", NONCE))


def test_changed_text_is_not_tried_with_other_keys() -> None:
    """What the right key finds changed stays refused."""
    sealed = seal(KEY, "a", NONCE)
    with pytest.raises(Tampered):
        unseal_with((OTHER, KEY), sealed[:-2] + ("AA" if sealed[-2:] != "AA" else "BB"))
