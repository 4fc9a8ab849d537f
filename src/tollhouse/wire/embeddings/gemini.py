"""Embeddings of Google: ``batchEmbedContents`` at its own API, ``predict`` on Vertex AI.

API reference: ai.google.dev/api/embeddings and
cloud.google.com/vertex-ai/generative-ai/docs/model-reference/text-embeddings-api. Besides OpenAI's
fields a client may send ``task_type`` and ``title``, which both hosts know.
"""

from typing import Any

import msgspec

from ..json_object import NOT_JSON
from ..neutral.answer import NotAnAnswer
from ..neutral.losses import Losses
from .openai_side import Asked, Embedded, embedded, leave_out_others, string_of

_KNOWN = ("task_type", "title")
_NO_VALUES = msgspec.Raw(b"[]")


class _Values(msgspec.Struct):
    values: msgspec.Raw = _NO_VALUES


class _Usage(msgspec.Struct, gc=False, rename="camel"):
    prompt_token_count: int | None = None


class _Batch(msgspec.Struct, rename="camel"):
    embeddings: list[_Values] | None = None
    usage_metadata: _Usage | None = None
    error: msgspec.Raw = msgspec.Raw()


class _Statistics(msgspec.Struct, gc=False):
    token_count: float | None = None


class _Predicted(msgspec.Struct):
    values: msgspec.Raw = _NO_VALUES
    statistics: _Statistics | None = None


class _Prediction(msgspec.Struct):
    embeddings: _Predicted | None = None


class _Predictions(msgspec.Struct):
    predictions: list[_Prediction] | None = None
    error: msgspec.Raw = msgspec.Raw()


_batch = msgspec.json.Decoder(_Batch)
_predictions = msgspec.json.Decoder(_Predictions)


def write_request(
    asked: Asked, model: str, losses: Losses, *, vertex: bool = False
) -> dict[str, Any]:
    """The body for ``:batchEmbedContents``, or for Vertex's ``:predict``."""
    leave_out_others(asked, losses, *_KNOWN)
    task, title = string_of(asked, "task_type"), string_of(asked, "title")
    return _for_vertex(asked, task, title) if vertex else _for_google(asked, model, task, title)


def _for_google(asked: Asked, model: str, task: str | None, title: str | None) -> dict[str, Any]:
    name = model if model.startswith("models/") else f"models/{model}"
    common = {"taskType": task, "title": title, "outputDimensionality": asked.dimensions}
    told = {key: value for key, value in common.items() if value is not None}
    return {
        "requests": [
            {"model": name, "content": {"parts": [{"text": text}]}, **told} for text in asked.texts
        ]
    }


def _for_vertex(asked: Asked, task: str | None, title: str | None) -> dict[str, Any]:
    common = {"task_type": task, "title": title}
    told = {key: value for key, value in common.items() if value is not None}
    body: dict[str, Any] = {"instances": [{"content": text, **told} for text in asked.texts]}
    if asked.dimensions is not None:
        body["parameters"] = {"outputDimensionality": asked.dimensions}
    return body


def read_answer(body: bytes, *, vertex: bool = False) -> Embedded | NotAnAnswer:
    """The vectors in order, and the tokens that were embedded."""
    try:
        return _of_vertex(body) if vertex else _of_google(body)
    except NOT_JSON:
        return NotAnAnswer(None, "the body is not an answer")


def _of_google(body: bytes) -> Embedded | NotAnAnswer:
    told = _batch.decode(body)
    if bytes(told.error) not in {b"", b"null"}:
        return NotAnAnswer(bytes(told.error), "the body is an error")
    usage = told.usage_metadata or _Usage()
    return embedded([one.values for one in told.embeddings or ()], usage.prompt_token_count)


def _of_vertex(body: bytes) -> Embedded | NotAnAnswer:
    told = _predictions.decode(body)
    if bytes(told.error) not in {b"", b"null"}:
        return NotAnAnswer(bytes(told.error), "the body is an error")
    predicted = [one.embeddings or _Predicted() for one in told.predictions or ()]
    counts = [(one.statistics or _Statistics()).token_count for one in predicted]
    known = [int(count) for count in counts if count is not None and count >= 0]
    tokens = sum(known) if predicted and len(known) == len(predicted) else None
    return embedded([one.values for one in predicted], tokens)
