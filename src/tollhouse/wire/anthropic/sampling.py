"""The knobs of a request, as far as Anthropic's models have them.

API reference: docs.claude.com/en/api/messages. A knob that stands where it stands anyhow is no
loss.
"""

from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec

from ..neutral.conversation import NO_SAMPLING, Conversation, Sampling
from ..neutral.losses import Losses
from ..neutral.names import field_name
from .models import Abilities

_SERVICE_TIERS = {"auto": "auto", "default": "standard_only"}
_MOST_TEMPERATURE = 1
_LEAST_TOP_P_WITH_THOUGHTS = Decimal("0.95")
_NOTHING = frozenset({b"{}", b"null", b"[]"})


def write_sampling(
    conversation: Conversation, body: dict[str, Any], can: Abilities, losses: Losses
) -> None:
    """Put the knobs into a body that has its ``thinking`` already."""
    knobs, dialect = conversation.sampling, conversation.dialect
    if knobs is NO_SAMPLING:
        return
    _put_temperature(conversation, body, can, losses)
    if knobs.top_k is not None:
        if can.sampling and not _thinks(body):
            body["top_k"] = knobs.top_k
        else:
            losses.knob(field_name(dialect, "top_k"))
    for name in _lacking(knobs):
        losses.knob(field_name(dialect, name))
    if knobs.service_tier in _SERVICE_TIERS:
        body["service_tier"] = _SERVICE_TIERS[knobs.service_tier]
    elif knobs.service_tier is not None:
        losses.knob(field_name(dialect, "service_tier"))
    if knobs.user is not None:
        body["metadata"] = {"user_id": knobs.user}


def _lacking(knobs: Sampling) -> list[str]:
    """The knobs that Anthropic has none of, and that are turned."""
    presence, frequency = knobs.presence_penalty, knobs.frequency_penalty
    biases, words = knobs.logit_bias, knobs.metadata
    turned = {
        "presence_penalty": presence is not None and _number(presence) != 0,
        "frequency_penalty": frequency is not None and _number(frequency) != 0,
        "logit_bias": biases is not None and bytes(biases) not in _NOTHING,
        "metadata": words is not None and bytes(words) not in _NOTHING,
        "logprobs": knobs.logprobs,
        "top_logprobs": knobs.top_logprobs,
        "store": knobs.store,
        "seed": knobs.seed is not None,
        "verbosity": knobs.verbosity is not None,
    }
    return [name for name, is_turned in turned.items() if is_turned]


def _put_temperature(
    conversation: Conversation, body: dict[str, Any], can: Abilities, losses: Losses
) -> None:
    """Temperature and the share of probability: at 1 both are as if they were not said."""
    knobs, thinks = conversation.sampling, _thinks(body)
    heat, share = knobs.temperature, knobs.top_p
    if heat is not None:
        degree = _number(heat)
        free = can.sampling and not thinks
        if degree is not None and 0 <= degree <= _MOST_TEMPERATURE and free:
            body["temperature"] = heat
        elif degree != _MOST_TEMPERATURE:
            losses.knob(field_name(conversation.dialect, "temperature"))
    if share is not None:
        part = _number(share)
        taken = can.sampling and not ("temperature" in body and can.one_of_two)
        if thinks and (part is None or part < _LEAST_TOP_P_WITH_THOUGHTS):
            taken = False
        if taken:
            body["top_p"] = share
        elif part != 1:
            losses.knob(field_name(conversation.dialect, "top_p"))


def _thinks(body: dict[str, Any]) -> bool:
    thinking: dict[str, Any] = body.get("thinking", {})
    return bool(thinking) and thinking["type"] != "disabled"


def _number(written: msgspec.Raw) -> Decimal | None:
    try:
        return Decimal(bytes(written).decode())
    except (InvalidOperation, ValueError):
        return None
