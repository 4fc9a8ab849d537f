"""Which transport test gateways call their providers by: the fast one, unless a run says httpx.

The same tests run over httpx with a variable in the environment::

    TOLLHOUSE_TEST_TRANSPORT=httpx pytest tests/e2e

Every provider of a test gateway that states no ``transport`` itself then has ``transport: httpx``,
and every test must pass: one that is about a single transport states it. Tests without a gateway
are the same in both runs, and the contract suite of the transports has both in every run.
"""

import os

VARIABLE = "TOLLHOUSE_TEST_TRANSPORT"
CHOICES = {"": "auto", "fast": "auto", "httpx": "httpx"}
"""What the variable may say, and what a provider's settings then do."""


def chosen_transport() -> str:
    """The ``transport`` of providers that state none; ``ValueError`` for an unknown choice."""
    said = os.environ.get(VARIABLE, "")
    if said not in CHOICES:
        raise ValueError(f"{VARIABLE} must be httpx or fast, not {said!r}")
    return CHOICES[said]
