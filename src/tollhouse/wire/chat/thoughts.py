"""Reasoning in chat's spellings: OpenRouter's details, LiteLLM's blocks, and plain text.

References: openrouter.ai/docs/use-cases/reasoning-tokens (``reasoning_details``),
docs.litellm.ai/docs/reasoning_content (``thinking_blocks``). Hosts say the same thoughts in several
fields at once; the one that says most about them is read, and the others are not.

A detail's ``format`` tells the vendor that signed it. What is signed or in cipher by somebody else
(``xai-responses-v1``) can be carried to nobody and is left out. OpenAI's thoughts have no signature
but a cipher, which is a detail of its own behind the words; both have the id of their item.
"""

from collections.abc import Collection, Iterable, Iterator
from typing import Any

import msgspec

from ...core.dialect import Vendor
from ..neutral.parts import Reasoning
from .shapes import Detail, ThinkingBlock, Thoughts

FORMATS: dict[Vendor, str] = {
    Vendor.ANTHROPIC: "anthropic-claude-v1",
    Vendor.OPENAI: "openai-responses-v1",
    Vendor.GOOGLE: "google-gemini-v1",
    Vendor.AMAZON: "amazon-nova-v1",
}
VENDORS: dict[str | None, Vendor] = {
    **{name: vendor for vendor, name in FORMATS.items()},
    "azure-openai-responses-v1": Vendor.OPENAI,
}
TEXT = "reasoning.text"
SUMMARY = "reasoning.summary"
ENCRYPTED = "reasoning.encrypted"


class Thought(msgspec.Struct):
    """One thought while it is put together from details."""

    index: int | None
    id: str | None
    vendor: Vendor | None
    summary: bool = False
    pieces: list[str] = []
    """Of its words."""
    signature: str | None = None
    hidden: str | None = None

    @property
    def text(self) -> str:
        """The words so far."""
        return "".join(self.pieces)

    def whole(self, at: str) -> Reasoning:
        """In neutral form."""
        return Reasoning(
            text=self.text,
            vendor=self.vendor,
            signature=self.signature,
            hidden=self.hidden,
            id=self.id,
            summary=self.summary,
            at=at,
        )

    def goes_on_in(self, detail: Detail) -> bool:
        """Whether a detail with words or a signature belongs to this thought."""
        if detail.id and self.id:
            return detail.id == self.id
        return detail.index == self.index

    def is_sealed_by(self, detail: Detail) -> bool:
        """Whether a detail in cipher is what authenticates the words told so far."""
        if self.hidden or self.signature:
            return False
        if self.id or detail.id:
            return self.id == detail.id
        vendor = VENDORS.get(detail.format)
        return is_cipher(vendor) and self.vendor is vendor


def begun(detail: Detail) -> Thought:
    """A thought that begins with this detail, still without words."""
    return Thought(
        detail.index, detail.id, VENDORS.get(detail.format), summary=detail.type == SUMMARY
    )


def words(detail: Detail) -> str:
    """The words of a detail."""
    return detail.text or detail.summary or ""


def read_thoughts(
    said: Thoughts, calls: Collection[str] = (), at: str = ""
) -> tuple[list[Reasoning], dict[str, str]]:
    """All thoughts of a whole message, and the signatures of tool calls that are among them.

    OpenRouter gives Google's signature of a call as a hidden thought with the call's id.
    """
    if said.reasoning_details:
        thoughts, signatures = _gather(said.reasoning_details, calls)
    else:
        thoughts, signatures = [], {}
    if not any(thought.text for thought in thoughts):
        thoughts = [*_told_elsewhere(said), *thoughts]
    return [thought.whole(at) for thought in thoughts], signatures


def _gather(
    details: Iterable[Detail], calls: Collection[str]
) -> tuple[list[Thought], dict[str, str]]:
    thoughts: list[Thought] = []
    signatures: dict[str, str] = {}
    for detail in details:
        last = thoughts[-1] if thoughts else None
        if detail.data:
            vendor = VENDORS.get(detail.format)
            if vendor is Vendor.GOOGLE and detail.id in calls:
                signatures[detail.id or ""] = detail.data
            elif last and vendor and last.is_sealed_by(detail):
                last.signature, last.vendor = detail.data, vendor
            elif vendor:
                thoughts.append(begun(detail))
                thoughts[-1].hidden = detail.data
        elif words(detail) or detail.signature:
            if last is None or not last.goes_on_in(detail):
                last = begun(detail)
                thoughts.append(last)
            last.pieces.append(words(detail))
            last.vendor = VENDORS.get(detail.format, last.vendor)
            last.summary = last.summary or detail.type == SUMMARY
            last.signature = detail.signature or last.signature
    return [thought for thought in thoughts if _says_something(thought)], signatures


def _says_something(thought: Thought) -> bool:
    """A signature alone whose vendor nobody knows is nothing."""
    if thought.vendor is None:
        thought.signature = None
    return bool(thought.text or thought.signature or thought.hidden)


def _told_elsewhere(said: Thoughts) -> Iterator[Thought]:
    if said.thinking_blocks:
        for block in said.thinking_blocks:
            thought = from_block(block)
            if _says_something(thought):
                yield thought
        return
    text = said.reasoning_content or said.reasoning
    if text:
        yield Thought(None, None, None, pieces=[text])


def from_block(block: ThinkingBlock) -> Thought:
    """A thinking block, which is in Anthropic's form whoever made it."""
    signed = block.signature or block.data
    return Thought(
        None,
        None,
        Vendor.ANTHROPIC if signed else None,
        pieces=[block.thinking or ""],
        signature=block.signature or None,
        hidden=block.data or None,
    )


def written_details(reasoning: Reasoning, index: int) -> list[dict[str, Any]]:
    """A thought as details; the first has this index, and there are at most two."""
    common: dict[str, Any] = {}
    if reasoning.id:
        common["id"] = reasoning.id
    if reasoning.vendor is not None:
        common["format"] = FORMATS[reasoning.vendor]
    signature, cipher = reasoning.signature, None
    if is_cipher(reasoning.vendor):
        signature, cipher = None, signature
    details: list[dict[str, Any]] = []
    if reasoning.hidden:
        details.append({"type": ENCRYPTED, "data": reasoning.hidden, **common})
    if reasoning.text or (signature and not reasoning.hidden):
        kind, field = (SUMMARY, "summary") if reasoning.summary else (TEXT, "text")
        detail = {"type": kind, field: reasoning.text, **common}
        details.append(detail | {"signature": signature} if signature else detail)
    if cipher and not reasoning.hidden:
        details.append({"type": ENCRYPTED, "data": cipher, **common})
    return [detail | {"index": index + place} for place, detail in enumerate(details)]


def is_cipher(vendor: Vendor | None) -> bool:
    """Whether what a vendor signs with is told as thoughts in cipher."""
    return vendor is Vendor.OPENAI
