"""``tollhouse explain``: what would happen to a request; nothing is sent."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from .configuration import load_settings
from .exits import Stop, wrong_use
from .options import DEFAULT_CONFIG, Config, Json, listed

if TYPE_CHECKING:
    from ..core.caller import Caller
    from ..settings import Settings
    from .catalogues import Source


def explain(
    model: Annotated[str, typer.Option(metavar="ID", help="A model_id or an alias.")],
    org: Annotated[str | None, typer.Option(metavar="SLUG", help="For this org.")] = None,
    key: Annotated[str | None, typer.Option(metavar="ID", help="For the holder of a key.")] = None,
    plan: Annotated[str | None, typer.Option(help="For an org on this plan.")] = None,
    endpoint: Annotated[str, typer.Option(help="As chat, embeddings, speech.")] = "chat",
    needs: Annotated[str | None, typer.Option(metavar="LIST", help="As tools,vision.")] = None,
    max_tokens: Annotated[int | None, typer.Option(min=1, help="Output asked for.")] = None,
    input_tokens: Annotated[int, typer.Option(min=0, help="Input, for the cost.")] = 0,
    config: Config = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """Say what would happen to a request, check by check and hop by hop."""
    import asyncio

    from ..pipeline.explain import explain as explain_request
    from ..system import SystemClock
    from .asking import needs_of

    settings, now = load_settings(config), SystemClock.now()
    source, caller = asyncio.run(_question(settings, now, org=org, key=key, plan=plan))
    try:
        asked = needs_of(
            source.snapshot,
            endpoint,
            listed(needs),
            max_tokens=max_tokens,
            input_tokens=input_tokens,
        )
    except ValueError as error:
        raise wrong_use(str(error)) from None
    hops = settings.failover.max_attempts
    told = explain_request(source.snapshot, model, caller, asked, now, max_hops=hops)
    if as_json:
        from .show import print_json

        print_json(told)
    else:
        _print(told)


async def _question(
    settings: "Settings", now: float, *, org: str | None, key: str | None, plan: str | None
) -> "tuple[Source, Caller]":
    """The catalogue to ask, the store's if there is one, and the caller to ask for."""
    from .asking import member
    from .catalogues import of_seeds, of_store
    from .desk import has_schema, open_desk

    if sum(one is not None for one in (org, key, plan)) != 1:
        raise wrong_use("say for whom: give one of --org, --key and --plan")
    if not await has_schema(settings):
        if key is not None:
            raise Stop("the store has no keys yet: run tollhouse migrate, or ask for an --org")
        source = await of_seeds(settings, now)
        return source, member(org, plan or _plan(source, org))
    async with open_desk(settings) as desk:
        source = await of_store(desk)
        if key is not None:
            org = (await desk.plane.keys.one(desk.caller, key)).org
        return source, member(org, plan or _plan(source, org))


def _plan(source: "Source", org: str | None) -> str:
    plan = source.plans.get(org or "")
    if plan is None:
        raise Stop(f"there is no org {org!r}: tollhouse orgs list shows them")
    return plan


def _print(told: dict[str, Any]) -> None:
    from .show import cell, print_table

    subject = f"{told['requested_model']} for {told['org'] or 'any org'} ({told['plan']})"
    verdict = "allowed" if told["allowed"] else f"refused: {told['code']}"
    print(f"{subject}: {verdict}")
    if told["redirected_from"]:
        print(f"In place of {told['redirected_from']}, which has reached its end of life.")
    print()
    checks = [
        {
            "check": one["check"],
            "result": "pass" if one["passed"] else "refuse",
            "reason": " ".join(reason["message"] for reason in one["reasons"]),
        }
        for one in told["checks"]
    ]
    print_table(("check", "result", "reason"), checks, empty="")
    hops = [
        {"hop": index, **hop, "estimated_cost": _cost(hop)}
        for index, hop in enumerate(told["hops"], 1)
    ]
    if hops:
        print()
        print_table(("hop", "model", "provider", "estimated_cost"), hops, empty="")
    for window in told["brownouts"]:
        when = f"from {window['start']} to {window['end']}"
        print(f"brown-out: a share of {window['share']} of its requests is refused {when}")
    for skipped in told["skipped"]:
        reasons = cell([reason["code"] for reason in skipped["reasons"]])
        print(f"left out: {skipped['model']} ({reasons})")


def _cost(hop: dict[str, Any]) -> str:
    from .show import cell

    if hop["estimated_cost"] is None:
        return "no price"
    return f"at most {cell(hop['estimated_cost'])} {hop['currency']}"
