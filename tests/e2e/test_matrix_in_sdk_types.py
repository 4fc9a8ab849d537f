"""What the matrix sends to providers, by the types of the vendors' own SDKs."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from e2e.matrix import CELLS, KINDS, Cell, golden
from e2e.matrix_asks import PIXEL
from tollhouse.core.dialect import Dialect

Body = dict[str, Any]

TRANSLATED = [cell for cell in CELLS if KINDS[cell.kind].dialects[cell.client] is not cell.client]
GEMINI = {"contents", "systemInstruction", "tools", "toolConfig", "generationConfig"}


def sound_chat(body: Body) -> None:
    """OpenAI's chat."""
    types = pytest.importorskip("openai.types.chat.completion_create_params")
    as_typed(types.CompletionCreateParamsNonStreaming, body)


def sound_responses(body: Body) -> None:
    """OpenAI's responses."""
    types = pytest.importorskip("openai.types.responses.response_create_params")
    as_typed(types.ResponseCreateParamsNonStreaming, body)


def sound_messages(body: Body) -> None:
    """Anthropic's messages."""
    types = pytest.importorskip("anthropic.types.message_create_params")
    as_typed(types.MessageCreateParamsNonStreaming, body)


def sound_converse(body: Body) -> None:
    """Bedrock's Converse."""
    session = pytest.importorskip("botocore.session")
    validate = pytest.importorskip("botocore.validate")
    model = session.Session().get_service_model("bedrock-runtime")
    report = validate.ParamValidator().validate(
        {**body, "modelId": "m"}, model.operation_model("Converse").input_shape
    )
    assert not report.has_errors(), report.generate_report()


def sound_gemini(body: Body) -> None:
    """Google's Gemini, whose types allow no field that they do not know."""
    types = pytest.importorskip("google.genai.types")
    assert body.keys() <= GEMINI
    for content in (*body["contents"], body.get("systemInstruction")):
        types.Content.model_validate(content or {})
    for tool in body.get("tools", []):
        types.Tool.model_validate(tool)
    types.ToolConfig.model_validate(body.get("toolConfig", {}))
    types.GenerationConfig.model_validate(body.get("generationConfig", {}))


def as_typed(type_: Any, body: Body) -> None:
    """A body by a dictionary's type; the type does not say whether it streams."""
    adapter = pytest.importorskip("pydantic").TypeAdapter(type_)
    asked = {name: value for name, value in body.items() if name != "stream"}
    adapter.validate_python(asked)


SOUND: Mapping[Dialect, Callable[[Body], None]] = {
    Dialect.CHAT: sound_chat,
    Dialect.RESPONSES: sound_responses,
    Dialect.MESSAGES: sound_messages,
    Dialect.CONVERSE: sound_converse,
    Dialect.GEMINI: sound_gemini,
}


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_sent_has_the_vendor_s_types(kind: str) -> None:
    """Every translated body of the matrix is one that the provider's own SDK could have sent."""
    for cell in TRANSLATED:
        if cell.kind == kind:
            SOUND[KINDS[kind].dialects[cell.client]](sent(cell))


def sent(cell: Cell) -> Body:
    """The body of a golden, with what was shortened put back."""
    text = json.dumps(golden(cell)["sent"]).replace("<pixel>", PIXEL).replace('"0.30"', "0.3")
    body: Body = json.loads(text)
    return body
