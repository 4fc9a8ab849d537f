"""Personal models as documents of the catalogue, and back.

What the catalogue has a field for is kept there and read from there, so that an edit in another
dialect is seen in this one. ``metadata.personal`` keeps the rest: the number, the words as the
client wrote them, a default that the model's type has no use for.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any

from pydantic import Field

from ....catalogue.documents.fields import BaseUrl
from ....core.errors import FieldFault, invalid_fields
from ....core.history import Document
from ....core.hosts import Reach
from ....core.needs import ModelType
from ...forms import Form
from . import words

Word = Annotated[str, Field(min_length=1, max_length=64)]


CLEARED_BY_NULL = frozenset({"temperature", "dimension", "description", "abilities"})
"""Fields that answers show as null, so that null is what they become. A null of another field
keeps it: a client that sends back what it read cannot know the key."""


class PersonalForm(Form):
    """The body of POST and PUT: every field may be absent or null."""

    category: Word | None = None
    model_provider: Word | None = None
    model_name: Annotated[str, Field(min_length=1, max_length=128)] | None = None
    api_key: str | None = None
    base_url: Annotated[BaseUrl, Field(max_length=2048)] | None = None
    temperature: Annotated[float, Field(allow_inf_nan=False)] | None = None
    dimension: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    description: Annotated[str, Field(max_length=4000)] | None = None
    abilities: Annotated[list[Word], Field(max_length=64)] | None = None
    share_with_users: bool | None = None
    is_active: bool | None = None
    """Ours: the documented answer shows it, and nothing documented sets it."""

    def said(self) -> dict[str, Any]:
        """What the body says: absent fields say nothing, and a null only where it clears."""
        return {
            name: value
            for name, value in self.sent().items()
            if value is not None or name in CLEARED_BY_NULL
        }


REQUIRED = ("category", "model_provider", "model_name")


@dataclass(frozen=True, slots=True)
class Personal:
    """A personal model in the words of its dialect, less its id, its key and its owner."""

    category: str = ""
    model_provider: str = ""
    model_name: str = ""
    base_url: str | None = None
    temperature: float | None = None
    dimension: int | None = None
    description: str | None = None
    abilities: tuple[str, ...] | None = None
    shared: bool = False
    active: bool = True
    held: bool = False
    """Switched off by an administrator: its owner cannot switch it on."""
    number: int = 0


def read(document: Document) -> Personal:
    """A user's model, whichever dialect wrote it."""
    kept = _object(_object(document.get("metadata")).get("personal"))
    connection = _object(document.get("connection"))
    params = _object(_object(document.get("provider_config")).get("params"))
    return Personal(
        category=_category(document, kept),
        model_provider=_provider(connection, kept),
        model_name=document.get("upstream_model") or document["model_id"],
        base_url=connection.get("base_url"),
        temperature=_plain(_number(params.get("temperature", kept.get("temperature")))),
        dimension=_whole(params.get("dimensions", kept.get("dimension"))),
        description=_object(document.get("display")).get("description"),
        abilities=_abilities(_object(document.get("capabilities")), kept.get("abilities")),
        shared=_object(document.get("owner")).get("shared") is True,
        active=document.get("enabled") is not False,
        held=kept.get("held") is True,
        number=_whole(kept.get("id")) or int(document["uid"].replace("-", "")[:12], 16),
    )


def changed(present: Personal, form: PersonalForm) -> Personal:
    """The model with what a body says; 422 for words that mean nothing and for what is missing."""
    values = form.said()
    values.pop("api_key", None)
    if "share_with_users" in values:
        values["shared"] = values.pop("share_with_users")
    if "is_active" in values:
        values["active"] = values.pop("is_active")
    if values.get("abilities") is not None:
        values["abilities"] = tuple(values["abilities"])
    if present.base_url == words.usual_url(present.model_provider):
        values.setdefault("base_url", None)
    made = replace(present, **values)
    if made.base_url is None:
        made = replace(made, base_url=words.usual_url(made.model_provider))
    return made


