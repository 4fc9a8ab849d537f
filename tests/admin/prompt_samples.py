"""System prompts as clients of the admin plane send them."""

from typing import Any

import httpx

PATH = "/admin/v1/prompts"
ROLE = {"kind": "role", "text": "You help."}
TONE = {"kind": "tone", "text": "Be brief.", "enabled": False}


def sent(*particles: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """A prompt as a client sends it."""
    return {"name": "Support", "particles": list(particles or (ROLE, TONE)), **fields}


async def created(client: httpx.AsyncClient, **fields: Any) -> dict[str, Any]:
    """A prompt, made through the API."""
    response = await client.post(PATH, json=sent(**fields))
    assert response.status_code == 201, response.text
    shown: dict[str, Any] = response.json()
    return shown
