"""Where Bedrock is asked."""

import pytest

from tollhouse.providers.bedrock import converse_url, count_tokens_url, invoke_url

BASE = "https://bedrock-runtime.eu-west-1.amazonaws.com"
ARN = "arn:aws:bedrock:eu-west-1:123456789012:application-inference-profile/mi1d"
ENCODED = "arn%3Aaws%3Abedrock%3Aeu-west-1%3A123456789012%3Aapplication-inference-profile%2Fmi1d"


@pytest.mark.parametrize("base", [BASE, f"{BASE}/"])
@pytest.mark.parametrize(
    ("model", "segment"),
    [
        ("anthropic.claude-3-haiku-20240307-v1:0", "anthropic.claude-3-haiku-20240307-v1%3A0"),
        ("us.amazon.nova-2-lite-v1:0", "us.amazon.nova-2-lite-v1%3A0"),
        (ARN, ENCODED),
        ("a b/../c?d#e", "a%20b%2F..%2Fc%3Fd%23e"),
    ],
)
def test_the_model_is_one_segment_of_the_path(base: str, model: str, segment: str) -> None:
    """Whatever is in its id, it cannot leave its place."""
    start = f"{BASE}/model/{segment}"
    assert converse_url(base, model, stream=False) == f"{start}/converse"
    assert converse_url(base, model, stream=True) == f"{start}/converse-stream"
    assert invoke_url(base, model, stream=False) == f"{start}/invoke"
    assert invoke_url(base, model, stream=True) == f"{start}/invoke-with-response-stream"
    assert count_tokens_url(base, model) == f"{start}/count-tokens"
