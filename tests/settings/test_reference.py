"""The annotated reference and the example catalogue are whole and can be used."""

import base64
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel

from tollhouse.catalogue.compile import Compiler, Environment
from tollhouse.catalogue.seeds import Seeds, read_seeds
from tollhouse.catalogue.writing import new_document
from tollhouse.core.history import StoredCatalogue, StoredModel
from tollhouse.core.model import Lifecycle
from tollhouse.core.needs import ModelType
from tollhouse.core.snapshot import Snapshot
from tollhouse.settings import Settings, load
from tollhouse.settings.providers import ProviderSection

CONFIG = Path(__file__).parents[2] / "config"
REFERENCE = CONFIG / "tollhouse.yaml"
ENVIRON = {
    "TOLLHOUSE_ADMIN_TOKEN": "Zk3v9Qw8Lm2Xr7Tb5Yn1Hd6Pf4Gs0JcA",
    "TOLLHOUSE_SECRET_KEY": base64.b64encode(bytes(range(32))).decode(),
    "OPENAI_API_KEY": "sk-test",
}
NOW = 1_800_000_000.0


@pytest.fixture(name="settings", scope="module")
def _settings() -> Settings:
    """The reference, loaded with the variables that it needs."""
    return load(REFERENCE, ENVIRON)


@pytest.fixture(name="seeds", scope="module")
def _seeds(settings: Settings) -> Seeds:
    """The example catalogue, read."""
    (path,) = settings.catalogue.files
    return read_seeds(yaml.safe_load(path.read_text(encoding="utf-8")))


@pytest.fixture(name="snapshot", scope="module")
def _snapshot(settings: Settings, seeds: Seeds) -> Snapshot:
    """The example catalogue, compiled under the reference's providers and tiers."""
    documents = [
        new_document(
            body, uid=f"00000000-0000-7000-8000-{index:012}", now=NOW, actor="t", source="seed"
        )
        for index, body in enumerate(seeds.models)
    ]
    stored = [StoredModel(document["model_id"], 1, document) for document in documents]
    environment = Environment(
        providers=settings.provider_map(), tiers=settings.tier_map(), unseal=str
    )
    return Compiler(environment).compile(StoredCatalogue(1, stored))


def keys_of(section: type[BaseModel], path: str = "") -> Iterator[str]:
    """Every dotted key of a schema; a provider's are those of ``providers.openai``."""
    for name, field in section.model_fields.items():
        here = f"{path}{name}"
        yield here
        if here == "providers":
            yield from keys_of(ProviderSection, "providers.openai.")
        elif isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from keys_of(field.annotation, f"{here}.")


def has(document: Any, path: str) -> bool:
    """Whether a YAML document has a dotted key."""
    for step in path.split("."):
        if not isinstance(document, dict) or step not in document:
            return False
        document = document[step]
    return True


def test_reference_needs_only_the_variables_it_names_without_a_default(settings: Settings) -> None:
    """Three variables are enough to start with the reference."""
    provider = settings.provider_map()["openai"]
    assert provider.api_key is not None
    assert provider.api_key.reveal() == "sk-test"
    assert settings.provider_map()["azure"].api_key is None
    assert set(re.findall(r"\$\{([A-Z_]+)\}", REFERENCE.read_text())) - {"NAME"} == set(ENVIRON)


def test_reference_has_every_key() -> None:
    """No key of the settings is missing in the annotated reference."""
    written = yaml.safe_load(re.sub(r"\$\{[^}\n]*\}", "reference", REFERENCE.read_text()))
    assert [path for path in keys_of(Settings) if not has(written, path)] == []


def test_reference_has_a_comment_for_every_key() -> None:
    """Every key of the general part has a comment above it, or it opens a section."""
    lines = REFERENCE.read_text().splitlines()
    bare = [
        line
        for above, line in pairwise(lines)
        if re.match(r"\s+[a-z_]+:", line) and not above.lstrip().startswith("#")
    ]
    # The further providers only show what differs.
    assert [line.strip().split(":")[0] for line in bare] == [
        *("openai", "azure", "protocol", "api_key", "api_version"),
        *("anthropic", "protocol", "api_key", "gemini", "protocol", "api_key"),
    ]


def test_reference_states_the_defaults() -> None:
    """What the reference says of general keys is what is so without it."""
    stated, default = load(REFERENCE, ENVIRON), load(None, {})
    for name in ("server", "tiers", "timeouts", "failover", "telemetry"):
        assert getattr(stated, name) == getattr(default, name)


def test_example_catalogue_compiles(snapshot: Snapshot, seeds: Seeds) -> None:
    """Every model of the example is in the snapshot, under the reference's providers."""
    assert len(snapshot.models) == len(seeds.models) >= 12
    assert {org.slug: org.plan for org in seeds.orgs} == {
        "acme": "pro",
        "free-rider": "free",
        "bigco": "enterprise",
    }


def test_example_catalogue_shows_what_a_catalogue_can_say(snapshot: Snapshot) -> None:
    """The example has one of everything an admin would look for."""
    models = snapshot.models.values()
    types = {model.type for model in models}
    assert types == set(ModelType) - {ModelType.RERANK}
    assert snapshot.find("gpt-4o") is snapshot.models["openai/gpt-4o"]
    assert any(len(model.failover) > 1 for model in models)
    assert any(model.org_slugs for model in models)
    assert {model.tier for model in models} == {"standard", "premium"}
    assert any(model.target.deployment for model in models)
    (deprecated,) = [one for one in models if one.lifecycle(NOW) is Lifecycle.DEPRECATED]
    assert deprecated.replacement_model_id in snapshot.models
    prices = [model.pricing for model in models]
    assert all(prices)
    assert any(price and price.tiers for price in prices)
    assert any(price and price.service_tiers for price in prices)