def check(model: Personal, reach: Reach | None, *others: FieldFault) -> None:
    """Raise a 422 with everything that is wrong with a model's words and its address.

    Without a ``reach``, where it leads is not asked: it led there before.
    """
    faults = [*others]
    faults += [FieldFault(name, "is required") for name in REQUIRED if not getattr(model, name)]
    if model.category and words.type_of(model.category) is None:
        kinds = ", ".join(ModelType)
        faults.append(FieldFault("category", f"is not a known category, as llm or one of {kinds}"))
    if model.model_provider and words.protocol_of(model.model_provider) is None:
        known = words.known_providers()
        faults.append(FieldFault("model_provider", f"is not a known provider: there are {known}"))
    elif model.model_provider and model.base_url is None:
        faults.append(FieldFault("base_url", "is required: this model_provider has no usual one"))
    if model.base_url and reach is not None and (fault := reach.fault(model.base_url)):
        faults.append(FieldFault("base_url", fault))
    faults += [
        FieldFault(f"abilities[{index}]", "is not a word of letters, digits and underscores")
        for index, ability in enumerate(model.abilities or ())
        if words.capability_of(ability) is None
    ]
    if faults:
        raise invalid_fields(faults)


def patch_of(model: Personal, present: Document) -> Document:
    """What a model document takes to be this one: a merge patch, an empty document's included."""
    kind, protocol = words.type_of(model.category), words.protocol_of(model.model_provider)
    heated, sized = kind is ModelType.COMPLETION, kind is ModelType.EMBEDDINGS
    temperature, dimension = _plain(model.temperature), model.dimension
    return {
        "type": None if kind is None else kind.value,
        "connection": {"protocol": protocol, "base_url": model.base_url},
        "upstream_model": model.model_name,
        "display": {"description": model.description},
        "enabled": model.active,
        "capabilities": _capabilities(model, present),
        "provider_config": {
            "api_version": words.AZURE_VERSION if protocol == words.AZURE else None,
            "params": {
                "temperature": temperature if heated else None,
                "dimensions": dimension if sized else None,
            },
        },
        "owner": {"shared": model.shared},
        "metadata": {
            "personal": {
                "id": model.number,
                "category": model.category,
                "model_provider": model.model_provider,
                "abilities": None if model.abilities is None else list(model.abilities),
                "temperature": None if heated else temperature,
                "dimension": None if sized else dimension,
                "held": model.held or None,
            }
        },
    }


_NATIVE = (
    ("connection.base_url", "base_url"),
    ("connection.api_key", "api_key"),
    ("connection.protocol", "model_provider"),
    ("upstream_model", "model_name"),
    ("provider_config.params", "temperature"),
    ("display.description", "description"),
    ("capabilities", "abilities"),
    ("owner.slug", "share_with_users"),
    ("type", "category"),
)


def translated(fault: FieldFault) -> FieldFault:
    """A fault of the document as one of the body that it was made of."""
    for native, own in _NATIVE:
        if fault.path == native or fault.path.startswith(f"{native}."):
            return FieldFault(own, fault.message)
    return fault


def _category(document: Document, kept: Mapping[str, Any]) -> str:
    kind, written = str(document.get("type")), kept.get("category")
    return written if isinstance(written, str) and words.type_of(written) == kind else kind


def _provider(connection: Mapping[str, Any], kept: Mapping[str, Any]) -> str:
    protocol, written = str(connection.get("protocol", words.OPENAI)), kept.get("model_provider")
    same = isinstance(written, str) and words.protocol_of(written) == protocol
    return str(written) if same else protocol


def _abilities(has: Mapping[str, Any], written: Any) -> tuple[str, ...] | None:
    """The written ones that still hold, then what the document has besides."""
    given = [one for one in written if isinstance(one, str)] if isinstance(written, list) else []
    shown = [one for one in given if has.get(words.capability_of(one) or "") is True]
    told = {words.capability_of(one) for one in shown}
    shown += [name for name, value in has.items() if value is True and name not in told]
    return tuple(shown) if shown or isinstance(written, list) else None


def _capabilities(model: Personal, present: Document) -> Document:
    """Those of the abilities, and none that was an ability and is one no more."""
    before = {words.capability_of(one) for one in read(present).abilities or ()} if present else ()
    gone = dict.fromkeys(filter(None, before))
    named = {words.capability_of(one): True for one in model.abilities or ()}
    return {**gone, **{name: value for name, value in named.items() if name is not None}}


def _plain(number: float | None) -> float | None:
    return int(number) if number is not None and number.is_integer() else number


def _number(value: Any) -> float | None:
    sound = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if sound else None


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
