"""The readers that do not translate: what must come of bytes in frames, streams, usage and errors.

As in ``fuzz_subjects``, only what a reader declares may be raised.
"""

from collections.abc import Callable, Iterable, Sequence
from random import Random
from typing import Any

import msgspec

from tollhouse.core.dialect import Dialect
from tollhouse.core.errors import CallerError, Code, UpstreamError
from tollhouse.core.needs import Endpoint
from tollhouse.core.usage import Unusable, Usage
from tollhouse.wire.anthropic import count as anthropic_count
from tollhouse.wire.anthropic.message_stream import MessageStream
from tollhouse.wire.anthropic.schemas import closed
from tollhouse.wire.anthropic.whole import read_whole
from tollhouse.wire.cohere import embed, rerank
from tollhouse.wire.converse import count as converse_count
from tollhouse.wire.converse.errors import error_object, error_type
from tollhouse.wire.embeddings import bedrock
from tollhouse.wire.embeddings import gemini as gemini_embed
from tollhouse.wire.embeddings.openai_side import read_asked, write_answer
from tollhouse.wire.errors import error_body, error_event
from tollhouse.wire.event_stream import FrameReader
from tollhouse.wire.event_stream_chunks import ChunkUnwrapper
from tollhouse.wire.gemini import count as gemini_count
from tollhouse.wire.gemini.errors import read_details
from tollhouse.wire.gemini.schema import sanitised
from tollhouse.wire.json_object import NOT_JSON, read_request
from tollhouse.wire.multipart import parse_form
from tollhouse.wire.neutral.answer import NotAnAnswer
from tollhouse.wire.neutral.losses import Losses
from tollhouse.wire.openai.answer import Answer, read_answer
from tollhouse.wire.openai.at_once import read_at_once
from tollhouse.wire.openai.chunk_stream import ChunkStream
from tollhouse.wire.openai.errors import ProviderError, read_error
from tollhouse.wire.openai.request import body_for_hop, form_for_hop, read_form, read_json
from tollhouse.wire.openai.stream import StreamReader
from tollhouse.wire.openai.typed_stream import TypedStream
from tollhouse.wire.refusals import refine
from tollhouse.wire.sse import FrameSplitter, data_of
from tollhouse.wire.unwrapped_stream import UnwrappedStream
from tollhouse.wire.usage.table import Kind, read_usage
from wire.fuzz_rules import said, sound_json
from wire.fuzzing import cut

_USAGE = b'{"total_tokens":3,"cost":0.5}'
_DONE = b"[DONE]"
_MOST_WRITTEN = 10_000_000
_schema = msgspec.json.Decoder(dict[str, object])
_BOUNDARY = "b0undary"
FORM = (
    b'--b0undary\r\nContent-Disposition: form-data; name="model"\r\n\r\nm\r\n'
    b'--b0undary\r\nContent-Disposition: form-data; name="stream"\r\n\r\ntrue\r\n'
    b'--b0undary\r\nContent-Disposition: form-data; name="n"\r\n\r\n2\r\n'
    b'--b0undary\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n'
    b"Content-Type: audio/wav\r\n\r\nRIFF\0\r\n--b0undary--\r\n"
)
_FORM_TYPE = f'multipart/form-data; boundary="{_BOUNDARY}"'


# --- Streams that pass through ---

Make = Callable[[Any], StreamReader]


def chunks(complete: Any, dice: Random) -> StreamReader:
    """Of chat, as a client asked for it."""
    return ChunkStream("m", asked_usage=dice.random() < 0.5, complete=complete)


def typed(complete: Any, dice: Random) -> StreamReader:
    """Of responses, and of what else has typed events."""
    ends = (Endpoint.RESPONSES, Endpoint.RESPONSES, Endpoint.SPEECH, Endpoint.TRANSCRIPTIONS)
    given = dice.choice((None, msgspec.Raw(b'"mine"')))
    return TypedStream(dice.choice(ends), "m", complete=complete, instructions=given)


