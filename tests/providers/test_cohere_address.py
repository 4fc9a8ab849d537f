"""Where Cohere is asked, and with what."""

import pytest

from tollhouse.core.model import Provider, Secret, Target, Timeouts
from tollhouse.core.needs import Endpoint
from tollhouse.providers.cohere import credential, embed_url, locate, rerank_url


@pytest.mark.parametrize("end", ["", "/", "/v1", "/v2", "/v2/"])
def test_operations_stand_below_the_second_version(end: str) -> None:
    """Wherever the base URL ends."""
    assert rerank_url("https://api.cohere.com" + end) == "https://api.cohere.com/v2/rerank"
    assert embed_url("https://api.cohere.com" + end) == "https://api.cohere.com/v2/embed"
    assert embed_url(f"http://proxy/coherence{end}") == "http://proxy/coherence/v2/embed"


@pytest.mark.parametrize(
    ("endpoint", "path"), [(Endpoint.EMBEDDINGS, "embed"), (Endpoint.RERANK, "rerank")]
)
@pytest.mark.parametrize("key", [None, Secret("sk-canary")])
def test_a_target_is_located(endpoint: Endpoint, path: str, key: Secret | None) -> None:
    """With the key as a bearer, where there is one; the model stands in the body."""
    provider = Provider("p", "cohere", "https://api.cohere.com", key)
    url, header = locate(Target(provider, "rerank-v3.5", Timeouts()), endpoint)
    assert url == f"https://api.cohere.com/v2/{path}"
    assert header == (None if key is None else credential("sk-canary"))
    assert header in {None, ("authorization", "Bearer sk-canary")}
