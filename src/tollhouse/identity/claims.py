"""What the claims of a verified token mean here: a user, an org, a role and perhaps a plan.

Nothing is taken for granted: a claim that is missing, of another shape or not mapped makes a token
one that stands for nobody. ``system_admin`` comes from a map only, as every role does.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..core.caller import Role
from ..core.issuer import ClaimPath, ClaimRules

PLANS = frozenset({"free", "pro", "enterprise"})
_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_LONGEST_USER = 200
_LISTS_IN_TEXT = frozenset({"scope", "scp"})
"""Claims that hold a list as text with spaces in it (RFC 8693, section 4.2)."""


class Unmapped(Exception):
    """A token is good but stands for nobody; its text names what is missing and may be shown."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a token stands for."""

    user: str
    org: str
    """A slug; whether there is such an org is for the store to say."""
    role: Role
    plan: str | None
    """None: that of the org."""


def identify(claims: Mapping[str, Any], rules: Sequence[ClaimRules]) -> Identity:
    """Who it is by the first of the rules that maps the token; ``Unmapped`` by none."""
    missing: list[str] = []
    for rule in rules:
        try:
            return _identify(claims, rule)
        except Unmapped as problem:
            missing.append(str(problem))
    raise Unmapped(" or ".join(dict.fromkeys(missing)))


def _identify(claims: Mapping[str, Any], rule: ClaimRules) -> Identity:
    return Identity(
        user=_user(claims, rule),
        org=_org(claims, rule),
        role=_role(claims, rule),
        plan=None if rule.plan is None else _plan(claims, rule.plan, rule.plan_map),
    )


def _user(claims: Mapping[str, Any], rule: ClaimRules) -> str:
    value = _at(claims, rule.user)
    if not isinstance(value, str) or not value.isprintable() or value.strip() != value or not value:
        raise Unmapped("user")
    user = f"{rule.user_prefix}{value}"
    if len(user) > _LONGEST_USER:
        raise Unmapped("user")
    return user


def _org(claims: Mapping[str, Any], rule: ClaimRules) -> str:
    value = _at(claims, rule.org)
    if isinstance(value, str):
        slug = value if rule.org_map is None else rule.org_map.get(value)
        if slug is not None and _SLUG.fullmatch(slug):
            return slug
    raise Unmapped("org")


def _role(claims: Mapping[str, Any], rule: ClaimRules) -> Role:
    named = _texts(_at(claims, rule.role), rule.role[-1])
    granted = {rule.role_map[name] for name in named if name in rule.role_map}
    for role in Role:
        if role in granted:
            return role
    raise Unmapped("role")


def _plan(claims: Mapping[str, Any], path: ClaimPath, names: Mapping[str, str] | None) -> str:
    value = _at(claims, path)
    if isinstance(value, str):
        plan = value if names is None else names.get(value)
        if plan in PLANS:
            return plan
    raise Unmapped("plan")


def _at(claims: Mapping[str, Any], path: ClaimPath) -> object:
    value: object = claims
    for name in path:
        if not isinstance(value, Mapping):
            return None
        value = value.get(name)
    return value


def _texts(value: object, name: str) -> Sequence[str]:
    if isinstance(value, str):
        return value.split(" ") if name in _LISTS_IN_TEXT else [value]
    if isinstance(value, list):
        return [one for one in value if isinstance(one, str)]
    return []
