"""A conversation as a body for Gemini, at Google's own API or on Vertex AI.

API reference: ai.google.dev/api/generate-content#request-body and
cloud.google.com/vertex-ai/generative-ai/docs/model-reference/inference. The model and whether the
answer is streamed are told by the URL.
"""

import re
from typing import Any

import msgspec

from ...core.dialect import Dialect
from ..json_object import NOT_JSON
from ..neutral.conversation import Conversation, Sampling
from ..neutral.losses import Losses
from ..neutral.names import field_name
from .family import family_of
from .media import Host
from .schema import sanitised
from .thinking import thinking
from .tools import tell, write_tools
from .turns import Turns

_JSON = "application/json"
_SCHEMAS = {
    Dialect.CHAT: "response_format.json_schema.schema",
    Dialect.RESPONSES: "text.format.schema",
    Dialect.MESSAGES: "output_config.format.schema",
}
_PLAIN_TIERS = frozenset({"auto", "default", "standard", "standard_only"})
_TIERS = frozenset({"flex", "priority"})
_LABEL = re.compile(r"[a-z0-9_-]{1,63}")
_LABEL_KEY = re.compile(r"[a-z][a-z0-9_-]{0,62}")
_MODALITIES = "modalities"
_KINDS = frozenset({"text", "image"})
_strings = msgspec.json.Decoder(list[str])
_metadata = msgspec.json.Decoder(dict[str, str])


def write_request(
    conversation: Conversation, model: str, losses: Losses, *, vertex: bool = False
) -> dict[str, Any]:
    """The body; what Gemini has no words for is refused or told by ``losses``."""
    modalities = _modalities(conversation)
    for path in conversation.unknown:
        if path != _MODALITIES or not modalities:
            losses.knob(path)
    family = family_of(model)
    turns = Turns(family, Host(vertex=vertex, fetches_urls=family.fetches_urls), losses)
    for message in conversation.messages:
        turns.add(message)
    body: dict[str, Any] = {"contents": turns.contents()}
    instructions = [{"text": text.text} for text in conversation.systems() if text.text]
    if instructions:
        body["systemInstruction"] = {"parts": instructions}
    body |= write_tools(conversation, losses)
    config = _config(conversation, losses) | turns.resolution() | modalities
    thoughts = thinking(conversation, family, losses)
    if thoughts:
        config["thinkingConfig"] = thoughts
    if config:
        body["generationConfig"] = config
    return body | _of_the_request(conversation, losses, vertex=vertex)


def _config(conversation: Conversation, losses: Losses) -> dict[str, Any]:
    sampling = conversation.sampling
    asked = {
        "maxOutputTokens": conversation.max_tokens,
        "stopSequences": list(conversation.stop) or None,
        "temperature": sampling.temperature,
        "topP": sampling.top_p,
        "topK": sampling.top_k,
        "seed": sampling.seed,
        "presencePenalty": sampling.presence_penalty,
        "frequencyPenalty": sampling.frequency_penalty,
        "responseLogprobs": sampling.logprobs or None,
        "logprobs": sampling.top_logprobs if sampling.logprobs else None,
    }
    config = {name: value for name, value in asked.items() if value is not None}
    return config | _output(conversation, losses)


def _modalities(conversation: Conversation) -> dict[str, Any]:
    """What kinds of answer a chat client asks for, where a model can draw as well as write."""
    asked = conversation.unknown.get(_MODALITIES)
    if asked is None or conversation.dialect is not Dialect.CHAT:
        return {}
    kinds = _strings.decode(asked)
    return {"responseModalities": [kind.upper() for kind in kinds]} if {*kinds} <= _KINDS else {}


def _output(conversation: Conversation, losses: Losses) -> dict[str, Any]:
    output = conversation.output
    if output is None:
        return {}
    if output.schema is None:
        return {"responseMimeType": _JSON}
    schema, dropped = sanitised(output.schema)
    tell(losses, _SCHEMAS[conversation.dialect], dropped)
    return {"responseMimeType": _JSON, "responseJsonSchema": schema}


def _of_the_request(conversation: Conversation, losses: Losses, *, vertex: bool) -> dict[str, Any]:
    """What is about the request rather than the answer; knobs that Gemini has no word for."""
    sampling, dialect = conversation.sampling, conversation.dialect
    if conversation.choices != 1:
        raise losses.essential(field_name(dialect, "choices"), "more than one answer to give")
    if sampling.logit_bias is not None:
        losses.knob(field_name(dialect, "logit_bias"))
    if sampling.verbosity is not None:
        losses.knob(field_name(dialect, "verbosity"))
    if sampling.store:
        losses.knob(field_name(dialect, "store"))
    body: dict[str, Any] = {}
    tier = sampling.service_tier
    if tier in _TIERS and not vertex:
        body["serviceTier"] = tier
    elif tier is not None and tier not in _PLAIN_TIERS:
        losses.knob(field_name(dialect, "service_tier"))
    labels = _labels(sampling, dialect, losses, vertex=vertex)
    if labels:
        body["labels"] = labels
    return body


def _labels(
    sampling: Sampling, dialect: Dialect, losses: Losses, *, vertex: bool
) -> dict[str, str]:
    """Vertex keeps a few words with a request; they have to be short and in small letters."""
    labels: dict[str, str] = {}
    if sampling.metadata is not None:
        told = _words(sampling.metadata)
        if vertex and told is not None:
            labels |= told
        else:
            losses.knob("metadata")
    if sampling.user is not None:
        if vertex and _LABEL.fullmatch(sampling.user):
            labels["user"] = sampling.user
        else:
            losses.knob(field_name(dialect, "user"))
    return labels


def _words(metadata: msgspec.Raw) -> dict[str, str] | None:
    try:
        told = _metadata.decode(metadata)
    except NOT_JSON:
        return None
    fit = all(_LABEL_KEY.fullmatch(key) and _LABEL.fullmatch(told[key]) for key in told)
    return told if fit else None
