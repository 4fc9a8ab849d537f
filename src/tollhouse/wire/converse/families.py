"""Whose model a Bedrock model id names: what it can be asked for beyond Converse's own fields.

Reference: docs.aws.amazon.com/bedrock/latest/userguide/models-supported.html. An id is a model's
(``anthropic.claude-…``), a geographic inference profile's (``us.anthropic.claude-…``), or an ARN.
"""

import re

from ...core.dialect import Vendor
from ...core.label import Label
from ..anthropic.models import abilities


class Family(Label):
    """Models that take the same fields of their own."""

    ANTHROPIC = "anthropic"
    NOVA = "nova"
    NOVA_2 = "nova-2"
    """The Novas that reason."""
    OPENAI = "openai"
    QWEN = "qwen"
    DEEPSEEK = "deepseek"
    MISTRAL = "mistral"
    UNTOLD = "untold"
    """A profile or a rented model whose ARN does not say what it runs."""
    OTHER = "other"


_WORDS = re.compile(r"[^./:]+")
_ARN = re.compile(r"arn:[^:]*:bedrock:.*:(?:application-inference-profile|provisioned-model)/")
_NAMED = {
    "anthropic": Family.ANTHROPIC,
    "openai": Family.OPENAI,
    "qwen": Family.QWEN,
    "deepseek": Family.DEEPSEEK,
    "mistral": Family.MISTRAL,
}


def family_of(model: str) -> Family:
    """The family of a model id."""
    for word in _WORDS.findall(model):
        if word in _NAMED:
            return _NAMED[word]
        if word.startswith("nova-"):
            return Family.NOVA_2 if word.startswith("nova-2-") else Family.NOVA
    return Family.UNTOLD if _ARN.match(model) else Family.OTHER


def vendor_of(family: Family) -> Vendor | None:
    """Whose thoughts such a model thinks; Anthropic's, where the id does not tell."""
    match family:
        case Family.ANTHROPIC | Family.UNTOLD:
            return Vendor.ANTHROPIC
        case Family.NOVA | Family.NOVA_2:
            return Vendor.AMAZON
        case _:
            return None


def signer_of(family: Family) -> Vendor:
    """Who has signed a thought of such a model: Bedrock itself, if nobody else is known to."""
    return vendor_of(family) or Vendor.AMAZON


def takes_schemas(family: Family, model: str) -> bool:
    """Whether a model can be held to a schema, as far as its id tells."""
    return family is not Family.ANTHROPIC or abilities(model).schemas
