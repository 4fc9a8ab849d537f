"""The ids by which applications call an org's models."""

import pytest

from admin.dialects.org.org_desk import PATH, Desk
from tollhouse.admin.dialects.org.naming import new_model_id
from tollhouse.catalogue.names import name_fault

NAMES = [
    ("Custom Support Model", "acme/custom-support-model"),
    ("reasoning-model 3.5 Sonnet", "acme/reasoning-model-3.5-sonnet"),
    ("  Crème & Brûlée!! ", "acme/creme-brulee"),
    ("../../etc/passwd", "acme/etc-passwd"),
    ("a/b?c#d%2F", "acme/a-b-c-d-2f"),
    ("财务模型", "acme/model"),
    ("...", "acme/model"),
    ("-", "acme/model"),
    ("ﬁne №5", "acme/fine-no5"),
]


@pytest.mark.parametrize(("name", "expected"), NAMES)
def test_an_id_is_the_org_and_the_slugged_name(name: str, expected: str) -> None:
    """Lower case, ASCII, one segment behind the org's."""
    assert new_model_id("acme", name, set()) == expected


def test_a_taken_id_gets_a_number() -> None:
    """The first that is free, and an alias takes a name as an id does."""
    taken = {"acme/mine", "acme/mine-2"}
    assert new_model_id("acme", "Mine", taken) == "acme/mine-3"


def test_ids_keep_within_their_bound() -> None:
    """Of the longest name and org the end is cut, of the name and not of the number."""
    org = "o" * 63
    first = new_model_id(org, "n" * 200, set())
    second = new_model_id(org, "n" * 200, {first})
    assert len(first) == len(second) == 128
    assert second == f"{first[:126]}-2"


ODD_ORGS = ["a.b", "A-B", "ab/cd", "café", "..", "x" * 128, "_"]


@pytest.mark.parametrize("org", ODD_ORGS)
def test_an_odd_org_has_a_name_of_its_own(org: str) -> None:
    """What a slug loses of an org's name is told by a mark: no two orgs share their ids."""
    made = new_model_id(org, "Mine", set())
    assert name_fault(made) is None
    others = {new_model_id(other, "Mine", set()) for other in (*ODD_ORGS, "a-b") if other != org}
    assert made not in others


async def test_a_model_is_called_by_the_id_that_it_was_given_first(desk: Desk) -> None:
    """``modelId`` is in every answer, and a rename leaves it alone."""
    made = await desk.create(displayName="Support")
    renamed = await desk.patch(made["id"], displayName="Help desk")
    assert renamed["modelId"] == made["modelId"] == "acme/support"
    assert (await desk.create(displayName="Support"))["modelId"] == "acme/support-2"


async def test_ids_and_aliases_of_the_system_are_taken_too(desk: Desk) -> None:
    """An org cannot put a model of its own in the place of another one."""
    await desk.system("acme/flagship")
    await desk.system("other", aliases=["acme/flagship-2"])
    assert (await desk.create(displayName="Flagship"))["modelId"] == "acme/flagship-3"


async def test_a_deleted_models_id_is_free_for_the_same_org(desk: Desk) -> None:
    """Its versions go on counting, so that the ledger's prices stay told apart."""
    made = await desk.create(displayName="Support")
    await desk.http.delete(f"{PATH}/{made['id']}")
    again = await desk.http.post(PATH, json={"parentModelId": "large", "displayName": "Support"})
    assert again.json()["modelId"] == "acme/support"
    assert again.json()["id"] != made["id"]
    assert again.headers["etag"] == '"3"'
