"""Tool calls in a stream, told apart although hosts number them badly.

What hosts do: all calls at index 0 with an id each; no index; numbers that begin with 1 or have
gaps; id and name only on the first piece, on all, or on different ones; no ids at all; the openers
of all calls first and the arguments then; pieces of two calls in turn.

A neutral stream has one part open at a time. So the first call that is not complete is told as it
comes, and those behind it wait for it: until its arguments are a whole JSON object, or until the
stream goes on to something else or ends.
"""

from collections import deque

import msgspec

from ...core.dialect import Vendor
from ..neutral.answer import named
from ..neutral.events import ArgumentsDelta, Event, PartBegan, PartEnded, Signed
from ..neutral.parts import ToolCall
from .answer import made_id
from .shapes import Call, Function
from .whole_object import WholeObject

_LEGACY = -1
"""The place of the legacy way's one call; no host numbers calls so."""


class BrokenCalls(ValueError):
    """More of a call came after it was told as complete."""


class _Pending(msgspec.Struct):
    """One call of the stream."""

    id: str | None = None
    name: str = ""
    custom: bool = False
    signature: str | None = None
    pieces: list[str] = []
    told: int = 0
    """Pieces of the arguments that went out."""
    closed: bool = False
    """Whether another call has taken its place."""
    begun: bool = False
    ended: bool = False
    whole: WholeObject = msgspec.field(default_factory=WholeObject)

    def is_whole(self) -> bool:
        """Whether it can get no more arguments: they are a complete JSON object, as a rule."""
        if self.closed:
            return True
        return not self.custom and self.whole.is_in(self.pieces)


class Calls:
    """The tool calls of one stream."""

    def __init__(self) -> None:
        self._by_key: dict[int | str, _Pending] = {}
        self._by_id: dict[str, _Pending] = {}
        self._waiting: deque[_Pending] = deque()
        """Calls that are not over; the first is told as it comes."""
        self._latest: _Pending | None = None
        self._count = 0
        self._signatures: dict[str, str] = {}

    @property
    def any(self) -> bool:
        """Whether there has been any."""
        return self._count > 0 or bool(self._waiting)

    def add(self, piece: Call) -> int:
        """Take a piece, to be told by ``events``; how much there is in it."""
        call = self._find(piece)
        if piece.id and not call.id:
            call.id = piece.id
            self._by_id.setdefault(piece.id, call)
        call.signature = piece.signature or call.signature
        if piece.custom is not None:
            call.custom = True
            name, text = piece.custom.name, piece.custom.input or ""
        else:
            function = piece.function or Function()
            name, text = function.name, function.json()
        call.name = call.name or name or ""
        if text:
            if call.ended:
                raise BrokenCalls
            call.pieces.append(text)
        return len(text)

    def add_function_call(self, function: Function) -> int:
        """The same for the one call of the legacy way."""
        return self.add(Call(index=_LEGACY, function=function))

    def sign(self, call_id: str, signature: str) -> bool:
        """A signature that is told apart from its call; whether it could still be told."""
        call = self._by_id.get(call_id)
        if call is None:
            self._signatures[call_id] = signature
        elif not call.ended:
            call.signature = signature
        return call is None or not call.ended

    def unsigned(self) -> dict[str, str]:
        """Signatures of calls that never came."""
        return self._signatures

    def events(
        self, out: list[Event], index: int, answer_id: str | None, *, all_of_them: bool = False
    ) -> int:
        """Tell what can be told; ``index`` is the next part's, and so is what is returned."""
        while self._waiting:
            call = self._waiting[0]
            over = all_of_them or (len(self._waiting) > 1 and call.is_whole())
            if not call.begun and not self._begin(call, out, index, answer_id, over=over):
                return index
            if call.told < len(call.pieces):
                out.append(ArgumentsDelta("".join(call.pieces[call.told :])))
                call.told = len(call.pieces)
            if not over:
                return index
            signature = call.signature or self._signatures.pop(call.id or "", None)
            if signature:
                out.append(Signed(signature, Vendor.GOOGLE))
            out.append(PartEnded(index))
            index += 1
            call.ended = True
            self._waiting.popleft()
        return index

    def _begin(
        self, call: _Pending, out: list[Event], index: int, answer_id: str | None, *, over: bool
    ) -> bool:
        """Begin a call once it has a name, and an id or no hope of one."""
        if not over and not (call.name and (call.id or call.pieces)):
            return False
        call.id = call.id or made_id(answer_id, self._count)
        begun = named(ToolCall(call.id, call.name, "", custom=call.custom))
        self._count += 1
        call.begun = True
        out.append(PartBegan(index, begun))
        return True

    def _find(self, piece: Call) -> _Pending:
        """The call that a piece belongs to; a new one where it is the first of one."""
        key: int | str | None = piece.index if piece.index is not None else piece.id or None
        call = self._latest if key is None else self._by_key.get(key)
        if call is None or _is_another(call, piece):
            if call is not None and key is not None:
                # What had this place can get no more pieces.
                call.closed = True
            call = _Pending()
            self._waiting.append(call)
            self._by_key[f"#{len(self._by_key)}" if key is None else key] = call
        self._latest = call
        return call


def _is_another(call: _Pending, piece: Call) -> bool:
    """Whether a piece at a call's place begins another one."""
    named = piece.custom or piece.function
    name = named.name if named else None
    if not name or not call.name:
        return False
    if piece.id and call.id:
        return piece.id != call.id
    if piece.id:
        return False
    if piece.index is None and name != call.name:
        return True
    return bool(piece.function and piece.function.arguments) and call.is_whole()
