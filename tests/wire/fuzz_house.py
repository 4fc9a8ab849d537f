"""All subjects by their names, and how their bytes are made."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from random import Random
from typing import Any

from tollhouse.core.dialect import Dialect
from wire import fuzz_answers, fuzz_asks, fuzz_others, fuzz_subjects
from wire.fuzz_seeds import vocabulary
from wire.fuzz_streams import binary_frames, binary_of, sse_events, sse_of
from wire.fuzzing import Words, json_of, rough

Make = Callable[[Random], bytes]
Run = Callable[[bytes, Random], None]
_ROUGHLY = 0.1
"""Of the examples those that are changed as bytes alone."""
_ALL_ROOMS = ("chat", "responses", "anthropic", "converse", "gemini")


@dataclass(frozen=True, slots=True)
class Subject:
    """A reader, or readers of the same bytes."""

    sound: Callable[[], Sequence[bytes]]
    """Seeds as they are; readers take these too."""
    make: Make
    run: Run


def _room(dialect: Dialect) -> str:
    return "anthropic" if dialect is Dialect.MESSAGES else dialect.value


def _json(seeds: Callable[[], Sequence[bytes]], run: Run, *rooms: str) -> Subject:
    @cache
    def words() -> Words:
        return Words(vocabulary(*rooms), seeds())

    def make(dice: Random) -> bytes:
        return _one(dice, dice.choice(seeds()), words())

    return Subject(seeds, make, run)


def _one(dice: Random, seed: bytes, words: Words) -> bytes:
    if dice.random() < _ROUGHLY:
        return rough(dice, seed)
    return json_of(dice, seed, words)


def _asks(client: Dialect) -> Subject:
    @cache
    def words() -> Words:
        return Words(vocabulary(_room(client), "gemini", "converse"), fuzz_asks.asks(client))

    def make(dice: Random) -> bytes:
        return _one(dice, fuzz_asks.ask(client, dice), words())

    run = partial(fuzz_subjects.conversation, client)
    return Subject(partial(fuzz_asks.asks, client), make, run)


def _sse(
    seeds: Callable[[], Sequence[bytes]], run: Run, *rooms: str, edges: bool = True
) -> Subject:
    @cache
    def words() -> Words:
        inner = [data for seed in seeds() for _, data in sse_events(seed)]
        return Words(vocabulary(*rooms), inner, edges=edges)

    def make(dice: Random) -> bytes:
        return sse_of(dice, dice.choice(seeds()), words(), seeds())

    return Subject(seeds, make, run)


def _binary(
    seeds: Callable[[], Sequence[bytes]], run: Run, *rooms: str, edges: bool = True
) -> Subject:
    @cache
    def words() -> Words:
        inner = [payload for seed in seeds() for _, payload in binary_frames(seed)]
        return Words(vocabulary(*rooms), inner, edges=edges)

    def make(dice: Random) -> bytes:
        return binary_of(dice, dice.choice(seeds()), words(), seeds())

    return Subject(seeds, make, run)


def _streams(provider: Dialect, run: Callable[..., Any], *, edges: bool) -> Subject:
    framing = _binary if provider is Dialect.CONVERSE else _sse
    seeds = partial(fuzz_answers.streams, provider)
    return framing(seeds, partial(run, provider), _room(provider), edges=edges)


def _form(dice: Random) -> bytes:
    return rough(dice, fuzz_others.FORM)


def _passed(make: Callable[..., Any]) -> Run:
    return partial(fuzz_others.passed, make)


def _every_answer() -> tuple[bytes, ...]:
    return tuple(body for provider in Dialect for body in fuzz_answers.whole(provider))


_CHAT, _RESPONSES, _MESSAGES = (
    partial(fuzz_answers.streams, client) for client in fuzz_subjects.CLIENTS
)
SUBJECTS: dict[str, Subject] = {
    **{f"conversation-{client}": _asks(client) for client in fuzz_subjects.CLIENTS},
    **{
        f"answer-{provider}": _json(
            partial(fuzz_answers.whole, provider),
            partial(fuzz_subjects.answer, provider),
            _room(provider),
        )
        for provider in Dialect
    },
    # How deep these can decode depends on how deep the caller is, so the first take no edges.
    **{
        f"events-{provider}": _streams(provider, fuzz_subjects.events, edges=False)
        for provider in Dialect
    },
    **{
        f"edges-{provider}": _streams(provider, fuzz_subjects.heard, edges=True)
        for provider in Dialect
    },
    "events-packed": _binary(fuzz_answers.packed, fuzz_subjects.unwrapped, "anthropic"),
    "passed-chat": _sse(_CHAT, _passed(fuzz_others.chunks), "openai", edges=False),
    "passed-responses": _sse(_RESPONSES, _passed(fuzz_others.typed), "openai", edges=False),
    "passed-messages": _sse(_MESSAGES, _passed(fuzz_others.messages), "anthropic", edges=False),
    "passed-packed": _binary(
        fuzz_answers.packed, _passed(fuzz_others.packed), "anthropic", edges=False
    ),
    "passed-whole": _json(_every_answer, fuzz_others.whole, "openai", "anthropic"),
    "frames-sse": _sse(_MESSAGES, fuzz_others.split, "anthropic"),
    "frames-binary": _binary(fuzz_answers.packed, fuzz_others.framed, "anthropic", edges=False),
    "usage": _json(fuzz_answers.usages, fuzz_others.usage, "usage"),
    "counts": _json(lambda: fuzz_answers.COUNTS, fuzz_others.counts, "anthropic"),
    "errors": _json(lambda: fuzz_answers.ERRORS, fuzz_others.errors, *_ALL_ROOMS, "openai"),
    "embeddings": _json(lambda: fuzz_answers.EMBEDDINGS, fuzz_others.embedded, "embeddings"),
    "schemas": _json(lambda: fuzz_asks.SCHEMA_SEEDS, fuzz_others.schema, "gemini"),
    "openai-asked": _json(fuzz_asks.every, fuzz_others.asked, *_ALL_ROOMS, "openai"),
    "embeddings-asked": _json(
        lambda: fuzz_asks.EMBEDDING_ASKS, fuzz_others.asked_to_embed, "embeddings", "cohere"
    ),
    "rerank": _json(lambda: fuzz_answers.RERANKED, fuzz_others.reranked, "cohere"),
    "rerank-asked": _json(lambda: fuzz_asks.RERANK_ASKS, fuzz_others.asked_to_rerank, "cohere"),
    "form": Subject(lambda: (fuzz_others.FORM,), _form, fuzz_others.form),
}
