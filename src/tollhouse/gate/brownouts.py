"""Brown-outs: before a model ends, a share of its requests is refused, so that its users notice.

Whether a request is among them follows from its id and the model's alone: every worker says the
same, a larger share holds all of a smaller one, and two models draw independently.
"""

import hashlib

from ..core.model import Brownout, Model

DRAWS = 2**64
"""How many draws there are, all equally likely."""
_BYTES = 8


def brownout_at(model: Model, request_id: str | None, now: float) -> Brownout | None:
    """The window that a request falls victim to at ``now`` (Unix seconds).

    What is no request, a look-up or a list, has no id and is never refused by one.
    """
    if request_id is None:
        return None
    for window in model.brownouts:
        if window.start <= now < window.end and draw(model.model_id, request_id) < window.bound:
            return window
    return None


def draw(model_id: str, request_id: str) -> int:
    """A request's number in ``range(DRAWS)``, the first bytes of a SHA-256 over both ids."""
    digest = hashlib.sha256(f"{model_id}\n{request_id}".encode(errors="replace")).digest()
    return int.from_bytes(digest[:_BYTES])
