"""A chat host's whole answer, in neutral form.

API reference: platform.openai.com/docs/api-reference/chat/object. Only the first choice is read:
clients of other dialects cannot ask for more.
"""

import msgspec

from ..json_object import NOT_JSON, Fields, owned, read_object
from ..neutral.answer import Answer, Nameless, NotAnAnswer, named
from ..neutral.parts import Citation, Part, Reasoning, Refusal, Text, ToolCall
from ..openai.answer import error_in
from .shapes import NULL, Annotation, Call, Groq, Piece, Said
from .stops import read_stop
from .thoughts import read_thoughts

_NOTHING = frozenset({b"null", b"{}", b'""', b"[]", b"false"})


class _Choice(msgspec.Struct):
    message: Said | None = None
    finish_reason: str | None = None
    logprobs: msgspec.Raw = NULL
    error: msgspec.Raw = NULL


class _Body(msgspec.Struct):
    id: object = None
    choices: list[_Choice] | None = None
    usage: msgspec.Raw = NULL
    service_tier: object = None
    citations: list[object] | None = None
    """Perplexity's and xAI's: addresses."""
    x_groq: Groq | None = None


_body = msgspec.json.Decoder(_Body)


def read_answer(body: bytes) -> Answer | NotAnAnswer:
    """Tell an answer from what only looks like one, and read it."""
    try:
        told = _body.decode(body)
    except NOT_JSON:
        return _not_an_answer(read_object(body))
    choice = told.choices[0] if told.choices else None
    # An answer is looked through for an error only where it may be one.
    if choice is None or choice.message is None or b'"error"' in body:
        fields = read_object(body) or {}
        error = error_in(fields)
        if error is None and choice is not None and something(choice.error):
            error = bytes(choice.error)
        if error is not None:
            return NotAnAnswer(error, "the body is an error")
    if choice is None or choice.message is None:
        return NotAnAnswer(None, "the body has no choices")
    answer_id = told.id if isinstance(told.id, str) and told.id else None
    try:
        parts = _read_message(choice.message, told, answer_id)
    except Nameless as fault:
        return NotAnAnswer(None, str(fault))
    except NOT_JSON:
        return NotAnAnswer(None, "the arguments of a tool call are not UTF-8")
    return Answer(
        parts=parts,
        stop=read_stop(
            choice.finish_reason,
            calls=any(isinstance(part, ToolCall) for part in parts),
            refused=any(isinstance(part, Refusal) for part in parts),
        ),
        id=answer_id,
        usage=usage_of(told.usage, told.x_groq),
        service_tier=told.service_tier if isinstance(told.service_tier, str) else None,
        logprobs=owned(choice.logprobs) if something(choice.logprobs) else None,
        content_bytes=sum(_size(part) for part in parts),
    )


def _not_an_answer(fields: Fields | None) -> NotAnAnswer:
    """What a body is that has not an answer's shape."""
    if fields is None:
        return NotAnAnswer(None, "the body is not a JSON object")
    error = error_in(fields)
    reason = "the body has not the shape of an answer" if error is None else "the body is an error"
    return NotAnAnswer(error, reason)


def _read_message(message: Said, told: _Body, answer_id: str | None) -> tuple[Part, ...]:
    calls = message.tool_calls or []
    thoughts, signatures = read_thoughts(message, {call.id for call in calls if call.id})
    citations = [cited(annotation) for annotation in message.annotations or ()]
    if not citations:
        citations = [Citation(url=url) for url in told.citations or () if isinstance(url, str)]
    parts: list[Part] = [*thoughts]
    content = message.content
    if isinstance(content, str):
        if content:
            parts.append(Text(content))
    else:
        parts += _pieces(content or [])
    for i, part in enumerate(parts):
        if isinstance(part, Text):
            parts[i] = Text(part.text, citations=tuple(one for one in citations if one))
            break
    if message.refusal:
        parts.append(Refusal(message.refusal))
    parts += [named(_call(call, i, signatures, answer_id)) for i, call in enumerate(calls)]
    legacy = message.function_call
    if legacy is not None and legacy.says_something:
        made = made_id(answer_id, len(calls))
        parts.append(named(ToolCall(made, legacy.name or "", legacy.json())))
    return tuple(parts)


def _pieces(pieces: list[Piece]) -> list[Part]:
    parts: list[Part] = []
    for piece in pieces:
        thought = piece.thought()
        if thought:
            parts.append(Reasoning(thought))
        if piece.text:
            parts.append(Text(piece.text))
    return parts


def _call(call: Call, index: int, signatures: dict[str, str], answer_id: str | None) -> ToolCall:
    call_id = call.id or made_id(answer_id, index)
    signature = call.signature or signatures.get(call_id)
    if call.custom is not None:
        return ToolCall(
            call_id, call.custom.name or "", call.custom.input or "", signature, custom=True
        )
    name = call.function.name if call.function else None
    arguments = call.function.json() if call.function else ""
    return ToolCall(call_id, name or "", arguments, signature)


# --- Shared with the reader of streams ---


def something(value: msgspec.Raw) -> bool:
    """Whether a field says anything."""
    return bytes(value) not in _NOTHING


def usage_of(usage: msgspec.Raw, groq: Groq | None) -> bytes | None:
    """The usage that an object tells, in the host's spelling."""
    if not something(usage):
        if groq is None:
            return None
        usage = groq.usage
    return bytes(usage) if something(usage) else None


def cited(annotation: Annotation) -> Citation | None:
    """A source, where the annotation is one; positions that enclose nothing are none."""
    given = annotation.url_citation
    if given is None or not (given.url or given.title):
        return None
    spans = (given.end_index or 0) > (given.start_index or 0)
    return Citation(
        given.url,
        given.title or None,
        given.content or None,
        (given.start_index or 0) if spans else None,
        given.end_index if spans else None,
    )


def made_id(answer_id: str | None, index: int) -> str:
    """An id for a tool call that the host gave none; it differs from answer to answer."""
    kept = "".join([letter for letter in answer_id or "" if letter.isascii() and letter.isalnum()])
    return f"call_{kept[-24:]}_{index}" if kept else f"call_{index}"


def _size(part: Part) -> int:
    if isinstance(part, ToolCall):
        return len(part.name) + len(part.arguments)
    if isinstance(part, Text | Refusal | Reasoning):
        return len(part.text)
    return 0
