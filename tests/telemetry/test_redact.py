"""What is masked, and what is left alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tollhouse.telemetry.redact import _ALL_MARKS, is_plain, redact

SECRET = "canary7Tb5Yn1Hd6Pf4Gs0"
JWT = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJjYW5hcnkifQ.c2ln"


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        (f"key iak_0193-aa_{SECRET} seen", "key iak_*** seen"),
        (f"token at:0193-bb:{SECRET}.", "token at:***."),
        (f"sk-proj-{SECRET}", "sk-***"),
        ("key sk-canary", "key sk-***"),
        (f"gsk_{SECRET} xai-{SECRET} hf_{SECRET}", "gsk_*** xai-*** hf_***"),
        (f"AIzaSy{SECRET} AKIA{SECRET}", "AIza*** AKIA***"),
        (f"Authorization: Bearer {SECRET}", "Authorization: *** ***"),
        (f"bearer {SECRET}, more", "bearer ***, more"),
        ("Basic dXNlcjpjYW5hcnk=", "Basic ***"),
        (f"a {JWT} b", "a eyJ*** b"),
        (f"https://h/v1?key={SECRET}&x=1", "https://h/v1?key=***&x=1"),
        (f"https://h/v1?x=1&sig={SECRET}", "https://h/v1?x=1&sig=***"),
        (f"postgresql://u:{SECRET}@db/x", "postgresql://***@db/x"),
        (f"api_key={SECRET}", "api_key=***"),
        (f"'x-api-key': '{SECRET}'", "'x-api-key': '***'"),
        (f'{{"api_key": "{SECRET}"}}', '{"api_key": "***"}'),
        (f'{{\\"api_key\\": \\"{SECRET}\\"}}', '{\\"api_key\\": \\"***\\"}'),
        (f"Password: {SECRET}", "Password: ***"),
        (f"client_secret={SECRET};", "client_secret=***;"),
    ],
)
def test_G01_credentials_are_masked(text: str, masked: str) -> None:
    """Everything in the shape of a credential, or named like one, is masked."""
    assert redact(text) == masked
    assert "canary" not in redact(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "request",
        "served openai/gpt-4o at 12:30:05 in 12 ms",
        "a risk-based task-list",
        "max_tokens=5 input_tokens: 7",
        "https://api.openai.com/v1/chat/completions",
        '{"api_key": null, "secret": 5}',
        "0193a7c2-0000-7000-8000-000000000001",
    ],
)
def test_ordinary_text_is_left_alone(text: str) -> None:
    """Words, ids, numbers and URLs stay."""
    assert redact(text) == text


@pytest.mark.parametrize("mark", _ALL_MARKS)
def test_text_with_a_mark_is_not_plain(mark: str) -> None:
    """What begins a credential is seen, in any case and between any ids."""
    for text in (mark, mark.upper(), f"0193a7c2-0000\n{mark}\n0193a7c2-0001"):
        assert not is_plain(text)


def test_ids_are_plain() -> None:
    """UUIDs, many at a time, and other names without a mark."""
    assert is_plain("\n".join(["0193a7c2-0000-7000-8000-000000000001"] * 100))
    assert is_plain("req-1")
    assert is_plain("\ud800")
    assert is_plain("")


@given(st.lists(st.sampled_from(["=", ":", " ", "x", "0", "\n", "@", "K", "\u212a", *_ALL_MARKS])))
def test_plain_text_is_never_masked(parts: list[str]) -> None:
    """Who finds a text plain need not have it redacted."""
    text = "".join(parts)
    assert redact(text) == text or not is_plain(text)
