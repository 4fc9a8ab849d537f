"""A streamed answer in neutral form.

Readers of providers' streams give events, writers of clients' streams take them. What holds of
every sequence of events:

- ``Began`` comes first and once. ``Ended`` comes last and once, and only if the provider's own last
  event did; a stream without it broke off.
- Parts are numbered from 0 in the order in which they begin, without gaps. Each begins with
  ``PartBegan`` and ends with ``PartEnded``; a part ends before the next one begins, so one is open
  at a time. (A provider that goes back to a tool call that it had left is malformed.)
- A picture comes whole with its ``PartBegan``.
- Deltas belong to the open part and are of its kind. An empty delta is not an event.
- A tool call's ``PartBegan`` holds id and name and no arguments (a provider that gives no name is
  malformed, see ``wire.neutral.answer``); they follow as ``ArgumentsDelta``,
  joined they are the call's JSON text ("" where the provider told none). The signature of a part,
  where there is one, is told once: a tool call's ``PartBegan`` holds it where the provider gives
  both at once (Google), else ``Signed`` tells it before the ``PartEnded``.
- ``Ended.stop`` is ``Stop.TOOLS`` whenever a tool call was among the parts and the reason that the
  provider gives is a sound end.
"""

import msgspec

from ...core.dialect import Vendor
from .answer import Stop
from .parts import Citation, Image, Reasoning, Refusal, Text, ToolCall


class Began(msgspec.Struct, frozen=True, gc=False):
    """The answer begins; ``id`` is the provider's, where it has one."""

    id: str | None = None


class PartBegan(msgspec.Struct, frozen=True):
    """A part begins.

    It is an empty ``Text``, ``Refusal`` or ``Reasoning`` (with its ``id``, and with ``hidden`` in
    full where it is in cipher), a ``ToolCall`` without arguments, signed or not, or a picture.
    """

    index: int
    part: Text | Refusal | Reasoning | ToolCall | Image


class TextDelta(msgspec.Struct, frozen=True, gc=False):
    """More words of a ``Text`` or a ``Refusal``."""

    text: str
    logprobs: msgspec.Raw | None = None
    """In chat's spelling (``choices[].logprobs``)."""


class ReasoningDelta(msgspec.Struct, frozen=True, gc=False):
    """More thoughts."""

    text: str


class ArgumentsDelta(msgspec.Struct, frozen=True, gc=False):
    """More of a tool call's JSON text."""

    json: str


class Signed(msgspec.Struct, frozen=True, gc=False):
    """The signature of the open part, whole."""

    signature: str
    vendor: Vendor


class Cited(msgspec.Struct, frozen=True):
    """A source of the open text."""

    citation: Citation


class PartEnded(msgspec.Struct, frozen=True, gc=False):
    """The open part is complete."""

    index: int


class Ended(msgspec.Struct, frozen=True, gc=False):
    """The answer is complete. Its usage is the reader's to tell, for it may come behind this."""

    stop: Stop
    stop_sequence: str | None = None


Event = (
    Began
    | PartBegan
    | TextDelta
    | ReasoningDelta
    | ArgumentsDelta
    | Signed
    | Cited
    | PartEnded
    | Ended
)
