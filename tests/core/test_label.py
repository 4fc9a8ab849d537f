"""Closed sets of names are strings, in look-ups too."""

import pickle

import msgspec
import pytest

from tollhouse.core.errors import Code
from tollhouse.core.label import Label
from tollhouse.core.needs import Endpoint, ModelType
from tollhouse.core.prices import PriceClass

MEMBERS = [*Endpoint, *ModelType, *PriceClass, *Code]


@pytest.mark.parametrize("member", MEMBERS, ids=repr)
def test_a_member_is_its_name_in_every_way(member: Label) -> None:
    """Equal, hashed, printed and written as the string, and found again by it."""
    name = str(member)
    assert (member, hash(member), f"{member}") == (name, hash(name), name)
    assert msgspec.json.encode(member) == f'"{name}"'.encode()
    assert msgspec.json.decode(msgspec.json.encode(member), type=type(member)) is member
    assert type(member)(name) is member
    assert pickle.loads(pickle.dumps(member)) is member  # noqa: S301 - our own bytes


def test_an_endpoint_knows_its_path_its_models_and_its_body() -> None:
    """Paths are different, and four endpoints take forms."""
    assert Endpoint.IMAGES_EDITS.path == "images/edits"
    assert Endpoint.IMAGES_EDITS.model_type is ModelType.IMAGE_GENERATION
    assert len({endpoint.path for endpoint in Endpoint}) == len(Endpoint)
    assert {endpoint for endpoint in Endpoint if endpoint.multipart} == {
        Endpoint.IMAGES_EDITS,
        Endpoint.IMAGES_VARIATIONS,
        Endpoint.TRANSCRIPTIONS,
        Endpoint.TRANSLATIONS,
    }
