"""``tollhouse orgs``, ``keys`` and ``tokens``: who may call. A secret is shown once, here."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from .exits import wrong_use
from .options import DEFAULT_CONFIG, Config, Json, moment, span

if TYPE_CHECKING:
    from ..admin.issuing import Issued
    from ..core.history import Document
    from .desk import Desk

T = TypeVar("T")

orgs = typer.Typer(help="Tenants: create, list, change.")
keys = typer.Typer(help="An org's API keys: create, list, rotate, revoke.")
tokens = typer.Typer(help="Users' access tokens for the admin plane: create, list, revoke.")

Slug = Annotated[str, typer.Argument(metavar="SLUG", help="The org.")]
Id = Annotated[str, typer.Argument(metavar="ID", help="The public id, as the list shows it.")]
OrgOption = Annotated[str, typer.Option("--org", metavar="SLUG", help="The org it belongs to.")]
OfOrg = Annotated[str | None, typer.Option("--org", metavar="SLUG", help="Only those of an org.")]
Name = Annotated[str | None, typer.Option(help="What people call it.")]
Expires = Annotated[
    str | None, typer.Option(metavar="T", help="2027-01-31T00:00:00Z, or 90d from now.")
]
_ORG_COLUMNS = ("slug", "plan", "name", "created_at")
_KEY_COLUMNS = ("id", "org", "name", "enabled", "created_at", "expires_at", "revoked_at")
_TOKEN_COLUMNS = ("id", "org", "user", "role", "enabled", "created_at", "expires_at", "revoked_at")


@orgs.command("create")
def create_org(
    slug: Slug,
    plan: Annotated[str, typer.Option(help="free, pro or enterprise.")],
    name: Name = None,
    config: Config = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """Create an org."""
    body = {"slug": slug, "plan": plan, "name": name}

    async def work(desk: "Desk") -> "Document":
        from ..admin.orgs import show_org

        return show_org(await desk.plane.orgs.create(desk.by, body))

    _print_org(_at_desk(config, work), "created", as_json)


@orgs.command("list")
def list_orgs(config: Config = DEFAULT_CONFIG, as_json: Json = False) -> None:
    """List all orgs."""

    async def work(desk: "Desk") -> "list[Document]":
        from ..admin.orgs import show_org
        from .desk import PAGE, everything

        found = await everything(
            lambda cursor: desk.plane.orgs.page(desk.caller, limit=PAGE, cursor=cursor)
        )
        return [show_org(org) for org in found]

    _print_rows(_at_desk(config, work), _ORG_COLUMNS, "org", as_json)


@orgs.command("set")
def set_org(
    slug: Slug,
    plan: Annotated[str | None, typer.Option(help="free, pro or enterprise.")] = None,
    name: Name = None,
    config: Config = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """Change an org's plan or name."""
    patch = {name: value for name, value in (("plan", plan), ("name", name)) if value is not None}
    if not patch:
        raise wrong_use("nothing to change: give --plan or --name")

    async def work(desk: "Desk") -> "Document":
        from ..admin.orgs import show_org

        return show_org(await desk.plane.orgs.patch(desk.by, slug, patch))

    _print_org(_at_desk(config, work), "changed", as_json)


