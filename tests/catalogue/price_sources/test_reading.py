"""Which list a file is, from its bytes."""

import pytest

from tollhouse.catalogue.price_sources.reading import NoPriceListError, read_list

LITELLM = b'{"gpt-4o": {"litellm_provider": "openai", "input_cost_per_token": 2.5e-06}}'
GENAI = (
    b'[{"id": "openai", "models": [{"id": "gpt-4o", "match": {"equals": "gpt-4o"},'
    b' "prices": {"input_mtok": 2.5}}]}]'
)


@pytest.mark.parametrize(
    ("text", "title"),
    [
        (LITELLM, "LiteLLM"),
        (GENAI, "genai-prices"),
        (b'{"units": {}, "providers": ' + GENAI + b"}", "genai-prices"),
        (b"\xef\xbb\xbf" + LITELLM, "LiteLLM"),
    ],
)
def test_list_is_known_by_its_form(text: bytes, title: str) -> None:
    """No option says which it is; the price is the same to the digit."""
    book = read_list(text, 0.0)

    assert book.title == title
    assert book.entries[0].pricing == {"input_per_1m_tokens": "2.5"}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"", "is not JSON at line 1"),
        (b"{\n]", "is not JSON at line 2"),
        (b"\xff\xfe\xfd", "is not JSON"),
        (b'{"a": NaN}', "is not JSON"),
        (b"[" * 100_000, "is nested too deeply"),
        (b"[]", "is neither"),
        (b'{"models": []}', "is neither"),
        (b"3", "is neither"),
    ],
)
def test_what_is_no_list_is_refused(text: bytes, reason: str) -> None:
    """One sentence says why."""
    with pytest.raises(NoPriceListError, match=reason):
        read_list(text, 0.0)
