"""Which dialect a target is spoken to in, for each thing that a client can ask for.

========= ================= ============================== ========== =====================
protocol  chat              responses                      messages   others
========= ================= ============================== ========== =====================
openai,   chat              responses                      chat       as the client says it
azure     (or what ``api``  (or what ``api`` says)         (the same)
          says)
anthropic messages          messages                       messages   -
bedrock   Converse          Converse                       messages,  embeddings
          (``api: invoke``: (``api: invoke``: messages)    by invoke,
          messages)                                        for Claude
gemini    Gemini            Gemini                         Gemini     embeddings
vertex    Gemini; Claude:   Gemini; Claude: messages       the same   embeddings
          messages
cohere    -                 -                              -          embeddings, rerank
========= ================= ============================== ========== =====================

Where two dialects could be spoken, the client's own is taken: a body that need not be translated
goes on byte for byte.
"""

from ..core.dialect import Dialect
from ..core.model import Api, Target
from ..core.needs import Endpoint

SPOKEN = {
    Endpoint.CHAT: Dialect.CHAT,
    Endpoint.RESPONSES: Dialect.RESPONSES,
    Endpoint.MESSAGES: Dialect.MESSAGES,
    Endpoint.COUNT_TOKENS: Dialect.MESSAGES,
}
"""The dialect of each endpoint at which a conversation is held."""
_CHOSEN = {Api.CHAT: Dialect.CHAT, Api.RESPONSES: Dialect.RESPONSES}


def dialect_of(target: Target, endpoint: Endpoint) -> Dialect | None:
    """The dialect of a conversation with this target; None where it holds none at this endpoint."""
    spoken = SPOKEN.get(endpoint)
    if spoken is None:
        return None
    match target.provider.protocol:
        case "openai" | "azure":
            chosen = _CHOSEN.get(api_of(target))
            return chosen or (Dialect.CHAT if spoken is Dialect.MESSAGES else spoken)
        case "anthropic":
            return Dialect.MESSAGES
        case "bedrock":
            return Dialect.MESSAGES if _is_invoked(target, spoken) else Dialect.CONVERSE
        case "gemini":
            return Dialect.GEMINI
        case "vertex":
            return Dialect.MESSAGES if is_claude(target.upstream_model) else Dialect.GEMINI
        case _:
            return None


def api_of(target: Target) -> Api:
    """Which of a provider's interfaces is used."""
    return target.api or target.provider.api


def is_claude(model: str) -> bool:
    """Whether a name at a cloud is that of one of Anthropic's models."""
    return model.startswith("claude") or "anthropic." in model


def _is_invoked(target: Target, spoken: Dialect) -> bool:
    """Whether a model on Bedrock is called in Anthropic's own form."""
    api = api_of(target)
    if api is Api.AUTO:
        return spoken is Dialect.MESSAGES and is_claude(target.upstream_model)
    return api is Api.INVOKE
