"""The connections to providers: what every protocol takes, and what only some have a use for."""

import re
from importlib.util import find_spec
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo

from ..core.model import Api, CloudIdentity, IdentityKind, Provider, Secret, Timeouts
from ..core.places import usual_place
from . import certificates, strength
from .addresses import base_url
from .section import AnchoredPath, Limit, Section, number, secret

_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_HEADER_VALUE = re.compile(r"[!-~]([ \t!-~]*[!-~])?")
_API_VERSION = re.compile(r"[A-Za-z0-9.-]{1,40}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9:._-]{0,62}")
"""Regions, projects and locations: each becomes a part of a host name or a path."""
_FRAMING = frozenset(
    {
        *("accept-encoding", "connection", "content-length", "content-type", "expect", "host"),
        *("keep-alive", "te", "trailer", "transfer-encoding", "upgrade"),
    }
)
_APIS = {
    "openai": frozenset({Api.AUTO, Api.CHAT, Api.RESPONSES}),
    "azure": frozenset({Api.AUTO, Api.CHAT, Api.RESPONSES}),
    "bedrock": frozenset({Api.AUTO, Api.CONVERSE, Api.INVOKE}),
}
_EXTRAS = {"bedrock": "botocore", "vertex": "google.auth"}
"""What signs or fetches tokens for a protocol that is not called by a key."""


def _header_name(name: str) -> str:
    lower = name.lower()
    if not _HEADER_NAME.fullmatch(lower):
        raise ValueError("is not a header's name")
    if lower in _FRAMING:
        raise ValueError("is a header that the gateway sets itself")
    return lower


def _header_value(value: str) -> str:
    if not _HEADER_VALUE.fullmatch(value):
        raise ValueError("is not a header's value: visible ASCII characters, spaces between them")
    return value


def _version_fits(version: str | None, info: ValidationInfo) -> str | None:
    protocol = info.data.get("protocol")
    if protocol == "azure" and version is None:
        raise ValueError("is required when protocol is azure")
    if protocol not in {"azure", None} and version is not None:
        raise ValueError("is of use only when protocol is azure")
    if version is not None and not _API_VERSION.fullmatch(version):
        raise ValueError("is not a version, as in 2024-10-21")
    return version


def _url_fits(url: str | None, info: ValidationInfo) -> str | None:
    if url is not None:
        return base_url(url)
    protocol = info.data.get("protocol")
    if protocol in {"openai", "azure"}:
        raise ValueError(f"is required when protocol is {protocol}")
    return None


def _only_for(protocol: str, *, required: bool = False) -> AfterValidator:
    """A check that a field is there for one protocol and for no other."""

    def check(value: Any, info: ValidationInfo) -> Any:
        own = info.data.get("protocol")
        if own not in {protocol, None} and value is not None:
            raise ValueError(f"is of use only when protocol is {protocol}")
        if own == protocol and required and value is None:
            raise ValueError(f"is required when protocol is {protocol}")
        return value

    return AfterValidator(check)


