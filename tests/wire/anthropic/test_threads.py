"""Threads that Anthropic keeps: refused where they cannot be, in words that SDKs act on."""

import msgspec
import pytest

from tollhouse.core.errors import Code
from tollhouse.core.faults import FaultKind
from tollhouse.routing.classify import fault_for_status
from tollhouse.wire.anthropic.conversation import read_conversation
from tollhouse.wire.anthropic.errors import error_envelope
from tollhouse.wire.json_object import Fields
from tollhouse.wire.neutral.losses import Unsupported
from tollhouse.wire.openai.errors import read_error


def fields(**more: object) -> Fields:
    """A client's body."""
    body = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}], **more}
    return {name: msgspec.Raw(msgspec.json.encode(value)) for name, value in body.items()}


@pytest.mark.parametrize(
    "thread",
    [{"type": "create"}, {"type": "continue", "previous_message_id": "msg_1"}, "odd", 7],
    ids=["create", "continue", "odd", "number"],
)
def test_a_thread_is_never_left_out(thread: object) -> None:
    """A translated conversation with one is refused, and told so as Anthropic's SDKs know it."""
    with pytest.raises(Unsupported) as caught:
        read_conversation(fields(thread=thread))
    assert (caught.value.code, caught.value.param) == (Code.UNSUPPORTED_PARAMETER, "thread")
    told = error_envelope(caught.value, "r")["error"]
    assert told["details"] == {"error_code": "thread_unsupported_request"}


def test_no_thread_is_none() -> None:
    """A null asks for nothing."""
    conversation = read_conversation(fields(thread=None))
    assert not conversation.unknown


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (404, "thread_not_found", FaultKind.REJECTED),
        (404, "not_found_error", FaultKind.MODEL_MISSING),
        (400, "thread_unsupported_request", FaultKind.REJECTED),
    ],
)
def test_a_lost_thread_is_no_missing_model(status: int, code: str, kind: FaultKind) -> None:
    """The cause that Anthropic names in ``details`` counts more than the type of the error."""
    error = {"type": "not_found_error", "message": "no", "details": {"error_code": code}}
    told = read_error(msgspec.json.encode({"type": "error", "error": error}))
    assert told.code == code
    fault = fault_for_status(status, {}, 0, code=code)
    assert fault.kind is kind


def test_other_errors_have_no_details() -> None:
    """Only what is about a thread is told in that form."""
    error = Unsupported("top_k", "no")
    assert "details" not in error_envelope(error, "r")["error"]
