"""Catalogue files: models and orgs, or every fault of the file."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
import yaml

from catalogue.samples import body, compiled, faults_of, made, seal
from tollhouse.catalogue.seeds import Seeds, read_seeds
from tollhouse.core.errors import CallerError
from tollhouse.core.tenants import Org

FILE = """
models:
  - model_id: bedrock/anthropic.claude-3-haiku
    type: completion
    provider: openai
    aliases: [haiku]
    pricing: {input_per_1m_tokens: 0.1, output_per_1m_tokens: 1.25, per_request: 1.0e-7}
    end_of_life_at: 2027-01-31T00:00:00Z
    failover: small
  - {model_id: small, type: completion, provider: openai}
orgs:
  - {slug: acme, plan: pro, name: Acme}
  - {slug: solo, plan: free}
"""


def _faults(content: Any, **options: Any) -> dict[str, str]:
    with pytest.raises(CallerError) as caught:
        read_seeds(content, **options)
    return faults_of(caught.value)


def test_file_is_read_in_its_order() -> None:
    """Models and orgs come out as they stand in the file, ready to be created."""
    seeds = read_seeds(yaml.safe_load(FILE))
    assert [one["model_id"] for one in seeds.models] == [
        "bedrock/anthropic.claude-3-haiku",
        "small",
    ]
    assert seeds.orgs == (Org("acme", "pro", "Acme"), Org("solo", "free"))
    assert sorted(compiled(*seeds.models).models) == ["bedrock/anthropic.claude-3-haiku", "small"]


def test_A22_price_that_yaml_read_as_a_float_keeps_its_spelling() -> None:
    """Floats of a file become the decimals that they spell, times become text."""
    document = made(read_seeds(yaml.safe_load(FILE)).models[0])
    assert document["pricing"] == {
        "input_per_1m_tokens": "0.1",
        "output_per_1m_tokens": "1.25",
        "per_request": "0.0000001",
    }
    assert document["end_of_life_at"] == "2027-01-31T00:00:00Z"


@pytest.mark.parametrize("content", [None, {}, {"models": None, "orgs": None}, {"models": []}])
def test_empty_file_is_an_empty_catalogue(content: Any) -> None:
    """A file with nothing in it seeds nothing."""
    assert read_seeds(content) == Seeds((), ())


def test_ten_faults_of_a_file_are_all_told() -> None:
    """Every fault of every model and org is named with its place in the file."""
    faults = _faults(
        {
            "models": [
                body("a", limits={"max_tokens": 0}, enabled="yes"),
                body("b//c"),
                "not a model",
                body("a", pricing={"tiers": [{"above_input_tokens": -1}]}),
                {"model_id": "d", "nope": 1},
            ],
            "orgs": [{"slug": "acme", "plan": "gold"}, {"slug": "acme", "plan": "pro", "x": 1}, 5],
            "model": [],
        }
    )
    assert sorted(faults) == sorted(
        [
            "model",
            "models[0].enabled",
            "models[0].limits.max_tokens",
            "models[1].model_id",
            "models[2]",
            "models[3].model_id",
            "models[3].pricing.tiers[0].above_input_tokens",
            "models[4].nope",
            "models[4].provider",
            "models[4].type",
            "orgs[0].plan",
            "orgs[1].slug",
            "orgs[1].x",
            "orgs[2]",
        ]
    )
    assert faults["models[3].model_id"] == "is also that of models[0]"


@pytest.mark.parametrize(
    ("content", "path"),
    [
        ([], "document"),
        ("models", "document"),
        ({"models": {}}, "models"),
        ({"orgs": "acme"}, "orgs"),
        ({True: []}, "True"),
        ({"orgs": [{"plan": "pro"}]}, "orgs[0].slug"),
        ({"orgs": [{"slug": "a b", "plan": "pro"}]}, "orgs[0].slug"),
        ({"orgs": [{"slug": 5, "plan": "pro"}]}, "orgs[0].slug"),
        ({"orgs": [{"slug": "", "plan": "pro"}]}, "orgs[0].slug"),
        ({"orgs": [{"slug": "o" * 129, "plan": "pro"}]}, "orgs[0].slug"),
        ({"orgs": [{"slug": "a"}]}, "orgs[0].plan"),
        ({"orgs": [{"slug": "a", "plan": "pro", "name": 5}]}, "orgs[0].name"),
        ({"models": [body(end_of_life_at=date(2027, 1, 31))]}, "models[0].end_of_life_at"),
        (
            {"models": [body(end_of_life_at=datetime(2027, 1, 31))]},  # noqa: DTZ001 - what YAML gives
            "models[0].end_of_life_at",
        ),
        ({"models": [body(metadata={True: 1})]}, "models[0].metadata"),
    ],
)
def test_faulty_file_is_refused_with_its_path(content: Any, path: str) -> None:
    """What a file cannot say is told where it says it."""
    assert list(_faults(content)) == [path]


def test_time_with_a_zone_is_read_however_yaml_reads_it() -> None:
    """A time that YAML turned into an object is a time."""
    moment = datetime(2027, 1, 31, 12, tzinfo=UTC)
    assert made(body(end_of_life_at=moment))["end_of_life_at"] == "2027-01-31T12:00:00Z"


def test_provider_key_in_a_file_needs_the_secret_key() -> None:
    """A file with a key is refused where nothing can seal it, and kept as it is where it can."""
    connection = {"protocol": "openai", "base_url": "https://h.example", "api_key": "sk-1"}
    content = {"models": [body(provider=None, connection=connection)]}
    assert list(_faults(content)) == ["models[0].connection.api_key"]
    assert read_seeds(content, seal=seal).models[0]["connection"] == connection


def test_plans_are_those_of_the_configuration() -> None:
    """A plan is known when the process says so."""
    content = {"orgs": [{"slug": "acme", "plan": "gold"}]}
    assert read_seeds(content, plans=frozenset({"gold"})).orgs == (Org("acme", "gold"),)
