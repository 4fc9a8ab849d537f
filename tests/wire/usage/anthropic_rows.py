"""Usage objects in Anthropic's form, and prices for them, for tests."""

from typing import Any

from pricing.tables import table

PRICES = table(
    {
        "input": "3",
        "cached_input": "0.3",
        "cache_write": "3.75",
        "cache_write_1h": "6",
        "output": "15",
        "search": "0.01",
    },
    tiers={
        200_000: {
            "input": "6",
            "cached_input": "0.6",
            "cache_write": "7.5",
            "cache_write_1h": "12",
            "output": "22.5",
        }
    },
    service_tiers={
        "batch": {"input": "1.5", "cached_input": "0.15", "cache_write": "1.875", "output": "7.5"},
        "fast": {"input": "18", "output": "90"},
    },
)


def told(entered: int, left: int, read: int = 0, wrote: int = 0, **more: Any) -> dict[str, Any]:
    """A block with the four counts that every answer has."""
    counts = {
        "input_tokens": entered,
        "cache_creation_input_tokens": wrote,
        "cache_read_input_tokens": read,
        "output_tokens": left,
    }
    return counts | more


def written(five_minutes: int, hour: int) -> dict[str, Any]:
    """What was written to the cache, by how long it is kept."""
    times = {"ephemeral_5m_input_tokens": five_minutes, "ephemeral_1h_input_tokens": hour}
    return {"cache_creation": times}


def step(kind: str, entered: int, left: int, **more: Any) -> dict[str, Any]:
    """One iteration of an answer that took several."""
    return told(entered, left, type=kind) | more
