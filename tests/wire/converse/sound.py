"""Bodies of ours, judged by AWS's own description of Bedrock where its SDK is installed."""

import json
from functools import cache
from typing import Any

import msgspec

from tollhouse.core.dialect import Dialect
from tollhouse.wire.converse.request import write_request
from tollhouse.wire.neutral.conversation import Conversation, Message, Role
from tollhouse.wire.neutral.losses import Losses
from tollhouse.wire.neutral.parts import Part, Text, ToolCall, ToolResult

CLAUDE = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
CLAUDE_46 = "us.anthropic.claude-sonnet-4-6"
CLAUDE_48 = "us.anthropic.claude-opus-4-8"
CLAUDE_3 = "anthropic.claude-3-haiku-20240307-v1:0"
NOVA = "us.amazon.nova-pro-v1:0"
NOVA_2 = "us.amazon.nova-2-lite-v1:0"
LLAMA = "us.meta.llama4-maverick-17b-instruct-v1:0"
GPT = "openai.gpt-oss-120b-1:0"
QWEN = "qwen.qwen3-32b-v1:0"
DEEPSEEK = "us.deepseek.r1-v1:0"
PROFILE = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/mi1dadi0g15f"

HI = Message(Role.USER, (Text("Hi"),), at="messages[0]")
CALL = ToolCall("call_1", "weather", '{"city":"Paris"}', at="messages[1]")
RESULT = ToolResult("call_1", (Text("18 °C"),), name="weather", at="messages[2]")


def asking(*messages: Message, dialect: Dialect = Dialect.CHAT, **fields: Any) -> Conversation:
    """A conversation."""
    return Conversation(dialect, messages or (HI,), **fields)


def user(*parts: Part) -> Message:
    """A user's turn."""
    return Message(Role.USER, parts, at="messages[0]")


def assistant(*parts: Part) -> Message:
    """A model's turn."""
    return Message(Role.ASSISTANT, parts, at="messages[1]")


def written(
    conversation: Conversation, model: str = CLAUDE, losses: Losses | None = None
) -> dict[str, Any]:
    """The body as it is sent, sound by AWS's own description."""
    body = write_request(conversation, model, losses or Losses(allowed=False))
    sent: dict[str, Any] = json.loads(msgspec.json.encode(body))
    judge(sent)
    return sent


def dropped(conversation: Conversation, model: str = CLAUDE) -> list[str]:
    """What is left out where the model allows it."""
    losses = Losses(allowed=True)
    written(conversation, model, losses)
    return losses.dropped


def judge(sent: dict[str, Any], operation: str = "Converse") -> None:
    """Fails on a member that Bedrock does not know, or that is of another type or size."""
    judged = _judges(operation)
    if judged is not None:
        validator, shape = judged
        report = validator.validate({"modelId": "x", **sent}, shape)
        assert not report.has_errors(), report.generate_report()


@cache
def _judges(operation: str) -> Any:
    try:
        import botocore.session  # noqa: PLC0415 - it may not be installed
        import botocore.validate  # noqa: PLC0415
    except ImportError:
        return None
    service = botocore.session.Session().get_service_model("bedrock-runtime")
    return botocore.validate.ParamValidator(), service.operation_model(operation).input_shape
