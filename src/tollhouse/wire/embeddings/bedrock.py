"""Embeddings of whichever model a Bedrock id names."""

from collections.abc import Mapping
from types import ModuleType
from typing import Any

from ..json_object import Fields
from ..neutral.answer import NotAnAnswer
from ..neutral.losses import Losses
from . import cohere_bedrock, nova, titan
from .openai_side import Embedded

_NAMED: tuple[tuple[str, ModuleType], ...] = (
    ("titan-embed", titan),
    ("cohere.embed", cohere_bedrock),
    ("nova-2-multimodal-embeddings", nova),
)


def write_request(fields: Fields, model: str, losses: Losses) -> dict[str, Any]:
    """The body of InvokeModel."""
    spelling = _spelling(model)
    if spelling is None:
        raise losses.essential("model", "embeddings in OpenAI's form")
    body: dict[str, Any] = spelling.write_request(fields, model, losses)
    return body


def read_answer(body: bytes, headers: Mapping[str, str], model: str) -> Embedded | NotAnAnswer:
    """A 200; header names in lower case."""
    spelling = _spelling(model)
    if spelling is None:
        return NotAnAnswer(None, "the model is of no known kind")
    answer: Embedded | NotAnAnswer = spelling.read_answer(body, headers)
    return answer


def _spelling(model: str) -> ModuleType | None:
    return next((module for name, module in _NAMED if name in model), None)
