"""What a document may say of the provider it names depends on how that provider is spoken to."""

from typing import Any

import pytest

from catalogue.samples import body, compiled
from tollhouse.catalogue.compile import CatalogueInvalid
from tollhouse.core.model import Api, Provider
from tollhouse.core.needs import ModelType

PROTOCOLS = ("openai", "azure", "anthropic", "bedrock", "gemini", "vertex", "cohere")
HOSTS = {
    name: Provider(name, name, "https://host.example", api_version="v" if name == "azure" else None)
    for name in PROTOCOLS
}
SERVED = {
    "openai": set(ModelType),
    "azure": set(ModelType),
    "anthropic": {ModelType.COMPLETION},
    "bedrock": {ModelType.COMPLETION, ModelType.EMBEDDINGS},
    "gemini": {ModelType.COMPLETION, ModelType.EMBEDDINGS},
    "vertex": {ModelType.COMPLETION, ModelType.EMBEDDINGS},
    "cohere": {ModelType.EMBEDDINGS, ModelType.RERANK},
}
APIS = {
    "openai": {"auto", "chat", "responses"},
    "azure": {"auto", "chat", "responses"},
    "bedrock": {"auto", "converse", "invoke"},
}


def faults(protocol: str, **fields: Any) -> dict[str, str]:
    """What is wrong with a model at a provider of this protocol."""
    usual = {"type": min(SERVED[protocol]).value, "provider": protocol, "upstream_model": "m"}
    document = body(**(usual | fields))
    try:
        compiled(document, providers=HOSTS)
    except CatalogueInvalid as invalid:
        return {one.path: one.message for one in invalid.faults}
    return {}


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("kind", ModelType)
def test_a_type_that_the_protocol_has_no_words_for_is_refused(
    protocol: str, kind: ModelType
) -> None:
    """A model that nobody could call is no model of the catalogue."""
    found = faults(protocol, type=kind.value)
    assert ("type" in found) is (kind not in SERVED[protocol])


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("api", Api)
def test_an_interface_is_one_of_the_protocols_own(protocol: str, api: Api) -> None:
    """The others have but one, which is called auto."""
    found = faults(protocol, provider_config={"api": api.value})
    assert ("provider_config.api" in found) is (api not in APIS.get(protocol, {"auto"}))


def test_what_a_document_says_of_the_call_reaches_the_target() -> None:
    """The interface, what becomes of knobs, and the most that can be asked for."""
    fields: dict[str, Any] = {
        "provider": "openai",
        "limits": {"max_tokens": 700},
        "provider_config": {"api": "responses", "unsupported_params": "drop"},
    }
    target = compiled(body(**fields)).models["a/model"].target
    assert (target.api, target.drops_unsupported, target.most_output) == (
        Api.RESPONSES,
        True,
        700,
    )
    plain = compiled(body()).models["a/model"].target
    assert (plain.api, plain.drops_unsupported, plain.most_output) == (None, False, None)
