"""Whether a caller may use a model for a request, or every reason why not (contract section 6).

One gate serves the requested model, every failover hop, the list of models, ``explain``, policy
tests and the console. Checks 1 and 2, the credential and the body, are over before it is asked; it
makes checks 3 to 10. Ids are compared exactly; the cost of an answer does not grow with the
catalogue.
"""

import msgspec

from ..core.caller import Caller
from ..core.errors import Code, Refusal
from ..core.model import Model
from ..core.needs import Needs
from ..core.snapshot import Snapshot
from .close import close_names
from .refusals import CHECKS, Question, not_found, visible

MAX_REDIRECTS = 8
_ANYTHING = Needs()
_DENIED = 403


class Verdict(msgspec.Struct, frozen=True, gc=False):
    """The gate's answer. The first refusal is what the client is told; the others are kept."""

    model: Model | None
    """The model that would serve, or was refused; None when there is none for this caller."""
    refusals: tuple[Refusal, ...] = ()
    redirected_from: str | None = None
    """The id of the retired model that was asked for, when its replacement is judged instead."""

    @property
    def allowed(self) -> bool:
        """Whether the request may go on."""
        return not self.refusals


def decide(
    snapshot: Snapshot,
    requested: str,
    caller: Caller,
    needs: Needs,
    now: float,
    request_id: str | None = None,
) -> Verdict:
    """Judge what ``requested`` names; ``now`` is in Unix seconds.

    ``request_id`` decides in brown-outs; without one, for a look-up or a list, there are none.
    """
    model = snapshot.find(requested)
    if model is None or not visible(model, caller):
        return Verdict(None, (_unknown(snapshot, requested, caller, now),))
    refusals = _against(model, caller, needs, now, snapshot, requested, request_id)
    if not refusals:
        return Verdict(model)
    verdict = Verdict(model, refusals)
    if refusals[0].code is Code.MODEL_RETIRED:
        verdict = _redirect(model, caller, needs, now, snapshot, request_id) or verdict
    if snapshot.hide_denied and any(one.code.status == _DENIED for one in verdict.refusals):
        hidden = _unknown(snapshot, requested, caller, now)
        verdict = msgspec.structs.replace(verdict, refusals=(hidden, *verdict.refusals))
    return verdict


def judge(
    model: Model,
    caller: Caller,
    needs: Needs,
    now: float,
    snapshot: Snapshot,
    request_id: str | None = None,
) -> tuple[Refusal, ...]:
    """Every reason against one model, in the contract's order.

    A model that the caller may not know of gives one reason only, the one for an unknown id.
    """
    if not visible(model, caller):
        return (not_found(model.model_id),)
    return _against(model, caller, needs, now, snapshot, model.model_id, request_id)


def _against(
    model: Model,
    caller: Caller,
    needs: Needs,
    now: float,
    snapshot: Snapshot,
    name: str,
    request_id: str | None,
) -> tuple[Refusal, ...]:
    """Every reason against a model that the caller may know of, which messages call ``name``."""
    question = Question(model, caller, needs, now, snapshot, name, request_id)
    return tuple([refusal for check in CHECKS for refusal in check(question)])


def listing(snapshot: Snapshot, caller: Caller, now: float) -> list[Model]:
    """The models that the gate lets this caller use, less the hidden ones, in catalogue order."""
    return [
        model
        for model in snapshot.models.values()
        if not model.display.hidden and _usable(snapshot, model, caller, now)
    ]


def close_ids(snapshot: Snapshot, requested: str, caller: Caller, now: float) -> tuple[str, ...]:
    """Up to three names close to a mistyped one, among those that the caller would be listed."""
    return close_names(
        snapshot.spellings,
        requested,
        lambda name: _listed(snapshot, name, caller, now),
    )


def _listed(snapshot: Snapshot, name: str, caller: Caller, now: float) -> bool:
    model = snapshot.find(name)
    return model is not None and not model.display.hidden and _usable(snapshot, model, caller, now)


def _usable(snapshot: Snapshot, model: Model, caller: Caller, now: float) -> bool:
    refusals = judge(model, caller, _ANYTHING, now, snapshot)
    if refusals and refusals[0].code is Code.MODEL_RETIRED:
        verdict = _redirect(model, caller, _ANYTHING, now, snapshot, None)
        return verdict is not None and verdict.allowed
    return not refusals


def _unknown(snapshot: Snapshot, requested: str, caller: Caller, now: float) -> Refusal:
    return not_found(requested, close_ids(snapshot, requested, caller, now))


def _redirect(
    retired: Model,
    caller: Caller,
    needs: Needs,
    now: float,
    snapshot: Snapshot,
    request_id: str | None,
) -> Verdict | None:
    """The verdict on the replacement, gated afresh; None when there is nowhere to go."""
    model = retired
    for _ in range(MAX_REDIRECTS):
        successor = snapshot.find(model.replacement_model_id or "")
        if not model.redirect_on_end_of_life or successor is None:
            return None
        refusals = judge(successor, caller, needs, now, snapshot, request_id)
        if not refusals or refusals[0].code is not Code.MODEL_RETIRED:
            hidden = refusals and refusals[0].code is Code.MODEL_NOT_FOUND
            return None if hidden else Verdict(successor, refusals, retired.model_id)
        model = successor
    return None
