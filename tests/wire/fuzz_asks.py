"""What clients ask: our own bodies with all there is in them, and real ones where they are at hand.

The bodies that clients send in the end-to-end tests join them.
"""

import json
from functools import cache
from random import Random

from e2e.matrix_asks import FEATURES, body_of
from tollhouse.core.dialect import Dialect
from wire.fuzz_bodies import FULL, MORE, SCHEMAS
from wire.fuzz_seeds import recorded_asks
from wire.fuzzing import shrunk, thinned

_RECORDED_ASKS = {
    Dialect.CHAT: ("openai-chat",),
    Dialect.RESPONSES: ("openai-responses",),
    Dialect.MESSAGES: ("anthropic-messages", "count-tokens"),
}


@cache
def asks(client: Dialect) -> tuple[bytes, ...]:
    """What clients of a dialect ask."""
    plain = [shrunk(json.loads(body_of(client, feature, "m"))) for feature in FEATURES]
    real = [body for name in _RECORDED_ASKS[client] for body in recorded_asks(name)]
    more = [{**plain[0], **one} for one in MORE[client]]
    own = [json.dumps(one).encode() for one in (*plain, *more, FULL[client])]
    return tuple(own + real)


def ask(client: Dialect, dice: Random) -> bytes:
    """One of these, or some of all that can be asked."""
    if dice.random() < 0.4:
        return dice.choice(asks(client))
    return json.dumps(thinned(dice, FULL[client])).encode()


# --- What embeddings and rerankings are asked ---

EMBEDDING_ASKS = tuple(
    json.dumps(one).encode()
    for one in (
        {"model": "m", "input": "a", "encoding_format": "base64", "dimensions": 256, "user": "u"},
        {"model": "m", "input": ["a", "b"], "encoding_format": "float", "input_type": "query"},
        {"model": "m", "input": [1, 2], "truncate": "END", "task_type": "T", "title": "t"},
        {"model": "m", "input": [[1], [2]], "normalize": True, "embedding_types": ["float"]},
    )
)
RERANK_ASKS = tuple(
    json.dumps(one).encode()
    for one in (
        {"model": "m", "query": "q", "documents": ["a", {"text": "b"}], "top_n": 1, "priority": 2},
        {
            "model": "m",
            "query": "q",
            "documents": ["a"],
            "return_documents": True,
            "rank_fields": ["x"],
        },
    )
)


@cache
def every() -> tuple[bytes, ...]:
    """What is asked at any endpoint of OpenAI's."""
    others = (
        {"model": "m", "prompt": ["a", "b"], "suffix": "c", "best_of": 2, "echo": True, "n": 2},
        {"model": "m", "prompt": [[1, 2]], "stream_options": {"include_usage": False}},
        {"model": "m", "input": "a", "voice": "v", "response_format": "mp3", "speed": 1.0},
        {"model": "m", "prompt": "a", "size": "1024x1024", "quality": "low", "n": 2},
    )
    told = tuple(json.dumps(one).encode() for one in others)
    return (*asks(Dialect.CHAT), *asks(Dialect.RESPONSES), *EMBEDDING_ASKS, *RERANK_ASKS, *told)


SCHEMA_SEEDS = tuple(json.dumps(one).encode() for one in SCHEMAS)
