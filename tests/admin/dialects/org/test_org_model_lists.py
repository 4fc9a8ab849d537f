"""Lists in the organisation dialect: filters, pages, and what is on them."""

import httpx
import pytest

from admin.dialects.org.org_desk import BASE, PATH, Desk, problem_of

CATALOG = f"{PATH}/catalog"


async def test_a_list_has_the_systems_models_and_the_orgs_own(desk: Desk) -> None:
    """What others have is not there, and what is hidden is not listed."""
    http = desk.house.client(await desk.house.token("org_admin", "globex", user="gil"))
    await http.post(PATH, json={"parentModelId": BASE, "displayName": "Theirs"})
    await desk.system("reserved", org_slugs=["globex"])
    await desk.system("lent", org_slugs=["acme"])
    hidden = await desk.system("internal", display={"hidden": True})
    await desk.create(displayName="Mine")
    assert sorted(await desk.names()) == ["acme/mine", "large", "lent"]
    theirs = (await http.get(PATH)).json()["data"]
    assert {one["modelId"] for one in theirs} == {"large", "reserved", "globex/theirs"}
    # Hidden is not gone: who knows the id has it.
    assert (await desk.get(hidden))["modelId"] == "internal"


async def test_the_envelope_is_the_familys(desk: Desk) -> None:
    """Rows under ``data`` and ``items``, with ``hasMore`` and ``nextCursor``."""
    answer = await desk.http.get(PATH)
    assert answer.headers["cache-control"] == "no-store"
    told = answer.json()
    assert set(told) == {"data", "items", "hasMore", "nextCursor"}
    assert told["items"] == told["data"] == [await desk.get(BASE)]
    assert (told["hasMore"], told["nextCursor"]) == (False, None)


async def test_the_catalog_is_what_can_be_a_parent(desk: Desk) -> None:
    """The system's models alone, in the same envelope, with the same filters."""
    await desk.create()
    await desk.system("best", tier="premium")
    assert sorted(await desk.names(CATALOG)) == ["best", "large"]
    assert await desk.names(CATALOG, modelTier="premium") == ["best"]
    refused = await desk.http.get(CATALOG, params={"isSystemModel": "false"})
    problem_of(refused, 400, "invalid_request_error")


async def stocked(desk: Desk) -> None:
    """Models that differ in everything that a list can be narrowed to."""
    await desk.system("best", tier="premium", is_recommended=True, capabilities={"vision": True})
    await desk.system("mute", capabilities={"streaming": False, "tools": True, "reasoning": True})
    await desk.operate("mute", end_of_life_at="2031-01-01T00:00:00Z")
    await desk.system("gone", enabled=False, display={"description": "Retired on purpose"})
    await desk.create(displayName="Off", enabled=False)
    await desk.create(displayName="Ärger-Bot", parentModelId="mute")


FILTERS = [
    ("enabled", "false", {"gone", "acme/off"}),
    ("enabled", "true", {"large", "best", "mute", "acme/arger-bot"}),
    ("lifecycleState", "active", {"large", "best"}),
    ("lifecycleState", "disabled", {"gone", "acme/off"}),
    ("lifecycleState", "deprecated", {"mute", "acme/arger-bot"}),
    ("lifecycleState", "end_of_life", set()),
    ("isSystemModel", "true", {"large", "best", "mute", "gone"}),
    ("isSystemModel", "false", {"acme/off", "acme/arger-bot"}),
    ("modelTier", "premium", {"best"}),
    ("modelTier", "standard", {"large", "mute", "gone", "acme/off", "acme/arger-bot"}),
    ("modelTier", "none", set()),
    ("isRecommended", "true", {"best"}),
    ("isRecommended", "false", {"large", "mute", "gone", "acme/off", "acme/arger-bot"}),
    ("supportsStreaming", "false", {"mute", "acme/arger-bot"}),
    ("supportsTools", "true", {"large", "mute", "acme/off", "acme/arger-bot"}),
    ("supportsVision", "true", {"large", "best", "acme/off"}),
    ("supportsVision", "false", {"mute", "gone", "acme/arger-bot"}),
    ("supportsReasoning", "true", {"large", "mute", "acme/off", "acme/arger-bot"}),
    ("parentModelId", BASE, {"acme/off"}),
    ("parentModelId", BASE.upper(), {"acme/off"}),
    ("parentModelId", "00000000-0000-4000-8000-000000000000", set()),
    ("search", "ÄRGER", {"acme/arger-bot"}),
    ("search", "acme/", {"acme/off", "acme/arger-bot"}),
    ("search", "on purpose", {"gone"}),
    ("search", "advanced language", {"large", "acme/off"}),
    ("search", "nothing like it", set()),
]


async def test_a_filter_leaves_what_shows_the_value(desk: Desk) -> None:
    """Each filter is compared with what the answer shows, inherited values too."""
    await stocked(desk)
    for name, value, expected in FILTERS:
        found = await desk.names(**{name: value})
        assert set(found) == expected, (name, value)
    assert await desk.names(isSystemModel="false", enabled="true", search="bot") == [
        "acme/arger-bot"
    ]


async def test_pages_follow_each_other_without_gap_or_repeat(desk: Desk) -> None:
    """A cursor goes on where the page ended, with the filter that it was given for."""
    made = [(await desk.create(displayName=f"Model {number}"))["id"] for number in range(7)]
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        asked = {"limit": "3", "isSystemModel": "false", **cursor}
        told = (await desk.http.get(PATH, params=asked)).json()
        seen += [one["id"] for one in told["data"]]
        assert told["hasMore"] is (told["nextCursor"] is not None)
        if not told["hasMore"]:
            break
        assert len(told["data"]) == 3
        cursor = {"cursor": told["nextCursor"]}
    assert seen == made


async def test_a_page_has_twenty_models_unless_it_is_asked_for_up_to_a_hundred(desk: Desk) -> None:
    """The usual size and the largest one."""
    for number in range(24):
        await desk.create(displayName=f"Model {number}")
    assert len(await desk.names()) == 20
    assert len(await desk.names(limit="100")) == 25


REFUSED = [
    *("limit=0", "limit=101", "limit=x", "limit=1.5", "cursor=%21", "enabled=yes", "enabled=1"),
    *("lifecycleState=retired", "isSystemModel=", "lifecycle=active", "expand%5B%5D=model"),
    *("limit=1&limit=2", "isRecommended=TRUE"),
]


@pytest.mark.parametrize("query", REFUSED)
async def test_a_parameter_that_cannot_be_used_is_named(desk: Desk, query: str) -> None:
    """400: a filter with a typo must not silently show everything."""
    answer: httpx.Response = await desk.http.get(f"{PATH}?{query}")
    if query == "isSystemModel=":
        assert answer.status_code == 200  # empty asks for nothing
        return
    problem = problem_of(answer, 400, "invalid_request_error")
    (fault,) = problem["errors"]
    assert set(fault) == {"path", "detail"}
    assert fault["path"] in query.replace("%5B%5D", "[]")
