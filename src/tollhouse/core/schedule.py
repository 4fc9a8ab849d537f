"""Changes that are to be made later."""

from dataclasses import dataclass
from typing import Any

from .errors import FieldFault
from .label import Label


class ScheduleState(Label):
    """Where a change stands. It leaves ``pending`` once, for good."""

    PENDING = "pending"
    APPLIED = "applied"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Scheduled:
    """A merge patch of one model, and when it takes effect."""

    id: str
    due: float
    """Unix seconds."""
    model_id: str
    org: str | None
    """Whose model it was when the change was scheduled; None: the system's."""
    patch: dict[str, Any]
    created_at: float
    created_by: str
    state: ScheduleState = ScheduleState.PENDING
    settled_at: float | None = None
    """When it left ``pending``, in Unix seconds."""
    code: str | None = None
    """The refusal that it met, where it failed …"""
    faults: tuple[FieldFault, ...] = ()
    """… and what was wrong."""
