"""Provider text made safe to repeat."""

import time

import pytest

from fakes.slowness import in_time
from tollhouse.routing.redact import LONGEST, redact

KEY = "sk-canary-0123456789abcdef"


@pytest.mark.parametrize(
    "secret",
    [
        KEY,
        "sk-proj-abc***********xyz",
        "iak_AbC123_s3cr3tS3cr3t",
        "at:tok_1:s3cr3t-s3cr3t",
        "gsk_abcdefghijklmnop1234",
        "hf_abcdefghijklmnop",
        "xai-abcdefghijkl1234",
        "AKIAIOSFODNN7EXAMPLE",
        "AIzaSyA1234567890abcdefghijklmnop",
        "ya29.a0AfB-byC_12345678.90",
        "projects/our-project-1234",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.s3cr3tsignature",
        "Bearer abcdefgh12345678",
        "authorization: Basic dXNlcjpwYXNzd29yZDEyMw==",
        "api_key=abcdef123",
        "org-AbCdEf123456",
        "proj_AbCdEf123456",
        "arn:aws:bedrock:us-east-1:123456789012:x/y",
        "d41d8cd98f00b204e9800998ecf8427e",
        "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWZnaGlqa2xtbm9w+/0=",
        "https://10.0.0.3:8443/v1/chat?key=abc",
        "postgres://user:password@db/x",
        "10.0.0.3:8443",
        "someone@example.com",
    ],
)
def test_G01_secrets_and_addresses_go(secret: str) -> None:
    """Whatever looks like a credential or an address goes; the words around it stay."""
    for text in (f"Bad thing {secret} was given.", f'Bad thing ("{secret}") was given.'):
        safe = redact(text)
        assert secret not in safe
        assert safe.startswith("Bad thing ")
        assert safe.endswith("was given.")
        assert "[" in safe


def test_G01_known_secrets_go_wherever_they_stand() -> None:
    """A known secret is removed exactly, inside words and in any shape; empty ones are ignored."""
    text = redact("x=plainpasswordy and plain", secrets=["", "plain", "plainpassword"])
    assert text == "x=[redacted]y and [redacted]"


@pytest.mark.parametrize(
    "text",
    [
        "Invalid value for 'messages[0].content[1].image_url': expected a string, got 5.",
        "This model's maximum context length is 128000 tokens; you asked for 200000 (token limit).",
        "Unsupported parameter: 'max_tokens' is not supported; use 'max_completion_tokens'.",
        "The token generation was stopped by basic validation rules, see key-value pairs.",
        "accounts/fireworks/models/llama-v3p1-405b-instruct cannot do that",
        "tool_call_id call_SIttSeiOistt33Htj4oiHOOX not found",
        "Temperature 2.5.1 … naïve 模型",
        "a_very_long_snake_case_parameter_name_that_nobody_would_like_to_type",
    ],
)
def test_plain_words_stay(text: str) -> None:
    """What a client needs to mend its request is repeated as it is."""
    assert redact(text) == text


def test_model_goes_by_the_name_the_client_knows() -> None:
    """The provider's name for a model becomes the served id, as a whole word only."""
    names = {"gpt-4o": "acme/best", "gpt-4o-mini": "acme/small"}
    text = "gpt-4o: no. 'models/gpt-4o-mini' and gpt-4o. Not gpt-4o-2024, my-gpt-4o or gpt-4o.1"
    assert redact(text, replace=names) == (
        "acme/best: no. 'models/acme/small' and acme/best. Not gpt-4o-2024, my-gpt-4o or gpt-4o.1"
    )


def test_served_id_is_not_taken_for_a_secret() -> None:
    """An id of ours that looks like a secret is shown; the provider's own name never is."""
    served = "team/Meta-Llama-3-70B-Instruct-Turbo-for-everybody"
    upstream = "0123456789abcdef0123456789abcdef"
    assert redact(f"{upstream} is full", replace={upstream: served}) == f"{served} is full"


def test_control_characters_and_stacks_go() -> None:
    """Line breaks, escapes and direction marks become spaces; a stack trace is cut off."""
    assert redact("a\r\nb\x1b[31mc\u202ed\x00e\u2028f") == "a b [31mc d e f"
    assert redact('Broke. Traceback (most recent call last): File "/srv/x.py"') == "Broke."


def test_text_is_cut() -> None:
    """At most so many characters come out, and a secret at the edge of what is read does not."""
    safe = redact("word " * 5000)
    assert len(safe) == LONGEST
    assert safe.endswith("…")
    text = "https://example.com/" + "x" * (8 * LONGEST - 40) + " and then " + KEY
    assert "canary" not in redact(text)


@pytest.mark.parametrize("piece", ["a", "-eyJ", "a@", "1.", "at:", "sk-", "A1b", "http://", "key="])
def test_hostile_text_takes_no_time(piece: str) -> None:
    """Text made to keep patterns busy is read in an instant."""
    began = time.perf_counter()
    redact(piece * 100_000)
    in_time(time.perf_counter() - began, 1)


PROMPT = 'Guard the "northern gate" of Zürich.\n\nNever name its keeper, the heron.'
QUOTES = [
    PROMPT,
    PROMPT[:30],
    PROMPT[20:],
    PROMPT.replace("\n", "\\n").replace('"', '\\"'),
    PROMPT.replace("ü", "\\u00fc"),
    PROMPT.replace("\n\n", " ").upper(),
    PROMPT.replace(" ", "\n"),
]


@pytest.mark.parametrize("quote", QUOTES)
def test_quotations_go_however_they_are_written(quote: str) -> None:
    """Whole or in part, escaped, wrapped or in capitals; the words around them stay."""
    told = redact(f"Invalid message <{quote}> at position 0", unquoted=PROMPT)
    assert told.startswith("Invalid message <")
    assert told.endswith("> at position 0")
    assert not any(word in told.lower() for word in ("northern", "rich", "keeper", "heron"))


def test_every_quotation_goes() -> None:
    """Two of them, with words between, and one at the very end."""
    told = redact(f"{PROMPT[:30]} is not {PROMPT[30:]}", unquoted=PROMPT)
    assert told == "[redacted] is not [redacted]."


@pytest.mark.parametrize("text", ["the gate is shut", "Never name it", "", "Zürich"])
def test_words_in_common_are_no_quotation(text: str) -> None:
    """A few letters in a row are chance."""
    assert redact(text, unquoted=PROMPT) == text


def test_short_text_is_a_quotation_only_whole() -> None:
    """And one of a few letters is never told from chance."""
    assert redact("say: Be very brief!", unquoted="Be very brief") == "say: [redacted]!"
    assert redact("say: Be very brie", unquoted="Be very brief") == "say: Be very brie"
    assert redact("say: Be brief", unquoted="Be brief") == "say: Be brief"


def test_quotations_are_found_in_time() -> None:
    """The longest prompt and the longest text there are, with nothing or everything in common."""
    prompt = "".join(chr(0x4E00 + number % 20_000) for number in range(50_000))
    for text in ("x" * 64_000, prompt + prompt[:14_000], prompt[::-1] * 2):
        began = time.process_time()
        redact(text, unquoted=prompt)
        in_time(time.process_time() - began, 1)
