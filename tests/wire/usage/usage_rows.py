"""Rows of usage objects and what they mean, for tests."""

from typing import Any

import pytest

from tollhouse.core.needs import Endpoint
from tollhouse.core.usage import Usage

CHAT = Endpoint.CHAT


def chat(entered: int, left: int, **more: Any) -> dict[str, Any]:
    """A chat usage whose total is the sum, unless ``more`` says otherwise."""
    told = {"prompt_tokens": entered, "completion_tokens": left, "total_tokens": entered + left}
    return told | more


def response(
    entered: int, left: int, cached: int = 0, thought: int = 0, **more: Any
) -> dict[str, Any]:
    """A responses usage, with both of its details."""
    told = {
        "input_tokens": entered,
        "input_tokens_details": {"cached_tokens": cached},
        "output_tokens": left,
        "output_tokens_details": {"reasoning_tokens": thought},
        "total_tokens": entered + left,
    }
    return told | more


def ins(**details: Any) -> dict[str, Any]:
    """Details of the prompt."""
    return {"prompt_tokens_details": details}


def outs(**details: Any) -> dict[str, Any]:
    """Details of the completion."""
    return {"completion_tokens_details": details}


def case(name: str, told: dict[str, Any], endpoint: Endpoint = CHAT, **expected: Any) -> Any:
    """One row: what was told, and the fields of ``Usage`` (without ``_tokens``)."""
    names = {field.removesuffix("_tokens"): field for field in Usage.__struct_fields__}
    usage = Usage(**{names[field]: value for field, value in expected.items()})
    return pytest.param(told, endpoint, usage, id=name)