@keys.command("create")
def create_key(
    org: OrgOption,
    name: Name = None,
    expires: Expires = None,
    config: Config = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """Create an API key; it is shown this once."""

    async def work(desk: "Desk") -> "Issued":
        body = {"org": org, "name": name, "expires_at": _time(expires, desk)}
        return await desk.plane.keys.create(desk.by, body)

    _print_issued(_at_desk(config, work), "key", as_json)


@keys.command("list")
def list_keys(org: OfOrg = None, config: Config = DEFAULT_CONFIG, as_json: Json = False) -> None:
    """List API keys, without their secrets."""
    _list_issued("keys", org, _KEY_COLUMNS, config, as_json)


@keys.command("rotate")
def rotate_key(
    key_id: Id,
    overlap: Annotated[
        str, typer.Option(metavar="T", help="How long the old secret stays good: 3600, 90m, 7d.")
    ] = "0",
    config: Config = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """Give a key a new secret; it is shown this once."""
    seconds = span(overlap)
    if seconds is None:
        raise wrong_use("--overlap takes seconds, or a length of time as 90m, 12h or 7d")

    async def work(desk: "Desk") -> "Issued":
        return await desk.plane.keys.rotate(desk.by, key_id, {"overlap": seconds})

    _print_issued(_at_desk(config, work), "key", as_json)


@keys.command("revoke")
def revoke_key(key_id: Id, config: Config = DEFAULT_CONFIG, as_json: Json = False) -> None:
    """End a key for good."""
    _revoke("keys", key_id, config, as_json)


@tokens.command("create")
def create_token(
    user: Annotated[str, typer.Option(help="Whose token it is.")],
    org: OrgOption,
    role: Annotated[str, typer.Option(help="system_admin, org_admin, member or viewer.")],
    name: Name = None,
    expires: Expires = None,
    config: Config = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """Create a user's access token; it is shown this once."""

    async def work(desk: "Desk") -> "Issued":
        body = {"user": user, "org": org, "role": role, "name": name}
        return await desk.plane.tokens.create(desk.by, body | {"expires_at": _time(expires, desk)})

    _print_issued(_at_desk(config, work), "token", as_json)


@tokens.command("list")
def list_tokens(org: OfOrg = None, config: Config = DEFAULT_CONFIG, as_json: Json = False) -> None:
    """List users' access tokens, without their secrets."""
    _list_issued("tokens", org, _TOKEN_COLUMNS, config, as_json)


@tokens.command("revoke")
def revoke_token(token_id: Id, config: Config = DEFAULT_CONFIG, as_json: Json = False) -> None:
    """End a token for good."""
    _revoke("tokens", token_id, config, as_json)


def _at_desk(config: Path, work: Callable[["Desk"], Awaitable[T]]) -> T:
    from .desk import at_desk

    return at_desk(config, work)


def _time(text: str | None, desk: "Desk") -> str | None:
    return None if text is None else moment(text, desk.clock.now())


def _list_issued(
    sort: str, org: str | None, columns: tuple[str, ...], config: Path, as_json: bool
) -> None:
    async def work(desk: "Desk") -> "list[Document]":
        from ..admin.issuing import show_credential
        from .desk import PAGE, everything

        issuing = desk.plane.keys if sort == "keys" else desk.plane.tokens
        found = await everything(
            lambda cursor: issuing.page(desk.caller, org=org, limit=PAGE, cursor=cursor)
        )
        return [show_credential(credential) for credential in found]

    _print_rows(_at_desk(config, work), columns, sort.removesuffix("s"), as_json)


def _revoke(sort: str, credential_id: str, config: Path, as_json: bool) -> None:
    async def work(desk: "Desk") -> "Document":
        from ..admin.issuing import show_credential

        issuing = desk.plane.keys if sort == "keys" else desk.plane.tokens
        await issuing.revoke(desk.by, credential_id)
        return show_credential(await issuing.one(desk.caller, credential_id))

    shown = _at_desk(config, work)
    if as_json:
        from .show import print_json

        print_json(shown)
    else:
        print(f"Revoked {shown['id']} of {shown['org']}; nothing brings it back.")


def _print_org(shown: "Document", verb: str, as_json: bool) -> None:
    from .show import print_json

    if as_json:
        print_json(shown)
    else:
        print(f"Org {shown['slug']} {verb}, on the plan {shown['plan']}.")


def _print_rows(rows: "list[Document]", columns: tuple[str, ...], noun: str, as_json: bool) -> None:
    from .show import print_rows

    print_rows(rows, columns, as_json=as_json, empty=f"There is no {noun}.")


def _print_issued(issued: "Issued", noun: str, as_json: bool) -> None:
    from ..admin.issuing import show_credential
    from .show import print_json

    if as_json:
        print_json({**show_credential(issued.credential), noun: issued.secret})
        return
    print(issued.secret)
    print(f"This {noun} is shown once; its id is {issued.credential.id}.")
