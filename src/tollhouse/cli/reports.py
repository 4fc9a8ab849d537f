"""``tollhouse audit`` and ``tollhouse usage``: what was changed, and what was used."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from .exits import wrong_use
from .options import DEFAULT_CONFIG, Config, Json, listed, past

if TYPE_CHECKING:
    from ..core.history import Document
    from .desk import Desk

_EVENT_COLUMNS = ("at", "actor", "action", "target", "outcome", "changed")
_SUM_COLUMNS = (
    "requests",
    "failed",
    "input_tokens",
    "cached_input_tokens",
    "output_tokens",
    "reasoning_tokens",
    "cost",
    "unpriced",
)
_GROUPS = ("org", "model", "key")
_INTERVALS = ("hour", "day")


def audit(
    target: Annotated[str | None, typer.Option(help="Only what happened to this.")] = None,
    actor: Annotated[str | None, typer.Option(help="Only what this one did.")] = None,
    action: Annotated[str | None, typer.Option(help="Only this, as model.updated.")] = None,
    since: Annotated[
        str | None, typer.Option(metavar="T", help="2027-01-31T00:00:00Z, or 7d ago.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="The most events.")] = 50,
    config: Config = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """Show who changed what, newest first."""
    from .desk import at_desk

    async def work(desk: "Desk") -> "list[Document]":
        from ..admin.audit_queries import AuditFilter

        wanted = AuditFilter(target, actor, action, past(since, desk.clock.now(), "--since"))
        return await _newest(desk, wanted, limit)

    from .show import print_rows

    rows = at_desk(config, work)
    print_rows(rows, _EVENT_COLUMNS, as_json=as_json, empty="There is no such event.")


async def _newest(desk: "Desk", wanted: Any, limit: int) -> "list[Document]":
    from .desk import PAGE

    rows: list[Document] = []
    cursor = None
    while len(rows) < limit:
        wish = min(PAGE, limit - len(rows))
        page = await desk.plane.audit.page(desk.caller, wanted, limit=wish, cursor=cursor)
        rows.extend(page.rows)
        cursor = page.next_cursor
        if cursor is None:
            break
    return rows


def usage(
    group_by: Annotated[str, typer.Option(metavar="LIST", help="Any of org,model,key.")] = (
        "org,model"
    ),
    start: Annotated[
        str | None, typer.Option("--from", metavar="T", help="2027-01-31T00:00:00Z, or 7d ago.")
    ] = None,
    end: Annotated[
        str | None, typer.Option("--to", metavar="T", help="2027-01-31T00:00:00Z, or 1d ago.")
    ] = None,
    interval: Annotated[str | None, typer.Option(help="hour or day.")] = None,
    org: Annotated[str | None, typer.Option(help="Only this org's.")] = None,
    config: Config = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """Show requests, tokens and cost, summed up."""
    groups = listed(group_by)
    if not set(groups) <= set(_GROUPS):
        raise wrong_use("--group-by takes any of org, model and key, with commas between them")
    if interval not in {None, *_INTERVALS}:
        raise wrong_use("--interval takes hour or day")
    from .desk import at_desk

    async def work(desk: "Desk") -> "Document":
        from ..ports import UsageQuery

        now = desk.clock.now()
        query = UsageQuery(
            group_by=groups,
            start=past(start, now, "--from"),
            end=past(end, now, "--to"),
            interval=interval,
            org=org,
        )
        return await desk.plane.ledger.usage(desk.caller, query)

    _print_usage(at_desk(config, work), groups, interval, as_json)


def _print_usage(
    report: "Document", groups: list[str], interval: str | None, as_json: bool
) -> None:
    from .show import print_json, print_table

    if as_json:
        print_json(report)
        return
    lead = [*(["bucket"] if interval else []), *groups]
    total = {**report["totals"], **({lead[0]: "total"} if lead else {})}
    rows = [*report["data"], *([total] if lead and report["data"] else [])]
    print_table([*lead, *_SUM_COLUMNS], rows, empty="Nothing was used.")
