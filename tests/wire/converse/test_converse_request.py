"""Converse bodies: turns, instructions, sampling, output, and what Bedrock cannot be asked."""

import json
from typing import Any

import msgspec
import pytest

from tollhouse.core.dialect import Dialect, Vendor
from tollhouse.wire.converse.request import write_request
from tollhouse.wire.neutral.conversation import Message, OutputFormat, Role, Sampling
from tollhouse.wire.neutral.losses import Losses, Unsupported
from tollhouse.wire.neutral.parts import (
    Document,
    Media,
    Opaque,
    Reasoning,
    Refusal,
    Text,
    ToolCall,
    ToolResult,
)
from wire.converse.sound import (
    CALL,
    CLAUDE,
    CLAUDE_3,
    GPT,
    HI,
    LLAMA,
    NOVA,
    PROFILE,
    RESULT,
    asking,
    assistant,
    dropped,
    user,
    written,
)

POINT = {"cachePoint": {"type": "default"}}
LONG = {"cachePoint": {"type": "default", "ttl": "1h"}}
SIGNED = Reasoning("Hm", vendor=Vendor.ANTHROPIC, signature="c2ln")


def content(*parts: Any, model: str = CLAUDE) -> list[dict[str, Any]]:
    """The blocks of one user turn."""
    blocks: list[dict[str, Any]] = written(asking(user(*parts)), model)["messages"][0]["content"]
    return blocks


def test_a_plain_question_is_a_plain_body() -> None:
    """Nothing is written that was not said."""
    assert written(asking()) == {"messages": [{"role": "user", "content": [{"text": "Hi"}]}]}


def test_instructions_go_to_one_place() -> None:
    """Wherever they stood, in order, with their marks; blank ones are none."""
    first = Message(Role.SYSTEM, (Text("Be brief."), Text(" \n")), at="messages[0]")
    later = Message(Role.SYSTEM, (Text("Be kind.", cache="5m"),), at="messages[2]")
    body = written(asking(first, HI, later))
    assert body["system"] == [{"text": "Be brief."}, {"text": "Be kind."}, POINT]
    assert len(body["messages"]) == 1


def test_instructions_that_are_not_text_are_refused_by_name() -> None:
    """Converse has no place for them."""
    part = Opaque("image_url", "messages[0].content[0]")
    with pytest.raises(Unsupported) as told:
        written(asking(Message(Role.SYSTEM, (part,)), HI))
    assert told.value.param == "messages[0].content[0]"


def test_turns_alternate_and_the_first_is_the_users() -> None:
    """Neighbours of a role are one turn, blank turns none, and a missing opening is made."""
    body = written(asking(assistant(Text("Yes?")), user(Text("A")), assistant(Text(" ")), HI))
    assert body["messages"] == [
        {"role": "user", "content": [{"text": "(no message)"}]},
        {"role": "assistant", "content": [{"text": "Yes?"}]},
        {"role": "user", "content": [{"text": "A"}, {"text": "Hi"}]},
    ]


def test_a_beginning_of_the_answer_does_not_end_in_white_space() -> None:
    """Claude refuses it."""
    assert written(asking(HI, assistant(Text("{ \n"))))["messages"][1]["content"] == [{"text": "{"}]


def test_blank_text_is_left_out() -> None:
    """Bedrock refuses it; white space in text is kept as it is."""
    assert content(Text(""), Text("\n"), Text(" a\n"), Refusal("No")) == [
        {"text": " a\n"},
        {"text": "No"},
    ]


def test_H10_results_of_tools_are_one_turn_and_stand_first() -> None:
    """In their order, with the user's words behind them."""
    calls = assistant(CALL, ToolCall("call_2", "time", ""))
    second = ToolResult("call_2", (), is_error=True)
    body = written(asking(HI, calls, user(RESULT), user(Text("And?")), user(second)))
    assert body["messages"][1:] == [
        {
            "role": "assistant",
            "content": [
                {"toolUse": {"toolUseId": "call_1", "name": "weather", "input": {"city": "Paris"}}},
                {"toolUse": {"toolUseId": "call_2", "name": "time", "input": {}}},
            ],
        },
        {
            "role": "user",
            "content": [
                {"toolResult": {"toolUseId": "call_1", "content": [{"text": "18 °C"}]}},
                {
                    "toolResult": {
                        "toolUseId": "call_2",
                        "content": [{"text": "(no output)"}],
                        "status": "error",
                    }
                },
                {"text": "And?"},
            ],
        },
    ]


