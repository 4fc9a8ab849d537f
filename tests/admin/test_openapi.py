"""The document of the admin plane: complete, sound, and open to anybody."""

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from admin.house import House
from tollhouse.admin.openapi import Described, operations, undescribed
from tollhouse.core.errors import Code

PATH = "/admin/openapi.json"


def every(house: House) -> list[Described]:
    """Every operation that the application's routes describe."""
    application: Any = house.application
    return list(operations(application.dialects))


def references(value: Any) -> Iterator[str]:
    """Every reference in a document."""
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for one in value.values():
            yield from references(one)
    elif isinstance(value, list):
        for one in value:
            yield from references(one)


async def test_document_is_open_and_names_every_operation(house: House) -> None:
    """200 without a credential; the same with one; every route's every method is in it."""
    application: Any = house.application
    assert undescribed(application.dialects) == []
    answer = await house.client(None).get(PATH)
    assert answer.status_code == 200
    document = answer.json()
    assert document["openapi"] == "3.1.0"
    assert (await house.client().get(PATH)).json() == document
    told = {
        (method.upper(), path) for path, methods in document["paths"].items() for method in methods
    }
    assert told == {(one.method, one.path) for one in every(house)}


async def test_every_reference_leads_somewhere(house: House) -> None:
    """And every operation has a name of its own."""
    document = (await house.client(None).get(PATH)).json()
    for reference in set(references(document)):
        place = document
        for step in reference.removeprefix("#/").split("/"):
            assert step in place, reference
            place = place[step]
    names = [one.key for one in every(house)]
    assert len(set(names)) == len(names)


async def test_document_holds_nothing_of_this_gateway(house: House) -> None:
    """Shapes only: no model, org, provider or secret of the configuration is in it."""
    await house.org("canary-org")
    await house.model("canary-model")
    text = (await house.client(None).get(PATH)).text
    assert "canary" not in text
    assert "sealed" not in text


async def test_parameters_are_those_that_are_read(house: House) -> None:
    """An operation that is asked with an unknown parameter says which ones it knows."""
    client = house.client(await _admin_of_an_org(house))
    for one in every(house):
        path = re.sub(r"\{\w+\}", "x", one.path)
        body: Any = {} if one.operation.body is not None else None
        answer = await client.request(one.method, path, params={"unknown-one": "1"}, json=body)
        assert answer.status_code == 400, (one.key, answer.text)
        known = re.search(r"there are ([\w, ]+)", answer.text)
        names = set(known[1].split(", ")) if known else set()
        assert names == {said.name for said in one.operation.query}, one.key


async def _admin_of_an_org(house: House) -> str:
    await house.org("acme")
    return await house.token("system_admin", "acme")


async def test_every_code_belongs_to_its_status(house: House) -> None:
    """The codes that an answer may have are those of its status."""
    document = (await house.client(None).get(PATH)).json()
    for path, methods in document["paths"].items():
        for method, said in methods.items():
            for status, answer in said["responses"].items():
                for code in _codes(document, answer):
                    assert str(Code(code).status) == status, (method, path, code)


def _codes(document: dict[str, Any], answer: dict[str, Any]) -> list[str]:
    if "$ref" not in answer:
        return []
    name = answer["$ref"].rpartition("/")[2]
    codes: list[str] = document["components"]["responses"][name]["description"].split(", ")
    return codes


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
async def test_document_is_for_reading(admin: httpx.AsyncClient, method: str) -> None:
    """405 for a write."""
    assert (await admin.request(method, PATH)).status_code == 405


async def test_unknown_parameter_of_the_document_is_refused(admin: httpx.AsyncClient) -> None:
    """As anywhere else."""
    assert (await admin.get(PATH, params={"format": "yaml"})).status_code == 400
