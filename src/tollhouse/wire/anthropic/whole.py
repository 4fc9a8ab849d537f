"""Anthropic's whole answers for its own clients: told from what only looks like one, and completed.

API reference: docs.claude.com/en/api/messages.
"""

import msgspec

from ..json_object import Fields, raw, write_body
from ..neutral.answer import NotAnAnswer
from ..openai.answer import usage_in
from .answer import fields_of, tier_in


class Whole(msgspec.Struct, frozen=True, gc=False):
    """An answer with its fields still raw."""

    fields: Fields

    @property
    def usage(self) -> bytes | None:
        """The usage object as the provider wrote it."""
        return usage_in(self.fields)

    @property
    def service_tier(self) -> str | None:
        """The processing tier that the provider says it used."""
        return tier_in(self.usage)

    @property
    def content_bytes(self) -> int:
        """Roughly how much content the answer holds, for an estimate."""
        return len(self.fields.get("content", b""))

    def write(self, model: str, usage: bytes) -> bytes:
        """The client's body: the served model's id, the completed usage, all else as it was."""
        fields = dict(self.fields)
        fields["model"] = raw(model)
        fields["usage"] = msgspec.Raw(usage)
        return write_body(fields)


def read_whole(body: bytes) -> Whole | NotAnAnswer:
    """Tell an answer from what only looks like one."""
    fields = fields_of(body)
    if isinstance(fields, NotAnAnswer):
        return fields
    if not bytes(fields.get("content", b"")).startswith(b"["):
        return NotAnAnswer(None, "the body has no content")
    return Whole(fields)
