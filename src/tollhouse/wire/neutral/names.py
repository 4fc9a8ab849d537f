"""What each client dialect calls the fields of the neutral form, for refusals and dropped knobs."""

from ...core.dialect import Dialect

_MESSAGES = {
    "stop": "stop_sequences",
    "output": "output_config.format",
    "reasoning": "thinking",
    "parallel_tools": "tool_choice.disable_parallel_tool_use",
    "user": "metadata.user_id",
}
_CHAT = {
    "output": "response_format",
    "reasoning": "reasoning_effort",
    "parallel_tools": "parallel_tool_calls",
    "choices": "n",
}
_RESPONSES = {
    "max_tokens": "max_output_tokens",
    "output": "text.format",
    "verbosity": "text.verbosity",
    "parallel_tools": "parallel_tool_calls",
}
_NAMES = {Dialect.MESSAGES: _MESSAGES, Dialect.CHAT: _CHAT, Dialect.RESPONSES: _RESPONSES}


def field_name(dialect: Dialect, neutral: str) -> str:
    """The client's name of a field of ``Conversation`` or ``Sampling``."""
    return _NAMES[dialect].get(neutral, neutral)
