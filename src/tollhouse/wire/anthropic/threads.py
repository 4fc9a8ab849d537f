"""Message threads: conversations that Anthropic keeps, so that a turn sends but its new messages.

Reference: platform.claude.com/docs/en/build-with-claude/message-threads. A turn that goes on with
one is of no use to anyone else, so a thread is refused wherever it cannot be kept, and never left
out. SDKs that are refused one in Anthropic's own words send the whole conversation instead.
"""

from ..json_object import Fields
from ..neutral.losses import Unsupported

FIELD = "thread"
UNSUPPORTED = "thread_unsupported_request"
"""Anthropic's code for a request that cannot have a thread."""
_PREFIX = "thread_"
_NULL = b"null"


def refuse_thread(fields: Fields) -> None:
    """Raise ``Unsupported`` for a body that asks for a thread."""
    given = fields.get(FIELD)
    if given is not None and bytes(given) != _NULL:
        raise Unsupported(FIELD, "This model cannot keep a thread; send the whole conversation.")


def code_of(code: str, param: str | None) -> str | None:
    """What an SDK that keeps a thread is to be told of an error, if the error is about one."""
    if param == FIELD:
        return UNSUPPORTED
    return code if code.startswith(_PREFIX) else None
