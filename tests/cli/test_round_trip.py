"""What is written out as a catalogue file makes the same documents when it is read again."""

from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from catalogue.samples import NOW, UID, made
from tollhouse.catalogue.merge import value_at
from tollhouse.catalogue.prompt_writing import kept_prompt, prompt_body
from tollhouse.catalogue.seeds import read_seeds
from tollhouse.catalogue.writing import body_of
from tollhouse.cli.exchange import content_of
from tollhouse.cli.written import written
from tollhouse.core.history import Document
from tollhouse.store.values import dump, load

TEXT = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=60
)
WORDS = st.sampled_from(["yes", "null", "1e5", "0x1F", "2020-01-01", "=", "<<", "~", "- a", "a: b"])
SCALAR = st.one_of(
    TEXT,
    WORDS,
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(1e-60, 1e60) | st.just(-0.5),
)
NAMES = st.one_of(TEXT, WORDS)
JSON = st.recursive(
    SCALAR,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)
PRICE = st.one_of(
    st.decimals(0, 1000, places=12).map(str),
    st.integers(0, 1000),
    st.floats(0, 1000).map(lambda price: round(price, 6)),
)
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "metadata": JSON,
    "metrics": st.dictionaries(NAMES, JSON, max_size=3),
    "tags": st.lists(TEXT, max_size=3, unique=True),
    "region": TEXT,
    "enabled": st.booleans(),
    "display": st.fixed_dictionaries({}, optional={"name": TEXT, "description": TEXT}),
    "capabilities": st.dictionaries(st.sampled_from(["vision", "tools", "x"]), st.booleans()),
    "limits": st.fixed_dictionaries({}, optional={"max_tokens": st.integers(1, 9000)}),
    "pricing": st.fixed_dictionaries(
        {}, optional={"input_per_1m_tokens": PRICE, "per_request": PRICE}
    ),
    "provider_config": st.fixed_dictionaries(
        {},
        optional={
            "params": st.dictionaries(st.sampled_from(["seed", "top_p"]), JSON),
            "timeouts": st.fixed_dictionaries({"idle": st.floats(0.001, 999)}),
        },
    ),
    "end_of_life_at": st.just("2027-01-31T00:00:00.5+02:00"),
    "system_prompt": TEXT,
    "failover": st.sampled_from(["other", ["other", "third"]]),
    "owner": st.sampled_from([{"kind": "system"}, {"kind": "org", "slug": "acme"}]),
}
BODIES = st.fixed_dictionaries(
    {
        "model_id": st.just("a/model"),
        "type": st.just("completion"),
        "provider": st.just("openai"),
    },
    optional=FIELDS,
)


def kept(document: Document) -> Document:
    """A document as a store gives it back."""
    read: Document = load(dump(document))
    return read


@settings(max_examples=300, deadline=None)
@given(BODIES)
def test_a_model_that_is_written_out_and_read_again_is_written_out_alike(body: Document) -> None:
    """To the byte, in YAML and in JSON."""
    first = body_of(kept(made(body)))
    for as_json, suffix in ((False, ".yaml"), (True, ".json")):
        text = written({"models": [first]}, as_json=as_json)
        (again,) = read_seeds(content_of(text.encode(), suffix)).models
        assert written({"models": [body_of(kept(made(again)))]}, as_json=as_json) == text


@settings(max_examples=100, deadline=None)
@given(st.lists(TEXT, min_size=1, max_size=3), st.none() | TEXT)
def test_a_prompt_that_is_written_out_and_read_again_is_written_out_alike(
    texts: list[str], description: str | None
) -> None:
    """With its id, by which models name it."""
    body: Document = {
        "prompt_id": UID,
        "name": "Prompt",
        "particles": [{"kind": "role", "text": text, "enabled": False} for text in texts],
    }
    if description is not None:
        body["description"] = description
    first = prompt_body(kept(kept_prompt(body, now=NOW, actor="user:ada")))
    text = written({"prompts": [first]}, as_json=False)
    (again,) = read_seeds(yaml.safe_load(text)).prompts
    second = prompt_body(kept(kept_prompt(again, now=NOW + 9, actor="local:shell")))
    assert written({"prompts": [second]}, as_json=False) == text


def test_a_value_is_found_where_names_hold_dots() -> None:
    """The longest name that is there is meant."""
    document = {"a": {"b": 1, "b.c": {"d": 2}}, "a.b": 3}
    assert value_at(document, "a.b.c.d") is None
    assert value_at({"a": document["a"]}, "a.b.c.d") == 2
    assert value_at({"a": document["a"]}, "a.b") == 1
    assert value_at(document, "a.b") == 3
    assert value_at(document, "x") is None