@pytest.mark.parametrize(
    ("arguments", "sent"),
    [
        ('{"a":1.50,"b":9007199254740993}', b'{"a":1.50,"b":9007199254740993}'),
        (" ", b"{}"),
        ('{"a":', b'{"arguments":"{\\"a\\":"}'),
        ("[1]", b'{"arguments":"[1]"}'),
        ("[" * 5000, None),
    ],
)
def test_arguments_stay_as_they_were_generated(arguments: str, sent: bytes | None) -> None:
    """Numbers keep their spelling; what is no object becomes a field of one, never a failure."""
    conversation = asking(HI, assistant(ToolCall("c", "f", arguments)), user(RESULT))
    body = msgspec.json.encode(write_request(conversation, CLAUDE, Losses(allowed=False)))
    assert (sent or b'"arguments":"[[[[') in body


def test_results_are_words_and_never_blank_ones() -> None:
    """Thoughts in them are nobody's; an empty result says so."""
    for parts, told in (
        ((Text("a"), Text(" "), Reasoning("Hm")), [{"text": "a"}]),
        ((Text(" "),), [{"text": "(no output)"}]),
    ):
        assert content(ToolResult("c", parts))[0]["toolResult"]["content"] == told


def test_free_text_for_a_tool_is_wrapped() -> None:
    """Custom tools have no JSON."""
    body = written(asking(HI, assistant(ToolCall("c", "f", "SELECT 1", custom=True)), user(RESULT)))
    assert body["messages"][1]["content"][0]["toolUse"]["input"] == {"input": "SELECT 1"}


@pytest.mark.parametrize("given", ["call|fc_1", "x" * 65, "", "ç"])
def test_ids_of_other_vendors_become_plain_and_stay_paired(given: str) -> None:
    """Bedrock takes 64 plain characters; call and result keep one id."""
    result = ToolResult(given, (Text("1"),))
    body = written(asking(HI, assistant(ToolCall(given, "f", "")), user(result)))
    used = body["messages"][1]["content"][0]["toolUse"]["toolUseId"]
    assert used == body["messages"][2]["content"][0]["toolResult"]["toolUseId"]
    assert used.startswith("call_")
    assert len(used) <= 64


def test_ids_for_Mistral_are_short_and_distinct() -> None:
    """Nine letters and digits; those that Bedrock makes itself begin alike."""
    given = ["tooluse_Ac1", "tooluse_Ac2", "abcDEF123"]
    calls = assistant(*[ToolCall(one, "f", "") for one in given])
    results = user(*[ToolResult(one, (Text("1"),)) for one in given])
    turns = written(asking(HI, calls, results), "us.mistral.pixtral-large-2502-v1:0")["messages"]
    used = [block["toolUse"]["toolUseId"] for block in turns[1]["content"]]
    assert used == [block["toolResult"]["toolUseId"] for block in turns[2]["content"]]
    assert len(set(used)) == 3
    assert all(len(one) == 9 and one.isalnum() for one in used)
    assert used[2] == given[2]


def test_H02_thoughts_go_back_to_their_vendor_byte_for_byte() -> None:
    """To Claude what Claude signed, in Bedrock's wrapping; unsigned thoughts are worth nothing."""
    hidden = Reasoning(vendor=Vendor.ANTHROPIC, hidden="RXRr/+==")
    loose = Reasoning("loose"), Reasoning("unsigned", vendor=Vendor.ANTHROPIC)
    body = written(asking(HI, assistant(SIGNED, hidden, *loose, Text("A")), HI))
    assert body["messages"][1]["content"] == [
        {"reasoningContent": {"reasoningText": {"text": "Hm", "signature": "c2ln"}}},
        {"reasoningContent": {"redactedContent": "UlhSci8rPT0="}},
        {"text": "A"},
    ]
    told = Reasoning("[REDACTED]", vendor=Vendor.AMAZON)
    body = written(asking(HI, assistant(told, Text("A")), HI), NOVA)
    assert body["messages"][1]["content"][0] == {
        "reasoningContent": {"reasoningText": {"text": "[REDACTED]"}}
    }


@pytest.mark.parametrize("vendor", [Vendor.OPENAI, Vendor.GOOGLE, Vendor.AMAZON])
@pytest.mark.parametrize("model", [CLAUDE, LLAMA, GPT])
def test_H02_no_signature_of_another_vendor_is_sent(vendor: Vendor, model: str) -> None:
    """They are stripped by rule, and the rest of the turn is kept."""
    foreign = Reasoning("Hm", vendor=vendor, signature="s3cret", hidden="s3cret")
    call = ToolCall("c", "f", "{}", signature="s3cret")
    body = written(asking(HI, assistant(foreign, Text("A"), call), user(RESULT)), model)
    assert "s3cret" not in str(body)
    assert [list(block) for block in body["messages"][1]["content"]] == [["text"], ["toolUse"]]


