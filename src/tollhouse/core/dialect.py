"""How a message is spelled, whoever receives it."""

from .label import Label


class Dialect(Label):
    """The spellings of a conversation. Clients speak the first three; providers all of them."""

    CHAT = "chat"
    """OpenAI chat completions, and the many hosts that took them over."""
    RESPONSES = "responses"
    """OpenAI responses."""
    MESSAGES = "messages"
    """Anthropic messages; also at Vertex, and on Bedrock when a model is invoked natively."""
    CONVERSE = "converse"
    """Bedrock Converse and ConverseStream."""
    GEMINI = "gemini"
    """Gemini ``generateContent`` and ``streamGenerateContent``; also at Vertex."""


class Vendor(Label):
    """Who made a signature; nobody else can read it."""

    ANTHROPIC = "anthropic"
    OPENAI = "openai"
    GOOGLE = "google"
    AMAZON = "amazon"
