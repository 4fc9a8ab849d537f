"""The shape of a document: every field, good and bad."""

from decimal import Decimal
from typing import Any

import pytest

from catalogue.samples import body, faults_of, made
from tollhouse.catalogue.documents.model import ModelDocument, TypeName
from tollhouse.core.errors import CallerError, Code
from tollhouse.core.needs import ModelType

EMBEDDINGS = {"type": "embeddings"}
CONNECTION = {"protocol": "openai", "base_url": "https://host.example/v1"}
OF_ITS_OWN = {"provider": None}

GOOD: list[tuple[str, Any, dict[str, Any]]] = [
    *[("type", kind.value, {}) for kind in ModelType],
    *[
        ("model_id", name, {})
        for name in (
            "m",
            "bedrock/anthropic.claude-3-haiku",
            "eu.anthropic.claude-sonnet-4-20250514-v1:0",
            "publishers/google/models/x@001",
            "@cf/meta/llama+lora",
            "..hidden/...",
            "модель",
            "x" * 128,
        )
    ],
    ("aliases", ["fast", "b/fast"], {}),
    ("aliases", [], {}),
    ("owner", {"kind": "system"}, {}),
    ("owner", {"kind": "org", "slug": "acme"}, {}),
    ("owner", {"kind": "user", "id": "u1"}, {}),
    ("owner", {"kind": "user", "id": "u1", "slug": "acme", "shared": True}, {}),
    ("enabled", False, {}),
    ("display", {"name": "N" * 200, "label": "l", "brand": "b", "hidden": True}, {}),
    ("display", {"description": "d"}, {}),
    ("upstream_model", "accounts/x/models/y", {}),
    ("connection", CONNECTION, OF_ITS_OWN),
    ("connection", {**CONNECTION, "base_url": "http://10.0.0.1:8000"}, OF_ITS_OWN),
    ("capabilities", {"streaming": True, "computer_use2": False}, {}),
    ("limits", {"context_window": 2_000_000, "max_tokens": 200_000}, {}),
    ("limits", {"context_window": 1, "max_tokens": 1}, {}),
    ("failover", "b", {}),
    ("failover", ["b", "c/d"], {}),
    ("failover", [], {}),
    ("region", "eu-west-1 (Dublin)", {}),
    ("tags", ["t" * 64], {}),
    ("metrics", {"latency": {"p50": 1.5}}, {}),
    ("metadata", {"anything": [1, "x", None, {"y": True}]}, {}),
    ("metadata", "x", {}),
    ("metadata", [1, None], {}),
    ("metadata", False, {}),
    ("dimensions", 1536, EMBEDDINGS),
    ("supported_dimensions", [256, 1536], EMBEDDINGS),
    ("provider_config", {}, {}),
    ("provider_config", {"timeouts": {"connect": 0.5, "idle": 30, "total": None}}, {}),
    ("provider_config", {"retries": 0, "max_parallel": 1, "stream_usage": False}, {}),
    ("provider_config", {"headers": {"X-Team": "a b", "openai-beta": "v2"}}, {}),
    ("provider_config", {"params": {"temperature": 0.7, "stop": ["x"]}}, {}),
    ("provider_config", {"deployment": "d-1", "api_version": "2024-10-21", "region": "eu"}, {}),
    ("provider_config", {"on_end_of_life": "refuse"}, {}),
    ("org_slugs", ["acme"], {}),
    ("org_slugs", [], {}),
    ("tier", "premium", {}),
    ("credit_multiplier", 0, {}),
    ("end_of_life_at", "2027-01-31T00:00:00Z", {}),
    ("deprecation_message", "Going away.", {}),
    ("replacement_model_id", "b", {}),
    ("is_recommended", True, {}),
    ("system_prompt_id", "support", {}),
    ("system_prompt", "x" * 50_000, {}),
]