def test_cache_marks_follow_their_part_where_the_model_caches() -> None:
    """For an hour only at Claude; nothing at models without a cache; a profile may be Claude's."""
    parts = Text("a", cache="5m"), Text("b", cache="1h"), Text("c")
    plain = [{"text": "a"}, {"text": "b"}, {"text": "c"}]
    for model in (CLAUDE, PROFILE):
        assert content(*parts, model=model) == [plain[0], POINT, plain[1], LONG, plain[2]]
    assert content(*parts, model=NOVA) == [plain[0], POINT, plain[1], POINT, plain[2]]
    assert content(*parts, model=LLAMA) == plain


def test_cache_marks_of_calls_results_and_blanks_are_kept() -> None:
    """A mark on blank text belongs to what stands before it; two in a row are one."""
    call = ToolCall("call_1", "f", "", cache="5m")
    result = ToolResult("call_1", (Text("1"),), cache="5m")
    body = written(asking(HI, assistant(call), user(result, Text(" ", cache="5m"), Text("x"))))
    assert body["messages"][1]["content"][1] == POINT
    assert [next(iter(block)) for block in body["messages"][2]["content"]] == [
        "toolResult",
        "cachePoint",
        "text",
    ]


def test_a_cache_mark_does_not_touch_a_document() -> None:
    """Bedrock refuses that; a line break stands between them."""
    document = Document(Media("application/pdf", "AA=="), name="a.pdf", cache="5m")
    blocks = content(Text("Read:"), document)
    assert blocks[2:] == [{"text": "\n"}, POINT]


def test_a_name_of_a_speaker_is_a_knob() -> None:
    """Converse has roles only."""
    named = Message(Role.USER, (Text("Hi"),), name="Ann", at="messages[0]")
    with pytest.raises(Unsupported) as told:
        written(asking(named))
    assert told.value.param == "messages[0].name"
    assert dropped(asking(named)) == ["messages[0].name"]


def test_what_only_its_own_dialect_can_say_is_refused_by_name() -> None:
    """In a turn and in a result."""
    part = Opaque("container_upload", "messages[0].content[1]")
    for parts in ((Text("a"), part), (ToolResult("c", (part,)),)):
        with pytest.raises(Unsupported, match="container_upload") as told:
            content(*parts)
        assert told.value.param == part.at


def test_inference_parameters_keep_their_spelling() -> None:
    """Numbers are not read; stop sequences that are empty are none."""
    sampling = Sampling(temperature=msgspec.Raw(b"0.30"), top_p=msgspec.Raw(b"9e-1"))
    conversation = asking(max_tokens=7, stop=("a", ""), sampling=sampling)
    body = msgspec.json.encode(write_request(conversation, NOVA, Losses(allowed=False)))
    assert (
        b'"inferenceConfig":{"maxTokens":7,"temperature":0.30,"topP":9e-1,"stopSequences":["a"]}'
    ) in body


def test_Claude_is_asked_which_sequence_stopped_it() -> None:
    """Converse itself does not tell; other models cannot."""
    asked = written(asking(stop=("a",)))
    assert asked["additionalModelResponseFieldPaths"] == ["/stop_sequence", "/delta/stop_sequence"]
    assert "additionalModelResponseFieldPaths" not in written(asking(stop=("a",)), NOVA)


def test_top_k_is_said_in_the_models_own_words() -> None:
    """Known of two families, a knob elsewhere."""
    conversation = asking(sampling=Sampling(top_k=20))
    for model, own in ((CLAUDE, {"top_k": 20}), (NOVA, {"inferenceConfig": {"topK": 20}})):
        assert written(conversation, model)["additionalModelRequestFields"] == own
    for model in (LLAMA, GPT, PROFILE):
        with pytest.raises(Unsupported) as told:
            written(conversation, model)
        assert told.value.param == "top_k"
        assert dropped(conversation, model) == ["top_k"]


KNOBS: dict[str, tuple[Any, list[Any]]] = {
    "seed": (7, []),
    "presence_penalty": (msgspec.Raw(b"0.1"), [msgspec.Raw(b"0"), msgspec.Raw(b" 0.0 ")]),
    "frequency_penalty": (msgspec.Raw(b"-1"), [msgspec.Raw(b"-0.0"), msgspec.Raw(b"null")]),
    "logit_bias": (msgspec.Raw(b'{"1":2}'), [msgspec.Raw(b"{ }")]),
    "logprobs": (True, [False]),
    "top_logprobs": (2, []),
    "verbosity": ("low", []),
    "user": ("u", []),
    "store": (True, [False]),
    "service_tier": ("scale", ["auto", "default", "standard_only"]),
    "metadata": (msgspec.Raw(b'{"a":1}'), [msgspec.Raw(b"{}"), msgspec.Raw(b"null")]),
}