def messages(complete: Any, dice: Random) -> StreamReader:
    """Of Anthropic's messages."""
    del dice
    return MessageStream("m", complete=complete)


def packed(complete: Any, dice: Random) -> StreamReader:
    """The same out of Bedrock's frames."""
    del dice
    return UnwrappedStream(MessageStream("m", complete=complete))


def passed(make: Callable[[Any, Random], StreamReader], data: bytes, dice: Random) -> None:
    """A stream is passed on in whole events, alike however it arrives, and priced if it ends."""
    seed = dice.random()
    by_piece = _pass(make, cut(dice, data), Random(seed))
    at_once = _pass(make, [data], Random(seed))
    assert by_piece == at_once, "it matters how the bytes arrive"
    frames = _datas(by_piece[0])
    if make is not packed and all(map(_is_json, _datas(data))):
        assert all(map(_is_json, frames)), "an event that was JSON is none for the client"


def _pass(
    make: Callable[[Any, Random], StreamReader], pieces: Iterable[bytes], dice: Random
) -> tuple[bytes, bool, bool, bytes | None]:
    priced: list[Any] = []

    def complete(told: bytes | None, tier: str | None, *, content_bytes: int) -> bytes:
        assert content_bytes >= 0
        assert tier is None or type(tier) is str
        priced.append(told)
        return _USAGE

    stream = make(complete, dice)
    out, over = [], False
    for piece in [*pieces, None]:
        written = stream.end() if piece is None else stream.feed(piece)
        assert not (over and written), "something was passed on after the stream was over"
        over = stream.finished or stream.malformed or stream.error is not None
        out.append(written)
    assert bool(priced) or not stream.finished, "an answer that is finished is priced"
    assert stream.error is None or type(stream.error) is bytes
    assert stream.usage is None or type(stream.usage) is bytes
    return b"".join(out), stream.finished, stream.malformed, stream.error


def _datas(stream: bytes) -> list[bytes]:
    splitter = FrameSplitter()
    found = [data_of(frame) for frame in [*splitter.feed(stream), splitter.rest()]]
    return [data for data in found if data]


def _is_json(data: bytes) -> bool:
    try:
        sound_json(data)
    except (ValueError, AssertionError):
        return data.strip() == _DONE
    return True


# --- Frames ---


def split(data: bytes, dice: Random) -> None:
    """Frames of events are the bytes, whatever these are."""
    splitter, whole = FrameSplitter(), FrameSplitter()
    frames = [frame for piece in cut(dice, data) for frame in splitter.feed(piece)]
    assert frames == whole.feed(data), "it matters how the bytes arrive"
    joined = b"".join(frames) + splitter.rest()
    assert data.startswith(joined)
    assert not data[len(joined) :].strip()


def framed(data: bytes, dice: Random) -> None:
    """The same for AWS's messages, and for the events that are in them."""
    reader, whole = FrameReader(), FrameReader()
    pieces = cut(dice, data)
    frames = [frame for piece in pieces for frame in reader.feed(piece)]
    assert frames == whole.feed(data), "it matters how the bytes arrive"
    assert reader.broken == whole.broken
    unwrapper, at_once = ChunkUnwrapper(), ChunkUnwrapper()
    assert b"".join(map(unwrapper.feed, pieces)) == at_once.feed(data)
    assert (unwrapper.error, unwrapper.malformed) == (at_once.error, at_once.malformed)


# --- Usage, counts, errors ---

_SPELLINGS: Sequence[Dialect | Kind] = (*Dialect, *Kind)


def usage(told: bytes, dice: Random) -> None:
    """A usage is believed or not, in JSON as decoded; what is believed adds up."""
    spelling, endpoint = dice.choice(_SPELLINGS), dice.choice(tuple(Endpoint))
    _adds_up(read_usage(spelling, told, endpoint, images=dice.randint(0, 2), characters=3))
    try:
        decoded = msgspec.json.decode(told)
    except NOT_JSON:
        return
    _adds_up(read_usage(spelling, decoded, endpoint, service_tier=dice.choice((None, "flex"))))