BAD: list[tuple[str, Any, str]] = [
    ("model_id", "", "model_id"),
    ("model_id", "x" * 129, "model_id"),
    ("model_id", 7, "model_id"),
    *[
        ("model_id", name, "model_id")
        for name in (
            "a b",
            " a",
            "a\n",
            "a\u00a0b",
            "a\u200bb",
            "/a",
            "a/",
            "a//b",
            "a/../b",
            "./a",
            "a/.",
            "a%2Fb",
            "a?b",
            "a#b",
            "a\\b",
        )
    ],
    ("type", "chat", "type"),
    ("type", None, "type"),
    ("type", ["completion"], "type"),
    ("aliases", "fast", "aliases"),
    ("aliases", ["ok", "a/../b"], "aliases[1]"),
    ("aliases", ["x", "x"], "aliases"),
    ("owner", {"kind": "team"}, "owner"),
    ("owner", "acme", "owner"),
    ("owner", {"kind": "org"}, "owner.slug"),
    ("owner", {"kind": "system", "slug": "acme"}, "owner.slug"),
    ("owner", {"kind": "user"}, "owner.id"),
    ("owner", {"kind": "user", "id": "u1", "shared": True}, "owner.slug"),
    ("enabled", "true", "enabled"),
    ("enabled", 1, "enabled"),
    ("enabeld", True, "enabeld"),
    ("display", {"name": ""}, "display.name"),
    ("display", {"name": "N" * 201}, "display.name"),
    ("display", {"hidden": "no"}, "display.hidden"),
    ("display", {"colour": "red"}, "display.colour"),
    ("display", [], "display"),
    ("provider", 5, "provider"),
    ("provider", None, "provider"),
    ("upstream_model", "a/../b", "upstream_model"),
    ("connection", CONNECTION, "connection"),
    ("capabilities", {"Vision": True}, "capabilities.Vision"),
    ("capabilities", {"vision": "yes"}, "capabilities.vision"),
    ("capabilities", {"vision": 1}, "capabilities.vision"),
    ("limits", {"context_window": 0}, "limits.context_window"),
    ("limits", {"context_window": 2_000_001}, "limits.context_window"),
    ("limits", {"max_tokens": 200_001}, "limits.max_tokens"),
    ("limits", {"max_tokens": 4096.0}, "limits.max_tokens"),
    ("limits", {"max_tokens": "5"}, "limits.max_tokens"),
    ("limits", {"max_tokens": True}, "limits.max_tokens"),
    ("limits", {"rpm": 1}, "limits.rpm"),
    ("failover", 5, "failover"),
    ("failover", ["b", 5], "failover[1]"),
    ("failover", ["b", "b"], "failover"),
    ("failover", "a//b", "failover"),
    ("region", "r" * 65, "region"),
    ("tags", ["t" * 65], "tags[0]"),
    ("tags", [""], "tags[0]"),
    ("metrics", [], "metrics"),
    ("metrics", "x", "metrics"),
    ("metadata", {"x": float("nan")}, "metadata.x"),
    ("metadata", {"x": ["a\0b"]}, "metadata.x[0]"),
    ("metadata", {"x": "\ud800"}, "metadata.x"),
    ("metadata", {"x": 2**70}, "metadata.x"),
    ("metadata", {"x": b"raw"}, "metadata.x"),
    ("metadata", {7: "x"}, "metadata"),
    ("dimensions", 1536, "dimensions"),
    ("supported_dimensions", [256], "supported_dimensions"),
    ("org_slugs", "acme", "org_slugs"),
    ("org_slugs", [""], "org_slugs[0]"),
    ("tier", "", "tier"),
    ("credit_multiplier", -1, "credit_multiplier"),
    ("credit_multiplier", 1.5, "credit_multiplier"),
    *[
        ("end_of_life_at", time, "end_of_life_at")
        for time in (
            "2027-01-31",
            "2027-01-31T00:00:00",
            "2027-02-30T00:00:00Z",
            "0001-01-01T00:00:00+14:00",
            "soon",
            1_800_000_000,
        )
    ],
    ("deprecation_message", "x" * 4001, "deprecation_message"),
    ("replacement_model_id", "a/model", "replacement_model_id"),
    ("is_recommended", "yes", "is_recommended"),
    ("system_prompt", "x" * 50_001, "system_prompt"),
    ("provider_config", {"timeout": 5}, "provider_config.timeout"),
    ("provider_config", {"retries": -1}, "provider_config.retries"),
    ("provider_config", {"max_parallel": 0}, "provider_config.max_parallel"),
    ("provider_config", {"timeouts": {"read": 1}}, "provider_config.timeouts.read"),
    ("provider_config", {"params": []}, "provider_config.params"),
    ("provider_config", {"params": {"model": "x"}}, "provider_config.params"),
    ("provider_config", {"deployment": "a/b"}, "provider_config.deployment"),
    ("provider_config", {"api_version": "v1?x=1"}, "provider_config.api_version"),
    ("provider_config", {"region": ".."}, "provider_config.region"),
    ("provider_config", {"on_end_of_life": "ignore"}, "provider_config.on_end_of_life"),
    ("provider_config", {"on_end_of_life": "redirect"}, "provider_config.on_end_of_life"),
    *[
        ("provider_config", {"headers": {name: "x"}}, f"provider_config.headers.{name}")
        for name in (
            "Host",
            "authorization",
            "API-Key",
            "Content-Length",
            "Transfer-Encoding",
            "Connection",
            "bad name",
            "bad\r\nname",
            "",
        )
    ],
    *[
        ("provider_config", {"headers": {"x-a": value}}, "provider_config.headers.x-a")
        for value in ("a\r\nb", "a\nb", " a", "", "é", "a\0b"[:1] + "\x7f")
    ],
    ("provider_config", {"headers": {"X-A": "1", "x-a": "2"}}, "provider_config.headers"),
]


