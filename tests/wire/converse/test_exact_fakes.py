"""The fake of Bedrock is exact: AWS's own SDK, asking over a real socket, understands all of it."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import urlsplit

import pytest

from fakes import bedrock_answers as fake
from tollhouse.core.dialect import Dialect
from tollhouse.providers.bedrock import converse_url, count_tokens_url, invoke_url
from tollhouse.wire.converse.request import write_request
from tollhouse.wire.neutral.conversation import Conversation, Message, Role
from tollhouse.wire.neutral.losses import Losses
from tollhouse.wire.neutral.parts import Text

boto3 = pytest.importorskip("boto3", reason="AWS's SDK is not installed")

MODEL = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
ARN = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/a/b c~d"
SAID = [{"role": "user", "content": [{"text": "Hi"}]}]
THOUGHT = {"reasoningContent": {"reasoningText": {"text": "Hm …", "signature": "c2ln"}}}
SECRET = {"reasoningContent": {"redactedContent": "c2VjcmV0"}}
TEXT = {"text": "Olá! 👋"}
CALL = {"toolUse": {"toolUseId": "tooluse_1", "name": "weather", "input": {"city": "Paris"}}}


class Bedrock:
    """A server that gives one answer, and what it was asked."""

    def __init__(self) -> None:
        self.answer: fake.Answer = (500, {}, b"")
        self.path = ""
        self.body: Any = None
        self.client: Any = None


@pytest.fixture(name="bedrock", scope="module")
def _bedrock() -> Iterator[Bedrock]:
    told = Bedrock()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            told.path = self.path
            told.body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            status, headers, body = told.answer
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    told.client = boto3.client(
        "bedrock-runtime",
        region_name="us-east-1",
        endpoint_url=f"http://127.0.0.1:{server.server_port}",
        aws_access_key_id="AKIDEXAMPLE",
        aws_secret_access_key="secret",
        config=boto3.session.Config(retries={"total_max_attempts": 1}),
    )
    yield told
    told.client.close()
    server.shutdown()
    server.server_close()


def test_a_whole_answer_is_read(bedrock: Bedrock) -> None:
    """Text, thoughts, secrets and calls, why it stopped, and usage."""
    bedrock.answer = fake.converse(THOUGHT, SECRET, TEXT, CALL, stop="tool_use")
    told = bedrock.client.converse(modelId=MODEL, messages=SAID)
    content = told["output"]["message"]["content"]
    assert content[1]["reasoningContent"]["redactedContent"] == b"secret"
    assert [content[0], *content[2:]] == [THOUGHT, TEXT, CALL]
    assert (told["stopReason"], told["usage"]) == ("tool_use", fake.USAGE)


def test_a_stream_is_read(bedrock: Bedrock) -> None:
    """The same content in pieces, and usage behind its end."""
    bedrock.answer = fake.converse_stream(THOUGHT, TEXT, CALL, stop="tool_use", pieces=3)
    told = list(bedrock.client.converse_stream(modelId=MODEL, messages=SAID)["stream"])
    deltas = [one["contentBlockDelta"]["delta"] for one in told if "contentBlockDelta" in one]
    assert "".join(one.get("text", "") for one in deltas) == TEXT["text"]
    arguments = "".join(one["toolUse"]["input"] for one in deltas if "toolUse" in one)
    assert json.loads(arguments) == {"city": "Paris"}
    assert told[-2:] == [
        {"messageStop": {"stopReason": "tool_use"}},
        {"metadata": {"metrics": {"latencyMs": 321}, "usage": fake.USAGE}},
    ]


def test_an_exception_in_a_stream_is_raised(bedrock: Bedrock) -> None:
    """By the SDK, under its name."""
    from botocore.exceptions import EventStreamError  # noqa: PLC0415 - only with the SDK

    status, headers, _ = fake.converse_stream()
    begun = b"".join(fake.opening([TEXT]))
    broken = begun + fake.exception("throttlingException", "Too many tokens")
    bedrock.answer = (status, headers, broken)
    with pytest.raises(EventStreamError, match=r"throttlingException.*Too many tokens"):
        list(bedrock.client.converse_stream(modelId=MODEL, messages=SAID)["stream"])


def test_a_refusal_is_raised(bedrock: Bedrock) -> None:
    """As the exception that the header names."""
    bedrock.answer = fake.error(429, "ThrottlingException", "Too many requests")
    with pytest.raises(bedrock.client.exceptions.ThrottlingException, match="Too many requests"):
        bedrock.client.converse(modelId=MODEL, messages=SAID)


def test_chunks_are_read(bedrock: Bedrock) -> None:
    """A model's own events come out as they went in, the last with Bedrock's measurements."""
    bedrock.answer = fake.chunks([{"type": "ping"}, {"type": "message_stop"}])
    told = bedrock.client.invoke_model_with_response_stream(modelId=MODEL, body=b"{}")["body"]
    events = [json.loads(one["chunk"]["bytes"]) for one in told]
    assert [one["type"] for one in events] == ["ping", "message_stop"]
    assert "amazon-bedrock-invocationMetrics" in events[1]


def test_counts_are_read(bedrock: Bedrock) -> None:
    """A number."""
    bedrock.answer = fake.counted(7)
    asked = {"converse": {"messages": SAID}}
    assert bedrock.client.count_tokens(modelId=MODEL, input=asked)["inputTokens"] == 7


@pytest.mark.parametrize("model", [MODEL, ARN, "openai.gpt-oss-120b-1:0"])
def test_our_URLs_are_those_of_the_SDK(bedrock: Bedrock, model: str) -> None:
    """Names, profiles and ARNs with slashes and colons are encoded as AWS's own SDK does it."""
    at = bedrock.client.meta.endpoint_url
    client = bedrock.client
    bedrock.answer = fake.converse(TEXT)
    client.converse(modelId=model, messages=SAID)
    assert bedrock.path == urlsplit(converse_url(at, model, stream=False)).path
    bedrock.answer = fake.converse_stream(TEXT)
    list(client.converse_stream(modelId=model, messages=SAID)["stream"])
    assert bedrock.path == urlsplit(converse_url(at, model, stream=True)).path
    bedrock.answer = fake.counted(1)
    client.invoke_model(modelId=model, body=b"{}")["body"].read()
    assert bedrock.path == urlsplit(invoke_url(at, model, stream=False)).path
    bedrock.answer = fake.chunks([{"type": "ping"}])
    list(client.invoke_model_with_response_stream(modelId=model, body=b"{}")["body"])
    assert bedrock.path == urlsplit(invoke_url(at, model, stream=True)).path
    if model != ARN:
        bedrock.answer = fake.counted(1)
        client.count_tokens(modelId=model, input={"converse": {"messages": SAID}})
        assert bedrock.path == urlsplit(count_tokens_url(at, model)).path


def test_what_we_write_passes_the_SDKs_own_model(bedrock: Bedrock) -> None:
    """A body of ours, given to the SDK, is one that it would have sent itself."""
    message = Message(Role.USER, (Text("Hi", cache="1h"),))
    ours = write_request(Conversation(Dialect.CHAT, (message,)), MODEL, Losses(allowed=False))
    bedrock.answer = fake.converse(TEXT)
    bedrock.client.converse(modelId=MODEL, **ours)
    assert bedrock.body == ours