def _adds_up(found: Usage | Unusable) -> None:
    if isinstance(found, Unusable):
        assert found.reason
        msgspec.json.encode(found.reason)
        return
    msgspec.json.encode(found)
    written = found.cache_write_tokens + found.cache_write_1h_tokens
    assert 0 <= max(found.cached_input_tokens, written) <= found.input_tokens
    assert 0 <= found.reasoning_tokens <= found.output_tokens


def counts(body: bytes, dice: Random) -> None:
    """A count is a number from 0 on, or none."""
    del dice
    for read in (anthropic_count.read_count, converse_count.read_count, gemini_count.read_count):
        counted = read(body)
        if isinstance(counted, NotAnAnswer):
            assert counted.reason
        else:
            assert type(counted) is int
            assert counted >= 0, f"{read.__module__} counts less than nothing"
            msgspec.json.encode({"input_tokens": counted})


def errors(body: bytes, dice: Random) -> None:
    """A provider's error is read, whatever it is, and told to every client."""
    headers = {"x-amzn-errortype": dice.choice(("", "a#b:c", "ThrottlingException"))}
    told = read_error(body)
    assert isinstance(told, ProviderError)
    read_details(body)
    error_type(headers, body)
    told_in_stream = read_error(error_object("throttlingException", body))
    assert told_in_stream.code
    for protocol in ("openai", "azure", "anthropic", "bedrock", "gemini", "vertex", "cohere"):
        refined = refine(protocol, dice.choice((400, 429, 500)), told, body, headers)
        assert refined.retry_after is None or 0 <= refined.retry_after < 10**6
    code = None if told.code is None else str(told.code)
    shown = UpstreamError(
        Code.UPSTREAM_REJECTED, told.message or "x", param=told.param, provider_code=code
    )
    for path in ("/v1/chat/completions", "/v1/messages"):
        sound_json(error_body(shown, "r", path))
    for endpoint in (Endpoint.CHAT, Endpoint.RESPONSES, Endpoint.MESSAGES):
        for data in _datas(error_event(shown, "r", endpoint)):
            sound_json(data)


# --- Answers that pass through ---


def whole(body: bytes, dice: Random) -> None:
    """A whole answer is one or is none, and can be completed."""
    endpoint = dice.choice(tuple(Endpoint))
    answer: Any = read_answer(body, endpoint)
    if isinstance(answer, Answer):
        assert answer.images >= 0
        assert answer.content_bytes >= 0
        assert answer.service_tier is None or type(answer.service_tier) is str
        answer.write(endpoint, "m", _USAGE, instructions=dice.choice((None, msgspec.Raw(b'"i"'))))
    message = read_whole(body)
    if not isinstance(message, NotAnAnswer):
        assert message.service_tier is None or type(message.service_tier) is str
        message.write("m", _USAGE)


_EMBEDDERS = (
    *("amazon.titan-embed-text-v2:0", "amazon.titan-embed-image-v1", "amazon.titan-embed-text-v1"),
    *("cohere.embed-english-v3", "cohere.embed-v4:0", "amazon.nova-2-multimodal-embeddings-v1:0"),
    "unknown",
)


def embedded(body: bytes, dice: Random) -> None:
    """Vectors are read or not; what is read is written as numbers and in base64."""
    headers = {"x-amzn-bedrock-input-token-count": dice.choice(("3", "x", "", "9" * 40))}
    found = [bedrock.read_answer(body, headers, model) for model in _EMBEDDERS]
    found += [embed.read_answer(body, headers, "embed-v4.0")]
    found += [gemini_embed.read_answer(body, vertex=vertex) for vertex in (False, True)]
    for one in found:
        if isinstance(one, NotAnAnswer):
            assert one.reason
            continue
        for as_base64 in (False, True):
            told = write_answer(one, model="m", usage=_USAGE, as_base64=as_base64)
            assert len(sound_json(told)["data"]) == len(one.vectors)
        if one.usage is not None:
            sound_json(one.usage)


