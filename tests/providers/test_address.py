"""Where each endpoint of each kind of provider is reached, and with what."""

import pytest

from tollhouse.core.model import Address, Provider, Secret, Target, Timeouts
from tollhouse.core.needs import Endpoint
from tollhouse.providers.address import address, model_name

KEY = Secret("sk-canary")


def target(
    protocol: str = "openai",
    *,
    base_url: str = "https://host.example/v1",
    api_key: Secret | None = KEY,
    provider_headers: tuple[tuple[str, str], ...] = (),
    headers: tuple[tuple[str, str], ...] = (),
    deployment: str | None = None,
    api_version: str | None = None,
    own_version: str | None = None,
    upstream_model: str = "gpt-4o",
) -> Target:
    """A target at a provider."""
    provider = Provider(
        "p", protocol, base_url, api_key, headers=provider_headers, api_version=api_version
    )
    return Target(
        provider,
        upstream_model,
        Timeouts(),
        headers=headers,
        deployment=deployment,
        api_version=own_version,
    )


def azure(endpoint: Endpoint = Endpoint.CHAT, **more: str | None) -> Address:
    """An address at Azure."""
    given = {"base_url": "https://r.openai.azure.com", "api_version": "2024-10-21"} | more
    return address(target("azure", **given), endpoint)  # type: ignore[arg-type]


OPENAI = [one for one in Endpoint if one not in {Endpoint.MESSAGES, Endpoint.COUNT_TOKENS}]
"""The endpoints of OpenAI's protocol."""


@pytest.mark.parametrize("endpoint", OPENAI)
@pytest.mark.parametrize("base", ["https://host.example/v1", "https://host.example/v1/"])
def test_openai_endpoints_stand_below_the_base(endpoint: Endpoint, base: str) -> None:
    """With one slash between, whether the base ends in one or not, and the key as a bearer."""
    found = address(target(base_url=base), endpoint)
    assert found.url == f"https://host.example/v1/{endpoint.path}"
    assert found.headers == (("authorization", "Bearer sk-canary"),)


@pytest.mark.parametrize("endpoint", OPENAI)
def test_azure_endpoints_stand_below_the_deployment(endpoint: Endpoint) -> None:
    """But for responses, which know the deployment by the model in the body."""
    below = "" if endpoint is Endpoint.RESPONSES else "deployments/gpt-4o/"
    found = azure(endpoint)
    expected = f"https://r.openai.azure.com/openai/{below}{endpoint.path}?api-version=2024-10-21"
    assert found.url == expected
    assert found.headers == (("api-key", "sk-canary"),)


def test_azure_names_the_deployment_where_there_is_one() -> None:
    """Else the model's name is the deployment's."""
    assert "/deployments/mine/chat" in azure(deployment="mine").url
    assert "/deployments/gpt-4o/chat" in azure().url


@pytest.mark.parametrize(
    ("name", "segment"),
    [("a b", "a%20b"), ("a/b", "a%2Fb"), ("a?b#c", "a%3Fb%23c"), ("日本", "%E6%97%A5%E6%9C%AC")],
)
def test_a_deployment_is_one_segment_of_the_path(name: str, segment: str) -> None:
    """Whatever is in its name, it cannot change where the request goes."""
    assert f"/deployments/{segment}/chat" in azure(deployment=name).url


def test_the_models_own_api_version_counts_first() -> None:
    """Then the provider's; both are quoted."""
    assert azure(own_version="2025-01-01").url.endswith("?api-version=2025-01-01")
    assert azure(own_version="a&b=c").url.endswith("?api-version=a%26b%3Dc")


@pytest.mark.parametrize("endpoint", OPENAI)
@pytest.mark.parametrize(("version", "query"), [("v1", ""), ("preview", "?api-version=preview")])
def test_azures_undated_interface_has_openais_paths(
    endpoint: Endpoint, version: str, query: str
) -> None:
    """The deployment is not in the URL."""
    found = azure(endpoint, api_version=version, deployment="mine")
    assert found.url == f"https://r.openai.azure.com/openai/v1/{endpoint.path}{query}"
    assert found.headers == (("api-key", "sk-canary"),)


@pytest.mark.parametrize(
    ("version", "endpoint", "named"),
    [
        ("2024-10-21", Endpoint.CHAT, "gpt-4o"),
        ("2024-10-21", Endpoint.RESPONSES, "mine"),
        ("v1", Endpoint.CHAT, "mine"),
        ("v1", Endpoint.EMBEDDINGS, "mine"),
        ("preview", Endpoint.RESPONSES, "mine"),
        ("v1", Endpoint.MESSAGES, "mine"),
    ],
)
def test_the_body_names_the_deployment_where_the_url_does_not(
    version: str, endpoint: Endpoint, named: str
) -> None:
    """For every client's dialect."""
    one = target("azure", api_version=version, deployment="mine")
    assert model_name(one, endpoint) == named
    assert model_name(target("azure", api_version=version), endpoint) == "gpt-4o"


@pytest.mark.parametrize("protocol", ["openai", "azure"])
def test_a_provider_without_a_key_gets_none(protocol: str) -> None:
    """No empty header either."""
    assert address(target(protocol, api_key=None), Endpoint.CHAT).headers == ()


def test_headers_of_provider_and_model_are_sent_with_the_key() -> None:
    """The model's in place of the provider's of the same name, the credential above all."""
    found = address(
        target(
            provider_headers=(("OpenAI-Organization", "o1"), ("x-a", "1"), ("Authorization", "no")),
            headers=(("openai-organization", "o2"), ("x-b", "2")),
        ),
        Endpoint.CHAT,
    )
    assert found.headers == (
        ("x-a", "1"),
        ("openai-organization", "o2"),
        ("x-b", "2"),
        ("authorization", "Bearer sk-canary"),
    )


def test_a_header_may_be_the_credential() -> None:
    """A provider without a key keeps the authorization that its headers have."""
    headers = (("authorization", "Custom x"),)
    found = address(target(api_key=None, provider_headers=headers), Endpoint.CHAT)
    assert found.headers == headers


def test_G01_the_key_is_never_in_the_url() -> None:
    """Nor in what a target or an address shows of itself."""
    for one in (target(), target("azure", api_version="v")):
        for endpoint in Endpoint:
            assert "canary" not in repr(address(one, endpoint))
        assert "canary" not in repr(one)
