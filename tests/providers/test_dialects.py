"""Which dialect each provider is spoken to in, and where it is then reached."""

from typing import Any

import pytest

from tollhouse.core.dialect import Dialect
from tollhouse.core.model import Api, Provider, Secret, Target, Timeouts
from tollhouse.core.needs import Endpoint
from tollhouse.providers.address import address
from tollhouse.providers.dialects import dialect_of

CHAT, RESPONSES, MESSAGES = Endpoint.CHAT, Endpoint.RESPONSES, Endpoint.MESSAGES
CONVERSING = (CHAT, RESPONSES, MESSAGES)
CLAUDE = "eu.anthropic.claude-sonnet-4-20250514-v1:0"
NAMED = "/model/eu.anthropic.claude-sonnet-4-20250514-v1%3A0"
NOVA = "amazon.nova-pro-v1:0"
ARN = "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude-x-v1:0"


def target(protocol: str, model: str = "m", api: Api | None = None, **more: Any) -> Target:
    """A target at a provider of this protocol."""
    provider = Provider("p", protocol, "https://host.example", Secret("k-canary"), **more)
    return Target(provider, model, Timeouts(), api=api)


@pytest.mark.parametrize(
    ("protocol", "model", "api", "spoken"),
    [
        ("openai", "m", None, "chat responses chat"),
        ("openai", "m", Api.CHAT, "chat chat chat"),
        ("openai", "m", Api.RESPONSES, "responses responses responses"),
        ("azure", "m", None, "chat responses chat"),
        ("anthropic", "m", None, "messages messages messages"),
        ("bedrock", CLAUDE, None, "converse converse messages"),
        ("bedrock", CLAUDE, Api.CONVERSE, "converse converse converse"),
        ("bedrock", CLAUDE, Api.INVOKE, "messages messages messages"),
        ("bedrock", NOVA, None, "converse converse converse"),
        ("gemini", "gemini-2.5-pro", None, "gemini gemini gemini"),
        ("vertex", "gemini-2.5-pro", None, "gemini gemini gemini"),
        ("vertex", "claude-sonnet-4@20250514", None, "messages messages messages"),
    ],
)
def test_each_client_is_spoken_to_in_the_closest_dialect(
    protocol: str, model: str, api: Api | None, spoken: str
) -> None:
    """Its own where the provider has it, unless the configuration chose one for all."""
    found = [dialect_of(target(protocol, model, api), endpoint) for endpoint in CONVERSING]
    assert " ".join(str(dialect) for dialect in found) == spoken


def test_the_models_own_choice_comes_before_the_providers() -> None:
    """One model of a provider may be called another way than the rest."""
    both = target("openai", api=Api.CHAT)
    assert dialect_of(both, RESPONSES) is Dialect.CHAT
    general = target("openai")
    other = Target(
        Provider("p", "openai", "https://host.example", api=Api.RESPONSES), "m", Timeouts()
    )
    assert dialect_of(general, CHAT) is Dialect.CHAT
    assert dialect_of(other, CHAT) is Dialect.RESPONSES


@pytest.mark.parametrize(
    ("protocol", "model", "endpoint", "stream", "path"),
    [
        ("openai", "m", MESSAGES, False, "/chat/completions"),
        ("anthropic", "m", CHAT, True, "/v1/messages"),
        ("anthropic", "m", Endpoint.COUNT_TOKENS, False, "/v1/messages/count_tokens"),
        ("bedrock", NOVA, CHAT, False, "/model/amazon.nova-pro-v1%3A0/converse"),
        ("bedrock", NOVA, CHAT, True, "/model/amazon.nova-pro-v1%3A0/converse-stream"),
        (
            "bedrock",
            CLAUDE,
            MESSAGES,
            True,
            f"{NAMED}/invoke-with-response-stream",
        ),
        ("bedrock", CLAUDE, Endpoint.COUNT_TOKENS, False, f"{NAMED}/count-tokens"),
        ("bedrock", "amazon.titan-embed-text-v2:0", Endpoint.EMBEDDINGS, False, "/invoke"),
        ("gemini", "g", RESPONSES, False, "/v1beta/models/g:generateContent"),
        ("gemini", "g", RESPONSES, True, "/v1beta/models/g:streamGenerateContent?alt=sse"),
        ("gemini", "g", Endpoint.COUNT_TOKENS, False, "/v1beta/models/g:countTokens"),
        ("gemini", "g", Endpoint.EMBEDDINGS, False, "/v1beta/models/g:batchEmbedContents"),
        ("cohere", "c", Endpoint.RERANK, False, "/v2/rerank"),
        ("cohere", "c", Endpoint.EMBEDDINGS, False, "/v2/embed"),
    ],
)
def test_a_dialect_is_spoken_at_its_own_place(
    protocol: str, model: str, endpoint: Endpoint, *, stream: bool, path: str
) -> None:
    """Streams of some providers are at another one; the key is never in it."""
    found = address(target(protocol, model), endpoint, stream=stream)
    assert found.url.startswith("https://host.example/")
    assert found.url.endswith(path)
    assert "canary" not in found.url


@pytest.mark.parametrize(
    ("model", "endpoint", "publisher", "method"),
    [
        ("gemini-2.5-pro", CHAT, "google", "gemini-2.5-pro:streamGenerateContent?alt=sse"),
        ("claude-x@2025", CHAT, "anthropic", "claude-x@2025:streamRawPredict"),
    ],
)
def test_vertex_names_project_place_and_publisher(
    model: str, endpoint: Endpoint, publisher: str, method: str
) -> None:
    """All of them from the configuration and the catalogue."""
    place = target("vertex", model, project="p1", location="europe-west1")
    found = address(place, endpoint, stream=True).url
    expected = f"/v1/projects/p1/locations/europe-west1/publishers/{publisher}/models/{method}"
    assert found == f"https://host.example{expected}"


def test_an_arn_is_one_segment_of_the_path() -> None:
    """Its slash and colons cannot lead anywhere else."""
    url = address(target("bedrock", ARN), CHAT).url
    assert url.count("/") == len(["https:", "h", "model", "x", "converse"])
    assert "%3A123456789012%3Ainference-profile%2Fus.anthropic" in url


@pytest.mark.parametrize(
    ("protocol", "header"),
    [
        ("anthropic", ("x-api-key", "k-canary")),
        ("gemini", ("x-goog-api-key", "k-canary")),
        ("bedrock", ("authorization", "Bearer k-canary")),
        ("vertex", ("authorization", "Bearer k-canary")),
        ("cohere", ("authorization", "Bearer k-canary")),
    ],
)
def test_the_key_is_sent_as_the_provider_wants_it(protocol: str, header: tuple[str, str]) -> None:
    """In one header, above whatever the configuration says of it."""
    endpoint = Endpoint.RERANK if protocol == "cohere" else CHAT
    assert header in address(target(protocol), endpoint).headers
