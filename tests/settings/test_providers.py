"""Providers of every protocol: what each needs, what is its own, and who it is called as."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from tollhouse.core.model import Api, CloudIdentity, IdentityKind, Provider
from tollhouse.settings import Settings
from tollhouse.settings import providers as section

Loader = Callable[..., Settings]
Faults = Callable[..., dict[str, str]]
ENTRA = {"tenant_id": "t", "client_id": "c", "client_secret": "s" * 20}
AZURE = {"protocol": "azure", "base_url": "https://r.example", "api_version": "2024-10-21"}
BEDROCK = {"protocol": "bedrock", "region": "eu-central-1"}
VERTEX = {"protocol": "vertex", "project": "p", "location": "europe-west1"}


def written(**fields: Any) -> str:
    """A file with one provider."""
    return json.dumps({"providers": {"p": fields}})


def provider(load_text: Loader, **fields: Any) -> Provider:
    """The provider of these settings."""
    return load_text(written(**fields)).provider_map()["p"]


@pytest.mark.parametrize(
    ("fields", "url"),
    [
        ({"protocol": "anthropic"}, "https://api.anthropic.com"),
        ({"protocol": "gemini"}, "https://generativelanguage.googleapis.com"),
        ({"protocol": "cohere"}, "https://api.cohere.com"),
        (BEDROCK, "https://bedrock-runtime.eu-central-1.amazonaws.com"),
        (
            {**BEDROCK, "region": "cn-north-1"},
            "https://bedrock-runtime.cn-north-1.amazonaws.com.cn",
        ),
        (VERTEX, "https://europe-west1-aiplatform.googleapis.com"),
        ({**VERTEX, "location": "global"}, "https://aiplatform.googleapis.com"),
        ({**VERTEX, "location": "eu"}, "https://aiplatform.eu.rep.googleapis.com"),
        ({"protocol": "anthropic", "base_url": "https://x.example/"}, "https://x.example"),
    ],
)
def test_a_protocol_has_its_usual_place(load_text: Loader, fields: Any, url: str) -> None:
    """But for those that anybody may host, which say where they are."""
    assert provider(load_text, **fields).base_url == url


@pytest.mark.parametrize(
    ("fields", "path", "told"),
    [
        ({"protocol": "openai"}, "base_url", "is required when protocol is openai"),
        ({"protocol": "bedrock"}, "region", "is required when protocol is bedrock"),
        ({"protocol": "vertex", "location": "l"}, "project", "is required when protocol is vertex"),
        ({"protocol": "vertex", "project": "p"}, "location", "is required when protocol is vertex"),
        ({**VERTEX, "region": "r"}, "region", "is of use only when protocol is bedrock"),
        ({**BEDROCK, "project": "p"}, "project", "is of use only when protocol is vertex"),
        ({"protocol": "anthropic", "entra": ENTRA}, "entra", "only when protocol is azure"),
        ({"protocol": "gemini", "aws": {}}, "aws", "only when protocol is bedrock"),
        ({**BEDROCK, "credentials_file": "f"}, "credentials_file", "only when protocol is vertex"),
        ({**BEDROCK, "region": "eu/../x"}, "region", "is not a name"),
        ({**VERTEX, "project": "p?x"}, "project", "is not a name"),
        ({**BEDROCK, "api": "chat"}, "api", "must be auto or converse or invoke"),
        ({"protocol": "anthropic", "api": "chat"}, "api", "must be auto when"),
        ({**AZURE, "entra": {"tenant_id": "t"}}, "entra.client_id", "is required"),
        ({"protocol": "gemini", "api_version": "v"}, "api_version", "only when protocol is azure"),
    ],
)
def test_what_does_not_belong_together_is_a_fault(
    faults_of: Faults, fields: Any, path: str, told: str
) -> None:
    """Named by its path, in words that say what would be right."""
    assert told in faults_of(written(**fields))[f"providers.p.{path}"]


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        (BEDROCK, IdentityKind.AWS),
        (VERTEX, IdentityKind.GOOGLE),
        ({**AZURE, "entra": ENTRA}, IdentityKind.ENTRA),
        ({**BEDROCK, "api_key": "k" * 20}, None),
        ({**VERTEX, "api_key": "k" * 20}, None),
        ({**AZURE, "api_key": "k" * 20}, None),
        ({"protocol": "anthropic"}, None),
    ],
)
def test_a_cloud_is_called_as_somebody_unless_there_is_a_key(
    load_text: Loader, fields: Any, kind: IdentityKind | None
) -> None:
    """A key is sent as it is; without one, requests are signed or carry a token."""
    identity = provider(load_text, **fields).identity
    assert (None if identity is None else identity.kind) is kind


def test_an_identity_holds_what_was_said_of_it(load_text: Loader) -> None:
    """Secrets in it do not show themselves."""
    said = {"profile": "ci", "access_key_id": "AKIA", "secret_access_key": "s" * 40}
    identity = provider(load_text, **BEDROCK, aws=said).identity
    assert isinstance(identity, CloudIdentity)
    assert (identity.region, identity.profile, identity.access_key_id) == (
        *("eu-central-1", "ci"),
        "AKIA",
    )
    assert identity.secret_access_key is not None
    assert identity.secret_access_key.reveal() == "s" * 40
    assert "s" * 40 not in repr(identity)


@pytest.mark.parametrize(("fields", "extra"), [(BEDROCK, "bedrock"), (VERTEX, "vertex")])
def test_a_missing_extra_is_told_at_the_start(
    faults_of: Faults, monkeypatch: pytest.MonkeyPatch, fields: Mapping[str, Any], extra: str
) -> None:
    """With the command that installs it; a provider with a key needs none."""
    monkeypatch.setattr(section, "find_spec", lambda _: None)
    told = faults_of(written(**fields))["providers.p.api_key"]
    assert f"pip install 'tollhouse[{extra}]'" in told


def test_a_key_needs_no_extra(load_text: Loader, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bedrock's own keys are bearers."""
    monkeypatch.setattr(section, "find_spec", lambda _: None)
    assert provider(load_text, **BEDROCK, api_key="k" * 20, api="invoke").api is Api.INVOKE
