"""As much as a body can hold: nothing about a conversation takes longer for each thing in it."""

from tollhouse.core.dialect import Dialect
from tollhouse.wire.neutral.conversation import Conversation, Message, Role
from tollhouse.wire.neutral.losses import Losses
from tollhouse.wire.neutral.parts import Text

MANY = 100_000


def test_many_messages_of_one_role_are_one_turn() -> None:
    """In their order, with instructions left out; the first one's name and place are the turn's."""
    said = [Message(Role.USER, (Text(str(i)),), at=f"messages[{i}]") for i in range(MANY)]
    told = Message(Role.SYSTEM, (Text("Be kind."),))
    answer = Message(Role.ASSISTANT, (Text("so"),))
    turns = Conversation(Dialect.CHAT, (*said, told, *said, answer)).turns()
    assert [turn.role for turn in turns] == [Role.USER, Role.ASSISTANT]
    assert turns[0].at == "messages[0]"
    assert len(turns[0].parts) == 2 * MANY
    assert turns[1] is answer


def test_many_knobs_are_told_once_each() -> None:
    """In the order in which they were dropped."""
    losses = Losses(allowed=True)
    for _ in range(2):
        for i in range(MANY):
            losses.knob(f"x{i}")
    assert losses.dropped == [f"x{i}" for i in range(MANY)]
