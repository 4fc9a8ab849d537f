"""Telling which price list a file is."""

import json
from decimal import Decimal
from typing import Any

from . import genai_prices, litellm
from .book import PriceBook


class NoPriceListError(ValueError):
    """The file is none of the lists that are known; says why, as the end of a sentence."""


def read_list(text: bytes, now: float) -> PriceBook:
    """The price list in a file's bytes, as it holds at a time in Unix seconds."""
    try:
        data = json.loads(text, parse_float=Decimal, parse_constant=_no_constant)
    except RecursionError:
        raise NoPriceListError("is nested too deeply") from None
    except ValueError as error:
        line = getattr(error, "lineno", None)
        raise NoPriceListError("is not JSON" + (f" at line {line}" if line else "")) from None
    if litellm.is_litellm(data):
        return litellm.read(data)
    providers = genai_prices.providers_of(data)
    if providers is None:
        raise NoPriceListError("is neither LiteLLM's list of prices nor genai-prices' data")
    return genai_prices.read(providers, now)


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no number")