@pytest.mark.parametrize(("field", "value", "others"), GOOD)
def test_good_value_is_kept_as_given(field: str, value: Any, others: dict[str, Any]) -> None:
    """Every value that the contract allows is stored as it was sent."""
    document = made(body(**{**others, field: value}))
    expected = _without_nulls(value)
    assert document[field] == expected


@pytest.mark.parametrize(("field", "value", "path"), BAD)
def test_bad_value_is_refused_with_its_path(field: str, value: Any, path: str) -> None:
    """Every value that the contract forbids is a 422 at the path of that value, and only there."""
    with pytest.raises(CallerError) as caught:
        made(body(**{field: value}))
    assert caught.value.code is Code.VALIDATION_FAILED
    assert list(faults_of(caught.value)) == [path]


@pytest.mark.parametrize("seconds", [0, -1, 0.0, float("inf"), float("nan"), "5", True, 1e9])
@pytest.mark.parametrize("limit", ["connect", "first_byte", "idle", "total"])
def test_C16_time_limit_of_zero_or_nonsense_is_refused(limit: str, seconds: object) -> None:
    """A time limit is a number of seconds above zero; null inherits."""
    with pytest.raises(CallerError) as caught:
        made(body(provider_config={"timeouts": {limit: seconds}}))
    assert list(faults_of(caught.value)) == [f"provider_config.timeouts.{limit}"]


def test_C16_null_time_limit_inherits() -> None:
    """A null is the same as no time limit of the model's own."""
    document = made(body(provider_config={"timeouts": {"idle": None, "total": 9}}))
    assert document["provider_config"]["timeouts"] == {"total": 9}


