"""Whether a model of OpenAI's is to be bound to the schema of its answer.

References: platform.openai.com/docs/guides/structured-outputs (supported schemas),
learn.microsoft.com/azure/ai-services/openai/how-to/structured-outputs. Asked for ``strict``, OpenAI
refuses a schema that breaks its rules; without, a schema is no more than a hint. So the rules are
taken at their narrowest: the smaller limits of Azure, and none of the keywords that only some
models take.
"""

from collections.abc import Iterable, Mapping

from msgspec.structs import replace

from ...core.dialect import Dialect
from ..neutral.conversation import Conversation, OutputFormat
from ..neutral.losses import Losses
from ..neutral.names import field_name
from .quirks import Quirks

_WORDS = frozenset({"title", "description"})
_KEYWORDS = _WORDS | {
    *("type", "enum", "const", "properties", "required", "additionalProperties", "items"),
}
_DEFINITIONS = ("$defs", "definitions")
_AT_ROOT = frozenset({"$schema", *_DEFINITIONS})
_PLAIN_TYPES = frozenset({"string", "number", "integer", "boolean", "null"})
_MOST_LEVELS = 5
"""Of objects and lists in one another."""
_MOST_PROPERTIES = 100
_MOST_VALUES = 500
"""Of all enums."""
_MOST_LETTERS = 15_000
"""Of all names and of the values of enums."""


def output_of(conversation: Conversation, quirks: Quirks, losses: Losses) -> OutputFormat | None:
    """The form of the answer, ``strict`` where its client counts on that.

    Anthropic has no such word, for it always keeps to the schema. So the schema of a client of its
    messages is strict for OpenAI too; that it cannot be is told, for the answer may differ from it.
    """
    output = conversation.output
    if output is None or output.schema is None or not quirks.strict_schemas:
        return output
    if conversation.dialect is not Dialect.MESSAGES:
        return output
    if not can_be_strict(output.schema):
        losses.hint(f"{field_name(conversation.dialect, 'output')}.strict")
        return output
    return replace(output, strict=True)


def can_be_strict(schema: Mapping[str, object]) -> bool:
    """Whether OpenAI takes a schema as one to be kept to."""
    check = _Check()
    root = {keyword: value for keyword, value in schema.items() if keyword not in _AT_ROOT}
    return root.get("type") == "object" and check.defines(schema) and check.fits(root, 1)


class _Check:
    """Goes through one schema, counting what is limited."""

    def __init__(self) -> None:
        self._properties = 0
        self._values = 0
        self._letters = 0

    def defines(self, schema: Mapping[str, object]) -> bool:
        """Whether all schemas that others refer to keep the rules."""
        for keyword in _DEFINITIONS:
            held = schema.get(keyword, {})
            if not isinstance(held, Mapping) or not self._counted(held):
                return False
            if not all(self.fits(one, 1) for one in held.values()):
                return False
        return True

    def fits(self, schema: object, level: int) -> bool:
        """Whether a schema that stands at this level keeps the rules."""
        if not isinstance(schema, Mapping):
            return False
        if "$ref" in schema:
            return len(schema) == 1 and str(schema["$ref"]).startswith("#")
        if "anyOf" in schema:
            return schema.keys() <= _WORDS | {"anyOf"} and self._any(schema["anyOf"], level)
        if not schema.keys() <= _KEYWORDS:
            return False
        kind = schema.get("type")
        if kind == "object":
            return level <= _MOST_LEVELS and self._object(schema, level)
        if kind == "array":
            return level <= _MOST_LEVELS and self.fits(schema.get("items"), level + 1)
        kinds = kind if isinstance(kind, list) else [kind]
        plain = bool(kinds) and all(isinstance(one, str) and one in _PLAIN_TYPES for one in kinds)
        return plain and self._enum(schema)

    def _any(self, choices: object, level: int) -> bool:
        """A choice; one in a choice says no more than the outer one could."""
        return (
            isinstance(choices, list)
            and bool(choices)
            and all(
                isinstance(one, Mapping) and "anyOf" not in one and self.fits(one, level)
                for one in choices
            )
        )

    def _object(self, schema: Mapping[str, object], level: int) -> bool:
        properties, required = schema.get("properties", {}), schema.get("required", [])
        if schema.get("additionalProperties") is not False:
            return False
        if not isinstance(properties, Mapping) or not isinstance(required, list):
            return False
        self._properties += len(properties)
        if self._properties > _MOST_PROPERTIES or not self._counted(properties):
            return False
        if len(required) != len(properties) or any(name not in required for name in properties):
            return False
        return all(self.fits(one, level + 1) for one in properties.values())

    def _enum(self, schema: Mapping[str, object]) -> bool:
        values = schema.get("enum", [])
        if not isinstance(values, list):
            return False
        self._values += len(values)
        return self._values <= _MOST_VALUES and self._counted([*values, schema.get("const")])

    def _counted(self, names: Iterable[object]) -> bool:
        self._letters += sum(len(one) for one in names if isinstance(one, str))
        return self._letters <= _MOST_LETTERS
