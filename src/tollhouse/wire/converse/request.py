"""A Converse body for any conversation.

API reference: docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html, "Request
Syntax"; ConverseStream's is the same. What only some models know goes into
``additionalModelRequestFields``, by the family that the model's id names; for other families it is
a knob that the target lacks.
"""

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from ..anthropic.schemas import closed
from ..json_object import NOT_JSON, write_value
from ..neutral.conversation import Conversation, OutputFormat, Sampling
from ..neutral.losses import Losses
from ..neutral.names import field_name
from .claude import claude_sampling
from .families import Family, family_of, takes_schemas
from .thinking import thinking
from .tools import tool_config
from .turns import messages, system_blocks

_LACKED = (
    "seed",
    "presence_penalty",
    "frequency_penalty",
    "logit_bias",
    "logprobs",
    "top_logprobs",
    "verbosity",
    "user",
    "store",
)
"""Knobs of other dialects. ``prompt_cache_key`` is not one: it costs nothing to do without."""
_ASKS_NOTHING = re.compile(rb"-?0(\.0*)?|\{\s*\}|null")
_TIERS = {"flex": "flex", "priority": "priority", "reserved": "reserved"}
_USUAL_TIERS = frozenset({"auto", "default", "standard_only"})
_NO_THOUGHTS = {"type": "disabled"}
_STOP_PATHS = ["/stop_sequence", "/delta/stop_sequence"]
"""Where Claude tells which sequence stopped it: whole, and in a stream."""

_MOST_METADATA = 16
_METADATA_KEY = re.compile(r"[a-zA-Z0-9\s:_@$#=/+,\-.]{1,256}")
_METADATA_VALUE = re.compile(r"[a-zA-Z0-9\s:_@$#=/+,\-.]{0,256}")
_metadata = msgspec.json.Decoder(dict[str, str])


def write_request(conversation: Conversation, model: str, losses: Losses) -> dict[str, Any]:
    """The body of Converse and of ConverseStream; the model itself is named by the URL."""
    family = family_of(model)
    for path in conversation.unknown:
        losses.knob(path)
    if conversation.choices > 1:
        name = field_name(conversation.dialect, "choices")
        raise losses.essential(name, "more than one answer to give")
    body: dict[str, Any] = {"messages": messages(conversation, family, losses)}
    if system := system_blocks(conversation, family, losses):
        body["system"] = system
    tools, own = tool_config(conversation, model, family, losses)
    if tools is not None:
        body["toolConfig"] = tools
    own |= thinking(conversation, model, family, losses)
    if config := _inference_config(conversation, model, family, own, losses):
        body["inferenceConfig"] = config
    if own:
        body["additionalModelRequestFields"] = own
    if conversation.output is not None:
        body["outputConfig"] = _output_config(conversation, conversation.output, losses)
        if not takes_schemas(family, model):
            name = field_name(conversation.dialect, "output")
            raise losses.essential(name, "a schema to answer by")
    if conversation.stop and family is Family.ANTHROPIC:
        body["additionalModelResponseFieldPaths"] = _STOP_PATHS
    return body | _sampling(conversation, losses)


def _inference_config(
    conversation: Conversation, model: str, family: Family, own: dict[str, Any], losses: Losses
) -> dict[str, Any]:
    """Limits and sampling; ``top_k`` is put among the model's ``own`` fields."""
    knobs = conversation.sampling
    heat, share, top_k = knobs.temperature, knobs.top_p, knobs.top_k
    if family is Family.ANTHROPIC:
        thinks = own.get("thinking", _NO_THOUGHTS)["type"] != "disabled"
        heat, share, top_k = claude_sampling(conversation, model, losses, thinks=thinks)
    if top_k is not None:
        match family:
            case Family.ANTHROPIC:
                own["top_k"] = top_k
            case Family.NOVA | Family.NOVA_2:
                own["inferenceConfig"] = {"topK": top_k}
            case _:
                losses.knob(field_name(conversation.dialect, "top_k"))
    config = {
        "maxTokens": conversation.max_tokens,
        "temperature": heat,
        "topP": share,
        "stopSequences": [sequence for sequence in conversation.stop if sequence] or None,
    }
    return {name: value for name, value in config.items() if value is not None}


def _output_config(
    conversation: Conversation, output: OutputFormat, losses: Losses
) -> dict[str, Any]:
    """An answer by a schema, which Converse takes as text."""
    if output.schema is None:
        name = field_name(conversation.dialect, "output")
        raise losses.essential(name, "a demand for JSON without a schema")
    definition = {"schema": write_value(closed(output.schema)).decode()}
    if output.name:
        definition["name"] = output.name
    if output.description:
        definition["description"] = output.description
    return {"textFormat": {"type": "json_schema", "structure": {"jsonSchema": definition}}}


def _sampling(conversation: Conversation, losses: Losses) -> dict[str, Any]:
    """The rest of the knobs: those that Converse has, and the others told as lacking."""
    sampling = conversation.sampling
    for name in _LACKED:
        if _asks(sampling, name):
            losses.knob(field_name(conversation.dialect, name))
    written: dict[str, Any] = {}
    if sampling.metadata is not None:
        metadata = _request_metadata(sampling.metadata)
        if metadata is None:
            losses.knob(field_name(conversation.dialect, "metadata"))
        elif metadata:
            written["requestMetadata"] = metadata
    tier = sampling.service_tier
    if tier in _TIERS:
        written["serviceTier"] = {"type": _TIERS[tier]}
    elif tier is not None and tier not in _USUAL_TIERS:
        losses.knob(field_name(conversation.dialect, "service_tier"))
    return written


def _asks(sampling: Sampling, name: str) -> bool:
    """Whether a knob is turned at all: zero penalties and ``false`` are what happens anyway."""
    value = getattr(sampling, name)
    if isinstance(value, msgspec.Raw):
        return not _ASKS_NOTHING.fullmatch(bytes(value).strip())
    return value is not None and value is not False


def _request_metadata(written: msgspec.Raw) -> Mapping[str, str] | None:
    """What filters Bedrock's logs; None where it would be refused as such."""
    try:
        told = _metadata.decode(written)
    except NOT_JSON:
        return {} if bytes(written) == b"null" else None
    sound = len(told) <= _MOST_METADATA and all(
        _METADATA_KEY.fullmatch(key) and _METADATA_VALUE.fullmatch(value)
        for key, value in told.items()
    )
    return told if sound else None
