"""What a validation found wrong, in our own words: each fault with its path, no value quoted."""

from collections.abc import Sequence

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from ...core.errors import FieldFault

MAX_PART = 128
"""Characters of a name that a fault's path shows."""


def faults_of(error: ValidationError) -> tuple[FieldFault, ...]:
    """Every fault of a document or body that did not pass its shape."""
    details = error.errors(include_url=False, include_input=False)
    return tuple(FieldFault(_path(one["loc"]), _message(one)) for one in details)


def _path(location: Sequence[int | str]) -> str:
    path = ""
    owner = len(location) > 1 and location[0] == "owner"
    for index, part in enumerate(location):
        if isinstance(part, int):
            path += f"[{part}]"
        elif part in {"[key]", "<one>", "<many>"} or (owner and index == 1):
            continue  # pydantic's own words for a key, or for a member of a union
        else:
            path += f".{part[:MAX_PART]}" if path else part[:MAX_PART]
    return path or "document"


_MESSAGES = {
    "missing": "is required",
    "extra_forbidden": "is not a known field",
    "string_type": "must be a string",
    "string_unicode": "must be valid Unicode",
    "int_type": "must be a whole number",
    "float_type": "must be a number",
    "finite_number": "must be a finite number",
    "bool_type": "must be true or false",
    "dict_type": "must be an object",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
    "list_type": "must be a list",
    "literal_error": "must be {expected}",
    "union_tag_invalid": "must have a kind out of {expected_tags}",
    "union_tag_not_found": "must have a kind",
    "greater_than": "must be greater than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be at most {le}",
    "string_too_short": "must not be empty",
    "string_too_long": "must have at most {max_length} characters",
    "string_pattern_mismatch": "must match {pattern}",
    "too_short": "must not be empty",
    "too_long": "must have at most {max_length} items",
    "value_error": "{error}",
}


def _message(detail: ErrorDetails) -> str:
    template = _MESSAGES.get(detail["type"])
    return template.format(**detail.get("ctx", {})) if template else detail["msg"]