@pytest.mark.parametrize(
    "url",
    [
        "api.example.com/v1",
        "/v1",
        "ftp://host/v1",
        "file:///etc/passwd",
        "https://",
        "https:///v1",
        "https://user@host/v1",
        "https://user:pw@host/v1",
        "https://host/v1?key=1",
        "https://host/v1#x",
        "https://host/a/../b",
        "https://host//b",
        "https://host/%2e%2e/b",
        "https://host:port/v1",
        "https://host:99999/v1",
        "https://ho st/v1",
        "https://host/v1\r\n",
        "https://host\\@evil/v1",
        "https://höst/v1",
        "",
        7,
    ],
)
def test_G02_base_url_that_could_mean_another_place_is_refused(url: object) -> None:
    """A connection's base URL is absolute http or https, without user, query or fragment."""
    with pytest.raises(CallerError) as caught:
        made(body(provider=None, connection={"protocol": "openai", "base_url": url}))
    assert list(faults_of(caught.value)) == ["connection.base_url"]


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("2027-01-31T00:00:00Z", "2027-01-31T00:00:00Z"),
        ("2027-01-31t02:00:00+02:00", "2027-01-31T00:00:00Z"),
        ("2027-01-31T00:00:00.250z", "2027-01-31T00:00:00.250000Z"),
        ("2027-01-30T22:30:00-01:30", "2027-01-31T00:00:00Z"),
    ],
)
def test_time_is_kept_in_utc(given: str, kept: str) -> None:
    """A time with any zone is stored as the same moment in UTC."""
    assert made(body(end_of_life_at=given))["end_of_life_at"] == kept


def test_ten_faults_are_all_told() -> None:
    """A document with ten faults is refused with ten faults, those between fields among them."""
    with pytest.raises(CallerError) as caught:
        made(
            {
                "model_id": "a//b",
                "type": "completion",
                "enabled": "yes",
                "limits": {"context_window": 0, "max_tokens": 999_999},
                "capabilities": {"vision": 1},
                "pricing": {"input_per_1m_tokens": -1, "per_second": "0.01"},
                "end_of_life_at": "tomorrow",
                "dimensions": 5,
                "nonsense": True,
            }
        )
    assert sorted(faults_of(caught.value)) == [
        "capabilities.vision",
        "dimensions",
        "enabled",
        "end_of_life_at",
        "limits.context_window",
        "limits.max_tokens",
        "model_id",
        "nonsense",
        "pricing.input_per_1m_tokens",
        "pricing.per_second",
        "provider",
    ]


def test_fault_quotes_no_value() -> None:
    """A message never repeats what was sent: it could be a secret in the wrong field."""
    with pytest.raises(CallerError) as caught:
        made(
            body(
                provider=None,
                region=5,
                tags=["sk-canary" * 20],
                connection={
                    "protocol": "sk-canary",
                    "base_url": "sk-canary",
                    "api_key": "sk canary",
                },
            )
        )
    assert len(caught.value.fields) == 5
    assert "canary" not in str([caught.value.message, *caught.value.fields])


def test_document_nested_too_deep_is_refused() -> None:
    """A body nested ten thousand deep is a fault, not a crash."""
    deep: Any = "bottom"
    for _ in range(10_000):
        deep = {"a": deep}
    with pytest.raises(CallerError) as caught:
        made(body(metadata=deep))
    assert caught.value.fields[0].message == "is nested more than 32 deep"


@pytest.mark.parametrize("sent", [None, [], "model", 5, True])
def test_body_that_is_no_object_is_refused(sent: Any) -> None:
    """A document is an object."""
    with pytest.raises(CallerError) as caught:
        made(sent)
    assert faults_of(caught.value) == {"document": "must be an object"}


def test_fraction_in_a_free_field_is_a_plain_number() -> None:
    """Fractions that arrive as decimals are stored as JSON numbers outside pricing."""
    document = made(body(metrics={"p50": Decimal("1.25")}))
    assert document["metrics"] == {"p50": 1.25}
    assert isinstance(document["metrics"]["p50"], float)


def test_types_are_those_of_the_core() -> None:
    """The document knows every model type, and no other."""
    assert set(TypeName.__args__) == set(ModelType)  # type: ignore[attr-defined]


def test_failover_reads_as_a_list_either_way() -> None:
    """One id and a list of one id mean the same."""
    one = ModelDocument.model_validate(made(body(failover="b")))
    many = ModelDocument.model_validate(made(body(failover=["b"])))
    none = ModelDocument.model_validate(made(body()))
    assert (one.failovers, many.failovers, none.failovers) == (("b",), ("b",), ())


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_nulls(one) for name, one in value.items() if one is not None}
    return value
