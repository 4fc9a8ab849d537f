"""Catalogues by chance: system models, models of orgs and of users, in every state that decides."""

from typing import Any

from hypothesis import strategies as st

PAST, FUTURE = "2020-01-01T00:00:00Z", "2999-01-01T00:00:00Z"
ORGS = {"acme": "pro", "globex": "free", "initech": "enterprise"}
"""Slugs and plans."""
USER = "ada"
"""A member of acme."""
MOST = 7

_maybe = st.booleans()


def _seldom(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Mostly nothing, so that not everything is refused for everything."""
    return st.one_of(st.none(), st.none(), values)


@st.composite
def catalogues(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Documents by the names ``m0``, ``m1``, …, each naming only those before it."""
    documents: list[dict[str, Any]] = []
    for number in range(draw(st.integers(1, MOST))):
        systems = [one["model_id"] for one in documents if one["owner"]["kind"] == "system"]
        documents.append(draw(_documents(f"m{number}", systems)))
    return documents


@st.composite
def _documents(draw: st.DrawFn, name: str, systems: list[str]) -> dict[str, Any]:
    owner = draw(_owners())
    document: dict[str, Any] = {"model_id": name, "owner": owner}
    if systems and owner["kind"] != "system" and draw(_maybe):
        document["parent_model_id"] = draw(st.sampled_from(systems))
    else:
        document["type"] = draw(st.sampled_from(["completion", "completion", "embeddings"]))
        document["provider"] = "up"
        document["tier"] = draw(st.sampled_from(["standard", "standard", "premium"]))
    orgs = st.lists(st.sampled_from(sorted(ORGS)), max_size=2, unique=True)
    given = {
        "enabled": draw(_seldom(st.booleans())),
        "org_slugs": draw(_seldom(orgs)),
        "display": draw(_seldom(st.just({"hidden": True}))),
        "capabilities": draw(_seldom(st.fixed_dictionaries({"streaming": _maybe}))),
        "end_of_life_at": draw(_seldom(st.sampled_from([PAST, FUTURE]))),
    }
    if systems:
        given["failover"] = draw(_seldom(st.lists(st.sampled_from(systems), unique=True)))
        given["replacement_model_id"] = draw(_seldom(st.sampled_from(systems)))
        if given["replacement_model_id"] is not None and draw(_maybe):
            given["provider_config"] = {"on_end_of_life": "redirect"}
    return document | {field: value for field, value in given.items() if value is not None}


def _owners() -> st.SearchStrategy[dict[str, Any]]:
    """Mostly the system."""
    system = st.just({"kind": "system"})
    orgs = st.sampled_from(sorted(ORGS)).map(lambda slug: {"kind": "org", "slug": slug})
    users = st.builds(
        lambda user, shared: {"kind": "user", "id": user, "slug": "acme", "shared": shared},
        st.sampled_from([USER, "somebody"]),
        _maybe,
    )
    return st.one_of(system, system, orgs, users)


def renamed(document: dict[str, Any], prefix: str) -> dict[str, Any]:
    """The document with every name of a model in it behind a prefix."""
    changed = {**document, "model_id": prefix + document["model_id"]}
    for field in ("parent_model_id", "replacement_model_id"):
        if field in document:
            changed[field] = prefix + document[field]
    if "failover" in document:
        changed["failover"] = [prefix + name for name in document["failover"]]
    return changed
