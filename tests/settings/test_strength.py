"""Which secrets are refused for being easy to guess."""

import base64

import pytest

from settings.conftest import Faults
from tollhouse.settings import strength

STRONG = "Zk3v9Qw8Lm2Xr7Tb5Yn1Hd6Pf4Gs0JcA"


@pytest.mark.parametrize("token", [STRONG, STRONG * 2 + "x", "f3a9" + STRONG.lower()])
def test_random_token_is_accepted(token: str) -> None:
    """A long random token has no fault."""
    assert strength.admin_token_fault(token) is None


@pytest.mark.parametrize(
    ("token", "fault"),
    [
        ("", "must be at least 32 characters"),
        ("sk-1234", "must be at least 32 characters"),
        ("changeme", "must be at least 32 characters"),
        (STRONG[:31], "must be at least 32 characters"),
        ("please-change-me-before-production-use", "looks like a known default"),
        ("my-super-secret-password-for-tollhouse", "looks like a known default"),
        ("sk-1234-but-a-little-longer-than-before", "looks like a known default"),
        ("0123456789abcdefghijklmnopqrstuvwxyz", "looks like a known default"),
        ("a" * 32, "is too regular to be a random token"),
        ("Zk3v9Qw8Lm2Xr7Tb" * 2, "is too regular to be a random token"),
        ("1011001110001011" + "1110010101110001", "is too regular to be a random token"),
        (STRONG + " ", "must be visible ASCII characters without white space"),
        (STRONG + "\n", "must be visible ASCII characters without white space"),
        (STRONG + "é", "must be visible ASCII characters without white space"),
        (STRONG * 200, "is longer than 4096 characters"),
    ],
)
def test_J06_weak_admin_token_is_refused(token: str, fault: str) -> None:
    """An empty, short, well-known or regular admin token is refused with the reason."""
    assert strength.admin_token_fault(token) == fault


@pytest.mark.parametrize("token", ["sk-1234", "changeme" * 8])
def test_J06_process_does_not_start_with_a_weak_token(faults_of: Faults, token: str) -> None:
    """The settings are refused, and the message does not hold the token."""
    told = faults_of(f"auth: {{admin_token: {token}}}")
    assert list(told) == ["auth.admin_token"]
    assert token not in told["auth.admin_token"]


def test_J06_process_does_not_start_with_an_empty_token(faults_of: Faults) -> None:
    """A token that is set to nothing is not taken for one that is switched off."""
    assert "auth.admin_token" in faults_of("auth: {admin_token: ''}")
    assert "auth.admin_token" in faults_of("", {"TOLLHOUSE_AUTH__ADMIN_TOKEN": ""})
    assert "auth.admin_token" in faults_of("auth: {admin_token: ${TOKEN}}", {"TOKEN": ""})


@pytest.mark.parametrize("token", ["x" * 16, STRONG])
def test_metrics_token_needs_sixteen_characters(token: str) -> None:
    """A metrics token guards less and may be shorter."""
    assert strength.metrics_token_fault(token) is None
    assert strength.metrics_token_fault(token[:15]) == "must be at least 16 characters"


KEY = bytes(range(200, 232))


@pytest.mark.parametrize(
    "text",
    [
        base64.b64encode(KEY).decode(),
        base64.urlsafe_b64encode(KEY).decode(),
        base64.urlsafe_b64encode(KEY).decode().rstrip("="),
    ],
)
def test_sealing_key_is_read_in_either_alphabet(text: str) -> None:
    """Base64 and URL-safe base64, padded or not, give the 32 bytes."""
    assert strength.sealing_key(text) == KEY


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("not base64!", "must be base64"),
        ("a", "must be base64"),
        ("é", "must be base64"),
        ("", "must be 32 bytes in base64, is 0"),
        (base64.b64encode(KEY[:16]).decode(), "must be 32 bytes in base64, is 16"),
        (base64.b64encode(bytes(32)).decode(), "is too regular to be a random key"),
    ],
)
def test_unusable_sealing_key_is_refused(text: str, fault: str) -> None:
    """What is not 32 random bytes in base64 is refused with the reason."""
    with pytest.raises(ValueError, match=fault):
        strength.sealing_key(text)
