"""What would happen, told without sending anything: the gate's checks and the plan's hops."""

from typing import Any

import msgspec
import pytest

from pipeline.rig import CALLER, NOW, call, model, prices, snapshot
from tollhouse.core.errors import Refused
from tollhouse.core.model import Limits
from tollhouse.core.needs import CapabilityNeed, Endpoint, ModelType, Needs
from tollhouse.pipeline.admission import admit, route
from tollhouse.pipeline.explain import explain

CHAT = Needs(endpoint=Endpoint.CHAT, input_bytes=4000, max_tokens=100)
CHECKS = [
    *("exists", "enabled", "lifecycle", "org", "tier", "endpoint", "capabilities", "limits"),
    "provider",
]
SHELF = snapshot(
    model("a", failover=("b", "off", "c")),
    model("b", failover=("d",), pricing=prices("1", "2")),
    model("off", enabled=False, failover=("e",)),
    model("c", pricing=None),
    model("d", pricing=prices("0", "0")),
    model("e"),
    model("small", limits=Limits(max_tokens=10), org_slugs=frozenset({"other"})),
    model("vectors", type=ModelType.EMBEDDINGS),
    model("moved", end_of_life_at=NOW - 1, replacement_model_id="a", redirect_on_end_of_life=True),
    version=9,
)


def told(requested: str, needs: Needs = CHAT, max_hops: int = 9, **more: Any) -> dict[str, Any]:
    """The explanation as a client reads it."""
    made = explain(SHELF, requested, CALLER, needs, NOW, max_hops=max_hops, **more)
    decoded: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(made))
    return decoded


def hops(explanation: dict[str, Any]) -> list[str]:
    """The ids of its hops."""
    return [hop["model"] for hop in explanation["hops"]]


def test_a_request_that_passes_is_told_with_every_check_and_hop() -> None:
    """Order, providers, and the reasons for which a hop was left out."""
    one = told("a")
    assert (one["allowed"], one["code"], one["catalogue_version"]) == (True, None, 9)
    assert [check["check"] for check in one["checks"]] == CHECKS
    assert all(check["passed"] for check in one["checks"])
    assert hops(one) == ["a", "b", "c", "d", "e"]
    (skipped,) = one["skipped"]
    assert skipped["model"] == "off"
    assert [reason["code"] for reason in skipped["reasons"]] == ["model_disabled"]


def test_costs_are_bounds_at_each_hops_own_price() -> None:
    """The input and all the output that is asked for; null without a price, 0 where it is free."""
    costs = {hop["model"]: hop["estimated_cost"] for hop in told("a")["hops"]}
    # 1000 tokens in, 100 out.
    assert costs == {"a": 0.0045, "b": 0.0012, "c": None, "d": 0, "e": 0.0045}


def test_every_reason_is_told_and_the_first_is_the_code() -> None:
    """What an admin has to change is all there at once."""
    one = told("small")
    assert (one["allowed"], one["code"], one["hops"]) == (False, "model_not_allowed", [])
    failed = {check["check"] for check in one["checks"] if not check["passed"]}
    assert failed == {"org", "limits"}


def test_an_unknown_model_has_no_other_checks() -> None:
    """There is nothing to check."""
    one = told("nothing")
    assert [check["check"] for check in one["checks"]] == ["exists"]
    assert one["code"] == "model_not_found"


def test_a_redirected_model_says_where_from() -> None:
    """The hops are those of what serves in its place."""
    one = told("moved")
    assert (one["redirected_from"], one["requested_model"]) == ("moved", "moved")
    assert hops(one)[0] == "a"


def test_hops_are_bounded_as_a_requests_are() -> None:
    """By the bound on attempts, and to one where failover is off."""
    assert hops(told("a", max_hops=2)) == ["a", "b"]
    assert hops(told("a", failover=False)) == ["a"]


@pytest.mark.parametrize("requested", list(SHELF.models))
@pytest.mark.parametrize("failover", [True, False])
@pytest.mark.parametrize("bound", [1, 3, 9])
def test_F14_what_is_explained_is_what_happens(
    requested: str, bound: int, *, failover: bool
) -> None:
    """The same verdict and the same hops as a request's."""
    asked = call(requested, failover=failover)
    one = told(requested, asked.asked.needs, bound, failover=failover)
    if not one["allowed"]:
        with pytest.raises(Refused) as refused:
            admit(SHELF, asked, NOW)
        assert one["code"] == refused.value.reasons[0].code
        return
    way = route(SHELF, asked, admit(SHELF, asked, NOW), NOW, bound)
    assert hops(one) == [hop.model_id for hop in way.hops]
    assert [skip["model"] for skip in one["skipped"]] == [hop.model_id for hop in way.skipped]


def test_a_need_that_no_hop_meets_is_told_at_each() -> None:
    """Capabilities are part of the plan."""
    shelf = snapshot(model("a", failover=("b",)), model("b", capabilities={"json_schema": False}))
    needs = Needs(
        endpoint=Endpoint.CHAT, capabilities=(CapabilityNeed("json_schema", "response_format"),)
    )
    one = explain(shelf, "a", CALLER, needs, NOW, max_hops=4)
    assert hops(one) == ["a"]
    assert one["skipped"][0]["reasons"][0]["param"] == "response_format"
