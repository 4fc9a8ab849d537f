"""A worker with two orgs and a client for every caller, for tables of requests and callers."""

import itertools
import json
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from admin.house import OPERATOR, House, SetClock, open_house
from admin.matrix import NEW_MINE, PARTICLES, ROLES, Row
from tollhouse.admin.trail import Author
from tollhouse.core.caller import Caller, CredentialKind, Role

USER = "the-caller"
SLUGS = {"own": "acme", "foreign": "globex"}


class Furnished:
    """A worker with two orgs, a client for every caller, and ways to make what a case is about."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.clients: dict[str, httpx.AsyncClient] = {}
        self._numbers = itertools.count(1)

    async def furnish(self) -> None:
        """The orgs, the model that org models hang off, and the callers."""
        house = self.house
        for slug in SLUGS.values():
            await house.org(slug)
            await house.model(f"of-{slug}", owner={"kind": "org", "slug": slug})
        await house.model("common")
        for role in ROLES[:-1]:
            self.clients[role] = house.client(await house.token(role, "acme", user=USER))
        self.clients["bootstrap"] = house.client()
        self.clients["org_key"] = house.client(await house.key("acme"))
        self.clients["none"] = house.client(None)
        self.clients["unknown"] = house.client("at:unknown:" + "s" * 43)
        body = {"user": USER, "org": "acme", "role": "system_admin"}
        revoked = await house.plane.tokens.create(OPERATOR, body)
        await house.plane.tokens.revoke(OPERATOR, revoked.credential.id)
        self.clients["revoked"] = house.client(revoked.secret)
        soon = {**body, "expires_at": "2030-03-17T17:50:00Z"}
        expired = await house.plane.tokens.create(OPERATOR, soon)
        house.clock.time += 3600
        self.clients["expired"] = house.client(expired.secret)

    async def request(self, row: Row, role: str, whose: str) -> httpx.Request:
        """A row's request about an object that is made for it."""
        words = {
            "it": await self.made(row.sort, whose) if row.sort else "",
            "org": SLUGS.get(whose, ""),
            "new": self.name(),
        }
        path, body = (
            row.path,
            json.dumps(row.body).replace('"{owner}"', json.dumps(owner_of(whose))),
        )
        for name, value in words.items():
            path, body = path.replace(f"{{{name}}}", value), body.replace(f"{{{name}}}", value)
        headers = {"content-type": "application/json"}
        content = None if row.body is None else body
        client = self.clients[role]
        return client.build_request(row.method, path, content=content, headers=headers)

    def name(self) -> str:
        """A name that nothing has."""
        return f"thing-{next(self._numbers)}"

    async def made(self, sort: str, whose: str) -> str:
        """The id of a new object."""
        plane, name = self.house.plane, self.name()
        org = SLUGS.get(whose, "")
        match sort:
            case "model":
                await self.house.model(name, owner=owner_of(whose))
                return name
            case "prompt":
                prompt = {"name": name, "particles": PARTICLES, "owner": owner_of(whose)}
                return (await plane.prompts.create(OPERATOR, prompt)).prompt_id
            case "org":
                return await self.house.org(name)
            case "key":
                return (await plane.keys.create(OPERATOR, {"org": org})).credential.id
            case "token":
                token = {"user": "u", "org": org, "role": "member"}
                return (await plane.tokens.create(OPERATOR, token)).credential.id
            case "scheduled":
                await self.house.model(name, owner=owner_of(whose))
                later = {"effective_at": "2031-01-01T00:00:00Z", "patch": {"region": "eu"}}
                return (await plane.scheduling.create(OPERATOR, name, later)).id
            case "org_model":
                return await self._org_model(name, whose)
        return await self._personal(name, whose)

    async def _org_model(self, name: str, whose: str) -> str:
        if whose == "system":
            document = await self.house.model(name)
        else:
            child = {"type": None, "provider": None, "parent_model_id": "common"}
            document = await self.house.model(name, **child, owner=owner_of(whose))
        uid: str = document["uid"]
        return uid

    async def _personal(self, name: str, whose: str) -> str:
        org = SLUGS.get(whose, "acme")
        user = USER if whose in SLUGS else "a-colleague"
        owner = Caller(CredentialKind.USER_TOKEN, "x", org=org, user=user, role=Role.MEMBER)
        body = {**NEW_MINE, "model_id": name, "share_with_users": whose == "shared"}
        await self.house.plane.personal.create(Author(owner, "from-a-test"), body)
        return name


def owner_of(whose: str) -> dict[str, str]:
    """The owner field of an object."""
    return {"kind": "org", "slug": SLUGS[whose]} if whose in SLUGS else {"kind": "system"}


@asynccontextmanager
async def furnished_house(migrated_file: Path, folder: Path) -> AsyncIterator[Furnished]:
    """A worker on a store of its own, furnished."""
    file = Path(shutil.copy(migrated_file, folder / "tollhouse.db"))
    async with open_house(file, SetClock()) as house:
        furnished = Furnished(house)
        await furnished.furnish()
        yield furnished