@pytest.mark.parametrize("name", KNOBS)
def test_H01_a_knob_that_Bedrock_lacks_is_refused_or_told(name: str) -> None:
    """By its name; a knob in its usual place asks nothing."""
    turned, usual = KNOBS[name]
    conversation = asking(sampling=Sampling(**{name: turned}))
    with pytest.raises(Unsupported) as told:
        written(conversation)
    assert told.value.param == name
    assert dropped(conversation) == [name]
    for value in usual:
        assert written(asking(sampling=Sampling(**{name: value}))) == written(asking())


def test_knobs_are_told_in_the_clients_words() -> None:
    """Anthropic's client never said ``user``."""
    conversation = asking(dialect=Dialect.MESSAGES, sampling=Sampling(user="u"))
    assert dropped(conversation) == ["metadata.user_id"]


def test_H01_unknown_fields_are_refused_or_told() -> None:
    """None of them is lost in silence."""
    unknown = {"enable_thinking": msgspec.Raw(b"true"), "a.b": msgspec.Raw(b"1")}
    with pytest.raises(Unsupported) as told:
        written(asking(unknown=unknown))
    assert told.value.param == "enable_thinking"
    assert dropped(asking(unknown=unknown)) == ["enable_thinking", "a.b"]


def test_hints_that_cost_nothing_are_left_out() -> None:
    """Bedrock has no word for a cache's key."""
    assert written(asking(sampling=Sampling(prompt_cache_key="k"))) == written(asking())


@pytest.mark.parametrize("tier", ["flex", "priority"])
def test_service_tiers_are_asked_for(tier: str) -> None:
    """By Bedrock's names, which are the same."""
    body = written(asking(sampling=Sampling(service_tier=tier)))
    assert body["serviceTier"] == {"type": tier}


def test_metadata_of_strings_goes_into_Bedrocks_logs() -> None:
    """What Bedrock would refuse is a knob."""
    told = {"team": "a/b @c", "empty": ""}
    body = written(asking(sampling=Sampling(metadata=msgspec.Raw(msgspec.json.encode(told)))))
    assert body["requestMetadata"] == told
    for unfit in ({"a": "é"}, {"": "a"}, {"a": "x" * 257}, {str(n): "" for n in range(17)}):
        sampling = Sampling(metadata=msgspec.Raw(msgspec.json.encode(unfit)))
        assert dropped(asking(sampling=sampling)) == ["metadata"]


def test_H13_an_answer_by_a_schema_is_asked_for() -> None:
    """The schema is text to Converse."""
    output = OutputFormat({"type": "object"}, "city", "A city.", strict=True)
    assert written(asking(output=output))["outputConfig"] == {
        "textFormat": {
            "type": "json_schema",
            "structure": {
                "jsonSchema": {
                    "schema": '{"type":"object"}',
                    "name": "city",
                    "description": "A city.",
                }
            },
        }
    }


@pytest.mark.parametrize(
    ("dialect", "name"), [(Dialect.CHAT, "response_format"), (Dialect.RESPONSES, "text.format")]
)
def test_H13_JSON_without_a_schema_is_refused_never_prose(dialect: Dialect, name: str) -> None:
    """Even where knobs may be dropped."""
    with pytest.raises(Unsupported) as told:
        dropped(asking(dialect=dialect, output=OutputFormat()))
    assert told.value.param == name


def test_H13_schemas_are_closed_as_Bedrock_wants_them() -> None:
    """What satisfies them then satisfied them before."""
    output = OutputFormat({"type": "object", "properties": {"a": {"type": "string"}}})
    told = written(asking(output=output), GPT)["outputConfig"]["textFormat"]["structure"]
    assert json.loads(told["jsonSchema"]["schema"])["additionalProperties"] is False


def test_H13_a_Claude_that_keeps_no_schema_is_not_asked_to() -> None:
    """It would answer in prose."""
    with pytest.raises(Unsupported) as told:
        dropped(asking(output=OutputFormat({"type": "object"})), CLAUDE_3)
    assert told.value.param == "response_format"


def test_several_answers_cannot_be_asked_for() -> None:
    """One of two would be another answer."""
    with pytest.raises(Unsupported) as told:
        dropped(asking(choices=2))
    assert told.value.param == "n"
