"""How long and how large the tests are that look for what shows only after a while.

By default each takes a few seconds, enough to meet what it is about. The real thing is asked for by
the environment: ``TOLLHOUSE_TEST_SOAK_SECONDS=600`` runs the soak for ten minutes, steady traffic
against closing connections for one (never longer than asked for), and opens 2 000 streams, not 300.
``TOLLHOUSE_TEST_SOAK_RATE`` is the soak's requests per second, 150 unless said.
"""

import os

SECONDS = "TOLLHOUSE_TEST_SOAK_SECONDS"
RATE = "TOLLHOUSE_TEST_SOAK_RATE"


def soak_seconds() -> float | None:
    """How long a soak was asked for; None: in no run but the usual one."""
    said = os.environ.get(SECONDS, "")
    return float(said) if said else None


def soak_rate() -> float:
    """Requests per second of the soak."""
    return float(os.environ.get(RATE, "") or 150)
