"""Who calls a test gateway: clients that present a credential, made and closed with it."""

from typing import Any

import httpx


class GatewayCallers:
    """The callers of one gateway, whose ``url`` and ``admin`` are set once it serves."""

    def __init__(self) -> None:
        self.url = ""
        self.key = ""
        self.client: httpx.AsyncClient
        self.admin: httpx.AsyncClient
        self._clients: list[httpx.AsyncClient] = []

    def as_caller(self, credential: str, **options: Any) -> httpx.AsyncClient:
        """A client that presents a credential; closed with the gateway."""
        options = {"timeout": 30, **options}
        headers = {"authorization": f"Bearer {credential}", **options.pop("headers", {})}
        client = httpx.AsyncClient(base_url=self.url, headers=headers, **options)
        self._clients.append(client)
        return client

    async def new_key(self, org: str) -> str:
        """A new key of an org."""
        made = await self.admin.post("/admin/v1/keys", json={"org": org, "name": "test"})
        assert made.status_code == 201, made.text
        key: str = made.json()["key"]
        return key

    async def close_clients(self) -> None:
        """Close every client that was made here."""
        for client in self._clients:
            await client.aclose()