def _segment(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError("is not a name: letters, digits, dots, dashes, underscores, colons")
    return name


def _api_fits(api: Api, info: ValidationInfo) -> Api:
    protocol = info.data.get("protocol")
    known = _APIS.get(protocol or "", frozenset({Api.AUTO}))
    if protocol is not None and api not in known:
        raise ValueError(f"must be {' or '.join(sorted(known))} when protocol is {protocol}")
    return api


def _installed(key: Secret | None, info: ValidationInfo) -> Secret | None:
    """A cloud without a key is called by its own kind of identity, which an extra knows."""
    protocol = info.data.get("protocol") or ""
    module = _EXTRAS.get(protocol)
    if key is None and module is not None and not _found(module):
        raise ValueError(
            f"is needed, or what finds a cloud's credentials: pip install 'tollhouse[{protocol}]'"
        )
    return key


def _found(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False


_Whole = Annotated[int, BeforeValidator(number)]
_HeaderName = Annotated[str, AfterValidator(_header_name)]
_HeaderValue = Annotated[str, AfterValidator(_header_value)]
_Segment = Annotated[str, AfterValidator(_segment)]
_HeaderSecret = Annotated[Secret, secret(strength.header_fault)]


class TimeoutSection(Section):
    """Time limits of an upstream call, in seconds."""

    connect: Limit = 5.0
    first_byte: Limit = 60.0
    idle: Limit = 60.0
    total: Limit = 600.0


class TimeoutOverrides(Section):
    """Time limits of one provider; an absent one is the general one."""

    connect: Limit | None = None
    first_byte: Limit | None = None
    idle: Limit | None = None
    total: Limit | None = None


class AwsSection(Section):
    """Who we are to AWS; what is absent is found by botocore's chain."""

    profile: str | None = None
    access_key_id: str | None = None
    secret_access_key: _HeaderSecret | None = None
    session_token: _HeaderSecret | None = None


class EntraSection(Section):
    """An application of Microsoft Entra, in place of a key."""

    tenant_id: _Segment
    client_id: _Segment
    client_secret: _HeaderSecret
    authority: Annotated[str, AfterValidator(base_url)] = "https://login.microsoftonline.com"


class ProviderSection(Section):
    """One connection to a provider."""

    protocol: Literal["openai", "azure", "anthropic", "bedrock", "gemini", "vertex", "cohere"]
    base_url: Annotated[str | None, AfterValidator(_url_fits)] = None
    api: Annotated[Api, AfterValidator(_api_fits)] = Api.AUTO
    region: Annotated[_Segment | None, _only_for("bedrock", required=True)] = None
    project: Annotated[_Segment | None, _only_for("vertex", required=True)] = None
    location: Annotated[_Segment | None, _only_for("vertex", required=True)] = None
    aws: Annotated[AwsSection | None, _only_for("bedrock")] = None
    credentials_file: Annotated[AnchoredPath | None, _only_for("vertex")] = None
    entra: Annotated[EntraSection | None, _only_for("azure")] = None
    api_key: Annotated[_HeaderSecret | None, AfterValidator(_installed)] = None
    api_version: Annotated[str | None, AfterValidator(_version_fits)] = None
    headers: dict[_HeaderName, _HeaderValue] = Field(default_factory=dict, repr=False)
    timeouts: TimeoutOverrides = TimeoutOverrides()
    transport: Literal["auto", "httpx"] = "auto"
    max_connections: Annotated[_Whole, Field(ge=1, le=100_000)] = 1000
    ca_file: Annotated[AnchoredPath, AfterValidator(certificates.authorities)] | None = None
    """Authorities in place of the usual ones."""
    client_cert: Annotated[AnchoredPath, AfterValidator(certificates.client_certificate)] | None = (
        None
    )
    """What is shown to a provider that wants to know who calls."""

    def noun(self, name: str, general: TimeoutSection) -> Provider:
        """The provider as the rest of the house knows it."""
        return Provider(
            name=name,
            protocol=self.protocol,
            base_url=self.base_url or self._usual_place(),
            api_key=self.api_key,
            timeouts=Timeouts(
                **(general.model_dump() | self.timeouts.model_dump(exclude_none=True))
            ),
            headers=tuple(self.headers.items()),
            api_version=self.api_version,
            transport=self.transport,
            max_connections=self.max_connections,
            ca_file=None if self.ca_file is None else str(self.ca_file),
            client_cert=None if self.client_cert is None else str(self.client_cert),
            api=self.api,
            project=self.project,
            location=self.location,
            identity=self._identity(),
        )

    def _usual_place(self) -> str:
        place = usual_place(self.protocol, region=self.region or "", location=self.location or "")
        return place or ""

    def _identity(self) -> CloudIdentity | None:
        """What signs, where no key is given that could be sent instead."""
        if self.entra is not None:
            return CloudIdentity(IdentityKind.ENTRA, **dict(self.entra))
        if self.api_key is not None:
            return None
        if self.protocol == "bedrock":
            return CloudIdentity(
                IdentityKind.AWS, region=self.region, **dict(self.aws or AwsSection())
            )
        if self.protocol == "vertex":
            file = None if self.credentials_file is None else str(self.credentials_file)
            return CloudIdentity(IdentityKind.GOOGLE, credentials_file=file)
        return None
