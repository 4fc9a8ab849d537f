"""Every operation of the admin plane, and the status that each caller gets on each kind of object.

A row names the operation as the application declares it (method and path of its route) and, for
each object, five statuses: for a system admin, an org admin, a member and a viewer of the org
``acme``, and for the bootstrap admin. The other callers are the same everywhere: ``ALIKE``.

Objects are made anew for each case, in the place of ``{…}`` in path and body: ``own`` belongs to
the caller's org (or to the caller, where users own), ``foreign`` to another, ``system`` to none;
``colleague`` and ``shared`` to another user of the caller's org, for themselves and for all.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

ROLES = ("system_admin", "org_admin", "member", "viewer", "bootstrap")
ALIKE: Mapping[str, tuple[int, str]] = {
    "org_key": (403, "user_identity_required"),
    "none": (401, "invalid_api_key"),
    "unknown": (401, "invalid_api_key"),
    "revoked": (401, "invalid_api_key"),
    "expired": (401, "invalid_api_key"),
}
"""Who is nobody here, by how it is told."""
OBJECTS = ("own", "foreign", "system")


@dataclass(frozen=True)
class Row:
    """One operation on one kind of object."""

    method: str
    route: str
    path: str
    statuses: Mapping[str, str]
    """By object: five statuses with a space between."""
    body: Any = None
    sort: str | None = None
    """What is made for the case, for ``{it}``."""
    word: str = ""
    """What tells it from other rows of the same operation."""

    def status(self, role: str, whose: str) -> int:
        """What a caller with a role gets."""
        return int(self.statuses[whose].split()[ROLES.index(role)])


OK, NONE = "200 200 200 200 200", "200 403 403 403 200"
MADE, GONE, UNSEEN = "201 403 403 403 201", "204 403 403 403 204", "200 404 404 404 200"


def every(statuses: str) -> dict[str, str]:
    """The same for whatever object."""
    return dict.fromkeys(OBJECTS, statuses)


def only(own: str, foreign: str | None = None, system: str | None = None) -> dict[str, str]:
    """Statuses by object; absent: there is no such object."""
    given = {"own": own, "foreign": foreign, "system": system}
    return {whose: statuses for whose, statuses in given.items() if statuses is not None}


def _below(method: str, end: str, statuses: dict[str, str], body: Any = None) -> list[Row]:
    """A row for the path below a model and one for the query form."""
    route = "/admin/v1/models/{id:path}"
    return [
        Row(method, route, f"/admin/v1/models/{{it}}{end}", statuses, body, "model", end),
        Row(
            method,
            f"/admin/v1/model{end}",
            f"/admin/v1/model{end}?id={{it}}",
            statuses,
            body,
            "model",
        ),
    ]


EU = {"region": "eu"}
NEW_MODEL = {"model_id": "{new}", "type": "completion", "provider": "openai"}
PARTICLES = [{"kind": "role", "text": "Help."}]
MODELS = [
    Row(
        "POST",
        "/v1/models",
        "/v1/models",
        only(MADE, MADE, MADE),
        {**NEW_MODEL, "owner": "{owner}"},
    ),
    Row("PUT", "/v1/models", "/v1/models", only("422 403 403 403 422"), {"models": [{}]}),
    Row(
        "PUT",
        "/v1/models",
        "/v1/models?dry_run=true",
        only(NONE),
        {"models": [{"model_id": "common", "type": "completion", "provider": "openai"}]},
        word="dry",
    ),
    Row("PATCH", "/v1/models/{id:path}", "/v1/models/{it}", every(NONE), EU, "model"),
    Row("DELETE", "/v1/models/{id:path}", "/v1/models/{it}", every(GONE), None, "model"),
    Row("GET", "/admin/v1/models", "/admin/v1/models", only(OK)),
    Row("GET", "/admin/v1/models", "/admin/v1/models?org={org}", only(OK, NONE), word="of"),
    *_below("GET", "", only(OK, UNSEEN, OK)),
    *_below("PATCH", "", every(NONE), EU),
    *_below("DELETE", "", every(GONE)),
    *_below("GET", "/history", only(OK, UNSEEN, NONE)),
    *_below("POST", "/rollback", every(NONE), {"version": 1}),
    *_below("POST", "/impact", every(NONE), EU),
    *_below(
        "POST", "/schedule", every(MADE), {"effective_at": "2031-01-01T00:00:00Z", "patch": EU}
    ),
]
LATER = "/admin/v1/schedule"
SCHEDULE = [
    Row("GET", LATER, LATER, only(NONE)),
    Row("GET", f"{LATER}/{{id:path}}", f"{LATER}/{{it}}", every(NONE), sort="scheduled"),
    Row("DELETE", f"{LATER}/{{id:path}}", f"{LATER}/{{it}}", every(GONE), None, "scheduled"),
]
PROMPT = "/admin/v1/prompts"
PROMPTS = [
    Row("GET", PROMPT, PROMPT, only("200 200 403 200 200")),
    Row("GET", PROMPT, f"{PROMPT}?org={{org}}", only("200 200 403 200 200", NONE), word="of"),
    Row(
        "POST",
        PROMPT,
        PROMPT,
        only("201 201 403 403 201", MADE, MADE),
        {"name": "P", "particles": PARTICLES, "owner": "{owner}"},
    ),
    Row(
        "GET",
        f"{PROMPT}/{{id:path}}",
        f"{PROMPT}/{{it}}",
        only("200 200 403 200 200", "200 404 403 404 200", "200 200 403 404 200"),
        sort="prompt",
    ),
    Row(
        "PATCH",
        f"{PROMPT}/{{id:path}}",
        f"{PROMPT}/{{it}}",
        only("200 200 403 403 200", "200 404 403 403 200", NONE),
        {"name": "Q"},
        "prompt",
    ),
    Row(
        "DELETE",
        f"{PROMPT}/{{id:path}}",
        f"{PROMPT}/{{it}}",
        only("204 204 403 403 204", "204 404 403 403 204", GONE),
        None,
        "prompt",
    ),
]
ORG = "/admin/v1/orgs"
ORGS = [
    Row("GET", ORG, ORG, only(OK)),
    Row("POST", ORG, ORG, only(MADE), {"slug": "{new}", "plan": "pro"}),
    Row("GET", f"{ORG}/{{slug:path}}", f"{ORG}/{{org}}", only(OK, NONE)),
    Row("PATCH", f"{ORG}/{{slug:path}}", f"{ORG}/{{org}}", only(NONE, NONE), {"name": "N"}),
    Row("DELETE", f"{ORG}/{{slug:path}}", f"{ORG}/acme", only("409 403 403 403 409")),
    Row("DELETE", f"{ORG}/{{slug:path}}", f"{ORG}/{{it}}", {"foreign": GONE}, None, "org", "empty"),
]


def _issued(noun: str, body: Any) -> list[Row]:
    path = f"/admin/v1/{noun}s"
    one, it = f"{path}/{{id}}", f"{path}/{{it}}"
    reads = "200 200 403 200 200" if noun == "key" else "200 200 403 403 200"
    unread = "200 404 403 404 200" if noun == "key" else "200 404 403 403 200"
    writes = only("200 200 403 403 200", "200 404 403 403 200")
    rows = [
        Row("GET", path, path, only(reads)),
        Row("GET", path, f"{path}?org={{org}}", only(reads, NONE), word="of"),
        Row("POST", path, path, only("201 201 403 403 201", MADE), body),
        Row("GET", one, it, only(reads, unread), sort=noun),
        Row("DELETE", one, it, only("204 204 403 403 204", "204 404 403 403 204"), None, noun),
    ]
    if noun == "key":
        rows.append(Row("PATCH", one, it, writes, {"enabled": False}, noun))
        rows.append(Row("POST", f"{one}/rotate", f"{it}/rotate", writes, {}, noun))
    return rows


READS = [
    Row(
        "POST",
        "/admin/v1/explain",
        "/admin/v1/explain",
        only(OK, NONE),
        {"model": "common", "org": "{org}"},
    ),
    Row("GET", "/admin/v1/providers", "/admin/v1/providers", only(NONE)),
    Row("GET", "/admin/v1/audit", "/admin/v1/audit", only("200 200 403 200 200")),
    Row("GET", "/admin/v1/usage", "/admin/v1/usage?org={org}", only(OK, NONE)),
    Row(
        "GET", "/admin/v1/records", "/admin/v1/records?org={org}", only("200 200 403 200 200", NONE)
    ),
]
MISSED = "/admin/v1/webhooks/dead-letters"
REPORTS = [
    Row(
        "GET", "/admin/v1/models/retiring", "/admin/v1/models/retiring", only("200 200 200 200 200")
    ),
    Row("GET", MISSED, MISSED, only(NONE)),
    Row("POST", f"{MISSED}/{{id:path}}", f"{MISSED}/none/retry", only("404 403 403 403 404")),
]
OURS, THEIRS = "/org/v1/models", "/org/v1/system-prompts"
LISTED = "200 200 200 200 403"
ORG_DIALECT = [
    Row("GET", OURS, OURS, only(LISTED)),
    Row("GET", f"{OURS}/catalog", f"{OURS}/catalog", only(LISTED)),
    Row(
        "POST",
        OURS,
        OURS,
        only("201 201 403 403 403"),
        {"parentModelId": "common", "displayName": "{new}"},
    ),
    Row(
        "GET",
        f"{OURS}/{{id}}",
        f"{OURS}/{{it}}",
        only(LISTED, "404 404 404 404 403", LISTED),
        sort="org_model",
    ),
    Row(
        "PATCH",
        f"{OURS}/{{id}}",
        f"{OURS}/{{it}}",
        only("200 200 403 403 403", "404 404 403 403 403", "403 403 403 403 403"),
        {"displayName": "Renamed"},
        "org_model",
    ),
    Row(
        "DELETE",
        f"{OURS}/{{id}}",
        f"{OURS}/{{it}}",
        only("204 204 403 403 403", "404 404 403 403 403", "403 403 403 403 403"),
        None,
        "org_model",
    ),
    Row("GET", THEIRS, THEIRS, only("200 200 403 200 403")),
    Row("POST", THEIRS, THEIRS, only("201 201 403 403 403"), {"name": "P", "particles": PARTICLES}),
    Row(
        "GET",
        f"{THEIRS}/{{id}}",
        f"{THEIRS}/{{it}}",
        only("200 200 403 200 403", "404 404 403 404 403", "200 200 403 404 403"),
        sort="prompt",
    ),
    Row(
        "PATCH",
        f"{THEIRS}/{{id}}",
        f"{THEIRS}/{{it}}",
        only("200 200 403 403 403", "404 404 403 403 403", "403 403 403 403 403"),
        {"name": "Q"},
        "prompt",
    ),
    Row(
        "DELETE",
        f"{THEIRS}/{{id}}",
        f"{THEIRS}/{{it}}",
        only("204 204 403 403 403", "404 404 403 403 403", "403 403 403 403 403"),
        None,
        "prompt",
    ),
]
MINE = "/api/models"
NEW_MINE = {
    "model_id": "{new}",
    "category": "completion",
    "model_provider": "openai",
    "model_name": "gpt-4o",
    "api_key": "sk-canary-of-a-user",
}
PERSONAL = [
    Row("GET", MINE, MINE, only("200 200 200 200 200")),
    Row("POST", MINE, MINE, only("201 201 201 403 403"), NEW_MINE),
    Row(
        "GET",
        f"{MINE}/{{id:path}}",
        f"{MINE}/{{it}}",
        {"own": OK, "foreign": UNSEEN, "colleague": "200 200 404 404 200", "shared": OK},
        sort="personal",
    ),
    Row(
        "PUT",
        f"{MINE}/{{id:path}}",
        f"{MINE}/{{it}}",
        {
            "own": "200 200 200 403 200",
            "foreign": "200 404 404 403 200",
            "colleague": "200 403 404 403 200",
            "shared": NONE,
        },
        {"description": "D"},
        "personal",
    ),
    Row(
        "DELETE",
        f"{MINE}/{{id:path}}",
        f"{MINE}/{{it}}",
        {
            "own": "204 204 204 403 204",
            "foreign": "204 404 404 403 204",
            "colleague": "204 403 404 403 204",
            "shared": GONE,
        },
        None,
        "personal",
    ),
]
ROWS = [
    *MODELS,
    *SCHEDULE,
    *PROMPTS,
    *ORGS,
    *_issued("key", {"org": "{org}"}),
    *_issued("token", {"user": "u", "org": "{org}", "role": "member"}),
    *READS,
    *REPORTS,
    *ORG_DIALECT,
    *PERSONAL,
]
