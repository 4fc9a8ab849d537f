"""Every code has a status, and every error a message that is safe to show."""

import pytest

from tollhouse.core.errors import (
    CallerError,
    Code,
    FieldFault,
    Refusal,
    Refused,
    UpstreamError,
    invalid_fields,
)


@pytest.mark.parametrize("code", list(Code))
def test_every_code_has_a_status_of_an_error(code: Code) -> None:
    """No code is forgotten in the table of statuses."""
    assert 400 <= code.status <= 504


def test_a_refusal_is_told_by_its_first_reason_and_keeps_all() -> None:
    """The first is the answer; the log and explain see the rest."""
    first = Refusal(Code.MODEL_DISABLED, "off", "model")
    error = Refused([first, Refusal(Code.TIER_INSUFFICIENT, "tier")])
    assert (error.code, error.status, error.message, error.param) == (
        Code.MODEL_DISABLED,
        403,
        "off",
        "model",
    )
    assert len(error.reasons) == 2


def test_a_providers_status_can_be_passed_on() -> None:
    """A provider's 413 stays one."""
    assert UpstreamError(Code.UPSTREAM_REJECTED, "too much", status=413).status == 413


def test_faults_of_a_document_are_all_kept() -> None:
    """One fault is the message; several are counted, and all are in the fields."""
    one = FieldFault("limits.max_tokens", "is negative")
    assert str(invalid_fields([one])) == "limits.max_tokens: is negative"
    many = invalid_fields([one, FieldFault("type", "is required")])
    assert isinstance(many, CallerError)
    assert [fault.path for fault in many.fields] == ["limits.max_tokens", "type"]
