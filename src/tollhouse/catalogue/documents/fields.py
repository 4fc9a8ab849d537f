"""The kinds of value that fields hold, each checked and brought to the form it is stored in."""

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from ..names import MAX_NAME, name_fault, segment_fault, slug_fault

MAX_PRICE = 10_000_000
PRICE_DECIMALS = 12
MAX_KEY = 4096
_NUMBER = re.compile(r"[+-]?\d{1,20}(\.\d{1,40})?([eE][+-]?\d{1,2})?", re.ASCII)
_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}", re.ASCII)
_HEADER_VALUE = re.compile(r"[!-~]([\t -~]{0,4094}[!-~])?", re.ASCII)
_KEY = re.compile(rf"[!-~]{{1,{MAX_KEY}}}", re.ASCII)
_RESERVED_HEADERS = frozenset(
    {
        # The connection's own (RFC 9110, 7.6.1) …
        *("connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding"),
        *("upgrade", "proxy-authenticate", "proxy-authorization"),
        # … what the gateway writes itself …
        *("host", "content-length", "content-type", "content-encoding", "accept-encoding"),
        *("expect", "cookie"),
        # … and credentials, which have a sealed place of their own.
        *("authorization", "api-key", "x-api-key"),
    }
)


class Shape(BaseModel):
    """An object of the document."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, hide_input_in_errors=True)


def parse_time(text: str) -> float:
    """Unix seconds of a time that has been validated."""
    return datetime.fromisoformat(text).timestamp()


def write_time(seconds: float) -> str:
    """Unix seconds as an RFC 3339 time in UTC, whole seconds."""
    return _write(datetime.fromtimestamp(int(seconds), UTC))


def key_fault(key: Any) -> str | None:
    """What is wrong with a provider's key as sent by a client; never quotes it."""
    if not isinstance(key, str):
        return "must be a string"
    if not _KEY.fullmatch(key):
        return f"must have 1 to {MAX_KEY} visible ASCII characters"
    if "***" in key:
        return "is a mask, not a key: leave it out to keep the present one"
    return None


def _write(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _name(value: str) -> str:
    return _checked(value, name_fault(value))


def _segment(value: str) -> str:
    return _checked(value, segment_fault(value))


def _slug(value: str) -> str:
    return _checked(value, slug_fault(value))


def _checked(value: str, fault: str | None) -> str:
    if fault:
        raise ValueError(fault)
    return value


def _price(value: Any) -> Any:
    # A float stands for its shortest decimal spelling: 0.1 means a tenth, not its binary value.
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        raise ValueError("must be a number or a decimal string")  # noqa: TRY004 - pydantic's way
    text = str(value)
    if not _NUMBER.fullmatch(text):
        raise ValueError("must be a plain decimal number")
    price = Decimal(text)
    if price < 0:
        raise ValueError("must not be negative")
    if price > MAX_PRICE:
        raise ValueError(f"must be at most {MAX_PRICE}")
    if price and -int(price.normalize().as_tuple().exponent) > PRICE_DECIMALS:
        raise ValueError(f"must have at most {PRICE_DECIMALS} decimals")
    return f"{abs(price):f}"


def _share(value: Any) -> Any:
    text = _price(value)
    share = Decimal(text)
    if share > 1:
        raise ValueError("must be from 0 to 1")
    return text


def _time(value: str) -> str:
    if not _TIME.fullmatch(value):
        raise ValueError("must be an RFC 3339 time with a zone, as 2027-01-31T00:00:00Z")
    try:
        return _write(datetime.fromisoformat(value.upper()))
    except (ValueError, OverflowError):
        raise ValueError("is not a time of the calendar") from None


def _base_url(value: str) -> str:
    _checked(value, _base_url_fault(value))
    return value


def _base_url_fault(value: str) -> str | None:
    if not value.isascii() or not value.isprintable() or set(value) & set(' \\"<>^`{|}'):
        return "must hold no white space and only characters of a URL"
    if set(value) & set("?#@"):
        return "must have no user, query or fragment"
    try:
        parts = urlsplit(value)
        _ = parts.port
    except ValueError:
        return "is not a URL"
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return "must be an absolute http or https URL"
    path = parts.path.removeprefix("/").removesuffix("/")
    return name_fault(path) if path else None


def _header_name(value: str) -> str:
    if not _HEADER.fullmatch(value):
        raise ValueError("is not the name of a header")
    if value.lower() in _RESERVED_HEADERS:
        raise ValueError("is a header that the gateway sets itself")
    return value


def _header_value(value: str) -> str:
    if not _HEADER_VALUE.fullmatch(value):
        raise ValueError("must be printable ASCII on one line, without outer spaces")
    return value


def _once(values: list[Any]) -> list[Any]:
    if len(set(values)) != len(values):
        raise ValueError("must not name anything twice")
    return values


def _headers_once(headers: dict[str, str]) -> dict[str, str]:
    _once([name.lower() for name in headers])
    return headers


Name = Annotated[
    str,
    AfterValidator(_name),
    WithJsonSchema({"type": "string", "minLength": 1, "maxLength": MAX_NAME}),
]
Segment = Annotated[str, AfterValidator(_segment)]
Slug = Annotated[str, AfterValidator(_slug)]
Key = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
"""A lower_snake_case word."""
Price = Annotated[str, BeforeValidator(_price, json_schema_input_type=str | float)]
"""Stored as a decimal string without an exponent."""
Share = Annotated[str, BeforeValidator(_share)]
"""A part of a whole, from 0 to 1; stored as a decimal string without an exponent."""
Time = Annotated[
    str, AfterValidator(_time), WithJsonSchema({"type": "string", "format": "date-time"})
]
"""RFC 3339; stored in UTC."""
BaseUrl = Annotated[str, AfterValidator(_base_url)]
Headers = Annotated[
    dict[
        Annotated[str, AfterValidator(_header_name)],
        Annotated[str, AfterValidator(_header_value)],
    ],
    AfterValidator(_headers_once),
]
Once = AfterValidator(_once)
"""No item twice."""
