"""What every section of the settings is, and the plain values that they are made of."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    ValidationInfo,
)

from ..core.model import Secret


class Section(BaseModel):
    """What all sections have in common; errors never show the values they are about."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, validate_default=True, hide_input_in_errors=True
    )


def number(value: object) -> object:
    """Leave a number to pydantic, which would take true for 1."""
    if isinstance(value, bool):
        raise ValueError("must be a number")  # noqa: TRY004 - pydantic collects ValueErrors
    return value


def text(value: object) -> str:
    """A text, and nothing that could be made one."""
    if not isinstance(value, str):
        raise ValueError("must be text (a number needs quotes)")  # noqa: TRY004 - the same
    return value


def secret(fault_of: Callable[[str], str | None]) -> PlainValidator:
    """A secret that ``fault_of`` finds no fault with."""

    def check(value: object) -> Secret:
        given = text(value)
        if fault := fault_of(given):
            raise ValueError(fault)
        return Secret(given)

    return PlainValidator(check)


def _anchored(path: Path, info: ValidationInfo) -> Path:
    return path if info.context is None else (info.context / path).resolve()


Seconds = Annotated[float, BeforeValidator(number), Field(ge=0, le=86_400, allow_inf_nan=False)]
Limit = Annotated[float, BeforeValidator(number), Field(gt=0, le=86_400, allow_inf_nan=False)]
AnchoredPath = Annotated[Path, AfterValidator(_anchored)]
"""A relative one starts at the folder of the settings file."""
