"""Which lane leads from an endpoint to a target."""

from ...core.dialect import Dialect
from ...core.errors import Code, Refusal
from ...core.model import Model, Target
from ...core.needs import Endpoint
from ...providers.dialects import SPOKEN, dialect_of
from ...wire.neutral.losses import Unsupported
from ..call import Call
from .lane import Lane
from .pass_through import pass_through

_OPENAI = frozenset({"openai", "azure"})


class NoLane(Exception):
    """A target has nothing at an endpoint."""


def lane_of(target: Target, endpoint: Endpoint) -> Lane:
    """The lane of a target and an endpoint, made once; ``NoLane`` where there is none."""
    known: Lane | None = target.lanes.get(endpoint)
    if known is None:
        known = target.lanes[endpoint] = _made(target, endpoint)
    return known


def refusal_of(call: Call, model: Model) -> Refusal | None:
    """Why a model's provider cannot be asked this, if it cannot: the last check of a hop.

    What is written for the check is kept for the first attempt, which will most likely send it.
    """
    try:
        lane = lane_of(model.target, call.endpoint)
        if lane.translated:
            written = lane.write(call, model)
            if call.written is None:
                call.written = model.model_id, written
    except NoLane:
        return no_lane(model, call.endpoint)
    except Unsupported as error:
        return Refusal(error.code, error.message, error.param)
    return None


def no_lane(model: Model, endpoint: Endpoint | None) -> Refusal | None:
    """The refusal of a model whose provider has nothing at an endpoint; None where it has."""
    try:
        if endpoint is not None:
            lane_of(model.target, endpoint)
    except NoLane:
        message = f"The provider of {model.model_id} has nothing at this endpoint."
        return Refusal(Code.ENDPOINT_NOT_SUPPORTED, message, "model")
    return None


def _made(target: Target, endpoint: Endpoint) -> Lane:
    """What is not OpenAI's is loaded when a request first needs it."""
    protocol = target.provider.protocol
    if endpoint in SPOKEN:
        return _conversing(target, endpoint)
    if protocol in _OPENAI:
        return pass_through(target, endpoint)
    lane: Lane | None = None
    if endpoint is Endpoint.EMBEDDINGS:
        from .embeddings import embeddings  # noqa: PLC0415 - see above

        lane = embeddings(target)
    elif endpoint is Endpoint.RERANK and protocol == "cohere":
        from .reranking import reranking  # noqa: PLC0415 - see above

        lane = reranking(target)
    if lane is None:
        raise NoLane
    return lane


def _conversing(target: Target, endpoint: Endpoint) -> Lane:
    spelling = dialect_of(target, endpoint)
    if spelling is None:
        raise NoLane
    if endpoint is Endpoint.COUNT_TOKENS:
        from .counting import counting  # noqa: PLC0415 - see above

        lane = counting(target, spelling)
        if lane is None:
            raise NoLane
        return lane
    if spelling is not SPOKEN[endpoint]:
        from .translated import translated  # noqa: PLC0415 - see above

        return translated(target, endpoint, spelling)
    if spelling is Dialect.MESSAGES:
        from .messages import messages  # noqa: PLC0415 - see above

        return messages(target, endpoint)
    return pass_through(target, endpoint)