def asked(body: bytes, dice: Random) -> None:
    """The gate's two readers of a body agree, at whatever endpoint it arrives."""
    endpoint = dice.choice(tuple(Endpoint))
    try:
        fields = read_request(body)
        told = read_json(fields, endpoint)
        at_once = read_at_once(body, fields, endpoint)
        sent = body_for_hop(
            fields,
            told,
            upstream_model="x",
            params={"temperature": b"1"},
            system_prompt=dice.choice((None, "Be kind.")),
            stream_usage=dice.random() < 0.5,
        )
    except CallerError as refused:
        said(refused)
        return
    assert at_once is None or at_once == told, "two readers of one body disagree"
    sound_json(sent)


def asked_to_embed(body: bytes, dice: Random) -> None:
    """What is to be embedded is read and written for every provider, or refused."""
    model, losses = dice.choice(_EMBEDDERS), Losses(allowed=dice.random() < 0.8)
    google = dice.random() < 0.5

    def for_google() -> dict[str, Any]:
        return gemini_embed.write_request(read_asked(fields, losses), "m", losses, vertex=google)

    try:
        fields = read_request(body)
        read_json(fields, Endpoint.EMBEDDINGS)
    except CallerError:
        return
    writers: list[Callable[[], dict[str, Any]]] = [
        lambda: bedrock.write_request(fields, model, losses),
        lambda: embed.write_request(fields, "embed-v4.0", losses),
        for_google,
    ]
    for write in writers:
        try:
            written = write()
        except CallerError as refused:
            said(refused)
        else:
            sound_json(msgspec.json.encode(written))


def reranked(body: bytes, dice: Random) -> None:
    """An order of documents is read or not, and written with the documents or without."""
    answer = rerank.read_answer(body)
    if isinstance(answer, NotAnAnswer):
        return
    wanted = b"true" if dice.random() < 0.5 else b"false"
    fields = read_request(
        b'{"query":"q","documents":["a",{"text":"b"}],"return_documents":' + wanted + b"}"
    )
    asked = rerank.read_asked(fields, Losses(allowed=True))
    sound_json(rerank.write_answer(answer, asked, model="m", usage=_USAGE))


def asked_to_rerank(body: bytes, dice: Random) -> None:
    """What is to be put in order is read and written, or refused."""
    try:
        fields = read_request(body)
        asked = rerank.read_asked(fields, Losses(allowed=dice.random() < 0.8))
    except CallerError as refused:
        said(refused)
        return
    sound_json(msgspec.json.encode(rerank.write_request(asked, "m")))


def form(body: bytes, dice: Random) -> None:
    """A form is read and written, or refused; our own reader takes what was written."""
    endpoint = dice.choice((Endpoint.TRANSCRIPTIONS, Endpoint.IMAGES_EDITS))
    kinds = (
        _FORM_TYPE,
        _FORM_TYPE,
        _FORM_TYPE,
        "multipart/form-data",
        _FORM_TYPE * 2,
        "; boundary=b0",
    )
    try:
        parsed = parse_form(body, dice.choice(kinds))
        asked = read_form(parsed, endpoint)
    except CallerError as refused:
        said(refused)
        return
    sent = form_for_hop(parsed, upstream_model="x", params={"language": b'"de"', "n": b"1"})
    again = parse_form(sent, parsed.content_type)
    assert again.text("model") == "x"
    assert asked.model == parsed.text("model")


def schema(written: bytes, dice: Random) -> None:
    """A schema is made to fit every target, in time and in size."""
    del dice
    try:
        given = _schema.decode(written)
    except NOT_JSON:
        return
    fitted, dropped = sanitised(given)
    told = msgspec.json.encode(fitted)
    sound_json(told)
    assert len(told) < _MOST_WRITTEN
    assert len(set(dropped)) == len(dropped)
    msgspec.json.encode(closed(given))
