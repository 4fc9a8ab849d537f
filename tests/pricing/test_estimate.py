"""Guesses at usage."""

import pytest

from pricing.tables import table
from tollhouse.core.needs import Endpoint, Needs
from tollhouse.core.usage import Usage
from tollhouse.pricing.charge import charge
from tollhouse.pricing.estimate import at_most, estimate, tokens_in


@pytest.mark.parametrize(("size", "tokens"), [(0, 0), (1, 1), (4, 1), (5, 2), (4000, 1000)])
def test_four_bytes_are_a_token_rounded_up(size: int, tokens: int) -> None:
    """No text is no token; any text is at least one."""
    assert tokens_in(size) == tokens


def test_A20_usage_that_was_not_reported_is_estimated_from_the_texts() -> None:
    """Input comes from the request's texts and token lists, output from what arrived."""
    needs = Needs(endpoint=Endpoint.CHAT, input_bytes=401, token_count=3)
    assert estimate(Endpoint.CHAT, needs, 9) == Usage(input_tokens=104, output_tokens=3)


def test_A11_an_answer_of_which_nothing_came_costs_nothing() -> None:
    """Neither the prompt nor an error's text is charged."""
    usage = estimate(Endpoint.CHAT, Needs(input_bytes=4000), 0)
    assert usage == Usage()
    assert charge(table({"input": "3", "output": "15"}), usage).cost == 0


def test_A09_a_cut_stream_costs_what_came_of_it() -> None:
    """Three relayed chunks are charged, and their prompt."""
    usage = estimate(Endpoint.CHAT, Needs(input_bytes=40), 12)
    assert charge(table({"input": "3", "output": "15"}), usage).cost == 10 * 30_000 + 3 * 150_000


@pytest.mark.parametrize("endpoint", [Endpoint.EMBEDDINGS, Endpoint.RERANK, Endpoint.MODERATIONS])
def test_vectors_and_scores_are_no_output_tokens(endpoint: Endpoint) -> None:
    """What is not text is not counted as text."""
    assert estimate(endpoint, Needs(input_bytes=8), 50_000) == Usage(input_tokens=2)


def test_an_upper_bound_takes_all_the_output_that_was_asked_for() -> None:
    """The request's own limit counts, else the model's, else nothing is known."""
    needs = Needs(endpoint=Endpoint.CHAT, input_bytes=8, max_tokens=100)
    assert at_most(needs, 5000) == Usage(input_tokens=2, output_tokens=100)
    open_ended = Needs(input_bytes=8)
    assert at_most(open_ended, 5000) == Usage(input_tokens=2, output_tokens=5000)
    assert at_most(open_ended, None) == Usage(input_tokens=2)


def test_an_upper_bound_of_embeddings_has_no_output() -> None:
    """A model's output limit means nothing where there is no output."""
    needs = Needs(endpoint=Endpoint.EMBEDDINGS, input_bytes=8)
    assert at_most(needs, 5000) == Usage(input_tokens=2)


def test_a_system_prompt_is_input_too() -> None:
    """Guessed from its size, with the request's own texts, for what was used and what may be."""
    needs = Needs(endpoint=Endpoint.CHAT, input_bytes=401, token_count=3)
    assert estimate(Endpoint.CHAT, needs, 9, prompt_bytes=99) == Usage(
        input_tokens=128, output_tokens=3
    )
    assert estimate(Endpoint.CHAT, needs, 0, prompt_bytes=99) == Usage()
    assert at_most(needs, None, prompt_bytes=99) == Usage(input_tokens=128)
