"""Bodies of admin requests: strict, bounded, and refused in one shape."""

import asyncio
import gzip
from collections.abc import AsyncIterator
from decimal import Decimal
from urllib.parse import urlsplit

import httpx
import pytest

from admin.house import BOOTSTRAP, House, code_of, fields_of
from tollhouse.admin.bodies import parse_object
from tollhouse.core.errors import CallerError

JSON = {"content-type": "application/json"}
DEEP = b'{"metadata":' + b"[" * 10_000 + b"]" * 10_000 + b"}"


BODIES = [
    (b"", 400),
    (b"   ", 400),
    (b"{", 400),
    (b"[]", 400),
    (b"null", 400),
    (b'"text"', 400),
    (b"{} {}", 400),
    (b'{"region":"eu","region":"us"}', 400),
    (b'{"display":{"name":"a","name":"b"}}', 400),
    (b'{"region":NaN}', 400),
    (b'{"region":Infinity}', 400),
    (b'{"metadata":{"n":1e999999}}', 400),
    (b'{"metadata":{"n":' + b"9" * 5000 + b"}}", 400),
    (b'{"region":"\xff"}', 400),
    (b"\xef\xbb\xbf{}", 400),
    (DEEP, 400),
    (b'{"metadata":' + b'{"a":' * 40 + b"1" + b"}" * 41, 422),
    (b'{"region":"\\u0000"}', 422),
    (b'{"region":"\\ud800"}', 422),
    (b'{"metadata":{"\\ud800":1}}', 422),
    (b'{"metadata":{"n":9223372036854775808}}', 422),
    (b'{"region":"eu"}', 200),
    (b' {"region":"\\u0065u"} ', 200),
    (b"{}", 200),
]


async def test_only_one_strict_json_object_is_accepted(
    house: House, admin: httpx.AsyncClient
) -> None:
    """Anything else is refused without being quoted, and changes nothing."""
    version = (await house.model("m"))["version"]
    for content, status in BODIES:
        response = await admin.patch("/v1/models/m", content=content, headers=JSON)
        assert response.status_code == status, content[:80]
        if status == 200:
            version += 1
        else:
            assert code_of(response) in {"invalid_request_error", "validation_failed"}
        assert house.live.snapshot.models["m"].version == version


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/xml"],
)
async def test_another_media_type_is_refused(admin: httpx.AsyncClient, content_type: str) -> None:
    """415 in the admin shape."""
    response = await admin.post("/v1/models", content=b"{}", headers={"content-type": content_type})
    assert response.status_code == 415
    assert code_of(response) == "unsupported_media_type"


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "application/json; charset=utf-8", "application/merge-patch+json"],
)
async def test_json_and_merge_patches_are_accepted(
    house: House, admin: httpx.AsyncClient, content_type: str
) -> None:
    """So is a parameter of the media type."""
    await house.model("m")
    headers = {"content-type": content_type}
    response = await admin.patch("/v1/models/m", content=b'{"region":"eu"}', headers=headers)
    assert response.status_code == 200


async def test_a_compressed_body_is_refused_without_being_opened(
    admin: httpx.AsyncClient,
) -> None:
    """No bomb goes off where nothing is decompressed."""
    content = gzip.compress(b"0" * 50_000_000)
    headers = {**JSON, "content-encoding": "gzip"}
    response = await admin.post("/v1/models", content=content, headers=headers)
    assert response.status_code == 415


async def test_a_large_body_is_refused_whether_or_not_it_says_so(
    admin: httpx.AsyncClient,
) -> None:
    """1 MiB for one document, by Content-Length and by count; 16 MiB for a whole set."""
    large = b'{"a":"' + b"x" * (1024 * 1024) + b'"}'

    async def pieces() -> AsyncIterator[bytes]:
        yield large

    declared = await admin.post("/v1/models", content=large, headers=JSON)
    counted = await admin.post("/v1/models", content=pieces(), headers=JSON)
    assert [declared.status_code, counted.status_code] == [413, 413]
    assert code_of(counted) == "request_too_large"
    in_bulk = await admin.put("/v1/models", content=large, headers=JSON)
    assert in_bulk.status_code == 422


async def test_a_body_that_ends_early_changes_nothing(house: House) -> None:
    """A Content-Length that promises more than comes is no write."""
    where = urlsplit(house.url)
    _, writer = await asyncio.open_connection(where.hostname, where.port)
    writer.write(
        f"POST /admin/v1/orgs HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {BOOTSTRAP}\r\n"
        'content-type: application/json\r\ncontent-length: 500\r\n\r\n{"slug":"acme"'.encode()
    )
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    for _ in range(50):
        if events := await house.events():
            break
        await asyncio.sleep(0.01)
    assert [(one["action"], one["outcome"]) for one in events] == [
        ("org.created", "invalid_request_error")
    ]


async def test_a_doubled_name_is_told(house: House, admin: httpx.AsyncClient) -> None:
    """The message says which, so that the client can find it."""
    await house.model("m")
    response = await admin.patch("/v1/models/m", content=b'{"a":1,"a":2}', headers=JSON)
    assert "'a'" in response.json()["error"]["message"]


async def test_a_value_that_cannot_be_kept_is_named(house: House, admin: httpx.AsyncClient) -> None:
    """The path leads to it."""
    await house.model("m")
    sent = b'{"metadata":{"list":["fine","a\\u0000b"]}}'
    response = await admin.patch("/v1/models/m", content=sent, headers=JSON)
    assert fields_of(response).keys() == {"metadata.list[1]"}


def test_fractions_are_decimals_and_whole_numbers_are_whole() -> None:
    """No number passes through a binary float."""
    parsed = parse_object(b'{"a":0.1,"b":10,"c":1e2}')
    assert parsed == {"a": Decimal("0.1"), "b": 10, "c": Decimal("1e2")}
    assert isinstance(parsed["b"], int)


def test_a_number_with_a_huge_exponent_is_refused_before_it_is_written_out() -> None:
    """A few bytes cannot become megabytes."""
    for number in (b"1e65", b"1e-65", b"0e999999999"):
        with pytest.raises(CallerError):
            parse_object(b'{"a":' + number + b"}")
