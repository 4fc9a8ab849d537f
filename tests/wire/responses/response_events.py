"""Events as providers of responses stream them."""

from typing import Any

from wire.responses.response_samples import (
    USAGE,
    Heard,
    assert_rules,
    hear_every_way,
    sse,
)

ODD = "日本🙂ь\u2028\u2029\x85"
PAGE = {"type": "url_citation", "url": "https://a.b", "title": "A", "start_index": 0}


def response(kind: str, **more: Any) -> dict[str, Any]:
    """An event with a response in it."""
    inner = {"id": "resp_1", "status": kind, "output": [], "error": None, "usage": None, **more}
    return {"type": f"response.{kind}", "response": inner}


def added(index: int, kind: str, **more: Any) -> dict[str, Any]:
    """An item begins."""
    item = {"type": kind, "id": f"i{index}", **more}
    return {"type": "response.output_item.added", "output_index": index, "item": item}


def done(index: int, kind: str, **more: Any) -> dict[str, Any]:
    """An item is complete."""
    return {**added(index, kind, **more), "type": "response.output_item.done"}


def delta(kind: str, index: int, text: str, **more: Any) -> dict[str, Any]:
    """A delta."""
    return {"type": f"response.{kind}.delta", "output_index": index, "delta": text, **more}


def said(index: int, text: str, number: int = 0) -> dict[str, Any]:
    """Words."""
    return delta("output_text", index, text, content_index=number, logprobs=[])


CREATED, WORKING = response("created"), response("in_progress")
COMPLETED = response("completed", usage=USAGE, service_tier="flex")


def run(*events: dict[str, Any], end: str = "\n\n") -> Heard:
    """What a stream says, whichever way it arrives; it must keep the rules."""
    heard = hear_every_way(sse(*events, end=end), cuts=40)
    if not heard.malformed and heard.error is None:
        assert_rules(heard.events, ended=heard.ended)
    return heard
